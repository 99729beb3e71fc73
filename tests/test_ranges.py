"""Interval arithmetic: whatever numbers are put in, the result lies in the range; and ends are attained as they say."""

from fractions import Fraction
from itertools import product

import mpmath
import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st

from netprops.domains import WHOLE_LINE, Interval, exact
from netprops.readings import ranges

ENDS = [None, *map(fmpq, (-2, -1, 0, 1, 2)), fmpq(1, 3)]
GRID = [fmpq(n, 12) for n in range(-36, 37)] + [fmpq(n) for n in (-1000, -50, 50, 1000)]


def intervals():
    """All intervals with a few ends."""
    for lo, hi, lo_open, hi_open in product(ENDS, ENDS, (False, True), (False, True)):
        if (lo is None and lo_open) or (hi is None and hi_open):
            continue
        if lo is None or hi is None or lo < hi or (lo == hi and not lo_open and not hi_open):
            yield Interval(lo, hi, lo_open, hi_open)


ALL = list(intervals())
some = st.sampled_from(ALL)


def points(r):
    return [x for x in GRID if r.contains(x)]


def near(r):
    """Points of the interval at its ends, or ever closer to them and further out."""
    eps, far = fmpq(1, 10**9), fmpq(10**9)
    low = -far if r.lo is None else r.lo + eps if r.lo_open else r.lo
    high = far if r.hi is None else r.hi - eps if r.hi_open else r.hi
    return low, high


def is_sharp(r, values):
    """Whether the values come close to the ends of the range, and attain the closed ones."""
    lo, hi = min(values), max(values)
    low = lo <= -(10**6) if r.lo is None else abs(lo - r.lo) <= fmpq(1, 1000) and (r.lo_open or lo == r.lo)
    return low and (hi >= 10**6 if r.hi is None else abs(hi - r.hi) <= fmpq(1, 1000) and (r.hi_open or hi == r.hi))


BINARY = {
    "add": (ranges.add, lambda x, y: x + y),
    "multiply": (ranges.multiply, lambda x, y: x * y),
    "largest": (lambda a, b: ranges.largest([a, b]), max),
}


@pytest.mark.parametrize("name", BINARY)
@given(some, some)
def test_a_result_of_two_numbers_lies_in_the_range(name, a, b):
    of_ranges, of_numbers = BINARY[name]
    r = of_ranges(a, b)
    for x, y in product([*points(a)[::5], *near(a)], [*points(b)[::5], *near(b)]):
        assert r.contains(of_numbers(x, y))


@pytest.mark.parametrize("name", BINARY)
def test_ends_are_attained_as_they_say(name):
    of_ranges, of_numbers = BINARY[name]
    for a, b in list(product(ALL, ALL))[::7]:
        tried = ([*near(r), fmpq(0)] if r.contains(0) else near(r) for r in (a, b))
        values = [of_numbers(x, y) for x, y in product(*tried)]
        assert all(of_ranges(a, b).contains(v) for v in values), (a, b)
        if name != "multiply" or None not in (a.lo, a.hi, b.lo, b.hi):
            assert is_sharp(of_ranges(a, b), values), (a, b, of_ranges(a, b))


@given(some, some)
def test_a_union_has_both_parts_and_an_intersection_what_is_common(a, b):
    common = [x for x in GRID if a.contains(x) and b.contains(x)]
    assert all(ranges.union(a, b).contains(x) for x in GRID if a.contains(x) or b.contains(x))
    assume(common)
    assert [x for x in GRID if ranges.intersect(a, b).contains(x)] == common


@given(some, st.sampled_from([fmpq(n) for n in (-3, -1, 0, 1, 2)]))
def test_scaling_and_negating_are_exact(r, c):
    assert ranges.negate(r) == ranges.scale(r, fmpq(-1))
    assert ranges.negate(ranges.negate(r)) == r
    if c != 0:
        assert [x for x in GRID if ranges.scale(r, c).contains(c * x)] == points(r)
    else:
        assert ranges.scale(r, c) == ranges.point(fmpq(0))


@given(some, st.sampled_from([-3, -2, -1, 0, 1, 2, 3, 4]))
def test_whole_powers(r, n):
    values = [x**n for x in [*points(r), *near(r)] if n >= 0 or x != 0]
    assert all(ranges.power(r, fmpq(n)).contains(v) for v in values)
    if n > 0:
        zero = [fmpq(0)] if r.contains(0) else [v**n for v in (fmpq(1, 10**9), fmpq(-1, 10**9)) if r.contains(v)]
        assert is_sharp(ranges.power(r, fmpq(n)), [*(x**n for x in near(r)), *zero])


