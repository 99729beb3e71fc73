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

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from netprops.certificates.refusals import demand, integer
from netprops.certificates.views import ONE, ZERO, View, dense
from netprops.domains import Interval
from netprops.exact.inertia import inertia
from netprops.readings import ranges
from netprops.readings.expressions import listing
from netprops.readings.polynomials import UNIT, Expression, Monomial

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


def product(view: View, part: Monomial, sign: int = 1) -> Expression:
    return view.expression({part: fmpq(sign)})


def is_whole(k: fmpq) -> bool:
    return bool(k.q == 1)


def is_even(k: fmpq) -> bool:
    return is_whole(k) and int(k.p) % 2 == 0


def listed(parameters: Parameters, name: str) -> list[Any]:
    value = parameters.get(name)
    demand(isinstance(value, list), "no list of {}: {!r}", name, value)
    assert isinstance(value, list)
    return value


def power_shape(k: fmpq, r: Interval) -> tuple[int, int]:
    """The bend (1 convex, -1 concave) and the slope of t^k on a range of one sign."""
    if ranges.is_nonnegative(r) and (k > 0 or ranges.is_positive(r)):
        return (1 if k < 0 or k >= 1 else -1), (1 if k > 0 else -1)
    demand(is_whole(k), "a power {} of what may be negative", k)
    demand(ranges.is_nonpositive(r) and (k > 0 or ranges.is_negative(r)), "a power {} of what has no known sign", k)
    mirrored = 1 if is_even(k) else -1  # t^k = mirrored |t|^k
    return mirrored, -mirrored if k > 0 else mirrored


def nonnegative_parts(view: View, base: Expression) -> list[Monomial]:
    """The parts of a sum, all coefficients being >= 0, and what rests too."""
    demand(view.sign(view.resting(base)) in (0, 1), "{} may be negative", view.resting(base))
    for part, c in view.parts(base):
        demand(view.sign(c) in (0, 1), "the coefficient {} of {} may be negative", c, product(view, part))
    return [part for part, _ in view.parts(base)]


def logarithm(view: View, part: Monomial) -> Expression:
    for index, _ in part:
        demand(ranges.is_positive(view.atom(index).range), "{} is not known to be positive", view.base(index))
    return view.table.log(product(view, part))


def demand_hyperbolic(view: View, q: Expression) -> None:
    demand(ranges.is_positive(view.range(q)), "{} is not known to be positive", q)
    Q = view.quadratic(q.terms)
    demand(Q is not None, "{} is not of degree two", q)
    assert Q is not None
    demand(inertia(dense(Q, sorted({i for i, _ in Q}))).positive == 1, "{} is not hyperbolic", q)


def softplus_argument(view: View, p: Expression) -> Expression:
    """v for p = a + b exp(v), a, b > 0."""
    rest = {m: b for m, b in p.terms.items() if m != UNIT}
    demand(p.terms.get(UNIT, ZERO) > 0 and len(rest) == 1, "log({}) is no softplus", p)
    ((m, b),) = rest.items()
    demand(b > 0 and len(m) == 1 and m[0][1] == 1 and view.atom(m[0][0]).kind == "exp", "log({}) is no softplus", p)
    v: Expression = view.atom(m[0][0]).arguments[0]
    return v


def operands_and_rest(view: View, e: Expression, parameters: Parameters) -> tuple[list[Expression], Expression, fmpq]:
    """v_i, the rest and c of e = c A(v_i) + rest, A the maximum or log-sum-exp that the parameters name."""
    monomials = listing(e)
    term = monomials[integer(parameters.get("term"), len(monomials))]
    demand(len(term) == 1 and term[0][1] == 1, "{} is no maximum and no log-sum-exp", product(view, term))
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
        demand(not exponents[-1].needs, "{} is not known to be positive", product(view, m))
    return exponents
