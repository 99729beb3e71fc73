"""The networks of the table."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import reals
from netprops.objects.losses import loss
from netprops.objects.networks import ACTIVATIONS, NETWORK_LOSSES, Network
from netprops.readings.jaxpr import Program, fingerprint, trace

Array = np.ndarray[Any, Any]


def data(widths: tuple[int, ...], rows: int, seed: int = 0) -> tuple[jax.Array, jax.Array]:
    """Inputs and nonnegative targets, multiples of 1/8."""
    rng = np.random.default_rng(seed)
    return tuple(jnp.asarray(np.abs(rng.integers(-16, 17, (rows, n))) / 8.0) for n in (widths[0], widths[-1]))


def cost(
    widths: tuple[int, ...], rows: int, activation: Callable[[Any], Any], seed: int = 0
) -> tuple[Callable[[Any], Any], Any]:
    """The mean squared error of a network on data of its own, as a function of the parameters, and their domain."""
    x, y = data(widths, rows, seed)

    def of(params: Any) -> Any:
        h, targets = (array.astype(params[0][0].dtype) for array in (x, y))
        for k, (W, b) in enumerate(params):
            h = h @ W + b[None, :]
            h = activation(h) if k < len(params) - 1 else h
        return jnp.mean((h - targets) ** 2)

    return of, [(reals((m, n)), reals(n)) for m, n in itertools.pairwise(widths)]


def widths_of_size(parameters: float) -> tuple[int, ...]:
    """8-w-w-1 with about so many parameters."""
    w = int((-10 + (100 + 4 * parameters) ** 0.5) / 2)
    return (8, w, w, 1)


def drawn(count: int, widest: int, rows: int, seed: int = 0) -> list[tuple[Network, Callable[[Any], Any]]]:
    """So many architectures drawn at random (2 to 5 layers, all activations and losses), each with a cost on data."""
    rng = np.random.default_rng(seed)
    made: list[tuple[Network, Callable[[Any], Any]]] = []
    while len(made) < count:
        widths = tuple(int(n) for n in rng.integers(1, widest + 1, int(rng.integers(3, 7))))
        name = str(rng.choice(NETWORK_LOSSES))
        hidden, bias = ACTIVATIONS[int(rng.integers(len(ACTIVATIONS)))], bool(rng.integers(2))
        if name.startswith("softmax") and widths[-1] == 1:
            continue
        made.append(_with_data(Network(widths, hidden=hidden, loss=loss(name), bias=bias), rows, len(made)))
    return made


def _with_data(network: Network, rows: int, seed: int) -> tuple[Network, Callable[[Any], Any]]:
    x, y = data(network.widths, rows, seed)
    return network, lambda params: network.cost(params, x, y)


def single_precision(of: Callable[[Any], Any], domain: Any) -> Program:
    """The program in float32: for a device's speed alone, no question is asked about it."""
    double = trace(of, domain)
    shaped = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, np.float32), domain)
    closed = jax.make_jaxpr(lambda params: of(params))(shaped)
    return Program(closed, double.arguments, double.out_shapes, fingerprint(closed))
