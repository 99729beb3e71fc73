"""Statements about a bounded box, by enclosures on its parts: halved until each part's enclosure is good enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import numpy as np
from flint import fmpq

from netprops.readings.atoms import ball
from netprops.readings.balls import evaluate, precision_of
from netprops.readings.krawczyk import halves, shaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from netprops.readings.jaxpr import Program

Ends: TypeAlias = "list[tuple[fmpq, fmpq]]"
Found = TypeVar("Found")

PRECISION: Final = 64
MOST_PARTS: Final = 1000


def _nowhere(box: Ends) -> bool:
    return False


def on_parts(
    box: Ends, enclosed: Callable[[Ends], Found | None], budget: int, outside: Callable[[Ends], bool] = _nowhere
) -> list[Found] | None:
    """What `enclosed` finds on each of the boxes that the box is cut into; it finds None where the box is too wide.

    Parts that are `outside` do not count.

    Args:
        budget: number of boxes to look at.

    Returns:
        None if nothing is found at the middle of a part, or the budget did not suffice.
    """
    stack, found = [box], list[Found]()
    for _ in range(budget):
        if not stack:
            return found
        box = stack.pop()
        if outside(box):
            continue
        value = enclosed(box)
        if value is not None:
            found.append(value)
            continue
        middle = [((a + b) / 2, (a + b) / 2) for a, b in box]
        if middle == box or (not outside(middle) and enclosed(middle) is None):
            return None
        stack += halves(box)
    return None if stack else found


def bounded_domain(program: Program) -> Ends | None:
    """The ends of all arguments' intervals, flat, whether they belong to the domain or not; None if it is unbounded."""
    ends: Ends = []
    for leaf in program.arguments:
        for r in map(leaf.interval, range(leaf.size)):
            if r.lo is None or r.hi is None:
                return None
            ends.append((r.lo, r.hi))
    return ends


def parts_of_positivity(program: Program, budget: int = MOST_PARTS) -> int | None:
    """Into how many boxes the program's domain was cut, on each of which every output is certainly positive.

    Returns:
        None if the domain is unbounded, a part's middle is not positive, or the budget of boxes did not suffice.
    """
    domain = bounded_domain(program)
    parts = None if domain is None else on_parts(domain, lambda box: _positive(program, box) or None, budget)
    return None if parts is None else len(parts)


def _positive(program: Program, box: Ends) -> bool:
    with precision_of(PRECISION):
        flat = [ball(a).union(ball(b)) for a, b in box]
    outputs = evaluate(program, shaped(program, flat), PRECISION)
    return all(x.is_finite() and x > 0 for x in np.concatenate([output.reshape(-1) for output in outputs]))
