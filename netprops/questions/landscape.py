"""What descent comes to, against a level; and values against those of another library.

Answered yes, both questions are *sampled*: they say how much was tried, and prove nothing about the rest.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from flint import arb

from netprops.domains import exact
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import (
    Asked,
    Point,
    domain_around,
    exact_point,
    point_in,
    remembered,
    scalar,
    show_point,
    traced,
)
from netprops.readings import balls
from netprops.readings.krawczyk import CriticalPoint, enclose_critical_point
from netprops.readings.witnesses import curvature_along
from netprops.search.descent import Surface, critical_points, descend, starts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flint import fmpq

Array = np.ndarray[Any, Any]


# ---------------------------------------------------------------- descent against a level


def no_worse_minimum(
    f: Callable[..., Any],
    than: Any,
    on: Any,
    *,
    every_critical_point: bool = False,
    near: Iterable[Any] = (),
    descents: int = 64,
) -> Verdict:
    """Whether every descent ends at the level `than`, or at a point with a certified direction of negative curvature.

    yes (sampled): all end points are so.  An end point is at the level unless the enclosure of its value, computed at
    the precision of doubles and for all points within an ulp of its largest coordinate, lies above it.
    no (certified): there is a strict local minimum above the level, enclosed, its value too.

    Args:
        f: a scalar function of one argument, twice differentiable.
        than: the level, a number or a pair of numbers that enclose it.
        on: its domain, whole spaces; descents start from points of it on many scales.
        every_critical_point: whether to look likewise at the critical points of every kind that Newton's method
            comes to from the same starts.
        near: points of the domain to look at beside these, each with its own descent.
        descents: how many starts are drawn.

    Examples:
        >>> from netprops import no_worse_minimum, reals
        >>> no_worse_minimum(lambda v: (v[0] * v[1] - 1) ** 2, than=0, on=reals(2)).evidence
        'sampled'
    """
    asked = traced("no_worse_minimum", f, on)
    scalar(asked)
    low, high = (exact(end) for end in (than if isinstance(than, tuple) else (than, than)))
    if low > high:
        raise ValueError(f"the level lies between {low} and {high}, so nowhere")
    given = [np.concatenate([np.ravel(x) for x in jax.tree.leaves(point)]).astype(np.float64) for point in near]
    key = (str(high), every_critical_point, descents, tuple(v.tobytes() for v in given))
    return record(
        remembered(asked, lambda: _no_worse_minimum(asked, high, every_critical_point, given, descents), *key)
    )


def _no_worse_minimum(
    asked: Asked, high: fmpq, every_critical_point: bool, given: list[Array], descents: int
) -> Verdict:
    surface = Surface(asked.program)
    begin = np.stack([*given, *starts(surface, descents, asked.seed())])
    runs = [descend(surface, begin)]
    if every_critical_point:
        runs.append(critical_points(surface, begin))
    kinds = _by_kind(surface, [*given, *(v for run in runs for v in run.points)], high)
    if kinds[NEITHER]:  # near a degenerate critical point Newton's method stops before it is there
        runs.append(descend(surface, np.stack(kinds[NEITHER])))
        more = _by_kind(surface, list(runs[-1].points), high)
        kinds = {
            AT_LEVEL: kinds[AT_LEVEL] + more[AT_LEVEL],
            SADDLE: kinds[SADDLE] + more[SADDLE],
            NEITHER: more[NEITHER],
        }
    spent = sum(run.evaluations for run in runs)
    counts = ", ".join(f"{len(found)} {kind}" for kind, found in kinds.items())
    tried = f"{len(begin)} starts, {runs[0].unfinished} without an end; points {counts}"
    for v in kinds[NEITHER]:
        worse = _strict_minimum_above(surface, v, high)
        if worse is not None:
            because = f"a strict local minimum near {show_point(exact_point(surface.leaves(v)))} is above the level"
            return no(asked.name, "certified", f"{because} ({tried})", worse, spent)
    # Descents must mostly have an end; Newton's method wanders, and counts by the points that it did reach.
    if kinds[NEITHER] or runs[0].unfinished > len(runs[0].points) or not len(runs[-1].points):
        return undecided(asked.name, f"{tried}; the first neither: {[v.tolist() for v in kinds[NEITHER][:1]]}", spent)
    return yes(asked.name, "sampled", tried, evaluations=spent)


AT_LEVEL, SADDLE, NEITHER = "at the level", "with certified negative curvature", "neither"


def _by_kind(surface: Surface, points: Sequence[Array], high: fmpq) -> dict[str, list[Array]]:
    kinds: dict[str, list[Array]] = {AT_LEVEL: [], SADDLE: [], NEITHER: []}
    for v in points:
        at_level = not _above(surface, v, high)
        kinds[AT_LEVEL if at_level else SADDLE if _has_negative_curvature(surface, v) else NEITHER].append(v)
    return kinds


def _above(surface: Surface, v: Array, high: fmpq) -> bool:
    """Whether the value is above the level all over the box of points that doubles of the size of v cannot tell from v.

    It is enclosed at the precision of doubles.
    """
    ulp = arb(2.0**-52 * float(np.abs(v).max()))
    box = np.empty(surface.size, dtype=object)
    box[:] = [arb(arb(x), ulp) for x in v.tolist()]
    (value,) = balls.evaluate(surface.program, surface.leaves(box), 53)
    return bool(value.item() > arb(high))


def _has_negative_curvature(surface: Surface, v: Array) -> bool:
    """Whether v'Hv is certified negative at the point along the float Hessian's lowest eigenvector."""
    _, _, hessian = surface(v[None])
    eigenvalues, Q = np.linalg.eigh(hessian[0])
    if not eigenvalues[0] < 0:
        return False
    at, along = (exact_point(surface.leaves(x)) for x in (v, Q[:, 0]))
    certificate = curvature_along(surface.program, 0, at, along)
    return certificate is not None and certificate.sign < 0


def _strict_minimum_above(surface: Surface, v: Array, high: fmpq) -> dict[str, Any] | None:
    """The certificate of a strict minimum by the point, on whose enclosure the value is above the level; else None."""
    found = enclose_critical_point(surface.program, exact_point(surface.leaves(v)))
    if not isinstance(found, CriticalPoint) or found.kind != "minimum":
        return None
    around = [arb(a, r) for a, r in zip(map(arb, found.centre), map(arb, found.radii), strict=True)]
    box = np.empty(surface.size, dtype=object)
    box[:] = around
    (value,) = balls.evaluate(surface.program, surface.leaves(box), found.precision)
    return {"kind": found.kind, "above": str(high), **found.record()} if value[()] > arb(high) else None


# ---------------------------------------------------------------- another library's values


def agrees_with_library(f: Callable[..., Any], at: Any, value: float) -> Verdict:
    """Whether `value`, computed elsewhere in doubles by the formula of f, is the scalar f at the point, up to rounding.

    The bound on rounding is the width of the enclosure of f(at) that ball arithmetic comes to at the precision of
    doubles: it holds for every order of the same operations.  yes is *sampled*, of this one point; no is certified.

    Args:
        f: a scalar function: the formula.
        at: the point: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        value: the number that another library gave for it.

    Examples:
        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> from netprops import agrees_with_library
        >>> agrees_with_library(lambda x: jnp.log(jnp.sum(jnp.exp(x))), [0, 1], float(np.logaddexp(0.0, 1.0)))
        <agrees_with_library: yes (sampled) because elsewhere 1.3132616875182228, here [1.3132616875182228340
        +/- 4.90e-20]; the bound on rounding is [6.88e-16 +/- 3.68e-19]>
    """
    asked = traced("agrees_with_library", f, domain_around(at))
    scalar(asked)
    return record(_agrees(asked, point_in(at, domain_around(at), "the point"), value))


_enclosed: OrderedDict[tuple[Any, ...], tuple[arb, arb]] = OrderedDict()
_MOST_ENCLOSED = 8


def _enclosures(asked: Asked, point: Point) -> tuple[arb, arb]:
    """f(point) at the precision of doubles and at a higher one, remembered for the next value that is asked about."""
    key = (asked.program.key, *(str(x) for array in point for x in array.reshape(-1).tolist()))
    if key not in _enclosed:
        rough, fine = (balls.evaluate(asked.program, point, precision)[0].item() for precision in (53, 128))
        _enclosed[key] = rough, fine
        if len(_enclosed) > _MOST_ENCLOSED:
            _enclosed.popitem(last=False)
    return _enclosed[key]


def _agrees(asked: Asked, point: Point, value: float) -> Verdict:
    rough, fine = _enclosures(asked, point)
    bound = 2 * arb(rough.rad())
    gap = abs(fine - arb(exact(value)))
    words = f"elsewhere {value!r}, here {fine.str(20)}; the bound on rounding is {bound.str(3)}"
    if gap <= bound:
        return yes(asked.name, "sampled", words, evaluations=1)
    if gap > bound:
        return no(asked.name, "certified", words, {"elsewhere": value.hex(), "here": fine.str(30)}, 1)
    return undecided(asked.name, f"the enclosure is too wide: {words}", 1)
