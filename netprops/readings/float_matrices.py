"""Decompositions of batches of matrices in floating point, for searches: axis 0 numbers the points."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from netprops.readings.jaxpr import Array


def solved(A: Array, b: Array) -> Array:
    """x with A x = b for each point; NaN where A is singular. Shapes (rows, n, n) and (rows, n, k)."""
    rows = max(len(A), len(b))
    A, b = np.broadcast_to(A, (rows, *A.shape[1:])), np.broadcast_to(b, (rows, *b.shape[1:]))
    with np.errstate(all="ignore"):
        try:
            return np.asarray(np.linalg.solve(A, b))
        except np.linalg.LinAlgError:
            regular = np.linalg.det(A) != 0
            out = np.full(b.shape, np.nan)
            out[regular] = np.linalg.solve(A[regular], b[regular])
            return out


def triangular_solve(eqn: Any, inputs: list[Array], under_way: object) -> Array:
    """See JAX's primitive of this name."""
    A, B = inputs
    p = eqn.params
    A = np.tril(A) if p["lower"] else np.triu(A)
    if p["unit_diagonal"]:
        np.einsum("...ii->...i", A)[:] = 1.0
    if p["transpose_a"]:
        A = A.swapaxes(-1, -2)
    if p["left_side"]:
        return solved(A, B)
    return solved(A.swapaxes(-1, -2), B.swapaxes(-1, -2)).swapaxes(-1, -2)


def cholesky(eqn: Any, inputs: list[Array], under_way: object) -> Array:
    """The lower factor; NaN where the matrix is not positive definite."""
    lower = np.tril(inputs[0])
    A = lower + np.tril(lower, -1).swapaxes(-1, -2)
    out = np.full(A.shape, np.nan)
    if np.isfinite(A).all():
        definite = np.linalg.eigvalsh(A)[..., 0] > 0
        out[definite] = np.linalg.cholesky(A[definite])
    return out


def eigh(eqn: Any, inputs: list[Array], under_way: object) -> list[Array] | None:
    """Eigenvectors and ascending eigenvalues of the lower triangle."""
    if not np.isfinite(inputs[0]).all():
        return None
    values, vectors = np.linalg.eigh(inputs[0])
    return [np.asarray(vectors), np.asarray(values)]


def svd(eqn: Any, inputs: list[Array], under_way: object) -> Array | None:
    """Singular values, descending."""
    if eqn.params["compute_uv"] or not np.isfinite(inputs[0]).all():
        return None
    return np.asarray(np.linalg.svd(inputs[0], compute_uv=False))


def lu(eqn: Any, inputs: list[Array], under_way: object) -> list[Array] | None:
    """L and U in one matrix, the pivots, and the permutation that they make."""
    (A,) = inputs
    if A.ndim != 3 or A.shape[1] != A.shape[2] or not np.isfinite(A).all():
        return None
    factors, pivots = np.empty(A.shape), np.empty(A.shape[:2], dtype=np.int32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a singular matrix is no matter for a search
        for place, matrix in enumerate(A):
            factors[place], pivots[place] = scipy.linalg.lu_factor(matrix, check_finite=False)
    order = np.broadcast_to(np.arange(A.shape[1], dtype=np.int32), pivots.shape).copy()
    rows = np.arange(len(A))
    for k in range(A.shape[1]):
        other = pivots[:, k]
        order[rows, k], order[rows, other] = order[rows, other], order[rows, k].copy()
    return [factors, pivots, order]
