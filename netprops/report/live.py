"""A line for a claim as soon as its last test has reported: what there is to see of a run on several workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netprops.report.ledger import FAILED, SHOWN, UNDECIDED

if TYPE_CHECKING:
    from netprops.report.ledger import Judged

_MARKUP: dict[str, dict[str, bool]] = {SHOWN: {"green": True}, FAILED: {"red": True}, UNDECIDED: {"yellow": True}}


def line(claim: Judged, number: int, of: int) -> tuple[str, dict[str, bool]]:
    """The claim, which is the `number`-th to be settled, of so many that were chosen."""
    entry = claim.entry
    kinds = ", ".join(f"{count} {kind}" for kind, count in entry["evidence"].items() if count)
    text = f"{number:>{len(str(of))}}/{of} {entry['outcome']:9} {entry['id']}  {entry['seconds']:.1f} s  {kinds}"
    return text.rstrip(), _MARKUP.get(entry["outcome"], {})
