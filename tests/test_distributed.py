"""Processes in step: one ledger, written by the first; whatever parts them ends the run, with a reason, in time."""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import time

import pytest
from projects import comparable

from netprops import distributed
from netprops.distributed import Peers, SetupError

POLICY = """
import jax
from hypothesis import settings
settings.register_profile("few", max_examples=5, deadline=None)
settings.load_profile("few")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
"""
# Shares of outcomes and of certificates.
BOOK = """
import os, time, jax
import jax.numpy as jnp
from pathlib import Path
from netprops import is_convex, reals
from netprops.questions.frequencies import is_share_above, runs
from netprops.questions.spreads import is_spread_smaller, pairs

def trial(key):
    return jnp.sin(jax.random.normal(key, (3,), jnp.float64)) @ jnp.arange(1.0, 4.0)

def decide(x):
    with Path(f"decided-{os.getpid()}").open("a") as log:
        log.write(f"{float(x)!r}\\n")
    return bool(x < 0)

@CLAIM
def test_shares():
    BEFORE
    drawn = runs("numbers", trial, 150, tile=4)
    for share in (drawn.share(lambda x: x < 0, "negative"), drawn.certified_share(decide, "negative, certified")):
        assert is_share_above(share, 0.1)
        assert not is_share_above(share, 0.9)
    AFTER
"""
SPREAD = """
@CLAIM
def test_spreads():
    wide, narrow = (pairs(name, lambda key, s=s: s * trial(key), 200).spread(lambda x: x, "size")
                    for name, s in (("wide", 9.0), ("narrow", 1.0)))
    assert is_spread_smaller(narrow, wide, ratio=1)
    assert not is_spread_smaller(wide, narrow, ratio=1)
"""
# A proof and a search, which every process makes for itself.
SEARCH = """
@CLAIM
@given(n=st.integers(1, 9))
def test_search(n):
    assert is_convex(lambda v: n * v @ v, on=reals(2))
    assert not is_convex(lambda v: n * v[0] ** 2 + jnp.sin(v[0] * v[1]), on=reals(2))
"""
SECONDS = 10  # within which a peer is missed


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def write_book(project, before="pass", after="pass", more=""):
    project.pytester.makeconftest(POLICY)
    project.claim("big", BOOK.replace("BEFORE", before).replace("AFTER", after) + more)


