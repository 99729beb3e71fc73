"""Interval arithmetic with exact ends: the set of values that an expression can take, outward rounded.

Ends are rationals or infinite, each open or closed, so that "positive" (0 left out) and "nonnegative" differ. Every
function returns an interval that contains all values; sharpness is a matter of luck and of the caller's patience.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb, ctx, fmpq, fmpz

from netprops.domains import WHOLE_LINE, Interval

ZERO = fmpq(0)
MAX_BITS = 600
PRECISION = 128
HIGHEST_POWER = 10_000  # of which ends are computed


@dataclass(frozen=True)
class End:
    """One end of an interval: `infinite` is -1, 0 or 1; `value` is used when it is 0."""

    infinite: int
    value: fmpq
    is_open: bool

    def __lt__(self, other: End) -> bool:
        if self.infinite or other.infinite:
            return self.infinite < other.infinite
        return bool(self.value < other.value)

    def same_place(self, other: End) -> bool:
        """Whether both ends lie at one place of the extended line."""
        return self.infinite == other.infinite and (self.infinite != 0 or self.value == other.value)


def lower(r: Interval) -> End:
    """The lower end."""
    return End(-1, ZERO, True) if r.lo is None else End(0, r.lo, r.lo_open)


def upper(r: Interval) -> End:
    """The upper end."""
    return End(1, ZERO, True) if r.hi is None else End(0, r.hi, r.hi_open)


def between(lo: End, hi: End) -> Interval:
    """The interval with these ends; numbers of too many digits are rounded outward."""
    return _made(None if lo.infinite else lo.value, None if hi.infinite else hi.value, lo.is_open, hi.is_open)


def _made(lo: fmpq | None, hi: fmpq | None, lo_open: bool, hi_open: bool) -> Interval:
    """The interval with these ends; numbers of too many digits are rounded outward, infinite ends are not open."""
    if lo is None:
        lo_open = False
    elif _is_long(lo):
        lo, lo_open = _rounded(lo, -1), True
    if hi is None:
        hi_open = False
    elif _is_long(hi):
        hi, hi_open = _rounded(hi, 1), True
    return Interval(lo, hi, lo_open, hi_open)


def _is_long(x: fmpq) -> bool:
    # The height is the longer of numerator and denominator, and cheap.
    return bool(2 * x.height_bits() > MAX_BITS) and _bits(x) > MAX_BITS


def _bits(x: fmpq) -> int:
    return int(x.p.bit_length()) + int(x.q.bit_length())


def _rounded(x: fmpq, direction: int) -> fmpq:
    """A dyadic rational strictly beyond `x` in the direction, of a few hundred bits."""
    p, q = int(x.p), int(x.q)
    shift = max(p.bit_length() - q.bit_length() - 256, -4000)
    scaled = (p >> shift) // q if shift >= 0 else (p << -shift) // q
    scaled += 2 if direction > 0 else -2
    beyond = fmpq(scaled) * fmpq(2) ** shift
    return ZERO if (beyond > 0) != (p > 0) else beyond  # 0 is nearer, and lies beyond as well


def point(x: fmpq) -> Interval:
    """The interval of one number."""
    return Interval(x, x)


def negate(r: Interval) -> Interval:
    """{-x}."""
    return Interval(None if r.hi is None else -r.hi, None if r.lo is None else -r.lo, r.hi_open, r.lo_open)


def add(a: Interval, b: Interval) -> Interval:
    """{x + y}."""
    lo = None if a.lo is None or b.lo is None else a.lo + b.lo
    hi = None if a.hi is None or b.hi is None else a.hi + b.hi
    if lo is None and hi is None:
        return WHOLE_LINE
    return _made(lo, hi, a.lo_open or b.lo_open, a.hi_open or b.hi_open)


def scale(r: Interval, c: fmpq) -> Interval:
    """{c x}."""
    if c == 0:
        return point(ZERO)
    if r.lo is None and r.hi is None:
        return r
    low = None if r.lo is None else c * r.lo
    high = None if r.hi is None else c * r.hi
    return Interval(low, high, r.lo_open, r.hi_open) if c > 0 else Interval(high, low, r.hi_open, r.lo_open)


def multiply(a: Interval, b: Interval) -> Interval:
    """{x y}, x and y independent."""
    for whole, other in ((a, b), (b, a)):
        if whole.lo is None and whole.hi is None:
            return point(ZERO) if other.lo is not None and other.lo == 0 and other.hi == 0 else WHOLE_LINE
    products = [_times(x, y) for x in (lower(a), upper(a)) for y in (lower(b), upper(b))]
    lo, hi = products[0], products[0]
    for p in products[1:]:
        if p < lo or (p.same_place(lo) and not p.is_open):
            lo = p
        if hi < p or (p.same_place(hi) and not p.is_open):
            hi = p
    # A zero taken inside one factor is a zero of the product, whatever the other factor's ends.
    if (a.contains(0) or b.contains(0)) and lo.infinite == 0 and lo.value == 0:
        lo = End(0, ZERO, False)
    if (a.contains(0) or b.contains(0)) and hi.infinite == 0 and hi.value == 0:
        hi = End(0, ZERO, False)
    return between(lo, hi)


def _times(a: End, b: End) -> End:
    sign_a = a.infinite or _sign(a.value)
    sign_b = b.infinite or _sign(b.value)
    if sign_a == 0 or sign_b == 0:
        # 0 times an infinite end: products near it tend to anything; as a bound of the set it counts as 0, attained
        # only if the zero end itself is attained.
        zero_closed = (sign_a == 0 and not a.is_open) or (sign_b == 0 and not b.is_open)
        return End(0, ZERO, not zero_closed)
    if a.infinite or b.infinite:
        return End(sign_a * sign_b, ZERO, True)
    return End(0, a.value * b.value, a.is_open or b.is_open)


def _sign(x: fmpq) -> int:
    return (x > 0) - (x < 0)


def is_positive(r: Interval) -> bool:
    """Whether every number of the interval is > 0."""
    return r.lo is not None and (r.lo > 0 or (r.lo == 0 and r.lo_open))


def is_nonnegative(r: Interval) -> bool:
    """Whether every number of the interval is >= 0."""
    return r.lo is not None and r.lo >= 0


def is_negative(r: Interval) -> bool:
    """Whether every number of the interval is < 0."""
    return r.hi is not None and (r.hi < 0 or (r.hi == 0 and r.hi_open))


def is_nonpositive(r: Interval) -> bool:
    """Whether every number of the interval is <= 0."""
    return r.hi is not None and r.hi <= 0


def is_nonzero(r: Interval) -> bool:
    """Whether 0 lies outside."""
    return is_positive(r) or is_negative(r)


def union(a: Interval, b: Interval) -> Interval:
    """The smallest interval around both."""
    la, lb, ha, hb = lower(a), lower(b), upper(a), upper(b)
    lo = la if la < lb or (la.same_place(lb) and not la.is_open) else lb
    hi = ha if hb < ha or (ha.same_place(hb) and not ha.is_open) else hb
    return between(lo, hi)


def intersect(a: Interval, b: Interval) -> Interval:
    """The common part of two enclosures of one non-empty set."""
    lower_end = b if a.lo is None or (b.lo is not None and (a.lo < b.lo or (a.lo == b.lo and b.lo_open))) else a
    upper_end = b if a.hi is None or (b.hi is not None and (b.hi < a.hi or (a.hi == b.hi and b.hi_open))) else a
    return _made(lower_end.lo, upper_end.hi, lower_end.lo_open, upper_end.hi_open)


def largest(parts: list[Interval]) -> Interval:
    """The range of the maximum of numbers from each part."""
    lo, hi = lower(parts[0]), upper(parts[0])
    for r in parts[1:]:
        lo_r, hi_r = lower(r), upper(r)
        lo = lo_r if lo < lo_r or (lo.same_place(lo_r) and lo_r.is_open) else lo
        hi = hi_r if hi < hi_r or (hi.same_place(hi_r) and not hi_r.is_open) else hi
    return between(lo, hi)


def power(r: Interval, n: fmpq) -> Interval:
    """{x^n} for a rational n; the caller has seen to it that x^n is real on r (the whole line when in doubt)."""
    if n.q != 1:
        return _increasing_power(r, n) if is_nonnegative(r) else WHOLE_LINE
    k = int(n.p)
    if k == 0:
        return point(fmpq(1))
    if abs(k) > HIGHEST_POWER:  # exact ends would not fit into memory
        return Interval(lo=ZERO) if k > 0 and (k % 2 == 0 or is_nonnegative(r)) else WHOLE_LINE
    if k < 0:
        return reciprocal(power(r, fmpq(-k)))
    if k % 2 == 1:
        return between(_end_power(lower(r), k), _end_power(upper(r), k))
    if r.contains(0) or not is_nonzero(Interval(r.lo, r.hi)):
        # The interval reaches 0; whether it attains it decides the openness of the lower end.
        ends = [_end_power(lower(r), k), _end_power(upper(r), k)]
        hi = ends[1] if ends[0] < ends[1] or (ends[0].same_place(ends[1]) and not ends[1].is_open) else ends[0]
        return between(End(0, ZERO, not r.contains(0)), hi)
    folded = r if is_positive(r) else negate(r)
    return between(_end_power(lower(folded), k), _end_power(upper(folded), k))


def _end_power(e: End, k: int) -> End:
    if e.infinite:
        return End(1 if k % 2 == 0 else e.infinite, ZERO, True)
    return End(0, e.value**k, e.is_open)


def largest_decaying(r: Interval, k: int, a: fmpq, m: int, c: fmpq) -> fmpq | None:
    """An upper bound of |x|^k exp(c - a |x|^m) for x in r, k, m >= 1 and a > 0.

    It rises up to |x|^m = k / (a m) and falls from there.
    """
    nearest = ZERO if r.contains(0) or not is_nonzero(Interval(r.lo, r.hi)) else _nearest_to_zero(r)
    saved = ctx.prec
    ctx.prec = PRECISION
    try:
        top = arb(fmpq(k) / (a * m))
        power = arb(nearest) ** m
        power = power if power >= top else top.union(power) if not power < top else top
        value = (power.log() * fmpq(k, m) - power * a + arb(c)).exp()
        return to_rational(value.upper())
    finally:
        ctx.prec = saved


def _nearest_to_zero(r: Interval) -> fmpq:
    return min(abs(x) for x in (r.lo, r.hi) if x is not None)


def reciprocal(r: Interval) -> Interval:
    """{1/x}, x != 0."""
    if not is_nonzero(r):
        return WHOLE_LINE
    if is_negative(r):
        return negate(reciprocal(negate(r)))
    lo = End(0, ZERO, True) if r.hi is None else End(0, 1 / r.hi, r.hi_open)
    hi = End(1, ZERO, True) if r.lo is None or r.lo == 0 else End(0, 1 / r.lo, r.lo_open)
    return between(lo, hi)


def _increasing_power(r: Interval, n: fmpq) -> Interval:
    if n < 0:
        return reciprocal(_increasing_power(r, -n)) if is_positive(r) else WHOLE_LINE
    raised = monotone(r, lambda x: _positive_power(x, n))
    if r.lo == 0:
        return Interval(ZERO, raised.hi, r.lo_open, raised.hi_open)
    return raised


def _positive_power(x: arb, n: fmpq) -> arb:
    if x == 0:
        return x
    return x.root(int(n.q)) ** int(n.p) if n.q <= 64 and n.p <= 64 else (x.log() * arb(n)).exp()


def monotone(
    r: Interval,
    value: Callable[[arb], arb],
    *,
    increasing: bool = True,
    at_minus_infinity: End | None = None,
    at_plus_infinity: End | None = None,
) -> Interval:
    """The range of a monotone function on `r` from balls at the two ends.

    The limits at infinite ends (or at an end where the function is undefined) are given; without one, infinite.
    """
    low, high = lower(r), upper(r)
    if not increasing:
        mirrored = monotone(
            r,
            lambda x: -value(x),
            at_minus_infinity=_mirror(at_minus_infinity),
            at_plus_infinity=_mirror(at_plus_infinity),
        )
        return negate(mirrored)
    floor, ceiling = at_minus_infinity or End(-1, ZERO, True), at_plus_infinity or End(1, ZERO, True)
    bottom = floor if low.infinite else _value_end(low, value, -1, floor)
    top = ceiling if high.infinite else _value_end(high, value, 1, ceiling)
    return between(bottom, top)


def _mirror(e: End | None) -> End | None:
    return None if e is None else End(-e.infinite, -e.value, e.is_open)


def _value_end(e: End, value: Callable[[arb], arb], direction: int, limit: End) -> End:
    """A rational beyond value(e) in the direction, by a ball at the exact point."""
    saved = ctx.prec
    ctx.prec = PRECISION
    try:
        ball = value(arb(e.value))
        end = ball.lower() if direction < 0 else ball.upper()
        rational = to_rational(end)
    finally:
        ctx.prec = saved
    if rational is None:
        return limit
    # An exact ball is the value itself; any other bound lies strictly beyond it or may touch it.
    bound = End(0, rational, e.is_open and bool(ball.is_exact()))
    beyond = not limit.infinite and (limit.value < rational if direction > 0 else limit.value > rational)
    return limit if beyond else bound


def to_rational(x: arb) -> fmpq | None:
    """The dyadic rational that an exact ball is; None when infinite, NaN or of absurd size."""
    if not x.is_finite() or not x.is_exact():
        return None
    mantissa, exponent = x.man_exp()
    if abs(int(exponent)) > 20000:
        return None
    return fmpq(fmpz(mantissa)) * fmpq(2) ** int(exponent)


def ball(r: Interval) -> arb:
    """A ball around a bounded interval."""
    if r.lo is None or r.hi is None:
        return arb("nan")
    middle, radius = (r.lo + r.hi) / 2, (r.hi - r.lo) / 2
    return arb(middle) + arb(0, arb(radius).upper())


def from_ball(x: arb) -> Interval:
    """An interval around a ball; the whole line for NaN."""
    if not x.is_finite():
        return WHOLE_LINE
    lo, hi = to_rational(x.lower()), to_rational(x.upper())
    return Interval(lo, hi)
