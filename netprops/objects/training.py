"""Training as a function in JAX: a start drawn from a random key, and gradient descent from it.

Parameters are any pytree of float64 arrays.  Nothing here stops early: so many steps are taken, whatever happens.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import jax.numpy as jnp

from netprops.domains import leaves

if TYPE_CHECKING:
    from netprops.objects.networks import Network, Params

Point: TypeAlias = Any  # a pytree of arrays
Key: TypeAlias = Any  # of jax.random


def gradient_descent(cost: Callable[[Point], Any], start: Point, *, rate: Any, steps: int) -> Point:
    """The point after so many steps p - rate * grad cost(p)."""
    slope = jax.grad(cost)
    return jax.lax.fori_loop(0, steps, lambda _, p: _step(p, slope(p), rate), start)


def noisy_descent(
    cost: Callable[[Point], Any], start: Point, key: Key, *, rate: Any, steps: int, noise: Any
) -> tuple[Point, Any]:
    """As `gradient_descent`, with noise uniform in [-noise, noise] added to every coordinate after every step.

    Returns the last point, and the largest Euclidean distance from the start on the way.
    """
    slope = jax.grad(cost)

    def step(k: Any, state: tuple[Point, Any]) -> tuple[Point, Any]:
        p, farthest = state
        moved = jax.tree.map(jnp.add, _step(p, slope(p), rate), uniform_like(jax.random.fold_in(key, k), p, noise))
        return moved, jnp.maximum(farthest, distance(moved, start))

    end: tuple[Point, Any] = jax.lax.fori_loop(0, steps, step, (start, jnp.zeros(())))
    return end


def _step(p: Point, slope: Point, rate: Any) -> Point:
    return jax.tree.map(lambda a, g: a - rate * g, p, slope)


def distance(p: Point, q: Point) -> Any:
    """The Euclidean distance of two points."""
    squares = jax.tree.map(lambda a, b: jnp.sum((a - b) ** 2), p, q)
    return jnp.sqrt(jax.tree.reduce(jnp.add, squares))


# ---------------------------------------------------------------- starts


def uniform_like(key: Key, p: Point, size: Any) -> Point:
    """Independent numbers, uniform in [-size, size], in the shapes of p."""
    parts, structure = jax.tree.flatten(p)
    keys = jax.random.split(key, len(parts))
    fills = zip(keys, parts, strict=True)
    drawn = [size * jax.random.uniform(k, jnp.shape(a), jnp.float64, -1.0, 1.0) for k, a in fills]
    return jax.tree.unflatten(structure, drawn)


def normal_point(key: Key, domain: Any, size: Any = 1.0) -> Point:
    """Independent normal numbers with mean 0 and standard deviation `size`, in the shapes of a pytree of domains."""
    parts = leaves(domain)
    keys = jax.random.split(key, len(parts))
    drawn = [size * jax.random.normal(k, leaf.shape, jnp.float64) for k, leaf in zip(keys, parts, strict=True)]
    return jax.tree.unflatten(jax.tree.structure(domain), drawn)


def glorot_start(key: Key, network: Network, scale: Any = 1.0) -> Params:
    """Glorot and Bengio's start (2010) times `scale`: weights uniform in +-sqrt(6 / (ins + outs)), biases 0."""
    keys = jax.random.split(key, network.depth)

    def layer(k: Key, parts: Any) -> Any:
        W, *biases = parts
        size = scale * math.sqrt(6 / sum(W.shape))
        weights = jax.random.uniform(k, W.shape, jnp.float64, -1.0, 1.0) * size
        return (weights, *(jnp.zeros(b.shape) for b in biases))

    return tuple(layer(k, parts) for k, parts in zip(keys, network.params, strict=True))
