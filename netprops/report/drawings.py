"""What claims gave to draw (`Claim.curve`, `Claim.surface`) as pictures: lines over an axis, surfaces in two ways.

The numbers were computed in floats and are evidence of nothing; every caption says so.  On a surface lie those recorded
witnesses that belong to it: of two coordinates, within its ends, and of its values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from netprops.report import svg, witnesses
from netprops.report.svg import Frame, Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Place = tuple[float, float]

IN_FLOATS = "computed in floats, no evidence"
_FEW = 16  # points that are marked one by one
_COLOURS = 6
_LEVELS = 7  # of contour lines
_SHADES = 6
_MOST_CELLS = 24  # of a surface, each way
# A witness lies on a surface if its values do, up to this share of the surface's height: a grid is no function.
_NEAR = 0.03


def pictures(curves: Sequence[Mapping[str, Any]], recorded: Sequence[Mapping[str, Any]]) -> list[Picture]:
    """A picture for each title: lines together, each surface in perspective and as a map of contours."""
    lines: dict[str, list[Mapping[str, Any]]] = {}
    found: list[Picture] = []
    for curve in curves:
        if "z" in curve:
            found += _surface(curve, recorded)
        else:
            lines.setdefault(curve["title"], []).append(curve)
    return [*found, *(picture for group in lines.values() if (picture := _lines(group)) is not None)]


# ---------------------------------------------------------------- lines


def _lines(group: Sequence[Mapping[str, Any]]) -> Picture | None:
    numbers = [v for curve in group for name in ("y", "low", "high") for v in curve.get(name) or ()]
    across, up = svg.spanned(_finite(v for curve in group for v in curve["x"])), svg.spanned(_finite(numbers))
    if across is None or up is None:
        return None
    frame = Frame(across, up)
    parts = [svg.axes(frame, *group[0]["axes"])]
    for number, curve in enumerate(group):
        parts += _line(frame, curve, f"s{number % _COLOURS}")
    title = group[0]["title"]
    named = "; ".join(f"{curve['name'] or curve['axes'][1]} {_told(curve)}" for curve in group)
    keys = "".join(
        f'<span class="key s{number % _COLOURS}">{escape(curve["name"])}</span>'
        for number, curve in enumerate(group)
        if curve["name"]
    )
    legend = f'<span class="keys">{keys}</span>' if keys else ""
    alt = f"{title}, {group[0]['axes'][1]} against {group[0]['axes'][0]}: {named}."
    return Picture(svg.drawn(parts, alt) + legend, f"{title} ({IN_FLOATS})")


def _finite(values: Iterable[float | None]) -> list[float]:
    return [v for v in values if v is not None]


def _told(curve: Mapping[str, Any]) -> str:
    """A line in words: where it begins and ends, its least and its greatest value."""
    ys = _finite(curve["y"])
    if not ys:
        return "is nowhere finite"
    first, last, least, greatest = map(svg.number, (ys[0], ys[-1], min(ys), max(ys)))
    return f"from {first} to {last}, at least {least}, at most {greatest}"


def _line(frame: Frame, curve: Mapping[str, Any], style: str) -> Iterator[str]:
    for piece in _pieces(curve["x"], curve["y"]):
        yield svg.line([(frame.across(x), frame.down(y)) for x, y in piece], f"curve {style}")
    if len(curve["x"]) > _FEW:
        return
    lows, highs = curve.get("low") or curve["y"], curve.get("high") or curve["y"]
    for x, y, low, high in zip(curve["x"], curve["y"], lows, highs, strict=True):
        if None not in (x, y, low, high):
            yield svg.bar_up(frame.across(x), frame.down(low), frame.down(high), f"error {style}")
            yield svg.dot(frame.across(x), frame.down(y), style, 3)


def _pieces(xs: Sequence[float | None], ys: Sequence[float | None]) -> Iterator[list[Place]]:
    """The line without what is not finite: it breaks there."""
    piece: list[Place] = []
    for x, y in zip(xs, ys, strict=True):
        if x is not None and y is not None:
            piece.append((x, y))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


# ---------------------------------------------------------------- surfaces


@dataclass(frozen=True)
class _Grid:
    """A surface without holes."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[tuple[float, ...], ...]

    def at(self, x: float, y: float) -> float | None:
        """Between the points of the grid, linearly; None outside."""
        i, s = _place(self.x, x)
        j, t = _place(self.y, y)
        if i < 0 or j < 0:
            return None
        (a, b), (c, d) = (self.z[j + k][i : i + 2] for k in (0, 1))
        return (1 - t) * ((1 - s) * a + s * b) + t * ((1 - s) * c + s * d)

    @property
    def low(self) -> float:
        return min(map(min, self.z))

    @property
    def high(self) -> float:
        return max(map(max, self.z))

    def share(self, z: float) -> float:
        return (z - self.low) / (self.high - self.low)

    def thinned(self) -> _Grid:
        """The same surface with no more points than a picture shows."""
        i, j = (range(0, len(ends), max(1, -(-(len(ends) - 1) // _MOST_CELLS))) for ends in (self.x, self.y))
        rows = tuple(tuple(self.z[n][m] for m in i) for n in j)
        return _Grid(tuple(self.x[m] for m in i), tuple(self.y[n] for n in j), rows)


def _place(ends: Sequence[float], value: float) -> tuple[int, float]:
    for i, (low, high) in enumerate(pairwise(ends)):
        if low <= value <= high:
            return i, (value - low) / (high - low)
    return -1, 0.0


def _grid(curve: Mapping[str, Any]) -> _Grid | None:
    rows = tuple(map(tuple, curve["z"]))
    heights = [z for row in rows for z in row]
    if None in (*heights, *curve["x"], *curve["y"]) or min(heights) == max(heights):
        return None
    return _Grid(tuple(curve["x"]), tuple(curve["y"]), rows)


@dataclass(frozen=True)
class _Mark:
    """A witness on a surface: a chord with its inner point, or a critical point."""

    places: tuple[tuple[float, float, float], ...]  # a, m, b with their values, or the point alone
    kind: str


def _surface(curve: Mapping[str, Any], recorded: Sequence[Mapping[str, Any]]) -> list[Picture]:
    grid = _grid(curve)
    if grid is None:
        return []
    # A chord and its reverse are one.
    marks = list({frozenset(m.places): m for each in recorded for m in _marks(grid, each["witness"])}.values())[:8]
    about = f"{curve['title']}: {curve['axes'][2]} over {curve['axes'][0]} and {curve['axes'][1]}"
    told = f"{about}, from {svg.number(grid.low)} to {svg.number(grid.high)}{_with(marks)}"
    seen = grid.thinned()
    upright = svg.drawn(_in_perspective(seen, marks), f"In perspective, {told}.", height=_VIEW)
    from_above = svg.drawn(_as_map(seen, curve["axes"], marks), f"Contours, {told}.", height=_MAP)
    return [Picture(upright, f"{told} ({IN_FLOATS})"), Picture(from_above, "the same from above")]


def _with(marks: Sequence[_Mark]) -> str:
    kinds = [mark.kind for mark in marks]
    names = (f"{kind} ({kinds.count(kind)})" if kinds.count(kind) > 1 else kind for kind in dict.fromkeys(kinds))
    return f"; certified on it: {', '.join(names)}" if kinds else ""


def _marks(grid: _Grid, record: Mapping[str, Any]) -> Iterator[_Mark]:
    try:
        if "gap" in record.get("enclosures", ()):
            points, told = record["points"], record["enclosures"]
            places = [(witnesses.point(points[p]), witnesses.enclosed(told[f"f({p})"]).middle) for p in "amb"]
            kind = {1: "a chord below the surface", -1: "a chord above the surface"}.get(record["sign"], "a chord")
        else:
            found = witnesses.critical_points(record)
            for each in found:
                place = witnesses.point(each["centre"]), witnesses.enclosed(each["value"]).middle
                if _lies_on(grid, *place):
                    yield _Mark((_on_surface(*place),), witnesses.kind_of(each))
            return
    except (KeyError, TypeError, ValueError, AttributeError):
        return
    if all(_lies_on(grid, *place) for place in places):
        yield _Mark(tuple(_on_surface(*place) for place in places), kind)


def _on_surface(point: Sequence[float], value: float) -> tuple[float, float, float]:
    x, y = point
    return x, y, value


def _lies_on(grid: _Grid, point: Sequence[float], value: float) -> bool:
    z = grid.at(*point) if len(point) == 2 else None
    return z is not None and abs(z - value) <= _NEAR * (grid.high - grid.low)


# ---------------------------------------------------------------- as a map

_MAP = 210


def _as_map(grid: _Grid, axes: Sequence[str], marks: Sequence[_Mark]) -> Iterator[str]:
    frame = Frame((grid.x[0], grid.x[-1]), (grid.y[0], grid.y[-1]), height=_MAP)
    yield svg.axes(frame, axes[0], axes[1])
    by_shade: dict[int, list[list[Place]]] = {}
    for i, j in _cells(grid):
        corners = [(grid.x[i + k], grid.y[j + m]) for k, m in _AROUND]
        mean = sum(grid.z[j + m][i + k] for k, m in _AROUND) / 4
        by_shade.setdefault(_shade(grid, mean), []).append([(frame.across(x), frame.down(y)) for x, y in corners])
    yield from (svg.shapes(cells, f"shade h{shade}") for shade, cells in sorted(by_shade.items()))
    for level in range(1, _LEVELS + 1):
        z = grid.low + (grid.high - grid.low) * level / (_LEVELS + 1)
        parts = [[(frame.across(x), frame.down(y)) for x, y in part] for part in _contour(grid, z)]
        yield svg.shapes((part for part in parts if len(part) > 1), "contour")
    for each in marks:
        places = [(frame.across(x), frame.down(y)) for x, y, _ in each.places]
        if len(places) == 1:
            yield witnesses.mark(*places[0], each.kind)
        else:
            yield svg.line(places, "chord strong")
            yield from (svg.dot(*p, "above" if k == 1 else "point") for k, p in enumerate(places))


_AROUND = ((0, 0), (1, 0), (1, 1), (0, 1))


def _cells(grid: _Grid) -> Iterator[tuple[int, int]]:
    return ((i, j) for j in range(len(grid.y) - 1) for i in range(len(grid.x) - 1))


def _shade(grid: _Grid, z: float) -> int:
    return min(int(grid.share(z) * _SHADES), _SHADES - 1)


def _contour(grid: _Grid, level: float) -> Iterator[list[Place]]:
    """Where each triangle of the grid meets a level: each cell is cut along a diagonal, which leaves no case open."""
    for i, j in _cells(grid):
        corners = [(grid.x[i + k], grid.y[j + m], grid.z[j + m][i + k]) for k, m in _AROUND]
        for triangle in ((corners[0], corners[1], corners[2]), (corners[0], corners[2], corners[3])):
            crossed = []
            for (x, y, z), (x2, y2, z2) in zip(triangle, (*triangle[1:], triangle[0]), strict=True):
                if (z < level) != (z2 < level):
                    t = (level - z) / (z2 - z)
                    crossed.append((x + t * (x2 - x), y + t * (y2 - y)))
            if crossed:
                yield crossed


# ---------------------------------------------------------------- in perspective

_VIEW = 210
_TURN, _TILT = math.radians(32), math.radians(28)


@dataclass(frozen=True)
class _View:
    """From the surface's coordinates to places in the picture."""

    grid: _Grid

    def __call__(self, x: float, y: float, z: float) -> Place:
        (s, t), up = self._turned(x, y), 2 * self.grid.share(z) - 1
        return svg.WIDTH / 2 + 86 * s, _VIEW / 2 - 86 * (t * math.sin(_TILT) + 0.55 * up * math.cos(_TILT))

    def depth(self, x: float, y: float) -> float:
        """How far from the eye."""
        return self._turned(x, y)[1]

    def _turned(self, x: float, y: float) -> Place:
        s, t = (2 * (v - ends[0]) / (ends[-1] - ends[0]) - 1 for v, ends in ((x, self.grid.x), (y, self.grid.y)))
        return s * math.cos(_TURN) - t * math.sin(_TURN), s * math.sin(_TURN) + t * math.cos(_TURN)


def _in_perspective(grid: _Grid, marks: Sequence[_Mark]) -> Iterator[str]:
    view = _View(grid)
    drawn: list[tuple[float, str]] = []
    for i, j in _cells(grid):
        corners = [(grid.x[i + k], grid.y[j + m], grid.z[j + m][i + k]) for k, m in _AROUND]
        middle = [sum(c[axis] for c in corners) / 4 for axis in range(3)]
        shape = svg.shape([view(*corner) for corner in corners], f"quad h{_shade(grid, middle[2])}")
        drawn.append((-view.depth(middle[0], middle[1]), shape))
    yield from (shape for _, shape in sorted(drawn, key=lambda pair: pair[0]))  # what is far first
    for each in marks:
        places = [view(*place) for place in each.places]
        if len(places) == 1:
            yield witnesses.mark(*places[0], each.kind)
            continue
        (ax, ay, az), (mx, my, _), (bx, by, bz) = each.places
        share = math.dist((ax, ay), (mx, my)) / (math.dist((ax, ay), (bx, by)) or 1.0)
        below = view(mx, my, az + share * (bz - az))
        yield svg.line([places[0], places[2]], "chord strong")
        yield svg.line([below, places[1]], "above")
        yield from (svg.dot(*p, "above" if k == 1 else "point") for k, p in enumerate(places))
