"""Intervals for medians: their ranks against SciPy, their coverage on known distributions, lost numbers either way."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from scipy import stats

from netprops.exact.order_statistics import median_interval, median_rank

LEVELS = (Fraction(1, 2), Fraction(1, 20), Fraction(1, 1000), Fraction(1, 2_000_000))


@pytest.mark.parametrize("level", LEVELS)
def test_ranks_against_scipy(level):
    for n in (*range(60), 100, 257, 1000, 5000):
        k = median_rank(n, level)
        assert k == 0 or stats.binom.cdf(k - 1, n, 0.5) <= float(level) / 2 * (1 + 1e-9)
        assert stats.binom.cdf(k, n, 0.5) > float(level) / 2 * (1 - 1e-9)


def test_a_tie_with_the_level_is_decided_exactly():
    tail = Fraction(comb(10, 0) + comb(10, 1), 2**10)  # P(B < 2)
    assert median_rank(10, 2 * tail) == 2
    assert median_rank(10, 2 * tail - Fraction(1, 10**30)) == 1


DISTRIBUTIONS = {
    "normal": (lambda g, size: np.abs(g.normal(size=size)), stats.norm.ppf(0.75)),
    "Cauchy": (lambda g, size: np.abs(g.standard_cauchy(size=size)), 1.0),
    "exponential": (lambda g, size: g.exponential(size=size), np.log(2)),
    "a die": (lambda g, size: g.integers(1, 8, size=size).astype(float), 4.0),
    "mostly 0": (lambda g, size: (g.random(size=size) < 0.3).astype(float), 0.0),
    "a coin, both medians": (lambda g, size: (g.random(size=size) < 0.5).astype(float), 1.0),
}


def missed(name, n, level, repeats=4000, narrower=0):
    """How often the interval (with its rank raised by `narrower`) misses the true median."""
    draw, truth = DISTRIBUTIONS[name]
    ordered = np.sort(draw(np.random.default_rng(7), (repeats, n)), axis=1)
    k = median_rank(n, level) + narrower
    return np.mean((ordered[:, k - 1] > truth) | (ordered[:, n - k] < truth))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("n", [9, 24, 101])
def test_coverage(name, n):
    level = Fraction(1, 10)
    assert missed(name, n, level) <= 0.1 + 4 * np.sqrt(0.09 / 4000)


def test_one_rank_more_would_not_cover():
    assert missed("normal", 24, Fraction(1, 10), narrower=1) > 0.13


def test_the_interval_is_made_of_those_order_statistics():
    values = [Fraction(x, 7) for x in np.random.default_rng(0).permutation(41).tolist()]
    k = median_rank(41, Fraction(1, 20))
    assert median_interval(values, 0, Fraction(1, 20)) == (Fraction(k - 1, 7), Fraction(41 - k, 7))


@pytest.mark.parametrize("lost", range(8))
def test_lost_numbers_may_be_anything(lost):
    """The interval holds that of every way to fill in what was lost."""
    generator, level = np.random.default_rng(lost), Fraction(1, 4)
    known = [Fraction(x) for x in generator.exponential(size=20).tolist()]
    low, high = median_interval(known, lost, level)
    for filled in ([0.0] * lost, [1e300] * lost, *generator.exponential(size=(20, lost)).tolist()):
        a, b = median_interval([*known, *map(Fraction, filled)], 0, level)
        assert low <= a
        assert high is None or b <= high
    assert median_interval([*known, *[Fraction(0)] * lost], 0, level)[0] == low  # and no wider than needed


def test_too_few_or_too_many_lost_tell_nothing():
    assert median_rank(5, Fraction(1, 100)) == 0
    assert median_interval([Fraction(1)] * 5, 0, Fraction(1, 100)) == (0, None)
    assert median_interval([], 0, Fraction(1, 100)) == (0, None)
    assert median_interval([Fraction(1)] * 10, 30, Fraction(1, 2)) == (0, None)


@pytest.mark.parametrize(("n", "level"), [(-1, Fraction(1, 2)), (3, Fraction(0)), (3, Fraction(1))])
def test_what_is_refused(n, level):
    with pytest.raises(ValueError, match=r"not negative|between 0 and 1"):
        median_rank(n, level)
