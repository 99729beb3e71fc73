"""Finished seed ranges are shared by processes at once, by idle ones, after a kill; files are believed only whole."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from projects import BOTH, comparable, marked

from netprops import reals, sharing
from netprops.evidence import Recorder, recording
from netprops.questions.census import Census
from netprops.questions.frequencies import runs
from netprops.report import files
from netprops.search import trials
from netprops.search.fingerprints import fingerprint

COUNT = 64  # runs of the book's statistical claim, in 32 ranges of 2
POLICY = "import jax\njax.config.update('jax_enable_x64', True)\n"
# Each certificate takes its time, and leaves word of who made it.
STATISTICAL = """
import os, time, jax
from pathlib import Path
from netprops.questions.frequencies import is_share_above, runs

def trial(key):
    return jax.random.uniform(key, (), jax.numpy.float64)

def decide(u):
    time.sleep(0.03)
    with Path("decided").open("a") as log:
        log.write(f"{os.getpid()} {float(u)!r}\\n")
    return bool(u < 0.5)

@CLAIM
def test_it():
    share = runs("numbers", trial, 64, tile=2).certified_share(decide, "below 1/2")
    assert is_share_above(share, 0.1)
    assert not is_share_above(share, 0.9)
"""


def decided(project):
    """Who decided which run: pairs of a process and an outcome."""
    path = project.pytester.path / "decided"
    pairs = [tuple(line.split()) for line in path.read_text().splitlines()] if path.exists() else []
    path.unlink(missing_ok=True)
    return pairs


def start(project, ledger, *arguments):
    command = [sys.executable, "-m", "pytest", "specs", "--hypothesis-seed=3", f"--ledger={ledger}", *arguments]
    return subprocess.Popen(
        command, cwd=project.pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def done(process):
    output, _ = process.communicate(timeout=300)
    print(output)
    return process.returncode, output


def wait_for(condition, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def finished(project):
    """How many ranges of certificates are finished."""
    whole = (project.pytester.path / "shared" / "big").glob("*/range-*")
    return sum(b'"what": "decisions"' in file.read_bytes().partition(b"\n")[0] for file in whole)


@pytest.fixture
def book(project):
    """A statistical claim and another one."""
    project.pytester.makeconftest(POLICY)
    project.claim("big", STATISTICAL)
    catalogue = project.pytester.path / "specs" / "claims.toml"
    catalogue.write_text(catalogue.read_text().replace('["proved", "certified"]', '["estimated"]'))
    project.claim("small", marked(*BOTH))
    return project


_ALONE = []


def alone(project):
    """What a run of the book that shares nothing finds: it is the same book in all tests, and run once."""
    if not _ALONE:
        assert done(start(project, "alone", "-n0"))[0] == 0
        assert len(decided(project)) == COUNT
        _ALONE.append(comparable(project.ledger("alone")))
    return _ALONE[0]


def test_a_killed_process_leaves_what_it_had_finished(book):
    expected = alone(book)
    process = start(book, "out", "-n0", "--share-runs=shared")
    wait_for(lambda: finished(book) >= 8)
    process.kill()
    process.communicate()
    left, by_then = finished(book), len(decided(book))
    assert 8 <= left < 32
    assert by_then < COUNT

    status, output = done(start(book, "out", "-n0", "--share-runs=shared"))
    assert status == 0
    assert len(decided(book)) == COUNT - 2 * left
    environment = book.ledger()["environment"]
    assert environment["ranges_read"] == 32 + left  # those of the outcomes were done
    assert environment["ranges_computed"] == 32 - left
    assert f"seed ranges: {32 - left} computed, {32 + left} read from" in output
    assert comparable(book.ledger()) == expected


def test_two_processes_at_once_share_the_work(book):
    expected = alone(book)
    both = [start(book, name, "-n0", "--share-runs=shared") for name in ("one", "two")]
    assert [done(process)[0] for process in both] == [0, 0]
    found = decided(book)
    assert len(found) == len({run for _, run in found}) == COUNT  # nothing twice
    assert len({process for process, _ in found}) == 2
    told = [book.ledger(name)["environment"] for name in ("one", "two")]
    assert sum(each["ranges_computed"] for each in told) == 64
    assert sum(each["ranges_read"] for each in told) == 64
    for name in ("one", "two"):
        assert comparable(book.ledger(name)) == expected


def test_an_idle_worker_helps(book):
    expected = alone(book)
    status, output = done(start(book, "out", "-n2", "--share-runs=shared"))
    assert status == 0
    assert "2 passed" in output
    found = decided(book)
    assert len(found) == len({run for _, run in found}) == COUNT
    assert len({process for process, _ in found}) == 2
    assert comparable(book.ledger()) == expected


def test_another_shard_helps(book):
    expected = alone(book)
    shards = {index: start(book, f"out{index}", "-n0", f"--shard={index}/2", "--share-runs=shared") for index in (1, 2)}
    assert {done(process)[0] for process in shards.values()} == {0}
    assert len(decided(book)) == COUNT
    assert book.command("merge", "out1", "out2", "--into", "merged").ret == 0
    merged = book.ledger("merged")
    assert comparable(merged) == expected
    assert merged["environment"]["ranges_computed"] + merged["environment"]["ranges_read"] == 64


def test_other_sources_are_another_run(book):
    assert done(start(book, "out", "-n0", "--share-runs=shared"))[0] == 0
    decided(book)
    module = book.pytester.path / "specs" / "sums" / "test_big.py"
    module.write_text(module.read_text() + "\n# changed\n")
    assert done(start(book, "out", "-n0", "--share-runs=shared"))[0] == 0
    assert len(decided(book)) == COUNT
    assert book.ledger()["environment"]["ranges_read"] == 0


def test_a_folder_that_cannot_be_written_ends_the_run(book):
    (book.pytester.path / "file").write_text("")
    status, output = done(start(book, "out", "-n0", "--share-runs=file"))
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "--share-runs: cannot write to" in output


# ---------------------------------------------------------------- files that are not what they should be


def uniform(key):
    return jax.random.uniform(key, (), jnp.float64)


@pytest.fixture
def shared(tmp_path):
    """A folder in use, and how a claim's outcomes are asked for anew, as another process would."""
    sharing.use(sharing.Folder(tmp_path, {"sources": "s"}, files.write))

    def again(name="numbers", seed=1):
        trials._outcomes.clear()
        recorder = Recorder("claim", seed)
        with recording(recorder):
            found = np.asarray(runs(name, uniform, 10, tile=2).outcomes())
        return found, recorder.ranges

    yield tmp_path, again
    sharing.use(None)
    trials._outcomes.clear()


