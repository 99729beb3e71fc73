"""Hypothesis strategies for networks with minima that can be certified."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from netprops.domains import box, reals
from netprops.objects.autoencoder import CriticalAutoencoder
from netprops.objects.data import Data
from netprops.objects.duplicated_units import SMOOTH, BalancedUnit, Duplication
from netprops.objects.interpolation import kernel
from netprops.objects.minima import Taught
from netprops.objects.networks import Activation, Network, Params
from netprops.objects.silent_units import is_constant_best
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace
from netprops.strategies.networks import (
    architectures,
    arrays,
    data_for,
    dyadics,
    inputs,
    networks,
    parameters,
    whole_numbers,
)

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]


def _directions(inputs: int) -> list[tuple[int, ...]]:
    """Twice the incoming weights of possible units: not 0, and one of each pair of opposites."""
    reach = 4 if inputs == 1 else 2
    whole = itertools.product(range(-reach, reach + 1), repeat=inputs)
    return [u for u in whole if u > (0,) * inputs]


@st.composite
def taught_networks(
    draw: Draw,
    units: tuple[int, int] = (2, 3),
    columns: tuple[int, int] = (1, 2),
    hidden: Sequence[Activation] = (jnp.tanh,),
) -> Taught:
    """One hidden layer of different units, none of them idle, without biases, fitted as well as it can be fitted.

    The units' incoming weights are pairwise neither equal nor opposite and the outgoing ones not 0, so that the network
    is irreducible (Sussmann 1992): its outputs' derivatives by the weights are linearly independent functions.
    """
    d = draw(st.integers(*columns))
    possible = _directions(d)
    count = draw(st.integers(units[0], min(units[1], len(possible))))
    chosen = draw(st.lists(st.sampled_from(possible), min_size=count, max_size=count, unique=True))
    signs = draw(st.lists(st.sampled_from((1, -1)), min_size=count, max_size=count))
    W = np.array(chosen, dtype=np.float64).T * np.array(signs)[None, :] / 2
    v = draw(st.lists(st.sampled_from((-2.0, -1.0, 1.0, 2.0)), min_size=count, max_size=count))
    net = Network((d, count, 1), hidden=draw(st.sampled_from(list(hidden))), bias=False)
    spread = draw(st.sampled_from((0.0, 0.5, 1.0)))
    return Taught(net, ((W,), (np.array(v)[:, None],)), _inputs(d), spread)


@st.composite
def half_spaces(draw: Draw, domain: Any) -> Any:
    """The points of a pytree of whole spaces with one coordinate above 0, or below; together they are all but 0."""
    boxes, structure = jax.tree.flatten(domain)
    place = draw(st.integers(0, len(boxes) - 1))
    low, high = (np.full(boxes[place].shape, end).reshape(-1) for end in (-np.inf, np.inf))
    (low if draw(st.booleans()) else high)[draw(st.integers(0, low.size - 1))] = 0
    boxes[place] = box(low.reshape(boxes[place].shape), high.reshape(boxes[place].shape), open=True)
    return jax.tree.unflatten(structure, boxes)


@st.composite
def repeated_inputs(draw: Draw, columns: tuple[int, int] = (1, 3)) -> tuple[np.ndarray[Any, np.dtype[np.float64]], Any]:
    """Inputs whose last column is a combination m of the others in whole numbers, and (m, -1), which they take to 0."""
    X = draw(inputs((1, 4), columns))
    m = draw(arrays(X.shape[1], whole_numbers()))
    return np.concatenate([X, (X @ m)[:, None]], axis=1), np.append(m, -1.0)


def _inputs(columns: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Twelve inputs, enough for three units: no coordinate, and no opposite of one, comes twice in a column."""
    second = (5, -9, 2, 12, -4, 7, -1, 10, 3, -8, 6, -11)
    return np.array([range(1, 13), second], dtype=np.float64).T[:, :columns] / 4


# ---------------------------------------------------------------- data by what the best constant is against them


@st.composite
def data_beyond_constants(draw: Draw, network: Network, rows: tuple[int, int] = (2, 4)) -> Data:
    """Any data of the network's numbers of inputs and outputs that some function of the inputs fits better than a
    constant does; repeated inputs with different targets among them."""
    X, Y = draw(data_for(network, rows))
    if is_constant_best(X, Y):  # one input becomes a new one, with a target other than the rest's mean
        X[0, 0], Y[0] = X[1:, 0].max() + 1, Y[1:].mean(axis=0) + 1
    return Data(X, Y)


