"""A time limit on a piece of work, whatever it hangs in."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Code that does not return to Python cannot be interrupted; after so many seconds more its process is ended.
GRACE = 5.0


class TimeLimitError(BaseException):
    """The work took longer than it may.

    Not an `Exception`: what catches those, above all Hypothesis, would run the work again to make its example smaller.
    """


@contextmanager
def limited(seconds: float, what: str, stderr: int) -> Iterator[None]:
    """Raise `TimeLimitError` inside, after so many seconds; the stacks of all threads go to the descriptor `stderr`.

    Where the work is in code that does not return to Python, the process ends with status 1, `GRACE` seconds later.
    """
    faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=stderr)
    try:
        if hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
            with _alarm(seconds, what, stderr):
                yield
        else:
            yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def _alarm(seconds: float, what: str, stderr: int) -> Iterator[None]:
    message = f"{what} took longer than {seconds:g} s"

    def ring(_signal: int, _frame: FrameType | None) -> None:
        os.write(stderr, f"netprops: {message}\n".encode())
        raise TimeLimitError(message)

    before = signal.signal(signal.SIGALRM, ring)
    # The stacks at once, also from code that does not return to Python; the handler above when it does.
    faulthandler.register(signal.SIGALRM, file=stderr, all_threads=True, chain=True)
    # Again and again: an exception that is raised while an object is being deleted is lost.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        faulthandler.unregister(signal.SIGALRM)
        signal.signal(signal.SIGALRM, before)


def in_seconds(text: str) -> float:
    """The seconds of the command line.  Raises `ValueError` unless they are positive and finite."""
    seconds = float(text)
    if not 0 < seconds < threading.TIMEOUT_MAX:
        raise ValueError(text)
    return seconds


def how_it_ended(status: int | None) -> str:
    """What became of a process, by its exit status as `subprocess` states it; None where that is not known."""
    if status is None:
        return "was lost"
    if status >= 0:
        return f"ended with exit status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    memory = ", as happens when memory runs out" if name == "SIGKILL" else ""
    return f"was killed by {name}{memory}"
