"""A network's cost is not convex unless it has one layer only.

With a hidden layer, all layers trained, it never is, whatever the data. With one layer it is, for a loss convex in the
pre-activation; one layer alone is not enough, see the claim that one layer need not be softmax.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_convex, reals, violates_jensen
from netprops.objects.network_witnesses import violating_chord
from netprops.objects.networks import ONE_LAYER, scaled
from netprops.strategies.networks import any_data_for, deep_networks

CLAIM = claim("convex-only-with-one-layer", source=("D1.A4", "D2.A1"), verdict=HOLDS)

CONVEX = [pair for pair in ONE_LAYER if pair.convex]


def without_hidden_layers(net):
    return net.with_widths(net.widths[0], net.widths[-1])


@CLAIM
@given(net=deep_networks(depth=(2, 5), width=(1, 16)), data=st.data())
def test_a_chord_violated_with_hidden_layers_and_kept_without(net, data):
    X, Y = data.draw(any_data_for(net, extremes=True))
    a, b = violating_chord(net, Y)
    assert violates_jensen(lambda p: net.cost(p, X, Y), a, b)
    one = without_hidden_layers(net)
    levels = ((np.zeros(one.widths), a[-1][1]),)
    assert not violates_jensen(lambda p: one.cost(p, X, Y), levels, scaled(levels, -1))


@CLAIM
@given(pair=st.sampled_from(CONVEX), rows=st.integers(1, 3), inputs=st.integers(1, 4), outputs=st.integers(1, 4))
def test_one_layer_for_all_data(pair, rows, inputs, outputs):
    net = pair.network(inputs, outputs)
    data = reals((rows, inputs)), pair.targets((rows, net.widths[-1]))
    assert is_convex(lambda p, q: net.cost(p, *q), on=net.params, for_all=data)


@CLAIM
@given(net=deep_networks(depth=(2, 3), width=(1, 2)), data=st.data())
def test_the_same_cost_with_one_layer_and_with_all(net, data):
    X, Y = data.draw(any_data_for(net))
    for one in (net, without_hidden_layers(net)):
        assert bool(is_convex(lambda p, one=one: one.cost(p, X, Y), on=one.params)) == (one.depth == 1)
