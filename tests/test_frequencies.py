"""Known probabilities are told, margins are kept, lost runs count, seeds are fixed, long work is told of."""

from fractions import Fraction
from math import comb

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import progress
from netprops.domains import DomainError
from netprops.evidence import FALSE_ALARMS, MOST_ESTIMATED, Recorder, UndecidedError, count_compilations, recording
from netprops.exact.binomial import clopper_pearson
from netprops.questions.frequencies import DECISION, is_rarer, is_share_above, is_share_below, power, runs
from netprops.readings.jaxpr import NotAFunctionError
from netprops.search import trials


def uniform(key):
    return jax.random.uniform(key, (), jnp.float64)


def below(p):
    return lambda u: u < p


def coin(p, count=2000, name="coins"):
    return runs(name, uniform, count).share(below(p), f"below {p}")


def test_a_known_probability_is_told_from_levels_on_either_side():
    share = coin(0.3)
    assert is_share_above(share, 0.2)
    assert not is_share_above(share, 0.4)
    assert is_share_below(share, 0.4)
    assert not is_share_below(share, 0.2)
    assert is_share_below(share, 0.4).kind == "estimated"


def test_a_level_inside_the_interval_is_undecided():
    verdict = is_share_above(coin(0.3), 0.3)
    assert verdict.answer == "undecided"
    assert "more runs" in verdict.because
    with pytest.raises(UndecidedError):
        bool(verdict)


def test_rarer_by_a_margin():
    assert is_rarer(coin(0.2), coin(0.6), by=0.2)
    assert not is_rarer(coin(0.2), coin(0.6), by=0.6)
    assert not is_rarer(coin(0.6), coin(0.2), by=0.1)
    assert not is_rarer(coin(0.2), coin(0.2, name="other coins"), by=0.2)
    assert is_rarer(coin(0.2), coin(0.6), by=0.4).answer == "undecided"


def test_the_verdict_states_counts_interval_seed_and_level():
    share = coin(0.3)
    counted, verdict = share.counted(), is_share_below(share, 0.5)
    truth = np.asarray(share.runs.outcomes()) < 0.3
    assert counted.events == truth.sum()
    for part in (f"{counted.events:,} of 2,000", "99 % interval", "1e-06", "0.5", f"seed {share.runs.seed()}"):
        assert part in verdict.because
    assert verdict.witness["events"] == counted.events
    assert verdict.witness["runs"] == 2000
    low, high = clopper_pearson(counted.events, 2000, Fraction(1, 100))
    a, b = (Fraction(x) for x in verdict.witness["interval of 99 %"][1:-1].split(","))
    assert 0 <= low - a < Fraction(1, 10**5)
    assert 0 <= b - high < Fraction(1, 10**5)


def test_lost_runs_stand_in_the_way_of_either_answer():
    def half_lost(key):
        u = uniform(key)
        return jnp.where(u < 0.5, jnp.nan, u)

    share = runs("half lost", half_lost, 1000).share(lambda u: u < 0.75, "below 3/4")
    counted = share.counted()
    assert 400 < counted.lost < 600
    assert 150 < counted.events < 350
    assert "lost" in str(counted)
    assert is_share_above(share, 0.1)
    assert not is_share_above(share, 0.9)
    assert is_share_above(share, 0.5).answer == "undecided"  # it depends on what was lost
    assert is_share_below(share, 0.5).answer == "undecided"


def test_infinite_outcomes_are_lost_wherever_they_are_in_the_tree():
    share = runs("a tree", lambda key: {"a": (uniform(key), jnp.inf), "b": 3}, 64).share(
        lambda o: o["a"][0] < 2, "always"
    )
    assert share.counted().lost == 64
    assert share.counted().events == 0


def test_equal_runs_are_made_once_and_named_apart_when_independent():
    calls = []

    def trial(key):
        calls.append(1)
        return uniform(key)

    same = runs("same", trial, 512)
    first = same.outcomes()
    traced = len(calls)
    assert runs("same", trial, 512).outcomes() is first
    assert len(calls) == traced + 1  # traced to be compared, not run
    other = runs("other", trial, 512).outcomes()
    assert not np.array_equal(first, other)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.25


def test_seeds_belong_to_the_run_and_the_claim():
    def outcomes(claim, seed):
        with recording(Recorder(claim, seed)):
            return runs("x", uniform, 100).outcomes()

    first = outcomes("a", 1)
    assert np.array_equal(first, outcomes("a", 1))
    assert not np.array_equal(first, outcomes("a", 2))
    assert not np.array_equal(first, outcomes("b", 1))


@pytest.mark.parametrize("tile", [1, 7, 64, 1000])
def test_tiles_change_nothing(tile):
    trials._outcomes.clear()
    first = np.asarray(runs("tiles", uniform, 100, tile=64).outcomes())
    trials._outcomes.clear()
    assert first.shape == (100,)
    assert len(np.unique(first)) == 100
    again = np.asarray(runs("tiles", uniform, 100, tile=tile).outcomes())
    assert again.shape == (100,)
    assert len(np.unique(again)) == 100


