"""`python -m netprops replay`: the tests of a ledger's claims again, and whether its witnesses come back.

A witness in a ledger is a record; the function that it is about lives in the claim's module.  So the module's tests are
run again, in a process of their own, with the seed and the profile of the ledger; what they record is held against it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netprops.evidence import canonical
from netprops.report.ledger import FAILED, NOT_RUN, SHOWN, UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FIELDS = ("id", "module", "outcome", "witnesses")


class ReplayError(Exception):
    """A ledger that cannot be replayed here; the message says why."""


def replay(ledger: str, ids: Sequence[str] = ()) -> bool:
    """Run the claims of this ledger again (these, or all) and print a line for each; whether all are shown now.

    Raises:
        ReplayError: no ledger, a claim that it does not have, or modules that are not here.
    """
    recorded = _read(Path(ledger))
    entries = [entry for entry in recorded["claims"] if not ids or entry["id"] in ids]
    if unknown := sorted(set(ids) - {entry["id"] for entry in entries}):
        raise ReplayError(f"{ledger} has no claim {', '.join(unknown)}")
    # What was not run has left nothing to be seen again.
    entries = [entry for entry in entries if ids or entry["outcome"] != NOT_RUN]
    if not entries:
        raise ReplayError(f"{ledger}: none of its claims was run")
    if absent := sorted({entry["module"] for entry in entries if not Path(entry["module"]).is_file()}):
        raise ReplayError(f"{absent[0]} is not here: run this in the folder that {ledger} was made in")
    now = _run(recorded["environment"], sorted({entry["module"] for entry in entries}))
    # What had failed comes first: whether that is mended is what one wants to know.
    entries.sort(key=lambda entry: entry["outcome"] == SHOWN)
    for entry in entries:
        print("\n".join(lines(entry, now.get(entry["id"]))))
    good = [entry["id"] for entry in entries if now.get(entry["id"], {}).get("outcome") == SHOWN]
    print(f"{len(good)} of {len(entries)} claim{'' if len(entries) == 1 else 's'} shown now")
    return len(good) == len(entries)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ReplayError(f"{path} is no ledger: {error}") from None
    claims = found.get("claims") if isinstance(found, dict) else None
    if not isinstance(claims, list) or not all(isinstance(each, dict) and set(_FIELDS) <= set(each) for each in claims):
        raise ReplayError(f"{path} is no ledger: it lists no claims")
    return {"environment": {}, **found}


def _run(environment: Mapping[str, Any], modules: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The claims of these modules by id, as a run of pytest judges them now."""
    profile = environment.get("profile", "none")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", *modules, f"--ledger={folder}", "-q", "-p", "no:cacheprovider"]
        if "seed" in environment:
            command.append(f"--hypothesis-seed={environment['seed']}")
        if profile not in ("none", "default"):
            command.append(f"--hypothesis-profile={profile}")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            ledger = json.loads((Path(folder) / "ledger.json").read_text(encoding="utf-8"))
        except OSError:
            raise ReplayError(f"the tests could not be run:\n{(done.stdout + done.stderr).strip()[-2000:]}") from None
    return {entry["id"]: entry for entry in ledger["claims"]}


# ---------------------------------------------------------------- one claim, then and now


def lines(then: Mapping[str, Any], now: Mapping[str, Any] | None) -> Iterator[str]:
    """What became of a claim of the ledger: fixed, failed, shown, or gone."""
    id, before = then["id"], then["outcome"]
    if now is None:
        yield f"failed   {id}: no test of it was found"
        return
    outcome = now["outcome"]
    again, all_of_them = _again(then, now)
    told = f"{again} of {all_of_them} witnesses as recorded" if all_of_them else "no witness was recorded"
    if outcome == SHOWN:
        word = "shown   " if before == SHOWN else "fixed   "
        yield f"{word} {id}: {f'was {before}' if before != SHOWN else told}"
        return
    yield f"{outcome if outcome in (FAILED, UNDECIDED) else 'failed':9}{id}: was {before}, is {outcome}; {told}"
    for each in now["witnesses"][:1]:
        yield f"         {each['question']}, {each['answer']}: {each['because']}"


def _again(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[int, int]:
    """How many of the recorded witnesses were found again, wherever they are asked for now, of how many."""
    found = {_content(each) for each in now["witnesses"]}
    return sum(_content(each) in found for each in then["witnesses"]), len(then["witnesses"])


def _content(witness: Mapping[str, Any]) -> str:
    return canonical({name: witness.get(name) for name in ("question", "answer", "witness")})
