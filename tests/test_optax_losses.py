"""The table of optax's losses: no public loss is forgotten, and the page says what the functions say."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "optax-losses.md").read_text()


def _loaded():
    spec = importlib.util.spec_from_file_location("optax_losses", ROOT / "examples" / "optax_losses.py")
    module = sys.modules["optax_losses"] = importlib.util.module_from_spec(spec)  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


TABLE = _loaded()
ON_PAGE = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]


def test_every_public_loss_has_a_row_or_a_reason():
    asked = {row.loss for row in TABLE.ROWS}
    assert asked.isdisjoint(TABLE.LEFT_OUT)
    assert asked | set(TABLE.LEFT_OUT) == TABLE.public_losses()
    assert all(f"- `{name}`: {why}" in PAGE for name, why in TABLE.LEFT_OUT.items())


def test_the_page_has_the_rows_of_the_code_in_their_order():
    assert [line[:3] for line in ON_PAGE] == [
        [f"`{row.loss}`", f"{row.varied}, {TABLE.describe(row.on)}", row.meant] for row in TABLE.ROWS
    ]


@pytest.mark.parametrize("place", range(len(TABLE.ROWS)), ids=lambda k: f"{k}-{TABLE.ROWS[k].loss}")
def test_the_page_says_what_the_loss_says(place):
    # Reasons are worded by the versions at hand; answers are not.
    verdict = TABLE.ROWS[place].verdict()
    assert ON_PAGE[place][3] == TABLE.said(verdict)
    assert verdict.answer != "yes" or verdict.evidence == "proved"
    assert verdict.answer != "no" or verdict.witness["kind"] == "chord"


def test_all_but_one_are_decided():
    assert [line[0] for line in ON_PAGE if line[3] == "undecided"] == ["`multiclass_sparsemax_loss`"]
    assert sum(line[3] == "convex, proved" for line in ON_PAGE) == 20