def test_constants_tell_programs_apart():
    def trial(c):
        return lambda key: uniform(key) + jnp.asarray(c)

    a, b = np.arange(3.0), np.array([0.0, 1.0, np.nextafter(2.0, 3.0)])
    assert trials.text_of(trial(a)) == trials.text_of(trial(a.copy()))
    assert trials.text_of(trial(a)) != trials.text_of(trial(b))
    assert trials.text_of(lambda key: uniform(key) + 0.1) != trials.text_of(
        lambda key: uniform(key) + np.nextafter(0.1, 1.0)
    )


def test_the_text_of_a_program_has_no_address():
    text = trials.text_of(lambda key: jax.nn.relu(uniform(key)) + jax.nn.silu(uniform(key)))
    assert "0x" not in text


def test_one_compilation_for_the_runs():
    recorder = Recorder("claim", 5)
    with recording(recorder):
        count_compilations()
        runs("few", lambda key: jax.random.normal(key, (3,)), 1000, tile=128).outcomes()
    assert 1 <= recorder.compiles <= 4  # the runs, and the key's making


@pytest.mark.parametrize("count", [0, -1, 2.0, True])
def test_no_runs_are_refused(count):
    with pytest.raises(DomainError, match="number of runs"):
        runs("x", uniform, count)


def test_an_event_is_one_truth_value():
    with pytest.raises(NotAFunctionError, match="one truth value"):
        is_share_above(runs("x", uniform, 10).share(lambda u: u, "no truth value"), 0.5)
    with pytest.raises(NotAFunctionError, match="one truth value"):
        is_share_above(runs("x", uniform, 10).share(lambda u: jnp.array([u, u]) < 1, "two of them"), 0.5)


@pytest.mark.parametrize("level", [0, 1, -0.5, float("nan")])
def test_levels_lie_between(level):
    with pytest.raises(DomainError):
        is_share_above(coin(0.5), level)


def test_a_trial_is_a_function():
    with pytest.raises(NotAFunctionError):
        runs("x", 3, 10)


# ---------------------------------------------------------------- errors of either kind


def test_a_suite_of_decisions_keeps_the_promise():
    assert DECISION * MOST_ESTIMATED == FALSE_ALARMS == Fraction(1, 10_000)


@pytest.mark.parametrize(("p", "level"), [(Fraction(1, 2), Fraction(3, 10)), (Fraction(1, 50), Fraction(1, 10))])
def test_the_chance_of_a_false_answer_by_enumeration(p, level):
    """With true probability p, the wrong answer about `level` at a level of error made large enough to see."""
    n, error = 60, Fraction(1, 50)
    ends = [clopper_pearson(k, n, error) for k in range(n + 1)]
    chance = {k: comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)}
    wrong = sum(chance[k] for k, (lo, hi) in enumerate(ends) if (hi < level if p > level else lo > level))
    assert wrong <= error / 2


@pytest.mark.parametrize(("count", "level"), [(300, Fraction(1, 4)), (100, Fraction(1, 2))])
def test_the_stated_power_is_one(count, level):
    """At the stated shares an undecided answer is as unlikely as a false one; a share nearer by a tenth has less."""
    words = power(count, level)
    numbers = [Fraction(word) for word in words.replace(" or ", " ").split() if word[0].isdigit()]
    assert len(numbers) == 2
    low, high = numbers
    assert low < level < high
    decides = [clopper_pearson(k, count, DECISION) for k in range(count + 1)]
    most = max(k for k, (_, hi) in enumerate(decides) if hi < level)
    least = min(k for k, (lo, _) in enumerate(decides) if lo > level)
    assert 1 - tail(most, count, low) == pytest.approx(float(DECISION / 2), rel=0.1)
    assert tail(least - 1, count, high) == pytest.approx(float(DECISION / 2), rel=0.1)


def tail(k, n, p):
    from scipy.stats import binom

    return float(binom.cdf(k, n, float(p))) if k < n * p else 1 - float(binom.sf(k, n, float(p)))


def test_so_few_runs_tell_nothing():
    assert "no share" in power(3, Fraction(1, 2))


# ---------------------------------------------------------------- progress


def test_long_work_is_told_of(monkeypatch):
    told = []
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    put_back = progress.listen(told.append)
    try:
        runs("long work", uniform, 1000, tile=10).outcomes()
    finally:
        put_back()
    assert told[0].startswith("long work: ")
    assert told[-1] == "long work: 1,000 of 1,000"


def test_short_work_is_not():
    told = []
    put_back = progress.listen(told.append)
    try:
        progress.Progress("short", 10).at(5)
    finally:
        put_back()
    assert not told
