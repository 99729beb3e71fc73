"""Every kind of witness as a picture: what is drawn is where its record says."""

import math
import re
from contextlib import suppress
from dataclasses import replace

import pytest

from netprops.evidence import Drawing, Recorder, draw, recording
from netprops.report import drawings, svg, witnesses
from netprops.report.witnesses import Enclosed

MINIMUM = {
    "centre": ["0x1.0000000000000p-1"],
    "radii": ["0x1.0000000000000p-30"],
    "enclosures": ["[0.5 +/- 1e-17]"],
    "value": "[-1.25 +/- 1e-17]",
    "inertia": [1, 0],
    "precision": 128,
}
SADDLE = MINIMUM | {"centre": ["1", "2"], "radii": ["1/8", "1/8"], "inertia": [1, 1]}
CHORD = {
    "kind": "chord",
    "weight": "1/2",
    "quantity": "f(m) - 1/2 f(a) - 1/2 f(b), m = 1/2 a + 1/2 b",
    "sign": 1,
    "precision": 53,
    "entry": 0,
    "points": {"a": ["-1", "1"], "b": ["1", "-1"], "m": ["0", "0"]},
    "enclosures": {"f(a)": "-1.000", "f(b)": "[-1.0 +/- 0.25]", "f(m)": "0", "gap": "[1.0 +/- 0.125]"},
}
PAIR = {
    "sign": 1,
    "points": {"a": ["0"], "b": ["1"]},
    "enclosures": {"f(a)": "3", "f(b)": "[1 +/- 0.5]", "f(a) - f(b)": "[2 +/- 0.5]"},
}
SHARE = {
    "kind": "frequency",
    "of": "runs: end badly",
    "runs": 100,
    "events": 25,
    "interval of 99 %": "[0.15, 0.375]",
    "interval of the decision": "[0.1, 0.5]",
    "seed": 1,
}
SPREAD = {"kind": "spread", "of": "width 2", "interval of 99 %": "[1, 2]", "interval of the decision": "[0.5, oo]"}
BEND = {
    "quantity": "phi''(0), phi(t) = f(x + t v)",
    "sign": -1,
    "points": {"x": ["0"], "v": ["1"]},
    "enclosures": {"f(x)": "1", "phi'(0)": "2", "phi''(0)": "[-4 +/- 1e-9]"},
}
BOUNDS = {"least eigenvalue": "1/4", "largest eigenvalue": "0x1.0000000000000p+1"}
RECORDS = {
    "chord": CHORD,
    "chord, concave": CHORD | {"sign": -1, "enclosures": CHORD["enclosures"] | {"f(m)": "-3", "gap": "-2"}},
    "chord, on it": CHORD | {"sign": 0, "enclosures": dict.fromkeys(CHORD["enclosures"], "0")},
    "chord on a line": CHORD | {"points": {"a": ["0"], "b": ["4"], "m": ["1"]}, "weight": "1/4"},
    "chord in many": CHORD | {"points": {"a": ["0"] * 5, "b": ["1"] * 5, "m": ["1/2"] * 5}},
    "chord, small gap": CHORD | {"enclosures": {"f(a)": "0", "f(b)": "10", "f(m)": "5.001", "gap": "0.001"}},
    "pair": PAIR | {"kind": "pair"},
    "higher": PAIR | {"quantity": "f(a) - f(b)", "expected": 1},
    "inner point": PAIR | {"kind": "inner point beyond both ends", "weight": "1/2"},
    "differ": {"kind": "differ", "sign": 1, "enclosures": {"f(x)": "1", "g(x)": "2", "f(x) - g(x)": "-1"}},
    "not positive": {"kind": "not positive", "sign": 0, "enclosures": {"f(x)": "0"}},
    "curvature": BEND,
    "slope": BEND | {"quantity": "phi'(0), phi(t) = f(x + t v)", "sign": 1},
    "decrease": {
        "sign": 1,
        "enclosures": {"f(x)": "4", "f(x - s g)": "1", "|g|^2": "4", "f(x) - f(x - s g) - s/2 |g|^2": "1"},
    },
    "minimum": MINIMUM | {"kind": "minimum"},
    "maximum": MINIMUM | {"kind": "maximum", "inertia": [0, 1]},
    "saddle": SADDLE | {"kind": "saddle"},
    "in many": MINIMUM | {"centre": ["0", "1", "2"], "radii": ["0", "0", "0"], "kind": "minimum"},
    "two minima": {"kind": "two critical points", "first": MINIMUM, "second": MINIMUM | {"centre": ["2"]}},
    "all critical points": {"points": [MINIMUM, MINIMUM | {"centre": ["3"]}], "no others": "Sturm"},
    "descent": {
        "kind": "descent",
        "start": ["2"],
        "step": "1/4",
        "steps until in the basin": 9,
        "basin": {"minimum": MINIMUM, "radius": "1"},
    },
    "contraction": {"kind": "contraction", "centre": ["0"], "radius": "1/2", "squared factor": "1/4"},
    "basin": {"kind": "basin", "step": "1/4", "noise": "0", "radius": "1/2", "minimum": MINIMUM, **BOUNDS},
    "short step": {"kind": "short step", "step": "1/4", **BOUNDS},
    "orbit": {"kind": "orbit", "order": 8, "stabiliser": 2, "orbit": 4},
    "straight": {"kind": "straight segment", "points": {"a": ["0", "0"], "b": ["1", "0"]}, "entry": 0, "level": 0},
    "vector": {"kind": "nonnegative vector", "u": {"x0[0]": "1", "x0[1]": "0"}, "value": "-3"},
    "complete": {"kind": "complete", "theta": ["-1", "1"]},
    "overlap": {"kind": "overlap", "multipliers": ["1", "2", "1"]},
    "gradient": {"kind": "another gradient", "given": "1", "partial derivative": "[2 +/- 1e-9]"},
    "library": {"elsewhere": "0x1.8000000000000p+1", "here": "[3.0 +/- 1e-9]"},
    "frequency": SHARE | {"against": "1/8"},
    "rarer": {
        "kind": "frequency",
        "a": SHARE,
        "b": SHARE | {"events": 50},
        "difference": "[0.1, 0.4]",
        "margin": "1/64",
    },
    "spread": {"kind": "ratio of spreads", "a": SPREAD, "b": SPREAD, "ratio": "[0.25, 0.5]", "against": "4/5"},
}


