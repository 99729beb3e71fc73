"""Back-propagation as it is written by hand: errors sent back unit by unit, for networks of logistic units.

With h_0 = x, h_k = s(h_{k-1} W_k + b_k), s the logistic function, and s' = s (1 - s) (Rumelhart, Hinton and Williams
1986):

    delta_L = what the loss and the outputs' activation come to,
    delta_k = (delta_{k+1} W_{k+1}') h_k (1 - h_k),
    the update rules: h_{k-1}' delta_k for W_k, and the sum of delta_k over the rows for b_k.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import jax.numpy as jnp

from netprops.objects.networks import apply_layer

if TYPE_CHECKING:
    from netprops.objects.networks import Params

Array: TypeAlias = Any
Delta: TypeAlias = Callable[[Array, Array], Array]  # of the outputs and the targets


def log_loss_delta(outputs: Array, targets: Array) -> Array:
    """h - y: for logistic outputs under log loss, where h (1 - h) cancels."""
    return outputs - targets


def squared_error_delta(outputs: Array, targets: Array) -> Array:
    """2 (h - y) h (1 - h): for logistic outputs under squared error."""
    return 2 * (outputs - targets) * outputs * (1 - outputs)


def backpropagated(params: Params, x: Array, y: Array, delta: Delta = log_loss_delta) -> Params:
    """The update rule of every layer, shaped like the parameters; all units are logistic."""
    units = [x]
    for layer in params:
        units.append(jax.nn.sigmoid(apply_layer(layer, units[-1])))
    error, rules = delta(units[-1], y), []
    for layer, below in zip(reversed(params), reversed(units[:-1]), strict=True):
        rules.append((below.T @ error, *(jnp.sum(error, axis=0) for _ in layer[1:])))
        error = (error @ layer[0].T) * below * (1 - below)
    return tuple(reversed(rules))
