"""That descent does not get stuck is false as a rule and false as a frequency: from normal starts, a share of the runs
that cannot be overlooked ends at a certified worse minimum, at every width tried.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import REFUTED, claim, is_share_above, is_worse_minimum, reals, runs
from netprops.objects.networks import identity
from netprops.objects.small_networks import WORSE_AND_BETTER, decayed_cost, in_order
from netprops.objects.training import distance, gradient_descent, normal_point

CLAIM = claim("descent-does-not-get-stuck", source=("D1.A3.c2", "D1.A5.c1"), verdict=REFUTED)

RUNS, RATE, STEPS = 1000, 1 / 64, 1500
OFTEN = 1 / 8


def linear(units):
    return decayed_cost(units, identity)


def trained(cost, width, rate=RATE):
    """Where so many runs from normal starts end."""
    start = reals((width, 3))
    descent = lambda key: gradient_descent(cost, normal_point(key, start), rate=rate, steps=STEPS)  # noqa: E731
    return runs(f"{width} units", descent, RUNS)


@CLAIM
@pytest.mark.parametrize("width", WORSE_AND_BETTER)
def test_by_width(width):
    worse, better = map(np.array, WORSE_AND_BETTER[width])
    assert is_worse_minimum(decayed_cost, worse, than=better)
    assert not is_worse_minimum(decayed_cost, better, than=worse)
    there = lambda units: distance(in_order(units), worse) < 1 / 64  # noqa: E731
    assert is_share_above(trained(decayed_cost, width).share(there, "at the worse minimum"), OFTEN)


@CLAIM
def test_a_linear_network_is_not_stuck_more_often():
    # All its descents end at one value, so that none ends at a worse minimum.
    lowest = jax.jit(lambda: linear(gradient_descent(linear, jnp.ones((2, 3)), rate=RATE / 2, steps=STEPS)))()
    higher = lambda units: linear(units) > lowest + 1 / 64  # noqa: E731
    assert not is_share_above(trained(linear, 2, RATE / 2).share(higher, "above the lowest value"), OFTEN)
