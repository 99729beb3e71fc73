"""The summary at the end of a run: topic by topic, a line for each claim, then the totals."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from netprops.evidence import KINDS
from netprops.report import tables
from netprops.report.ledger import FAILED, NOT_RUN, SHOWN, UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from netprops.report.ledger import Judged

# A line and how to write it, in the words of pytest's terminal writer.
Line = tuple[str, dict[str, bool]]

_MARKUP: dict[str, dict[str, bool]] = {
    SHOWN: {"green": True},
    FAILED: {"red": True, "bold": True},
    UNDECIDED: {"yellow": True, "bold": True},
    NOT_RUN: {"yellow": True},
}
_SLOWEST = 5


def summary(
    environment: Mapping[str, Any], judged: Sequence[Judged], missing: Sequence[str], *, brief: bool = False
) -> Iterator[Line]:
    """The lines of the summary; `missing` are rows without a module, `brief` leaves out what is shown."""
    listed = [claim for claim in judged if not _passed_over(claim) and not (brief and claim.entry["outcome"] == SHOWN)]
    kinds = [kind for kind in KINDS if any(claim.entry["evidence"][kind] for claim in listed)]
    width = max((len(claim.entry["id"]) for claim in listed), default=0)
    if listed:
        heads = "".join(f"{kind:>10}" for kind in kinds)
        yield f"{'':12}{'':{width}}  {'':11}{heads}  examples  seconds", {"light": True}
    for topic, claims in groupby(listed, key=lambda claim: claim.entry["topic"]):
        yield topic.replace("_", " "), {"bold": True}
        for claim in claims:
            yield from _claim(claim, kinds, width)
    for id in missing:
        yield f"  {'missing':9} {id}: no module shows it, or it cannot be imported", {"red": True, "bold": True}
    yield from _totals(environment, judged, missing)


def _passed_over(claim: Judged) -> bool:
    """Not run, and nothing wrong with that: not selected, or the run stopped before."""
    return claim.entry["outcome"] == NOT_RUN and not claim.fails


def _claim(claim: Judged, kinds: Sequence[str], width: int) -> Iterator[Line]:
    entry = claim.entry
    counts = "".join(f"{entry['evidence'][kind] or '':>10}" for kind in kinds)
    numbers = f"{counts}  {entry['examples']:>8}  {entry['seconds']:>7.2f}"
    outcome = entry["outcome"]
    yield f"  {outcome:9} {entry['id']:{width}}  {entry['verdict']:11}{numbers}", _MARKUP[outcome]
    if claim.why:
        yield f"{'':12}{entry['statement']}", {}
        for reason in claim.why:
            yield f"{'':12}{reason}", _MARKUP[outcome]
    for table in entry.get("tables", ()):
        for line in tables.text(table):
            yield f"{'':12}{line}".rstrip(), {}


def _totals(environment: Mapping[str, Any], judged: Sequence[Judged], missing: Sequence[str]) -> Iterator[Line]:
    entries = [claim.entry for claim in judged]

    def total(name: str) -> int:
        return sum(entry[name] for entry in entries)

    slowest = sorted(entries, key=lambda entry: -entry["seconds"])[:_SLOWEST]
    slow = ", ".join(f"{entry['id']} {entry['seconds']:.1f} s" for entry in slowest if entry["seconds"] >= 0.05)
    if slow:
        yield f"slowest: {slow}", {}
    workers = environment["workers"]
    yield (
        f"{total('examples'):,} examples, {total('evaluations'):,} evaluations, {total('compiles'):,} compilations; "
        f"{environment['device']}, {'float64' if environment['x64'] else 'float32'}, "
        f"{workers} process{'' if workers == 1 else 'es'}, profile {environment['profile']}, "
        f"--hypothesis-seed={environment['seed']}"
    ), {}
    shown = sum(entry["outcome"] == SHOWN for entry in entries)
    everything = len(judged) + len(missing)
    passed_over = sum(map(_passed_over, judged))
    line = f"{shown} of {everything} claim{'' if everything == 1 else 's'} shown"
    if passed_over:
        line += f", {passed_over} not run"
    short = everything - shown - passed_over
    if short:
        line += f"; {short} fell short, so the run fails"
    yield line, {"red": True, "bold": True} if short else {"green": True, "bold": True}


def failure(claim: Mapping[str, Any], last: str) -> str:
    """The claim in words, for the report of a failed test; `last` is what was asked last, or empty."""
    text = (
        f"{claim['statement']}\n({claim['id']}: {claim['verdict']}; {', '.join(claim['source'])}; {claim['module']})\n"
    )
    return text + (f"Asked last: {last}\n" if last else "It asked nothing.\n")
