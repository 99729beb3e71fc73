"""Perspectives: a function homogeneous of degree one is convex exactly when it is so where one variable is 1.

f(a, v) = a f(1, v / a) for a > 0: the perspective of g(u) = f(1, u), convex on the convex set of all (a, v) with v / a
in the domain of g whenever g is convex (Boyd and Vandenberghe, section 3.2.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flint import fmpq

from netprops.readings import ranges
from netprops.readings.polynomials import Expression, Monomial, Table, TooLargeError
from netprops.readings.substitution import over

if TYPE_CHECKING:
    from netprops.domains import Interval

ONE: Final = fmpq(1)
MOST_TRIED: Final = 3


@dataclass(frozen=True)
class Perspective:
    """g = `expression`, of which a function is the perspective, `divisor` the bit that was taken as 1.

    It has a table of its own, whose variables keep their bits; they are the ratios to that one, which does not occur.
    """

    expression: Expression
    divisor: int


def deperspectived(table: Table, e: Expression, mask: int) -> Perspective | None:
    """g with e the perspective of g in the variables of the mask that occur; None if e is none."""
    used = table.dependencies(e) & mask
    atoms = [a for a in table.atoms if a.kind == "variable" and a.dependencies & used]
    divisors = [a for a in atoms if ranges.is_positive(a.range)]
    if len(atoms) < 2:
        return None
    for divisor in divisors[:MOST_TRIED]:
        g = divided_by(table, e, used, divisor.dependencies, divisor.range)
        if g is not None:
            return Perspective(g, divisor.dependencies.bit_length() - 1)
    return None


def divided_by(table: Table, e: Expression, used: int, one: int, size: Interval) -> Expression | None:
    """g over a table of its own, if e(a, v) = a g(v / a), a > 0 the variable of the mask `one`, with the range `size`,
    v the others of the mask `used`."""
    target = Table(level=table.level, budget=table.budget, differing=table.differing, homogeneous=True)
    known = {a.dependencies: a.range for a in table.atoms if a.kind == "variable"}
    variables = []
    for bit, name in enumerate(table.names):
        r = known.get(1 << bit, ranges.point(fmpq(0)))
        ratio = 1 << bit & used and 1 << bit != one
        variables.append(target.variable(name, ranges.multiply(r, ranges.power(size, fmpq(-1))) if ratio else r))
    scale = variables[one.bit_length() - 1]
    values = [
        target.multiply(scale, v) if 1 << bit & used and 1 << bit != one else v for bit, v in enumerate(variables)
    ]
    try:
        rebuilt = over(table, Expression(table, e.terms), target, values)
    except TooLargeError:
        return None
    if rebuilt is None or rebuilt.needs:
        return None
    ((a, _),) = next(iter(scale.terms))
    return _without_factor(target, rebuilt, a, one)


def _without_factor(target: Table, e: Expression, a: int, one: int) -> Expression | None:
    """e / a, if every term has the atom a as a factor and does not depend on it otherwise."""
    terms: dict[Monomial, fmpq] = {}
    for monomial, c in e.terms.items():
        rest = Monomial(f for f in monomial if f[0] != a)
        if (a, ONE) not in monomial or target.monomial_dependencies(rest) & one:
            return None
        terms[rest] = c
    return Expression(target, terms)
