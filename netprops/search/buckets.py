"""Networks of many shapes in few executables: padded to a bucket of widths, so that a draw costs no compilation.

A compilation costs as much as a hundred thousand evaluations, and drawn architectures differ in shape. A network that
is recognised as one is therefore swept (`netprops.search.sweeps`) in an executable for all networks up to a width:
weights padded with zeros, which add units that nothing reads; the depth the trip count of a loop; activation and loss
chosen by index, outside of all batching, so that one of them is computed and not all. What padding cannot leave out is
masked: rows of data that are not there, and outputs, which a softmax would count.

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
from netprops.search.probes import own_settings
from netprops.search.sweeps import WEIGHTS, Chords, gap_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from netprops.readings.jaxpr import Program

Array = np.ndarray[Any, Any]

WIDTHS = (4, 6, 8, 12, 16)  # of the widest layer, inputs and outputs among them
ROWS = (16, 64)
DEPTH = 6  # layers of weights at most
_TILE = 1 << 17  # doubles of a layer's values in one tile
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


def _by_entry(of: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    return lambda p, y, there: jnp.sum(jnp.where(there, of(p, y), 0.0), axis=-1)


def _huber(p: Any, y: Any) -> Any:
    size = jnp.abs(p - y)
    return jnp.where(size <= 1.0, 0.5 * size**2, size - 0.5)


def _softmax_cross_entropy(p: Any, y: Any, there: Any) -> Any:
    least = jnp.where(there, p, -jnp.inf)
    return -jnp.sum(jnp.where(there, y * (p - jax.nn.logsumexp(least, axis=-1, keepdims=True)), 0.0), axis=-1)


# On the device (outputs, targets, which outputs are there) -> the loss of each row; in NumPy (outputs, targets) alone.
LOSSES: tuple[tuple[Callable[[Any, Any, Any], Any], Callable[[Array, Array], Array]], ...] = (
    (_by_entry(lambda p, y: (p - y) ** 2), lambda p, y: ((p - y) ** 2).sum(axis=-1)),
    (
        _by_entry(_huber),
        lambda p, y: np.where(abs(p - y) <= 1.0, 0.5 * (p - y) ** 2, abs(p - y) - 0.5).sum(axis=-1),
    ),
    (_by_entry(lambda p, y: jax.nn.softplus(p) - y * p), lambda p, y: (np.logaddexp(p, 0.0) - y * p).sum(axis=-1)),
    (_softmax_cross_entropy, lambda p, y: (-y * (p - logsumexp(p, axis=-1, keepdims=True))).sum(axis=-1)),
)
_LOSSES_ON_DEVICE = tuple(of_jax for of_jax, _ in LOSSES)


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
    def bucket(self) -> tuple[int, int]:
        """The width and the number of rows that it is padded to."""
        return _least(WIDTHS, max(self.widths)), _least(ROWS, self.rows)


@dataclass(frozen=True, eq=False)
class Known:
    """A program recognised as the cost of a network, and its data: arrays, or None for the program's arguments."""

    shape: Shape
    data: tuple[Array, Array] | None


