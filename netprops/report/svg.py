"""Small pictures as inline SVG: a frame with axes, and the marks in it.

Colours are classes, which the page's style gives a value in light and in dark; every picture says in words, under
`aria-label`, what it shows.  Numbers that are not finite are left out, never drawn at a made-up place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Ends = tuple[float, float]

WIDTH, HEIGHT = 260, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 10, 14, 34
_TICKS = 5


@dataclass(frozen=True)
class Picture:
    """An SVG element with what it shows: `alt` for those who do not see it, `caption` for everybody."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Frame:
    """Where numbers lie in a picture: `x` and `y` are the ends of the axes."""

    x: Ends
    y: Ends
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT

    def across(self, value: float) -> float:
        """The horizontal place of a number, kept near the frame."""
        return self.left + _share(value, self.x) * (self.width - self.left - _RIGHT)

    def down(self, value: float) -> float:
        """The vertical place of a number, kept near the frame."""
        return self.height - _BOTTOM - _share(value, self.y) * (self.height - _TOP - _BOTTOM)


def _share(value: float, ends: Ends) -> float:
    low, high = ends
    return min(max((value - low) / (high - low), -0.5), 1.5)


def spanned(values: Iterable[float], margin: float = 0.08) -> Ends | None:
    """The ends of an axis that shows all these numbers; None if there are none, or they are too large for a picture."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    if not math.isfinite(high - low) or max(abs(low), abs(high)) > 1e300:
        return None
    room = (high - low) * margin
    # One number, or several that one tick tells apart from no other: room for it to stand in the middle.
    if room <= 1e-13 * max(abs(low), abs(high)):
        room = 0.5 * abs(high) or 1.0
    return low - room, high + room


def ticks(ends: Ends, most: int = _TICKS) -> list[float]:
    """Round numbers between the ends."""
    low, high = ends
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * digit for digit in (1, 2, 2.5, 5, 10) if power * digit >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    # Rounded again, or 3 * 0.1 would be written with all its digits.
    return [
        round(k * step, 12 - math.floor(math.log10(step)))
        for k in range(first, first + 2 * most)
        if k * step <= high + 1e-9 * step
    ]


def number(value: float) -> str:
    """A number as a reader wants it: few digits, a real minus sign."""
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


# ---------------------------------------------------------------- marks


def line(points: Sequence[tuple[float, float]], style: str) -> str:
    """A line through these places."""
    return f'<path class="{style}" d="{_path(points)}"/>' if len(points) > 1 else ""


def _path(points: Sequence[tuple[float, float]], closed: bool = False) -> str:
    return "M" + "L".join(f"{_r(x)} {_r(y)}" for x, y in points) + ("z" if closed else "")


def shape(points: Sequence[tuple[float, float]], style: str) -> str:
    """A filled polygon with these corners."""
    return f'<path class="{style}" d="{_path(points, closed=True)}"/>'


def shapes(polygons: Iterable[Sequence[tuple[float, float]]], style: str) -> str:
    """Many polygons of one style, as one element."""
    text = "".join(_path(points, closed=True) for points in polygons)
    return f'<path class="{style}" d="{text}"/>' if text else ""


def dot(x: float, y: float, style: str, radius: float = 3.5) -> str:
    """A point."""
    return f'<circle class="{style}" cx="{_r(x)}" cy="{_r(y)}" r="{_r(radius)}"/>'


def cross(x: float, y: float, style: str, size: float = 4) -> str:
    """A point that is neither a minimum nor a maximum."""
    return (
        f'<path class="{style}" d="M{_r(x - size)} {_r(y - size)}L{_r(x + size)} {_r(y + size)}'
        f'M{_r(x - size)} {_r(y + size)}L{_r(x + size)} {_r(y - size)}"/>'
    )


def rectangle(x: float, y: float, width: float, height: float, style: str) -> str:
    """A rectangle with this corner at the upper left."""
    return f'<rect class="{style}" x="{_r(x)}" y="{_r(y)}" width="{_r(width)}" height="{_r(height)}"/>'


def bar_up(x: float, low: float, high: float, style: str = "error") -> str:
    """An error bar: a vertical line with two ends, drawn even where both fall on one place."""
    return _bar([(x, low), (x, high)], [((x - 4, y), (x + 4, y)) for y in (low, high)], style)


def bar_along(low: float, high: float, y: float, style: str = "error", half: float = 4) -> str:
    """An interval: a horizontal line with two ends."""
    return _bar([(low, y), (high, y)], [((x, y - half), (x, y + half)) for x in (low, high)], style)


def _bar(through: Sequence[tuple[float, float]], ends: Sequence[Sequence[tuple[float, float]]], style: str) -> str:
    return f'<path class="{style}" d="{_path(through)}{"".join(map(_path, ends))}"/>'


def text(x: float, y: float, words: str, style: str = "", anchor: str = "middle") -> str:
    """Words at a place."""
    kind = f' class="{style}"' if style else ""
    at = "" if anchor == "middle" else f' text-anchor="{anchor}"'
    return f'<text{kind} x="{_r(x)}" y="{_r(y)}"{at}>{escape(words)}</text>'


def _r(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


# ---------------------------------------------------------------- frames


def axes(frame: Frame, across: str, up: str, *, x_ticks: Sequence[tuple[float, str]] | None = None) -> str:
    """The frame's axes with their ticks and names."""
    right, bottom = frame.width - _RIGHT, frame.height - _BOTTOM
    parts = [rectangle(frame.left, _TOP, right - frame.left, bottom - _TOP, "frame")]
    for value, label in x_ticks if x_ticks is not None else _labelled(frame.x, right - frame.left):
        x = frame.across(value)
        parts += [line([(x, bottom), (x, bottom + 3)], "axis"), text(x, bottom + 14, label)]
    for value in ticks(frame.y):
        y = frame.down(value)
        parts += [line([(frame.left, y), (right, y)], "grid"), text(frame.left - 4, y + 3.5, number(value), "", "end")]
    if across:
        parts.append(text((frame.left + right) / 2, frame.height - 4, across, "name"))
    if up:
        parts.append(text(frame.left, _TOP - 2, up, "name", "start"))
    return "".join(parts)


def _labelled(ends: Ends, room: float) -> list[tuple[float, str]]:
    """Ticks with labels that leave each other room."""
    for most in range(_TICKS, 0, -1):
        found = [(value, number(value)) for value in ticks(ends, most)]
        if sum(6.5 * len(label) + 8 for _, label in found) <= room or most == 1:
            break
    return found


def axis_along(frame: Frame, across: str) -> str:
    """A horizontal axis alone, for intervals one above the other."""
    right, bottom = frame.width - _RIGHT, frame.height - _BOTTOM
    parts = [line([(frame.left, bottom), (right, bottom)], "axis")]
    for value, label in _labelled(frame.x, right - frame.left):
        x = frame.across(value)
        parts += [line([(x, _TOP), (x, bottom + 3)], "grid"), text(x, bottom + 14, label)]
    parts.append(text((frame.left + right) / 2, frame.height - 4, across, "name"))
    return "".join(parts)


def drawn(parts: Iterable[str], alt: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    """The picture."""
    inside = "".join(parts)
    return (
        f'<svg viewBox="0 0 {width} {height}" style="max-width:{width * 1.5:.0f}px" role="img" '
        f'aria-label="{escape(alt)}">{inside}</svg>'
    )
