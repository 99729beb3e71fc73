"""Every row of the table of shapes, against mpmath: values, slopes, bends, joints, bounds, limits, and ranges."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import mpmath
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from normal_forms import ORACLES, STEPS

from netprops.domains import WHOLE_LINE, Interval
from netprops.readings import ranges
from netprops.readings.shapes import (
    FIRST_DERIVATIVE,
    SECOND_DERIVATIVE,
    SHAPES,
    Piece,
    bend_on,
    lies_within,
    range_of,
    slope_on,
)

DIGITS = 120
TINY = mpmath.mpf(10) ** -90
FAR = {
    "lgamma": 60, "digamma": 60, "erf": 12, "tanh": 60, "bessel_i0": 60, "logistic": 100, "exp": 100,
    "sinh": 100,
}  # fmt: skip
rows = pytest.mark.parametrize("name", SHAPES)


@pytest.fixture(autouse=True)
def _many_digits():
    with mpmath.workdps(DIGITS):
        yield


def mp(x):
    return mpmath.mpf(int(x.p)) / int(x.q)


def value(name, x):
    """mpmath's value at an exact number."""
    return mpmath.re(ORACLES[name](mp(x)))


def points_of(r, name="", count=40):
    """Exact points of an interval: its closed ends, close to both ends, all over it, and far out."""
    far = fmpq(FAR.get(name, 1000))
    lo, hi = -far if r.lo is None else r.lo, far if r.hi is None else r.hi
    span, random = hi - lo, Random(f"{name} {r}")
    shares = [fmpq(0), fmpq(1), fmpq(1, 10**6), 1 - fmpq(1, 10**6), fmpq(1, 1000), 1 - fmpq(1, 1000)]
    shares += [fmpq(random.randrange(1, 10**4), 10**4) for _ in range(count)]
    found = [lo + s * span for s in shares]
    found += [x for k in range(-12, 13, 4) for x in (lo + fmpq(2) ** k, hi - fmpq(2) ** k)]  # also next to finite ends
    return sorted({x for x in found if r.contains(x) and abs(x) <= far})


def check_piece(name, piece):
    """Strictly monotone and strictly bent on neighbouring and on distant points of the piece."""
    xs = points_of(piece.where, name)
    ys = [value(name, x) for x in xs]
    strict = TINY if piece.bend else -TINY  # steps are flat in places
    random = Random(name)
    triples = [*zip(range(len(xs)), range(1, len(xs)), range(2, len(xs)), strict=False)]
    triples += [tuple(sorted(random.sample(range(len(xs)), 3))) for _ in range(60)]
    for i, j, k in triples:
        if piece.slope:
            assert piece.slope * (ys[j] - ys[i]) > strict, f"{name} between {xs[i]} and {xs[j]}"
        if piece.bend:
            s = mp((xs[j] - xs[i]) / (xs[k] - xs[i]))
            gap = (1 - s) * ys[i] + s * ys[k] - ys[j]
            assert piece.bend * gap > TINY, f"{name} bends the wrong way at {xs[i]}, {xs[j]}, {xs[k]}"


def check_second(name, second):
    """The second derivative never leaves its range, and comes within 1 part in 1000 of both ends."""
    xs = [fmpq(n, 50) for n in range(-250, 251)]
    eps = mpmath.mpf(10) ** -20
    found = [(value_mp(name, mp(x) + eps) - 2 * value(name, x) + value_mp(name, mp(x) - eps)) / eps**2 for x in xs]
    noise = mpmath.mpf(10) ** -12
    assert second.lo is None or min(found) >= mp(second.lo) - noise
    assert second.hi is None or max(found) <= mp(second.hi) + noise
    assert second.lo is None or min(found) <= mp(second.lo) * mpmath.mpf("0.999")
    assert second.hi is None or max(found) >= mp(second.hi) * mpmath.mpf("0.999")


def value_mp(name, x):
    return mpmath.re(ORACLES[name](x))


def check_log_convex(name):
    xs = points_of(Interval(fmpq(-10), fmpq(10)), name)
    logs = [mpmath.log(value(name, x)) for x in xs]
    for i in range(len(xs) - 2):
        s = mp((xs[i + 1] - xs[i]) / (xs[i + 2] - xs[i]))
        gap = (1 - s) * logs[i] + s * logs[i + 2] - logs[i + 1]
        assert gap > -TINY, name


@rows
def test_its_ball_contains_its_value(name):
    for x in points_of(SHAPES[name].domain, name, 10):
        r = ranges.from_ball(SHAPES[name].value(arb(x)))
        y = value(name, x)
        assert contains(r, y, exactly=False) or abs(y - mp(r.lo)) < TINY
        assert r == WHOLE_LINE or r.hi - r.lo <= (abs(r.lo) + 1) / fmpq(2) ** 30 or abs(r.lo) > 10**15


