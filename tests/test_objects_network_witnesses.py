"""The closed-form points against NumPy: a network, its losses and their slopes written out once more."""

from dataclasses import replace
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, log_softmax

from netprops import has_curvature, violates_jensen
from netprops.objects.losses import loss
from netprops.objects.network_witnesses import indefinite_point, rising_level, violating_chord
from netprops.objects.networks import ACTIVATIONS, NETWORK_LOSSES, Network

RNG = np.random.default_rng(3)
SHAPES = ((1, 1, 2), (3, 2, 1, 2, 3), (2, 3, 3))
IN_NUMPY = (
    lambda z: z,
    lambda z: np.maximum(z, 0),
    lambda z: np.where(z > 0, z, z / 100),
    lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    lambda z: np.logaddexp(z, 0),
    np.tanh,
    expit,
    lambda z: z * expit(z),
    lambda z: z / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
    np.sin,
)
LOSSES = {
    "squared": lambda z, y: (z - y) ** 2,
    "Huber": lambda z, y: np.where(abs(z - y) < 1, (z - y) ** 2 / 2, abs(z - y) - 1 / 2),
    "log loss of a logit": lambda z, y: np.logaddexp(z, 0) - y * z,
    "softmax cross-entropy": lambda z, y: -y * log_softmax(z, axis=1),
}


def targets(name, rows, outputs):
    if name == "softmax cross-entropy":
        return np.eye(outputs)[RNG.integers(0, outputs, rows)]
    labels = RNG.integers(0, 17, (rows, outputs)) / 16
    return labels if name == "log loss of a logit" else 8 * labels - 3


def floats(params):
    return [np.asarray(part, dtype=np.float64) for layer in params for part in layer]


def moved(p, u, t):
    return [a + t * b for a, b in zip(p, u, strict=True)]


@pytest.mark.parametrize("name", NETWORK_LOSSES)
@pytest.mark.parametrize(("f", "in_numpy"), list(zip(ACTIVATIONS, IN_NUMPY, strict=True)))
def test_chord_and_curvature_in_floats(f, in_numpy, name):
    widths = SHAPES[RNG.integers(0, len(SHAPES))]
    net = Network(widths, hidden=f, loss=loss(name))
    X, Y = RNG.integers(-3, 4, (3, widths[0])) / 2, targets(name, 3, widths[-1])

    def cost(p):
        h = X
        for W, b in zip(p[:-2:2], p[1:-2:2], strict=True):
            h = in_numpy(h @ W + b)
        return LOSSES[name](h @ p[-2] + p[-1], Y).sum()

    a, b = map(floats, violating_chord(net, Y))
    assert cost(moved(a, moved(b, a, -1), 1 / 2)) > (cost(a) + cost(b)) / 2 + 1e-6
    assert f is jax.nn.softplus or cost(a) == pytest.approx(cost(b))
    point, up, down = map(floats, indefinite_point(net, Y))
    t = 2.0**-8
    second = [(cost(moved(point, u, t)) + cost(moved(point, u, -t)) - 2 * cost(point)) / t**2 for u in (up, down)]
    assert second[0] > 1e-2
    assert second[1] < -1e-2


SLOPES = {  # L' and L'' for one row, where the Huber loss is linear
    "squared": lambda c, y, k: (2 * (c - y), 2),
    "Huber": lambda c, y, k: (np.clip(c - y, -1, 1), 0),
    "log loss of a logit": lambda c, y, k: (expit(c) - y, expit(c) * expit(-c)),
    "softmax cross-entropy": lambda c, y, k: (
        1 / (1 + (k - 1) * np.exp(-2 * c)) - y,
        (k - 1) * np.exp(-2 * abs(c)),  # at least p (1 - p)
    ),
}


