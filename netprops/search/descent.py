"""Descent from many starts at once, in floats: where it ends, and the critical points that Newton's method finds.

Second derivatives come from JAX and are evaluated in NumPy, so nothing compiles; made for some dozens of parameters.
Floats find end points; they never decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from netprops.domains import reals
from netprops.readings import jaxpr as jaxprs
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import Program, trace
from netprops.search.points import generator

Array = np.ndarray[Any, Any]

_LEAST_DAMPING = 1e-16
_IDLE_STEPS = 30  # steps in a row that gain next to nothing, before a descent is at its end
_FAR = 1e3  # beyond some thirty times the farthest start, doubles cannot tell critical points from points near them


@dataclass(frozen=True, eq=False)
class Surface:
    """A scalar program as a function of one flat vector, with its derivatives."""

    program: Program
    jet: Program = field(init=False)

    def __post_init__(self) -> None:
        function, cuts = jaxprs.core.jaxpr_as_fun(self.program.closed), self._cuts()  # type: ignore[attr-defined]

        def flat(v: Any) -> Any:
            parts = zip(cuts, self.program.arguments, strict=True)
            return function(*(v[start : start + leaf.size].reshape(leaf.shape) for start, leaf in parts))[0]

        made = trace(lambda v: (flat(v), jax.grad(flat)(v), jax.hessian(flat)(v)), reals(self.size))
        object.__setattr__(self, "jet", made)

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return sum(leaf.size for leaf in self.program.arguments)

    def _cuts(self) -> list[int]:
        sizes = [leaf.size for leaf in self.program.arguments]
        return [sum(sizes[:k]) for k in range(len(sizes))]

    def __call__(self, V: Array) -> tuple[Array, Array, Array]:
        """Values (B,), gradients (B, n) and Hessians (B, n, n) at the rows of V; NaN in the value where any is not
        finite."""
        value, gradient, hessian = evaluate_batch(self.jet, [V])
        finite = np.isfinite(gradient).all(axis=1) & np.isfinite(hessian).all(axis=(1, 2))
        return np.where(finite & np.isfinite(value), value, np.nan), gradient, hessian

    def leaves(self, v: Array) -> list[Array]:
        """A flat point as one float array for each argument of the program."""
        parts = zip(self._cuts(), self.program.arguments, strict=True)
        return [v[start : start + leaf.size].reshape(leaf.shape) for start, leaf in parts]


@dataclass(frozen=True, eq=False)
class Ends:
    """The end points (B, n) that were converged to, how many runs did not, and how many evaluations it took."""

    points: Array
    unfinished: int
    evaluations: int


def starts(surface: Surface, count: int, seed: int) -> Array:
    """So many points about 0, each on a scale drawn log-uniformly from 1/100 to 10."""
    rng = generator(seed, 0)
    drawn: Array = rng.standard_normal((count, surface.size)) * 10.0 ** rng.uniform(-2.0, 1.0, (count, 1))
    return drawn


def descend(surface: Surface, V: Array, steps: int = 300) -> Ends:
    """Damped Newton steps against the gradient, every one of which lowers the value, until they hardly do.

    The step is -(|H| + damping)^-1 g, where |H| has the eigenvalues of the Hessian without their signs: it leads
    down and away from saddles; where nothing more is gained, along an eigenvector of negative curvature.  No step leads
    farther than `_FAR` from 0.
    """
    V = V.copy()
    value, gradient, hessian = (np.array(part) for part in surface(V))
    evaluations = len(V)
    damping, idle = np.full(len(V), 1e-2), np.zeros(len(V), dtype=int)
    running = np.isfinite(value)
    ended = np.zeros(len(V), dtype=bool)
    for _ in range(steps):
        at = np.flatnonzero(running)
        if not len(at):
            break
        trial = V[at] + _steps(gradient[at], hessian[at], damping[at])
        new_value, new_gradient, new_hessian = surface(trial)
        evaluations += len(at)
        lower = (new_value < value[at]) & (np.abs(trial).max(axis=1, initial=0) < _FAR)
        much = lower & (value[at] - new_value > _least_gain(value[at], V[at], hessian[at]))
        idle[at] = np.where(much, 0, idle[at] + 1)
        damping[at] = np.where(lower, damping[at] / 16, np.maximum(damping[at] * 16, 1e-6)).clip(_LEAST_DAMPING)
        there = at[lower]
        V[there], value[there] = trial[lower], new_value[lower]
        gradient[there], hessian[there] = new_gradient[lower], new_hessian[lower]
        for i in at[idle[at] >= _IDLE_STEPS]:
            aside = _aside(V[i], hessian[i])
            values, gradients, hessians = surface(aside)
            evaluations += len(aside)
            best = int(np.argmin(np.where(np.isnan(values), np.inf, values)))
            ended[i] = not values[best] < value[i] - _least_gain(value[[i]], V[[i]], hessian[[i]])[0]
            running[i] = not ended[i]
            if running[i]:
                V[i], value[i], gradient[i], hessian[i] = aside[best], values[best], gradients[best], hessians[best]
                damping[i], idle[i] = 1e-2, 0
    return Ends(V[ended], int((~ended).sum()), evaluations)


def _least_gain(value: Array, V: Array, hessian: Array) -> Array:
    """A fall in value that counts: a share of it, and more than comes of moving the point within its rounding."""
    ulp = 2.0**-52 * np.abs(V).max(axis=1)
    gain: Array = 1e-13 * np.abs(value) + np.abs(hessian).max(axis=(1, 2)) * ulp**2
    return gain


def _steps(gradient: Array, hessian: Array, damping: Array) -> Array:
    eigenvalues, Q = np.linalg.eigh(hessian)
    sizes = np.abs(eigenvalues)
    scale = np.maximum(sizes.max(axis=1), 1e-300)
    along = np.einsum("bij,bi->bj", Q, gradient) / (sizes + (damping * scale)[:, None])
    step: Array = -np.einsum("bij,bj->bi", Q, along)
    return step


def _aside(v: Array, hessian: Array) -> Array:
    """Points on both sides of v along the most negative curvature, near and far; v alone where there is none."""
    eigenvalues, Q = np.linalg.eigh(hessian)
    if eigenvalues[0] >= 0:
        return v[None]
    sizes = (1 + np.abs(v).max()) * 10.0 ** np.arange(-6.0, 0.0)
    return np.concatenate([v + sizes[:, None] * Q[:, 0], v - sizes[:, None] * Q[:, 0]])


def critical_points(surface: Surface, V: Array, steps: int = 60) -> Ends:
    """What Newton's method for a zero of the gradient, undamped, comes to: critical points of every kind.

    A run that wanders farther than `_FAR` from 0, or whose gradient never falls to the rounding of its terms, is
    unfinished.
    """
    V, evaluations = V.copy(), 0
    small = np.full(len(V), False)
    running = np.full(len(V), True)
    for _ in range(steps):
        at = np.flatnonzero(running)
        if not len(at):
            break
        value, gradient, hessian = surface(V[at])
        evaluations += len(at)
        running[at] = np.isfinite(value) & (np.abs(V[at]).max(axis=1, initial=0) < _FAR)
        at, gradient, hessian = at[running[at]], gradient[running[at]], hessian[running[at]]
        scale = np.abs(hessian).max(axis=(1, 2), initial=0) * (1 + np.abs(V[at]).max(axis=1, initial=0))
        small[at] = np.abs(gradient).max(axis=1, initial=0) <= 2e-15 * scale
        running[at] = ~small[at]
        go = running[at]
        if go.any():
            step = np.einsum("bij,bj->bi", np.linalg.pinv(hessian[go], rcond=1e-12, hermitian=True), gradient[go])
            V[at[go]] -= step
    return Ends(V[small], int((~small).sum()), evaluations)
