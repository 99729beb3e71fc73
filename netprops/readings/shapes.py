"""The shapes of elementary functions: domain, pieces of one monotonicity and one curvature, parity, exact values.

One row a function. Pieces meet at rational points and cover the domain; on each the function is increasing or
decreasing, convex or concave. Every row is checked by iterating the table against mpmath (tests/test_shapes.py).
Where two pieces meet the function is continuously differentiable unless the row says ``smooth=False``, so convex pieces
that touch glue to a convex function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flint import arb, fmpq

from netprops.domains import WHOLE_LINE, Interval
from netprops.readings import ranges
from netprops.readings.ranges import End

ZERO, ONE = fmpq(0), fmpq(1)
POSITIVE = Interval(lo=ZERO, lo_open=True)
LEFT, RIGHT = Interval(hi=ZERO), Interval(lo=ZERO)


@dataclass(frozen=True)
class Piece:
    """On `where` the function has the slope sign `slope` (1 non-decreasing, -1 non-increasing, 0 unknown) and the
    curvature sign `bend` (1 convex, -1 concave, 0 unknown), each strict in the interior unless the bend is unknown."""

    where: Interval
    slope: int
    bend: int


@dataclass(frozen=True)
class Shape:
    """One elementary function: see the module."""

    value: Callable[[arb], arb]
    pieces: tuple[Piece, ...]
    domain: Interval = WHOLE_LINE
    at_minus_infinity: End | None = None
    at_plus_infinity: End | None = None
    parity: int = 0  # 1 even, -1 odd
    exact: Mapping[fmpq, fmpq] = field(default_factory=dict)
    bounds: Interval = WHOLE_LINE  # a range that holds everywhere
    second: Interval = WHOLE_LINE  # a range of the second derivative that holds everywhere
    smooth: bool = True
    log_convex: bool = False  # whether it is positive everywhere and its logarithm is convex


def _at(x: fmpq | int, *, is_open: bool = True) -> End:
    return End(0, fmpq(x), is_open)


def _line(slope: int, bend: int) -> tuple[Piece, ...]:
    return (Piece(WHOLE_LINE, slope, bend),)


def _halves(left: tuple[int, int], right: tuple[int, int], domain: Interval = WHOLE_LINE) -> tuple[Piece, ...]:
    return (
        Piece(ranges.intersect(LEFT, domain), *left),
        Piece(ranges.intersect(RIGHT, domain), *right),
    )


def _symmetric(bound: fmpq) -> Interval:
    return Interval(-bound, bound)


UNIT_OPEN = Interval(-ONE, ONE, True, True)
UNIT_CLOSED = Interval(-ONE, ONE)
HALF_PI = fmpq(884279719003555, 562949953421312)  # a double just below pi/2
AT_ZERO = {ZERO: ZERO}

SHAPES: dict[str, Shape] = {
    "exp": Shape(arb.exp, _line(1, 1), at_minus_infinity=_at(0), exact={ZERO: ONE}, bounds=POSITIVE),
    "log": Shape(arb.log, (Piece(POSITIVE, 1, -1),), domain=POSITIVE, exact={ONE: ZERO}),
    "logistic": Shape(
        lambda x: 1 / (1 + (-x).exp()), _halves((1, 1), (1, -1)), at_minus_infinity=_at(0), at_plus_infinity=_at(1),
        exact={ZERO: fmpq(1, 2)}, bounds=Interval(ZERO, ONE, True, True),
        second=_symmetric(fmpq(9623, 100000)),
    ),
    "tanh": Shape(
        arb.tanh, _halves((1, 1), (1, -1)), at_minus_infinity=_at(-1), at_plus_infinity=_at(1), parity=-1,
        exact=AT_ZERO, bounds=UNIT_OPEN, second=_symmetric(fmpq(76981, 100000)),
    ),
    "atan": Shape(
        arb.atan, _halves((1, 1), (1, -1)), parity=-1, exact=AT_ZERO, second=_symmetric(fmpq(64952, 100000)),
        at_minus_infinity=_at(fmpq(-15708, 10000)), at_plus_infinity=_at(fmpq(15708, 10000)),
    ),
    "erf": Shape(
        arb.erf, _halves((1, 1), (1, -1)), at_minus_infinity=_at(-1), at_plus_infinity=_at(1), parity=-1,
        exact=AT_ZERO, bounds=UNIT_OPEN, second=_symmetric(fmpq(96789, 100000)),
    ),
    "asinh": Shape(
        arb.asinh, _halves((1, 1), (1, -1)), parity=-1, exact=AT_ZERO, second=_symmetric(fmpq(38491, 100000))
    ),
    "sinh": Shape(arb.sinh, _halves((1, -1), (1, 1)), parity=-1, exact=AT_ZERO),
    "cosh": Shape(
        arb.cosh, _halves((-1, 1), (1, 1)), parity=1, exact={ZERO: ONE}, bounds=Interval(lo=ONE), log_convex=True,
        at_minus_infinity=End(1, ZERO, True),
    ),
    "bessel_i0": Shape(  # the mean of exp(x cos a) over all angles a
        lambda x: x.bessel_i(0), _halves((-1, 1), (1, 1)), parity=1, exact={ZERO: ONE}, bounds=Interval(lo=ONE),
        log_convex=True, at_minus_infinity=End(1, ZERO, True),
    ),
    "atanh": Shape(
        arb.atanh, _halves((1, -1), (1, 1), UNIT_OPEN), domain=UNIT_OPEN, parity=-1, exact=AT_ZERO
    ),
    "asin": Shape(
        arb.asin, _halves((1, -1), (1, 1), UNIT_CLOSED), domain=UNIT_CLOSED, parity=-1, exact=AT_ZERO
    ),
    "acos": Shape(arb.acos, _halves((-1, 1), (-1, -1), UNIT_CLOSED), domain=UNIT_CLOSED, exact={ONE: ZERO}),
    "tan": Shape(
        arb.tan, _halves((1, -1), (1, 1), _symmetric(HALF_PI)), domain=_symmetric(HALF_PI), parity=-1, exact=AT_ZERO
    ),
    "acosh": Shape(arb.acosh, (Piece(Interval(lo=ONE), 1, -1),), domain=Interval(lo=ONE), exact={ONE: ZERO}),
    "erf_inv": Shape(
        arb.erfinv, _halves((1, -1), (1, 1), UNIT_OPEN), domain=UNIT_OPEN, parity=-1, exact=AT_ZERO
    ),
    "cbrt": Shape(
        lambda x: x.root(3) if x > 0 else (-((-x).root(3)) if x < 0 else x), _halves((1, 1), (1, -1)), parity=-1,
        exact={ZERO: ZERO, ONE: ONE}, smooth=False,
    ),
    "lgamma": Shape(arb.lgamma, (Piece(POSITIVE, 0, 1),), domain=POSITIVE, exact={ONE: ZERO, fmpq(2): ZERO}),
    "digamma": Shape(arb.digamma, (Piece(POSITIVE, 1, -1),), domain=POSITIVE),
    "sin": Shape(
        arb.sin, _line(0, 0), parity=-1, exact=AT_ZERO, bounds=UNIT_CLOSED, second=UNIT_CLOSED
    ),
    "cos": Shape(
        arb.cos, _line(0, 0), parity=1, exact={ZERO: ONE}, bounds=UNIT_CLOSED, second=UNIT_CLOSED
    ),
    "floor": Shape(arb.floor, _line(1, 0), smooth=False),
    "ceil": Shape(arb.ceil, _line(1, 0), smooth=False),
    "sign": Shape(arb.sgn, _line(1, 0), parity=-1, bounds=UNIT_CLOSED, smooth=False),
}  # fmt: skip

# f'' as a multiple of another row: how the curvature of an oscillating function is read off its range.
SECOND_DERIVATIVE: dict[str, tuple[int, str]] = {"sin": (-1, "sin"), "cos": (-1, "cos")}
FIRST_DERIVATIVE: dict[str, tuple[int, str]] = {"sin": (1, "cos"), "cos": (-1, "sin")}
MAX_WIDTH = 64
SLICES = 64


def lies_within(r: Interval, domain: Interval) -> bool:
    """Whether the interval `r` is a subset of `domain`."""
    common = ranges.intersect(r, domain) if _touch(r, domain) else None
    return common is not None and common == ranges.between(ranges.lower(r), ranges.upper(r))


def _touch(a: Interval, b: Interval) -> bool:
    below = a.hi is not None and b.lo is not None and (a.hi < b.lo or (a.hi == b.lo and (a.hi_open or b.lo_open)))
    above = a.lo is not None and b.hi is not None and (a.lo > b.hi or (a.lo == b.hi and (a.lo_open or b.hi_open)))
    return not (below or above)


def range_of(name: str, r: Interval) -> Interval:
    """An enclosure of the function's values on `r` (intersected with its domain)."""
    shape = SHAPES[name]
    if not _touch(r, shape.domain):
        return shape.bounds
    r = ranges.intersect(r, shape.domain)
    if name in FIRST_DERIVATIVE:
        return _range_by_balls(shape, r)
    parts = [
        _monotone_range(shape, piece, ranges.intersect(r, piece.where))
        for piece in shape.pieces
        if _touch(r, piece.where)
    ]
    total = parts[0]
    for part in parts[1:]:
        total = ranges.union(total, part)
    return ranges.intersect(total, shape.bounds)


