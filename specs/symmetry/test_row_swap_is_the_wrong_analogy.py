"""To swap two rows of the data is no analogue of swapping two units: it leaves the parameters alone.

The analogue is to swap two columns of X with their coefficients.  Whether J(b) = |y - Xb|^2 survives a swap Q of b
alone depends on the data: exactly if QGQ = G and Qc = c, with G = X'X and c = X'y.  J is convex all the same, and at
full rank its minimiser has the two coefficients equal, since halfway from b to Qb it lies lower than at both.
"""

from functools import partial

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import REFUTED, are_equal, claim, is_convex, is_critical, is_higher, is_strictly_convex, reals
from netprops.objects.least_squares import (
    change_by_moments,
    coefficients_and_data,
    is_kept_by_swap,
    levelled,
    minimiser,
    squared_distance,
    swapped,
)
from netprops.strategies.least_squares import alike_columns, pairs, repeated_columns, two_columns, unlike_targets
from netprops.strategies.networks import data_for, deep_networks, linear_networks

CLAIM = claim("row-swap-is-the-wrong-analogy", source=("D1.A4",), verdict=REFUTED)


def objective(data):
    return lambda b: squared_distance(b, *data)


def with_swap(J, i, j):
    return lambda b: J(swapped(b, i, j))


def unit_swap(p, x, y):
    """Hidden units 0 and 1 changed about."""
    (W, b), (V, c) = p
    return ((swapped(W, 0, 1, axis=1), swapped(b, 0, 1)), (swapped(V, 0, 1), c)), x, y


@CLAIM
@given(rows=st.integers(2, 4), columns=st.integers(1, 3), net=deep_networks(depth=(2, 2), width=(2, 3)), data=st.data())
def test_one_acts_on_the_data_and_the_other_on_the_parameters(rows, columns, net, data):
    i, j = data.draw(pairs(rows))

    def row_swap(b, X, y):
        return b, swapped(X, i, j), swapped(y, i, j)

    on, everywhere = coefficients_and_data(rows, columns), net.domain(rows)
    assert are_equal(lambda *p: squared_distance(*row_swap(*p)), squared_distance, on=on)
    assert are_equal(lambda *p: row_swap(*p)[0], lambda b, X, y: b, on=on)
    assert not are_equal(lambda *p: row_swap(*p)[1:], lambda b, *q: q, on=on)
    assert are_equal(lambda *p: net.cost(*unit_swap(*p)), net.cost, on=everywhere)
    assert not are_equal(lambda *p: unit_swap(*p)[0], lambda p, x, y: p, on=everywhere)
    assert are_equal(lambda *p: unit_swap(*p)[1:], lambda p, *q: q, on=everywhere)


@CLAIM
@given(net=linear_networks(depth=(2, 2), width=(2, 3)), data=st.data())
def test_units_that_swap_come_with_a_cost_that_is_not_convex(net, data):
    rows = data.draw(data_for(net, nonzero=True))
    assert not is_convex(lambda p: net.cost(p, *rows), on=net.params)


@CLAIM
@given(rows=st.integers(1, 3), columns=st.integers(2, 3), data=st.data())
def test_two_columns_for_all_data(rows, columns, data):
    i, j = data.draw(pairs(columns))
    b, *rest = on = coefficients_and_data(rows, columns)

    def moved(b, X, y):
        return squared_distance(swapped(b, i, j), X, y)

    def rise(b, X, y):
        return moved(b, X, y) - squared_distance(b, X, y)

    def dip(b, X, y):
        ends = squared_distance(b, X, y) + moved(b, X, y)
        return ends / 2 - squared_distance((b + swapped(b, i, j)) / 2, X, y)

    def curvature(b, X, y):
        return (b[i] - b[j]) ** 2 * jnp.sum((X[:, i] - X[:, j]) ** 2) / 4

    assert are_equal(lambda b, X, y: moved(b, swapped(X, i, j, axis=1), y), squared_distance, on=on)
    assert are_equal(rise, partial(change_by_moments, i, j), on=on)
    assert are_equal(dip, curvature, on=on)
    assert is_convex(lambda b, q: squared_distance(b, *q), on=b, for_all=tuple(rest))


@CLAIM
@given(drawn=two_columns() | alike_columns())
def test_exactly_if_the_moments_are_kept(drawn):
    data, i, j = drawn
    J = objective(data)
    assert bool(are_equal(with_swap(J, i, j), J, on=reals(data.columns))) == is_kept_by_swap(*data, i, j)


@CLAIM
@given(drawn=alike_columns())
def test_full_rank_and_kept(drawn):
    data, i, j = drawn
    J = objective(data)
    assert are_equal(with_swap(J, i, j), J, on=reals(data.columns))
    assert is_strictly_convex(J, on=reals(data.columns))
    assert is_critical(J, at=levelled(minimiser(*data), i, j))


@CLAIM
@given(drawn=unlike_targets())
def test_the_targets_tell_the_two_columns_apart(drawn):
    data, i, j, b = drawn
    J = objective(data)
    assert not are_equal(with_swap(J, i, j), J, on=reals(data.columns))
    assert is_higher(J, at=swapped(b, i, j), than=b)
    assert not is_higher(J, at=b, than=swapped(b, i, j))
    assert not is_critical(J, at=levelled(minimiser(*data), i, j))


@CLAIM
@given(drawn=repeated_columns())
def test_without_full_rank_a_minimiser_may_have_them_unequal(drawn):
    data, i, j, b = drawn
    J = objective(data)
    assert are_equal(with_swap(J, i, j), J, on=reals(data.columns))
    assert is_critical(J, at=b)
    assert not is_strictly_convex(J, on=reals(data.columns))
