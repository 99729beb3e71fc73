"""Looking for critical points of every kind in floats: the norm of the gradient is driven to zero.

Descent on a cost f ends at minima.  Descent on |grad f|^2 / 2, whose gradient is H g, is drawn to saddles and maxima as
well; it may also end where H g = 0 though g is not: such points are no critical points of f, and are told by g.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

Point: TypeAlias = Any  # a pytree of float64 arrays


def lower_gradient(cost: Callable[[Point], Any], start: Point, *, steps: int) -> tuple[Point, Any]:
    """The point after so many Levenberg-Marquardt steps for grad f = 0, and the norm of the gradient there.

    A step is -(H^2 + c I)^-1 H g; it is taken if it shortens the gradient, and c is then divided by 5, else c is
    multiplied by 4 (K. Levenberg 1944, D. Marquardt 1963).  The norm never rises.
    """
    begin, shape = ravel_pytree(start)
    slope = jax.grad(lambda v: cost(shape(v)))
    curvature = jax.jacfwd(slope)

    def step(_: Any, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        v, g, c = state
        H = curvature(v)
        tried = v - jnp.linalg.solve(H @ H + c * jnp.eye(v.size), H @ g)
        there = slope(tried)
        shorter = jnp.vdot(there, there) < jnp.vdot(g, g)
        return jnp.where(shorter, tried, v), jnp.where(shorter, there, g), jnp.where(shorter, c / 5, 4 * c)

    end, g, _ = jax.lax.fori_loop(0, steps, step, (begin, slope(begin), jnp.ones(())))
    return shape(end), jnp.linalg.norm(g)