def _monotone_range(shape: Shape, piece: Piece, r: Interval) -> Interval:
    if piece.slope == 0:
        return WHOLE_LINE
    if piece.bend == 0:  # a step function may take its value at an end before the end
        r = Interval(r.lo, r.hi)
    return ranges.monotone(
        r,
        shape.value,
        increasing=piece.slope > 0,
        at_minus_infinity=shape.at_minus_infinity,
        at_plus_infinity=shape.at_plus_infinity,
    )


def _range_by_balls(shape: Shape, r: Interval) -> Interval:
    """Bounds of an oscillating function on a short interval, by balls on slices of it."""
    if r.lo is None or r.hi is None or r.hi - r.lo > 8:
        return shape.bounds
    parts = [ranges.from_ball(shape.value(ranges.ball(part))) for part in _slices(r)]
    total = parts[0]
    for part in parts[1:]:
        total = ranges.union(total, part)
    ends = [ranges.from_ball(shape.value(arb(end))) for end in (r.lo, r.hi)]
    slope = _oscillating_slope(shape, r)
    if slope:
        total = ranges.intersect(total, ranges.union(*ends))
    return ranges.intersect(total, shape.bounds)


def _slices(r: Interval) -> list[Interval]:
    assert r.lo is not None
    assert r.hi is not None
    step = (r.hi - r.lo) / SLICES
    return [Interval(r.lo + i * step, r.lo + (i + 1) * step) for i in range(SLICES)] if step else [r]


