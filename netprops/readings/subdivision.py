"""Positivity on a bounded box: halved until each part's enclosure is positive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from flint import fmpq

from netprops.readings.atoms import ball
from netprops.readings.balls import evaluate, precision_of
from netprops.readings.krawczyk import shaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netprops.domains import Interval
    from netprops.readings.atoms import Ball
    from netprops.readings.jaxpr import Program

PRECISION: Final = 64
MOST_PARTS: Final = 1000


def parts_of_positivity(program: Program, budget: int = MOST_PARTS) -> int | None:
    """Into how many boxes the program's domain was cut, on each of which every output is certainly positive.

    Returns:
        None if the domain is unbounded, a part's middle is not positive, or the budget of boxes did not suffice.
    """
    ends = [interval_ends(leaf.interval(i)) for leaf in program.arguments for i in range(leaf.size)]
    box = [pair for pair in ends if pair is not None]
    if len(box) != len(ends):
        return None
    stack, parts = [box], 0
    for _ in range(budget):
        if not stack:
            return parts
        box = stack.pop()
        with precision_of(PRECISION):
            whole = [ball(a).union(ball(b)) for a, b in box]
        if _positive(program, whole):
            parts += 1
            continue
        if not _positive(program, [ball((a + b) / 2) for a, b in box]):
            return None
        k = max(range(len(box)), key=lambda i: box[i][1] - box[i][0])
        a, b = box[k]
        stack += [[*box[:k], half, *box[k + 1 :]] for half in ((a, (a + b) / 2), ((a + b) / 2, b))]
    return None


def interval_ends(interval: Interval) -> tuple[fmpq, fmpq] | None:
    """The ends of a bounded interval, whether they belong to it or not."""
    return None if interval.lo is None or interval.hi is None else (interval.lo, interval.hi)


def _positive(program: Program, flat: Sequence[Ball]) -> bool:
    outputs = evaluate(program, shaped(program, flat), PRECISION)
    return all(x.is_finite() and x > 0 for x in np.concatenate([output.reshape(-1) for output in outputs]))
