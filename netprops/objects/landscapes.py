"""Functions whose landscapes are known: what descent does on them can be told beforehand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import exact
from netprops.exact.copositivity import form_value, negative_on_the_orthant
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


def tilted_wells(x: Array) -> Array:
    """(x^2 - 1)^2 + x/2: two minima, near -1.0575 (the better one, of value about -0.5148) and 0.9304."""
    return (x**2 - 1) ** 2 + x / 2


def domination(f: Callable[[Array], Array], by: float, infimum: Array | float = 0.0) -> Callable[[Array], Array]:
    """x -> f'(x)^2 - by (f(x) - inf f), nowhere below 0 if f satisfies the Polyak-Lojasiewicz inequality.

    With a bound L of |f''|, descent with step 1/L then leaves at most 1 - by/(2 L) of f - inf f at each step.
    """
    slope = jax.grad(f)
    return lambda x: slope(x) ** 2 - by * (f(x) - infimum)


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


# ---------------------------------------------------------------- a quartic whose local minimality is hard to tell


def quartic(x: Array, Q: Array) -> Array:
    """sum_ij Q_ij x_i^2 x_j^2: 0 is a local minimum exactly when Q is copositive (Murty and Kabadi 1987)."""
    return x**2 @ (Q @ x**2)


def way_down(Q: Matrix) -> Matrix | None:
    """A dyadic point where the quartic is negative, or None if Q is copositive; exact."""
    u = negative_on_the_orthant(Q)
    if u is None:
        return None
    for bits in itertools.count(2):  # the points with u'Qu < 0 are an open set
        x = np.rint(2.0**bits * np.sqrt(np.array([float(int(v.p)) for v in u]))) / 2.0**bits
        if form_value(Q, [exact(v) ** 2 for v in x.tolist()]) < 0:
            return np.asarray(x)
    raise AssertionError