def _oscillating_slope(shape: Shape, r: Interval) -> int:
    name = "sin" if shape is SHAPES["sin"] else "cos"
    factor, other = FIRST_DERIVATIVE[name]
    signs = {_ball_sign(SHAPES[other].value(ranges.ball(part))) for part in _slices(r)}
    return factor * signs.pop() if len(signs) == 1 else 0


def _ball_sign(x: arb) -> int:
    return 1 if x > 0 else -1 if x < 0 else 0


def slope_on(name: str, r: Interval) -> int:
    """1 if the function is non-decreasing on `r`, -1 if non-increasing, 0 if neither or unknown."""
    shape = SHAPES[name]
    if not lies_within(r, shape.domain):
        return 0
    if name in FIRST_DERIVATIVE:
        factor, other = FIRST_DERIVATIVE[name]
        return factor * _sign_of_range(range_of(other, r))
    return _common({piece.slope for piece in shape.pieces if _overlaps(r, piece.where)})


def bend_on(name: str, r: Interval) -> int:
    """1 if the function is convex on `r`, -1 if concave, 0 if neither or unknown."""
    shape = SHAPES[name]
    if not lies_within(r, shape.domain):
        return 0
    if name in SECOND_DERIVATIVE:
        factor, other = SECOND_DERIVATIVE[name]
        return factor * _sign_of_range(range_of(other, r))
    touched = [piece for piece in shape.pieces if _overlaps(r, piece.where)]
    if len(touched) > 1 and not shape.smooth:
        return 0
    return _common({piece.bend for piece in touched})


def _sign_of_range(r: Interval) -> int:
    return 1 if ranges.is_nonnegative(r) else -1 if ranges.is_nonpositive(r) else 0


def _common(signs: set[int]) -> int:
    return signs.pop() if len(signs) == 1 else 0


def _overlaps(r: Interval, piece: Interval) -> bool:
    """Whether they share more than one point (or r is itself a point of the piece)."""
    if not _touch(r, piece):
        return False
    common = ranges.intersect(r, piece)
    return r.lo == r.hi or common.lo is None or common.lo != common.hi
