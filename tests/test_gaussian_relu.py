"""The population loss against integrals and published values; its slopes where vectors are parallel."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb
from scipy.integrate import quad

from netprops import reals
from netprops.objects.gaussian_relu import Ends, one_reversed, overlap, population_loss, quietest_bad_end, training_of
from netprops.readings.hessians import eigenvalue_bounds
from netprops.readings.jaxpr import trace
from netprops.readings.jets import full_jet
from netprops.readings.krawczyk import enclose_critical_point

# Safran and Shamir's published minimum of 6 units, with its value and its smallest eigenvalue.
SIX = one_reversed(6, 0.98670382, -0.0504134, 0.30801099, 0.22451581, -0.60151192)

loss, slope_of = jax.jit(population_loss), jax.jit(jax.grad(population_loss))


def by_integration(w, v):
    """E relu(w.x) relu(v.x): in polar coordinates the radius gives 1/pi, and the direction is left."""
    angle = np.arccos(np.clip(w @ v / np.linalg.norm(w) / np.linalg.norm(v), -1, 1))
    low, high = angle - np.pi / 2, np.pi / 2  # where both are active
    value, _ = quad(lambda t: np.cos(t) * np.cos(t - angle), low, high)
    return np.linalg.norm(w) * np.linalg.norm(v) * value / np.pi


def slow_loss(W):
    V = np.eye(W.shape[1])
    parts = ((W, W, 0.5), (W, V, -1.0), (V, V, 0.5))
    return sum(c * by_integration(a, b) for A, B, c in parts for a in A for b in B)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 2), (3, 2), (2, 4)])
def test_the_loss_is_the_integral(n, k):
    rng = np.random.default_rng(n + 10 * k)
    for _ in range(5):
        W = rng.normal(size=(n, k))
        assert float(loss(W)) == pytest.approx(slow_loss(W), abs=1e-9)


def test_parallel_and_opposite_vectors():
    assert float(overlap(jnp.float64(6), jnp.float64(0))) == pytest.approx(3)
    assert float(overlap(jnp.float64(-6), jnp.float64(0))) == pytest.approx(0)
    assert float(overlap(jnp.float64(0), jnp.float64(0))) == 0
    assert float(loss(jnp.eye(4))) == pytest.approx(0, abs=1e-14)


def test_slopes_in_floats():
    """The derivative that training uses against differences, and finite where vectors are parallel or 0."""
    rng = np.random.default_rng(0)
    W, step = rng.normal(size=(3, 4)), 1e-6
    slope = slope_of(jnp.asarray(W))
    for i, j in np.ndindex(3, 4):
        move = np.zeros((3, 4))
        move[i, j] = step
        difference = (loss(W + move) - loss(W - move)) / (2 * step)
        assert float(slope[i, j]) == pytest.approx(float(difference), abs=1e-7)
    for special in (np.eye(3), np.zeros((2, 3)), np.ones((2, 3)), np.eye(3)[[0, 0, 1]]):
        assert np.isfinite(slope_of(jnp.asarray(special))).all()


def test_published_values():
    found = enclose_critical_point(trace(population_loss, reals((6, 6))), [SIX])
    assert found.kind == "minimum"
    assert found.value.startswith("[0.025080581")
    assert found.eigenvalues[0] == pytest.approx(0.0047003, abs=1e-6)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_curvature_at_the_teachers(k):
    """The jets' enclosure, against the smallest eigenvalue 1/4 - 1/(2 pi)."""
    jet = full_jet(trace(population_loss, reals((k, k))), [np.eye(k)], 64)
    bounds = eigenvalue_bounds(jet.hessian)
    known = 0.25 - 1 / (2 * np.pi)
    assert float(bounds.least.p) / float(bounds.least.q) == pytest.approx(known, abs=1e-5)


def test_curvature_near_the_teachers_is_enclosed():
    """Slightly off the teachers: JAX's own second derivatives lie in the enclosure over a box that holds them."""
    box = np.empty((2, 2), dtype=object)
    box.reshape(-1)[:] = [arb(c, 2.0**-10) for c in (1, 0, 0, 1)]
    enclosed = full_jet(trace(population_loss, reals((2, 2))), [box], 64).hessian
    near = np.eye(2) + np.random.default_rng(0).uniform(-(2.0**-10), 2.0**-10, (2, 2))
    hessian = np.asarray(jax.jit(jax.hessian(population_loss))(jnp.asarray(near))).reshape(4, 4)
    for ball, true in zip(enclosed.reshape(-1), hessian.reshape(-1), strict=True):
        assert float(ball.lower()) - 1e-9 <= true <= float(ball.upper()) + 1e-9
        assert ball.rad() < 0.1


def test_filling_changes_nothing():
    W = np.random.default_rng(0).normal(size=(2, 3))
    filled = np.zeros((4, 5))
    filled[:2, :3] = W
    masks = np.array([1.0, 1, 0, 0]), np.array([1.0, 1, 1, 0, 0])
    slope = slope_of(jnp.asarray(filled), *masks)
    assert float(loss(filled, *masks)) == pytest.approx(float(loss(W)), abs=1e-14)
    assert np.asarray(slope)[:2, :3] == pytest.approx(np.asarray(slope_of(jnp.asarray(W))))
    assert not np.asarray(slope)[2:].any()
    assert not np.asarray(slope)[:, 3:].any()


def test_training():
    ends = jax.jit(jax.vmap(training_of(((2, 2), (3, 2)), steps=1000)))(jax.random.split(jax.random.key(0), 8))
    assert ends.losses.shape == ends.slopes.shape == (8, 2)
    assert ends.students.shape == (8, 2, 3, 2)
    assert (np.asarray(ends.students)[:, 0, 2] == 0).all()
    assert np.median(ends.losses) < 1e-6
    two = ends.students[0, 0, :2]
    assert float(ends.losses[0, 0]) == pytest.approx(float(loss(two)), abs=1e-12)


def test_the_quietest_bad_end():
    ends = Ends(np.array([[0.0], [0.5], [0.5]]), np.array([[0.0], [0.2], [0.1]]), np.arange(3.0).reshape(3, 1, 1, 1))
    assert quietest_bad_end(ends, 0, 0.1) == 2
    with pytest.raises(ValueError, match="none of the 3 runs"):
        quietest_bad_end(ends, 0, 0.9)
