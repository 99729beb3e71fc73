"""Derivatives of normal forms, by table: sums, products, powers, exp, log and the elementary functions.

A derivative here is the derivative of the real function at every point of the domain; where an atom has a kink (max, a
piecewise choice, floor) there may be none, and `NotSmoothError` says so.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from netprops.readings.polynomials import UNIT, Atom, Expression, Table, alone

ONE = fmpq(1)


class NotSmoothError(Exception):
    """The expression has an atom that need not be differentiable."""


def derivative(table: Table, e: Expression, bit: int) -> Expression:
    """The partial derivative of `e` with respect to the variable of that bit."""
    parts = [table.number(0)]
    for monomial, c in e.terms.items():
        for position, (index, k) in enumerate(monomial):
            if not table.atoms[index].dependencies >> bit & 1:
                continue
            rest = table.number(c * k)
            for other, (i, n) in enumerate(monomial):
                exponent = n - 1 if other == position else n
                if exponent != 0:
                    rest = table.multiply(rest, table.power(_atom(table, i), exponent))
            parts.append(table.multiply(rest, _atom_derivative(table, table.atoms[index], bit)))
    return table.add_all(parts)


def _atom(table: Table, index: int) -> Expression:
    return Expression(table, {alone(index): ONE})


def _atom_derivative(table: Table, atom: Atom, bit: int) -> Expression:
    if atom.kind == "variable":
        return table.number(1)
    if atom.kind == "sum":
        return derivative(table, atom.arguments[0], bit)
    if atom.kind not in FIRST:
        raise NotSmoothError(f"{atom.kind} need not be differentiable")
    (u,) = atom.arguments
    v = _exponent_beside_one(table, u) if atom.kind == "log" else None
    if v is not None:  # the derivative of softplus; by the row of log it may stay a quotient of sums
        return table.multiply(table.logistic(v), derivative(table, v, bit))
    return table.multiply(FIRST[atom.kind](table, u), derivative(table, u, bit))


def _exponent_beside_one(table: Table, e: Expression) -> Expression | None:
    """v, if e reads 1 + exp(v)."""
    others = [(monomial, c) for monomial, c in e.terms.items() if monomial != UNIT]
    if e.terms.get(UNIT) != 1 or len(others) != 1 or others[0][1] != 1 or len(others[0][0]) != 1:
        return None
    index, k = others[0][0][0]
    atom = table.atoms[index]
    return table.scale(atom.arguments[0], k) if atom.kind == "exp" else None


def _power_of_square(sign: int, exponent: fmpq) -> Callable[[Table, Expression], Expression]:
    """(1 + sign u^2)^exponent."""
    return lambda t, u: t.power(t.add(t.number(1), t.scale(t.power(u, 2), sign)), exponent)


def _gaussian(t: Table, u: Expression) -> Expression:
    """2 exp(-u^2) / sqrt(pi), pi being 2 asin(1)."""
    pi = t.scale(t.apply("asin", t.number(1)), 2)
    return t.scale(t.multiply(t.power(pi, -HALF), t.exp(t.scale(t.power(u, 2), -1))), 2)


HALF = fmpq(1, 2)
FIRST: dict[str, Callable[[Table, Expression], Expression]] = {
    "exp": lambda t, u: t.exp(u),
    "log": lambda t, u: t.power(u, -1),
    "logistic": lambda t, u: t.subtract(t.logistic(u), t.power(t.logistic(u), 2)),
    "tanh": lambda t, u: t.subtract(t.number(1), t.power(t.apply("tanh", u), 2)),
    "erf": _gaussian,
    "sin": lambda t, u: t.apply("cos", u),
    "cos": lambda t, u: t.scale(t.apply("sin", u), -1),
    "tan": lambda t, u: t.add(t.number(1), t.power(t.apply("tan", u), 2)),
    "sinh": lambda t, u: t.apply("cosh", u),
    "cosh": lambda t, u: t.apply("sinh", u),
    "atan": _power_of_square(1, fmpq(-1)),
    "asinh": _power_of_square(1, -HALF),
    "atanh": _power_of_square(-1, fmpq(-1)),
    "asin": _power_of_square(-1, -HALF),
    "acos": lambda t, u: t.scale(_power_of_square(-1, -HALF)(t, u), -1),
    "lgamma": lambda t, u: t.apply("digamma", u),
    "acosh": lambda t, u: t.power(t.add(t.power(u, 2), t.number(-1)), -HALF),
}
