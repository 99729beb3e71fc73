"""`python -m netprops replay`: a ledger's claims run again, and its witnesses looked for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from projects import BOTH, DRAWN, IMPORTS, ROW, marked

from netprops.__main__ import main
from netprops.report.replay import lines


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Write the tests of a claim, and run pytest on them with a ledger, or replay it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

    def write(**tests):
        (tmp_path / "specs" / "sums").mkdir(parents=True, exist_ok=True)
        rows = "".join(ROW.format(id=id, topic="sums") for id in tests)
        (tmp_path / "specs" / "claims.toml").write_text(rows)
        for id, body in tests.items():
            stated = f'CLAIM = claim("{id}", source=("D1.A6", "D2.Q"), verdict=HOLDS)\n'
            (tmp_path / "specs" / "sums" / f"test_{id}.py").write_text(f"{IMPORTS}\n{stated}\n{body}\n")

    return write


def ledger_of(capfd):
    """A ledger made as a user makes it: in a process of its own, with a seed."""

    command = [sys.executable, "-m", "pytest", "specs", "--ledger=out", "-q", "--hypothesis-seed=5"]
    subprocess.run(command, check=False, capture_output=True)
    capfd.readouterr()
    return "out/ledger.json"


def replayed(capfd, *arguments):
    status = main(["replay", *arguments])
    captured = capfd.readouterr()
    return status, captured.out.splitlines(), captured.err


def test_what_is_as_recorded_is_shown_with_its_witnesses(run, capfd):
    run(drawn=DRAWN, good=marked(*BOTH))
    status, told, _ = replayed(capfd, ledger_of(capfd))
    assert status == 0
    count = len(json.loads(Path("out/ledger.json").read_text())["claims"][0]["witnesses"])
    assert told == [
        f"shown    drawn: {count} of {count} witnesses as recorded",
        "shown    good: 1 of 1 witnesses as recorded",
        "2 of 2 claims shown now",
    ]


def test_what_was_mended_is_fixed_and_what_broke_has_failed(run, capfd):
    run(mended=marked(*BOTH, "assert False"), broken=marked(*BOTH))
    path = ledger_of(capfd)
    run(mended=marked("pass", *BOTH), broken=marked(BOTH[0], BOTH[1].replace("assert not", "assert")))
    status, told, _ = replayed(capfd, path)
    assert status == 2
    assert told == [
        "fixed    mended: was failed",
        "failed   broken: was shown, is failed; 1 of 1 witnesses as recorded",
        "         is_convex, no: a chord",
        "1 of 2 claims shown now",
    ]
    status, told, _ = replayed(capfd, path, "mended")
    assert (status, told) == (0, ["fixed    mended: was failed", "1 of 1 claim shown now"])


def test_another_witness_is_not_the_recorded_one(run, capfd):
    run(good=marked(*BOTH))
    path = ledger_of(capfd)
    run(good=marked(BOTH[0], BOTH[1].replace("[0, 2]", "[0, 3]")))
    _, told, _ = replayed(capfd, path)
    assert told[0] == "shown    good: 0 of 1 witnesses as recorded"


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (None, (), "is no ledger"),
        ("{", (), "is no ledger"),
        ('{"claims": 3}', (), "it lists no claims"),
        ('{"claims": [{"id": "a"}]}', (), "it lists no claims"),
        ('{"claims": []}', ("b",), "has no claim b"),
        ('{"claims": []}', (), "none of its claims was run"),
        (
            '{"claims": [{"id": "a", "module": "gone.py", "outcome": "shown", "witnesses": []}]}',
            (),
            "gone.py is not here",
        ),
    ],
)
def test_what_cannot_be_replayed_is_an_error(tmp_path, monkeypatch, capfd, text, arguments, message):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "ledger.json").write_text(text)
    status, told, error = replayed(capfd, "ledger.json", *arguments)
    assert status == 1
    assert told == []
    assert message in error


def test_a_claim_whose_tests_are_gone_has_failed():
    then = {"id": "a", "outcome": "shown", "witnesses": []}
    assert list(lines(then, None)) == ["failed   a: no test of it was found"]
