"""One pytest run in one process: what it collected and recorded, and what it comes to.

The controller judges.  Workers hand it their trials with the test reports and their collection at their end.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import pkgutil
import platform
import secrets
import sys
import sysconfig
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netprops import claims, limits, sharing
from netprops.evidence import MOST_ESTIMATED, WITH_LEDGER, UndecidedError, count_compilations
from netprops.limits import TimeLimitError
from netprops.report import failures, files, ledger, live, shards, sources, terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pytest

    from netprops.claims import Claim
    from netprops.evidence import Recorder
    from netprops.report.ledger import Judged


@dataclass
class Run:
    """Mutable by its nature: it fills while pytest runs."""

    rootdir: str
    seed: int | str
    folder: Path | None = None  # of the ledger
    shared: Path | None = None  # folder of finished ranges
    process: int = 0  # which one of how many that run in step
    processes: int = 1
    is_worker: bool = False
    workers: int = 0
    shard: shards.Shard | None = None  # run of its claims alone
    device: str = ""  # that was promised
    sources: str = ""  # a hash of them, for the ledger
    catalogues: dict[str, list[str]] = field(default_factory=dict)  # of all claims found: their rows, whosever they are
    own: dict[str, frozenset[str]] = field(default_factory=dict)  # by catalogue: the shard's claims
    collection: dict[str, dict[str, Any]] = field(default_factory=dict)
    trials: list[dict[str, Any]] = field(default_factory=list)
    settings: list[dict[str, Any]] = field(default_factory=list)  # of the processes that ran claims
    settled: dict[str, Judged] = field(default_factory=dict)  # claims all of whose tests have been tried
    kept: int | None = None  # claims that the ledger on disk had settled, the last time that it could be written
    unwritten: str = ""  # why the ledger could not be written at the end
    is_told: bool = False  # by a worker: what it collected
    has_stopped: bool = False  # before its end
    topics: set[str] = field(default_factory=set)  # registered as markers
    judged: list[Judged] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    estimated: int = 0  # answers, each with its own chance of a false alarm
    started: float = field(default_factory=time.perf_counter)


def choose_seed(given: str | None) -> int | str:
    """The run's seed: the given one, as Hypothesis reads it, or a fresh one."""
    if given is None:
        return secrets.randbelow(2**32)
    try:
        return int(given)
    except ValueError:
        return given


def take_seed(run: Run, given: str | None) -> None:
    """Take the seed that the first of several processes chose, where none was given."""
    from netprops.search import mesh

    run.seed = mesh.first_of(int(run.seed)) if given is None else run.seed


def agree(run: Run, tests: Sequence[str]) -> None:
    """See to it that processes which run in step run the same.  Raises `PeerError`."""
    if run.processes > 1:
        from netprops.search import mesh

        libraries = {**_versions(), "profile": profile_name(), "seed": str(run.seed)}
        for what, text in (*libraries.items(), ("sources", run.sources), ("tests", "\n".join(tests))):
            mesh.agree(f"their {what}", text)


def seed_number(seed: int | str) -> int:
    """The seed as a number, whatever the user gave."""
    return seed if isinstance(seed, int) else int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")


def open_folder(folder: Path) -> Path:
    """The ledger's folder, made and seen to be writable.  Raises `OSError`, before anything has run."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
    return folder


def profile_name() -> str:
    """Hypothesis's current profile; "none" where Hypothesis is not in use."""
    if "hypothesis" not in sys.modules:
        return "none"
    from hypothesis import settings

    return settings.get_current_profile_name().removesuffix(WITH_LEDGER)


def load_ledger_profile() -> Callable[[], None]:
    """Keep Hypothesis from its database, and let it obey the seed; returns what takes this back.

    One seed, one ledger: a replayed example would be counted as a new one, and `derandomize`, which Hypothesis's own
    profile for continuous integration turns on, silently beats the seed.
    """
    from hypothesis import settings

    before, name = settings.get_current_profile_name(), profile_name() + WITH_LEDGER
    settings.register_profile(name, parent=settings.get_profile(before), database=None, derandomize=False)
    settings.load_profile(name)
    return lambda: settings.load_profile(before)


# ---------------------------------------------------------------- collecting


