"""Gradient descent on trial: steps, basins and ends against closed forms and float runs, and what must be refused."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from netprops import DomainError, UndecidedError, box, is_positive, reals
from netprops.domains import nearest_double
from netprops.questions.descent import (
    descends_to,
    has_sufficient_decrease,
    is_basin,
    is_short_step,
    next_point,
    short_step,
)
from netprops.readings.balls import precision_of
from netprops.readings.gradient_descent import Basin, basin, descend, follow, stepped
from netprops.readings.hessians import bounds_along, bounds_on_box, curvature_beyond, eigenvalue_bounds
from netprops.readings.jaxpr import trace
from netprops.readings.krawczyk import enclose_critical_point
from netprops.readings.subdivision import parts_of_positivity

X, Y = np.array([0.25, 1.0, 4.0]), np.array([1.0, 1.0, 2.0])
GOOD, BAD = [0.76, 1.96], [3.02497, 1.515018]
LOW, HIGH = 0.46760618292641270879, 0.49419131377950180347


def unit(p):
    """One hidden tanh unit with two local minima of different value."""
    return jnp.sum((p[1] * jnp.tanh(p[0] * X) - Y) ** 2)


SLOPE, HESSIAN = jax.jit(jax.grad(unit)), jax.jit(jax.hessian(unit))


@cache
def good():
    return minimise(GOOD)


@cache
def bad():
    return minimise(BAD)


def minimise(near):
    """The float end of a long run, for the oracle."""
    x = np.array(near)
    for _ in range(2000):
        x = x - 0.125 * np.asarray(SLOPE(x))
    return x


# ------------------------------------------------------------------ eigenvalues of interval matrices


@given(st.integers(1, 5), st.integers(0, 2**32 - 1), st.sampled_from((0.0, 1e-6, 0.1, 2.0)))
def test_eigenvalues_of_matrices_inside_lie_between_the_bounds(n, seed, radius):
    rng = np.random.default_rng(seed)
    middle = rng.integers(-4, 5, (n, n)) / 2
    middle = middle + middle.T
    balls = np.empty((n, n), dtype=object)
    for i, j in np.ndindex(n, n):
        balls[i, j] = arb(middle[i, j], radius)
    found = eigenvalue_bounds(balls)
    assert found is not None
    least, largest = nearest_double(found.least), nearest_double(found.largest)
    for _ in range(20):
        inside = middle + radius * np.triu(rng.choice((-1.0, 0.3, 1.0), (n, n)))
        eigenvalues = np.linalg.eigvalsh(np.triu(inside) + np.triu(inside, 1).T)
        assert least <= eigenvalues[0] + 1e-12
        assert eigenvalues[-1] <= largest + 1e-12
    # ... and are not much wider than they have to be.
    exact = np.linalg.eigvalsh(middle)
    assert largest <= exact[-1] + 1e-4 * (1 + np.abs(exact).max()) + 20 * n * radius


def test_bounds_of_a_quadratic_are_its_eigenvalues():
    program = trace(lambda v: v[0] ** 2 + 3 * v[0] * v[1] - v[1] ** 2, reals(2))
    found = bounds_on_box(program, [arb(0, 100), arb(5, 100)])
    np.testing.assert_allclose(nearest_double(found.least), -np.sqrt(13), rtol=1e-5)
    assert found.size >= fmpq(36055512, 10**7)


def test_no_bounds_at_a_kink():
    program = trace(lambda v: jnp.abs(v[0]) + v[1] ** 2, reals(2))
    assert bounds_on_box(program, [arb(0, 1), arb(0, 1)]) is None
    assert bounds_on_box(program, [arb(2, 1), arb(0, 1)]) is not None


def test_curvature_beyond_is_strict():
    program = trace(lambda v: v[0] ** 2 - 2 * v[1] ** 2, reals(2))
    assert curvature_beyond(program, [0, 0], fmpq(39, 10))
    assert not curvature_beyond(program, [0, 0], fmpq(4))
    assert bounds_along(program, [fmpq(0)] * 2, [arb(1), arb(1)], fmpq(39, 10)) is None
    assert bounds_along(program, [fmpq(0)] * 2, [arb(1), arb(1)], fmpq(41, 10)) is not None


def test_a_segment_is_cut_until_the_bounds_fit():
    program = trace(lambda x: x**4, reals())  # 12 x^2 on [0, 1]: one box says 12, and so does the last part
    found = bounds_along(program, [fmpq(0)], [arb(1)], fmpq(13))
    assert found.largest <= 13
    assert bounds_along(program, [fmpq(0)], [arb(1)], fmpq(11)) is None


# ------------------------------------------------------------------ single steps


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_short_step_decreases_enough(w, v):
    step = short_step(unit, at=[w, v])
    assert is_short_step(unit, at=[w, v], step=step)
    assert has_sufficient_decrease(unit, at=[w, v], step=step)
    # Twice the step that is short is not always long, but sixty-four times 1/|H| is, at least at the start.
    steepest = np.abs(np.linalg.eigvalsh(HESSIAN(np.array([w, v])))).max()
    assert not is_short_step(unit, at=[w, v], step=float(64 / steepest))


def test_beyond_one_over_l_the_decrease_may_be_insufficient():
    quadratic = lambda x: 2 * x**2  # noqa: E731  # L = 4; from 1 a step of s decreases by 8s - 8 * 4s^2/4 ...
    assert is_short_step(quadratic, at=1, step=0.25)
    assert not is_short_step(quadratic, at=1, step=0.2500001)
    assert has_sufficient_decrease(quadratic, at=1, step=0.25)  # with equality
    assert not has_sufficient_decrease(quadratic, at=1, step=0.2500001)
    assert not has_sufficient_decrease(quadratic, at=1, step=1)


def test_at_a_critical_point_nothing_moves():
    assert has_sufficient_decrease(unit, at=[0, 0], step=100)
    # The double e is not e: the gradient is tiny, and not 0.
    tiny = has_sufficient_decrease(lambda x: jnp.exp(x) - jnp.e * x, at=1.0, step=0.25)
    assert (tiny.answer, tiny.kind) == ("yes", "certified")
    assert not has_sufficient_decrease(lambda x: jnp.exp(x) - jnp.e * x, at=1.0, step=1)
    # Where balls cannot tell the gradient from 0, the normal form does.
    stationary = lambda v: (jnp.exp(v[0]) * jnp.exp(v[1]) - jnp.exp(v[0] + v[1])) * jnp.sin(v[0])  # noqa: E731
    found = has_sufficient_decrease(stationary, at=[1, 1], step=1)
    assert (found.answer, found.kind) == ("yes", "proved")


def test_the_next_point():
    p = {"w": np.array([[1.0]]), "v": 2.0}
    after = next_point(lambda p: jnp.sum(p["w"] ** 2) * p["v"], p, 0.25)
    assert (after["w"].tolist(), after["v"].tolist()) == ([[0.0]], 1.75)
    slope = SLOPE(np.array([0.3, 0.7]))
    np.testing.assert_allclose(next_point(unit, [0.3, 0.7], 1 / 8), np.array([0.3, 0.7]) - slope / 8, rtol=1e-14)


def test_a_kink_is_undecided_and_a_bad_step_an_error():
    with pytest.raises(UndecidedError):
        bool(is_short_step(lambda x: jnp.abs(x), at=0.0, step=1))
    with pytest.raises(DomainError, match="twice differentiable"):
        short_step(lambda x: jnp.abs(x), at=0.0)
    for step in (0, -1, float("nan")):
        with pytest.raises(DomainError):
            is_short_step(unit, at=[1, 1], step=step)


# ------------------------------------------------------------------ basins


def test_basins_of_the_two_minima():
    for near in (good(), bad()):
        assert is_basin(unit, near.tolist(), radius=1 / 16, step=1 / 8)
    assert not is_basin(unit, BAD, radius=1 / 32, step=1)  # beyond 2/L
    assert not is_basin(unit, BAD, radius=4, step=1 / 8)
    assert not is_basin(unit, [0, 0], radius=1 / 16, step=1 / 8)  # a saddle
    assert not is_basin(unit, [1, 0], radius=1 / 16, step=1 / 8)  # nothing critical


@given(st.integers(0, 2**32 - 1))
def test_steps_in_a_basin_contract_as_promised(seed):
    program = trace(unit, reals(2))
    around = basin(program, enclose_critical_point(program, [np.array(BAD)]), fmpq(1, 16), fmpq(8))
    assert isinstance(around, Basin)
    m = nearest_double(around.bounds.least)
    centre = np.array([nearest_double(c) for c in around.minimum.centre])
    v = np.random.default_rng(seed).standard_normal(2)
    x = centre + v / np.linalg.norm(v) / 16
    after = x - 0.125 * np.asarray(SLOPE(x))
    assert np.linalg.norm(after - centre) <= (1 - m / 8) / 16 + 1e-9


def test_a_radius_at_which_the_hessian_is_indefinite_is_no_certified_basin():
    # x^4/4 - x^2/2: minimum 1, f'' = 3x^2 - 1 > 0 beyond 0.577; a radius of 1.5 holds the other critical points.
    double_well = lambda x: x**4 / 4 - x**2 / 2  # noqa: E731
    assert is_basin(double_well, 1.0, radius=3 / 8, step=1 / 8)
    assert is_basin(double_well, 1.0, radius=1 / 2, step=1 / 8).answer == "undecided"
    assert is_basin(double_well, 1.0, radius=5 / 2, step=1 / 8).answer != "yes"


# ------------------------------------------------------------------ where descent ends


@pytest.mark.parametrize(
    ("start", "level"),
    [([3.5, 1.5], HIGH), ([1.5, 1.5], LOW), ([0.1, 0.1], LOW)],
)
def test_where_one_unit_ends(start, level):
    end = good() if level == LOW else bad()
    assert bool(descends_to(unit, start, end.tolist(), 1 / 8))
    other = good() if level == HIGH else bad()
    assert not descends_to(unit, start, other.tolist(), 1 / 8)


def test_the_value_at_the_end():
    found = descend(trace(unit, reals(2)), [fmpq(1), fmpq(1)], fmpq(1, 8))
    assert abs(float(found.basin.minimum.value.strip("[]").split()[0]) - LOW) < 1e-12


def test_the_mirror_image_is_another_minimum():
    end = good()
    assert descends_to(unit, [-0.5, -1.5], (-end).tolist(), 1 / 8)
    assert not descends_to(unit, [-0.5, -1.5], end.tolist(), 1 / 8)


def test_a_run_on_the_axis_of_a_minimum():
    """Where one coordinate stays 0 but its enclosure does not, its square is no logarithm's exponential."""
    rows = np.array([[-1.0, 1.0], [1.0, 1.0]])
    cost = lambda t: jnp.sum(jnp.log1p(jnp.exp(rows @ t)) - (rows @ t) / 8)  # noqa: E731
    assert descends_to(cost, [0, 0], [0.0, -np.log(7)], 1.5)


