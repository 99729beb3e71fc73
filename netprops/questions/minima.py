"""Questions about two strict local minima, each enclosed: are they two, and is one higher than the other?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import arb

from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import Asked, Function, Point, domain_around, point_in, remembered, scalar, traced
from netprops.questions.critical import RADIUS, shown
from netprops.readings.balls import evaluate, precision_of
from netprops.readings.jaxpr import Program
from netprops.readings.krawczyk import (
    CriticalPoint,
    coincide,
    enclose_critical_point,
    gradient_is_nonzero_near,
    shaped,
)
from netprops.readings.witnesses import enclosure_text


@dataclass(frozen=True)
class _Pair:
    first: CriticalPoint
    second: CriticalPoint

    def record(self) -> dict[str, Any]:
        return {"kind": "two critical points", "first": self.first.record(), "second": self.second.record()}


def are_distinct_minima(f: Function, near: Any, other: Any) -> Verdict:
    """Does the scalar f have a non-degenerate strict local minimum near each of two points, and are these two?

    "Near" is within a thousandth (relative) of the point. "Yes": two disjoint boxes are certified to hold exactly one
    critical point each, with a positive definite Hessian all over them. "No", certified too: near one of the points the
    gradient has no zero, or there is a critical point of another kind; or both points are near one minimum.

    Args:
        f: a scalar function of JAX arrays, float64.
        near: a point: an array or a pytree of numbers, of the shape of f's argument.
        other: another.

    Raises:
        DomainError: pytrees or shapes that do not fit each other.

    Examples:
        >>> from netprops import are_distinct_minima
        >>> are_distinct_minima(lambda x: (x**2 - 1) ** 2, near=1.0, other=-1.0).answer
        'yes'
    """
    return _about_two("are_distinct_minima", f, near, other, _distinct)


def is_worse_minimum(f: Function, near: Any, than: Any) -> Verdict:
    """Does the scalar f have non-degenerate strict local minima near two points, the first of a higher value?

    "No", certified too: near one of the points there is none (as `are_distinct_minima` says it), the first has the
    lower value, or they are one minimum. Two minima of equal value stay undecided.

    Args:
        f: a scalar function of JAX arrays, float64.
        near: the point of the minimum that is meant to be higher.
        than: the point of the other.

    Raises:
        DomainError: pytrees or shapes that do not fit each other.

    Examples:
        >>> from netprops import is_worse_minimum
        >>> is_worse_minimum(lambda x: (x**2 - 1) ** 2 + x / 8, near=0.984, than=-1.0153).answer
        'yes'
    """
    return _about_two("is_worse_minimum", f, near, than, _worse)


def is_higher_at_minimum(g: Function, f: Function, near: Any, than: Any) -> Verdict:
    """Is the scalar g higher at the strict minimum of f near one point than at the strict minimum of f near another?

    The test cost g of what the training cost f leads to. g is enclosed all over boxes that hold the two minima. "No",
    certified too: near one of the points there is none (as `are_distinct_minima` says it), g is lower at the first, or
    they are one minimum. Equal values of g at two minima stay undecided.

    Args:
        g: a scalar function, whose values are compared.
        f: a scalar function, whose minima are meant.
        near: a point near the minimum of f at which g is meant to be higher.
        than: a point near the other.

    Raises:
        DomainError: pytrees or shapes that do not fit each other.

    Examples:
        >>> from netprops import is_higher_at_minimum
        >>> is_higher_at_minimum(lambda x: x, lambda x: (x**2 - 1) ** 2, near=1.0, than=-1.0).answer
        'yes'
    """
    name = "is_higher_at_minimum"
    judge = traced(name, g, domain_around(near))
    scalar(judge)
    return _about_two(name, f, near, than, lambda asked, pair: _higher(asked, pair, judge.program), judge.program.key)


def _about_two(
    name: str, f: Function, near: Any, other: Any, decide: Callable[[Asked, _Pair], Verdict], *more: Any
) -> Verdict:
    on = domain_around(near)
    asked = traced(name, f, on)
    scalar(asked)
    points = point_in(near, on, "the first point"), point_in(other, on, "the second point")
    key = tuple(str(x) for point in points for array in point for x in array.reshape(-1))

    def answer() -> Verdict:
        enclosed = []
        for which, start in zip(("first", "second"), points, strict=True):
            found = _minimum(asked, start, which)
            if isinstance(found, Verdict):
                return found
            enclosed.append(found)
        return decide(asked, _Pair(*enclosed))

    return record(remembered(asked, answer, key, *more))


def _minimum(asked: Asked, start: Point, which: str) -> CriticalPoint | Verdict:
    """The strict minimum near the point, or why the answer is no or undecided without it."""
    found = enclose_critical_point(asked.program, start)
    if not isinstance(found, CriticalPoint):
        if gradient_is_nonzero_near(asked.program, start, RADIUS):
            words = f"the gradient has no zero within {RADIUS:g} (relative) of the {which} point"
            return no(asked.name, "certified", words)
        return undecided(asked.name, f"nothing was enclosed near the {which} point ({found.reason}: {found.detail})")
    if found.kind == "unknown":
        return undecided(asked.name, f"near the {which} point, {shown(found)}: its Hessian's signs are not decided")
    if found.kind != "minimum":
        words = f"near the {which} point, {shown(found)}: a {found.kind}"
        return no(asked.name, "certified", words, {"kind": found.kind, **found.record()})
    return found


def _distinct(asked: Asked, pair: _Pair) -> Verdict:
    same = coincide(asked.program, pair.first, pair.second)
    words = f"{shown(pair.first)}, and {shown(pair.second)}; values {pair.first.value} and {pair.second.value}"
    if same is None:
        return undecided(asked.name, f"the boxes overlap: {words}")
    if same:
        return no(asked.name, "certified", f"both points are near one minimum: {words}", pair.record())
    return yes(asked.name, "certified", f"disjoint: {words}", pair.record())


def _worse(asked: Asked, pair: _Pair) -> Verdict:
    words = f"the values are {pair.first.value} and {pair.second.value}"
    with precision_of(pair.first.precision):
        first, second = arb(pair.first.value), arb(pair.second.value)
    if first > second:
        return yes(asked.name, "certified", words, pair.record())
    if first < second or coincide(asked.program, pair.first, pair.second):
        return no(asked.name, "certified", words, pair.record())
    return undecided(asked.name, f"the enclosures of the values overlap: {words}")


def _higher(asked: Asked, pair: _Pair, judge: Program) -> Verdict:
    first, second = (_value_at(judge, point) for point in (pair.first, pair.second))
    words = f"its values there are {enclosure_text(first)} and {enclosure_text(second)}"
    witness = {**pair.record(), "values": [enclosure_text(first), enclosure_text(second)]}
    if first > second:
        return yes(asked.name, "certified", words, witness)
    if first < second or coincide(asked.program, pair.first, pair.second):
        return no(asked.name, "certified", words, witness)
    return undecided(asked.name, f"the enclosures overlap: {words}")


def _value_at(program: Program, point: CriticalPoint) -> arb:
    """The program's value on the tighter box around the critical point, enclosed."""
    with precision_of(point.precision):
        box = [arb(text) for text in point.enclosures]
        value: arb = evaluate(program, shaped(program, box), point.precision)[0].reshape(-1)[0]
        return value
