"""Convolution, written the ways that libraries write it.

Circular: (h*x)_i = sum_j h_j x_{i-j}, indices modulo the length.  Valid: only those outputs of the linear convolution
to which the whole kernel contributes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np

Array: TypeAlias = Any  # a JAX array, or a NumPy one of float64
Convolution: TypeAlias = Callable[[Array, Array], Array]


def by_roll(h: Array, x: Array) -> Array:
    """Circular convolution as a sum of rolled signals, each times one entry of the kernel."""
    return sum(h[j] * jnp.roll(x, j) for j in range(h.shape[0]))


def by_gather(h: Array, x: Array) -> Array:
    """Circular convolution as the circulant matrix of the signal, gathered, times the kernel."""
    places = np.arange(x.shape[0])
    return x[(places[:, None] - places[None, : h.shape[0]]) % x.shape[0]] @ h


def by_convolve(h: Array, x: Array) -> Array:
    """Circular convolution as `jnp.convolve`, wrapped around."""
    n = x.shape[0]
    full = jnp.convolve(h, x)
    return full[:n] + jnp.pad(full[n:], (0, 2 * n - full.shape[0]))


CIRCULAR: dict[str, Convolution] = {"roll": by_roll, "gather": by_gather, "jnp.convolve": by_convolve}


def valid(h: Array, x: Array) -> Array:
    """`jnp.convolve` with valid padding: len(x) - len(h) + 1 outputs."""
    return jnp.convolve(x, h, mode="valid")


def circulant_is_invertible(kernel: Sequence[int], length: int) -> bool:
    """Whether x -> h*x (circular, of this length) is invertible; exact."""
    padded = [*map(int, kernel), *[0] * (length - len(kernel))]
    return _rank([[padded[(i - j) % length] for j in range(length)] for i in range(length)]) == length


def _rank(rows: list[list[int]]) -> int:
    left = [[Fraction(entry) for entry in row] for row in rows]
    rank = 0
    for column in range(len(left)):
        pivot = next((row for row in left[rank:] if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        left.insert(rank, pivot)
        for row in left[rank + 1 :]:
            factor = row[column] / pivot[column]
            row[:] = [entry - factor * p for entry, p in zip(row, pivot, strict=True)]
        rank += 1
    return rank
