"""Moving-average models are another example where recursion destroys convexity: not for every series, but for many.

The conditional sum of squares of MA(q) is a polynomial of degree 2(n - 1) in its q coefficients, because errors are fed
back; that of AR(p), which feeds back nothing, is a convex quadratic. Whether the first curves down at 0 is a matter of
the series, and seldom the case for long series of white noise: what fails to be convex is a finite sample.
"""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    CONDITIONAL,
    are_equal,
    box,
    claim,
    has_curvature,
    is_convex,
    is_gradient_of,
    is_positive,
    is_share_above,
    is_share_below,
    reals,
    runs,
)  # fmt: skip
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
)  # fmt: skip
from netprops.strategies import by_profile, unit
from netprops.strategies.series import series, series_that_curve_down

CLAIM = claim("moving-average-model-nonconvex", source=("D1.A4",), verdict=CONDITIONAL)
INVERTIBLE = box(-1, 1, open=True)  # of MA(1)
LENGTHS, ORDERS = (4, 8, 32), (1, 3)  # of white noise, and of the models fitted to it


@CLAIM
@given(q=st.integers(1, 3), n=st.integers(1, 4))
def test_the_degree_of_both_costs(q, n):
    """Differences of order m that do not depend on x: m! times the part of degree m, here y_1^2 theta_1^m."""
    on, m = (reals(q), reals(q), reals(n)), 2 * (n - 1)
    fed_back = lambda x, h, y: difference(lambda theta: moving_average_cost(theta, y), m, x, h)  # noqa: E731
    assert are_equal(fed_back, lambda x, h, y: math.factorial(m) * (y[0] * h[0] ** (n - 1)) ** 2, on=on)
    assert not are_equal(fed_back, lambda x, h, y: jnp.zeros(()), on=on)
    assert is_convex(autoregressive_cost, on=reals(q), for_all=reals(n))
    assert bool(is_convex(moving_average_cost, on=reals(q), for_all=reals(n))) == (n <= 2)


@CLAIM
@given(j=st.integers(1, 3), n=st.integers(1, 5))
def test_the_derivatives_along_a_coefficient(j, n):
    along = lambda s, y: moving_average_cost(s * unit(j, j - 1), y)  # noqa: E731
    slope, second = jax.grad(along), jax.grad(jax.grad(along))
    assert is_gradient_of(slope, along, on=reals(), for_all=reals(n))
    assert is_gradient_of(second, slope, on=reals(), for_all=reals(n))
    assert not is_gradient_of(slope, lambda s, y: along(2 * s, y) + s, on=reals(), for_all=reals(n))


@CLAIM
@pytest.mark.parametrize("j", [1, 2, 3])
def test_the_curvature_at_zero(j):
    """Of all series as long as those below: up to 9 drawn numbers, and 8 or 32 of white noise."""
    along = lambda s, y: moving_average_cost(s * unit(j, j - 1), y)  # noqa: E731
    second = jax.grad(jax.grad(along))
    for n in (*range(1, 10), max(LENGTHS)):
        assert are_equal(lambda y: second(0.0, y), lambda y: curvature_at_zero(y, j), on=(reals(n),))


@CLAIM
@given(drawn=series_that_curve_down(), y=series(), j=st.integers(1, 3))
def test_not_convex_where_distant_products_outweigh_the_energy(drawn, y, j):
    y_down, q = drawn
    cost = lambda theta: moving_average_cost(theta, y_down)  # noqa: E731
    assert has_curvature(cost, at=np.zeros(q), along=unit(q, q - 1), sign=-1)
    assert not is_convex(cost, on=box(-Fraction(1, q), Fraction(1, q), q, open=True))  # sum |theta_i| < 1: invertible
    sign = int(np.sign(curvature_at_zero(y, j)))
    anything = lambda theta: moving_average_cost(theta, y)  # noqa: E731
    assert has_curvature(anything, at=np.zeros(j), along=unit(j, j - 1), sign=sign)
    assert not has_curvature(anything, at=np.zeros(j), along=unit(j, j - 1), sign=-sign or 1)


