"""Two units in the place of one: Fukumizu and Amari's construction (Neural Networks 13, 2000), and what it does.

A hidden unit with the incoming weights and bias (w, b) and the outgoing weights v is replaced by two of the same (w, b)
with the outgoing weights t v and (1 - t) v.  The network computes what it did, for every t.  So a critical point of the
small network gives a line of them, if v is not 0: with respect to the two units the gradient is the old one times t and
1 - t in the incoming weights, and the old one twice in the outgoing weights.

Parting the units' incoming weights by (1 - t) d and -t d changes no output to first order, and the second derivative of
the cost along that line is t (1 - t) d'Bd, with

    B = sum over rows i of  (loss'_i . v) f''(u_i) (x_i, 1)(x_i, 1)',   u_i = w . x_i + b.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.objects.networks import Activation, Network, Params, apply_layer

Array: TypeAlias = Any
Incoming: TypeAlias = Callable[[Array, int], tuple[Array, Array]]  # of W's column (0) or the bias (1)
Outgoing: TypeAlias = Callable[[Array], tuple[Array, Array]]

# With derivatives of every order, all of them among the functions that the normal form knows.
SMOOTH: tuple[Activation, ...] = (jnp.tanh, jax.nn.sigmoid, jax.nn.softplus, jnp.sin)


@dataclass(frozen=True)
class Duplication:
    """Unit `unit` of hidden layer `layer` (both counted from 0) of `network` is replaced by two; the second is last."""

    network: Network
    layer: int = 0
    unit: int = 0

    def __post_init__(self) -> None:
        hidden = self.network.widths[1:-1]
        if not 0 <= self.layer < len(hidden) or not 0 <= self.unit < hidden[self.layer]:
            raise ValueError(f"{self.network} has no unit {self.unit} in a hidden layer {self.layer}")

    @property
    def larger(self) -> Network:
        """The network with one more unit in that layer."""
        widths = list(self.network.widths)
        widths[self.layer + 1] += 1
        return self.network.with_widths(*widths)

    @property
    def incoming(self) -> int:
        """How many incoming weights the unit has, its bias among them: the size of B."""
        return self.network.widths[self.layer] + self.network.bias

    def __call__(self, params: Params, t: Array) -> Params:
        """The parameters of the larger network: outgoing weights t v for the unit itself, (1 - t) v for the new one."""
        return self._with_copy(params, lambda part, _: (part, part), lambda v: (t * v, (1 - t) * v))

    def gradient(self, slopes: Params, t: Array) -> Params:
        """The larger network's gradient at ``self(params, t)``, given the small one's at `params`."""
        return self._with_copy(slopes, lambda part, _: (t * part, (1 - t) * part), lambda v: (v, v))

    def apart(self, params: Params, t: Array, d: Array) -> Params:
        """``self(params, t)``, the two units' (w, b) moved by (1 - t) d and -t d; without biases d moves w alone."""
        W, *b = params[self.layer]
        moves = (d[: W.shape[0], None], *(d[W.shape[0] :] for _ in b))

        def incoming(part: Array, k: int) -> tuple[Array, Array]:
            return part + (1 - t) * moves[k], part - t * moves[k]

        return self._with_copy(params, incoming, lambda v: (t * v, (1 - t) * v))

    def curvature(self, params: Params, x: Array, y: Array) -> Array:
        """B, of the small network: symmetric, one row and column for each incoming weight of the unit and its bias."""
        net, k, j = self.network, self.layer, self.unit
        h = x
        for layer in params[:k]:
            h = net.hidden(apply_layer(layer, h))
        u = apply_layer(params[k], h)

        def cost_of(units: Array) -> Array:
            for layer in params[k + 1 : -1]:
                units = net.hidden(apply_layer(layer, units))
            return jnp.sum(net.loss.of(net.output(apply_layer(params[-1], units)), y))

        slope = jax.grad(cost_of)(net.hidden(u))[:, j]
        bend = jax.vmap(jax.grad(jax.grad(net.hidden)))(u[:, j])
        rows = jnp.concatenate([h, jnp.ones((h.shape[0], 1))], axis=1) if net.bias else h
        weighted: Array = rows * (slope * bend)[:, None]
        return rows.T @ weighted

    def _with_copy(self, params: Params, incoming: Incoming, outgoing: Outgoing) -> Params:
        """The unit replaced by two: of each part of its incoming weights, and of its outgoing ones, by a pair."""
        layers, j = list(params), self.unit
        parts = []
        for k, part in enumerate(params[self.layer]):
            first, second = incoming(part[..., j : j + 1], k)
            parts.append(_joined([part[..., :j], first, part[..., j + 1 :], second], -1))
        V, *c = params[self.layer + 1]
        first, second = outgoing(V[j : j + 1])
        layers[self.layer] = tuple(parts)
        layers[self.layer + 1] = (_joined([V[:j], first, V[j + 1 :], second], 0), *c)
        return tuple(layers)


