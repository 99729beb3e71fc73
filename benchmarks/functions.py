"""Forty-seven functions that are neither convex nor concave: activations, losses, test functions, textbook traps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import Box, box, reals

HILBERT = np.array([[1, 1 / 2, 1 / 3], [1 / 2, 1 / 3, 1 / 4], [1 / 3, 1 / 4, 1 / 5]])


@dataclass(frozen=True)
class Bent:
    """A function of a vector on a domain on which it is not convex."""

    name: str
    of: Callable[[Any], Any]
    on: Box


def _levy(x: Any) -> Any:
    w = 1 + (x - 1) / 4
    first = jnp.sin(jnp.pi * w[0]) ** 2 + (w[0] - 1) ** 2 * (1 + 10 * jnp.sin(jnp.pi * w[0] + 1) ** 2)
    return first + (w[1] - 1) ** 2 * (1 + jnp.sin(2 * jnp.pi * w[1]) ** 2)


def _colville(x: Any) -> Any:
    valleys = 100 * (x[0] ** 2 - x[1]) ** 2 + 90 * (x[2] ** 2 - x[3]) ** 2 + (x[0] - 1) ** 2 + (x[2] - 1) ** 2
    return valleys + 10.1 * ((x[1] - 1) ** 2 + (x[3] - 1) ** 2) + 19.8 * (x[1] - 1) * (x[3] - 1)


def _crescent(x: Any) -> Any:
    circle = x[0] ** 2 + (x[1] - 1) ** 2
    return jnp.maximum(circle + x[1] - 1, -circle + x[1] + 1)


def _broken_icnn(x: Any) -> Any:
    inner = jax.nn.relu(-0.3 * jax.nn.relu(2 * x[0] + 1) + jax.nn.softplus(x[1]) + 1)
    return 0.5 * jax.nn.relu(x[0] - x[1]) + 2 * inner + x[0]


def _sphere_distance(x: Any) -> Any:
    return 100 * (jnp.sqrt(x[0] ** 2 + x[1] ** 2) - 1) ** 2 + x[2] ** 2


def _cosine_distance(x: Any) -> Any:
    along = x[0] + 2 * x[1] - x[2]
    return 1 - along / (jnp.sqrt(jnp.sum(x**2) + 1e-6) * jnp.sqrt(6.0))


def _bohachevsky(x: Any) -> Any:
    return x[0] ** 2 + 2 * x[1] ** 2 - 0.3 * jnp.cos(3 * jnp.pi * x[0]) - 0.4 * jnp.cos(4 * jnp.pi * x[1])


def _salomon(x: Any) -> Any:
    r = jnp.sqrt(jnp.sum(x**2) + 1e-12)
    return 1 - jnp.cos(2 * jnp.pi * r) + 0.1 * r


def _triplet(x: Any) -> Any:
    near, far = jnp.sum((x[:2] - x[2:4]) ** 2), jnp.sum((x[:2] - x[4:]) ** 2)
    return jnp.maximum(near - far + 0.5, 0.0)


FUNCTIONS = (
    Bent("soft sign", lambda x: jax.nn.soft_sign(x[0]), reals(1)),
    Bent("gelu", lambda x: jax.nn.gelu(x[0], approximate=False), reals(1)),
    Bent("elu with alpha 2", lambda x: jax.nn.elu(x[0], 2.0), reals(1)),
    Bent("sigmoid", lambda x: jax.nn.sigmoid(x[0]), reals(1)),
    Bent("hard tanh", lambda x: jax.nn.hard_tanh(x[0]), reals(1)),
    Bent("relu6", lambda x: jax.nn.relu6(x[0]), reals(1)),
    Bent("squared distance from a circle", _sphere_distance, box(-3, 3, shape=3)),
    Bent("minus a Gaussian", lambda x: -jnp.exp(-0.5 * jnp.sum(x**2)), box(-1, 1, shape=2)),
    Bent("egg crate", lambda x: jnp.sum(x**2) + 25 * jnp.sum(jnp.sin(x) ** 2), box(-5, 5, shape=2)),
    Bent("crescent", _crescent, reals(2)),
    Bent("Styblinski and Tang", lambda x: 0.5 * jnp.sum(x**4 - 16 * x**2 + 5 * x), box(-5, 5, shape=2)),
    Bent("Levy", _levy, box(-10, 10, shape=2)),
    Bent(
        "six-hump camel",
        lambda x: (4 - 2.1 * x[0] ** 2 + x[0] ** 4 / 3) * x[0] ** 2 + x[0] * x[1] + 4 * (x[1] ** 2 - 1) * x[1] ** 2,
        box(-3, 3, shape=2),
    ),
    Bent("Himmelblau", lambda x: (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2, reals(2)),
    Bent("Hilbert's form, shifted", lambda x: x @ (HILBERT @ x) - 0.003 * jnp.sum(x**2), reals(3)),
    Bent("Schwefel 2.22", lambda x: jnp.sum(jnp.abs(x)) + jnp.prod(jnp.abs(x)), reals(2)),
    Bent(
        "three-hump camel",
        lambda x: 2 * x[0] ** 2 - 1.05 * x[0] ** 4 + x[0] ** 6 / 6 + x[0] * x[1] + x[1] ** 2,
        box(-5, 5, shape=2),
    ),
    Bent("Bohachevsky", _bohachevsky, box(-5, 5, shape=2)),
    Bent("Colville", _colville, box(-10, 10, shape=4)),
    Bent("Salomon", _salomon, box(-5, 5, shape=2)),
    Bent("triplet loss in all three", _triplet, reals(6)),
    Bent("tanh + squared", lambda x: (jnp.tanh(x[0]) - 0.5) ** 2, reals(1)),
    Bent("sigmoid + squared", lambda x: (jax.nn.sigmoid(x[0]) - 1) ** 2, reals(1)),
    Bent("focal loss", lambda x: jax.nn.sigmoid(-x[0]) ** 2 * jax.nn.softplus(-x[0]), reals(1)),
    Bent("Gaussian likelihood", lambda x: 0.5 * (jnp.log(x[1]) + (x[0] - 1) ** 2 / x[1]), box([-3, 0.2], [3, 5])),
    Bent("tangent loss", lambda x: (2 * jnp.arctan(x[0]) - 1) ** 2, reals(1)),
    Bent("Andrews' wave", lambda x: jnp.where(jnp.abs(x[0]) <= 3.14159265358979, 1 - jnp.cos(x[0]), 2.0), reals(1)),
    Bent("cosine distance", _cosine_distance, reals(3)),
    Bent("Itakura and Saito", lambda x: 1 / x[0] + jnp.log(x[0]), box([0.1], [10])),
    Bent("Welsch", lambda x: 1 - jnp.exp(-0.5 * x[0] ** 2), reals(1)),
    Bent("Geman and McClure", lambda x: x[0] ** 2 / (1 + x[0] ** 2), reals(1)),
    Bent("phase retrieval", lambda x: ((x[0] + 2 * x[1]) ** 2 - 1) ** 2, reals(2)),
    Bent("log loss of minus a square", lambda x: jax.nn.softplus(1 - x[0] ** 2), reals(1)),
    Bent("an input-convex network with a negative weight", _broken_icnn, reals(2)),
    Bent("a unit of tanh", lambda x: (x[1] * jnp.tanh(x[0]) - 0.5) ** 2, box(-3, 3, shape=2)),
    Bent("Rayleigh's quotient", lambda x: (2 * x[0] ** 2 + x[1] ** 2) / jnp.sum(x**2), box(0.5, 3, shape=2)),
    Bent("autoencoder", lambda x: (1 - x[0] * x[1]) ** 2 + 0.01 * jnp.sum(x**2), reals(2)),
    Bent("ordered weights that rise", lambda x: jnp.sort(jnp.abs(x)) @ np.array([2, 1, 0.5]), reals(3)),
    Bent("MCP", lambda x: jnp.where(jnp.abs(x[0]) <= 2, jnp.abs(x[0]) - x[0] ** 2 / 4, 1.0), reals(1)),
    Bent("l1 minus l2", lambda x: jnp.sum(jnp.abs(x)) - jnp.sqrt(jnp.sum(x**2)), reals(2)),
    Bent("logit", lambda x: jnp.log(x[0] / (1 - x[0])), box([0.02], [0.98])),
    Bent("a form indefinite by 1e-7", lambda x: x[0] ** 2 + x[1] ** 2 - 2.0000001 * x[0] * x[1], reals(2)),
    Bent("Cauchy in the plane", lambda x: jnp.log(1 + jnp.sum(x**2)), reals(2)),
    Bent("a millionth of a product", lambda x: 1e-6 * x[0] * x[1], reals(2)),
    Bent("a product of positives", lambda x: x[0] * x[1], box(0.1, 5, shape=2)),
    Bent("the smaller of two parabolas", lambda x: jnp.minimum((x[0] - 1) ** 2, (x[0] + 1) ** 2), reals(1)),
    Bent("x tanh x", lambda x: x[0] * jnp.tanh(x[0]), reals(1)),
)
