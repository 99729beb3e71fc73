"""`index.html`: the ledger as one page that needs nothing but itself, no network, no fonts, no scripts from elsewhere.

Every claim is there once, under the first of its sources, in the order of the documents; the page's own script moves it
under its topic for the other view, and filters.  Without scripts the page is complete, in the order of the sources.
Texts come from the catalogue, the modules' docstrings and the ledger, and are escaped wherever they stand.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from netprops.claims import CONDITIONAL, HOLDS, LOCATOR, REFUTED, VERDICTS
from netprops.evidence import KINDS
from netprops.report import drawings, tables, witnesses
from netprops.report.ledger import FAILED, OUTCOMES, SHOWN, UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from netprops.report.ledger import Judged
    from netprops.report.svg import Picture

TITLE = "Claims and their evidence"
_READ_FIRST = 2  # witnesses in words that are open from the start


def index_page(environment: Mapping[str, Any], judged: Sequence[Judged]) -> str:
    """The whole page."""
    return "\n".join(_lines(environment, judged)) + "\n"


def _lines(environment: Mapping[str, Any], judged: Sequence[Judged]) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield '<head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{TITLE}</title>"
    yield f"<style>\n{_resource('page.css')}</style></head>"
    yield "<body>"
    yield '<a class="skip" href="#the-claims">To the claims</a>'
    yield from _head(judged)
    yield from _tools()
    sources, topics = _by_source(judged), _by_topic(judged)
    yield '<div class="columns">'
    yield from _contents(sources, topics)
    yield '<main id="the-claims">'
    for place, (source, claims) in enumerate(sources):
        yield from _source(place, source, claims, judged)
    for place, (topic, claims) in enumerate(topics):
        yield f'<section class="view-topic" id="the-topic-{place}" data-topic="{escape(topic)}" hidden>'
        yield f"<h2>{escape(_topic_name(topic))} <small>{_count(len(claims))}</small></h2></section>"
    yield '<p id="none" hidden>No claim is like that. <button type="button" id="reset">Show all</button></p>'
    yield "</main></div>"
    yield from _foot(environment)
    yield f"<script>\n{_resource('page.js')}</script>"
    yield "</body></html>"


@cache
def _resource(name: str) -> str:
    return (files("netprops.report") / name).read_text(encoding="utf-8")


# ---------------------------------------------------------------- in which order


_Part = "tuple[str, list[Judged]]"


def _by_source(judged: Sequence[Judged]) -> list[tuple[str, list[Judged]]]:
    """The claims under the first of their sources: the documents in the order of reading, then what goes beyond."""
    first: dict[str, list[Judged]] = {}
    for claim in judged:
        first.setdefault(claim.entry["source"][0], []).append(claim)
    for claim in judged:  # a place where nothing is told first is still a place of the argument
        for source in claim.entry["source"]:
            first.setdefault(source, [])
    return sorted(first.items(), key=lambda part: _reading_order(part[0]))


def _reading_order(source: str) -> tuple[int, ...]:
    """Document, question before answers, a post before its comments; what is no such place comes last, as it is."""
    place = LOCATOR.fullmatch(source)
    if place is None:
        return (1,)
    part, comment = place["part"], place["comment"] or "c0"
    return 0, int(place["document"][1:]), 0 if part == "Q" else int(part[1:]), int(comment[1:])


def source_name(source: str) -> str:
    """A locator in words: D1.A4.c5 is comment 5 on answer 4 of document 1.  What is none is a name already."""
    place = LOCATOR.fullmatch(source)
    if place is None:
        return source
    part = "the question" if place["part"] == "Q" else f"answer {place['part'][1:]}"
    comment = f"comment {place['comment'][1:]} on {part}" if place["comment"] else part
    return f"Document {place['document'][1:]}, {comment}"


def _by_topic(judged: Sequence[Judged]) -> list[tuple[str, list[Judged]]]:
    return [(topic, list(group)) for topic, group in groupby(judged, key=lambda claim: claim.entry["topic"])]


def _topic_name(topic: str) -> str:
    return topic.replace("_", " ").capitalize()


def _count(number: int, of: str = "claim") -> str:
    return f"{number:,} {of}{'' if number == 1 else 's'}"


# ---------------------------------------------------------------- head, tools, contents, foot


def _head(judged: Sequence[Judged]) -> Iterator[str]:
    entries = [claim.entry for claim in judged]
    shown = sum(entry["outcome"] == SHOWN for entry in entries)
    yield f"<header><h1>{TITLE}</h1>"
    yield f'<p class="lead"><strong>{shown} of {_count(len(entries))}</strong> shown.'
    for verdict in (HOLDS, CONDITIONAL, REFUTED):
        number = sum(entry["verdict"] == verdict for entry in entries)
        if number:
            yield f'<span class="pill {verdict}" title="{escape(VERDICTS[verdict])}">{number} {verdict}</span>'
    for kind in KINDS:
        number = sum(entry["evidence"][kind] for entry in entries)
        if number:
            yield f'<span class="pill {kind}">{number:,} {kind}</span>'
    yield "</p></header>"


def _tools() -> Iterator[str]:
    yield '<form class="tools" role="search" aria-label="Views and filters" hidden>'
    yield '<div class="views" role="group" aria-label="View">'
    yield '<button type="button" data-view="source" aria-pressed="true">By source</button>'
    yield '<button type="button" data-view="topic" aria-pressed="false">By topic</button></div>'
    yield from _choice("verdict", (HOLDS, CONDITIONAL, REFUTED))
    yield from _choice("evidence", (*KINDS, "undecided"))
    yield from _choice("outcome", OUTCOMES)
    yield '<label class="search"><span>Text</span><input type="search" name="text" placeholder="press /"></label>'
    yield '<output aria-live="polite"></output>'
    yield '<button type="button" id="theme">Theme: automatic</button></form>'


def _choice(name: str, values: Iterable[str]) -> Iterator[str]:
    options = "".join(f"<option>{escape(value)}</option>" for value in values)
    chosen = f'<select name="{name}"><option value="">any</option>{options}</select>'
    yield f"<label><span>{name.capitalize()}</span>{chosen}</label>"


def _contents(sources: Sequence[tuple[str, list[Judged]]], topics: Sequence[tuple[str, list[Judged]]]) -> Iterator[str]:
    yield '<nav aria-label="Contents"><details open><summary>Contents</summary>'
    for view, parts, name in (("source", sources, source_name), ("topic", topics, _topic_name)):
        yield f'<ol class="view-{view}"{"" if view == "source" else " hidden"}>'
        for place, (key, claims) in enumerate(parts):
            links = "".join(f"<li>{_mark(claim)}{_link(claim)}</li>" for claim in claims)
            listed = f"<ul>{links}</ul>" if links else ""
            yield f'<li><a href="#the-{view}-{place}">{escape(name(key))}</a>{listed}</li>'
        yield "</ol>"
    yield "</details></nav>"


_SIGNS = {SHOWN: "\N{CHECK MARK}", FAILED: "\N{MULTIPLICATION X}", UNDECIDED: "?"}


def _mark(claim: Judged) -> str:
    outcome = claim.entry["outcome"]
    sign = _SIGNS.get(outcome, "\N{MIDDLE DOT}")
    return f'<span class="mark {_class(outcome)}" role="img" aria-label="{escape(outcome)}">{sign}</span> '


def _link(claim: Judged, words: str = "") -> str:
    id = claim.entry["id"]
    return f'<a href="#{escape(quote(id))}">{escape(words or id)}</a>'


def _class(words: str) -> str:
    return re.sub(r"[^a-z]+", "-", words)


def _foot(environment: Mapping[str, Any]) -> Iterator[str]:
    yield "<footer><p>"
    yield "Proved: true at every point of the stated domain, in real arithmetic. Certified: an explicit witness, by "
    yield "outward-rounded arithmetic and a strict sign. Sampled: searched hard in floats, nothing found. Estimated: a "
    yield "frequency with an exact confidence interval. Pictures are drawn from the witnesses that the ledger holds; "
    yield f"what was {escape(drawings.IN_FLOATS.replace(', no', ' is no'))}, and says so."
    yield "</p><p>Keys: / to the text filter, Escape clears the filters, j and k to the next claim and back.</p>"
    told = ", ".join(f"{name} {value}" for name, value in environment.items())
    yield f"<p>{escape(told)}</p></footer>"


# ---------------------------------------------------------------- sections and claims


def _source(place: int, source: str, claims: Sequence[Judged], judged: Sequence[Judged]) -> Iterator[str]:
    yield f'<section class="view-source" id="the-source-{place}" data-source="{escape(source)}">'
    code = f" <code>{escape(source)}</code>" if source_name(source) != source else ""
    number = sum(source in claim.entry["source"] for claim in judged)
    yield f"<h2>{escape(source_name(source))}{code} <small>{_count(number)}</small></h2>"
    elsewhere = [claim for claim in judged if source in claim.entry["source"][1:]]
    if elsewhere:
        yield f'<p class="also">{"Also here" if claims else "Told elsewhere"}: {", ".join(map(_link, elsewhere))}.</p>'
    for claim in claims:
        yield from _claim(claim)
    yield "</section>"


def _claim(claim: Judged) -> Iterator[str]:
    entry = claim.entry
    kinds = [kind for kind in (*KINDS, "undecided") if entry["evidence"].get(kind)]
    told = {name: entry[name] for name in ("topic", "verdict", "outcome")}
    data = told | {"source": entry["source"][0], "evidence": " ".join(kinds), "place": str(claim.place)}
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    yield f'<article id="{escape(entry["id"])}" tabindex="-1"{attributes}>'
    yield f"<h3>{escape(entry['statement'])}</h3>"
    yield '<p class="facts">'
    yield f'<span class="pill {_class(entry["outcome"])}">{escape(entry["outcome"])}</span>'
    yield f'<span class="pill {_class(entry["verdict"])}">{escape(entry["verdict"])}</span>'
    for kind in kinds:
        yield f'<span class="pill {kind}">{entry["evidence"][kind]:,} {kind}</span>'
    yield f'<a class="anchor" href="#{escape(quote(entry["id"]))}"><code>{escape(entry["id"])}</code></a></p>'
    yield from _why(claim)
    yield '<div class="beside"><div class="words">'
    yield from _words(claim)
    yield '</div><div class="seen">'
    found = [
        *drawings.pictures(entry.get("curves", ()), entry["witnesses"]),
        *witnesses.pictures(entry["witnesses"]),
    ]
    yield from map(_figure, found)
    yield "</div></div>"
    for table in entry.get("tables", ()):
        yield '<div class="table">'
        yield from tables.html(table, "h4")
        yield "</div>"
    yield "</article>"


def _why(claim: Judged) -> Iterator[str]:
    if claim.why:
        yield f'<ul class="why">{"".join(f"<li>{escape(reason)}</li>" for reason in claim.why)}</ul>'


def _words(claim: Judged) -> Iterator[str]:
    entry, about = claim.entry, claim.about
    for paragraph in re.split(r"\n\s*\n", about.get("doc", "").strip()):
        if paragraph:
            yield f"<p>{escape(' '.join(paragraph.split()))}</p>"
    yield "<dl>"
    if about.get("formal"):
        yield f"<dt>Shown</dt><dd>{escape(about['formal'])}</dd>"
    if about.get("control"):
        yield f"<dt>Control</dt><dd>{escape(about['control'])}</dd>"
    yield f"<dt>Source</dt><dd>{escape(', '.join(entry['source']))}</dd>"
    yield f"<dt>Module</dt><dd><code>{escape(entry['module'])}</code></dd>"
    spent = ", ".join(_count(entry[f"{name}s"], name) for name in ("example", "evaluation"))
    run = f"{spent}, {entry['seconds']:.2f} s"
    yield f"<dt>Run</dt><dd>{run}</dd>"
    yield "</dl>"
    yield from _told(entry)
    yield from _questions(entry["questions"])


def _told(entry: Mapping[str, Any]) -> Iterator[str]:
    """The witnesses in words, different ones first."""
    told = list(dict.fromkeys((each["question"], each["answer"], each["because"]) for each in entry["witnesses"]))
    told = witnesses.varied(told, lambda each: each[:2])
    if not told:
        return
    items = [f"<li><code>{escape(name)}</code>, {escape(answer)}: {escape(why)}</li>" for name, answer, why in told]
    yield f'<h4>Witnesses</h4><ul class="told">{"".join(items[:_READ_FIRST])}</ul>'
    if rest := items[_READ_FIRST:]:
        yield f'<details><summary>{len(rest)} more</summary><ul class="told">{"".join(rest)}</ul></details>'


def _questions(questions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not questions:
        return
    asked = sum(each[answer] for each in questions for answer in ("yes", "no", "undecided"))
    yield f"<details><summary>{_count(asked, 'answer')} at {_count(len(questions), 'place')}</summary>"
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Questions"><table><thead><tr>'
    heads = ("question", "yes", "no", "undecided", "by", "asked at")
    yield "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr></thead><tbody>"
    for each in questions:
        by = ", ".join(f"{number} {kind}" for kind, number in each["by"].items())
        line = ":".join(each["where"].rsplit("/", 1)[-1].rsplit(":", 2)[:2])
        cells = (each["yes"], each["no"], each["undecided"], by, line)
        yield f"<tr><th scope='row'><code>{escape(each['question'])}</code></th>"
        yield "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></div></details>"


def _figure(picture: Picture) -> str:
    return f"<figure>{picture.svg}<figcaption>{escape(picture.caption)}</figcaption></figure>"
