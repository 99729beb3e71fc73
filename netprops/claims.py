"""Claims: what a module of `specs/` states, and what it has to show.

A module states its claim once and marks each of its tests with it:

    CLAIM = claim("xy-convex-in-each-not-jointly", source=("D1.A6", "D1.A5"), verdict=HOLDS)

    @CLAIM
    def test_xy(): ...

The claim is a row of the catalogue, `claims.toml`, which lies above the modules; module and catalogue must agree.
A claim is shown when its tests passed and, all their evidence taken together, every kind of evidence that its row
demands is there, nothing is undecided, and every kind of question was answered both yes and no: a check that cannot
fail shows nothing.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import tomllib
import unittest
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from netprops.evidence import KINDS, Drawing, Recorder, draw, recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

HOLDS = "holds"
CONDITIONAL = "conditional"
REFUTED = "refuted"
VERDICTS = {
    HOLDS: "true as its source means it",
    CONDITIONAL: "true only under a condition that its source leaves out: both sides are shown",
    REFUTED: "false as stated: the counterexample and the nearest true statement are shown",
}

CATALOGUE = "claims.toml"

# What a row begins with that nobody has written yet (`python -m netprops new-claim`).
TO_DO = "TO DO"

# Where a claim finds its place in a document: the document, the question or an answer, a comment there.
LOCATOR = re.compile(r"(?P<document>D\d+)\.(?P<part>Q|A\d+)(?:\.(?P<comment>c\d+))?")

# Without a leading underscore, because @given copies only such attributes from the test to its wrapper.
_ATTRIBUTE = "netprops_claim"

_Test = TypeVar("_Test", bound="Callable[..., Any]")


class ClaimError(Exception):
    """A claim and its catalogue disagree, or one of them is malformed.  The message says where and what to do."""


class NothingShownError(Exception):
    """A claim's test ended well without having shown anything."""


# ---------------------------------------------------------------- the catalogue


@dataclass(frozen=True)
class Row:
    """One claim of the catalogue."""

    id: str
    topic: str  # the folder of its module
    says: str
    source: tuple[str, ...]
    verdict: str
    evidence: tuple[str, ...]  # the least that has to be shown, every one of them
    control: str  # what the same questions must answer the other way
    formal: str = ""  # the statement in full


_REQUIRED = ("id", "topic", "says", "source", "verdict", "evidence", "control")
_LISTS = ("source", "evidence")


def find_catalogue(start: Path) -> Path | None:
    """The catalogue nearest above `start`, a file or a folder."""
    for folder in (start, *start.parents):
        if (found := folder / CATALOGUE).is_file():
            return found
    return None


def read_catalogue(path: Path) -> dict[str, Row]:
    """The rows of a catalogue by id, in its order.  Raises `ClaimError` for a row that is incomplete or unclear."""
    return _read_catalogue(path, path.stat().st_mtime_ns)


@functools.lru_cache
def _read_catalogue(path: Path, _modified: int) -> dict[str, Row]:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("claim", [])
    except tomllib.TOMLDecodeError as error:
        raise ClaimError(f"{path} is not TOML: {error}") from None
    rows: dict[str, Row] = {}
    for number, entry in enumerate(entries, start=1):
        row = _row(entry, f"{path}, claim {number} ({entry.get('id', 'without an id')})")
        if row.id in rows:
            raise ClaimError(f"{path} lists {row.id!r} twice: give one of them another id")
        rows[row.id] = row
    return rows


def _row(entry: Mapping[str, Any], where: str) -> Row:
    if missing := [name for name in _REQUIRED if not entry.get(name)]:
        raise ClaimError(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(set(entry) - {*_REQUIRED, "formal"}):
        raise ClaimError(f"{where} has {', '.join(unknown)}, which no claim has")
    for name in (*_REQUIRED, "formal"):
        value = entry.get(name, "")
        texts = value if name in _LISTS else [value]
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ClaimError(f"{where}: {name} is {'a list of strings' if name in _LISTS else 'a string'}")
    if entry["verdict"] not in VERDICTS:
        raise ClaimError(f"{where}: a verdict is one of {', '.join(VERDICTS)}, got {entry['verdict']!r}")
    if strange := [kind for kind in entry["evidence"] if kind not in KINDS]:
        raise ClaimError(f"{where}: a kind of evidence is one of {', '.join(KINDS)}, got {', '.join(strange)}")
    fields: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in entry.items()}
    return Row(**fields)


# ---------------------------------------------------------------- claims


