"""If the global minimum is not the only one, something can be said about how local minima are related.

Symmetry relates them: a minimum's copies under exchanged or turned units have its value. And those of a linear network
all have one value. What remains true is that a tanh network may also have minima in two orbits, of different values.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    REFUTED,
    are_distinct_minima,
    are_equal,
    claim,
    has_curvature,
    is_critical,
    is_gradient_of,
    is_worse_minimum,
    no_worse_minimum,
    reals,
)
from netprops.objects import autoencoder
from netprops.objects.networks import identity
from netprops.objects.regression import reduced_rank_value
from netprops.objects.small_networks import WORSE_AND_BETTER, decayed_cost
from netprops.strategies.minima import critical_autoencoders
from netprops.strategies.networks import data_for, deep_networks, linear_networks, nonzero_arrays
from netprops.strategies.symmetries import permutations_of, unit_moves_of

CLAIM = claim("nothing-relates-the-local-minima", source=("D1.A5",), verdict=REFUTED)

COPIES = list(itertools.product(itertools.permutations((0, 1)), itertools.product((1.0, -1.0), repeat=2)))  # 8


def copy(p, order, signs):
    """Two tanh units in another order, some of them turned round: all three weights of each with the other sign."""
    return p[np.array(order)] * np.array(signs)[:, None]


@CLAIM
@given(net=deep_networks(depth=(2, 4), width=(1, 3), bias=None), rows=st.integers(1, 2), data=st.data())
def test_all_copies_have_one_value(net, rows, data):
    moves = data.draw(permutations_of(net))
    assert are_equal(net.cost, lambda p, x, y: net.cost(moves(p), x, y), on=net.domain(rows))


@CLAIM
@given(net=deep_networks(depth=(2, 4), width=(1, 3), hidden=(jnp.tanh, identity, jnp.sin)), data=st.data())
def test_also_those_with_turned_units(net, data):
    moves = data.draw(unit_moves_of(net))
    assert are_equal(net.cost, lambda p, x, y: net.cost(moves(p), x, y), on=net.domain(1))


@CLAIM
@given(net=deep_networks(depth=(2, 4), width=(2, 3), bias=None), data=st.data())
def test_a_unit_moved_by_half_is_no_copy(net, data):
    moves = data.draw(permutations_of(net, moving=True))
    assert not are_equal(net.cost, lambda p, x, y: net.cost(moves.incoming(p), x, y), on=net.domain(1))


@CLAIM
@pytest.mark.parametrize(("order", "signs"), COPIES)
def test_two_orbits_of_minima_with_two_values(order, signs):
    """Two tanh units on five points with weight decay; a copy's value is the minimum's, so the orbits are two."""
    worse, better = map(np.array, WORSE_AND_BETTER[2])
    assert are_equal(lambda p: decayed_cost(copy(p, order, signs)), decayed_cost, on=reals((2, 3)))
    assert is_worse_minimum(decayed_cost, near=copy(worse, order, signs), than=better)
    assert not is_worse_minimum(decayed_cost, near=better, than=copy(worse, order, signs))
    for minimum in (worse, better):
        itself = (order, signs) == COPIES[0]
        assert bool(are_distinct_minima(decayed_cost, near=minimum, other=copy(minimum, order, signs))) != itself


@CLAIM
@given(units=st.integers(1, 3))
def test_where_a_linear_autoencoder_can_be_critical(units):
    """With W = AB: where the gradient is 0, W commutes with diag(3, 2, 1) and W = W^2: the value is a whole number."""
    on = (autoencoder.domain(units),)
    assert are_equal(autoencoder.criticality, autoencoder.criticality_by_gradient, on=on)
    assert is_gradient_of(autoencoder.gradient, autoencoder.cost, on=on[0])
    half = lambda point: jax.tree.map(lambda part: part / 2, autoencoder.gradient(point))  # noqa: E731
    assert not is_gradient_of(half, autoencoder.cost, on=on[0])


@CLAIM
@given(critical=critical_autoencoders(best=False), best=critical_autoencoders(best=True), data=st.data())
def test_its_local_minima_all_have_the_lowest_of_these_values(critical, best, data):
    A, B = critical.point
    assert is_critical(autoencoder.cost, at=(A, B))
    assert has_curvature(autoencoder.cost, at=(A, B), along=critical.way_down(), sign=-1)
    domain = autoencoder.domain(best.units)
    along = tuple(data.draw(nonzero_arrays(part.shape)) for part in domain)
    assert is_critical(autoencoder.cost, at=best.point)
    assert not has_curvature(autoencoder.cost, at=best.point, along=along, sign=-1)
    assert not is_critical(autoencoder.cost, at=(2 * best.point[0], best.point[1]))


@CLAIM
@given(net=linear_networks(depth=(2, 3), width=(1, 2)), data=st.data())
def test_the_minima_of_a_linear_network_have_one_value(net, data):
    X, Y = data.draw(data_for(net))
    level = reduced_rank_value(X, Y, min(net.widths))
    assert no_worse_minimum(lambda p: net.cost(p, X, Y), level, on=net.params, descents=16)


@CLAIM
def test_those_of_a_tanh_network_have_not():
    """About 18.37 and 19.41."""
    assert not no_worse_minimum(decayed_cost, 19, on=reals((2, 3)), near=WORSE_AND_BETTER[2][:1])
