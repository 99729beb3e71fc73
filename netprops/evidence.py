"""Yes, no or undecided, by one kind of evidence; and the recorder that keeps what a claim's tests asked.

A question answers with a `Verdict`.  Its kind of evidence is one of

==========  ==============================================================================
proved      true at every point of the stated domain, in real arithmetic
certified   an explicit witness, true in real arithmetic
sampled     searched hard, nothing found; the number of points is stated
estimated   a frequency with its confidence interval
==========  ==============================================================================

Undecided is never a pass: the truth value of an undecided verdict is an error.

While a claim's test runs, a `Recorder` notes every verdict by the place where it was asked.  An example counts as a
whole or not at all: Hypothesis runs failing examples many times over and rejects others, and neither is evidence.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import os
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

Answer: TypeAlias = Literal["yes", "no", "undecided"]
Kind: TypeAlias = Literal["proved", "certified", "sampled", "estimated"]

KINDS: tuple[Kind, ...] = get_args(Kind)

# The probability that a whole suite raises one false alarm, and for how many estimated questions it is made: each of
# them decides at the level FALSE_ALARMS / MOST_ESTIMATED, and a run that records more of them fails.
FALSE_ALARMS = Fraction(1, 10_000)
MOST_ESTIMATED = 100

# A run that keeps a ledger goes under Hypothesis's profile of the same name with this behind it.
WITH_LEDGER = "-with-ledger"
_ANSWERS: tuple[Answer, ...] = get_args(Answer)

# What these questions answer is a theorem or nothing; a search in floats decides none of them.
_THEOREMS = ("is_", "are_", "has_")

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class UndecidedError(Exception):
    """The truth of an undecided verdict was asked for.  The message says what was tried and what can be done."""


class UnassertedVerdictError(Exception):
    """A claim's test asked a question and never looked at the truth of the answer."""


# ---------------------------------------------------------------- verdicts


@dataclass(frozen=True, eq=False, repr=False)
class Verdict:
    """The answer to one question, with its evidence.

    `bool(verdict)` is true for yes, false for no, and raises `UndecidedError` for undecided.  Verdicts are not
    compared: `verdict == True` raises `TypeError`, because it would call an undecided verdict false.

    Attributes:
        question: the name of the question.
        answer: "yes", "no" or "undecided".
        kind: the kind of evidence: "proved", "certified", "sampled" or "estimated"; None exactly when undecided.
        because: for people: the rule that proved it, the witness in words, or what was tried.
        witness: a JSON-able record of a certified witness; None where there is none.
        evaluations: how many float evaluations were spent.
        basis: the proof, where a certificate of the answer is made of one.
        certify: what makes the certificate, when it is asked for.

    Raises:
        ValueError: built from fields that contradict each other.
        TypeError: built from fields of another type.

    Examples:
        >>> from netprops import is_convex, reals
        >>> verdict = is_convex(lambda v: v[0] * v[1], on=reals(2))
        >>> verdict.answer, verdict.evidence, verdict.witness["points"]["a"]
        ('no', 'certified', ['-0x1.0000000000000p+0', '0x1.0000000000000p+0'])
    """

    question: str
    answer: Answer
    kind: Kind | None
    because: str
    witness: Mapping[str, object] | None = None
    evaluations: int = 0
    basis: object = None
    certify: Callable[[], Mapping[str, object]] | None = None
    replays: tuple[tuple[int, bool], ...] = ()  # recorded witnesses that were tried, and whether they certified

    def __post_init__(self) -> None:
        if not isinstance(self.question, str) or not self.question:
            raise ValueError(f"a verdict names its question, got {self.question!r}")
        if self.answer not in _ANSWERS:
            raise ValueError(f"{self.question}: an answer is one of {', '.join(_ANSWERS)}, got {self.answer!r}")
        if not isinstance(self.because, str) or not self.because.strip():
            raise ValueError(f"{self.question}: a verdict says why (because), got {self.because!r}")
        if self.answer == "undecided":
            if self.kind is not None:
                raise ValueError(f"{self.question}: an undecided verdict has no kind of evidence, got {self.kind!r}")
        elif self.kind not in KINDS:
            raise ValueError(f"{self.question}: a kind of evidence is one of {', '.join(KINDS)}, got {self.kind!r}")
        elif self.kind == "sampled" and self.question.startswith(_THEOREMS):
            raise ValueError(f"{self.question} is never answered by sampling: a search without a proof is undecided")
        if self.witness is not None and not isinstance(self.witness, Mapping):
            raise TypeError(f"{self.question}: a witness is a mapping, got {type(self.witness).__name__}")
        if isinstance(self.evaluations, bool) or not isinstance(self.evaluations, int) or self.evaluations < 0:
            raise ValueError(f"{self.question}: evaluations are counted from 0, got {self.evaluations!r}")

    @property
    def evidence(self) -> Kind | None:
        """The kind of evidence; None when undecided."""
        return self.kind

    @property
    def certificate(self) -> Mapping[str, object] | None:
        """The answer as a JSON-able record that `netprops.recheck` verifies; None for answers that have none yet."""
        return None if self.certify is None else self.certify()

    def __bool__(self) -> bool:
        if _running is not None:
            _running.tested.add(id(self))
        if self.answer == "undecided":
            raise UndecidedError(
                f"{self.question} is undecided, which is neither true nor false.\n"
                f"Tried: {self.because}\n"
                "To do: state a smaller domain or a simpler form of the function, or ask a question that a search may "
                "answer (no_counterexample). Look at verdict.answer to handle an undecided answer yourself."
            )
        return self.answer == "yes"

    def __repr__(self) -> str:
        # One line, most telling first: pytest shortens long ones and shows line ends as "\n".
        how = "" if self.kind is None else f" ({self.kind})"
        witness = "" if self.witness is None else f"; witness {dict(self.witness)!r}"
        return f"<{self.question}: {self.answer}{how} because {self.because}{witness}>"

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError(
            f"verdicts are not compared, got {self!r} == {other!r}: write `assert {self.question}(...)` or "
            f"`assert not {self.question}(...)`, which fail when undecided; compare verdict.answer if you must"
        )

    __hash__ = object.__hash__


