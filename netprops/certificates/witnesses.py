"""Witnesses: points at which what a certificate says is seen, evaluated anew in balls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from flint import arb, fmpq

from netprops.certificates.refusals import at_step, demand, integer
from netprops.certificates.statement import Statement
from netprops.certificates.views import View, real_entries
from netprops.domains import Box, Interval, OrderedCone, exact
from netprops.readings.expressions import number
from netprops.readings.polynomials import Table
from netprops.readings.substitution import over
from netprops.readings.symbols import read
from netprops.readings.witnesses import (
    Certificate,
    certain_sign,
    curvature_along,
    difference,
    jensen_gap,
    order,
    sign_of,
)

Point = list[np.ndarray[Any, Any]]
Check = Callable[..., Certificate | None]


def checked_witness(statement: Statement, witness: Any) -> int:
    """The number of steps gone through; raises `FailedError` at the first that is not shown."""
    at_step("witness", lambda: demand(isinstance(witness, Mapping), "no witness"))
    check = at_step("kind", lambda: _check_of(statement, witness))
    points = at_step("points", lambda: _points(statement, witness))
    at_step("domain", lambda: _demand_inside(statement, points))
    computed = at_step("sign", lambda: check(statement, witness, points))
    if computed is not None:
        at_step("enclosures", lambda: _demand_enclosures(witness, computed))
    return 5


def _check_of(statement: Statement, witness: Mapping[str, Any]) -> Check:
    """The check for this kind of witness, which has to be one that the question is answered by."""
    kind = None if statement.question in AT_POINTS else witness["kind"]
    demand(kind is None or kind in WITNESSES, "no witnesses of the kind {!r} are known", kind)
    return _at_points if kind is None else WITNESSES[kind]


def _points(statement: Statement, witness: Mapping[str, Any]) -> dict[str, Point]:
    demand(isinstance(witness["points"], Mapping), "no points")
    return {name: _shaped(statement, coordinates) for name, coordinates in witness["points"].items()}


def _shaped(statement: Statement, coordinates: Any) -> Point:
    return recorded_point(statement.program.arguments, coordinates)


def recorded_point(boxes: Sequence[Box], coordinates: Any) -> Point:
    """The exact point that a record tells, in the shapes of these boxes.

    Raises `RefusedError`, or `ValueError` and its like, for what is no such point.
    """
    flat = _flat(coordinates, sum(leaf.size for leaf in boxes))
    point, start = [], 0
    for leaf in boxes:
        array = np.empty(leaf.size, dtype=object)
        array[:] = flat[start : start + leaf.size]
        point.append(array.reshape(leaf.shape))
        start += leaf.size
    return point


def _flat(coordinates: Any, size: int) -> list[fmpq]:
    """All coordinates of a point, written in a list, or those that are not 0 by their numbers."""
    if isinstance(coordinates, Mapping):
        demand(set(coordinates) == {"entries", "nonzero"}, "a point has the parts {}", list(coordinates))
        demand(type(coordinates["entries"]) is int and coordinates["entries"] == size, "a point has other coordinates")
        flat = [fmpq(0)] * size
        for place, text in coordinates["nonzero"].items():
            demand(str(place).isdecimal(), "no number of a coordinate: {!r}", place)
            flat[integer(int(place), size)] = _coordinate(text)
        return flat
    demand(isinstance(coordinates, list | tuple) and len(coordinates) == size, "a point has other coordinates")
    return list(map(_coordinate, coordinates))


def _coordinate(text: Any) -> fmpq:
    demand(isinstance(text, str), "a coordinate is written as a text")
    return exact(float.fromhex(text)) if "0x" in text else number(text)


def _demand_inside(statement: Statement, points: Mapping[str, Point]) -> None:
    for name, point in points.items():
        if name == "v" and statement.question == "has_curvature":  # a direction
            continue
        for leaf, cone, array in zip(statement.wholes[0].arguments, statement.cones, point, strict=True):
            inside: Box | OrderedCone = leaf if cone is None else cone
            demand(inside.contains(array), "{} lies outside the domain", name)


def _demand_enclosures(witness: Mapping[str, Any], computed: Certificate) -> None:
    """That each recorded enclosure meets the one computed anew, and the sign follows from that of the quantity."""
    recorded = witness["enclosures"]
    demand(set(recorded) == set(computed.enclosures), "other quantities than {}", list(computed.enclosures))
    demand(all(isinstance(text, str) for text in recorded.values()), "an enclosure is written as a text")
    balls = {name: arb(text) for name, text in recorded.items()}
    for name, enclosure in computed.enclosures.items():
        demand(bool(balls[name].is_finite()), "{} has no enclosure", name)
        demand(bool(balls[name].overlaps(arb(enclosure))), "{} is {}", name, enclosure)
    demand(witness["quantity"] == computed.quantity, "the quantity is {}", computed.quantity)
    demand(_whole(witness["precision"]) > 0, "no precision")
    demand(_whole(witness["sign"]) == computed.sign, "the sign is {}", computed.sign)
    goal = list(computed.enclosures)[-1]
    demand(certain_sign(balls[goal]) == computed.sign, "the enclosure of {} does not show the sign", goal)


def _whole(value: Any) -> int:
    demand(type(value) is int, "no whole number: {!r}", value)
    return int(value)


def _entry(statement: Statement, witness: Mapping[str, Any]) -> int:
    return integer(witness["entry"], statement.entries)


def _decided(certificate: Certificate | None) -> Certificate:
    demand(certificate is not None, "balls do not decide the sign")
    assert certificate is not None
    return certificate


def _demand_quantified(statement: Statement, a: Point, b: Point) -> None:
    same = all((x == y).all() for x, y in zip(a[statement.decision :], b[statement.decision :], strict=True))
    demand(same, "what is quantified differs from one end to the other")


def _chord(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    a, b = points["a"], points["b"]
    signs = {"is_convex": (1,), "is_concave": (-1,), "is_affine": (1, -1), "is_strictly_convex": (0, 1)}
    demand(statement.answer == "no" and statement.question in signs, "a chord shows nothing of the kind")
    _demand_quantified(statement, a, b)
    weight = number(witness["weight"])
    demand(0 < weight < 1, "the weight {} is not between 0 and 1", weight)
    demand(any((x != y).any() for x, y in zip(a, b, strict=True)), "the ends are one point")
    certificate = _decided(jensen_gap(statement.wholes[0], _entry(statement, witness), a, b, weight))
    demand(certificate.sign in signs[statement.question], "the chord lies on the other side")
    _demand_same_points(certificate, points)
    return certificate


def _demand_same_points(certificate: Certificate, points: Mapping[str, Point]) -> None:
    for name, coordinates in certificate.points.items():
        flat = [x for array in points[name] for x in array.reshape(-1)]
        demand(list(map(_coordinate, coordinates)) == flat, "the point {} is another", name)


def _inner_point(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    """The middle against one end, as recorded, and against the other."""
    side = {"is_quasiconvex": 1, "is_quasiconcave": -1}.get(statement.question)
    demand(statement.answer == "no" and side is not None, "an inner point shows nothing of the kind")
    weight, entry = number(witness["weight"]), _entry(statement, witness)
    demand(0 < weight < 1, "the weight {} is not between 0 and 1", weight)
    middle, a, b = points["a"], points["start"], points["end"]
    _demand_quantified(statement, a, b)
    exactly = [(1 - weight) * x + weight * y for x, y in zip(a, b, strict=True)]
    demand(all((x == y).all() for x, y in zip(middle, exactly, strict=True)), "the inner point is not between the ends")
    first, second = (_decided(order(statement.wholes[0], entry, middle, end)) for end in (a, b))
    demand(first.sign == second.sign == side, "the inner point is not beyond both ends")
    return first


def _pair(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    a, b = points["a"], points["b"]
    signs = {"is_nondecreasing": (1,), "is_nonincreasing": (-1,), "is_constant": (1, -1)}
    demand(statement.answer == "no" and statement.question in signs, "a pair shows nothing of the kind")
    demand(all((x <= y).all() for x, y in zip(a, b, strict=True)), "the points are in no order")
    _demand_quantified(statement, a, b)
    certificate = _decided(order(statement.wholes[0], _entry(statement, witness), a, b))
    demand(certificate.sign in signs[statement.question], "the values are in the other order")
    return certificate


def _sign_at(question: str, signs: Sequence[int]) -> Callable[..., Certificate]:
    def check(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
        demand(statement.question == question and statement.answer == "no", "such a point shows nothing of the kind")
        certificate = _decided(sign_of(statement.wholes[0], _entry(statement, witness), points["x"]))
        demand(certificate.sign in signs, "the sign there is {}", certificate.sign)
        return certificate

    return check


def _apart(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    demand(statement.question == "are_equal" and statement.answer == "no", "a difference shows nothing of the kind")
    certificate = _decided(
        difference(statement.wholes[0], statement.wholes[1], _entry(statement, witness), points["x"])
    )
    demand(certificate.sign != 0, "the functions agree there")
    return certificate


def _straight(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> None:
    """On the segment the normal form is affine, exactly."""
    demand(
        statement.question == "is_strictly_convex" and statement.answer == "no", "a segment shows nothing of the kind"
    )
    a, b = points["a"], points["b"]
    _demand_quantified(statement, a, b)
    demand(any((x != y).any() for x, y in zip(a, b, strict=True)), "the ends are one point")
    symbols = read(statement.wholes[0], level=integer(witness["level"], 3))
    e = real_entries(symbols)[_entry(statement, witness)]
    target = Table()
    t = target.variable("t", Interval(fmpq(0), fmpq(1)))
    flat = [[x for array in point for x in array.reshape(-1)] for point in (a, b)]
    values = [target.add(target.number(x), target.scale(t, y - x)) for x, y in zip(*flat, strict=True)]
    there = over(symbols.table, e, target, values, opaque=True)
    demand(there is not None and not there.needs and View(target, 1).is_affine(there), "it is not affine there")


def _at_points(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    """The sign of a quantity at given points, against the one that the question asks for."""
    program, question = statement.wholes[0], statement.question
    demand(statement.entries == 1, "such a question is about a scalar function")
    expected, entry = _whole(witness["expected"]), _entry(statement, witness)
    demand(expected == 1 or (question == "has_curvature" and expected in (0, -1)), "the sign asked for is 1")
    if question == "has_curvature":
        demand(any((v != 0).any() for v in points["v"]), "the direction is 0")
        certificate = curvature_along(program, entry, points["x"], points["v"])
    elif question == "is_higher":
        certificate = order(program, entry, points["a"], points["b"])
    else:
        certificate = jensen_gap(program, entry, points["a"], points["b"], number(witness["weight"]))
    found = _decided(certificate)
    _demand_same_points(found, points)
    demand((found.sign == expected) == (statement.answer == "yes"), "the sign is {}", found.sign)
    return found


AT_POINTS = ("has_curvature", "is_higher", "violates_jensen")
WITNESSES: dict[str, Check] = {
    "chord": _chord,
    "inner point beyond both ends": _inner_point,
    "pair": _pair,
    "point where the function is not positive": _sign_at("is_positive", (0, -1)),
    "point where the function is negative": _sign_at("no_counterexample", (-1,)),
    "point where the functions differ": _apart,
    "straight segment": _straight,
}
