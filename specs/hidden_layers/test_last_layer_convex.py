"""With every other layer fixed, the cost is convex in the last layer: of the others it sees what it sees of data.

Whatever the activation, the last layer's inputs are numbers that do not depend on its own weights, so the cost in these
is that of a single layer.  The first layer has no such comfort.
"""

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_convex, reals
from netprops.objects.activations import opaque
from netprops.objects.networks import ACTIVATIONS, ONE_LAYER
from netprops.strategies.networks import any_data_for, architectures, deep_networks, frozen_layers

CLAIM = claim("last-layer-convex", source=("D1.A6", "D2.A1", "D1.Q"), verdict=HOLDS)

# Activation of the outputs and loss, convex in the pre-activation for all targets: labels of the log losses may be any
# real numbers, not only those between 0 and 1.
CONVEX = [pair for pair in ONE_LAYER if pair.convex]


def last_layer(net, targets, rows):
    """The cost as a function of the last layer; its domain; and that of all the rest."""
    part = net.split(net.depth - 1)
    rest = part.others, reals((rows, net.widths[0])), targets((rows, net.widths[-1]))
    return lambda layer, q: part.cost(layer, *q), part.domain, rest


@CLAIM
@given(
    widths=architectures(depth=(2, 5), width=(1, 3)),
    hidden=st.sampled_from(ACTIVATIONS),
    pair=st.sampled_from(CONVEX),
    rows=st.integers(1, 3),
)
def test_the_last_layer_of_any_network(widths, hidden, pair, rows):
    cost, layer, rest = last_layer(pair.network(*widths, hidden=hidden), pair.targets, rows)
    assert is_convex(cost, on=layer, for_all=rest)


@CLAIM
@given(pair=st.sampled_from(CONVEX), widths=architectures(depth=(2, 5), width=(1, 3)), rows=st.integers(1, 3))
def test_whatever_the_activation(pair, widths, rows):
    cost, layer, rest = last_layer(pair.network(*widths, hidden=opaque("any")), pair.targets, rows)
    assert is_convex(cost, on=layer, for_all=rest)


@CLAIM
@given(net=deep_networks(width=(1, 3), hidden=(jnp.tanh,), losses=("squared",)), data=st.data())
def test_not_the_first_layer_of_a_tanh_network(net, data):
    X, Y = data.draw(any_data_for(net))
    part = net.split(0)
    later = data.draw(frozen_layers(part, generic=True))
    assert not is_convex(lambda layer: part.cost(layer, later, X, Y), on=part.domain)
