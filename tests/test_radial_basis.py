"""Radial basis functions against sums written out, and the chord of centres for data of every kind."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from netprops import reals, violates_jensen
from netprops.objects.data import Data
from netprops.objects.radial_basis import chord_of_centres, cost
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace
from netprops.strategies.landscapes import radial_networks


def slow_cost(weights, centres, widths, X, y):
    total = 0.0
    for x, target in zip(X.tolist(), y.tolist(), strict=True):
        output = 0.0
        for v, c, s in zip(weights.tolist(), centres.tolist(), widths.tolist(), strict=True):
            output += v * math.exp(-sum((p - q) ** 2 for p, q in zip(x, c, strict=True)) / (2 * s * s))
        total += (output - target) ** 2
    return total


@given(drawn=radial_networks())
def test_the_cost(drawn):
    weights, centres, widths, (X, y) = drawn
    program = trace(lambda c: cost(weights, c, widths, X, y), reals(centres.shape))
    ((value,),) = evaluate_batch(program, [centres[None]])
    assert value == pytest.approx(slow_cost(weights, centres, widths, X, y), rel=1e-12, abs=1e-12)


@given(drawn=radial_networks())
def test_the_chord_lies_below(drawn):
    weights, centres, widths, (X, y) = drawn
    a, b = chord_of_centres(*drawn)
    assert a.shape == b.shape == centres.shape
    ends = slow_cost(weights, a, widths, X, y) + slow_cost(weights, b, widths, X, y)
    assert 2 * slow_cost(weights, (a + b) / 2, widths, X, y) > ends


def test_where_the_cost_at_the_datum_is_the_limit():
    """(v - y)^2 = y^2 for v = 2y: a centre on the only datum costs as much as one far away."""
    data = Data(np.zeros((1, 1)), np.ones(1))
    a, b = chord_of_centres(2 * np.ones(1), np.zeros((1, 1)), np.ones(1), data)
    assert violates_jensen(lambda c: cost(2 * jnp.ones(1), c, np.ones(1), *data), a, b)


def test_without_weights_there_is_none():
    with pytest.raises(ValueError, match="all output weights are 0"):
        chord_of_centres(np.zeros(2), np.zeros((2, 1)), np.ones(2), Data(np.ones((1, 1)), np.ones(1)))