@st.composite
def data_fitted_by_constants(draw: Draw, network: Network, rows: tuple[int, int] = (1, 2)) -> Data:
    """Any inputs, each twice or more, with targets c + e and c - e: no function of them fits better than c does."""
    X, E = draw(data_for(network, rows))
    c = draw(arrays(network.widths[-1]))
    return Data(np.concatenate([X, X]), np.concatenate([c[None, :] + E, c[None, :] - E]))


@st.composite
def interpolable_data(draw: Draw, network: Network, repeated: tuple[int, int] = (0, 2)) -> Data:
    """Two inputs or more, one more than the network's narrowest hidden layer has units at most; targets not all equal.

    The inputs' sums of coordinates are powers of two apart, so that dyadic weights interpolate.  Rows may come several
    times, each time with the same target.
    """
    columns, outputs, most = network.widths[0], network.widths[-1], min(network.widths[1:-1])
    gaps = draw(st.lists(st.sampled_from((1.0, 0.5, 2.0)), min_size=1, max_size=most))
    X = draw(arrays((len(gaps) + 1, columns)))
    X[:, 0] += np.cumsum([draw(dyadics()), *gaps]) - X.sum(axis=1)
    Y = draw(arrays((len(X), outputs)))
    if (Y[0] == Y).all():
        Y[0] += 1
    again = draw(st.lists(st.integers(0, len(X) - 1), min_size=repeated[0], max_size=repeated[1]))
    order = np.array(draw(st.permutations([*range(len(X)), *again])))
    return Data(X[order], Y[order])


# ---------------------------------------------------------------- duplicated units


@st.composite
def duplications(draw: Draw, depth: tuple[int, int] = (2, 3), width: tuple[int, int] = (1, 2)) -> Duplication:
    """A network of smooth activations, with hidden layers, and one of its hidden units."""
    loss_of = draw(st.sampled_from(("squared", "log loss of a logit")))
    net = draw(networks(depth, width, hidden=SMOOTH, loss_of=loss_of, bias=None))
    layer = draw(st.integers(0, net.depth - 2))
    return Duplication(net, layer, draw(st.integers(0, net.widths[layer + 1] - 1)))


@st.composite
def balanced_units(draw: Draw, *, definite: bool) -> BalancedUnit:
    """Units at a strict minimum, for which the matrix B is definite, of either sign, or indefinite."""
    levels = draw(st.sampled_from(((0.5, 1.0, 1.5, 2.0), (0.5, 1.0, 2.0, 3.0), (1.0, 1.5, 2.0, 3.0))))
    ratio = draw(st.sampled_from((0.5, 1.0, 2.0, 4.0)))
    size = draw(st.sampled_from((16.0, -16.0, 32.0, -32.0)))
    shift, c = draw(st.integers(-4, 4)) / 2, draw(st.integers(-4, 4)) / 2
    w, v = (draw(st.sampled_from((0.75, 1.0, -0.75, -1.0))) for _ in range(2))
    numbers = map(np.float64, (w, 2 * v, c, shift, size, ratio if definite else -ratio))
    w, v, c, shift, size, ratio = numbers
    return BalancedUnit(w, v, c, shift, np.array(levels), size, ratio)


# ---------------------------------------------------------------- exact fits


@dataclass(frozen=True, eq=False)
class Fit:
    """A network at parameters that fit the data exactly; along the direction `flat` its outputs have derivative 0."""

    network: Network
    params: Params
    X: Any
    Y: Any
    flat: Params

    def __repr__(self) -> str:
        return f"<{self.network} with parameters {self.params}, which fit inputs {self.X.tolist()}; flat: {self.flat}>"


