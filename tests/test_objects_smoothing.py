"""Smoothed functions against Gauss-Hermite quadrature and moments in fractions; continuation against a plain loop."""

import itertools
import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops.objects.smoothing import (
    DEEP_AND_SHALLOW,
    Polynomial,
    continuation,
    moment,
    smallest_network,
    smoothed_power,
    smoothed_sine,
    tilted_quartic,
)

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
VARIANCES = (0.0, 0.25, 1.0, 3.5)


def expectation(f, variance, *x):
    """E f(x + s z), by quadrature, independent in every coordinate."""
    s = math.sqrt(variance)
    return sum(
        math.prod(WEIGHTS[i] for i in index) * f(*(t + s * NODES[i] for t, i in zip(x, index, strict=True)))
        for index in itertools.product(range(len(NODES)), repeat=len(x))
    )


def test_moments():
    assert [moment(n) for n in range(9)] == [1, 0, 1, 0, 3, 0, 15, 0, 105]


@pytest.mark.parametrize("n", range(8))
def test_powers_by_the_heat_operator(n):
    """sum_k v^k / (2^k k!) d^2k/dx^2k x^n, in fractions."""
    x, v = Fraction(3, 4), Fraction(5, 7)
    exact = sum(v**k / (2**k * math.factorial(k)) * math.perm(n, 2 * k) * x ** (n - 2 * k) for k in range(n // 2 + 1))
    assert smoothed_power(x, n, v) == exact


FUNCTIONS = {
    "tilted quartic": (tilted_quartic(0.75), (0.3,)),
    "smallest network": (smallest_network(0.75), (0.5, -1.25)),
    "a mixed polynomial": (Polynomial({(3, 1): 2.0, (0, 2): -1.0, (1, 0): 0.5, (0, 0): 7.0}), (1.5, -0.5)),
    "wells": (DEEP_AND_SHALLOW, (0.4,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("variance", VARIANCES[:2])
def test_smoothed_functions_are_expectations(name, variance):
    f, x = FUNCTIONS[name]
    assert float(f.smoothed(variance, *x)) == pytest.approx(float(expectation(f, variance, *x)), rel=1e-6)


@pytest.mark.parametrize("variance", VARIANCES)
def test_smoothed_sine_is_an_expectation(variance):
    assert float(smoothed_sine(variance, 0.7)) == pytest.approx(float(expectation(np.sin, variance, 0.7)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_smoothing_is_the_function(name):
    f, x = FUNCTIONS[name]
    assert float(f.smoothed(0.0, *x)) == pytest.approx(float(f(*x)), abs=1e-15)


def test_a_wrong_width_is_seen():
    f, x = FUNCTIONS["wells"]
    assert float(f.smoothed(0.5, *x)) != pytest.approx(float(expectation(f, 0.25, *x)), rel=1e-2)


def test_continuation_is_the_loop():
    variances = [0.5, 0.25, 0.0]
    f = lambda v, x: tilted_quartic(0.5).smoothed(v, x)  # noqa: E731
    x = 1.5
    for v in variances:
        for _ in range(7):
            x -= 0.01 * (4 * x**3 + (12 * v - 4) * x + 0.5)
    end = continuation(f, 1.5, jnp.array(variances), rate=0.01, steps=7)
    assert float(end) == pytest.approx(x)


def test_descent_alone_stays_in_the_worse_well():
    f = lambda v, x: tilted_quartic(0.5).smoothed(v, x)  # noqa: E731
    narrow, wide = jnp.zeros(9), jnp.linspace(1.0, 0.0, 9)
    run = jax.jit(lambda variances: continuation(f, 1.0, variances, rate=0.02, steps=200))
    assert float(run(narrow)) > 0
    assert float(run(wide)) < 0
