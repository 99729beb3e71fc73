"""The squared cost of linear regression is convex.

A residual w.x + b - y is affine in (w, b), its square is convex, and so is a sum of squares, whatever the data: zero
columns, repeated rows, more columns than rows.
"""

from functools import partial

import jax.numpy as jnp
import optax
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_convex, reals
from netprops.objects.regression import regression_cost, scores, unit
from netprops.strategies.networks import data_sets

CLAIM = claim("linear-regression-convex", source=("D2.Q", "D2.A1"), verdict=HOLDS)

squared_cost = partial(regression_cost, optax.squared_error)


@CLAIM
@given(data=data_sets())
def test_any_data(data):
    assert is_convex(lambda p: squared_cost(p, data.X, data.y), on=unit(data.columns))


@CLAIM
@given(rows=st.integers(1, 5), columns=st.integers(1, 4))
def test_all_data_of_a_shape(rows, columns):
    all_data = reals((rows, columns)), reals(rows)
    assert is_convex(lambda p, data: squared_cost(p, *data), on=unit(columns), for_all=all_data)


@CLAIM
@given(data=data_sets())
def test_one_square_too_many_subtracted(data):
    def less_the_first(p):
        """Along the bias the second derivative is 2n - 2(n + 1) = -2."""
        first = scores(p, data.X)[0] - data.y[0]
        return squared_cost(p, data.X, data.y) - (data.rows + 1) * jnp.square(first)

    assert not is_convex(less_the_first, on=unit(data.columns))
