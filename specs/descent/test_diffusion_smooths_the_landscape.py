"""Smoothing a cost by diffusion and then undoing it leads to the better of two wells, where the better one is also the
wider; but the cost of even the smallest network becomes convex at no width of smoothing.
"""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from netprops import (
    CONDITIONAL,
    are_equal,
    box,
    claim,
    has_curvature,
    is_convex,
    is_higher,
    is_positive,
    is_share_above,
    is_strict_minimum,
    nonnegative,
    positive,
    reals,
    runs,
)  # fmt: skip
from netprops.objects.smoothing import (
    DEEP_AND_SHALLOW,
    continuation,
    smallest_network,
    smoothed_sine,
    tilted_quartic,
)
from netprops.strategies.networks import dyadics

CLAIM = claim("diffusion-smooths-the-landscape", source="D2.Q.c3", verdict=CONDITIONAL)

THIRD = Fraction(1, 3)
WIDE_TO_NARROW, NARROW = jnp.linspace(1.0, 0.0, 17), jnp.zeros(17)


def quartic(v, x, tilt):
    """E f(x + s z) for f(x) = (x^2 - 1)^2 + tilt x and v = s^2."""
    return tilted_quartic(tilt).smoothed(v, x)


def network(v, u, w, y):
    return smallest_network(y).smoothed(v, u, w)


slope = jax.grad(quartic, argnums=1)


# ---------------------------------------------------------------- smoothing solves the heat equation

HEAT = {
    "quartic": (quartic, (nonnegative(), reals(), reals()), (1,)),
    "sine": (smoothed_sine, (nonnegative(), reals()), (1,)),
    "network": (network, (nonnegative(), reals(), reals(), reals()), (1, 2)),
}


@CLAIM
@pytest.mark.parametrize("name", HEAT)
def test_the_closed_forms(name):
    f, on, coordinates = HEAT[name]
    in_time = lambda v, *x: jax.grad(f)(v, *x)  # noqa: E731
    half_laplacian = lambda *x: sum(jax.grad(jax.grad(f, i), i)(*x) for i in coordinates) / 2  # noqa: E731
    assert are_equal(in_time, half_laplacian, on=on)
    assert not are_equal(in_time, lambda *x: 2 * half_laplacian(*x), on=on)


# ---------------------------------------------------------------- a tilted quartic


@CLAIM
def test_a_quartic_is_convex_exactly_from_a_third():
    f = lambda x, q: quartic(q[0], x, q[1])  # noqa: E731
    assert is_convex(f, on=reals(), for_all=(box(THIRD, np.inf), reals()))
    bend_at_0 = lambda q: jax.grad(slope, argnums=1)(q[0], 0 * q[0], q[1])  # noqa: E731
    assert is_positive(lambda q: -bend_at_0(q), on=(box(0, THIRD, open="upper"), reals()))
    assert not is_positive(lambda q: -bend_at_0(q), on=(box(0, 3 / 8), reals()))
    x = jnp.linspace(-1.375, 1.375, 57)
    for variance in (0, Fraction(1, 8), THIRD, Fraction(1, 2)):
        smoothed = jax.vmap(lambda x, v=float(variance): quartic(v, x, 0.25))(x)
        CLAIM.curve("(x^2 - 1)^2 + x/4, smoothed", x, smoothed, axes=("x", "value"), name=f"variance {variance}")


@CLAIM
@given(tilt=dyadics(), v=dyadics(0, 5 / 16, 32))
def test_below_a_third_it_is_not(tilt, v):
    assert not is_convex(lambda x: quartic(v, x, tilt), on=reals())


