"""Hypothesis strategies for data sets, networks and the numbers in them.

They describe domains, never distributions.  Everything is constructed, nothing filtered: degenerate data (zero and
repeated columns, repeated rows, all zero, more columns than rows) are among `data_sets` unless `degenerate=False`.
Numbers are small and dyadic, so that exact arithmetic on them is also exact in floats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from netprops.objects.data import Data, Matrix, one_hot
from netprops.objects.losses import Loss, loss
from netprops.objects.networks import ACTIVATIONS, NETWORK_LOSSES, Activation, Network, Params, Split, identity

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]
Range: TypeAlias = tuple[int, int]
Targets: TypeAlias = Literal["real", "nonpositive", "binary", "soft", "one-hot"]


# ---------------------------------------------------------------- numbers and matrices


def dyadics(low: float = -4, high: float = 4, denominator: int = 4) -> st.SearchStrategy[float]:
    """Multiples of 1/denominator (a power of two) from low to high."""
    ends = int(np.ceil(low * denominator)), int(np.floor(high * denominator))
    return st.integers(*ends).map(lambda k: k / denominator)


def nonzero_dyadics(high: float = 4, denominator: int = 4) -> st.SearchStrategy[float]:
    """Multiples of 1/denominator, of either sign, at most `high` in size and not 0."""
    sizes = st.integers(1, int(high * denominator)).map(lambda k: k / denominator)
    return st.tuples(sizes, st.sampled_from((1, -1))).map(lambda pair: pair[0] * pair[1])


def arrays(shape: int | Sequence[int], entries: st.SearchStrategy[float] | None = None) -> st.SearchStrategy[Matrix]:
    """Float arrays of a shape, whose entries are dyadic numbers unless told."""
    full = (shape,) if isinstance(shape, int) else tuple(shape)
    size = int(np.prod(full))
    cells = st.lists(dyadics() if entries is None else entries, min_size=size, max_size=size)
    return cells.map(lambda values: np.array(values, dtype=np.float64).reshape(full))


def whole_numbers(size: int = 2) -> st.SearchStrategy[float]:
    """Whole numbers from -size to size, as floats."""
    return st.integers(-size, size).map(float)


@st.composite
def nonzero_arrays(draw: Draw, shape: int | Sequence[int]) -> Matrix:
    """Float arrays of a shape, not all of whose entries are 0."""
    array: Matrix = draw(arrays(shape))
    array.flat[draw(st.integers(0, array.size - 1))] = draw(nonzero_dyadics())
    return array


@st.composite
def small_rank_one(draw: Draw, rows: int, columns: int) -> Matrix:
    """Matrices a b' that are not zero, in eighths, with entries at most 1/4 in size: for large shapes, few numbers."""
    a, b = draw(arrays(rows, whole_numbers(1))), draw(arrays(columns, whole_numbers(2)))
    a[draw(st.integers(0, rows - 1))], b[draw(st.integers(0, columns - 1))] = 1.0, draw(st.sampled_from((-2.0, 2.0)))
    product: Matrix = np.outer(a, b) / 8
    return product


# ---------------------------------------------------------------- data


def _as_drawn(draw: Draw, X: Matrix) -> Matrix:
    return X


def _zero_column(draw: Draw, X: Matrix) -> Matrix:
    X[:, draw(st.integers(0, X.shape[1] - 1))] = 0
    return X


def _repeated_column(draw: Draw, X: Matrix) -> Matrix:
    X[:, -1] = X[:, draw(st.integers(0, X.shape[1] - 1))]
    return X


def _repeated_rows(draw: Draw, X: Matrix) -> Matrix:
    chosen = st.integers(0, len(X) - 1)
    return X[draw(st.lists(chosen, min_size=len(X), max_size=len(X)))]


def _all_zero(draw: Draw, X: Matrix) -> Matrix:
    return np.zeros_like(X)


DEGENERATIONS: dict[str, Callable[[Draw, Matrix], Matrix]] = {
    "as drawn": _as_drawn,
    "a zero column": _zero_column,
    "a repeated column": _repeated_column,
    "repeated rows": _repeated_rows,
    "all zero": _all_zero,
}

