"""Pooling, as libraries call it: `lax.reduce_window` with the neutral element in the padding."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax.numpy as jnp
from jax import lax

from netprops.domains import Box, reals

Array: TypeAlias = Any  # a JAX array, or a NumPy one of float64
Index: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Pooling:
    """Windows over an array, one entry an axis; `padding` is how far they reach out below and above.

    Every window meets at least one real entry.  Raises `ValueError` when one does not, or when there is no window.
    """

    size: tuple[int, ...]
    window: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        covered = self.covered()
        if not covered:
            raise ValueError(f"{self} has no window at all")
        if not all(covered.values()):
            raise ValueError(f"{self} has a window of padding alone")

    @property
    def domain(self) -> Box:
        """All real inputs."""
        return reals(self.size)

    def covered(self) -> dict[Index, list[Index]]:
        """The real entries that the window of each output covers, output by output."""
        axes = [self._axis(axis) for axis in range(len(self.size))]
        outputs = itertools.product(*(range(len(axis)) for axis in axes))
        return {out: list(itertools.product(*(axis[i] for axis, i in zip(axes, out, strict=True)))) for out in outputs}

    def _axis(self, axis: int) -> list[list[int]]:
        low, high = self.padding[axis]
        n, width = self.size[axis], self.window[axis]
        starts = range(-low, n + high - width + 1, self.stride[axis])
        return [[i for i in range(start, start + width) if 0 <= i < n] for start in starts]

    def largest(self, x: Array) -> Array:
        """Max-pooling."""
        return lax.reduce_window(x, -jnp.inf, lax.max, self.window, self.stride, self.padding)

    def smallest(self, x: Array) -> Array:
        """Min-pooling."""
        return lax.reduce_window(x, jnp.inf, lax.min, self.window, self.stride, self.padding)

    def average(self, x: Array) -> Array:
        """Average-pooling, the padding counted as zeros."""
        return lax.reduce_window(x, 0.0, lax.add, self.window, self.stride, self.padding) / math.prod(self.window)
