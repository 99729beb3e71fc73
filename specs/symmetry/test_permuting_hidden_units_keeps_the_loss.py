"""Permuting the units of hidden layers, with the weights into and out of them, leaves the cost as it is.

For all parameters and all data; and in floats, where sums are taken in another order, up to rounding.
"""

import jax
import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, agree_in_floats, are_equal, claim
from netprops.objects.losses import loss
from netprops.objects.networks import Network
from netprops.strategies.networks import deep_networks
from netprops.strategies.symmetries import permutations_of

CLAIM = claim("permuting-hidden-units-keeps-the-loss", source=("D1.Q", "D1.A1", "D1.A2", "D2.A1"), verdict=HOLDS)

# Compiled once each, whatever the permutation.
ON_THE_DEVICE = (
    Network((3, 16, 1), hidden=jnp.tanh, loss=loss("log loss of a logit")),
    Network((2, 16, 4, 16, 5, 3), hidden=jax.nn.relu, loss=loss("softmax cross-entropy")),
)

# Networks, and how many rows the symbolic data have: all costs are sums over rows.
NARROW = st.tuples(deep_networks(width=(1, 4), bias=None), st.integers(1, 3))
WIDE = st.tuples(deep_networks(width=(1, 16), bias=None), st.just(1))


def cost_after(net, change):
    return lambda p, x, y: net.cost(change(p), x, y)


@CLAIM
@given(drawn=NARROW | WIDE, data=st.data())
def test_every_permutation(drawn, data):
    net, rows = drawn
    moves, on = data.draw(permutations_of(net)), net.domain(rows)
    assert are_equal(net.cost, cost_after(net, moves), on=on)
    assert agree_in_floats(net.cost, cost_after(net, moves), on=on, device=False)


@CLAIM
@given(net=st.sampled_from(ON_THE_DEVICE), data=st.data())
def test_on_the_device(net, data):
    moves = data.draw(permutations_of(net, moving=True))
    assert agree_in_floats(net.cost, cost_after(net, moves), on=net.domain(rows=3))


@CLAIM
@given(net=deep_networks(width=(2, 5), bias=None), half=st.sampled_from(("in", "out")), data=st.data())
def test_half_a_permutation(net, half, data):
    moves, on = data.draw(permutations_of(net, moving=True)), net.domain(rows=1)
    changed = cost_after(net, moves.incoming if half == "in" else moves.outgoing)
    assert not are_equal(net.cost, changed, on=on)
    assert not agree_in_floats(net.cost, changed, on=on, device=False)
