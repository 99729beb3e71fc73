"""Hypothesis strategies for symmetries of networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from netprops.objects.data import Data
from netprops.objects.equal_units import MONOTONE_AND_BENT, even_pair
from netprops.objects.losses import loss
from netprops.objects.networks import ACTIVATIONS, NETWORK_LOSSES, Activation, Network, Params
from netprops.objects.symmetries import Mixed, Rescaling, UnitMove, permutation, unit_group
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace
from netprops.strategies.networks import arrays, dyadics, nonzero_dyadics, parameters

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def permutations_of(draw: Draw, network: Network, *, moving: bool = False) -> UnitMove:
    """Permutations of the units of every hidden layer at once; with `moving`, some unit certainly moves.

    Raises `ValueError` when `moving` is asked of a network whose hidden layers have one unit each.
    """
    widths = network.widths[1:-1]
    orders = [draw(st.permutations(range(n))) for n in widths]
    if moving and all(order == list(range(n)) for order, n in zip(orders, widths, strict=True)):
        wide = [k for k, n in enumerate(widths) if n > 1]
        if not wide:
            raise ValueError(f"no unit of {network} can move: every hidden layer has one unit")
        k = draw(st.sampled_from(wide))
        orders[k] = [*range(1, widths[k]), 0]
    return permutation(*orders)


@st.composite
def unit_moves_of(draw: Draw, network: Network) -> UnitMove:
    """Permutations and, where the network admits them, reflections of the units of every hidden layer at once."""
    group = unit_group(network)
    signs = (1,) if group.total is None else (1, -1)
    moves: UnitMove = draw(permutations_of(network))
    chosen = tuple(tuple(draw(st.sampled_from(signs)) for _ in range(n)) for n in group.widths)
    return UnitMove(moves.orders, chosen, group.total or 0)


@st.composite
def rescalings_of(draw: Draw, network: Network) -> Rescaling:
    """Rescalings of hidden units by powers of two, which are exact in doubles."""
    powers = st.integers(-4, 4).map(lambda k: 2.0**k)
    return Rescaling(tuple(np.array([draw(powers) for _ in range(n)]) for n in network.widths[1:-1]))


@dataclass(frozen=True)
class Fitted:
    """A network, parameters and the data that it gives with them, rounded to doubles."""

    network: Network
    params: Params
    data: Data


@st.composite
def fitted_better_than_one_unit(draw: Draw, units: tuple[int, int] = (2, 4)) -> Fitted:
    """Networks 1-h-1 with their own outputs as targets, which no network with equal hidden units comes near.

    At three of the inputs the outputs rise and fall again, or fall and rise; those of equal units are monotone.  Idle
    units have any incoming weights, and the units stand in any order.
    """
    h = draw(st.integers(*units))
    net = Network((1, h, 1), hidden=draw(st.sampled_from(MONOTONE_AND_BENT)))
    center, spacing = draw(dyadics()), 2.0 ** draw(st.integers(-2, 2))
    (W, b), (V, c) = even_pair(net, center, spacing, draw(nonzero_dyadics()), draw(dyadics()))
    idle = h - 2
    W[0, 2:], b[2:] = draw(arrays(idle)), draw(arrays(idle))
    params = permutation(draw(st.permutations(range(h))))(((W, b), (V, c)))
    X = np.array([[center - spacing, center, center + spacing, draw(dyadics())]]).T
    ((Y,),) = evaluate_batch(trace(lambda p: net(p, X), net.params), [part[None] for layer in params for part in layer])
    return Fitted(net, params, Data(X, Y))


@st.composite
def pairs_of_units(draw: Draw, network: Network) -> tuple[int, int, int]:
    """(hidden layer, unit, another unit of it), counted from 0, of a network with two units in some hidden layer."""
    wide = [k for k, n in enumerate(network.widths[1:-1]) if n > 1]
    if not wide:
        raise ValueError(f"every hidden layer of {network} has one unit")
    layer = draw(st.sampled_from(wide))
    i, j = draw(st.permutations(range(network.widths[layer + 1])))[:2]
    return layer, i, j


@st.composite
def mixed_networks(
    draw: Draw, depth: tuple[int, int] = (2, 3), width: tuple[int, int] = (2, 4)
) -> tuple[Network, tuple[int, ...]]:
    """A network with units of at least two activations in each hidden layer, and an order that moves their activations.

    The hidden layers have one width and one mix; in the order given, some place has another activation than before.
    """
    n = draw(st.integers(*width))
    first, second = draw(st.lists(st.sampled_from(ACTIVATIONS), min_size=2, max_size=2, unique=True))
    others = draw(st.lists(st.sampled_from(ACTIVATIONS), min_size=n - 2, max_size=n - 2))
    places = draw(st.permutations(range(n)))
    kinds = Mixed((first, second, *others)).permuted(places)
    order = tuple(draw(st.permutations(range(n))))
    if kinds.permuted(order) == kinds:
        a, b = places.index(0), places.index(1)  # where the two different ones are
        order = tuple({a: b, b: a}.get(i, i) for i in range(n))
    layers = draw(st.integers(*depth))
    ends = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    row = loss(draw(st.sampled_from(NETWORK_LOSSES)))
    outputs = max(ends[1], 2) if row.joint else ends[1]
    return Network((ends[0], *[n] * (layers - 1), outputs), hidden=kinds, loss=row, bias=draw(st.booleans())), order


@dataclass(frozen=True)
class GroupedUnits:
    """A network with one hidden layer, and parameters whose hidden units form classes of these sizes.

    The last class, of `zeros` units, has only zero weights in and out and zero biases; it may be empty.
    """

    network: Network
    params: Params
    sizes: tuple[int, ...]
    zeros: int

    @property
    def count(self) -> int:
        """Number of hidden units."""
        return self.network.widths[1]


@st.composite
def grouped_units(
    draw: Draw, hidden: Sequence[Activation], units: tuple[int, int] = (1, 8), *, reflected: bool = False
) -> GroupedUnits:
    """Classes of equal hidden units, zero units among them, in any order; all different at times.

    With `reflected`, units of a class are equal up to reflection, phi(z) + phi(-z) being a constant.
    """
    net = Network(
        (draw(st.integers(1, 2)), draw(st.integers(*units)), draw(st.integers(1, 2))),
        draw(st.sampled_from(list(hidden))),
    )
    n = net.widths[1]
    classes = draw(st.one_of(st.just(list(range(1, n + 1))), st.lists(st.integers(0, n), min_size=n, max_size=n)))
    # Class k has the bias k, so that no two classes are equal or opposite; class 0 is zero.
    (W, b), (V, c) = draw(parameters(net.params))
    for i, k in enumerate(classes):
        first = classes.index(k)
        W[:, i], V[i], b[i] = W[:, first] * (k > 0), V[first] * (k > 0), k
    params: Params = ((W, b), (V, c))
    if reflected:
        group = unit_group(net)
        signs = tuple(draw(st.sampled_from((1, -1))) for _ in range(n))
        params = UnitMove((tuple(range(n)),), (signs,), group.total or 0)(params)
    counted = {k: classes.count(k) for k in classes}
    return GroupedUnits(net, params, tuple(counted.values()), counted.get(0, 0))
