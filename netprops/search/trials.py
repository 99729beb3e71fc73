"""Many independent random runs of one function, on JAX's default device, compiled once.

A run is a function of a random key.  The runs of one piece are vectorised in tiles, one tile after the other inside one
executable; the last piece is filled up with runs that are thrown away, so that there is one shape.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from netprops import devices, sharing
from netprops.progress import Progress
from netprops.search import mesh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Array = np.ndarray[Any, Any]

_PIECES = 32  # of the runs at most, after each of which progress is told; what processes share
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
        _outcomes[memory] = _run(trial, text, count, seed, tile, what)
        if len(_outcomes) > _KEPT:
            _outcomes.popitem(last=False)
    return _outcomes[memory]


@dataclass(frozen=True)
class Ranges:
    """Runs 0 to `count` - 1 in ranges of one size, the last of which may be shorter."""

    count: int
    tile: int  # runs that are vectorised together
    size: int

    def __len__(self) -> int:
        return -(-self.count // self.size)

    def __getitem__(self, number: int) -> range:
        """The runs of a range."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        return range(number * self.size, min((number + 1) * self.size, self.count))


def ranges_of(count: int, tile: int) -> Ranges:
    """The ranges of so many runs in tiles of about this size: a matter of these two numbers alone."""
    tiles = -(-count // tile)
    tile = -(-count // tiles)  # as few runs too many as can be
    return Ranges(count, tile, tile * -(-tiles // _PIECES))


def _run(trial: Callable[[Any], Any], text: str, count: int, seed: int, tile: int, what: str) -> Any:
    ranges = ranges_of(count, tile)

    def run(seed: Any, start: Any) -> Any:
        keys = jax.vmap(jax.random.fold_in, in_axes=(None, 0))(jax.random.key(seed), start + jnp.arange(ranges.size))
        return jax.lax.map(trial, keys, batch_size=ranges.tile)

    key, progress = key_of(text, count, seed, tile=tile, what=what), Progress(what, count)
    mesh.agree("what they run", repr({**key, "device": ""}))
    if not mesh.is_alone() or (len(jax.devices()) > 1 and not sharing.is_used()):
        with mesh.in_one_go():
            return _joined(_on_all_devices(run, seed, ranges, progress))
    compiled = jax.jit(run)

    def part(number: int) -> Any:
        runs = ranges[number]
        outcomes = jax.tree.map(lambda array: np.asarray(array)[: len(runs)], compiled(seed, runs.start))
        progress.at(runs.stop)
        return outcomes

    def unpacked(number: int, payload: bytes) -> Any:
        made = jax.eval_shape(trial, jax.random.key(0))
        return jax.tree.unflatten(jax.tree.structure(made), unpack(payload, jax.tree.leaves(made), len(ranges[number])))

    def packed(outcomes: Any) -> bytes:
        return pack(jax.tree.leaves(outcomes))

    return _joined(sharing.ranges({**key, "what": "outcomes"}, len(ranges), part, packed, unpacked))


def _on_all_devices(
    run: Callable[[Any, Any], Any], seed: int, ranges: Ranges, progress: Progress
) -> Iterator[Any]:
    """The outcomes of each range, as many at once as there are devices: each as it comes out on one device alone."""
    at_once, spread = len(jax.devices()), mesh.spread(run, 1)
    for first in range(0, len(ranges), at_once):
        numbers = [min(number, len(ranges) - 1) for number in range(first, first + at_once)]
        outcomes = spread(seed, [ranges[number].start for number in numbers])
        for place, number in enumerate(range(first, min(first + at_once, len(ranges)))):
            yield jax.tree.map(lambda array, k=place, n=number: array[k][: len(ranges[n])], outcomes)
        progress.at(ranges[numbers[-1]].stop)


def _joined(parts: Iterable[Any]) -> Any:
    return jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)


def key_of(text: str, count: int, seed: int, *, tile: int, what: str) -> dict[str, Any]:
    """What tells the outcomes of runs from all others, to the last bit."""
    program, ranges = hashlib.sha256(text.encode()).hexdigest(), ranges_of(count, tile)
    sizes = {"count": count, "tile": ranges.tile, "size": ranges.size}
    return {"of": what, "program": program, "seed": seed, **sizes, **made_on()}


def made_on() -> dict[str, Any]:
    """What the last bits of floats depend on, beside the program and the versions: the device and the precision."""
    device = jax.devices()[0]
    kind = devices.cpu_key() if device.platform == devices.CPU else device.device_kind
    return {"device": kind, "x64": bool(jax.config.read("jax_enable_x64"))}  # type: ignore[no-untyped-call]


def pack(arrays: Sequence[Array]) -> bytes:
    """Arrays as bytes, for `unpack`."""
    buffer = io.BytesIO()
    np.savez(buffer, *arrays)
    return buffer.getvalue()


def unpack(payload: bytes, like: Sequence[Any], rows: int) -> list[Array]:
    """Arrays out of bytes: for each of `like` so many rows of its dtype and shape.  Raises `ValueError` for others."""
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as found:
            arrays = [found[name] for name in found.files]
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"it holds no arrays: {error}") from None
    if [(array.dtype, array.shape) for array in arrays] != [(each.dtype, (rows, *each.shape)) for each in like]:
        raise ValueError("its arrays are of another shape")
    return arrays


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
