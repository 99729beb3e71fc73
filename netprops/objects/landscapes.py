"""Functions whose landscapes are known: what descent does on them can be told beforehand."""

from __future__ import annotations

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.objects.data import Matrix
from netprops.objects.networks import Activation, Network, Params, identity

Array: TypeAlias = Any

# Twice continuously differentiable, so that a step has a Lipschitz constant of the gradient along it.
SMOOTH: tuple[Activation, ...] = (
    identity, jax.nn.softplus, jnp.tanh, jax.nn.sigmoid, jax.nn.silu, jax.nn.gelu, jnp.sin,
)  # fmt: skip


def ripples(x: Array) -> Array:
    """x^2 + 3 sin(x)^2: not convex, and yet without any critical point but its minimum at 0 (Karimi, Nutini and
    Schmidt 2016)."""
    return x**2 + 3 * jnp.sin(x) ** 2


# ---------------------------------------------------------------- one hidden tanh unit, two valleys

TANH_UNIT = Network((1, 1, 1), bias=False)
TANH_UNIT_DATA: tuple[Matrix, Matrix] = (np.array([[0.25], [1.0], [4.0]]), np.array([[1.0], [1.0], [2.0]]))


def tanh_unit_cost(params: Params) -> Array:
    """sum (v tanh(w x) - y)^2 over (1/4, 1), (1, 1) and (4, 2); up to the sign of (w, v) two minima, of values 0.4676
    (near w = 0.7687, v = 1.9568) and 0.4942 (near w = 3.0250, v = 1.5150)."""
    return TANH_UNIT.cost(params, *TANH_UNIT_DATA)


def tanh_unit(w: float, v: float) -> Params:
    """The parameters with these two weights."""
    return (np.array([[w]], dtype=np.float64),), (np.array([[v]], dtype=np.float64),)


def committee_cost(w: Array) -> Array:
    """Two tanh units whose outputs are added up, sum (tanh(w_1 x) + tanh(w_2 x) - y)^2 over the same data."""
    x, y = TANH_UNIT_DATA
    return jnp.sum((jnp.sum(jnp.tanh(x * w[None, :]), axis=1) - y[:, 0]) ** 2)
