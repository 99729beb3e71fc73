"""Silent minima against exact arithmetic by hand: off all over the ball, bad where they must be, and nowhere else."""

import itertools
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops.objects.networks import Network
from netprops.objects.silent_units import (
    awakened,
    ball,
    better_than_constant,
    interpolating,
    is_constant_best,
    mean_target,
    silenced,
    silent_minimum,
)

WIDTHS = [(1, 1, 1), (2, 3, 1), (2, 1, 1, 2), (3, 2, 4, 3, 2)]


def network(widths):
    return Network(widths, hidden=jax.nn.relu)


def drawn(widths, seed, rows=4):
    rng = np.random.default_rng(seed)
    net = network(widths)
    params = tuple(tuple(rng.integers(-2, 3, part.shape) / 2 for part in layer) for layer in net.params)
    return net, params, rng.integers(-2, 3, (rows, widths[0])) * 1.0, rng.integers(-2, 3, (rows, widths[-1])) * 1.0


def layers_by_hand(params, X):
    """All pre-activations, in fractions."""
    h, seen = np.vectorize(Fraction, otypes=[object])(X), []
    for W, b in params:
        seen.append(h @ W + b[None, :])
        h = np.maximum(seen[-1], Fraction(0))
    return seen


def cost_by_hand(params, X, Y):
    return ((layers_by_hand(params, X)[-1] - np.vectorize(Fraction, otypes=[object])(Y)) ** 2).sum()


def best_constant_cost(Y):
    exact = np.vectorize(Fraction, otypes=[object])(Y)
    return ((exact - mean_target(Y)[None, :]) ** 2).sum()


@pytest.mark.parametrize(("widths", "seed"), list(itertools.product(WIDTHS, range(3))))
def test_off_at_corners_and_points_of_the_ball(widths, seed):
    net, params, X, _ = drawn(widths, seed)
    r = Fraction(1, 4)
    silent = silenced(net, params, X, radius=0.25)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        near = tuple(
            tuple(part + r * np.vectorize(Fraction)(rng.integers(-2, 3, part.shape)) / 2 for part in layer)
            for layer in silent
        )
        assert all(
            box.contains(part) for box, part in zip(jax.tree.leaves(ball(silent)), jax.tree.leaves(near), strict=True)
        )
        assert layers_by_hand(near, X)[-2].max() <= -r


@pytest.mark.parametrize(("widths", "seed"), list(itertools.product(WIDTHS, range(4))))
def test_costs_by_hand(widths, seed):
    net, params, X, Y = drawn(widths, seed)
    silent = silent_minimum(net, params, X, Y)
    level = best_constant_cost(Y)
    assert cost_by_hand(silent, X, Y) == level
    means = [Y[(x == X).all(axis=1)].mean(axis=0) for x in X]
    assert is_constant_best(X, Y) == np.allclose(means, Y.mean(axis=0))
    if is_constant_best(X, Y):
        with pytest.raises(ValueError, match="better than a constant"):
            better_than_constant(net, X, Y)
        return
    assert cost_by_hand(better_than_constant(net, X, Y), X, Y) < level
    costs = [cost_by_hand(awakened(net, params, X, Y, step=Fraction(k, 4)), X, Y) for k in range(5)]
    assert costs[0] == level
    assert costs == sorted(set(costs), reverse=True)
    # One unit is active on some data and no other one of the layer on any.
    active = layers_by_hand(awakened(net, params, X, Y), X)[-2] > 0
    assert active[:, 0].any()
    assert not active[:, 1:].any()


def test_interpolation():
    X = np.array([[0.0, 1.0], [2.0, -1.0], [0.0, 1.0], [1.0, 1.0]])
    Y = np.array([[1.0, 0.0], [-1.0, 3.0], [1.0, 0.0], [2.0, 2.0]])
    for widths in ((2, 2, 2), (2, 3, 2, 2)):
        assert cost_by_hand(interpolating(network(widths), X, Y), X, Y) == 0
    with pytest.raises(ValueError, match="need 2 units"):
        interpolating(network((2, 1, 2)), X, Y)
    with pytest.raises(ValueError, match="nothing interpolates"):
        interpolating(network((2, 2, 2)), X, Y + np.arange(4.0)[:, None])


def test_one_input_alone_and_equal_means():
    net, params, *_ = drawn((1, 2, 1), 0)
    X, Y = np.zeros((2, 1)), np.array([[1.0], [-1.0]])
    assert is_constant_best(X, Y)
    assert cost_by_hand(silent_minimum(net, params, X, Y), X, Y) == 2
    assert cost_by_hand(interpolating(net, X, 0 * Y), X, 0 * Y) == 0


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (Network((1, 1), hidden=jax.nn.relu), "hidden layer"),
        (Network((1, 1, 1), hidden=jnp.tanh), "relu"),
        (Network((1, 1, 1), hidden=jax.nn.relu, bias=False), "biases"),
    ],
)
def test_other_networks_are_refused(net, message):
    with pytest.raises(ValueError, match=message):
        silenced(net, tuple(tuple(np.zeros(p.shape) for p in layer) for layer in net.params), np.zeros((1, 1)))


def test_a_ball_without_radius_is_refused():
    net, params, X, _ = drawn((1, 1, 1), 0)
    with pytest.raises(ValueError, match="radius"):
        silenced(net, params, X, radius=0)
