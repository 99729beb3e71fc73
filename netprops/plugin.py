"""The pytest plugin: hooks, whose logic lies in `claims`, `evidence` and `report`.

pytest loads it in every project of an environment where netprops is installed, so nothing heavy is imported here:
no JAX, no NumPy, no Hypothesis.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from _pytest.runner import runtestprotocol  # as plugins that run tests again import it

from netprops import claims, devices, distributed, evidence, limits, progress, sharing
from netprops.report import recorded, run, shards

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

_RUN = pytest.StashKey[run.Run]()
_RECORDER = pytest.StashKey[evidence.Recorder]()
# Added when everybody else has had the chance to: it is a name that others use as well.
_SHORT = "--device"
_ITEMS = pytest.StashKey[dict[str, pytest.Item]]()  # all that were collected, whosever they are
_ATTENDANCE = pytest.StashKey[sharing.Attendance]()
_PATIENCE = 0.2  # seconds between two looks at what others do
_STDERR = pytest.StashKey[int]()  # the real one, whatever is captured
_T = TypeVar("_T")
# The name under which a trial travels: on the report of one phase only, since JUnit XML lists what is on the last.
_TRIAL = "netprops_trial"
# What a worker collected, on its first report.
_COLLECTION = "netprops_collection"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("netprops", "netprops: claims and their evidence")
    group.addoption("--ledger", metavar="DIR", help="write this run's evidence to DIR/ledger.json and ledger.md")
    group.addoption(
        "--shard",
        metavar="I/N",
        type=shards.parse,
        help="run part I of N of the claims; `python -m netprops merge` joins the ledgers of all parts",
    )
    group.addoption(
        "--netprops-device",
        choices=devices.DEVICES,
        help="the device of JAX, where JAX_PLATFORMS does not say it; one that is missing ends the run at once; also "
        f"{_SHORT}, unless another plugin or a conftest.py has an option of that name, and {devices.VARIABLE}",
    )
    group.addoption(
        "--compilation-cache",
        metavar="DIR",
        help="keep what JAX compiles in DIR, apart for each kind of CPU",
    )
    group.addoption(
        "--share-runs",
        metavar="DIR",
        help="share finished runs of statistical claims by DIR, with other processes and later runs; idle ones help",
    )
    group.addoption(
        "--distributed",
        metavar="WHERE",
        type=distributed.parse,
        help="be one of several processes on the devices of all: auto (SLURM, Open MPI, ...), or I/N@HOST:PORT",
    )
    group.addoption(
        "--claim-timeout",
        metavar="SECONDS",
        type=limits.in_seconds,
        help="cut a claim's test short after so many seconds, with its stack; implies a worker unless -n is given",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before any conftest.py, which may import JAX
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, _T, _T]:
    options, before = early_config.known_args_namespace, dict(os.environ)
    long, cache = options.netprops_device, options.compilation_cache
    short = _read(_SHORT, args) if _is_free(_SHORT, parser) else None
    try:
        device = devices.asked(long or (short if short in devices.DEVICES else None), os.environ)
        if device is not None:
            devices.promise(device, os.environ)
        if cache is not None:
            devices.cache_compilations(early_config.invocation_params.dir / cache, os.environ)
    except devices.DeviceError as error:
        raise pytest.UsageError(str(error)) from None
    if device is not None or cache is not None:
        early_config.add_cleanup(lambda: _put_back(before))
    result = yield
    if _is_free(_SHORT, parser):
        parser.getgroup("netprops").addoption(
            _SHORT, dest="netprops_device", choices=devices.DEVICES, help="short for --netprops-device"
        )
    elif short in devices.DEVICES and long is None:  # it was for a conftest.py
        _put_back(before)
    return result


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """xdist: -n auto.  None leaves it to xdist: in projects without claims, and where its own variable says."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ or not run.catalogues(_paths(config)):
        return None
    return devices.sane_workers(os.environ)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[Any]) -> None:
    """xdist: workers are about to start.  One that takes the place of another has its share."""
    if config.stash[_RUN].topics or config.getoption("netprops_device"):
        for slot, spec in enumerate(specs):
            if spec.popen:
                spec.env.update(devices.share(slot, len(specs), os.environ))


@pytest.hookimpl(wrapper=True)  # before xdist counts its workers
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, _T, _T]:
    option = config.option
    # A process that hangs where Python cannot interrupt it must be ended, and another one has to tell.
    hangs_alone = option.claim_timeout is not None and not hasattr(config, "workerinput") and not option.distributed
    if hangs_alone and getattr(option, "numprocesses", 0) is None and not (option.tx or option.usepdb):
        option.numprocesses = 1
    return (yield)


