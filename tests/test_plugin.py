"""The pytest plugin, on small projects of its own: what is shown, what fails the run, and what the ledger says."""

import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis.internal import constants_ast
from projects import BOTH, DRAWN, IMPORTS, PROVED, REFUTED, ROW, UNSURE, comparable, marked

from netprops.report import run


@pytest.fixture(scope="module", autouse=True)
def _imported_once():
    """pytester forgets what a run imported: without this each of them would import the package again."""
    run.import_all()


# ---------------------------------------------------------------- shown


def test_a_claim_with_all_its_evidence_and_its_control_is_shown(project):
    project.claim("good", marked(*BOTH))
    result = project.run()
    assert result.ret == 0
    page = project.pytester.path / "out" / "index.html"
    result.stdout.fnmatch_lines(["sums", "*shown*good*holds*", "1 of 1 claim shown", f"to read: {page}"])
    assert 'id="good"' in page.read_text()


def test_the_ledger_has_the_agreed_form(project):
    project.claim("good", marked(*BOTH, given="@given(st.integers())"))
    project.run("specs", "--hypothesis-seed=5")
    ledger = project.ledger()
    assert set(ledger) == {"schema", "environment", "claims"}
    assert list(ledger["environment"]) == [
        *("netprops", "python", "jax", "libraries", "sources", "device", "x64", "profile", "seed"),
        *("workers", "wall_seconds"),
    ]
    assert ledger["environment"]["seed"] == 5
    assert ledger["environment"]["workers"] == 1
    entry = project.entry("good")
    assert entry["examples"] > 1
    assert entry.pop("seconds") > 0
    where = "specs/sums/test_good.py"
    times = entry["examples"]
    assert entry == {
        "id": "good",
        "statement": "In words: good.",
        "source": ["D1.A6", "D2.Q"],
        "topic": "sums",
        "module": where,
        "verdict": "holds",
        "outcome": "shown",
        "evidence": {"proved": times, "certified": times, "sampled": 0, "estimated": 0, "undecided": 0},
        "questions": [
            {"question": "is_convex", "where": f"{where}:12:12", "yes": times, "no": 0, "undecided": 0}
            | {"by": {"proved": times}},
            {"question": "is_convex", "where": f"{where}:13:16", "yes": 0, "no": times, "undecided": 0}
            | {"by": {"certified": times}},
        ],
        "examples": times,
        "evaluations": 0,
        "compiles": 0,
        "witnesses": [
            {"question": "is_convex", "where": f"{where}:13:16", "answer": "no", "because": "a chord", "drawn": True}
            | {"witness": {"ends": [0, 2]}}
        ],
    }


def test_the_evidence_of_a_claims_tests_is_pooled(project):
    project.claim("good", marked(BOTH[0], name="test_one") + marked(BOTH[1], name="test_other"))
    assert project.run().ret == 0
    assert project.entry("good")["outcome"] == "shown"


@pytest.mark.parametrize("order", ["@CLAIM\n@given(st.integers())", "@given(st.integers())\n@CLAIM"])
def test_a_claim_may_stand_above_or_below_given(project, order):
    project.claim("good", f"{order}\ndef test_it(n):\n    {BOTH[0]}\n    {BOTH[1]}\n")
    assert project.run().ret == 0


def test_parametrized_tests_all_count(project):
    given = '@pytest.mark.parametrize("m", [1, 2])\n@given(n=st.just(0))'
    project.claim("good", marked(*BOTH, given=given).replace("(n)", "(n, m)"))
    assert project.run().ret == 0
    assert project.entry("good")["examples"] == 2


def test_markdown_tells_the_claim_its_evidence_and_its_witness(project):
    project.claim("good", marked(*BOTH))
    project.run()
    page = (project.pytester.path / "out" / "ledger.md").read_text()
    assert "1 of 1 claims shown." in page
    assert "> In words: good." in page
    assert "| shown | [good](#good) | holds | 1 proved, 1 certified | 1 |" in page
    assert "a chord" in page


# ---------------------------------------------------------------- not shown although every test passes


def test_a_control_that_agrees_shows_nothing(project):
    project.claim("oneway", marked(f"assert {PROVED}", f"assert {PROVED.replace('proved', 'certified')}"))
    result = project.run()
    assert result.ret == 1
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*undecided oneway*", "*In words: oneway.", "*is_convex was only ever answered yes*"])
    assert project.entry("oneway")["outcome"] == "undecided"