def entry_of(record):
    because = "the function lies above its chord"
    return {"question": "is_it", "where": "a.py:1:1", "answer": "no", "because": because, "witness": record}


def picture(name, **fields):
    record = RECORDS[name] | fields
    gathered = [gather([entry_of(record)]) for gather in (witnesses.frequencies, witnesses.spreads)]
    (found,) = [each for each in (*gathered, witnesses.picture_of(entry_of(record))) if each is not None]
    return found


def circles(text, style):
    pattern = rf'<circle class="{style}" cx="([-\d.]+)" cy="([-\d.]+)" r="([-\d.]+)"'
    return [tuple(map(float, found)) for found in re.findall(pattern, text)]


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("[0.25 +/- 1e-20]", Enclosed(0.25, 1e-20)),
        ("[+/- 2.5]", Enclosed(0.0, 2.5)),
        ("[-1.5e+3 +/- 2]", Enclosed(-1500.0, 2.0)),
        ("-0.5000", Enclosed(-0.5)),
        ("3/4", Enclosed(0.75)),
        ("-0x1.8000000000000p+1", Enclosed(-3.0)),
    ],
)
def test_enclosures_are_read(words, value):
    assert witnesses.enclosed(words) == value


@pytest.mark.parametrize("words", ["", "x", "1/0", f"1{'0' * 400}"])
def test_what_is_no_float_is_not_drawn(words):
    with pytest.raises(ValueError, match=r"\d|Invalid"):
        witnesses.exact(words)
    assert witnesses.picture_of(entry_of(CHORD | {"enclosures": CHORD["enclosures"] | {"f(a)": words}})) is None


def test_intervals_are_read():
    assert witnesses.interval("[0.25, oo]") == (0.25, math.inf)


@pytest.mark.parametrize("words", ["2.000", "2.", "[2.000 +/- 1e-3]", "200"])
def test_noughts_go_where_they_say_nothing(words):
    assert witnesses.tidy(words) == {"2.000": "2", "2.": "2."}.get(words, words)


# ---------------------------------------------------------------- every kind


