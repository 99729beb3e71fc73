"""Projected descent against a loop in NumPy, its bound where it holds and where it does not, and polar coordinates."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from optax.projections import projection_box

from netprops import are_equal, box, no_counterexample, reals
from netprops.objects.regions import SLACK, bowl, polar, projected_descent, surplus
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace

A, Y = np.array([[1.0, 2.0], [0.0, 1.0], [-1.0, 3.0]]), np.array([1.0, -2.0, 0.5])
LOW, HIGH = np.array([-1.0, 0.5]), np.array([2.0, 1.5])
L = 2 * float(np.sum(A**2))


def squares(w):
    return jnp.sum((A @ w - Y) ** 2)


def clip(w):
    return projection_box(w, LOW, HIGH)


def slow_descent(x, steps):
    for _ in range(steps):
        x = np.minimum(np.maximum(x - 2 * A.T @ (A @ x - Y) / L, LOW), HIGH)
    return x


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_projected_descent(steps):
    program = trace(lambda x: projected_descent(squares, clip, x, step=1 / L, steps=steps), reals(2))
    (ends,) = evaluate_batch(program, [np.array([[2.0, 1.5], [-1.0, 0.75]])])
    for start, end in zip(([2.0, 1.5], [-1.0, 0.75]), ends, strict=True):
        np.testing.assert_allclose(end, slow_descent(np.array(start), steps), rtol=1e-13, atol=1e-13)


def test_the_surplus():
    x, z = np.array([2.0, 1.5]), np.array([9.0, 0.75])  # z lies outside and is projected
    ((value,),) = evaluate_batch(trace(surplus(squares, clip, L, 3), reals(2), reals(2)), [x[None], z[None]])
    there = np.array([2.0, 0.75])
    costs = [float(np.sum((A @ w - Y) ** 2)) for w in (there, slow_descent(x, 3))]
    assert value == pytest.approx(L * (float(np.sum((x - there) ** 2)) + SLACK) / 6 + costs[0] - costs[1], rel=1e-12)


@pytest.mark.parametrize("steps", [1, 4])
def test_the_bound_holds_for_a_convex_function(steps):
    whole = box(LOW, HIGH), box(LOW, HIGH)
    assert no_counterexample(surplus(squares, clip, L, steps), on=whole)


def test_the_bound_fails_with_too_small_a_constant_and_for_a_hill():
    wide = lambda w: projection_box(w, -8.0, 8.0)  # noqa: E731
    assert not no_counterexample(surplus(squares, wide, L / 8, 2), on=2 * (box(-8, 8, shape=2),))
    hill = surplus(lambda w: -(w @ w) / 2, lambda w: projection_box(w, -1.0, 2.0), 1.0, 4)
    assert not no_counterexample(hill, on=2 * (box(-1, 2, shape=2),))


@pytest.mark.parametrize("side", [1, -1])
def test_polar_coordinates(side):
    ((value,),) = evaluate_batch(
        trace(polar(lambda p: bowl(p, 0.5, 3.0), side), reals(), reals()), [np.array([1.5]), np.array([0.25])]
    )
    x, y = side * 1.5 * math.cos(0.25), side * 1.5 * math.sin(0.25)
    assert value == pytest.approx((x - 0.5) ** 2 + 3 * y**2, rel=1e-13)


def test_the_two_sides_are_mirror_images_for_a_bowl_about_0():
    right, left = (polar(lambda p: bowl(p, 0, 3), side) for side in (1, -1))
    assert are_equal(right, left, on=(reals(), reals()))
    right, left = (polar(lambda p: bowl(p, 1, 3), side) for side in (1, -1))
    assert not are_equal(right, left, on=(reals(), reals()))
