"""With non-linear activations such as the sigmoid the optimisation becomes non-convex: it may, and need not.

Let one hidden layer be free and all others frozen, the weights from it to the output not all zero. With tanh or sigmoid
units the squared loss is bounded in (W, b) and not constant, so it is not convex. With relu or softplus units it is,
if the output weights are nonnegative and the loss does not fall where the output lives.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, claim, is_convex, nonnegative, reals, violates_jensen
from netprops.objects.bounded_units import concave_stretch
from netprops.objects.losses import loss, nonpositive
from netprops.objects.networks import Network, one_layer
from netprops.strategies.networks import (
    any_data_for,
    arrays,
    deep_networks,
    dyadics,
    frozen_layers,
    networks,
    nonzero_arrays,
    parameters,
)  # fmt: skip

CLAIM = claim("nonlinear-activation-nonconvex", source=("D1.Q.c2",), verdict=CONDITIONAL)

BOUNDED = jnp.tanh, jax.nn.sigmoid
RISING = jax.nn.relu, jax.nn.softplus


@CLAIM
@given(net=deep_networks(width=(1, 3), hidden=BOUNDED, losses=("squared",)), data=st.data())
def test_bounded_units_on_any_data(net, data):
    X, Y = data.draw(any_data_for(net, extremes=True))
    part = net.split(net.depth - 2)
    V, c = data.draw(nonzero_arrays(net.widths[-2:])), data.draw(arrays(net.widths[-1]))
    frozen = *data.draw(parameters(part.others[:-1])), (V, c)
    assert violates_jensen(lambda layer: part.cost(layer, frozen, X, Y), *concave_stretch(net, V, c, Y))


@CLAIM
@given(net=deep_networks(width=(1, 3), hidden=BOUNDED, losses=("squared",)), data=st.data())
def test_bounded_units_in_every_hidden_layer(net, data):
    X, Y = data.draw(any_data_for(net))
    part = net.split(data.draw(st.integers(0, net.depth - 2)))
    frozen = data.draw(frozen_layers(part, generic=True))
    assert not is_convex(lambda layer: part.cost(layer, frozen, X, Y), on=part.domain)


@CLAIM
@given(rows=st.integers(1, 3), inputs=st.integers(1, 3), outputs=st.integers(1, 3))
def test_the_sigmoid_of_one_layer_under_its_own_log_loss(rows, inputs, outputs):
    net = one_layer("sigmoid + log loss").network(inputs, outputs)
    params, *data = net.domain(rows)
    assert is_convex(lambda p, q: net.cost(p, *q), on=params, for_all=tuple(data))


@CLAIM
@given(net=networks(depth=(2, 4), width=(1, 3), hidden=RISING), rows=st.integers(1, 3))
def test_rising_units_under_a_loss_that_does_not_fall(net, rows):
    _, X, Y = net.domain(rows)
    part = net.split(net.depth - 2)
    earlier, V, c = part.others[:-1], nonnegative(net.widths[-2:]), net.widths[-1]

    squared = earlier, V, nonnegative(c), X, nonpositive(Y.shape)
    assert is_convex(lambda layer, q: part.cost(layer, (*q[0], q[1:3]), *q[3:]), on=part.domain, for_all=squared)

    logistic = Network(net.widths, net.hidden, loss=loss("log loss of a logit")).split(net.depth - 2)
    rest = earlier, V, reals(c), X
    zeros = jnp.zeros(Y.shape)
    assert is_convex(lambda layer, q: logistic.cost(layer, (*q[0], q[1:3]), q[3], zeros), part.domain, for_all=rest)


@CLAIM
@given(net=networks(depth=(2, 2), width=(1, 3), hidden=RISING), data=st.data())
def test_rising_units_when_all_targets_are_positive(net, data):
    X, Y = data.draw(any_data_for(net))
    part = net.split(0)
    V, Y = data.draw(arrays(net.widths[-2:], dyadics(1 / 4, 4))), np.abs(Y) + 0.25
    frozen = ((V, np.zeros(net.widths[-1])),)
    assert not is_convex(lambda layer: part.cost(layer, frozen, X, Y), on=part.domain)


def softplus_unit(v, targets, of="squared"):
    """The cost of v softplus(w x + b) at the input x = 1, once for each target, as a function of (w, b)."""
    net = Network((1, 1, 1), jax.nn.softplus, loss=loss(of))
    y = np.array([targets], dtype=float).T
    frozen = ((np.array([[v]]), np.zeros(1)),)
    part = net.split(0)
    return lambda layer: part.cost(layer, frozen, np.ones_like(y), y), part.domain


@CLAIM
def test_one_softplus_unit():
    assert is_convex(*softplus_unit(1.0, [0]))
    assert not is_convex(*softplus_unit(-1.0, [-1]))
    assert not is_convex(*softplus_unit(-1.0, [0], of="log loss of a logit"))
    assert not is_convex(*softplus_unit(1.0, [1]))
    assert is_convex(*softplus_unit(1.0, [1, -3]))  # a single positive target need not break it
    (cost, _), ends = softplus_unit(1.0, [0]), [((np.zeros((1, 1)), np.array([b])),) for b in (2.0, 6.0)]
    assert not violates_jensen(cost, *ends)