@pytest.mark.parametrize("name", NETWORK_LOSSES)
@pytest.mark.parametrize("outputs", [2, 3, 7, 8, 16, 200])
@pytest.mark.parametrize("ones", [0, 3, 4, 5, 8])
def test_the_level_slopes_away_from_0(name, outputs, ones):
    """Eight rows, of which so many have 1 as their first target and the others 0."""
    Y = np.zeros((8, outputs))
    Y[:ones, 0], Y[ones:, 1] = 1, 1
    c = rising_level(Network((1, 1, outputs), loss=loss(name)), Y)
    first, second = (sum(parts) for parts in zip(*(SLOPES[name](c, y, outputs) for y in Y[:, 0]), strict=True))
    assert np.sign(c) * first >= 3 * second
    assert np.sign(c) * first >= 8 * 0.48


def test_levels_are_beyond_all_targets():
    net = Network((1, 1, 1))
    assert rising_level(net, np.array([[0.0], [-0.0]])) == 4
    assert rising_level(net, np.array([[1.0]])) == -8
    for largest in (1e150, np.finfo(float).max):
        assert 4 * Fraction(largest) < -rising_level(net, np.array([[largest], [1.0]])) <= 8 * Fraction(largest)


def test_a_chord_and_directions_that_do_not_fit_the_data_are_refused():
    """Labels of 0 let the loss rise with the logit, and labels of 1 let it fall."""
    net, X = Network((1, 1, 1), hidden=jax.nn.relu, loss=loss("log loss of a logit")), np.array([[1.0]])
    zero, one = np.array([[0.0]]), np.array([[1.0]])
    a, b = violating_chord(net, zero)
    point, up, down = indefinite_point(net, zero)
    for Y, fits in ((zero, True), (one, False)):
        assert bool(violates_jensen(lambda p, Y=Y: net.cost(p, X, Y), a, b)) == fits
        assert bool(has_curvature(lambda p, Y=Y: net.cost(p, X, Y), point, up, 1)) == fits
        assert bool(has_curvature(lambda p, Y=Y: net.cost(p, X, Y), point, down, -1)) == fits


SOFTMAX, LOGISTIC = (Network((1, 1, 2), loss=loss(name)) for name in ("softmax cross-entropy", "log loss of a logit"))
LABELS = np.array([[0.5, 0.5]])


@pytest.mark.parametrize(
    ("network", "Y", "words"),
    [
        (Network((1, 1)), np.ones((1, 1)), "a hidden layer and biases"),
        (Network((1, 1, 1), bias=False), np.ones((1, 1)), "a hidden layer and biases"),
        (Network((1, 1, 1), loss=loss("hinge")), np.ones((1, 1)), "the loss one of squared, Huber"),
        (Network((1, 1, 1), output=jnp.tanh), np.ones((1, 1)), "the last layer is linear"),
        (replace(SOFTMAX, widths=(1, 1, 1)), np.ones((1, 1)), "two classes or more"),
        (SOFTMAX, np.ones((1, 2)), r"lie in \[0, 1\] and add up to 1"),
        (SOFTMAX, np.array([[1 / 3, 2 / 3]]), "add up to 1"),
        (LOGISTIC, np.array([[-0.5, 0.5]]), r"lie in \[0, 1\]"),
        (LOGISTIC, np.array([[0.5, 1.5]]), r"lie in \[0, 1\]"),
        (LOGISTIC, np.array([[np.nan, 0.5]]), "finite targets"),
        (LOGISTIC, np.ones((1, 3)), r"finite targets of shape \(rows, 2\)"),
        (LOGISTIC, np.ones((0, 2)), "finite targets"),
        (replace(SOFTMAX, hidden=jnp.cos), LABELS, "not suit"),
        (replace(SOFTMAX, hidden=jnp.zeros_like), LABELS, "not suit"),
    ],
)
def test_what_they_do_not_hold_of_is_refused(network, Y, words):
    for points in (violating_chord, indefinite_point):
        with pytest.raises(ValueError, match=words):
            points(network, Y)