@rows
def test_its_pieces_cover_its_domain_and_meet_in_single_points(name):
    shape = SHAPES[name]
    first, last = shape.pieces[0].where, shape.pieces[-1].where
    assert Interval(first.lo, last.hi, first.lo_open, last.hi_open) == shape.domain
    for left, right in pairwise(shape.pieces):
        assert left.where.hi == right.where.lo
        assert not left.where.hi_open
        assert not right.where.lo_open


@rows
def test_every_piece_has_its_slope_and_its_bend(name):
    for piece in SHAPES[name].pieces:
        check_piece(name, piece)


@rows
def test_smooth_rows_have_one_slope_at_every_joint(name):
    shape = SHAPES[name]
    for piece in shape.pieces[1:]:
        x, eps = mp(piece.where.lo), mpmath.mpf(10) ** -30
        before = (value_mp(name, x) - value_mp(name, x - eps)) / eps
        after = (value_mp(name, x + eps) - value_mp(name, x)) / eps
        jumps = abs(before - after) > mpmath.mpf(10) ** -20 or abs(after) > mpmath.mpf(10) ** 10
        assert jumps != shape.smooth


@rows
def test_steps_are_said_not_to_be_smooth(name):
    assert name not in STEPS or not SHAPES[name].smooth


@rows
def test_parity_and_exact_values(name):
    shape = SHAPES[name]
    for x in points_of(shape.domain, name, 10):
        if shape.parity:
            assert shape.domain.contains(-x)
            assert abs(value(name, -x) - shape.parity * value(name, x)) <= TINY * (1 + abs(value(name, x)))
    for x, y in shape.exact.items():
        assert abs(value(name, x) - mp(y)) < TINY


@rows
def test_bounds_and_limits(name):
    shape = SHAPES[name]
    for x in points_of(shape.domain, name):
        y = value(name, x)
        assert contains(shape.bounds, y, exactly=True)
    for end, x in ((shape.at_minus_infinity, -(10**6)), (shape.at_plus_infinity, 10**6)):
        if end is not None and not end.infinite:
            gap = value_mp(name, mpmath.mpf(x)) - mp(end.value)
            assert abs(gap) < mpmath.mpf(10) ** -5
        if end is not None and end.infinite:
            assert end.infinite * value_mp(name, mpmath.mpf(end.infinite and x) / 10**4) > 10**3


@pytest.mark.parametrize("name", [n for n in SHAPES if SHAPES[n].second != WHOLE_LINE])
def test_the_second_derivative_keeps_to_its_range_and_nearly_attains_it(name):
    check_second(name, SHAPES[name].second)


@pytest.mark.parametrize("name", [n for n in SHAPES if SHAPES[n].log_convex])
def test_the_logarithm_is_convex_where_it_is_said(name):
    assert SHAPES[name].domain == WHOLE_LINE
    assert ranges.is_positive(SHAPES[name].bounds)
    check_log_convex(name)


@pytest.mark.parametrize("name", FIRST_DERIVATIVE)
def test_rows_that_are_derivatives_of_each_other(name):
    for x in points_of(Interval(fmpq(-7), fmpq(7)), name, 10):
        factor, other = FIRST_DERIVATIVE[name]
        assert abs(mpmath.diff(ORACLES[name], mp(x)) - factor * value(other, x)) < mpmath.mpf(10) ** -30
        factor, other = SECOND_DERIVATIVE[name]
        assert abs(mpmath.diff(ORACLES[name], mp(x), 2) - factor * value(other, x)) < mpmath.mpf(10) ** -20


# ------------------------------------------------------------------ ranges, slopes and bends on intervals

ends = st.one_of(
    st.none(),
    st.integers(-4, 4).map(fmpq),
    st.fractions(-8, 8, max_denominator=64).map(lambda x: fmpq(x.numerator, x.denominator)),
    st.sampled_from([fmpq(-100), fmpq(100), fmpq(1, 2**30), 1 - fmpq(1, 2**40)]),
)


@st.composite
def intervals(draw):
    a, b = draw(ends), draw(ends)
    if a is not None and b is not None and a > b:
        a, b = b, a
    is_point = a is not None and a == b
    lo_open, hi_open = a is not None and draw(st.booleans()), b is not None and draw(st.booleans())
    return Interval(a, b, lo_open and not is_point, hi_open and not is_point)


