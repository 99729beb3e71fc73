"""Hypothesis strategies for least squares: data of full column rank or not, rows to swap, columns that look alike.

As everywhere, these describe sets of data, constructed and not filtered, with small dyadic numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from netprops.objects.data import Data, Matrix
from netprops.objects.orders import swapped
from netprops.strategies.networks import arrays, data_sets, dyadics, nonzero_arrays, nonzero_dyadics, whole_numbers

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]
Range: TypeAlias = tuple[int, int]

# Half of it is orthogonal, with dyadic entries.
HADAMARD = np.array([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])


def orders(size: int) -> st.SearchStrategy[Matrix]:
    """Permutations of range(size), as arrays of indices."""
    return st.permutations(range(size)).map(np.array)


def pairs(size: int) -> st.SearchStrategy[tuple[int, int]]:
    """Two different numbers below `size`."""
    return st.permutations(range(size)).map(lambda order: (order[0], order[1]))


def nonzero_fractions() -> st.SearchStrategy[Fraction]:
    """Fractions of either sign, small ones among them, and not 0."""
    parts = st.integers(1, 100), st.integers(1, 100), st.sampled_from((1, -1))
    return st.tuples(*parts).map(lambda t: Fraction(t[0] * t[2], t[1]))


@st.composite
def invertible(draw: Draw, size: int) -> Matrix:
    """Invertible matrices P L U, in whole numbers: P a permutation, L unit lower and U upper triangular."""
    L, U = draw(arrays((size, size), whole_numbers(1))), draw(arrays((size, size), whole_numbers(2)))
    diagonal = draw(st.lists(st.sampled_from((1.0, -1.0, 2.0)), min_size=size, max_size=size))
    product = (np.eye(size) + np.tril(L, -1)) @ (np.diag(diagonal) + np.triu(U, 1))
    return np.asarray(product[draw(orders(size))])


@st.composite
def full_rank_inputs(draw: Draw, columns: int, extra: Range = (0, 3)) -> Matrix:
    """Matrices of full column rank: an invertible block and `extra` rows of any kind, in any order."""
    more = draw(arrays((draw(st.integers(*extra)), columns)))
    X = np.concatenate([draw(invertible(columns)), more])
    return np.asarray(X[draw(orders(len(X)))])


@st.composite
def full_rank_data(draw: Draw, columns: Range = (1, 4), extra: Range = (0, 3)) -> Data:
    """Any targets for inputs of full column rank."""
    X = draw(full_rank_inputs(draw(st.integers(*columns)), extra))
    return Data(X, draw(arrays(len(X))))


@st.composite
def rank_deficient_data(draw: Draw, rows: Range = (1, 5), columns: Range = (1, 3)) -> Data:
    """Any targets for inputs one column of which is a combination of the others: zero, if there are none."""
    n, d = draw(st.integers(*rows)), draw(st.integers(*columns))
    others = draw(arrays((n, d - 1)))
    last = others @ draw(arrays(d - 1, whole_numbers()))
    X = np.concatenate([others, last[:, None]], axis=1)[:, draw(orders(d))]
    return Data(X, draw(arrays(n)))


@st.composite
def two_rows_to_swap(draw: Draw, columns: Range = (1, 3)) -> tuple[Data, int, int]:
    """Any data of two rows or more and two of them, i and j, with different inputs and different targets."""
    d = draw(st.integers(*columns))
    X = draw(arrays((draw(st.integers(2, 5)), d)))
    y = draw(arrays(len(X)))
    i, j = draw(pairs(len(X)))
    X[j], y[j] = X[i] + draw(nonzero_arrays(d)), y[i] + draw(nonzero_dyadics())
    return Data(X, y), i, j


@st.composite
def rows_half_alike(draw: Draw, columns: Range = (1, 3)) -> tuple[Data, int, int]:
    """Any data of two rows or more and two of them, i and j, that agree in their inputs or in their targets."""
    data, i, j = draw(two_rows_to_swap(columns))
    if draw(st.booleans()):
        data.X[j] = data.X[i]
    else:
        data.y[j] = data.y[i]
    return data, i, j


# ---------------------------------------------------------------- columns that a swap changes about


@st.composite
def alike_columns(draw: Draw, columns: Range = (2, 3)) -> tuple[Data, int, int]:
    """Data of full column rank with two columns, i and j, whose swap leaves X'X and X'y as they are.

    Each row comes with its mirror image, and the same target.  An orthogonal matrix from the left hides the mirror: it
    keeps X'X and X'y.
    """
    d = draw(st.integers(*columns))
    half = draw(full_rank_inputs(d, extra=(0, 1)))
    i, j = draw(pairs(d))
    targets = draw(arrays(len(half)))
    X, y = np.concatenate([half, swapped(half, i, j, axis=1)]), np.concatenate([targets, targets])
    if draw(st.booleans()):
        four = draw(orders(len(X)))[:4]
        X[four], y[four] = HADAMARD @ X[four] / 2, HADAMARD @ y[four] / 2
    return Data(X, y), i, j


@st.composite
def unlike_targets(draw: Draw, columns: Range = (2, 3)) -> tuple[Data, int, int, Matrix]:
    """Data of full column rank with two columns whose swap leaves X'X as it is but not X'y, and coefficients b.

    With c = X'y: c_i - c_j and b_i - b_j are not 0 and of one sign.
    """
    data, i, j = draw(alike_columns(columns))
    t = draw(nonzero_dyadics(high=2))
    b = draw(arrays(data.columns))
    b[i] = b[j] + np.sign(t) * draw(dyadics(1 / 4, 4))
    return Data(data.X, data.y + t * (data.X[:, i] - data.X[:, j])), i, j, b


@st.composite
def repeated_columns(draw: Draw, rows: Range = (1, 4), columns: Range = (2, 4)) -> tuple[Data, int, int, Matrix]:
    """Data two columns of which are the same, and a b with y = Xb whose coefficients there differ."""
    X = draw(arrays((draw(st.integers(*rows)), draw(st.integers(*columns)))))
    i, j = draw(pairs(len(X[0])))
    X[:, j] = X[:, i]
    b = draw(arrays(len(X[0])))
    b[j] = b[i] + draw(nonzero_dyadics())
    return Data(X, X @ b), i, j, b


@st.composite
def two_columns(draw: Draw) -> tuple[Data, int, int]:
    """Any data of two columns or more, degenerate ones among them, and two of the columns."""
    data = draw(data_sets(columns=(2, 4)))
    return data, *draw(pairs(data.columns))


# ---------------------------------------------------------------- copies


@st.composite
def distinct_fractions(draw: Draw, total: int = 1, sizes: Range = (2, 4)) -> list[Fraction]:
    """Numbers that add up to `total`, no two of them the same, in any order."""
    n = draw(st.integers(*sizes))
    steps = [abs(draw(nonzero_fractions())) for _ in range(n)]
    rising = list(itertools.accumulate(steps))
    shift = (total - sum(rising)) / n
    return [rising[k] + shift for k in draw(st.permutations(range(n)))]
