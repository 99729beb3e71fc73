"""The recorded witnesses of a claim as pictures: nothing is computed again, only what the ledger holds is drawn.

Each function reads one sort of witness (its record, as in the ledger) and returns its picture, or None where there is
nothing to look at: too many coordinates, a number too large for a float.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from netprops.report import svg
from netprops.report.svg import Frame, Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Place = tuple[float, float]
_Found = TypeVar("_Found")

MOST = 6  # pictures of a claim, frequencies apart
MOST_ALIKE = 2  # of one question, answer and kind
MOST_COORDINATES = 24  # in one picture
MOST_ROWS = 16
MOST_DOTS = 240
# A gap that is less than this share of the picture would not be seen: then values minus the chord are drawn.
_SEEN = 0.04


# ---------------------------------------------------------------- numbers


@dataclass(frozen=True)
class Enclosed:
    """A number known to lie within `radius` of `middle`, rounded to floats for drawing."""

    middle: float
    radius: float = 0.0

    @property
    def ends(self) -> tuple[float, float]:
        return self.middle - self.radius, self.middle + self.radius


_BALL = re.compile(r"\[(?:(?P<middle>\S+) )?\+/- (?P<radius>[^\]]+)\]")


def enclosed(words: str) -> Enclosed:
    """What an enclosure says: "[0.25 +/- 1e-20]", "[+/- 1e-20]", "0.25", a fraction or a hexadecimal double."""
    ball = _BALL.fullmatch(words.strip())
    if ball is None:
        return Enclosed(exact(words))
    return Enclosed(exact(ball["middle"] or "0"), exact(ball["radius"]))


def exact(words: str) -> float:
    """An exact number as the float nearest to it.  Raises `ValueError` where there is none, or it is no number."""
    try:
        return float.fromhex(words) if "0x" in words else float(Fraction(words))
    except (OverflowError, ZeroDivisionError) as error:
        raise ValueError(f"{words}: {error}") from None


def tidy(words: str) -> str:
    """An enclosure without the noughts behind a number that is exact."""
    return words.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", words) else words


def interval(words: str) -> tuple[float, float]:
    """The ends of "[low, high]", where oo is infinity."""
    low, _, high = words.strip("[] ").partition(",")
    return tuple(math.inf if end.strip() == "oo" else exact(end.strip()) for end in (low, high))  # type: ignore[return-value]


def point(coordinates: Sequence[str] | Mapping[str, Any]) -> tuple[float, ...]:
    """Flat coordinates as floats; of a long point a record may hold those alone that are not 0."""
    if isinstance(coordinates, Mapping):
        written = coordinates["nonzero"]
        return tuple(exact(written.get(str(k), "0")) for k in range(coordinates["entries"]))
    return tuple(map(exact, coordinates))


# ---------------------------------------------------------------- which are drawn


def pictures(witnesses: Sequence[Mapping[str, Any]]) -> list[Picture]:
    """Pictures of a claim's witnesses: of different sorts first, frequencies and spreads gathered in one."""
    gathered = [picture for gather in (frequencies, spreads) if (picture := _guarded(gather, witnesses)) is not None]
    pictured = [(each, picture) for each in witnesses if (picture := picture_of(each)) is not None]
    different = varied(pictured, lambda pair: _sort(pair[0]), MOST_ALIKE)
    return [*gathered, *dict.fromkeys(picture for _, picture in different)][: MOST + len(gathered)]


def varied(things: Sequence[_Found], sort: Callable[[_Found], Any], most: int | None = None) -> list[_Found]:
    """The first of each sort, then the second of each, and so on; at most so many of one sort."""
    alike: dict[Any, list[_Found]] = {}
    for thing in things:
        alike.setdefault(sort(thing), []).append(thing)
    deepest = max(map(len, alike.values()), default=0)
    return [found[k] for k in range(deepest)[:most] for found in alike.values() if k < len(found)]


