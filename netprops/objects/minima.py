"""Small problems with known strict minima: good and bad ones in one network, and networks fitted to another's outputs.

Nothing here is believed: a claim asks whether there is a minimum, and which of two is the worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np

from netprops.objects.data import Data, Matrix
from netprops.objects.networks import Activation, Network, Params

Unit: TypeAlias = tuple[float, float]  # incoming weight w, outgoing weight v

# v tanh(w x) on the points (1, 1), (6, 1), (12, 2), squared error: its two strict minima up to sign, values 0.4998 and
# 0.6548.  A slow unit fits the two far points, a fast one the two near points.
GOOD_UNIT: Unit = (0.8025422287962949, 1.50060247607702)
BAD_UNIT: Unit = (0.089720001523495, 2.4688216352000447)
ONE_UNIT_DATA = Data(np.array([[1.0], [6.0], [12.0]]), np.array([[1.0], [1.0], [2.0]]))

# v s(w x), s the logistic function, on the points (-3, -4), (-1, 1), (4, 3), squared error: values 16.43 and 19.65.  It
# has no bias, so that no symmetry takes one to the other.
SIGMOID_UNITS: tuple[Unit, Unit] = ((1.7163975100165, 3.0613594298391), (-0.9911381458017, -2.1012980144917))
SIGMOID_UNIT_DATA = Data(np.array([[-3.0], [-1.0], [4.0]]), np.array([[-4.0], [1.0], [3.0]]))


def parallel_units(count: int) -> tuple[Network, Data]:
    """So many tanh units without biases, as many inputs and outputs, and `ONE_UNIT_DATA` along each axis.

    The inputs are 0 but for one: every unit can serve one input and one output of its own, as `parallel_params` says.
    """
    X, Y = (np.kron(np.eye(count), part) for part in ONE_UNIT_DATA)
    return Network((count, count, count), hidden=jnp.tanh, bias=False), Data(X, Y)


def parallel_params(units: Sequence[Unit]) -> Params:
    """The k-th of n units serves input and output n - 1 - k: with positive w, the first row of weights is in order."""
    w, v = np.array(units).T
    return ((np.diag(w)[::-1].copy(),), (np.diag(v)[:, ::-1].copy(),))


@dataclass(frozen=True, eq=False)
class Taught:
    """A network, and data that it fits as well as can be with the given parameters: they are a global minimiser.

    Each input comes twice, with targets on both sides of the output f there, at the distance `spread`: by the identity
    (z - f - s)^2 + (z - f + s)^2 = 2 (z - f)^2 + 2 s^2 the cost is least where z = f.
    """

    network: Network
    params: Params
    inputs: Matrix
    spread: float = 0.0

    def __repr__(self) -> str:
        shown = ", ".join(str([part.tolist() for part in layer]) for layer in self.params)
        return f"<{self.network} taught by ({shown}), spread {self.spread}>"

    def cost(self, params: Params) -> Any:
        """The network's cost; where it is traced, the targets are the real numbers, not their doubles."""
        outputs = self.network(self.params, self.inputs)
        above, below = outputs + self.spread, outputs - self.spread
        return self.network.cost(params, self.inputs, above) + self.network.cost(params, self.inputs, below)


def worked_example(hidden: Activation) -> Taught:
    """Units with incoming weights (-1.5, 2.0) and (1.7, 0.4), outgoing weights 2.3 and 0.8, and data of theirs."""
    params = ((np.array([[-1.5, 1.7], [2.0, 0.4]]),), (np.array([[2.3], [0.8]]),))
    inputs = np.array([[1, 0], [0, 1], [1, 1], [1, -1], [-1, 1], [2, 1], [-1, -2], [0, -1]], dtype=np.float64) / 2
    return Taught(Network((2, 2, 1), hidden=hidden, bias=False), params, inputs)
