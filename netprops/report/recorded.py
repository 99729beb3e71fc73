"""Witnesses that a repository keeps beside its catalogue: written out of a ledger, tried first on later runs.

The file is a proposal, no evidence: a recorded witness counts where it certifies anew, in balls, of the function as it
is now.  It belongs to the sources of a run, so that one seed gives one ledger.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

WITNESSES = "witnesses.json"
_SCHEMA = 1
# The kinds that answer a question "no" by points, which any function of their shape can be tried at.
_KINDS = (
    "chord",
    "inner point beyond both ends",
    "pair",
    "point where the function is not positive",
    "point where the function is negative",
    "point where the functions differ",
)
_FIELDS = ("question", "answer", "where", "because", "witness")
_DRAWN = "drawn"  # where it is true: the functions of the test may be others on the next run


class RecordedError(Exception):
    """The file of recorded witnesses is malformed.  The message says where and what to do."""


def of_ledger(ledger: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """By claim: the witnesses of a ledger that later runs can try; claims that are not shown have none."""
    kept = {
        entry["id"]: [
            {name: each[name] for name in (*_FIELDS, _DRAWN) if name in each}
            for each in entry["witnesses"]
            if each["answer"] == "no" and each["witness"].get("kind") in _KINDS
        ]
        for entry in ledger["claims"]
        if entry["outcome"] == "shown"
    }
    return {id: witnesses for id, witnesses in kept.items() if witnesses}


def text(witnesses: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The file of these witnesses."""
    return json.dumps({"schema": _SCHEMA, "witnesses": witnesses}, indent=1, ensure_ascii=False) + "\n"


def of_claim(catalogue: Path, claim: str) -> tuple[dict[str, Any], ...]:
    """The witnesses of a claim, recorded beside its catalogue; none where there is no file.  Raises `RecordedError`."""
    file = catalogue.with_name(WITNESSES)
    return _read(file, file.stat().st_mtime_ns).get(claim, ()) if file.is_file() else ()


@functools.lru_cache(maxsize=8)
def _read(file: Path, _modified: int) -> dict[str, tuple[dict[str, Any], ...]]:
    again = "write it anew by `python -m netprops record LEDGER --into FOLDER`, or delete it"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordedError(f"{file} is not JSON ({error}): {again}") from None
    if not isinstance(found, dict) or found.get("schema") != _SCHEMA or not isinstance(found.get("witnesses"), dict):
        raise RecordedError(f"{file} is no file of witnesses of schema {_SCHEMA}: {again}")
    for claim, witnesses in found["witnesses"].items():
        if not isinstance(witnesses, list) or not all(map(_is_witness, witnesses)):
            raise RecordedError(f"{file}: the witnesses of {claim} have the parts {', '.join(_FIELDS)}: {again}")
    return {claim: tuple(witnesses) for claim, witnesses in found["witnesses"].items()}


def _is_witness(each: object) -> bool:
    texts = ("question", "answer", "where", "because")
    return (
        isinstance(each, dict)
        and all(isinstance(each.get(name), str) for name in texts)
        and isinstance(each.get("witness"), dict)
        and each.get(_DRAWN, True) is True
    )


def pooled(recorded: Sequence[Mapping[str, Any]], trials: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What became of a claim's recorded witnesses: how many answers they gave, and which certified nowhere.

    Those that were not tried are passed over: proofs came first, or another witness.  So are those of tests that draw
    their functions: that they certify nowhere says nothing of any function.
    """
    told = [trial["replays"] for trial in trials if trial.get("replays")]
    good = {number for each in told for number in each["certified"]}
    failed = sorted({number for each in told for number in each["failed"]} - good)
    gone = [number for number in failed if not recorded[number].get(_DRAWN)]
    listed = [{name: recorded[number][name] for name in ("question", "where", "because")} for number in gone]
    return {"answers": sum(each["answers"] for each in told), "gone": listed}
