"""Certified critical points on trial: known minima and saddles of tiny networks, and what must be rejected."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from netprops.domains import reals
from netprops.readings import krawczyk
from netprops.readings.jaxpr import trace
from netprops.readings.krawczyk import (
    CriticalPoint,
    Rejection,
    critical_points,
    enclose_critical_point,
    gradient_is_nonzero_near,
    has_no_critical_point,
    inertia_of,
)


def at(*xs):
    return [np.array(xs, dtype=float)]


def squares(model, inputs, targets, size):
    """The sum of squared errors of a model of `size` parameters."""
    x, y = jnp.asarray(inputs, dtype=float), jnp.asarray(targets, dtype=float)
    return trace(lambda p: jnp.sum((model(p, x) - y) ** 2), reals(size))


def unit(p, x):
    return p[1] * jnp.tanh(p[0] * x)


ONE_UNIT = squares(unit, [1, 6, 12], [1, 1, 2], 2)
WITH_BIAS = squares(lambda p, x: p[2] * jnp.tanh(p[0] * x + p[1]), [-4, -3, -1, 0, 1, 3], [3, 4, 4, 2, -1, -1], 3)
GOOD, BAD = (0.8025422287962949, 1.50060247607702), (0.089720001523495, 2.4688216352000447)


def value(point):
    """The midpoint of the enclosure of the value."""
    return float(point.value.strip("[]").split()[0])


# ------------------------------------------------------------------ known critical points


@pytest.mark.parametrize(
    ("near", "height", "eigenvalues", "inertia", "kind"),
    [
        (GOOD, 0.4998053968144175, (1.04745, 5.21054), (2, 0), "minimum"),
        (tuple(-x for x in GOOD), 0.4998053968144175, (1.04745, 5.21054), (2, 0), "minimum"),
        (BAD, 0.6547671066899658, (0.07230, 501.0906), (2, 0), "minimum"),
        ((0.0, 0.0), 6.0, (-62.0, 62.0), (1, 1), "saddle"),
    ],
)
def test_the_critical_points_of_one_tanh_unit(near, height, eigenvalues, inertia, kind):
    point = enclose_critical_point(ONE_UNIT, at(*near))
    assert point.inertia == inertia
    assert point.kind == kind
    assert math.isclose(value(point), height, rel_tol=1e-12)
    np.testing.assert_allclose(point.eigenvalues, eigenvalues, rtol=1e-4)
    assert all(abs(float(c.p) / float(c.q) - x) < 1e-9 for c, x in zip(point.centre, near, strict=True))


def test_a_bad_minimum_is_higher_than_the_good_one():
    good, bad = (enclose_critical_point(ONE_UNIT, at(*w)) for w in (GOOD, BAD))
    assert arb(good.value) < arb(bad.value)


@pytest.mark.parametrize(
    ("near", "height"),
    [((0.3635, -0.51367, -3.8405), 5.86414), ((1.22157, -0.88687, -3.00281), 6.10917)],
)
def test_a_unit_with_a_bias(near, height):
    point = enclose_critical_point(WITH_BIAS, at(*near))
    assert point.inertia == (3, 0)
    assert math.isclose(value(point), height, abs_tol=1e-5)


def test_two_units_by_blocks():
    """Good and bad minima of one unit, side by side: minima, and a saddle where they are mixed."""
    x = [(1, 0), (6, 0), (12, 0), (0, 1), (0, 6), (0, 12)]
    y = [(1, 0), (1, 0), (2, 0), (0, 1), (0, 1), (0, 2)]

    def model(p, x):
        return jnp.tanh(x @ p[:4].reshape(2, 2)) @ p[4:].reshape(2, 2)

    program = squares(model, x, y, 8)
    found = {}
    for name, (first, second) in {"good": (GOOD, GOOD), "bad": (BAD, BAD), "mixed": (GOOD, BAD)}.items():
        corners = [np.diag([a, b]).reshape(-1) for a, b in zip(first, second, strict=True)]
        found[name] = enclose_critical_point(program, [np.concatenate(corners)])
    assert [found[name].inertia for name in ("good", "bad", "mixed")] == [(8, 0), (8, 0), (7, 1)]
    assert math.isclose(min(found["bad"].eigenvalues), 0.01175, rel_tol=1e-3)
    np.testing.assert_allclose([value(p) for p in found.values()], [0.99961, 1.30953, 1.15457], atol=1e-5)


TEACHER = np.array([1.0, -0.5, 0.5, 1.5, 1.0, 2.0, 0.25])


def two_units(p, x):
    return jnp.tanh(jnp.outer(x, p[:2]) + p[2:4][None, :]) @ p[4:6] + p[6]


def test_two_units_with_biases():
    """Seven parameters: a minimum near a network whose disturbed outputs are the targets."""
    x = np.linspace(-4, 4, 16)
    program = squares(two_units, x, np.asarray(two_units(TEACHER, x)) + np.cos(5 * x) / 64, 7)
    point = enclose_critical_point(program, [TEACHER], reach=1.0)
    assert isinstance(point, CriticalPoint), point
    assert point.inertia == (7, 0)
    assert 0 < value(point) < 0.01


def test_one_logistic_unit_has_three_critical_points():
    def cost(w):
        return (0.25 - jax.nn.sigmoid(w)) ** 2 + (0.5 - jax.nn.sigmoid(10.0 * w)) ** 2

    found = critical_points(trace(cost, reals()), [np.array(-4)], [np.array(2)])
    ordered = sorted(found, key=lambda p: p.centre)
    assert [p.kind for p in ordered] == ["minimum", "maximum", "minimum"]
    places = [float(p.centre[0].p) / float(p.centre[0].q) for p in ordered]
    np.testing.assert_allclose(places, [-1.096148386621, -0.511782729595, -0.009933026042], atol=1e-11)
    np.testing.assert_allclose(
        [value(p) for p in ordered], [0.249982856758, 0.259651052869, 0.061880192080], atol=1e-11
    )


def test_one_critical_point_and_yet_no_global_minimum():
    program = trace(lambda p: jnp.exp(3.0 * p[0]) + p[1] ** 3 - 3.0 * p[1] * jnp.exp(p[0]), reals(2))
    (point,) = critical_points(program, at(-1, -2), at(1, 3))
    assert point.kind == "minimum"
    assert arb(point.value).contains(-1)
    assert has_no_critical_point(program, at(1, -3), at(2, 3))
    assert not has_no_critical_point(program, at(-1, -2), at(1, 3))


def test_a_tie_of_the_maximum_inside_log_sum_exp():
    program = trace(lambda p: jax.nn.logsumexp(jnp.stack([p, -p])) + p * p, reals())
    point = enclose_critical_point(program, [np.array(0.0001)])
    assert point.kind == "minimum"
    assert math.isclose(value(point), math.log(2), rel_tol=1e-15)


def test_a_hundred_coordinates():
    rng = np.random.default_rng(5)
    a = rng.normal(size=(100, 100)) / 10
    matrix = a @ a.T + np.diag(np.where(np.arange(100) < 97, 1.0, -9.0))
    expected = (int((np.linalg.eigvalsh(matrix) > 0).sum()), int((np.linalg.eigvalsh(matrix) < 0).sum()))
    program = trace(
        lambda p: jnp.sum(jnp.cos(p)) * 0.0625 + 0.5 * (p @ (matrix @ p)) + 0.03125 * jnp.sum(p), reals(100)
    )
    start = np.zeros(100)
    point = enclose_critical_point(program, [start], reach=1.0)
    assert isinstance(point, CriticalPoint)
    assert np.abs(np.linalg.eigvalsh(matrix)).min() > 0.0625  # the cosines move no eigenvalue across 0
    assert point.inertia == expected


# ------------------------------------------------------------------ rejections


def rejected(program, near, **options):
    answer = enclose_critical_point(program, near, **options)
    assert isinstance(answer, Rejection), answer
    return answer.reason


def test_a_point_that_is_not_critical():
    assert rejected(ONE_UNIT, at(1, 1)) == "gradient is not zero"
    assert gradient_is_nonzero_near(ONE_UNIT, at(1, 1), 1e-3)
    assert not gradient_is_nonzero_near(ONE_UNIT, at(*GOOD), 1e-3)


def test_a_point_not_near_enough():
    assert rejected(ONE_UNIT, at(GOOD[0] * 1.01, GOOD[1])) in {"gradient is not zero", "far"}
    assert isinstance(enclose_critical_point(ONE_UNIT, at(GOOD[0] * 1.01, GOOD[1]), reach=0.1), CriticalPoint)


def test_duplicated_units_have_no_isolated_critical_point():
    program = squares(lambda p, x: unit(p[:2], x) + unit(p[2:], x), [1, 6, 12], [1, 1, 2], 4)
    w, v = BAD
    assert rejected(program, at(w, v / 2, w, v / 2)) in {"degenerate", "far", "no convergence"}


@pytest.mark.parametrize(
    "cost",
    [
        lambda p: p[0] ** 2,
        lambda p: (1.0 - p[0] * p[1]) ** 2,
        lambda p: (p[0] - p[1]) ** 2 + 0.0 * p[0],
        lambda p: p[0] ** 4 + p[1] ** 4,
        lambda p: p[0] ** 3 + p[1] ** 2,
    ],
)
def test_degenerate_critical_points(cost):
    near = at(1, 1) if cost(np.array([1.0, 1.0])) == 0 else at(0, 0)
    assert rejected(trace(cost, reals(2)), near) in {"degenerate", "far", "no convergence"}


@pytest.mark.parametrize(
    "cost",
    [lambda p: jnp.sum(jnp.abs(p)), lambda p: jnp.sum(jax.nn.relu(p) + p * p), lambda p: jnp.max(p * p) + p[0] ** 2],
)
def test_kinks(cost):
    program = trace(cost, reals(2))
    assert rejected(program, at(0, 0)) == "not twice differentiable"
    assert not has_no_critical_point(program, at(-1, -1), at(1, 1), budget=20)


def test_a_tiny_gradient_proves_nothing():
    program = trace(lambda p: jnp.exp(-p[0]) + p[1] ** 2, reals(2))
    assert not isinstance(enclose_critical_point(program, at(30, 0)), CriticalPoint)


def test_a_singular_hessian_with_a_regular_midpoint_is_not_certified():
    """x^3/3 - c x near 0 has two critical points within the box, or none."""
    for c in (1e-24, 0.0, -1e-24):
        program = trace(lambda p, c=c: p[0] ** 3 / 3.0 - c * p[0] + p[1] ** 2, reals(2))
        answer = enclose_critical_point(program, at(1e-12, 0))
        if isinstance(answer, CriticalPoint):
            (low, radius) = answer.centre[0], answer.radii[0]
            roots = [r for r in (math.sqrt(c), -math.sqrt(c)) if abs(fmpq(*r.as_integer_ratio()) - low) < radius]
            assert len(roots) == 1


# ------------------------------------------------------------------ definiteness


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_inertia_against_constructed_matrices(seed, size):
    """``S^T D S`` with S unimodular: the inertia is that of D (Sylvester)."""
    rng = np.random.default_rng(seed)
    s = np.eye(size, dtype=int) + np.triu(rng.integers(-2, 3, size=(size, size)), 1)
    signs = rng.choice([-1, 1], size=size)
    matrix = s.T @ np.diag(signs) @ s
    got = inertia_of(krawczyk._exact_balls(matrix.astype(float)))
    assert got is None or got == (int((signs > 0).sum()), int((signs < 0).sum()))
    assert got is not None or np.linalg.cond(matrix) > 1e6


def test_singular_and_wide_matrices_have_no_certain_inertia():
    assert inertia_of(krawczyk._exact_balls(np.array([[1.0, 1.0], [1.0, 1.0]]))) is None
    assert inertia_of(np.array([[arb(1, 1), arb(0)], [arb(0), arb(1)]], dtype=object)) is None
    assert inertia_of(np.array([[arb("nan"), arb(0)], [arb(0), arb(1)]], dtype=object)) is None
    assert inertia_of(np.array([[arb(0.25, 0.2), arb(0)], [arb(0), arb(-1)]], dtype=object)) == (1, 1)


def test_an_image_that_touches_the_border_is_not_inside():
    """``p^2/2`` has its critical point on the border of the box [0, 2], not inside."""
    step = krawczyk._krawczyk(trace(lambda p: p @ p / 2.0, reals(1)), [fmpq(1)], [fmpq(1, 2)], 64, 0)
    assert step.excludes
    assert not step.includes


@given(st.fractions(-2, 2, max_denominator=64), st.fractions(-2, 2, max_denominator=64), st.integers(1, 40))
def test_the_operator_never_lies(centre, root, radius):
    """``(p - root)^2 (p^2 + 1)``-like costs: a box is certified exactly when it holds the only critical point."""
    r = root.numerator / root.denominator
    program = trace(lambda p: jnp.cosh(p[0] - r), reals(1))
    exact_root = fmpq(*r.as_integer_ratio())
    middle, half = fmpq(centre.numerator, centre.denominator), fmpq(radius, 16)
    step = krawczyk._krawczyk(program, [middle], [half], 64, 0)
    inside = abs(exact_root - middle) <= half
    assert not (step.includes and not inside)
    assert not (step.excludes and inside)


def test_points_on_the_border_are_left_undecided():
    program = trace(lambda p: p @ p, reals(1))
    assert critical_points(program, at(0), at(1)) is None
    assert critical_points(program, at(0.5), at(1)) == []
    assert len(critical_points(program, at(-1), at(1))) == 1


def test_a_budget_that_does_not_suffice():
    assert critical_points(ONE_UNIT, at(-3, -5), at(3, 5), budget=10) is None


def test_krawczyk_wrong_on_purpose_is_found(monkeypatch):
    monkeypatch.setattr(krawczyk._Step, "includes", property(lambda step: step.image is not None))
    with pytest.raises((AssertionError, ExceptionGroup)):
        test_the_operator_never_lies()


def test_a_certificate_is_json():
    record = json.loads(json.dumps(enclose_critical_point(ONE_UNIT, at(*BAD)).record()))
    assert record["inertia"] == [2, 0]
    assert float.fromhex(record["centre"][0]) == pytest.approx(BAD[0])


def test_an_unknown_inertia_is_an_unknown_kind():
    point = CriticalPoint((fmpq(0),), (fmpq(1),), ("0",), "0", None, (0.0,), 53)
    assert point.kind == "unknown"
    assert point.record()["inertia"] is None
    assert CriticalPoint((fmpq(0),), (fmpq(1),), ("0",), "0", (0, 1), (0.0,), 53).kind == "maximum"
