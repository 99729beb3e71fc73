"""The first lines of a new claim: its row in the catalogue and its module, which fails until it is filled in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from netprops.claims import TO_DO, VERDICTS, ClaimError, Row, read_catalogue
from netprops.evidence import KINDS

if TYPE_CHECKING:
    from pathlib import Path

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TOPIC = re.compile(r"[a-z][a-z0-9_]*")

FORMAL = f"{TO_DO}: what exactly is shown: which quantifier over what, on which domain, proved or certified."
CONTROL = f"{TO_DO}: what the same questions must answer the other way; best the nearest miss."

ROW = """
[[claim]]
id = {id}
topic = {topic}
says = {says}
formal = {formal}
source = {source}
verdict = {verdict}
evidence = {evidence}
control = {control}
"""

MODULE = '''"""{says}"""

from netprops import {constant}, claim, is_convex, reals

CLAIM = claim({id}, source={source}, verdict={constant})


def cost(w):
    raise NotImplementedError("write here, in JAX, the function of which the claim speaks")


@CLAIM
def test_what_the_sentence_says():
    assert is_convex(cost, on=reals(2))  # the question that it asks, on its domain, to the answer that it gives


@CLAIM
def test_the_nearest_miss():
    assert not is_convex(lambda w: -cost(w), on=reals(2))  # the same question where a hypothesis is dropped
'''


def new_claim(
    catalogue: Path, id: str, topic: str, says: str, source: list[str], verdict: str, evidence: list[str]
) -> Path:
    """Write the row of a claim and a module for it; returns the module.

    Nothing is overwritten: the row is added at the end of the catalogue, which is begun where there is none, and the
    module is a new file. The claim is not
    shown, and a run that holds it fails, until the function, both tests and what the row leaves to do are written.

    Args:
        catalogue: the file claims.toml.
        id: lower-case words with hyphens between, such as "outliers-cost-convexity".
        topic: the folder of the module, beside the catalogue.

    Raises:
        ClaimError: an id that is taken or no such name, and whatever the catalogue would refuse.
    """
    _refuse_unclear(id, topic, says, source, verdict, evidence)
    if not catalogue.parent.is_dir():
        raise ClaimError(f"there is no folder {catalogue.parent} here: run this where it is, or make it")
    rows = read_catalogue(catalogue) if catalogue.exists() else {}
    if id in rows:
        raise ClaimError(f"{catalogue} has {id!r} already, in the topic {rows[id].topic}: choose another id")
    module = catalogue.parent / topic / f"test_{id.replace('-', '_')}.py"
    if module.exists():
        raise ClaimError(f"{module} exists already: choose another id, or remove it")
    row = Row(id, topic, says, tuple(source), verdict, tuple(evidence), CONTROL, FORMAL)
    before = catalogue.read_text(encoding="utf-8").rstrip("\n") + "\n" if catalogue.exists() else ""
    module.parent.mkdir(exist_ok=True)
    module.write_text(_as_module(row), encoding="utf-8")
    catalogue.write_text(before + _as_toml(row), encoding="utf-8")
    return module


def _refuse_unclear(id: str, topic: str, says: str, source: list[str], verdict: str, evidence: list[str]) -> None:
    if not ID.fullmatch(id):
        raise ClaimError(f"an id is lower-case words with hyphens between, as in outliers-cost-convexity, got {id!r}")
    if not TOPIC.fullmatch(topic):
        raise ClaimError(f"a topic is the name of a folder and of a marker, as in one_layer, got {topic!r}")
    if topic in (*VERDICTS, *KINDS, "claim", "source"):
        raise ClaimError(f"{topic!r} is a marker of another kind already: choose another topic")
    if not says.strip() or "\n" in says:
        raise ClaimError("the sentence is one line, as its source says it")
    if not source or not all(source):
        raise ClaimError("say where the claim is made: a paper, an address, a locator such as D1.A6")
    if verdict not in VERDICTS:
        raise ClaimError(f"a verdict is one of {', '.join(VERDICTS)}, got {verdict!r}")
    if not evidence or not set(evidence) <= set(KINDS):
        raise ClaimError(f"a kind of evidence is one of {', '.join(KINDS)}, got {', '.join(evidence) or 'none'}")


def _as_toml(row: Row) -> str:
    """A row as the catalogue writes it.  Strings of JSON are strings of TOML, except for the delete character."""
    return ROW.format(**{name: _quoted(value) for name, value in vars(row).items()})


def _as_module(row: Row) -> str:
    says = row.says.replace("\\", "\\\\").replace('"', '\\"')
    sources = ", ".join(map(_quoted, row.source))
    source = f"({sources})" if len(row.source) > 1 else sources
    return MODULE.format(says=says, id=_quoted(row.id), source=source, constant=row.verdict.upper())


def _quoted(value: str | tuple[str, ...]) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
