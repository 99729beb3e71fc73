"""Searching at the speed of the device: pairs of points reused, a search in two executables.

To draw points costs more than to evaluate them. So a *pool* of N points is drawn once and evaluated once, and each of
S *bases* among them is joined to all of them: N S chords for N (S + 1) evaluations, at points ``(1 - w) x_t + w x_s``
that are made where they are used: `lax.map` over tiles of the pool and, within a tile, `lax.scan` over the bases, so
that a tile is read once and stays near the processor until all bases have met it. Where a program is a function of
values that are affine in what varies (the pre-activations of a network's first layer), those values are computed once
for the pool and mixed in place of the points, because mixtures of points have mixtures of values. In a second
executable follow ascent on the violation by its gradient, from the most promising chords, and Lanczos' method on
Hessian-vector products at some of the points.

The pool is sharded over the devices of this process; a CPU is one, and its pool is shared out among threads, since XLA
leaves the small steps of a tile to one. A program is compiled once for each size of pool; its constants and what is
quantified are arguments. Floats propose chords; they decide nothing.
"""

from __future__ import annotations

import functools
import math
import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from netprops import devices
from netprops.domains import reals
from netprops.readings.affine import affine_cut
from netprops.readings.floats import cost, shape_key
from netprops.readings.jaxpr import lifted
from netprops.search.probes import gradient_and_product, is_differentiable, lanczos, own_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from netprops.readings.jaxpr import Program

Array = np.ndarray[Any, Any]

WEIGHTS = (0.5, 0.5, 0.25, 0.5, 0.5, 0.75)  # of the base, in turn
# Doubles of the widest value of a tile: one thread's share on a CPU, a CPU's cache, an accelerator's memory.
_THREAD, _CACHE, _ACCELERATOR = 1 << 13, 1 << 17, 1 << 24
_FEWEST = 16  # points of a tile on one thread: fewer cost more in starting loops than threads cost in meeting
_CLIMBERS, _CLIMBS = 32, 24  # chords that ascend, and steps of each
_PROBED = 8  # points at which Lanczos' method runs
_LENGTHS = (1.0, 2.0**-4, 2.0**-9)  # of the chords along what it finds
_KEPT = 16
_compiled: OrderedDict[Any, Any] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Chords:
    """Chords (K, n) from `a` to `b` with the weight of b, the entry, and the margin over rounding; best first."""

    a: Array
    b: Array
    weights: Array
    entries: Array
    margins: Array
    evaluations: int


def tile_for(program: Program, rows: int) -> int:
    """How many points are evaluated at a time: a power of two, as many as keep the widest value near the processor.

    On a CPU that is the nearest cache, where the compiler leaves all of a tile to one thread: to divide among threads
    what takes them microseconds costs more than it brings. Points too wide for that are divided, in larger tiles.
    """
    width = max(cost(program).widest, *(leaf.size for leaf in program.arguments))
    room = _ACCELERATOR
    if jax.default_backend() == "cpu":
        room = _THREAD if width * _FEWEST <= _THREAD else _CACHE
    return int(2 ** math.floor(math.log2(min(max(room / width, 8), max(rows, 8)))))


