"""Why a cost is not convex in the weights of tanh and sigmoid units, all else frozen and whatever the data.

With a unit's incoming weights 0, its bias b alone moves the outputs, by its value s(b): the cost is a convex function
of a bounded one.  That is never convex unless it is constant; here are segments in b that show it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netprops.objects.data import Matrix
from netprops.objects.networks import Network, Params

_AT_0 = {jnp.tanh: Fraction(0), jax.nn.sigmoid: Fraction(1, 2)}


def concave_stretch(network: Network, V: Matrix, c: Matrix, Y: Matrix) -> tuple[Params, Params]:
    """Ends in (W, b) of the last hidden layer between which the squared loss is strictly concave; V, c frozen after it.

    All of W and b is 0 but one bias, of a unit whose output weights v are not all 0.  Let r be the sum over the rows of
    the outputs less the targets where it is 0 too.  In t = tanh b, or tanh(b/2) for the sigmoid, the cost is
    A t^2 + B t + C with A > 0 and B a positive multiple of v.r, so that as a function of b it is strictly concave where
    t B >= 0 and t^2 >= 1/3: in any case for b from 2 to 6 or from -2 to -6.

    Raises:
        ValueError: another activation or loss; V all 0.
    """
    if network.hidden not in _AT_0 or network.loss.name != "squared":
        raise ValueError(f"tanh or sigmoid units and squared loss are needed, got {network}")
    if not V.any():
        raise ValueError("all output weights are 0: the cost is constant in the hidden layer")
    unit = int(np.flatnonzero(V.any(axis=1))[0])
    weights, level, targets = _exact(V), _exact(c), _exact(Y)
    excess = len(Y) * (level + _AT_0[network.hidden] * weights.sum(axis=0)) - targets.sum(axis=0)
    side = 1 if weights[unit] @ excess >= 0 else -1
    still, bias = np.zeros((network.widths[-3], len(V))), np.eye(len(V))[unit] * side
    return ((still, 2 * bias),), ((still, 6 * bias),)


def _exact(array: Matrix) -> Any:
    return np.vectorize(Fraction, otypes=[object])(array)


def saturated_ends(v: Matrix) -> tuple[float, float]:
    """Biases B > 0 > C such that the log loss exceeds, halfway, its chord from 0 to the one that costs more.

    For a sigmoid unit with incoming weights 0 and output weights v, not all 0, to logits with log loss.  Any with
    |B|, |C| >= 2 (a + 4) will do, a the largest of v in size; these are not opposite, so that no symmetry makes them
    cost the same.

    Why.  Write t = 2 s(b) - 1.  The cost is p(t), whose second derivative lies between some m > 0 and e^a m on [-1, 1].
    Let t_1 belong to the end that costs more, t_2 to halfway, t_3 to the other end, D = p(t_1) - p(0) and
    E = p(t_1) - p(t_2); to be shown is D > 2E.  As p(t_3) <= p(t_1), strong convexity gives D >= m |t_1 t_3| / 2.  As
    p' is D/t_1 somewhere between 0 and t_1, E <= (1 - |t_2|) (D/|t_1| + e^a m |t_1|), which is at most
    (1 - |t_2|) (1/|t_1| + 2 e^a/|t_3|) D; and with |t_2| >= tanh((a + 4)/2) that is less than D/2.
    """
    end = 2 * (float(np.abs(v).max()) + 4)
    return end, -(end + 0.125)
