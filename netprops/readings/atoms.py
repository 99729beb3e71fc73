"""The table of elementwise functions of one variable: value and first two derivatives, in balls.

A row is one primitive of JAX. Its functions take and return `flint.arb` balls at the precision in force and are true
enclosures: ``value(x)`` contains f(t) for every t in x where f is real, or is NaN. Formulas are from the NIST Digital
Library of Mathematical Functions (DLMF), chapters 4, 5, 7 and 10. To add a function, add a row; the tests iterate it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from flint import arb, fmpq

from netprops.domains import WHOLE_LINE, Interval

if TYPE_CHECKING:
    from collections.abc import Callable

Ball: TypeAlias = arb
Ends: TypeAlias = "tuple[Ball | None, Ball | None]"
NAN = arb("nan")


@dataclass(frozen=True)
class Atom:
    """One smooth function of one real variable.

    Attributes:
        name: JAX's name of the primitive.
        value: x -> f(x).
        first: x, f(x) -> f'(x), on the interior of the domain.
        second: x, f(x) -> f''(x), on the interior of the domain.
        domain: where f is known here to be real; f is twice differentiable in its interior except where `first` is NaN.
        complete: whether f is undefined outside the domain (if not, this table merely does not know it there).
        everywhere: whether `value` itself says what is of balls outside the domain, and of infinities; see `balls`.
    """

    name: str
    value: Callable[[Ball], Ball]
    first: Callable[[Ball, Ball], Ball]
    second: Callable[[Ball, Ball], Ball]
    domain: Interval = WHOLE_LINE
    complete: bool = True
    everywhere: bool = False

    def __call__(self, x: Ball) -> Ball:
        """f(x), NaN unless the whole ball lies in the domain, and at an infinity, which is no real number."""
        if self.everywhere:
            return self.value(x)
        # Most functions are of the whole line; their rows are asked often.
        inside = self.domain is WHOLE_LINE or _between(x, self._ends, self.domain)
        return self.value(x) if inside and not is_infinite(x) else NAN

    @cached_property
    def _ends(self) -> Ends:
        return _ends(self.domain)

    def derivatives(self, x: Ball, y: Ball) -> tuple[Ball, Ball]:
        """f'(x) and f''(x), NaN unless the whole ball lies in the interior of the domain."""
        if not within(x, self.domain, interior=True):
            return NAN, NAN
        return self.first(x, y), self.second(x, y)


def within(x: Ball, domain: Interval, *, interior: bool = False) -> bool:
    """Whether every number of the ball certainly lies in the domain (in its interior)."""
    return _between(x, _ends(domain), domain, interior=interior)


def _ends(domain: Interval) -> Ends:
    return None if domain.lo is None else ball(domain.lo), None if domain.hi is None else ball(domain.hi)


def _between(x: Ball, ends: Ends, domain: Interval, *, interior: bool = False) -> bool:
    lo, hi = ends
    above = lo is None or (x > lo if interior or domain.lo_open else x >= lo)
    below = hi is None or (x < hi if interior or domain.hi_open else x <= hi)
    return above and below


def outside(x: Ball, domain: Interval) -> bool:
    """Whether no number of the ball lies in the domain, certainly."""
    lo, hi = domain.lo, domain.hi
    below = lo is not None and (x <= ball(lo) if domain.lo_open else x < ball(lo))
    above = hi is not None and (x >= ball(hi) if domain.hi_open else x > ball(hi))
    return below or above


def is_infinite(x: Ball) -> bool:
    """Whether x is an infinity (or NaN), no real number; a ball of infinite radius around a number holds real ones."""
    return not (x.is_finite() or x.mid().is_finite())


def ball(x: fmpq) -> Ball:
    """The rational number as a ball: exact (radius 0) if it is dyadic, whatever the precision; else rounded."""
    denominator = int(x.q)
    if denominator & (denominator - 1) == 0:
        return arb((int(x.p), 1 - denominator.bit_length()))
    return arb(x)


