"""Verdicts, and the recorder that keeps what a claim's tests asked."""

import subprocess
import sys

import pytest

from netprops import evidence
from netprops.evidence import (
    KINDS,
    Recorder,
    UnassertedVerdictError,
    UndecidedError,
    Verdict,
    no,
    record,
    recording,
    run_seed,
    running_claim,
    undecided,
    yes,
)

SURE = yes("is_convex", "proved", "a square of something affine")
WRONG = no("is_convex", "certified", "the midpoint of 0 and 2 lies above the chord", {"ends": ["0x0.0p+0", "0x1.0p+1"]})
UNSURE = undecided("is_convex", "searched 1000 points, found nothing", 1000)


@pytest.fixture
def recorder():
    with recording(Recorder("some-claim", seed=7)) as running:
        yield running


# ---------------------------------------------------------------- verdicts


def test_yes_is_true_and_no_is_false():
    assert SURE
    assert not WRONG


def test_undecided_is_neither_and_says_what_was_tried():
    with pytest.raises(UndecidedError, match=r"is_convex is undecided(?s:.*)searched 1000 points(?s:.*)To do"):
        bool(UNSURE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_verdict_tells_its_kind_of_evidence(kind):
    assert yes("no_counterexample", kind, "so").evidence == kind
    assert no("no_counterexample", kind, "so").kind == kind


def test_an_undecided_verdict_has_no_kind_of_evidence():
    assert UNSURE.evidence is None


def test_a_verdict_shows_question_answer_kind_reason_and_witness_on_one_line():
    text = repr(WRONG)
    assert text.startswith("<is_convex: no (certified) because the midpoint of 0 and 2 lies above the chord; witness")
    assert "0x1.0p+1" in text
    assert "\n" not in text


@pytest.mark.parametrize("compare", [lambda v: v == True, lambda v: v != True, lambda v: v in [True]])  # noqa: E712
def test_comparing_a_verdict_says_to_assert_it(compare):
    with pytest.raises(TypeError, match="write `assert is_convex"):
        compare(SURE)


def test_verdicts_have_no_order():
    with pytest.raises(TypeError):
        SURE < WRONG  # noqa: B015


def test_verdicts_are_hashable():
    assert len({SURE, WRONG, UNSURE}) == 3


@pytest.mark.parametrize("kind", [None, "", "guessed", "Proved"])
def test_an_answer_needs_one_of_the_four_kinds(kind):
    with pytest.raises(ValueError, match="a kind of evidence is one of"):
        yes("is_convex", kind, "so")


def test_undecided_with_a_kind_is_refused():
    with pytest.raises(ValueError, match="no kind of evidence"):
        Verdict("is_convex", "undecided", "proved", "so")


@pytest.mark.parametrize("answer", ["maybe", True, None])
def test_other_answers_are_refused(answer):
    with pytest.raises(ValueError, match="an answer is one of"):
        Verdict("is_convex", answer, "proved", "so")


@pytest.mark.parametrize("question", ["is_convex", "are_equal", "has_inertia"])
@pytest.mark.parametrize("answer", [yes, no])
def test_a_theorem_is_never_sampled(question, answer):
    with pytest.raises(ValueError, match="never answered by sampling"):
        answer(question, "sampled", "searched")


@pytest.mark.parametrize("because", ["", "  ", None])
def test_a_verdict_says_why(because):
    with pytest.raises(ValueError, match="says why"):
        yes("is_convex", "proved", because)


@pytest.mark.parametrize("evaluations", [-1, 1.5, True, None])
def test_evaluations_are_counted(evaluations):
    with pytest.raises(ValueError, match="evaluations"):
        yes("is_convex", "proved", "so", evaluations=evaluations)


def test_a_witness_is_a_mapping():
    with pytest.raises(TypeError, match="a witness is a mapping"):
        no("is_convex", "certified", "so", [1, 2])


# ---------------------------------------------------------------- the recorder


def test_outside_a_claim_nothing_is_recorded_and_truth_still_works():
    assert running_claim() is None
    assert run_seed() == 0
    assert record(SURE)
    evidence.count(evaluations=3, compiles=1)


def test_the_running_claim_and_its_seed_are_known(recorder):
    assert running_claim() == "some-claim"
    assert run_seed() == 7


def test_recorders_nest(recorder):
    with recording(Recorder("inner")):
        assert running_claim() == "inner"
    assert running_claim() == "some-claim"


def test_a_finished_example_is_kept(recorder):
    with recorder.example():
        assert record(SURE)
        assert not record(WRONG)
    assert [note.verdict.answer for note in recorder.kept] == ["yes", "no"]
    assert recorder.examples == 1


@pytest.mark.parametrize("error", [AssertionError, KeyboardInterrupt, UndecidedError])
def test_an_example_that_ends_in_an_exception_leaves_only_its_last_witness(recorder, error):
    with pytest.raises(error), recorder.example():  # noqa: PT012
        assert not record(WRONG)
        evidence.count(evaluations=5)
        raise error
    assert recorder.kept == []
    assert recorder.examples == recorder.evaluations == 0
    assert recorder.last_witness.verdict.witness == WRONG.witness


def test_an_undecided_verdict_used_as_true_ends_its_example(recorder):
    with pytest.raises(UndecidedError), recorder.example():
        assert record(UNSURE)
    assert recorder.kept == []


def test_an_undecided_verdict_that_the_test_expects_is_kept(recorder):
    with recorder.example(), pytest.raises(UndecidedError):
        bool(record(UNSURE))
    assert [note.verdict.answer for note in recorder.kept] == ["undecided"]


def test_a_verdict_that_nobody_asserts_is_an_error_with_its_place(recorder):
    said = r"a verdict nobody asserted: <is_convex: yes.*test_evidence\.py:\d+:9"
    with pytest.raises(UnassertedVerdictError, match=said), recorder.example():
        record(SURE)
    assert recorder.kept == []


def test_looking_at_the_answer_is_not_asserting(recorder):
    with pytest.raises(UnassertedVerdictError), recorder.example():
        assert record(SURE).answer == "yes"


def test_a_remembered_verdict_is_asserted_every_time_that_it_is_given(recorder):
    with pytest.raises(UnassertedVerdictError), recorder.example():  # noqa: PT012
        assert record(SURE)
        record(SURE)


def test_questions_on_one_line_are_told_apart_by_their_column(recorder):
    with recorder.example():
        assert record(SURE) and record(SURE)  # noqa: PT018
    first, second = (note.site for note in recorder.kept)
    assert first.file == second.file == __file__
    assert first.line == second.line
    assert (first.column, second.column) == (16, 33)


def test_evaluations_of_kept_examples_are_counted(recorder):
    with recorder.example():
        assert record(yes("no_counterexample", "sampled", "searched", evaluations=100))
        evidence.count(evaluations=20)
    assert recorder.evaluations == 120


def test_compilations_are_counted_whatever_becomes_of_the_example(recorder):
    with pytest.raises(AssertionError), recorder.example():  # noqa: PT012
        evidence.count(compiles=2)
        raise AssertionError
    assert recorder.compiles == 2


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_a_witness_that_is_no_json_is_refused(recorder, value):
    with pytest.raises(TypeError, match=r"float\.hex"):
        record(no("is_convex", "certified", "so", {"point": value}))


def test_real_compilations_are_heard(recorder):
    import jax

    evidence.count_compilations()
    jax.jit(lambda x: x * 3.0 + 0.125)(1.0)
    assert recorder.compiles == 1


def test_evidence_imports_nothing_heavy():
    code = "import sys, netprops.evidence; print({'jax', 'numpy', 'hypothesis', 'flint'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
