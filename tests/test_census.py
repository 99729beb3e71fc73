"""A census tells the kinds of critical points, in doubt None; what shares decided by it are worth."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops.domains import DomainError, reals
from netprops.evidence import Recorder, recording
from netprops.objects.stationary import lower_gradient
from netprops.objects.training import normal_point
from netprops.questions.census import NEAR, REACH, Census
from netprops.questions.frequencies import is_rarer, is_share_above, is_share_below, runs
from netprops.readings.jaxpr import NotAFunctionError


def wells(v):
    """(x^2 - 1)^2 + (y^2 - 1)^2: minima at (+-1, +-1), a maximum at 0, saddles between."""
    return jnp.sum((v**2 - 1) ** 2)


# ---------------------------------------------------------------- the census


@pytest.mark.parametrize(
    ("point", "index", "saddle"),
    [((1, 1), 0, False), ((-1, 1), 0, False), ((0, 1), 1, True), ((1, 0), 1, True), ((0, 0), 2, False)],
)
def test_the_index_is_that_of_numpy(point, index, saddle):
    census, near = Census(wells, reals(2)), np.array(point) + 1e-5
    hessian = np.asarray(jax.hessian(wells)(jnp.array(point, dtype=float)))
    assert census.index(near) == index == (np.linalg.eigvalsh(hessian) < 0).sum()
    assert census.is_saddle(near) is saddle


@pytest.mark.parametrize("point", [(0.5, 1.0), (1.0, 1.0 + 2 * REACH), (100.0, 0.0)])
def test_no_critical_point_near_is_no_answer(point):
    census = Census(wells, reals(2))
    assert census.index(np.array(point)) is None
    assert census.is_saddle(np.array(point)) is None
    assert census.index_order(np.array(point), np.ones(2)) is None
    assert len(census) <= 1


def test_a_degenerate_critical_point_is_no_answer():
    ridge = Census(lambda v: (v[0] * v[1] - 1) ** 2, reals(2))
    assert ridge.index(np.array([1.0, 1.0])) is None
    assert Census(lambda v: jnp.sum(v**4), reals(2)).index(np.zeros(2)) is None


def test_the_costlier_of_two_has_the_higher_index():
    census = Census(wells, reals(2))
    minimum, other, saddle, top = np.ones(2), -np.ones(2), np.array([0.0, 1.0]), np.zeros(2)
    assert census.index_order(saddle, minimum) == census.index_order(minimum, saddle) == 1
    assert census.index_order(top, saddle) == 1
    assert census.index_order(minimum, other) == 0
    upside_down = Census(lambda v: -wells(v), reals(2))
    assert upside_down.index_order(minimum, saddle) == 1  # a maximum above a saddle


def test_a_higher_minimum_and_a_lower_saddle_go_the_other_way():
    minimum, saddle = np.array([1.0, 0.0]), np.zeros(2)

    def f(v):
        return v[0] ** 4 / 4 - v[0] ** 2 / 2 + v[1] ** 2

    assert Census(f, reals(2)).index_order(minimum, saddle) == 1
    raised = Census(lambda v: jnp.where(v[0] > 0.5, f(v) + 10, f(v)), reals(2))
    assert raised.index_order(minimum, saddle) == raised.index_order(saddle, minimum) == -1


def test_equal_values_and_other_indices_are_undecided():
    even = Census(lambda v: jnp.where(v[0] > 0, (v[0] - 1) ** 2, -((v[0] + 1) ** 2)) + v[1] ** 2, reals(2))
    assert even.index(np.array([1.0, 0.0])) == 0
    assert even.index(np.array([-1.0, 0.0])) == 1
    assert even.index_order(np.array([1.0, 0.0]), np.array([-1.0, 0.0])) is None


def test_one_point_is_enclosed_once():
    census = Census(wells, reals(2))
    for shift in (0.0, NEAR / 2, -NEAR / 2, 1e-9):
        assert census.index(np.ones(2) + shift) == 0
    assert len(census) == 1
    assert census.index(np.array([1.0, -1.0])) == 0
    assert len(census) == 2


def test_what_is_near_one_enclosed_before_may_be_taken_for_it_only_within_reach():
    two = Census(lambda v: jnp.sum((v**2 - 1e-8) ** 2) * 1e12, reals(1))  # minima at +-1e-4, a maximum between
    assert two.index(np.array([1e-4])) == 0
    assert two.index(np.array([0.0])) == 1
    assert two.index(np.array([-1e-4])) == 0


def test_points_must_fit():
    census = Census(wells, reals(2))
    with pytest.raises(DomainError):
        census.index(np.zeros(3))
    with pytest.raises((DomainError, ValueError)):
        census.index(np.array([np.nan, 0.0]))
    with pytest.raises(NotAFunctionError):
        Census(lambda v: v, reals(2))


# ---------------------------------------------------------------- looking for zeros of a gradient


def test_lowering_the_gradient_finds_points_of_every_kind_and_is_never_longer():
    starts = np.array([[0.9, 1.2], [0.1, 0.9], [0.1, -0.2]])
    ends, norms = jax.jit(jax.vmap(lambda v: lower_gradient(wells, v, steps=40)))(starts)
    assert np.allclose(ends, [[1, 1], [0, 1], [0, 0]], atol=1e-8)
    assert (np.asarray(norms) < 1e-9).all()


def test_a_stationary_point_of_the_norm_alone_keeps_its_gradient():
    end, norm = lower_gradient(lambda v: v[0] ** 3 / 3 + v[0], jnp.array([0.3]), steps=60)  # the slope is 1 or more
    assert abs(end[0]) < 1e-6
    assert norm == pytest.approx(1.0)


# ---------------------------------------------------------------- shares that certificates decide


def uniform(key):
    return jax.random.uniform(key, (), jnp.float64)


def test_a_known_share_of_those_that_belong():
    drawn = runs("numbers", uniform, 4000)
    low = drawn.certified_share(lambda u: u < 0.25, "below 1/4", among=lambda u: u < 0.5)
    counted = low.counted()
    values = np.asarray(drawn.outcomes())
    assert (counted.events, counted.count, counted.dropped, counted.lost) == (
        (values < 0.25).sum(), (values < 0.5).sum(), (values >= 0.5).sum(), 0,
    )  # fmt: skip
    assert is_share_above(low, 0.4)
    assert is_share_below(low, 0.6)
    assert not is_share_above(low, 0.6)
    assert is_share_above(low, 0.5).answer == "undecided"
    everything = drawn.certified_share(lambda u: u < 0.25, "below 1/4")
    assert is_rarer(everything, low, by=0.1)
    assert not is_rarer(low, everything, by=0.1)
    assert "2" in is_share_above(low, 0.4).because.split("dropped")[0]
    assert is_share_above(low, 0.4).witness["dropped"] == counted.dropped
    assert "dropped" not in is_share_above(everything, 0.1).witness


def test_undecided_runs_are_lost_and_stand_in_the_way_of_either_answer():
    drawn = runs("numbers", uniform, 1000)
    share = drawn.certified_share(lambda u: None if u < 0.5 else bool(u < 0.75), "below 3/4")
    counted = share.counted()
    assert counted.lost == (np.asarray(drawn.outcomes()) < 0.5).sum()
    assert is_share_above(share, 0.1)
    assert not is_share_above(share, 0.9)
    assert is_share_above(share, 0.5).answer == "undecided"
    assert is_share_below(share, 0.5).answer == "undecided"


def test_runs_that_are_not_finite_are_lost_though_they_might_not_belong():
    def trial(key):
        u = uniform(key)
        return jnp.where(u < 0.25, jnp.nan, u)

    counted = runs("some lost", trial, 400).certified_share(lambda u: True, "any", among=lambda u: u > 0.5).counted()
    assert counted.lost > 50
    assert counted.events == counted.count - counted.lost
    assert counted.count + counted.dropped == 400
    low, high = counted.interval(Fraction(1, 100))
    assert low < 0.8
    assert high == 1


def test_each_run_is_decided_once_for_each_seed():
    calls = []

    def decide(u):
        calls.append(u)
        return True

    share = runs("numbers", uniform, 50).certified_share(decide, "any")
    assert share.counted() is share.counted()
    assert len(calls) == 50
    with recording(Recorder("another claim", 3)):
        share.counted()
    assert len(calls) == 100


@pytest.mark.parametrize("answer", [1, 0.0, "yes", np.ones(2) > 0])
def test_what_is_no_truth_value_is_refused(answer):
    drawn = runs("numbers", uniform, 5)
    with pytest.raises(NotAFunctionError, match="True, False or None"):
        drawn.certified_share(lambda u: answer, "any").counted()
    with pytest.raises(NotAFunctionError, match="True, False or None"):
        drawn.certified_share(lambda u: True, "any", among=lambda u: answer).counted()


def test_a_share_of_none_is_refused():
    with pytest.raises(DomainError, match="none of the 5 runs"):
        runs("numbers", uniform, 5).certified_share(lambda u: True, "any", among=lambda u: u > 2).counted()


@pytest.mark.parametrize(("bend", "saddles"), [(1.0, 0), (-1.0, 64)])
def test_runs_are_decided_by_the_census(bend, saddles):
    def cost(v):
        return v[0] ** 2 + bend * v[1] ** 2

    census = Census(cost, reals(2))
    drawn = runs(f"bend {bend}", lambda key: lower_gradient(cost, normal_point(key, reals(2)), steps=40), 64)
    counted = drawn.certified_share(lambda run: census.is_saddle(run[0]), "a saddle").counted()
    assert (counted.events, counted.lost, len(census)) == (saddles, 0, 1)
