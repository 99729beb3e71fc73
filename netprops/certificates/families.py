"""Rules for whole sums of a kind: quotients of degree two, entropies, perspectives, shifts, sums of squares."""

from __future__ import annotations

import itertools
from collections import defaultdict

from flint import fmpq

from netprops.certificates.goals import Goal, Parameters, convex, is_whole, listed, operands_and_rest, product, rule
from netprops.certificates.refusals import RefusedError, demand, integer
from netprops.certificates.views import CONSTANT, ONE, ZERO, View, on_plane, semidefinite
from netprops.readings import minors, ranges
from netprops.readings.expressions import from_json, listing, number
from netprops.readings.matrix_fractions import MOST_ROWS, is_positive_definite, matrix_fraction
from netprops.readings.perspectives import divided_by
from netprops.readings.polynomials import Expression, Monomial, alone
from netprops.readings.trigonometry import linearised


@rule("quotient of degree two")
def _quotient(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """q / l, l > 0 affine, q of degree two, is convex exactly when q >= 0 on the plane l = 0; so is the rest.

    l / q, both positive, is the reciprocal of q / l, convex if that is concave.
    """
    candidates = sorted({i for m in e.terms for i, k in m if k == -1})
    index = candidates[integer(parameters.get("denominator"), len(candidates))]
    sign = 1 if ranges.is_positive(view.atom(index).range) else -1 if ranges.is_negative(view.atom(index).range) else 0
    demand(sign != 0, "a denominator of unknown sign")
    over = {m: c for m, c in e.terms.items() if (index, fmpq(-1)) in m}
    above = {Monomial(f for f in m if f[0] != index): sign * c for m, c in over.items()}
    Q, row = view.quadratic(above), view.atom_row(index)
    if row is not None:
        below = {place: sign * k for place, k in row.items()}
        demand(any(k for place, k in below.items() if place != CONSTANT), "a constant denominator")
        demand(
            Q is not None and semidefinite(on_plane(Q, below)), "the numerator is negative where the denominator is 0"
        )
    else:
        numerator = view.expression(above)
        demand(ranges.is_positive(view.range(numerator)), "the numerator is not known to be positive")
        form, inner = view.row(numerator), view.quadratic(view.base(index).terms)
        demand(form is not None and inner is not None, "neither an affine numerator nor an affine denominator")
        assert form is not None
        assert inner is not None
        demand(semidefinite(on_plane(inner, form), -sign), "the inverted quotient is not concave")
    return [convex(view, view.expression({m: c for m, c in e.terms.items() if m not in over}))]


@rule("relative entropies")
def _entropies(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """c a log a - sum c_j a log w_j is convex for affine a > 0, concave w_j > 0, c_j >= 0 and c >= sum c_j."""
    monomials, left = listing(e), dict(e.terms)
    goals = []
    for group in listed(parameters, "entropies"):
        demand(isinstance(group, dict), "no entropy")
        own = [monomials[integer(place, len(monomials))] for place in listed(group, "own")]
        others = [monomials[integer(place, len(monomials))] for place in listed(group, "others")]
        demand(len(own) == 1 and all(m in left for m in [*own, *others]), "a term is taken twice")
        demand(len(set(others)) == len(others) and own[0] not in others, "a term is taken twice")
        a = _own_factor(view, own[0])
        for m in others:
            w = _logarithm_beside(view, m, a)
            demand(left[m] < 0, "{} has a positive coefficient", product(view, m))
            goals.append(convex(view, w, -1))
        demand(sum((left.pop(m) for m in [*own, *others]), ZERO) >= 0, "more of others' entropy than of its own")
    return [*goals, convex(view, view.expression(left))]


def _own_factor(view: View, monomial: Monomial) -> int:
    """The affine atom a > 0 of a term a log a."""
    for index, _ in monomial:
        is_form = view.varies(index) and view.is_affine_part(alone(index))
        if is_form and ranges.is_positive(view.atom(index).range) and len(monomial) == 2:
            demand(
                _logarithm_beside(view, monomial, index) == view.base(index),
                "{} is no a log a",
                product(view, monomial),
            )
            return index
    raise RefusedError(f"{product(view, monomial)} is no a log a")


def _logarithm_beside(view: View, monomial: Monomial, index: int) -> Expression:
    """w > 0 of a term a log w."""
    demand(len(monomial) == 2 and (index, ONE) in monomial, "{} is no a log w", product(view, monomial))
    ((other, k),) = (f for f in monomial if f[0] != index)
    demand(view.atom(other).kind == "log" and k == 1, "{} is no a log w", product(view, monomial))
    w: Expression = view.atom(other).arguments[0]
    demand(ranges.is_positive(view.range(w)), "{} is not known to be positive", w)
    return w


@rule("perspective")
def _perspective(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """a g(v / a) is convex in (a, v), a > 0, if g is convex."""
    bit = integer(parameters.get("divisor"), len(view.table.names))
    divisors = [a for a in view.table.atoms if a.kind == "variable" and a.dependencies == 1 << bit]
    demand(len(divisors) == 1 and bool(view.mask >> bit & 1), "no decision variable {}", bit)
    demand(ranges.is_positive(divisors[0].range), "{} is not positive", view.table.names[bit])
    g = divided_by(view.table, e, view.table.dependencies(e) & view.mask, 1 << bit, divisors[0].range)
    demand(g is not None, "it is no perspective in {}", view.table.names[bit])
    assert g is not None
    return [Goal("convex", g, view.mask)]


@rule("products of waves as sums")
def _waves(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """Products of sines and cosines are sums of such: cos u cos v = (cos(u - v) + cos(u + v)) / 2 and its kin."""
    return [convex(view, linearised(view.table, e))]


@rule("common shift")
def _common_shift(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """c A(v_i) + rest = c A(v_i + s) + (rest - c s), c > 0, A a maximum or a log-sum-exp: convex if all these are."""
    operands, rest, c = operands_and_rest(view, e, parameters)
    demand(c > 0, "a negative coefficient")
    shift = from_json(view.table, parameters.get("shift"))
    moved = [convex(view, view.table.add(v, shift)) for v in operands]
    return [*moved, convex(view, view.table.subtract(rest, view.table.scale(shift, c)))]


@rule("sum of squares")
def _sum_of_squares(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A polynomial is convex if y'H(x)y = z'Gz for products z of an entry of y and a monomial in x, G semidefinite."""
    used = view.table.dependencies(e)
    demand(not used & ~view.mask, "{} has parameters", e)
    bits = [bit for bit in range(used.bit_length()) if used >> bit & 1]
    basis = [tuple(integer(k, 1000) for k in z) for z in listed(parameters, "basis")]
    gram = [[number(x) for x in line] for line in listed(parameters, "gram")]
    n = len(basis)
    demand(all(len(z) == 2 * len(bits) for z in basis), "the basis has other variables")
    demand(len(gram) == n and all(len(line) == n for line in gram), "the Gram matrix has another shape")
    demand(all(gram[i][j] == gram[j][i] for i in range(n) for j in range(i)), "the Gram matrix is not symmetric")
    demand(semidefinite(gram), "the Gram matrix is not positive semidefinite")
    form: dict[tuple[int, ...], fmpq] = defaultdict(fmpq)
    for i, j in itertools.product(range(n), repeat=2):
        form[tuple(a + b for a, b in zip(basis[i], basis[j], strict=True))] += gram[i][j]
    for monomial, c in e.terms.items():
        _subtract_hessian(view, monomial, c, bits, form)
    demand(not any(form.values()), "the Gram matrix is not that of the Hessian")
    return []


def _subtract_hessian(
    view: View, monomial: Monomial, c: fmpq, bits: list[int], form: dict[tuple[int, ...], fmpq]
) -> None:
    """Take y' H y of one term away from a form in (x, y)."""
    powers = [0] * len(bits)
    for index, k in monomial:
        atom = view.atom(index)
        demand(atom.kind == "variable" and is_whole(k) and k > 0, "it is no polynomial")
        powers[bits.index(atom.dependencies.bit_length() - 1)] = int(k.p)
    for i, j in itertools.product(range(len(bits)), repeat=2):
        factor = powers[i] * (powers[j] - (i == j))
        if factor:
            x, y = list(powers), [0] * len(bits)
            for place in (i, j):
                x[place] -= 1
                y[place] += 1
            form[(*x, *y)] -= c * factor


@rule("entropies")
def _entropies_of_forms(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """e = sum s_ij a_i log(a_i / a_j) + sum s_ii a_i log a_i - sum t_j log a_j + rest is convex for s, t >= 0, positive
    affine a_i, concave a_j > 0 and a convex rest: relative entropies are perspectives of -log, which falls."""
    forms = [from_json(view.table, terms) for terms in listed(parameters, "forms")]
    shares = [[number(x) for x in row] for row in listed(parameters, "shares")]
    n, table = len(forms), view.table
    demand(len(shares) == n + 1 and all(len(row) == n for row in shares), "the shares have another shape")
    demand(all(s >= 0 for row in shares for s in row), "a negative share")
    demand(all(ranges.is_positive(view.range(a)) for a in forms), "a form that may not be positive")
    rest, goals = e, list[Goal]()
    for i, row in enumerate(shares):
        if any(row) and i < n:
            demand(view.row(forms[i]) is not None, "{} is not affine", forms[i])
        a = table.number(1) if i == n else forms[i]
        for j, s in enumerate(row):
            own = table.number(0) if i == n else table.log(a)
            gap = own if i == j else table.subtract(own, table.log(forms[j]))
            rest = table.subtract(rest, table.scale(table.multiply(a, gap), s))
    for j, form in enumerate(forms):
        if any(row[j] for row in shares):
            goals.append(convex(view, form, -1))
    demand(not rest.needs, "the rest may not be real")
    return [*goals, convex(view, rest)]


@rule("Dirichlet normaliser")
def _dirichlet_normaliser(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """c (sum lgamma(u_i) - lgamma(sum u_i + d)) + rest is convex for c, d >= 0, positive affine u_i and a convex rest.

    sum lgamma(u_i) + lgamma(d) - lgamma(sum u_i + d) is the logarithm of the integral of prod t_i^(u_i - 1) over a
    simplex, hence convex by Hoelder's inequality; lgamma(d) is a number.
    """
    arguments = [from_json(view.table, terms) for terms in listed(parameters, "arguments")]
    c, table = number(parameters.get("coefficient")), view.table
    demand(len(arguments) > 1 and c >= 0, "no sum, or a negative coefficient")
    for u in arguments:
        demand(view.is_affine(u) and ranges.is_positive(view.range(u)), "{} is no positive affine form", u)
    left = arguments[-1]
    for u in arguments[:-1]:
        left = table.subtract(left, u)
    d = left.constant()
    demand(d is not None and d >= 0, "{} is not the sum of the others and a number >= 0", arguments[-1])
    rest = e
    for place, u in enumerate(arguments):
        last = place == len(arguments) - 1
        rest = table.subtract(rest, table.scale(table.apply("lgamma", u), -c if last else c))
    demand(not rest.needs, "the rest may not be real")
    return [convex(view, rest)]


@rule("log of a Gumbel tail")
def _gumbel_tail(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """-c log(a exp(v) - a) + rest, c, a > 0 and v = k exp(u), k > 0, u affine, is convex if rest - c v is.

    log(1 - exp(-k exp(u))) is the logarithm of the integral of the log-concave density k exp(u - k exp(u)), hence
    concave (Prekopa), and log(a exp(v) - a) = log a + v + log(1 - exp(-v)).
    """
    monomials = listing(e)
    term = monomials[integer(parameters.get("term"), len(monomials))]
    c = e.terms[term]
    demand(c < 0 and len(term) == 1 and term[0][1] == 1, "{} is not minus a logarithm", product(view, term))
    atom = view.atom(term[0][0])
    demand(atom.kind == "log", "{} is no logarithm", product(view, term))
    v, a = _exponent_beside(view, atom.arguments[0])
    demand(a > 0 and atom.arguments[0].terms.get(Monomial()) == -a, "{} is no a exp(v) - a", atom.arguments[0])
    u, k = _exponent_beside(view, v)
    demand(k > 0 and len(v.terms) == 1 and view.is_affine(u), "{} is no k exp(u) with affine u", v)
    rest = view.expression({m: b for m, b in e.terms.items() if m != term})
    return [convex(view, view.table.add(rest, view.table.scale(v, c)))]


def _exponent_beside(view: View, e: Expression) -> tuple[Expression, fmpq]:
    """u and a of an expression a exp(u), or that and a number."""
    others = [(m, c) for m, c in e.terms.items() if m]
    demand(len(others) == 1, "{} is not one exponential", e)
    ((m, c),) = others
    demand(len(m) == 1 and m[0][1] == 1 and view.atom(m[0][0]).kind == "exp", "{} is not one exponential", e)
    u: Expression = view.atom(m[0][0]).arguments[0]
    return u, c


@rule("minors")
def _minors(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A twice differentiable function is convex on a box where all principal minors of its Hessian are nonnegative.

    They are fractions of polynomials; numerator times denominator has nonnegative Bernstein coefficients on the parts.
    """
    found = minors.hessian_minors(view.table, e, view.mask)
    demand(found is not None, "{} has no rational Hessian on a box", e)
    assert found is not None
    demand(minors.shows(*found, parameters.get("halves")), "a minor may be negative")
    return []


@rule("matrix fraction")
def _matrix_fraction(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """w y' A^-1 y + rest is convex for w >= 0, a symmetric positive definite A and a vector y of affine entries, and a
    convex rest: y' A^-1 y <= t exactly where [[A, y], [y', t]] is positive semidefinite (Schur complement)."""
    table = view.table
    A = [[from_json(table, a) for a in row] for row in listed(parameters, "matrix")]
    y = [from_json(table, u) for u in listed(parameters, "vector")]
    weight = number(parameters.get("weight"))
    n = len(A)
    demand(0 < n <= MOST_ROWS and len(y) == n and all(len(row) == n for row in A), "no square matrix and vector")
    demand(all(A[i][j] == A[j][i] for i in range(n) for j in range(i)), "the matrix is not symmetric")
    for entry in (*y, *itertools.chain.from_iterable(A)):
        demand(view.is_affine(entry), "{} is not affine", entry)
    demand(is_positive_definite(table, A), "the matrix is not known to be positive definite")
    demand(weight >= 0, "a negative weight")
    fraction = matrix_fraction(table, A, y)
    demand(not fraction.needs, "y' A^-1 y may not be real")
    return [convex(view, table.subtract(e, table.scale(fraction, weight)))]
