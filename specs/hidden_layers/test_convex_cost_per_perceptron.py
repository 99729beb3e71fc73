"""The log loss is convex for a single perceptron; in a network only the output units keep that.

In the output unit's own weights and bias, all else fixed, the cost is convex. In those of a hidden sigmoid unit it is
not, on no data: it is a convex function of the unit's value, but that value is bounded.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import REFUTED, claim, is_convex, is_higher, reals, violates_jensen
from netprops.objects.bounded_units import saturated_ends
from netprops.strategies.networks import any_data_for, deep_networks, nonzero_arrays, parameters

CLAIM = claim("convex-cost-per-perceptron", source=("D2.Q",), verdict=REFUTED)

PERCEPTRONS = deep_networks(depth=(2, 4), width=(1, 3), hidden=(jax.nn.sigmoid,), losses=("log loss of a logit",))


def own(net, layer, unit):
    """The cost as a function of one unit's incoming weights and bias, given all parameters and data; its domain."""

    def cost(mine, params, x, y):
        W, b = map(jnp.asarray, params[layer])
        w, bias = mine
        changed = W.at[:, unit].set(w), b.at[unit].set(bias)
        return net.cost((*params[:layer], changed, *params[layer + 1 :]), x, y)

    return cost, (reals(net.widths[layer]), reals())


@CLAIM
@given(net=PERCEPTRONS, data=st.data(), rows=st.integers(1, 3))
def test_an_output_unit(net, data, rows):
    cost, mine = own(net, net.depth - 1, data.draw(st.integers(0, net.widths[-1] - 1)))
    assert is_convex(lambda p, q: cost(p, *q), on=mine, for_all=net.domain(rows))


@CLAIM
@given(net=PERCEPTRONS, data=st.data(), extremes=st.booleans())
def test_a_hidden_unit(net, data, extremes):
    X, Y = data.draw(any_data_for(net, extremes=extremes))
    params = data.draw(parameters(net.params))
    unit, v = data.draw(st.integers(0, net.widths[-2] - 1)), data.draw(nonzero_arrays(net.widths[-1]))
    params[-1][0][unit] = v
    last, _ = own(net, net.depth - 1, 0)
    hidden, mine = own(net, net.depth - 2, unit)

    def cost(p):
        return hidden(p, params, X, Y)

    def at(bias):
        return np.zeros(mine[0].shape), bias

    right, left = map(at, saturated_ends(v))
    higher = right if is_higher(cost, at=right, than=left) else left
    assert is_higher(cost, at=higher, than=at(0))
    assert not is_higher(cost, at=at(0), than=higher)
    assert violates_jensen(cost, at(0), higher)
    assert not violates_jensen(lambda p: last(p, params, X, Y), *((np.zeros(len(params[-1][0])), c) for c in (0, 8)))
    if not extremes:  # the search is for doubles
        assert not is_convex(cost, on=mine)
