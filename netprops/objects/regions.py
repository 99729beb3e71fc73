"""Minimising on a part of the space: projected gradient descent, and a ring in polar coordinates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

Array: TypeAlias = Any
Function: TypeAlias = Callable[[Array], Any]

SLACK = 2.0**-20


def projected_descent(f: Function, project: Function, start: Array, *, step: Any, steps: int) -> Array:
    """The point after so many steps x <- project(x - step * grad f(x)); `start` is a point of the region."""
    slope = jax.grad(f)
    return jax.lax.fori_loop(0, steps, lambda _, x: project(x - step * slope(x)), start)


def surplus(f: Function, project: Function, L: Any, steps: int) -> Callable[[Array, Array], Any]:
    """L (|x - z|^2 + SLACK) / (2 T) + f(z) - f(x_T), x_T the end of T steps of projected descent from x, of 1/L each.

    Both points are projected onto the region first.  Where f is convex, with a gradient of Lipschitz constant L, and
    the region convex and closed, this is nowhere negative, even without the slack (Beck and Teboulle 2009, theorem
    3.1, whose proof is about any point z).  The slack keeps rounding where x = z from looking like a counterexample.
    """

    def of(x: Array, z: Array) -> Any:
        x, z = project(x), project(z)
        end = projected_descent(f, project, x, step=1 / L, steps=steps)
        return L * (jnp.sum((x - z) ** 2) + SLACK) / (2 * steps) + f(z) - f(end)

    return of


def bowl(p: Array, a: Any, k: Any) -> Any:
    """(x - a)^2 + k y^2 at the point p = (x, y)."""
    return (p[0] - a) ** 2 + k * p[1] ** 2


def polar(f: Function, side: int) -> Callable[[Array, Array], Any]:
    """f as a function of the radius r and the angle t, from the right half-axis (side 1) or the left one (side -1)."""
    return lambda r, t: f(side * r * jnp.stack([jnp.cos(t), jnp.sin(t)]))