@pytest.mark.parametrize("name", RECORDS)
def test_every_kind_has_a_picture_that_says_what_it_shows(name):
    found = picture(name)
    assert found.svg.startswith("<svg ")
    assert 'role="img"' in found.svg
    assert len(re.search(r'aria-label="([^"]*)"', found.svg)[1]) > 20
    assert "nan" not in found.svg
    assert "inf" not in re.sub('aria-label="[^"]*"', "", found.svg)
    assert found.caption


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("damage", ["x", None, [], {}, "1e999"])
def test_a_damaged_record_has_no_picture_or_a_picture_without_it(name, damage):
    for field in RECORDS[name]:
        record = RECORDS[name] | {field: damage}
        if record.get("kind") not in ("frequency", "ratio of spreads"):
            found = witnesses.picture_of(entry_of(record))
            assert found is None or "nan" not in re.sub('aria-label="[^"]*"', "", found.svg)


def test_an_unknown_record_has_none():
    assert witnesses.picture_of(entry_of({"kind": "way out", "from": ["1"]})) is None
    assert witnesses.picture_of(entry_of({})) is None


def test_the_middle_of_a_chord_lies_above_it_by_the_gap():
    ((x, y, _),) = circles(picture("chord").svg, "above")
    (a, b, *_) = circles(picture("chord").svg, "point")
    assert x == pytest.approx((a[0] + b[0]) / 2, abs=0.1)
    assert a[1] == b[1] > y
    ((_, below, _),) = circles(picture("chord, concave").svg, "below")
    (a, *_) = circles(picture("chord, concave").svg, "point")
    assert below > a[1]


def test_the_inner_point_lies_at_its_weight():
    found = picture("chord on a line").svg
    ((x, _, _),) = circles(found, "above")
    a, b = (each[0] for each in circles(found, "point"))
    assert x == pytest.approx(0.75 * a + 0.25 * b, abs=0.1)


def test_an_error_bar_is_as_long_as_its_enclosure():
    found = picture("chord").svg
    bars = re.findall(r'class="error" d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)M', found)
    lengths = sorted(abs(float(low) - float(high)) for low, high in bars)
    ((_, middle, _),) = circles(found, "above")
    gap = circles(found, "point")[0][1] - middle
    assert lengths[:2] == [0, 0]
    assert lengths[2] == pytest.approx(gap / 2, abs=0.2)  # radius 1/4 about -1, a gap of 1


def test_two_coordinates_are_drawn_in_their_plane_and_one_on_its_axis():
    assert picture("chord").svg.count("<svg") == 2
    assert picture("chord on a line").svg.count("<svg") == 1
    assert picture("chord in many").svg.count("<svg") == 1


def test_a_gap_too_small_to_see_is_drawn_without_the_chord():
    found = picture("chord, small gap")
    assert "chord taken away" in found.caption
    ((_, y, _),) = circles(found.svg, "above")
    assert circles(found.svg, "point")[0][1] - y > 60


def test_a_kind_of_critical_point_has_a_mark_of_its_own():
    marks = {name: re.findall(r'class="(minimum|maximum|saddle)"', picture(name).svg) for name in RECORDS}
    assert [marks[name] for name in ("minimum", "maximum", "saddle")] == [["minimum"], ["maximum"], ["saddle"]]
    assert picture("two minima").svg.count('class="box"') == 2


def test_a_frequency_is_drawn_against_its_margin():
    found = picture("frequency").svg
    low, high = map(float, re.search(r'class="error thick" d="M([\d.]+) [\d.]+L([\d.]+)', found).groups())
    ((share, _, _),) = circles(found, "point")
    (margin,) = map(float, re.findall(r'class="against" d="M([\d.]+)', found))
    assert margin < low < share < high
    assert (share - margin) / (high - margin) == pytest.approx((0.25 - 0.125) / (0.375 - 0.125), abs=0.02)


def test_frequencies_are_gathered_and_each_is_drawn_once():
    both = [entry_of(RECORDS["frequency"]), entry_of(RECORDS["rarer"]), entry_of(RECORDS["rarer"])]
    found = witnesses.frequencies(both)
    assert found.svg.count('class="error thick"') == 4


def test_few_pictures_of_different_sorts_first():
    many = [entry_of(CHORD | {"weight": f"1/{k}"}) for k in range(2, 9)] + [entry_of(RECORDS["pair"])]
    found = witnesses.pictures(many)
    assert len(found) == witnesses.MOST_ALIKE + 1
    assert "differ" in found[1].caption


# ---------------------------------------------------------------- frames


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf], [1e308, -1e308]])
def test_an_axis_needs_numbers_that_it_can_show(values):
    assert svg.spanned(values) is None


