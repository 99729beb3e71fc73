"""f(x) = x^2 + 3 sin(x)^2 is not convex, and yet descent reaches its global minimum at a linear rate.

Its gradient dominates it: f'^2 >= f/16 (the Polyak-Lojasiewicz inequality). About 0, where both sides vanish, f'' lies
between 5 and 8, so that |f'| >= 5 |x| and f <= 4 x^2; from there as far as a drawn R the difference is enclosed on a
drawn covering, then f' > 2x - 7 and f < x^2 + 4; and f is even. With |f''| <= 8 a step of 1/8 leaves at most 255/256
of f.
"""

import itertools
from fractions import Fraction

import jax
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    HOLDS,
    are_equal,
    box,
    claim,
    descends_to,
    has_curvature,
    is_convex,
    is_higher,
    is_positive,
    nonnegative,
    reals,
)
from netprops.objects.landscapes import domination, ripples, tilted_wells
from netprops.strategies.networks import dyadics, nonzero_dyadics

CLAIM = claim("nonconvex-yet-solved", source=("Karimi, Nutini and Schmidt 2016",), verdict=HOLDS)

slope = jax.grad(ripples)


@st.composite
def coverings(draw):
    """Cuts of an interval from 1/2 to some R, which is 5 at least."""
    inner = draw(st.lists(dyadics(5 / 8, 39 / 8, 8), max_size=3, unique=True))
    return [0.5, *sorted(inner), draw(dyadics(5, 12))]


@CLAIM
@given(x=dyadics(5 / 4, 15 / 8, 8), turns=st.integers(-3, 3))
def test_not_convex(x, turns):
    """f'' = 2 + 6 cos 2x is below 0 about every odd multiple of pi/2."""
    near = Fraction(x) + turns * Fraction(355, 113)
    assert has_curvature(ripples, at=near, along=1, sign=-1)
    assert not has_curvature(ripples, at=near - Fraction(355, 226), along=1, sign=-1)
    assert not is_convex(ripples, on=reals())


@CLAIM
@given(cuts=coverings())
def test_dominated_by_its_gradient(cuts):
    for a, b in itertools.pairwise(cuts):
        assert is_positive(domination(ripples, 1 / 16), on=box(a, b))
    assert is_positive(lambda u: (2 * (cuts[-1] + u) - 7) ** 2 - ((cuts[-1] + u) ** 2 + 4) / 16, on=nonnegative())


@CLAIM
def test_about_zero_and_far_away():
    assert is_convex(lambda x: ripples(x) - 5 * x**2 / 2, on=box(-0.5, 0.5))
    for sign in (1, -1):
        assert is_convex(lambda x, s=sign: 4 * x**2 + s * ripples(x), on=reals())
    assert are_equal(lambda x: ripples(-x), ripples, on=reals())
    assert not are_equal(lambda x: ripples(-x), lambda x: ripples(x) + x, on=reals())
    assert are_equal(lambda t: slope(0 * t), lambda t: 0 * t, on=reals())  # f'(0) = 0
    assert is_positive(lambda x: slope(x) - (2 * x - 7), on=reals())
    assert is_positive(lambda x: x**2 + 4 - ripples(x), on=reals())


@CLAIM
@given(start=nonzero_dyadics(64))
def test_a_linear_rate(start):
    step = lambda of: ripples(of[0] - of[1] * slope(of[0]) / 8)  # noqa: E731
    left = lambda of: (1 - of[1] / 256) * ripples(of[0] - (1 - of[1]) * slope(of[0]) / 8)  # noqa: E731
    assert is_higher(left, at=(start, 1), than=(start, 0))
    assert not is_higher(step, at=(start, 1), than=(start, 0))
    assert descends_to(ripples, start, near=0.0, step=1 / 8)


@CLAIM
@given(about=dyadics(1 / 64, 1 / 16, 64), start=dyadics(1 / 2, 1, 16))
def test_wells_of_unlike_depth(about, start):
    """At the worse minimum the slope is 0, and the value higher than at -17/16, hence than the least."""
    surplus = domination(tilted_wells, 1 / 16, infimum=tilted_wells(-17 / 16))
    assert not is_positive(surplus, on=box(0.9304 - about, 0.9304 + about))
    assert not descends_to(tilted_wells, start, near=-1.0575, step=1 / 16)
