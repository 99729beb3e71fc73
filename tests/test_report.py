"""From what tests recorded to the ledger, the terminal and the page, on plain data."""

import itertools
import json

import pytest

from netprops.claims import claim
from netprops.evidence import KINDS, Recorder, no, record, recording, yes
from netprops.report import ledger, markdown, run, terminal

ONE_WAY = "is_convex was only ever answered yes: add a control that it must answer no"

ENVIRONMENT = {
    "netprops": "1",
    "python": "3",
    "jax": "0",
    "device": "cpu",
    "x64": True,
    "profile": "default",
    "seed": 4,
    "workers": 2,
    "wall_seconds": 1.5,
}


def collection(*ids, **fields):
    """A collection of these claims, with one test each."""
    return {
        id: {
            "id": id,
            "statement": f"In words: {id}.",
            "source": ["D1.Q"],
            "topic": "sums",
            "module": f"specs/sums/test_{id}.py",
            "verdict": "holds",
            "demands": ["proved"],
            "catalogue": "/specs/claims.toml",
            "place": place,
            "tests": [f"specs/sums/test_{id}.py::test_it"],
            "left_out": [],
        }
        | fields
        for place, id in enumerate(ids)
    }


def question(name="is_convex", line=1, yes=1, no=1, by="proved"):
    counts = {"yes": yes, "no": no, "undecided": 0, "by": {by: yes + no}}
    return {"question": name, "where": f"specs/sums/test_a.py:{line}:1", **counts}


def trial(id, *questions, test="test_it", outcome="passed", why="", examples=1, seconds=0.25, witnesses=()):
    return {
        "claim": id,
        "test": f"specs/sums/test_{id}.py::{test}",
        "outcome": outcome,
        "why": why,
        "examples": examples,
        "evaluations": 1000,
        "compiles": 1,
        "seconds": seconds,
        "questions": list(questions),
        "witnesses": list(witnesses),
    }


def only(judged):
    (claim,) = judged
    return claim


# ---------------------------------------------------------------- pooling and judging


def test_counts_add_up_over_tests():
    judged = only(ledger.judge(collection("a"), [trial("a", question()), trial("a", question(yes=4), test="test_b")]))
    assert judged.entry["questions"] == [question(yes=5, no=2)]
    assert judged.entry["evidence"] == {"proved": 7, "certified": 0, "sampled": 0, "estimated": 0, "undecided": 0}
    assert [judged.entry[name] for name in ("examples", "evaluations", "compiles", "seconds")] == [2, 2000, 2, 0.5]


def test_the_order_in_which_trials_arrive_changes_nothing():
    trials = [trial("a", question(line=line), test=f"test_{line}", witnesses=[{"n": line}]) for line in (2, 10, 1)]
    entries = {json.dumps(only(ledger.judge(collection("a"), order)).entry) for order in itertools.permutations(trials)}
    assert len(entries) == 1


def test_questions_come_in_the_order_of_the_module():
    entry = only(ledger.judge(collection("a"), [trial("a", *(question(line=line) for line in (10, 9, 2)))])).entry
    assert [each["where"].split(":")[1] for each in entry["questions"]] == ["2", "9", "10"]


def test_claims_come_in_the_order_of_the_catalogue():
    judged = ledger.judge(collection("z", "a"), [trial("a", question()), trial("z", question())])
    assert [claim.entry["id"] for claim in judged] == ["z", "a"]


def test_every_frequency_is_kept():
    frequencies = [{"witness": {"kind": "frequency", "n": number}} for number in range(20)]
    witnesses = [{"witness": {"n": number}} for number in range(20)]
    kept = only(ledger.judge(collection("a"), [trial("a", question(), witnesses=witnesses + frequencies)]))
    assert [each in frequencies for each in kept.entry["witnesses"]] == [True] * 20 + [False] * ledger.WITNESSES


def test_witnesses_are_few_and_the_shortest_first():
    witnesses = [{"n": number} for number in range(200, 0, -1)]
    kept = only(ledger.judge(collection("a"), [trial("a", question(), witnesses=witnesses)])).entry["witnesses"]
    assert kept == [{"n": number} for number in range(1, ledger.WITNESSES + 1)]


def test_the_last_word_on_a_test_counts():
    judged = only(ledger.judge(collection("a"), [trial("a", outcome="failed"), trial("a", question())]))
    assert judged.entry["outcome"] == "shown"


