"""ReLU networks with the pattern of their active units held fixed, and their scaling symmetry at first order.

At parameters where no pre-activation is 0 the pattern s of active units, 1 or 0 for each row and hidden unit, is that
of a whole neighbourhood, and there relu(z) = s z.  So the network is, near by, the *gated* one, whose units are s z:
a polynomial in parameters and data.  What is an identity in the gates as well, read as real symbols, holds for every
pattern at once, and so at every such point of the ReLU network.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

import jax
import numpy as np

from netprops.domains import Box, reals
from netprops.objects.networks import Network, Params, apply_layer

Array: TypeAlias = Any
Gates: TypeAlias = tuple[Array, ...]  # (rows, units) for each hidden layer


def gates(network: Network, rows: int) -> tuple[Box, ...]:
    """The domain of all gates, as real numbers."""
    return tuple(reals((rows, n)) for n in network.widths[1:-1])


def gated(network: Network, params: Params, x: Array, s: Gates) -> Array:
    """The outputs with s z in the place of relu(z) for the pre-activations z of each hidden layer."""
    *inner, last = params
    for layer, gate in zip(inner, s, strict=True):
        x = gate * apply_layer(layer, x)
    return network.output(apply_layer(last, x))


def gates_at(network: Network, params: Params, x: Array) -> tuple[Gates, bool]:
    """The pattern of active units at the parameters, and whether no pre-activation is 0; in exact arithmetic.

    Raises:
        ValueError: another activation than relu.
    """
    if network.hidden is not jax.nn.relu:
        raise ValueError(f"relu units are needed, got {network}")
    h, found, smooth = _exact(x), [], True
    for layer in params[:-1]:
        z = apply_layer(tuple(map(_exact, layer)), h)
        found.append((z > 0).astype(np.float64))
        smooth = smooth and bool((z != 0).all())
        h = z * (z > 0).astype(int)
    return tuple(found), smooth


def _exact(array: Array) -> Array:
    return np.vectorize(Fraction, otypes=[object])(array)


def rescaling_direction(params: Params, rates: tuple[Array, ...]) -> Params:
    """The derivative at t = 1 of rescaling each hidden unit by t^rate: rate (w, b, -v) for each unit, added up.

    It is linear in the parameters, by a diagonal matrix A; so grad J . A p = 0 for all p gives H A p = -A grad J.
    """
    layers = [tuple(0 * part for part in layer) for layer in params]
    for k, rate in enumerate(rates):
        into, (V, *c) = params[k], params[k + 1]
        layers[k] = tuple(
            d + part * (rate if part.ndim == 1 else rate[None, :]) for d, part in zip(layers[k], into, strict=True)
        )
        layers[k + 1] = (layers[k + 1][0] - V * rate[:, None], *(0 * b for b in c))
    return tuple(layers)
