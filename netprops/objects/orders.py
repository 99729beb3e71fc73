"""The entries of arrays in another order: swaps, all rearrangements, and two orders that all others are made of."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any  # a JAX array, or a NumPy one of float64
Order: TypeAlias = "np.ndarray[Any, np.dtype[np.intp]]"  # x[order] has the entry order[k] of x in place k


def swap_and_cycle(n: int) -> tuple[Order, Order]:
    """The swap of the first two of n >= 2 places and the cycle of all of them: together they generate all n! orders.

    What neither of them changes, no permutation changes.
    """
    if n < 2:
        raise ValueError(f"{n} places have no order to change")
    return np.array([1, 0, *range(2, n)]), np.array([*range(1, n), 0])


def every_order(n: int) -> Order:
    """All n! orders, one a row: x[every_order(n)] has x in every order for its rows."""
    return np.array(list(itertools.permutations(range(n))), dtype=np.intp)


def rearrangements(x: Sequence[Any]) -> list[list[Any]]:
    """The different points that x comes to in all orders of its entries: n! of them when no two entries agree."""
    return [list(point) for point in sorted(set(itertools.permutations(x)))]


def swapped(array: Array, i: int, j: int, axis: int = 0) -> Array:
    """The array with its entries i and j along axis 0 or 1 changed about."""
    order = np.arange(array.shape[axis])
    order[[i, j]] = j, i
    return array[order] if axis == 0 else array[:, order]
