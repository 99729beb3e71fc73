"""Strict convexity on a bounded box, by Hessians enclosed on the parts of a subdivision.

A function that is twice continuously differentiable near every point of a convex set, with a positive definite Hessian
there, is strictly convex on it.  The Hessian is enclosed on a box (`jets`); where the enclosure does not show that it
is definite, the box is halved.  A Hessian that is singular somewhere is never shown to be definite, however long one
halves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from flint import arb

from netprops.readings.atoms import ball
from netprops.readings.balls import add_all, precision_of
from netprops.readings.jaxpr import UnsupportedError
from netprops.readings.jets import hessian_and_floor
from netprops.readings.krawczyk import inertia_of, shaped
from netprops.readings.subdivision import bounded_domain, on_parts

if TYPE_CHECKING:
    from netprops.readings.jaxpr import Array, Program
    from netprops.readings.subdivision import Ends

BOXES: Final = 256
PRECISION: Final = 64


def boxes_with_definite_hessian(
    program: Program, decision: int, sign: int = 1, entry: int = 0, budget: int = BOXES
) -> list[Ends] | None:
    """Boxes that cover the domain, on each of which the Hessian in the first `decision` arguments is definite.

    Args:
        sign: 1 for positive definite, -1 for negative definite.
        entry: of the flat outputs.
        budget: number of boxes to look at.

    Returns:
        None where this is not known: the domain is unbounded, the Hessian is not definite at the middle of a box that
        was looked at, f is not known to be smooth, or the budget did not suffice.
    """
    domain = bounded_domain(program)
    if domain is None:
        return None
    varying = sum(leaf.size for leaf in program.arguments[:decision])
    return on_parts(domain, lambda box: box if is_definite(program, box, varying, sign, entry) else None, budget)


def is_definite(program: Program, box: Ends, varying: int, sign: int, entry: int) -> bool:
    """Whether the Hessian of an entry in the first `varying` coordinates is certainly definite all over the box."""
    with precision_of(PRECISION):
        point = [arb(ball((a + b) / 2), ball((b - a) / 2)) for a, b in box]
        try:
            matrices = hessian_and_floor(program, shaped(program, point), PRECISION, entry)
        except UnsupportedError:
            return False
        hessian, floor = (m[:varying, :varying] for m in matrices)
        if sign > 0:
            return _positive_definite(hessian) or _positive_definite(floor)
        return _positive_definite(-hessian)


def _positive_definite(matrix: Array) -> bool:
    """Whether every symmetric matrix in an array of balls is positive definite.

    Either by the general test for inertia, or because ``u'Au >= u'(M - R)u`` with M the midpoints and R the diagonal
    matrix of the radii summed by rows: |u_i u_j| r_ij <= (u_i^2 + u_j^2) r_ij / 2.
    """
    size = len(matrix)
    if inertia_of(matrix) == (size, 0):
        return True
    if not all(x.is_finite() for x in matrix.reshape(-1)):
        return False
    lower = np.empty((size, size), dtype=object)
    for i in range(size):
        for j in range(i, size):
            lower[i, j] = lower[j, i] = matrix[i, j].mid()
    for i in range(size):
        radii = [matrix[min(i, j), max(i, j)].rad() for j in range(size)]
        lower[i, i] -= add_all(radii).upper()
    return inertia_of(lower) == (size, 0)
