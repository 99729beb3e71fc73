"""Training as a function in JAX: a start drawn from a random key, and gradient descent from it.

Parameters are any pytree of float64 arrays.  Nothing here stops early: so many steps are taken, whatever happens.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import jax.numpy as jnp

from netprops.domains import leaves

if TYPE_CHECKING:
    from netprops.objects.networks import Params

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


# ---------------------------------------------------------------- drawn points

# One call of the generator a point: on a CPU each call costs half a second of compilation.


def normal_point(key: Key, domain: Any, size: Any = 1.0) -> Point:
    """Independent normal numbers with mean 0 and standard deviation `size`, in the shapes of a pytree of domains."""
    parts = leaves(domain)
    flat = size * jax.random.normal(key, (sum(leaf.size for leaf in parts),), jnp.float64)
    return _shaped(flat, [leaf.shape for leaf in parts], jax.tree.structure(domain))


def uniform_like(key: Key, p: Point, size: Any) -> Point:
    """Independent numbers, uniform in [-size, size], in the shapes of p."""
    parts, structure = jax.tree.flatten(p)
    shapes = [jnp.shape(part) for part in parts]
    flat = size * jax.random.uniform(key, (sum(map(math.prod, shapes)),), jnp.float64, -1.0, 1.0)
    return _shaped(flat, shapes, structure)


def _shaped(flat: Any, shapes: Sequence[tuple[int, ...]], structure: Any) -> Point:
    ends = itertools.accumulate(map(math.prod, shapes))
    parts = [flat[end - math.prod(shape) : end].reshape(shape) for end, shape in zip(ends, shapes, strict=True)]
    return jax.tree.unflatten(structure, parts)


def glorot_start(normals: Params, scale: Any = 1.0) -> Params:
    """Glorot and Bengio's start (2010) times `scale`, made of parameters drawn by `normal_point`.

    The weights between a and b units have the variance 2/(a + b); the biases are 0.
    """
    return tuple(
        (scale * math.sqrt(2 / sum(W.shape)) * W, *(jnp.zeros_like(b) for b in biases)) for W, *biases in normals
    )