def catalogues(paths: Iterable[Path]) -> list[Path]:
    """The catalogues of these files and folders: above them, in them, and one folder down."""
    found: dict[Path, None] = {}
    for path in paths:
        above = claims.find_catalogue(path)
        below = sorted(path.glob(f"*/{claims.CATALOGUE}")) if path.is_dir() else []
        found.update(dict.fromkeys([above, *below] if above is not None else below))
    return list(found)


def topics(paths: Iterable[Path]) -> list[str]:
    """The topics of these catalogues; a broken one has none here, and is reported where a claim is made."""
    found: dict[str, None] = {}
    for path in paths:
        try:
            found.update(dict.fromkeys(row.topic for row in claims.read_catalogue(path).values()))
        except (claims.ClaimError, OSError):
            continue
    return list(found)


def sources_of(run: Run, paths: Iterable[Path]) -> str:
    """The hash of what is about to run, taken before it does: files may change meanwhile."""
    return sources.digest(catalogues(paths), run.rootdir)


def made(run: Run, claim: Claim, test: str) -> None:
    """A test of a claim was found, whether or not it is going to be selected; one of another shard is not there."""
    if not owns(run, claim):
        return
    entry = run.collection.setdefault(claim.id, ledger.collected(claim, run.rootdir))
    if test not in entry["tests"]:
        entry["tests"].append(test)


def owns(run: Run, claim: Claim) -> bool:
    """Whether a claim that was found is the shard's own; every claim is, where there are no shards."""
    path = Path(claim.catalogue)
    if claim.catalogue not in run.catalogues:
        run.catalogues[claim.catalogue] = list(claims.read_catalogue(path))
        if run.shard is not None:
            run.own[claim.catalogue] = shards.owned(run.shard, path)
    return run.shard is None or claim.id in run.own[claim.catalogue]


def is_empty_shard(run: Run) -> bool:
    """Whether claims were found, but none of this shard: there may be more shards than claims."""
    return run.shard is not None and bool(run.catalogues) and not run.collection


def owns_file(run: Run, file: Path) -> bool:
    """Whether the tests in a file that belong to no claim are the shard's own."""
    return run.shard is None or shards.has_file(run.shard, ledger.relative(str(file), run.rootdir))


def selected(run: Run, tests: Iterable[str], *, draws: bool) -> None:
    """These tests are going to run, the others of a claim are left out; `draws` says whether Hypothesis runs any."""
    chosen = set(tests)
    for entry in run.collection.values():
        entry["left_out"] = [test for test in entry["tests"] if test not in chosen]
    if run.collection and draws:
        import_all()
    if run.collection:
        count_compilations()


def import_all() -> None:
    """Import the package whole, before the first example.

    Hypothesis also draws the constants that it reads in the imported modules of a project: what it draws must not
    depend on which tests a worker happened to run before.  Installed packages are none of a project's, and not read.
    """
    import netprops

    if _is_installed(Path(netprops.__file__)):
        return
    for module in pkgutil.walk_packages(netprops.__path__, "netprops.", onerror=lambda _: None):
        # What cannot be imported here is reported by the claim that needs it.
        with suppress(Exception):
            importlib.import_module(module.name)


def _is_installed(module: Path) -> bool:
    """Whether a module lies where pip puts packages; an editable installation does not."""
    return any(module.resolve().is_relative_to(Path(sysconfig.get_path(name)).resolve()) for name in _INSTALLED)


_INSTALLED = ("purelib", "platlib")
# Options of pytest's by which less than the folders asked for is run.
_SELECTING = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise")


def whole(paths: Sequence[Path], option: object) -> list[Path]:
    """The folders of which everything is run: none when the user selects in any way."""
    if any(getattr(option, name, None) for name in _SELECTING):
        return []
    return [Path(os.path.abspath(path)) for path in paths if path.is_dir()]


def unshown_rows(run: Run, folders: Sequence[Path]) -> list[str]:
    """The rows that no module shows, of catalogues that lie in these folders, which were run whole.

    Only catalogues that a claim was found in count: another project's file may have the same name.
    """
    whole = [path for path in sorted(run.catalogues) if any(Path(path).is_relative_to(folder) for folder in folders)]
    rows = [id for path in whole for id in run.catalogues[path] if run.shard is None or id in run.own[path]]
    return [id for id in rows if id not in run.collection]


# ---------------------------------------------------------------- running