TARGETS: dict[Targets, st.SearchStrategy[float]] = {
    "real": dyadics(),
    "nonpositive": dyadics(high=0),
    "binary": st.sampled_from((0.0, 1.0)),
    "soft": dyadics(1 / 16, 15 / 16, 16),
}


@st.composite
def inputs(draw: Draw, rows: Range = (1, 6), columns: Range = (1, 4), *, degenerate: bool = True) -> Matrix:
    """Input matrices of any such shape, degenerate ones among them by name unless `degenerate=False`."""
    X = draw(arrays((draw(st.integers(*rows)), draw(st.integers(*columns)))))
    name = draw(st.sampled_from(list(DEGENERATIONS))) if degenerate else "as drawn"
    return DEGENERATIONS[name](draw, X)


@st.composite
def data_sets(
    draw: Draw,
    rows: Range = (1, 6),
    columns: Range = (1, 4),
    outputs: Range | None = None,
    *,
    targets: Targets = "real",
    degenerate: bool = True,
    nonzero: bool = False,
) -> Data:
    """Any data of such shapes.

    Args:
        outputs: the number of target columns; None makes targets a vector.
        targets: "real", "nonpositive", "binary" (0 or 1), "soft" (strictly between) or "one-hot" (needs outputs).
        degenerate: whether degenerate inputs are among them.
        nonzero: whether some input is certainly not 0 (data otherwise as degenerate as they like).
    """
    X = draw(inputs(rows, columns, degenerate=degenerate))
    if nonzero:
        X[draw(st.integers(0, len(X) - 1)), draw(st.integers(0, X.shape[1] - 1))] = draw(nonzero_dyadics())
    width = None if outputs is None else draw(st.integers(*outputs))
    if targets == "one-hot":
        if width is None:
            raise ValueError("one-hot targets need a range of outputs")
        labels = draw(st.lists(st.integers(0, width - 1), min_size=len(X), max_size=len(X)))
        return Data(X, one_hot(labels, width))
    shape = (len(X),) if width is None else (len(X), width)
    return Data(X, draw(arrays(shape, TARGETS[targets])))


@st.composite
def targets_with_positive_sum(draw: Draw, rows: Range = (1, 4), columns: Range = (1, 3)) -> Data:
    """Any data with one target a row such that, at the first row's input, the targets add up to more than 0."""
    X = draw(inputs(rows, columns))
    y: Matrix = draw(arrays((len(X), 1)))
    there = (X[0] == X).all(axis=1)
    y[0] += draw(dyadics(1 / 4, 4)) - np.sum(y[there])
    return Data(X, y)


@st.composite
def matrices_to_swap(draw: Draw, *, equal: bool) -> tuple[Matrix, int, int]:
    """A matrix and two of its rows, i and j, which are equal or certainly not."""
    W: Matrix = draw(arrays((draw(st.integers(2, 4)), draw(st.integers(1, 3)))))
    i, j = draw(st.permutations(range(len(W))))[:2]
    W[j] = W[i]
    if not equal:
        W[j] += draw(nonzero_arrays(W.shape[1]))
    return W, i, j


# ---------------------------------------------------------------- separable or not


def _with_dependent_columns(draw: Draw, X: Matrix, count: int) -> Matrix:
    """More columns, each a combination of those of (X, 1) in whole numbers."""
    mix = draw(arrays((X.shape[1] + 1, count), whole_numbers()))
    return np.concatenate([X, X @ mix[:-1] + mix[-1]], axis=1)


def _whole_rows(draw: Draw, rows: Range, columns: int) -> Matrix:
    matrix: Matrix = draw(arrays((draw(st.integers(*rows)), columns), whole_numbers(4)))
    return matrix


