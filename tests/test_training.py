"""Descent with and without noise against a plain loop, starts against their distributions, noise against a basin."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops.domains import DomainError, reals
from netprops.objects.networks import Network
from netprops.objects.training import (
    distance,
    glorot_start,
    gradient_descent,
    noisy_descent,
    normal_point,
    uniform_like,
)
from netprops.questions.descent import is_basin

KEY = jax.random.key(7)


def bowl(p):
    return jnp.sum(p["a"] ** 2) / 2 + 2 * p["b"] ** 2


START = {"a": np.array([1.0, -2.0]), "b": np.array(0.5)}


def test_descent_is_the_loop():
    end = gradient_descent(bowl, START, rate=0.125, steps=5)
    assert np.asarray(end["a"]) == pytest.approx(START["a"] * (1 - 0.125) ** 5)
    assert float(end["b"]) == pytest.approx(0.5 * (1 - 0.5) ** 5)


def test_no_steps_go_nowhere():
    end = gradient_descent(bowl, START, rate=0.125, steps=0)
    assert float(distance(end, START)) == 0


def test_noise_of_size_nothing_changes_nothing():
    end, farthest = noisy_descent(bowl, START, KEY, rate=0.125, steps=5, noise=0.0)
    plain = gradient_descent(bowl, START, rate=0.125, steps=5)
    assert float(distance(end, plain)) == 0
    assert float(farthest) == float(distance(plain, START))


def test_noise_is_as_large_as_stated_and_different_every_time():
    flat = lambda p: 0 * jnp.sum(p)  # noqa: E731
    steps = [noisy_descent(flat, np.zeros(1000), KEY, rate=1.0, steps=k, noise=0.25)[0] for k in range(4)]
    for before, after in itertools.pairwise(steps):
        added = np.asarray(after - before)
        assert 0.24 < np.abs(added).max() <= 0.25
        assert abs(added.mean()) < 0.03
    assert abs(np.corrcoef(steps[1], steps[2] - steps[1])[0, 1]) < 0.15


def test_the_farthest_distance_is_kept_on_the_way():
    there_and_back = lambda p: jnp.sum(p**2)  # noqa: E731
    end, farthest = noisy_descent(there_and_back, np.array([3.0]), KEY, rate=1.0, steps=2, noise=0.0)
    assert float(end[0]) == 3.0  # -3, then 3 again
    assert float(farthest) == 6.0


def test_starts_have_their_shapes_and_sizes():
    net = Network((300, 200, 100))
    normals = normal_point(KEY, net.params)
    params = glorot_start(normals)
    assert jax.tree.map(jnp.shape, params) == jax.tree.map(lambda leaf: leaf.shape, net.params)
    for W, b in params:
        assert np.var(W) == pytest.approx(2 / sum(W.shape), rel=0.05)
        assert abs(np.mean(W)) < 0.05 * np.std(W)
        assert not np.any(b)
    small = glorot_start(normals, 1e-3)
    assert np.asarray(small[0][0]) == pytest.approx(1e-3 * np.asarray(params[0][0]))
    assert [len(layer) for layer in glorot_start(normal_point(KEY, Network((2, 3, 1), bias=False).params))] == [1, 1]


def test_normal_and_uniform_points():
    domain = {"a": reals((50, 40)), "b": reals()}
    p = normal_point(KEY, domain, 2.0)
    assert np.std(p["a"]) == pytest.approx(2.0, rel=0.05)
    assert np.shape(p["b"]) == ()
    everything = np.append(np.ravel(p["a"]), p["b"])
    assert len(np.unique(everything)) == 2001
    u = uniform_like(KEY, p, 0.5)
    assert 0.49 < np.abs(u["a"]).max() <= 0.5
    assert np.shape(u["b"]) == ()


# ---------------------------------------------------------------- noise against a basin


def parabola(x):
    return x**2 + 0 * x**3


def test_displacements_that_a_step_makes_up_for_stay_in():
    # f'' = 2, step 1/8: the distance shrinks by 3/4, so that a quarter of the radius may be added.
    assert is_basin(parabola, 0.0, radius=1, step=1 / 8, noise=1 / 4)
    assert is_basin(parabola, 0.0, radius=1, step=1 / 8)
    assert not is_basin(parabola, 0.0, radius=1, step=1 / 8, noise=9 / 32)
    # Only next to the rim does so little lead out.
    assert not is_basin(parabola, 0.0, radius=1, step=2.0**-10, noise=1.125 * 2.0**-9)
    assert "displacement" in is_basin(parabola, 0.0, radius=1, step=1 / 8, noise=9 / 32).because


def test_without_room_it_is_not_answered_yes():
    quartic = lambda x: x**2 + x**4  # noqa: E731
    # The least curvature on the ball, 2, is that at the minimum; near the sphere there is more, so in truth more fits.
    assert is_basin(quartic, 0.0, radius=1 / 2, step=1 / 16, noise=15 / 256)
    assert is_basin(quartic, 0.0, radius=1 / 2, step=1 / 16, noise=5 / 64).answer == "undecided"
    assert not is_basin(quartic, 0.0, radius=1 / 2, step=1 / 16, noise=1 / 8)


def test_negative_noise_is_refused():
    with pytest.raises(DomainError, match="noise"):
        is_basin(parabola, 0.0, radius=1, step=1 / 8, noise=-1)
