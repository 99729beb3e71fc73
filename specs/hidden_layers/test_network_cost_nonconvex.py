"""The cost of a network with hidden layers is not convex in all its weights and biases, whatever its data.

Three parameters are enough: an output weight v, the bias b of its hidden unit and the output's bias c, all other
weights being 0.  The cost is L(v f(b) + c), L convex in one variable.  At two points (v, b, c) the output is the same,
or nearly; halfway between them it is another, which costs more.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_convex, violates_jensen
from netprops.objects.network_witnesses import violating_chord
from netprops.objects.networks import scaled
from netprops.strategies.networks import any_data_for, deep_networks

CLAIM = claim("network-cost-nonconvex", source=("D1.Q", "D1.A6", "D2.A1", "D1.A3"), verdict=HOLDS)


def cost_of(net, X, Y):
    return lambda params: net.cost(params, X, Y)


@CLAIM
@given(net=deep_networks(depth=(2, 5), width=(1, 16)), data=st.data())
def test_one_family_of_chords_for_any_network_and_any_data(net, data):
    X, Y = data.draw(any_data_for(net, extremes=True))
    a, b = violating_chord(net, Y)
    assert violates_jensen(cost_of(net, X, Y), a, b)
    # From the same point to its mirror image in the last layer.
    assert not violates_jensen(cost_of(net, X, Y), a, scaled(a, -1, layers=[net.depth - 1]))


@CLAIM
@given(net=deep_networks(depth=(2, 3), width=(1, 3)), data=st.data())
def test_the_search_finds_chords_of_its_own(net, data):
    X, Y = data.draw(any_data_for(net))
    assert not is_convex(cost_of(net, X, Y), on=net.params)


@CLAIM
@given(net=deep_networks(depth=(2, 5), width=(1, 3)), rows=st.integers(1, 2))
def test_the_last_layer_alone_whatever_the_others_and_the_data(net, rows):
    _, *data = net.domain(rows)
    last = net.split(net.depth - 1)
    assert is_convex(lambda layer, q: last.cost(layer, *q), on=last.domain, for_all=(last.others, *data))


@CLAIM
@given(net=deep_networks(depth=(2, 5), width=(1, 8), losses=["softmax cross-entropy"]), rows=st.integers(1, 3))
def test_softmax_with_one_class(net, rows):
    one = net.with_widths(*net.widths[:-1], 1)
    params, *data = one.domain(rows)
    assert is_convex(lambda p, q: one.cost(p, *q), on=params, for_all=tuple(data))


@CLAIM
@given(net=deep_networks(depth=(2, 2), width=(1, 8), bias=False), rows=st.integers(1, 3))
def test_two_layers_without_biases_on_zero_inputs(net, rows):
    params, x, targets = net.domain(rows)
    assert is_convex(lambda p, Y: net.cost(p, np.zeros(x.shape), Y), on=params, for_all=targets)
