"""Gradient descent x -> x - s grad f(x) followed exactly: its steps enclosed in balls, its basins certified.

A ball B of radius r about a critical point x* on which all eigenvalues of the Hessian lie in [m, L], m > 0, holds
descent with steps s <= 1/L: for x in B

    x - s grad f(x) - x* = (I - s H)(x - x*),    H the mean of the Hessian between x* and x,

so that each step shortens the distance to x* by the factor 1 - s m or less; with steps s < 2/L, by the factor
max(1 - s m, s L - 1) or less (B. T. Polyak, Introduction to Optimization, 1987, 1.4). So an exact orbit of which one
point certainly lies in B converges to x*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from flint import arb, fmpq

from netprops.domains import exact, nearest_double
from netprops.readings.atoms import Ball, ball
from netprops.readings.balls import evaluate, precision_of
from netprops.readings.hessians import Bounds, bounds_on_box
from netprops.readings.jets import gradient
from netprops.readings.krawczyk import CriticalPoint, enclose_critical_point, shaped
from netprops.readings.witnesses import Certificate, decide, exact_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netprops.readings.jaxpr import Array, Program

Floats = np.ndarray[Any, np.dtype[np.float64]]

MOST_STEPS: Final = 3000
FAR: Final = 1e100  # from where a run in floating point is not followed
SETTLED: Final = 1e-8  # a move this small, relative, and the run is taken to have come to its end
ALMOST_TWO: Final = fmpq(2047, 1024)  # below 2, so that a step shortens by a factor below 1
MOST_BOXES: Final = 400
BOXES_WHILE_SEARCHING: Final = 40
RADII: Final = tuple(fmpq(1, 2**k) for k in range(21))
BITS: Final = (64, 8192)  # the least and the most, for following an orbit
SOME_MORE: Final = 50  # steps beyond those that floats take


# ------------------------------------------------------------------ one step


def sufficient_decrease(program: Program, at: Sequence[Array], step: fmpq) -> Certificate | None:
    """The sign of ``f(x) - f(x - s g) - s/2 |g|^2``, g the gradient at x (L. Armijo 1966, with the constant 1/2)."""

    def compute(precision: int) -> dict[str, Ball]:
        value, slope = gradient(program, at, precision)
        flat = [x for array in at for x in array.reshape(-1)]
        after = [ball(exact(x)) - ball(step) * g for x, g in zip(flat, slope, strict=True)]
        lower = _value(program, after, precision)
        square = sum((g * g for g in slope), arb(0))
        surplus = value - lower - ball(step / 2) * square
        return {"f(x)": value, "f(x - s g)": lower, "|g|^2": square, "f(x) - f(x - s g) - s/2 |g|^2": surplus}

    return decide("f(x) - f(x - s g) - s/2 |g|^2", 0, {"x": at}, compute)


def _value(program: Program, flat: Sequence[Ball], precision: int) -> Ball:
    (output,) = evaluate(program, shaped(program, flat), precision)
    result: Ball = output.item()
    return result


def stepped(program: Program, x: Sequence[Any], step: fmpq, precision: int) -> list[Ball]:
    """x - s grad f(x), enclosed; x flat, of exact numbers or balls."""
    with precision_of(precision):
        _, slope = gradient(program, shaped(program, x), precision)
        inside = [v if isinstance(v, arb) else ball(exact(v)) for v in x]
        return [v - ball(step) * g for v, g in zip(inside, slope, strict=True)]


# ------------------------------------------------------------------ basins


@dataclass(frozen=True)
class Basin:
    """The closed ball of a radius about a strict minimum; all eigenvalues of the Hessian on it lie in `bounds`, > 0."""

    minimum: CriticalPoint
    radius: fmpq
    bounds: Bounds

    def holds(self, x: Sequence[Ball]) -> bool:
        """Whether the point (flat balls) certainly lies in the ball; at the precision in force."""
        room = ball(self.radius) - _doubt(self.minimum)
        return bool(room > 0 and distance_squared(x, self.minimum) <= room * room)

    def record(self) -> dict[str, object]:
        """The basin as a JSON object."""
        return {"minimum": self.minimum.record(), "radius": exact_text(self.radius), **self.bounds.record()}


def _doubt(point: CriticalPoint) -> Ball:
    """How far the critical point may be from the centre of its box."""
    return sum((ball(r * r) for r in point.radii), arb(0)).sqrt()


def distance_squared(x: Sequence[Ball], point: CriticalPoint) -> Ball:
    """The squared distance of x (flat balls) from the centre of the critical point's box."""
    return sum(((v - ball(c)) ** 2 for v, c in zip(x, point.centre, strict=True)), arb(0))


