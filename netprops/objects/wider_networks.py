"""Networks put into wider ones: two side by side, and one with a unit to spare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np

from netprops.objects.networks import Network, Params

Array: TypeAlias = Any
Piece: TypeAlias = Callable[[Array], Params]  # of t from 0 to 1
Step: TypeAlias = Callable[[Params, Array], Params]  # of where it begins, and t


# ---------------------------------------------------------------- side by side


def doubled(network: Network) -> Network:
    """The network with twice as many units in every hidden layer."""
    first, *inner, last = network.widths
    return network.with_widths(first, *(2 * n for n in inner), last)


def side_by_side(p: Params, q: Params, share: Array | float = 0.5) -> Params:
    """The parameters of the doubled network whose last layer's outputs are (1 - share) times those of p plus share
    times those of q.

    The first layers stand beside each other, those between are block diagonal, and the last ones, one above the other,
    are multiplied by 1 - share and share, biases too.

    Raises:
        ValueError: no hidden layer.
    """
    if len(p) < 2 or len(p) != len(q):
        raise ValueError(f"two networks of as many layers, two or more, are needed; got {len(p)} and {len(q)}")
    pairs = list(zip(p, q, strict=True))
    layers = []
    for k, ((W, *b), (V, *c)) in enumerate(pairs):
        if k == len(pairs) - 1:
            W, V, b, c = (1 - share) * W, share * V, [(1 - share) * x for x in b], [share * x for x in c]
            layers.append((jnp.concatenate([W, V]), *(x + y for x, y in zip(b, c, strict=True))))
            continue
        wide = jnp.concatenate([W, V], axis=1) if k == 0 else _block_diagonal(W, V)
        layers.append((wide, *(jnp.concatenate([x, y]) for x, y in zip(b, c, strict=True))))
    return tuple(layers)


def _block_diagonal(W: Array, V: Array) -> Array:
    upper = jnp.concatenate([W, np.zeros((W.shape[0], V.shape[1]))], axis=1)
    lower = jnp.concatenate([np.zeros((V.shape[0], W.shape[1])), V], axis=1)
    return jnp.concatenate([upper, lower])


# ---------------------------------------------------------------- a path to the swap of two units


def with_idle_unit(params: Params, layer: int, incoming: Sequence[Array]) -> Params:
    """The parameters of the network with one unit more in a hidden layer (counted from 0): it comes last, has these
    incoming weights (and bias), and outgoing weights 0, so that it changes no output."""
    layers = list(params)
    layers[layer] = tuple(
        jnp.concatenate([part, jnp.asarray(new)[..., None]], axis=-1)
        for part, new in zip(params[layer], incoming, strict=True)
    )
    V, *bias = params[layer + 1]
    layers[layer + 1] = (jnp.concatenate([V, np.zeros((1, V.shape[1]))]), *bias)
    return tuple(layers)


def path_to_swap(params: Params, layer: int, i: int, j: int) -> list[Piece]:
    """A piecewise straight path from the parameters, with an idle last unit, to those with units i and j swapped.

    Seven pieces, each a function of t from 0 to 1, which begins where the one before ends (Simsek et al. 2021): a unit
    without outgoing weights slides to a double of another, takes over its outgoing weights, and leaves that one free
    to slide.  First the idle unit doubles i, then i doubles j, then j doubles what i was, and the idle one slides back.
    Of the idle unit's outgoing weights it is assumed that they are 0.
    """
    idle = params[layer][0].shape[1] - 1
    if len({i, j, idle}) < 3:
        raise ValueError(f"two different units beside the idle one, {idle}, are needed; got {i} and {j}")
    former, own = _incoming(params, layer, i), _incoming(params, layer, idle)
    steps = (
        slide(layer, idle, former),
        hand_over(layer, i, idle),
        slide(layer, i, _incoming(params, layer, j)),
        hand_over(layer, j, i),
        slide(layer, j, former),
        hand_over(layer, idle, j),
        slide(layer, idle, own),
    )
    pieces: list[Piece] = []
    for step in steps:
        pieces.append(partial(step, params))
        params = step(params, 1.0)
    return pieces


def slide(layer: int, unit: int, to: Sequence[Array]) -> Step:
    """A unit's incoming weights (and bias) go straight to the given ones as t goes from 0 to 1."""

    def step(params: Params, t: Array | float) -> Params:
        layers = list(params)
        layers[layer] = tuple(
            part + (t * (end - part[..., unit]))[..., None] * _one(part, unit)
            for part, end in zip(params[layer], to, strict=True)
        )
        return tuple(layers)

    return step


def hand_over(layer: int, unit: int, to: int) -> Step:
    """A unit's outgoing weights v become (1 - t) v, and t v are added to another unit's, as t goes from 0 to 1."""

    def step(params: Params, t: Array | float) -> Params:
        layers = list(params)
        V, *bias = params[layer + 1]
        layers[layer + 1] = (V + (_one(V.T, to) - _one(V.T, unit)).T * (t * V[unit])[None, :], *bias)
        return tuple(layers)

    return step


def _one(array: Array, place: int) -> Array:
    """1 at this place of the last axis, 0 elsewhere, with as many axes as the array."""
    row = np.zeros((1,) * (array.ndim - 1) + array.shape[-1:])
    row[..., place] = 1
    return row


def _incoming(params: Params, layer: int, unit: int) -> list[Array]:
    return [part[..., unit] for part in params[layer]]
