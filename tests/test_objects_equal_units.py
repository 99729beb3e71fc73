"""The mean over all permutations, against all permutations; outputs that rise and fall again, against the formula."""

import itertools
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops.objects.equal_units import MONOTONE_AND_BENT, even_pair, mean_of_copies
from netprops.objects.networks import Network
from netprops.strategies.networks import parameters
from netprops.strategies.symmetries import fitted_better_than_one_unit


@given(widths=st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 2)), data=st.data())
def test_the_mean_is_that_of_all_copies(widths, data):
    (W, b), (V, c) = params = data.draw(parameters(Network(widths).params))
    (mean_W, mean_b), (mean_V, mean_c) = mean_of_copies(params)
    orders = list(itertools.permutations(range(widths[1])))
    n = Fraction(len(orders))
    exact = np.vectorize(Fraction, otypes=[object])
    assert (mean_W == sum(exact(W[:, order]) for order in map(list, orders)) / n).all()
    assert (mean_b == sum(exact(b[list(order)]) for order in orders) / n).all()
    assert (mean_V == sum(exact(V[list(order)]) for order in orders) / n).all()
    assert mean_c is c


@given(fitted=fitted_better_than_one_unit())
def test_no_network_with_equal_units_comes_near_what_was_fitted(fitted):
    X, Y = fitted.data
    net = fitted.network
    left, middle, right = sorted(X[:3, 0])
    assert middle - left == right - middle > 0
    np.testing.assert_allclose(net.cost(fitted.params, X, Y), 0, atol=1e-20)
    first, peak, last = (float(Y[X[:, 0] == x][0, 0]) for x in (left, middle, right))
    np.testing.assert_allclose(first, last, atol=1e-12)
    floor = (peak - first) ** 2 / 2  # of monotone outputs
    assert floor > 1e-6
    rng = np.random.default_rng(0)
    for w, b, v, c in rng.normal(size=(200, 4)) * 3:
        outputs = net.widths[1] * v * np.asarray(net.hidden(jnp.asarray(w * X[:3, 0] + b))) + c
        assert np.all(np.diff(outputs[np.argsort(X[:3, 0])]) >= 0) or np.all(
            np.diff(outputs[np.argsort(X[:3, 0])]) <= 0
        )
        assert np.sum((outputs - Y[:3, 0]) ** 2) >= floor * (1 - 1e-9)


@pytest.mark.parametrize("hidden", MONOTONE_AND_BENT)
def test_the_pair_is_even_and_bends(hidden):
    net = Network((1, 3, 1), hidden=hidden)
    params = even_pair(net, center=1.5, spacing=0.5, height=-2.0, level=3.0)
    u = np.linspace(-2, 2, 9)
    outputs = np.asarray(net(params, (1.5 + 0.5 * u)[:, None]))[:, 0]
    s = [np.asarray(hidden(jnp.asarray(1 + sign * 2 * u))) for sign in (1, -1)]
    np.testing.assert_allclose(outputs, 3 - 2 * (s[0] + s[1]) + 0 * u, atol=1e-12)
    assert abs(outputs[4] - outputs[2]) > 0.1  # u = 0 and u = -1


@pytest.mark.parametrize(
    ("net", "height"),
    [
        (Network((1, 1, 1)), 1.0),
        (Network((2, 2, 1)), 1.0),
        (Network((1, 2, 2)), 1.0),
        (Network((1, 2, 1), hidden=jnp.sin), 1.0),
        (Network((1, 2, 1), hidden=jax.nn.relu), 0.0),
    ],
)
def test_what_has_no_such_pair(net, height):
    with pytest.raises(ValueError, match=r"needed|bends"):
        even_pair(net, 0.0, 1.0, height, 0.0)
