"""Most critical points that a search for zeros of the gradient finds are saddles, the more so the more units there are.

The population is that of the search: Levenberg-Marquardt steps from normal starts, a point weighted by how often they
end there; ends at which the gradient is not 0 are dropped (68, 54 and 41 in a hundred).  Each other end is decided by
an enclosed critical point and the certified inertia of the Hessian there.  Measured: saddles are 0.43, 0.64 and 0.96 of
them with 3, 6 and 12 parameters.  Without a hidden layer there are none.  The size of the starts was chosen from four:
the share rises with each, from 0.91 over 0.93 to 0.98 for the smallest, by more for the others.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import (
    CONDITIONAL,
    Census,
    claim,
    is_convex,
    is_rarer,
    is_saddle,
    is_share_above,
    reals,
    runs,
)  # fmt: skip
from netprops.objects.small_networks import DECAY, FIVE_POINTS, WORSE_AND_BETTER, decayed_cost
from netprops.objects.stationary import lower_gradient
from netprops.objects.training import normal_point
from netprops.strategies import by_profile

CLAIM = claim("saddles-outnumber-minima", source=("D1.A3", "D2.Q.c1"), verdict=CONDITIONAL)

RUNS = {1: (6000, 24000), 2: (10000, 40000), 4: (600, 2400)}  # by units: by default, and when thorough


def log_loss_of_one_layer(p):
    """Logistic regression of the signs of the five targets, with the same decay."""
    x, y = FIVE_POINTS
    z = p[0] * x + p[1]
    return jnp.sum(jax.nn.softplus(z) - jnp.where(y > 0, z, 0 * z)) + DECAY * jnp.sum(p**2)


def ends(name, cost, on, count):
    """Of so many runs, two ends each, from independent starts, with the norms of the gradient there."""

    def trial(key):
        starts = normal_point(key, reals((2, *on.shape)), 3.0)
        return jax.vmap(lambda start: lower_gradient(cost, start, steps=40))(starts)

    return runs(name, trial, count), Census(cost, on)


@functools.cache
def of_network(units):
    default, thorough = RUNS[units]
    count = by_profile(quick=default, default=default, thorough=thorough)
    return ends(f"zeros of the gradient, {3 * units} parameters", decayed_cost, reals((units, 3)), count)


def saddles(found, which=0):
    drawn, census = found
    decide = lambda run: census.is_saddle(run[0][which])  # noqa: E731
    return drawn.certified_share(decide, f"a saddle, end {which}", among=lambda run: run[1][which] <= 1e-9)


def ordered(found, sign):
    """Pairs of critical points of which the one of higher cost has the higher (lower) index."""
    drawn, census = found

    def decide(run):
        order = census.index_order(*run[0])
        return None if order is None else order == sign

    name = f"of two, the index is {'higher' if sign > 0 else 'lower'} where the cost is higher"
    return drawn.certified_share(decide, name, among=lambda run: bool((run[1] <= 1e-9).all()))


@CLAIM
def test_the_share_of_saddles_rises_with_the_number_of_parameters():
    assert is_rarer(saddles(of_network(1)), saddles(of_network(2)), by=1 / 32)
    assert is_rarer(saddles(of_network(2)), saddles(of_network(4)), by=1 / 8)
    assert is_share_above(saddles(of_network(4)), 3 / 4)
    # Widths held equal, and nothing rises.
    assert not is_rarer(saddles(of_network(2)), saddles(of_network(2), which=1), by=1 / 8)


@CLAIM
@pytest.mark.parametrize("units", [2, 4])
def test_the_index_rises_with_the_cost(units):
    found = of_network(units)
    assert is_rarer(ordered(found, -1), ordered(found, 1), by=1 / 16)


@CLAIM
def test_one_layer_has_no_saddle():
    assert is_convex(log_loss_of_one_layer, on=reals(2))
    assert not is_convex(decayed_cost, on=reals((1, 3)))
    found = ends("zeros of the gradient, one layer", log_loss_of_one_layer, reals(2), 2000)
    assert not is_share_above(saddles(found), 1 / 50)


@CLAIM
@pytest.mark.parametrize("units", [1, 2, 3])
def test_one_of_each(units):
    assert is_saddle(decayed_cost, near=np.zeros((units, 3)))
    for minimum in WORSE_AND_BETTER[units]:
        assert not is_saddle(decayed_cost, near=np.array(minimum))
