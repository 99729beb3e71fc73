"""Chords where floats seldom look: next to the corners of a box, and across kinks of affine forms.

A function that is convex but for a corner, or but for a kink that turns down a little, lies above its chord on a
share of the domain that no random search meets.  The candidates here are exact points; each is certified like any
other.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from flint import arb, fmpq

from netprops.domains import exact, nearest_double
from netprops.questions.asking import Asked, contains, reading_at
from netprops.questions.refuting import describe_chord
from netprops.readings.balls import precision_of
from netprops.readings.degree_two import CONSTANT, affine_row
from netprops.readings.jaxpr import UnsupportedError
from netprops.readings.jets import full_jet
from netprops.readings.krawczyk import shaped
from netprops.readings.polynomials import Expression
from netprops.readings.witnesses import jensen_violation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netprops.questions.refuting import Refutation

HALF: Final = fmpq(1, 2)
MOST_COORDINATES: Final = 6  # of which all corners are looked at
MOST_KINKS: Final = 8
NUDGES: Final = tuple(fmpq(1, 2**k) for k in (6, 10, 15, 22))
SIGNIFICANT: Final = 1e-9
SIZES: Final = tuple(fmpq(1, 2**k) for k in range(0, 42, 3))
PRECISION: Final = 64

Coordinates = list[fmpq]


def chord_beside_edges(asked: Asked, side: Literal[1, -1]) -> Refutation | None:
    """A certified chord on the wrong side of the graph, next to a corner of the domain or across a kink."""
    if asked.decision < len(asked.program.arguments) or asked.entries > 1:
        return None
    for middle, direction in itertools.chain(_across_kinks(asked), _at_corners(asked, side)):
        for size in SIZES:
            a, b = ([x + s * size * d for x, d in zip(middle, direction, strict=True)] for s in (1, -1))
            start, end = _point(asked, a), _point(asked, b)
            if not (contains(asked.program, start) and contains(asked.program, end)):
                continue
            told, start, end = asked.as_asked(start, end)
            certificate = jensen_violation(told.program, 0, start, end, HALF, side)
            if certificate is not None:
                return describe_chord(told, start, end, HALF, side, certificate)
    return None


def _sides(asked: Asked) -> list[Any]:
    return [leaf.interval(i) for leaf in asked.program.arguments for i in range(leaf.size)]


def _center(asked: Asked) -> Coordinates:
    return [x for leaf in asked.program.arguments for x in leaf.inner_point().reshape(-1)]


def _point(asked: Asked, x: Coordinates) -> Sequence[Any]:
    point, rest = [], iter(x)
    for leaf in asked.program.arguments:
        array = np.empty(leaf.size, dtype=object)
        array[:] = list(itertools.islice(rest, leaf.size))
        point.append(array.reshape(leaf.shape))
    return point


# ------------------------------------------------------------------ corners


def _at_corners(asked: Asked, side: int) -> Iterator[tuple[Coordinates, Coordinates]]:
    """Points beside the corners where the Hessian, in floats, has an eigenvalue of the wrong sign, and its direction.
    """
    sides, center = _sides(asked), _center(asked)
    if len(sides) > MOST_COORDINATES:
        return
    ends = [[e for e in (r.lo, r.hi) if e is not None] or [c] for r, c in zip(sides, center, strict=True)]
    for corner in itertools.product(*ends):
        for nudge in NUDGES:
            x = [e + nudge * (c - e) for e, c in zip(corner, center, strict=True)]
            room = min((abs(c - e) for e, c in zip(corner, center, strict=True) if c != e), default=fmpq(1))
            direction = _wrong_direction(asked, x, side, nearest_double(room))
            if direction is not None:
                yield x, [d * nudge * room for d in direction]


def _wrong_direction(asked: Asked, x: Coordinates, side: int, room: float) -> Coordinates | None:
    with precision_of(PRECISION):
        try:
            jet = full_jet(asked.program, shaped(asked.program, [arb(c) for c in x]), PRECISION)
        except UnsupportedError:
            return None
    value, slope, hessian = (_floats(part) for part in (jet.value, jet.gradient, jet.hessian))
    if not (np.isfinite(hessian).all() and np.isfinite(slope).all()):
        return None
    eigenvalues, vectors = np.linalg.eigh(side * hessian.reshape(len(x), len(x)))
    # Of the size of rounding, in the function or in the numbers that stand in it: no matter for a search.
    size = max(abs(eigenvalues).max() * room**2, abs(slope).max() * room, abs(value).max())
    if eigenvalues[0] * room**2 >= -SIGNIFICANT * size:
        return None
    return [exact(round(float(v) * 64) / 64) for v in vectors[:, 0]]


def _floats(part: Any) -> Any:
    return np.array([float(ball.mid()) for ball in np.asarray(part, dtype=object).reshape(-1)])


# ------------------------------------------------------------------ kinks


def _across_kinks(asked: Asked) -> Iterator[tuple[Coordinates, Coordinates]]:
    """The point nearest to the middle of the domain at which an affine operand of a maximum or choice changes its sign.
    """
    reading = reading_at(asked, 0, [])
    if reading is None:
        return
    table, center = reading.symbols.table, _center(asked)
    forms: dict[Expression, None] = {}
    for atom in table.atoms:
        if atom.kind == "max" and len(atom.arguments) == 2:
            forms.update((o, None) for o in atom.arguments if o.terms)
        elif atom.kind == "where":
            forms[atom.arguments[1]] = None
    for form in itertools.islice(forms, MOST_KINKS):
        row = affine_row(table, form, reading.calculus.mask)
        slopes = [(row or {}).get(bit, fmpq(0)) for bit in range(len(center))]
        length = sum((s * s for s in slopes), fmpq(0))
        if row is None or length == 0:
            continue
        value = row.get(CONSTANT, fmpq(0)) + sum((s * x for s, x in zip(slopes, center, strict=True)), fmpq(0))
        unit = exact(nearest_double(length) ** -0.5)
        yield [x - s * value / length for x, s in zip(center, slopes, strict=True)], [s * unit for s in slopes]
