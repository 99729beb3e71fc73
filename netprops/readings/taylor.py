"""Taylor enclosures of normal forms in one variable: the second derivative on an interval, by parts.

With a_k(x) the k-th Taylor coefficient of f at x, Taylor's theorem for f'' about the middle m of an interval of
radius r says f''(m + s) = sum_{k < K} (k + 2)(k + 1) a_{k + 2}(m) s^k + (K + 2)(K + 1) a_{K + 2}(x) s^K for some x in
it, |s| <= r. Power series over balls (`arb_series`) enclose the coefficients, at m and over the whole interval.  So
what cancels in f'' costs digits only, where a range term by term would lose the sign.

Where f'' is exactly 0 at an end of the interval, so that no enclosure there is positive, a higher derivative of one
sign near the end decides: if f'', ..., f^(j - 1) vanish at the lower end and f^(j) >= 0 on the part, then f'' >= 0
there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from flint import arb, arb_series, ctx, fmpq

from netprops.domains import Interval
from netprops.readings import ranges
from netprops.readings.atoms import hull

if TYPE_CHECKING:
    from netprops.readings.polynomials import Expression, Table

ORDER: Final = 8  # terms of the expansion of the derivative that is enclosed
PRECISION: Final = 128
MOST_PARTS: Final = 160
MOST_VANISHING: Final = 3  # derivatives at an end, from the second on

Series = arb_series


class NoSeriesError(Exception):
    """An atom has no power series here."""


@contextmanager
def _working(length: int) -> Iterator[None]:
    cap, precision = ctx.cap, ctx.prec
    ctx.cap, ctx.prec = length, PRECISION
    try:
        yield
    finally:
        ctx.cap, ctx.prec = cap, precision


# ------------------------------------------------------------------ series of an expression


def series_of(table: Table, e: Expression, x: arb, length: int) -> list[arb]:
    """Enclosures of the Taylor coefficients of e, at every point of the ball, up to a number of them; NaN where none.

    Raises:
        NoSeriesError: an atom is not smooth, or has no row here.
    """
    with _working(length):
        found = _Reading(table, arb_series([x, arb(1)])).expression(e)
        return [found[k] for k in range(length)]


class _Reading:
    def __init__(self, table: Table, t: Series) -> None:
        self.table, self.t = table, t
        self.known: dict[int, Series] = {}

    def expression(self, e: Expression) -> Series:
        total = arb_series([0])
        for monomial, c in e.terms.items():
            product = arb_series([arb(c)])
            for index, k in monomial:
                product *= _power(self.atom(index), k)
            total += product
        return total

    def atom(self, index: int) -> Series:
        if index not in self.known:
            self.known[index] = self._read(index)
        return self.known[index]

    def _read(self, index: int) -> Series:
        atom = self.table.atoms[index]
        if atom.kind == "variable":
            return self.t
        if atom.kind == "number":
            return arb_series([arb(atom.arguments[0])])
        if atom.kind == "sum":
            return self.expression(atom.arguments[0])
        if atom.kind not in SERIES:
            raise NoSeriesError(f"{atom.kind} has no power series here")
        try:
            return SERIES[atom.kind](self.expression(atom.arguments[0]))
        except ValueError:  # of flint, where a ball is too wide for the series to exist all over it
            return _nowhere()


def _power(s: Series, k: fmpq) -> Series:
    if k.q == 1:
        raised = s ** abs(int(k.p))
        return raised if k > 0 else _reciprocal(raised)
    return (_logarithm(s) * arb(k)).exp()


def _reciprocal(s: Series) -> Series:
    return 1 / s if not s[0].contains(0) else _nowhere()


def _nowhere() -> Series:
    return arb_series([arb("nan")] * ctx.cap)


def _logarithm(s: Series) -> Series:
    return s.log() if s[0] > 0 else _nowhere()


def _within(function: Callable[[Series], Series], lo: int | None, hi: int | None) -> Callable[[Series], Series]:
    """The function where the ball certainly lies between the ends; NaN elsewhere."""

    def guarded(s: Series) -> Series:
        inside = (lo is None or s[0] > lo) and (hi is None or s[0] < hi)
        return function(s) if inside else _nowhere()

    return guarded


def _logistic(s: Series) -> Series:
    return _reciprocal(1 + (-s).exp())


def _asinh(s: Series) -> Series:
    return -_asinh(-s) if s[0].mid() < 0 else ((1 + s * s).sqrt() + s).log()  # NaN is neither


def _composed(coefficients: Callable[[arb, int], list[arb]]) -> Callable[[Series], Series]:
    """f(s) from the Taylor coefficients of f at the constant term of s."""

    def function(s: Series) -> Series:
        moving = s - arb_series([s[0]])
        total = arb_series([0])
        for c in reversed(coefficients(s[0], ctx.cap)):
            total = total * moving + arb_series([c])
        return total

    return function


def _bessel(x: arb, n: int) -> arb:
    """I_n at both ends of a ball, on either side of 0 of which it is monotone; Arb takes long over wide balls."""
    if x.is_exact() or not x.is_finite():
        return x.bessel_i(n)
    at = [x.lower(), x.upper(), *([arb(0)] if x.contains(0) else [])]
    return hull(*(end.bessel_i(n) for end in at))


def _bessel_i0(x: arb, length: int) -> list[arb]:
    """I_0^(k) = 2^-k sum_j binomial(k, j) I_|k - 2j|."""
    values = [_bessel(x, n) for n in range(length)]
    return [
        sum((math.comb(k, j) * values[abs(k - 2 * j)] for j in range(k + 1)), arb(0)) / (2**k * math.factorial(k))
        for k in range(length)
    ]


def _digamma(x: arb, length: int) -> list[arb]:
    """The derivative of lgamma."""
    if not x > 0:
        return [arb("nan")] * length
    with _working(length + 1):
        slope = arb_series([x, arb(1)]).lgamma().derivative()
        return [slope[k] for k in range(length)]


def _erf_inv(x: arb, length: int) -> list[arb]:
    """y' = sqrt(pi) / 2 exp(y^2), term after term."""
    if not abs(x) < 1:
        return [arb("nan")] * length
    y = arb_series([x.erfinv()])
    for _ in range(length - 1):
        y = arb_series([x.erfinv()]) + ((y * y).exp() * (arb.pi().sqrt() / 2)).integral()
    return [y[k] for k in range(length)]


