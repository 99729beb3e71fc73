"""Problems far simpler than networks are not convex: non-linear least squares, here to locate a point.

Distances d_i to a point were measured from beacons b_i, with errors; the cost of p is the sum of (|p - b_i| - d_i)^2.
It is convex exactly when at no beacon the measured distances add up to more than 0, hence hardly ever.
"""

import numpy as np
from hypothesis import given

from netprops import HOLDS, claim, is_convex, is_worse_minimum, violates_jensen
from netprops.objects.location import Location
from netprops.strategies.landscapes import locations

CLAIM = claim("nonlinear-least-squares-nonconvex", source=("D1.A5",), verdict=HOLDS)

MEASURED = Location(np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 0.25]]), np.array([1.25, 1.5, 1.0]))


@CLAIM
@given(problem=locations(kink=True))
def test_a_kink_at_a_beacon(problem):
    for beacon in problem.kinks():
        below, above = problem.across(beacon)
        assert violates_jensen(problem.cost, below, above)
        assert not violates_jensen(problem.linearised, below, above)


@CLAIM
@given(problem=locations(kink=False))
def test_no_kink_anywhere(problem):
    assert is_convex(problem.cost, on=problem.domain)


@CLAIM
@given(problem=locations(kink=True) | locations(kink=False))
def test_all_measured_distances_0(problem):
    still = Location(problem.beacons, 0 * problem.distances)
    assert is_convex(still.cost, on=still.domain)


@CLAIM
@given(problem=locations(kink=True) | locations(kink=False))
def test_linear_least_squares_from_the_same_beacons(problem):
    assert is_convex(problem.linearised, on=problem.domain)


@CLAIM
def test_two_minima_of_different_value():
    """The three beacons lie nearly on a line: on either side of it there is a place that fits."""
    better, worse = [-0.15774, -0.83049], [-0.20781, 1.07416]
    assert is_worse_minimum(MEASURED.cost, near=worse, than=better)
    assert not is_worse_minimum(MEASURED.cost, near=better, than=worse)
    assert not is_convex(MEASURED.cost, on=MEASURED.domain)
