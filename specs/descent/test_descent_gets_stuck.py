"""Gradient descent can get stuck in a local minimum of a multi-layer network.

About a minimum that is not the best lies a ball on which the Hessian's eigenvalues stay in [m, L], m > 0. A step of at
most 1/L from inside shortens the distance to that minimum by the factor 1 - step m, so that no run ever leaves.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, descends_to, is_basin, is_worse_minimum, stays_in
from netprops.objects.landscapes import TANH_UNIT_DATA, tanh_unit, tanh_unit_cost
from netprops.objects.losses import softplus_log_loss
from netprops.objects.networks import Network
from netprops.objects.regression import log_loss_minimum
from netprops.strategies.networks import dyadics, whole_numbers

CLAIM = claim("descent-gets-stuck", source=("D1.A3.c3", "D2.Q"), verdict=HOLDS)

BETTER, WORSE = tanh_unit(0.766486185267, 1.958008630919), tanh_unit(3.024128273020, 1.515073437200)

WITH_BIASES = Network((1, 1, 1))
X, Y = np.array([[-4.0, -3, -1, 0, 1, 3]]).T, np.array([[3.0, 4, 4, 2, -1, -1]]).T


def three_weights(p):
    """A tanh unit with its bias; the output has none."""
    return WITH_BIASES.cost(((p[0], p[1]), (p[2], jnp.zeros(1))), X, Y)


def triple(w, b, v):
    return np.array([[w]]), np.array([b]), np.array([[v]])


@CLAIM
@given(step=dyadics(1 / 64, 3 / 16, 64), longer=dyadics(1 / 2, 4))
def test_a_ball_about_the_worse_minimum_holds_descent(step, longer):
    assert is_worse_minimum(tanh_unit_cost, WORSE, than=BETTER)
    assert not is_worse_minimum(tanh_unit_cost, BETTER, than=WORSE)
    assert is_basin(tanh_unit_cost, WORSE, radius=1 / 16, step=step)
    assert not is_basin(tanh_unit_cost, WORSE, radius=1 / 16, step=longer)  # beyond 2/L a step leads out
    assert not is_basin(tanh_unit_cost, tanh_unit(0, 0), radius=1 / 16, step=step)  # a saddle


def step_of(optimiser):
    """A step of an optimiser without memory, as the library takes it."""

    def step(p):
        updates, _ = optimiser.update(jax.grad(tanh_unit_cost)(p), optimiser.init(p), p)
        return optax.apply_updates(p, updates)

    return step


def least_cost(w):
    """The cost at this w and the best v for it."""
    x, y = TANH_UNIT_DATA
    hidden = jnp.tanh(w * x)
    return tanh_unit_cost(((w[None, None],), (jnp.sum(hidden * y)[None, None] / jnp.sum(hidden**2),)))


@jax.jit
def run_of(p):
    """The costs along 120 steps of descent."""
    step = step_of(optax.sgd(1 / 8))
    return jax.lax.scan(lambda p, _: (step(p), tanh_unit_cost(p)), p, length=120)[1]


@CLAIM
def test_the_library_s_descent_stays_there_too():
    assert stays_in((WORSE, 1 / 16), step_of(optax.sgd(1 / 8)))
    assert not stays_in((WORSE, 1 / 16), step_of(optax.sgd(1 / 2)))
    weights, steps = jnp.linspace(0.25, 6, 93), np.arange(120)
    CLAIM.curve("Two valleys", weights, jax.vmap(least_cost)(weights), axes=("w, with the best v for it", "cost"))
    for name, start in (("trapped", tanh_unit(4, 1.5)), ("not trapped", tanh_unit(0.625, 1.75))):
        CLAIM.curve("Descent from two starts", steps, run_of(start), axes=("step", "cost"), name=name)


@CLAIM
def test_and_so_with_a_bias():
    better, worse = triple(0.36350043, -0.51366727, -3.84049459), triple(1.22156828, -0.88687364, -3.00280711)
    assert is_worse_minimum(three_weights, worse, than=better)
    assert is_basin(three_weights, worse, radius=1 / 256, step=1 / 32)
    assert descends_to(three_weights, triple(1, -1, -3), near=worse, step=1 / 32)


@CLAIM
@given(w=dyadics(5 / 2, 7 / 2, 2), v=dyadics(1, 2, 2))
def test_runs_that_end_there(w, v):
    assert descends_to(tanh_unit_cost, tanh_unit(w, v), near=WORSE, step=3 / 16)


@CLAIM
@given(w=dyadics(1 / 2, 1, 4), v=dyadics(1, 2, 2))
def test_runs_that_do_not(w, v):
    assert descends_to(tanh_unit_cost, tanh_unit(w, v), near=BETTER, step=3 / 16)
    assert not descends_to(tanh_unit_cost, tanh_unit(w, v), near=WORSE, step=3 / 16)


@CLAIM
@given(
    rows=st.lists(st.tuples(dyadics(-1, 1, 2), st.sampled_from((0.0, 1.0))), max_size=2),
    start=st.tuples(whole_numbers(1), whole_numbers(1)),
)
def test_logistic_regression_ends_at_its_one_minimum(rows, start):
    x, y = np.array(
        [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), *rows]
    ).T  # both labels at 0 and at 1: they overlap
    points = np.stack([x, np.ones_like(x)], axis=1)

    def log_loss(theta):
        return jnp.sum(softplus_log_loss(points @ theta, y))

    end, step = log_loss_minimum(points, y), 3 / np.linalg.norm(points, 2) ** 2  # the Hessian is at most X'X / 4
    assert is_basin(log_loss, near=end, radius=1 / 64, step=step)
    assert descends_to(log_loss, np.array(start), near=end, step=step)
