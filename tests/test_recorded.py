"""Recorded witnesses are tried before any search, believed only where they certify anew, and reported apart."""

import copy
import json

import jax.numpy as jnp
import pytest
from projects import comparable
from test_repeatable import POLICY, SEARCHED

from netprops import (
    are_equal,
    is_affine,
    is_concave,
    is_constant,
    is_convex,
    is_nondecreasing,
    is_nonincreasing,
    is_positive,
    is_quasiconcave,
    is_quasiconvex,
    no_counterexample,
    reals,
)
from netprops.domains import ordered_cone
from netprops.evidence import Recorder, recording
from netprops.questions.refuting import REPLAYED
from netprops.report import recorded
from netprops.search import falsify

CLAIM = "a claim"


def bumps(v):
    return jnp.sin(3 * v[0]) * jnp.exp(-v[1] ** 2) + v[1] ** 2


# Questions that only a search answers "no".
ASKED = {
    "is_convex": lambda: is_convex(bumps, on=reals(2)),
    "is_concave": lambda: is_concave(bumps, on=reals(2)),
    "is_affine": lambda: is_affine(bumps, on=reals(2)),
    "is_constant": lambda: is_constant(bumps, on=reals(2)),
    "is_quasiconvex": lambda: is_quasiconvex(lambda v: -bumps(v), on=reals(2)),
    "is_quasiconcave": lambda: is_quasiconcave(bumps, on=reals(2)),
    "is_nondecreasing": lambda: is_nondecreasing(bumps, on=reals(2)),
    "is_nonincreasing": lambda: is_nonincreasing(bumps, on=reals(2)),
    "is_positive": lambda: is_positive(lambda v: bumps(v - 0.3) + 0.7, on=reals(2)),
    "no_counterexample": lambda: no_counterexample(lambda v: bumps(v) + 0.7, reals(2)),
    "are_equal": lambda: are_equal(
        lambda v: jnp.maximum(v[0] * v[1] - 900, 0) + v[0], lambda v: v[0] + 0 * v[1], reals(2)
    ),
    "for all q": lambda: is_convex(lambda v, q: bumps(v) + q, on=reals(2), for_all=reals()),
    "on a cone": lambda: is_convex(bumps, on=ordered_cone(2)),
}


def asked(name, witnesses=(), seed=1):
    with recording(Recorder(CLAIM, seed, recorded=witnesses)):
        return ASKED[name]()


def as_recorded(verdict, **changes):
    """The witness as it comes out of a file."""
    fields = {"question": verdict.question, "answer": verdict.answer, "where": "x.py:1:1", "because": verdict.because}
    return json.loads(json.dumps({**fields, "witness": {**verdict.witness, **changes}}))


