"""The last resort of the questions of shape on bounded domains: a Hessian that is definite wherever one looks."""

from __future__ import annotations

from netprops.questions.asking import Asked
from netprops.readings.definite import boxes_with_definite_hessian


def definite_hessian(asked: Asked, side: int) -> tuple[str, ...] | None:
    """A proof of strict convexity (`side` 1) or concavity (-1) of every entry, from enclosed Hessians; else None."""
    counts = []
    for entry in range(asked.entries):
        boxes = boxes_with_definite_hessian(asked.program, asked.decision, side, entry)
        if boxes is None:
            return None
        counts.append(boxes)
    kind = "positive" if side > 0 else "negative"
    return (f"the Hessian, enclosed, is {kind} definite on all of {sum(counts)} boxes that cover the domain",)
