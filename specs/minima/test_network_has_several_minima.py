"""A network's cost has several strict local minima, copies of one another and others; but not where units rescale.

A linear unit or a relu can be rescaled: t > 0 times its incoming weights and bias, its outgoing weights over t.  If
it has outgoing weights other than 0, other parameters as near as one likes therefore cost the same; and if it has none,
its incoming weights do not matter.  So such networks have minima, and never a strict one.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_distinct_minima, are_equal, claim, is_convex, is_positive, positive
from netprops.objects.minima import (
    BAD_UNIT,
    GOOD_UNIT,
    SIGMOID_UNIT_DATA,
    SIGMOID_UNITS,
    parallel_params,
    parallel_units,
)
from netprops.objects.networks import Network, identity, one_layer
from netprops.objects.symmetries import Rescaling
from netprops.strategies.minima import taught_networks
from netprops.strategies.networks import networks
from netprops.strategies.symmetries import permutations_of

CLAIM = claim("network-has-several-minima", source=("D1.A1", "D1.A4", "D1.Q", "D2.A1", "D1.A1.c5"), verdict=HOLDS)
RESCALED = (identity, jax.nn.relu)


@CLAIM
@given(units=st.integers(1, 3))
def test_tanh_units_on_fixed_data(units):
    """No copies of one another: they differ in value."""
    net, (X, Y) = parallel_units(units)
    good, bad = (parallel_params([unit] * units) for unit in (GOOD_UNIT, BAD_UNIT))
    assert are_distinct_minima(lambda p: net.cost(p, X, Y), near=good, other=bad)
    assert not are_distinct_minima(lambda p: net.cost(p, X, Y), near=good, other=good)


@CLAIM
def test_a_sigmoid_unit_on_fixed_data():
    net, (X, Y) = Network((1, 1, 1), hidden=jax.nn.sigmoid, bias=False), SIGMOID_UNIT_DATA
    one, other = (parallel_params([unit]) for unit in SIGMOID_UNITS)
    assert are_distinct_minima(lambda p: net.cost(p, X, Y), near=one, other=other)


@CLAIM
@given(taught=taught_networks(hidden=(jnp.tanh, jax.nn.sigmoid)), data=st.data())
def test_data_from_a_teacher(taught, data):
    moves = data.draw(permutations_of(taught.network, moving=True))
    assert are_distinct_minima(taught.cost, near=taught.params, other=moves(taught.params))


@CLAIM
@given(net=networks(depth=(2, 3), width=(1, 2), hidden=RESCALED, bias=None), rows=st.integers(1, 2), data=st.data())
def test_units_that_rescale_have_minima(net, rows, data):
    """Whatever the parameters, they are a global minimum for the data that they fit."""
    params, X, Y = net.domain(rows)
    assert are_equal(lambda p, x: net.cost(p, x, net(p, x)), lambda p, x: 0 * jnp.sum(x), on=(params, X))
    assert not are_equal(lambda p, x: net.cost(p, x, net(p, x) + 1), lambda p, x: 0 * jnp.sum(x), on=(params, X))
    assert is_positive(lambda p, q: net.cost(p, q[0], q[1]) + q[2], on=params, for_all=(X, Y, positive()))
    assert not is_positive(lambda p, q: net.cost(p, q[0], q[1]), on=params, for_all=(X, Y))


@CLAIM
@given(net=networks(depth=(2, 3), width=(1, 2), hidden=RESCALED, bias=None), rows=st.integers(1, 2), data=st.data())
def test_and_no_strict_one(net, rows, data):
    params, X, Y = net.domain(rows)
    factors = tuple(positive(n) for n in net.widths[1:-1])
    assert are_equal(
        lambda p, x, y, t: net.cost(Rescaling(t)(p), x, y),
        lambda p, x, y, t: net.cost(p, x, y),
        on=(params, X, Y, factors),
    )
    # An idle unit hands nothing on; all that comes into it is changed by any t.
    k = data.draw(st.integers(0, net.depth - 2))
    unit = np.eye(net.widths[k + 1])[data.draw(st.integers(0, net.widths[k + 1] - 1))]
    idle = lambda p: (*p[: k + 1], ((1 - unit)[:, None] * p[k + 1][0], *p[k + 1][1:]), *p[k + 2 :])  # noqa: E731

    def changed(p, x, y, t):
        into = tuple(part + more @ np.diag(unit) for part, more in zip(p[k], t, strict=True))
        return net.cost((*p[:k], into, *p[k + 1 :]), x, y)

    on = (params, X, Y, params[k])
    assert are_equal(lambda p, x, y, t: changed(idle(p), x, y, t), lambda p, x, y, t: net.cost(idle(p), x, y), on=on)
    assert not are_equal(changed, lambda p, x, y, t: net.cost(p, x, y), on=on)


@CLAIM
@given(rows=st.integers(1, 4), columns=st.integers(1, 3))
def test_logistic_regression_has_never_two_isolated_ones(rows, columns):
    """The minimisers of a convex function form a convex set."""
    net = one_layer("sigmoid + log loss, fused").network(columns, 1)
    params, X, Y = net.domain(rows)
    assert is_convex(lambda p, q: net.cost(p, *q), on=params, for_all=(X, Y))
    deep = Network((columns, 1, 1), hidden=jax.nn.sigmoid, output=net.output, loss=net.loss)
    assert not is_convex(lambda p, q: deep.cost(p, *q), on=deep.params, for_all=(X, Y))