def yes(
    question: str, kind: Kind, because: str, witness: Mapping[str, object] | None = None, evaluations: int = 0
) -> Verdict:
    """The verdict yes, on this kind of evidence.  Raises `ValueError` when the kind is not one of `KINDS`."""
    return Verdict(question, "yes", kind, because, witness, evaluations)


def no(
    question: str, kind: Kind, because: str, witness: Mapping[str, object] | None = None, evaluations: int = 0
) -> Verdict:
    """The verdict no, on this kind of evidence.  Raises `ValueError` when the kind is not one of `KINDS`."""
    return Verdict(question, "no", kind, because, witness, evaluations)


def undecided(question: str, because: str, evaluations: int = 0) -> Verdict:
    """The verdict undecided; `because` says what was tried."""
    return Verdict(question, "undecided", None, because, None, evaluations)


# ---------------------------------------------------------------- the recorder


@dataclass(frozen=True)
class Site:
    """Where a question was asked: column counts from 1, as editors do."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Note:
    """One verdict, and where it was asked."""

    verdict: Verdict
    site: Site


def _light(note: Note) -> Note:
    """The note without what a certificate would be made of: programs and proofs are large, notes are many."""
    return replace(note, verdict=replace(note.verdict, basis=None, certify=None))


@dataclass(frozen=True)
class Cell:
    """One verdict's place in a table."""

    table: Table
    row: tuple[str, ...]
    column: str
    verdict: Verdict


@dataclass(frozen=True)
class Table:
    """Verdicts that are best seen together: a run draws them, in its reports, as one table.

    Rows and columns come in the order in which they are first noted.

    Attributes:
        question: what is asked of every cell.
        rows: what tells rows apart, one heading each.
        columns: what tells columns apart.

    Raises:
        ValueError: no heading of the rows.

    Examples:
        >>> from netprops import Table, is_convex, reals
        >>> table = Table("Is it convex?", rows=("function",), columns="domain")
        >>> table.note(is_convex(abs, on=reals()), row=("modulus",), column="the line").answer
        'yes'
    """

    question: str
    rows: Sequence[str]
    columns: str

    def __post_init__(self) -> None:
        if isinstance(self.rows, str) or not self.rows:
            raise ValueError(f"a table's rows have one heading or more, as in rows=('network',), got {self.rows!r}")

    def note(self, verdict: Verdict, *, row: Sequence[str], column: str) -> Verdict:
        """The verdict itself, noted in this cell of the table if a claim is running.

        Args:
            verdict: what was answered.
            row: a label for each heading of the rows.
            column: the label of the column.

        Raises:
            ValueError: the row has not one label for each of its headings.
        """
        if isinstance(row, str) or len(row) != len(self.rows):
            raise ValueError(f"a row of this table is told by its {' and '.join(self.rows)}, got {row!r}")
        if _running is not None:
            _running.pending_cells.append(Cell(self, tuple(row), column, verdict))
        return verdict


