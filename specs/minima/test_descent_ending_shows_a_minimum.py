"""That gradient descent ends, at a gradient below its tolerance, does not show that there is a minimum.

On separable data the log loss is positive and its gradient has a Lipschitz constant L: with the step 1/L the squared
gradients of a run add up to at most 2 L times the first cost, so that it stops at every tolerance, from every start.
Yet there is no critical point. What can show a minimum is a test at the end point that a box about it holds one.
"""

import jax
import jax.numpy as jnp
import optax
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    REFUTED,
    box,
    claim,
    has_critical_point,
    is_convex,
    is_critical,
    is_positive,
    is_separable,
    is_strictly_convex,
    reals,
)  # fmt: skip
from netprops.objects.regression import as_doubles, extended, log_loss_descent, separation
from netprops.strategies.networks import overlapping_data, separable_data

CLAIM = claim("descent-ending-shows-a-minimum", source=("D1.A2.c3",), verdict=REFUTED)


def log_loss(data):
    """The cost of theta = (w, b), and its domain."""
    rows = extended(data.X)
    return lambda theta: jnp.sum(optax.sigmoid_binary_cross_entropy(rows @ theta, data.y)), reals(rows.shape[1])


def stops_with(cost, end, tolerance):
    assert is_positive(lambda theta: tolerance**2 - jnp.sum(jax.grad(cost)(theta) ** 2), on=box(end, end))


def about(end):
    return box(end - 2.0**-14, end + 2.0**-14)


@CLAIM
def test_a_lipschitz_constant():
    """1/4 for the gradient by one score, which all scores together make at most L = |X|^2 / 4."""
    score = lambda z, y: optax.sigmoid_binary_cross_entropy(z, y)  # noqa: E731
    assert is_convex(score, on=reals(), for_all=reals())
    assert is_convex(lambda z, y: z**2 / 8 - score(z, y), on=reals(), for_all=reals())
    assert not is_convex(lambda z, y: z**2 / 10 - score(z, y), on=reals(), for_all=reals())


@CLAIM
@given(data=separable_data() | separable_data(collinear=True), k=st.integers(0, 6))
def test_descent_stops_and_there_is_no_minimum(data, k):
    assert is_separable(*data, "complete")
    cost, on = log_loss(data)
    assert is_positive(cost, on=on)
    end = log_loss_descent(extended(data.X), data.y, tolerance=2.0**-k)
    stops_with(cost, end, tolerance=2.0**-k)
    # There is no critical point, anywhere: the cost falls along the separating theta.
    ray = as_doubles(separation(data).theta)
    assert is_positive(lambda theta: -(ray @ jax.grad(cost)(theta)), on=on)
    assert not is_critical(cost, at=end)
    assert not has_critical_point(cost, about(end))


@CLAIM
@given(data=overlapping_data(full_rank=True))
def test_a_box_about_the_end_that_holds_a_critical_point(data):
    assert not is_separable(*data, "complete")
    cost, on = log_loss(data)
    end = log_loss_descent(extended(data.X), data.y, tolerance=2.0**-24)
    stops_with(cost, end, tolerance=2.0**-24)
    # Strictly convex, so that the critical point is the one minimum.
    assert has_critical_point(cost, about(end))
    assert is_strictly_convex(cost, on=on)


@CLAIM
def test_one_row_with_one_label_and_with_both():
    one, both = jax.nn.softplus, lambda t: jax.nn.softplus(t) + jax.nn.softplus(-t)
    assert is_positive(jax.grad(one), on=reals())
    assert not is_positive(jax.grad(both), on=reals())
    assert is_critical(both, at=0)
    assert not is_critical(one, at=0)
    assert not is_strictly_convex(lambda theta: both(theta[0]), on=reals(2))