def _sort(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return entry["question"], entry["answer"], str(entry["witness"].get("kind"))


def picture_of(entry: Mapping[str, Any]) -> Picture | None:
    """The picture of one witness, as the ledger holds it: {"question", "answer", "because", "witness"}."""
    record = entry["witness"]
    draw = _guarded(_drawing, record)
    found = None if draw is None else _guarded(draw, record)
    return None if found is None else Picture(found.svg, f"{entry['question']}, {entry['answer']}: {found.caption}")


def _guarded(read: Callable[[Any], _Found | None], recorded: Any) -> _Found | None:
    """A ledger may come from elsewhere: a record that is not as it should be has no picture, and the page goes on."""
    try:
        return read(recorded)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError):
        return None


def _drawing(record: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Picture | None] | None:
    """What draws a record: told by the numbers that it encloses, else by its kind."""
    told = record.get("enclosures")
    if isinstance(told, dict):
        for name, draw in _BY_NUMBER.items():
            if name in told:
                return draw
    if "centre" in record and "radii" in record:
        return critical
    return _BY_KIND.get(str(record.get("kind"))) or next(
        (_BY_FIELD[name] for name in _BY_FIELD if name in record), None
    )


# ---------------------------------------------------------------- chords


def chord(record: Mapping[str, Any]) -> Picture | None:
    """A chord and the value at an inner point, above or below it."""
    told = record["enclosures"]
    a, b, m, gap = (enclosed(told[name]) for name in ("f(a)", "f(b)", "f(m)", "gap"))
    ends = [point(record["points"][name]) for name in ("a", "b")]
    weight = exact(record.get("weight", "1/2"))
    moving = _moving(*ends)
    if len(moving) == 1:
        (k,) = moving
        at, across = (ends[0][k], ends[1][k]), f"coordinate {k + 1}" if len(ends[0]) > 1 else "x"
    else:
        at, across = (0.0, 1.0), "from a to b"
    inner = at[0] + weight * (at[1] - at[0])
    relation = {1: "above", -1: "below", 0: "on"}[record["sign"]]
    caption = f"f(m) lies {relation} the chord" + (f", by {tidy(told['gap'])}" if record["sign"] else "")
    level = a.middle + weight * (b.middle - a.middle)
    if 0 < abs(gap.middle) < _SEEN * (max(a.middle, b.middle, m.middle) - min(a.middle, b.middle, m.middle)):
        a, b, m, level = Enclosed(0, a.radius), Enclosed(0, b.radius), Enclosed(gap.middle, gap.radius), 0.0
        up, caption = "f minus the chord", f"{caption}; drawn with the chord taken away"
    else:
        up = "f"
    frame = _framed(at, [*a.ends, *b.ends, *m.ends])
    if frame is None:
        return None
    places = [(at[0], a, "a"), (inner, m, "m"), (at[1], b, "b")]
    style = {1: "above", -1: "below", 0: "point"}[record["sign"]]
    parts = [
        svg.axes(frame, across, up),
        svg.line([(frame.across(at[0]), frame.down(a.middle)), (frame.across(at[1]), frame.down(b.middle))], "chord"),
        svg.line([(frame.across(inner), frame.down(level)), (frame.across(inner), frame.down(m.middle))], style),
        *(_valued(frame, x, value, name, style if name == "m" else "point") for x, value, name in places),
    ]
    alt = (
        f"A chord from a, f(a) = {told['f(a)']}, to b, f(b) = {told['f(b)']}; "
        f"at m, {weight:.4g} of the way, {caption}; f(m) = {told['f(m)']}."
    )
    return Picture(svg.drawn([*parts], alt) + _plane_of(ends, weight, moving), caption)


def _moving(a: Sequence[float], b: Sequence[float]) -> list[int]:
    return [k for k, (s, t) in enumerate(zip(a, b, strict=True)) if s != t]


def _plane_of(ends: Sequence[Sequence[float]], weight: float, moving: Sequence[int]) -> str:
    """Where a, m and b lie, if in a plane of two coordinates."""
    a, b = ends
    if len(moving) > 2 or len(a) < 2 or (len(a) > 2 and len(moving) < 2):
        return ""
    j, k = moving if len(moving) == 2 else (0, 1)
    m = tuple(s + weight * (t - s) for s, t in zip(a, b, strict=True))
    named = [((p[j], p[k]), name) for p, name in ((a, "a"), (m, "m"), (b, "b"))]
    return _plane(named, (f"coordinate {j + 1}", f"coordinate {k + 1}"), joined=True)


