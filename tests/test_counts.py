"""Fisher's exact test against scipy's, and shares against counts from elsewhere."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import fisher_exact

from netprops import is_compatible, runs
from netprops.domains import DomainError
from netprops.evidence import UndecidedError
from netprops.exact.fisher import two_sided


def coin(p, count=2000):
    trial = runs(f"coins of {p}", lambda key: jax.random.uniform(key, (), jnp.float64), count)
    return trial.share(lambda x: x < p, "heads")


def test_p_values_are_those_of_scipy():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, m = (int(t) for t in rng.integers(1, 60, 2))
        a, b = int(rng.integers(0, n + 1)), int(rng.integers(0, m + 1))
        assert float(two_sided(a, n, b, m)) == pytest.approx(fisher_exact([[a, n - a], [b, m - b]]).pvalue, rel=1e-6)


def test_p_values_are_exact_and_symmetric():
    assert two_sided(3, 3, 0, 3) == Fraction(1, 10)  # 2 of the 20 tables
    assert two_sided(0, 5, 0, 9) == two_sided(5, 5, 9, 9) == 1
    assert two_sided(4, 17, 9, 20) == two_sided(9, 20, 4, 17) == two_sided(13, 17, 11, 20)


def test_small_p_values_are_as_rare_as_they_say():
    """By enumeration: under equal probabilities, p <= x with a probability of at most x."""
    n, m, p = 8, 11, Fraction(1, 3)
    weights = {}
    for a in range(n + 1):
        for b in range(m + 1):
            weight = binomial(a, n, p) * binomial(b, m, p)
            weights[two_sided(a, n, b, m)] = weights.get(two_sided(a, n, b, m), 0) + weight
    for x in weights:
        assert sum(weight for value, weight in weights.items() if value <= x) <= x


def binomial(k, n, p):
    ways = 1
    for i in range(k):
        ways = ways * (n - i) // (i + 1)
    return ways * p**k * (1 - p) ** (n - k)


@pytest.mark.parametrize("counts", [(-1, 3, 0, 3), (4, 3, 0, 3), (0, 0, 0, 3), (1, 3, 5, 4)])
def test_what_is_no_count_is_refused(counts):
    with pytest.raises(ValueError, match="events <= trials"):
        two_sided(*counts)


def test_a_count_that_fits_and_one_that_does_not():
    share = coin(0.25)
    yes = is_compatible(share, events=250, count=1000, within=0.25)
    assert yes
    assert yes.evidence == "estimated"
    assert "p = " in yes.because
    no = is_compatible(share, events=450, count=1000, within=0.25)
    assert not no
    assert no.evidence == "estimated"


def test_few_trials_are_no_agreement():
    for events, count in ((1, 3), (0, 1), (30, 100)):
        with pytest.raises(UndecidedError, match="do not tell"):
            bool(is_compatible(coin(0.25), events=events, count=count, within=0.1))
    with pytest.raises(UndecidedError, match="do not tell"):
        bool(is_compatible(coin(0.25, count=20), events=250, count=1000, within=0.25))


def test_a_narrow_margin_is_undecided():
    with pytest.raises(UndecidedError):
        bool(is_compatible(coin(0.25), events=250, count=1000, within=1 / 64))


def test_lost_runs_stand_in_the_way():
    def half_lost(key):
        x = jax.random.uniform(key, (), jnp.float64)
        return jnp.where(x < 0.5, jnp.nan, x)

    share = runs("half lost", half_lost, 400).share(lambda x: x < 0.75, "below 3/4")
    with pytest.raises(UndecidedError):
        bool(is_compatible(share, events=250, count=1000, within=0.25))


@pytest.mark.parametrize(
    ("events", "count", "within"), [(1.5, 3, 0.1), (4, 3, 0.1), (-1, 3, 0.1), (0, 0, 0.1), (1, 3, 0), (1, 3, 1)]
)
def test_bad_input(events, count, within):
    with pytest.raises(DomainError, match="is_compatible"):
        is_compatible(coin(0.25), events=events, count=count, within=within)