def basin(
    program: Program, minimum: CriticalPoint, radius: fmpq, largest: fmpq, budget: int = MOST_BOXES
) -> Basin | None:
    """The ball of the radius about the minimum, if all eigenvalues on it are shown to lie in (0, largest].

    The box around the ball is halved where the bounds do not suffice; parts outside the ball do not count.
    """
    with precision_of(64):
        doubt = _doubt(minimum).upper().fmpq()
    reach = radius + doubt
    stack = [[(c - reach, c + reach) for c in minimum.centre]]
    total: Bounds | None = None
    for _ in range(budget):
        if not stack:
            return None if total is None else Basin(minimum, radius, total)
        box = stack.pop()
        if _outside(box, minimum, reach):
            continue
        with precision_of(64):
            found = bounds_on_box(program, [ball(a).union(ball(b)) for a, b in box])
        if found is not None and found.least > 0 and found.largest <= largest:
            total = found if total is None else total.hull(found)
        else:
            k = max(range(len(box)), key=lambda i: box[i][1] - box[i][0])
            (a, b), before, after = box[k], box[:k], box[k + 1 :]
            stack += [[*before, half, *after] for half in ((a, (a + b) / 2), ((a + b) / 2, b))]
    return None


def _outside(box: Sequence[tuple[fmpq, fmpq]], minimum: CriticalPoint, reach: fmpq) -> bool:
    """Whether no point of the box is within `reach` of the centre; exact."""
    gaps = [max(a - c, c - b, fmpq(0)) for (a, b), c in zip(box, minimum.centre, strict=True)]
    return bool(sum((g * g for g in gaps), fmpq(0)) > reach * reach)


def largest_basin(program: Program, minimum: CriticalPoint, step: fmpq) -> Basin | None:
    """The widest ball of radius 1, 1/2, 1/4, ... about the minimum that is shown to hold descent with this step."""
    for radius in RADII:
        found = basin(program, minimum, radius, ALMOST_TWO / step, BOXES_WHILE_SEARCHING)
        if found is not None:
            return found
    return None


# ------------------------------------------------------------------ orbits


@dataclass(frozen=True)
class FloatRun:
    """A run in floating point: how many steps it took, where it was then, and whether that is in the basin."""

    steps: int
    end: Floats
    arrived: bool


def float_run(program: Program, start: Sequence[fmpq], step: fmpq, into: Basin | None = None) -> FloatRun | None:
    """Descent in floating point until it is in the basin or hardly moves; None if it does neither."""
    x = np.array([nearest_double(v) for v in start])
    size = nearest_double(step)
    centre = None if into is None else np.array([nearest_double(c) for c in into.minimum.centre])
    reach = 0.0 if into is None else (1 - 1e-6) * nearest_double(into.radius)
    for k in range(MOST_STEPS + 1):
        if centre is not None and float(np.linalg.norm(x - centre)) <= reach:
            return FloatRun(k, x, True)
        _, slope = gradient(program, shaped(program, x.tolist()), 53)
        with np.errstate(all="ignore"):
            move = size * np.array([float(g.mid()) for g in slope])
            x = x - move
        if not (np.abs(x) < FAR).all():
            return None
        if (np.abs(move) <= SETTLED * np.maximum(1, np.abs(x))).all():
            return FloatRun(k + 1, x, False)
    return None


@dataclass(frozen=True)
class Descent:
    """The exact run from a start: its point after `steps` steps, and all later ones, lie in the basin."""

    basin: Basin
    steps: int
    precision: int

    def record(self) -> dict[str, object]:
        """The certificate as a JSON object."""
        return {"steps until in the basin": self.steps, "precision": self.precision, "basin": self.basin.record()}


def descend(program: Program, start: Sequence[fmpq], step: fmpq, expected: Basin | None = None) -> Descent | str:
    """Where exact gradient descent from the start ends, or, in words, what could not be shown.

    Args:
        expected: the basin to look out for first; without it, or where the run settles elsewhere, one is looked for
            where the run settles.
    """
    run = float_run(program, start, step, expected)
    if run is None:
        return f"in floating point the run does not settle in {MOST_STEPS} steps"
    around = expected if run.arrived else _basin_at(program, run.end, step)
    if around is None or isinstance(around, str):
        return around or f"no ball about the minimum near {run.end.tolist()} was shown to hold steps of {step}"
    # An enclosure loses a bit or so a step.
    bits = max(BITS[0], 2 ** (2 * run.steps).bit_length())
    while bits <= BITS[1]:
        steps = steps_into(program, start, step, around, run.steps + SOME_MORE, bits)
        if steps is not None:
            return Descent(around, steps, bits)
        bits *= 2
    return f"the run was not enclosed until it is in the basin of radius {around.radius} about {run.end.tolist()}"


def _basin_at(program: Program, end: Floats, step: fmpq) -> Basin | str | None:
    found = enclose_critical_point(program, shaped(program, end.tolist()))
    if not isinstance(found, CriticalPoint):
        return f"no critical point was enclosed at its end {end.tolist()} ({found.reason}: {found.detail})"
    if found.kind != "minimum":
        return f"it comes near a {found.kind}, at {end.tolist()}"
    return largest_basin(program, found, step)


def steps_into(
    program: Program, start: Sequence[fmpq], step: fmpq, around: Basin, most: int, precision: int
) -> int | None:
    """After how many steps of exact descent the point certainly lies in the basin; None if that was not shown."""
    with precision_of(precision):
        x = [ball(v) for v in start]
        for k in range(most + 1):
            if around.holds(x):
                return k
            x = stepped(program, x, step, precision)
            if not all(v.is_finite() and v.rad() < ball(around.radius) for v in x):
                return None
    return None