def _plane(named: Sequence[tuple[Place, str]], axes: Sequence[str], *, joined: bool = False) -> str:
    frame = _framed([p[0] for p, _ in named], [p[1] for p, _ in named])
    if frame is None:
        return ""
    places = [(frame.across(x), frame.down(y)) for (x, y), _ in named]
    parts = [svg.axes(frame, *axes), svg.line(places, "chord") if joined else ""]
    for (x, y), (_, name) in zip(places, named, strict=True):
        parts += [svg.dot(x, y, "point"), svg.text(x + 6, y - 6, name, "label", "start")]
    where = ", ".join(f"{name} at ({svg.number(x)}, {svg.number(y)})" for (x, y), name in named)
    return svg.drawn(parts, f"The points in their plane: {where}.")


def _framed(x: Iterable[float], y: Iterable[float]) -> Frame | None:
    across, up = svg.spanned(x), svg.spanned(y, 0.14)
    return None if across is None or up is None else Frame(across, up)


def _valued(frame: Frame, x: float, value: Enclosed, name: str, style: str) -> str:
    """A value at a place, its enclosure as an error bar, its name beside it."""
    at, low, high = frame.across(x), *map(frame.down, value.ends)
    return (
        svg.bar_up(at, low, high)
        + svg.dot(at, frame.down(value.middle), style)
        + svg.text(at + 6, frame.down(value.middle) - 6, name, "label", "start")
    )


# ---------------------------------------------------------------- values side by side


def compared(record: Mapping[str, Any]) -> Picture | None:
    """Two values of one function, or of two at one point."""
    told = record["enclosures"]
    first, second = ("f(x)", "g(x)") if "g(x)" in told else ("f(a)", "f(b)")
    difference = tidy(told[f"{first} - {second}"])
    names = ("inside", "at a") if record.get("kind") == "inner point beyond both ends" else (first, second)
    return _side_by_side([(names[0], told[first]), (names[1], told[second])], f"they differ by {difference}")


def decrease(record: Mapping[str, Any]) -> Picture | None:
    """A step of descent: the value before, the most that is demanded of the one after, and that."""
    told = record["enclosures"]
    before, after = (enclosed(told[name]) for name in ("f(x)", "f(x - s g)"))
    surplus = enclosed(told["f(x) - f(x - s g) - s/2 |g|^2"])
    bound = Enclosed(after.middle + surplus.middle, after.radius + surplus.radius)
    named = [("before", before), ("at most", bound), ("after", after)]
    caption = f"the step beats the demanded decrease by {told['f(x) - f(x - s g) - s/2 |g|^2']}"
    return _columns(named, caption)


def other_values(record: Mapping[str, Any]) -> Picture | None:
    """A number given from elsewhere, and the one certified here."""
    if "partial derivative" in record:
        return _side_by_side(
            [("given", record["given"]), ("certified", record["partial derivative"])], "a partial derivative"
        )
    elsewhere, here = (svg.number(enclosed(record[name]).middle) for name in ("elsewhere", "here"))
    told = f"{elsewhere} elsewhere, {here} here"
    return _side_by_side([("elsewhere", record["elsewhere"]), ("here", record["here"])], told)


def _side_by_side(named: Sequence[tuple[str, str]], caption: str) -> Picture | None:
    return _columns([(name, enclosed(words)) for name, words in named], caption, dict(named))


def _columns(
    named: Sequence[tuple[str, Enclosed]], caption: str, words: Mapping[str, str] | None = None
) -> Picture | None:
    frame = _framed([-0.5, len(named) - 0.5], [end for _, value in named for end in value.ends])
    if frame is None:
        return None
    parts = [svg.axes(frame, "", "", x_ticks=[(k, name) for k, (name, _) in enumerate(named)])]
    parts += [_valued(frame, k, value, "", "point") for k, (_, value) in enumerate(named)]
    shown = words or {name: svg.number(value.middle) for name, value in named}
    alt = "Values side by side: " + ", ".join(f"{name} = {text}" for name, text in shown.items()) + f"; {caption}."
    return Picture(svg.drawn(parts, alt), caption)