def contains(r, y, exactly):
    """Whether y lies in r: strictly inside by more than the digits' error, or exactly at a closed end."""
    low = r.lo is None or y > mp(r.lo) or (y == mp(r.lo) and not (r.lo_open and exactly))
    return low and (r.hi is None or y < mp(r.hi) or (y == mp(r.hi) and not (r.hi_open and exactly)))


@rows
@given(intervals())
def test_every_value_lies_in_the_range(name, r):
    found = range_of(name, r)
    for x in points_of(r, name, 8):
        if SHAPES[name].domain.contains(x):
            y = value(name, x)
            slack = TINY * (1 + abs(y))
            assert contains(found, y, exactly=name in STEPS or x in SHAPES[name].exact) or any(
                contains(found, z, exactly=True) for z in (y - slack, y + slack)
            ), f"{name}({x}) = {y} not in {found}"


@rows
@given(intervals())
def test_a_slope_and_a_bend_on_an_interval_hold_there(name, r):
    slope, bend = slope_on(name, r), bend_on(name, r)
    if slope or bend:
        assert lies_within(r, SHAPES[name].domain)
        xs = points_of(r, name, 8)
        ys = [value(name, x) for x in xs]
        assert slope == 0 or all(slope * (b - a) >= -TINY for a, b in pairwise(ys))
        for i in range(len(xs) - 2) if bend else ():
            s = mp((xs[i + 1] - xs[i]) / (xs[i + 2] - xs[i]))
            assert bend * ((1 - s) * ys[i] + s * ys[i + 2] - ys[i + 1]) >= -TINY * (1 + abs(ys[i]) + abs(ys[i + 2]))


@rows
def test_each_piece_has_its_own_slope_and_bend_as_an_interval(name):
    for piece in SHAPES[name].pieces:
        assert name in FIRST_DERIVATIVE or (slope_on(name, piece.where), bend_on(name, piece.where)) == (
            piece.slope,
            piece.bend,
        )


@given(intervals())
def test_the_exponential_of_anything_is_positive(r):
    assert ranges.is_positive(range_of("exp", r))


@pytest.mark.parametrize("name", STEPS)
def test_a_step_attains_its_values_at_open_ends(name):
    inside = Interval(fmpq(0), fmpq(1), True, True)
    y = {"floor": fmpq(0), "ceil": fmpq(1), "sign": fmpq(1)}[name]
    assert range_of(name, inside).contains(y)
    assert range_of(name, Interval(fmpq(1), fmpq(5, 4), True, True)).contains({"ceil": fmpq(2)}.get(name, fmpq(1)))


def test_open_ends_stay_open_where_the_function_is_strictly_monotone_and_exact():
    assert range_of("exp", Interval(fmpq(0), None, True)) == Interval(fmpq(1), None, True)
    assert range_of("tanh", Interval(fmpq(0), None, True)) == Interval(fmpq(0), fmpq(1), True, True)
    assert range_of("log", Interval(fmpq(1), None, True)) == Interval(fmpq(0), None, True)


@given(intervals(), intervals())
def test_lying_within_is_as_for_sets(r, s):
    found = [x for x in points_of(r, count=4) if not s.contains(x)]
    assert not (found and lies_within(r, s))
    assert lies_within(r, r)
    assert lies_within(Interval(None, r.hi, True, r.hi_open), WHOLE_LINE)


# ------------------------------------------------------------------ wrong on purpose


@pytest.mark.parametrize("name", [n for n in SHAPES if SHAPES[n].pieces[0].bend])
def test_a_flipped_bend_is_seen(name):
    piece = SHAPES[name].pieces[0]
    with pytest.raises(AssertionError):
        check_piece(name, replace(piece, bend=-piece.bend))


@pytest.mark.parametrize("name", [n for n in SHAPES if SHAPES[n].pieces[0].slope])
def test_a_flipped_slope_is_seen(name):
    piece = SHAPES[name].pieces[-1]
    with pytest.raises(AssertionError):
        check_piece(name, replace(piece, slope=-piece.slope))


def test_a_piece_that_reaches_too_far_is_seen():
    with pytest.raises(AssertionError):
        check_piece("tanh", Piece(Interval(fmpq(-1, 2**12), None), 1, -1))


@pytest.mark.parametrize("name", [n for n in SHAPES if SHAPES[n].second.hi is not None])
def test_a_range_of_the_second_derivative_that_is_off_by_a_percent_is_seen(name):
    for factor in (Fraction(99, 100), Fraction(101, 100)):
        with pytest.raises(AssertionError):
            check_second(name, ranges.scale(SHAPES[name].second, fmpq(factor.numerator, factor.denominator)))


def test_a_logarithm_that_is_not_convex_is_seen():
    with pytest.raises(AssertionError):
        check_log_convex("logistic")