def start(project, *arguments, **environ):
    command = [sys.executable, "-m", "pytest", "specs", "-p", "no:cacheprovider", *arguments]
    environ = {**os.environ, "JAX_PLATFORMS": "cpu", distributed.TIMEOUT: str(SECONDS), **environ}
    return subprocess.Popen(
        command, cwd=project.pytester.path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def done(process, seconds=240):
    try:
        output, _ = process.communicate(timeout=seconds)
    finally:
        process.kill()
    print(output)
    return process.returncode, output


def together(project, count, *arguments, own=None, **environ):
    """So many processes; `own` gives arguments of each."""
    port = free_port()
    started = [
        start(project, f"--distributed={n}/{count}@localhost:{port}", f"--ledger=out{n}", *arguments,
              *(own or {}).get(n, ()), **{**environ, "PROCESS": str(n)})
        for n in range(1, count + 1)
    ]  # fmt: skip
    return [done(process) for process in started]


def logs(project):
    files = list(project.pytester.path.glob("decided-*"))
    lines = [file.read_text().splitlines() for file in files]
    for file in files:
        file.unlink()
    return lines


def test_two_processes_have_the_ledger_of_one_and_the_first_writes_it(project):
    write_book(project, more=SPREAD + SEARCH)
    status, _ = done(start(project, "--hypothesis-seed=3", "--ledger=alone"))
    assert status == 0
    (whole,) = logs(project)
    assert len(whole) == 150
    ran = together(project, 2, "--hypothesis-seed=3")
    assert [status for status, _ in ran] == [0, 0]
    assert comparable(project.ledger("out1")) == comparable(project.ledger("alone"))
    assert project.ledger("out1")["environment"]["processes"] == 2
    assert not (project.pytester.path / "out2").exists()
    for n, (_, output) in enumerate(ran, start=1):
        assert f"process {n} of 2, " in output
    # Certificates are divided: each run is decided once, by one of them.
    parts = logs(project)
    assert len(parts) == 2
    assert sorted(line for part in parts for line in part) == sorted(whole)
    assert min(map(len, parts)) > 50


def test_slurm_tells_where_the_others_are(project):
    write_book(project, more=SEARCH)
    job = {"SLURM_JOB_ID": str(random.randrange(10**6)), "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": "2",
           "SLURM_STEP_NUM_NODES": "1"}  # fmt: skip
    ran = [
        start(project, "--distributed=auto", "--ledger=out", **job, SLURM_PROCID=n, SLURM_LOCALID=n) for n in ("0", "1")
    ]
    (status, output), (other, _) = map(done, ran)
    assert status == other == 0  # with one seed, which the first one chose
    assert "process 1 of 2, " in output
    assert [entry["outcome"] for entry in project.ledger()["claims"]] == ["shown"]


def test_jaxs_own_variables_tell_it_too():
    told = dict(zip(distributed.VARIABLES, ("node:1", "4", "3"), strict=True))
    assert distributed.found(Peers(), told) == Peers("node:1", 3, 4)
    assert distributed.found(Peers("other:2", 0, 1), told) == Peers("other:2", 0, 1)
    assert distributed.found(Peers(), {}) == Peers()
    first, *others = distributed.VARIABLES
    without = {name: value for name, value in told.items() if name != first}
    for wrong in (without, *(told | {name: "x"} for name in others), {others[0]: "4"}):
        with pytest.raises(SetupError, match="all are set, the last two to numbers, or none"):
            distributed.found(Peers(), wrong)


@pytest.mark.parametrize("text", ["", "1/2", "0/2@a:1", "3/2@a:1", "1/2@a", "1/2@:1", "x/2@a:1", "AUTO"])
def test_anything_else_on_the_command_line_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"auto, or I/N@HOST:PORT such as 2/4@node1:6000"):
        distributed.parse(text)


def test_the_command_line_counts_from_one():
    assert distributed.parse("2/4@node1:6000") == Peers("node1:6000", 1, 4)
    assert distributed.parse("auto") == Peers()


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", ""])
def test_a_time_limit_is_a_number_of_seconds(text):
    with pytest.raises(SetupError, match="is a number of seconds from 1 on"):
        distributed.timeout({distributed.TIMEOUT: text})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--distributed=auto"], "ERROR: --distributed: JAX cannot start a process*say I/N@HOST:PORT, or set*"),
        (["--distributed=1/2@x:1", "-n2"], "ERROR: --distributed: each process runs alone: leave out -n and *"),
        (["--distributed=1/2@x:1", "--share-runs=d"], "ERROR: --distributed: each process runs alone: *"),
        (["--distributed=1/1"], "*error: argument --distributed: it is auto, or I/N@HOST:PORT *"),
    ],
)
def test_what_cannot_begin_ends_at_once(project, arguments, message):
    write_book(project)
    status, output = done(start(project, *arguments))
    assert status == pytest.ExitCode.USAGE_ERROR
    pytest.LineMatcher(output.splitlines()).fnmatch_lines([message])


@pytest.mark.parametrize("index", [1, 2])
def test_a_process_that_is_missing_is_missed(project, index):
    write_book(project)
    began = time.monotonic()
    status, output = done(start(project, f"--distributed={index}/2@localhost:{free_port()}"))
    assert status != 0
    assert f"netprops: process {index} of 2 did not meet the others at localhost:" in output.splitlines()[-1]
    assert f"within {SECONDS} s: start all of them" in output
    assert time.monotonic() - began < SECONDS + 60


