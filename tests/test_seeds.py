"""`.ci/seeds`: a line for each seed, and no success where one of them fell short."""

import shutil
import sys
from pathlib import Path

import pytest
from projects import BOTH, DRAWN, marked

SCRIPT = Path(__file__).parents[1] / ".ci" / "seeds"


@pytest.fixture
def seeds(project, monkeypatch):
    (project.pytester.path / ".ci").mkdir()
    shutil.copy(SCRIPT, project.pytester.path / ".ci" / "seeds")
    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.setenv("SEEDS", str(project.pytester.path / "kept"))
    project.claim("drawn", DRAWN + marked(*BOTH, name="test_other"))
    return lambda *arguments: project.pytester.run("bash", ".ci/seeds", *arguments)


def test_every_seed_has_its_line_and_its_ledger(seeds, project):
    result = seeds("3", "4")
    assert result.ret == 0
    result.stdout.re_match_lines([rf"seed {seed}: 1 of 1 claim shown, \d+ s" for seed in (3, 4)])
    assert [project.ledger(f"kept/seed-{seed}")["environment"]["seed"] for seed in (3, 4)] == [3, 4]


def test_a_seed_that_falls_short_is_named(seeds, project):
    project.claim("wrong", marked(*BOTH, "assert n < 5", given="@given(st.integers())"))
    result = seeds("7", "7")
    assert result.ret == 1
    result.stdout.re_match_lines([r"seed 7: 1 of 2 claims shown; 1 fell short.*"])
    result.stderr.fnmatch_lines(["fell short: 7; see */kept/seed-7.log"])


@pytest.mark.parametrize("arguments", [(), ("3",), ("4", "3"), ("one", "two"), ("-1", "2"), ("08", "09")])
def test_what_are_no_seeds_is_refused(seeds, arguments):
    result = seeds(*arguments)
    assert result.ret == 2
    result.stderr.fnmatch_lines(["usage: *"])
