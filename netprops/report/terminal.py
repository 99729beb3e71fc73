"""The summary at the end of a run, about one screen: a line for each claim, or for each topic where there are many."""

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
# About a screen: so many claims have a line each, and so many that fall short are told of beside lines by topic.
MOST_LISTED = 12
MOST_SHORT = 6


def summary(
    environment: Mapping[str, Any],
    judged: Sequence[Judged],
    missing: Sequence[str],
    *,
    brief: bool = False,
    full: bool = False,
) -> Iterator[Line]:
    """The lines of the summary; `missing` are rows without a module.

    More than `MOST_LISTED` claims that are shown are counted by topic, unless the summary is to be `full`; `brief`
    leaves out what is shown.
    """
    run = [claim for claim in judged if not _passed_over(claim)]
    listed = [claim for claim in run if not (brief and claim.entry["outcome"] == SHOWN)]
    if len(listed) <= MOST_LISTED or full:
        yield from _by_claim(listed)
    else:
        yield from _by_topic(run)
        yield from _by_claim([claim for claim in run if claim.entry["outcome"] != SHOWN], MOST_SHORT)
    for id in missing if full else missing[:MOST_SHORT]:
        yield f"  {'missing':9} {id}: no module shows it, or it cannot be imported", {"red": True, "bold": True}
    if len(missing) > MOST_SHORT and not full:
        yield f"  {'missing':9} {len(missing) - MOST_SHORT} more (-v lists them)", {"red": True, "bold": True}
    yield from _totals(environment, judged, missing)


def _by_claim(listed: Sequence[Judged], most: int | None = None) -> Iterator[Line]:
    """A line for each claim, and below it why it is not shown; `most` of them, with few words, if that is given."""
    kept = listed[:most]
    kinds = [kind for kind in KINDS if any(claim.entry["evidence"][kind] for claim in kept)]
    width = max((len(claim.entry["id"]) for claim in kept), default=0)
    if kept:
        heads = "".join(f"{kind:>10}" for kind in kinds)
        yield f"{'':12}{'':{width}}  {'':11}{heads}  examples  seconds", {"light": True}
    for topic, claims in groupby(kept, key=lambda claim: claim.entry["topic"]):
        yield topic.replace("_", " "), {"bold": True}
        for claim in claims:
            yield from _claim(claim, kinds, width, reasons=None if most is None else 1)
    if len(kept) < len(listed):
        yield f"  {len(listed) - len(kept)} more fell short (-v lists them)", {"red": True, "bold": True}


def _by_topic(run: Sequence[Judged]) -> Iterator[Line]:
    """A line for each topic: how many of its claims are shown, and their evidence."""
    kinds = [kind for kind in KINDS if any(claim.entry["evidence"][kind] for claim in run)]
    topics = {topic: list(claims) for topic, claims in groupby(run, key=lambda claim: claim.entry["topic"])}
    width = max(map(len, topics))
    yield f"{'':{width}}  {'shown':>9}{''.join(f'{kind:>10}' for kind in kinds)}  examples  seconds", {"light": True}
    for topic, claims in topics.items():
        entries = [claim.entry for claim in claims]
        shown = sum(entry["outcome"] == SHOWN for entry in entries)
        counts = "".join(f"{sum(entry['evidence'][kind] for entry in entries) or '':>10}" for kind in kinds)
        examples, seconds = (sum(entry[name] for entry in entries) for name in ("examples", "seconds"))
        share = f"{shown} of {len(entries)}"
        line = f"{topic.replace('_', ' '):{width}}  {share:>9}{counts}  {examples:>8}  {seconds:>7.1f}"
        yield line, _MARKUP[SHOWN if shown == len(entries) else FAILED]


def _passed_over(claim: Judged) -> bool:
    """Not run, and nothing wrong with that: not selected, or the run stopped before."""
    return claim.entry["outcome"] == NOT_RUN and not claim.fails


def _claim(claim: Judged, kinds: Sequence[str], width: int, *, reasons: int | None = None) -> Iterator[Line]:
    entry = claim.entry
    counts = "".join(f"{entry['evidence'][kind] or '':>10}" for kind in kinds)
    numbers = f"{counts}  {entry['examples']:>8}  {entry['seconds']:>7.2f}"
    outcome = entry["outcome"]
    yield f"  {outcome:9} {entry['id']:{width}}  {entry['verdict']:11}{numbers}", _MARKUP[outcome]
    if claim.why:
        yield f"{'':12}{entry['statement']}", {}
        for reason in claim.why[:reasons]:
            yield f"{'':12}{reason}", _MARKUP[outcome]
    for table in entry.get("tables", ()) if reasons is None else ():
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