@st.composite
def overparametrised_fits(draw: Draw) -> Fit:
    """ReLU networks with one hidden layer, in whole numbers, with more parameters than data times outputs.

    The hidden biases are halves of odd numbers, so that no unit is at its kink on whole inputs.
    """
    widths = draw(architectures((2, 2), (1, 3)))
    net = Network(widths, hidden=jax.nn.relu)
    count = sum(leaf.size for layer in net.params for leaf in layer)
    rows = draw(st.integers(1, min(4, (count - 1) // widths[-1])))
    X = draw(arrays((rows, widths[0]), whole_numbers()))
    (W, b), last = draw(parameters(net.params))
    params = ((W, b + 0.5), last)
    flat = np.concatenate([part.reshape(-1) for layer in params for part in layer])

    def shaped(v: Any) -> Params:
        """A vector as parameters; slices alone, so that nothing compiles."""
        parts, structure = jax.tree.flatten(params)
        ends = np.cumsum([part.size for part in parts]).tolist()
        cut = (v[end - part.size : end].reshape(part.shape) for part, end in zip(parts, ends, strict=True))
        return jax.tree.unflatten(structure, cut)  # type: ignore[no-any-return]

    def outputs(v: Any) -> Any:
        return jnp.ravel(net(shaped(v), X))

    Y, J = evaluate_batch(trace(lambda v: (outputs(v), jax.jacrev(outputs)(v)), reals(flat.size)), [flat[None]])
    basis = kernel(J[0])
    weights = draw(arrays(len(basis), whole_numbers()))
    weights[draw(st.integers(0, len(basis) - 1))] = draw(st.sampled_from((1.0, -1.0)))
    return Fit(net, params, X, Y[0].reshape(rows, -1), shaped(weights @ np.stack(basis)))


# ---------------------------------------------------------------- smooth points of ReLU networks


@st.composite
def smooth_fits(draw: Draw, network: Network) -> tuple[Params, Any, Any]:
    """Parameters p, inputs and targets such that p is a global minimum of the squared loss and no pre-activation is 0.

    Every input comes twice, with the output of p plus and minus an error.  Inputs and weights are whole numbers, and
    the biases of hidden layer k (from 1) are whole numbers and 2^-k, so that its pre-activations are odd multiples of
    it.  No hidden layer has all weights into its first unit 0.
    """
    n = draw(st.integers(1, 2))
    X = draw(arrays((n, network.widths[0]), whole_numbers()))
    p: Params = draw(parameters(network.params))
    for k, (W, b) in enumerate(p[:-1]):
        b += 2.0 ** -(k + 1)
        W[0, 0] = W[0, 0] or 1.0
    h = X
    for W, b in p[:-1]:
        h = np.maximum(h @ W + b, 0)
    Y = h @ p[-1][0] + p[-1][1]
    errors = draw(arrays(Y.shape))
    return p, np.concatenate([X, X]), np.concatenate([Y + errors, Y - errors])


# ---------------------------------------------------------------- linear autoencoders


@st.composite
def critical_autoencoders(
    draw: Draw, units: tuple[int, int] = (1, 3), *, best: bool | None = None, idle: bool = True
) -> CriticalAutoencoder:
    """Critical points of the linear autoencoder of three inputs, in whole numbers.

    Args:
        best: the global minimum, or another one; None for either.
        idle: whether idle units may have incoming or outgoing weights.
    """
    p = draw(st.integers(*units))
    every = [c for r in range(p + 1) for c in itertools.combinations(range(3), r)]
    chosen = draw(st.sampled_from([c for c in every if best is None or (c == tuple(range(p))) == best]))
    change, back = np.eye(p), np.eye(p)
    for _ in range(draw(st.integers(0, 2))):  # shears, and their inverses
        i, j = draw(st.integers(0, p - 1)), draw(st.integers(0, p - 1))
        shear = np.eye(p)
        shear[i, j] += draw(whole_numbers()) if i != j else 0.0
        change, back = shear @ change, back @ (2 * np.eye(p) - shear)
    kept = np.zeros(3)
    kept[list(chosen)] = 1.0
    M = np.zeros((p - len(chosen), 3))
    N = M.T.copy()
    if idle and len(M):
        weights = draw(arrays(M.shape, whole_numbers(1))) * kept
        M, N = (weights, N) if draw(st.booleans()) else (M, weights.T)
    return CriticalAutoencoder(chosen, change, back, M, N)


@st.composite
def rightly_classified(draw: Draw, network: Network, rows: tuple[int, int] = (1, 3)) -> tuple[Params, Any, Any]:
    """Parameters p of a ReLU network with one output and without biases, inputs, and labels -1 and 1 that p gives them.

    In whole numbers. No output is 0: where one would be, all weights but the last layer's, and all inputs, are made
    positive, and the last layer's weights of one sign.
    """
    if network.bias or network.widths[-1] != 1:
        raise ValueError(f"one output and no biases are needed, got {network}")
    X = draw(arrays((draw(st.integers(*rows)), network.widths[0]), whole_numbers()))
    p: Params = draw(parameters(network.params))
    if not _outputs(p, X).all():
        sign = draw(st.sampled_from((1.0, -1.0)))
        X = np.abs(X) + 1
        *inner, last = ((np.abs(W) + 1,) for (W,) in p)
        p = (*inner, (sign * last[0],))
    return p, X, np.sign(_outputs(p, X))


def _outputs(p: Params, h: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A ReLU network's outputs without biases; of whole numbers they are exact."""
    *inner, (V,) = p
    for (W,) in inner:
        h = np.maximum(h @ W, 0)
    out: np.ndarray[Any, Any] = h @ V
    return out
