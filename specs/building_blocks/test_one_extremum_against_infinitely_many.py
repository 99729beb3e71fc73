"""x^2 and -x^2 have one extremum each; sin has infinitely many maxima and minima.

A strictly convex function has at most one minimiser and, on an open set, no maximiser.  sin repeats itself after 2 pi,
so that one strict maximum and one strict minimum are infinitely many; some of them are visited one by one.
"""

import jax.numpy as jnp
from hypothesis import given

from netprops import (
    HOLDS,
    are_equal,
    box,
    claim,
    has_critical_point,
    is_critical,
    is_strict_maximum,
    is_strict_minimum,
    is_strictly_convex,
    pi,
    reals,
)
from netprops.objects.angles import around_peak, near_peak
from netprops.strategies import integers

CLAIM = claim("one-extremum-against-infinitely-many", source="D1.A1", verdict=HOLDS)


@CLAIM
def test_the_squares_have_one():
    for f in (lambda x: x**2, lambda x: -(x**2)):
        assert is_critical(f, at=0)
        assert not is_critical(f, at=1)
    assert is_strictly_convex(lambda x: x**2, on=reals())  # and so -x^2, turned upside down
    assert not is_strictly_convex(jnp.sin, on=reals())


@CLAIM
def test_sine_repeats_itself():
    assert are_equal(lambda u: jnp.sin(u + 2 * pi()), jnp.sin, on=reals())
    assert not are_equal(lambda u: jnp.sin(u + pi()), jnp.sin, on=reals())


@CLAIM
@given(half=integers(-500_000, 500_000))
def test_peaks_and_troughs_of_sine(half):
    peak, trough = 2 * half, 2 * half + 1
    assert has_critical_point(jnp.sin, around_peak(peak))
    assert has_critical_point(jnp.sin, around_peak(trough))
    assert is_strict_maximum(jnp.sin, near=near_peak(peak))
    assert not is_strict_maximum(jnp.sin, near=near_peak(trough))
    assert is_strict_minimum(jnp.sin, near=near_peak(trough))
    assert not is_strict_minimum(jnp.sin, near=near_peak(peak))


@CLAIM
@given(start=integers(-1000, 1000), length=integers(1, 10))
def test_a_wave_on_a_slope_has_none(start, length):
    assert not has_critical_point(lambda x: x + jnp.sin(x) / 2, box(start, start + length))
