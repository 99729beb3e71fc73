"""The last resort of the questions of shape on bounded domains: a Hessian that is definite wherever one looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netprops.readings.definite import boxes_with_definite_hessian
from netprops.readings.proofs import step

if TYPE_CHECKING:
    from netprops.questions.asking import Asked
    from netprops.readings.proofs import Proof


def definite_hessian(asked: Asked, side: int) -> Proof | None:
    """A proof of strict convexity (`side` 1) or concavity (-1) of every entry, from enclosed Hessians; else None."""
    found = []
    for entry in range(asked.entries):
        boxes = boxes_with_definite_hessian(asked.program, asked.decision, side, entry)
        if boxes is None:
            return None
        found.append(boxes)
    kind = "positive" if side > 0 else "negative"
    count = sum(map(len, found))
    words = f"the Hessian, enclosed, is {kind} definite on all of {count} boxes that cover the domain"
    return step("definite Hessian", words, boxes=found)
