"""Known ratios of spreads are told, others stay open; ties and lost runs count; concordance is as in closed form."""

import warnings
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from netprops import is_rarer, is_share_above, is_share_below, is_spread_smaller, pairs
from netprops.domains import DomainError
from netprops.evidence import UndecidedError
from netprops.questions.frequencies import DECISION
from netprops.questions.spreads import _ratio, _show
from netprops.readings.jaxpr import NotAFunctionError

LEVEL = Fraction(1, 100)


def normal(key):
    return jax.random.normal(key, (), jnp.float64)


def itself(x):
    return x


def spread(size, count=500, name="normal"):
    return pairs(name, normal, count).spread(lambda x: size * x, f"{size} times the number")


def test_known_ratios_are_told_from_either_side():
    assert is_spread_smaller(spread(1), spread(4), ratio=0.8)
    assert not is_spread_smaller(spread(4), spread(1), ratio=0.8)
    assert not is_spread_smaller(spread(1), spread(1, name="again"), ratio=0.5)
    verdict = is_spread_smaller(spread(1), spread(4), ratio=0.8)
    assert (verdict.answer, verdict.evidence) == ("yes", "estimated")


def test_a_ratio_inside_the_interval_is_undecided():
    verdict = is_spread_smaller(spread(1), spread(4), ratio=Fraction(1, 4))
    assert verdict.answer == "undecided"
    assert "more runs" in verdict.because
    with pytest.raises(UndecidedError):
        bool(verdict)


@pytest.mark.parametrize(
    ("draw", "true"),
    [
        (normal, np.sqrt(2) * stats.norm.ppf(0.75)),
        (lambda key: jax.random.uniform(key, (), jnp.float64), 1 - np.sqrt(0.5)),
        (lambda key: jax.random.exponential(key, (), jnp.float64), np.log(2)),  # |x - x'| is exponential again
        (lambda key: jax.random.cauchy(key, (), jnp.float64), 2.0),  # x - x' is Cauchy, of scale 2
        (lambda key: jnp.floor(6 * jax.random.uniform(key, (), jnp.float64)), 2.0),  # a die: 0 in 6, 1 in 10 of 36
    ],
    ids=["normal", "uniform", "exponential", "Cauchy", "die"],
)
def test_spreads_in_closed_form(draw, true):
    low, high = pairs("closed form", draw, 4000).spread(itself, "x").measured().interval(LEVEL)
    assert low <= true <= high
    assert high - low <= 0.15 * true


def test_each_interval_by_hand():
    made = spread(3, 200)
    outcomes = np.asarray(made.pairs.runs.outcomes())
    assert outcomes.shape == (200, 2)
    assert abs(np.corrcoef(outcomes.T)[0, 1]) < 0.3
    by_hand = 3 * np.sort(np.abs(outcomes[:, 0] - outcomes[:, 1]))
    k = int(stats.binom.ppf(0.005, 200, 0.5))  # P(B < k) <= 1/200 < P(B <= k)
    low, high = made.measured().interval(LEVEL)
    assert float(low) == pytest.approx(by_hand[k - 1], rel=1e-12)
    assert float(high) == pytest.approx(by_hand[200 - k], rel=1e-12)


def test_differences_are_exact():
    """Doubles would round 1 - 2^-60 to 1."""

    def trial(key):
        return jnp.where(jax.random.bernoulli(key), 1.0, 2.0**-60)

    differences = set(pairs("exact", trial, 64).spread(itself, "x").measured().differences)
    assert differences == {Fraction(0), 1 - Fraction(1, 2**60)}


def test_the_verdict_states_what_was_measured():
    verdict = is_spread_smaller(spread(1), spread(4), ratio=0.8)
    for part in ("normal: 1 times the number", "500 pairs", "99 % interval", "1e-06", "0.8", "seeds"):
        assert part in verdict.because
    low, high = (float(x) for x in verdict.witness["ratio"][1:-1].split(","))
    assert low < 0.25 < high < 0.8
    assert verdict.witness["a"]["pairs"] == 500
    assert verdict.evaluations == 2000


def test_the_two_intervals_share_the_level():
    a, b = (spread(size).measured().interval(DECISION / 2) for size in (1, 4))
    assert is_spread_smaller(spread(1), spread(4), ratio=a[1] / b[0] * Fraction(1001, 1000))
    assert is_spread_smaller(spread(1), spread(4), ratio=a[1] / b[0]).answer == "undecided"
    assert is_spread_smaller(spread(1), spread(4), ratio=a[0] / b[1]).answer == "undecided"
    assert not is_spread_smaller(spread(1), spread(4), ratio=a[0] / b[1] * Fraction(999, 1000))


def test_too_few_pairs_decide_nothing():
    assert is_spread_smaller(spread(1, 20), spread(1000, 20), ratio=0.8).answer == "undecided"
    assert is_spread_smaller(spread(1, 500), spread(1000, 500), ratio=0.8)


# ---------------------------------------------------------------- ties, constants, lost runs