@dataclass(frozen=True)
class Drawing:
    """Numbers that a report draws: computed in floats, they show what a claim is about and are evidence of nothing.

    A line has `y` for each of `x` (with `low` and `high`, the ends of an interval about each); a surface has `z`, a row
    for each of `y`.  Lines of one title are drawn together.  Numbers are kept to six digits; None stands where a number
    is not finite.
    """

    title: str
    axes: Sequence[str]  # what is drawn against what, as written at the axes
    x: Sequence[Any]
    y: Sequence[Any]
    name: str = ""  # of a line, where several have one title
    low: Sequence[Any] | None = None
    high: Sequence[Any] | None = None
    z: Sequence[Sequence[Any]] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.axes, str) or len(self.axes) != (2 if self.z is None else 3):
            raise ValueError(f"{self.title}: a line names two axes, a surface three, got {self.axes!r}")
        lines = [self.y, self.low, self.high] if self.z is None else list(self.z)
        if any(line is not None and len(line) != len(self.x) for line in lines):
            raise ValueError(f"{self.title}: each line has as many numbers as there are of x, {len(self.x)}")
        if self.z is not None and len(self.z) != len(self.y):
            raise ValueError(f"{self.title}: a surface has a row for each of y, got {len(self.z)} for {len(self.y)}")
        if len(self.x) < 2 or (self.z is not None and len(self.y) < 2):
            raise ValueError(f"{self.title}: it takes two points to draw a line")

    def record(self) -> dict[str, Any]:
        """The drawing as JSON."""
        numbers = {name: getattr(self, name) for name in ("x", "y", "low", "high", "z")}
        kept = {name: _six_digits(values) for name, values in numbers.items() if values is not None}
        return {"title": self.title, "name": self.name, "axes": list(self.axes), **kept}


def _six_digits(values: Any) -> Any:
    if hasattr(values, "tolist"):
        values = values.tolist()
    if hasattr(values, "__iter__"):
        return [_six_digits(value) for value in values]
    return float(f"{float(values):.6g}") if math.isfinite(values) else None


def draw(drawing: Drawing) -> None:
    """Keep a drawing under the running recorder, if there is one."""
    if _running is not None:
        _running.pending_drawings.append(drawing.record())


