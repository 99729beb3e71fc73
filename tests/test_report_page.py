"""The page of a ledger: whole, by itself, in the order of the documents, and safe with any text."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from test_report import ENVIRONMENT, collection, question, trial
from test_report_tables import CELLS
from test_report_witnesses import RECORDS, entry_of

from netprops.claims import read_catalogue
from netprops.report import ledger, page

SPECS = Path(__file__).parent.parent / "specs"
VOID = {"meta", "input", "br"}
HOSTILE = """</script><script>alert("x")</script><img src=x onerror='alert(1)'> & "quotes' ]]> --> \u2028 <!-- {{x}}"""


class Parsed(HTMLParser):
    """What a page consists of; its tags must be balanced."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.tags, self.links, self.attributes, self.texts = [], [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        assert len(given) == len(attributes), f"{tag} has an attribute twice"
        self.tags.append((tag, given))
        self.attributes += attributes
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def words(self, without=("script", "style")):
        return " ".join(text for tag, text in self.texts if tag not in without)

    def of(self, tag):
        return [given for name, given in self.tags if name == tag]


def judged_of(claims, *trials):
    return ledger.judge(claims, trials)


def of_every_kind(id="pictured"):
    """A claim with a witness of every kind, a table and curves."""
    line = {"title": "A line", "name": "", "axes": ["x", "y"], "x": [0, 1, 2], "y": [0, None, 4]}
    surface = {"title": "A surface", "name": "", "axes": ["x", "y", "z"], "x": [0, 1, 2], "y": [0, 1]}
    return trial(id, question(), witnesses=[entry_of(record) for record in RECORDS.values()]) | {
        "cells": CELLS,
        "curves": [line, surface | {"z": [[0, 1, 2], [2, 1, 0]]}],
    }


@pytest.fixture(scope="module")
def judged():
    claims = collection("last", "pictured", "oneway", "wrong", "other")
    claims["last"]["source"] = ["Somebody 1989"]
    claims["pictured"]["source"] = ["D1.A10", "D1.Q"]
    claims["oneway"] |= {"source": ["D1.A2.c1"], "topic": "products"}
    claims["pictured"]["about"] = {"formal": "Formally.", "control": "The control.", "doc": "In short.\n\nAt\nlength."}
    claims["other"]["left_out"] = claims["other"]["tests"]
    wrong = trial("wrong", outcome="failed", why="no way")
    return judged_of(claims, trial("last", question()), of_every_kind(), trial("oneway", question(no=0)), wrong)


@pytest.fixture(scope="module")
def text(judged):
    return page.index_page(ENVIRONMENT, judged)


@pytest.fixture(scope="module")
def parsed(text):
    return Parsed(text)


# ---------------------------------------------------------------- structure


def test_ids_are_unique_and_every_claim_has_an_anchor(judged, parsed):
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {claim.entry["id"] for claim in judged} <= set(parsed.ids)


def test_every_link_leads_somewhere_on_the_page(parsed):
    assert parsed.links
    assert {unquote(link.removeprefix("#")) for link in parsed.links} <= set(parsed.ids)


def test_it_needs_nothing_from_elsewhere(text, parsed):
    assert not re.search(r"https?:|//[a-z]|@import|url\(|src=", text)
    assert not {"link", "img", "iframe", "object", "embed", "video"} & {tag for tag, _ in parsed.tags}


def test_every_picture_says_what_it_shows(parsed):
    pictures = parsed.of("svg")
    assert len(pictures) >= ledger.WITNESSES
    assert all(each["role"] == "img" and len(each["aria-label"]) > 20 for each in pictures)


def test_what_is_clicked_can_be_reached_by_keyboard(parsed):
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    assert all(given.get("type") == "button" for given in parsed.of("button"))
    labelled = [tag for tag, _ in parsed.tags if tag in ("select", "input")]
    assert labelled == ["select", "select", "select", "input"]
    assert all("tabindex" in given for tag, given in parsed.tags if "scroll" in given.get("class", ""))


def test_each_claim_carries_what_filters_ask_for(judged, parsed):
    articles = {given["id"]: given for given in parsed.of("article")}
    for claim in judged:
        given = articles[claim.entry["id"]]
        assert (given["data-verdict"], given["data-outcome"]) == (claim.entry["verdict"], claim.entry["outcome"])
        kinds = [kind for kind, number in claim.entry["evidence"].items() if number]
        assert given["data-evidence"].split() == kinds


# ---------------------------------------------------------------- contents


def test_the_argument_comes_in_the_order_of_the_documents(parsed):
    sources = [given["data-source"] for given in parsed.of("section") if given["class"] == "view-source"]
    assert sources == ["D1.Q", "D1.A2.c1", "D1.A10", "Somebody 1989"]
    topics = [given["data-topic"] for given in parsed.of("section") if given["class"] == "view-topic"]
    assert topics == ["sums", "products", "sums"]


def test_a_claim_is_told_once_and_named_at_its_other_sources(parsed):
    assert [given["id"] for given in parsed.of("article")].count("pictured") == 1
    assert parsed.links.count("#pictured") == 4  # contents of both views, its own anchor, "also here"


def test_each_claim_with_verdict_evidence_control_and_witness(parsed):
    words = parsed.words()
    for part in ("In words: pictured.", "In short.", "At length.", "Formally.", "The control.", "2 of 5 claims"):
        assert part in words
    assert "the function lies above its chord" in words
    assert "test_it: no way" in words


def test_names_of_sources():
    assert page.source_name("D1.A4.c5") == "Document 1, comment 5 on answer 4"
    assert page.source_name("D2.Q") == "Document 2, the question"
    assert page.source_name("D1.A2, repaired") == "D1.A2, repaired"


# ---------------------------------------------------------------- any text


def test_hostile_text_stays_text():
    claims = collection(HOSTILE)
    (entry,) = claims.values()
    entry |= {"statement": HOSTILE, "topic": HOSTILE, "source": [HOSTILE], "module": HOSTILE, "verdict": HOSTILE}
    entry["about"] = {"formal": HOSTILE, "control": HOSTILE, "doc": HOSTILE}
    record = RECORDS["chord"] | {"enclosures": dict.fromkeys(RECORDS["chord"]["enclosures"], "1")}
    record["enclosures"]["gap"] = HOSTILE
    frequency = RECORDS["frequency"] | {"of": HOSTILE}
    witnesses = [
        {"question": HOSTILE, "where": HOSTILE, "answer": HOSTILE, "because": HOSTILE, "witness": each}
        for each in (record, frequency, {"kind": HOSTILE})
    ]
    curve = {"title": HOSTILE, "name": HOSTILE, "axes": [HOSTILE, HOSTILE], "x": [0, 1], "y": [1, 2]}
    asked = question() | {"question": HOSTILE, "where": f"{HOSTILE}:1:1"}
    cell = CELLS[0] | {"question": HOSTILE, "rows": [HOSTILE, HOSTILE], "columns": HOSTILE, "row": [HOSTILE, HOSTILE]}
    cell |= {"column": HOSTILE, "because": HOSTILE}
    kept = trial(HOSTILE, asked, witnesses=witnesses, outcome="passed") | {"cells": [cell], "curves": [curve]}
    kept["test"] = entry["tests"][0]
    failed = trial(HOSTILE, outcome="failed", why=HOSTILE) | {"test": "other::test"}
    environment = ENVIRONMENT | {"seed": HOSTILE, "device": HOSTILE}
    parsed = Parsed(page.index_page(environment, ledger.judge(claims, [kept, failed])))
    assert [tag for tag, _ in parsed.tags if tag in ("script", "img")] == ["script"]
    assert HOSTILE in parsed.ids
    assert parsed.words().count("onerror") > 12
    assert {unquote(link.removeprefix("#")) for link in parsed.links} <= set(parsed.ids)


def test_a_page_for_every_claim_of_the_catalogue_is_small():
    """With a picture of every sort for each, which no real ledger has."""
    rows = read_catalogue(SPECS / "claims.toml")
    claims = collection(*rows)
    for id, row in rows.items():
        claims[id] |= {"statement": row.says, "source": list(row.source), "topic": row.topic}
        claims[id]["about"] = {"formal": row.formal, "control": row.control}
    text = page.index_page(ENVIRONMENT, ledger.judge(claims, [of_every_kind(id) for id in rows]))
    assert len(text.encode()) < 5_000_000
    parsed = Parsed(text)
    assert set(rows) <= set(parsed.ids)
    assert len(parsed.ids) == len(set(parsed.ids))
