"""What the tests of a run recorded, pooled by claim: plain data in, the ledger out.

A *trial* is what one test item of a claim left behind, a *collection* what pytest found before it ran them.  Both are
JSON, since they travel from the workers to the controller.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netprops.claims import shortfalls, unwritten
from netprops.evidence import FALSE_ALARMS, KINDS, MOST_ESTIMATED, canonical
from netprops.report import files, recorded, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from netprops.claims import Claim
    from netprops.evidence import Note, Recorder, Site

SCHEMA = 1
LEDGER = "ledger.json"
# Enough to understand a claim by; the first ones, shortest first, whatever the order in which workers found them.
WITNESSES = 8

SHOWN, FAILED, UNDECIDED, NOT_RUN = "shown", "failed", "undecided", "not run"
# Of a test, not of a claim: it was ended before its end, and says nothing either way.
CUT_SHORT = "cut short"
_STATED = ("id", "statement", "source", "topic", "module", "verdict")
_COUNTED = ("examples", "evaluations", "compiles")
OUTCOMES = (SHOWN, FAILED, UNDECIDED, NOT_RUN)


@dataclass(frozen=True)
class Judged:
    """A claim's entry in the ledger, with what only the reports for people say."""

    entry: dict[str, Any]
    why: tuple[str, ...] = ()  # it is not shown
    fails: bool = False  # the run, whatever pytest says of the tests
    place: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)  # the rest of its row, and what its module says of it


# ---------------------------------------------------------------- in the worker


def trial(
    claim: Claim, test: str, recorder: Recorder | None, rootdir: str, *, outcome: str, why: str, seconds: float
) -> dict[str, Any]:
    """What one test item leaves behind; `outcome` is passed, failed, undecided, skipped or cut short.

    What it asked counts only when it passed; of any other the last witness is kept, for people.
    """
    passed = outcome == "passed" and recorder is not None
    kept = recorder.kept if passed and recorder is not None else []
    last = None if recorder is None else recorder.last_witness
    seen = kept if passed else [last] if last is not None else []
    return {
        "claim": claim.id,
        "test": test,
        "outcome": outcome,
        "why": why,
        "examples": recorder.examples if passed and recorder else 0,
        "evaluations": recorder.evaluations if passed and recorder else 0,
        "compiles": recorder.compiles if recorder else 0,
        "seconds": seconds,
        "questions": _questions(kept, rootdir),
        "witnesses": _few(
            _witness(note, rootdir, recorder is not None and recorder.draws)
            for note in seen
            if note.verdict.witness is not None
        ),
        "cells": [tables.cell(each) for each in recorder.cells] if passed and recorder else [],
        "curves": recorder.drawings if passed and recorder else [],
        "ranges": recorder.ranges if recorder else {},
        "replays": _replays(kept),
    }


def _replays(notes: Sequence[Note]) -> dict[str, Any]:
    """Which recorded witnesses were tried for these answers, by number, and how many answers they gave."""
    tried = [each for note in notes for each in note.verdict.replays]
    answers = sum(any(certified for _, certified in note.verdict.replays) for note in notes)
    numbers = {certified: sorted({n for n, found in tried if found == certified}) for certified in (True, False)}
    return {"answers": answers, "certified": numbers[True], "failed": numbers[False]} if tried else {}


def lost(claim: str, test: str, why: str) -> dict[str, Any]:
    """What is left of a test whose process ended under it."""
    counted = dict.fromkeys((*_COUNTED, "seconds"), 0)
    return {"claim": claim, "test": test, "outcome": CUT_SHORT, "why": why, **counted, "questions": [], "witnesses": []}


def collected(claim: Claim, rootdir: str) -> dict[str, Any]:
    """What a collection says of a claim, without its tests."""
    return {
        "id": claim.id,
        "statement": claim.row.says,
        "source": list(claim.source),
        "topic": claim.row.topic,
        "module": relative(claim.module, rootdir),
        "verdict": claim.verdict,
        "demands": list(claim.row.evidence),
        "catalogue": claim.catalogue,
        "place": claim.place,
        "recorded": recorded.of_claim(Path(claim.catalogue), claim.id),
        "about": {"formal": claim.row.formal, "control": claim.row.control, "doc": claim.doc},
        "tests": [],
        "left_out": [],
    }


