"""Maps that contract a ball into itself.

If |DT| <= q < 1 in the spectral norm on the closed ball of radius r about c, and |T(c) - c| <= (1 - q) r, then T maps
the ball into itself, |T(x) - T(y)| <= q |x - y| there, and all runs x, T(x), T(T(x)), ... from it converge to one fixed
point (Banach). Jacobians are enclosed on boxes that cover the ball.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from flint import arb, fmpq

from netprops.readings import balls
from netprops.readings.atoms import Ball, ball, power
from netprops.readings.balls import evaluate, precision_of
from netprops.readings.hessians import eigenvalue_bounds
from netprops.readings.jets import gradient
from netprops.readings.krawczyk import shaped
from netprops.readings.subdivision import on_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netprops.readings.jaxpr import Array, Program
    from netprops.readings.subdivision import Ends

PRECISION: Final = 64
MOST_BOXES: Final = 200


def image(program: Program, x: Sequence[Ball], precision: int = PRECISION) -> list[Ball]:
    """T(x), flat, enclosed."""
    outputs = evaluate(program, shaped(program, x), precision)
    return [v for output in outputs for v in output.reshape(-1)]


def distance(x: Sequence[Ball], y: Sequence[Ball]) -> Ball:
    """|x - y|, at the precision in force."""
    return sum((power(a - b, 2) for a, b in zip(x, y, strict=True)), arb(0)).sqrt()


def contraction(program: Program, centre: Sequence[fmpq], radius: fmpq, budget: int = MOST_BOXES) -> fmpq | None:
    """q^2 for some q < 1 with |DT| <= q on the ball and |T(c) - c| <= (1 - q) r; None if none was found."""
    with precision_of(PRECISION):
        middle = [ball(c) for c in centre]
        room = 1 - distance(image(program, middle), middle) / ball(radius)
        if not room > 0:
            return None
        limit = power(room, 2)

    def outside(box: Ends) -> bool:
        gaps = [max(a - c, c - b, fmpq(0)) for (a, b), c in zip(box, centre, strict=True)]
        return bool(sum((g * g for g in gaps), fmpq(0)) > radius * radius)

    def bound(box: Ends) -> fmpq | None:
        found = _norm_squared(program, box)
        return found if found is not None and _suits(found, limit) else None

    bounds = on_parts([(c - radius, c + radius) for c in centre], bound, budget, outside)
    return max(bounds) if bounds else None


def _suits(squared: fmpq, limit: Ball) -> bool:
    with precision_of(PRECISION):
        return bool(squared < 1 and ball(squared) <= limit)


def _norm_squared(program: Program, box: Sequence[tuple[fmpq, fmpq]]) -> fmpq | None:
    """A bound of |DT|^2 on the box: of the largest eigenvalue of DT' DT."""
    with precision_of(PRECISION):
        whole = [ball(a).union(ball(b)) for a, b in box]
        rows = [gradient(program, shaped(program, whole), PRECISION, entry)[1] for entry in range(len(box))]
        J: Array = np.stack(rows)
        bounds = eigenvalue_bounds(balls.matmul(J.T.copy(), J))
        return None if bounds is None else bounds.largest
