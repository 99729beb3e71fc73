"""claim(): what is refused, where, and what a claim has to show."""

import runpy

import pytest

from netprops.claims import (
    CONDITIONAL,
    HOLDS,
    REFUTED,
    Claim,
    ClaimError,
    claim,
    claim_of,
    marks,
    read_catalogue,
    shortfalls,
)

ROW = """
[[claim]]
id = "sums-are-sums"
topic = "sums"
says = "A sum is a sum."
source = ["D1.A6.c2", "D1.Q"]
verdict = "holds"
evidence = ["proved"]
control = "A product."
"""

GOOD = 'CLAIM = claim("sums-are-sums", source=("D1.A6.c2", "D1.Q"), verdict=HOLDS)'


@pytest.fixture
def catalogue(tmp_path):
    path = tmp_path / "specs" / "claims.toml"
    (path.parent / "sums").mkdir(parents=True)
    path.write_text(ROW)
    return path


@pytest.fixture
def module(catalogue):
    """Run a module of the topic sums, as pytest does when it collects it."""

    def run(text, name="sums/test_sums.py"):
        path = catalogue.parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"from netprops.claims import claim, HOLDS, REFUTED\n{text}\n")
        return runpy.run_path(str(path))

    return run


def test_a_claim_carries_its_row(module, catalogue):
    made = module(GOOD)["CLAIM"]
    assert isinstance(made, Claim)
    assert (made.id, made.verdict, made.row.topic) == ("sums-are-sums", HOLDS, "sums")
    assert made.source == ("D1.A6.c2", "D1.Q")
    assert made.module == str(catalogue.parent / "sums" / "test_sums.py")


def test_the_order_of_the_sources_is_free(module):
    assert module(GOOD.replace('"D1.A6.c2", "D1.Q"', '"D1.Q", "D1.A6.c2"'))["CLAIM"].source == ("D1.Q", "D1.A6.c2")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("sums-are-sums", "sums-are-sum"), r"test_sums\.py: claim 'sums-are-sum' is not in .*claims\.toml; did you"),
        (("sums-are-sums", "quite-another"), "is not in .*: add a row for it"),
        (("HOLDS)", "REFUTED)"), "has the verdict 'refuted', .*says 'holds': correct one"),
        (("HOLDS)", "'true')"), "a verdict is HOLDS, CONDITIONAL or REFUTED, got 'true'"),
        (('("D1.A6.c2", "D1.Q")', '("D1.Q",)'), "has the source D1.Q, .* says D1.A6.c2, D1.Q: correct one"),
        (('("D1.A6.c2", "D1.Q")', "()"), "names no source"),
        (('("D1.A6.c2", "D1.Q")', "('',)"), "names no source"),
    ],
)
def test_a_claim_that_disagrees_with_the_catalogue_is_refused(module, change, says):
    with pytest.raises(ClaimError, match=says):
        module(GOOD.replace(*change))


def test_a_claim_without_a_source_is_no_call(module):
    with pytest.raises(TypeError, match="source"):
        module("claim('sums-are-sums', verdict=HOLDS)")


def test_a_claim_in_the_folder_of_another_topic_is_refused(module):
    with pytest.raises(ClaimError, match=r"belongs to the topic 'sums': move it to .*/specs/sums"):
        module(GOOD, "products/test_sums.py")


def test_a_claim_beside_its_catalogue_is_refused(module):
    with pytest.raises(ClaimError, match="belongs to the topic 'sums'"):
        module(GOOD, "test_sums.py")


def test_two_modules_with_one_claim_are_refused(module):
    module(GOOD)
    with pytest.raises(ClaimError, match=r"test_again\.py.*is made in .*test_sums\.py already"):
        module(GOOD, "sums/test_again.py")


def test_a_module_may_be_imported_twice(module):
    assert module(GOOD)["CLAIM"].id == module(GOOD)["CLAIM"].id


def test_a_claim_without_a_catalogue_is_refused(module, catalogue):
    catalogue.unlink()
    with pytest.raises(ClaimError, match=r"there is no claims\.toml in the folders above"):
        module(GOOD)


def test_a_claim_outside_a_module_is_refused():
    with pytest.raises(ClaimError, match="outside a module"):
        eval("claim('sums-are-sums', source=('D1.Q',), verdict='holds')", {"claim": claim})


# ---------------------------------------------------------------- marking tests


def test_a_marked_test_knows_its_claim(module):
    space = module(GOOD + "\n@CLAIM\ndef test_sum(): pass")
    assert claim_of(space["test_sum"]) is space["CLAIM"]


