"""Networks of Gaussian radial basis functions: f(x) = sum_j v_j exp(-|x - c_j|^2 / (2 s_j^2)).

The parameters are centres c, (k, n), widths s, (k,), whose squares are the variances, and output weights v, (k,).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from netprops.objects.data import Data, Matrix


def hidden(centres: Any, widths: Any, X: Any) -> Any:
    """exp(-|x - c_j|^2 / (2 s_j^2)) for each row x of X, (m, n): the outputs of the hidden layer, (m, k)."""
    squares = jnp.sum((X[:, None, :] - centres[None, :, :]) ** 2, axis=2)
    return jnp.exp(-squares / (2 * widths**2)[None, :])


def cost(weights: Any, centres: Any, widths: Any, X: Any, y: Any) -> Any:
    """The sum over the rows (x, y) of (f(x) - y)^2."""
    return jnp.sum((hidden(centres, widths, X) @ weights - y) ** 2)


def chord_of_centres(weights: Matrix, centres: Matrix, widths: Matrix, data: Data) -> tuple[Matrix, Matrix]:
    """Two ends, centres each, whose mean cost is below the cost halfway, for weights that are not all 0; data are any.

    Only the centre of a unit with v_j != 0 moves, and along the first axis.  As it goes away on either side the cost
    tends to one limit L.  So there is such a chord wherever the cost is not L: if it is more, about that point; if it
    is less, from it.  And somewhere it is not, because the cost less L is sum_i (v^2 phi_i^2 + u_i phi_i), and the
    Gaussians phi_i^2 are narrower than all phi_i.  Where is looked for in floats.

    Raises:
        ValueError: all weights are 0.
    """
    if not weights.any():
        raise ValueError("all output weights are 0: the cost does not depend on the centres")
    X, y = data
    j = int(np.argmax(np.abs(weights)))

    def moved(first: Any) -> Matrix:
        c = np.repeat(centres[None], len(first), axis=0)
        c[:, j, :] = X[0]
        c[:, j, 0] = first
        return c

    places = X[0, 0] + widths[j] * np.arange(-8, 9) / 2
    far = float(np.abs(X).max() + np.abs(places).max() + 64 * widths[j])
    *values, limit = _costs(weights, moved([*places, 2 * far]), widths, X, y)
    best = int(np.argmax(np.abs(np.array(values) - limit)))
    at = places[best]
    ends = moved([at - 2 * far, at + 2 * far] if values[best] > limit else [at, 4 * far - at])
    return ends[0], ends[1]


def _costs(weights: Matrix, many: Matrix, widths: Matrix, X: Matrix, y: Matrix) -> Matrix:
    """`cost` for many centres at once, in NumPy: floats that only look for a place."""
    squares = np.sum((X[None, :, None, :] - many[:, None, :, :]) ** 2, axis=3)
    outputs = np.exp(-squares / (2 * widths**2)[None, None, :]) @ weights
    total: Matrix = np.sum((outputs - y[None, :]) ** 2, axis=1)
    return total
