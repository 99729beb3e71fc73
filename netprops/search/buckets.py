"""Networks of many shapes in one executable, so that a draw costs no compilation.

A compilation costs as much as a hundred thousand evaluations, and drawn architectures differ in shape. A network that
is recognised as one is therefore swept (`netprops.search.sweeps`) in an executable that goes through it unit by unit,
as a table says: where a unit's inputs and weights are, how many, and which activation is computed. So the number of
layers, units and inputs are trip counts of loops, and nothing is computed that the network does not have, but that
rows of data are padded to one of few numbers. Each step works on many points of the pool, several bases and all rows
of data at once. What enters the first layer's activations is affine in the weights: it is computed once for each point
of the pool, and mixed in place of the weights.

A program is recognised by its values: of all networks whose parameters have the shapes of its arguments, that with the
same costs at some points. That may be wrong elsewhere, and then proposes chords that are none: floats decide nothing.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import expit, logsumexp  # type: ignore[import-untyped]

from netprops.readings.floats import evaluate_batch
from netprops.search.sweeps import WEIGHTS, Chords, compiled, gap_of, on_threads, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from netprops.readings.jaxpr import Program

Array = np.ndarray[Any, Any]

WIDEST = 16  # layer at most, inputs and outputs among them
ROWS = (16, 64)
DEPTH = 6  # layers of weights at most
_PARAMETERS = DEPTH * (WIDEST * WIDEST + WIDEST)  # at most; the row after them is zeros, the bias of a unit without one
_LANES, _ACCELERATOR = 1 << 12, 1 << 22  # values of a unit that are computed at once: few are kept near a CPU
_TAKEN = (8, 2, 1)  # inputs of a unit that are added in one step, as many as there are
_AGREE = 1e-9  # share of a cost up to which two of them are equal

# Each as JAX has it, for the device, and as NumPy does, to recognise it without compiling anything.
ACTIVATIONS: tuple[tuple[Callable[[Any], Any], Callable[[Array], Any]], ...] = (
    (lambda z: z, lambda z: z),
    (jax.nn.relu, lambda z: np.maximum(z, 0.0)),
    (jax.nn.leaky_relu, lambda z: np.where(z >= 0, z, 0.01 * z)),
    (jax.nn.elu, lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0)))),
    (jax.nn.softplus, lambda z: np.logaddexp(z, 0.0)),
    (jnp.tanh, np.tanh),
    (jax.nn.sigmoid, expit),
    (jax.nn.silu, lambda z: z * expit(z)),
    (jax.nn.gelu, lambda z: 0.5 * z * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (z + 0.044715 * z**3)))),
    (jnp.sin, np.sin),
)
_ON_DEVICE = tuple(of_jax for of_jax, _ in ACTIVATIONS)


# What is known of a row's loss after some of its outputs: for a softmax the largest of them and the sum of exponentials
# less that one, and what is added up.
_Partial = tuple[Any, Any, Any]


def _added(of: Callable[[Any, Any], Any]) -> Callable[[_Partial, Any, Any], _Partial]:
    return lambda partial, p, y: (*partial[:2], partial[2] + of(p, y))


def _huber(p: Any, y: Any) -> Any:
    size = jnp.abs(p - y)
    return jnp.where(size <= 1.0, 0.5 * size**2, size - 0.5)


def _softmax_cross_entropy(partial: _Partial, p: Any, y: Any) -> _Partial:
    largest, total, added = partial
    larger = jnp.maximum(largest, p)
    return larger, total * jnp.exp(largest - larger) + jnp.exp(p - larger), added - y * p


# On the device (partial loss, output, target) -> partial loss, in NumPy (outputs, targets) -> losses of the rows.
LOSSES: tuple[tuple[Callable[[_Partial, Any, Any], _Partial], Callable[[Array, Array], Array]], ...] = (
    (_added(lambda p, y: (p - y) ** 2), lambda p, y: ((p - y) ** 2).sum(axis=-1)),
    (
        _added(_huber),
        lambda p, y: np.where(abs(p - y) <= 1.0, 0.5 * (p - y) ** 2, abs(p - y) - 0.5).sum(axis=-1),
    ),
    (_added(lambda p, y: jax.nn.softplus(p) - y * p), lambda p, y: (np.logaddexp(p, 0.0) - y * p).sum(axis=-1)),
    (_softmax_cross_entropy, lambda p, y: (-y * (p - logsumexp(p, axis=-1, keepdims=True))).sum(axis=-1)),
)
_LOSSES_ON_DEVICE = tuple(of_jax for of_jax, _ in LOSSES)
_SOFTMAX = _LOSSES_ON_DEVICE.index(_softmax_cross_entropy)


@dataclass(frozen=True)
class Shape:
    """A network: widths from inputs to outputs, which layers have biases, rows of data, places in the tables."""

    widths: tuple[int, ...]
    biases: tuple[bool, ...]
    rows: int
    activation: int
    loss: int
    scale: float  # of the sum of all losses

    @property
    def height(self) -> int:
        """The number of rows that its data is padded to."""
        return min(size for size in ROWS if size >= self.rows)


@dataclass(frozen=True, eq=False)
class Known:
    """A program recognised as the cost of a network, and its data: arrays, or None for the program's arguments."""

    shape: Shape
    data: tuple[Array, Array] | None