@pytest.mark.parametrize("which", [1, 2])
def test_a_process_that_is_lost_ends_the_others(project, which):
    write_book(project, before=f"if os.environ['PROCESS'] == '{which}': os._exit(7)")
    began = time.monotonic()
    ran = together(project, 2, "--hypothesis-seed=3")
    assert time.monotonic() - began < SECONDS + 120
    assert ran[which - 1][0] == 7
    status, output = ran[2 - which]
    assert status not in (0, 7)
    assert f"process {3 - which} of 2 was ended before its end: by JAX if another one failed or was lost" in output or (
        "the run ends, because its processes are not together any more: another process failed or was lost" in output
    )
    if which == 2:
        assert json.loads((project.pytester.path / "out1" / "ledger.json").read_text())["claims"]


@pytest.mark.parametrize(
    ("own", "environ", "what"),
    [
        ({1: ["--hypothesis-seed=3"], 2: ["--hypothesis-seed=4"]}, {}, "processes 1 and 2 differ in their seed"),
        ({2: ["-k", "spreads"]}, {}, "processes 1 and 2 differ in their tests"),
    ],
)
def test_processes_that_do_not_run_alike_are_refused(project, own, environ, what):
    write_book(project, more=SPREAD)
    ran = together(project, 2, own=own, **environ)
    assert [status for status, _ in ran] == [pytest.ExitCode.INTERRUPTED] * 2
    for _, output in ran:
        assert f"the run ends, because its processes are not together any more: {what}" in output


def test_a_process_that_breaks_off_does_not_go_on_with_the_others(project):
    """A time limit in one of them, say, in the middle of what they do together."""
    write_book(project, more=SPREAD)
    module = project.pytester.path / "specs" / "sums" / "test_big.py"
    breaks_off = "    if os.environ['PROCESS'] == '2' and x > 1:\n        raise SystemExit('broken off')\n"
    module.write_text(module.read_text().replace("    return bool(x < 0)", f"{breaks_off}    return bool(x < 0)"))
    began = time.monotonic()
    (first, _), (second, output) = together(project, 2, "--hypothesis-seed=3")
    assert time.monotonic() - began < SECONDS + 120
    assert first != 0
    assert second != 0
    assert "this process broke off what it did with the others" in output


def test_processes_that_fall_out_of_step_are_told(project):
    """One of them is at other runs than the other: nothing that they compute together could be believed."""
    other = "(lambda key: jax.random.normal(key))"
    write_book(project, before=f"global trial; trial = {other} if os.environ['PROCESS'] == '2' else trial")
    ran = together(project, 2, "--hypothesis-seed=3")
    assert [status for status, _ in ran] == [pytest.ExitCode.INTERRUPTED] * 2
    for _, output in ran:
        assert "processes 1 and 2 differ in what they run" in output
    assert [entry["outcome"] for entry in project.ledger("out1")["claims"]] == ["not run"]


def test_outcomes_on_several_devices_are_those_on_one_to_the_last_bit():
    code = """
import sys, jax, numpy as np
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
from netprops.questions.frequencies import runs
def trial(key):
    start = jax.random.normal(key, (3,), jnp.float64)
    end = jax.lax.fori_loop(0, 50, lambda _, v: v - 0.1 * jax.grad(lambda v: jnp.sum(jnp.cos(v) ** 2))(v), start)
    return {"end": end, "moved": jnp.any(end != start), "steps": jnp.int32(50)}
found = runs("descents", trial, 201, tile=3).outcomes()
print(len(jax.devices()), [np.asarray(leaf).tobytes().hex() for leaf in jax.tree.leaves(found)])
"""
    seen = {}
    for count in (1, 3):
        flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={count}"}
        output = subprocess.check_output([sys.executable, "-c", code], env={**os.environ, **flags}, text=True)
        found, _, text = output.partition(" ")
        assert int(found) == count
        seen[count] = text
    assert seen[1] == seen[3]