def test_a_saddle_is_never_left_and_no_minimum():
    found = descends_to(unit, [0, 0], good().tolist(), 1 / 8)
    assert (found.answer, found.kind) == ("no", "proved")
    assert not descends_to(unit, [1, 1], [0, 0], 1 / 8)  # where there is no minimum, no run ends
    assert descends_to(lambda x: jnp.sum(x**2), [0, 0], [0, 0], 1 / 8)


def test_a_run_that_diverges_or_creeps_is_undecided():
    assert descends_to(lambda x: x**2, 1.0, 0.0, 2.0).answer == "undecided"
    assert descends_to(lambda x: x**2, 1.0, 0.0, 1.0).answer == "undecided"  # it jumps to and fro for ever
    assert descends_to(lambda x: x**2 + x**4, 1e3, 0.0, 0.25).answer == "undecided"
    assert descends_to(lambda x: jnp.log1p(x**2), 1e5, 0.0, 0.25).answer == "undecided"


@given(st.integers(-40, 40).filter(bool), st.sampled_from((0.125, 0.1, 0.3)))
def test_the_logistic_map_against_exact_iteration(k, step):
    """x^2/2 - x^3/3: x - s(x - x^2), followed in rational arithmetic until it is near 0."""
    f = lambda x: x**2 / 2 - x**3 / 3  # noqa: E731
    start = k / 50  # below 1, from where the map tends to 0
    x, s = fmpq(*start.as_integer_ratio()), fmpq(*step.as_integer_ratio())
    assert descends_to(f, start, 0.0, step)
    for _ in range(6):
        x = x - s * (x - x * x)
    program = trace(f, reals())
    around = basin(program, enclose_critical_point(program, [np.array(0.0)]), fmpq(1, 100), fmpq(3))
    run = follow(program, [fmpq(*start.as_integer_ratio())], s, around, 256)
    assert run.why == "arrived"
    assert (run.steps <= 6) == (abs(x) < fmpq(1, 100))


