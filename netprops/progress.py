"""Progress of long work, for whoever listens: nobody by default, the terminal under pytest unless it is quiet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 2.0  # seconds before the first line, and between two

_listener: Callable[[str], None] | None = None


def listen(listener: Callable[[str], None] | None) -> Callable[[], None]:
    """Let `listener` be told, a line at a time (None: nobody); returns what puts back the one before it."""
    global _listener
    before, _listener = _listener, listener

    def put_back() -> None:
        global _listener
        _listener = before

    return put_back


class Progress:
    """Counts the done parts of one piece of work, and tells of it now and then.  It has no effect on the work."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._told = what, total, time.monotonic()

    def at(self, done: int) -> None:
        """So many parts are done."""
        if _listener is not None and time.monotonic() - self._told >= _PATIENCE:
            self._told = time.monotonic()
            _listener(f"{self._what}: {done:,} of {self._total:,}")
