"""That no two local minima share a value is false where units can be exchanged or turned round, possible elsewhere.

Two hidden units that differ can change places; one unit alone can often be turned round, at once with its outgoing
weight (tanh, sin, sigmoid) or against a skip connection, as phi(z) - phi(-z) = z for relu, softplus, silu and gelu.
The copies are other strict minima of the same value.  One softplus and one elu unit cannot: all their minima found
differ in value.  A relu's outgoing weight is held fixed, or else the unit could be rescaled and no minimum were strict.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, are_distinct_minima, are_equal, claim, is_worse_minimum, reals
from netprops.objects.lone_units import INPUTS, TURNING, UNLIKE_PAIR_MINIMA, unlike_pair
from netprops.strategies.minima import taught_networks
from netprops.strategies.networks import whole_numbers
from netprops.strategies.symmetries import permutations_of

CLAIM = claim("no-two-minima-share-a-value", source="D1.A4", verdict=CONDITIONAL)

SIZES = st.sampled_from((-2.0, -1.0, 1.0, 2.0))


@CLAIM
@given(taught=taught_networks(units=(2, 2), hidden=(jnp.tanh, jax.nn.sigmoid)), data=st.data())
def test_units_that_change_places(taught, data):
    net, moves = taught.network, data.draw(permutations_of(taught.network, moving=True))
    assert are_distinct_minima(taught.cost, near=taught.params, other=moves(taught.params))
    assert are_equal(lambda p, x, y: net.cost(moves(p), x, y), net.cost, on=net.domain(2))


@CLAIM
@given(unit=st.sampled_from(TURNING), w=SIZES, v=SIZES, rest=st.tuples(*[whole_numbers(1)] * 3))
def test_a_unit_turned_round(unit, w, v, rest):
    taught = (w, rest[0], v, *rest[1:])[: unit.count]
    free = (lambda p: (*p[:2], v, *p[2:])) if unit.activation is jax.nn.relu else (lambda p: p)
    kept = (lambda p: (*p[:2], *p[3:])) if unit.activation is jax.nn.relu else (lambda p: p)
    cost = lambda p: unit.cost(free(p), taught, INPUTS)  # noqa: E731
    assert are_distinct_minima(cost, near=kept(taught), other=kept(unit.turned(taught)))


@CLAIM
@given(unit=st.sampled_from(TURNING))
def test_gives_the_same_outputs_for_all_parameters(unit):
    on = (reals(),) * unit.count, reals(2)
    assert are_equal(lambda p, x: unit(unit.turned(p), x), unit, on=on)
    assert not are_equal(lambda p, x: unit(unit.half_turned(p), x), unit, on=on)


@CLAIM
@given(found=st.sampled_from(UNLIKE_PAIR_MINIMA))
def test_one_softplus_and_one_elu_unit(found):
    (x, y), minima = found
    cost = lambda p: jnp.sum((unlike_pair(p, x) - y) ** 2)  # noqa: E731
    assert not are_distinct_minima(cost, near=np.array(minima[0]), other=np.array(minima[0]))
    for low, high in itertools.combinations(map(np.array, minima), 2):
        assert is_worse_minimum(cost, near=high, than=low)
        assert not is_worse_minimum(cost, near=low, than=high)
