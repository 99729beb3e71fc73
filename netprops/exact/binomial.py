"""Binomial tails in balls, and the exact (Clopper-Pearson) interval for a probability, its ends rounded outwards.

For k events in n independent trials the interval at level a holds every p that k does not contradict:

    { p : P(X <= k) >= a/2 and P(X >= k) >= a/2,  X binomial with n trials of probability p },

which contains the true p with a probability of at least 1 - a, whatever p is (Clopper and Pearson 1934).
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb, ctx, fmpq
from scipy.special import betainccinv  # type: ignore[import-untyped]

_PRECISION = 128
_NUDGE = Fraction(1, 10**9)  # relative, of an end that doubles put on the wrong side


def at_most(k: int, n: int, p: fmpq) -> arb:
    """P(X <= k) for X binomial with n trials of probability p, enclosed at the running precision.

    Every term is nonnegative, so that adding them up loses nothing.
    """
    if k < 0:
        return arb(0)
    if k >= n or p == 0:
        return arb(1)
    if p == 1:
        return arb(0)
    term = arb(1 - p) ** n
    total, odds = term, arb(p / (1 - p))
    for i in range(k):
        term = term * odds * (n - i) / (i + 1)
        total += term
    return total


def clopper_pearson(k: int, n: int, level: Fraction) -> tuple[Fraction, Fraction]:
    """An interval that contains Clopper and Pearson's for k of n at 1 - level, by no more than parts in 10^8.

    Its ends are proposed in doubles, and moved outwards until the tail beyond them is certified to be below level/2.

    Raises:
        ValueError: not 0 <= k <= n with n >= 1, or not 0 < level < 1.
    """
    if not 0 <= k <= n or n < 1:
        raise ValueError(f"expected 0 <= events <= trials with one trial or more, got {k} of {n}")
    if not 0 < level < 1:
        raise ValueError(f"a level lies strictly between 0 and 1, got {level}")
    # P(X >= k | p) = P(X <= n - k | 1 - p): the lower end is an upper one of what did not happen.
    return 1 - _upper(n - k, n, level / 2), _upper(k, n, level / 2)


def _upper(k: int, n: int, tail: Fraction) -> Fraction:
    """A number p < 1 with P(X <= k | p) < tail, and so for all larger p; 1 if k = n."""
    if k == n:
        return Fraction(1)
    p, nudge = Fraction(float(betainccinv(k + 1, n - k, float(tail)))), _NUDGE
    while p < 1 and not _is_below(k, n, p, tail):
        # In proportion to the nearer of 0 and 1, so that neither is overstepped; farther each time.
        p, nudge = p + (min(p, 1 - p) or _NUDGE) * nudge, min(2 * nudge, Fraction(1, 2))
    return p


def _is_below(k: int, n: int, p: Fraction, tail: Fraction) -> bool:
    before, ctx.prec = ctx.prec, _PRECISION
    try:
        return bool(at_most(k, n, fmpq(p.numerator, p.denominator)) < arb(fmpq(tail.numerator, tail.denominator)))
    finally:
        ctx.prec = before
