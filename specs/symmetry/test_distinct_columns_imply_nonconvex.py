"""Different columns in every weight matrix at convergence do not make the cost non-convex.

One layer, or a linear hidden layer under frozen output weights, can have a minimiser with different columns, and its
cost is convex. With two trained layers it is not, but with equal columns neither. What does show it: that parameters
cost less than the mean of the copies which permutations of the hidden units make of them.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, claim, is_convex, is_critical, is_higher, reals
from netprops.objects.equal_units import mean_of_copies
from netprops.strategies.networks import any_data_for, linear_networks, parameters
from netprops.strategies.symmetries import fitted_better_than_one_unit

CLAIM = claim("distinct-columns-imply-nonconvex", source=("D1.A2.c4",), verdict=CONDITIONAL)


@st.composite
def fitted(draw, net, *, equal=False):
    """Inputs, parameters, and targets that these fit exactly; the columns of each matrix differ, or are all equal."""
    X, params = draw(any_data_for(net)).X, draw(parameters(net.params))
    for W, _ in params:
        if equal:
            W[:] = W[:, :1]
        else:
            W[0] = W[0, 0] + np.arange(W.shape[1])
    return X, params, exact_outputs(params, X)


def exact_outputs(params, h):
    """Of linear units: whole numbers and quarters, of which doubles lose nothing."""
    for W, b in params:
        h = h @ W + b
    return h


def beside(params):
    """The parameters with the output bias moved."""
    *before, (W, c) = params
    return (*before, (W, c + 1))


@CLAIM
def test_two_weights():
    def cost(w):
        return (w[0] + 2 * w[1] - 1) ** 2

    assert is_convex(cost, on=reals(2))
    assert is_critical(cost, at=[1, 0])
    assert not is_critical(cost, at=[0, 0])


@CLAIM
@given(net=linear_networks(depth=(1, 1), width=(2, 3), bias=True), data=st.data())
def test_one_layer(net, data):
    X, p, Y = data.draw(fitted(net))

    def cost(p):
        return net.cost(p, X, Y)

    assert is_convex(cost, on=net.params)
    assert is_critical(cost, at=p)
    assert not is_critical(cost, at=beside(p))


@CLAIM
@given(net=linear_networks(depth=(2, 2), width=(2, 3), bias=True), data=st.data())
def test_a_linear_hidden_layer_under_unequal_output_weights(net, data):
    X, (p, (V, c)), _ = data.draw(fitted(net))
    V[:, 0] = V[0, 0] + np.arange(len(V))
    frozen = V, c
    Y = exact_outputs((p, frozen), X)
    part = net.split(0)

    def cost(layer):
        return part.cost(layer, (frozen,), X, Y)

    assert is_convex(cost, on=part.domain)
    assert is_critical(cost, at=(p,))


@CLAIM
@given(net=linear_networks(depth=(2, 2), width=(1, 3), bias=True), equal=st.booleans(), data=st.data())
def test_both_layers_whatever_the_columns(net, equal, data):
    X, p, Y = data.draw(fitted(net, equal=equal))

    def cost(p):
        return net.cost(p, X, Y)

    assert is_critical(cost, at=p)
    assert not is_convex(cost, on=net.params)


@CLAIM
@given(better=fitted_better_than_one_unit())
def test_better_than_the_mean_of_the_copies(better):
    net, p = better.network, better.params

    def cost(p):
        return net.cost(p, *better.data)

    assert is_higher(cost, at=mean_of_copies(p), than=p)
    assert not is_higher(cost, at=p, than=mean_of_copies(p))
    assert not is_convex(cost, on=net.params)
