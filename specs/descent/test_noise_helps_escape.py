"""Adding noise now and then gets descent unstuck if the noise is large against the basin; noise that one step makes up
for never does, and a smaller learning rate alone never does.
"""

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, claim, is_basin, is_rarer, is_worse_minimum, runs
from netprops.objects.landscapes import tanh_unit, tanh_unit_cost
from netprops.objects.training import distance, gradient_descent, noisy_descent

CLAIM = claim("noise-helps-escape", source="D2.Q.c1", verdict=CONDITIONAL)

BETTER, WORSE = tanh_unit(0.766486185267, 1.958008630919), tanh_unit(3.024128273020, 1.515073437200)
RADIUS, RATE = 1 / 16, 1 / 8
RUNS = 2000


def from_the_worse_minimum(name, noise):
    """50 noisy steps, then 200 without noise."""

    def trial(key):
        shaken, _ = noisy_descent(tanh_unit_cost, WORSE, key, rate=RATE, steps=50, noise=noise)
        return gradient_descent(tanh_unit_cost, shaken, rate=RATE, steps=200)

    return runs(name, trial, RUNS)


def left(ends):
    """The share outside the ball about the worse minimum, and about its mirror image, which has the same value."""
    mirrored = tanh_unit(-3.024128273020, -1.515073437200)

    def outside(end):
        return jnp.minimum(distance(end, WORSE), distance(end, mirrored)) > RADIUS

    return ends.share(outside, "outside the ball")


def lower(ends):
    return ends.share(lambda end: tanh_unit_cost(end) < 0.48, "below the worse minimum, 0.494")


@CLAIM
def test_large_noise():
    assert is_worse_minimum(tanh_unit_cost, WORSE, than=BETTER)
    assert not is_worse_minimum(tanh_unit_cost, BETTER, than=WORSE)
    without, again = from_the_worse_minimum("no noise", 0.0), from_the_worse_minimum("no noise, again", 0.0)
    shaken = from_the_worse_minimum("noise of 1/2", 0.5)
    assert is_rarer(left(without), left(shaken), by=1 / 2)
    assert is_rarer(lower(without), lower(shaken), by=1 / 16)
    assert not is_rarer(left(without), left(again), by=1 / 16)


@CLAIM
@given(halvings=st.integers(0, 10), steps=st.integers(1, 8))
def test_noise_that_a_step_makes_up_for_and_smaller_rates(halvings, steps):
    rate = steps / 64 / 2**halvings
    # However small the rate: no run ever leaves the ball.
    assert is_basin(tanh_unit_cost, WORSE, RADIUS, rate)
    # Every step brings the run nearer by a share rate * m of the distance, m the least curvature on the ball.
    assert is_basin(tanh_unit_cost, WORSE, RADIUS, rate, noise=rate / 2048)
    assert not is_basin(tanh_unit_cost, WORSE, RADIUS, rate, noise=rate / 128)
