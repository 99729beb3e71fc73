"""Squared error is not convex when the hypothesis is the logistic function; that is why the log loss is used.

The cost sum (y - s(w.x))^2 is bounded. A bounded convex function on all of R^d is constant, and this one is not as
soon as one input is not 0.
"""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import given

from netprops import HOLDS, box, claim, is_convex, is_positive, is_strict_minimum, reals
from netprops.strategies.networks import data_sets, dyadics, nonzero_dyadics

CLAIM = claim("squared-error-of-a-logistic-unit-nonconvex", source=("D2.Q",), verdict=HOLDS)


def squared(X, y):
    return lambda w: jnp.sum(optax.squared_error(jax.nn.sigmoid(X @ w), y))


def log_loss(X, y):
    return lambda w: jnp.sum(optax.sigmoid_binary_cross_entropy(X @ w, y))


@CLAIM
@given(data=data_sets(nonzero=True) | data_sets(nonzero=True, targets="binary"))
def test_any_data_with_an_input_that_is_not_zero(data):
    assert not is_convex(squared(*data), on=reals(data.columns))
    assert is_convex(log_loss(*data), on=reals(data.columns))


@CLAIM
@given(x=nonzero_dyadics(), y=dyadics())
def test_one_data_point_suffices(x, y):
    assert not is_convex(lambda w: optax.squared_error(jax.nn.sigmoid(w * x), jnp.asarray(y)), on=reals())


@CLAIM
def test_two_strict_minima_of_different_value():
    X, y = np.array([[1.0], [10.0]]), np.array([0.25, 0.5])

    def cost(w):
        return squared(X, y)(w[None])

    weights = jnp.linspace(-2.5, 0.5, 81)
    CLAIM.curve("Two minima of one unit", weights, jax.vmap(cost)(weights), axes=("w", "squared error"))
    assert is_strict_minimum(cost, near=-0.009933026042)
    assert is_strict_minimum(cost, near=-1.096148386621)
    assert not is_strict_minimum(cost, near=-0.511782729595)  # a strict maximum between them
    # The first value is about 0.06, the second about 0.25: above 1/5 wherever the second can lie.
    assert is_positive(lambda w: cost(w) - 0.2, on=box(Fraction(-11, 10), Fraction(-109, 100)))
    assert not is_positive(lambda w: cost(w) - 0.2, on=box(Fraction(-1, 100), Fraction(-98, 10000)))
