"""Baldi and Hornik's linear autoencoder (Neural Networks 2, 1989): L(A, B) = tr((I-AB) S (I-AB)'), S = diag(3, 2, 1).

A is 3 x p, B is p x 3: inputs of covariance S are coded by p linear units.  With W = AB, E = I - W,

    dL/dA = -2 E S B',    dL/dB = -2 A' E S.

Put X = E S W' and Y = W' E, which are 0 where the gradient is.  Then, always,

    S W - W S = X - X' - S (Y - Y'),    W - W^2 = Y' + (Y - Y') W,    L = tr S - tr(S W) - tr X.

So at a critical point W commutes with S, whose diagonal entries differ: it is diagonal, as W = W^2 with entries 0
or 1, not more than p of them 1, and L is 6 minus the sum of their eigenvalues.  Then A' E = 0 and E S B' = 0 say that A
and B' map into the span of the chosen coordinates, U: A = U a, B = b U', a b = I.  With C an invertible matrix whose
first rows are a, this is A = [U, 0] C, B = C^-1 [U'; M].
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np

from netprops.domains import reals

Array: TypeAlias = Any
Point: TypeAlias = tuple[Any, Any]  # (A, B), or a direction

EIGENVALUES = (3, 2, 1)


def domain(p: int) -> Point:
    """All (A, B) with p hidden units."""
    return reals((3, p)), reals((p, 3))


def _spectrum() -> Array:
    return jnp.array([float(entry) for entry in EIGENVALUES])


def _weighted(M: Array) -> Array:
    """M S."""
    return M * _spectrum()[None, :]


def cost(point: Point) -> Array:
    """L(A, B)."""
    A, B = point
    E = jnp.eye(3) - A @ B
    return jnp.sum(_weighted(E) * E)


def gradient(point: Point) -> Point:
    """(dL/dA, dL/dB), by hand."""
    A, B = point
    ES = _weighted(jnp.eye(3) - A @ B)
    return -2 * ES @ B.T, -2 * A.T @ ES


def criticality(point: Point) -> tuple[Array, Array, Array]:
    """The left sides of the three identities: S W - W S, W - W^2, and L - tr S + tr(S W)."""
    A, B = point
    W = A @ B
    SW = _spectrum()[:, None] * W
    return SW - _weighted(W), W - W @ W, cost(point) - sum(EIGENVALUES) + jnp.trace(SW)


def criticality_by_gradient(point: Point) -> tuple[Array, Array, Array]:
    """Their right sides, in which every term has a factor from the gradient: X = -dL/dA A'/2, Y S = -B' dL/dB / 2."""
    A, B = point
    by_A, by_B = gradient(point)
    X, Y = -by_A @ A.T / 2, -B.T @ by_B / 2 / _spectrum()[None, :]
    twist = Y - Y.T
    return X - X.T - _spectrum()[:, None] * twist, Y.T + twist @ (A @ B), -jnp.trace(X)


def expansion(point: Point, move: Point) -> tuple[Array, Array, Array]:
    """The coefficients of s^2, s^3, s^4 in L(point + s move); at a critical point the first is half of v'Hv."""
    (A, B), (a, b) = point, move
    E, first, second = jnp.eye(3) - A @ B, -(A @ b + a @ B), -(a @ b)
    products = (first, first), (E, second), (first, second), (second, second)
    one, two, three, four = (jnp.sum(_weighted(F) * G) for F, G in products)
    return one + 2 * two, 2 * three, four


@dataclass(frozen=True, eq=False)
class CriticalAutoencoder:
    """A = [U, N] C, B = C^-1 [U; M]: U the unit vectors of `chosen` coordinates, C invertible with the inverse `back`.

    The rows of M (p - r, 3) and the columns of N (3, p - r) are 0 outside the chosen coordinates, and one of M, N is 0.
    """

    chosen: tuple[int, ...]
    change: Any
    back: Any
    M: Any
    N: Any

    @property
    def units(self) -> int:
        """p."""
        return len(self.change)

    @property
    def point(self) -> Point:
        """(A, B)."""
        U = np.eye(3)[:, list(self.chosen)]
        library: Any = np if isinstance(self.M, np.ndarray) else jnp
        return np.concatenate([U, self.N], axis=1) @ self.change, self.back @ library.concatenate([U.T, self.M])

    def with_idle_weights(self, M: Array) -> CriticalAutoencoder:
        """The same with other incoming weights of the idle units, N being 0: the first rows of M, on the chosen."""
        kept = np.isin(np.arange(3), self.chosen).astype(np.float64)
        return replace(self, M=M[: len(self.M)] * kept[None, :], N=0 * self.N)

    @property
    def value(self) -> int:
        """L: 6 minus the chosen eigenvalues."""
        return sum(EIGENVALUES) - sum(EIGENVALUES[i] for i in self.chosen)

    @property
    def is_global(self) -> bool:
        """Whether the p largest eigenvalues are the chosen ones."""
        return sorted(self.chosen) == list(range(self.units))

    @property
    def inertia(self) -> tuple[int, int, int]:
        """Of the Hessian where M = N = 0: positive, negative, zero eigenvalues.

        Negative ones: a pair for each chosen eigenvalue and each larger one that is not; for each idle unit one for
        each eigenvalue not chosen, with a positive one beside it.
        """
        r, p = len(self.chosen), self.units
        left_out = set(range(3)) - set(self.chosen)
        negative = sum(j < i for i in self.chosen for j in left_out) + (p - r) * (3 - r)
        zero = r * r + 2 * r * (p - r)
        return 6 * p - negative - zero, negative, zero

    def way_down(self) -> Point:
        """A direction of negative curvature, where the point is not global.

        An idle unit is woken for a coordinate j not chosen, strongly enough against what M or N make of it; where there
        is none, the unit of a coordinate i is turned towards a larger one, j, that is not chosen.
        """
        left_out = [j for j in range(3) if j not in self.chosen]
        if len(self.chosen) < self.units:
            j, place = left_out[0], len(self.chosen)
            more = 1 + self.N[:, 0] @ self.N[:, 0], 1 + 3 * (self.M[0] @ self.M[0])
        else:
            i, j = next((i, j) for i in self.chosen for j in left_out if j < i)
            place, more = self.chosen.index(i), (1, 1)
        here = np.zeros((3, self.units))
        here[j, place] = 1
        return more[0] * here @ self.change, self.back @ (more[1] * here.T)


def chain(weights: Array) -> Array:
    """(1 - w_1 w_2 ... w_L)^2: one linear unit in each of L layers, on the one datum (1, 1)."""
    return (1 - jnp.prod(weights)) ** 2
