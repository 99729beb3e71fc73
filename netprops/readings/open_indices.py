"""Indices made of truth values that stay open: the place of the first, or of the last, that holds.

``jnp.select`` takes the argmax of its conditions, ``jnp.piecewise`` the argmax of their running counts. Such an integer
serves to choose by, not to reckon with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netprops.readings.algebra import UnsupportedError

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Place:
    """The number beside the first truth value that holds; 0 if none does."""

    cases: tuple[tuple[Any, int], ...]


@dataclass(frozen=True, eq=False)
class Count:
    """How many of the first `among` entries of a list of truth values hold."""

    truths: tuple[Any, ...]
    among: int


def running_counts(truths: Array, axis: int) -> Array:
    """The running sums along an axis of truth values taken for 0 and 1."""

    def counts(row: Sequence[Any]) -> list[Count]:
        kept = tuple(row)
        return [Count(kept, k + 1) for k in range(len(kept))]

    moved = np.moveaxis(truths, axis, -1)
    out = np.empty(moved.shape, dtype=object)
    for place in np.ndindex(moved.shape[:-1]):
        out[place][:] = counts(list(moved[place]))
    return np.moveaxis(out, -1, axis)


def first_largest(entries: Array, axis: int) -> Array:
    """The argmax along an axis of truth values, or of all the running counts of a list of them.

    Of truth values it is the place of the first that holds; of running counts that of the last, where they become
    largest; 0 if none holds.

    Raises:
        UnsupportedError: of other counts.
    """
    moved = np.moveaxis(entries, axis, -1)
    out = np.empty(moved.shape[:-1], dtype=object)
    for place in np.ndindex(out.shape):
        row = list(moved[place])
        counted = any(isinstance(entry, Count) for entry in row)
        truths = list(enumerate(_counted(row) if counted else row))
        out[place] = _decided((truth, k) for k, truth in (reversed(truths) if counted else truths))
    known = all(isinstance(entry, int) for entry in out.reshape(-1))
    return out.astype(int) if known else _as_places(out)


def _counted(row: Sequence[Any]) -> tuple[Any, ...]:
    """The truth values of which the entries of a row are the running counts, all of them in order."""
    truths: tuple[Any, ...] = row[0].truths if isinstance(row[0], Count) else ()
    among = [entry.among if isinstance(entry, Count) and entry.truths is truths else None for entry in row]
    if among != list(range(1, len(truths) + 1)):
        raise UnsupportedError("an argmax of counts that are not the running counts of one list of comparisons")
    return truths


def _decided(cases: Iterable[tuple[Any, int]]) -> Place | int:
    """The cases up to the first that surely holds, without those that surely do not."""
    kept: list[tuple[Any, int]] = []
    for truth, k in cases:
        if not isinstance(truth, bool | np.bool_):
            kept.append((truth, k))
        elif truth:
            return Place((*kept, (True, k))) if kept else k
    return Place(tuple(kept)) if kept else 0


def _as_places(entries: Array) -> Array:
    flat = entries.reshape(-1)
    for i, entry in enumerate(flat):
        flat[i] = Place(((True, entry),)) if isinstance(entry, int) else entry
    return entries


def chosen(which: Place, cases: Sequence[Any], choose: Callable[[Any, Any, Any], Any]) -> Any:
    """The case at a place, by an algebra's choice `choose(truth, if_false, if_true)`."""
    value = cases[0]
    for truth, k in reversed(which.cases):
        value = choose(truth, value, cases[k])
    return value


def all_within(places: Array, low: int, high: int) -> bool:
    """Whether no place can lie outside [low, high]."""
    numbers: set[int] = {k for place in places.reshape(-1) for k in (0, *(k for _, k in place.cases))}
    return low <= min(numbers) and max(numbers) <= high