# ------------------------------------------------------------------ recognising


def recognised(program: Program, decision: int) -> Known | None:
    """The network whose cost the program is as a function of all its weights, or None."""
    layers = _layers([leaf.shape for leaf in program.arguments[:decision]])
    if layers is None or program.out_shapes != ((),):
        return None
    widths, biases = layers
    given = [leaf.shape for leaf in program.arguments[decision:]]
    arrays = [x for x in map(np.asarray, program.closed.consts) if x.dtype == np.float64]
    shapes = given or [x.shape for x in arrays]
    if len(shapes) != 2 or [s[1:] for s in shapes] != [(widths[0],), (widths[-1],)] or shapes[0][0] != shapes[1][0]:
        return None
    rows = shapes[0][0]
    if max(widths) > WIDEST or rows > ROWS[-1] or len(biases) > DEPTH:
        return None
    found = _guessed(program, decision, widths, biases, rows, None if given else (arrays[0], arrays[1]))
    return None if found is None else Known(found, None if given else (arrays[0], arrays[1]))


def _layers(shapes: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], tuple[bool, ...]] | None:
    """Widths, and which layers have biases, of arguments W, b, W, b, ... of which each b may be missing."""
    widths: list[int] = []
    biases: list[bool] = []
    for shape in shapes:
        if len(shape) == 2 and (not widths or shape[0] == widths[-1]):
            widths += [shape[1]] if widths else [*shape]
            biases.append(False)
        elif len(shape) == 1 and biases and not biases[-1] and shape[0] == widths[-1]:
            biases[-1] = True
        else:
            return None
    return (tuple(widths), tuple(biases)) if biases else None


def _guessed(
    program: Program,
    decision: int,
    widths: tuple[int, ...],
    biases: tuple[bool, ...],
    rows: int,
    data: tuple[Array, Array] | None,
) -> Shape | None:
    rng = np.random.Generator(np.random.Philox(key=7))
    points = [rng.standard_normal((4, *leaf.shape)) for leaf in program.arguments]
    true = np.asarray(evaluate_batch(program, points)[0])
    x, y = (np.broadcast_to(a, (4, *a.shape)) for a in data) if data else points[decision:]
    for k, (_, activation) in enumerate(ACTIVATIONS):
        outputs = _outputs(biases, activation, points[:decision], x)
        for number, (_, loss) in enumerate(LOSSES):
            with np.errstate(all="ignore"):
                ratio = true / loss(outputs, y).sum(axis=-1)
            if np.isfinite(ratio).all() and (np.abs(ratio - ratio[0]) <= _AGREE * np.abs(ratio[0])).all():
                return Shape(widths, biases, rows, k, number, float(ratio[0]))
    return None


def _outputs(biases: Sequence[bool], activation: Callable[[Array], Array], leaves: Sequence[Array], h: Array) -> Array:
    parts = iter(leaves)
    for k, has_bias in enumerate(biases):
        h = h @ next(parts)
        h = h + next(parts)[:, None, :] if has_bias else h
        h = activation(h) if k < len(biases) - 1 else h
    return h


# ------------------------------------------------------------------ sweeping