@pytest.mark.parametrize(
    ("trials", "fields", "outcome", "fails", "why"),
    [
        ([trial("a", question())], {}, "shown", False, []),
        ([trial("a", outcome="failed", why="no")], {}, "failed", True, ["test_it: no"]),
        ([trial("a", outcome="undecided", why="hm")], {}, "undecided", True, ["test_it: hm"]),
        (
            [trial("a", outcome="undecided", why="hm"), trial("a", outcome="failed", why="no", test="test_b")],
            {},
            "failed",
            True,
            ["test_b: no", "test_it: hm"],
        ),
        ([trial("a", outcome="skipped", why="hm")], {}, "not run", True, ["test_it was skipped: hm"]),
        ([], {}, "not run", True, ["test_it never ran"]),
        ([], {"left_out": ["a.py::test_it"]}, "not run", False, ["not selected: test_it"]),
        ([trial("a", outcome="failed", why="no")], {"left_out": ["a.py::test_b"]}, "failed", True, ["test_it: no"]),
        ([trial("a", question(no=0))], {}, "undecided", True, [ONE_WAY]),
    ],
)
def test_outcomes(trials, fields, outcome, fails, why):
    judged = only(ledger.judge(collection("a", **fields), trials))
    assert (judged.entry["outcome"], judged.fails, list(judged.why)) == (outcome, fails, why)


def test_a_run_that_stopped_says_nothing_on_what_it_did_not_come_to():
    judged = only(ledger.judge(collection("a"), [], stopped=True))
    assert (judged.entry["outcome"], judged.fails) == ("not run", False)


# ---------------------------------------------------------------- from a recorder


@pytest.fixture
def stated(tmp_path):
    """A claim of a module in tmp_path."""
    row = 'id = "a"\ntopic = "sums"\nsays = "A."\nsource = ["D1.Q"]\nverdict = "holds"\n'
    (tmp_path / "claims.toml").write_text(f'[[claim]]\n{row}evidence = ["proved"]\ncontrol = "B."\n')
    space = {"claim": claim, "__file__": str(tmp_path / "sums" / "test_a.py")}
    return eval("claim('a', source=('D1.Q',), verdict='holds')", space)


@pytest.fixture
def recorder():
    with recording(Recorder("a")) as running, running.example():
        for number in range(3):
            assert record(yes("is_convex", "proved", "a rule", evaluations=10))
            assert not record(no("is_convex", "certified", "a chord", {"n": number}))
    return running


def of(stated, recorder, outcome):
    root = stated.module.rpartition("/sums/")[0]
    return ledger.trial(stated, "test_it", recorder, root, outcome=outcome, why="", seconds=1.0)


def test_a_passed_test_leaves_what_it_asked(stated, recorder):
    left = of(stated, recorder, "passed")
    assert (left["examples"], left["evaluations"]) == (1, 30)
    assert [(each["yes"], each["no"], each["by"]) for each in left["questions"]] == (
        [(3, 0, {"proved": 3}), (0, 3, {"certified": 3})]
    )
    assert [each["witness"] for each in left["witnesses"]] == [{"n": 0}, {"n": 1}, {"n": 2}]


@pytest.mark.parametrize("outcome", ["failed", "undecided", "skipped"])
def test_any_other_test_leaves_its_last_witness(stated, recorder, outcome):
    left = of(stated, recorder, outcome)
    assert (left["examples"], left["evaluations"], left["questions"]) == (0, 0, [])
    assert [each["witness"] for each in left["witnesses"]] == [{"n": 2}]


def test_a_test_that_never_began_leaves_nothing(stated):
    assert of(stated, None, "failed")["witnesses"] == []


def test_a_claim_gives_lines_and_surfaces_to_draw(stated):
    with recording(Recorder("a")) as running, running.example():
        stated.curve("A line", [0, 1], [2, 3], axes=("x", "y"), name="one")
        stated.surface("A surface", [0, 1], [0, 1], [[0, 1], [1, 2]], axes=("x", "y", "z"))
    line, surface = of(stated, running, "passed")["curves"]
    assert (line["name"], line["axes"], line["y"]) == ("one", ["x", "y"], [2, 3])
    assert surface["z"] == [[0, 1], [1, 2]]
    assert of(stated, running, "failed")["curves"] == []


def test_files_are_relative_to_the_root_of_the_run(stated):
    assert ledger.collected(stated, stated.module.rpartition("/sums/")[0])["module"] == "sums/test_a.py"


# ---------------------------------------------------------------- for people


@pytest.fixture
def judged():
    wrong = trial("wrong", outcome="failed", why="no | way")
    trials = [trial("good", question()), trial("oneway", question(no=0)), wrong]
    claims = collection("good", "oneway", "wrong", "other")
    claims["other"]["left_out"] = claims["other"]["tests"]
    return ledger.judge(claims, trials)


