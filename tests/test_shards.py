"""Shards: which claims are whose, what their ledgers say, and which of them make one ledger."""

import argparse
import itertools
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import BOTH, DRAWN, PROVED, comparable, marked
from test_report import ENVIRONMENT, collection, question, trial

from netprops.report import files, ledger, merging, shards, sources

IDS = st.lists(st.text(min_size=1), unique=True, max_size=30)


# ---------------------------------------------------------------- the partition


@given(ids=IDS, of=st.integers(1, 40), data=st.data())
def test_a_partition_has_every_claim_once_whatever_their_order(ids, of, data):
    known = data.draw(st.dictionaries(st.sampled_from(ids), st.floats(0, 1e6))) if ids else {}
    parts = shards.partition(ids, known, of)
    assert len(parts) == of
    assert sorted(id for part in parts for id in part) == sorted(ids)
    assert shards.partition(data.draw(st.permutations(ids)), known, of) == parts


@given(ids=IDS, of=st.integers(1, 40))
def test_without_durations_shards_differ_by_one_claim_at_most(ids, of):
    sizes = [len(part) for part in shards.partition(ids, {}, of)]
    assert max(sizes) - min(sizes) <= 1


@given(seconds=st.lists(st.integers(0, 50), min_size=1, max_size=7), of=st.integers(1, 4))
def test_with_durations_no_shard_is_a_third_longer_than_the_best(seconds, of):
    table = {str(number): float(each) for number, each in enumerate(seconds)}
    longest = max(sum(table[id] for id in part) for part in shards.partition(list(table), table, of))
    assert 3 * longest <= 4 * best_makespan(sorted(seconds, reverse=True), of)


def best_makespan(seconds, of):
    """The least time of the longest part, by trying all partitions."""
    return min(
        max(sum(each for each, part in zip(seconds, chosen, strict=True) if part == one) for one in range(of))
        for chosen in itertools.product(range(of), repeat=len(seconds))
    )


def test_long_claims_are_spread_and_short_ones_fill_up():
    table = {"a": 6.0, "b": 5.0, "c": 3.0, "d": 2.0, "e": 2.0}
    assert sorted(sum(table[id] for id in part) for part in shards.partition(list(table), table, 2)) == [8.0, 10.0]
    assert {"a", "b"} not in shards.partition(list(table), table, 2)


def test_a_claim_without_a_time_counts_as_the_median():
    parts = shards.partition(["long", "usual", "short", "new"], {"long": 9.0, "usual": 4.0, "short": 1.0}, 2)
    assert sorted(map(sorted, parts)) == [["long"], ["new", "short", "usual"]]


def test_the_partition_is_the_same_in_every_process():
    code = "from netprops.report import shards; print([sorted(p) for p in shards.partition(list('abcdefgh'), {}, 3)])"
    runs = [subprocess.check_output([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}) for seed in "12"]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "/3", "1/", "a/3", "-1/3", "1.0/3", "²/3"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        shards.parse(text)


@pytest.mark.parametrize("text", ["", "[]", '{"a": "1"}', '{"a": -1}', '{"a": true}', '{"a": NaN}'])
def test_malformed_durations_are_refused(tmp_path, text):
    (tmp_path / "durations.json").write_text(text)
    with pytest.raises(shards.DurationsError):
        shards.read_durations(tmp_path / "durations.json")


# ---------------------------------------------------------------- runs


def test_a_shard_runs_its_claims_whole_and_knows_no_others(project):
    for number in range(4):
        project.claim(f"c{number}", marked(*BOTH, name="test_one") + marked(*BOTH, name="test_other"))
    found = []
    for index in (1, 2, 3):
        result = project.run("specs", f"--shard={index}/3")
        assert result.ret == 0
        result.stdout.fnmatch_lines([f"netprops: *shard {index}/3*", "*claim* shown"])
        entries = project.ledger()["claims"]
        assert {entry["outcome"] for entry in entries} == {"shown"}
        assert {entry["examples"] for entry in entries} == {2}
        found += [entry["id"] for entry in entries]
    assert sorted(found) == ["c0", "c1", "c2", "c3"]


def test_durations_decide_the_partition(project):
    for id in ("a", "b", "c", "d"):
        project.claim(id, marked(*BOTH))
    (project.pytester.path / "specs" / "durations.json").write_text('{"a": 1, "b": 1, "c": 1, "d": 10}')
    sizes = []
    for index in (1, 2):
        assert project.run("specs", f"--shard={index}/2").ret == 0
        sizes.append([entry["id"] for entry in project.ledger()["claims"]])
    assert sorted(sizes) == [["a", "b", "c"], ["d"]]


