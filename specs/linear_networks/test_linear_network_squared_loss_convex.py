"""Linear activations with squared loss yield convex optimisation: no, from two layers on.

One layer: yes. With more, the output multiplies weights, and the smallest case refutes it: (1 - w1 w2)^2 is 0 at
(1, 1) and at (-1, -1), and 1 half-way between. Nearest truth: convex in each layer, and no bad local minimum.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import REFUTED, claim, is_convex, is_higher, reals
from netprops.objects.networks import linear_network
from netprops.strategies.networks import data_for, linear_networks

CLAIM = claim("linear-network-squared-loss-convex", source=("D1.Q.c2",), verdict=REFUTED)


@CLAIM
@given(net=linear_networks(depth=(1, 1), bias=None), rows=st.integers(1, 4))
def test_one_layer(net, rows):
    params, *data = net.domain(rows)
    assert is_convex(lambda p, q: net.cost(p, *q), on=params, for_all=tuple(data))


@CLAIM
@given(net=linear_networks(depth=(2, 5), width=(1, 3), bias=None), data=st.data())
def test_two_or_more_layers(net, data):
    X, Y = data.draw(data_for(net, nonzero=True))
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.params)


@CLAIM
@given(net=linear_networks(depth=(1, 1)), data=st.data())
def test_one_layer_on_drawn_data(net, data):
    X, Y = data.draw(data_for(net))
    assert is_convex(lambda p: net.cost(p, X, Y), on=net.params)


@CLAIM
def test_the_smallest():
    net = linear_network(1, 1, 1)

    def cost(w):
        return net.cost(((w[0].reshape(1, 1),), (w[1].reshape(1, 1),)), np.ones((1, 1)), np.ones((1, 1)))

    assert not is_convex(cost, on=reals(2))
    for end in ((1, 1), (-1, -1)):
        assert is_higher(cost, at=(0, 0), than=end)
        assert not is_higher(cost, at=end, than=(0, 0))
