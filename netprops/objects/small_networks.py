"""Networks of a handful of units on a handful of points, as arrays with one row (w, b, v) a hidden unit.

Their landscapes are rich enough to have worse minima, and small enough to certify them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np

from netprops.objects.networks import Activation

Array: TypeAlias = Any

FIVE_POINTS = np.array([-3.0, -1.0, 0.0, 1.0, 2.0]), np.array([4.0, -1.0, 3.0, -2.0, 0.0])
DECAY = 1 / 4


def decayed_cost(units: Array, activation: Activation = jnp.tanh) -> Array:
    """sum_i (sum_j v_j activation(w_j x_i + b_j) - y_i)^2 + 1/4 (sum of all squares), over `FIVE_POINTS`.

    The decay isolates minima even where units coincide.
    """
    x, y = FIVE_POINTS
    w, b, v = units[:, 0], units[:, 1], units[:, 2]
    outputs = activation(x[:, None] * w[None, :] + b[None, :]) @ v
    return jnp.sum((outputs - y) ** 2) + DECAY * jnp.sum(units**2)


# By the number of units: two strict minima of `decayed_cost`, to three digits, the first of a higher value.
WORSE_AND_BETTER = {
    1: ([[2.108, -1.154, -1.558]], [[0.324, -0.257, -2.595]]),
    2: (
        [[0.146, -0.408, -1.223], [2.102, -0.988, -1.226]],
        [[0.249, -1.035, -2.129], [0.925, 1.784, -1.581]],
    ),
    3: (
        [[0.188, -0.766, -1.277], [0.188, -0.766, -1.277], [0.893, 1.781, -1.522]],
        [[0.06, 1.109, 1.686], [1.009, 2.08, -1.416], [2.043, -1.08, -0.997]],
    ),
}


def in_order(units: Array) -> Array:
    """The units of an odd activation that do the same, each turned so that w >= 0, sorted by w: one array an orbit."""
    turned = jnp.where(units[:, :1] < 0, -units, units)
    return turned[jnp.argsort(turned[:, 0])]


# ---------------------------------------------------------------- how alike two units are


def incoming(W: Array, b: Array) -> Array:
    """One row (w, b) a hidden unit, of a first layer with weights W (inputs, units) and biases b."""
    return jnp.concatenate([W, b[None, :]]).T


def least_gap(rows: Array) -> Array:
    """The least |p -+ q| / (|p| + |q|) over all pairs of rows: 0 when two units of an odd activation coincide."""
    i, j = np.triu_indices(rows.shape[0], 1)
    p, q = rows[i], rows[j]
    sizes = jnp.sqrt(jnp.sum(p**2, axis=1)) + jnp.sqrt(jnp.sum(q**2, axis=1))
    apart = jnp.minimum(jnp.sum((p - q) ** 2, axis=1), jnp.sum((p + q) ** 2, axis=1))
    return jnp.min(jnp.sqrt(apart) / sizes)


def closest_cosine(rows: Array) -> Array:
    """The largest |cos| of the angle between two rows: 1 when two units point along one line."""
    i, j = np.triu_indices(rows.shape[0], 1)
    p, q = rows[i], rows[j]
    norms = jnp.sqrt(jnp.sum(p**2, axis=1) * jnp.sum(q**2, axis=1))
    return jnp.max(jnp.abs(jnp.sum(p * q, axis=1)) / norms)
