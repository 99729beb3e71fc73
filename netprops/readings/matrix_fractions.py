"""y' A^-1 y, jointly convex in a positive definite matrix A and a vector y, both affine in the variables.

Its epigraph is where the matrix [[A, y], [y', t]] is positive semidefinite (Schur complement; Boyd and Vandenberghe,
example 3.4).  Which A and y these are is guessed: A from systems of equations that the program solves or from a
denominator that reads a c - b^2, y as the variables outside of A.  What is guessed is then multiplied out.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from flint import fmpq

from netprops.readings import ranges
from netprops.readings.expressions import to_json
from netprops.readings.polynomials import Expression, alone
from netprops.readings.proofs import step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netprops.readings.curvature import Calculus
    from netprops.readings.polynomials import Table
    from netprops.readings.proofs import Proof

    Matrix = Sequence[Sequence[Expression]]

MOST_ROWS: Final = 4
MOST_VECTORS: Final = 24


def convex_beside_fraction(calculus: Calculus, e: Expression) -> Proof | None:
    """A proof that e is a positive multiple of y' A^-1 y and a rest that is convex."""
    table = calculus.table
    for A in _matrices(calculus, e):
        if not is_positive_definite(table, A):
            continue
        for y in _vectors(calculus, e, A):
            fraction = matrix_fraction(table, A, y)
            shared = next((m for m in fraction.terms if m in e.terms), None)
            weight = fmpq(0) if shared is None else e.terms[shared] / fraction.terms[shared]
            if fraction.needs or weight <= 0:
                continue
            rest = table.subtract(e, table.scale(fraction, weight))
            if len(rest.terms) >= len(e.terms):
                continue
            inner = calculus.convex(rest)
            if inner:
                parameters = {"matrix": [[to_json(a) for a in row] for row in A], "vector": [to_json(u) for u in y]}
                words = "y' A^-1 y for a positive definite matrix A and a vector y, both affine"
                return step("matrix fraction", words, inner, weight=weight, **parameters)
    return None


# ------------------------------------------------------------------ what is guessed


def _matrices(calculus: Calculus, e: Expression) -> Iterator[Matrix]:
    table = calculus.table
    for A in table.systems:
        if len(A) <= MOST_ROWS and _is_affine(calculus, A) and _is_symmetric(A):
            yield A
    for index in dict.fromkeys(i for m in e.terms for i, k in m if k == -1):
        if table.atoms[index].kind == "sum":
            found = _read_off(calculus, table.atoms[index].arguments[0])
            yield from (A for A in found if _is_affine(calculus, A))


def _is_affine(calculus: Calculus, A: Matrix) -> bool:
    return all(calculus.is_affine(a) for row in A for a in row)


def _is_symmetric(A: Matrix) -> bool:
    return all(A[i][j] == A[j][i] for i in range(len(A)) for j in range(i))


def _read_off(calculus: Calculus, determinant: Expression) -> Iterator[Matrix]:
    """[[a, b], [b, c]], if the expression reads a c - b^2, up to a factor, for variables or affine sums."""
    table, one = calculus.table, fmpq(1)
    products = [(m, k) for m, k in determinant.terms.items() if len(m) == 2 and all(p == 1 for _, p in m)]
    squares = [(m, k) for m, k in determinant.terms.items() if len(m) == 1 and m[0][1] == 2]
    if len(determinant.terms) == 2 and len(products) == len(squares) == 1 and products[0][1] == -squares[0][1]:
        (first, _), (second, _) = products[0][0]
        a, c, b = (Expression(table, {alone(i): one}) for i in (first, second, squares[0][0][0][0]))
        yield ((a, b), (b, c))


def _vectors(calculus: Calculus, e: Expression, A: Matrix) -> Iterator[list[Expression]]:
    table = calculus.table
    inside = 0
    for row in A:
        for a in row:
            inside |= table.dependencies(a)
    outside = table.dependencies(e) & calculus.mask & ~inside
    variables = [table.variable_of(1 << bit) for bit in range(outside.bit_length()) if outside >> bit & 1]
    orders = itertools.permutations(variables, len(A))
    yield from (list(order) for order in itertools.islice(orders, MOST_VECTORS))


# ------------------------------------------------------------------ what is shown


def determinant(table: Table, A: Matrix) -> Expression:
    """By the first row."""
    if not A:
        return table.number(1)
    terms = [table.number(0)]
    for column, a in enumerate(A[0]):
        minor = determinant(table, [[*row[:column], *row[column + 1 :]] for row in A[1:]])
        terms.append(table.scale(table.multiply(a, minor), -1 if column % 2 else 1))
    return table.add_all(terms)


def is_positive_definite(table: Table, A: Matrix) -> bool:
    """Whether the leading principal minors are positive, by their ranges (Sylvester)."""
    minors = (determinant(table, [row[:n] for row in A[:n]]) for n in range(1, len(A) + 1))
    return all(ranges.is_positive(table.range(minor)) for minor in minors)


def matrix_fraction(table: Table, A: Matrix, y: Sequence[Expression]) -> Expression:
    """y' A^-1 y, by cofactors."""
    size = len(A)
    parts = [table.number(0)]
    for i, j in itertools.product(range(size), repeat=2):
        rows = [[*row[:j], *row[j + 1 :]] for k, row in enumerate(A) if k != i]
        cofactor = table.scale(determinant(table, rows), -1 if (i + j) % 2 else 1)
        parts.append(table.multiply(table.multiply(y[i], y[j]), cofactor))
    numerator = table.multiplied_out_once(table.add_all(parts))
    below = table.power(determinant(table, A), -1)
    return table.add_all(
        [
            table.number(0),
            *(table.multiply(Expression(table, {m: c}), below) for m, c in numerator.terms.items()),
        ]
    )