def test_enclosures_hold_the_exact_run():
    """Two steps of x^4/4 from 1/3 by 1/2, in rational arithmetic."""
    x = fmpq(1, 3)
    program = trace(lambda x: x**4 / 4, reals())
    balls = [arb(x)]
    for _ in range(2):
        balls, x = stepped(program, balls, fmpq(1, 2), 60), x - x**3 / 2
        with precision_of(500):
            assert (balls[0] - x).contains(0)
        assert balls[0].rad() < 1e-15


def test_an_enclosure_that_grows_too_wide_says_so():
    program = trace(unit, reals(2))
    around = basin(program, enclose_critical_point(program, [np.array(BAD)]), fmpq(1, 16), fmpq(8))
    assert follow(program, [fmpq(7, 2), fmpq(3, 2)], fmpq(1, 8), around, 400).why == "arrived"
    assert follow(program, [fmpq(7, 2), fmpq(3, 2)], fmpq(1, 8), around, 53).why == "wide"


# ------------------------------------------------------------------ positivity by subdivision


def test_positive_on_parts():
    assert parts_of_positivity(trace(lambda x: x**2 - x + 0.2501, box(-1, 2))) > 4
    assert parts_of_positivity(trace(lambda x: x**2 - x + 0.25, box(-1, 2))) is None
    assert parts_of_positivity(trace(lambda x: x**2 - x + 0.2499, box(-1, 2))) is None
    assert parts_of_positivity(trace(lambda x: x**2 + 1, reals())) is None
    assert parts_of_positivity(trace(lambda x: jnp.log(x) + 10, box(0, 1, open=True))) is None
    assert is_positive(lambda x: jnp.cos(x) * jnp.cos(3 * x) + 5.5 * x**2, on=box(0, 1)).kind == "certified"
    assert not is_positive(lambda x: jnp.cos(x) * jnp.cos(3 * x) - 0.5, on=box(0, 1))
