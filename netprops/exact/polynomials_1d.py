"""Real roots and signs of a rational polynomial in one variable, exactly.

By Sturm's theorem: for p without multiple roots let p_0 = p, p_1 = p' and p_(k+1) = -(p_(k-1) mod p_k).  Then
V(a) - V(b) is the number of roots in (a, b], where V(x) counts the changes of sign in p_0(x), p_1(x), ..., zeros left
out.  Multiple roots are divided out first: p / gcd(p, p') has the roots of p, each once.

A polynomial is an `fmpq_poly`, or its coefficients from the constant term upwards, numbers that `to_rational` takes.
An end of an interval is such a number, or None for the infinity on its side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flint import fmpq, fmpq_poly

from netprops.exact.inertia import to_rational

Polynomial = fmpq_poly | Iterable[Any]
Interval = tuple[fmpq, fmpq]


def to_polynomial(p: Polynomial) -> fmpq_poly:
    """p as an `fmpq_poly`.  Errors: those of `to_rational`, for the coefficients."""
    return p if isinstance(p, fmpq_poly) else fmpq_poly([to_rational(coefficient) for coefficient in p])


@dataclass(frozen=True)
class Sign:
    """Which signs a function takes on a set: whether it is negative, zero, positive somewhere there."""

    negative: bool
    zero: bool
    positive: bool

    @property
    def is_positive(self) -> bool:
        """Positive at every point."""
        return not self.negative and not self.zero

    @property
    def is_negative(self) -> bool:
        """Negative at every point."""
        return not self.positive and not self.zero

    @property
    def is_nonnegative(self) -> bool:
        """Negative at no point."""
        return not self.negative

    @property
    def is_nonpositive(self) -> bool:
        """Positive at no point."""
        return not self.positive

    @property
    def is_zero(self) -> bool:
        """Zero at every point."""
        return not self.negative and not self.positive


def real_roots(p: Polynomial, width: Any = None) -> list[Interval]:
    """The distinct real roots of p, in order, each in an interval of its own.

    (r, r) is the rational root r: every rational root is given so.  (a, b) with a < b stands for exactly one root of
    p, irrational, a < root < b; neither a nor b is a root.  The open intervals do not meet; b - a <= `width` if that
    is given.

    Raises `ValueError` for the zero polynomial and for a width that is not positive; `to_rational`'s errors.
    """
    q = _simple_part(p)
    bound = _root_bound(q)
    return _isolate(q, -bound, bound, None if width is None else _positive(to_rational(width)))


def count_roots(p: Polynomial, lo: Any = None, hi: Any = None, closed: tuple[bool, bool] = (True, True)) -> int:
    """How many distinct real roots p has between lo and hi, each end included (a finite one) as `closed` says.

    Raises `ValueError` for the zero polynomial and for lo > hi; `to_rational`'s errors.
    """
    q = _simple_part(p)
    a, b = _finite_ends(q, lo, hi)
    if a == b:
        return int(all(closed) and not q(a))
    at_ends = (closed[0] and not q(a)) + (closed[1] and not q(b))
    return _count_open(_sturm_chain(q), a, b) + at_ends


def sign_on(p: Polynomial, lo: Any = None, hi: Any = None, closed: tuple[bool, bool] = (True, True)) -> Sign:
    """The signs that p takes between lo and hi, each end included (a finite one) as `closed` says.

    Raises `ValueError` for an empty interval: lo > hi, or lo = hi without both ends; `to_rational`'s errors.
    """
    p = to_polynomial(p)
    if not p:
        _finite_ends(fmpq_poly([1]), lo, hi)
        return Sign(negative=False, zero=True, positive=False)
    q = _simple_part(p)
    a, b = _finite_ends(q, lo, hi)
    if a == b and not all(closed):
        raise ValueError(f"no point lies between {a} and {b}, an end being left out")
    roots = _isolate(q, a, b, None) if a < b else []
    # Between one root's interval and the next there is a point where p is not zero, and one sign up to both roots;
    # the ends themselves are only asked for zeros, for next to any other end p has the sign that it has there.
    fences = [(a, a), *roots, (b, b)]
    values = [p((left[1] + right[0]) / 2) for left, right in pairwise(fences)]
    ends = [p(end) for end, counts in zip((a, b), closed, strict=True) if counts]
    return Sign(
        negative=any(value < 0 for value in values),
        zero=bool(roots) or any(end == 0 for end in ends),
        positive=any(value > 0 for value in values),
    )


# --- Sturm's theorem -------------------------------------------------------------------------------------------


def _simple_part(p: Polynomial) -> fmpq_poly:
    """The polynomial with the roots of p, each once."""
    p = to_polynomial(p)
    if not p:
        raise ValueError("every number is a root of the zero polynomial")
    return p // p.gcd(p.derivative())


def _sturm_chain(q: fmpq_poly) -> list[fmpq_poly]:
    """Sturm's polynomials of q, each scaled by a positive number."""
    chain = [q, q.derivative()]
    while chain[-1]:
        rest = -(chain[-2] % chain[-1])
        chain.append(rest / abs(rest.leading_coefficient()) if rest else rest)
    return chain[:-1]


