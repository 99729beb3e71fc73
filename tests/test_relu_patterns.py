"""Gated networks against ReLU networks, and the rescaling direction against a difference quotient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops.objects.networks import Network
from netprops.objects.relu_patterns import gated, gates, gates_at, rescaling_direction
from netprops.objects.symmetries import Rescaling

SHAPES = [(1, 1, 1), (2, 3, 1), (2, 2, 3, 2)]


def drawn(widths, bias, seed=0):
    net, rng = Network(widths, hidden=jax.nn.relu, bias=bias), np.random.default_rng(seed)
    p = tuple(tuple(rng.normal(size=part.shape) for part in layer) for layer in net.params)
    return net, p, rng.normal(size=(4, widths[0]))


@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_the_gated_network_is_the_network(widths, bias):
    net, p, x = drawn(widths, bias)
    pattern, smooth = gates_at(net, p, x)
    assert smooth
    assert [s.shape for s in pattern] == [box.shape for box in gates(net, len(x))]
    np.testing.assert_allclose(gated(net, p, x, pattern), net(p, x), atol=1e-12)
    other = tuple(1 - s for s in pattern)
    assert not np.allclose(gated(net, p, x, other), net(p, x))


@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_the_direction_is_the_derivative_of_rescaling(widths, bias):
    _, p, _ = drawn(widths, bias)
    rng = np.random.default_rng(1)
    rates = tuple(rng.normal(size=n) for n in widths[1:-1])
    moved = lambda step: Rescaling(tuple(np.exp(step * r) for r in rates))(p)  # noqa: E731
    slope = jax.tree.map(lambda a, b: (a - b) / 2e-6, moved(1e-6), moved(-1e-6))
    for a, b in zip(*map(jax.tree.leaves, (slope, rescaling_direction(p, rates))), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-8)


def test_a_kink_is_told():
    net = Network((1, 1, 1), hidden=jax.nn.relu)
    p = ((np.ones((1, 1)), np.ones(1)), (np.ones((1, 1)), np.ones(1)))
    assert gates_at(net, p, np.array([[-1.0], [2.0]]))[1] is False
    with pytest.raises(ValueError, match="relu units"):
        gates_at(Network((1, 1, 1), hidden=jnp.tanh), p, np.zeros((1, 1)))