def lines(*arguments, **options):
    return [text for text, _ in terminal.summary(ENVIRONMENT, *arguments, **options)]


def test_the_terminal_lists_claims_with_counts_and_reasons(judged):
    assert lines(judged, ["forgotten"]) == [
        "                                   proved  examples  seconds",
        "sums",
        "  shown     good    holds               2         1     0.25",
        "  undecided oneway  holds               1         1     0.25",
        "            In words: oneway.",
        f"            {ONE_WAY}",
        "  failed    wrong   holds                         1     0.25",
        "            In words: wrong.",
        "            test_it: no | way",
        "  missing   forgotten: no module shows it, or it cannot be imported",
        "slowest: good 0.2 s, oneway 0.2 s, wrong 0.2 s",
        "3 examples, 3,000 evaluations, 3 compilations; "
        "cpu, float64, 2 processes, profile default, --hypothesis-seed=4",
        "1 of 5 claims shown, 1 not run; 3 fell short, so the run fails",
    ]


def many(shown, failed=0):
    """Claims of two topics, of which some fall short."""
    claims = collection(*(f"c{k}" for k in range(shown + failed)))
    for k, entry in enumerate(claims.values()):
        entry["topic"] = "sums" if k < shown / 2 else "products"
    trials = [trial(f"c{k}", question()) for k in range(shown)]
    trials += [trial(f"c{k}", outcome="failed", why="no way") for k in range(shown, shown + failed)]
    return ledger.judge(claims, trials)


def test_many_claims_are_counted_by_topic_and_what_falls_short_is_told_of():
    assert lines(many(100), [])[:3] == [
        "              shown    proved  examples  seconds",
        "sums       50 of 50       100        50     12.5",
        "products   50 of 50       100        50     12.5",
    ]
    told = lines(many(100, 30), [f"forgotten{k}" for k in range(30)])
    assert "products   50 of 80       100        80     20.0" in told
    assert sum("no way" in line for line in told) == terminal.MOST_SHORT
    assert "  24 more fell short (-v lists them)" in told
    assert "  missing   24 more (-v lists them)" in told
    assert len(told) <= 40


def test_a_full_summary_has_a_line_for_each_claim():
    assert sum("  shown     c" in line for line in lines(many(100), [], full=True)) == 100
    assert sum("no way" in line for line in lines(many(100, 30), [], full=True)) == 30


def test_a_brief_summary_leaves_out_what_is_shown(judged):
    assert not any("good   " in line for line in lines(judged, [], brief=True))


def test_nothing_but_totals_when_nothing_was_selected(judged):
    assert lines(judged[3:], [])[-1] == "0 of 1 claim shown, 1 not run"
    assert "sums" not in lines(judged[3:], [])


def test_the_page_escapes_what_markdown_would_read(judged):
    page = markdown.page(ENVIRONMENT, judged)
    assert "- test\\_it: no \\| way" in page
    assert page.startswith("# Claims and their evidence\n\n1 of 4 claims shown.\n")
    assert "seed 4" in page


def test_the_ledger_is_written_for_machines_and_for_people(tmp_path, judged):
    ledger.write(tmp_path, ENVIRONMENT, judged)
    written = json.loads((tmp_path / "ledger.json").read_text())
    assert written == ledger.document(ENVIRONMENT, judged)
    assert written["schema"] == 1
    assert set(written["claims"][0]["evidence"]) == {*KINDS, "undecided"}
    assert (tmp_path / "ledger.md").exists()


# ---------------------------------------------------------------- seeds and folders


def test_a_seed_is_read_as_hypothesis_reads_it():
    assert run.choose_seed("12") == 12
    assert run.choose_seed("twelve") == "twelve"
    assert run.choose_seed(None) != run.choose_seed(None)


def test_a_seed_has_a_number():
    assert run.seed_number(12) == 12
    assert run.seed_number("twelve") == run.seed_number("twelve") != run.seed_number("eleven")


def test_catalogues_are_found_above_in_and_below(tmp_path):
    catalogue = tmp_path / "specs" / "claims.toml"
    (tmp_path / "specs" / "sums").mkdir(parents=True)
    catalogue.write_text("")
    for path in (tmp_path, tmp_path / "specs", tmp_path / "specs" / "sums" / "test_a.py"):
        assert run.catalogues([path]) == [catalogue]
    assert run.catalogues([tmp_path.parent / "elsewhere"]) == []