def test_a_row_without_a_module_is_missing_in_one_shard_alone(project):
    project.claim("good", marked(*BOTH))
    project.row("forgotten")
    assert sorted(project.run("specs", f"--shard={index}/2").ret for index in (1, 2)) == [0, 1]


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_shard_without_claims_is_no_failure(project, workers):
    project.claim("good", marked(*BOTH))
    assert project.run_shards(2, workers) == [0, 0]


def test_tests_of_no_claim_run_in_one_shard(project):
    project.claim("good", marked(*BOTH))
    project.pytester.makepyfile(**{"specs/test_other": "def test_it(): pass"})
    passed = [project.run("specs", f"--shard={index}/3").parseoutcomes().get("passed", 0) for index in (1, 2, 3)]
    assert sorted(passed) in ([0, 0, 2], [0, 1, 1])


def test_a_shard_of_the_command_line_is_checked_there(project):
    project.claim("good", marked(*BOTH))
    result = project.run("specs", "--shard=3/2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*argument --shard: the parts of 2 are 1/2 to 2/2, got '3/2'"])


def test_shards_merged_are_the_whole(project):
    for number in range(5):
        project.claim(f"drawn{number}", DRAWN + marked(*BOTH, name="test_other"))
    project.claim("tabled", TABLED)
    assert project.run_apart("specs", "-n0", "--hypothesis-seed=3").ret == 0
    assert project.run_shards(3, "--hypothesis-seed=3") == [0, 0, 0]
    result = project.command("merge", "out1", "out2", "out3", "--into", "merged")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["6 of 6 claims shown"])
    whole, merged = project.ledger(), project.ledger("merged")
    assert comparable(merged) == comparable(whole)
    assert set(merged) == set(whole)
    same = set(whole["environment"]) - {"workers", "wall_seconds"}
    assert {name: merged["environment"][name] for name in same} == {name: whole["environment"][name] for name in same}
    assert merged["environment"]["shards"] == 3
    folder = project.pytester.path / "merged"
    assert json.loads((folder / "badge.json").read_text()) == (
        {"schemaVersion": 1, "label": "claims", "message": "6 of 6 shown", "color": "brightgreen"}
    )
    assert "| sums | 6 | 6 |  |  |  |" in (folder / "summary.md").read_text()
    assert "6 of 6 claims shown." in (folder / "ledger.md").read_text()
    assert (folder / "tabled.html").is_file()


TABLED = """
from netprops.evidence import Table

VERDICTS = Table("is it?", rows=("row",), columns="column")


@CLAIM
def test_it():
    assert VERDICTS.note(record(yes("is_convex", "proved", "a rule")), row=("r",), column="c")
    assert not VERDICTS.note(record(no("is_convex", "certified", "a chord", {"ends": [0, 2]})), row=("s",), column="c")
"""


def test_a_claim_that_is_not_shown_is_merged_and_fails_the_merge(project):
    project.claim("good", marked(*BOTH))
    project.claim("oneway", marked(f"assert {PROVED}"))
    project.row("forgotten")
    statuses = project.run_shards(2, "--hypothesis-seed=3")
    assert set(statuses) <= {0, 1}
    assert 1 in statuses
    result = project.command("merge", "out1", "out2", "--into", "merged")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*undecided oneway*", "*is_convex was only ever answered yes*"])
    result.stdout.fnmatch_lines(["*missing *forgotten: no module shows it*", "1 of 3 claims shown; 2 fell short*"])
    summary = (project.pytester.path / "merged" / "summary.md").read_text()
    assert "- **undecided** `oneway`: `no certified evidence" in summary
    assert "- **missing** `forgotten`" in summary
    assert json.loads((project.pytester.path / "merged" / "badge.json").read_text())["color"] == "red"


def test_a_shard_of_a_part_of_the_folder_leaves_a_hole(project):
    project.claim("one", marked(*BOTH))
    project.claim("two", marked(*BOTH), topic="products")
    project.run("specs/sums", "--shard=1/1", "--hypothesis-seed=3")
    result = project.command("merge", "out", "--into", "merged")
    assert result.ret == 1
    result.stderr.fnmatch_lines(["merge: no ledger among out/ledger.json has two: run every shard on the *"])
    assert not (project.pytester.path / "merged").exists()


# ---------------------------------------------------------------- what is refused


WHOLE = ("a", "b", "c")
STATES = {**ENVIRONMENT, "libraries": "numpy 2", "sources": "5e"}
QUESTIONS = {id: [question(line=1), question(line=2)] for id in WHOLE}


def shard(folder, index, ids, of=2, *, missing=(), **environment):
    """Write what the run of a shard with these claims would have written."""
    found = {id: entry for id, entry in collection(*WHOLE).items() if id in ids}
    judged = ledger.judge(found, [trial(id, *QUESTIONS[id]) for id in ids])
    about = {"index": index, "of": of, "catalogues": {"specs/claims.toml": list(WHOLE)}, "missing": list(missing)}
    folder = folder / f"out{index}"
    folder.mkdir(exist_ok=True)
    ledger.write(folder, {**STATES, **environment}, judged, {**about, "why": {}})
    return folder


