"""Polynomials of degree two in affine forms: hyperbolic ones, and quotients with an affine form.

Coordinates are the decision variables and a last one for the constant 1: q(x) = z'Qz for z = (x, 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flint import fmpq

from netprops.exact.inertia import inertia, is_positive_semidefinite
from netprops.readings import ranges
from netprops.readings.polynomials import Expression, Monomial

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netprops.readings.polynomials import Table

ZERO: Final = fmpq(0)
MINUS_ONE: Final = fmpq(-1)
CONSTANT: Final = -1  # the coordinate that is 1, beside the bits of the variables

Row = dict[int, fmpq]  # an affine form: coefficient by coordinate
Matrix = dict[tuple[int, int], fmpq]  # symmetric


def affine_row(table: Table, e: Expression, mask: int) -> Row | None:
    """The coefficients of an affine form in the variables of the mask, numbers all of them; None if it is none."""
    row: Row = {}
    for monomial, c in e.terms.items():
        part = _factor_row(table, monomial, mask)
        if part is None:
            return None
        for place, k in part.items():
            row[place] = row.get(place, ZERO) + c * k
    return row


def _factor_row(table: Table, monomial: Monomial, mask: int) -> Row | None:
    if not monomial:
        return {CONSTANT: fmpq(1)}
    if len(monomial) != 1 or monomial[0][1] != 1:
        return None
    return _atom_row(table, monomial[0][0], mask)


def _atom_row(table: Table, index: int, mask: int) -> Row | None:
    atom = table.atoms[index]
    if atom.kind == "variable" and atom.dependencies & mask:
        return {atom.dependencies.bit_length() - 1: fmpq(1)}
    return affine_row(table, atom.arguments[0], mask) if atom.kind == "sum" else None


def quadratic_matrix(table: Table, terms: Mapping[Monomial, fmpq], mask: int) -> Matrix | None:
    """Q with z'Qz the sum of these terms; None unless it is a polynomial of degree at most two with numbers."""
    Q: Matrix = {}
    for monomial, c in terms.items():
        rows: list[Row] = []
        for index, k in monomial:
            row = _atom_row(table, index, mask)
            if row is None or k.q != 1 or not 0 < k <= 2:
                return None
            rows += [row] * int(k.p)
        if len(rows) > 2:
            return None
        first, second = (*rows, {CONSTANT: fmpq(1)}, {CONSTANT: fmpq(1)})[:2]
        for i, a in first.items():
            for j, b in second.items():
                for place in ((i, j), (j, i)):
                    Q[place] = Q.get(place, ZERO) + c * a * b / 2
    return Q


def _dense(Q: Matrix, coordinates: list[int]) -> list[list[fmpq]]:
    return [[Q.get((i, j), ZERO) for j in coordinates] for i in coordinates]


def is_hyperbolic(table: Table, e: Expression, mask: int) -> bool:
    """Whether e is a positive polynomial of degree two with one positive eigenvalue: then its square root is concave.

    z'Qz = (a.z)^2 - |Bz|^2 is positive on two opposite convex cones; on each its root is concave, by the reversed
    inequality of Cauchy and Schwarz.  A convex domain on which it is positive lies in one of them.
    """
    if not ranges.is_positive(table.range(e)):
        return False
    Q = quadratic_matrix(table, e.terms, mask)
    if not Q:
        return False
    return inertia(_dense(Q, sorted({i for i, _ in Q}))).positive == 1


def restricted(Q: Matrix, row: Row) -> list[list[fmpq]] | None:
    """The form z'Qz on the plane row.z = 0, in all coordinates but one; None if the row is 0.

    z'Qz = (row.z) m(z) + R(z), R the result and m linear: so q / l is affine plus R / l.
    """
    solved = next((place for place in sorted(row, reverse=True) if row[place]), None)
    if solved is None:
        return None
    others = sorted({i for i, _ in Q} | set(row) - {solved})
    others = [i for i in others if i != solved]
    along = {j: -row.get(j, ZERO) / row[solved] for j in others}
    middle = Q.get((solved, solved), ZERO)
    return [
        [
            Q.get((i, j), ZERO)
            + along[i] * Q.get((solved, j), ZERO)
            + along[j] * Q.get((i, solved), ZERO)
            + along[i] * along[j] * middle
            for j in others
        ]
        for i in others
    ]


def _bends(Q: Matrix, row: Row, sign: int) -> bool:
    """Whether sign * z'Qz / row.z is convex where row.z > 0."""
    R = restricted(Q, row)
    return R is not None and is_positive_semidefinite([[sign * entry for entry in line] for line in R])


@dataclass(frozen=True)
class Quotients:
    """Convex quotients in a sum: why they are, which of the denominators (`denominators`) they have, what is left."""

    words: str
    place: int
    rest: Expression


def denominators(e: Expression) -> list[int]:
    """The atoms by whose first power some term is divided, in order."""
    return sorted({i for monomial in e.terms for i, k in monomial if k == -1})


def convex_quotients(table: Table, e: Expression, mask: int) -> Quotients | None:
    """Some quotients of e that are convex, all those of one denominator; None if there are none.

    Quotients q / l, l affine and positive, q of degree two: convex exactly when q >= 0 on the plane l = 0. Quotients
    l / q, both positive: the reciprocal of q / l, convex if that is concave.
    """
    for place, index in enumerate(denominators(e)):
        r = table.atoms[index].range
        sign = 1 if ranges.is_positive(r) else -1 if ranges.is_negative(r) else 0
        if not sign:
            continue
        over = {m: c for m, c in e.terms.items() if (index, MINUS_ONE) in m}
        numerator = Expression(table, {Monomial(f for f in m if f[0] != index): sign * c for m, c in over.items()})
        rule = _quotient_rule(table, numerator, index, sign, mask)
        if rule is not None:
            return Quotients(rule, place, Expression(table, {m: c for m, c in e.terms.items() if m not in over}))
    return None


def _quotient_rule(table: Table, numerator: Expression, index: int, sign: int, mask: int) -> str | None:
    """The rule that shows numerator / (sign * atom) to be convex, where the denominator is positive."""
    above = quadratic_matrix(table, numerator.terms, mask)
    if above is None:
        return None
    row = _atom_row(table, index, mask)
    if row is not None:
        below = {place: sign * k for place, k in row.items()}
        convex = any(below.get(i) for i in below if i != CONSTANT) and _bends(above, below, 1)
        return "a quadratic form over a positive affine form, nonnegative where that is 0" if convex else None
    row = affine_row(table, numerator, mask)
    denominator = table.atoms[index].arguments[0] if table.atoms[index].kind == "sum" else None
    if row is None or denominator is None or not ranges.is_positive(table.range(numerator)):
        return None
    Q = quadratic_matrix(table, denominator.terms, mask)
    if not Q or not _bends(Q, row, -sign):
        return None
    return "a positive affine form over a quadratic one: the reciprocal of a concave function"