@dataclass(frozen=True)
class Claim:
    """A row of the catalogue and the module that shows it; marks a test as one of its own when called with it.

    Attributes:
        row: the row of the catalogue.
        source: where it is made, as the module lists it.
        module: the module's file.
        catalogue: the catalogue's file.
        place: in the catalogue, for reports in its order.
        doc: the module's docstring: the claim in the words of who showed it.
    """

    row: Row
    source: tuple[str, ...]
    module: str
    catalogue: str
    place: int
    doc: str = ""

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def verdict(self) -> str:
        return self.row.verdict

    def __call__(self, test: _Test) -> _Test:
        """Mark a test function, above or below `@given`.

        Raises `ClaimError` for what pytest would not run as a test and for a test of another claim.
        """
        name = getattr(test, "__name__", repr(test))
        if not callable(test) or isinstance(test, type) or not name.startswith("test"):
            raise ClaimError(f"{self.module}: a claim marks functions that pytest runs (test_...), got {name}")
        other = claim_of(test)
        if other is not None and other.id != self.id:
            raise ClaimError(f"{self.module}: {name} is a test of {other.id} already: write one test for each claim")
        setattr(test, _ATTRIBUTE, self)
        return test

    def curve(
        self,
        title: str,
        x: Sequence[Any],
        y: Sequence[Any],
        *,
        axes: Sequence[str],
        name: str = "",
        low: Sequence[Any] | None = None,
        high: Sequence[Any] | None = None,
    ) -> None:
        """Let the reports draw y against x, under this title: a picture for people, no evidence.

        To be called in a test of this claim, with numbers (NumPy's, JAX's) computed in floats there, and outside
        `@given`: of equal titles and names the first is kept.  `axes` names both; `low` and `high` are the ends of an
        interval about each y.

        Raises:
            ValueError: numbers that do not fit each other.
        """
        draw(Drawing(title, axes, x, y, name, low, high))

    def surface(
        self, title: str, x: Sequence[Any], y: Sequence[Any], z: Sequence[Sequence[Any]], *, axes: Sequence[str]
    ) -> None:
        """Let the reports draw z, a row for each y, over x and y, as `curve` does; `axes` names all three."""
        draw(Drawing(title, axes, x, y, z=z))


# Which module claims an id, by catalogue: modules are imported one after the other and know nothing of each other.
_claimed_by: dict[tuple[str, str], str] = {}


def claim(id: str, *, source: str | Sequence[str], verdict: str) -> Claim:
    """State the claim of the calling module.

    Args:
        id: the claim's id in the catalogue.
        source: its places in the documents, one or several, as in the catalogue.
        verdict: HOLDS, CONDITIONAL or REFUTED, as in the catalogue.

    Raises:
        ClaimError: the catalogue has no such claim or says otherwise, the module lies in the folder of another
            topic, or another module makes the same claim.

    Examples:
        A module below a catalogue says ``CLAIM = claim("squares-are-convex", source="D1.A5", verdict=HOLDS)`` and
        marks each of its tests with ``@CLAIM``.  Elsewhere there is nothing to be claimed:

        >>> from netprops import HOLDS, claim
        >>> claim("squares-are-convex", source="D1.A5", verdict=HOLDS)
        Traceback (most recent call last):
            ...
        netprops.claims.ClaimError: claim 'squares-are-convex' is made outside a module: a claim is a file below ...
    """
    space = sys._getframe(1).f_globals
    module, doc = space.get("__file__"), space.get("__doc__") or ""
    if module is None:
        raise ClaimError(f"claim {id!r} is made outside a module: a claim is a file below its catalogue")
    module = os.path.abspath(module)
    where = f"{module}: claim {id!r}"
    sources = (source,) if isinstance(source, str) else tuple(source)
    if not sources or not all(isinstance(entry, str) and entry for entry in sources):
        raise ClaimError(f'{where} names no source: say where it is made, as in source=("D1.A6",)')
    if verdict not in VERDICTS:
        raise ClaimError(f"{where}: a verdict is HOLDS, CONDITIONAL or REFUTED, got {verdict!r}")
    catalogue = find_catalogue(Path(module).parent)
    if catalogue is None:
        raise ClaimError(f"{where}: there is no {CATALOGUE} in the folders above; write one with this claim in it")
    rows = read_catalogue(catalogue)
    if id not in rows:
        raise ClaimError(f"{where} is not in {catalogue}{_meant(id, rows)}")
    row = rows[id]
    if verdict != row.verdict:
        raise ClaimError(f"{where} has the verdict {verdict!r}, {catalogue} says {row.verdict!r}: correct one of them")
    if set(sources) != set(row.source):
        raise ClaimError(
            f"{where} has the source {', '.join(sources)}, {catalogue} says {', '.join(row.source)}: "
            "correct one of them"
        )
    folder = Path(module).relative_to(catalogue.parent).parts[0]
    if folder != row.topic:
        raise ClaimError(f"{where} belongs to the topic {row.topic!r}: move it to {catalogue.parent / row.topic}")
    first = _claimed_by.setdefault((str(catalogue), id), module)
    if first != module and Path(first).exists():
        raise ClaimError(f"{where} is made in {first} already: one claim, one module; remove one of them")
    return Claim(row, sources, module, str(catalogue), list(rows).index(id), doc)


