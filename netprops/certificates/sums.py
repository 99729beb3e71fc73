"""Rules for sums, and for quadratic forms in them."""

from __future__ import annotations

import itertools

from flint import fmpq

from netprops.certificates.goals import Goal, Parameters, convex, listed, product, rule, softplus_argument
from netprops.certificates.refusals import demand, integer
from netprops.certificates.views import ONE, ZERO, Row, View, dense, semidefinite
from netprops.domains import Interval
from netprops.readings import ranges, shapes
from netprops.readings.expressions import from_json, listing, number
from netprops.readings.polynomials import Expression, Monomial


@rule("affine", "convex", "affine", "convex terms")
def _affine(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """An affine function is convex."""
    demand(view.is_affine(e), "{} is not affine", e)
    return []


@rule("both ways", "affine")
def _both_ways(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """What is convex and concave on a convex set is affine there."""
    return [convex(view, e), convex(view, e, -1)]


@rule("terms", "convex", "convex terms")
def _terms(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A sum of convex functions and affine ones is convex; c g is convex if c >= 0 and g is, or if c <= 0 and -g is."""
    goals = []
    quadratic = {m: c for m, c in e.terms.items() if view.is_square_or_product(view.moving(m))}
    for part, c in view.parts(e):
        if view.is_affine_part(part) or view.is_square_or_product(part):
            continue
        sign = view.sign(c)
        demand(bool(sign), "the coefficient {} of {} has no known sign", c, product(view, part))
        goals.append(convex(view, product(view, part), sign or 0))
    if quadratic:
        goals.append(convex(view, view.expression(quadratic)))
    return goals


@rule("squares")
def _squares(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """Squares of variables with coefficients >= 0 are convex."""
    for part, c in view.parts(e):
        demand(len(part) == 1 and view.is_square_or_product(part), "{} is no square", product(view, part))
        demand(view.sign(c) in (0, 1), "the coefficient {} of {} may be negative", c, product(view, part))
    return []


@rule("quadratic form")
def _quadratic_form(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """x'Qx is convex if Q is positive semidefinite."""
    demand(view.mask & view.table.dependencies(e) == view.table.dependencies(e), "{} has parameters", e)
    demand(all(view.is_square_or_product(m) for m in e.terms), "{} is no quadratic form", e)
    demand(_is_semidefinite(view, e.terms), "the quadratic form {} is not positive semidefinite", e)
    return []


def _is_semidefinite(view: View, terms: dict[Monomial, fmpq]) -> bool:
    Q = view.quadratic(terms)
    return Q is not None and semidefinite(dense(Q, sorted({i for i, _ in Q})))


@rule("sum")
def _sum(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A sum of convex functions, and of terms that are affine together, is convex."""
    monomials = listing(e)
    left = dict(e.terms)
    goals = []
    for places in listed(parameters, "summands"):
        chosen = [monomials[integer(place, len(monomials))] for place in places]
        demand(len(chosen) > 0 and all(m in left for m in chosen), "a term stands in two summands, or none does")
        goals.append(convex(view, view.expression({m: left.pop(m) for m in chosen})))
    demand(view.is_affine(view.expression(left)), "{}, in no summand, is not affine", view.expression(left))
    return goals


@rule("outweighed")
def _outweighed(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """The Hessian of q + sum c_i h_i(a_i.x + b_i) is at least Q + sum min(c_i h_i'') a_i a_i': semidefinite if that is.

    q is of degree two, all other terms convex; the h_i'' are bounded (`shapes`, and 0 <= softplus'' <= 1/4).
    """
    bounded = [integer(place, len(e.terms) + 1) for place in listed(parameters, "bounded")]
    goals, quadratic = [], dict[Monomial, fmpq]()
    for place, (part, coefficient) in enumerate(view.parts(e)):
        c = coefficient.constant()
        if view.is_affine_part(part):
            continue
        if c is not None and view.is_square_or_product(part):
            _add_terms(quadratic, {part: c})
        elif c is not None and (row := _squared_form(view, part)) is not None:
            _add_terms(quadratic, _square(view, row, c))
        elif place in bounded:
            demand(c is not None, "the coefficient {} is no number", coefficient)
            assert c is not None
            least, row = _least_bend(view, part, c)
            _add_terms(quadratic, _square(view, row, least / 2))
        else:
            sign = view.sign(coefficient)
            demand(bool(sign), "the coefficient {} has no known sign", coefficient)
            goals.append(convex(view, product(view, part), sign or 0))
    demand(_is_semidefinite(view, quadratic), "the bounded second derivatives are not outweighed")
    return goals


@rule("lent curvature")
def _lent_curvature(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """sum g_j + q is convex if all g_j - m_j u_j^2 / 2 are and q + sum m_j u_j^2 / 2 is, whatever the numbers m_j.

    q is of degree two, the u_j are affine.
    """
    monomials = listing(e)
    left = dict(e.terms)
    goals = []
    for chosen, form, m in zip(*(listed(parameters, name) for name in ("summands", "forms", "lent")), strict=True):
        u, lent = from_json(view.table, form), number(m)
        demand(view.slopes(u) is not None, "{} is no affine form with numbers as coefficients", u)
        summand = {monomials[integer(place, len(monomials))] for place in chosen}
        demand(summand <= left.keys(), "a term stands in two summands")
        square = view.table.scale(view.table.power(u, fmpq(2)), lent / 2)
        goals.append(convex(view, view.table.subtract(view.expression({m: left.pop(m) for m in summand}), square)))
        _add_terms(left, _square(view, view.slopes(u) or {}, lent / 2))
    moving = {m: view.moving(m) for m in left}
    bent = {m: c for m, c in left.items() if c != 0 and moving[m] and not view.is_affine_part(moving[m])}
    demand(_is_semidefinite(view, bent), "what is lent does not outweigh the quadratic form")
    return goals


def _add_terms(total: dict[Monomial, fmpq], terms: dict[Monomial, fmpq]) -> None:
    for m, c in terms.items():
        total[m] = total.get(m, ZERO) + c


def _squared_form(view: View, part: Monomial) -> Row | None:
    """The slopes of u, for u^2 with u affine."""
    return view.slopes(view.base(part[0][0])) if len(part) == 1 and part[0][1] == 2 else None


def _square(view: View, row: Row, weight: fmpq) -> dict[Monomial, fmpq]:
    """weight (a.x)^2 for the slopes a of an affine form."""
    atoms = {a.dependencies.bit_length() - 1: a.index for a in view.table.atoms if a.kind == "variable"}
    slopes = [(atoms[bit], a) for bit, a in row.items()]
    terms: dict[Monomial, fmpq] = {}
    for (i, a), (j, b) in itertools.product(slopes, repeat=2):
        m = Monomial([(i, fmpq(2))]) if i == j else Monomial(sorted([(i, ONE), (j, ONE)]))
        _add_terms(terms, {m: weight * a * b})
    return terms


def _least_bend(view: View, part: Monomial, c: fmpq) -> tuple[fmpq, Row]:
    """A lower bound of c h'' for a term c h(u), and the slopes of u, which is affine."""
    demand(len(part) == 1 and part[0][1] == 1, "{} is no function of an affine form", product(view, part))
    atom = view.atom(part[0][0])
    if atom.kind == "log":
        second, u = Interval(ZERO, fmpq(1, 4)), softplus_argument(view, atom.arguments[0])
    else:
        demand(atom.kind in shapes.SHAPES and atom.kind != "exp", "nothing is known of {}''", atom.kind)
        second, u = shapes.SHAPES[atom.kind].second, atom.arguments[0]
    least, row = ranges.scale(second, c).lo, view.slopes(u)
    demand(least is not None and row is not None, "{} has no bounded second derivative", product(view, part))
    assert least is not None
    assert row is not None
    return least, row
