"""Faults, each done for real to a run of a small project: what the user sees, what is kept, and the exit status."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

import pytest
from projects import BOTH, marked

from netprops import limits

FINE = marked(*BOTH)
# A limit on the size of files is set between fork and exec, where nothing of JAX runs; if another test of the
# process has imported JAX, it warns of the fork all the same.
pytestmark = pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")


@pytest.fixture
def faulty(project):
    """A project with claims before and after one that is still to be written."""
    project.claim("a_before", FINE)
    yield project
    assert not list((project.pytester.path / "out").glob(".*")), "files beside their place are cleared away"


def start(project, *arguments, **options):
    """A run of its own, with its own group of processes, as a terminal starts them."""
    command = [sys.executable, "-m", "pytest", "specs", "--ledger=out", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=project.pytester.path, start_new_session=True, **pipes, **options)


def finish(process, seconds=120):
    """The exit status and what was printed."""
    printed, _ = process.communicate(timeout=seconds)
    print(printed)
    return process.returncode, printed


def outcomes(project):
    return {entry["id"]: entry["outcome"] for entry in project.ledger()["claims"]}


def wait_for(path, seconds=60):
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.02)


def hanging(project, line):
    """A claim's test that says where it is and then does not come back."""
    path = project.pytester.path / "hangs"
    return marked(*BOTH, "import itertools, pathlib, time", f"pathlib.Path({str(path)!r}).touch()", line), path


# ---------------------------------------------------------------- workers that end


@pytest.mark.parametrize(
    ("line", "how"),
    [
        ("os._exit(3)", "ended with exit status 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL, as happens when memory runs out"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "was killed by SIGSEGV"),
    ],
)
def test_a_worker_that_ends_in_a_claim(faulty, line, how):
    faulty.claim("b_fatal", marked(*BOTH, "import os, signal", line))
    faulty.claim("c_after", FINE)
    status, printed = finish(start(faulty, "-n2"))
    assert status == pytest.ExitCode.TESTS_FAILED
    assert re.search(rf"\ncut short: its worker gw\d {re.escape(how)}, while it ran specs/.*::test_it\n", printed)
    assert "2 of 3 claims shown; 1 fell short, so the run fails" in printed
    assert outcomes(faulty) == {"a_before": "shown", "b_fatal": "not run", "c_after": "shown"}
    assert faulty.entry("b_fatal")["examples"] == 0
    assert "test\\_it was cut short: its worker gw" in (faulty.pytester.path / "out" / "ledger.md").read_text()
    assert "unfinished" not in faulty.ledger()


def test_the_whole_run_killed(faulty):
    """SIGKILL of the one process that there is: nobody is left to say a word, but the ledger is on the disk."""
    tests, path = hanging(faulty, "time.sleep(600)")
    faulty.claim("b_hangs", tests)
    process = start(faulty, "-n0", "--shard=1/1")
    wait_for(path)
    process.kill()
    status, _ = finish(process)
    assert status == -signal.SIGKILL
    assert outcomes(faulty) == {"a_before": "shown", "b_hangs": "not run"}
    assert faulty.ledger()["unfinished"] is True
    merged = faulty.command("merge", "out", "--into", "merged")
    assert merged.ret == 1
    merged.stderr.fnmatch_lines(["merge: out/ledger.json: its run was ended before it was done,*: run it again"])


# ---------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_ctrl_c(faulty, workers):
    faulty.claim("b_before", FINE)
    tests, path = hanging(faulty, "time.sleep(600)")
    faulty.claim("c_hangs", tests)
    faulty.claim("d_hangs", tests.replace("hangs", "hangs_too"))
    process = start(faulty, workers)
    wait_for(path)
    wait_for_entry(faulty, "b_before", "shown")
    os.killpg(process.pid, signal.SIGINT)
    status, printed = finish(process)
    assert status == pytest.ExitCode.INTERRUPTED
    stopped = r"the run stopped before its end: 2 claims not run, what was done is kept in .*out/ledger.json\n"
    assert re.search(stopped, printed)
    assert "2 of 4 claims shown, 2 not run" in printed
    assert outcomes(faulty) == (
        {"a_before": "shown", "b_before": "shown", "c_hangs": "not run", "d_hangs": "not run"}
    )
    assert "unfinished" not in faulty.ledger()


def wait_for_entry(project, id, outcome, seconds=60):
    until = time.monotonic() + seconds
    while outcomes(project).get(id) != outcome:
        assert time.monotonic() < until, f"{id} is {outcomes(project).get(id)}"
        time.sleep(0.02)


# ---------------------------------------------------------------- a full disk


def small_files(size):
    """No file may become larger, as on a disk with so much room: writing fails with EFBIG."""
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))}


def test_a_disk_that_is_full_before_the_run(faulty):
    status, printed = finish(start(faulty, "-pno:cacheprovider", **small_files(64)))
    assert status == pytest.ExitCode.USAGE_ERROR
    assert re.search(r"ERROR: --ledger: cannot write to .*out: File too large", printed)
    assert "1 passed" not in printed