def merged(*folders):
    return merging.merge([merging.read(folder) for folder in folders])


def test_what_fits_is_merged_in_the_order_of_the_catalogue(tmp_path):
    found = merged(shard(tmp_path, 1, "ca"), shard(tmp_path, 2, "b"))
    assert [claim.entry["id"] for claim in found.judged] == ["a", "b", "c"]
    assert found.is_shown


def test_a_missing_row_is_no_hole_but_not_shown(tmp_path):
    found = merged(shard(tmp_path, 1, "a"), shard(tmp_path, 2, "b", missing="c"))
    assert (found.shown, found.everything, found.is_shown) == (2, 3, False)


@pytest.mark.parametrize("name", merging._SAME)
def test_what_was_not_run_alike_is_refused(tmp_path, name):
    folders = shard(tmp_path, 1, "ca"), shard(tmp_path, 2, "b", **{name: "another"})
    with pytest.raises(merging.MergeError, match=f"out1/ledger.json and .*out2/ledger.json differ in {name}: "):
        merged(*folders)


def test_another_device_and_other_workers_are_fine(tmp_path):
    found = merged(shard(tmp_path, 1, "ca"), shard(tmp_path, 2, "b", device="H200", workers=5, wall_seconds=9))
    assert [found.environment[name] for name in ("device", "workers", "wall_seconds")] == ["H200, cpu", 7, 9]


def test_a_shard_that_is_not_there_is_a_hole(tmp_path):
    with pytest.raises(merging.MergeError, match=r"there is no ledger of shard 2/2 beside .*out1/ledger.json"):
        merged(shard(tmp_path, 1, "abc"))


def test_a_claim_that_no_shard_has_is_a_hole(tmp_path):
    with pytest.raises(merging.MergeError, match=r"no ledger among .*out1.*out2/ledger.json has c: run every shard"):
        merged(shard(tmp_path, 1, "a"), shard(tmp_path, 2, "b"))


def test_a_shard_twice_is_refused(tmp_path):
    one, two = shard(tmp_path, 1, "ac"), shard(tmp_path, 2, "b")
    with pytest.raises(merging.MergeError, match=r"out1/ledger.json and .*out1/ledger.json are both of shard 1/2"):
        merged(one, two, one)


def test_a_claim_twice_is_refused(tmp_path):
    with pytest.raises(merging.MergeError, match=r"a is in more than one ledger: .*out1.*, .*out2"):
        merged(shard(tmp_path, 1, "ac"), shard(tmp_path, 2, "ab"))


def test_shards_of_different_numbers_are_refused(tmp_path):
    with pytest.raises(merging.MergeError, match="differ in their number of shards"):
        merged(shard(tmp_path, 1, "ac"), shard(tmp_path, 2, "b", of=3))


def test_a_ledger_of_no_shard_is_refused(tmp_path):
    ledger.write(tmp_path, STATES, [])
    with pytest.raises(merging.MergeError, match="was written without --shard"):
        merged(tmp_path)


def test_another_schema_is_refused(tmp_path):
    folder = shard(tmp_path, 1, "abc", of=1)
    edit(folder, lambda found: found.update(schema=2))
    with pytest.raises(merging.MergeError, match="has the schema 2, this netprops reads 1"):
        merged(folder)


def test_a_folder_without_a_ledger_is_refused(tmp_path):
    with pytest.raises(merging.MergeError, match=r"ledger.json: No such file or directory"):
        merged(tmp_path)


def edit(folder, change):
    path = folder / "ledger.json"
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found["claims"][0].update(outcome="failed"),
        lambda found: found["claims"][0]["questions"][0].update(yes=7),
        lambda found: found["environment"].update(seed=5),
        lambda found: found["shard"].update(index=2),
        lambda found: found["shard"]["catalogues"]["specs/claims.toml"].pop(),
        lambda found: found["claims"].pop(),
        lambda found: found["shard"].pop("checksum"),
    ],
)
def test_a_hand_edited_ledger_is_refused(tmp_path, change):
    folder = shard(tmp_path, 1, "abc", of=1)
    assert merged(folder).is_shown
    edit(folder, change)
    with pytest.raises(merging.MergeError, match="does not fit its checksum, so it was truncated or edited"):
        merged(folder)


def test_a_ledger_laid_out_otherwise_is_the_same(tmp_path):
    folder = shard(tmp_path, 1, "abc", of=1)
    edit(folder, lambda found: None)
    assert merged(folder).is_shown