def sign(record: Mapping[str, Any]) -> Picture | None:
    """One value against 0."""
    told = record["enclosures"]["f(x)"]
    value = enclosed(told)
    across = svg.spanned([0.0, *value.ends], 0.2)
    if across is None:
        return None
    frame = Frame(across, (0, 1), height=80, left=12)
    zero, y = frame.across(0), 28
    parts = [
        svg.axis_along(frame, "f(x)"),
        svg.line([(zero, 12), (zero, 46)], "against"),
        svg.bar_along(frame.across(value.ends[0]), frame.across(value.ends[1]), y),
        svg.dot(frame.across(value.middle), y, "below" if value.middle < 0 else "point"),
    ]
    caption = f"f(x) = {tidy(told)}" + (", exactly" if value.radius == 0 == value.middle else "")
    return Picture(svg.drawn(parts, f"On a line: {caption}, against 0.", height=80), caption)


def bend(record: Mapping[str, Any]) -> Picture | None:
    """The parabola that touches a function at a point along a direction."""
    told = record["enclosures"]
    value, slope, second = (enclosed(told[name]).middle for name in ("f(x)", "phi'(0)", "phi''(0)"))
    steps = [k / 16 for k in range(-16, 17)]
    heights = [value + slope * t + second / 2 * t * t for t in steps]
    frame = _framed(steps, heights)
    if frame is None:
        return None
    about_slope = str(record["quantity"]).startswith("phi'(0)")
    style = "point" if about_slope else {1: "below", -1: "above", 0: "point"}[record["sign"]]
    straight = [(frame.across(t), frame.down(value + slope * t)) for t in (-1, 1)]
    curve = [(frame.across(t), frame.down(h)) for t, h in zip(steps, heights, strict=True)]
    parts = [
        svg.axes(frame, "t, from x along v", "f(x + t v), to second order"),
        svg.line(straight, "chord"),
        svg.line(curve, f"curve {style}"),
        svg.dot(frame.across(0), frame.down(value), style),
    ]
    name, quantity = ("slope", _SLOPE) if about_slope else ("second derivative", _SECOND)
    caption = f"{name} {tidy(told[quantity])} at x along v"
    return Picture(svg.drawn(parts, f"The parabola that touches f at x along v, and its tangent: {caption}."), caption)


_SLOPE, _SECOND = "phi'(0)", "phi''(0)"


# ---------------------------------------------------------------- critical points


def critical(record: Mapping[str, Any]) -> Picture | None:
    """Enclosed critical points, each with its box, in the coordinates where there are few."""
    found = critical_points(record)
    if not found:
        return None
    widest = max(enclosed(r).middle for each in found for r in each["radii"])
    values = ", ".join(f"{kind_of(each)} of value {each['value']}" for each in found[:3])
    caption = f"{values}{', ...' if len(found) > 3 else ''}; box{'es' if len(found) > 1 else ''} of radius {widest:.1e}"
    size = len(found[0]["centre"])
    drawn = _on_a_line(found) if size == 1 else _in_a_plane(found) if size == 2 else _coordinates(found)
    return None if drawn is None else Picture(drawn, caption)