@pytest.mark.parametrize("order", ["@CLAIM\n@given(integers())", "@given(integers())\n@CLAIM"])
def test_a_claim_marks_above_and_below_given(module, order):
    imports = "from hypothesis import given\nfrom hypothesis.strategies import integers"
    space = module(f"{imports}\n{GOOD}\n{order}\ndef test_sum(n): pass")
    assert claim_of(space["test_sum"]) is space["CLAIM"]


@pytest.mark.parametrize("thing", ["def sum_of(): pass", "class TestSum: pass"])
def test_only_tests_are_marked(module, thing):
    with pytest.raises(ClaimError, match="a claim marks functions that pytest runs"):
        module(f"{GOOD}\n@CLAIM\n{thing}")


def test_one_test_has_one_claim(module, catalogue):
    catalogue.write_text(ROW + ROW.replace("sums-are-sums", "other"))
    with pytest.raises(ClaimError, match="is a test of sums-are-sums already"):
        module(f"{GOOD}\nOTHER = {GOOD[8:].replace('sums-are-sums', 'other')}\n@OTHER\n@CLAIM\ndef test_sum(): pass")


def test_an_unmarked_test_has_no_claim():
    assert claim_of(lambda: None) is None
    assert claim_of(None) is None


def test_marks_select_by_topic_verdict_evidence_and_source(module):
    found = list(marks(module(GOOD)["CLAIM"]))
    assert found == [
        ("claim", {"id": "sums-are-sums", "topic": "sums", "verdict": "holds"}),
        ("source", {"locator": "D1.A6.c2", "document": "D1", "part": "A6", "comment": "c2"}),
        ("source", {"locator": "D1.Q", "document": "D1", "part": "Q"}),
        ("sums", {}),
        ("holds", {}),
        ("proved", {}),
    ]


# ---------------------------------------------------------------- the catalogue


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('id = "sums-are-sums"', ""), r"claim 1 \(without an id\) lacks id"),
        (('source = ["D1.A6.c2", "D1.Q"]', "source = []"), "lacks source"),
        (('control = "A product."', ""), "lacks control"),
        (('verdict = "holds"', 'verdict = "true"'), "a verdict is one of holds, conditional, refuted, got 'true'"),
        (('["proved"]', '["proven"]'), "a kind of evidence is one of .*, got proven"),
        (('["proved"]', '"proved"'), "evidence is a list of strings"),
        (("topic =", 'topik = "x"\ntopic ='), "has topik, which no claim has"),
        (("[[claim]]", "[[claim"), "is not TOML"),
    ],
)
def test_a_row_that_is_incomplete_or_unclear_is_refused(catalogue, change, says):
    catalogue.write_text(ROW.replace(*change))
    with pytest.raises(ClaimError, match=says):
        read_catalogue(catalogue)


def test_a_row_that_is_listed_twice_is_refused(catalogue):
    catalogue.write_text(ROW + ROW)
    with pytest.raises(ClaimError, match="lists 'sums-are-sums' twice"):
        read_catalogue(catalogue)


def test_the_catalogue_of_this_project_is_well_formed(pytestconfig):
    rows = read_catalogue(pytestconfig.rootpath / "specs" / "claims.toml")
    assert len(rows) >= 34
    assert all(row.formal for row in rows.values())
    assert {row.verdict for row in rows.values()} == {HOLDS, CONDITIONAL, REFUTED}


# ---------------------------------------------------------------- what has to be shown


def asked(question="is_convex", yes=0, no=0, undecided=0, by="proved"):
    counts = {"yes": yes, "no": no, "undecided": undecided, "by": {by: yes + no}}
    return {"question": question, "where": "specs/sums/test_sums.py:3:5", **counts}


def test_both_answers_by_the_evidence_demanded_show_a_claim():
    assert shortfalls(["proved", "certified"], [asked(yes=1), asked(no=1, by="certified")]) == []


def test_the_control_may_be_asked_elsewhere_in_the_claim():
    assert shortfalls(["proved"], [asked(yes=5), asked("are_equal", yes=1, no=1), asked(no=2)]) == []


@pytest.mark.parametrize(
    ("questions", "says"),
    [
        ([], ["it asks nothing"]),
        ([asked(yes=1)], ["is_convex was only ever answered yes: add a control that it must answer no"]),
        ([asked(no=1)], ["is_convex was only ever answered no: add a control that it must answer yes"]),
        ([asked(yes=1, no=1, by="certified")], ["no proved evidence, which its catalogue row demands"]),
        ([asked(yes=1, no=1, undecided=1)], ["is_convex at specs/sums/test_sums.py:3:5 is undecided"]),
        (
            [asked(yes=1, no=1), asked("are_equal", yes=3)],
            ["are_equal was only ever answered yes: add a control that it must answer no"],
        ),
    ],
)
def test_what_falls_short_is_said(questions, says):
    assert shortfalls(["proved"], questions) == says
