"""Networks of one hidden unit that can be turned round: other parameters, the same outputs.

The outputs at x are v phi(w x + b) + c + u x.  Where phi(z) + phi(-z) is a constant t, the parameters
(-w, -b, -v, c + t v) give the same ones; where phi(z) - phi(-z) = z, and there is a skip connection u,
(-w, -b, v, c + v b, u + v w) do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.objects.networks import Activation

Array: TypeAlias = Any
Params: TypeAlias = tuple[Any, ...]  # w, b, v, c and, with a skip connection, u; for relu without v


@dataclass(frozen=True)
class LoneUnit:
    """One hidden unit; `total` is t, or None where phi(z) - phi(-z) = z instead."""

    activation: Activation
    total: int | None

    def __repr__(self) -> str:
        return f"<one {self.activation.__name__} unit{'' if self.total is not None else ' beside a skip connection'}>"

    @property
    def count(self) -> int:
        """The number of parameters."""
        return 4 if self.total is not None else 5

    def __call__(self, params: Params, x: Array) -> Array:
        """The outputs at the inputs x, (n,)."""
        w, b, v, c, *skip = params
        outputs = v * self.activation(w * x + b) + c
        return outputs + skip[0] * x if skip else outputs

    def turned(self, params: Params) -> Params:
        """The parameters of the unit turned round."""
        w, b, v, c, *skip = params
        if self.total is not None:
            return -w, -b, -v, c + self.total * v
        return -w, -b, v, c + v * b, skip[0] + v * w

    def half_turned(self, params: Params) -> Params:
        """Only the incoming weight and bias turned: no symmetry."""
        w, b, *rest = params
        return (-w, -b, *rest)

    def cost(self, params: Params, taught: Params, x: Array) -> Array:
        """Squared error at the inputs x, with the outputs for the parameters `taught` as targets."""
        return jnp.sum((self(params, x) - self(taught, x)) ** 2)


TURNING: tuple[LoneUnit, ...] = (
    LoneUnit(jnp.tanh, 0),
    LoneUnit(jnp.sin, 0),
    LoneUnit(jax.nn.sigmoid, 1),
    LoneUnit(jax.nn.relu, None),
    LoneUnit(jax.nn.softplus, None),
    LoneUnit(jax.nn.silu, None),
    LoneUnit(jax.nn.gelu, None),
)

# Two sides of every kink of a relu with w in {-2, -1, 1, 2} and b in {-1, 0, 1}, and none on it.
INPUTS = np.arange(-5.0, 5.0) + 0.25


def unlike_pair(params: Array, x: Array) -> Array:
    """Outputs of one softplus unit and one elu unit, v1 softplus(w1 x) + v2 elu(w2 x), params = (w1, w2, v1, v2)."""
    w1, w2, v1, v2 = params
    return v1 * jax.nn.softplus(w1 * x) + v2 * jax.nn.elu(w2 * x)


# For each data set (x, y) strict minima of the squared error of `unlike_pair`, in ascending order of value.
UNLIKE_PAIR_MINIMA = (
    (
        (np.array([-6.0, -3.0, -2.0, -1.0, 4.0, 5.0]), np.array([1.0, -3.0, -1.0, 2.0, 3.0, 1.0])),
        ((-0.54949, 0.29341, 0.325849, 1.517221), (0.720589, -0.593621, 0.545409, -0.130127)),
    ),
    (
        (np.array([-6.0, -2.0, 1.0, 2.0]), np.array([2.0, 3.0, -4.0, -1.0])),
        ((-0.632353, 0.401129, -0.190873, -3.424786), (0.886266, -1.558211, -1.080558, 0.301004)),
    ),
)
