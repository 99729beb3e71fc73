"""The cost of a network with hidden layers is neither convex nor concave: at one point its Hessian is indefinite.

Let v be an output weight, b its hidden unit's bias and all other weights 0: the cost is L(v f(b) + c).  In (v, b), at
v = 0, its Hessian has the entry 0 for b twice and L'(c) f'(b) beside the diagonal: indefinite where that is not 0.
"""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, has_curvature, is_convex
from netprops.objects.network_witnesses import indefinite_point, rising_level
from netprops.strategies.networks import any_data_for, deep_networks, nonzero_arrays

CLAIM = claim("network-neither-convex-nor-concave", source=("D1.A1",), verdict=HOLDS)


@CLAIM
@given(net=deep_networks(depth=(2, 5), width=(1, 16)), data=st.data())
def test_curved_up_and_down_at_one_point(net, data):
    X, Y = data.draw(any_data_for(net, extremes=True))
    point, up, down = indefinite_point(net, Y)
    assert has_curvature(lambda p: net.cost(p, X, Y), at=point, along=up, sign=1)
    assert has_curvature(lambda p: net.cost(p, X, Y), at=point, along=down, sign=-1)


def single_layer(net):
    return net.with_widths(net.widths[0], net.widths[-1])


@CLAIM
@given(net=deep_networks(depth=(2, 2), width=(1, 8)).map(single_layer), data=st.data())
def test_a_single_layer_is_not_curved_down(net, data):
    X, Y = data.draw(any_data_for(net, extremes=True))
    inputs, outputs = net.widths
    bias, along = np.full(outputs, -Fraction(rising_level(net, Y))), np.zeros((inputs + 1, outputs))
    bias[0], along[:, 0] = -bias[0], data.draw(nonzero_arrays(inputs + 1))
    point, direction = ((np.zeros(net.widths), bias),), ((along[:-1], along[-1]),)
    assert not has_curvature(lambda p: net.cost(p, X, Y), at=point, along=direction, sign=-1)


@CLAIM
@given(net=deep_networks(depth=(2, 3), width=(1, 2)), rows=st.integers(1, 3), data=st.data())
def test_it_is_convex_at_once_where_the_network_is_not(net, rows, data):
    one = single_layer(net)
    params, *of_one = one.domain(rows)
    assert is_convex(lambda p, q: one.cost(p, *q), on=params, for_all=tuple(of_one))
    X, Y = data.draw(any_data_for(net))
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.params)
