"""Beyond one machine: processes that run the same tests in step, as one JAX, each with a part of the devices.

JAX itself does the work (`jax.distributed`); here it is told where the others are, by the scheduler's variables or in
so many words, and what it does when one of them fails is put into words.  JAX is imported only where this is asked for.

JAX ends a process in C++ when another one is lost, past all of Python.  So a small process of its own watches this one,
and says what happened if it ends without having said goodbye.
"""

from __future__ import annotations

import argparse
import atexit
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of JAX's own, for processes that no scheduler starts.
VARIABLES = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
TIMEOUT = "NETPROPS_PEER_TIMEOUT"  # seconds within which a missing or lost process is noticed
_SECONDS = 60
_TOLD = re.compile(r"(?P<index>\d+)/(?P<count>\d+)@(?P<coordinator>[^@\s]+:\d+)")


class PeerError(BaseException):
    """The processes of a distributed run are not together any more.  The message says what is known.

    Not an `Exception`: no test may go on, or try again, without the others.
    """


class SetupError(Exception):
    """A distributed run that cannot begin.  The message says why and what to do."""


@dataclass(frozen=True)
class Peers:
    """Process `index` (from 0) of `count`, which meet at `coordinator` (host:port); None where JAX finds that out."""

    coordinator: str | None = None
    index: int | None = None
    count: int | None = None


def parse(text: str) -> Peers:
    """The processes of the command line: ``auto``, or ``I/N@HOST:PORT``, I from 1.  Raises argparse's error."""
    if text == "auto":
        return Peers()
    told = _TOLD.fullmatch(text)
    if told is None or not 1 <= int(told["index"]) <= int(told["count"]):
        raise argparse.ArgumentTypeError(
            f"it is auto, or I/N@HOST:PORT such as 2/4@node1:6000: process 2 of 4, of which the first is on node1; "
            f"got {text!r}"
        )
    return Peers(told["coordinator"], int(told["index"]) - 1, int(told["count"]))


def found(peers: Peers, environ: Mapping[str, str]) -> Peers:
    """The processes as JAX's own variables tell them, unless the command line does.  Raises `SetupError`."""
    told = [environ.get(name) for name in VARIABLES]
    if peers.coordinator is not None or not any(told[1:]):
        return peers
    coordinator, count, index = told
    if coordinator is None or count is None or index is None or not (count.isdigit() and index.isdigit()):
        raise SetupError(f"--distributed auto: of {', '.join(VARIABLES)} all are set, the last two to numbers, or none")
    return Peers(coordinator, int(index), int(count))


def timeout(environ: Mapping[str, str]) -> int:
    """Seconds within which a process that is missing or lost is noticed.  Raises `SetupError`."""
    text = environ.get(TIMEOUT, str(_SECONDS))
    if not text.isdigit() or int(text) < 1:
        raise SetupError(f"{TIMEOUT} is a number of seconds from 1 on, got {text!r}")
    return int(text)


def start(peers: Peers, environ: Mapping[str, str]) -> tuple[int, int]:
    """Meet the other processes; returns which one this is, from 0, and how many there are.

    To be called before JAX has looked for devices.  Raises `SetupError`; where one of the others does not come, JAX
    ends the process, and the watcher says why.
    """
    import jax

    peers, seconds = found(peers, environ), timeout(environ)
    if environ.get("JAX_PLATFORMS", "").split(",")[0] in ("", "cpu"):
        jax.config.update("jax_cpu_collectives_implementation", "gloo")  # type: ignore[no-untyped-call]
    where = f" at {peers.coordinator}" if peers.coordinator else ""
    who = "a process" if peers.index is None else f"process {peers.index + 1} of {peers.count}"
    watcher = _Watcher()
    atexit.register(watcher.dismiss)  # after JAX's own farewell, which is registered later
    watcher.say(
        f"{who} did not meet the others{where} within {seconds} s: start all of them, with one number of processes and "
        f"one address that all can reach (--distributed; {TIMEOUT} says how long to wait)"
    )
    try:
        jax.distributed.initialize(
            peers.coordinator,
            peers.count,
            peers.index,
            initialization_timeout=seconds,
            heartbeat_timeout_seconds=seconds,
            shutdown_timeout_seconds=seconds,
        )
    except (ValueError, RuntimeError) as error:
        watcher.say("")
        raise SetupError(
            f"--distributed: JAX cannot start {who}{where}: {error}. Under a scheduler that JAX does not know, say "
            f"I/N@HOST:PORT, or set {', '.join(VARIABLES)}"
        ) from None
    index, count = jax.process_index(), jax.process_count()
    watcher.say(
        f"process {index + 1} of {count} was ended before its end: by JAX if another one failed or was lost, which it "
        f"notices within {seconds} s and says above; what was done by then is in the ledger's folder"
    )
    return index, count


class _Watcher:
    """A process that prints the last word it was told if this one ends without dismissing it."""

    _CODE = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "last = sys.stdin.read().splitlines()[-1]\n"
        "sys.stderr.write(f'netprops: {last}\\n' if last else '')\n"
    )

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-S", "-c", self._CODE], stdin=subprocess.PIPE, text=True)

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def dismiss(self) -> None:
        self.say("")
        self._process.communicate()