@pytest.fixture
def no_search(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("searched")

    def forbid():
        for name in ("against_convexity", "against_quasiconvexity", "against_monotonicity", "against_positivity",
                     "against_equality", "minimise"):  # fmt: skip
            monkeypatch.setattr(falsify, name, refuse)

    return forbid


@pytest.mark.parametrize("name", ASKED)
def test_a_recorded_witness_spares_the_search(name, no_search):
    first = asked(name)
    assert first.answer == "no"
    assert first.evaluations > 0
    assert first.replays == ()
    no_search()
    with pytest.raises(AssertionError, match="searched"):
        asked(name, seed=2)
    again = asked(name, (as_recorded(first),), seed=3)
    assert again.answer == "no"
    assert again.kind == "certified"
    assert again.evaluations == 0
    assert again.replays == ((0, True),)
    assert {**again.witness} == {**first.witness}
    assert again.because == first.because


def test_every_kind_that_is_tried_again_is_recorded():
    assert set(REPLAYED) == set(recorded._KINDS)


@pytest.mark.parametrize("name", [name for name in ASKED if name != "are_equal"])
def test_what_does_not_certify_is_told_and_the_search_goes_on(name):
    first = asked(name)
    spoilt = as_recorded(first, points={key: ["0x0.0p+0"] * len(p) for key, p in first.witness["points"].items()})
    again = asked(name, (spoilt,), seed=4)
    assert again.answer == "no"
    assert again.evaluations > 0
    assert again.replays[0] == (0, False)


DAMAGES = {
    "no points": {"points": {}},
    "another shape": {"points": {"a": ["0x1p+0"], "b": ["0x1p+1"]}},
    "no numbers": {"points": {"a": ["x", "y"], "b": ["z", "w"]}},
    "no texts": {"points": {"a": [1, 2], "b": [3, 4]}},
    "infinite": {"points": {"a": [float("inf").hex(), "0x1p+0"], "b": ["0x1p+0", "0x1p+0"]}},
    "no weight": {"weight": "heavy"},
    "a weight outside": {"weight": "3/2"},
    "a weight at an end": {"weight": "0"},
    "half of nothing": {"weight": "1/0"},
    "another entry": {"entry": 7},
    "no entry": {"entry": None},
    "points of no mapping": {"points": 3},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_none(damage):
    first = asked("is_convex")
    again = asked("is_convex", (as_recorded(first, **DAMAGES[damage]),), seed=5)
    assert again.replays == ((0, False),)
    assert again.evaluations > 0


def test_a_record_persuades_nobody_of_what_is_false():
    """Convex, but beyond the rules: what a forger records of it does not certify, whatever it says."""

    def convex(v):  # a^4 + b^4 + 6 a^2 b^2 at several places
        return jnp.sum((v[0] + v) ** 4) + jnp.sum((v[0] - v) ** 4) + jnp.cosh(v[0] * 1.5)

    forged = as_recorded(asked("is_convex"))
    with recording(Recorder(CLAIM, 1, recorded=(forged,))):
        assert is_convex(convex, on=reals(2)).answer != "no"
        assert is_convex(lambda v: v @ v, on=reals(2)).answer == "yes"


def test_a_record_of_another_question_is_not_tried():
    first = as_recorded(asked("is_convex"))
    assert asked("is_concave", (first,), seed=6).replays == ()
    assert asked("is_convex", ({**first, "answer": "yes"},), seed=6).replays == ()


# ---------------------------------------------------------------- whole runs


# Of one function, beside those that are drawn.
FIXED = """
@CLAIM
def test_fixed():
    assert is_convex(lambda v: jnp.exp(v[0]), on=reals(2))
    assert not is_convex(lambda v: jnp.sin(v[0] * v[1]), on=reals(2))
"""


@pytest.fixture
def book(project):
    project.pytester.makeconftest(POLICY)
    for number in range(2):
        project.claim(f"searched{number}", SEARCHED + FIXED, topic="products")
    assert project.run_apart("specs", "-n0", "--hypothesis-seed=3").ret == 0
    result = project.command("record", "out", "--into", "specs")
    assert result.ret == 0
    result.stdout.re_match_lines([r"specs/witnesses.json: \d+ witnesses of 2 claims"])
    return project


def test_a_ledgers_witnesses_are_replayed_first_and_reported_apart(book):
    before = book.ledger()
    result = book.run_apart("specs", "-n0", "--hypothesis-seed=3")
    assert result.ret == 0
    result.stdout.re_match_lines([r"recorded witnesses: \d+ answers by them"])
    alone = book.ledger()
    for then, now in zip(before["claims"], alone["claims"], strict=True):
        assert "replays" not in then
        assert now["outcome"] == "shown"
        assert now["evaluations"] < then["evaluations"]
        assert now["replays"]["answers"] == now["examples"]
        assert now["replays"]["gone"] == []
    assert alone["environment"]["sources"] != before["environment"]["sources"]
    # One seed, one ledger.
    assert book.run_apart("specs", "-n2", "--hypothesis-seed=3").ret == 0
    assert comparable(book.ledger()) == comparable(alone)
    assert set(book.run_shards(2, "--hypothesis-seed=3", "-n0")) == {0}
    assert book.command("merge", "out1", "out2", "--into", "merged").ret == 0
    assert comparable(book.ledger("merged")) == comparable(alone)


def test_a_witness_that_is_none_any_more_is_reported_and_the_search_goes_on(book):
    module = book.pytester.path / "specs" / "products" / "test_searched0.py"
    changed = module.read_text().replace("jnp.sin(v[0] * v[1])", "jnp.minimum(v[1], 99)")  # bent where no record is
    assert changed.count("jnp.minimum") == 2
    module.write_text(changed)
    result = book.run_apart("specs", "-n0", "--hypothesis-seed=3")
    assert result.ret == 0
    gone = "  no longer certified: searched0, is_convex at specs/products/test_searched0.py:*: between*"
    result.stdout.fnmatch_lines([gone])
    first, second = book.ledger()["claims"]
    assert first["outcome"] == second["outcome"] == "shown"
    assert first["replays"]["answers"] == 0
    assert first["replays"]["gone"]
    # Nothing is said of those that are drawn: under another seed they might be others.
    place = max(each["where"] for each in first["questions"])
    assert {each["where"] for each in first["replays"]["gone"]} == {place}
    assert first["evaluations"] > 0
    assert second["replays"]["gone"] == []


@pytest.mark.parametrize(
    ("content", "why"),
    [("{", "is not JSON"), ("[]", "is no file of witnesses"), ('{"schema": 2, "witnesses": {}}', "of schema 1"),
     ('{"schema": 1, "witnesses": {"searched0": [{}]}}', "the witnesses of searched0 have the parts question")],
)  # fmt: skip
def test_a_malformed_file_is_refused(project, content, why):
    project.claim("searched0", SEARCHED, topic="products")
    (project.pytester.path / "specs" / "witnesses.json").write_text(content)
    result = project.run("specs", "-n0")
    assert result.ret != 0
    result.stdout.fnmatch_lines([f"*witnesses.json*{why}*write it anew by `python -m netprops record*"])


def test_record_refuses_what_is_no_ledger(project):
    result = project.command("record", "nowhere", "--into", "specs")
    assert result.ret == 1
    result.stderr.fnmatch_lines(["record: nowhere is not the folder of a ledger*"])


def test_claims_that_fell_short_record_nothing():
    chord = {"question": "is_convex", "answer": "no", "where": "w", "because": "b", "witness": {"kind": "chord"}}
    other = {**copy.deepcopy(chord), "witness": {"kind": "frequency"}}
    entries = [{"id": id, "outcome": outcome, "witnesses": [chord, other]} for id, outcome in
               (("a", "shown"), ("b", "failed"))]  # fmt: skip
    assert recorded.of_ledger({"claims": entries}) == {"a": [chord]}