@st.composite
def separable_data(draw: Draw, rows: Range = (1, 6), columns: Range = (1, 3), *, collinear: bool = False) -> Data:
    """Labels 0/1 that some hyperplane parts strictly, one class only included; `collinear` adds dependent columns."""
    d = draw(st.integers(*columns))
    X, w = _whole_rows(draw, rows, d), draw(arrays(d, whole_numbers()))
    # Whole numbers and an odd half never add up to 0.
    y = (X @ w + draw(st.integers(-4, 4)) + 0.5 > 0).astype(np.float64)
    return Data(_with_dependent_columns(draw, X, draw(st.integers(1, 2))) if collinear else X, y)


@st.composite
def quasi_separable_data(draw: Draw, rows: Range = (0, 4), columns: Range = (1, 3)) -> Data:
    """Labels 0/1 with a hyperplane that no row is on the wrong side of, one is strictly on its side of, and on which
    one input has both labels; `rows` counts the rows beside these three."""
    d = draw(st.integers(*columns))
    w, on_plane = draw(arrays(d, whole_numbers())), draw(arrays(d, whole_numbers(4)))
    w[draw(st.integers(0, d - 1))] = draw(st.sampled_from((-2.0, -1.0, 1.0, 2.0)))
    strict = on_plane + w * draw(st.sampled_from((-1.0, 1.0)))
    X = np.stack([on_plane, on_plane, strict, *_whole_rows(draw, rows, d)])
    scores = (X - on_plane) @ w
    either = draw(arrays(len(X), TARGETS["binary"]))
    y = np.where(scores == 0, either, (scores > 0).astype(np.float64))
    y[:2] = 0.0, 1.0
    return Data(X, y)


@st.composite
def overlapping_data(draw: Draw, columns: Range = (1, 3), *, full_rank: bool) -> Data:
    """Labels 0/1 that no hyperplane parts, with rows (x, 1) of full rank or not.

    Made of blocks that are balanced each by itself: one input with both labels; a midpoint against its two ends; the
    two diagonals of a parallelogram.  For full rank, the unit vectors and 0 with both labels; else a dependent column.
    """
    d = draw(st.integers(*columns))
    X, y = [], []
    for _ in range(draw(st.integers(1, 2))):
        a, b, c = draw(arrays((3, d), whole_numbers(3)))
        block = draw(st.sampled_from(([a, a], [(a + b) / 2, (a + b) / 2, a, b], [a, b, c, a + b - c])))
        flip = draw(st.booleans())
        X += block
        y += [float((i < len(block) / 2) != flip) for i in range(len(block))]
    if full_rank:
        corners = [*np.eye(d), np.zeros(d)]
        X += corners + corners
        y += [0.0] * (d + 1) + [1.0] * (d + 1)
    rows = np.stack(X)
    return Data(rows if full_rank else _with_dependent_columns(draw, rows, 1), np.array(y))


# ---------------------------------------------------------------- networks

HIDDEN: tuple[Activation, ...] = (jnp.tanh, jax.nn.sigmoid, jax.nn.relu, jax.nn.softplus, jax.nn.gelu)


@st.composite
def architectures(
    draw: Draw, depth: Range = (1, 5), width: Range = (1, 4), *, outputs: int | None = None
) -> tuple[int, ...]:
    """Widths (inputs, hidden ..., outputs) with so many layers of weights."""
    layers = draw(st.integers(*depth))
    widths = draw(st.lists(st.integers(*width), min_size=layers + 1, max_size=layers + 1))
    return (*widths[:-1], outputs or widths[-1])


@st.composite
def networks(
    draw: Draw,
    depth: Range = (1, 5),
    width: Range = (1, 4),
    *,
    hidden: Activation | Sequence[Activation] = HIDDEN,
    output: Activation = identity,
    loss_of: Loss | str = "squared",
    bias: bool | None = True,
    outputs: int | None = None,
) -> Network:
    """Networks of such depths and widths.

    Args:
        hidden: the activation of all hidden layers, or several to choose from.
        bias: with, without, or either (None).
        outputs: a fixed number of outputs.
    """
    widths = draw(architectures(depth, width, outputs=outputs))
    activation = hidden if callable(hidden) else draw(st.sampled_from(list(hidden)))
    with_bias = draw(st.booleans()) if bias is None else bias
    row = loss(loss_of) if isinstance(loss_of, str) else loss_of
    return Network(widths, hidden=activation, output=output, loss=row, bias=with_bias)


