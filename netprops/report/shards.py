"""The parts that a run of a whole catalogue is divided into: which claims are whose.

Every machine computes the partition for itself, from the catalogue and the durations that lie beside it, both of
which are part of the source tree: shards of one commit fit together without having spoken to each other.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netprops import claims

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

# Seconds by claim, beside the catalogue; `python -m netprops durations` writes it.
DURATIONS = "durations.json"


class DurationsError(Exception):
    """The table of durations is malformed."""


@dataclass(frozen=True)
class Shard:
    """Part `index` (from 1) of a run in `of` parts."""

    index: int
    of: int

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"


def parse(text: str) -> Shard:
    """The shard I/N of the command line.  Raises argparse's error for anything else."""
    index, slash, of = text.partition("/")
    if not (slash and index.isascii() and index.isdigit() and of.isascii() and of.isdigit()):
        raise argparse.ArgumentTypeError(f"a shard is I/N, such as 2/8: part 2 of 8; got {text!r}")
    shard = Shard(int(index), int(of))
    if not 1 <= shard.index <= shard.of:
        raise argparse.ArgumentTypeError(f"the parts of {of} are 1/{of} to {of}/{of}, got {text!r}")
    return shard


def partition(ids: Collection[str], seconds: Mapping[str, float], of: int) -> list[frozenset[str]]:
    """The claims in `of` parts that take about equally long: each id in exactly one of them.

    The longest come first, each to the part that has least to do by then: the longest part is at most a third longer
    than in the best partition (Graham 1969).  A claim without a recorded time counts as the median of those that have
    one; without any, all count alike.  What is equally long goes in the order of a hash of its id, so that neighbours
    in the catalogue, which are alike, are spread; the result does not depend on the order of `ids`.
    """
    known = [seconds[id] for id in ids if id in seconds]
    usual = statistics.median(known) if known else 1.0
    ordered = sorted(ids, key=lambda id: (-seconds.get(id, usual), hashlib.sha256(id.encode()).hexdigest()))
    parts: list[set[str]] = [set() for _ in range(of)]
    work = [0.0] * of
    for id in ordered:
        # Of parts with equally much to do the one with fewest claims: times that were too short to record are 0.
        least = min(range(of), key=lambda part: (work[part], len(parts[part]), part))
        parts[least].add(id)
        work[least] += seconds.get(id, usual)
    return [frozenset(part) for part in parts]


def owned(shard: Shard, path: Path) -> frozenset[str]:
    """The claims of a catalogue that are this shard's.  Raises `ClaimError`, `DurationsError`."""
    parts = partition(list(claims.read_catalogue(path)), read_durations(path.with_name(DURATIONS)), shard.of)
    return parts[shard.index - 1]


def has_file(shard: Shard, file: str) -> bool:
    """Whether a file of tests that belong to no claim is this shard's; `file` is relative to the root of the run."""
    return int.from_bytes(hashlib.sha256(file.encode()).digest()[:8], "big") % shard.of == shard.index - 1


# ---------------------------------------------------------------- durations


def read_durations(path: Path) -> dict[str, float]:
    """Seconds by claim; empty where there is no such file.  Raises `DurationsError`."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DurationsError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict) or not all(_is_duration(value) for value in found.values()):
        raise DurationsError(f'{path} maps ids of claims to seconds, as in {{"xy": 1.5}}')
    return {id: float(value) for id, value in found.items()}


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def durations(ledger: Mapping[str, Any]) -> dict[str, float]:
    """Seconds by claim as a ledger records them, in two digits: no more of it is the same from run to run.

    Claims that were not run are left out.
    """
    return {
        entry["id"]: float(f"{entry['seconds']:.2g}") for entry in ledger["claims"] if entry["outcome"] != "not run"
    }
