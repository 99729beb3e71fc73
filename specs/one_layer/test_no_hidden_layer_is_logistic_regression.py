"""A network with no hidden layer has the cost of logistic or softmax regression, and is convex.

The network's cost is written with probabilities, as the textbooks have it, the regression's with scores.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss
from sklearn.utils.extmath import softmax as library_softmax

from netprops import (
    HOLDS,
    agrees_with_library,
    are_equal,
    claim,
    is_convex,
)  # fmt: skip
from netprops.objects.data import digits, iris
from netprops.objects.losses import logsumexp_cross_entropy, softplus_log_loss
from netprops.objects.networks import Network, collapsed, identity, one_layer
from netprops.strategies.networks import data_sets, small_rank_one

CLAIM = claim("no-hidden-layer-is-logistic-regression", source=("D1.Q", "D1.A4.c1"), verdict=HOLDS)

LOGISTIC = one_layer("sigmoid + log loss")
SOFTMAX = one_layer("softmax + cross-entropy")


def regression(loss):
    """The cost of a regression with this loss of the scores."""

    def cost(params, X, y):
        ((W, b),) = params
        return jnp.sum(loss(X @ W + b[None, :], y))

    return cost


@CLAIM
@given(rows=st.integers(1, 3), inputs=st.integers(1, 3), classes=st.integers(2, 4))
def test_no_hidden_layer(rows, inputs, classes):
    for pair, outputs, loss in ((LOGISTIC, 1, softplus_log_loss), (SOFTMAX, classes, logsumexp_cross_entropy)):
        net = pair.network(inputs, outputs)
        params, *data = on = net.domain(rows)
        assert are_equal(net.cost, regression(loss), on=on)
        assert is_convex(lambda p, q, net=net: net.cost(p, *q), on=params, for_all=tuple(data))


@CLAIM
@given(rows=st.integers(1, 3), inputs=st.integers(1, 3), data=data_sets(outputs=(1, 1), targets="binary"))
def test_one_hidden_unit_added(rows, inputs, data):
    net = Network((inputs, 1, 1), hidden=jnp.tanh, output=jax.nn.sigmoid, loss=LOGISTIC.loss)
    linear = Network((inputs, 1, 1), hidden=identity, output=jax.nn.sigmoid, loss=LOGISTIC.loss)

    def of_the_product(params, X, y):
        return regression(softplus_log_loss)(collapsed(params), X, y)

    assert are_equal(linear.cost, of_the_product, on=net.domain(rows))
    assert not are_equal(net.cost, of_the_product, on=net.domain(rows))
    fitted = Network((data.columns, 1, 1), hidden=jnp.tanh, output=jax.nn.sigmoid, loss=LOGISTIC.loss)
    assert not is_convex(lambda p: fitted.cost(p, *data), on=fitted.params)


@CLAIM
@given(real=st.sampled_from((iris, digits)), data=st.data())
def test_the_loss_of_an_independent_library(real, data):
    X, y = real()
    labels = np.argmax(y, axis=1)
    net = SOFTMAX.network(X.shape[1], y.shape[1])
    W = data.draw(small_rank_one(X.shape[1], y.shape[1]))
    at = ((W, np.zeros(y.shape[1])),)

    def cost(params):
        return net.cost(params, X, y)

    probabilities = library_softmax(X @ W)
    assert agrees_with_library(cost, at, log_loss(labels, probabilities, normalize=False))
    assert not agrees_with_library(cost, at, log_loss(labels, probabilities))  # the mean instead of the sum