@CLAIM
@given(n=st.integers(1, 7), k=st.integers(0, 6), q=st.integers(1, 3))
def test_convex_for_some_series(n, k, q):
    impulse = lambda theta, a: moving_average_cost(theta, a * unit(n, k % n))  # noqa: E731
    assert is_convex(impulse, on=reals(1), for_all=reals())
    assert is_convex(lambda theta: impulse(theta, 0.0), on=reals(q))
    assert not is_convex(lambda theta: moving_average_cost(theta, unit(n + 2, 0)), on=box(-1, 1, 2, open=True))


@CLAIM
@given(a=st.integers(-2, 2), b=st.integers(1, 2), minus=st.booleans())
def test_a_b_and_back(a, b, minus):
    b = -b if minus else b
    for y in (np.array([b, 0, -b]), np.array([a, b, -a, -b])):
        assert not is_convex(lambda theta, y=y: moving_average_cost(theta, y * 1.0), on=box(-1, 1, 1, open=True))
    there_and_back = lambda a, b: curvature_at_zero(jnp.stack([a, b, -a, -b]), 1)  # noqa: E731
    assert are_equal(there_and_back, lambda a, b: -2 * b**2, on=(reals(), reals()))


@CLAIM
@given(n=st.integers(1, 6))
def test_convex_in_the_limit(n):
    """The cost of one impulse's response is infinite_cost less (u - t)^2 t^(2(n - 1)) / (1 - t^2)."""
    one = lambda t, u: (1 - t**2) * moving_average_cost(t[None], impulse_response(u, n))  # noqa: E731
    closed = lambda t, u: 1 - t**2 + (u - t) ** 2 * (1 - t ** (2 * (n - 1)))  # noqa: E731
    assert are_equal(one, closed, on=(reals(), reals()))
    limit = lambda t, u: (1 - t) * (1 + t) * infinite_cost(t, u)  # noqa: E731
    assert are_equal(limit, lambda t, u: 1 - t**2 + (u - t) ** 2, on=(INVERTIBLE, INVERTIBLE))
    assert is_convex(infinite_cost, on=INVERTIBLE, for_all=INVERTIBLE)


@CLAIM
@given(q=st.integers(3, 5))
def test_from_three_coefficients_on_the_invertible_region_is_not_convex(q):
    """In units of 1/9, so that the midpoint's zero, at 8i/9, is a whole number."""
    modulus = lambda z, theta: squared_modulus(theta, z, 9.0)  # noqa: E731
    factors = lambda z, c: squared_modulus_by_factors(c, z, 9.0)  # noqa: E731
    assert are_equal(lambda z, c: modulus(z, from_factors(c)), factors, on=(reals(2), reals(q)))
    assert is_positive(factors, on=box(-9, 9, 2), for_all=box(-1, 1, q, open=True))  # a square about the disc
    corner = np.array([7 / 8, 3 / 4, 3 / 8, 0, 0])[:q]
    middle = lambda c: (from_factors(c) + from_factors(-c)) / 2  # noqa: E731
    assert not is_positive(lambda z: modulus(z, middle(corner)), on=box([0, 8], [0, 8]))


def white_noise(key):
    y = jax.random.normal(key, (max(LENGTHS),), jnp.float64)
    return {(q, n): surely_curves_down(y[:n], q) for n in LENGTHS for q in ORDERS}


def share(q, n):
    """Of white-noise series of length n: those that floats, with a margin, show to curve down at 0."""
    noise = runs("white noise", white_noise, by_profile(quick=8000, default=8000, thorough=100_000), tile=1000)
    return noise.share(lambda found: found[q, n], f"curves down at 0, q = {q}, n = {n}")


@CLAIM
def test_the_share_of_white_noise():
    """About 0.138, 0.063 and 0.0012 for one coefficient and 4, 8 and 32 numbers; 0.177 for three and 8."""
    assert is_share_above(share(1, 4), 1 / 16)
    assert is_share_above(share(3, 8), 1 / 8)
    assert not is_share_above(share(1, 8), 1 / 8)
    assert is_share_below(share(3, 32), 1 / 64)
    assert not is_share_below(share(1, 4), 1 / 64)
