"""Questions about critical points, answered by an interval Newton test (Krawczyk) and certified inertia."""

from __future__ import annotations

from typing import Any, Literal

from netprops.domains import Box, DomainError
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import Asked, Function, Point, domain_around, point_in, remembered, scalar, traced
from netprops.readings.krawczyk import (
    CriticalPoint,
    critical_points,
    enclose_critical_point,
    gradient_is_nonzero_near,
    sole_critical_point,
)

Kind = Literal["minimum", "maximum", "saddle"]
RADIUS = 1e-3  # of the neighbourhood in which the critical point is meant to lie


def is_strict_minimum(f: Function, near: Any) -> Verdict:
    """Does the scalar f have a non-degenerate strict local minimum within a thousandth (relative) of `near`?

    "Yes": a box is certified to hold exactly one critical point, with a positive definite Hessian all over it. "No":
    that critical point is of another kind, or the gradient has no zero around `near`.

    Args:
        f: a scalar function of JAX arrays, float64.
        near: a point: an array or a pytree of numbers, of the shape of f's argument.

    Raises:
        DomainError: a point that is none.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_strict_minimum
        >>> is_strict_minimum(lambda x: x**2 + jnp.sin(x), near=-0.4502).answer
        'yes'
        >>> is_strict_minimum(lambda x: x**2 + jnp.sin(x), near=1.0).answer
        'no'
    """
    return _is_kind("is_strict_minimum", f, near, "minimum")


def is_strict_maximum(f: Function, near: Any) -> Verdict:
    """As `is_strict_minimum`, with a negative definite Hessian.

    Args:
        f: a scalar function of JAX arrays, float64.
        near: a point: an array or a pytree of numbers, of the shape of f's argument.

    Raises:
        DomainError: a point that is none.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_strict_maximum
        >>> is_strict_maximum(lambda v: jnp.exp(-v @ v), near=[0.0, 0.0]).answer
        'yes'
    """
    return _is_kind("is_strict_maximum", f, near, "maximum")


def is_saddle(f: Function, near: Any) -> Verdict:
    """As `is_strict_minimum`, with a Hessian of both signs and no zero eigenvalue.

    Args:
        f: a scalar function of JAX arrays, float64.
        near: a point: an array or a pytree of numbers, of the shape of f's argument.

    Raises:
        DomainError: a point that is none.

    Examples:
        >>> from netprops import is_saddle
        >>> is_saddle(lambda v: (v[0] * v[1] - 1) ** 2, near=[0.0, 0.0]).answer
        'yes'
    """
    return _is_kind("is_saddle", f, near, "saddle")


def _is_kind(name: str, f: Function, near: Any, kind: Kind) -> Verdict:
    on = domain_around(near)
    asked = traced(name, f, on)
    scalar(asked)
    start = point_in(near, on, "the starting point")
    key = tuple(str(x) for array in start for x in array.reshape(-1))
    return record(remembered(asked, lambda: _classified(asked, start, kind), key))


def _classified(asked: Asked, start: Point, kind: Kind) -> Verdict:
    found = enclose_critical_point(asked.program, start)
    if isinstance(found, CriticalPoint):
        words = f"{shown(found)}: a {found.kind}, of value {found.value}"
        if found.kind == "unknown":
            return undecided(asked.name, f"{shown(found)}: the signs of its Hessian are not decided")
        answer = yes if found.kind == kind else no
        return answer(asked.name, "certified", words, {"kind": found.kind, **found.record()})
    if gradient_is_nonzero_near(asked.program, start, RADIUS):
        return no(asked.name, "certified", f"the gradient has no zero within {RADIUS:g} (relative) of the point")
    return undecided(asked.name, f"no critical point was enclosed near the point ({found.reason}: {found.detail})")


def shown(point: CriticalPoint) -> str:
    """The box in words."""
    shown = ", ".join(point.enclosures[:6]) + (", ..." if len(point.enclosures) > 6 else "")
    return f"one critical point in the box of centre ({shown})"


def has_critical_point(f: Function, box: Any) -> Verdict:
    """Does the scalar f have exactly one critical point in the closed bounded box? "No": it has none, or several.

    Every critical point is enclosed and the rest of the box excluded.

    Args:
        f: a scalar function of JAX arrays, float64.
        box: a bounded `Box`, or a pytree of these.

    Raises:
        DomainError: the box is unbounded.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import box, has_critical_point
        >>> has_critical_point(lambda x: x**2 + jnp.sin(x), box(-1, 1)).answer
        'yes'
        >>> has_critical_point(lambda x: x**2 + jnp.sin(x), box(0, 1)).answer
        'no'
    """
    asked = traced("has_critical_point", f, box)
    scalar(asked)
    if any(r.lo is None or r.hi is None for leaf in asked.program.arguments for r in leaf.intervals):
        raise DomainError(f"has_critical_point needs a bounded box, got {asked.domain}")
    return record(remembered(asked, lambda: _count(asked)))


def _count(asked: Asked) -> Verdict:
    ends = [_ends(leaf) for leaf in asked.program.arguments]
    lows, highs = [lo for lo, _ in ends], [hi for _, hi in ends]
    sole = sole_critical_point(asked.program, lows, highs)
    if sole is not None:
        return yes(asked.name, "certified", shown(sole), sole.record())
    points = critical_points(asked.program, lows, highs)
    if points is None:
        return undecided(asked.name, f"the critical points in {asked.domain} could not all be enclosed")
    if len(points) == 1:
        return yes(asked.name, "certified", shown(points[0]), points[0].record())
    words = f"{asked.domain} holds {len(points) or 'no'} critical points, the gradient having no zero elsewhere in it"
    return no(asked.name, "certified", words, {"points": [p.record() for p in points]})


def _ends(leaf: Box) -> tuple[Any, Any]:
    lo, hi = leaf.inner_point(), leaf.inner_point()
    lo.reshape(-1)[:] = [leaf.interval(i).lo for i in range(leaf.size)]
    hi.reshape(-1)[:] = [leaf.interval(i).hi for i in range(leaf.size)]
    return lo, hi