@pytest.hookimpl(trylast=True)  # after the profile that --hypothesis-profile names has been loaded
def pytest_configure(config: pytest.Config) -> None:
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    seed = run.choose_seed(config.getoption("hypothesis_seed", None)) if worker is None else worker["netprops_seed"]
    config.stash[_RUN] = this = run.Run(str(config.rootpath), seed, is_worker=worker is not None)
    this.shard = config.getoption("shard")
    for line, meaning in claims.MARKERS.items():
        config.addinivalue_line("markers", f"{line}: {meaning}")
    _register(config, run.topics(run.catalogues(_paths(config))))
    this.workers = len(config.getoption("tx", None) or ())
    this.device = _promised(config, this)
    if config.getoption("distributed") is not None:
        _meet(config, this)
    if folder := config.getoption("ledger"):
        config.add_cleanup(run.load_ledger_profile())
        try:
            this.folder = None if this.process else run.open_folder(config.invocation_params.dir / folder)
            this.sources = run.sources_of(this, _paths(config))
        except OSError as error:
            raise pytest.UsageError(f"--ledger: cannot write to {folder}: {error}") from error
    if folder := config.getoption("share_runs"):
        _share(config, config.invocation_params.dir / folder, worker)
    if config.getoption("claim_timeout") is not None:
        config.stash[_STDERR] = _real_stderr()
        config.add_cleanup(lambda: os.close(config.stash[_STDERR]))
    if not this.is_worker:
        tell = _Teller(config) if config.get_verbosity() >= 0 else None
        # One process writes the module that it is in; several need somebody to say which claim is done.
        config.pluginmanager.register(_Controller(this, tell if this.workers else None), "netprops-controller")
        if tell is not None and not this.workers:
            config.add_cleanup(progress.listen(tell))


