"""The multiplication of weights is the main culprit, not the non-linear activation, nor over-parameterisation and
permutations.

Linear networks are not convex, nor is one hidden unit, which leaves nothing to permute; with one layer free and the
others frozen, linear units are convex again. But a frozen output layer, so that no weights multiply, does not help
tanh or sigmoid units: multiplication is not the only culprit.
"""

import jax
import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, claim, is_convex
from netprops.objects.networks import Network
from netprops.strategies.networks import HIDDEN, data_for, linear_networks, networks, nonzero_arrays

CLAIM = claim("multiplication-is-the-culprit", source=("D1.A6",), verdict=CONDITIONAL)


@CLAIM
@given(net=linear_networks(depth=(2, 4), width=(1, 3)), data=st.data())
def test_not_the_activation(net, data):
    X, Y = data.draw(data_for(net, nonzero=True))
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.params)


@CLAIM
@given(net=networks(depth=(2, 2), width=(1, 1), hidden=HIDDEN), data=st.data())
def test_not_permutations(net, data):
    X, Y = data.draw(data_for(net, nonzero=True))
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.params)


@CLAIM
@given(net=linear_networks(depth=(2, 4), width=(1, 3), bias=None), rows=st.integers(1, 3))
def test_without_the_product_linear_units_are_convex(net, rows):
    _, *data = net.domain(rows)
    for k in range(net.depth):
        part = net.split(k)
        rest = part.others, *data
        assert is_convex(lambda layer, q, part=part: part.cost(layer, *q), on=part.domain, for_all=rest)


@CLAIM
@given(
    widths=st.tuples(*[st.integers(1, 3)] * 3),
    hidden=st.sampled_from((jnp.tanh, jax.nn.sigmoid)),
    bias=st.booleans(),
    data=st.data(),
)
def test_without_the_product_tanh_and_sigmoid_are_not(widths, hidden, bias, data):
    net = Network(widths, hidden=hidden, bias=bias)
    X, Y = data.draw(data_for(net, nonzero=True))
    part = net.split(0)
    V = data.draw(nonzero_arrays(widths[1:])), *([data.draw(nonzero_arrays(widths[2:]))] if bias else [])
    assert not is_convex(lambda layer: part.cost(layer, (V,), X, Y), on=part.domain)