def test_missing_evidence_fails_the_run(project):
    project.claim("thin", marked(f"assert {PROVED}", f"assert not {REFUTED.replace('certified', 'proved')}"))
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*no certified evidence, which its catalogue row demands"])


def test_an_undecided_answer_that_the_test_survives_is_not_shown(project):
    project.claim("unsure", marked(*BOTH, "with pytest.raises(UndecidedError):", f"    assert {UNSURE}"))
    assert project.run().ret == 1
    entry = project.entry("unsure")
    assert (entry["outcome"], entry["evidence"]["undecided"]) == ("undecided", 1)


def test_what_a_claim_gives_to_draw_is_in_its_ledger_and_nothing_else_changes(project):
    project.claim("good", marked(*BOTH))
    project.run("specs", "--hypothesis-seed=1")
    before = project.entry("good")
    drawing = "CLAIM.curve('A line', [0, 1], [n / 3 for n in (1, 2)], axes=('x', 'y'))"
    path = project.pytester.path / "specs" / "sums" / "test_good.py"
    path.write_text(path.read_text() + f"    {drawing}\n    {drawing.replace('1, 2', '3, 4')}\n")
    assert project.run("specs", "--hypothesis-seed=1").ret == 0
    after = project.entry("good")
    line = {"title": "A line", "name": "", "axes": ["x", "y"], "x": [0.0, 1.0], "y": [0.333333, 0.666667]}
    assert after.pop("curves") == [line]  # of one title and name the first is kept
    assert before | {"seconds": 0} == after | {"seconds": 0}
    assert "no evidence" in (project.pytester.path / "out" / "index.html").read_text()


def test_a_skipped_test_fails_the_run(project):
    project.claim("skipped", marked(*BOTH) + marked("pytest.skip('no device')", name="test_other"))
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*not run *skipped*", "*test_other was skipped: Skipped: no device"])


def test_a_test_that_is_expected_to_fail_shows_nothing(project):
    project.claim("xfailed", marked(*BOTH) + "@pytest.mark.xfail\n" + marked("assert False", name="test_other"))
    assert project.run().ret == 1
    assert project.entry("xfailed")["outcome"] == "failed"


# ---------------------------------------------------------------- tests that fail


def test_a_failing_test_prints_the_claim_in_words_and_what_it_asked_last(project):
    project.claim("wrong", marked(f"assert {REFUTED}"))
    result = project.run()
    assert result.ret == 1
    told = ["*- claim -*", "In words: wrong.", "Asked last: <is_convex: no (certified)*", "*assert not*", "Because: *"]
    told[3] = f"            assert {REFUTED}".replace("[", "[[]")
    result.stdout.fnmatch_lines([*told, "Again:      pytest specs/sums/test_wrong.py::test_it --hypothesis-seed=*"])


def test_a_failed_test_counts_nothing_and_keeps_its_last_witness(project):
    project.claim("wrong", marked(*BOTH, "assert False"))
    project.run()
    entry = project.entry("wrong")
    assert (entry["outcome"], entry["questions"], entry["examples"]) == ("failed", [], 0)
    assert set(entry["evidence"].values()) == {0}
    assert [each["witness"] for each in entry["witnesses"]] == [{"ends": [0, 2]}]


def test_a_failing_example_leaves_nothing_behind(project):
    project.claim("wrong", marked(*BOTH, "assert n < 5", given="@given(st.integers())"))
    project.run()
    assert project.entry("wrong")["questions"] == []


def test_a_rejected_example_leaves_nothing_behind(project):
    project.claim("picky", marked(*BOTH, "assume(n % 2 == 0)", given="@given(st.integers())"))
    assert project.run().ret == 0
    entry = project.entry("picky")
    assert [each["yes"] + each["no"] for each in entry["questions"]] == [entry["examples"]] * 2


def test_an_undecided_verdict_used_as_true_fails(project):
    project.claim("unsure", marked(*BOTH, f"assert {UNSURE}"))
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*UndecidedError: is_convex is undecided*"])
    assert project.entry("unsure")["outcome"] == "undecided"


@pytest.mark.parametrize("given", ["", "@given(st.integers())"])
def test_a_verdict_nobody_asserted_fails(project, given):
    project.claim("unasserted", marked(*BOTH, PROVED, given=given))
    result = project.run()
    result.stdout.fnmatch_lines(["*a verdict nobody asserted: <is_convex: yes*test_unasserted.py:14:5*"])
    assert project.entry("unasserted")["outcome"] == "failed"