@CLAIM
def test_at_every_width_one_critical_point_has_the_sign_opposite_to_the_tilt():
    # At x = -z the slope over z falls strictly in z, from infinity to minus infinity: it is 0 exactly once.
    over_z = lambda z, v, tilt: slope(v, -z, tilt) / z  # noqa: E731
    assert is_positive(lambda p: -jax.grad(over_z)(*p), on=(positive(), nonnegative(), positive()))
    # At 0 the slope is the tilt, so that going on from there no width leads to the other side.
    assert are_equal(lambda v, tilt: slope(v, 0 * v, tilt), lambda v, tilt: tilt, on=(nonnegative(), reals()))
    # And the better of two wells is on that side.
    difference = lambda x, tilt: quartic(0, x, tilt) - quartic(0, -x, tilt)  # noqa: E731
    assert are_equal(difference, lambda x, tilt: 2 * tilt * x, on=(reals(), reals()))


@jax.jit
def ended(start, tilt, variances):
    return continuation(lambda v, x: quartic(v, x, tilt), start, variances, rate=1 / 64, steps=100)


@CLAIM
@given(size=dyadics(1 / 8, 5 / 4, 16), sign=dyadics(-1, 1, 1).filter(bool), start=dyadics(-2, 2))
def test_continuation_comes_to_the_better_well(size, sign, start):
    tilt = sign * size
    f = tilted_quartic(tilt)
    left, top, right = np.sort(np.roots([4.0, 0.0, -4.0, tilt]).real)
    better, worse = (left, right) if tilt > 0 else (right, left)
    end = float(ended(start, tilt, WIDE_TO_NARROW))
    assert is_strict_minimum(f, near=end)
    assert is_strict_minimum(f, near=worse)
    assert not is_strict_minimum(f, near=top)
    assert is_higher(f, at=worse, than=end)
    assert not is_higher(f, at=better, than=worse)


def drawn(name, variances):
    """Tilts and starts drawn uniformly; the share of runs that end in the worse well."""

    def trial(key):
        tilt, start = jax.random.uniform(key, (2,), jnp.float64, -1.0, 1.0) * jnp.array([1.25, 2.0])
        return tilt, ended(start, tilt, variances)

    return runs(name, trial, 1000).share(lambda run: run[0] * run[1] > 0, "ends in the worse well")


@CLAIM
def test_plain_descent_does_not():
    assert is_share_above(drawn("plain descent", NARROW), 1 / 16)
    assert not is_share_above(drawn("continuation", WIDE_TO_NARROW), 1 / 16)


# ---------------------------------------------------------------- what no smoothing makes convex, or leads astray


@CLAIM
@given(v=dyadics(0, 16))
def test_sine_is_never_convex(v):
    assert not is_convex(lambda x: smoothed_sine(v, x), on=reals())


@CLAIM
@given(v=dyadics(0, 16), y=dyadics())
def test_the_smallest_network_is_convex_at_no_width(v, y):
    f = lambda p: network(v, p[0], p[1], y)  # noqa: E731
    assert has_curvature(f, at=(8, 8), along=(1, -1), sign=-1)
    assert not has_curvature(f, at=(0, 0), along=(1, -1 if y >= 0 else 1), sign=-1)


@CLAIM
def test_its_closed_form():
    closed = lambda v, u, w, y: (u**2 + v) * (w**2 + v) - 2 * y * u * w + y**2  # noqa: E731
    assert are_equal(network, closed, on=(nonnegative(), reals(), reals(), reals()))


@CLAIM
def test_a_narrow_well_is_missed_however_deep():
    widths = jnp.linspace(16.0, 0.0, 65)
    end = float(jax.jit(lambda: continuation(DEEP_AND_SHALLOW.smoothed, 0.0, widths, rate=1 / 8, steps=100))())
    assert is_strict_minimum(DEEP_AND_SHALLOW, near=end)
    assert is_strict_minimum(DEEP_AND_SHALLOW, near=-1.5)
    assert is_higher(DEEP_AND_SHALLOW, at=end, than=-1.5)
    # At every width the slope at 0 leads to the right, away from the deep well.
    assert is_positive(lambda v: -jax.grad(DEEP_AND_SHALLOW.smoothed, argnums=1)(v, 0 * v), on=box(0, 16))
