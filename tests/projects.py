"""Small projects with claims, for tests of the pytest plugin."""

import json
import sys
from dataclasses import dataclass

import pytest

PROVED = 'record(yes("is_convex", "proved", "a rule"))'
REFUTED = 'record(no("is_convex", "certified", "a chord", {"ends": [0, 2]}))'
UNSURE = 'record(undecided("is_convex", "searched"))'

IMPORTS = """
import pytest
from hypothesis import Phase, assume, given, settings, strategies as st
from netprops.claims import HOLDS, claim
from netprops.evidence import UndecidedError, no, record, undecided, yes
"""

ROW = """
[[claim]]
id = "{id}"
topic = "{topic}"
says = "In words: {id}."
source = ["D1.A6", "D2.Q"]
verdict = "holds"
evidence = ["proved", "certified"]
control = "The other answer."
"""


@dataclass(frozen=True)
class Project:
    """A project with claims, one module each."""

    pytester: pytest.Pytester

    def row(self, id, topic="sums"):
        with (self.pytester.path / "specs" / "claims.toml").open("a") as catalogue:
            catalogue.write(ROW.format(id=id, topic=topic))

    def claim(self, id, tests, topic="sums"):
        self.row(id, topic)
        stated = f'CLAIM = claim("{id}", source=("D1.A6", "D2.Q"), verdict=HOLDS)\n'
        path = self.pytester.path / "specs" / topic / f"test_{id}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{IMPORTS}\n{stated}\n{tests}\n")

    def run(self, *arguments):
        return self.pytester.runpytest_inprocess(*(arguments or ("specs",)), "--ledger=out")

    def run_apart(self, *arguments):
        """In a process of its own, as workers are: Hypothesis draws constants of what a process has imported."""
        return self.pytester.runpytest_subprocess(*arguments, "--ledger=out")

    def run_shards(self, of, *arguments):
        """Each shard in a process of its own, with its ledger in out1, out2, ...; their exit statuses."""
        runs = [
            self.pytester.runpytest_subprocess("specs", f"--shard={index}/{of}", f"--ledger=out{index}", *arguments)
            for index in range(1, of + 1)
        ]
        return [result.ret for result in runs]

    def command(self, *arguments):
        """`python -m netprops` with these arguments."""
        return self.pytester.run(sys.executable, "-m", "netprops", *arguments)

    def ledger(self, name="out"):
        return json.loads((self.pytester.path / name / "ledger.json").read_text())

    def entry(self, id):
        (found,) = (entry for entry in self.ledger()["claims"] if entry["id"] == id)
        return found


def marked(*lines, given="", name="test_it"):
    """A test of the claim with these lines."""
    head = f"@CLAIM\n{given}\ndef {name}({'n' if given else ''}):\n"
    return head + "".join(f"    {line}\n" for line in lines)


BOTH = (f"assert {PROVED}", f"assert not {REFUTED}")

DRAWN = marked(
    f"assert {PROVED.replace(')', ', evaluations=abs(n))', 1)}",
    f"assert not {REFUTED.replace('[0, 2]', '[0, n]')}",
    given="@given(st.integers())",
)


def comparable(ledger):
    """What one seed determines."""
    skipped = ("seconds", "compiles")
    return [{name: value for name, value in entry.items() if name not in skipped} for entry in ledger["claims"]]
