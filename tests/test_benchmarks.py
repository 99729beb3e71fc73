"""The table of ratios: that it runs, says what it is about, and judges its aims. No ratio is tested."""

import itertools
import json
import math
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import measuring, networks, scale
from benchmarks.functions import FUNCTIONS
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace

ROOT = Path(__file__).parent.parent


def run(*arguments):
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_a_part_is_measured_printed_and_written(tmp_path):
    done = run("--only", "balls", "--json", str(tmp_path / "ratios.json"))
    assert done.returncode == 0, done.stderr
    assert "mpmath's intervals" in done.stdout
    assert "balls ..." in done.stderr
    written = json.loads((tmp_path / "ratios.json").read_text())
    (row,) = written["rows"]
    assert row["met"] == (row["ratio"] >= row["aim"])
    assert written["environment"]["cpus"] >= 1


def test_a_part_that_does_not_exist_is_refused():
    done = run("--only", "ball")
    assert done.returncode == 2
    assert "no part is called ball" in done.stderr


@pytest.mark.parametrize(
    ("ratio", "at_most", "met"), [(1.2, False, True), (0.8, False, False), (0.8, True, True), (1.2, True, False)]
)
def test_an_aim_is_a_lower_or_an_upper_limit(ratio, at_most, met):
    row = measuring.Row("a thing", "ours", "theirs", ratio, 1.0, at_most=at_most)
    assert row.met == met
    assert ("NOT MET" in measuring.table([row])) == (not met)


def test_sides_take_turns():
    turns = []
    spent = measuring.interleaved({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, 3)
    assert turns == ["a", "b"] * 4
    assert set(spent) == {"a", "b"}


def test_growth_is_the_exponent():
    assert scale._growth([10.0, 100.0, 1000.0], [1.0, 4.0, 16.0], 0, 2) == pytest.approx(math.log10(4))


def test_networks_are_of_the_size_asked_for_and_draws_repeat():
    for size in (1e3, 1e4, 1e6):
        widths = networks.widths_of_size(size)
        assert sum(m * n + n for m, n in itertools.pairwise(widths)) == pytest.approx(size, rel=0.1)
    first, second = (networks.drawn(5, 16, 16, seed=2) for _ in range(2))
    assert [n.widths for n, _ in first] == [n.widths for n, _ in second]


def test_a_program_in_single_precision_is_one():
    of, domain = networks.cost((3, 4, 1), 5, jnp.tanh)
    single = networks.single_precision(of, domain)
    assert {v.aval.dtype for eqn in single.closed.jaxpr.eqns for v in eqn.outvars} == {np.dtype(np.float32)}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_every_function_of_the_list_has_values_on_its_domain(function):
    program = trace(function.of, function.on)
    lo, hi = (np.clip(end, -3.0, 3.0) for end in function.on.ends())
    points = lo + (hi - lo) * np.random.default_rng(0).random((64, *function.on.shape))
    assert np.isfinite(evaluate_batch(program, [points])[0]).all()


def test_there_are_forty_seven_functions():
    assert len({f.name for f in FUNCTIONS}) == 47