def trial(
    run: Run,
    claim: Claim,
    recorder: Recorder | None,
    report: pytest.TestReport,
    call: pytest.CallInfo[None],
) -> str:
    """What one test left behind, as it travels to the controller."""
    why = ""
    outcome: str = report.outcome
    if outcome == "skipped" and hasattr(report, "wasxfail"):
        outcome, why = ledger.FAILED, f"expected to fail ({report.wasxfail}), and so it did"
    elif call.excinfo is not None and call.excinfo.errisinstance(TimeLimitError):
        outcome, why = ledger.CUT_SHORT, f"{call.excinfo.value} (--claim-timeout)"
    elif call.excinfo is not None:
        why = _in_short(call.excinfo.value)
        if outcome == "failed" and call.excinfo.errisinstance(UndecidedError):
            outcome = ledger.UNDECIDED
    entry = ledger.trial(claim, report.nodeid, recorder, run.rootdir, outcome=outcome, why=why, seconds=report.duration)
    return json.dumps(entry)


def _in_short(error: BaseException) -> str:
    """What went wrong, on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}{'...' if len(text) > 300 else ''}"


def failure(run: Run, claim: Claim, recorder: Recorder | None, test: str) -> str:
    """The claim in words, and what its failed test asked last."""
    last = None if recorder is None else recorder.last
    where = "" if last is None else ledger.where(last.site, run.rootdir)
    again = failures.rerun(test, run.seed, profile_name())
    return failures.failure(ledger.collected(claim, run.rootdir), last, where, again)


def note(run: Run, trials: Iterable[str]) -> list[terminal.Line]:
    """On the controller: trials have arrived; the lines of the claims that are settled by that."""
    settled = _add(run, [json.loads(text) for text in trials])
    places = {id: place for place, id in enumerate(run.settled, start=1)}
    of = sum(len(entry["left_out"]) < len(entry["tests"]) for entry in run.collection.values())
    return [live.line(claim, places[claim.entry["id"]], of) for claim in settled]


def lose(run: Run, test: str, worker: str, status: int | None, limit: float | None) -> str:
    """On the controller: a worker ended while it ran this test; returns what is to be said of it."""
    how = limits.how_it_ended(status)
    if status == 1 and limit is not None:
        how = f"was ended {limits.GRACE:g} s after --claim-timeout={limit:g}, in code that does not return to Python"
    why = f"its worker {worker} {how}"
    _add(run, [ledger.lost(id, test, why) for id, entry in run.collection.items() if test in entry["tests"]])
    return why


def _add(run: Run, trials: list[dict[str, Any]]) -> list[Judged]:
    """The claims all of whose tests have been tried by now."""
    run.trials += trials
    settled = [id for id in {trial["claim"] for trial in trials} if _is_settled(run, id)]
    for id in settled:
        one = [trial for trial in run.trials if trial["claim"] == id]
        run.settled[id], *_ = ledger.judge({id: run.collection[id]}, one)
    if settled:
        keep(run)
    return [run.settled[id] for id in settled]


def _is_settled(run: Run, claim: str) -> bool:
    """Whether all tests of a claim that are going to run have been tried."""
    entry = run.collection.get(claim)
    tried = {trial["test"] for trial in run.trials if trial["claim"] == claim}
    return entry is not None and tried >= set(entry["tests"]) - set(entry["left_out"])


def keep(run: Run) -> None:
    """Write the ledger as it is by now; a disk that is full may have room again when the run ends."""
    with suppress(OSError):
        _keep(run)


def begin(run: Run) -> None:
    """Write the ledger of a run that has done nothing yet, in place of an earlier one.  Raises `OSError`."""
    if run.folder is not None:
        _keep(run)


def _keep(run: Run) -> None:
    if run.folder is None:
        return
    _note_settings(run)
    waiting = {id: entry for id, entry in run.collection.items() if id not in run.settled}
    trials = [trial for trial in run.trials if trial["claim"] in waiting]
    judged = ledger.in_order([*run.settled.values(), *ledger.judge(waiting, trials, stopped=True)])
    ledger.keep(run.folder, environment(run), judged, shard_record(run, judged))
    run.kept = len(run.settled)


def _note_settings(run: Run) -> None:
    """Note those of this process, if it is the one that runs the tests and has come to them."""
    if not run.settings and not run.workers and run.collection:
        run.settings.append(settings_here())


# ---------------------------------------------------------------- from worker to controller


def hand_over(run: Run) -> str:
    """What the controller has to know of this process.

    It travels with the first report and again at the end, to which a worker that is killed does not come.
    """
    run.is_told = True
    found = {"collection": run.collection, "catalogues": run.catalogues}
    return json.dumps(
        {**found, "own": {path: sorted(ids) for path, ids in run.own.items()}, "settings": settings_here()}
    )


def take_over(run: Run, text: str) -> None:
    """Take what a process handed over; all of them collect the same."""
    handed = json.loads(text)
    for id, entry in handed["collection"].items():
        run.collection.setdefault(id, entry)
    run.catalogues.update(handed["catalogues"])
    run.own.update({path: frozenset(ids) for path, ids in handed["own"].items()})
    if handed["settings"] not in run.settings:
        run.settings.append(handed["settings"])


def settings_here() -> dict[str, Any]:
    """Hypothesis's profile in this process, and JAX's device and precision, if they are in use at all."""
    here: dict[str, Any] = {"profile": profile_name()}
    if "jax" not in sys.modules:
        return here
    import jax

    try:
        devices = {device.device_kind for device in jax.devices()}
    except RuntimeError:  # no backend could be started
        devices = set()
    return {**here, "device": ", ".join(sorted(devices)), "x64": bool(jax.config.read("jax_enable_x64"))}  # type: ignore[no-untyped-call]


# What answers, draws and witnesses depend on, beside the package, Python and JAX.
_LIBRARIES = ("jaxlib", "numpy", "scipy", "python-flint", "hypothesis", "optax", "scikit-learn")


def environment(run: Run) -> dict[str, Any]:
    """The circumstances of a run, as the ledger states them."""
    devices = sorted({each["device"] for each in run.settings if each.get("device")})
    return {
        **_versions(),
        "sources": run.sources,
        "device": ", ".join(devices) or "none",
        "x64": bool(run.settings) and all(each.get("x64", False) for each in run.settings),
        "profile": ", ".join(sorted({each["profile"] for each in run.settings})) or profile_name(),
        "seed": run.seed,
        "workers": max(run.workers, 1),
        "wall_seconds": round(time.perf_counter() - run.started, 3),
        **({} if run.processes == 1 else {"processes": run.processes}),
        **({} if run.shared is None else ranges(run)),
    }


def ranges(run: Run) -> dict[str, int]:
    """How many ranges of shared work were computed for the tests that ran, and how many read."""
    told = [trial.get("ranges", {}) for trial in run.trials]
    return {f"ranges_{name}": sum(each.get(name, 0) for each in told) for name in ("computed", "read")}


def share(run: Run, folder: Path, paths: Iterable[Path]) -> None:
    """Share finished ranges by this folder, for as long as the process runs.  Raises `OSError`."""
    run.shared = open_folder(folder)
    if run.is_worker or not run.workers:
        circumstances = {**_versions(), "sources": run.sources or sources_of(run, paths)}
        name = json.dumps([circumstances, run.seed, profile_name()])
        sharing.use(sharing.Folder(run.shared, circumstances, files.write, hashlib.sha256(name.encode()).hexdigest()))


def _versions() -> dict[str, str]:
    libraries = ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
    return {
        "netprops": _version("netprops"),
        "python": platform.python_version(),
        "jax": _version("jax"),
        "libraries": libraries,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def header(run: Run) -> str:
    """One line on what the run is about to use.  Starts JAX only in a process that will run the tests itself."""
    parts = []
    if "jax" in sys.modules and not run.workers:
        here = settings_here()
        parts += [here["device"] or "no device", _precision(here["x64"])]
    elif "jax" in sys.modules:
        import jax

        parts += [run.device or "the device of JAX's choice", _precision(bool(jax.config.jax_enable_x64))]  # type: ignore[attr-defined]
    elif run.device:
        parts.append(run.device)
    if "hypothesis" in sys.modules:
        from hypothesis import settings

        parts.append(f"profile {profile_name()} ({settings().max_examples} examples)")
    if run.shard is not None:
        parts.append(f"shard {run.shard}")
    if run.processes > 1:
        parts.append(f"process {run.process + 1} of {run.processes}")
    parts.append(f"{run.workers} workers" if run.workers else "1 process")
    return f"netprops: {', '.join(parts)}, --hypothesis-seed={run.seed}"


def _precision(x64: bool) -> str:
    return "float64" if x64 else "float32"


def close(run: Run, folders: Sequence[Path], *, stopped: bool) -> bool:
    """Judge every claim, write the ledger if one is wanted, and say whether the run must fail.

    `folders` were run whole; a run that `stopped` before its end says nothing on what it did not come to.
    """
    if not run.settings:
        run.settings.append(settings_here())
    run.has_stopped = stopped
    run.judged = ledger.judge(run.collection, run.trials, stopped=stopped)
    run.missing = [] if stopped else unshown_rows(run, folders)
    _write(run)
    run.estimated = sum(claim.entry["evidence"]["estimated"] for claim in run.judged)
    short = bool(run.missing or run.unwritten) or any(claim.fails for claim in run.judged)
    return short or run.estimated > MOST_ESTIMATED


def _write(run: Run) -> None:
    if run.folder is None:
        return
    try:
        ledger.write(run.folder, environment(run), run.judged, shard_record(run, run.judged))
    except OSError as error:
        run.unwritten = f"the ledger could not be written: {error.filename}: {error.strerror}"
        if run.kept is not None:
            run.unwritten += f"; what is there is from when {run.kept} of {len(run.judged)} claims were done"


def _stopped(run: Run) -> str:
    """What to say of a run that stopped before its end."""
    absent = [claim.entry["id"] for claim in run.judged if claim.entry["outcome"] == ledger.NOT_RUN]
    line = f"the run stopped before its end: {len(absent)} claim{'' if len(absent) == 1 else 's'} not run"
    if run.folder is None or run.unwritten:
        return line
    return f"{line}, what was done is kept in {run.folder / ledger.LEDGER}"


def _replayed(judged: Sequence[Judged]) -> Iterator[terminal.Line]:
    """What recorded witnesses were good for."""
    told = {claim.entry["id"]: claim.entry["replays"] for claim in judged if "replays" in claim.entry}
    if told:
        yield f"recorded witnesses: {sum(each['answers'] for each in told.values())} answers by them", {}
    for id, each in ((id, each) for id, entry in told.items() for each in entry["gone"]):
        yield f"  no longer certified: {id}, {each['question']} at {each['where']}: {each['because']}", {"yellow": True}


def _shared(run: Run) -> Iterator[terminal.Line]:
    """What was shared, and which files were refused."""
    told = ranges(run)
    yield f"seed ranges: {told['ranges_computed']} computed, {told['ranges_read']} read from {run.shared}", {}
    for each in (each for trial in run.trials for each in trial.get("ranges", {}).get("refused", ())):
        yield f"  {each}", {"yellow": True}


def shard_record(run: Run, judged: Sequence[Judged]) -> dict[str, Any] | None:
    """Which part of what whole the run was, for its ledger; None where it was the whole."""
    if run.shard is None:
        return None
    whole = {ledger.relative(path, run.rootdir): ids for path, ids in sorted(run.catalogues.items())}
    why = {claim.entry["id"]: list(claim.why) for claim in judged if claim.why}
    about = {claim.entry["id"]: dict(claim.about) for claim in judged}
    part = {"index": run.shard.index, "of": run.shard.of, "catalogues": whole, "missing": run.missing}
    return {**part, "why": why, "about": about}


def summary(run: Run, *, verbosity: int) -> Iterator[terminal.Line]:
    """The lines at the end of the run: about a screen of them, all with -v, what falls short alone with -q."""
    size = {"brief": verbosity < 0, "full": verbosity > 0}
    yield from terminal.summary(environment(run), run.judged, run.missing, **size)
    if run.has_stopped:
        yield _stopped(run), {"red": True, "bold": True}
    yield from _replayed(run.judged)
    if run.shared is not None:
        yield from _shared(run)
    if run.unwritten:
        yield f"{run.unwritten}, so the run fails", {"red": True, "bold": True}
    elif run.folder is not None and verbosity >= 0:
        yield f"to read: {run.folder / 'index.html'}", {}
    if run.estimated > MOST_ESTIMATED:
        yield ledger.too_many_estimates(run.estimated), {"red": True, "bold": True}
