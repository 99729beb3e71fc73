"""Finished ranges of long work, shared between processes as files in one folder.

Some work is a fixed number of *ranges*, each of which anybody can compute from what is known beforehand: the runs of a
statistical claim are numbered, and a run depends on its number and a seed.  Processes that share a folder take ranges
that nobody else is at, and each of them has all results in the end, in their order.  Which process computed a range
changes nothing: its result is a function of its key and its number.

A file is used only if it says the same key (what is run, of which claim and seed, by which sources, versions, precision
and kind of device) and fits its checksum; anything else is refused, told of and computed anew.  Files are written
beside their place and renamed.  Who is at a range holds a lock of the operating system's on it, which ends with the
process; where a file system knows no locks, processes may do the same work twice, and nothing else is different.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from netprops import evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_T = TypeVar("_T")
_FORMAT = "netprops finished range 1"
_MOST_SLOTS = 1024  # workers of one session

fcntl: Any = None  # on Windows, where ranges are shared only once they are finished
with suppress(ImportError):
    fcntl = importlib.import_module("fcntl")


class RefusedError(Exception):
    """What lies in the folder is not the result that it should be.  The message says why."""


class NothingLeftError(BaseException):
    """Raised where a process that helps with somebody else's test is not needed any more.

    Not an `Exception`: nothing between here and the plugin is to go on without the result.
    """


@dataclass
class Folder:
    """The shared folder, as one process uses it.  Mutable by its nature: it knows which test is running."""

    path: Path
    circumstances: Mapping[str, Any]  # of the run, all that a result depends on beside its own key
    write: Callable[[Path, bytes], None]  # a file, whole or not at all; raises `OSError`
    run: str = ""  # what tells the run from others: a test of another one is not helped with
    test: str = ""  # that is running
    is_helping: bool = False  # with a test that another process answers for
    _running: _Lock | None = field(default=None, repr=False)


_folder: Folder | None = None


def use(folder: Folder | None) -> None:
    """Share from now on by this folder; None: do not share."""
    global _folder
    _folder = folder


def is_used() -> bool:
    """Whether there is a folder to share by."""
    return _folder is not None


def ranges(
    key: Mapping[str, Any],
    count: int,
    compute: Callable[[int], _T],
    pack: Callable[[_T], bytes],
    unpack: Callable[[int, bytes], _T],
) -> list[_T]:
    """The results of ranges 0 to `count` - 1 of one piece of work, in order: from files where they are there.

    Args:
        key: what is computed; JSON.
        compute: the result of one range, a function of the key and the number alone.
        pack: a result as bytes.
        unpack: the result of a range again; raises `ValueError` for bytes that are none.
    """
    if _folder is None:
        return [compute(number) for number in range(count)]
    # Mutable here: filled in the order in which ranges come free, and read in their own.
    work, found = _Work(_folder, {**_folder.circumstances, **_whose(), **key}, compute, pack, unpack), dict[int, _T]()
    work.folder.mkdir(parents=True, exist_ok=True)
    _say_that_it_runs(_folder, count)
    with _Lock(work.folder / "locks") as lock:
        for number in range(count):
            if not work.take(number, found) and lock.take(number):
                work.make(number, found)
                lock.give_back(number)
        # What others are at by now: done when they are, or if they end before.
        for number in (number for number in range(count) if number not in found):
            _stop_if_not_needed(_folder)
            lock.wait(number)
            work.make(number, found)
            lock.give_back(number)
    return [found[number] for number in range(count)]


def _whose() -> dict[str, Any]:
    return {"claim": evidence.running_claim(), "run seed": evidence.run_seed()}


# ---------------------------------------------------------------- one piece of work


class _Work:
    """The files of one key."""

    def __init__(self, folder: Folder, key: dict[str, Any], compute: Any, pack: Any, unpack: Any) -> None:
        self._key, self._compute, self._pack, self._unpack = key, compute, pack, unpack
        self._write = folder.write
        name = hashlib.sha256(_text(key).encode()).hexdigest()[:32]
        self.folder = folder.path / str(key["claim"]) / name

    def take(self, number: int, found: dict[int, Any]) -> bool:
        """Take a range from its file, if there is one that can be used."""
        file = self._file(number)
        try:
            found[number] = self._unpack(number, _read(file, {**self._key, "range": number}))
        except FileNotFoundError:
            return False
        except (RefusedError, OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            evidence.count_ranges(refused=f"{file}: {why}: computed anew")
            with suppress(OSError):
                file.unlink()  # once told of, it is not told of again
            return False
        evidence.count_ranges(read=1)
        return True

    def make(self, number: int, found: dict[int, Any]) -> None:
        """Compute a range, unless another process has by now, and leave it for others."""
        if self.take(number, found):
            return
        found[number] = self._compute(number)
        evidence.count_ranges(computed=1)
        payload, file = self._pack(found[number]), self._file(number)
        try:
            self._write(file, _head({**self._key, "range": number}, payload) + payload)
        except OSError as error:
            evidence.count_ranges(refused=f"{file} could not be written: {error.strerror}")

    def _file(self, number: int) -> Path:
        return self.folder / f"range-{number:04}"


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _checksum(key: Mapping[str, Any], payload: bytes) -> str:
    return hashlib.sha256(_text(key).encode() + b"\0" + payload).hexdigest()


def _head(key: Mapping[str, Any], payload: bytes) -> bytes:
    head = {"format": _FORMAT, "key": key, "checksum": _checksum(key, payload)}
    return json.dumps(head, sort_keys=True).encode() + b"\n"


def _read(file: Path, key: Mapping[str, Any]) -> bytes:
    """What a file holds.  Raises `RefusedError` unless it is the file of this key, as it was written; `OSError`."""
    line, end, payload = file.read_bytes().partition(b"\n")
    try:
        head = json.loads(line)
    except ValueError:
        head = None
    if not end or not isinstance(head, dict) or head.get("format") != _FORMAT:
        raise RefusedError("it is no finished range, or was truncated or edited")
    if _text(head.get("key")) != _text(key):
        raise RefusedError("it is of another run")
    if head.get("checksum") != _checksum(key, payload):
        raise RefusedError("it does not fit its checksum, so it was truncated or edited")
    return payload


# ---------------------------------------------------------------- locks


class _Lock:
    """Locks on places of one file.  They are the process's, and end with it, however it ends."""

    def __init__(self, file: Path) -> None:
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)

    def __enter__(self) -> _Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back everything."""
        os.close(self._handle)

    def take(self, place: int) -> bool:
        """Lock a place, unless another process has it."""
        if fcntl is None:
            return True
        try:
            fcntl.lockf(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:  # a file system without locks
            return True
        return True

    def wait(self, place: int) -> None:
        """Lock a place when the process that has it gives it back or ends."""
        if fcntl is not None:
            with suppress(OSError):
                fcntl.lockf(self._handle, fcntl.LOCK_EX, 1, place)

    def give_back(self, place: int) -> None:
        if fcntl is not None:
            with suppress(OSError):
                fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, place)


# ---------------------------------------------------------------- helping


def _say_that_it_runs(folder: Folder, count: int) -> None:
    """Let idle processes know that the running test has ranges, for as long as it runs."""
    _stop_if_not_needed(folder)
    if folder.is_helping or not folder.test or count < 2 or folder._running is not None:
        return
    file = _running_file(folder, folder.test)
    file.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        folder.write(file, json.dumps({"run": folder.run, "test": folder.test}).encode())
        folder._running = _Lock(file)
        folder._running.take(0)


def _running_file(folder: Folder, test: str) -> Path:
    return folder.path / "running" / f"{hashlib.sha256(f'{folder.run} {test}'.encode()).hexdigest()[:32]}.json"


def _stop_if_not_needed(folder: Folder) -> None:
    if folder.is_helping and not _is_held(_running_file(folder, folder.test), 0):
        raise NothingLeftError(folder.test)


def _is_held(file: Path, place: int) -> bool:
    """Whether another process holds a place of a file; not known without locks, so taken for no."""
    if fcntl is None or not file.exists():
        return False
    with _Lock(file) as lock:
        return not lock.take(place)


@contextmanager
def running_test(test: str) -> Iterator[None]:
    """Let `test` be the running one inside."""
    folder = _folder
    if folder is None:
        yield
        return
    folder.test = test
    try:
        yield
    finally:
        folder.test = ""
        if folder._running is not None:
            with suppress(OSError):
                _running_file(folder, test).unlink()
            folder._running.close()
            folder._running = None


@contextmanager
def helping() -> Iterator[None]:
    """Let tests that run inside be those of other processes."""
    if _folder is not None:
        _folder.is_helping = True
    try:
        yield
    finally:
        if _folder is not None:
            _folder.is_helping = False


def tests_to_help() -> list[str]:
    """The tests of other processes of this run that run now and have ranges, by their names in pytest."""
    if _folder is None:
        return []
    found = []
    for file in sorted((_folder.path / "running").glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(file.read_text(encoding="utf-8"))
            if told["run"] == _folder.run and _is_held(file, 0):
                found.append(str(told["test"]))
    return found


class Attendance:
    """Who of the processes of one session has tests of its own left."""

    def __init__(self, path: Path, session: str, slot: int) -> None:
        name = hashlib.sha256(session.encode()).hexdigest()[:32]
        self._file, self._slot = path / "sessions" / name, slot
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _Lock(self._file)
        self._lock.take(slot)

    def leave(self) -> None:
        """This process has none left."""
        self._lock.give_back(self._slot)

    def is_anybody_there(self) -> bool:
        """Whether another process has."""
        if fcntl is None:
            return False
        # Asked by the same handle: closing another one would give back all that this process holds.
        for slot in (slot for slot in range(_MOST_SLOTS) if slot != self._slot):
            if not self._lock.take(slot):
                return True
            self._lock.give_back(slot)
        return False

    def close(self) -> None:
        """Be forgotten; the file goes with whoever is last."""
        self._lock.close()
        with suppress(OSError):
            self._file.unlink()