def sweep(
    known: Known, pool: Sequence[Array], rest: Sequence[Array], bases: Array, *, side: int = 1, quasi: bool = False
) -> Chords:
    """As `netprops.search.sweeps.sweep`, without ascent, in the executable of the network's bucket."""
    shape, (x, y) = known.shape, known.data or rest
    rows, count, height = len(pool[0]), len(bases), shape.height
    weights = np.resize(WEIGHTS, count)
    flat = np.concatenate([leaf.reshape(rows, -1) for leaf in pool], axis=1)
    tile, together = _tiling(rows, height)
    entering = _entering(shape, pool, x)
    in_tiles = _columns(_tiled(flat, tile), tile, _PARAMETERS + 1), _blocks(_tiled(entering, tile), height)
    of_pool = jax.device_put(in_tiles)
    numbers = np.uint32(shape.widths[-1]), np.uint32(WIDEST * _half(len(shape.biases))), np.int32(shape.loss)
    network = _columns(y[None], height, WIDEST)[0], np.arange(height) < shape.rows, *_table(shape), numbers, shape.scale
    real = np.arange(len(of_pool[0]) * tile) < rows

    def given(at: Array, w: Array) -> tuple[Any, ...]:
        of_bases = _columns(flat[at], together, _PARAMETERS + 1), _blocks(entering[at], height)
        return of_pool, of_bases, at, w, real, *network, float(side)

    parts = [given(*part) for part in _parts(bases, weights, together)]
    key = "network", quasi, *(np.shape(x) for x in jax.tree.leaves(parts[0][:6]))
    found = on_threads(compiled(key, lambda: _swept(quasi), parts[0]), parts)
    which, margins = (np.concatenate([x[1:].reshape(-1) for x in each])[:count] for each in zip(*found, strict=True))
    order = np.argsort(-margins, kind="stable")
    entries = np.zeros(count, dtype=int)
    return Chords(flat[which][order], flat[bases][order], weights[order], entries, margins[order], rows * (count + 1))


