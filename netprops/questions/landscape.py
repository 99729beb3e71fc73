"""What descent comes to, against a level; and values against those of another library.

Answered yes, both questions are *sampled*: they say how much was tried, and prove nothing about the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from netprops.domains import exact, nearest_double
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import Asked, exact_point, record_point, remembered, scalar, show_point, traced
from netprops.readings import balls, floats, jets
from netprops.readings.jaxpr import Program
from netprops.search.descent import Ends, Surface, critical_points, descend, starts

if TYPE_CHECKING:
    from flint import arb, fmpq

Array = np.ndarray[Any, Any]

STARTS = 64
_PRECISIONS = (64, 128, 256, 512, 1024)


# ---------------------------------------------------------------- descent against a level


def no_worse_minimum(
    f: Callable[..., Any], than: Any, on: Any, *, every_critical_point: bool = False, near: Iterable[Any] = ()
) -> Verdict:
    """Whether every descent ends at the level `than`, or at a point with a certified direction of negative curvature.

    Args:
        f: a scalar function of one argument, twice differentiable.
        than: the level, a number or a pair of numbers that enclose it.
        on: its domain, whole spaces; descents start from points of it on many scales.
        every_critical_point: whether to look likewise at the critical points of every kind that Newton's method comes
            to from the same starts.
        near: points of the domain to look at beside these, each with its own descent.

    yes (sampled): all end points are so.  An end point is at the level unless the enclosure of its value, computed at
    the precision of doubles, lies above it.
    no (certified): there is a strict local minimum above the level, enclosed, its value too.
    """
    asked = traced("no_worse_minimum", f, on)
    scalar(asked)
    low, high = (exact(end) for end in (than if isinstance(than, tuple) else (than, than)))
    if low > high:
        raise ValueError(f"the level lies between {low} and {high}, so nowhere")
    given = [np.concatenate([np.ravel(x) for x in jax.tree.leaves(point)]).astype(np.float64) for point in near]
    key = (str(high), every_critical_point, tuple(v.tobytes() for v in given))
    return record(remembered(asked, lambda: _no_worse_minimum(asked, high, every_critical_point, given), *key))


def _no_worse_minimum(asked: Asked, high: fmpq, every_critical_point: bool, given: list[Array]) -> Verdict:
    surface = Surface(asked.program)
    begin = np.stack([*given, *starts(surface, STARTS, asked.seed())])
    runs = [descend(surface, begin)]
    if every_critical_point:
        runs.append(critical_points(surface, begin))
    spent = sum(run.evaluations for run in runs)
    at_level, saddles, left = _sorted(surface, [*given, *(v for run in runs for v in run.points)], high)
    tried = (
        f"{len(begin)} starts, {sum(len(run.points) for run in runs)} ends: {at_level} points at the level, {saddles} "
        f"with a direction of negative curvature; {runs[0].unfinished} descents unfinished"
    )
    for v in left:
        worse = _strict_minimum_above(surface, v, high)
        if worse is not None:
            because = f"a strict local minimum near {show_point(exact_point(surface.leaves(v)))} is above the level"
            return no(asked.name, "certified", f"{because} ({tried})", worse, spent)
    if left or 2 * runs[0].unfinished > len(begin):
        return undecided(asked.name, f"{tried}; {len(left)} points neither, first {[v.tolist() for v in left[:1]]}", spent)
    return yes(asked.name, "sampled", tried, evaluations=spent)


def _sorted(surface: Surface, ends: Sequence[Array], high: fmpq) -> tuple[int, int, list[Array]]:
    """How many end points are at the level and how many have negative curvature, and those that are neither.

    Points left over that a further descent takes to the level were not at their end.
    """
    at_level, saddles, left = 0, 0, []
    for v in ends:
        if not _above(surface, v, high):
            at_level += 1
        elif _has_negative_curvature(surface, v):
            saddles += 1
        else:
            left.append(v)
    return at_level, saddles, left


def _above(surface: Surface, v: Array, high: fmpq) -> bool:
    """Whether the value, enclosed at the precision of doubles, is above the level."""
    (value,) = balls.evaluate(surface.program, exact_point(surface.leaves(v)), 53)
    return bool(value[()] > balls_of(high))


def _has_negative_curvature(surface: Surface, v: Array) -> bool:
    """Whether v'Hv is certified negative at the point along the float Hessian's lowest eigenvector."""
    _, _, hessian = surface(v[None])
    eigenvalues, Q = np.linalg.eigh(hessian[0])
    if not eigenvalues[0] < 0:
        return False
    at, along = (exact_point(surface.leaves(x)) for x in (v, Q[:, 0]))
    for precision in _PRECISIONS:
        second = jets.line_jet(surface.program, at, along, precision).seconds[0][()]
        if second < 0:
            return True
        if second >= 0:
            return False
    return False
def agrees_with_library(*a): ...
def _strict_minimum_above(*a): ...
