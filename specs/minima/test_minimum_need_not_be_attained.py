"""A convex function that is bounded from below need not have a minimum: e^-x, and the log loss of separated data.

Both are positive, come as near to 0 as one likes, and fall along a ray from every point whatever, so that none of them
is a minimum of any kind. With a slope added, however small, e^-x attains its minimum.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import given

from netprops import HOLDS, are_equal, claim, is_convex, is_nonincreasing, is_positive, is_separable, positive, reals
from netprops.objects.regression import as_doubles, extended, margins, separation
from netprops.strategies.networks import overlapping_data, separable_data

CLAIM = claim("minimum-need-not-be-attained", source=("D1.A2.c2", "D1.A2.c3"), verdict=HOLDS)


def decay(x):
    return jnp.exp(-x)


def tilted(x, slope):
    return jnp.exp(-x) + slope * x


@CLAIM
def test_exponential_decay():
    assert is_convex(decay, on=reals())
    assert is_positive(decay, on=reals())
    assert is_positive(lambda x: -jax.grad(decay)(x), on=reals())  # it falls, everywhere
    assert are_equal(lambda level: decay(-jnp.log(level)), lambda level: level, on=(positive(),))
    assert not is_convex(lambda x: -decay(x), on=reals())


@CLAIM
def test_with_a_slope_the_minimum_is_attained():
    """For e^-x + cx at -log c, whatever c > 0: there the derivative is 0, and a convex function is least."""
    assert is_convex(tilted, on=reals(), for_all=positive())
    assert are_equal(lambda c: jax.grad(tilted)(-jnp.log(c), c), lambda c: 0 * c, on=(positive(),))
    assert not are_equal(lambda c: jax.grad(tilted)(-jnp.log(2 * c), c), lambda c: 0 * c, on=(positive(),))
    assert not is_positive(lambda x: -jax.grad(tilted)(x, 0.1), on=reals())


def log_loss(data):
    """The cost of theta = (w, b), and its domain."""
    rows = extended(data.X)
    return lambda theta: jnp.sum(optax.sigmoid_binary_cross_entropy(rows @ theta, data.y)), reals(rows.shape[1])


@CLAIM
@given(data=separable_data() | separable_data(collinear=True))
def test_log_loss_of_separated_data(data):
    assert is_separable(*data, "complete")
    cost, on = log_loss(data)
    ray = as_doubles(separation(data).theta)
    assert is_convex(cost, on=on)
    assert is_positive(cost, on=on)
    # From every start, at every point of the ray.
    assert is_positive(lambda t, start: -jax.grad(lambda t: cost(start + t * ray))(t), on=reals(), for_all=on)
    # Every row's margin is m >= 1. As softplus(-mt) <= softplus(-t) for t > 0, the cost of n rows comes down to every
    # level from 0 to n log 2, where t is the height(level / n).
    m, n = margins(data) @ ray, data.rows
    assert (m >= 1).all()
    assert are_equal(lambda t: cost(t * ray), lambda t: jnp.sum(jax.nn.softplus(-m * t)), on=(reals(),))
    height = lambda level: -jnp.log(jnp.expm1(level))  # noqa: E731
    assert are_equal(lambda level: n * jax.nn.softplus(-height(level / n)), lambda level: level, on=(positive(),))


@CLAIM
def test_a_greater_margin_costs_less():
    assert is_nonincreasing(lambda m, t: jax.nn.softplus(-m * t), on=reals(), for_all=positive())
    assert not is_nonincreasing(lambda m, t: jax.nn.softplus(-m * t), on=reals(), for_all=reals())


@CLAIM
@given(data=overlapping_data(full_rank=True))
def test_no_ray_falls_everywhere_where_the_labels_overlap(data):
    assert not is_separable(*data, "complete")
    cost, _ = log_loss(data)
    ray = np.ones(data.columns + 1)
    assert not is_positive(lambda t: -jax.grad(lambda t: cost(t * ray))(t), on=reals())