def _parts(bases: Array, weights: Array, together: int) -> list[tuple[Array, Array]]:
    """Bases and weights for each thread, equally many, as blocks (blocks, together) of what is worked on at once.

    The first block has weight 0: the values at the pool itself, so that the network stands in the program once.
    """
    parts = threads()
    blocks = -(-len(bases) // (together * parts))
    at, w = np.zeros((parts, 1 + blocks, together), np.int32), np.zeros((parts, 1 + blocks, together))
    for whole, given in ((at, bases), (w, weights)):
        rest = np.zeros(parts * blocks * together - len(given), given.dtype)
        whole[:, 1:] = np.concatenate([given, rest]).reshape(parts, blocks, together)
    return list(zip(at, w, strict=True))


def _tiling(rows: int, height: int) -> tuple[int, int]:
    """Points of the pool, and bases, that are worked on at once."""
    lanes = _LANES if jax.default_backend() == "cpu" else _ACCELERATOR
    tile = min(rows, max(1, lanes // (2 * height)))
    return tile, max(1, lanes // (tile * height))


def _tiled(points: Array, tile: int) -> Array:
    """What there is of N points, (N, ...), as (tiles, tile, ...), with zeros after the last."""
    tiles = -(-len(points) // tile)
    padded = np.zeros((tiles * tile, *points.shape[1:]))
    padded[: len(points)] = points
    return padded.reshape(tiles, tile, *points.shape[1:])


def _columns(points: Array, width: int, height: int) -> Array:
    """Points (K, N, n) as (K, height, width), one point a column, with zeros where there are none."""
    columns = np.zeros((len(points), height, width))
    columns[:, : points.shape[2], : points.shape[1]] = points.swapaxes(1, 2)
    return columns


def _entering(shape: Shape, pool: Sequence[Array], x: Array) -> Array:
    """What enters the activations of the first layer: (N, units, rows)."""
    z = (x @ pool[0]).swapaxes(1, 2)
    return z + pool[1][:, :, None] if shape.biases[0] else z


def _blocks(entering: Array, height: int) -> Array:
    """Values (K, N, units, rows) as (K, WIDEST + 1, N, height): zeros where there are none, and for later layers."""
    blocks = np.zeros((len(entering), WIDEST + 1, entering.shape[1], height))
    blocks[:, : entering.shape[2], :, : entering.shape[3]] = entering.swapaxes(1, 2)
    return blocks


def _half(layer: int) -> int:
    """Where the values of a layer are: in two places in turn, since only the layer before is read."""
    return layer % 2


def _table(shape: Shape) -> tuple[Array, np.uint32]:
    """A row for each unit: places of its value, of what enters it and of its inputs, their number, rows of weights and
    bias, the activation; how many units."""
    table = np.zeros((DEPTH * WIDEST, 8), np.uint32)
    row, start = 0, 0
    for k, ((m, n), has_bias) in enumerate(zip(itertools.pairwise(shape.widths), shape.biases, strict=True)):
        activation = shape.activation if k < len(shape.biases) - 1 else 0
        for unit in range(n):
            enters, inputs = (WIDEST, m) if k else (unit, 0)
            bias = start + m * n + unit if has_bias and k else _PARAMETERS
            places = WIDEST * _half(k + 1) + unit, enters, WIDEST * _half(k)
            table[row] = *places, inputs, start + unit, n, bias, activation
            row += 1
        start += m * n + n * has_bias
    return table, np.uint32(row)


def _swept(quasi: bool) -> Callable[..., Any]:
    def swept(pool: Any, of_bases: Any, at: Any, weights: Any, real: Any, Y: Any, there: Any, table: Any, units: Any,
              numbers: Any, scale: Any, side: Any) -> Any:  # fmt: skip
        tiles, _, tile = pool[0].shape
        real = real.reshape(tiles, tile)
        lanes = weights.shape[1], tile, len(there)
        costs = functools.partial(_costs, table, units, (Y, there), numbers)

        def from_bases(state: Any, block: Any) -> Any:
            values, heights = state
            base, places, w, number = block
            ends_there = heights.reshape(-1)[places][:, None]

            def on_tile(values: Any, part: Any) -> Any:
                points, ends, fine = part
                values, middle = costs(values, points, base, w)
                middle = scale * middle
                gap, noise, _ = gap_of(ends, middle, ends_there, w[:, None], side, quasi)
                margin = jnp.where(fine & jnp.isfinite(gap), gap / noise, -jnp.inf)
                best = jnp.argmax(margin, axis=1)
                return values, (best, jnp.max(margin, axis=1), jnp.where(number == 0, middle[0], ends))

            values, (best, margins, heights) = jax.lax.scan(on_tile, values, (pool, heights, real))
            k = jnp.argmax(margins, axis=0)
            which = k * tile + jnp.take_along_axis(best, k[None], axis=0)[0]
            return (values, heights), (which, jnp.max(margins, axis=0))

        start = jnp.zeros((2 * WIDEST, *lanes)), jnp.zeros((tiles, tile))
        return jax.lax.scan(from_bases, start, (of_bases, at, weights, jnp.arange(len(at))))[1]

    return swept


def _at(rows: Any, index: Any) -> Any:
    return jax.lax.dynamic_index_in_dim(rows, index, keepdims=False)


def _costs(
    table: Any, units: Any, data: Any, numbers: Any, values: Any, pool: Any, base: Any, w: Any
) -> tuple[Any, Any]:
    """All units' values, and the costs (bases, points) at ``(1 - w) point + w base``.

    The pool and the bases are given by their weights and by what enters the first layer, a row for each weight or unit.
    Indices are unsigned, since JAX would look for negative ones.  A weight is mixed where it is used.
    """
    (points, entering), (base, entering_base) = pool, base
    (Y, there), (outputs, first_output, loss) = data, numbers

    def mixed(row: Any) -> Any:
        return ((1.0 - w)[:, None] * _at(points, row) + (w * _at(base, row))[:, None])[:, :, None]

    def unit(number: Any, values: Any) -> Any:
        place, enters, source, inputs, weight, step, bias, activation = _at(table, number)
        z = (1.0 - w)[:, None, None] * _at(entering, enters) + (w[:, None] * _at(entering_base, enters))[:, None]
        z, done = z + mixed(bias), np.uint32(0)
        for several in map(np.uint32, _TAKEN):

            def add(k: Any, z: Any, several: np.uint32 = several, done: Any = done) -> Any:
                for i in (done + k * several + np.uint32(q) for q in range(several)):
                    z += mixed(weight + i * step) * _at(values, source + i)
                return z

            steps = (inputs - done) // several
            z = jax.lax.fori_loop(np.uint32(0), steps, add, z)
            done += steps * several
        z = jax.lax.switch(activation.astype(np.int32), _ON_DEVICE, z)
        return jax.lax.dynamic_update_index_in_dim(values, z, place, 0)

    def add_output(j: Any, partial: _Partial) -> _Partial:
        given = partial, _at(values, first_output + j), _at(Y, j)
        new: _Partial = jax.lax.switch(loss, _LOSSES_ON_DEVICE, *given)
        return new

    values = jax.lax.fori_loop(np.uint32(0), units, unit, values)
    none = jnp.zeros(values.shape[1:])
    largest, total, added = jax.lax.fori_loop(np.uint32(0), outputs, add_output, (none - jnp.inf, none, none))
    of_rows = jax.lax.cond(
        loss == _SOFTMAX, lambda: added + jnp.sum(Y, axis=0) * (largest + jnp.log(total)), lambda: added
    )
    return values, jnp.sum(jnp.where(there, of_rows, 0.0), axis=-1)