@pytest.mark.parametrize("given", ["", "@given(st.integers())"])
def test_a_claim_that_asks_nothing_fails(project, given):
    project.claim("silent", marked("assert 1 + 1 == 2", given=given))
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*NothingShownError: it asked nothing*"])
    assert project.entry("silent")["outcome"] == "failed"


def test_an_empty_domain_fails(project):
    project.claim("empty", marked(*BOTH, given="@given(st.nothing())"))
    assert project.run().ret == 1
    assert project.entry("empty")["outcome"] == "failed"


def test_rejecting_every_example_fails(project):
    project.claim("empty", marked(*BOTH, "assume(False)", given="@given(st.booleans())"))
    assert project.run().ret == 1
    assert project.entry("empty")["outcome"] == "failed"


def test_completing_no_example_fails(project):
    project.claim("phaseless", marked(*BOTH, given="@settings(phases=[Phase.explicit])\n@given(st.booleans())"))
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*no example was completed*"])


def test_an_error_before_the_test_fails_its_claim(project):
    fixture = "@pytest.fixture(autouse=True)\ndef broken():\n    raise OSError('no data')\n"
    project.claim("broken", fixture + marked(*BOTH))
    assert project.run().ret == 1
    assert project.entry("broken")["outcome"] == "failed"


def test_an_error_after_the_test_fails_its_claim(project):
    fixture = "@pytest.fixture(autouse=True)\ndef broken():\n    yield\n    raise OSError('no data')\n"
    project.claim("broken", fixture + marked(*BOTH))
    assert project.run().ret == 1
    assert project.entry("broken")["outcome"] == "failed"


def test_other_tests_are_left_alone(project):
    project.pytester.makepyfile(f"{IMPORTS}\ndef test_it():\n    {PROVED}\n    {PROVED}\n")
    result = project.pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1)
    assert "claims" not in result.stdout.str()


# ---------------------------------------------------------------- selecting

TWO = marked(*BOTH, name="test_one") + marked(*BOTH, name="test_other")


@pytest.mark.parametrize(
    "selection",
    [
        ["specs", "-k", "test_one"],
        ["specs/sums/test_good.py::test_one"],
        ["specs", "--deselect=specs/sums/test_good.py::test_one"],
    ],
)
def test_a_claim_whose_test_was_not_selected_is_not_run_and_fails_nothing(project, selection):
    project.claim("good", TWO)
    result = project.run(*selection)
    assert result.ret == 0
    assert project.entry("good")["outcome"] == "not run"
    result.stdout.fnmatch_lines(["0 of 1 claim shown, 1 not run"])


def test_a_claim_that_falls_short_fails_a_selective_run_as_well(project):
    project.claim("good", TWO)
    project.claim("oneway", marked(f"assert {PROVED}"))
    assert project.run("specs", "-k", "oneway").ret == 1


def test_a_parameter_left_out_is_a_test_left_out(project):
    tests = marked(*BOTH).replace("test_it()", "test_it(m)")
    project.claim("good", '@pytest.mark.parametrize("m", [1, 2])\n' + tests)
    assert project.run("specs/sums/test_good.py::test_it[1]").ret == 0
    assert project.entry("good")["outcome"] == "not run"


def test_last_failed_leaves_out_what_passed(project):
    project.claim("good", marked(*BOTH, name="test_one") + marked("assert False", name="test_other"))
    project.claim("fine", marked(*BOTH))
    project.run()
    result = project.run("specs", "--lf")
    result.assert_outcomes(failed=1)
    assert project.entry("good")["outcome"] == "failed"
    assert "missing" not in result.stdout.str()


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("sums", {"one"}),
        ("holds", {"one", "two"}),
        ("certified", {"one", "two"}),
        ("estimated", set()),
        ("claim(id='two')", {"two"}),
        ("claim(topic='sums')", {"one"}),
        ("source(document='D2')", {"one", "two"}),
        ("source(part='A6') and products", {"two"}),
        ("source(locator='D1.A7')", set()),
    ],
)
def test_claims_are_selected_by_their_marks(project, expression, chosen):
    project.claim("one", marked(*BOTH))
    project.claim("two", marked(*BOTH), topic="products")
    project.run("specs", "-m", expression)
    assert {entry["id"] for entry in project.ledger()["claims"] if entry["outcome"] == "shown"} == chosen


def test_collecting_only_judges_nothing(project):
    project.claim("oneway", marked(f"assert {PROVED}"))
    assert project.pytester.runpytest_inprocess("specs", "--collect-only").ret == 0


