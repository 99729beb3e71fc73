"""Networks: layers of weights, an activation after each, a loss at the end.

The parameters of a network are a plain pytree, a tuple with one layer ``(W, b)`` or, without biases, ``(W,)`` for each
of its layers, input side first.  Data are rows, as in scikit-learn: a layer takes (n, a) to ``h @ W + b``, (n, b), with
W of shape (a, b).  The cost is the sum over the rows.

The decision may be some of the layers only: `Network.split` names them, and the others are data like the rest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import Box, Rational, box, nonnegative, ordered_cone, reals
from netprops.objects.data import Matrix
from netprops.objects.losses import Array, Loss, loss, nonpositive

Activation: TypeAlias = Callable[[Array], Array]
Layer: TypeAlias = tuple[Any, ...]  # (W, b) or (W,)
Params: TypeAlias = tuple[Layer, ...]


def identity(z: Array) -> Array:
    """z: the activation of a linear layer."""
    return z


# What the claims about networks with hidden layers range over: hidden activations, and losses of a linear last layer
# by their names in `netprops.objects.losses`.
ACTIVATIONS: tuple[Activation, ...] = (
    identity,
    jax.nn.relu,
    jax.nn.leaky_relu,
    jax.nn.elu,
    jax.nn.softplus,
    jnp.tanh,
    jax.nn.sigmoid,
    jax.nn.silu,
    jax.nn.gelu,
    jnp.sin,
)
NETWORK_LOSSES: tuple[str, ...] = ("squared", "Huber", "log loss of a logit", "softmax cross-entropy")


@dataclass(frozen=True)
class Network:
    """A fully connected network with `widths` = (inputs, hidden units ..., outputs)."""

    widths: tuple[int, ...]
    hidden: Activation = jnp.tanh
    output: Activation = identity
    loss: Loss = field(default_factory=lambda: loss("squared"))
    bias: bool = True

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise ValueError(f"a network has inputs and outputs, one or more of each; got widths {self.widths}")

    def __repr__(self) -> str:
        hidden, output = (getattr(f, "__name__", str(f)) for f in (self.hidden, self.output))
        inner = "" if self.depth == 1 else f"{hidden}, "
        bias = "" if self.bias else ", no biases"
        return f"<network {'-'.join(map(str, self.widths))}: {inner}{output}, {self.loss.name}{bias}>"

    def with_widths(self, *widths: int) -> Network:
        """The same network but for its widths."""
        return replace(self, widths=widths)

    @property
    def depth(self) -> int:
        """Number of layers of weights."""
        return len(self.widths) - 1

    @property
    def params(self) -> Params:
        """The domain of all parameters."""
        pairs = itertools.pairwise(self.widths)
        return tuple((reals((a, b)), reals(b)) if self.bias else (reals((a, b)),) for a, b in pairs)

    def ordered_params(self, *, apart: Rational = 0) -> Params:
        """The convex cone of parameters with the units of each hidden layer in order of their first incoming weight.

        Every parameter vector has a permutation of its hidden units in it, and, where these weights differ, one only.
        With `apart` > 0 they differ by so much at least.
        """
        *hidden, last = self.params
        return (*((ordered_cone(W.shape, apart=apart), *b) for W, *b in hidden), last)

    def domain(self, rows: int) -> tuple[Params, Box, Box]:
        """The domain of (params, x, y): all parameters and all data of so many rows."""
        targets = self.loss.targets
        return self.params, reals((rows, self.widths[0])), Box((rows, self.widths[-1]), targets.intervals)

    def __call__(self, params: Params, x: Array) -> Array:
        """The outputs, (n, outputs), for the rows of x, (n, inputs)."""
        *inner, last = params
        if isinstance(x, np.ndarray) and x.dtype == np.float64:
            x = jnp.asarray(x)  # NumPy would round, where weights are frozen, before anything is traced
        for layer in inner:
            x = self.hidden(apply_layer(layer, x))
        return self.output(apply_layer(last, x))

    def cost(self, params: Params, x: Array, y: Array) -> Array:
        """The sum of the losses of all rows."""
        return jnp.sum(self.loss.of(self(params, x), y))

    def split(self, *chosen: int) -> Split:
        """The cost as a function of the layers `chosen` (counted from 0), the other layers beside them."""
        return Split(self, tuple(sorted(chosen)))


@dataclass(frozen=True)
class Split:
    """A network whose layers are parted into the `chosen` ones and the others, which are frozen."""

    network: Network
    chosen: tuple[int, ...]

    def __post_init__(self) -> None:
        if not set(self.chosen) <= set(range(self.network.depth)) or len(set(self.chosen)) != len(self.chosen):
            raise ValueError(f"{self.network} has the layers 0 to {self.network.depth - 1}; got {self.chosen}")

    @property
    def domain(self) -> Params:
        """The domain of the chosen layers."""
        return self._part(self.network.params, inside=True)

    @property
    def others(self) -> Params:
        """The domain of the frozen layers."""
        return self._part(self.network.params, inside=False)

    def parts(self, params: Params) -> tuple[Params, Params]:
        """(chosen layers, frozen layers) of all the parameters."""
        return self._part(params, inside=True), self._part(params, inside=False)

    def _part(self, params: Params, *, inside: bool) -> Params:
        return tuple(layer for k, layer in enumerate(params) if (k in self.chosen) == inside)

    def join(self, chosen: Params, others: Params) -> Params:
        """All the parameters, the layers in their places."""
        ours, theirs = iter(chosen), iter(others)
        return tuple(next(ours if k in self.chosen else theirs) for k in range(self.network.depth))

    def cost(self, chosen: Params, others: Params, x: Array, y: Array) -> Array:
        """The network's cost."""
        return self.network.cost(self.join(chosen, others), x, y)