def pytest_sessionstart(session: pytest.Session) -> None:
    this = session.config.stash[_RUN]
    if not this.is_worker and _is_judged(session.config):
        try:
            run.begin(this)
        except OSError as error:
            raise pytest.UsageError(f"--ledger: cannot write to {this.folder}: {error.strerror}") from error


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: a worker is about to start."""
    node.workerinput["netprops_seed"] = node.config.stash[_RUN].seed


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """xdist: a worker has ended; one that crashed hands nothing over."""
    if text := getattr(node, "workeroutput", {}).get("netprops"):
        run.take_over(node.config.stash[_RUN], text)


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: Any, sched: Any) -> None:
    """xdist: a worker has ended in the middle of a test."""
    node, config = report.node, sched.config
    limit = config.getoption("claim_timeout")
    why = run.lose(config.stash[_RUN], crashitem, node.gateway.id, _exit_status(node), limit)
    report.longrepr = f"cut short: {why}, while it ran {crashitem}"


def pytest_report_header(config: pytest.Config) -> str | None:
    this = config.stash[_RUN]
    return run.header(this) if this.topics else None


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, obj: object) -> Generator[None, _T, _T]:
    # Here every test passes, whatever is selected afterwards: by -k, -m, --lf or as file.py::test.
    result = yield
    if isinstance(result, list) and (claim := claims.claim_of(obj)) is not None:
        this = collector.config.stash[_RUN]
        if claim.row.topic not in this.topics:
            _register(collector.config, [claim.row.topic])
        for item in result:
            run.made(this, claim, item.nodeid)
            item.user_properties += [("claim", claim.id), ("verdict", claim.verdict)]
            for name, arguments in claims.marks(claim):
                mark = getattr(pytest.mark, name)
                item.add_marker(mark(**arguments) if arguments else mark)
    return result


@pytest.hookimpl(tryfirst=True)  # before anything is deselected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    this = config.stash[_RUN]
    config.stash[_ITEMS] = {item.nodeid: item for item in items}
    if this.shard is not None:
        elsewhere = [item for item in items if not _is_own(this, item)]
        items[:] = [item for item in items if _is_own(this, item)]
        config.hook.pytest_deselected(items=elsewhere)


def pytest_collection_finish(session: pytest.Session) -> None:
    this, tests = session.config.stash[_RUN], [item.nodeid for item in session.items]
    run.selected(this, tests, draws=any(claims.draws(_function(item)) for item in session.items))
    with _in_step():
        run.agree(this, tests)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, _T, _T]:
    result = yield
    this = session.config.stash[_RUN]
    # Not where everything stops; the controller of workers has no time of its own, and they help.
    stops = session.shouldfail or session.shouldstop or not _is_judged(session.config)
    if this.shared is not None and not (this.workers or stops):
        _help(session.config)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, _T, _T]:
    claim = _claim(item)
    if claim is None:
        return (yield)
    this = item.config.stash[_RUN]
    known = recorded.of_claim(Path(claim.catalogue), claim.id)
    test = _function(item)
    recorder = item.stash[_RECORDER] = evidence.Recorder(
        claim.id, run.seed_number(this.seed), draws=claims.draws(test), recorded=known
    )
    trying = claims.trying(test, recorder, this.seed)
    with _in_step(), sharing.running_test(item.nodeid), _limit(item), trying:
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: xfail is decided inside
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    claim = _claim(item)
    told = item.config.stash[_RUN]
    if told.is_worker and not told.is_told and told.collection:
        report.user_properties.append((_COLLECTION, run.hand_over(told)))
    if claim is not None and (report.when == "call" or not report.passed):
        recorder = item.stash.get(_RECORDER, None)
        this = item.config.stash[_RUN]
        report.user_properties.append((_TRIAL, run.trial(this, claim, recorder, report, call)))
        if report.failed:
            report.sections.append(("claim", run.failure(this, claim, recorder, report.nodeid)))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    this = config.stash[_RUN]
    if this.is_worker:
        config.workeroutput["netprops"] = run.hand_over(this)  # type: ignore[attr-defined]
    elif _is_judged(config):
        broken = exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        stopped = broken or bool(session.shouldfail or session.shouldstop)
        short = run.close(this, run.whole(_paths(config), config.option), stopped=stopped)
        if short and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if run.is_empty_shard(this) and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED if short else pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    this = config.stash[_RUN]
    if this.judged or this.missing or this.unwritten:
        terminalreporter.section("claims")
        for line, markup in run.summary(this, verbosity=config.get_verbosity()):
            terminalreporter.write_line(line, **markup)


@pytest.fixture(scope="session", name="netprops")
def _netprops() -> Any:
    """Assertions about functions and networks, such as netprops.assert_convex(f, "R^3"): the module netprops.testing.

    JAX is imported when something is asked.
    """
    import netprops.testing

    return netprops.testing


class _Controller:
    """Hooks of the process that judges, which get no config handed to find their run by."""

    def __init__(self, this: run.Run, tell: Callable[..., None] | None) -> None:
        self._run = this
        self._tell = tell  # of claims as they are finished

    @pytest.hookimpl(tryfirst=True)  # before JUnit XML, which lists every property that it finds
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for collection in (text for name, text in report.user_properties if name == _COLLECTION):
            run.take_over(self._run, str(collection))
        trials = [text for name, text in report.user_properties if name == _TRIAL]
        report.user_properties[:] = [each for each in report.user_properties if each[0] not in (_TRIAL, _COLLECTION)]
        for line, markup in run.note(self._run, map(str, trials)):
            if self._tell is not None:
                self._tell(line, **markup)

    def pytest_report_teststatus(
        self, report: pytest.TestReport, config: pytest.Config
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """No letter for a claim's test that passed or failed where a line tells of its claim."""
        if self._tell is None or report.when != "call" or hasattr(report, "wasxfail"):
            return None
        if not any(name == "claim" for name, _ in getattr(report, "user_properties", ())):
            return None
        if report.passed:
            return "passed", "", ("PASSED", {"green": True})
        return ("failed", "", ("FAILED", {"red": True})) if report.failed else None


