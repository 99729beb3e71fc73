"""Permuting hidden units, and why a convex cost would gain nothing from having several.

All permutations of a layer's units applied to some parameters give copies, which cost the same; their mean has all
units equal, so that it does what one unit can do.  By Jensen's inequality a convex cost is at the mean no higher than
at the copies.  A network that does better than any with equal units therefore has a cost that is not convex.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netprops.objects.networks import Activation, Network, Params

# One unit of these is monotone in each of its inputs; of those that bend at 1, two units need not be.
MONOTONE_AND_BENT: tuple[Activation, ...] = (
    jax.nn.relu,
    jax.nn.leaky_relu,
    jax.nn.softplus,
    jnp.tanh,
    jax.nn.sigmoid,
)


def mean_of_copies(params: Params) -> Params:
    """The mean of the parameters of one hidden layer over all permutations of its units, exactly.

    Every unit gets the mean incoming weights, the mean bias and the mean outgoing weights; arrays of fractions.
    """
    (W, b), (V, c) = params
    return (_mean(W, 1), _mean(b, 0)), (_mean(V, 0), c)


def _mean(array: Any, axis: int) -> Any:
    exact = np.vectorize(Fraction, otypes=[object])(array)
    return np.broadcast_to(exact.sum(axis=axis, keepdims=True) / array.shape[axis], array.shape)


def even_pair(network: Network, center: float, spacing: float, height: float, level: float) -> Params:
    """Parameters of a 1-h-1 network whose output is even about the center, all but two units being idle.

    The outputs are v (s(2u + 1) + s(1 - 2u)) + c with u = (x - center)/spacing, v = `height`, c = `level`.  For the
    activations of `MONOTONE_AND_BENT` they are no monotone function of x: at u = 0 they are higher than at u = 1 and
    at u = -1, or lower than at both.

    Raises:
        ValueError: fewer than two hidden units, another activation, v = 0 or no spacing.
    """
    if network.widths[0] != 1 or network.widths[2:] != (1,) or network.widths[1] < 2:
        raise ValueError(f"a network 1-h-1 with two hidden units or more is needed, got {network}")
    if network.hidden not in MONOTONE_AND_BENT or not height or spacing <= 0:
        raise ValueError(f"nothing bends: {network}, height {height}, spacing {spacing}")
    W, b, V = np.zeros((1, network.widths[1])), np.zeros(network.widths[1]), np.zeros((network.widths[1], 1))
    for unit, slope in enumerate((2 / spacing, -2 / spacing)):
        W[0, unit], b[unit], V[unit, 0] = slope, 1 - slope * center, height
    return (W, b), (V, np.array([level]))
