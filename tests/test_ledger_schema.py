"""Ledgers are as their published JSON Schema says, and the schema refuses what is no ledger."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest
from projects import BOTH, DRAWN, REFUTED, UNSURE, Project, marked

from netprops.report import ledger

SCHEMA = json.loads((Path(ledger.__file__).parent / "ledger.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

PICTURES = (
    "from netprops import Table",
    f"VERDICT = {REFUTED}",
    "assert not Table('Convex?', ('network',), 'loss').note(VERDICT, row=('tanh',), column='squared')",
    "CLAIM.curve('a line', [0, 1], [0, float('nan')], axes=('x', 'y'), low=[0, 0], high=[1, 1])",
    "CLAIM.surface('a saddle', [0, 1], [0, 1], [[0, 1], [1, 0]], axes=('x', 'y', 'z'))",
)


def faults(found):
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(found)]


@pytest.fixture
def project(pytester):
    pytester.mkdir("specs")
    made = Project(pytester)
    drawn = DRAWN.replace("test_it", "test_drawn")
    made.claim("shown", marked(*BOTH) + marked(*PICTURES, name="test_pictures") + drawn)
    made.claim("unsure", marked(f"assert {UNSURE}"))
    made.claim("failing", marked(f"assert {REFUTED}"))
    made.claim("skipped", "@pytest.mark.skip(reason='no')\n" + marked(*BOTH))
    return made


@pytest.fixture
def whole(project):
    project.run()
    return project.ledger()


def test_the_schema_is_one_and_of_this_version():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema"] == {"const": ledger.SCHEMA}


def test_a_ledger_with_every_outcome_and_kind_of_entry(whole):
    assert {claim["outcome"] for claim in whole["claims"]} == set(ledger.OUTCOMES)
    assert any("tables" in claim for claim in whole["claims"])
    assert any("curves" in claim for claim in whole["claims"])
    assert faults(whole) == []


def test_ledgers_of_shards_and_of_the_whole_that_they_make(project):
    project.run_shards(2, "--hypothesis-seed=7")
    shards = [project.ledger(f"out{index}") for index in (1, 2)]
    assert [faults(shard) for shard in shards] == [[], []]
    project.command("merge", "out1", "out2", "--into", "merged")
    assert faults(project.ledger("merged")) == []


def test_what_a_run_that_is_killed_leaves_behind(whole, tmp_path):
    judged = [ledger.Judged(claim) for claim in whole["claims"]]
    ledger.keep(tmp_path, whole["environment"], judged)
    kept = json.loads((tmp_path / ledger.LEDGER).read_text())
    assert kept["unfinished"] is True
    assert faults(kept) == []


def changed(found, path, value):
    """A copy with another value there; None takes it away."""
    copied = copy.deepcopy(found)
    *parents, last = path
    place = copied
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copied


FAULTY = (
    (("schema",), 2),
    (("claims",), None),
    (("environment", "seed"), None),
    (("claims", 0, "outcome"), "probably"),
    (("claims", 0, "verdict"), "true"),
    (("claims", 0, "examples"), -1),
    (("claims", 0, "evidence", "believed"), 1),
    (("claims", 0, "witness"), {}),
    (("claims", 0, "questions", 0, "where"), "somewhere"),
    (("claims", 0, "questions", 0, "by", "proved"), 0),
    (("unfinished",), False),
)


def test_it_refuses_what_is_no_ledger(whole):
    assert [path for path, value in FAULTY if not faults(changed(whole, path, value))] == []