@given(some, st.sampled_from([fmpq(1, 2), fmpq(-1, 2), fmpq(2, 3), fmpq(5, 3), fmpq(1, 3), fmpq(-7, 2), exact(0.1)]))
def test_roots(r, n):
    raised = ranges.power(r, n)
    with mpmath.workdps(60):
        for x in [*points(r), *near(r)]:
            if x > 0:
                y = mpmath.power(mpmath.mpf(int(x.p)) / int(x.q), mpmath.mpf(int(n.p)) / int(n.q))
                assert raised.lo is None or mpmath.mpf(int(raised.lo.p)) / int(raised.lo.q) <= y
                assert raised.hi is None or mpmath.mpf(int(raised.hi.p)) / int(raised.hi.q) >= y
            if x == 0 and n > 0:
                assert raised.contains(0)
    if ranges.is_positive(r):
        assert ranges.is_positive(raised)


@given(some)
def test_signs_are_those_of_the_numbers(r):
    tried = [*points(r), *near(r)]
    assert ranges.is_positive(r) == all(x > 0 for x in tried)
    assert ranges.is_nonnegative(r) == all(x >= 0 for x in tried)
    assert ranges.is_negative(r) == all(x < 0 for x in tried)
    assert ranges.is_nonpositive(r) == all(x <= 0 for x in tried)
    assert ranges.is_nonzero(r) == (not r.contains(0) and (max(tried) < 0 or min(tried) > 0))


@given(some)
def test_a_reciprocal_is_refused_around_zero_and_exact_elsewhere(r):
    turned = ranges.reciprocal(r)
    if ranges.is_nonzero(r):
        assert all(turned.contains(1 / x) for x in [*points(r), *near(r)])
        assert ranges.is_positive(turned) == ranges.is_positive(r)
    else:
        assert turned == WHOLE_LINE


@given(st.fractions(), st.integers(-3000, 3000), st.sampled_from([-1, 1]))
def test_long_numbers_are_rounded_strictly_outward_and_keep_their_sign(f, exponent, sign):
    x = fmpq(sign) * (fmpq(f.numerator, f.denominator) + 1) * fmpq(3) ** exponent + fmpq(1, 7**300)
    r = ranges.between(ranges.End(0, x, False), ranges.End(0, x, False))
    if ranges._bits(x) <= ranges.MAX_BITS:
        assert r == ranges.point(x)
        return
    assert r.lo < x < r.hi
    assert ranges._bits(r.lo) < 5000
    assert ranges.is_positive(r) or x < 0
    assert abs(r.hi - r.lo) <= abs(x) / 2**100 or abs(exponent) > 2000


def test_a_long_number_too_small_for_the_rounding_keeps_its_sign():
    tiny = fmpq(1, 3) ** 9000
    for x, is_one_signed in ((tiny, ranges.is_positive), (-tiny, ranges.is_negative)):
        r = ranges.between(ranges.End(0, x, False), ranges.End(0, x, False))
        assert is_one_signed(r)
        assert r.lo < x < r.hi


@given(some, st.booleans())
def test_a_monotone_function_by_balls_at_the_ends(r, rising):
    cube = (lambda x: x**3) if rising else (lambda x: -(x**3))
    r3 = ranges.monotone(r, cube, increasing=rising)
    values = [(x**3 if rising else -(x**3)) for x in [*points(r), *near(r)]]
    assert all(r3.contains(v) for v in values)


def test_limits_stand_for_values_at_infinity():
    one = ranges.End(0, fmpq(1), True)
    assert ranges.monotone(WHOLE_LINE, arb.tanh, at_plus_infinity=one) == Interval(hi=fmpq(1), hi_open=True)
    falling = ranges.monotone(WHOLE_LINE, arb.erfc, increasing=False, at_plus_infinity=ranges.End(0, fmpq(0), True))
    assert falling == Interval(lo=fmpq(0), lo_open=True)


def test_balls_and_intervals_go_over_into_each_other():
    r = Interval(fmpq(1, 3), fmpq(2))
    there = ranges.ball(r)
    back = ranges.from_ball(there)
    assert back.lo <= r.lo
    assert back.hi >= r.hi
    assert not ranges.ball(WHOLE_LINE).is_finite()
    assert ranges.from_ball(arb("nan")) == WHOLE_LINE
    assert ranges.to_rational(arb(fmpq(3, 8))) == fmpq(3, 8)
    assert ranges.to_rational(arb(fmpq(1, 3))) is None
    assert Fraction(3, 8) == Fraction(0.375)


def test_a_wrong_range_is_seen():
    with pytest.raises(AssertionError):
        assert is_sharp(Interval(fmpq(0), fmpq(1)), [fmpq(0), fmpq(1, 2)])
    assert not is_sharp(Interval(fmpq(0), fmpq(1)), [fmpq(0) + fmpq(1, 10**9), fmpq(1)])