@pytest.mark.parametrize("values", [[0.0], [3.0], [1.0, 1.0 + 2**-52], [-5, 7], [1e-9, 2e-9], [1e12, 1e12 + 1]])
def test_an_axis_holds_its_numbers_with_ticks_between_its_ends(values):
    low, high = svg.spanned(values)
    assert low < min(values) <= max(values) < high
    assert all(low <= tick <= high for tick in svg.ticks((low, high)))
    assert len(svg.ticks((low, high))) >= 1


# ---------------------------------------------------------------- what claims give to draw


def test_a_drawing_is_kept_as_numbers_of_six_digits_if_its_example_ends_well():
    recorder = Recorder("a")
    line = Drawing("A line", ("x", "y"), [0, 1], [1 / 3, math.inf], low=[0, 0], high=[1, 1])
    draw(line)  # nobody is listening
    with recording(recorder):
        with suppress(ZeroDivisionError), recorder.example():
            draw(line)
            raise ZeroDivisionError
        assert recorder.drawings == []
        with recorder.example():
            draw(line)
    kept = {"title": "A line", "name": "", "axes": ["x", "y"], "x": [0.0, 1.0], "y": [0.333333, None]}
    assert recorder.drawings == [kept | {"low": [0.0, 0.0], "high": [1.0, 1.0]}]


@pytest.mark.parametrize(
    "fields",
    [
        {"axes": ("x",)},
        {"axes": "xy"},
        {"y": [1]},
        {"low": [1, 2, 3]},
        {"x": [1], "y": [1]},
        {"z": [[1, 2], [3, 4]]},
        {"axes": ("x", "y", "z"), "z": [[1, 2]]},
        {"axes": ("x", "y", "z"), "z": [[1, 2], [3]]},
    ],
)
def test_a_drawing_that_does_not_fit_is_refused(fields):
    fitting = Drawing("A line", ("x", "y"), [0, 1], [1, 2])
    with pytest.raises(ValueError, match="A line: "):
        replace(fitting, **fields)


def surface(f, ends=(-2, -1, 0, 1, 2)):
    rows = [[f(x, y) for x in ends] for y in ends]
    return Drawing("A surface", ("x", "y", "z"), ends, ends, z=rows).record()


def test_a_line_breaks_where_a_number_is_not_finite():
    (found,) = drawings.pictures([Drawing("A line", ("x", "y"), range(5), [0, 1, math.nan, 3, 4]).record()], [])
    assert found.svg.count('class="curve s0"') == 2
    assert "no evidence" in found.caption


def test_lines_of_one_title_are_drawn_together():
    lines = [Drawing("A line", ("x", "y"), [0, 1], [k, k + 1], name=f"k = {k}").record() for k in range(3)]
    (found,) = drawings.pictures(lines, [])
    assert [f"k = {k}" in found.svg for k in range(3)] == [True] * 3


def test_a_witness_lies_on_the_surface_that_it_is_of():
    """The chord of xy lies on xy and on no other surface; likewise a critical point of a given value."""
    flat = {"f(a)": "-1", "f(b)": "-1", "f(m)": "0", "gap": "1"}
    chord, saddle = entry_of(CHORD | {"enclosures": flat}), entry_of(SADDLE | {"value": "2", "kind": "saddle"})
    upright, from_above = drawings.pictures([surface(lambda x, y: x * y)], [chord, saddle, chord])
    assert "a chord below the surface, saddle" in upright.caption
    assert from_above.svg.count('class="chord strong"') == 1
    for f in (lambda x, y: x * x + y * y, lambda x, y: x * y + 1):
        assert "certified" not in drawings.pictures([surface(f)], [chord])[0].caption


def test_contours_lie_where_the_surface_has_their_level():
    grid = drawings._grid(surface(lambda x, y: 2 * x + y))
    points = [point for part in drawings._contour(grid, 0.5) for point in part]
    assert points
    assert all(2 * x + y == pytest.approx(0.5) for x, y in points)


def test_a_surface_that_is_flat_or_has_holes_is_not_drawn():
    assert drawings.pictures([surface(lambda x, y: 1), surface(lambda x, y: math.nan if x == y else x)], []) == []


def test_a_long_point_may_be_written_by_its_entries_that_are_not_0():
    assert witnesses.point({"entries": 5, "nonzero": {"1": "-1/2", "4": "0x1.8p+0"}}) == (0, -0.5, 0, 0, 1.5)
