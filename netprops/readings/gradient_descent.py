"""Gradient descent x -> x - s grad f(x) followed exactly: its steps enclosed in balls, its basins certified.

A ball B of radius r about a critical point x* on which all eigenvalues of the Hessian lie in [m, L], m > 0, holds
descent with steps s <= 1/L: for x in B

    x - s grad f(x) - x* = (I - s H)(x - x*),    H the mean of the Hessian between x* and x,

so that each step shortens the distance to x* by the factor 1 - s m or less; with steps s < 2/L, by the factor
max(1 - s m, s L - 1) or less (B. T. Polyak, Introduction to Optimization, 1987, 1.4). So an exact orbit of which one
point certainly lies in B converges to x*.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from flint import arb, fmpq

from netprops.domains import exact
from netprops.readings.atoms import Ball, ball, power
from netprops.readings.balls import evaluate, precision_of
from netprops.readings.hessians import Bounds, bounds_on_box
from netprops.readings.jets import gradient
from netprops.readings.krawczyk import CriticalPoint, enclose_critical_point, shaped
from netprops.readings.subdivision import on_parts
from netprops.readings.witnesses import Certificate, decide, exact_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netprops.readings.jaxpr import Array, Program
    from netprops.readings.subdivision import Ends

MOST_STEPS: Final = 3000
FAR: Final = 1e100  # from where a run is not followed
TOO_WIDE: Final = 1e-6  # radius of an enclosure that is not followed
SETTLED: Final = 1e-8  # a move this small, relative, and the run is taken to have come to its end
ALMOST_TWO: Final = fmpq(2047, 1024)  # below 2, so that a step shortens by a factor below 1
MOST_BOXES: Final = 400
BOXES_WHILE_SEARCHING: Final = 16
LEAST_RADIUS, FIRST_RADIUS, LARGEST_RADIUS = fmpq(1, 2**20), fmpq(1, 64), fmpq(2**20)  # of a ball that is looked for
PRECISIONS: Final = (512, 2048, 8192)  # bits: an enclosure loses one or so a step


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
    return sum((power(v - ball(c), 2) for v, c in zip(x, point.centre, strict=True)), arb(0))


def basin(
    program: Program, minimum: CriticalPoint, radius: fmpq, largest: fmpq, budget: int = MOST_BOXES
) -> Basin | None:
    """The ball of the radius about the minimum, if all eigenvalues on it are shown to lie in (0, largest].

    The box around the ball is halved where the bounds do not suffice; parts outside the ball do not count.
    """
    with precision_of(64):
        doubt = _doubt(minimum).upper().fmpq()
    reach = radius + doubt

    def suitable(box: Ends) -> Bounds | None:
        with precision_of(64):
            found = bounds_on_box(program, [ball(a).union(ball(b)) for a, b in box])
        return found if found is not None and found.least > 0 and found.largest <= largest else None

    cube = [(c - reach, c + reach) for c in minimum.centre]
    bounds = on_parts(cube, suitable, budget, lambda box: _outside(box, minimum, reach))
    return Basin(minimum, radius, functools.reduce(Bounds.hull, bounds)) if bounds else None


def _outside(box: Sequence[tuple[fmpq, fmpq]], minimum: CriticalPoint, reach: fmpq) -> bool:
    """Whether no point of the box is within `reach` of the centre; exact."""
    gaps = [max(a - c, c - b, fmpq(0)) for (a, b), c in zip(box, minimum.centre, strict=True)]
    return bool(sum((g * g for g in gaps), fmpq(0)) > reach * reach)


def largest_basin(program: Program, minimum: CriticalPoint, step: fmpq) -> Basin | None:
    """A ball about the minimum that is shown to hold descent with this step; no ball twice as wide was."""
    radius, found = FIRST_RADIUS, None
    while found is None and radius >= LEAST_RADIUS:
        found = basin(program, minimum, radius, ALMOST_TWO / step, BOXES_WHILE_SEARCHING)
        radius /= 2
    while found is not None and FIRST_RADIUS <= found.radius < LARGEST_RADIUS:
        wider = basin(program, minimum, 2 * found.radius, ALMOST_TWO / step, BOXES_WHILE_SEARCHING)
        if wider is None:
            return found
        found = wider
    return found


# ------------------------------------------------------------------ orbits


@dataclass(frozen=True, eq=False)
class Run:
    """Exact descent, enclosed: after how many steps it was stopped, in which box it was then, and why."""

    steps: int
    end: list[Ball]
    why: Literal["arrived", "settled", "wide", "far", "slow"]

    @property
    def near(self) -> list[float]:
        """About where it was."""
        return [float(v.mid()) for v in self.end]


def follow(program: Program, start: Sequence[fmpq], step: fmpq, into: Basin | None, precision: int) -> Run:
    """Enclose the points of exact descent until one certainly lies in the basin, or they hardly move any more.

    The run is "wide" when its enclosure has become useless, "far" when it is on its way to infinity, and "slow" after
    `MOST_STEPS` steps.
    """
    with precision_of(precision):
        x = [ball(v) for v in start]
        for k in range(MOST_STEPS):
            if into is not None and into.holds(x):
                return Run(k, x, "arrived")
            after = stepped(program, x, step, precision)
            if not all(v.is_finite() and v.rad() < TOO_WIDE for v in after):
                return Run(k, x, "wide")
            if not all(abs(v) < FAR for v in after):
                return Run(k, x, "far")
            if all(abs(w.mid() - v.mid()) <= SETTLED * (1 + abs(v.mid())) for v, w in zip(x, after, strict=True)):
                return Run(k + 1, after, "settled")
            x = after
    return Run(MOST_STEPS, x, "slow")


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
    run = None
    for precision in PRECISIONS:
        run = follow(program, start, step, expected, precision)
        if run.why == "arrived" and expected is not None:
            return Descent(expected, run.steps, precision)
        if run.why == "settled":
            found = _basin_at(program, run.near, step)
            if isinstance(found, str):
                return found
            with precision_of(precision):
                if found.holds(run.end):
                    return Descent(found, run.steps, precision)
        elif run.why != "wide":
            break
    assert run is not None
    return f"after {run.steps} steps the run is {run.why}, near {run.near}"


def _basin_at(program: Program, end: list[float], step: fmpq) -> Basin | str:
    found = enclose_critical_point(program, shaped(program, end))
    if not isinstance(found, CriticalPoint):
        return f"no critical point was enclosed where the run settles, {end} ({found.reason}: {found.detail})"
    if found.kind != "minimum":
        return f"the run settles near a {found.kind}, at {end}"
    return largest_basin(program, found, step) or f"no ball about the minimum near {end} was shown to hold such steps"