def apply_layer(layer: Layer, h: Array) -> Array:
    """``h @ W + b``, or ``h @ W`` for a layer without biases."""
    W, *b = layer
    out = h @ W
    return out + b[0][None, :] if b else out


def linear_network(*widths: int, bias: bool = False) -> Network:
    """A network of linear units with squared loss."""
    return Network(widths, hidden=identity, bias=bias)


def scaled(params: Params, t: Array, layers: Sequence[int] | None = None) -> Params:
    """The parameters with the given layers (by default all) multiplied by t."""
    chosen = range(len(params)) if layers is None else layers
    return tuple(tuple(t * p for p in layer) if k in chosen else layer for k, layer in enumerate(params))


def with_zero_biases(params: Params, but: int | None = None) -> Params:
    """The parameters with all biases 0, those of the layer `but` (counted from 0) excepted."""
    return tuple((W, b if k == but else 0 * b) for k, (W, b) in enumerate(params))


def collapsed(params: Params) -> Params:
    """The one layer, with bias, that two linear layers with biases come to: W = W1 W2, b = b1 W2 + b2."""
    (W1, b1), (W2, b2) = params
    return ((W1 @ W2, b1 @ W2 + b2),)


def sum_over_paths(params: Params, x: Array) -> Array:
    """A linear network's outputs without biases, expanded: one product of weights for each path from input to output.

    Monomial by monomial, sum over (i_0, ..., i_L) of x_{i_0} W1_{i_0 i_1} ... WL_{i_{L-1} i_L}; for small widths.
    """
    matrices = [layer[0] for layer in params]
    sizes = [matrices[0].shape[0], *(W.shape[1] for W in matrices)]

    def path(start: Array, route: Sequence[int]) -> Array:
        return math.prod((W[i, j] for W, (i, j) in zip(matrices, itertools.pairwise(route), strict=True)), start=start)

    columns = [
        sum(path(x[:, route[0]], route) for route in itertools.product(*map(range, sizes[:-1]), [out]))
        for out in range(sizes[-1])
    ]
    return jnp.stack(columns, axis=1)


