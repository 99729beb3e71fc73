"""The order of the rows is nothing to least squares: one objective, one minimiser, not one for each permutation.

Halfway between a and b the squared distance lies |X(a - b)|^2 / 4 below its chord: more than 0 for all a != b exactly
when X has full column rank.  The distance itself is the root of it, and least where it is.
"""

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, is_critical, is_strictly_convex, reals
from netprops.objects.least_squares import coefficients_and_data, distance, minimiser, squared_distance
from netprops.objects.orders import swapped
from netprops.strategies.least_squares import (
    full_rank_data,
    nonzero_fractions,
    orders,
    rank_deficient_data,
    rows_half_alike,
    two_rows_to_swap,
)

CLAIM = claim("row-order-of-least-squares", source=("D1.A4",), verdict=HOLDS)


def reordered(f, order):
    return lambda b, X, y: f(b, X[order], y[order])


def below_the_chord(a, b, X, y):
    middle = squared_distance((a + b) / 2, X, y)
    return (squared_distance(a, X, y) + squared_distance(b, X, y)) / 2 - middle


@CLAIM
@given(rows=st.integers(1, 5), columns=st.integers(1, 4), data=st.data())
def test_any_order(rows, columns, data):
    order, everything = data.draw(orders(rows)), coefficients_and_data(rows, columns)
    for f in squared_distance, distance:
        assert are_equal(reordered(f, order), f, on=everything)
    assert are_equal(lambda *p: distance(*p) ** 2, squared_distance, on=everything)
    ends = reals(columns), *everything
    assert are_equal(below_the_chord, lambda a, b, X, y: jnp.sum((X @ (a - b)) ** 2) / 4, on=ends)


@CLAIM
@given(drawn=full_rank_data(), data=st.data())
def test_one_minimiser_in_any_order(drawn, data):
    order, best = data.draw(orders(drawn.rows)), minimiser(*drawn)

    def cost(b):
        return reordered(squared_distance, order)(b, *drawn)

    assert is_strictly_convex(cost, on=reals(drawn.columns))
    assert is_critical(cost, at=best)
    assert not is_critical(cost, at=[*best[:-1], best[-1] + data.draw(nonzero_fractions())])


@CLAIM
@given(data=rank_deficient_data())
def test_many_minimisers_are_owed_to_dependent_columns(data):
    assert not is_strictly_convex(lambda b: squared_distance(b, *data), on=reals(data.columns))


@CLAIM
@given(drawn=two_rows_to_swap())
def test_two_rows_of_the_inputs_alone(drawn):
    (X, y), i, j = drawn
    moved = swapped(X, i, j)
    assert not are_equal(lambda b: squared_distance(b, moved, y), lambda b: squared_distance(b, X, y), reals(len(X[0])))


@CLAIM
@given(drawn=rows_half_alike())
def test_two_rows_with_one_input_or_one_target(drawn):
    (X, y), i, j = drawn
    moved = swapped(X, i, j)
    assert are_equal(lambda b: squared_distance(b, moved, y), lambda b: squared_distance(b, X, y), reals(len(X[0])))
