"""Roots and signs of polynomials against polynomials built from their roots, and against mpmath."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest
from flint import fmpq, fmpq_poly
from hypothesis import assume, given
from hypothesis import strategies as st

from netprops.exact.inertia import to_rational
from netprops.exact.polynomials_1d import Sign, count_roots, real_roots, sign_on

rationals = st.fractions(min_value=-5, max_value=5, max_denominator=6)
ends = st.none() | rationals
closures = st.tuples(st.booleans(), st.booleans())
integer_polynomials = st.lists(st.integers(-9, 9), min_size=1, max_size=9).filter(any)


def signs(*taken):
    return Sign(negative=-1 in taken, zero=0 in taken, positive=1 in taken)


def fraction(x):
    return Fraction(int(x.p), int(x.q))


@st.composite
def factored(draw):
    """(p, its real roots): a constant times rational linear factors, some of them repeated, times a positive factor."""
    roots = draw(st.lists(rationals, max_size=5))
    p = fmpq_poly([draw(st.integers(-3, 3).filter(bool))])
    for root in roots:
        p *= fmpq_poly([to_rational(-root), 1])
    if draw(st.booleans()):
        p *= fmpq_poly([to_rational(draw(rationals) ** 2 + Fraction(1, 10**9)), 0, 1])
    return p, sorted(set(roots))


def lies_between(x, lo, hi, closed):
    above = lo is None or x > lo or (closed[0] and x == lo)
    return above and (hi is None or x < hi or (closed[1] and x == hi))


# --- roots -----------------------------------------------------------------------------------------------------


@given(factored())
def test_rational_roots_are_found_exactly_and_once_each(case):
    p, roots = case
    assert real_roots(p) == [(to_rational(root), to_rational(root)) for root in roots]


@given(st.lists(st.integers(2, 40).filter(lambda n: math.isqrt(n) ** 2 != n), unique=True, max_size=4), factored())
def test_irrational_roots_have_an_interval_each_apart_from_the_rational_ones(radicands, case):
    p, rational = case
    for n in radicands:
        p *= fmpq_poly([-n, 0, 1])
    known = sorted([(float(r), r) for r in rational] + [(s * math.sqrt(n), None) for n in radicands for s in (1, -1)])
    found = real_roots(p)
    assert len(found) == len(known)
    for (lo, hi), (approximate, exact) in zip(found, known, strict=True):
        if exact is not None:
            assert lo == hi == to_rational(exact)
        else:
            assert fraction(lo) < approximate < fraction(hi)
            assert p(lo)
            assert p(hi)
    assert all(left[1] <= right[0] for left, right in pairwise(found))


@pytest.mark.filterwarnings("ignore:Descending:DeprecationWarning")  # mpmath before 1.4 knows no other order
@given(integer_polynomials)
def test_the_roots_are_the_real_ones_that_mpmath_finds(coefficients):
    p = fmpq_poly(coefficients)
    assume(p.gcd(p.derivative()).degree() == 0)
    with mpmath.workdps(60):
        found = mpmath.polyroots([int(c.p) for c in reversed(p.coeffs())], maxsteps=500, extraprec=400)
        real = sorted(mpmath.re(root) for root in found if abs(mpmath.im(root)) < mpmath.mpf(10) ** -40)
        enclosures = real_roots(p, width=fmpq(1, 10**20))
        assert len(enclosures) == len(real) == count_roots(p)
        for (lo, hi), root in zip(enclosures, real, strict=True):
            slack = mpmath.mpf(10) ** -40
            assert mpmath.mpf(int(lo.p)) / int(lo.q) - slack <= root <= mpmath.mpf(int(hi.p)) / int(hi.q) + slack
            assert hi - lo <= fmpq(1, 10**20)


@given(integer_polynomials)
def test_an_open_interval_shows_a_change_of_sign_or_an_even_root(coefficients):
    p = fmpq_poly(coefficients)
    simple = p // p.gcd(p.derivative())
    for lo, hi in real_roots(p):
        assert simple(lo) == simple(hi) == 0 if lo == hi else simple(lo) * simple(hi) < 0


def test_roots_two_hundred_digits_apart_or_together_are_told_apart():
    tiny = fmpq(1, 10**200)
    assert real_roots(fmpq_poly([0, 1]) * fmpq_poly([-tiny, 1])) == [(0, 0), (tiny, tiny)]
    assert real_roots(fmpq_poly([tiny, 0, 1])) == []
    assert len(real_roots(fmpq_poly([-2 * tiny * tiny, 0, 1]))) == 2
    assert len(real_roots([-1e-300, -1e300, 1e300])) == 2


def test_constants_have_no_roots_and_zero_is_refused():
    assert real_roots([5]) == []
    assert count_roots([5], -1, 1) == 0
    for ask in (real_roots, count_roots):
        with pytest.raises(ValueError, match="zero polynomial"):
            ask([0, 0])


@pytest.mark.parametrize("width", [0, -1])
def test_a_width_that_is_not_positive_is_refused(width):
    with pytest.raises(ValueError, match="cannot be reached"):
        real_roots([-2, 0, 1], width=width)


@given(factored(), ends, ends, closures)
def test_the_roots_between_two_ends_are_counted(case, lo, hi, closed):
    p, roots = case
    assume(lo is None or hi is None or lo <= hi)
    assert count_roots(p, lo, hi, closed) == sum(lies_between(root, lo, hi, closed) for root in roots)


@pytest.mark.parametrize(("lo", "hi"), [(1e300, None), (None, -1e300), (2, None), (None, -2), (-1, 1)])
def test_no_root_is_counted_beyond_the_roots(lo, hi):
    assert count_roots([-2, 0, 1], lo, hi) == 0


@given(integer_polynomials, rationals)
def test_the_roots_on_both_sides_of_a_point_and_the_point_add_up(coefficients, x):
    left = count_roots(coefficients, None, x, closed=(True, False))
    right = count_roots(coefficients, x, None, closed=(False, True))
    assert left + count_roots(coefficients, x, x) + right == len(real_roots(coefficients))


@pytest.mark.parametrize("ask", [count_roots, sign_on])
def test_ends_in_the_wrong_order_are_refused(ask):
    with pytest.raises(ValueError, match="no point lies between 1 and 0"):
        ask([1, 1], 1, 0)
    with pytest.raises(ValueError, match="not a finite number"):
        ask([1, 1], -math.inf, 0)


# --- signs -----------------------------------------------------------------------------------------------------


@given(factored(), ends, ends, closures)
def test_the_signs_are_those_at_the_roots_the_ends_and_between(case, lo, hi, closed):
    p, roots = case
    assume(lo is None or hi is None or lo < hi or (lo == hi and all(closed)))
    marks = sorted({*roots, *(end for end in (lo, hi) if end is not None), Fraction(-100), Fraction(100)})
    points = marks + [(a + b) / 2 for a, b in pairwise(marks)]
    values = [p(to_rational(x)) for x in points if lies_between(x, lo, hi, closed)]
    assert sign_on(p, lo, hi, closed) == signs(*((value > 0) - (value < 0) for value in values))


@given(integer_polynomials, ends, ends, rationals)
def test_the_sign_at_every_point_is_among_the_signs_on_the_interval(coefficients, lo, hi, x):
    assume(lo is None or hi is None or lo <= hi)
    assume(lies_between(x, lo, hi, (True, True)))
    here, around = sign_on(coefficients, x, x), sign_on(coefficients, lo, hi)
    value = sum(c * x**k for k, c in enumerate(coefficients))
    assert here == signs((value > 0) - (value < 0))
    for part in ("negative", "zero", "positive"):
        assert getattr(around, part) >= getattr(here, part)


@given(integer_polynomials, ends, ends)
def test_the_negated_polynomial_has_the_opposite_signs(coefficients, lo, hi):
    assume(lo is None or hi is None or lo <= hi)
    sign, opposite = sign_on(coefficients, lo, hi), sign_on([-c for c in coefficients], lo, hi)
    assert opposite == Sign(negative=sign.positive, zero=sign.zero, positive=sign.negative)
    assert (opposite.is_negative, opposite.is_nonpositive) == (sign.is_positive, sign.is_nonnegative)


@given(integer_polynomials, integer_polynomials)
def test_a_square_is_nonnegative_and_zero_only_with_its_root(coefficients, others):
    p, q = fmpq_poly(coefficients), fmpq_poly(others)
    assert sign_on(p * p).is_nonnegative
    assert sign_on(p * p).zero == bool(real_roots(p))
    assert sign_on(p * p + q * q).zero == bool(real_roots(p.gcd(q)))
    assert sign_on(p * p + fmpq(1, 10**40)).is_positive


@pytest.mark.parametrize(
    ("p", "lo", "hi", "taken"),
    [
        ([], None, None, {0}),
        ([0, 0], 1, 1, {0}),
        ([3], None, None, {1}),
        ([-3], 0, None, {-1}),
        ([0, 1], None, None, {-1, 0, 1}),
        ([0, 1], 0, None, {0, 1}),
        ([0, 1], None, 0, {-1, 0}),
        ([0, 1], 0, 0, {0}),
        ([0, 1], 5e-324, None, {1}),
        ([1, -2, 1], None, None, {0, 1}),
        ([1, -2, 1], 2, 3, {1}),
        ([-2, 0, 1], -1, 1, {-1}),
        ([-2, 0, 1], -2, 1, {-1, 0, 1}),
        ([-2, 0, 1], 1e300, None, {1}),
        ([0, -2, 0, 1], None, -1e300, {-1}),
        ([5e-324, 0, 1], None, None, {1}),
        ([-5e-324, 0, 1], None, None, {-1, 0, 1}),
        ([1 - 2**-53, -2, 1], None, None, {-1, 0, 1}),
        ([1e-11, 0, 0, 1], -1e-3, 1, {-1, 0, 1}),
        ([1e-11, 0, 0, 1], -1e-4, 1, {1}),
    ],
)
def test_signs_are_decided_without_a_tolerance(p, lo, hi, taken):
    assert sign_on(p, lo, hi) == signs(*taken)


def test_an_open_end_is_left_out():
    assert sign_on([0, 1], 0, None, closed=(False, True)).is_positive
    assert sign_on([0, 0, -1], None, 0, closed=(True, False)).is_negative
    with pytest.raises(ValueError, match="an end being left out"):
        sign_on([0, 1], 0, 0, closed=(True, False))


@pytest.mark.parametrize("power", range(1, 7))
def test_an_open_ray_beyond_all_roots_is_never_empty(power):
    assert sign_on([-2, 0, 1], 2**power, None, closed=(False, True)).is_positive
    assert sign_on([-2, 0, 1], None, -(2**power), closed=(True, False)).is_positive


def test_the_zero_polynomial_is_zero_and_of_no_strict_sign():
    sign = sign_on([])
    assert sign.is_zero
    assert sign.is_nonnegative
    assert sign.is_nonpositive
    assert not sign.is_positive
    assert not sign.is_negative
    with pytest.raises(ValueError, match="no point lies between"):
        sign_on([], 1, 0)
