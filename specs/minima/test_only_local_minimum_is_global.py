"""An only local minimum is the global one if there is a global one at all; it may not even be the only critical point.

A global minimum is a local one, so the only one there is.  But x^3 - 3x has one local minimum and no lower bound, and
so has exp(3x) + y^3 - 3 y exp(x), which has no other critical point.
"""

import jax.numpy as jnp
from hypothesis import given

from netprops import CONDITIONAL, box, claim, has_critical_points, is_convex, is_higher, is_positive, positive, reals
from netprops.objects.landscapes import ripples
from netprops.strategies.networks import dyadics, nonzero_dyadics

CLAIM = claim("only-local-minimum-is-global", source="D1.A4", verdict=CONDITIONAL)


def cubic(x):
    return x**3 - 3 * x


def single(p):
    x, y = p
    return jnp.exp(3 * x) + y**3 - 3 * y * jnp.exp(x)


@CLAIM
@given(lower=dyadics(-64, -9 / 4))
def test_not_on_an_unbounded_slope(lower):
    assert has_critical_points(cubic, on=reals(), minima=1, maxima=1)
    assert is_higher(cubic, at=1, than=lower)
    assert not is_positive(lambda x: cubic(x) + 2, on=reals())  # -2 is the value at 1


@CLAIM
@given(x=dyadics(-4, 1 / 4), y=dyadics(-64, -5 / 2))
def test_not_even_as_the_only_critical_point(x, y):
    assert has_critical_points(single, on=(reals(), reals()), minima=1)
    assert not has_critical_points(single, on=(reals(), reals()), minima=1, saddles=1)
    assert is_higher(single, at=(0, 1), than=(x, y))


@CLAIM
@given(a=dyadics(), shift=nonzero_dyadics(), share=dyadics(1 / 2, 2), other=dyadics(-8, 8))
def test_where_a_global_minimum_is_attained(a, shift, share, other):
    """(x - a)^2 ((x - b)^2 + c^2) grows without bound; it has one critical point where 8 c^2 > (b - a)^2."""
    b, c = a + shift, share * shift
    f = lambda x: (x - a) ** 2 * ((x - b) ** 2 + c**2)  # noqa: E731
    assert has_critical_points(f, on=reals(), minima=1)
    assert is_positive(lambda x, t: f(x) + t, on=reals(), for_all=positive())  # so 0, at a, is the least value
    assert not is_higher(f, at=a, than=other)


@CLAIM
@given(a=dyadics(), shift=nonzero_dyadics())
def test_two_are_not_both_global(a, shift):
    """The same with 8 c^2 < (b - a)^2: a second one near b, higher."""
    b, c = a + shift, shift / 4
    f = lambda x: (x - a) ** 2 * ((x - b) ** 2 + c**2)  # noqa: E731
    assert has_critical_points(f, on=reals(), minima=2, maxima=1)
    assert not has_critical_points(f, on=reals(), minima=1)
    assert is_higher(f, at=b, than=a)


@CLAIM
@given(other=nonzero_dyadics(10))
def test_not_convex_and_yet_one(other):
    assert has_critical_points(ripples, on=reals(), minima=1)
    assert not is_convex(ripples, on=reals())
    assert is_convex(ripples, on=box(-0.5, 0.5))
    assert is_positive(lambda x, t: ripples(x) + t, on=reals(), for_all=positive())  # so 0, at 0, is the least value
    assert not is_higher(ripples, at=0, than=other)