def _joined(parts: Sequence[Array], axis: int) -> Array:
    """The parts side by side; of NumPy arrays a NumPy array, without a compilation."""
    library: Any = np if all(isinstance(part, np.ndarray) for part in parts) else jnp
    return library.concatenate(parts, axis=axis)


# ---------------------------------------------------------------- a minimum that is known exactly


@dataclass(frozen=True)
class BalancedUnit:
    """One tanh unit, v tanh(w (x - shift)) + c, and data on which it is exactly critical, though it does not fit them.

    The inputs are shift + a and shift - a for the four `levels` a. The targets are the unit's outputs plus `size` r and
    minus `size` r. With f = tanh(w a), f' = 1 - f^2, f'' = -2 f f', level by level, r is orthogonal to f and to a f',
    which makes the outputs' derivatives by w, b, v and c orthogonal to the residuals, and to (a^2 - ratio) f''. So in
    the coordinates (w, b + shift w) the matrix B is diagonal, a number times diag(`ratio`, 1): definite if ratio > 0.

    All fields are NumPy's or JAX's scalars, `levels` an array.
    """

    w: Array
    v: Array
    c: Array
    shift: Array
    levels: Array
    size: Array
    ratio: Array

    @property
    def network(self) -> Network:
        """The network of this one unit."""
        return Network((1, 1, 1))

    @property
    def params(self) -> Params:
        """Its parameters."""
        return (self.w[None, None], (-self.w * self.shift)[None]), (self.v[None, None], self.c[None])

    @property
    def inputs(self) -> Array:
        """The eight inputs, (8, 1)."""
        a = jnp.asarray(self.levels)
        return self.shift + jnp.concatenate([a, -a])[:, None]

    def targets(self) -> Array:
        """The eight targets; where they are traced, they are real numbers and not their doubles."""
        a = jnp.asarray(self.levels)
        f = jnp.tanh(self.w * a)
        slope = 1 - f**2
        r = _across(f, a * slope, (a**2 - self.ratio) * f * slope)
        return self.network(self.params, self.inputs) + self.size * jnp.concatenate([r, -r])[:, None]

    def cost(self, network: Network, params: Params) -> Array:
        """The cost, on these data, of this network or of a larger one."""
        return network.cost(params, self.inputs, self.targets())


def _across(p: Array, q: Array, r: Array) -> Array:
    """The vector product of three vectors of R^4, orthogonal to each: signed minors."""

    def minor(i: int, j: int, k: int) -> Array:
        return (
            p[i] * (q[j] * r[k] - q[k] * r[j]) - p[j] * (q[i] * r[k] - q[k] * r[i]) + p[k] * (q[i] * r[j] - q[j] * r[i])
        )

    return jnp.stack([minor(1, 2, 3), -minor(0, 2, 3), minor(0, 1, 3), -minor(0, 1, 2)])