@dataclass
class Recorder:
    """What one test of a claim asked.  Mutable by its nature: it fills while the test runs."""

    claim: str
    seed: int = 0
    kept: list[Note] = field(default_factory=list)  # of examples that ended without an exception
    cells: list[Cell] = field(default_factory=list)  # likewise
    drawings: list[dict[str, Any]] = field(default_factory=list)  # likewise
    examples: int = 0  # examples that did
    evaluations: int = 0  # those of the kept examples
    compiles: int = 0  # all of them: a compilation takes its time whatever becomes of the example
    draws: bool = False  # the test's functions may be others in each example, and under another seed
    recorded: Sequence[Mapping[str, Any]] = ()  # witnesses of the claim, of earlier runs
    ranges: dict[str, Any] = field(default_factory=dict)  # of shared work: how many computed and read, what was refused
    last: Note | None = None  # the verdict asked last, kept or not
    last_witness: Note | None = None  # the last one that came with a witness
    undecided: int = 0  # examples that an undecided verdict ended
    tested: set[int] = field(default_factory=set)  # ids of verdicts whose truth was asked, in this example
    pending: list[Note] = field(default_factory=list)  # of the running example
    pending_cells: list[Cell] = field(default_factory=list)
    pending_drawings: list[dict[str, Any]] = field(default_factory=list)
    pending_evaluations: int = 0

    @contextmanager
    def example(self) -> Iterator[None]:
        """Keep what is asked inside if it ends without an exception, else nothing of it.

        Raises `UnassertedVerdictError` when the truth of a verdict was not asked for.
        """
        self._clear()
        try:
            yield
            self._demand_asserted()
            self.kept += map(_light, self.pending)
            self.cells += self.pending_cells
            self.drawings += self.pending_drawings
            self.evaluations += self.pending_evaluations
            self.examples += 1
        except UndecidedError:
            self.undecided += 1
            raise
        finally:
            self._clear()

    def _clear(self) -> None:
        self.pending, self.pending_cells, self.pending_drawings = [], [], []
        self.pending_evaluations, self.tested = 0, set()

    def _demand_asserted(self) -> None:
        for note in self.pending:
            if id(note.verdict) not in self.tested:
                site = note.site
                raise UnassertedVerdictError(
                    f"a verdict nobody asserted: {note.verdict!r}, asked at {site.file}:{site.line}:{site.column}. "
                    "Put assert (or assert not) before the question."
                )

    def per_example(self, test: Callable[..., Any]) -> Callable[..., Any]:
        """`test`, each call of which is one example."""

        @functools.wraps(test)
        def one_example(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            with self.example():
                return test(*args, **kwargs)

        return one_example


_running: Recorder | None = None


@contextmanager
def recording(recorder: Recorder) -> Iterator[Recorder]:
    """Let `recorder` be the running one inside; the one before it (if any) runs again afterwards."""
    global _running
    before, _running = _running, recorder
    try:
        yield recorder
    finally:
        _running = before


def record(verdict: Verdict) -> Verdict:
    """The one door through which a question's verdict leaves: noted under the running recorder, if there is one.

    The place of the question is the nearest frame outside this package.  Returns an equal verdict, an object of its
    own, since remembered answers are given more than once and each time must be asserted.
    Raises `TypeError` under a recorder when the witness cannot be written as JSON.
    """
    if _running is None:
        return verdict
    if verdict.witness is not None:
        canonical(verdict.witness)
    verdict = replace(verdict)
    note = Note(verdict, _site(sys._getframe(1)))
    _running.pending.append(note)
    _running.pending_evaluations += verdict.evaluations
    _running.last = note
    if verdict.witness is not None:
        _running.last_witness = note
    return verdict


def count(*, evaluations: int = 0, compiles: int = 0) -> None:
    """Add to the running recorder, if there is one.

    Evaluations that a verdict states (`Verdict.evaluations`) are counted when it is recorded; add only others here.
    """
    if _running is not None:
        _running.pending_evaluations += evaluations
        _running.compiles += compiles


_tried: list[tuple[int, bool]] | None = None  # recorded witnesses, for the answer that is being looked for


@contextmanager
def noting_replays() -> Iterator[list[tuple[int, bool]]]:
    """What `note_replay` is told inside, for the verdict that comes out."""
    global _tried
    before, _tried = _tried, []
    try:
        yield _tried
    finally:
        _tried = before


def note_replay(number: int, certified: bool) -> None:
    """A recorded witness of the running claim was tried."""
    if _tried is not None:
        _tried.append((number, certified))


def recorded_witnesses(question: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Those of the running claim that answered this question "no", with their numbers."""
    recorded = () if _running is None else _running.recorded
    return [
        (number, each["witness"])
        for number, each in enumerate(recorded)
        if (each["question"], each["answer"]) == (question, "no")
    ]


def count_ranges(*, computed: int = 0, read: int = 0, refused: str = "") -> None:
    """Tell the running recorder, if there is one, of ranges of shared work, or why a file of one was not used."""
    if _running is not None:
        told = _running.ranges
        told["computed"], told["read"] = told.get("computed", 0) + computed, told.get("read", 0) + read
        told["refused"] = [*told.get("refused", []), *([refused] if refused else [])]


MOST_UNDECIDED = 5


def reject_new_questions_when_undecided() -> bool:
    """Whether some example of the running test was undecided; after `MOST_UNDECIDED` of them, reject the running one.

    For questions that have no remembered answer.  Hypothesis makes a failing example smaller by hundreds of tries, and
    each undecided one costs a whole search: a few are worth that, and the example found by then is remembered.
    """
    if _running is None or not _running.undecided:
        return False
    if _running.undecided >= MOST_UNDECIDED:
        from hypothesis import reject  # only where some test was undecided before: so never without Hypothesis

        reject()
    return True


def run_seed() -> int:
    """The seed of the run, the same in all its workers; 0 when no claim is running."""
    return 0 if _running is None else _running.seed


def running_claim() -> str | None:
    """The id of the claim whose test is running, or None."""
    return None if _running is None else _running.claim


def canonical(value: object) -> str:
    """`value` as JSON, one text for one value.  Raises `TypeError` when it has none (NaN and infinities included)."""
    try:
        return json.dumps(_plain(value), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"a witness is written as JSON, floats by float.hex: {error}, in {value!r}") from None


def _plain(value: object) -> object:
    """Mappings of any sort as dicts, which is all that `json` knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _site(frame: FrameType | None) -> Site:
    """The nearest frame outside this package, from `frame` outwards."""
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE) and frame.f_back is not None:
        frame = frame.f_back
    if frame is None:
        return Site("<unknown>", 0, 0)
    code = frame.f_code
    # Two bytes an instruction: co_positions has one entry each.
    positions = itertools.islice(code.co_positions(), frame.f_lasti // 2, None)
    line, _, column, _ = next(positions, (None, None, None, None))
    return Site(code.co_filename, line or frame.f_lineno, 1 if column is None else column + 1)


# ---------------------------------------------------------------- compilations

_listening = False


def count_compilations() -> None:
    """Count XLA's compilations from now on, if JAX has been imported.  Never imports it itself."""
    global _listening
    if _listening or "jax" not in sys.modules:
        return
    from jax import monitoring

    monitoring.register_event_duration_secs_listener(_note_duration)
    _listening = True


def _note_duration(event: str, duration_secs: float, **_: str | int) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
        count(compiles=1)
