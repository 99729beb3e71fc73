"""One ledger out of those of all the shards of a run, or the reason why they make none.

Nothing is repaired here: what does not fit is refused, and the message names the files and what to run again.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netprops.evidence import MOST_ESTIMATED
from netprops.report import files, ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from netprops.report.ledger import Judged

# In these the shards of one run agree; they may have run on different devices, with different numbers of workers.
_SAME = ("netprops", "python", "jax", "libraries", "x64", "profile", "seed", "sources")
_AGAIN = {
    "seed": "give every shard the same --hypothesis-seed",
    "profile": "give every shard the same NETPROPS_PROFILE or --hypothesis-profile",
    "sources": "run every shard from one commit, without local changes",
}


_RANGES = ("ranges_computed", "ranges_read")


class MergeError(Exception):
    """These files are not the ledgers of the shards of one run.  The message says which, why and what to do."""


@dataclass(frozen=True)
class Part:
    """The ledger of one shard, and its file."""

    file: Path
    ledger: Mapping[str, Any]

    @property
    def shard(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.ledger["shard"]
        return found

    @property
    def name(self) -> str:
        return f"{self.shard['index']}/{self.shard['of']}"


@dataclass(frozen=True)
class Merged:
    """The ledger of the whole, as its pages and its summary need it."""

    environment: Mapping[str, Any]
    judged: Sequence[Judged]
    missing: Sequence[str]  # rows that no module shows

    @property
    def shown(self) -> int:
        return sum(claim.entry["outcome"] == ledger.SHOWN for claim in self.judged)

    @property
    def everything(self) -> int:
        return len(self.judged) + len(self.missing)

    @property
    def too_many_estimates(self) -> str:
        """Why so many estimated answers are not to be relied on together; empty if they are."""
        estimated = sum(claim.entry["evidence"]["estimated"] for claim in self.judged)
        return "" if estimated <= MOST_ESTIMATED else ledger.too_many_estimates(estimated)

    @property
    def is_shown(self) -> bool:
        """Whether every claim of the catalogue is shown."""
        return 0 < self.shown == self.everything and not self.too_many_estimates


# ---------------------------------------------------------------- reading


def read(path: Path) -> Part:
    """The ledger of a shard, in this file or folder.  Raises `MergeError` unless it is as its run wrote it."""
    file = path / ledger.LEDGER if path.is_dir() else path
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise MergeError(f"{file}: {error.strerror}: run the shard whose ledger it is to be, with --ledger") from None
    except ValueError as error:
        raise MergeError(f"{file} is not JSON, so it was truncated or edited ({error}): run its shard again") from None
    if not isinstance(found, dict) or found.get("schema") != ledger.SCHEMA:
        schema = found.get("schema") if isinstance(found, dict) else None
        raise MergeError(
            f"{file} has the schema {schema}, this netprops reads {ledger.SCHEMA}: run it with one version"
        )
    if found.get("unfinished"):
        raise MergeError(f"{file}: its run was ended before it was done, and this is what it had by then: run it again")
    if not isinstance(found.get("shard"), dict):
        raise MergeError(f"{file} is not the ledger of a shard: it was written without --shard I/N")
    if found["shard"].get("checksum") != ledger.checksum(found):
        raise MergeError(f"{file} does not fit its checksum, so it was truncated or edited: run its shard again")
    return Part(file, found)


# ---------------------------------------------------------------- merging


def merge(parts: Sequence[Part]) -> Merged:
    """The ledger of the whole.  Raises `MergeError` for holes, duplicates, and what was not run alike."""
    if not parts:
        raise MergeError("there is nothing to merge: name the folder of each shard's ledger")
    _demand_alike(parts)
    _demand_every_shard_once(parts)
    place = {id: number for ids in parts[0].shard["catalogues"].values() for number, id in enumerate(ids)}
    entries = {entry["id"]: _judged(part, entry, place) for part in parts for entry in part.ledger["claims"]}
    missing = [id for part in parts for id in part.shard["missing"]]
    _demand_every_claim_once(parts, place)
    return Merged(_environment(parts), ledger.in_order(entries.values()), sorted(missing, key=lambda id: place[id]))


def _judged(part: Part, entry: dict[str, Any], place: Mapping[str, int]) -> Judged:
    why = tuple(part.shard["why"].get(entry["id"], ()))
    # Of the whole nothing may be left out, for whatever reason.
    about = part.shard.get("about", {}).get(entry["id"], {})
    return ledger.Judged(entry, why, entry["outcome"] != ledger.SHOWN, place.get(entry["id"], len(place)), about)


def _demand_alike(parts: Sequence[Part]) -> None:
    first, *others = parts
    for part in others:
        for name in _SAME:
            one, other = (each.ledger["environment"].get(name) for each in (first, part))
            if one != other:
                again = _AGAIN.get(name, "run every shard with the same versions")
                raise MergeError(f"{first.file} and {part.file} differ in {name}: {one} and {other}; {again}")
        for name, what in (("of", "number of shards"), ("catalogues", "catalogue")):
            if first.shard[name] != part.shard[name]:
                raise MergeError(f"{first.file} and {part.file} differ in their {what}: they are of different runs")


def _demand_every_shard_once(parts: Sequence[Part]) -> None:
    by_index: dict[int, Part] = {}
    for part in parts:
        other = by_index.setdefault(part.shard["index"], part)
        if other is not part:
            raise MergeError(f"{other.file} and {part.file} are both of shard {part.name}: leave out one of them")
    of = parts[0].shard["of"]
    if absent := [f"{index}/{of}" for index in range(1, of + 1) if index not in by_index]:
        here = f"no ledger of shard {_few(absent)} beside {_names(parts)}"
        raise MergeError(f"there is {here}: run it, or name its folder")


def _demand_every_claim_once(parts: Sequence[Part], place: Mapping[str, int]) -> None:
    owners: dict[str, list[Part]] = {id: [] for id in place}
    for part in parts:
        for id in _accounted_for(part):
            owners.setdefault(id, []).append(part)
    for id, owner in owners.items():
        if len(owner) > 1:
            raise MergeError(f"{id} is in more than one ledger: {', '.join(str(part.file) for part in owner)}")
        if owner and id not in place:
            raise MergeError(f"{owner[0].file} has the claim {id}, which its catalogue does not list")
    if holes := [id for id, owner in owners.items() if not owner]:
        raise MergeError(
            f"no ledger among {_names(parts)} has {_few(holes)}: run every shard on the whole folder of the catalogue"
        )


def _few(texts: Sequence[str]) -> str:
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")


def _names(parts: Sequence[Part]) -> str:
    return ", ".join(str(part.file) for part in parts)


def _accounted_for(part: Part) -> Iterator[str]:
    yield from (entry["id"] for entry in part.ledger["claims"])
    yield from part.shard["missing"]


def _environment(parts: Sequence[Part]) -> dict[str, Any]:
    """That of the first, except for what shards may differ in."""
    each = [part.ledger["environment"] for part in parts]
    devices = sorted({environment["device"] for environment in each} - {"none"})
    return {
        **each[0],
        "device": ", ".join(devices) or "none",
        "workers": sum(environment["workers"] for environment in each),
        "wall_seconds": max(environment["wall_seconds"] for environment in each),
        "shards": len(parts),
        **{name: sum(environment.get(name, 0) for environment in each) for name in _RANGES if name in each[0]},
    }


# ---------------------------------------------------------------- writing


def write(folder: Path, merged: Merged) -> None:
    """Write the ledger, `summary.md` and `badge.json` into the folder.  Raises `OSError`."""
    ledger.write(folder, merged.environment, merged.judged)
    files.write(folder / "summary.md", "\n".join(_summary(merged)) + "\n")
    files.write(folder / "badge.json", json.dumps(_badge(merged), indent=1) + "\n")


def _summary(merged: Merged) -> Iterator[str]:
    """A short page: topic by topic how many are shown, and which claims are not."""
    yield f"## {merged.shown} of {merged.everything} claims shown"
    yield ""
    yield "| topic | claims | " + " | ".join(ledger.OUTCOMES) + " |"
    yield "|---|---:|" + "---:|" * len(ledger.OUTCOMES)
    for topic in dict.fromkeys(claim.entry["topic"] for claim in merged.judged):
        outcomes = Counter(claim.entry["outcome"] for claim in merged.judged if claim.entry["topic"] == topic)
        counts = " | ".join(str(outcomes[outcome] or "") for outcome in ledger.OUTCOMES)
        yield f"| {topic.replace('_', ' ')} | {outcomes.total()} | {counts} |"
    short = [claim for claim in merged.judged if claim.fails]
    if short or merged.missing:
        yield ""
    for claim in short:
        why = " ".join("; ".join(claim.why).split())
        yield f"- **{claim.entry['outcome']}** `{claim.entry['id']}`" + (f": `{why.replace('`', '')}`" if why else "")
    yield from (f"- **missing** `{id}`: no module shows it, or it cannot be imported" for id in merged.missing)
    if merged.too_many_estimates:
        yield ""
        yield merged.too_many_estimates
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in merged.environment.items())


def _badge(merged: Merged) -> dict[str, object]:
    """What shields.io's endpoint badge reads."""
    message = f"{merged.shown} of {merged.everything} shown"
    colour = "brightgreen" if merged.is_shown else "red"
    return {"schemaVersion": 1, "label": "claims", "message": message, "color": colour}