def constant(key):
    return jnp.zeros(())


def test_constants():
    same = pairs("constant", constant, 100).spread(itself, "x")
    assert is_spread_smaller(same, spread(1), ratio=0.01)
    assert not is_spread_smaller(spread(1), same, ratio=100)
    assert is_spread_smaller(same, same, ratio=0.8).answer == "undecided"  # 0 : 0


def test_ties():
    """Mostly equal: the spread is 0, though the standard deviation is not."""
    rare = pairs("normal", normal, 500).spread(lambda x: jnp.where(x > 1.3, 100.0, 0.0), "rare")
    assert is_spread_smaller(rare, spread(1), ratio=0.8)
    coins = pairs("normal", normal, 500).spread(lambda x: jnp.where(x > 0, 1.0, 0.0), "a coin")
    assert is_spread_smaller(coins, spread(1), ratio=0.1).answer == "undecided"  # 0 or 1


def half_lost(key):
    u = jax.random.uniform(key, (2,), jnp.float64)
    return {"u": u[0], "x": u[1]}


def losing(share):
    """The second number, lost where the first is below `share`."""
    of = lambda o: jnp.where(o["u"] < share, jnp.nan, o["x"])  # noqa: E731
    return pairs("two numbers", half_lost, 500).spread(of, f"lost below {share}")


def test_lost_pairs_stand_in_the_way_of_either_answer():
    few, many = losing(0.05), losing(0.4)
    assert 25 < few.measured().lost < 75  # of pairs: 1 - 0.95^2
    assert "lost" in str(few.measured())
    assert is_spread_smaller(few, spread(10), ratio=0.8)
    assert not is_spread_smaller(few, spread(0.01), ratio=0.8)
    assert is_spread_smaller(many, spread(1000), ratio=0.8).answer == "undecided"
    assert is_spread_smaller(spread(1000), many, ratio=0.8).answer == "undecided"


def test_an_outcome_that_is_infinite_elsewhere_is_lost_too():
    def trial(key):
        return {"x": jax.random.normal(key, (), jnp.float64), "y": jnp.inf}

    assert pairs("tree", trial, 50).spread(lambda o: o["x"], "x").measured().lost == 50


def test_a_number_made_infinite_by_the_reading_is_lost():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert pairs("zero", constant, 50).spread(lambda x: 1 / x, "1/x").measured().lost == 50


# ---------------------------------------------------------------- concordance


def correlated(rho):
    two = lambda key: jax.random.normal(key, (2,), jnp.float64)  # noqa: E731
    mixed = lambda o: rho * o[0] + (1 - rho**2) ** 0.5 * o[1]  # noqa: E731
    return pairs("normal", two, 2000).concordance(lambda o: o[0], mixed, f"alike, correlation {rho}")


@pytest.mark.parametrize("rho", [-0.9, 0.0, 0.5, 0.99])
def test_concordance_of_normal_pairs_in_closed_form(rho):
    low, high = correlated(rho).counted().interval(Fraction(1, 10_000))
    assert low <= 0.5 + np.arcsin(rho) / np.pi <= high


def test_concordance_is_a_share_like_any_other():
    assert is_rarer(correlated(0.5), correlated(0.99), by=0.1)
    assert is_share_above(correlated(0.5), 0.55)
    assert is_share_below(correlated(-0.9), 0.3)


def test_ties_are_not_concordant():
    flat = pairs("flat", lambda key: jnp.zeros(2), 100).concordance(lambda o: o[0], lambda o: o[1], "alike")
    assert flat.counted().events == 0


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("ratio", [0, -1, float("nan"), float("inf")])
def test_a_ratio_is_positive(ratio):
    with pytest.raises(DomainError):
        is_spread_smaller(spread(1), spread(4), ratio=ratio)


def test_bad_trials_and_numbers_are_refused():
    with pytest.raises(NotAFunctionError, match="random key"):
        pairs("x", 3, 10)
    with pytest.raises(DomainError, match="number of runs"):
        pairs("x", normal, 0)
    with pytest.raises(NotAFunctionError, match="one number"):
        is_spread_smaller(pairs("v", lambda key: jnp.zeros(2), 10).spread(itself, "x"), spread(1), ratio=1)
    with pytest.raises(NotAFunctionError, match="one number"):
        is_spread_smaller(spread(1), pairs("i", lambda key: jnp.zeros((), int), 10).spread(itself, "x"), ratio=1)


def test_intervals_are_shown_rounded_outwards():
    third = Fraction(1, 3)
    assert _show((third, third)) == "[0.3333, 0.3334]"
    assert _show((Fraction(0), None)) == "[0, oo]"
    assert _show((Fraction(123456789), Fraction(99999999))) == "[1.234e+8, 1.000e+8]"
    assert _ratio((third, third), (Fraction(0), Fraction(0))) == "[oo, oo]"
    assert _ratio((Fraction(0), None), (third, third)) == "[0, oo]"
    assert _ratio((third, third), (Fraction(0), None)) == "[0, oo]"
