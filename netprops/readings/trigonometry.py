"""Products of sines and cosines as sums: cos u cos v = (cos(u - v) + cos(u + v)) / 2, and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flint import fmpq

from netprops.readings.polynomials import Expression, alone

if TYPE_CHECKING:
    from netprops.readings.polynomials import Monomial, Table

HALF: Final = fmpq(1, 2)
MOST_FACTORS: Final = 6  # of one product


def linearised(table: Table, e: Expression) -> Expression:
    """e with all products of sines and cosines, up to a number of factors, made sums."""
    return table.add_all([table.number(0), *(_linearised(table, monomial, c) for monomial, c in e.terms.items())])


def _linearised(table: Table, monomial: Monomial, c: fmpq) -> Expression:
    waves: list[int] = []
    rest = table.number(c)
    for index, k in monomial:
        if table.atoms[index].kind in ("sin", "cos") and k.q == 1 and k > 0:
            waves += [index] * int(k.p)
        else:
            rest = table.multiply(rest, table.power(Expression(table, {alone(index): fmpq(1)}), k))
    if not 2 <= len(waves) <= MOST_FACTORS:
        return Expression(table, {monomial: c})
    return table.multiply(rest, _product(table, waves))


def _product(table: Table, waves: list[int]) -> Expression:
    """The product of these sines and cosines, as a sum of sines and cosines and a number."""
    total = Expression(table, {alone(waves[0]): fmpq(1)})
    for index in waves[1:]:
        total = table.add_all([_times_wave(table, m, c, index) for m, c in total.terms.items()])
    return total


def _times_wave(table: Table, monomial: Monomial, c: fmpq, index: int) -> Expression:
    if not monomial:
        return Expression(table, {alone(index): c})
    first, second = table.atoms[monomial[0][0]], table.atoms[index]
    u, v = first.arguments[0], second.arguments[0]
    less, more = table.subtract(u, v), table.add(u, v)
    if first.kind == second.kind:
        sign = 1 if first.kind == "cos" else -1
        total = table.add(table.apply("cos", less), table.scale(table.apply("cos", more), sign))
    else:  # sin u cos v, or cos u sin v
        sign = 1 if first.kind == "sin" else -1
        total = table.add(table.apply("sin", more), table.scale(table.apply("sin", less), sign))
    return table.scale(total, c * HALF)
