"""Symmetries of networks: changes of the parameters that change no output.

A move is a value that is called with parameters, layers ``(W, b)`` or ``(W,)`` in the convention ``h @ W + b``, and
gives parameters: ``moves(params)``.  Its arithmetic is that of the arrays: traced by JAX, in doubles, or exact on
object arrays.  ``a.after(b)`` is the move ``params -> a(b(params))``, ``a.inverse()`` undoes a.

==============  =====================================================================================================
`UnitMove`      hidden units reordered; and reflected where phi(z) + phi(-z) is a constant (tanh, sin: 0; sigmoid: 1)
`Rescaling`     hidden units times positive numbers, for phi(t z) = t phi(z) (relu and its like)
`LinearChange`  other coordinates between linear layers
`SoftmaxShift`  one vector added to the weights of all classes
==============  =====================================================================================================

`UnitGroup` is the finite group of all `UnitMove`s of a network; it counts orbits and stabilisers of given parameters.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.objects.counting import automorphisms, centred, exactly
from netprops.objects.networks import Activation, Layer, Network, Params

Array: TypeAlias = Any
Order: TypeAlias = tuple[int, ...]


def _fits(params: Params, hidden: Sequence[int], what: str) -> None:
    """Raise unless the parameters have hidden layers of these widths."""
    widths = tuple(layer[0].shape[1] for layer in params[:-1])
    if widths != tuple(hidden):
        raise ValueError(f"{what} acts on networks with hidden widths {tuple(hidden)}, these parameters have {widths}")


# ---------------------------------------------------------------- reordering and reflecting units


@dataclass(frozen=True)
class UnitMove:
    """Unit i of hidden layer k is afterwards unit ``orders[k][i]`` of before, reflected where ``signs[k][i] == -1``.

    A unit with incoming weights and bias (w, b) and outgoing weights v into a layer with bias c is reflected to
    (-w, -b), -v and c + total v, which changes no output if ``phi(z) + phi(-z) = total`` for all z.
    """

    orders: tuple[Order, ...]
    signs: tuple[Order, ...]
    total: int = 0

    def __post_init__(self) -> None:
        for order, signs in zip(self.orders, self.signs, strict=True):
            if sorted(order) != list(range(len(order))):
                raise ValueError(f"{order} is no permutation of the units 0 to {len(order) - 1}")
            if len(signs) != len(order) or not set(signs) <= {1, -1}:
                raise ValueError(f"a sign, 1 or -1, for each of {len(order)} units; got {signs}")

    @property
    def is_identity(self) -> bool:
        """Whether nothing moves."""
        return all(order == tuple(range(len(order))) and set(signs) == {1} for order, signs in self._layers())

    def _layers(self) -> Iterator[tuple[Order, Order]]:
        return zip(self.orders, self.signs, strict=True)

    def __call__(self, params: Params) -> Params:
        """The parameters with their hidden units moved.

        Raises:
            ValueError: other widths; no bias to take up what reflected units leave.
        """
        _fits(params, [len(order) for order in self.orders], "this move")
        layers = list(params)
        for k, (order, signs) in enumerate(self._layers()):
            layers[k] = tuple(_columns(part, order, signs) for part in layers[k])
            W, *bias = layers[k + 1]
            if self.total and -1 in signs:
                if not bias:
                    raise ValueError(f"layer {k + 1} has no bias to take up what the reflected units leave")
                reflected = [order[i] for i, sign in enumerate(signs) if sign < 0]
                bias = [bias[0] + self.total * W[np.array(reflected)].sum(axis=0)]
            layers[k + 1] = (_columns(W.T, order, signs).T, *bias)
        return tuple(layers)

    def incoming(self, params: Params) -> Params:
        """Only the incoming weights and biases of the units moved: half of the move, and no symmetry."""
        moved = [
            tuple(_columns(part, *move) for part in layer)
            for layer, move in zip(params[:-1], self._layers(), strict=True)
        ]
        return (*moved, params[-1])

    def outgoing(self, params: Params) -> Params:
        """Only the outgoing weights of the units moved: half of the move, and no symmetry."""
        moved = [(_columns(W.T, *move).T, *bias) for (W, *bias), move in zip(params[1:], self._layers(), strict=True)]
        return (params[0], *moved)

    def after(self, first: UnitMove) -> UnitMove:
        """The move ``params -> self(first(params))``."""
        if self.total != first.total:
            raise ValueError(f"reflections about {self.total}/2 and {first.total}/2 do not compose")
        composed = [
            (tuple(before[i] for i in order), tuple(s * kept[i] for i, s in zip(order, signs, strict=True)))
            for (order, signs), (before, kept) in zip(self._layers(), first._layers(), strict=True)
        ]
        return UnitMove(tuple(o for o, _ in composed), tuple(s for _, s in composed), self.total)

    def inverse(self) -> UnitMove:
        """The move that undoes this one."""
        places = [tuple(np.argsort(order).tolist()) for order in self.orders]
        signs = [tuple(signs[i] for i in place) for place, (_, signs) in zip(places, self._layers(), strict=True)]
        return UnitMove(tuple(places), tuple(signs), self.total)


def _columns(array: Array, order: Order, signs: Order) -> Array:
    """The last axis reordered, with signs."""
    array = array[..., np.array(order)]  # also in order as it is: so all permutations are one program but for constants
    if -1 not in signs:
        return array
    factors = np.array(signs, dtype=array.dtype)
    return array * (factors if array.ndim == 1 else factors[None, :])


def permutation(*orders: Sequence[int]) -> UnitMove:
    """The move that puts unit ``orders[k][i]`` of hidden layer k to place i, for one order a hidden layer."""
    fixed = tuple(tuple(int(i) for i in order) for order in orders)
    return UnitMove(fixed, tuple((1,) * len(order) for order in fixed))


def swap(net: Network, layer: int, i: int, j: int) -> UnitMove:
    """The move that changes units i and j of a hidden layer (counted from 0) about."""
    orders = [list(range(n)) for n in net.widths[1:-1]]
    orders[layer][i], orders[layer][j] = j, i
    return permutation(*orders)


# ---------------------------------------------------------------- equal units


def with_equal_inputs(params: Params, layer: int, i: int, j: int, difference: float = 0) -> Params:
    """The parameters with unit j of a hidden layer given the incoming weights and bias of unit i.

    With a `difference` its bias is larger by that; layers are counted from 0.
    """
    layers = list(params)
    W, *bias = (jnp.asarray(part).at[..., j].set(part[..., i]) for part in params[layer])
    layers[layer] = (W, *(b.at[j].add(difference) for b in bias)) if difference else (W, *bias)
    return tuple(layers)


def merged(params: Params, layer: int, i: int, j: int) -> Params:
    """The parameters of the narrower network without unit j, whose outgoing weights unit i gets beside its own."""
    layers, kept = list(params), np.delete(np.arange(params[layer][0].shape[1]), j)
    layers[layer] = tuple(part[..., kept] for part in params[layer])
    V, *bias = params[layer + 1]
    layers[layer + 1] = (jnp.asarray(V).at[i].add(V[j])[kept], *bias)
    return tuple(layers)


# ---------------------------------------------------------------- the group


@dataclass(frozen=True)
class UnitGroup:
    """All permutations of the units of hidden layers of these widths; with `total`, all reflections of units as well.

    Iterating gives every element, the identity first.
    """

    widths: tuple[int, ...]
    total: int | None = None  # phi(z) + phi(-z); None: no reflections

    @property
    def order(self) -> int:
        """Number of elements: the product of n!, or of 2^n n!, over the hidden layers of n units."""
        each = 1 if self.total is None else 2
        return math.prod(math.factorial(n) * each**n for n in self.widths)

    @property
    def identity(self) -> UnitMove:
        """The move that moves nothing."""
        return UnitMove(
            tuple(tuple(range(n)) for n in self.widths), tuple((1,) * n for n in self.widths), self.total or 0
        )

    def __iter__(self) -> Iterator[UnitMove]:
        signs = (1,) if self.total is None else (1, -1)
        orders = itertools.product(*(itertools.permutations(range(n)) for n in self.widths))
        for order in orders:
            for chosen in itertools.product(*(itertools.product(signs, repeat=n) for n in self.widths)):
                yield UnitMove(order, chosen, self.total or 0)

    def stabiliser_order(self, params: Params) -> int:
        """How many elements leave exactly these parameters as they are.

        For one hidden layer, without reflections: m1! m2! ... for classes of m1, m2, ... equal units (incoming weights,
        bias and outgoing weights).  With reflections: the same for classes of units equal up to reflection, times
        2^m m! for m units that are zero.  With more hidden layers several may have to move together.
        """
        _fits(params, self.widths, "this group")
        return automorphisms(centred(params, self.total or 0), reflections=self.total is not None)

    def orbit_order(self, params: Params) -> int:
        """How many different parameters the elements make of these: the group's order over the stabiliser's."""
        return self.order // self.stabiliser_order(params)

    def orbit(self, params: Params) -> Iterator[Params]:
        """The images under all elements, repetitions included, in exact arithmetic."""
        start = exactly(params)
        return (move(start) for move in self)


# phi(z) + phi(-z), where it is constant.
REFLECTIONS: dict[Activation, int] = {jnp.tanh: 0, jnp.sin: 0, jax.nn.sigmoid: 1}


def permutations_group(net: Network) -> UnitGroup:
    """All permutations of the units of every hidden layer."""
    return UnitGroup(net.widths[1:-1])


def unit_group(net: Network) -> UnitGroup:
    """All permutations and, for activations of `REFLECTIONS`, all reflections of units that the network admits.

    Reflecting a unit of an activation that is odd about another value than 0 needs a bias in the next layer.
    """
    total = REFLECTIONS.get(net.hidden)
    return UnitGroup(net.widths[1:-1], total if total == 0 or net.bias else None)


# ---------------------------------------------------------------- continuous families


@dataclass(frozen=True, eq=False)
class Rescaling:
    """Unit i of hidden layer k gets ``factors[k][i]`` times its incoming weights and bias, its outgoing ones over that.

    Changes no output if phi(t z) = t phi(z) for t > 0: identity, relu, leaky relu.
    """

    factors: tuple[Array, ...]  # for each hidden layer an array of positive numbers

    def __post_init__(self) -> None:
        for known in self.factors:
            if isinstance(known, np.ndarray) and not all(t > 0 for t in known):
                raise ValueError(f"units are rescaled by positive numbers, got {known}")

    def __call__(self, params: Params) -> Params:
        """The rescaled parameters."""
        _fits(params, [len(t) for t in self.factors], "this rescaling")
        layers = list(params)
        for k, t in enumerate(self.factors):
            layers[k] = tuple(part * (t if part.ndim == 1 else t[None, :]) for part in layers[k])
            layers[k + 1] = (layers[k + 1][0] / t[:, None], *layers[k + 1][1:])
        return tuple(layers)

    def after(self, first: Rescaling) -> Rescaling:
        """The rescaling ``params -> self(first(params))``."""
        return Rescaling(tuple(s * t for s, t in zip(self.factors, first.factors, strict=True)))

    def inverse(self) -> Rescaling:
        """The rescaling that undoes this one."""
        return Rescaling(tuple(1 / t for t in self.factors))


@dataclass(frozen=True, eq=False)
class LinearChange:
    """h is read as h A after hidden layer k: (W A, b A) in it, A^-1 W in the next.  For linear hidden layers.

    `pairs` holds (A, A^-1) for each hidden layer; that they are inverse to each other is the caller's promise.
    """

    pairs: tuple[tuple[Array, Array], ...]

    def __call__(self, params: Params) -> Params:
        """The parameters in the other coordinates."""
        _fits(params, [len(A) for A, _ in self.pairs], "this change of coordinates")
        layers = list(params)
        for k, (A, back) in enumerate(self.pairs):
            layers[k] = tuple(part @ A for part in layers[k])
            layers[k + 1] = (back @ layers[k + 1][0], *layers[k + 1][1:])
        return tuple(layers)

    def after(self, first: LinearChange) -> LinearChange:
        """The change ``params -> self(first(params))``."""
        both = zip(first.pairs, self.pairs, strict=True)
        return LinearChange(tuple((A @ B, back_b @ back_a) for (A, back_a), (B, back_b) in both))

    def inverse(self) -> LinearChange:
        """The change that undoes this one."""
        return LinearChange(tuple((back, A) for A, back in self.pairs))


def determinant(G: Array) -> Array:
    """det G by expansion along the first row, without a division: for small matrices of whole numbers or of symbols."""
    if len(G) == 1:
        return G[0, 0]
    return sum(G[0, j] * _cofactor(G, 0, j) for j in range(len(G)))


def adjugate(G: Array) -> Array:
    """adj G, with G adj(G) = det(G) I."""
    n = len(G)
    if n == 1:
        return G**0
    stack = jnp.stack if isinstance(G, jax.Array) else np.stack  # NumPy's of whole numbers are exact
    return stack([stack([_cofactor(G, j, i) for j in range(n)]) for i in range(n)])


def _cofactor(G: Array, i: int, j: int) -> Array:
    kept = [np.array([k for k in range(len(G)) if k != gone]) for gone in (i, j)]
    return (-1) ** (i + j) * determinant(G[kept[0][:, None], kept[1][None, :]])


def shear(n: int, i: int, j: int, t: Array) -> tuple[Array, Array]:
    """I + t E_ij and its inverse, i != j; shears, rescalings and one sign generate all invertible matrices."""
    if i == j:
        raise ValueError("a shear adds one coordinate to another")
    E = np.zeros((n, n))
    E[i, j] = 1.0
    return np.eye(n) + t * E, np.eye(n) - t * E


@dataclass(frozen=True, eq=False)
class SoftmaxShift:
    """One vector added to the last layer's weights of all classes, and one number to their biases.

    All logits of a row grow by one number, which softmax does not see.
    """

    weights: Array  # (units of the last hidden layer,)
    bias: Array  # a number; 0 for networks without biases

    def __call__(self, params: Params) -> Params:
        """The shifted parameters."""
        *inner, (W, *b) = params
        last: Layer = (W + self.weights[:, None], *(part + self.bias for part in b))
        return (*inner, last)

    def after(self, first: SoftmaxShift) -> SoftmaxShift:
        """The shift ``params -> self(first(params))``."""
        return SoftmaxShift(self.weights + first.weights, self.bias + first.bias)

    def inverse(self) -> SoftmaxShift:
        """The shift that undoes this one."""
        return SoftmaxShift(-self.weights, -self.bias)


# ---------------------------------------------------------------- units of several kinds


@dataclass(frozen=True)
class Mixed:
    """An activation that differs from unit to unit: unit i has ``kinds[i]``."""

    kinds: tuple[Activation, ...]

    @property
    def __name__(self) -> str:
        return "mixed " + "/".join(getattr(kind, "__name__", str(kind)) for kind in self.kinds)

    def __call__(self, z: Array) -> Array:
        if z.shape[-1] != len(self.kinds):
            raise ValueError(f"{len(self.kinds)} kinds of units for a layer of width {z.shape[-1]}")
        return jnp.stack([kind(z[:, i]) for i, kind in enumerate(self.kinds)], axis=1)

    def permuted(self, order: Sequence[int]) -> Mixed:
        """The kinds in another order: unit i is of kind ``kinds[order[i]]``."""
        return Mixed(tuple(self.kinds[i] for i in order))