def test_a_row_that_no_module_shows_fails_a_run_of_the_whole_folder(project):
    project.claim("good", marked(*BOTH))
    project.row("forgotten")
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*missing *forgotten: no module shows it*", "1 of 2 claims shown; 1 fell short*"])


def test_a_run_that_stops_at_the_first_failure_blames_nothing_else(project):
    project.claim("a", marked("assert False"))
    project.claim("b", marked(*BOTH))
    result = project.run("specs", "-x")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["0 of 2 claims shown, 1 not run; 1 fell short*"])


def test_a_foreign_file_of_the_same_name_is_left_alone(project):
    (project.pytester.path / "specs" / "claims.toml").write_text("[[claim]]\namount = 3\n")
    project.pytester.makepyfile(**{"specs/test_it": "def test_it(): pass"})
    result = project.pytester.runpytest_inprocess("specs")
    assert result.ret == 0
    assert "netprops: " not in result.stdout.str()


def test_a_row_that_no_module_shows_is_no_matter_elsewhere(project):
    project.claim("good", marked(*BOTH))
    project.row("forgotten")
    assert project.run("specs/sums").ret == 0


# ---------------------------------------------------------------- errors before the run


@pytest.mark.parametrize("blocked", ["file", "file/below"])
def test_a_ledger_that_cannot_be_written_stops_before_the_run(project, blocked):
    project.claim("good", marked(*BOTH))
    (project.pytester.path / "file").write_text("")
    result = project.pytester.runpytest_inprocess("specs", f"--ledger={blocked}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --ledger: cannot write to {blocked}: *"])


def test_a_claim_that_the_catalogue_does_not_know_is_an_error_at_collection(project):
    project.claim("good", marked(*BOTH))
    (project.pytester.path / "specs" / "claims.toml").write_text(ROW.format(id="gold", topic="sums"))
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*ClaimError: *test_good.py: claim 'good' is not in *did you mean 'gold'*"])


# ---------------------------------------------------------------- seeds, workers, reports


def test_one_seed_makes_one_ledger(project):
    project.claim("drawn", DRAWN)
    project.run()
    first = project.ledger()
    project.run("specs", f"--hypothesis-seed={first['environment']['seed']}")
    assert comparable(project.ledger()) == comparable(first)
    assert project.entry("drawn")["evaluations"] > 0


def test_without_a_seed_runs_differ(project):
    project.claim("drawn", DRAWN)
    project.run()
    first = project.ledger()
    project.run()
    assert comparable(project.ledger()) != comparable(first)


def test_the_header_states_the_seed(project):
    project.claim("drawn", DRAWN)
    result = project.run("specs", "--hypothesis-seed=12")
    result.stdout.fnmatch_lines(["netprops: *1 process, --hypothesis-seed=12"])


def test_a_seed_need_not_be_a_number(project):
    project.claim("drawn", DRAWN)
    assert project.run("specs", "--hypothesis-seed=twelve").ret == 0
    assert project.ledger()["environment"]["seed"] == "twelve"


def test_workers_change_nothing_in_the_ledger(project):
    for number in range(3):
        project.claim(f"drawn{number}", DRAWN + marked(*BOTH, name="test_other"))
    project.claim("wrong", marked(*BOTH, "assert n < 5", given="@given(st.integers())"))
    project.claim("oneway", marked(f"assert {PROVED}"))
    assert project.run_apart("specs", "-n0", "--hypothesis-seed=3").ret == 1
    alone = project.ledger()
    result = project.run_apart("specs", "-n2", "--hypothesis-seed=3", "--junitxml=out/junit.xml")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*2 workers, --hypothesis-seed=3", "3 of 5 claims shown; 2 fell short*"])
    assert comparable(project.ledger()) == comparable(alone)
    assert project.ledger()["environment"]["workers"] == 2
    assert_junit_names_claims(project, 8)


def test_claims_are_told_of_live_as_workers_finish_them(project):
    """One line each, once all its tests have reported, in place of a letter for every test; nothing with -q."""
    project.claim("good", TWO)
    project.claim("oneway", marked(f"assert {PROVED}"))
    project.claim("wrong", marked(*BOTH) + marked("assert False", name="test_other"))
    lines = project.run_apart("specs", "-n2").stdout.lines
    end = next(k for k, line in enumerate(lines) if "FAILURES" in line)
    live = [line.split() for line in lines[:end] if line.startswith(("1/3", "2/3", "3/3"))]
    assert {(outcome, id) for _, outcome, id, *_ in live} == (
        {("shown", "good"), ("undecided", "oneway"), ("failed", "wrong")}
    )
    assert [each[0] for each in live] == ["1/3", "2/3", "3/3"]
    assert "2 proved, 2 certified" in " ".join(next(each for each in live if each[2] == "good"))
    assert not any(line.startswith((".", "F")) for line in lines[:end])
    quiet = project.run_apart("specs", "-n2", "-q").stdout.str()
    assert "1/3" not in quiet