def single_path(network: Network, X: Matrix, Y: Matrix) -> tuple[Params, float]:
    """Weights of 1 or -1 along one path, for which t -> cost(t params) falls from t = 0 to the `reach` returned.

    The network is linear, without biases, and c = (X'Y)_ij is the largest entry in size, not 0.  The path goes from
    input i to output j, so that with L layers the cost of t times it is |Y|^2 - 2 t^L |c| + t^2L |X_i|^2: it falls
    while t^L < |c| / |X_i|^2, so up to any t <= 1 below that; the reach is a power of two.
    """
    moments = X.T @ Y
    i, j = np.unravel_index(np.argmax(np.abs(moments)), moments.shape)
    c, square = float(moments[i, j]), float(X[:, i] @ X[:, i])
    if not c:
        raise ValueError("inputs and targets are uncorrelated: no path leads down")
    params = tuple((np.zeros((a, b)),) for a, b in itertools.pairwise(network.widths))
    route = [int(i), *[0] * (network.depth - 1), int(j)]
    for (W,), place in zip(params, itertools.pairwise(route), strict=True):
        W[place] = 1.0
    params[-1][0][params[-1][0] != 0] = math.copysign(1.0, c)
    return params, 2.0 ** min(0, math.floor(math.log2(abs(c) / square)))


# ---------------------------------------------------------------- one layer


@dataclass(frozen=True)
class OneLayer:
    """One layer of weights with a bias, its activation, its loss; `convex` in (W, b) for all data and all `targets`."""

    name: str
    activation: Activation
    loss: Loss
    convex: bool
    targets: Callable[[tuple[int, int]], Box]  # by shape (rows, outputs)
    least_outputs: int = 1  # where fewer would make it another statement

    def __repr__(self) -> str:
        return f"<one layer: {self.name}>"

    def network(self, *widths: int, hidden: Activation = jnp.tanh) -> Network:
        """The network of this one layer, or one that ends with it, of such widths; at least `least_outputs` outputs."""
        *before, outputs = widths
        widths = (*before, max(outputs, self.least_outputs))
        return Network(widths, hidden=hidden, output=self.activation, loss=self.loss)


def softmax(z: Array) -> Array:
    """jax.nn.softmax over the classes, the last axis."""
    return jax.nn.softmax(z, axis=-1)


def _unit(shape: tuple[int, int]) -> Box:
    return box(0, 1, shape)


# A fused loss takes logits, so that its activation is the identity here.
ONE_LAYER: tuple[OneLayer, ...] = (
    OneLayer("identity + squared", identity, loss("squared"), True, reals),
    OneLayer("identity + absolute", identity, loss("absolute"), True, reals),
    OneLayer("identity + Huber", identity, loss("Huber"), True, reals),
    OneLayer("identity + log-cosh", identity, loss("log-cosh"), True, reals),
    OneLayer("identity + quantile", identity, loss("quantile"), True, reals),
    OneLayer("identity + hinge", identity, loss("hinge"), True, reals),
    OneLayer("identity + squared hinge", identity, loss("squared hinge"), True, reals),
    OneLayer("sigmoid + log loss", jax.nn.sigmoid, loss("log loss"), True, reals),
    OneLayer("sigmoid + log loss, fused", identity, loss("log loss of a logit"), True, reals),
    OneLayer("softmax + cross-entropy", softmax, loss("cross-entropy"), True, nonnegative, 2),
    OneLayer("softmax + cross-entropy, fused", identity, loss("softmax cross-entropy"), True, nonnegative, 2),
    OneLayer("exp + Poisson", jnp.exp, loss("Poisson"), True, reals),
    OneLayer("relu + squared, targets <= 0", jax.nn.relu, loss("squared"), True, nonpositive),
    OneLayer("sigmoid + squared", jax.nn.sigmoid, loss("squared"), False, reals),
    OneLayer("tanh + squared", jnp.tanh, loss("squared"), False, reals),
    OneLayer("softmax + squared", softmax, loss("squared"), False, reals, 2),
    OneLayer("sigmoid + focal, fused", identity, loss("focal of a logit"), False, _unit),
    OneLayer("identity + Cauchy", identity, loss("Cauchy"), False, reals),
    OneLayer("identity + Tukey", identity, loss("Tukey"), False, reals),
)

_BY_NAME = {row.name: row for row in ONE_LAYER}


def one_layer(name: str) -> OneLayer:
    """The row of `ONE_LAYER` with this name.  Raises `KeyError` with the names that there are."""
    if name not in _BY_NAME:
        raise KeyError(f"no pair is called {name!r}; there are {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
