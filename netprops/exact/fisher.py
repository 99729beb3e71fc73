"""Fisher's exact test of two counts, in integers.

Given a events in n trials and b in m, with equal probabilities and given a + b events in all, a is hypergeometric:

    P(a = i) = C(n, i) C(m, a + b - i) / C(n + m, a + b).

The two-sided p-value is the probability of all i that are no more probable than what was counted (R. A. Fisher, 1935).
Whatever the common probability, it is at most x with a probability of at most x.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb


def two_sided(a: int, n: int, b: int, m: int) -> Fraction:
    """The p-value, exact, of a events in n independent trials and b in m others, under equal probabilities.

    Raises:
        ValueError: not 0 <= a <= n with n >= 1, or b and m likewise.
    """
    for events, trials in ((a, n), (b, m)):
        if not 0 <= events <= trials or trials < 1:
            raise ValueError(f"expected 0 <= events <= trials with one trial or more, got {events} of {trials}")
    total = a + b
    low, high = max(0, total - m), min(n, total)
    ways = [comb(n, low) * comb(m, total - low)]
    for i in range(low, high):  # from one count to the next; the products stay whole
        ways.append(ways[-1] * (n - i) * (total - i) // ((i + 1) * (m - total + i + 1)))
    seen = ways[a - low]
    return Fraction(sum(w for w in ways if w <= seen), comb(n + m, total))