def hull(*balls: Ball) -> Ball:
    """A ball that contains all the given ones; NaN if any is infinite or NaN."""
    if not all(x.is_finite() for x in balls):
        return NAN
    united = balls[0]
    for x in balls[1:]:
        united = united.union(x)
    return united


def power(x: Ball, n: int) -> Ball:
    """``x**n`` for an integer n, ``0**0 = 1``; at both ends of a wide ball: it is monotone on either side of 0."""
    if n == 0 or not x.is_finite():
        return arb(1) if x.is_finite() else NAN
    if x.rel_accuracy_bits() > 4 or 16 * x.rad() < abs(x.mid()):  # the first is quicker, and implies the second
        return _power(x, n)
    if x.contains(0) and n < 0:
        return NAN
    if x.contains(0) and n % 2 == 0:
        return hull(arb(0), _power(x.abs_upper(), n))
    return hull(_power(x.lower(), n), _power(x.upper(), n))


def _power(x: Ball, n: int) -> Ball:
    return 1 / _product(x, -n) if n < 0 else _product(x, n)


def _product(x: Ball, n: int) -> Ball:
    """x multiplied n >= 1 times; arb's own ``**`` gives NaN on balls around 0."""
    if n <= 2:
        return x if n == 1 else x * x
    half = _product(x, n // 2)
    return half * half * x if n % 2 else half * half


def logistic(x: Ball) -> Ball:
    """1/(1 + exp(-x)); at both ends of a wide ball, since it increases."""
    if x.is_exact() or x.rad() < 1:
        return 1 / (1 + (-x).exp())
    return hull(logistic(x.lower()), logistic(x.upper()))


def _is_wide(x: Ball) -> bool:
    return x.is_finite() and not x.is_exact() and bool(x.rad() > 0.0625)


def tanh(x: Ball) -> Ball:
    """The hyperbolic tangent; at both ends of a wide ball, since it increases; NaN at an infinity.

    A ball of 20 bits, as nearly all are, is narrow, or so far from 0 that its ends give no more: one quick look.
    """
    if x.rel_accuracy_bits() > 20 and x.is_finite():
        return x.tanh()
    if is_infinite(x):
        return NAN
    return hull(x.lower().tanh(), x.upper().tanh()) if _is_wide(x) else x.tanh()


def sech_squared(x: Ball) -> Ball:
    """1/cosh(x)^2, the derivative of tanh; on a wide ball at its ends: it is even and falls away from 0."""
    return hull(*(power(t.sech(), 2) for t in (x.abs_lower(), x.abs_upper()))) if _is_wide(x) else power(x.sech(), 2)


def _tanh_second(x: Ball, y: Ball) -> Ball:
    """tanh'' = -2 tanh sech^2; its largest size, 4/(3 sqrt 3), is where tanh^2 = 1/3."""
    second = -2 * y * sech_squared(x)
    return second.intersection(arb(0, (arb(16) / 27).sqrt())) if _is_wide(x) else second


def _logistic_first(x: Ball, y: Ball) -> Ball:
    """logistic(x) = (1 + tanh(x/2))/2, so that logistic'(x) = sech(x/2)^2 / 4."""
    return sech_squared(x / 2) / 4 if _is_wide(x) else y * logistic(-x)


def _logistic_second(x: Ball, y: Ball) -> Ball:
    """logistic''(x) = tanh''(x/2) / 8."""
    return _tanh_second(x / 2, tanh(x / 2)) / 8 if _is_wide(x / 2) else -y * logistic(-x) * (x / 2).tanh()


def strict_sign(x: Ball) -> Ball:
    """1 or -1, NaN if the ball touches 0."""
    return arb(1) if x > 0 else arb(-1) if x < 0 else NAN


def cube_root(x: Ball) -> Ball:
    """The real cube root, odd and increasing."""
    if x > 0:
        return x.root(3)
    if x < 0:
        return -(-x).root(3)
    if x == 0:
        return arb(0)
    return NAN if x.is_nan() else hull(cube_root(x.lower()), cube_root(x.upper()))


def _bessel(order: int, x: Ball) -> Ball:
    """``exp(-|x|) I_order(x)`` for order 0 or 1 (DLMF 10.25); I_0 is even, I_1 odd."""
    if order == 0 or x >= 0:
        return abs(x).bessel_i(order, scaled=True)
    return -_bessel(order, -x) if x < 0 else NAN if not x.is_finite() else _bessel_odd_hull(x)


def _bessel_odd_hull(x: Ball) -> Ball:
    """An enclosure of ``exp(-|x|) I_1(x)`` on a ball around 0, from 0 <= exp(-|x|) I_1(|x|) <= |x|/2."""
    bound = x.abs_upper() / 2
    return hull(-bound, bound)


def _sqrt_pi() -> Ball:
    return arb.const_sqrt_pi()


def _log2() -> Ball:
    return arb.const_log2()


def _interval(lo: int | None = None, hi: int | None = None, *, closed: bool = False) -> Interval:
    low, high = (None if end is None else fmpq(end) for end in (lo, hi))
    return Interval(low, high, lo_open=not closed, hi_open=not closed)


def _second_bessel_0(x: Ball, y: Ball) -> Ball:
    """From I_0'' = I_0 - I_1/x (DLMF 10.25.1): (exp(-sx) I_0)'' = 2 i0e - (2s + 1/x) i1e, s the sign of x."""
    s = strict_sign(x)
    return 2 * y - (2 * s + 1 / x) * _bessel(1, x)


def _second_bessel_1(x: Ball, y: Ball) -> Ball:
    """From I_1' = I_0 - I_1/x: (exp(-sx) I_1)'' = (2 + 2s/x + 2/x^2) i1e - (2s + 1/x) i0e, s the sign of x."""
    s = strict_sign(x)
    return (2 + 2 * s / x + 2 / (x * x)) * y - (2 * s + 1 / x) * _bessel(0, x)


_ROWS = (
    # 0 at -inf: so a softmax is masked.
    Atom("exp", lambda x: x.exp(), lambda x, y: y, lambda x, y: y, everywhere=True),
    Atom(
        "exp2",
        lambda x: (x * _log2()).exp(),
        lambda x, y: y * _log2(),
        lambda x, y: y * power(_log2(), 2),
        everywhere=True,
    ),
    Atom("expm1", lambda x: x.expm1(), lambda x, y: x.exp(), lambda x, y: x.exp()),
    Atom("log", lambda x: x.log(), lambda x, y: 1 / x, lambda x, y: -1 / power(x, 2), _interval(0)),
    Atom("log1p", lambda x: x.log1p(), lambda x, y: 1 / (1 + x), lambda x, y: -1 / power(1 + x, 2), _interval(-1)),
    Atom(
        "log2",
        lambda x: x.log() / _log2(),
        lambda x, y: 1 / (x * _log2()),
        lambda x, y: -1 / (power(x, 2) * _log2()),
        _interval(0),
    ),
    Atom("logistic", logistic, _logistic_first, _logistic_second),
    Atom("tanh", tanh, lambda x, y: sech_squared(x), _tanh_second, everywhere=True),
    Atom("sin", lambda x: x.sin(), lambda x, y: x.cos(), lambda x, y: -y),
    Atom("cos", lambda x: x.cos(), lambda x, y: -x.sin(), lambda x, y: -y),
    Atom("tan", lambda x: x.tan(), lambda x, y: power(x.sec(), 2), lambda x, y: 2 * y * power(x.sec(), 2)),
    Atom(
        "asin",
        lambda x: x.asin(),
        lambda x, y: ((1 - x) * (1 + x)).rsqrt(),
        lambda x, y: x * power(((1 - x) * (1 + x)).rsqrt(), 3),
        _interval(-1, 1, closed=True),
    ),
    Atom(
        "acos",
        lambda x: x.acos(),
        lambda x, y: -((1 - x) * (1 + x)).rsqrt(),
        lambda x, y: -x * power(((1 - x) * (1 + x)).rsqrt(), 3),
        _interval(-1, 1, closed=True),
    ),
    Atom(
        "atan",
        lambda x: x.atan(),
        lambda x, y: 1 / (1 + power(x, 2)),
        lambda x, y: -2 * x / power(1 + power(x, 2), 2),
    ),
    Atom("sinh", lambda x: x.sinh(), lambda x, y: x.cosh(), lambda x, y: y),
    Atom("cosh", lambda x: x.cosh(), lambda x, y: x.sinh(), lambda x, y: y),
    Atom(
        "asinh",
        lambda x: x.asinh(),
        lambda x, y: (1 + power(x, 2)).rsqrt(),
        lambda x, y: -x * power((1 + power(x, 2)).rsqrt(), 3),
    ),
    Atom(
        "acosh",
        lambda x: x.acosh(),
        lambda x, y: ((x - 1) * (x + 1)).rsqrt(),
        lambda x, y: -x * power(((x - 1) * (x + 1)).rsqrt(), 3),
        _interval(1, closed=True),
    ),
    Atom(
        "atanh",
        lambda x: x.atanh(),
        lambda x, y: 1 / ((1 - x) * (1 + x)),
        lambda x, y: 2 * x / power((1 - x) * (1 + x), 2),
        _interval(-1, 1),
    ),
    Atom(
        "sqrt",
        lambda x: x.sqrt(),
        lambda x, y: x.rsqrt() / 2,
        lambda x, y: -power(x.rsqrt(), 3) / 4,
        _interval(0, closed=True),
    ),
    Atom(
        "rsqrt",
        lambda x: x.rsqrt(),
        lambda x, y: -power(y, 3) / 2,
        lambda x, y: 3 * power(y, 5) / 4,
        _interval(0),
    ),
    Atom("cbrt", cube_root, lambda x, y: y / (3 * x), lambda x, y: -2 * y / (9 * power(x, 2))),
    Atom(
        "erf",
        lambda x: x.erf(),
        lambda x, y: 2 * (-power(x, 2)).exp() / _sqrt_pi(),
        lambda x, y: -4 * x * (-power(x, 2)).exp() / _sqrt_pi(),
    ),
    Atom(
        "erfc",
        lambda x: x.erfc(),
        lambda x, y: -2 * (-power(x, 2)).exp() / _sqrt_pi(),
        lambda x, y: 4 * x * (-power(x, 2)).exp() / _sqrt_pi(),
    ),
    Atom(
        "erf_inv",
        lambda x: x.erfinv(),
        lambda x, y: _sqrt_pi() / 2 * power(y, 2).exp(),
        lambda x, y: power(_sqrt_pi(), 2) / 2 * y * (2 * power(y, 2)).exp(),
        _interval(-1, 1),
    ),
    Atom(
        "lgamma",
        lambda x: x.lgamma(),
        lambda x, y: x.digamma(),
        lambda x, y: arb(2).zeta(x),
        _interval(0),
        complete=False,
    ),
    Atom(
        "digamma",
        lambda x: x.digamma(),
        lambda x, y: arb(2).zeta(x),
        lambda x, y: -2 * arb(3).zeta(x),
        _interval(0),
        complete=False,
    ),
    Atom(
        "bessel_i0e",
        lambda x: _bessel(0, x),
        lambda x, y: _bessel(1, x) - strict_sign(x) * y,
        _second_bessel_0,
    ),
    Atom(
        "bessel_i1e",
        lambda x: _bessel(1, x),
        lambda x, y: _bessel(0, x) - (strict_sign(x) + 1 / x) * y,
        _second_bessel_1,
    ),
    Atom("square", lambda x: power(x, 2), lambda x, y: 2 * x, lambda x, y: arb(2)),
    # How JAX writes the derivative of tanh since 0.12.
    Atom("one_minus_square", lambda x: 1 - power(x, 2), lambda x, y: -2 * x, lambda x, y: arb(-2)),
    Atom("neg", lambda x: -x, lambda x, y: arb(-1), lambda x, y: arb(0), everywhere=True),
)

ATOMS: dict[str, Atom] = {atom.name: atom for atom in _ROWS}
