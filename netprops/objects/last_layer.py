"""The last layer over the hidden features H of N data, H of shape (N, m): one row a datum, one column a unit.

With outputs H V, V of shape (m, k), and targets Y, the squared error |R|^2, R = H V - Y, has the gradient 2 H'R in V.
For every H and R

    adj(H H') H (H'R) = det(H H') R,

adj the adjugate.  So where the features have rank N, which is det(H H') > 0, a gradient of 0 leaves no residual: it is
a global minimum of all parameters (Poston, Lee, Choie and Kwon 1991; Yu and Chen 1995).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from netprops.objects.networks import apply_layer
from netprops.objects.symmetries import adjugate, determinant

if TYPE_CHECKING:
    from netprops.objects.losses import Array
    from netprops.objects.networks import Network, Params


def features(network: Network, hidden: Params, X: Array) -> Array:
    """The outputs of the last hidden layer, (N, m); `hidden` are all layers but the last."""
    H = X
    for layer in hidden:
        H = network.hidden(apply_layer(layer, H))
    return H


def residual(V: Array, H: Array, Y: Array) -> Array:
    """R = H V - Y, (N, k)."""
    return H @ V - Y


def squared_error(V: Array, H: Array, Y: Array) -> Array:
    """|R|^2."""
    return jnp.sum(residual(V, H, Y) ** 2)


def gram_determinant(H: Array) -> Array:
    """det(H H'): positive if the rows of H are independent, else 0."""
    return determinant(H @ H.T)


def recovered(H: Array, G: Array) -> Array:
    """adj(H H') H G: of the gradient G = H'R, det(H H') R."""
    return adjugate(H @ H.T) @ (H @ G)