def linear_networks(
    depth: Range = (1, 5), width: Range = (1, 4), *, bias: bool | None = False
) -> st.SearchStrategy[Network]:
    """Networks of linear units with squared loss, without biases unless told."""
    return networks(depth, width, hidden=identity, bias=bias)


@st.composite
def data_for(
    draw: Draw, network: Network, rows: Range = (1, 4), *, degenerate: bool = True, nonzero: bool = False
) -> Data:
    """Any data of the network's numbers of inputs and outputs."""
    first, last = network.widths[0], network.widths[-1]
    made = data_sets(rows, (first, first), (last, last), degenerate=degenerate, nonzero=nonzero)
    data: Data = draw(made)
    return data


@st.composite
def correlated_data_for(draw: Draw, network: Network, rows: Range = (1, 4)) -> Data:
    """Any data of the network's numbers of inputs and outputs with X'Y not 0."""
    X, Y = draw(data_for(network, rows, nonzero=True))
    if not (X.T @ Y).any():
        column = int(np.argmax(np.abs(X).max(axis=0)))
        Y[:, draw(st.integers(0, Y.shape[1] - 1))] += X[:, column]
    return Data(X, Y)


@st.composite
def uncorrelated_data_for(draw: Draw, network: Network, rows: Range = (1, 3)) -> Data:
    """Data with X'Y = 0: inputs repeated with targets of opposite sign, or zero where the other is not."""
    X, Y = draw(data_for(network, rows))
    Z, O = np.zeros_like(X), np.zeros_like(Y)  # noqa: E741
    pairs = ((X, Y), (X, -Y)), ((X, O), (Z, Y)), ((X, O),), ((Z, Y),)
    blocks = draw(st.sampled_from(pairs))
    return Data(np.concatenate([x for x, _ in blocks]), np.concatenate([y for _, y in blocks]))


@st.composite
def deep_networks(
    draw: Draw,
    depth: Range = (2, 5),
    width: Range = (1, 4),
    *,
    hidden: Sequence[Activation] = ACTIVATIONS,
    losses: Sequence[str] = NETWORK_LOSSES,
    bias: bool | None = True,
) -> Network:
    """Networks with a linear last layer, of every such depth, width, hidden activation and loss.

    Softmax cross-entropy has at least two outputs: with one class it is constant.
    """
    chosen = loss(draw(st.sampled_from(list(losses))))
    made = networks(depth, width, hidden=hidden, loss_of=chosen, bias=bias)
    net: Network = draw(made)
    return net.with_widths(*net.widths[:-1], max(net.widths[-1], 2)) if chosen.joint else net


EXTREMES = (1e150, 1e-150, float(np.finfo(np.float64).max), float(np.finfo(np.float64).smallest_subnormal))


@st.composite
def any_data_for(draw: Draw, network: Network, rows: Range = (1, 4), *, extremes: bool = False) -> Data:
    """Any data of the network's numbers of inputs and outputs, targets where its loss has them.

    Zero, repeated and otherwise degenerate inputs are among them, and all targets zero or alike.  Targets are real, for
    the log loss labels in [0, 1], for softmax cross-entropy points of the simplex, which add up to 1 exactly.

    Args:
        extremes: whether there are also entries of the sizes `EXTREMES`, the largest and the smallest doubles included.
    """
    entries, labels = dyadics(), dyadics(0, 1, 16)
    if extremes:
        huge_and_tiny = st.tuples(st.sampled_from(EXTREMES), st.sampled_from((1, -1))).map(math.prod)
        entries, labels = entries | huge_and_tiny, labels | st.sampled_from([x for x in EXTREMES if x < 1])
    n = draw(st.integers(*rows))
    X = DEGENERATIONS[draw(st.sampled_from(list(DEGENERATIONS)))](draw, draw(arrays((n, network.widths[0]), entries)))
    if network.loss.joint:
        return Data(X, draw(simplex_points(n, network.widths[-1], extremes=extremes)))
    Y = draw(arrays((n, network.widths[-1]), labels if network.loss.name == "log loss of a logit" else entries))
    return Data(X, draw(st.sampled_from((Y, Y, np.zeros_like(Y), np.repeat(Y[:1], n, axis=0)))))


