"""Tables of verdicts, drawn for a reader: as text for the terminal, in Markdown, and as an HTML page of their own.

A *cell* is what travels from the workers, a *table* what the ledger keeps:

    {"question", "rows": [heading, ...], "columns": heading, "labels": [column, ...],
     "cells": [{"row": [label, ...], "column", "yes", "no", "undecided", "by": {"proved": n, ...}, "because"}, ...]}

Rows and columns come in the order of their first cells; a cell that nothing was noted in stays empty.
"""

from __future__ import annotations

from collections import Counter
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from netprops.evidence import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from netprops.evidence import Cell

_ANSWERS = ("yes", "no", "undecided")
_MARKS = {"yes": "\N{CHECK MARK}", "no": "\N{MULTIPLICATION X}", "undecided": "?", "mixed": "\N{ALMOST EQUAL TO}"}
_MEANINGS = {
    "yes proved": "true of everything that the question ranges over, in real arithmetic",
    "no certified": "an explicit witness, true in real arithmetic",
    "yes certified": "an explicit witness, true in real arithmetic",
    "no proved": "false of everything that the question ranges over",
    "sampled": "searched hard in floats, nothing found",
    "estimated": "a frequency with its confidence interval",
    "mixed": "it depends on what was drawn",
}


# ---------------------------------------------------------------- from cells to tables


def cell(noted: Cell) -> dict[str, Any]:
    """A cell as it travels."""
    table, verdict = noted.table, noted.verdict
    return {
        "question": table.question,
        "rows": list(table.rows),
        "columns": table.columns,
        "row": list(noted.row),
        "column": noted.column,
        "answer": verdict.answer,
        "kind": verdict.kind,
        "because": verdict.because,
    }


