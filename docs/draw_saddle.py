"""Draw docs/saddle.svg: the saddle xy with the chords that show what it is not, by the code of the report.

    python docs/draw_saddle.py

The chords are the recorded witnesses of two questions; the surface is computed in floats.  Colours are those of the
report, in light and in dark, on a ground of their own.
"""

import re
from pathlib import Path

import jax
import jax.numpy as jnp

from netprops import is_concave, is_convex, reals
from netprops.report import drawings

PAGE_STYLE = Path(drawings.__file__).with_name("page.css")
PICTURE = Path(__file__).with_name("saddle.svg")
MARGIN = 8


def saddle(v):
    return v[0] * v[1]


def drawn():
    """The picture, as the file has it."""
    x = jnp.linspace(-2, 2, 21)
    surface = {"title": "The saddle xy", "axes": ["x", "y", "xy"], "x": x.tolist(), "y": x.tolist()}
    surface["z"] = jnp.outer(x, x).tolist()
    refused = [question(saddle, on=reals(2)) for question in (is_convex, is_concave)]
    assert [verdict.evidence for verdict in refused] == ["certified", "certified"]
    upright, _ = drawings.pictures([surface], [{"witness": dict(verdict.witness)} for verdict in refused])
    return _standing_alone(upright.svg)


def _standing_alone(svg):
    """An element of the report's page as a file: with the page's colours and style, and on a ground of its own."""
    opened, inside = svg.split(">", 1)
    places = [tuple(map(float, place)) for place in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", inside)]
    (left, top), (right, bottom) = (
        [round(end(axis)) + room for axis in zip(*places, strict=True)] for end, room in ((min, -MARGIN), (max, MARGIN))
    )
    width, height = right - left, bottom - top
    opened = re.sub(r' (style|viewBox)="[^"]*"', "", opened).replace(
        "<svg",
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * width}" height="{2 * height}" '
        f'viewBox="{left} {top} {width} {height}"',
    )
    ground = f'<rect class="ground" x="{left}" y="{top}" width="{width}" height="{height}" rx="6"/>'
    return f"{opened}>\n<style>\n{_style(svg)}\n</style>\n{ground}{inside}\n"


def _style(svg):
    """The colours of the page in light and in dark, and those of its rules for pictures that this one uses."""
    css = PAGE_STYLE.read_text(encoding="utf-8")
    light, dark = (re.search(start + r".*?\{(.*?)\}", css, re.DOTALL)[1] for start in (r"^:root", r":root:not\("))
    used = {name for names in re.findall(r'class="([^"]*)"', svg) for name in names.split()}
    rules = [
        f"{selector} {{{body}}}"
        for selector, body in re.findall(r"(svg [^{}]*?) \{([^{}]*)\}", css)
        if set(re.findall(r"\.([a-z]\w*)", selector)) <= used
    ]
    scheme = f":root {{{light}}}\n@media (prefers-color-scheme: dark) {{ :root {{{dark}}} }}"
    return "\n".join([scheme, *rules, "svg .ground { fill: var(--panel); }"])


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    PICTURE.write_text(drawn(), encoding="utf-8")