def test_a_module_that_cannot_be_collected_is_told_of_under_workers(project):
    project.claim("good", marked(*BOTH))
    project.pytester.makepyfile(**{"specs/test_broken": "import nothing_of_that_name"})
    result = project.run_apart("specs", "-n2")
    assert result.ret != pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["*ModuleNotFoundError*nothing_of_that_name*"])
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


def test_a_run_without_a_terminal_tells_nothing(project):
    project.claim("good", marked(*BOTH))
    assert project.run_apart("specs", "-p", "no:terminal").ret == 0
    assert project.entry("good")["outcome"] == "shown"


def test_what_is_left_out_is_told_of_as_not_run_under_workers(project):
    project.claim("good", TWO)
    result = project.run_apart("specs", "-n2", "-k", "test_one")
    result.stdout.fnmatch_lines(["1/1 not run   good*"])


def test_junit_names_claim_and_verdict_and_nothing_more(project):
    project.claim("good", marked(*BOTH))
    project.run("specs", "--junitxml=out/junit.xml")
    assert_junit_names_claims(project, 1)


def assert_junit_names_claims(project, tests):
    cases = list(ET.parse(project.pytester.path / "out" / "junit.xml").iter("testcase"))
    assert len(cases) == tests
    for case in cases:
        assert [each.get("name") for each in case.iter("property")] == ["claim", "verdict"]


def test_a_quiet_run_lists_only_what_falls_short(project):
    project.claim("good", marked(*BOTH))
    project.claim("oneway", marked(f"assert {PROVED}"))
    result = project.run("specs", "-q")
    assert "shown     good" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*undecided oneway*", "1 of 2 claims shown*"])


def test_the_plugin_imports_nothing_heavy():
    code = "import sys, netprops.plugin; print({'jax', 'numpy', 'hypothesis', 'flint'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


@pytest.mark.parametrize("given", ["", "@given(st.integers())"])
def test_the_package_is_imported_whole_only_where_something_is_drawn(project, given):
    """What Hypothesis draws hangs on what is imported; the rest of the runs start without JAX."""
    seen = ("import sys", "print('JAX is', 'there' if 'jax' in sys.modules else 'not there')")
    project.claim("looks", marked(*seen, *BOTH, given=given))
    result = project.run_apart("specs", "-s")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*JAX is there*" if given else "*JAX is not there*"])


def test_an_installed_package_is_none_whose_constants_are_drawn():
    """So it need not be imported: Hypothesis reads the modules of the project that it tests."""
    installed = Path(sysconfig.get_path("purelib")) / "netprops" / "__init__.py"
    assert not constants_ast.is_local_module_file(str(installed))
    assert constants_ast.is_local_module_file(run.__file__)
    code = (
        f"import sys, netprops; from netprops.report import run; netprops.__file__ = {str(installed)!r}; "
        "run.import_all(); print('jax' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


# ---------------------------------------------------------------- estimates


ESTIMATED = 'record(yes("is_share_above", "estimated", "9 of 9"))'


def test_more_estimates_than_the_promise_covers_fail_the_run(project):
    never = 'assert not record(no("is_share_above", "estimated", "0 of 9"))'
    lines = (*BOTH, never, "for _ in range(99):", f"    assert {ESTIMATED}")
    project.claim("few", marked(*lines))
    assert project.run().ret == pytest.ExitCode.OK
    project.claim("more", marked(*lines))
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["200 estimated answers: a chance of a false alarm below 0.0001 in all is promised *"])


@pytest.mark.parametrize(("options", "seen"), [((), True), (("-q",), False)])
def test_progress_is_shown_unless_quiet(project, options, seen):
    tests = f"""
from netprops import progress

@CLAIM
def test_it(monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    progress.Progress("coins", 8000).at(1000)
    assert {PROVED}
    assert not {REFUTED}
"""
    project.claim("long", tests)
    result = project.run("specs", *options)
    assert result.ret == pytest.ExitCode.OK
    assert ("coins: 1,000 of 8,000" in result.stdout.str()) is seen
