"""Swapping two hidden units changes nothing exactly when their weights in and out and their biases are equal.

For units i and j with numbers u_i and u_j (incoming weights, bias, outgoing weights) the swap adds u_j - u_i to unit i
and u_i - u_j to unit j, and nothing to the others: it is 0 exactly when u_i = u_j.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim
from netprops.objects.symmetries import swap
from netprops.strategies.networks import deep_networks
from netprops.strategies.symmetries import pairs_of_units

CLAIM = claim("equal-units-break-the-argument", source=("D1.A2.c3",), verdict=HOLDS)


def with_unit(params, layer, i, into, out):
    """The parameters with unit i of a hidden layer given its incoming weights and bias, and its outgoing weights."""
    layers = list(params)
    layers[layer] = tuple(jnp.asarray(part).at[..., i].set(u) for part, u in zip(layers[layer], into, strict=True))
    W, *bias = layers[layer + 1]
    layers[layer + 1] = (jnp.asarray(W).at[i].set(out), *bias)
    return tuple(layers)


def unit(params, layer, i):
    return tuple(part[..., i] for part in params[layer]), params[layer + 1][0][i]


def made_equal(params, layer, i, j):
    return with_unit(params, layer, j, *unit(params, layer, i))


@CLAIM
@given(net=deep_networks(width=(2, 4), bias=None), data=st.data())
def test_equal_units(net, data):
    layer, i, j = data.draw(pairs_of_units(net))
    swapped = swap(net, layer, i, j)
    assert are_equal(
        lambda p: swapped(made_equal(p, layer, i, j)), lambda p: made_equal(p, layer, i, j), on=(net.params,)
    )


@CLAIM
@given(net=deep_networks(width=(2, 4), bias=None), data=st.data())
def test_only_equal_units(net, data):
    layer, i, j = data.draw(pairs_of_units(net))
    swapped = swap(net, layer, i, j)

    def change(p):
        return jax.tree.map(lambda a, b: a - b, swapped(p), p)

    def apart(p):
        (into, out), (other_into, other_out) = unit(p, layer, i), unit(p, layer, j)
        by, out_by = tuple(b - a for a, b in zip(into, other_into, strict=True)), other_out - out
        nothing = jax.tree.map(lambda part: 0 * part, p)
        there = with_unit(nothing, layer, i, by, out_by)
        return with_unit(there, layer, j, tuple(-x for x in by), -out_by)

    assert are_equal(change, apart, on=(net.params,))


@CLAIM
@given(net=deep_networks(width=(2, 4), bias=None), data=st.data())
def test_one_outgoing_weight_changed(net, data):
    layer, i, j = data.draw(pairs_of_units(net))
    swapped, last = swap(net, layer, i, j), np.eye(net.widths[layer + 2])[-1]

    def nearly_equal(p):
        into, out = unit(p, layer, i)
        return with_unit(p, layer, j, into, out + last)

    assert not are_equal(lambda p: swapped(nearly_equal(p)), nearly_equal, on=(net.params,))
