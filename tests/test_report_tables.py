"""Tables of verdicts: noted while a claim runs, pooled in any order, drawn three ways."""

import itertools
import json
from contextlib import suppress
from html.parser import HTMLParser

import pytest
from test_report import ENVIRONMENT, collection, question, trial

from netprops.evidence import Recorder, Table, no, recording, undecided, yes
from netprops.report import ledger, markdown, tables, terminal

SHAPES = Table("Is it <convex>?", ("network", "trained"), "loss")


def noted(*places):
    """What a recorder keeps of these cells (row, column, verdict), as it travels."""
    recorder = Recorder("a")
    with recording(recorder), recorder.example():
        for row, column, verdict in places:
            assert SHAPES.note(verdict, row=row, column=column) is verdict
    return [tables.cell(each) for each in recorder.cells]


PROVED = yes("is_convex", "proved", "a rule | of *sums*")
CERTIFIED = no("is_convex", "certified", "a < b & c")
CELLS = noted(
    (("one", "all"), "squared", PROVED),
    (("one", "all"), "log", PROVED),
    (("two", "first"), "squared", CERTIFIED),
    (("two", "last"), "log", PROVED),
)


def test_the_verdict_comes_back_and_a_failed_example_leaves_nothing():
    recorder = Recorder("a")
    with recording(recorder):
        with suppress(ZeroDivisionError), recorder.example():
            SHAPES.note(PROVED, row=("one", "all"), column="squared")
            raise ZeroDivisionError
        assert recorder.cells == []
        with recorder.example():
            SHAPES.note(PROVED, row=("one", "all"), column="squared")
    assert [(each.row, each.column, each.verdict.answer) for each in recorder.cells] == [
        (("one", "all"), "squared", "yes")
    ]
    assert SHAPES.note(CERTIFIED, row=("one", "all"), column="squared") is CERTIFIED  # outside a claim, too


@pytest.mark.parametrize("row", ["ab", ("one",), ("one", "two", "three")])
def test_a_row_has_one_label_for_each_heading(row):
    with pytest.raises(ValueError, match="network and trained"):
        SHAPES.note(PROVED, row=row, column="squared")


@pytest.mark.parametrize("rows", ["network", ()])
def test_a_table_has_headings(rows):
    with pytest.raises(ValueError, match="heading"):
        Table("?", rows, "loss")


def test_rows_and_columns_come_in_the_order_of_their_first_cells():
    (table,) = tables.pooled(CELLS)
    assert table["labels"] == ["squared", "log"]
    assert [each["row"] for each in table["cells"]] == [
        ["one", "all"],
        ["one", "all"],
        ["two", "first"],
        ["two", "last"],
    ]
    json.dumps(table)


def test_what_is_noted_in_one_place_is_counted_there_in_any_order():
    places = [
        (("one", "all"), "squared", verdict)
        for verdict in (PROVED, CERTIFIED, undecided("is_convex", "hm"), yes("is_convex", "proved", "short"))
    ]
    pooled = {json.dumps(tables.pooled(noted(*order)), sort_keys=True) for order in itertools.permutations(places)}
    assert len(pooled) == 1
    ((cell,),) = (table["cells"] for table in json.loads(pooled.pop()))
    assert (cell["yes"], cell["no"], cell["undecided"]) == (2, 1, 1)
    assert cell["by"] == {"proved": 2, "certified": 1}
    assert cell["because"] == "hm"


def test_text():
    (table,) = tables.pooled(CELLS)
    assert tables.text(table) == [
        "Is it <convex>?",
        "network  trained  squared       log",
        "-" * len("one      all      yes proved    yes proved"),
        "one      all      yes proved    yes proved",
        "two      first    no certified",
        "         last                   yes proved",
        "4 cells: 3 yes proved, 1 no certified",
    ]


def test_a_cell_with_several_answers_says_so():
    (table,) = tables.pooled(noted((("one", "all"), "log", PROVED), (("one", "all"), "log", CERTIFIED)))
    assert tables.text(table)[3].split()[2:] == ["mixed", "proved", "certified"]
    (table,) = tables.pooled(noted((("one", "all"), "log", undecided("is_convex", "hm"))))
    assert tables.text(table)[3].split()[2:] == ["undecided"]


def test_markdown():
    (table,) = tables.pooled(CELLS)
    lines = list(tables.markdown(table))
    assert "| network | trained | squared | log |" in lines
    assert "| two | first | \N{MULTIPLICATION X} certified |  |" in lines
    assert "|  | last |  | \N{CHECK MARK} proved |" in lines


class Page(HTMLParser):
    """The rows of the tables of a page, and whether its tags are balanced."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.classes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "!doctype"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.classes.append(dict(attributes).get("class"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.rows and any(tag in ("td", "th") for tag in self.open) and data.strip():
            self.rows[-1].append(data)


def test_the_page_holds_every_cell_with_its_reason():
    (claim,) = ledger.judge(collection("a"), [trial("a", question()) | {"cells": CELLS}])
    page = Page(tables.html_page(claim.entry))
    assert page.open == []
    assert page.rows[2:] == [
        ["one", "all", "\N{CHECK MARK} proved", "a rule | of *sums*", "\N{CHECK MARK} proved", "a rule | of *sums*"],
        ["two", "first", "\N{MULTIPLICATION X} certified", "a < b & c"],
        ["last", "\N{CHECK MARK} proved", "a rule | of *sums*"],
    ]
    assert page.classes == ["yes", "yes", "no", None, None, "yes"]


def test_the_reports_of_a_run_draw_it(tmp_path):
    first, second = (trial("a", question(), test=f"test_{k}") | {"cells": [cell]} for k, cell in enumerate(CELLS[1:3]))
    tests = {"tests": [first["test"], second["test"]]}
    both = [ledger.judge(collection("a", **tests), order) for order in ([first, second], [second, first])]
    assert both[0] == both[1]
    ledger.write(tmp_path, ENVIRONMENT, both[0])
    assert (tmp_path / "a.html").read_text() == tables.html_page(both[0][0].entry)
    assert "[a.html](a.html)" in markdown.page(ENVIRONMENT, both[0])
    assert any("no certified" in line for line, _ in terminal.summary(ENVIRONMENT, both[0], []))


def test_a_claim_without_tables_is_as_ever(tmp_path):
    judged = ledger.judge(collection("a"), [trial("a", question())])
    assert "tables" not in judged[0].entry
    ledger.write(tmp_path, ENVIRONMENT, judged)
    assert {path.name for path in tmp_path.iterdir()} == {"ledger.json", "ledger.md", "index.html"}
