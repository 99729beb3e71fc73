"""What the strategies promise of every draw, and what they must be able to draw."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from netprops.exact.programs import CompleteSeparation, Overlap, QuasiSeparation
from netprops.objects import regression
from netprops.strategies.networks import (
    any_data_for,
    convex_functions,
    correlated_data_for,
    data_sets,
    deep_networks,
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


@given(net=deep_networks((2, 3), (1, 3)), extremes=st.booleans(), data=st.data())
def test_deep_networks_and_any_data_for_them(net, extremes, data):
    assert net.depth in (2, 3)
    assert min(net.widths) >= 1
    assert max(net.widths) <= 3
    assert net.widths[-1] > 1 or not net.loss.joint
    X, Y = data.draw(any_data_for(net, rows=(1, 2), extremes=extremes))
    assert (X.shape[1], Y.shape[1]) == (net.widths[0], net.widths[-1])
    assert np.isfinite(X).all()
    assert np.isfinite(Y).all()
    if net.loss.name == "log loss of a logit":
        assert ((Y >= 0) & (Y <= 1)).all()
    if net.loss.joint:
        assert (Y >= 0).all()
        assert all(sum(map(Fraction, row)) == 1 for row in Y.tolist())


WITHOUT_SHRINKING = settings(phases=[Phase.generate], max_examples=2000)
ANY_DATA = {
    "huge inputs": ("Huber", lambda d: abs(d.X).max() >= 1e150),
    "tiny targets": ("squared", lambda d: 0 < abs(d.y).max() <= 1e-150),
    "the largest double": ("squared", lambda d: abs(d.y).max() == np.finfo(float).max),
    "tiny labels": ("log loss of a logit", lambda d: 0 < d.y.max() <= 1e-150),
    "huge beside tiny": ("squared", lambda d: abs(d.X).max() >= 1e150 and 0 < abs(d.X[d.X != 0]).min() <= 1e-150),
    "nearly a corner of the simplex": ("softmax cross-entropy", lambda d: 0 < d.y.min() <= 2.0**-53),
    "all zero": ("squared", lambda d: not d.X.any() and not d.y.any()),
    "repeated rows": ("squared", lambda d: len(d.X) > 1 and d.X.any() and (d.X[0] == d.X[1]).all()),
}


@pytest.mark.parametrize("name", ANY_DATA)
def test_any_data_include(name):
    loss_name, wanted = ANY_DATA[name]
    net = find(deep_networks((2, 2), (2, 2), losses=[loss_name]), lambda net: True)
    find(any_data_for(net, extremes=True), wanted, settings=WITHOUT_SHRINKING)