def pooled(cells: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tables of these cells; what was noted in one place more than once is counted there."""
    tables: dict[str, dict[str, Any]] = {}
    places: dict[tuple[str, tuple[str, ...], str], dict[str, Any]] = {}
    for each in cells:
        table = tables.setdefault(each["question"], _empty(each))
        row, column = tuple(each["row"]), each["column"]
        if column not in table["labels"]:
            table["labels"].append(column)
        place = places.get((each["question"], row, column))
        if place is None:
            place = {"row": list(row), "column": column, "yes": 0, "no": 0, "undecided": 0, "by": Counter()}
            places[each["question"], row, column] = place
            table["cells"].append(place)
        place[each["answer"]] += 1
        if each["kind"] is not None:
            place["by"][each["kind"]] += 1
        # The shortest reason says it best, and is the same in whatever order they come.
        place["because"] = min((place.get("because", each["because"]), each["because"]), key=lambda t: (len(t), t))
    for place in places.values():
        place["by"] = {kind: place["by"][kind] for kind in KINDS if place["by"][kind]}
    return list(tables.values())


def _empty(each: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each[name] for name in ("question", "rows", "columns")} | {"labels": [], "cells": []}


# ---------------------------------------------------------------- what a cell says


def _answer(place: Mapping[str, Any]) -> str:
    given = [answer for answer in _ANSWERS if place[answer]]
    return given[0] if len(given) == 1 else "mixed"


def _words(place: Mapping[str, Any] | None) -> str:
    """Answer and evidence: "yes proved"."""
    return "" if place is None else " ".join((_answer(place), *place["by"]))


def _grid(table: Mapping[str, Any]) -> Iterator[tuple[list[str], list[Mapping[str, Any] | None]]]:
    """The labels of each row, and its cells in the order of the columns."""
    by_row: dict[tuple[str, ...], dict[str, Mapping[str, Any]]] = {}
    for each in table["cells"]:
        by_row.setdefault(tuple(each["row"]), {})[each["column"]] = each
    for row, cells in by_row.items():
        yield list(row), [cells.get(column) for column in table["labels"]]


def _count(table: Mapping[str, Any]) -> str:
    """How many cells say what."""
    counts = Counter(_words(each) for each in table["cells"])
    said = ", ".join(f"{counts[words]} {words}" for words in sorted(counts, reverse=True))
    return f"{len(table['cells'])} cells: {said}"


def _legend(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every sort of cell that there is, and what it means."""
    sorts = dict.fromkeys(_words(each) for each in table["cells"])
    return [(words, _MEANINGS.get(words) or _MEANINGS.get(words.split()[-1], "")) for words in sorted(sorts)[::-1]]


# ---------------------------------------------------------------- as text


def text(table: Mapping[str, Any]) -> list[str]:
    """The table in lines of text; what a row has in common with the one above is not repeated."""
    lines = [[*table["rows"], *table["labels"]]]
    above: list[str] = []
    for labels, cells in _grid(table):
        lines.append([*_not_repeated(labels, above), *map(_words, cells)])
        above = labels
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    drawn = ["  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return [table["question"], drawn[0], "-" * max(map(len, drawn)), *drawn[1:], _count(table)]


def _not_repeated(labels: Sequence[str], above: Sequence[str]) -> list[str]:
    same = len(above) > 0
    shown = []
    for k, label in enumerate(labels):
        same = same and label == above[k]
        shown.append("" if same else label)
    return shown


# ---------------------------------------------------------------- in Markdown


def markdown(table: Mapping[str, Any]) -> Iterator[str]:
    """The table in Markdown, marks and words in each cell."""
    yield f"**{_plain(table['question'])}**"
    yield ""
    heads = [*table["rows"], *table["labels"]]
    yield f"| {' | '.join(map(_plain, heads))} |"
    yield f"|{'---|' * len(heads)}"
    above: list[str] = []
    for labels, cells in _grid(table):
        shown = [*map(_plain, _not_repeated(labels, above)), *map(_marked, cells)]
        above = labels
        yield f"| {' | '.join(shown)} |"
    yield ""
    yield f"{_count(table)}."


def _marked(place: Mapping[str, Any] | None) -> str:
    return "" if place is None else f"{_MARKS[_answer(place)]} {' '.join(place['by']) or 'undecided'}"


def _plain(words: str) -> str:
    return words.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


# ---------------------------------------------------------------- as a page


def file_name(entry: Mapping[str, Any]) -> str:
    """The file of a claim's tables, beside its ledger."""
    return f"{entry['id']}.html"


_STYLE = """
:root { color-scheme: light dark; --line: #8884; --yes: #1a7f3720; --no: #b4231820; --other: #9a670030; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.claim { color: GrayText; margin: .2rem 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .3rem .7rem; text-align: left; vertical-align: top; }
thead th { font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; white-space: nowrap; }
td.yes { background: var(--yes); } td.no { background: var(--no); } td.mixed, td.undecided { background: var(--other); }
td summary { cursor: pointer; white-space: nowrap; }
td details p { max-width: 24rem; margin: .3rem 0 0; font-size: .85em; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dd { margin: 0; }
"""


def html_page(entry: Mapping[str, Any]) -> str:
    """A page with the tables of a claim, by itself: open a cell to read its reason."""
    title, statement = escape(entry["id"]), escape(entry["statement"])
    head = (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n<style>{_STYLE}</style>\n'
    )
    said = f"{escape(entry['verdict'])}, {escape(entry['outcome'])}"
    body = [f'<h1>{statement}</h1>\n<p class="claim">{title}: {said}</p>']
    body += ["\n".join(html(table)) for table in entry["tables"]]
    return head + "\n".join(body) + "\n</html>\n"


def html(table: Mapping[str, Any], heading: str = "h2") -> Iterator[str]:
    """The table in HTML: a map of colours, one for each answer, with the reason of every cell behind it."""
    yield f"<{heading}>{escape(table['question'])}</{heading}>"
    yield f"<p>{escape(_count(table))}. Open a cell for its reason.</p>"
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>'
    rows, labels = table["rows"], table["labels"]
    upper = "".join(f'<th scope="col" rowspan="2">{escape(head)}</th>' for head in rows)
    yield f'<thead><tr>{upper}<th scope="colgroup" colspan="{len(labels)}">{escape(table["columns"])}</th></tr>'
    lower = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels)
    yield f"<tr>{lower}</tr></thead>"
    yield "<tbody>"
    for first, group in groupby(_grid(table), key=lambda row: row[0][0]):
        lines = list(group)
        for number, (row, cells) in enumerate(lines):
            spanning = f'<th scope="rowgroup" rowspan="{len(lines)}">{escape(first)}</th>' if number == 0 else ""
            heads = "".join(f'<th scope="row">{escape(label)}</th>' for label in row[1:])
            yield f"<tr>{spanning}{heads}{''.join(map(_html_cell, cells))}</tr>"
    yield "</tbody></table></div>"
    yield "<dl>"
    yield from (f"<dt>{escape(words)}</dt><dd>{escape(meaning)}</dd>" for words, meaning in _legend(table))
    yield "</dl>"


def _html_cell(place: Mapping[str, Any] | None) -> str:
    if place is None:
        return "<td></td>"
    shown = f"<summary>{escape(_marked(place))}</summary><p>{escape(place['because'])}</p>"
    return f'<td class="{_answer(place)}"><details>{shown}</details></td>'
