"""The pytest plugin: hooks, whose logic lies in `claims`, `evidence` and `report`.

pytest loads it in every project of an environment where netprops is installed, so nothing heavy is imported here:
no JAX, no NumPy, no Hypothesis.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from netprops import claims, evidence, progress
from netprops.report import run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

_RUN = pytest.StashKey[run.Run]()
_RECORDER = pytest.StashKey[evidence.Recorder]()
_T = TypeVar("_T")
# The name under which a trial travels: on the report of one phase only, since JUnit XML lists what is on the last.
_TRIAL = "netprops_trial"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("netprops", "netprops: claims and their evidence")
    group.addoption("--ledger", metavar="DIR", help="write this run's evidence to DIR/ledger.json and ledger.md")


@pytest.hookimpl(trylast=True)  # after the profile that --hypothesis-profile names has been loaded
def pytest_configure(config: pytest.Config) -> None:
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    seed = run.choose_seed(config.getoption("hypothesis_seed", None)) if worker is None else worker["netprops_seed"]
    config.stash[_RUN] = this = run.Run(str(config.rootpath), seed, is_worker=worker is not None)
    for line, meaning in claims.MARKERS.items():
        config.addinivalue_line("markers", f"{line}: {meaning}")
    _register(config, run.topics(run.catalogues(_paths(config))))
    this.workers = len(config.getoption("tx", None) or ())
    if folder := config.getoption("ledger"):
        config.add_cleanup(run.load_ledger_profile())
        try:
            this.folder = run.open_folder(config.invocation_params.dir / folder)
        except OSError as error:
            raise pytest.UsageError(f"--ledger: cannot write to {folder}: {error}") from error
    if not this.is_worker:
        tell = _Teller(config) if config.get_verbosity() >= 0 else None
        # One process writes the module that it is in; several need somebody to say which claim is done.
        config.pluginmanager.register(_Controller(this, tell if this.workers else None), "netprops-controller")
        if tell is not None and not this.workers:
            config.add_cleanup(progress.listen(tell))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: a worker is about to start."""
    node.workerinput["netprops_seed"] = node.config.stash[_RUN].seed


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """xdist: a worker has ended; one that crashed hands nothing over."""
    if text := getattr(node, "workeroutput", {}).get("netprops"):
        run.take_over(node.config.stash[_RUN], text)


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


def pytest_collection_finish(session: pytest.Session) -> None:
    run.selected(session.config.stash[_RUN], (item.nodeid for item in session.items))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, _T, _T]:
    claim = _claim(item)
    if claim is None:
        return (yield)
    this = item.config.stash[_RUN]
    recorder = item.stash[_RECORDER] = evidence.Recorder(claim.id, run.seed_number(this.seed))
    with claims.trying(_function(item), recorder, this.seed):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: xfail is decided inside
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    claim = _claim(item)
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
    elif not any(config.getoption(name, False) for name in ("collectonly", "setuponly", "setupplan")):
        broken = exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        stopped = broken or bool(session.shouldfail or session.shouldstop)
        short = run.close(this, run.whole(_paths(config), config.option), stopped=stopped)
        if short and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    this = config.stash[_RUN]
    if this.judged or this.missing:
        terminalreporter.section("claims")
        for line, markup in run.summary(this, verbosity=config.get_verbosity()):
            terminalreporter.write_line(line, **markup)


class _Controller:
    """Hooks of the process that judges, which get no config handed to find their run by."""

    def __init__(self, this: run.Run, tell: Callable[..., None] | None) -> None:
        self._run = this
        self._tell = tell  # of claims as they are finished

    @pytest.hookimpl(tryfirst=True)  # before JUnit XML, which lists every property that it finds
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        trials = [text for name, text in report.user_properties if name == _TRIAL]
        report.user_properties[:] = [each for each in report.user_properties if each[0] != _TRIAL]
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
        self._plugins = config.pluginmanager
        self._writer = config.get_terminal_writer()

    def __call__(self, line: str, **markup: bool) -> None:
        terminal, capture = (self._plugins.get_plugin(name) for name in ("terminalreporter", "capturemanager"))
        if terminal is not None:
            with nullcontext() if capture is None else capture.global_and_fixture_disabled():
                terminal.ensure_newline()
                if self._writer.width_of_current_line:  # letters, which the reporter takes for no line
                    self._writer.line()
                terminal.write_line(line, **markup)


def _register(config: pytest.Config, topics: Sequence[str]) -> None:
    """Let these topics be markers, which must be registered."""
    config.stash[_RUN].topics.update(topics)
    for topic in topics:
        config.addinivalue_line("markers", f"{topic}: tests of claims of this topic")


def _claim(item: pytest.Item) -> claims.Claim | None:
    return claims.claim_of(_function(item)) if isinstance(item, pytest.Function) else None


def _function(item: pytest.Item) -> Any:
    return getattr(item, "obj", None)


def _paths(config: pytest.Config) -> list[Path]:
    """The files and folders that pytest was asked for."""
    return [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
