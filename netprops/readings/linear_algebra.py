"""Linear algebra over any algebra of scalars: by formulas, so that every reading has it.

Decompositions are the textbook ones in real arithmetic: Cholesky's factor has a positive diagonal, eigenvalues ascend,
singular values descend.  Eigenvectors and singular vectors, which are no functions of the matrix, stay unknown.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from netprops.readings.algebra import Unknown, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from netprops.readings.algebra import Algebra, Array, Scalar

MOST_BY_DETERMINANTS: Final = 5  # rows of a system that is solved by Cramer's rule


def _zero(algebra: Algebra) -> Scalar:
    return algebra.literal(0.0)


def _dot(algebra: Algebra, a: Sequence[Scalar], b: Sequence[Scalar]) -> Scalar:
    products = [algebra.rules["mul"](x, y) for x, y in zip(a, b, strict=True)]
    return algebra.add_all(products) if products else _zero(algebra)


def _each(function: Callable[[Array], Array], a: Array) -> Array:
    """A function of matrices along all leading axes."""
    if a.ndim == 2:
        return function(a)
    return np.stack([_each(function, part) for part in a]) if len(a) else a


# ------------------------------------------------------------------ systems of equations


def solution(algebra: Algebra, A: Array, b: Array) -> Array:
    """x with A x = b, part by part where A falls apart into blocks; no entry has a value where a block is singular."""
    x = np.empty(len(b), dtype=object)
    blocks = _blocks(algebra, A)
    size = max(map(len, blocks), default=0)
    if size > MOST_BY_DETERMINANTS:
        raise UnsupportedError(f"a system of {size} equations; Cramer's rule is for {MOST_BY_DETERMINANTS} at most")
    below = [determinant(algebra, A[np.ix_(block, block)]) for block in blocks]
    for place, block in enumerate(blocks):
        part = _solved(algebra, A[np.ix_(block, block)], [b[i] for i in block], below[place])
        x[block] = _where_nonzero(algebra, part, [d for other, d in enumerate(below) if other != place])
    return x


def _where_nonzero(algebra: Algebra, values: Sequence[Scalar], others: Sequence[Scalar]) -> list[Scalar]:
    """The values, as functions that are defined only where none of the others is 0."""
    for other in others:
        sign = algebra.rules["sign"](other)  # exact, so that enclosures stay as narrow as they are
        one = algebra.rules["div"](sign, sign)
        values = [algebra.rules["mul"](value, one) for value in values]
    return list(values)


def _blocks(algebra: Algebra, A: Array) -> list[list[int]]:
    """The sets of indices that entries other than 0 connect."""
    label = list(range(len(A)))
    for i, j in itertools.product(range(len(A)), repeat=2):
        if algebra.whole(A[i, j]) != 0 and label[i] != label[j]:
            old, new = label[j], label[i]
            label = [new if k == old else k for k in label]
    return [[i for i, k in enumerate(label) if k == name] for name in dict.fromkeys(label)]


def _solved(algebra: Algebra, A: Array, b: list[Scalar], below: Scalar) -> list[Scalar]:
    """By Cramer's rule: the one division is by the determinant."""
    if algebra.note_system is not None:
        algebra.note_system(A)
    solved = []
    for column in range(len(b)):
        changed = A.copy()
        changed[:, column] = b
        solved.append(algebra.rules["div"](determinant(algebra, changed), below))
    return solved


def determinant(algebra: Algebra, A: Array) -> Scalar:
    """By the first row."""
    if len(A) == 1:
        return A[0, 0]
    terms = []
    for column in range(len(A)):
        if algebra.whole(A[0, column]) == 0:
            continue
        minor = determinant(algebra, np.delete(A[1:], column, axis=1))
        term = algebra.rules["mul"](A[0, column], minor)
        terms.append(algebra.rules["neg"](term) if column % 2 else term)
    return algebra.add_all(terms) if terms else _zero(algebra)