def _least(sizes: Sequence[int], least: int) -> int:
    return min(size for size in sizes if size >= least)


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
    if max(widths) > WIDTHS[-1] or rows > ROWS[-1] or len(biases) > DEPTH:
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
    width, height = shape.bucket
    rows = len(pool[0])
    weights = np.tile(WEIGHTS, -(-len(bases) // len(WEIGHTS)))[: len(bases)]
    W, b = _padded(shape, pool, width)
    X, Y = (np.zeros((height, width)) for _ in range(2))
    X[: shape.rows, : shape.widths[0]], Y[: shape.rows, : shape.widths[-1]] = x, y
    there = np.arange(height) < shape.rows, np.arange(width) < shape.widths[-1]
    numbers = np.int32(len(shape.biases)), np.int32(shape.activation), np.int32(shape.loss)
    with own_settings():
        found = _swept(quasi)(W, b, X, Y, there, numbers, shape.scale, bases, weights, float(side))
    which, margins = map(np.asarray, found)
    flat = np.concatenate([leaf.reshape(rows, -1) for leaf in pool], axis=1)
    order = np.argsort(-margins, kind="stable")
    entries = np.zeros(len(bases), dtype=int)
    evaluations = rows * (len(bases) + 1)
    return Chords(flat[which][order], flat[bases][order], weights[order], entries, margins[order], evaluations)


def _padded(shape: Shape, leaves: Sequence[Array], width: int) -> tuple[Array, Array]:
    """All weights (DEPTH, N, width, width) and biases (DEPTH, N, 1, width), zeros where there are none."""
    rows, parts = len(leaves[0]), iter(leaves)
    W, b = np.zeros((DEPTH, rows, width, width)), np.zeros((DEPTH, rows, 1, width))
    for k, ((m, n), has_bias) in enumerate(zip(itertools.pairwise(shape.widths), shape.biases, strict=True)):
        W[k, :, :m, :n] = next(parts)
        if has_bias:
            b[k, :, 0, :n] = next(parts)
    return W, b


@functools.cache
def _swept(quasi: bool) -> Any:
    def swept(W: Any, b: Any, X: Any, Y: Any, there: Any, numbers: Any, scale: Any, bases: Any, weights: Any,
              side: Any) -> Any:  # fmt: skip
        rows: int = W.shape[1]
        height, width = X.shape
        tile = max(1, min(rows, _TILE // (height * width)))
        tiles = -(-rows // tile)
        spare = [(0, 0), (0, tiles * tile - rows), (0, 0), (0, 0)]
        cut = [jnp.pad(x, spare).reshape(DEPTH, tiles, tile, *x.shape[2:]).swapaxes(0, 1) for x in (W, b)]
        real = (jnp.arange(tiles * tile) < rows).reshape(tiles, tile)
        costs = functools.partial(_cost_of_tile, X, Y, there, numbers, scale)

        def from_base(heights: Any, one: Any) -> Any:
            """The first time, of weight 0, the values at the pool itself: so the network stands in the program once."""
            base, w, number = one

            def of_base(k: Any) -> Any:
                return tuple(jax.lax.dynamic_slice_in_dim(x[k], base, 1) for x in (W, b))

            end = heights.reshape(-1)[base]

            def on_tile(part: Any) -> Any:
                weights_of, ends, fine = part
                middle = costs(weights_of, of_base, w)
                gap, noise, _ = gap_of(ends, middle, end, w, side, quasi)
                margin = jnp.where(fine & jnp.isfinite(gap), gap / noise, -jnp.inf)
                best = jnp.argmax(margin)
                return best, margin[best], jnp.where(number == 0, middle, ends)

            places, margins, heights = jax.lax.map(on_tile, (cut, heights, real))
            k = jnp.argmax(margins)
            return heights, (k * tile + places[k], margins[k])

        turns = jnp.concatenate([bases[:1], bases]), jnp.concatenate([jnp.zeros(1), weights])
        _, found = jax.lax.scan(from_base, jnp.zeros((tiles, tile)), (*turns, jnp.arange(len(bases) + 1)))
        return tuple(x[1:] for x in found)

    return jax.jit(swept)


def _cost_of_tile(
    X: Any, Y: Any, there: Any, numbers: Any, scale: Any, part: Any, base: Callable[[Any], Any], w: Any
) -> Any:
    """Costs (tile,) at ``(1 - w) part + w base``; a layer is mixed where it is used, so that no unused one is."""
    (rows_there, outputs_there), (depth, activation, loss) = there, numbers
    W, b = part

    def layer(k: Any, h: Any) -> Any:
        of_base = base(k)
        mixed_W, mixed_b = ((1.0 - w) * x[k] + w * y for x, y in zip((W, b), of_base, strict=True))
        return jnp.matmul(h, mixed_W, precision="highest") + mixed_b

    start = jnp.broadcast_to(X, (W.shape[1], *X.shape))
    h = jax.lax.fori_loop(0, depth - 1, lambda k, h: jax.lax.switch(activation, _ON_DEVICE, layer(k, h)), start)
    by_row = jax.lax.switch(loss, _LOSSES_ON_DEVICE, layer(depth - 1, h), Y, outputs_there)
    return scale * jnp.sum(jnp.where(rows_there, by_row, 0.0), axis=-1)
