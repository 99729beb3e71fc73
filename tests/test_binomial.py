"""Exact intervals against sums of fractions, and their coverage by enumeration."""

from fractions import Fraction
from math import comb

import pytest
from flint import fmpq

from netprops.exact.binomial import at_most, clopper_pearson

LEVELS = (Fraction(1, 100), Fraction(1, 10), Fraction(1, 10**6))


def tail(k, n, p):
    """P(X <= k) in fractions."""
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize("p", [Fraction(0), Fraction(1, 1000), Fraction(1, 3), Fraction(7, 8), Fraction(1)])
def test_tails_are_enclosed(n, p):
    for k in range(-1, n + 2):
        ball, true = at_most(k, n, fmpq(p.numerator, p.denominator)), tail(min(k, n), n, p)
        assert ball.contains(fmpq(true.numerator, true.denominator))
        assert ball.rad() < 1e-12


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("n", [1, 2, 9, 30])
def test_ends_are_where_the_tails_are_half_the_level(n, level):
    for k in range(n + 1):
        low, high = clopper_pearson(k, n, level)
        assert 0 <= low <= Fraction(k, n) <= high <= 1
        assert (low == 0) == (k == 0)
        assert (high == 1) == (k == n)
        if k < n:
            assert tail(k, n, high) < level / 2  # outwards: no more than the interval claims
            assert tail(k, n, high - (1 - high) * Fraction(1, 10**6)) > level / 2  # and hardly outwards
        if k > 0:
            assert 1 - tail(k - 1, n, low) < level / 2
            assert 1 - tail(k - 1, n, low + low * Fraction(1, 10**6)) > level / 2


@pytest.mark.parametrize("n", [1, 5, 12])
@pytest.mark.parametrize("level", LEVELS[:2])
def test_the_true_probability_is_covered(n, level):
    ends = [clopper_pearson(k, n, level) for k in range(n + 1)]
    for p in (Fraction(i, 97) for i in range(98)):
        missed = sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k, (lo, hi) in enumerate(ends) if not lo <= p <= hi)
        assert missed <= level


def test_a_narrower_interval_would_not_cover():
    n, level = 12, Fraction(1, 10)
    ends = [clopper_pearson(k, n, 4 * level) for k in range(n + 1)]
    worst = max(
        sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k, (lo, hi) in enumerate(ends) if not lo <= p <= hi)
        for p in (Fraction(i, 97) for i in range(98))
    )
    assert worst > level


@pytest.mark.parametrize(("k", "n"), [(0, 10**5), (3, 4000), (4000, 4000), (2000, 4000), (50_000, 10**5)])
def test_large_samples(k, n):
    low, high = clopper_pearson(k, n, Fraction(1, 10**6))
    assert 0 <= low <= Fraction(k, n) <= high <= 1
    assert high - low < Fraction(11, 1) / Fraction(int(n**0.5))


@pytest.mark.parametrize(
    ("k", "n", "level"), [(3, 2, LEVELS[0]), (-1, 2, LEVELS[0]), (0, 0, LEVELS[0]), (1, 2, Fraction(1))]
)
def test_what_is_no_count_or_level_is_refused(k, n, level):
    with pytest.raises(ValueError, match=r"expected 0 <=|level lies"):
        clopper_pearson(k, n, level)