def _changes(chain: list[fmpq_poly], x: fmpq) -> int:
    signs = [value > 0 for q in chain if (value := q(x))]
    return sum(left != right for left, right in pairwise(signs))


def _count_open(chain: list[fmpq_poly], a: fmpq, b: fmpq) -> int:
    """The number of roots in the open interval (a, b), a < b."""
    return _changes(chain, a) - _changes(chain, b) - (not chain[0](b))


def _isolate(q: fmpq_poly, a: fmpq, b: fmpq, width: fmpq | None) -> list[Interval]:
    """The roots of q, all simple, in the open interval (a, b), as `real_roots` gives them."""
    chain, rational = _sturm_chain(q), _rational_roots(q)
    found: list[Interval] = []
    pieces = [(a, b)]
    while pieces:
        a, b = pieces.pop()
        count = 1 if a == b else _count_open(chain, a, b)
        if count == 1 and (exact := [root for root in rational if a < root < b or a == root == b]):
            found.append((exact[0], exact[0]))
        elif count == 1 and q(a) and q(b) and (width is None or b - a <= width):
            found.append((a, b))
        elif count:
            middle = (a + b) / 2
            pieces += [(middle, b), *[(middle, middle)] * (not q(middle)), (a, middle)]  # the leftmost comes off first
    return found


def _rational_roots(q: fmpq_poly) -> list[fmpq]:
    """From the linear factors over the integers."""
    factors = [factor for factor, _ in q.numer().factor()[1] if factor.degree() == 1]
    return [fmpq(-factor[0], factor[1]) for factor in factors]


def _root_bound(q: fmpq_poly) -> fmpq:
    """A power of two, larger than the absolute value of every root: Cauchy's bound 1 + max |q_k / q_n|, rounded up."""
    leading = q.leading_coefficient()
    cauchy = 1 + max((abs(coefficient / leading) for coefficient in q.coeffs()), default=fmpq(0))
    return fmpq(2) ** int(cauchy.ceil()).bit_length()


def _finite_ends(q: fmpq_poly, lo: Any, hi: Any) -> Interval:
    """lo and hi, an infinite one replaced by a finite one with all roots on the inner side and none on it."""
    bound = _root_bound(q)
    a = None if lo is None else to_rational(lo)
    b = None if hi is None else to_rational(hi)
    if a is not None and b is not None and a > b:
        raise ValueError(f"no point lies between {a} and {b}")
    return (
        a if a is not None else -bound if b is None else min(-bound, b - 1),
        b if b is not None else bound if a is None else max(bound, a + 1),
    )


def _positive(width: fmpq) -> fmpq:
    if not width > 0:
        raise ValueError(f"a width of {width} cannot be reached")
    return width
