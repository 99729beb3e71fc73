"""Quadratic forms whose inertia is known by how they are made.

Sylvester's law: for every invertible L, the form x'(L'DL)x has as many positive, negative and zero eigenvalues as D.
With L an integer matrix of determinant 1 and D an integer diagonal, all entries are integers, and so are those of the
inverse of L, whose columns v_i diagonalise the form: v_i'(L'DL)v_j is D_ii for i = j, else 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from netprops.domains import Box, reals

Array: TypeAlias = Any  # a JAX array, or a NumPy one of float64


@dataclass(frozen=True, eq=False)
class QuadraticForm:
    """x'Qx with Q = L'DL, Q symmetric with integer entries."""

    diagonal: tuple[int, ...]  # of D
    congruence: np.ndarray  # L, of determinant 1
    inverse: np.ndarray  # of L

    def __repr__(self) -> str:
        return f"<quadratic form {self.matrix.astype(int).tolist()}, inertia {self.inertia}>"

    def __call__(self, x: Array) -> Array:
        return x @ self.matrix @ x

    @property
    def matrix(self) -> np.ndarray:
        """Q; its entries are integers far below 2^53, so these products are exact."""
        return np.asarray(self.congruence.T @ np.diag(np.array(self.diagonal, dtype=float)) @ self.congruence)

    @property
    def domain(self) -> Box:
        """R^n."""
        return reals(len(self.diagonal))

    @property
    def inertia(self) -> tuple[int, int, int]:
        """How many eigenvalues are positive, negative, zero."""
        signs = np.sign(self.diagonal)
        return int((signs > 0).sum()), int((signs < 0).sum()), int((signs == 0).sum())

    def direction(self, sign: int) -> np.ndarray:
        """An integer vector v with v'Qv of this sign (1, -1 or 0).  Raises `ValueError` when there is none."""
        places = [i for i, d in enumerate(self.diagonal) if np.sign(d) == sign]
        if not places:
            raise ValueError(f"{self} has no direction of sign {sign}")
        return np.asarray(self.inverse[:, places[0]])


def congruent(diagonal: tuple[int, ...], lower: np.ndarray, upper: np.ndarray) -> QuadraticForm:
    """The form L'DL, L = (1 + lower)(1 + upper), from the strict triangles of two integer matrices."""
    one = np.eye(len(diagonal))
    left, right = one + np.tril(lower, -1), one + np.triu(upper, 1)
    return QuadraticForm(diagonal, left @ right, _unit_inverse(right) @ _unit_inverse(left))


def _unit_inverse(T: np.ndarray) -> np.ndarray:
    """The inverse of a triangular integer matrix with ones on the diagonal: 1 - N + N^2 - ..., N nilpotent."""
    one = np.eye(len(T))
    inverse = one
    for _ in range(len(T)):
        inverse = one - (T - one) @ inverse
    return inverse