def _meant(id: str, rows: Iterable[str]) -> str:
    import difflib  # only for a message

    close = difflib.get_close_matches(id, rows, n=1)
    return f"; did you mean {close[0]!r}?" if close else ": add a row for it"


def claim_of(test: object) -> Claim | None:
    """The claim that a test function was marked with, or None."""
    # Not every object of a foreign test module takes kindly to getattr.
    try:
        found = getattr(test, _ATTRIBUTE, None)
    except Exception:
        return None
    return found if isinstance(found, Claim) else None


MARKERS: dict[str, str] = {
    "claim(id, topic, verdict)": "tests of this claim",
    "source(locator, document, part, comment)": "tests of claims made there, as in source(document='D1', part='A6')",
    **{verdict: f"tests of claims whose verdict is {verdict}: {meaning}" for verdict, meaning in VERDICTS.items()},
    **{str(kind): f"tests of claims that demand {kind} evidence" for kind in KINDS},
}


def marks(claim: Claim) -> Iterator[tuple[str, dict[str, str]]]:
    """The pytest marks of a claim's tests, name and arguments: for `-m building_blocks`, `-m "source(part='A6')"`."""
    row = claim.row
    yield "claim", {"id": row.id, "topic": row.topic, "verdict": row.verdict}
    for locator in row.source:
        place = LOCATOR.fullmatch(locator)
        parts = {} if place is None else {name: text for name, text in place.groupdict().items() if text}
        yield "source", {"locator": locator, **parts}
    for name in (row.topic, row.verdict, *row.evidence):
        yield name, {}


# ---------------------------------------------------------------- trying and judging


@contextmanager
def trying(test: Any, recorder: Recorder, seed: int | str) -> Iterator[None]:
    """Run `test`, a test of a claim, inside; `recorder` keeps what it asks.

    Raises `NothingShownError` when it ended well, but completed no example or asked nothing.
    """
    with recording(recorder):
        if draws(test):
            with _each_example(test.hypothesis, recorder, seed):
                yield
        else:
            with recorder.example():
                yield
    if recorder.examples == 0:
        raise NothingShownError(
            "no example was completed, so nothing was shown: is the domain empty, or are all examples rejected?"
        )
    if not recorder.kept:
        raise NothingShownError("it asked nothing: a test of a claim asks at least one question of netprops")


def draws(test: Any) -> bool:
    """Whether Hypothesis draws the examples of a test."""
    return hasattr(getattr(test, "hypothesis", None), "inner_test")


@contextmanager
def _each_example(handle: Any, recorder: Recorder, seed: int | str) -> Iterator[None]:
    """Let each example of a Hypothesis test be one of the recorder's, drawn from the run's seed."""
    from hypothesis import core

    hypothesis: Any = core  # its types know the seed as None only
    inner, forced = handle.inner_test, hypothesis.global_force_seed
    # A parametrized test shares one handle among its items, so all is put back.
    handle.inner_test = recorder.per_example(inner)
    hypothesis.global_force_seed = seed
    try:
        yield
    except unittest.SkipTest as error:
        # So Hypothesis skips a test for which its settings leave nothing to run.
        raise NothingShownError(f"no example was completed, so nothing was shown: {error}") from None
    finally:
        handle.inner_test, hypothesis.global_force_seed = inner, forced


def unwritten(row: Mapping[str, str]) -> list[str]:
    """Why a row is not finished: its fields, by name, that still say what is to be done."""
    return [f"its catalogue row leaves to do: {name}" for name, text in row.items() if text.startswith(TO_DO)]


def shortfalls(demanded: Iterable[str], questions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why evidence falls short of showing a claim, all its tests having passed; empty when it is shown.

    `questions` are entries of the ledger: question, where, yes, no, undecided, by.
    """
    if not questions:
        return ["it asks nothing"]
    kinds = {kind for entry in questions for kind, times in entry["by"].items() if times}
    why = [f"no {kind} evidence, which its catalogue row demands" for kind in demanded if kind not in kinds]
    for entry in questions:
        if entry["undecided"]:
            why.append(f"{entry['question']} at {entry['where']} is undecided")
    for name in sorted({entry["question"] for entry in questions}):
        same = [entry for entry in questions if entry["question"] == name]
        for answer, other in (("yes", "no"), ("no", "yes")):
            if not any(entry[other] for entry in same) and any(entry[answer] for entry in same):
                why.append(f"{name} was only ever answered {answer}: add a control that it must answer {other}")
    return why