def critical_points(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "centre" in record and "radii" in record:
        return [record]
    if record.get("kind") == "two critical points":
        return [record["first"], record["second"]]
    points = record.get("points")
    return list(points) if isinstance(points, list) and points and "centre" in points[0] else []


def kind_of(each: Mapping[str, Any]) -> str:
    """Minimum, maximum or saddle, by the inertia of the Hessian."""
    if isinstance(each.get("inertia"), list):
        positive, negative = each["inertia"]
        return "saddle" if positive and negative else "maximum" if negative else "minimum"
    return str(each.get("kind", "critical point"))


def mark(x: float, y: float, kind: str) -> str:
    """A critical point's mark, within a square for its box."""
    box = svg.rectangle(x - 6, y - 6, 12, 12, "box")
    if kind == "saddle":
        return box + svg.cross(x, y, "saddle")
    bow = [(x - 4, y - 3), (x - 2, y + 1.5), (x, y + 3), (x + 2, y + 1.5), (x + 4, y - 3)]
    if kind == "maximum":
        bow = [(s, 2 * y - t) for s, t in bow]
    return box + svg.line(bow, kind if kind in ("minimum", "maximum") else "saddle")


def _on_a_line(found: Sequence[Mapping[str, Any]]) -> str | None:
    xs = [exact(each["centre"][0]) for each in found]
    values = [enclosed(each["value"]) for each in found]
    frame = _framed(xs, [end for value in values for end in value.ends])
    if frame is None:
        return None
    parts = [svg.axes(frame, "x", "f")]
    parts += [
        mark(frame.across(x), frame.down(value.middle), kind_of(each))
        for x, value, each in zip(xs, values, found, strict=True)
    ]
    named = (f"{kind_of(each)} at {svg.number(x)}, value {each['value']}" for x, each in zip(xs, found, strict=True))
    return svg.drawn(parts, f"Critical points, value against place: {'; '.join(named)}.")


def _in_a_plane(found: Sequence[Mapping[str, Any]]) -> str | None:
    places = [point(each["centre"]) for each in found]
    frame = _framed([p[0] for p in places], [p[1] for p in places])
    if frame is None:
        return None
    parts = [svg.axes(frame, "coordinate 1", "coordinate 2")]
    parts += [mark(frame.across(x), frame.down(y), kind_of(each)) for (x, y), each in zip(places, found, strict=True)]
    named = (
        f"{kind_of(each)} at ({svg.number(x)}, {svg.number(y)})" for (x, y), each in zip(places, found, strict=True)
    )
    return svg.drawn(parts, f"Critical points in their plane: {'; '.join(named)}.")


def _coordinates(found: Sequence[Mapping[str, Any]]) -> str | None:
    """Each point as its coordinates, side by side."""
    return coordinates([(kind_of(each), point(each["centre"])) for each in found])


def coordinates(named: Sequence[tuple[str, Sequence[float]]]) -> str | None:
    """Points of many coordinates: a dot for each, a line for each point."""
    size = len(named[0][1])
    if size > MOST_COORDINATES or len(named) > 6:
        return None
    frame = _framed([0.5, size + 0.5], [x for _, p in named for x in p])
    if frame is None:
        return None
    labels = [(k, str(k)) for k in range(1, size + 1) if size <= 12 or k % 4 == 1]
    parts = [svg.axes(frame, "coordinate", "", x_ticks=labels)]
    for number, (_, p) in enumerate(named):
        places = [(frame.across(k + 1), frame.down(x)) for k, x in enumerate(p)]
        parts += [svg.line(places, f"thin s{number}"), *(svg.dot(x, y, f"s{number}", 2.8) for x, y in places)]
    told = "; ".join(f"{name}: {', '.join(map(svg.number, p))}" for name, p in named)
    return svg.drawn(parts, f"Coordinates of {told}.")


# ---------------------------------------------------------------- descent


def run(record: Mapping[str, Any]) -> Picture | None:
    """Where a run of gradient descent starts and where it ends."""
    end = record["basin"]["minimum"]
    start, centre = point(record["start"]), point(end["centre"])
    steps = record["steps until in the basin"]
    caption = f"after {steps} steps in the basin of a minimum of value {end['value']}"
    if len(start) <= 2:
        places = [((p[0], p[-1] if len(p) > 1 else 0.0), name) for p, name in ((start, "start"), (centre, "minimum"))]
        drawn = _plane(places, ("coordinate 1", "coordinate 2" if len(start) > 1 else ""), joined=True)
        return Picture(drawn, caption) if drawn else None
    many = coordinates([("the start", start), ("the minimum", centre)])
    return None if many is None else Picture(many, caption)


def ball(record: Mapping[str, Any]) -> Picture | None:
    """A ball that a map takes into a smaller one."""
    if record["kind"] == "contraction":
        factor = math.sqrt(exact(record["squared factor"]))
    else:
        factor = 1 - exact(record["step"]) * exact(record["least eigenvalue"])
    radius = exact(record["radius"])
    if not 0 <= factor <= 1:
        return None
    x, y, outer = svg.WIDTH / 2, svg.HEIGHT / 2, 72
    parts = [
        svg.dot(x, y, "ball", outer),
        svg.dot(x, y, "ball inner", outer * factor),
        svg.line([(x, y), (x + outer, y)], "thin"),
        svg.dot(x, y, "minimum"),
        svg.text(x + outer / 2, y - 4, f"r = {svg.number(radius)}", "label"),
    ]
    caption = f"a step takes the ball of radius {svg.number(radius)} into one of at most {factor:.4g} times that"
    return Picture(svg.drawn(parts, f"Two circles, one in the other: {caption}."), caption)


def step(record: Mapping[str, Any]) -> Picture | None:
    """The Hessian's eigenvalues along a step, against the most that the step allows."""
    low, high = exact(record["least eigenvalue"]), exact(record["largest eigenvalue"])
    most = 1 / exact(record["step"])
    drawn = _rows([Row("eigenvalues", (low, high), against=most)], "eigenvalue", starts_at_0=False)
    caption = f"eigenvalues between {svg.number(low)} and {svg.number(high)}, against 1/step = {svg.number(most)}"
    return None if drawn is None else Picture(drawn, caption)


def vector(record: Mapping[str, Any]) -> Picture | None:
    """A vector that shows what it has to: multipliers, a separating direction, a direction of negative values."""
    u = record.get("u") or record.get("theta") or record.get("multipliers")
    if not u:
        return None
    values = point(list(u.values()) if isinstance(u, dict) else u)
    name = "the vector" if "u" in record else "theta" if "theta" in record else "the multipliers"
    drawn = coordinates([(name, values)])
    value = f"; the form has the value {svg.number(exact(record['value']))} there" if "value" in record else ""
    return None if drawn is None else Picture(drawn, f"{record['kind']}: {name}{value}")


def orbit(record: Mapping[str, Any]) -> Picture | None:
    """The elements of a group, a column for each different point that they make."""
    if not 0 < record["order"] <= MOST_DOTS:
        return None
    columns, rows = record["orbit"], record["stabiliser"]
    across, down = min(24.0, (svg.WIDTH - 24) / columns), min(24.0, 100 / rows)
    height = int(down * rows) + 40
    radius = min(across, down) / 3
    parts = [
        svg.dot(12 + (i + 0.5) * across, 10 + (j + 0.5) * down, "point" if j == 0 else "faint", radius)
        for i in range(columns)
        for j in range(rows)
    ]
    parts.append(
        svg.text(12, height - 10, f"{columns} different points, {rows} element{'s' * (rows > 1)} each", "name", "start")
    )
    caption = f"{record['order']} elements make {columns} different points, {rows} for each"
    return Picture(svg.drawn(parts, f"Dots in columns: {caption}.", height=height), caption)


def segment(record: Mapping[str, Any]) -> Picture | None:
    """A segment on which a function is affine, in its plane."""
    ends = [point(record["points"][name]) for name in ("a", "b")]
    if len(ends[0]) == 1:
        ends = [(*end, 0.0) for end in ends]
    moving = _moving(*ends)
    if len(moving) > 2:
        return None
    j, k = (*moving, *(k for k in range(len(ends[0])) if k not in moving))[:2]
    named = [((p[j], p[k]), name) for p, name in zip(ends, ("a", "b"), strict=True)]
    drawn = _plane(named, (f"coordinate {j + 1}", f"coordinate {k + 1}"), joined=True)
    return Picture(drawn, "the function is affine on the segment") if drawn else None


# ---------------------------------------------------------------- frequencies and spreads


@dataclass(frozen=True)
class Row:
    """An interval in a row of its own: a wider one about it, a point in it, and what it is held against."""

    name: str
    ends: tuple[float, float]
    wide: tuple[float, float] | None = None
    at: float | None = None
    against: float | None = None


def frequencies(witnesses: Sequence[Mapping[str, Any]]) -> Picture | None:
    """Every frequency of a claim with its exact intervals, against its margin."""
    rows: dict[Row, None] = {}
    for record in (each["witness"] for each in witnesses if each["witness"].get("kind") == "frequency"):
        if "a" in record:
            rows |= dict.fromkeys(_share(record[name]) for name in ("a", "b"))
            lower, higher = (str(record[name]["of"]) for name in ("a", "b"))
            name = f"{_last(higher)} minus {_last(lower)}"
            rows[Row(name, interval(record["difference"]), against=exact(record["margin"]))] = None
        else:
            rows[_share(record, exact(record["against"]))] = None
    if not rows:
        return None
    kept = list(rows)[:MOST_ROWS]
    drawn = _rows(kept, "share of runs")
    more = f" ({len(rows) - len(kept)} more in the list)" if len(rows) > len(kept) else ""
    caption = (
        f"frequencies with their exact intervals: of 99 % (thick), of the decision (thin); dashed, the margin{more}"
    )
    return None if drawn is None else Picture(drawn, caption)


def _last(name: str) -> str:
    return name.rpartition(": ")[2]


def _share(record: Mapping[str, Any], against: float | None = None) -> Row:
    return Row(
        str(record["of"]),
        interval(record["interval of 99 %"]),
        interval(record["interval of the decision"]),
        record["events"] / record["runs"],
        against,
    )


def spreads(witnesses: Sequence[Mapping[str, Any]]) -> Picture | None:
    """Every spread of a claim, and the ratios of two, against their bound."""
    rows: dict[Row, None] = {}
    for record in (each["witness"] for each in witnesses if each["witness"].get("kind") == "ratio of spreads"):
        for each in (record["a"], record["b"]):
            rows[
                Row(str(each["of"]), interval(each["interval of 99 %"]), interval(each["interval of the decision"]))
            ] = None
        name = f"ratio: {record['a']['of']} to {record['b']['of']}"
        rows[Row(name, interval(record["ratio"]), against=exact(record["against"]))] = None
    drawn = _rows(list(rows)[:MOST_ROWS], "median distance of two runs; ratio") if rows else None
    return (
        None if drawn is None else Picture(drawn, "spreads with their exact intervals; dashed, the bound of the ratio")
    )


def _rows(rows: Sequence[Row], across: str, *, starts_at_0: bool = True) -> str | None:
    numbers = [0.0] if starts_at_0 else []
    for row in rows:
        numbers += [*row.ends, *(row.wide or ()), *(x for x in (row.at, row.against) if x is not None)]
    ends = svg.spanned(numbers, 0.04)
    if ends is None:
        return None
    each, height = 32, 32 * len(rows) + 46
    frame = Frame(ends, (0, 1), height=height, left=12)
    parts = [svg.axis_along(frame, across)]
    for number, row in enumerate(rows):
        y = 12 + each * number + 22
        parts.append(svg.text(12, y - 9, _clipped(row.name), "label", "start"))
        if row.wide is not None:
            parts.append(svg.bar_along(*_within(frame, row.wide), y, "error thin"))
        parts.append(svg.bar_along(*_within(frame, row.ends), y, "error thick", 0))
        if row.at is not None:
            parts.append(svg.dot(frame.across(row.at), y, "point"))
        if row.against is not None:
            parts.append(svg.line([(frame.across(row.against), y - 8), (frame.across(row.against), y + 7)], "against"))
    told = "; ".join(
        f"{row.name}: from {svg.number(row.ends[0])} to {svg.number(row.ends[1])}"
        + (f", against {svg.number(row.against)}" if row.against is not None else "")
        for row in rows
    )
    return svg.drawn(parts, f"Intervals: {told}.", height=height)


def _within(frame: Frame, ends: tuple[float, float]) -> tuple[float, float]:
    return tuple(frame.across(min(max(end, frame.x[0]), frame.x[1])) for end in ends)  # type: ignore[return-value]


def _clipped(words: str, most: int = 46) -> str:
    """The end of a long name, where names of one claim differ."""
    return words if len(words) <= most else f"...{words[3 - most :]}"


_BY_NUMBER = {
    "gap": chord,
    "f(a) - f(b)": compared,
    "f(x) - g(x)": compared,
    "f(x - s g)": decrease,
    "phi''(0)": bend,
    "f(x)": sign,
}
_BY_KIND = {
    "two critical points": critical,
    "descent": run,
    "contraction": ball,
    "basin": ball,
    "short step": step,
    "orbit": orbit,
    "straight segment": segment,
    "nonnegative vector": vector,
    "complete": vector,
    "quasi": vector,
    "overlap": vector,
}
_BY_FIELD = {"partial derivative": other_values, "elsewhere": other_values, "no others": critical, "points": critical}
