"""Why the cost of a network with a hidden layer is not convex, whatever its data: three parameters are enough.

Let all weights be 0, but for one output weight v from one unit of the last hidden layer; let b be that unit's bias, c
that of the output, and those of the other outputs a constant.  No input gets through, so in every row that output is
v f(b) + c and the others are constant: the cost is

    C(v, b, c) = L(v f(b) + c),   L(z) = the sum over the rows of the losses when the first output is z.

Of all the data nothing is left but L, a convex function of one variable.  Around a level from which L rises
(`rising_level`), a few facts about the activation f at 0 and 1 suffice.  They hold for each of `ACTIVATIONS`, and the
losses are those of `NETWORK_LOSSES`.  All points are whole numbers.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

import jax
import numpy as np

from netprops.objects.data import Matrix
from netprops.objects.networks import NETWORK_LOSSES, Activation, Network, Params, identity

Pair: TypeAlias = tuple[Params, Params]


def rising_level(network: Network, Y: Matrix) -> int:
    """A level c of the first output at which L slopes away from 0, c L'(c) > 0, the other outputs being -c.

    It is c = 4M or -4M, where M >= 1 is a power of two above all targets in size and above log k for k outputs; it is
    negative if the mean of the first output's targets exceeds 1/2.  Why L slopes so:

    - squared and Huber loss: c is beyond every target, by 3M or more (and so is -c: no residual is at a kink);
    - log loss of a logit and softmax cross-entropy: L'(c) = n (p - mean), where p = e^c/(1 + e^c), for softmax
      p = e^2c/(e^2c + k - 1), is the first output's probability, above 0.98 for c = 4M and below 0.02 for c = -4M.

    Raises:
        ValueError: a network or targets that this does not hold of: another loss, outputs with an activation, softmax
            with one class, labels outside [0, 1] or, for softmax, outside the simplex.
    """
    _check(network, Y)
    reach = max(float(np.abs(Y).max()), math.log(network.widths[-1]))
    size: int = 1 << max(0, math.frexp(reach)[1])
    low = 2 * sum(map(Fraction, Y[:, 0].tolist())) <= len(Y)
    return 4 * size if low else -4 * size


def violating_chord(network: Network, Y: Matrix) -> Pair:
    """Two points a and b with C((a + b)/2) > (C(a) + C(b))/2.

    In (v, b, c), with the level c of `rising_level` and the largest q in {0, 1/2} that is at most f(0):

        (0, 2, c)   and   (c, 0, c - q c),   halfway   (c/2, 1, c - q c/2).

    The output is c at the first, c + (f(0) - q) c at the second and c + (f(1) - q) c/2 halfway.  Each of `ACTIVATIONS`
    has 0 <= f(0) - q < (f(1) - q)/2, so the outputs lie in this order, L rising: halfway it costs more than
    at either end.  The ends cost the same, but for softplus, whose f(0) = log 2 is no number q.

    Raises:
        ValueError: as `rising_level`; a network without hidden layer or biases; an activation of which this is not so.
    """
    c = rising_level(network, Y)
    at_0, at_1, _ = _values(network.hidden)
    q = 0 if at_0 < 1 / 2 else Fraction(1, 2)
    if not 0 <= at_0 - q < (at_1 - q) / 2:
        raise ValueError(f"{network}: its activation is {at_0} at 0 and {at_1} at 1, which this chord does not suit")
    return _point(network, 0, 2, c, rest=-c), _point(network, c, 0, int(c - q * c), rest=-c)


def indefinite_point(network: Network, Y: Matrix) -> tuple[Params, Params, Params]:
    """A point x and two directions u and w with u'Hu > 0 > w'Hw, H the Hessian of the cost at x.

    x has all weights 0, all hidden biases 1, off every kink, and the output bias c of `rising_level`.  In (v, b) H is

        L''(c) f(1)^2   L'(c) f'(1)
        L'(c) f'(1)          0

    and the directions are (1, 1) and (1, -1), in the order of the sign of c.  Each of `ACTIVATIONS` has f'(1) > 0 and
    each loss 2 |L'(c)| f'(1) > L''(c) f(1)^2.

    Raises:
        ValueError: as `violating_chord`.
    """
    c = rising_level(network, Y)
    _, at_1, slope = _values(network.hidden)
    if not 6 * slope > at_1**2:  # |L'| is at least 3 L'' at c
        raise ValueError(
            f"{network}: its activation is {at_1} with slope {slope} at 1, which these directions do not suit"
        )
    x = _point(network, 0, 1, c, rest=-c, others=1)
    first, second = _point(network, 1, 1, 0), _point(network, 1, -1, 0)
    return (x, first, second) if c > 0 else (x, second, first)


def _check(network: Network, Y: Matrix) -> None:
    name, outputs = network.loss.name, network.widths[-1]
    if name not in NETWORK_LOSSES or network.output is not identity or (network.loss.joint and outputs < 2):
        raise ValueError(
            f"{network} has no such level: the last layer is linear, the loss one of {', '.join(NETWORK_LOSSES)}, and "
            "softmax has two classes or more"
        )
    if Y.ndim != 2 or Y.shape[1] != outputs or not len(Y) or not np.isfinite(Y).all():
        raise ValueError(f"finite targets of shape (rows, {outputs}) go with {network}, got shape {Y.shape}")
    labels = name in ("log loss of a logit", "softmax cross-entropy")
    sums = {sum(map(Fraction, row)) for row in Y.tolist()} if network.loss.joint else {1}
    if labels and (Y.min() < 0 or Y.max() > 1 or sums != {1}):
        raise ValueError(f"labels of {network} lie in [0, 1]{' and add up to 1' if network.loss.joint else ''}")


@cache
def _values(f: Activation) -> tuple[float, float, float]:
    """f(0), f(1), f'(1), nearly: they choose the points, and prove nothing."""
    h = 2.0**-10
    at_0, at_1, before, after = np.asarray(jax.jit(f)(np.array([0.0, 1.0, 1 - h, 1 + h]))).tolist()
    return at_0, at_1, (after - before) / (2 * h)


def _point(network: Network, v: int, b: int, c: int, *, rest: int = 0, others: int = 0) -> Params:
    """All 0, but v, b and c, the biases of the other outputs, `rest`, and of the `others` among the hidden units."""
    if network.depth < 2 or not network.bias:
        raise ValueError(f"a hidden layer and biases are needed, got {network}")
    layers = [(_whole(0, pair), _whole(others, pair[1:])) for pair in itertools.pairwise(network.widths)]
    (_, hidden), (V, outer) = layers[-2:]
    V[0, 0], hidden[0], outer[:] = v, b, rest
    outer[0] = c
    return tuple(layers)


def _whole(value: int, shape: tuple[int, ...]) -> Any:
    """An array of Python's integers, which have no largest."""
    return np.full(shape, value, dtype=object)