@st.composite
def simplex_points(draw: Draw, rows: int, classes: int, *, extremes: bool = False) -> Matrix:
    """Rows of nonnegative numbers that add up to 1 exactly: corners, or whole sixteenths; with `extremes` also numbers
    as small as 2^-53, and as near to 1."""
    whole = draw(st.sampled_from((1, 16, 2**53) if extremes else (1, 16)))
    places = st.sampled_from((0, 1, whole // 2, whole - 1, whole)) | st.integers(0, whole)
    cuts = draw(st.lists(st.lists(places, min_size=classes - 1, max_size=classes - 1), min_size=rows, max_size=rows))
    return np.stack([np.diff([0, *sorted(inner), whole]) / whole for inner in cuts])


@st.composite
def parameters(draw: Draw, domain: Params, entries: st.SearchStrategy[float] | None = None) -> Params:
    """Points of a domain of layers: arrays of small whole numbers unless told."""
    cells = whole_numbers() if entries is None else entries
    return tuple(tuple(draw(arrays(part.shape, cells)) for part in layer) for layer in domain)


def layers_of(network: Network, count: int) -> st.SearchStrategy[tuple[int, ...]]:
    """So many of the network's layers, counted from 0, in order."""
    return st.permutations(range(network.depth)).map(lambda order: tuple(sorted(order[:count])))


@st.composite
def frozen_layers(draw: Draw, split: Split, *, generic: bool = False) -> Params:
    """Values for the frozen layers, in whole numbers; often one of them is zero.

    With `generic`, all entries are positive, so that no product of them vanishes.
    """
    if generic:
        return draw(parameters(split.others, st.integers(1, 3).map(float)))  # type: ignore[no-any-return]
    others: Params = draw(parameters(split.others))
    zero = draw(st.sampled_from((None, *range(len(others)))))
    return tuple(tuple(np.zeros_like(p) if k == zero else p for p in layer) for k, layer in enumerate(others))


# ---------------------------------------------------------------- convex functions of one variable

_PIECES: dict[str, Callable[[Any], Any]] = {
    "t": lambda t: t,
    "t^2": jnp.square,
    "|t|": jnp.abs,
    "relu t": jax.nn.relu,
    "exp t": jnp.exp,
    "softplus t": jax.nn.softplus,
    "huber t": lambda t: loss("Huber").of(t, 0 * t),
    "log cosh t": lambda t: loss("log-cosh").of(t, 0 * t),
    "t^4": lambda t: t**4,
}


@dataclass(frozen=True)
class ConvexFunction:
    """g(t) = sum_i c_i phi_i(a_i t + b_i) with every phi_i convex and every c_i > 0; not constant."""

    terms: tuple[tuple[float, str, float, float], ...]  # c, phi, a, b

    def __call__(self, t: Any) -> Any:
        return sum(c * _PIECES[phi](a * t + b) for c, phi, a, b in self.terms)


@st.composite
def convex_functions(draw: Draw) -> ConvexFunction:
    """Non-constant convex functions on the line, kinked, smooth and affine ones."""
    size, slope, shift = dyadics(1 / 4, 2), nonzero_dyadics(2), dyadics(-2, 2)
    one = st.tuples(size, st.sampled_from(list(_PIECES)), slope, shift)
    curved = st.tuples(size, st.sampled_from([name for name in _PIECES if name != "t"]), slope, shift)
    # One affine term, or any number of curved ones: a sum of curved convex functions is never constant.
    return ConvexFunction(draw(st.one_of(one.map(lambda t: (t,)), st.lists(curved, min_size=1, max_size=3).map(tuple))))
