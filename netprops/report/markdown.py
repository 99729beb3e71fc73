"""`ledger.md`: the ledger as a page to read, topic by topic."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from netprops.evidence import KINDS
from netprops.report import tables
from netprops.report.ledger import SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from netprops.report.ledger import Judged


def page(environment: Mapping[str, Any], judged: Sequence[Judged]) -> str:
    """The whole page."""
    return "\n".join(_lines(environment, judged)) + "\n"


def _lines(environment: Mapping[str, Any], judged: Sequence[Judged]) -> Iterator[str]:
    shown = sum(claim.entry["outcome"] == SHOWN for claim in judged)
    yield "# Claims and their evidence"
    yield ""
    yield f"{shown} of {len(judged)} claims shown."
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in environment.items())
    for topic, group in groupby(judged, key=lambda claim: claim.entry["topic"]):
        claims = list(group)
        yield from _topic(topic, claims)


def _topic(topic: str, claims: Sequence[Judged]) -> Iterator[str]:
    yield ""
    yield f"## {topic.replace('_', ' ').capitalize()}"
    yield ""
    yield "| outcome | claim | verdict | evidence | examples | seconds |"
    yield "|---|---|---|---|---:|---:|"
    for claim in claims:
        entry = claim.entry
        cells = (
            entry["outcome"],
            f"[{entry['id']}](#{entry['id']})",
            entry["verdict"],
            _evidence(entry["evidence"]),
            str(entry["examples"]),
            f"{entry['seconds']:.2f}",
        )
        yield f"| {' | '.join(map(_cell, cells))} |"
    for claim in claims:
        yield from _claim(claim)


def _claim(claim: Judged) -> Iterator[str]:
    entry = claim.entry
    yield ""
    yield f"### {entry['id']}"
    yield ""
    yield f"> {_text(entry['statement'])}"
    yield ""
    source = ", ".join(entry["source"])
    yield f"{entry['verdict'].capitalize()} ({source}); `{entry['module']}`: **{entry['outcome']}**."
    if claim.why:
        yield ""
        yield from (f"- {_text(reason)}" for reason in claim.why)
    for table in entry.get("tables", ()):
        yield ""
        yield from tables.markdown(table)
        yield ""
        yield f"Drawn, with the reason of every cell: [{tables.file_name(entry)}]({tables.file_name(entry)})."
    if entry["questions"]:
        yield ""
        yield "| question | asked at | yes | no | undecided | by |"
        yield "|---|---|---:|---:|---:|---|"
        for question in entry["questions"]:
            cells = (
                f"`{question['question']}`",
                f"`{question['where']}`",
                *(str(question[answer]) for answer in ("yes", "no", "undecided")),
                _evidence(question["by"]),
            )
            yield f"| {' | '.join(map(_cell, cells))} |"
    if entry["witnesses"]:
        yield ""
        # Examples differ where their reasons are the same.
        lines = (f"- `{each['question']}`, {each['answer']}: {_text(each['because'])}" for each in entry["witnesses"])
        yield from dict.fromkeys(lines)


def _evidence(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[kind]} {kind}" for kind in (*KINDS, "undecided") if counts.get(kind)) or "none"


def _text(text: str) -> str:
    """On one line, with nothing that Markdown would read as markup."""
    for sign in ("\\", "*", "_", "`", "<", ">", "|"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