def test_a_disk_that_fills_up(faulty):
    lines = ("import resource", "resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))")
    faulty.claim("b_fills", marked(*BOTH, *lines))
    faulty.claim("c_after", FINE)
    status, printed = finish(start(faulty, "-n0", "-pno:cacheprovider"))
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "3 of 3 claims shown" in printed
    assert re.search(
        r"the ledger could not be written: .*out/ledger.json: File too large; "
        r"what is there is from when 1 of 3 claims were done, so the run fails\n",
        printed,
    )
    assert outcomes(faulty) == {"a_before": "shown", "b_fills": "not run", "c_after": "not run"}
    assert faulty.ledger()["unfinished"] is True


def test_a_full_disk_when_merging(project):
    project.claim("a", FINE)
    assert project.run_shards(1) == [0]
    merged = subprocess.run(
        [sys.executable, "-m", "netprops", "merge", "out1", "--into", "merged"],
        cwd=project.pytester.path, capture_output=True, text=True, **small_files(64),
    )  # fmt: skip
    assert merged.returncode == 1
    assert re.fullmatch(r"merge: \[Errno 27\] File too large: 'merged/ledger.json'\n", merged.stderr)
    assert list((project.pytester.path / "merged").iterdir()) == []


# ---------------------------------------------------------------- shards that were damaged


def test_a_truncated_shard(project):
    project.claim("a", FINE)
    assert project.run_shards(1) == [0]
    path = project.pytester.path / "out1" / "ledger.json"
    path.write_text(path.read_text()[:700])
    merged = project.command("merge", "out1", "--into", "merged")
    assert merged.ret == 1
    merged.stderr.fnmatch_lines(["merge: out1/ledger.json is not JSON, so it was truncated or edited (*): run *"])
    assert not (project.pytester.path / "merged").exists()


def test_a_hand_edited_shard(project):
    project.claim("a", marked("assert False"))
    assert project.run_shards(1) == [1]
    path = project.pytester.path / "out1" / "ledger.json"
    path.write_text(path.read_text().replace('"outcome": "failed"', '"outcome": "shown"'))
    assert json.loads(path.read_text())["claims"][0]["outcome"] == "shown"
    merged = project.command("merge", "out1", "--into", "merged")
    assert merged.ret == 1
    merged.stderr.fnmatch_lines(["merge: out1/ledger.json does not fit its checksum, so it was truncated or edited: *"])


# ---------------------------------------------------------------- claims that hang


@pytest.mark.parametrize("given", ["", "@given(st.integers())"])
@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_claim_that_hangs(faulty, given, workers):
    faulty.claim("b_hangs", marked(*BOTH, "import time", "time.sleep(600)", given=given))
    faulty.claim("c_after", FINE)
    status, printed = finish(start(faulty, workers, "--claim-timeout=1"))
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "netprops: specs/sums/test_b_hangs.py::test_it took longer than 1 s\n" in printed
    # The stack by faulthandler, in which the line that hangs is named.
    assert re.search(r'call first\):\n(  File .*\n)*?  File ".*test_b_hangs.py", line \d+ in test_it', printed)
    why = "specs/sums/test_b_hangs.py::test_it took longer than 1 s (--claim-timeout)"
    assert f"test_it was cut short: {why}" in printed
    assert "2 of 3 claims shown; 1 fell short, so the run fails" in printed
    assert outcomes(faulty) == {"a_before": "shown", "b_hangs": "not run", "c_after": "shown"}


ENDLESS = "sum(itertools.repeat(1))"  # one call into C, which looks at no signals


def test_a_claim_that_hangs_where_python_does_not_come_to_its_word(faulty):
    tests, _ = hanging(faulty, ENDLESS)
    faulty.claim("b_endless", tests)
    faulty.claim("c_after", FINE)
    status, printed = finish(start(faulty, "--claim-timeout=1"))
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "1 worker" in printed
    assert "test_b_endless.py" in printed.partition("Timeout (")[2]
    how = "was ended 5 s after --claim-timeout=1, in code that does not return to Python"
    assert f"cut short: its worker gw0 {how}, while it ran specs/sums/test_b_endless.py::test_it" in printed
    assert outcomes(faulty) == {"a_before": "shown", "b_endless": "not run", "c_after": "shown"}


def test_a_run_of_one_process_that_hangs_there(faulty):
    tests, _ = hanging(faulty, ENDLESS)
    faulty.claim("b_endless", tests)
    status, printed = finish(start(faulty, "-n0", "--claim-timeout=1"))
    assert status == 1
    assert re.search(r"Timeout \(0:00:06\)!\n", printed)
    assert "test_b_endless.py" in printed
    assert outcomes(faulty) == {"a_before": "shown", "b_endless": "not run"}
    assert faulty.ledger()["unfinished"] is True


def test_a_claim_within_its_limit_is_left_alone(faulty):
    status, printed = finish(start(faulty, "-n0", "--claim-timeout=60"))
    assert status == pytest.ExitCode.OK
    assert "1 of 1 claim shown" in printed


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_limit_is_a_positive_number_of_seconds(project, seconds):
    project.claim("a", FINE)
    result = project.run("specs", f"--claim-timeout={seconds}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*argument --claim-timeout: invalid in_seconds value: *"])


def test_the_alarm_is_put_back():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(limits.TimeLimitError, match=r"^it took longer than 0\.05 s$"), limits.limited(0.05, "it", 2):
        time.sleep(60)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
