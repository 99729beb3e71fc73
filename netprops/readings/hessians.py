"""Eigenvalues of a Hessian, bounded from both sides on boxes and along segments: how steep a gradient may change.

With all eigenvalues of Hess f in [m, M] on a convex set, the gradient is Lipschitz there with the constant
L = max(|m|, |M|), and f is strongly convex there if m > 0 (Y. Nesterov, Lectures on Convex Optimization, 2018, 1.2 and
2.1). Bounds are true of every matrix that the enclosures hold; a shifted matrix is shown to be definite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from flint import arb, fmpq

from netprops.domains import exact
from netprops.readings.atoms import Ball, ball
from netprops.readings.balls import precision_of
from netprops.readings.jets import full_jet
from netprops.readings.krawczyk import inertia_of, shaped
from netprops.readings.witnesses import exact_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netprops.readings.jaxpr import Array, Program

PRECISION: Final = 64
TRIES: Final = 12  # each bound is tried with a margin four times as wide as the last
PARTS: Final = (1, 2, 4, 8, 16, 32)  # into which a segment is cut


@dataclass(frozen=True)
class Bounds:
    """Numbers below and above all eigenvalues."""

    least: fmpq
    largest: fmpq

    @property
    def size(self) -> fmpq:
        """A bound of their absolute values: the gradient's Lipschitz constant."""
        return max(abs(self.least), abs(self.largest))

    def hull(self, other: Bounds) -> Bounds:
        """Bounds of both."""
        return Bounds(min(self.least, other.least), max(self.largest, other.largest))

    def record(self) -> dict[str, object]:
        """The bounds for a JSON record."""
        return {"least eigenvalue": exact_text(self.least), "largest eigenvalue": exact_text(self.largest)}


def eigenvalue_bounds(hessian: Array) -> Bounds | None:
    """Bounds of the eigenvalues of every symmetric matrix in an (n, n) array of balls; None if they may be infinite."""
    if not all(x.is_finite() for x in hessian.reshape(-1)):
        return None
    if len(hessian) == 1:
        return Bounds(hessian[0, 0].lower().fmpq(), hessian[0, 0].upper().fmpq())
    middle = np.array([float(x.mid()) for x in hessian.reshape(-1)]).reshape(hessian.shape)
    spread = max(sum(float(x.rad()) for x in row) for row in hessian)
    eigenvalues = np.linalg.eigvalsh((middle + middle.T) / 2)
    margin = spread + 2.0**-20 * float(np.abs(eigenvalues).max()) + 2.0**-200
    if not np.isfinite(margin):
        return None
    largest = _first_above(float(eigenvalues[-1]), margin, hessian, 1)
    least = _first_above(-float(eigenvalues[0]), margin, hessian, -1)
    return None if largest is None or least is None else Bounds(-least, largest)


def _first_above(estimate: float, margin: float, hessian: Array, sign: int) -> fmpq | None:
    """A bound of the eigenvalues of sign H near the estimate: bound I - sign H is shown to be positive definite."""
    for k in range(TRIES):
        bound = estimate + margin * 4.0**k
        if not np.isfinite(bound):
            return None
        shifted = -sign * hessian
        for i in range(len(hessian)):
            shifted[i, i] = arb(bound) + shifted[i, i]
        if inertia_of(shifted) == (len(hessian), 0):
            return exact(bound)
    return None


def bounds_on_box(program: Program, box: Sequence[Ball], precision: int = PRECISION) -> Bounds | None:
    """Bounds of the Hessian's eigenvalues on a box, flat; None where f is not known to be twice differentiable."""
    with precision_of(precision):
        return eigenvalue_bounds(full_jet(program, shaped(program, box), precision).hessian)


def bounds_along(
    program: Program, start: Sequence[fmpq], move: Sequence[Ball], limit: fmpq, precision: int = PRECISION
) -> Bounds | None:
    """Bounds on the segment from `start` to ``start + move``, of a size of at most `limit`; None if none were found.

    The segment is cut into parts, each enclosed in a box, until the bounds are small enough.
    """
    for parts in PARTS:
        total: Bounds | None = None
        for k in range(parts):
            with precision_of(precision):
                share = arb(ball(fmpq(2 * k + 1, 2 * parts)), ball(fmpq(1, 2 * parts)))
                box = [ball(x) + share * d for x, d in zip(start, move, strict=True)]
            found = bounds_on_box(program, box, precision)
            if found is None or found.size > limit:
                total = None
                break
            total = found if total is None else total.hull(found)
        if total is not None:
            return total
    return None


def curvature_beyond(program: Program, point: Sequence[Any], limit: fmpq, precision: int = PRECISION) -> bool:
    """Whether some direction v certainly has ``|v'Hv| > limit |v|^2`` at the point (exact numbers or balls, flat)."""
    with precision_of(precision):
        hessian = full_jet(program, shaped(program, point), precision).hessian
        if not all(x.is_finite() for x in hessian.reshape(-1)):
            return False
        middle = np.array([float(x.mid()) for x in hessian.reshape(-1)]).reshape(hessian.shape)
        _, vectors = np.linalg.eigh((middle + middle.T) / 2)
        for v in (vectors[:, 0], vectors[:, -1]):
            along = [arb(x) for x in v.tolist()]
            curvature = sum((a * hessian[i, j] * b for i, a in enumerate(along) for j, b in enumerate(along)), arb(0))
            if abs(curvature) > ball(limit) * sum((a * a for a in along), arb(0)):
                return True
    return False