def test_a_ledger_cut_anywhere_is_refused(tmp_path):
    folder = shard(tmp_path, 1, "abc", of=1)
    path = folder / "ledger.json"
    text = path.read_text().rstrip()
    for length in [0, 1, len(text) - 1, *random.Random(1).sample(range(len(text)), 20)]:
        path.write_text(text[:length])
        with pytest.raises(merging.MergeError, match="truncated or edited"):
            merged(folder)


def test_estimates_of_all_shards_count_together(tmp_path):
    many = trial("a", question("is_share_above", yes=60, no=60, by="estimated"), question())
    judged = ledger.judge(collection("a"), [many])
    assert judged[0].entry["outcome"] == "shown"
    found = merging.Merged(STATES, judged, [])
    assert not found.is_shown
    assert found.too_many_estimates.startswith("120 estimated answers")


def test_nothing_is_merged_over_a_shard(tmp_path, capsys):
    from netprops.__main__ import main

    folder = shard(tmp_path, 1, "abc", of=1)
    assert main(["merge", str(folder), "--into", str(folder)]) == 1
    assert "would be overwritten: merge into another folder" in capsys.readouterr().err


# ---------------------------------------------------------------- durations, sources, files


def test_durations_are_read_off_a_ledger(tmp_path, capsys):
    from netprops.__main__ import main

    judged = ledger.judge(collection("a", "b"), [trial("a", *QUESTIONS["a"], seconds=12.3456)])
    ledger.write(tmp_path, STATES, judged)
    assert main(["durations", str(tmp_path), "--into", str(tmp_path)]) == 0
    assert shards.read_durations(tmp_path / "durations.json") == {"a": 12.0}
    assert main(["durations", str(tmp_path / "nowhere"), "--into", str(tmp_path)]) == 1
    assert "is not the folder of a ledger" in capsys.readouterr().err


def test_merging_needs_no_jax(tmp_path):
    folder = shard(tmp_path, 1, "abc", of=1)
    code = "import sys; from netprops.__main__ import main; main(sys.argv[1:]); print('jax' in sys.modules)"
    command = [sys.executable, "-c", code, "merge", str(folder), "--into", str(tmp_path / "merged")]
    assert subprocess.check_output(command, text=True).splitlines()[-1] == "False"


@pytest.mark.parametrize("changed", ["claims.toml", "sums/test_a.py", "durations.json", "../conftest.py"])
def test_a_change_of_the_sources_changes_their_hash(tmp_path, changed):
    for name in ("specs/claims.toml", "specs/sums/test_a.py", "specs/durations.json", "conftest.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("one\ntwo\n")
    catalogue = tmp_path / "specs" / "claims.toml"
    before = sources.digest([catalogue], str(tmp_path))
    (tmp_path / "specs" / "notes.txt").write_text("beside the point")
    (tmp_path / "specs" / changed).write_bytes(b"one\r\ntwo\r\n")
    assert sources.digest([catalogue], str(tmp_path)) == before
    (tmp_path / "specs" / changed).write_text("one\nthree\n")
    assert sources.digest([catalogue], str(tmp_path)) != before


def test_the_hash_of_the_sources_does_not_know_where_they_lie(tmp_path):
    hashes = set()
    for name in ("here", "there"):
        folder = tmp_path / name / "specs"
        folder.mkdir(parents=True)
        (folder / "claims.toml").write_text("")
        hashes.add(sources.digest([folder / "claims.toml"], str(tmp_path / name)))
    assert len(hashes) == 1


def test_the_package_is_part_of_the_sources(tmp_path, monkeypatch):
    before = sources.digest([], str(tmp_path))
    monkeypatch.setattr(sources, "_PACKAGE", Path(tmp_path))
    assert sources.digest([], str(tmp_path)) != before


def test_a_file_is_there_whole_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "ledger.json"
    files.write(path, "before")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        files.write(path, "after")
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.json"]


# ---------------------------------------------------------------- the workflow


def test_the_workflow_asks_for_options_and_files_that_there_are(tmp_path):
    workflow = (Path(__file__).parent.parent / ".github" / "workflows" / "specs.yml").read_text()
    command = workflow.partition("pytest specs")[2].partition("- uses:")[0]
    options = set(re.findall(r"--[a-z-]+", command))
    assert {"--shard", "--ledger", "--hypothesis-seed"} <= options
    known = subprocess.check_output([sys.executable, "-m", "pytest", "--help"], text=True, cwd=tmp_path)
    assert not {option for option in options if option not in known}
    assert "python -m netprops merge ledgers/shard-* --into out" in workflow
    merging.write(tmp_path, merging.Merged(STATES, ledger.judge(collection("a"), [trial("a", question())]), []))
    for name in re.findall(r"out/([a-z]+\.[a-z]+)", workflow):
        assert (tmp_path / name).is_file()
    assert "cat out/summary.md" in workflow
