"""The rules of the checker: what each of them asks for before a goal is shown.

A rule looks at its goal and its parameters, and either refuses or returns the goals that its premises have to show.  It
searches for nothing.  Each is a theorem, stated at its head; all conditions are decided by exact ranges and exact
linear algebra.  Goals speak of an expression e as a function of the variables of a mask, for every value of the others:

=================  ====================================================================================
convex             e is convex (so concave is convex of minus e)
log-convex         e > 0, one product, has a convex logarithm
norm operand       e = g^m >= 0, one product, is such that g^(m k) is convex and nonnegative
rising             e is non-decreasing in the one variable of the mask
affine, constant   as they say
strictly convex    as it says
convex terms       e is convex term by term: each of its parts, times the sign of its coefficient, is
quasi-convex       all sublevel sets of e are convex
nondecreasing      e is non-decreasing in each variable of the mask
positive           e > 0
=================  ====================================================================================
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpq_poly

from netprops.certificates.views import (
    CONSTANT,
    ONE,
    ZERO,
    RefusedError,
    Row,
    View,
    demand,
    dense,
    integer,
    on_plane,
    semidefinite,
)
from netprops.domains import Interval
from netprops.exact.inertia import inertia
from netprops.exact.polynomials_1d import sign_on
from netprops.readings import ranges, rational, shapes
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.expressions import MalformedError, from_json, number
from netprops.readings.perspectives import divided_by
from netprops.readings.polynomials import UNIT, Expression, Monomial, Table, alone
from netprops.readings.substitution import along, range_of_difference
from netprops.readings.trigonometry import linearised

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Goal:
    """What a proof has to show of an expression; `power` is k of a norm operand."""

    kind: str
    expression: Expression
    mask: int
    power: fmpq = ONE

    def __str__(self) -> str:
        return f"{self.kind}: {self.expression}"


Rule = Callable[[View, Expression, Parameters], list[Goal]]


@dataclass(frozen=True)
class Entry:
    """A row of the table: the goals that the rule may be used for, and the rule."""

    kinds: tuple[str, ...]
    check: Callable[[Goal, Parameters], list[Goal]]
    theorem: str


RULES: dict[str, Entry] = {}


def rule(name: str, *kinds: str) -> Callable[[Rule], Rule]:
    """Enter a rule into the table; it gets the view of its goal, its expression and its parameters."""

    def enter(function: Rule) -> Rule:
        def check(goal: Goal, parameters: Parameters) -> list[Goal]:
            view = View(goal.expression.table, goal.mask)
            return function(view, goal.expression, {**parameters, "_power": goal.power})

        assert name not in RULES, name
        assert function.__doc__, name
        RULES[name] = Entry(kinds or ("convex",), check, function.__doc__)
        return function

    return enter


def convex(view: View, e: Expression, sign: int = 1) -> Goal:
    """That sign * e is convex."""
    return Goal("convex", view.table.scale(Expression(view.table, e.terms), sign), view.mask)


def _product(view: View, part: Monomial, sign: int = 1) -> Expression:
    return view.expression({part: fmpq(sign)})


def _is_whole(k: fmpq) -> bool:
    return bool(k.q == 1)


def _is_even(k: fmpq) -> bool:
    return _is_whole(k) and int(k.p) % 2 == 0


# ------------------------------------------------------------------ sums


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
    goals, quadratic = [], dict[Monomial, fmpq]()
    for part, c in view.parts(e):
        if view.is_affine_part(part):
            continue
        if view.is_square_or_product(part):
            quadratic.update({m: k for m, k in e.terms.items() if view.moving(m) == part})
            continue
        sign = view.sign(c)
        demand(bool(sign), "the coefficient {} of {} has no known sign", c, _product(view, part))
        goals.append(convex(view, _product(view, part), sign or 0))
    if quadratic:
        goals.append(convex(view, view.expression(quadratic)))
    return goals


@rule("squares")
def _squares(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """Squares of variables with coefficients >= 0 are convex."""
    for part, c in view.parts(e):
        demand(len(part) == 1 and view.is_square_or_product(part), "{} is no square", _product(view, part))
        demand(view.sign(c) in (0, 1), "the coefficient {} of {} may be negative", c, _product(view, part))
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
    monomials = sorted(e.terms)
    left = dict(e.terms)
    goals = []
    for places in _list(parameters, "summands"):
        chosen = [monomials[integer(place, len(monomials))] for place in places]
        demand(len(chosen) > 0 and all(m in left for m in chosen), "a term stands in two summands, or none does")
        goals.append(convex(view, view.expression({m: left.pop(m) for m in chosen})))
    demand(view.is_affine(view.expression(left)), "{}, in no summand, is not affine", view.expression(left))
    return goals


def _list(parameters: Parameters, name: str) -> list[Any]:
    value = parameters.get(name)
    demand(isinstance(value, list), "no list of {}: {!r}", name, value)
    assert isinstance(value, list)
    return value


@rule("outweighed")
def _outweighed(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """The Hessian of q + sum c_i h_i(a_i.x + b_i) is at least Q + sum min(c_i h_i'') a_i a_i': semidefinite if that is.

    q is of degree two, all other terms convex; the h_i'' are bounded (`shapes`, and 0 <= softplus'' <= 1/4).
    """
    bounded = _list(parameters, "bounded")
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
            goals.append(convex(view, _product(view, part), sign or 0))
    demand(_is_semidefinite(view, quadratic), "the bounded second derivatives are not outweighed")
    return goals


def _add_terms(total: dict[Monomial, fmpq], terms: dict[Monomial, fmpq]) -> None:
    for m, c in terms.items():
        total[m] = total.get(m, ZERO) + c


def _squared_form(view: View, part: Monomial) -> Row | None:
    """The coefficients of u, for u^2 with u affine."""
    return view.row(view.base(part[0][0])) if len(part) == 1 and part[0][1] == 2 else None


def _square(view: View, row: Row, weight: fmpq) -> dict[Monomial, fmpq]:
    """weight (a.x)^2 for the slopes a of an affine form."""
    atoms = {a.dependencies.bit_length() - 1: a.index for a in view.table.atoms if a.kind == "variable"}
    slopes = [(atoms[bit], a) for bit, a in row.items() if bit != CONSTANT]
    terms: dict[Monomial, fmpq] = {}
    for (i, a), (j, b) in itertools.product(slopes, repeat=2):
        m = Monomial([(i, fmpq(2))]) if i == j else Monomial(sorted([(i, ONE), (j, ONE)]))
        _add_terms(terms, {m: weight * a * b})
    return terms


def _least_bend(view: View, part: Monomial, c: fmpq) -> tuple[fmpq, Row]:
    """A lower bound of c h'' for a term c h(u), and u, which is affine."""
    demand(len(part) == 1 and part[0][1] == 1, "{} is no function of an affine form", _product(view, part))
    atom = view.atom(part[0][0])
    if atom.kind == "log":
        second, u = Interval(ZERO, fmpq(1, 4)), _softplus_argument(view, atom.arguments[0])
    else:
        demand(atom.kind in shapes.SHAPES and atom.kind != "exp", "nothing is known of {}''", atom.kind)
        second, u = shapes.SHAPES[atom.kind].second, atom.arguments[0]
    least, row = ranges.scale(second, c).lo, view.row(u)
    demand(least is not None and row is not None, "{} has no bounded second derivative", _product(view, part))
    assert least is not None
    assert row is not None
    return least, row


def _softplus_argument(view: View, p: Expression) -> Expression:
    """v for p = a + b exp(v), a, b > 0."""
    rest = {m: b for m, b in p.terms.items() if m != UNIT}
    demand(p.terms.get(UNIT, ZERO) > 0 and len(rest) == 1, "log({}) is no softplus", p)
    ((m, b),) = rest.items()
    demand(b > 0 and len(m) == 1 and m[0][1] == 1 and view.atom(m[0][0]).kind == "exp", "log({}) is no softplus", p)
    v: Expression = view.atom(m[0][0]).arguments[0]
    return v


# ------------------------------------------------------------------ powers and products


def power_shape(k: fmpq, r: Interval) -> tuple[int, int]:
    """The bend (1 convex, -1 concave) and the slope of t^k on a range of one sign."""
    if ranges.is_nonnegative(r) and (k > 0 or ranges.is_positive(r)):
        return (1 if k < 0 or k >= 1 else -1), (1 if k > 0 else -1)
    demand(_is_whole(k), "a power {} of what may be negative", k)
    demand(ranges.is_nonpositive(r) and (k > 0 or ranges.is_negative(r)), "a power {} of what has no known sign", k)
    mirrored = 1 if _is_even(k) else -1  # t^k = mirrored |t|^k
    return mirrored, -mirrored if k > 0 else mirrored


@rule("power")
def _power(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """Composition with a power on numbers of one sign: convex and monotone, of what bends to suit the slope."""
    index, k, sign = view.factor(e)
    bend, slope = power_shape(k, view.atom(index).range)
    demand(bend * sign > 0, "{} bends the wrong way on {}", e, view.atom(index).range)
    return [convex(view, view.base(index), slope * sign)]


@rule("even power of affine")
def _even_power(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """Even whole powers of affine forms are convex."""
    index, k, sign = view.factor(e)
    demand(sign > 0 and k > 0 and _is_even(k), "{} is no even power", k)
    demand(view.is_affine(view.base(index)), "{} is not affine", view.base(index))
    return []


@rule("root of affine")
def _root(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """u^k is concave for 0 < k <= 1 and affine u, where it is real."""
    index, k, sign = view.factor(e)
    demand(sign < 0 and 0 < k <= 1, "{} is not minus a root", e)
    demand(view.is_affine(view.base(index)), "{} is not affine", view.base(index))
    return []


@rule("power of a Euclidean norm")
def _power_of_norm(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """|Ax + b|^(2k) is convex for k >= 1/2: sums of squares are z'Mz, z = (x, 1), with M positive semidefinite."""
    index, k, sign = view.factor(e)
    base = view.base(index)
    demand(sign > 0 and 2 * k >= 1, "{} is no power of a norm that is convex", 2 * k)
    demand(not view.table.dependencies(base) & ~view.mask, "{} has parameters", base)
    Q = view.quadratic(base.terms)
    demand(
        Q is not None and semidefinite(dense(Q, sorted({i for i, _ in Q} | {CONSTANT}))),
        "{} is no sum of squares",
        base,
    )
    return []


