"""All critical points of a function on its domain, bounded or not: each enclosed, and none anywhere else.

Three ways, of which the first is taken that applies:

* a gradient that is rational in x or exp(c x) has its zeros on the grid of the real roots of one polynomial for each
  coordinate (`rational`, `exact.elimination`); Sturm's theorem isolates these roots, and of each point of the grid it
  is decided whether a critical point is there;
* a bounded box is cut into parts, each with one critical point or with none (`krawczyk.critical_points`);
* in the tails, where some |x_i| >= B, some partial derivative has one sign by the ranges of its normal form, which
  leaves the bounded box between the tails.

A critical point whose Hessian is singular is found by none of them, except on the line: there a multiple root of a
rational derivative is one, for certain.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from flint import arb, fmpq, fmpq_poly

from netprops.domains import Box, Interval
from netprops.exact.elimination import eliminants
from netprops.exact.polynomials_1d import real_roots
from netprops.readings import ranges
from netprops.readings.atoms import ball
from netprops.readings.balls import precision_of
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.jaxpr import Program, UnsupportedError
from netprops.readings.krawczyk import CriticalPoint, coincide, critical_points, shaped
from netprops.readings.polynomials import TooLargeError
from netprops.readings.rational import NotRationalError, RationalGradient, rational_gradient
from netprops.readings.symbols import read

Ends: TypeAlias = tuple[fmpq, fmpq]

MOST_COORDINATES: Final = 3
MOST_CANDIDATES: Final = 2000
WIDTHS: Final = (80, 160, 320, 640)  # bits after the point of the intervals that isolate roots
MOST_PARTS: Final = 1500  # of a box
# In bits: how far around a candidate critical points are looked for, more than Krawczyk's 1e-9.
MARGINS: Final = (20, 26, 28)
TAILS: Final = (4, 32, 256, 4096)
PRECISION: Final = 128


class NotFoundError(Exception):
    """The critical points could not all be enclosed; the message says why."""


@dataclass(frozen=True)
class AllCriticalPoints:
    """Every critical point of f on its domain, enclosed.

    Attributes:
        points: in lexicographic order of their boxes' centres.
        degenerate: a critical point with f'' = 0 beside them, in words, if there certainly is one.
        how: by which argument there are no others.
    """

    points: tuple[CriticalPoint, ...]
    degenerate: str | None
    how: str

    def count(self, kind: str) -> int:
        """How many of the points are of this kind: "minimum", "maximum", "saddle" or "unknown"."""
        return sum(point.kind == kind for point in self.points)


def all_critical_points(program: Program, entry: int = 0) -> AllCriticalPoints:
    """Every critical point of one output entry on the domain of the program.

    Raises:
        NotFoundError: none of the ways leads to the end.
    """
    intervals = [leaf.interval(i) for leaf in program.arguments for i in range(leaf.size)]
    if len(intervals) > MOST_COORDINATES:
        raise NotFoundError(f"{len(intervals)} coordinates, more than {MOST_COORDINATES}")
    try:
        return _by_elimination(program, rational_gradient(program, entry), intervals, entry)
    except NotRationalError as error:
        note = f"the gradient is not rational in x or exp(c x): {error}"
    way = _between_the_tails if any(r.lo is None or r.hi is None for r in intervals) else _by_subdivision
    try:
        return way(program, intervals, entry)
    except NotFoundError as error:
        raise NotFoundError(f"{note}; {error}") from error


# ---------------------------------------------------------------- bounded boxes


def _by_subdivision(program: Program, intervals: Sequence[Interval], entry: int) -> AllCriticalPoints:
    box = [(r.lo, r.hi) for r in intervals if r.lo is not None and r.hi is not None]
    found = _in_box(program, box, entry, budget=MOST_PARTS)
    if found is None:
        raise NotFoundError("the box could not be cut into parts with one critical point or none")
    kept = [point for point in found if _is_inside(point, intervals)]
    return AllCriticalPoints(_sorted(kept), None, "the gradient has no zero on the parts of the box without one")


def _in_box(program: Program, box: Sequence[Ends], entry: int, budget: int) -> list[CriticalPoint] | None:
    lows, highs = [lo for lo, _ in box], [hi for _, hi in box]
    return critical_points(program, shaped(program, lows), shaped(program, highs), PRECISION, entry, budget)


def _sorted(points: Sequence[CriticalPoint]) -> tuple[CriticalPoint, ...]:
    return tuple(sorted(points, key=lambda point: point.centre))


def _is_inside(point: CriticalPoint, intervals: Sequence[Interval]) -> bool:
    """Whether the point lies in the domain.  Raises `NotFoundError` if its box lies across the border."""
    inside = True
    for c, r, interval in zip(point.centre, point.radii, intervals, strict=True):
        lo, hi = interval.lo, interval.hi
        if (lo is not None and c + r <= lo) or (hi is not None and c - r >= hi):
            inside = False  # a critical point lies in the interior of its box
        elif (lo is not None and c - r < lo) or (hi is not None and c + r > hi):
            raise NotFoundError("a critical point is too near the border of the domain")
    return inside


# ---------------------------------------------------------------- rational gradients


def _by_elimination(
    program: Program, gradient: RationalGradient, intervals: Sequence[Interval], entry: int
) -> AllCriticalPoints:
    if not all(gradient.numerators):
        raise NotFoundError("it does not depend on some coordinate")
    found: list[CriticalPoint] = []
    degenerate = _multiple_root(gradient, intervals)
    if degenerate is None:
        for box in _candidates(gradient, intervals):
            for point in _near(program, box, entry):
                if _is_inside(point, intervals) and _is_new(program, point, found, entry):
                    found.append(point)
    degrees = " and ".join(str(n.total_degree()) for n in gradient.numerators)
    how = f"the derivative's numerator{'s' * (len(intervals) > 1)}, of degree {degrees}, has no other zeros (Sturm)"
    return AllCriticalPoints(_sorted(found), degenerate, how)


def _candidates(gradient: RationalGradient, intervals: Sequence[Interval]) -> Iterator[list[Ends]]:
    """Boxes, in the coordinates x, that contain all critical points of the domain."""
    count = 0
    for polynomials in eliminants(gradient.numerators, [rate is not None for rate in gradient.rates]):
        if polynomials is None:
            raise NotFoundError("the zeros of its gradient could not be parted by resultants")
        roots = [
            list(_roots(p, rate, interval))
            for p, rate, interval in zip(polynomials, gradient.rates, intervals, strict=True)
        ]
        for box in itertools.product(*roots):
            count += 1
            if count > MOST_CANDIDATES:
                raise NotFoundError(f"more than {MOST_CANDIDATES} places where its gradient may vanish")
            yield list(box)


def _roots(p: fmpq_poly, rate: fmpq | None, interval: Interval) -> Iterator[Ends]:
    """Intervals of x that contain those roots of p that may lie in the domain: x itself, or z = exp(rate x)."""
    simple = p // p.gcd(p.derivative())
    isolated = real_roots(simple)
    for bits in WIDTHS:
        isolated = [_refined(simple, a, b, fmpq(1, 2**bits)) for a, b in isolated]
        ends = [_in_x(a, b, rate) for a, b in isolated if rate is None or b > 0]
        if None not in ends:
            yield from (x for x in ends if x is not None and _may_meet(x, interval))
            return
    raise NotFoundError("a root is too near 0")


def _refined(p: fmpq_poly, a: fmpq, b: fmpq, width: fmpq) -> Ends:
    """The one root of p between a and b, a simple one, which are none: no wider an interval, by bisection."""
    rises = p(b) > 0
    while b - a > width:
        middle = (a + b) / 2
        value = p(middle)
        if value == 0:
            return middle, middle
        a, b = (a, middle) if (value > 0) == rises else (middle, b)
    return a, b


def _in_x(a: fmpq, b: fmpq, rate: fmpq | None) -> Ends | None:
    """An interval that contains all x with a <= x <= b, or a <= exp(rate x) <= b; None if it is not bounded."""
    if rate is None:
        return a, b
    if a <= 0:
        return None
    with precision_of(2 * WIDTHS[-1]):
        lo, hi = (ball(end).log() / ball(rate) for end in (a, b))
        low, high = lo.lower().fmpq(), hi.upper().fmpq()
    tiny = fmpq(1, 2 ** WIDTHS[-1])  # so that the root lies strictly between the two, as `_may_meet` takes it
    return low - tiny, high + tiny


def _may_meet(x: Ends, interval: Interval) -> bool:
    """Whether a root may lie in the domain: at x, if it is one number, or strictly between two."""
    if x[0] == x[1]:
        return interval.contains(x[0])
    return (interval.hi is None or x[0] < interval.hi) and (interval.lo is None or x[1] > interval.lo)


def _near(program: Program, box: Sequence[Ends], entry: int) -> list[CriticalPoint]:
    """All critical points in the box, and perhaps others next to it."""
    for bits in MARGINS:
        around = []
        for lo, hi in box:
            margin = max(fmpq(1), abs(lo)) / 2**bits
            around.append((_short(lo - margin, -1), _short(hi + margin, 1)))
        found = _in_box(program, around, entry, budget=60)
        if found is not None:
            return found
    middle = ", ".join(f"{float(arb(ball(lo)).mid()):.6g}" for lo, _ in box)
    raise NotFoundError(f"it was not decided whether there is a critical point next to ({middle})")


def _short(x: fmpq, direction: int) -> fmpq:
    """A number of few digits next to x, below (direction -1) or above."""
    return fmpq(int((x * 2**90).floor()) + (direction > 0), 2**90)


def _is_new(program: Program, point: CriticalPoint, found: Sequence[CriticalPoint], entry: int) -> bool:
    for other in found:
        same = coincide(program, point, other, entry)
        if same is None:
            raise NotFoundError("two enclosed critical points could not be told apart")
        if same:
            return False
    return True


def _multiple_root(gradient: RationalGradient, intervals: Sequence[Interval]) -> str | None:
    """A multiple root of the derivative of a function of one variable, certainly inside the domain, in words."""
    if len(intervals) > 1:
        return None
    (numerator,), (rate,), (interval,) = gradient.numerators, gradient.rates, intervals
    for factor, k in numerator.factor()[1]:
        if k == 1:
            continue
        powers = {powers[0]: c for powers, c in factor.to_dict().items()}
        p = fmpq_poly([powers.get(i, 0) for i in range(max(powers) + 1)])
        for lo, hi in _roots(p, rate, interval):
            if (interval.lo is None or lo > interval.lo) and (interval.hi is None or hi < interval.hi):
                return f"a root of multiplicity {k} of the derivative, at {float(arb(ball((lo + hi) / 2)).mid()):.6g}"
    return None


# ---------------------------------------------------------------- tails


def _between_the_tails(program: Program, intervals: Sequence[Interval], entry: int) -> AllCriticalPoints:
    for reach in TAILS:
        bound = fmpq(reach)
        inner = [(-bound if r.lo is None else r.lo, bound if r.hi is None else r.hi) for r in intervals]
        if any(lo >= hi for lo, hi in inner):
            continue
        if all(_is_sloped(program, tail, entry) for tail in _tails(intervals, bound)):
            found = _in_box(program, inner, entry, budget=MOST_PARTS)
            if found is None:
                raise NotFoundError(f"between the tails, up to {bound}, not all critical points could be enclosed")
            kept = [point for point in found if _is_inside(point, intervals)]
            how = f"beyond {bound} a partial derivative has one sign, and on the parts of the box between the rest"
            return AllCriticalPoints(_sorted(kept), None, f"{how} of the gradient's zeros are excluded")
    raise NotFoundError(f"no partial derivative is seen to have one sign beyond {TAILS[-1]}")


def _tails(intervals: Sequence[Interval], bound: fmpq) -> Iterator[list[Interval]]:
    """Domains that together with the box between them make up the whole."""
    for i, r in enumerate(intervals):
        if r.lo is None:
            yield [*intervals[:i], Interval(None, -bound), *intervals[i + 1 :]]
        if r.hi is None:
            yield [*intervals[:i], Interval(bound, None), *intervals[i + 1 :]]


def _is_sloped(program: Program, intervals: Sequence[Interval], entry: int) -> bool:
    """Whether on this domain some partial derivative certainly has one sign, and is not 0 anywhere."""
    try:
        symbols = read(_on(program, intervals))
        e = [e for output in symbols.outputs for e in output.reshape(-1)][entry]
        for bit in range(len(symbols.table.names)):
            slope = derivative(symbols.table, e, bit)
            known: Any = symbols.table.range(slope)
            if not e.needs and not slope.needs and ranges.is_nonzero(known):
                return True
    except (UnsupportedError, TooLargeError, NotSmoothError, RecursionError):
        return False
    return False


def _on(program: Program, intervals: Sequence[Interval]) -> Program:
    """The program on another domain of the same shapes."""
    leaves, start = [], 0
    for leaf in program.arguments:
        leaves.append(Box(leaf.shape, tuple(intervals[start : start + leaf.size])))
        start += leaf.size
    return replace(program, arguments=tuple(leaves))