def rows_for(program: Program, rows: int) -> int:
    """So many points or a few more: whole tiles on every device, so that pools of about one size are one shape."""
    unit = tile_for(program, rows) * jax.local_device_count()
    return -(-rows // unit) * unit


def sweep(
    program: Program,
    pool: Sequence[Array],
    rest: Sequence[Array],
    bases: Array,
    ends: tuple[Array, Array],
    *,
    side: int = 1,
    quasi: bool = False,
    climb: bool = True,
    mix_values: bool = True,
) -> Chords:
    """Chords between points of the pool above which (side -1: below which) the function rises most.

    Args:
        pool: the first, varying arguments at N points, one array (N, *shape) each; N as `rows_for` says.
        rest: the other arguments, the same at both ends of every chord.
        bases: places (S,) in the pool.
        ends: arrays (n,) that a climbing point is kept between.
        side: of the violation, as for `falsify.against_convexity`.
        quasi: whether the middle is compared with the higher end in place of the chord.
        climb: whether ascent and Lanczos' method follow; left out where JAX cannot differentiate the program.
        mix_values: whether affine values may be mixed in place of points.
    """
    rows, count = len(pool[0]), len(bases)
    given = [np.asarray(c) for c in program.closed.consts], list(rest)
    weights = np.resize(WEIGHTS, count)
    which, entries, margins, scores = _joined(program, given, pool, bases, weights, side, quasi, mix_values)
    per_device = len(which) // count
    weights, at = np.repeat(weights, per_device), np.repeat(bases, per_device)
    found = [_flat(pool, which), _flat(pool, at), weights, entries, margins]
    if climb:
        best = np.argsort(-np.where(np.isfinite(scores), scores, -np.inf), kind="stable")[:_CLIMBERS]
        starts = *(x[best] for x in (found[0], found[1], entries)), _flat(pool, np.arange(min(_PROBED, rows)))
        if climbed := _climbed(program, given, starts, ends, side, quasi):
            a, b, entries, margins = climbed
            added = a, b, np.full(len(a), 0.5), entries, margins
            found = [np.concatenate(pair) for pair in zip(found, added, strict=True)]
    order = np.argsort(-np.where(np.isfinite(found[-1]), found[-1], -np.inf), kind="stable")
    a, b, weights, entries, margins = (x[order] for x in found)
    return Chords(a, b, weights, entries, margins, rows * (count + 1))


def _flat(pool: Sequence[Array], places: Array) -> Array:
    """These points of the pool as rows; the pool itself is long, and is not copied."""
    return np.concatenate([x[places].reshape(len(places), -1) for x in pool], axis=1)


@functools.cache
def threads() -> int:
    """On how many threads executables are run at once: on a CPU alone, one device however many cores it has."""
    alone = jax.default_backend() == "cpu" and jax.local_device_count() == 1
    return devices.threads(os.environ) if alone else 1


def on_threads(executable: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[tuple[Array, ...]]:
    """What the executable returns for each part, one thread for each."""
    with ThreadPoolExecutor(len(parts)) as workers:
        return list(workers.map(lambda given: tuple(map(np.asarray, executable(*given))), parts))


def compiled(key: tuple[Any, ...], make: Callable[[], Callable[..., Any] | None], given: tuple[Any, ...]) -> Any:
    """The executable of a function for what is like `given`, kept by its key; None for none."""
    key = (*key, jax.default_backend(), jax.local_device_count())
    if key not in _compiled:
        function = make()
        with own_settings():
            _compiled[key] = function and jax.jit(function).lower(*given).compile()
        if len(_compiled) > _KEPT:
            _compiled.popitem(last=False)
    _compiled.move_to_end(key)
    return _compiled[key]


# ------------------------------------------------------------------ the executables


def _joined(
    program: Program,
    given: tuple[Any, Any],
    pool: Sequence[Array],
    bases: Array,
    weights: Array,
    side: int,
    quasi: bool,
    mix_values: bool,
) -> tuple[Array, Array, Array, Array]:
    """The place, entry, margin and score of each base's best chord on each device, bases first."""
    rows = len(pool[0])
    own = rows // jax.local_device_count()
    tile = min(tile_for(program, own), own)
    share = tile * -(-rows // (tile * threads()))  # of a thread; the last shares some points with the one before
    starts = [min(k * share, rows - share) for k in range(-(-rows // share))]
    tail = [x[bases] for x in pool], weights.astype(pool[0].dtype), float(side)
    parts = [(*given, [x[start : start + share] for x in pool], *tail) for start in starts]
    key = "joined", shape_key(program), len(pool), share, len(bases), quasi, mix_values
    executable = compiled(key, lambda: _on_devices(_join(program, len(pool), tile, quasi, mix_values)), parts[0])
    found = [np.stack(each) for each in zip(*on_threads(executable, parts), strict=True)]
    found[0] = found[0] + np.reshape(starts, (-1, 1, 1))
    best = found[2].argmax(axis=0)[None]  # of the threads: the first where chords are equal, as on one
    which, entry, margin, score = (np.take_along_axis(x, best, axis=0)[0].T.reshape(-1) for x in found)
    return which, entry, margin, score


def _on_devices(join: Callable[..., Any]) -> Callable[..., Any]:
    mesh = Mesh(np.array(jax.local_devices()), ("pool",))
    sharded, whole = PartitionSpec("pool"), PartitionSpec()  # type: ignore[no-untyped-call]
    split: Callable[..., Any] = jax.shard_map(
        lambda *given: join(*given, jax.lax.axis_index("pool")),
        mesh=mesh, in_specs=(whole, whole, sharded, whole, whole, whole), out_specs=(sharded,) * 4,
        check_vma=False,  # the equations of a program know nothing of shards
    )  # fmt: skip
    return split


def _climbed(
    program: Program,
    given: tuple[Any, Any],
    starts: tuple[Array, ...],
    ends: tuple[Array, Array],
    side: int,
    quasi: bool,
) -> tuple[Array, ...] | None:
    """Ends, entries and margins of chords risen from given ones, and along Lanczos' directions at given points."""
    decision = len(program.arguments) - len(given[1])

    def both() -> Callable[..., Any] | None:
        if not is_differentiable(program, decision):
            return None
        climbed, bent = _ascent(program, decision, quasi), _bent(program, decision, quasi)

        def climb(consts: Any, rest: Any, a: Any, b: Any, entries: Any, points: Any, ends: Any, side: Any) -> Any:
            found = climbed(consts, rest, a, b, entries, ends, side), bent(consts, rest, points, ends, side)
            return [jnp.concatenate(pair) for pair in zip(*found, strict=True)]

        return climb

    key = "climb", shape_key(program), decision, *(x.shape for x in starts), quasi
    arguments = *given, *starts, ends, float(side)
    executable = compiled(key, both, arguments)
    return executable and tuple(map(np.asarray, executable(*arguments)))


def gap_of(a: Any, m: Any, b: Any, w: Any, side: Any, quasi: bool) -> tuple[Any, Any, Any]:
    """The violation, the rounding noise to be expected in it, and the change of the function along the chord."""
    numbers = np.finfo(m.dtype)
    noise = float(numbers.eps) * (jnp.abs(a) + jnp.abs(m) + jnp.abs(b)) + 1e8 * float(numbers.tiny)
    above = side * m - jnp.maximum(side * a, side * b) if quasi else side * (m - ((1.0 - w) * a + w * b))
    return above, noise, jnp.abs(a - m) + jnp.abs(b - m) + 1e4 * noise


def _values(program: Program) -> Callable[..., Any]:
    function = lifted(program)
    return lambda *given: jnp.concatenate([y.reshape(-1) for y in function(*given)])


def _parts(program: Program, decision: int, mix_values: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two functions: ``(consts, rest, arguments) -> affine values`` and ``(consts, rest, values) -> (E,)``.

    The affine values are the arguments themselves where computing others would not pay.
    """
    whole = _values(program)
    cut = affine_cut(program, decision) if mix_values else None
    if cut is not None:
        outer = cut.outer([reals(shape) for shape in cut.inner.out_shapes])
        wide = sum(map(math.prod, cut.inner.out_shapes))
        if cost(outer).operations + wide < cost(program).operations + sum(b.size for b in program.arguments[:decision]):
            inner, rest_of = lifted(cut.inner), _values(outer)
            return (
                lambda consts, rest, given: list(inner(*consts, *given, *rest)),
                lambda consts, rest, values: rest_of(*consts, *values, *rest),
            )
    return (
        lambda consts, rest, given: list(given),
        lambda consts, rest, values: whole(*consts, *values, *rest),
    )


def _join(program: Program, decision: int, tile: int, quasi: bool, mix_values: bool) -> Callable[..., Any]:
    """On one device: each base joined to its part of the pool; (1, S) of place, entry, margin and score each."""
    affine, bent = _parts(program, decision, mix_values)

    def join(consts: Any, rest: Any, pool: Any, at: Any, weights: Any, side: Any, number: Any) -> Any:
        rows = len(pool[0])
        enter = jax.vmap(functools.partial(affine, consts, rest))
        evaluate = jax.vmap(functools.partial(bent, consts, rest))
        tiled = [x.reshape(rows // tile, tile, *x.shape[1:]) for x in pool]
        bases = enter(at)
        each = bases, evaluate(bases), weights

        def on_tile(part: Any) -> Any:
            values = enter(part)
            ends = evaluate(values)

            def from_base(_: Any, one: Any) -> Any:
                base, height, w = one
                middle = evaluate([(1.0 - w) * x + w * y for x, y in zip(values, base, strict=True)])
                gap, noise, change = (x.reshape(-1) for x in gap_of(ends, middle, height, w, side, quasi))
                margin = jnp.where(jnp.isfinite(gap), gap / noise, -jnp.inf)
                best = jnp.argmax(margin)
                return None, (
                    best,
                    margin[best],
                    jnp.where(jnp.isfinite(gap[best]), gap[best] / change[best], -jnp.inf),
                )

            return jax.lax.scan(from_base, None, each)[1]

        places, margins, scores = jax.lax.map(on_tile, tiled)  # (tiles, S) each
        k = jnp.argmax(margins, axis=0)
        places, margins, scores = (jnp.take_along_axis(x, k[None], axis=0) for x in (places, margins, scores))
        row, entry = jnp.divmod(places, sum(map(math.prod, program.out_shapes)))
        return number * rows + k[None] * tile + row, entry, margins, scores

    return join


def _reshaped(program: Program, decision: int) -> Callable[[Any], list[Any]]:
    leaves = program.arguments[:decision]
    starts = np.cumsum([0, *(leaf.size for leaf in leaves)]).tolist()
    return lambda x: [x[starts[k] : starts[k + 1]].reshape(leaf.shape) for k, leaf in enumerate(leaves)]


def _chord_of(program: Program, decision: int, quasi: bool) -> Callable[..., Any]:
    """``(consts, rest, a, b, side) -> (gap, noise, change)`` of all entries, halfway, for flat points a and b."""
    whole, shaped = _values(program), _reshaped(program, decision)

    def chord(consts: Any, rest: Any, a: Any, b: Any, side: Any) -> Any:
        low, middle, high = (whole(*consts, *shaped(x), *rest) for x in (a, 0.5 * (a + b), b))
        return gap_of(low, middle, high, 0.5, side, quasi)

    return chord


def _ascent(program: Program, decision: int, quasi: bool) -> Callable[..., Any]:
    """Ascent on the gap over the change of the function: steps of falling size along the gradient, the best kept."""
    chord = _chord_of(program, decision, quasi)

    def climbed(consts: Any, rest: Any, A: Any, B: Any, entries: Any, ends: Any, side: Any) -> Any:
        def score(pair: Any, entry: Any) -> Any:
            gap, noise, change = chord(consts, rest, pair[0], pair[1], side)
            return gap[entry] / change[entry], gap[entry] / noise[entry]

        def one(a: Any, b: Any, entry: Any) -> Any:
            def step(k: Any, state: Any) -> Any:
                pair, best, best_pair, margin = state
                (height, here), slope = jax.value_and_grad(score, has_aux=True)(pair, entry)
                better = jnp.isfinite(height) & (height > best)
                best_pair = jnp.where(better, pair, best_pair)
                margin, best = jnp.where(better, here, margin), jnp.where(better, height, best)
                size = jnp.max(jnp.abs(slope), axis=1, keepdims=True)
                fine = jnp.isfinite(slope).all() & (size > 0)
                extent = jnp.maximum(jnp.max(jnp.abs(best_pair[1] - best_pair[0])), 1e-6) * 0.5 * 0.8**k
                moved = best_pair + jnp.where(fine, extent * slope / jnp.where(size > 0, size, 1.0), 0.0)
                return jnp.clip(moved, *ends), best, best_pair, margin

            start = jnp.stack([a, b])
            lowest = jnp.asarray(-jnp.inf)
            _, _, pair, margin = jax.lax.fori_loop(0, _CLIMBS, step, (start, lowest, start, lowest))
            return pair[0], pair[1], entry, margin

        return jax.vmap(one)(A, B, entries)

    return climbed


def _bent(program: Program, decision: int, quasi: bool) -> Callable[..., Any]:
    """Chords along Lanczos' most negative directions of entry 0, at the given points."""
    chord = _chord_of(program, decision, quasi)
    _, product = gradient_and_product(program, decision)
    shaped = _reshaped(program, decision)

    def bent(consts: Any, rest: Any, points: Any, ends: Any, side: Any) -> Any:
        low, high = ends

        def one(x: Any) -> Any:
            start = jnp.cos(jnp.arange(1.0, 1.0 + len(x)))  # no symmetry of a network keeps it
            along, _ = lanczos(lambda v: side * product(consts, [*shaped(x), *rest], x, v), start)
            along = jnp.where(jnp.isfinite(along), along, 0.0)
            return jnp.stack([x - h * along for h in _LENGTHS]), jnp.stack([x + h * along for h in _LENGTHS])

        A, B = (jnp.clip(part.reshape(-1, points.shape[1]), low, high) for part in jax.vmap(one)(points))
        gap, noise, _ = jax.vmap(lambda a, b: chord(consts, rest, a, b, side))(A, B)
        margins = jnp.where(jnp.isfinite(gap), gap / noise, -jnp.inf)
        best = jnp.argmax(margins, axis=1)
        return A, B, best, jnp.take_along_axis(margins, best[:, None], axis=1)[:, 0]

    return bent
