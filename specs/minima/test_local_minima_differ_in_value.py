"""The local minima of one network on one data set need not share one value: strict ones, enclosed, of values apart.

Copies of one minimum, on the other hand, share theirs.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_distinct_minima, are_equal, claim, is_worse_minimum, reals
from netprops.objects.minima import (
    BAD_UNIT,
    GOOD_UNIT,
    SIGMOID_UNIT_DATA,
    SIGMOID_UNITS,
    parallel_params,
    parallel_units,
)
from netprops.objects.networks import Network
from netprops.objects.small_networks import WORSE_AND_BETTER, decayed_cost

CLAIM = claim("local-minima-differ-in-value", source=("D1.A3", "D1.A4", "D1.Q"), verdict=HOLDS)

SIGMOID = Network((1, 1, 1), hidden=jax.nn.sigmoid, bias=False)


@CLAIM
@given(units=st.integers(1, 3))
def test_tanh_units(units):
    net, (X, Y) = parallel_units(units)
    bad, good = (parallel_params([unit] * units) for unit in (BAD_UNIT, GOOD_UNIT))
    assert is_worse_minimum(lambda p: net.cost(p, X, Y), near=bad, than=good)
    assert not is_worse_minimum(lambda p: net.cost(p, X, Y), near=good, than=bad)


@CLAIM
def test_a_sigmoid_unit():
    better, worse = (parallel_params([unit]) for unit in SIGMOID_UNITS)
    cost = lambda p: SIGMOID.cost(p, *SIGMOID_UNIT_DATA)  # noqa: E731
    assert is_worse_minimum(cost, near=worse, than=better)
    w, v = jnp.linspace(-3, 3, 41), jnp.linspace(-4, 5, 41)
    surface = jax.vmap(lambda v: jax.vmap(lambda w: cost(((w[None, None],), (v[None, None],))))(w))(v)
    CLAIM.surface("A sigmoid unit", w, v, surface, axes=("incoming weight", "outgoing weight", "squared error"))


@CLAIM
@given(units=st.sampled_from(sorted(WORSE_AND_BETTER)))
def test_with_biases_and_weight_decay(units):
    worse, better = map(np.array, WORSE_AND_BETTER[units])
    assert is_worse_minimum(decayed_cost, near=worse, than=better)
    assert not is_worse_minimum(decayed_cost, near=better, than=worse)


@CLAIM
@given(order=st.permutations((0, 1)), signs=st.tuples(*[st.sampled_from((1.0, -1.0))] * 2))
def test_copies_share_their_value(order, signs):
    """Neither the order of two tanh units nor the signs of one's weights matter: a worse minimum has 8 copies."""
    factors = np.array(signs)[:, None]
    moved = lambda p: p[np.array(order)] * factors  # noqa: E731
    incoming = lambda p: jnp.concatenate([-p[::-1, :2], p[:, 2:]], axis=1)  # noqa: E731
    assert are_equal(lambda p: decayed_cost(moved(p)), decayed_cost, on=reals((2, 3)))
    assert not are_equal(lambda p: decayed_cost(incoming(p)), decayed_cost, on=reals((2, 3)))
    worse = np.array(WORSE_AND_BETTER[2][0])
    assert are_distinct_minima(decayed_cost, near=moved(worse), other=-moved(worse))
    assert are_distinct_minima(decayed_cost, near=moved(worse), other=moved(worse)[::-1])
    assert not are_distinct_minima(decayed_cost, near=moved(worse), other=moved(worse))