def triangular_solve(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """op(A) X = B or X op(A) = B for a triangle of A, op(A) = A or its transpose."""
    A, B = inputs
    p = eqn.params

    def solved(a: Array, b: Array) -> Array:
        if p["transpose_a"]:
            a = a.T
        lower = p["lower"] != p["transpose_a"]
        if not p["left_side"]:  # X A = B is A' X' = B'
            return _substituted(algebra, a.T, b.T, not lower, p["unit_diagonal"]).T
        return _substituted(algebra, a, b, lower, p["unit_diagonal"])

    batch = A.shape[:-2]
    parts = [solved(a, b) for a, b in zip(A.reshape(-1, *A.shape[-2:]), B.reshape(-1, *B.shape[-2:]), strict=True)]
    return [np.stack(parts).reshape(*batch, *B.shape[-2:])]


def _substituted(algebra: Algebra, T: Array, B: Array, lower: bool, unit_diagonal: bool) -> Array:
    size = len(T)
    X = np.empty(B.shape, dtype=object)
    order = range(size) if lower else range(size - 1, -1, -1)
    for column in range(B.shape[1]):
        for i in order:
            known = range(i) if lower else range(i + 1, size)
            taken = _dot(algebra, [T[i, k] for k in known], [X[k, column] for k in known])
            rest = algebra.rules["sub"](B[i, column], taken)
            X[i, column] = rest if unit_diagonal else algebra.rules["div"](rest, T[i, i])
    return X


def cholesky(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """The lower triangular L with positive diagonal and L L' = A, of the lower triangle of A.

    Where there is none, A not being positive definite, no entry has a value.
    """

    def factor(A: Array) -> Array:
        L = np.full(A.shape, _zero(algebra), dtype=object)
        for i in range(len(A)):
            for j in range(i + 1):
                rest = algebra.rules["sub"](A[i, j], _dot(algebra, L[i, :j].tolist(), L[j, :j].tolist()))
                L[i, j] = algebra.rules["sqrt"](rest) if i == j else algebra.rules["div"](rest, L[j, j])
        triangle = np.tril_indices(len(A))
        L[triangle] = _where_nonzero(algebra, L[triangle].tolist(), np.diagonal(L).tolist())
        return L

    return [_each(factor, inputs[0])]


# ------------------------------------------------------------------ spectra


def eigh(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """Eigenvectors, which stay unknown, and eigenvalues in ascending order, of the lower triangle of a matrix."""
    (A,) = inputs
    if eqn.params.get("subset_by_index") is not None:
        raise UnsupportedError("some eigenvalues of all, by their place")
    values = np.empty(eqn.outvars[1].aval.shape, dtype=object)
    for place, part in enumerate(A.reshape(-1, *A.shape[-2:])):
        lower = np.array(
            [[part[max(i, j), min(i, j)] for j in range(len(part))] for i in range(len(part))], dtype=object
        )
        values.reshape(-1, len(part))[place] = _eigenvalues(algebra, lower)
    return [_unknown(eqn.outvars[0].aval.shape, "an eigenvector"), values]


def _unknown(shape: tuple[int, ...], what: str) -> Array:
    array = np.empty(math.prod(shape), dtype=object)
    array[:] = [Unknown(what)] * len(array)
    return array.reshape(shape)


def _eigenvalues(algebra: Algebra, A: Array) -> list[Scalar]:
    if len(A) == 1:
        return [A[0, 0]]
    if len(A) == 2:
        half = algebra.literal(0.5)
        mean = algebra.rules["mul"](half, algebra.rules["add"](A[0, 0], A[1, 1]))
        gap = algebra.rules["mul"](half, algebra.rules["sub"](A[0, 0], A[1, 1]))
        radius = _length(algebra, [gap, A[1, 0]])
        return [algebra.rules["sub"](mean, radius), algebra.rules["add"](mean, radius)]
    if algebra.eigenvalues is None:
        raise UnsupportedError(f"the {algebra.name} reading has no eigenvalues of {len(A)} x {len(A)} matrices")
    return algebra.eigenvalues(A)


def _length(algebra: Algebra, entries: list[Scalar]) -> Scalar:
    return algebra.rules["sqrt"](algebra.add_all([algebra.rules["square"](x) for x in entries]))


def svd(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """Singular values in descending order; singular vectors stay unknown."""
    (A,) = inputs
    if eqn.params.get("subset_by_index") is not None:
        raise UnsupportedError("some singular values of all, by their place")
    values = np.empty(eqn.outvars[0].aval.shape, dtype=object)
    for place, part in enumerate(A.reshape(-1, *A.shape[-2:])):
        values.reshape(-1, min(part.shape))[place] = _singular_values(algebra, part)
    return [values, *(_unknown(v.aval.shape, "a singular vector") for v in eqn.outvars[1:])]


def _singular_values(algebra: Algebra, A: Array) -> list[Scalar]:
    if min(A.shape) == 1:
        return [_length(algebra, A.reshape(-1).tolist())]
    if A.shape == (2, 2):  # sigma_1 + sigma_2 and |sigma_1 - sigma_2| are the lengths of (a + d, b - c), (a - d, b + c)
        (a, b), (c, d) = A
        rules = algebra.rules
        p = _length(algebra, [rules["add"](a, d), rules["sub"](b, c)])
        q = _length(algebra, [rules["sub"](a, d), rules["add"](b, c)])
        half = algebra.literal(0.5)
        return [rules["mul"](half, rules["add"](p, q)), rules["mul"](half, rules["abs"](rules["sub"](p, q)))]
    if algebra.singular_values is None:
        raise UnsupportedError(f"the {algebra.name} reading has no singular values of matrices of shape {A.shape}")
    return algebra.singular_values(A)
