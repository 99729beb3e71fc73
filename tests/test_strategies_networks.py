"""What the strategies promise of every draw, and what they must be able to draw."""

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from netprops.exact.programs import CompleteSeparation, Overlap, QuasiSeparation
from netprops.objects import regression
from netprops.strategies_networks import (
    convex_functions,
    correlated_data_for,
    data_sets,
    linear_networks,
    matrices_to_swap,
    overlapping_data,
    quasi_separable_data,
    separable_data,
    targets_with_positive_sum,
    uncorrelated_data_for,
)

DEGENERATE = {
    "all zero": lambda d: not d.X.any(),
    "a zero column beside others": lambda d: d.X.any() and not d.X.any(axis=0).all(),
    "repeated rows": lambda d: len(d.X) > 1 and d.X.any() and (d.X[0] == d.X[1]).all(),
    "more columns than rows": lambda d: d.columns > d.rows,
    "rank deficient": lambda d: d.X.any() and np.linalg.matrix_rank(d.X) < min(d.X.shape),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_any_data_include_degenerate_ones(name):
    find(data_sets(), DEGENERATE[name])


@given(data=data_sets(nonzero=True))
def test_nonzero_inputs(data):
    assert data.X.any()


@given(data=separable_data() | separable_data(collinear=True))
def test_separable_data(data):
    assert isinstance(regression.separation(data), CompleteSeparation)


@given(data=quasi_separable_data())
def test_quasi_separable_data(data):
    assert isinstance(regression.separation(data), QuasiSeparation)


@given(full=st.booleans(), data=st.data())
def test_overlapping_data(full, data):
    drawn = data.draw(overlapping_data(full_rank=full))
    found = regression.separation(drawn)
    assert isinstance(found, Overlap)
    assert (found.rank == drawn.columns + 1) == full


@given(net=linear_networks(depth=(2, 4)), data=st.data())
def test_correlated_and_uncorrelated_data(net, data):
    X, Y = data.draw(correlated_data_for(net))
    assert (X.T @ Y).any()
    X, Y = data.draw(uncorrelated_data_for(net))
    assert not (X.T @ Y).any()


@given(data=targets_with_positive_sum())
def test_targets_with_positive_sum(data):
    assert data.y[(data.X[0] == data.X).all(axis=1)].sum() > 0


@given(equal=st.booleans(), data=st.data())
def test_matrices_to_swap(equal, data):
    W, i, j = data.draw(matrices_to_swap(equal=equal))
    assert i != j
    assert (W[i] == W[j]).all() == equal


@given(g=convex_functions())
def test_convex_functions_are_not_constant(g):
    values = [float(g(np.float64(t))) for t in (-20.0, -1.0, 0.0, 1.0, 20.0)]
    assert len(set(values)) > 1
