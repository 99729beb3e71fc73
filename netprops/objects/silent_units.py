"""ReLU networks whose last hidden layer is silent: a whole ball of parameters where the cost is a constant's.

Let every unit of the last hidden layer be off on all data, its pre-activations below 0 by a margin.  So it is for all
parameters near by, and there the outputs are the output biases c: the squared loss is the sum over the rows of
|c - y|^2, convex in c and constant in everything else.  With c the mean target it is a weak local minimum, at every
width and depth (`silent_minimum`).  It is a bad one wherever some function of the inputs fits better than a constant:
then one chain of units, one in each hidden layer, does so too (`better_than_constant`).

Points are arrays of exact fractions: mean targets and slopes need not be doubles.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import jax
import numpy as np

from netprops.domains import box
from netprops.objects.data import Matrix
from netprops.objects.networks import Network, Params, identity

Exact: TypeAlias = "np.ndarray[Any, Any]"  # an object array of fractions

RADIUS = 0.25


# ---------------------------------------------------------------- the minimum


def silenced(network: Network, params: Params, X: Matrix, *, radius: float = RADIUS) -> Params:
    """The parameters, but for the last hidden layer's biases: so low that its units are off on X, on a whole ball.

    For all parameters within `radius` of these, entry by entry, every pre-activation of that layer is at most
    -`radius` at every row of X.  A layer's activations are at most |h| (|W| + radius) + |b| + radius in size, h those
    of the layer before, |.| taken entry by entry; the biases are set below that.

    Raises:
        ValueError: no hidden layer, no biases, another activation than relu, a radius that is not positive.
    """
    _check(network)
    if not radius > 0:
        raise ValueError(f"a ball has a radius above 0, got {radius}")
    r = Fraction(radius)
    *before, (W, _), last = _exactly(params)
    h = abs(_exact(X))
    for V, b in before:
        h = h @ (abs(V) + r) + abs(b)[None, :] + r
    off = -(h @ (abs(W) + r)).max(axis=0) - 2 * r
    return (*before, (W, off), last)


def silent_minimum(network: Network, params: Params, X: Matrix, Y: Matrix, *, radius: float = RADIUS) -> Params:
    """The parameters `silenced`, with the mean targets for output biases: a weak local minimum of the squared loss.

    Raises:
        ValueError: as `silenced`; another loss.
    """
    if network.loss.name != "squared":
        raise ValueError(f"the mean target is the best constant under squared loss, not for {network}")
    *hidden, (V, _) = silenced(network, params, X, radius=radius)
    return (*hidden, (V, mean_target(Y)))


def ball(params: Params, radius: float = RADIUS) -> Params:
    """The domain of all parameters within `radius` of these, entry by entry."""
    r = Fraction(radius)
    return tuple(tuple(box(part - r, part + r) for part in layer) for layer in _exactly(params))


def mean_target(Y: Matrix) -> Exact:
    """The mean of each column of targets, exactly: the best constant under squared loss."""
    mean: Exact = _exact(Y).sum(axis=0) / len(Y)
    return mean


# ---------------------------------------------------------------- networks that fit better


def is_constant_best(X: Matrix, Y: Matrix) -> bool:
    """Whether no function of the inputs fits better than a constant: equal inputs have the overall mean target."""
    _, excess = _by_projection(X, Y)
    return not any(e.any() for _, _, e in excess)


def awakened(network: Network, params: Params, X: Matrix, Y: Matrix, *, step: int | Fraction = 0) -> Params:
    """The silent minimum of the parameters, but with one unit of the last hidden layer active on some data.

    It is at the end of a chain of units, one in each hidden layer, that hands on a = relu(w.x - t); in order of w.x it
    is active from the largest down to the first input whose mean target is not the overall mean c.  Its outgoing
    weights are `step` times v = sum a (y - c) / sum a^2: with 0 the outputs are those of the silent minimum, and from
    0 to 1 the cost falls by (2 step - step^2) (sum a (y - c))^2 / sum a^2.

    Raises:
        ValueError: as `silent_minimum`; no function of the inputs fits better than a constant.
    """
    w, groups = _by_projection(X, Y)
    found = next((k for k, (_, _, excess) in enumerate(groups) if excess.any()), None)
    if found is None:
        raise ValueError("no function of the inputs fits these targets better than a constant")
    t = (groups[found][0] + groups[found + 1][0]) / 2  # the excesses add up to 0: this one is not the last
    chained = _with_chains(params, w, [t])
    *before, (W, off), (V, c) = silent_minimum(network, chained, X, Y)
    a = np.array([max(z, Fraction(0)) for z in _exact(X) @ w - t], dtype=object)
    off[0] = chained[-2][1][0]
    V[0] = step * (a @ (_exact(Y) - c[None, :])) / (a @ a)
    return (*before, (W, off), (V, c))


def better_than_constant(network: Network, X: Matrix, Y: Matrix) -> Params:
    """Parameters that cost less than the best constant under squared loss: one chain of units, all else 0 or off.

    Raises:
        ValueError: as `awakened`.
    """
    return awakened(network, _zeros(network), X, Y, step=1)


def interpolating(network: Network, X: Matrix, Y: Matrix) -> Params:
    """Parameters that fit the data exactly: for m different inputs, m - 1 chains of units, which make f piecewise
    linear along a direction w in which no two inputs meet.

    Raises:
        ValueError: equal inputs with different targets; a hidden layer of fewer than m - 1 units; as `silenced`.
    """
    _check(network)
    w, groups = _by_projection(X, Y)
    rows = [members for _, members, _ in groups]
    if any((Y[members] != Y[members[0]]).any() for members in rows):
        raise ValueError("equal inputs have different targets: nothing interpolates them")
    at = [place for place, _, _ in reversed(groups)]
    values = [_exact(Y[members[0]]) for members in reversed(rows)]
    if min(network.widths[1:-1]) < len(at) - 1:
        raise ValueError(f"{len(at)} different inputs need {len(at) - 1} units in every hidden layer of {network}")
    *hidden, (V, c) = _with_chains(_zeros(network), w, at[:-1])
    slope = 0 * c
    for k, ((s, f), (t, g)) in enumerate(itertools.pairwise(zip(at, values, strict=True))):
        V[k] = (g - f) / (t - s) - slope
        slope = slope + V[k]
    return (*hidden, (V, values[0]))


def _by_projection(X: Matrix, Y: Matrix) -> tuple[Exact, list[tuple[Fraction, list[int], Exact]]]:
    """A direction w = (1, k, k^2, ...) in which no two different inputs meet; and, by falling w.x, for each input w.x,
    its rows, and the sum of their targets less as many overall means."""
    exact, targets, mean = _exact(X), _exact(Y), mean_target(Y)
    rows: dict[tuple[Fraction, ...], list[int]] = {}
    for i, x in enumerate(exact.tolist()):
        rows.setdefault(tuple(x), []).append(i)
    for k in itertools.count(1):  # two inputs meet for fewer than d values of k
        w = np.array([Fraction(k**j) for j in range(X.shape[1])], dtype=object)
        places = [np.array(x, dtype=object) @ w for x in rows]
        if len(set(places)) == len(places):
            break
    ordered = sorted(zip(places, rows.values(), strict=True), reverse=True)
    return w, [(place, members, (targets[members] - mean[None, :]).sum(axis=0)) for place, members in ordered]


def _with_chains(params: Params, w: Exact, knots: Sequence[Fraction]) -> Params:
    """The parameters with the first units of every hidden layer handing on relu(w.x - t), one for each knot t."""
    layers = _exactly(params)
    for depth, (W, b) in enumerate(layers[:-1]):
        for k, t in enumerate(knots):
            W[:, k] = w if depth == 0 else [Fraction(i == k) for i in range(len(W))]
            b[k] = -t if depth == 0 else Fraction(0)
    return layers


def _zeros(network: Network) -> Params:
    return tuple(tuple(np.zeros(part.shape) for part in layer) for layer in network.params)


def _check(network: Network) -> None:
    if network.depth < 2 or not network.bias or network.hidden is not jax.nn.relu or network.output is not identity:
        raise ValueError(f"a hidden layer of relu units, biases and linear outputs are needed, got {network}")


def _exactly(params: Params) -> Params:
    return tuple(tuple(_exact(part) for part in layer) for layer in params)


def _exact(array: Any) -> Exact:
    """A copy as an array of fractions."""
    copied: Exact = np.vectorize(Fraction, otypes=[object])(array)
    return copied