@rule("power of a hyperbolic form")
def _power_of_hyperbolic(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """q^k is convex for k < 0 and concave for 0 < k <= 1/2, q > 0 of degree two with one positive eigenvalue.

    Where q = z'Qz > 0 with one positive eigenvalue, sqrt q is concave (the reversed inequality of Cauchy and Schwarz).
    """
    index, k, sign = view.factor(e)
    base = view.base(index)
    if ranges.is_negative(view.range(base)):
        demand(_is_whole(k), "a power {} of a negative number", k)
        base, sign = view.table.scale(base, -1), sign if _is_even(k) else -sign
    _demand_hyperbolic(view, base)
    demand(k < 0 if sign > 0 else 0 < 2 * k <= 1, "the power {} bends the other way", k)
    return []


def _demand_hyperbolic(view: View, q: Expression) -> None:
    demand(ranges.is_positive(view.range(q)), "{} is not known to be positive", q)
    Q = view.quadratic(q.terms)
    demand(Q is not None, "{} is not of degree two", q)
    assert Q is not None
    demand(inertia(dense(Q, sorted({i for i, _ in Q}))).positive == 1, "{} is not hyperbolic", q)


@rule("norm")
def _norm(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """(sum c_i g_i)^k is convex for 0 < k < 1, c_i >= 0, if every g_i^k is convex and nonnegative (a 1/k-norm)."""
    index, k, sign = view.factor(e)
    demand(sign > 0 and 0 < k < 1, "{} is no norm", e)
    goals = [Goal("norm operand", _product(view, part), view.mask, k) for part in _nonnegative(view, view.base(index))]
    demand(len(goals) > 0, "a norm of nothing")
    return goals


def _nonnegative(view: View, base: Expression) -> list[Monomial]:
    """The parts of a sum, all coefficients being >= 0, and what rests too."""
    demand(view.sign(view.resting(base)) in (0, 1), "{} may be negative", view.resting(base))
    for part, c in view.parts(base):
        demand(view.sign(c) in (0, 1), "the coefficient {} of {} may be negative", c, _product(view, part))
    return [part for part, _ in view.parts(base)]


@rule("modulus of affine", "norm operand")
def _modulus(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """u^m to the power k is |u|^(m k), convex for affine u, even m and m k >= 1."""
    index, m, sign = view.factor(e)
    demand(sign > 0 and _is_even(m) and m * parameters["_power"] >= 1, "{} is no even power", e)
    demand(view.is_affine(view.base(index)), "{} is not affine", view.base(index))
    return []


@rule("convex operand", "norm operand")
def _convex_operand(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """g^m to the power k is g^(m k), convex for convex g >= 0 and m k >= 1."""
    index, m, sign = view.factor(e)
    demand(sign > 0 and m * parameters["_power"] >= 1, "the power {} is less than 1", m * parameters["_power"])
    demand(ranges.is_nonnegative(view.atom(index).range), "{} may be negative", view.base(index))
    return [convex(view, view.base(index))]


@rule("power mean")
def _power_mean(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """(sum c_i u_i^m_i)^k is concave for k < 0 or k > 1, 0 < m_i k <= 1, c_i >= 0, concave u_i > 0 (Minkowski).

    With p = 1/k < 1 it is (sum g_i^p)^(1/p), concave and rising on the orthant, of the concave g_i = c_i^k u_i^(m_i k).
    """
    index, k, sign = view.factor(e)
    demand(sign < 0 and (k < 0 or k > 1), "{} is not minus a mean", e)
    goals = []
    for part in _nonnegative(view, view.base(index)):
        demand(len(part) == 1 and 0 < part[0][1] * k <= 1, "{} has no fitting power", _product(view, part))
        demand(ranges.is_positive(view.atom(part[0][0]).range), "{} is not known to be positive", _product(view, part))
        goals.append(convex(view, view.base(part[0][0]), -1))
    demand(len(goals) > 0, "a mean of nothing")
    return goals


def _concave_positive(view: View, factors: Sequence[tuple[int, fmpq]], *, strict: bool = True) -> list[Goal]:
    goals = []
    for index, _ in factors:
        r = view.atom(index).range
        demand(
            ranges.is_positive(r) if strict else ranges.is_nonnegative(r), "{} may be negative or 0", view.base(index)
        )
        goals.append(convex(view, view.base(index), -1))
    return goals


@rule("product of negative powers")
def _negative_powers(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """prod u_i^k_i is convex for k_i < 0 and concave u_i > 0: its logarithm is."""
    part, sign = view.single(e)
    demand(sign > 0 and all(k < 0 for _, k in part), "{} is no product of negative powers", e)
    return _concave_positive(view, part)


@rule("power over powers")
def _power_over_powers(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """g^p / prod u_i^q_i is convex for p >= 1 + sum q_i, concave u_i > 0, convex g >= 0 (affine g if p is even)."""
    part, sign = view.single(e)
    above, below = [f for f in part if f[1] > 0], [f for f in part if f[1] < 0]
    demand(sign > 0 and len(above) == 1 and len(below) > 0, "{} is no power over powers", e)
    demand(sum((k for _, k in part), ZERO) >= 1, "{} is of a degree below 1", e)
    index, p = above[0]
    if not ranges.is_nonnegative(view.atom(index).range):
        demand(_is_even(p) and view.is_affine(view.base(index)), "{} may be negative", view.base(index))
    return [*_concave_positive(view, below), convex(view, view.base(index))]


@rule("geometric mean")
def _geometric_mean(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """prod u_i^k_i is concave for k_i > 0 with sum <= 1 and concave u_i >= 0."""
    part, sign = view.single(e)
    demand(sign < 0 and all(k > 0 for _, k in part), "{} is not minus a product of positive powers", e)
    demand(sum((k for _, k in part), ZERO) <= 1, "{} is of a degree above 1", e)
    return _concave_positive(view, part, strict=False)


@rule("log-convex product")
def _log_convex_product(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A positive product is convex if its logarithm is."""
    part, sign = view.single(e)
    demand(sign > 0, "{} is minus a product", e)
    return [convex(view, _logarithm(view, part))]


def _logarithm(view: View, part: Monomial) -> Expression:
    for index, _ in part:
        demand(ranges.is_positive(view.atom(index).range), "{} is not known to be positive", view.base(index))
    return view.table.log(_product(view, part))


# ------------------------------------------------------------------ functions


@rule("unfolded")
def _unfolded(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A sum that stands as one factor is that sum."""
    atom, sign = view.function(e, "sum")
    return [convex(view, atom.arguments[0], sign)]


@rule("exp")
def _exp(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """exp of a convex function is convex."""
    atom, sign = view.function(e, "exp")
    demand(sign > 0, "{} is minus an exponential", e)
    return [convex(view, atom.arguments[0])]


@rule("maximum")
def _maximum(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """The maximum of convex functions is convex."""
    atom, sign = view.function(e, "max")
    demand(sign > 0, "{} is minus a maximum", e)
    return [convex(view, a) for a in atom.arguments]


@rule("log")
def _log(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """log of a concave function is concave, where it is real."""
    atom, sign = view.function(e, "log")
    demand(sign < 0, "{} is a logarithm, not minus one", e)
    return [convex(view, atom.arguments[0], -1)]


@rule("log-sum-exp")
def _log_sum_exp(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """The logarithm of a sum of log-convex functions with coefficients >= 0 is convex."""
    atom, sign = view.function(e, "log")
    demand(sign > 0, "{} is minus a logarithm", e)
    return [Goal("log-convex", _product(view, part), view.mask) for part in _nonnegative(view, atom.arguments[0])]


@rule("log-convex function", "log-convex", "norm operand")
def _log_convex_function(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """Positive powers of a log-convex function (`shapes`) of an affine form are log-convex."""
    index, k, sign = view.factor(e)
    demand(sign > 0 and k > 0, "{} is no positive power", e)
    _demand_log_bend(view, index, 1)
    return []


def _demand_log_bend(view: View, index: int, bend: int) -> None:
    atom = view.atom(index)
    known = atom.kind in shapes.SHAPES and shapes.SHAPES[atom.kind].log_bend == bend and len(atom.arguments) == 1
    demand(known, "{} is not listed as log-{}", atom.kind, "convex" if bend > 0 else "concave")
    demand(view.is_affine(atom.arguments[0]), "{} is not affine", atom.arguments[0])


@rule("logarithm", "log-convex", "norm operand")
def _log_convex(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A positive product is log-convex if its logarithm is convex; so are its positive powers."""
    part, sign = view.single(e)
    demand(sign > 0, "{} is negative", e)
    return [convex(view, _logarithm(view, part))]


@rule("log of a hyperbolic form")
def _log_of_hyperbolic(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """log q is concave, q > 0 of degree two with one positive eigenvalue: twice the logarithm of its concave root."""
    atom, sign = view.function(e, "log")
    demand(sign < 0, "{} is a logarithm, not minus one", e)
    _demand_hyperbolic(view, atom.arguments[0])
    return []


@rule("log of log-concave")
def _log_of_log_concave(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """log of c g^k is concave for c, k > 0 and a log-concave function g (`shapes`) of an affine form."""
    atom, sign = view.function(e, "log")
    p = atom.arguments[0]
    demand(sign < 0 and len(p.terms) == 1, "{} is not minus the logarithm of one product", e)
    ((part, c),) = p.terms.items()
    demand(c > 0 and len(part) == 1 and part[0][1] > 0, "{} is no positive power", p)
    _demand_log_bend(view, part[0][0], -1)
    return []


@rule("log of a normal tail")
def _log_of_normal_tail(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """log(c (1 + erf u)) and log(c (1 - erf u)) are concave for c > 0, affine u: integrals of a log-concave density."""
    atom, sign = view.function(e, "log")
    p = atom.arguments[0]
    rest = {m: c for m, c in p.terms.items() if m != UNIT}
    demand(sign < 0 and len(rest) == 1 and p.terms.get(UNIT, ZERO) > 0, "{} is no tail of a normal distribution", p)
    ((m, c),) = rest.items()
    demand(abs(c) == p.terms[UNIT] and len(m) == 1 and m[0][1] == 1, "{} is no tail of a normal distribution", p)
    erf = view.atom(m[0][0])
    demand(erf.kind == "erf" and view.is_affine(erf.arguments[0]), "{} is no tail of a normal distribution", p)
    return []


def _shape_of(view: View, e: Expression) -> tuple[str, Expression, int, Interval]:
    index, k, sign = view.factor(e)
    atom = view.atom(index)
    demand(k == 1 and atom.kind in shapes.SHAPES and len(atom.arguments) == 1, "{} is no function of `shapes`", e)
    u: Expression = atom.arguments[0]
    r = view.range(u)
    demand(shapes.bend_on(atom.kind, r) == sign, "{} is not known to bend so on {}", e, r)
    return atom.kind, u, sign, r


@rule("function of affine")
def _function_of_affine(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A function that is convex on the range of an affine form is convex in it (`shapes`)."""
    _, u, _, _ = _shape_of(view, e)
    demand(view.is_affine(u), "{} is not affine", u)
    return []


@rule("composition")
def _composition(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """h(u) is convex for convex h that rises, u convex, or falls, u concave, on the range of u."""
    kind, u, sign, r = _shape_of(view, e)
    slope = shapes.slope_on(kind, r) * sign
    demand(slope != 0, "{} is not known to be monotone on {}", kind, r)
    return [convex(view, u, slope)]


# ------------------------------------------------------------------ families


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
    monomials, left = sorted(e.terms), dict(e.terms)
    goals = []
    for group in _list(parameters, "entropies"):
        demand(isinstance(group, dict), "no entropy")
        own = [monomials[integer(place, len(monomials))] for place in _list(group, "own")]
        others = [monomials[integer(place, len(monomials))] for place in _list(group, "others")]
        demand(len(own) == 1 and all(m in left for m in [*own, *others]), "a term is taken twice")
        demand(len(set(others)) == len(others) and own[0] not in others, "a term is taken twice")
        a = _own_factor(view, own[0])
        for m in others:
            w = _logarithm_beside(view, m, a)
            demand(left[m] < 0, "{} has a positive coefficient", _product(view, m))
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
                _product(view, monomial),
            )
            return index
    raise RefusedError(f"{_product(view, monomial)} is no a log a")


def _logarithm_beside(view: View, monomial: Monomial, index: int) -> Expression:
    """w > 0 of a term a log w."""
    demand(len(monomial) == 2 and (index, ONE) in monomial, "{} is no a log w", _product(view, monomial))
    ((other, k),) = (f for f in monomial if f[0] != index)
    demand(view.atom(other).kind == "log" and k == 1, "{} is no a log w", _product(view, monomial))
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
    operands, rest, c = _operands_and_rest(view, e, parameters)
    demand(c > 0, "a negative coefficient")
    shift = from_json(view.table, parameters.get("shift"))
    moved = [convex(view, view.table.add(v, shift)) for v in operands]
    return [*moved, convex(view, view.table.subtract(rest, view.table.scale(shift, c)))]


def _operands_and_rest(view: View, e: Expression, parameters: Parameters) -> tuple[list[Expression], Expression, fmpq]:
    """v_i, the rest and c of e = c A(v_i) + rest, A the maximum or log-sum-exp that the parameters name."""
    monomials = sorted(e.terms)
    term = monomials[integer(parameters.get("term"), len(monomials))]
    demand(len(term) == 1 and term[0][1] == 1, "{} is no maximum and no log-sum-exp", _product(view, term))
    rest = view.expression({m: k for m, k in e.terms.items() if m != term})
    return _operands(view, term[0][0]), rest, e.terms[term]


def _operands(view: View, index: int) -> list[Expression]:
    atom = view.atom(index)
    if atom.kind == "max":
        return list(atom.arguments)
    demand(atom.kind == "log", "{} is no maximum and no log-sum-exp", atom.kind)
    exponents = []
    for m, c in atom.arguments[0].terms.items():
        demand(c > 0, "a log-sum-exp with a negative coefficient")
        exponents.append(view.table.log(view.expression({m: c})))
        demand(not exponents[-1].needs, "{} is not known to be positive", _product(view, m))
    return exponents


@rule("sum of squares")
def _sum_of_squares(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A polynomial is convex if y'H(x)y = z'Gz for products z of an entry of y and a monomial in x, G semidefinite."""
    used = view.table.dependencies(e)
    demand(not used & ~view.mask, "{} has parameters", e)
    bits = [bit for bit in range(used.bit_length()) if used >> bit & 1]
    basis = [tuple(integer(k, 1000) for k in z) for z in _list(parameters, "basis")]
    gram = [[number(x) for x in line] for line in _list(parameters, "gram")]
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
        demand(atom.kind == "variable" and _is_whole(k) and k > 0, "it is no polynomial")
        powers[bits.index(atom.dependencies.bit_length() - 1)] = int(k.p)
    for i, j in itertools.product(range(len(bits)), repeat=2):
        factor = powers[i] * (powers[j] - (i == j))
        if factor:
            x, y = list(powers), [0] * len(bits)
            for place in (i, j):
                x[place] -= 1
                y[place] += 1
            form[(*x, *y)] -= c * factor


# ------------------------------------------------------------------ one affine form


@rule("one form")
def _one_form(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A continuous function of one affine form u is convex if its second derivative is >= 0 between the kinks and its
    slope does not fall at them."""
    form = from_json(view.table, parameters.get("form"))
    demand(view.is_affine(form) and not view.rests(form), "{} is no affine form", form)
    where = view.range(form)
    pieces = _list(parameters, "pieces")
    demand(len(pieces) > 0 and all(isinstance(piece, dict) for piece in pieces), "no pieces")
    kinks = [number(piece.get("from")) for piece in pieces[1:]]
    smooth = []
    for piece, part in zip(pieces, _cut(where, kinks, open_at=True), strict=True):
        value = _on(view.table, e, form, part)
        _demand_bent(value, piece.get("parts"), part)
        smooth.append(value)
    for x, left, right in zip(kinks, smooth, smooth[1:], strict=False):
        _demand_join(_at(view.table, e, form, x), left, right, x)
    return []


def _cut(where: Interval, ends: list[fmpq], *, open_at: bool) -> list[Interval]:
    """The interval cut at points inside it, in order."""
    inside = all((where.lo is None or x > where.lo) and (where.hi is None or x < where.hi) for x in ends)
    demand(inside and all(a < b for a, b in itertools.pairwise(ends)), "points out of order")
    los = [(where.lo, where.lo_open), *((x, open_at) for x in ends)]
    his = [*((x, open_at) for x in ends), (where.hi, where.hi_open)]
    return [Interval(lo, hi, a, b) for (lo, a), (hi, b) in zip(los, his, strict=True)]


def _on(source: Table, e: Expression, form: Expression, where: Interval) -> Expression:
    """e as a function of one variable on the interval, in the place of the form."""
    target = Table(level=source.level)
    value = along(source, e, form, target, target.variable("t", where))
    demand(value is not None and not value.needs, "{} is no function of {} alone, or not real", e, form)
    assert value is not None
    return value


def _at(source: Table, e: Expression, form: Expression, x: fmpq) -> Expression:
    target = Table(level=source.level)
    value = along(source, e, form, target, target.number(x))
    demand(value is not None and not value.needs, "no value at {}", x)
    assert value is not None
    return value


def _variable(table: Table) -> Expression:
    (index,) = (a.index for a in table.atoms if a.kind == "variable")
    return Expression(table, {alone(index): ONE})


def _demand_bent(value: Expression, parts: Any, where: Interval) -> None:
    """That the second derivative is nowhere negative: by the signs of a polynomial, or by ranges on parts."""
    table = value.table
    second = _slope(_slope(value))
    if parts == "signs":
        sign = rational.sign_of(table, second, where)
        demand(
            sign is not None and sign.is_nonnegative, "the second derivative {} may be negative on {}", second, where
        )
        return
    demand(isinstance(parts, list), "no parts: {!r}", parts)
    for part in _cut(where, [number(x) for x in parts], open_at=False):
        there = _on(table, second, _variable(table), part) if second.constant() is None else second
        demand(
            ranges.is_nonnegative(there.table.range(there)),
            "the second derivative {} may be negative on {}",
            second,
            part,
        )


def _slope(value: Expression) -> Expression:
    try:
        slope = derivative(value.table, value, 0)
    except NotSmoothError as error:
        raise RefusedError(f"a kink inside a piece: {error}") from error
    demand(not slope.needs, "a derivative that may not be real")
    return slope


def _demand_join(here: Expression, left: Expression, right: Expression, x: fmpq) -> None:
    """That both pieces tend to the value at x and the slope does not fall there."""
    for side in (left, right):
        gap = range_of_difference(_at(side.table, side, _variable(side.table), x), here)
        demand(gap is not None and gap.lo == gap.hi == 0, "a jump at {}", x)
    before, after = (_at(side.table, _slope(side), _variable(side.table), x) for side in (left, right))
    rise = range_of_difference(after, before)
    demand(rise is not None and ranges.is_nonnegative(rise), "the slope may fall at {}", x)


# ------------------------------------------------------------------ strictness


@rule("strict along forms", "strictly convex")
def _strict(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A sum of convex terms is strictly convex if strictly convex ones of affine forms among them have slopes that span
    the space."""
    rows = _strict_rows(view, e)
    bits = [bit for bit in range(len(view.table.names)) if view.mask >> bit & 1]
    gram = [[sum((r.get(i, ZERO) * r.get(j, ZERO) for r in rows), ZERO) for j in bits] for i in bits]
    demand(bool(rows) and inertia(gram).positive == len(bits), "the strictly convex terms do not span the space")
    return [Goal("convex terms", e, view.mask)]


def _strict_rows(view: View, e: Expression) -> list[Row]:
    """The slopes of forms along which single terms, or all quadratic terms together, are strictly convex."""
    rows: list[Row] = []
    quadratic: dict[Monomial, fmpq] = {}
    for part, c in view.parts(e):
        number_ = c.constant()
        if view.is_square_or_product(part):
            if number_ is not None:
                quadratic[part] = number_
            continue
        r = view.range(c)
        sign = 1 if ranges.is_positive(r) else -1 if ranges.is_negative(r) else 0
        u = _strict_argument(view, part, sign) if sign else None
        row = view.row(u) if u is not None else None
        if row is not None:
            rows.append({place: k for place, k in row.items() if place != CONSTANT})
    if quadratic and all(view.is_square_or_product(p) is False or c.constant() is not None for p, c in view.parts(e)):
        Q = view.quadratic(quadratic)
        assert Q is not None
        coordinates = sorted({i for i, _ in Q})
        if semidefinite(dense(Q, coordinates)):  # then Qd = 0 exactly when d'Qd = 0
            rows += [dict(zip(coordinates, line, strict=True)) for line in dense(Q, coordinates)]
    return rows


def _strict_argument(view: View, part: Monomial, sign: int) -> Expression | None:
    """The affine form u of which sign times the part is a strictly convex function; None if none is seen."""
    if len(part) != 1:
        return None
    index, k = part[0]
    atom, base = view.atom(index), view.base(index)
    if view.is_affine(base) and atom.kind in ("variable", "sum"):
        if sign > 0 and k > 0 and _is_even(k):
            return base
        strict = (k < 0 or k > 1) if sign > 0 else 0 < k < 1
        return base if strict and ranges.is_positive(atom.range) else None
    if k != 1:
        return None
    if atom.kind == "log" and sign > 0:
        try:
            u = _softplus_argument(view, atom.arguments[0])
        except RefusedError:
            return None
        return u if view.is_affine(u) else None
    if atom.kind in shapes.SHAPES and atom.kind not in ("sign", "floor", "ceil") and view.is_affine(atom.arguments[0]):
        u = atom.arguments[0]
        return u if shapes.bend_on(atom.kind, view.range(u)) == sign else None
    return None


# ------------------------------------------------------------------ monotonicity, sign


@rule("constant", "constant")
def _constant(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """What does not contain the variables is constant in them."""
    demand(view.rests(e), "{} contains the variables", e)
    return []


@rule("positive range", "positive")
def _positive_range(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A function whose range is enclosed in positive numbers is positive."""
    demand(ranges.is_positive(view.range(e)), "the range found is {}", view.range(e))
    return []


@rule("rising in each variable", "nondecreasing")
def _rising_in_each(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A function that is non-decreasing in each variable is so on a box."""
    bits = [bit for bit in range(len(view.table.names)) if (view.mask & view.table.dependencies(e)) >> bit & 1]
    return [Goal("rising", e, 1 << bit) for bit in bits]


def rising(view: View, e: Expression, sign: int) -> Goal:
    """That sign * e is non-decreasing in the one variable."""
    return Goal("rising", view.table.scale(Expression(view.table, e.terms), sign), view.mask)


@rule("rising terms", "rising")
def _rising_terms(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A sum of non-decreasing terms is non-decreasing; so is a product of nonnegative factors that all are."""
    goals = []
    for part, c in view.parts(e):
        sign = view.sign(c)
        demand(bool(sign), "the coefficient {} has no known sign", c)
        for index, k in part:
            one = len(part) == 1 or ranges.is_nonnegative(ranges.power(view.atom(index).range, k))
            demand(one, "a factor of {} may be negative", _product(view, part))
            goals += _moving(view, index, (sign or 0) * _power_slope(view, index, k))
    return goals


def _power_slope(view: View, index: int, k: fmpq) -> int:
    """1 or -1 for t^k that rises or falls on the range of the atom."""
    if k > 0 and _is_whole(k) and not _is_even(k):
        return 1
    return power_shape(k, view.atom(index).range)[1]


def _moving(view: View, index: int, sign: int) -> list[Goal]:
    """The goals that show sign times the atom to be non-decreasing."""
    atom = view.atom(index)
    if atom.kind == "variable":
        demand(sign > 0, "{} rises", view.base(index))
        return []
    if atom.kind in ("sum", "exp", "log", "max"):
        return [rising(view, u, sign) for u in atom.arguments]
    demand(atom.kind in shapes.SHAPES and len(atom.arguments) == 1, "nothing is known of {}", atom.kind)
    slope = shapes.slope_on(atom.kind, view.range(atom.arguments[0]))
    demand(slope != 0, "{} is not known to be monotone there", atom.kind)
    return [rising(view, atom.arguments[0], sign * slope)]


@rule("rising operands", "rising")
def _rising_operands(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """c A(v_i) + rest = c A(v_i + rest / c) for A a maximum or a log-sum-exp: non-decreasing if every operand is."""
    operands, rest, c = _operands_and_rest(view, e, parameters)
    share = view.table.scale(rest, 1 / c)
    return [rising(view, view.table.add(v, share), 1 if c > 0 else -1) for v in operands]


@rule("derivative", "rising")
def _derivative(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A function with a derivative that is nowhere negative is non-decreasing."""
    demand(view.mask.bit_count() == 1, "several variables")
    try:
        slope = derivative(view.table, e, view.mask.bit_length() - 1)
    except NotSmoothError as error:
        raise RefusedError(f"no derivative: {error}") from error
    demand(not slope.needs, "a derivative that may not be real")
    if parameters.get("by") == "range":
        demand(ranges.is_nonnegative(view.range(slope)), "the derivative {} may be negative", slope)
        return []
    polynomial, atom = _polynomial(view, slope)
    r = atom.range
    sign = sign_on(polynomial, r.lo, r.hi, (not r.lo_open, not r.hi_open))
    demand(sign.is_nonnegative, "the derivative {} is negative somewhere", slope)
    return []


def _polynomial(view: View, e: Expression) -> tuple[fmpq_poly, Any]:
    """e as a polynomial in the one variable that it has, and the variable's atom."""
    used = view.table.dependencies(e)
    atoms = [a for a in view.table.atoms if a.kind == "variable" and a.dependencies == used]
    demand(len(atoms) == 1, "{} is no polynomial in one variable", e)
    return _as_polynomial(view, e), atoms[0]


def _as_polynomial(view: View, e: Expression) -> fmpq_poly:
    total = fmpq_poly([0])
    for monomial, c in e.terms.items():
        term = fmpq_poly([c])
        for index, k in monomial:
            atom = view.atom(index)
            demand(_is_whole(k) and k > 0 and atom.kind in ("variable", "sum"), "{} is no polynomial", e)
            base = fmpq_poly([0, 1]) if atom.kind == "variable" else _as_polynomial(view, atom.arguments[0])
            term *= base ** int(k.p)
        total += term
    return total


# ------------------------------------------------------------------ quasi-convexity


def quasi(view: View, e: Expression) -> Goal:
    """That e is quasi-convex."""
    return Goal("quasi-convex", Expression(view.table, e.terms), view.mask)


def _one_part(view: View, e: Expression) -> tuple[Monomial, int]:
    """The part and the sign of its coefficient, for an expression that is one part and what rests."""
    parts = view.parts(e)
    demand(len(parts) == 1, "{} has several parts", e)
    ((part, c),) = parts
    sign = view.sign(c)
    demand(bool(sign), "the coefficient {} has no known sign", c)
    return part, sign or 0


@rule("quasi-convex as convex", "quasi-convex")
def _quasi_as_convex(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A convex function is quasi-convex."""
    return [convex(view, e)]


@rule("monotone outer function", "quasi-convex")
def _monotone_outer(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A non-decreasing function of a quasi-convex one is quasi-convex."""
    part, sign = _one_part(view, e)
    demand(len(part) == 1, "{} is no function of one atom", e)
    index, k = part[0]
    atom = view.atom(index)
    if k != 1:
        return [quasi(view, view.table.scale(view.base(index), sign * _power_slope(view, index, k)))]
    if atom.kind in ("exp", "log"):
        return [quasi(view, view.table.scale(atom.arguments[0], sign))]
    if atom.kind == "max":
        moving = [a for a in atom.arguments if not view.rests(a)]
        demand(sign > 0 and len(moving) == 1, "{} is no maximum with what rests", e)
        return [quasi(view, moving[0])]
    demand(atom.kind in shapes.SHAPES and len(atom.arguments) == 1, "nothing is known of {}", atom.kind)
    slope = shapes.slope_on(atom.kind, view.range(atom.arguments[0]))
    demand(slope != 0, "{} is not known to be monotone there", atom.kind)
    return [quasi(view, view.table.scale(atom.arguments[0], sign * slope))]


@rule("quasi-convex quotient", "quasi-convex")
def _quasi_quotient(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """N / D, D > 0, is quasi-convex for convex N and D affine, or convex N >= 0 and D concave; -N / D for concave N and
    D affine, or concave N >= 0 and D convex."""
    part, sign = _one_part(view, e)
    above = Monomial((i, k) for i, k in part if k > 0)
    below = Monomial((i, -k) for i, k in part if k < 0)
    demand(bool(above) and bool(below), "{} is no quotient", e)
    demand(ranges.is_positive(view.table.monomial_range(below)), "the denominator is not known to be positive")
    top = convex(view, _product(view, above), sign)
    if view.is_affine_part(below):
        return [top]
    demand(ranges.is_nonnegative(view.table.monomial_range(above)), "the numerator may be negative")
    return [top, convex(view, _product(view, below), -sign)]


@rule("sum of logarithms", "quasi-convex")
def _sum_of_logarithms(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """s prod |a_i|^k_i, s = 1 or -1, rises or falls with sum k_i log |a_i|: quasi-convex if s times that is convex."""
    part, sign = _one_part(view, e)
    logarithms = [view.table.number(0)]
    for index, k in part:
        r = view.atom(index).range
        demand(ranges.is_nonzero(r) and (ranges.is_positive(r) or ranges.is_negative(r)), "a factor of unknown sign")
        size = view.expression({alone(index): ONE})
        if ranges.is_negative(r):
            demand(_is_whole(k), "a power {} of a negative number", k)
            size, sign = view.table.scale(size, -1), sign if _is_even(k) else -sign
        logarithms.append(view.table.scale(view.table.log(size), k))
    return [convex(view, view.table.add_all(logarithms), sign)]


@rule("clipped", "quasi-convex")
def _clipped(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """w + c max(0, v), c of one sign, w resting, is a non-decreasing function of v (of -v for c < 0).

    And max(0, v) - v = max(0, -v) turns w - c v + c max(0, v) into w + c max(0, -v).
    """
    monomials = sorted(e.terms)
    term = monomials[integer(parameters.get("term"), len(monomials))]
    atom = view.atom(term[0][0]) if len(term) == 1 and term[0][1] == 1 else None
    demand(
        atom is not None and atom.kind == "max" and len(atom.arguments) == 2, "{} is no max(0, v)", _product(view, term)
    )
    assert atom is not None
    nonzero = [a for a in atom.arguments if a.terms]
    demand(len(nonzero) == 1, "{} is no max(0, v)", _product(view, term))
    v, c = nonzero[0], e.terms[term]
    rest = view.expression({m: k for m, k in e.terms.items() if m != term})
    if parameters.get("mirrored"):
        v, rest = view.table.scale(v, -1), view.table.add(rest, view.table.scale(v, c))
    demand(view.rests(rest), "{} does not rest", rest)
    return [quasi(view, v if c > 0 else view.table.scale(v, -1))]


@rule("divided", "quasi-convex")
def _divided(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """N / S + w = a + w + (N - a S) / S, S > 0: quasi-convex if that is, N - a S resting."""
    candidates = {i for m in e.terms for i, k in m if k == -1 and view.atom(i).kind == "sum"}
    demand(len(candidates) == 1, "several denominators, or none")
    (index,) = candidates
    S: Expression = view.base(index)
    demand(ranges.is_positive(view.atom(index).range), "{} is not known to be positive", S)
    over = {m: c for m, c in e.terms.items() if any(i == index for i, _ in m)}
    demand(all((index, fmpq(-1)) in m for m in over), "other powers of {}", S)
    rest = view.expression({m: c for m, c in e.terms.items() if m not in over})
    N = view.expression({Monomial(f for f in m if f[0] != index): c for m, c in over.items()})
    moving = [m for m in N.terms if view.moving(m)]
    demand(bool(moving) and view.rests(rest), "nothing to divide")
    lead = max(moving)
    a = N.terms[lead] / S.terms[lead] if lead in S.terms else ZERO
    remainder = view.table.subtract(N, view.table.scale(S, a))
    demand(view.rests(remainder), "{} does not rest", remainder)
    reciprocal = view.expression({Monomial(((index, fmpq(-1)),)): ONE})
    return [quasi(view, view.table.add_all([rest, view.table.number(a), view.table.multiply(remainder, reciprocal)]))]


__all__ = ["RULES", "Entry", "Goal", "MalformedError", "convex", "rising"]