class _Teller:
    """Writes progress of long work to the terminal, past the capturing of output."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def __call__(self, line: str, **markup: bool) -> None:
        terminal, capture = map(self._config.pluginmanager.get_plugin, ("terminalreporter", "capturemanager"))
        if terminal is not None:
            with nullcontext() if capture is None else capture.global_and_fixture_disabled():
                terminal.ensure_newline()
                writer = self._config.get_terminal_writer()
                if writer.width_of_current_line:  # letters, which the reporter takes for no line
                    writer.line()
                terminal.write_line(line, **markup)


def _is_judged(config: pytest.Config) -> bool:
    """Whether the run runs tests."""
    return not any(config.getoption(name, False) for name in ("collectonly", "setuponly", "setupplan"))


def _meet(config: pytest.Config, this: run.Run) -> None:
    """Be one of several processes from here on."""
    if this.workers or this.is_worker or config.getoption("share_runs"):
        raise pytest.UsageError("--distributed: each process runs alone: leave out -n and --share-runs")
    try:
        this.process, this.processes = distributed.start(config.getoption("distributed"), os.environ)
        run.take_seed(this, config.getoption("hypothesis_seed", None))
    except (distributed.SetupError, distributed.PeerError) as error:
        raise pytest.UsageError(str(error)) from None
    this.sources = run.sources_of(this, _paths(config))


@contextmanager
def _in_step() -> Generator[None]:
    """End the run where the processes of a distributed one are not together any more."""
    try:
        yield
    except distributed.PeerError as error:
        pytest.exit(f"the run ends, because its processes are not together any more: {error}")


def _share(config: pytest.Config, folder: Path, worker: Mapping[str, Any] | None) -> None:
    try:
        run.share(config.stash[_RUN], folder, _paths(config))
        if worker is not None:
            slot = int("".join(filter(str.isdigit, worker["workerid"])))
            config.stash[_ATTENDANCE] = sharing.Attendance(folder, worker["testrunuid"], slot)
            config.add_cleanup(config.stash[_ATTENDANCE].close)
    except OSError as error:
        raise pytest.UsageError(f"--share-runs: cannot write to {folder}: {error.strerror}") from error
    config.add_cleanup(lambda: sharing.use(None))


def _help(config: pytest.Config) -> None:
    """Compute ranges of tests that other processes are at, while there are any.

    What such a test asks and how it ends is of no account: it is the other process that answers for it.
    """
    attendance, items, helped = config.stash.get(_ATTENDANCE, None), config.stash[_ITEMS], set[str]()
    if attendance is not None:
        attendance.leave()
    while True:
        waiting = [test for test in sharing.tests_to_help() if test in items and test not in helped]
        for test in waiting[:1]:
            helped.add(test)
            with sharing.helping():
                runtestprotocol(items[test], log=False)
        if not waiting and (attendance is None or not attendance.is_anybody_there()):
            return
        if not waiting:
            time.sleep(_PATIENCE)


def _limit(item: pytest.Item) -> AbstractContextManager[None]:
    """The time limit on a test, if there is one."""
    seconds = item.config.getoption("claim_timeout")
    if seconds is None:
        return nullcontext()
    return limits.limited(seconds, item.nodeid, item.config.stash[_STDERR])


def _promised(config: pytest.Config, this: run.Run) -> str:
    """The device that was promised to this run, as JAX names it; empty where none was."""
    device = devices.promised(os.environ)
    if this.is_worker or device is None or not (this.topics or config.getoption("netprops_device")):
        return ""
    try:
        return device if device == devices.CPU else devices.found(device, os.environ)
    except devices.DeviceError as error:
        raise pytest.UsageError(str(error)) from None


def _is_free(option: str, parser: pytest.Parser) -> bool:
    """Whether nobody has added an option of this name."""
    try:
        _, unknown = parser.parse_known_and_unknown_args([f"{option}=cpu"])
    except (pytest.UsageError, SystemExit):  # somebody has, and wants another value
        return False
    return bool(unknown)


def _read(option: str, arguments: Sequence[str]) -> str | None:
    """The value of an option that the parser does not know yet."""
    reader = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    reader.add_argument(option, dest="value", nargs="?")
    try:
        value: str | None = reader.parse_known_args(list(arguments))[0].value
    except argparse.ArgumentError:
        return None
    return value


def _put_back(environ: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)


def _real_stderr() -> int:
    """A descriptor of the process's standard error, while nothing is captured; xdist puts an object in its place."""
    for stream in (sys.stderr, sys.__stderr__):
        try:
            return os.dup(stream.fileno())  # type: ignore[union-attr]
        except (AttributeError, OSError, ValueError):
            continue
    return os.dup(2)


def _exit_status(node: Any) -> int | None:
    """That of a worker that has ended, as far as xdist and execnet let it be known."""
    process = getattr(getattr(node.gateway, "_io", None), "popen", None)
    try:
        return None if process is None else process.wait(timeout=5.0)
    except subprocess.TimeoutExpired:
        return None


def _register(config: pytest.Config, topics: Sequence[str]) -> None:
    """Let these topics be markers, which must be registered."""
    config.stash[_RUN].topics.update(topics)
    for topic in topics:
        config.addinivalue_line("markers", f"{topic}: tests of claims of this topic")


def _is_own(this: run.Run, item: pytest.Item) -> bool:
    """Whether a test is of this shard."""
    claim = _claim(item)
    return run.owns_file(this, item.path) if claim is None else run.owns(this, claim)


def _claim(item: pytest.Item) -> claims.Claim | None:
    return claims.claim_of(_function(item)) if isinstance(item, pytest.Function) else None


def _function(item: pytest.Item) -> Any:
    return getattr(item, "obj", None)


def _paths(config: pytest.Config) -> list[Path]:
    """The files and folders that pytest was asked for."""
    return [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
