"""Which order statistics enclose a median, whatever the distribution: exact binomial tails of a fair coin.

Of n independent numbers with a median m, X_(1) <= ... <= X_(n) in order, X_(k) > m only if fewer than k of them are at
most m; each is so with a probability of at least 1/2.  Hence, and likewise from above,

    P(X_(k) > m) <= P(B < k),    P(X_(n+1-k) < m) <= P(B < k),    B binomial with n trials of probability 1/2,

for every distribution, atoms and ties included (W. R. Thompson, Ann. Math. Statist. 7, 1936).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache


@cache
def median_rank(n: int, level: Fraction) -> int:
    """The largest k with P(B < k) <= level/2: [X_(k), X_(n+1-k)] then holds a median at 1 - level.  0 if there is none.

    Raises:
        ValueError: n < 0, or not 0 < level < 1.
    """
    if n < 0:
        raise ValueError(f"a number of numbers is not negative, got {n}")
    if not 0 < level < 1:
        raise ValueError(f"a level lies strictly between 0 and 1, got {level}")
    allowed = level / 2 * 2**n  # P(B < k) in units of 2^-n
    ways = total = 1  # C(n, k), and the sum up to it
    k = 0
    while total <= allowed:
        k += 1
        ways = ways * (n - k + 1) // k
        total += ways
    return k


def median_interval(known: Sequence[Fraction], lost: int, level: Fraction) -> tuple[Fraction, Fraction | None]:
    """An interval that holds the median of a nonnegative quantity at 1 - level, for whatever the lost numbers are.

    Args:
        known: independent values, in any order.
        lost: how many more there were, of which nothing is known: 0 for the lower end, infinite for the upper one.
        level: of error.

    Returns:
        The ends; an upper end of None is infinite.
    """
    ordered, count = sorted(known), len(known) + lost
    k = median_rank(count, level)
    if k == 0:
        return Fraction(0), None
    low, high = k - 1 - lost, count - k  # places in `ordered`, from 0
    return (ordered[low] if low >= 0 else Fraction(0)), (ordered[high] if high < len(known) else None)
