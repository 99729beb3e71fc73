"""The linear network with squared loss is convex in each layer's weights, the others fixed, but not in all of them
jointly.

In one layer the output is linear. In two of them, j < k, it is X B W_j M W_k C: not convex together exactly when none
of XB, M, C is zero, and constant in the pair otherwise. So no set of two or more layers is, in general, convex.
"""

from functools import reduce

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_convex
from netprops.objects.networks import Network
from netprops.strategies.networks import data_for, frozen_layers, layers_of, linear_networks, nonzero_arrays

CLAIM = claim("linear-network-convex-per-layer", source=("D1.A6",), verdict=HOLDS)


@CLAIM
@given(net=linear_networks(depth=(2, 5), width=(1, 3)), data=st.data())
def test_one_layer_for_all_values_of_the_others(net, data):
    X, Y = data.draw(data_for(net))
    for k in range(net.depth):
        part = net.split(k)
        assert is_convex(lambda W, others, part=part: part.cost(W, others, X, Y), on=part.domain, for_all=part.others)


def product(matrices, start):
    return reduce(np.matmul, matrices, start)


@CLAIM
@given(net=linear_networks(depth=(2, 5), width=(1, 3)), data=st.data())
def test_two_layers(net, data):
    X, Y = data.draw(data_for(net))
    j, k = data.draw(layers_of(net, 2))
    part = net.split(j, k)
    others = data.draw(frozen_layers(part))
    matrices = [W for (W,) in others]
    XB = product(matrices[:j], X)
    M = product(matrices[j : k - 1], np.eye(net.widths[j + 1]))
    C = product(matrices[k - 1 :], np.eye(net.widths[k + 1]))
    assert bool(is_convex(lambda pair: part.cost(pair, others, X, Y), on=part.domain)) == (
        not XB.any() or not M.any() or not C.any()
    )


@CLAIM
@given(net=linear_networks(depth=(2, 5), width=(1, 3)), data=st.data())
def test_any_set_of_layers(net, data):
    X, Y = data.draw(data_for(net, nonzero=True))
    part = net.split(*data.draw(layers_of(net, data.draw(st.integers(2, net.depth)))))
    # Positive entries have no product that vanishes.
    others = data.draw(frozen_layers(part, generic=True))
    assert not is_convex(lambda p: part.cost(p, others, np.abs(X), Y), on=part.domain)


@CLAIM
@given(widths=st.tuples(*[st.integers(1, 3)] * 3), data=st.data())
def test_a_tanh_network_in_its_first_layer(widths, data):
    net = Network(widths, hidden=jnp.tanh, bias=False)
    X, Y = data.draw(data_for(net, nonzero=True))
    part, V = net.split(0), data.draw(nonzero_arrays(widths[1:]))
    assert not is_convex(lambda p: part.cost(p, ((V,),), X, Y), on=part.domain)
