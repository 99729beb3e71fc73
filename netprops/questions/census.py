"""A census of a function's critical points: those that numerical runs end at, each enclosed, with its index.

The index of a critical point is the number of negative eigenvalues of the Hessian there.  What is said of a point given
in floats is said of a critical point that provably exists near it, within `REACH`, relative to coordinates above 1, the
Hessian of which is certified to have no eigenvalue 0.  Where none can be enclosed (degenerate points, points that are
not near a critical one, signs that balls do not tell) every answer is None.  Made to decide the events of
`Runs.certified_share`.
"""

from __future__ import annotations

import hashlib
from typing import Any

import jax
import numpy as np
from flint import arb

from netprops.questions.asking import Function, point_in, scalar, traced
from netprops.readings.balls import precision_of
from netprops.readings.krawczyk import CriticalPoint, enclose_critical_point

Array = np.ndarray[Any, Any]

REACH = 1e-3  # how far from a point the middle of its critical point's box may lie; boxes are smaller by far
# Points are looked at in cells of about this size, relative to coordinates above 1: what is said of a point is said of
# the middle of its cell, so that it does not hang on which points were asked about before.
NEAR = 2.0**-20


class Census:
    """The critical points of the scalar f on `on`, a pytree of whole spaces, as far as they were asked about.

    Mutable by its nature: it keeps every enclosure, so that runs that end at one point cost one certificate.  What it
    answers is a function of f and the point alone.

    Args:
        f: a scalar function of JAX arrays, float64.
        on: its domain: `reals` of the shapes of its argument, or a pytree of these.

    Raises:
        NotAFunctionError: f is not scalar.

    Examples:
        >>> from netprops import Census, reals
        >>> census = Census(lambda x: (x**2 - 1) ** 2, on=reals())
        >>> census.enclosed(1.0) is None, census.enclosed(0.5) is None, len(census)
        (False, True, 1)
    """

    def __init__(self, f: Function, on: Any) -> None:
        self._asked = traced("census", f, on)
        scalar(self._asked)
        self._on = on
        self._found: dict[bytes, CriticalPoint | None] = {}  # by the middles of cells

    def __len__(self) -> int:
        """How many critical points were enclosed (one of them more than once where several cells are near it)."""
        return sum(found is not None for found in self._found.values())

    def fingerprint(self) -> str:
        """What tells the function from others, the same in every process."""
        program = self._asked.program
        return hashlib.sha256(repr((program.key, program.arguments)).encode()).hexdigest()

    def enclosed(self, near: Any) -> CriticalPoint | None:
        """A critical point of certified index within `REACH` of the point.

        Raises:
            DomainError: a point that does not fit the domain, or is not finite.
        """
        point_in(near, self._on, "the point")
        middle = jax.tree.map(_middle, near)
        cell = b"".join(part.tobytes() for part in jax.tree.leaves(middle))
        if cell not in self._found:
            found = enclose_critical_point(self._asked.program, point_in(middle, self._on, "the point"), reach=REACH)
            known = isinstance(found, CriticalPoint) and found.inertia is not None
            self._found[cell] = found if known and isinstance(found, CriticalPoint) else None
        return self._found[cell]

    def index(self, near: Any) -> int | None:
        """The index of the critical point near the given one: 0 at a strict local minimum."""
        found = self.enclosed(near)
        return None if found is None or found.inertia is None else found.inertia[1]

    def is_saddle(self, near: Any) -> bool | None:
        """Whether the critical point near the given one is a saddle: directions of curvature of both signs."""
        found = self.enclosed(near)
        return None if found is None else found.kind == "saddle"

    def index_order(self, near: Any, other: Any) -> int | None:
        """1 if the one of higher value of two critical points has the higher index, -1 if the lower, 0 if equal."""
        a, b = self.enclosed(near), self.enclosed(other)
        if a is None or b is None or a.inertia is None or b.inertia is None:
            return None
        more = a.inertia[1] - b.inertia[1]
        if more == 0:
            return 0
        with precision_of(max(a.precision, b.precision)):
            first, second = arb(a.value), arb(b.value)
        if first > second or first < second:
            return 1 if (first > second) == (more > 0) else -1
        return None


def _middle(part: Any) -> Array:
    """The middle of the cell of a point, each coordinate to a multiple of twice `NEAR` times a power of 2."""
    x = np.asarray(part, dtype=np.float64)
    widths = 2 * NEAR * 2.0 ** np.floor(np.log2(np.maximum(1.0, np.abs(x))))
    middle: Array = np.rint(x / widths) * widths + 0.0  # no negative zero
    return middle
