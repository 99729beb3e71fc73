"""The last layer's gradient identity against plain linear algebra in NumPy."""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops.objects.last_layer import features, gram_determinant, recovered, residual, squared_error
from netprops.objects.networks import Network
from netprops.strategies.networks import arrays


@given(rows=st.integers(1, 3), units=st.integers(1, 4), data=st.data())
def test_recovered(rows, units, data):
    H, R = data.draw(arrays((rows, units))), data.draw(arrays((rows, 2)))
    left, factor = recovered(H, H.T @ R), gram_determinant(H)
    np.testing.assert_allclose(left, factor * R, atol=1e-9)
    assert (factor != 0) == (np.linalg.matrix_rank(H) == rows)  # quarters: exact


def test_features_and_residuals():
    net = Network((2, 3, 1), hidden=jnp.tanh)
    rng = np.random.default_rng(0)
    params = tuple((rng.normal(size=W.shape), rng.normal(size=b.shape)) for W, b in net.params)
    X, Y = rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    (W, b), (V, c) = params
    np.testing.assert_allclose(features(net, params[:-1], X), np.tanh(X @ W + b))
    np.testing.assert_allclose(residual(V, np.tanh(X @ W + b), Y - c), net(params, X) - Y)
    np.testing.assert_allclose(squared_error(V, np.tanh(X @ W + b), Y - c), net.cost(params, X, Y))