def _questions(notes: Iterable[Note], rootdir: str) -> list[dict[str, Any]]:
    counts: dict[tuple[str, Site], Counter[str]] = {}
    for note in notes:
        counter = counts.setdefault((note.verdict.question, note.site), Counter())
        counter[note.verdict.answer] += 1
        if note.verdict.kind is not None:
            counter[note.verdict.kind] += 1
    return [_question(name, where(site, rootdir), counter) for (name, site), counter in counts.items()]


def _question(name: str, place: str, counter: Mapping[str, int]) -> dict[str, Any]:
    return {
        "question": name,
        "where": place,
        "yes": counter.get("yes", 0),
        "no": counter.get("no", 0),
        "undecided": counter.get("undecided", 0),
        "by": {str(kind): counter[kind] for kind in KINDS if counter.get(kind)},
    }


def _witness(note: Note, rootdir: str, drawn: bool) -> dict[str, Any]:
    witness: dict[str, Any] = json.loads(canonical(note.verdict.witness))
    return {
        "question": note.verdict.question,
        "where": where(note.site, rootdir),
        "answer": note.verdict.answer,
        "because": note.verdict.because,
        "witness": witness,
        **({"drawn": True} if drawn else {}),
    }


def _few(witnesses: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first few different ones: in an order of their own, so that pooling in any order gives the same.

    Every frequency is kept beside them: an interval is a result, not an example.
    """
    texts = {canonical(witness) for witness in witnesses}
    ordered = [json.loads(text) for text in sorted(texts, key=lambda text: (len(text), text))]
    frequencies = [each for each in ordered if each.get("witness", {}).get("kind") == "frequency"]
    return frequencies + [each for each in ordered if each not in frequencies][:WITNESSES]


def where(site: Site, rootdir: str) -> str:
    """file:line:column, the file relative to the root of the run."""
    return f"{relative(site.file, rootdir)}:{site.line}:{site.column}"


def relative(file: str, rootdir: str) -> str:
    """A file as ledgers name it, the same on every machine."""
    try:
        return Path(os.path.relpath(file, rootdir)).as_posix()
    except ValueError:  # another drive
        return Path(file).as_posix()


# ---------------------------------------------------------------- on the controller


def judge(
    collection: Mapping[str, Mapping[str, Any]], trials: Iterable[Mapping[str, Any]], *, stopped: bool = False
) -> list[Judged]:
    """Every claim of a collection with its outcome, in the order of the catalogue; `stopped` short of the end?"""
    by_claim: dict[str, dict[str, Mapping[str, Any]]] = {id: {} for id in collection}
    for entry in trials:
        # The last word on a test is the one that counts: it may have been run again.
        by_claim.setdefault(entry["claim"], {})[entry["test"]] = entry
    return in_order(_judge(claim, by_claim[id], stopped) for id, claim in collection.items())


def in_order(judged: Iterable[Judged]) -> list[Judged]:
    """In the order of the catalogue."""
    return sorted(judged, key=lambda claim: (claim.place, claim.entry["id"]))


def _judge(claim: Mapping[str, Any], trials: Mapping[str, Mapping[str, Any]], stopped: bool) -> Judged:
    questions = _pool(entry for test in trials.values() for entry in test["questions"])
    evidence = {kind: sum(entry["by"].get(kind, 0) for entry in questions) for kind in KINDS}
    outcome, why, fails = _outcome(claim, trials, questions, stopped)
    entry: dict[str, Any] = {
        **{name: claim[name] for name in _STATED},
        "outcome": outcome,
        "evidence": {**evidence, "undecided": sum(entry["undecided"] for entry in questions)},
        "questions": questions,
        **{name: sum(test[name] for test in trials.values()) for name in _COUNTED},
        "seconds": round(sum(test["seconds"] for test in trials.values()), 3),
        "witnesses": _few(witness for test in trials.values() for witness in test["witnesses"]),
    }
    # In the order of the module, whatever the order in which workers were done.
    cells = [cell for test in claim["tests"] if test in trials for cell in trials[test].get("cells", ())]
    if cells:
        entry["tables"] = tables.pooled(cells)
    if claim.get("recorded"):
        entry["replays"] = recorded.pooled(claim["recorded"], trials.values())
    if curves := _curves(trials[test] for test in claim["tests"] if test in trials):
        entry["curves"] = curves
    return Judged(entry, tuple(why), fails, claim["place"], claim.get("about", {}))


def _curves(trials: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the tests gave to draw: the first of each title and name."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for curve in (curve for test in trials for curve in test.get("curves", ())):
        first.setdefault((curve["title"], curve["name"]), curve)
    return list(first.values())


def _outcome(
    claim: Mapping[str, Any],
    trials: Mapping[str, Mapping[str, Any]],
    questions: Sequence[Mapping[str, Any]],
    stopped: bool,
) -> tuple[str, list[str], bool]:
    """The outcome, why it is not shown, and whether this must fail the run."""
    red = [test for test in trials.values() if test["outcome"] in (FAILED, UNDECIDED)]
    if red:
        undecided = all(test["outcome"] == UNDECIDED for test in red)
        why = sorted(f"{_short(test['test'])}: {test['why']}" for test in red)
        return UNDECIDED if undecided else FAILED, why, True
    if claim["left_out"]:
        return NOT_RUN, [f"not selected: {', '.join(map(_short, sorted(claim['left_out'])))}"], False
    skipped = sorted(test["test"] for test in trials.values() if test["outcome"] == "skipped")
    cut = sorted(test["test"] for test in trials.values() if test["outcome"] == CUT_SHORT)
    absent = sorted(set(claim["tests"]) - set(trials))
    if skipped or cut or absent:
        why = [f"{_short(test)} was skipped: {trials[test]['why']}" for test in skipped]
        why += [f"{_short(test)} was cut short: {trials[test]['why']}" for test in cut]
        return NOT_RUN, why + [f"{_short(test)} never ran" for test in absent], bool(skipped or cut) or not stopped
    if why := [*unwritten(claim.get("about", {})), *shortfalls(claim["demands"], questions)]:
        return UNDECIDED, why, True
    return SHOWN, [], False


def _short(test: str) -> str:
    return test.partition("::")[2] or test


def _pool(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for entry in entries:
        counter = counts.setdefault((entry["question"], entry["where"]), Counter())
        counter.update({answer: entry[answer] for answer in ("yes", "no", "undecided")})
        counter.update(entry["by"])
    ordered = sorted(counts.items(), key=lambda pair: (_position(pair[0][1]), pair[0][0]))
    return [_question(name, place, counter) for (name, place), counter in ordered]


def _position(place: str) -> tuple[str, int, int]:
    file, line, column = place.rsplit(":", 2)
    return file, int(line), int(column)


def document(
    environment: Mapping[str, Any], judged: Iterable[Judged], shard: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The ledger, as it is written to `ledger.json`; that of a shard says of which whole, under a checksum."""
    claims = [claim.entry for claim in judged]
    ledger: dict[str, Any] = {"schema": SCHEMA, "environment": dict(environment), "claims": claims}
    if shard is not None:
        ledger["shard"] = dict(shard)
        ledger["shard"]["checksum"] = checksum(ledger)
    return ledger


def too_many_estimates(estimated: int) -> str:
    """What to say of more estimated answers than the promise of `FALSE_ALARMS` covers."""
    return (
        f"{estimated} estimated answers: a chance of a false alarm below {float(FALSE_ALARMS):g} in all is "
        f"promised for {MOST_ESTIMATED} of them, so the run fails"
    )


def checksum(ledger: Mapping[str, Any]) -> str:
    """SHA-256 of a shard's ledger, all but the checksum itself; how it is laid out in its file does not matter."""
    shard = {name: value for name, value in ledger["shard"].items() if name != "checksum"}
    text = json.dumps({**ledger, "shard": shard}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def keep(
    folder: Path,
    environment: Mapping[str, Any],
    judged: Sequence[Judged],
    shard: Mapping[str, Any] | None = None,
) -> None:
    """Write `ledger.json` as it is by now, in the middle of a run: what is left of one that is killed.

    It says so by ``"unfinished": true``.  Raises `OSError`.
    """
    text = json.dumps({**document(environment, judged, shard), "unfinished": True}, ensure_ascii=False)
    files.write(folder / LEDGER, f"{text}\n", lasting=False)


def write(
    folder: Path,
    environment: Mapping[str, Any],
    judged: Sequence[Judged],
    shard: Mapping[str, Any] | None = None,
) -> None:
    """Write `ledger.json`, `ledger.md` and `index.html` into the folder, and a page for each claim with tables.

    Raises `OSError`; every file is then either as it was before or as it is to be.
    """
    from netprops.report.markdown import page
    from netprops.report.page import index_page

    text = json.dumps(document(environment, judged, shard), indent=1, ensure_ascii=False)
    files.write(folder / LEDGER, f"{text}\n")
    files.write(folder / "ledger.md", page(environment, judged))
    files.write(folder / "index.html", index_page(environment, judged))
    for claim in judged:
        if claim.entry.get("tables"):
            files.write(folder / tables.file_name(claim.entry), tables.html_page(claim.entry))
