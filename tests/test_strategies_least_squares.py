"""The strategies for least squares keep what they promise, and reach what they name."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq_mat
from hypothesis import Phase, find, given, settings

from netprops.exact.inertia import rational_rows
from netprops.strategies.least_squares import (
    alike_columns,
    distinct_fractions,
    full_rank_data,
    invertible,
    nonzero_fractions,
    orders,
    pairs,
    rank_deficient_data,
    repeated_columns,
    rows_half_alike,
    two_rows_to_swap,
    unlike_targets,
)


def rank(X):
    return fmpq_mat(rational_rows(X)).rank()


@given(invertible(3), orders(5), pairs(4), nonzero_fractions())
def test_small_things(A, order, pair, q):
    assert rank(A) == 3
    assert sorted(order.tolist()) == list(range(5))
    assert len(set(pair)) == 2
    assert set(pair) <= set(range(4))
    assert q != 0


@given(full_rank_data(), rank_deficient_data())
def test_ranks(full, deficient):
    assert rank(full.X) == full.columns
    assert rank(deficient.X) < deficient.columns


@given(two_rows_to_swap(), rows_half_alike())
def test_rows(differing, alike):
    (X, y), i, j = differing
    assert i != j
    assert (X[i] != X[j]).any()
    assert y[i] != y[j]
    (X, y), i, j = alike
    assert i != j
    assert (X[i] == X[j]).all() or y[i] == y[j]


@given(alike_columns(), unlike_targets())
def test_columns(alike, unlike):
    for (X, y), i, j, same in ((*alike, True), (*unlike[:3], False)):
        order = np.arange(len(X[0]))
        order[[i, j]] = j, i
        G, c = X.T @ X, X.T @ y
        assert rank(X) == len(order)
        assert (G[order][:, order] == G).all()
        assert (c[order] == c).all() == same
    b = unlike[3]
    assert (c[i] - c[j]) * (b[i] - b[j]) > 0


@given(repeated_columns())
def test_repeated_columns(drawn):
    (X, y), i, j, b = drawn
    assert (X[:, i] == X[:, j]).all()
    assert b[i] != b[j]
    assert (X @ b == y).all()


@given(distinct_fractions(total=1))
def test_distinct_fractions(w):
    assert len(set(w)) == len(w)
    assert sum(w) == 1
    assert all(isinstance(x, Fraction) for x in w)


def mirrored(drawn):
    (X, y), i, j = drawn
    order = np.arange(len(X[0]))
    order[[i, j]] = j, i
    rows = [(*row, t) for row, t in zip(X.tolist(), y.tolist(), strict=True)]
    return all((*np.array(row[:-1])[order].tolist(), row[-1]) in rows for row in rows)


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        (alike_columns(), lambda drawn: not mirrored(drawn)),
        (alike_columns(), mirrored),
        (rank_deficient_data(), lambda data: data.X.any() and data.rows > data.columns),
        (full_rank_data(), lambda data: data.rows == data.columns == 1),
        (full_rank_data(), lambda data: data.rows > data.columns > 1),
        (rows_half_alike(), lambda drawn: drawn[0].y[drawn[1]] != drawn[0].y[drawn[2]]),
        (rows_half_alike(), lambda drawn: (drawn[0].X[drawn[1]] != drawn[0].X[drawn[2]]).any()),
    ],
)
def test_reached(strategy, wanted):
    find(strategy, wanted, settings=settings(database=None, phases=[Phase.generate], max_examples=1000))
