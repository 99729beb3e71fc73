"""Whether a symmetric rational matrix Q is copositive: u'Qu >= 0 for every vector u without negative entries.

To decide it is NP-hard in general (K. G. Murty and S. N. Kabadi, Math. Programming 39, 1987); here all principal
submatrices are looked at, exactly, so that matrices should be small. If all proper principal submatrices of a symmetric
matrix are copositive, it is not copositive exactly when it has an inverse without positive entries (K. P. Hadeler,
Linear Algebra Appl. 49, 1983, theorem 2). Then u = -Q^-1 1 has no negative entries, and u'Qu = 1'Q^-1 1 < 0.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from flint import fmpq, fmpq_mat

from netprops.exact.inertia import integer_multiple, rational_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from netprops.exact.inertia import Vector

LARGEST = 12  # rows: some thousand submatrices
ZERO = fmpq(0)


def negative_on_the_orthant(matrix: Iterable[Any]) -> Vector | None:
    """An integer vector u >= 0 with u'Qu < 0, or None if Q is copositive.

    Raises:
        ValueError: Q is not symmetric, or has more than `LARGEST` rows.
    """
    Q = rational_rows(matrix)
    n = len(Q)
    if any(len(row) != n for row in Q) or any(Q[i][j] != Q[j][i] for i in range(n) for j in range(i)):
        raise ValueError("a form has a symmetric matrix")
    if n > LARGEST:
        raise ValueError(f"copositivity is decided for up to {LARGEST} rows, got {n}: there are 2^n submatrices")
    for size in range(1, n + 1):
        for rows in combinations(range(n), size):
            part = _negative_vector([[Q[i][j] for j in rows] for i in rows])
            if part is not None:
                u = [ZERO] * n
                for i, x in zip(rows, part, strict=True):
                    u[i] = x
                return integer_multiple(u)
    return None


def _negative_vector(Q: Sequence[Sequence[fmpq]]) -> list[fmpq] | None:
    """A vector u >= 0 with u'Qu < 0, if Q has an inverse without positive entries."""
    matrix = fmpq_mat([list(row) for row in Q])
    if matrix.det() == 0:
        return None
    inverse = matrix.inv().tolist()
    if any(x > 0 for row in inverse for x in row):
        return None
    return [-sum(row, ZERO) for row in inverse]


def form_value(matrix: Iterable[Any], u: Sequence[Any]) -> fmpq:
    """u'Qu, exactly."""
    Q = rational_rows(matrix)
    return sum((x * a * y for row, x in zip(Q, u, strict=True) for a, y in zip(row, u, strict=True)), ZERO)
