"""A line for each claim as soon as its last test has reported: what there is to see of a run on several workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netprops.report.ledger import FAILED, SHOWN, UNDECIDED, judge

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARKUP: dict[str, dict[str, bool]] = {SHOWN: {"green": True}, FAILED: {"red": True}, UNDECIDED: {"yellow": True}}

Line = tuple[str, dict[str, bool]]


def collection_of(collection: Mapping[str, Mapping[str, Any]], claim: str) -> dict[str, Any]:
    """What a test's report says of its claim: so much as judging it takes, and of how many claims tests were chosen."""
    chosen = sum(len(entry["left_out"]) < len(entry["tests"]) for entry in collection.values())
    return {"claim": dict(collection[claim]), "of": chosen}


@dataclass
class Live:
    """Claims whose tests are on their way.  Mutable by its nature: it fills while reports arrive."""

    waiting: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    finished: int = 0

    def arrived(self, trial: Mapping[str, Any]) -> Line | None:
        """The line of a claim whose last test this was, else None."""
        about = trial.get("collection")
        if not about:
            return None
        claim = about["claim"]
        tests = self.waiting.setdefault(claim["id"], {})
        tests[trial["test"]] = trial
        if len(tests) < len(claim["tests"]) - len(claim["left_out"]):
            return None
        del self.waiting[claim["id"]]
        self.finished += 1
        (judged,) = judge({claim["id"]: claim}, tests.values())
        outcome, entry = judged.entry["outcome"], judged.entry
        kinds = ", ".join(f"{number} {kind}" for kind, number in entry["evidence"].items() if number)
        line = f"{self.finished:>{len(str(about['of']))}}/{about['of']} {outcome:9} {entry['id']}"
        return f"{line}  {entry['seconds']:.1f} s  {kinds}".rstrip(), _MARKUP.get(outcome, {})
