"""Least squares: coefficients b for rows (x, y) of data, and the squared distance |y - Xb|^2.

With G = X'X and c = X'y the squared distance is b'Gb - 2 c.b + |y|^2, so that G and c are all that it depends on, but
for a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from flint import fmpq_mat

from netprops.domains import Box, reals
from netprops.exact.inertia import rational_rows
from netprops.objects.orders import swapped

if TYPE_CHECKING:
    from netprops.objects.data import Matrix
    from netprops.objects.losses import Array


def squared_distance(b: Array, X: Array, y: Array) -> Array:
    """|y - Xb|^2."""
    return jnp.sum((y - X @ b) ** 2)


def distance(b: Array, X: Array, y: Array) -> Array:
    """|y - Xb|."""
    return jnp.linalg.norm(y - X @ b)


def coefficients_and_data(rows: int, columns: int) -> tuple[Box, Box, Box]:
    """The domain of (b, X, y)."""
    return reals(columns), reals((rows, columns)), reals(rows)


def change_by_moments(i: int, j: int, b: Array, X: Array, y: Array) -> Array:
    """b'(QGQ - G)b - 2 (Qc - c).b, with Q the swap of i and j: what Q changes in the squared distance by way of b."""
    G, c = X.T @ X, X.T @ y
    turned = swapped(swapped(G, i, j), i, j, axis=1)
    return b @ (turned - G) @ b - 2 * (swapped(c, i, j) - c) @ b


def levelled(b: Any, i: int, j: int) -> list[Fraction]:
    """(b + swapped b) / 2: the entries i and j replaced by their mean; exact."""
    exact = [Fraction(x) for x in b]
    exact[i] = exact[j] = (exact[i] + exact[j]) / 2
    return exact


def minimiser(X: Matrix, y: Matrix) -> list[Fraction]:
    """The one b at which |y - Xb|^2 is least, G^-1 c, exact.

    Raises:
        ValueError: X has not full column rank, so that there are many.
    """
    A, target = fmpq_mat(rational_rows(X)), fmpq_mat(rational_rows(y[:, None]))
    if A.rank() < A.ncols():
        raise ValueError(f"a matrix of {A.ncols()} columns and rank {A.rank()} has more than one minimiser")
    solution = (A.transpose() * A).inv() * A.transpose() * target
    return [Fraction(int(q.p), int(q.q)) for q in solution.entries()]


def is_kept_by_swap(X: Matrix, y: Matrix, i: int, j: int) -> bool:
    """Whether G = X'X and c = X'y stay as they are when columns i and j of X are changed about; exact."""
    return _moments(X, y) == _moments(swapped(X, i, j, axis=1), y)


def _moments(X: Matrix, y: Matrix) -> tuple[Sequence[Any], Sequence[Any]]:
    A, target = fmpq_mat(rational_rows(X)), fmpq_mat(rational_rows(y[:, None]))
    return (A.transpose() * A).entries(), (A.transpose() * target).entries()
