"""Two-layer ReLU networks with weight decay, as a convex program (Pilanci and Ergen 2020).

Inputs X of shape (n, 2), integers (a bias is a column of ones); targets y of shape (n,); decay b > 0.  A network of m
units has weights U of shape (2, m) and V of shape (m,), and costs

    |relu(X U) V - y|^2 / 2 + b (|U|^2 + |V|^2) / 2.

On a cone of the plane on which no (X u)_i changes its sign, relu(X u) is linear in u.  The convex program has two
vectors w for each cone, one for units with a positive and one for units with a negative outgoing weight:

    minimise  |sum +-relu(X w) - y|^2 / 2 + b sum |w|  over w in their cones.

Its dual bounds the networks of all widths from below: if |v.relu(X u)| <= b |u| for every u, none costs less than
v.y - |v|^2 / 2.  That is a condition on each cone: there u = E s with s >= 0, E the matrix of its two edges, and the
form b^2 |E s|^2 - (v.relu(X E s))^2 has to be copositive.

Floats find w and v here, by cutting planes; nothing here is believed.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import nnls  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from netprops.objects.data import Matrix
    from netprops.objects.losses import Array

Weights: TypeAlias = "tuple[Array, Array]"  # (U, V)

# Five inputs beside a bias, whose least cost under the decay 0.1 takes four units.
FIVE_INPUTS = np.array([[-2.0, 1.0], [-1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
FIVE_TARGETS = np.array([1.0, -1.0, 1.0, 1.0, -1.0])


# ---------------------------------------------------------------- functions in JAX


def decayed_cost(params: Weights, X: Array, y: Array, decay: Array) -> Array:
    """The cost of the network."""
    U, V = params
    return (jnp.sum((jax.nn.relu(X @ U) @ V - y) ** 2) + decay * (jnp.sum(U**2) + jnp.sum(V**2))) / 2


def dual_value(v: Array, y: Array) -> Array:
    """v.y - |v|^2 / 2."""
    return jnp.dot(v, y) - jnp.dot(v, v) / 2


def above_dual_value(params: Weights, X: Array, y: Array, decay: Array, v: Array) -> Array:
    """What the cost exceeds the dual value by: terms that are nonnegative if v satisfies the dual's condition.

    |r - v|^2 / 2, r the residual y - relu(X U) V; and for each unit with the incoming weights u and the outgoing weight
    a, with c = v.relu(X u): b (a - c/b)^2 / 2 + (b^2 |u|^2 - c^2) / 2b.
    """
    U, V = params
    outputs = jax.nn.relu(X @ U)
    off, c = y - outputs @ V - v, v @ outputs
    slack = jnp.sum((decay * U) ** 2) - jnp.sum(c**2)
    return jnp.dot(off, off) / 2 + decay * jnp.sum((V - c / decay) ** 2) / 2 + slack / (2 * decay)


def dual_slack(s: Array, E: Array, X: Array, decay: Array, v: Array) -> Array:
    """b^2 |E s|^2 - (v.relu(X E s))^2: a quadratic form in s >= 0 where E has the edges of a cone."""
    u = E @ s
    return jnp.sum((decay * u) ** 2) - jnp.dot(v, jax.nn.relu(X @ u)) ** 2


def fit(w: Array, signs: Matrix, masks: Matrix, X: Array, y: Array) -> Array:
    """|sum_j signs_j masks_j (X w_j) - y|^2 / 2: w of shape (2, m), signs of 1 and -1, masks (n, m) of 0 and 1."""
    return jnp.sum(((masks * (X @ w)) @ signs - y) ** 2) / 2


def program_cost(w: Array, signs: Matrix, masks: Matrix, X: Array, y: Array, decay: Array) -> Array:
    """fit(w) + b sum |w_j|."""
    return fit(w, signs, masks, X, y) + decay * jnp.sum(jnp.sqrt(jnp.sum(w**2, axis=0)))


def shared_cost(w: Array, roots: Array, signs: Matrix, masks: Matrix, X: Array, y: Array, decay: Array) -> Array:
    """fit(w) + b sum (|w_j|^2 / roots_j^2 + roots_j^2) / 2: least where roots_j^2 = |w_j|, and there `program_cost`."""
    shared = jnp.sum(w**2 / (roots**2)[None, :]) + jnp.sum(roots**2)
    return fit(w, signs, masks, X, y) + decay * shared / 2


def network_of(w: Array, roots: Array, signs: Matrix) -> Weights:
    """The network with incoming weights w_j / roots_j and outgoing weights +-roots_j."""
    return w / roots[None, :], signs * roots


# ---------------------------------------------------------------- cones


def cones(X: Matrix) -> list[Matrix]:
    """Matrices (2, 2) whose columns span cones that cover the plane; in each, no entry of X u changes its sign.

    X has integer entries.  The edges are the vectors across the rows of X, and the coordinate axes.
    """
    rays = {(1, 0), (0, 1), (-1, 0), (0, -1)}
    for a, b in X:
        common = math.gcd(int(a), int(b))
        if common:
            across = (-int(b) // common, int(a) // common)
            rays |= {across, (-across[0], -across[1])}
    around = sorted(rays, key=lambda ray: math.atan2(ray[1], ray[0]))
    return [np.array(pair, dtype=np.float64).T for pair in itertools.pairwise([*around, around[0]])]


def mask(E: Matrix, X: Matrix) -> Matrix:
    """Which rows of X a unit of the cone is active on: 1 or 0."""
    return np.asarray((X @ E.sum(axis=1) > 0).astype(np.float64))


# ---------------------------------------------------------------- the search, in floats


PRECISION = 1e-9  # by how much of the decay the search may leave the dual's condition violated, before it shrinks v


@dataclass(frozen=True, eq=False)
class Solution:
    """A point of the convex program, one column of `w` a unit, `signs` those of outgoing weights; and of its dual."""

    w: Matrix
    signs: Matrix
    v: Matrix

    @property
    def network(self) -> tuple[Matrix, Matrix]:
        """The network that costs as much as the point of the program does, in doubles."""
        roots = np.sqrt(np.hypot(*self.w))
        return self.w / np.where(roots > 0, roots, 1.0), self.signs * roots


def solve(X: Matrix, y: Matrix, decay: float, rounds: int = 200) -> Solution:
    """A nearly optimal point of the program and of its dual, the latter shrunk until all cones satisfy its condition.

    The dual is the projection of y on the v with |v.relu(X u)| <= b |u|, here for finitely many u: those which the last
    projection violated most, cone by cone.
    """
    directions: list[tuple[Matrix, Matrix]] = []
    violating = [(E, _unit(E.sum(axis=1))) for E in cones(X)]
    for _ in range(rounds):
        directions += violating
        v, weights = _projection(X, y, decay, [u for _, u in directions])
        farthest = [(E, _farthest(E, X, v)) for E in cones(X)]
        worst = max(abs(_response(u, X, v)) for _, u in farthest)
        violating = [(E, u) for E, u in farthest if abs(_response(u, X, v)) > decay * (1 + PRECISION)]
        if not violating:
            break
    shrunk = v * (min(1.0, decay / worst) if worst else 1.0) * (1 - 2.0**-36)
    units: dict[tuple[bytes, float], Matrix] = {}
    for (E, u), pair in zip(directions, weights, strict=True):
        for sign, c in zip((1.0, -1.0), pair, strict=True):
            if c > 0:
                key = (mask(E, X).tobytes(), sign)  # units of one pattern and one sign are one unit
                units[key] = units.get(key, 0) + c * u
    if not units:  # nothing pays: a unit of weight 0 stands for none
        return Solution(np.zeros((2, 1)), np.ones(1), shrunk)
    return Solution(np.stack(list(units.values()), axis=1), np.array([sign for _, sign in units]), shrunk)


def _response(u: Matrix, X: Matrix, v: Matrix) -> float:
    return float(v @ np.maximum(X @ u, 0))


def _farthest(E: Matrix, X: Matrix, v: Matrix) -> Matrix:
    """The unit vector u of the cone with the largest |v.relu(X u)|: the gradient there or its opposite, or an edge."""
    g = X.T @ (mask(E, X) * v)
    inside = [_unit(h) for h in (g, -g) if h.any() and (np.linalg.solve(E, h) > 0).all()]
    return max([*inside, _unit(E[:, 0]), _unit(E[:, 1])], key=lambda u: abs(_response(u, X, v)))


def _unit(u: Matrix) -> Matrix:
    return np.asarray(u / np.hypot(*u))


def _projection(X: Matrix, y: Matrix, decay: float, directions: list[Matrix]) -> tuple[Matrix, Matrix]:
    """The v nearest to y with |v.relu(X u)| <= b for these u, and multipliers c, (units, 2): v = y - sum +-c relu(X u).

    As a least-distance program by nonnegative least squares (Lawson and Hanson 1974, chapter 23).
    """
    M = np.maximum(X @ np.stack(directions, axis=1), 0)
    G = np.concatenate([-M, M], axis=1)  # z = v - y has G'z >= h
    h = np.concatenate([M.T @ y, -M.T @ y]) - decay
    multipliers, _ = nnls(np.concatenate([G, h[None, :]]), np.append(np.zeros(len(y)), 1.0), maxiter=100 * len(h))
    rest = 1 - h @ multipliers
    c = multipliers / rest
    return y + G @ c, c.reshape(2, -1).T
