"""Many independent random runs of one function, on JAX's default device, compiled once.

A run is a function of a random key.  The runs of one piece are vectorised in tiles, one tile after the other inside one
executable; the last piece is filled up with runs that are thrown away, so that there is one shape.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from netprops.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]

_PIECES = 8  # of the runs, after each of which progress is told
_KEPT = 64
_outcomes: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def text_of(trial: Callable[[Any], Any]) -> str:
    """The program of a run with its constants, as a text that is the same in every process."""
    closed = jax.make_jaxpr(lambda key: trial(key))(jax.random.key(0))
    constants = [(str(c.dtype), c.shape, c.tobytes().hex()) for c in map(np.asarray, closed.consts)]
    return _ADDRESS.sub("", f"{closed.jaxpr} {constants!r}")


def outcomes_of(trial: Callable[[Any], Any], text: str, count: int, seed: int, *, tile: int, what: str) -> Any:
    """The outcomes of so many runs with independent keys made of the seed: a pytree of NumPy arrays, (count, ...).

    Equal runs, which `text` tells, with an equal seed are made once.
    """
    memory = (text, count, seed)
    if memory not in _outcomes:
        _outcomes[memory] = _run(trial, count, seed, tile, what)
        if len(_outcomes) > _KEPT:
            _outcomes.popitem(last=False)
    return _outcomes[memory]


def _run(trial: Callable[[Any], Any], count: int, seed: int, tile: int, what: str) -> Any:
    tiles = -(-count // tile)
    tile = -(-count // tiles)  # as few runs too many as can be
    piece = tile * -(-tiles // _PIECES)

    @jax.jit
    def run(seed: Any, start: Any) -> Any:
        keys = jax.vmap(jax.random.fold_in, in_axes=(None, 0))(jax.random.key(seed), start + jnp.arange(piece))
        return jax.lax.map(trial, keys, batch_size=tile)

    progress, parts = Progress(what, count), []
    for start in range(0, count, piece):
        parts.append(jax.tree.map(np.asarray, run(seed, start)))
        progress.at(min(start + piece, count))
    return jax.tree.map(lambda *arrays: np.concatenate(arrays)[:count], *parts)


def lost(outcomes: Any, count: int) -> Array:
    """Which runs (count,) left a number that is not finite."""
    gone = np.zeros(count, dtype=bool)
    for array in jax.tree.leaves(outcomes):
        if np.issubdtype(array.dtype, np.floating):
            gone |= ~np.isfinite(array.reshape(count, -1)).all(axis=1)
    return gone


def happened(event: Callable[[Any], Any], outcomes: Any) -> Array:
    """Whether the event holds of each outcome: a truth value a run."""
    return np.asarray(jax.jit(jax.vmap(event))(outcomes))


def seed_of(*parts: Any) -> int:
    """A seed that depends on these parts, and on nothing else."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big") >> 1
