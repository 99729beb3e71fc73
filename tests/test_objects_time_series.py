"""Sums of squares of time-series models against recursions in fractions; drawn series against what they promise."""

import math
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops.objects.time_series import (
    autoregressive_cost,
    curvature_at_zero,
    difference,
    from_factors,
    impulse_response,
    infinite_cost,
    moving_average_cost,
    squared_modulus,
    squared_modulus_by_factors,
    surely_curves_down,
)
from netprops.strategies.series import series, series_that_curve_down

QUARTERS = st.integers(-6, 6).map(lambda k: k / 4)
COEFFICIENTS = st.lists(QUARTERS, min_size=1, max_size=3)


def exact_cost(theta, y, *, fed_back):
    """The sum of squared errors in fractions, term by term from its definition."""
    numbers, errors = [Fraction(v) for v in y], []
    for t, now in enumerate(numbers):
        past = errors if fed_back else numbers
        lags = range(1, min(len(theta), t) + 1)
        errors.append(now - sum(Fraction(theta[i - 1]) * past[t - i] for i in lags))
    return sum(e * e for e in errors)


@given(theta=COEFFICIENTS, y=series((1, 6)))
def test_both_costs(theta, y):
    assert float(moving_average_cost(np.array(theta), y)) == pytest.approx(float(exact_cost(theta, y, fed_back=True)))
    assert float(autoregressive_cost(np.array(theta), y)) == pytest.approx(float(exact_cost(theta, y, fed_back=False)))


@given(y=series((1, 8)), j=st.integers(1, 3))
def test_curvature_by_an_exact_second_difference(y, j):
    """f(s) + f(-s) - 2 f(0) is s^2 f''(0) and terms from s^4 on: at s = 2^-40 these are too small to change a sum of
    whole numbers."""
    s = Fraction(1, 2**40)
    costs = [exact_cost([0] * (j - 1) + [step], y, fed_back=True) for step in (s, 0, -s)]
    assert round((costs[0] - 2 * costs[1] + costs[2]) / s**2) == curvature_at_zero(y, j)


def test_known_curvatures():
    assert curvature_at_zero(np.array([1.0, 0.0, -1.0]), 1) == -2
    assert curvature_at_zero(np.array([3.0, 2.0, -3.0, -2.0]), 1) == -2 * 2**2
    assert curvature_at_zero(np.array([1.0, 1.0]), 1) == 2
    assert curvature_at_zero(np.array([1.0]), 1) == 0


@given(drawn=series_that_curve_down())
def test_series_that_curve_down(drawn):
    y, j = drawn
    assert curvature_at_zero(y, j) < 0
    assert bool(surely_curves_down(jnp.asarray(y), j))


@given(y=series((7, 8)), q=st.integers(1, 3))
def test_surely_is_for_sure(y, q):
    """Whole numbers have no rounding: sure exactly where it is so; a curvature of 0 is not."""
    assert bool(surely_curves_down(jnp.asarray(y), q)) == any(curvature_at_zero(y, j) < 0 for j in range(1, q + 1))


def test_what_rounding_may_hide_is_not_sure():
    """2 + 4 y_3 with y_3 just below -1/2: negative, by less than the margin."""
    barely = np.array([1.0, 0.0, -0.5 - 2.0**-40])
    assert curvature_at_zero(barely, 1) < 0
    assert not surely_curves_down(jnp.asarray(barely), 1)


@given(c=st.lists(QUARTERS, min_size=1, max_size=4), x=QUARTERS, y=QUARTERS)
def test_moduli(c, x, y):
    factors, z = np.array(c), np.array([x, y])
    product = np.prod([abs(1 + k * complex(x, y)) ** 2 for k in c])
    assert float(squared_modulus(from_factors(factors), z)) == pytest.approx(product)
    assert float(squared_modulus_by_factors(factors, z)) == pytest.approx(product)
    assert float(squared_modulus(from_factors(factors), z * 9, 9.0)) == pytest.approx(9 ** (2 * len(c)) * product)
    assert float(squared_modulus_by_factors(factors, z * 9, 9.0)) == pytest.approx(9 ** (2 * len(c)) * product)


@pytest.mark.parametrize(("t", "u"), [(0.5, -0.25), (-0.75, 0.5), (0.0, 0.875)])
def test_the_limit_of_long_impulse_responses(t, u):
    assert float(infinite_cost(t, u)) == pytest.approx(1 + (u - t) ** 2 / (1 - t * t))
    long = float(moving_average_cost(np.array([t]), impulse_response(jnp.asarray(u), 200)))
    assert long == pytest.approx(float(infinite_cost(t, u)))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_differences_of_powers(order):
    assert difference(lambda x: x**order, order, 5, 3) == math.factorial(order) * 3**order
    assert difference(lambda x: x ** (order - 1), order, 5, 3) == 0
