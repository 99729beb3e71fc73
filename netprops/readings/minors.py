"""Convexity on a box by the principal minors of the Hessian, where these are rational: exactly, also where they touch
0.

A symmetric matrix is positive semidefinite exactly when all its principal minors are nonnegative.  The second
derivatives of a normal form that is rational in x or exp(c x), or has logarithms of such functions, are fractions of
polynomials (`rational`); a fraction has the sign of numerator times denominator, a polynomial, whose coefficients in
Bernstein's basis are nonnegative on the parts of the box (`netprops.exact.bernstein`).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flint import fmpq

from netprops.exact.bernstein import is_nonnegative_by_bernstein
from netprops.readings import rational
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.rational import NotRationalError

if TYPE_CHECKING:
    from netprops.exact.bernstein import Polynomial, Side
    from netprops.readings.polynomials import Expression, Table

Tree: TypeAlias = "list[Any] | None"  # a part that is done with, or [axis, lower half, upper half]

MOST_VARIABLES: Final = 3
MOST_TERMS: Final = 600  # of one minor
MOST_DEGREE: Final = 40
MOST_PARTS: Final = 96


def hessian_minors(table: Table, e: Expression, mask: int) -> tuple[list[Side], list[Polynomial]] | None:
    """The box of the variables that occur, and polynomials of the signs of all principal minors of the Hessian in them.

    None where e has parameters, is not known to be smooth or rational, or there are too many variables or terms.
    """
    used = table.dependencies(e)
    bits = [bit for bit in range(used.bit_length()) if used >> bit & 1]
    if used & ~mask or not 2 <= len(bits) <= MOST_VARIABLES:
        return None
    try:
        first = [derivative(table, e, bit) for bit in bits]
        second = {
            (i, j): derivative(table, first[i], bits[j])
            for i, j in itertools.combinations_with_replacement(range(len(bits)), 2)
        }
        if any(d.needs for d in (*first, *second.values())):
            return None
        found = rational.minors(table, second, len(bits), MOST_TERMS)
    except (NotSmoothError, NotRationalError):
        return None
    box = [found.sides[bit] for bit in bits]
    if any(lo is None and hi is None for lo, hi in box):
        return None
    minors: list[Polynomial] = [{tuple(key[bit] for bit in bits): c for key, c in p.items()} for p in found.polynomials]
    return None if any(sum(key) > MOST_DEGREE for p in minors for key in p) else (box, minors)


def subdivision(box: list[Side], minors: list[Polynomial]) -> tuple[bool, Tree]:
    """Whether all minors were shown to be nonnegative on the box, and the tree of halves that shows it."""
    budget = [MOST_PARTS]
    return _subdivided(box, minors, budget)


def _subdivided(box: list[Side], minors: list[Polynomial], budget: list[int]) -> tuple[bool, Tree]:
    left = [p for p in minors if not is_nonnegative_by_bernstein(p, box)]
    if not left:
        return True, None
    budget[0] -= 1
    axis = max(range(len(box)), key=lambda k: _width(box[k]))
    middle = [_middle(side) for side in box]
    if budget[0] < 0 or _width(box[axis]) <= 0 or any(_value(p, middle) < 0 for p in left):
        return False, None
    halves = []
    for side in halved(box[axis]):
        done, tree = _subdivided([*box[:axis], side, *box[axis + 1 :]], left, budget)
        if not done:
            return False, None
        halves.append(tree)
    return True, [axis, *halves]


def shows(box: list[Side], minors: list[Polynomial], tree: Tree) -> bool:
    """Whether the minors are nonnegative on the box, by a tree of halves.

    Raises:
        ValueError, TypeError, IndexError: it is no such tree.
    """
    left = [p for p in minors if not is_nonnegative_by_bernstein(p, box)]
    if not left or tree is None:
        return not left
    axis, *trees = tree
    halves = halved(box[axis])
    return all(
        shows([*box[:axis], side, *box[axis + 1 :]], left, part) for side, part in zip(halves, trees, strict=True)
    )


def halved(side: Side) -> tuple[Side, Side]:
    """The two halves of a bounded side."""
    lo, hi = side
    if lo is None or hi is None:
        raise ValueError("a side without end has no halves")
    middle = (lo + hi) / 2
    return (lo, middle), (middle, hi)


def _width(side: Side) -> fmpq:
    lo, hi = side
    return fmpq(-1) if lo is None or hi is None else hi - lo


def _middle(side: Side) -> fmpq:
    lo, hi = side
    if lo is None:
        assert hi is not None
        return hi - 1
    return lo + 1 if hi is None else (lo + hi) / 2


def _value(p: Polynomial, x: list[fmpq]) -> fmpq:
    total = fmpq(0)
    for key, c in p.items():
        for k, value in zip(key, x, strict=True):
            c = c * value**k
        total += c
    return total