DAMAGES = {
    "truncated": (lambda data: data[:-5], "it does not fit its checksum"),
    "truncated in its head": (lambda data: data[:20], "it is no finished range, or was truncated"),
    "empty": (lambda data: b"", "it is no finished range"),
    "edited": (lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:], "it does not fit its checksum"),
    "of another seed": (lambda data: data.replace(b'"run seed": 1', b'"run seed": 2'), "it is of another run"),
    "of another source": (lambda data: data.replace(b'"sources": "s"', b'"sources": "t"'), "it is of another run"),
    "foreign": (lambda data: b'{"format": "something"}\n', "it is no finished range"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_and_computed_anew(shared, damage):
    folder, again = shared
    first, told = again()
    assert (told["computed"], told["read"]) == (5, 0)
    spoil, why = DAMAGES[damage]
    file = sorted(folder.glob("claim/*/range-*"))[3]
    before = file.read_bytes()
    file.write_bytes(spoil(before))
    second, told = again()
    assert np.array_equal(first, second)
    assert (told["computed"], told["read"]) == (1, 4)
    assert len(told["refused"]) == 1
    assert f"{file}: {why}" in told["refused"][0]
    assert again()[1] == {"computed": 0, "read": 5, "refused": []}  # and is whole again


def test_a_right_checksum_of_wrong_arrays_is_refused(shared):
    folder, again = shared
    first, _ = again()
    file = sorted(folder.glob("claim/*/range-*"))[0]
    key = json.loads(file.read_bytes().partition(b"\n")[0])["key"]
    for arrays in ([np.zeros(3)], [np.zeros(2, np.float32)], [np.zeros(2), np.zeros(2)], []):
        payload = trials.pack(arrays)
        file.write_bytes(sharing._head(key, payload) + payload)
        second, told = again()
        assert np.array_equal(first, second)
        assert "its arrays are of another shape" in told["refused"][0]


def test_other_runs_have_files_of_their_own(shared):
    _, again = shared
    again()
    assert again(seed=2)[1]["read"] == 0
    assert again(name="other")[1]["read"] == 0
    assert again()[1]["computed"] == 0


def test_a_full_disk_costs_the_file_and_not_the_result(shared, monkeypatch):
    folder, again = shared
    first, _ = again()

    def full(path, content):
        raise OSError(28, "No space left on device")

    sharing.use(sharing.Folder(folder, {"sources": "other"}, full))
    second, told = again()
    assert np.array_equal(first, second)
    assert len(told["refused"]) == 5
    assert "could not be written: No space left on device" in told["refused"][0]


def test_a_range_that_somebody_is_at_is_left_to_him(shared, tmp_path):
    """The other process holds a lock, and dies: what it was at is computed here."""
    folder, again = shared
    again()
    (work,) = folder.glob("claim/*")
    for file in work.glob("range-*"):
        file.unlink()
    code = (
        "import fcntl, sys, time\n"
        f"handle = open({str(work / 'locks')!r}, 'r+')\n"
        "fcntl.lockf(handle, fcntl.LOCK_EX, 1, 2)\nprint('locked', flush=True)\ntime.sleep(600)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "locked\n"
    killer = subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {other.pid}"])
    began = time.monotonic()
    _, told = again()
    assert time.monotonic() - began > 0.8
    assert told["computed"] == 5
    other.communicate()
    assert other.returncode == -signal.SIGKILL
    assert killer.wait() == 0
    assert os.listdir(work).count("range-0002") == 1


# ---------------------------------------------------------------- what functions decide


def test_equal_functions_have_equal_prints_and_others_have_others():
    def made(level):
        return lambda u: u < level

    assert fingerprint(made(1)) == fingerprint(made(1)) is not None
    assert fingerprint(made(1)) != fingerprint(made(2))
    assert fingerprint(made(1)) != fingerprint(made(1.0))
    assert fingerprint(made(np.ones(2))) != fingerprint(made(np.zeros(2)))
    assert fingerprint(lambda u: u < 1) != fingerprint(lambda u: u > 1)
    assert fingerprint(made(jax.random.key(0))) is None
    assert fingerprint(lambda u: u < 1) != fingerprint(lambda u: u < 2)
    assert fingerprint(partial(made, 1)) != fingerprint(partial(made, 2))
    assert fingerprint(jax.jit(made(1))) != fingerprint(jax.jit(made(2)))
    assert fingerprint(jax.jit(made(1))) is not None


def test_a_print_is_the_same_in_every_process():
    code = (
        "from netprops.search.fingerprints import fingerprint\n"
        "print(fingerprint(lambda u: u in {'a', 'b', 'c', 'd', 'e'} or (u, {'f', 'g', 'h'}) == 1))"
    )
    seeded = [{**os.environ, "PYTHONHASHSEED": seed} for seed in "123"]
    prints = {subprocess.check_output([sys.executable, "-c", code], env=environ, text=True) for environ in seeded}
    assert len(prints) == 1


def test_what_is_closed_over_may_say_what_it_is():
    def deciding(scale):
        census = Census(lambda v: jnp.sum((v**2 - scale) ** 2), reals(2))
        return lambda u: census.is_saddle(u)

    assert fingerprint(deciding(1.0)) == fingerprint(deciding(1.0)) is not None
    assert fingerprint(deciding(1.0)) != fingerprint(deciding(2.0))
    assert fingerprint(Census(lambda v: v @ v, reals(2)).is_saddle) is not None


def test_what_is_not_known_has_no_print_and_is_not_shared(shared):
    assert shared
    memory = iter(range(100))

    def decide(u):
        next(memory)
        return bool(u < 0.5)

    assert fingerprint(decide) is None
    recorder = Recorder("claim", 1)
    with recording(recorder):
        assert runs("numbers", uniform, 10, tile=2).certified_share(decide, "low").counted().count == 10
    assert next(memory) == 10
    assert recorder.ranges["computed"] == 5  # the outcomes alone