SERIES: Final[dict[str, Callable[[Series], Series]]] = {
    "exp": lambda s: s.exp(),
    "log": _logarithm,
    "logistic": _logistic,
    "tanh": lambda s: 1 - 2 * _logistic(-2 * s),
    "sinh": lambda s: (s.exp() - (-s).exp()) / 2,
    "cosh": lambda s: (s.exp() + (-s).exp()) / 2,
    "sin": lambda s: s.sin(),
    "cos": lambda s: s.cos(),
    "tan": lambda s: s.sin() * _reciprocal(s.cos()),
    "atan": lambda s: s.atan(),
    "asin": _within(lambda s: s.asin(), -1, 1),
    "acos": _within(lambda s: s.acos(), -1, 1),
    "asinh": _asinh,
    "acosh": _within(lambda s: ((s * s - 1).sqrt() + s).log(), 1, None),
    "atanh": _within(lambda s: ((1 + s).log() - (1 - s).log()) / 2, -1, 1),
    "erf": lambda s: s.erf(),
    "erf_inv": _composed(_erf_inv),
    "lgamma": _within(lambda s: s.lgamma(), 0, None),
    "digamma": _composed(_digamma),
    "bessel_i0": _composed(_bessel_i0),
}


# ------------------------------------------------------------------ derivatives on an interval


def derivative_is_nonnegative(table: Table, e: Expression, where: Interval, number: int, sign: int = 1) -> bool:
    """Whether sign times the derivative of that number is certainly >= 0 on a bounded interval."""
    if where.lo is None or where.hi is None:
        return False
    middle, radius = (where.lo + where.hi) / 2, (where.hi - where.lo) / 2
    with _working(number + ORDER + 1):
        ball = ranges.ball(where)
        step = ranges.ball(Interval(-radius, radius))
        try:
            inside = series_of(table, e, arb(middle), number + ORDER)
            over = series_of(table, e, ball, number + ORDER + 1)
        except NoSeriesError:
            return False
        factors = [math.perm(k + number, number) for k in range(ORDER + 1)]
        total = factors[ORDER] * over[number + ORDER]
        for k in reversed(range(ORDER)):
            total = total * step + factors[k] * inside[number + k]
        return bool(sign * total >= 0)


def convex_parts(table: Table, e: Expression, where: Interval, vanishing: tuple[int, int]) -> list[fmpq] | None:
    """Points that cut a bounded interval into parts, on each of which e'' is shown to be nonnegative; None if none are.

    `vanishing` says how many derivatives from the second on are exactly 0 at the lower and at the upper end.
    """
    if where.lo is None or where.hi is None:
        return None
    parts, cuts = [Interval(where.lo, where.hi)], list[fmpq]()
    for _ in range(MOST_PARTS):
        if not parts:
            return sorted(cuts)
        part = parts.pop()
        if not part_is_convex(table, e, where, part, vanishing):
            middle = (part.lo + part.hi) / 2  # type: ignore[operator]  # bounded
            if (part.hi - part.lo) * 2**20 < where.hi - where.lo or _is_concave_at(table, e, middle):  # type: ignore[operator]
                return None
            cuts.append(middle)
            parts += [Interval(part.lo, middle), Interval(middle, part.hi)]
    return None if parts else sorted(cuts)


def part_is_convex(table: Table, e: Expression, where: Interval, part: Interval, vanishing: tuple[int, int]) -> bool:
    """Whether e'' is certainly nonnegative on a part of the interval; by a higher derivative at ends where e'' is 0."""
    low, high = vanishing
    if low and part.lo == where.lo:
        return derivative_is_nonnegative(table, e, part, 2 + low)
    if high and part.hi == where.hi:
        return derivative_is_nonnegative(table, e, part, 2 + high, -1 if high % 2 else 1)
    return derivative_is_nonnegative(table, e, part, 2)


def _is_concave_at(table: Table, e: Expression, x: fmpq) -> bool:
    try:
        return bool(series_of(table, e, arb(x), 3)[2] < 0)
    except NoSeriesError:
        return True
