"""Location from measured distances, against sums written out over fractions and square roots of high precision."""

from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from netprops import is_convex, violates_jensen
from netprops.objects.location import Location
from netprops.strategies.landscapes import locations

getcontext().prec = 60


def slow_cost(problem, p):
    """The cost at a point of doubles in decimal arithmetic, term by term."""
    total = Decimal(0)
    for b, d in zip(problem.beacons.tolist(), problem.distances.tolist(), strict=True):
        squared = sum(((Decimal(x) - Decimal(y)) ** 2 for x, y in zip(p, b, strict=True)), Decimal(0))
        total += (squared.sqrt() - Decimal(d)) ** 2
    return total


@given(problem=locations(kink=True) | locations(kink=False))
def test_the_cost(problem):
    p = np.full(problem.beacons.shape[1], 0.75)
    assert float(problem.cost(p)) == pytest.approx(float(slow_cost(problem, p.tolist())), rel=1e-12, abs=1e-12)


@given(problem=locations(kink=True))
def test_each_kink_is_above_its_chord(problem):
    assert problem.kinks()
    for k in problem.kinks():
        a, b = (x.tolist() for x in problem.across(k))
        middle = problem.beacons[k].tolist()
        assert [(Fraction(x) + Fraction(y)) / 2 for x, y in zip(a, b, strict=True)] == middle
        assert 2 * slow_cost(problem, middle) > slow_cost(problem, a) + slow_cost(problem, b)


@given(problem=locations(kink=False))
def test_where_there_is_no_kink(problem):
    assert problem.kinks() == []
    with pytest.raises(ValueError, match="no concave kink"):
        problem.across(0)


def test_beacons_that_coincide_are_counted_together():
    problem = Location(np.array([[1.0], [1.0], [0.0]]), np.array([2.0, -3.0, 0.5]))
    assert problem.measured(0) == problem.measured(1) == -1
    assert problem.kinks() == [2]
    assert violates_jensen(problem.cost, *problem.across(2))
    lifted = Location(problem.beacons, np.array([2.0, -1.5, 0.0]))
    assert lifted.kinks() == [0]
    assert not is_convex(lifted.cost, on=lifted.domain)


@given(problem=locations(kink=True))
def test_the_linearised_cost_is_0_at_a_point_that_fits(problem):
    p = np.zeros(problem.beacons.shape[1])
    p[0] = 3.0
    exact = Location(problem.beacons, np.linalg.norm(p - problem.beacons, axis=1))
    assert float(exact.linearised(p)) == pytest.approx(0, abs=1e-20)
    assert float(exact.cost(p)) == pytest.approx(0, abs=1e-20)


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="distances of shape"):
        Location(np.zeros((2, 3)), np.zeros(3))
