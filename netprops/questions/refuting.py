"""From a float candidate to a certified witness that a lecturer would write on the board."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from flint import fmpq

from netprops.certificates.refusals import RefusedError
from netprops.certificates.witnesses import recorded_point
from netprops.evidence import note_replay, recorded_witnesses
from netprops.questions.asking import Array, Asked, contains, show_number
from netprops.readings.witnesses import (
    Certificate,
    between,
    difference,
    exact_texts,
    jensen_violation,
    order,
    sign_of,
)
from netprops.search.falsify import Found
from netprops.search.polish import Witness, polish

Refutation = tuple[str, dict[str, Any]]  # in words, and as a JSON record
Certify = Callable[[Asked, Witness], Certificate | None]
Hit = tuple[Asked, Witness, Certificate]
HALF = fmpq(1, 2)

CHORD, INNER, PAIR = "chord", "inner point beyond both ends", "pair"
NOT_POSITIVE, NEGATIVE, DIFFERENT = (
    "point where the function is not positive",
    "point where the function is negative",
    "point where the functions differ",
)
# What a record calls the points of a witness, by its kind: those that are tried again on later runs.
REPLAYED = {
    CHORD: ("a", "b"),
    INNER: ("start", "end"),
    PAIR: ("a", "b"),
    **dict.fromkeys((NOT_POSITIVE, NEGATIVE, DIFFERENT), ("x",)),
}


def certified_witness(
    asked: Asked, found: Found | None, kind: str, certify: Certify, sign: int | None = None
) -> Hit | None:
    """The first witness that certifies, with its certificate and the question it is about.

    Of a search: its candidates, polished.  None in its place stands for the witnesses of this kind that earlier runs
    recorded, with this sign, which are tried as they are.
    """
    return _recorded_witness(asked, kind, certify, sign) if found is None else _found_witness(asked, found, certify)


def _recorded_witness(asked: Asked, kind: str, certify: Certify, sign: int | None) -> Hit | None:
    """The first recorded witness of the running claim, the question and the kind that certifies, in their order.

    Each one that is tried is noted.  Nothing is believed of a record but that somebody proposed its points.
    """
    told, *_ = asked.as_asked()
    for number, record in recorded_witnesses(asked.name):
        if record.get("kind") != kind or sign not in (None, record.get("sign")):
            continue
        witness = _witness_of(asked, told, record)
        certificate = None if witness is None else certify(told, witness)
        note_replay(number, certificate is not None)
        if witness is not None and certificate is not None:
            return told, witness, certificate
    return None


def _witness_of(asked: Asked, told: Asked, record: Mapping[str, Any]) -> Witness | None:
    """What a record proposes, if it is of this question's shapes and lies in its domain."""
    try:
        points = [
            recorded_point(told.program.arguments, record["points"][name]) for name in REPLAYED[str(record["kind"])]
        ]
        weight, entry = fmpq(*map(int, str(record.get("weight", 0)).split("/"))), int(record["entry"])
    except (RefusedError, ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError, OverflowError):
        return None
    inside = all(
        contains(told.program, point) and (asked.original is None or asked.original.contains(point))
        for point in points
    )
    fits = inside and 0 <= weight < 1 and 0 <= entry < asked.entries and _equal_quantified(points, asked.decision)
    if not fits or (weight == 0) != (record["kind"] not in (CHORD, INNER)):
        return None
    return Witness(tuple(map(tuple, points)), weight, entry)


def _found_witness(asked: Asked, found: Found, certify: Certify) -> Hit | None:
    """The first candidate of a search that certifies, polished.

    What the search and the polishing promise is looked at again here: all points lie in the domain, exactly, and are
    equal in the quantified arguments. On ordered cones the function itself is certified, in its own coordinates.
    """

    boxes = asked.program.arguments if found.few is None else found.few.boxes

    def widened(w: Witness) -> Witness:
        return w if found.few is None else replace(w, points=tuple(map(found.few.widened, w.points)))

    def admitted(w: Witness) -> Certificate | None:
        w = widened(w)
        inside = all(contains(asked.program, point) for point in w.points)
        return certify(asked, w) if inside and _equal_quantified(w.points, asked.decision) else None

    for candidate in found.candidates:
        witness = polish(
            candidate, admitted, boxes, decision=asked.decision, screen=found.screen, effort=found.effort,
            certify_first=found.few is None,
        )  # fmt: skip
        if witness is None:
            continue
        witness = widened(witness)
        if asked.original is None:
            return asked, witness, witness.record
        told, *points = asked.as_asked(*witness.points)
        witness = replace(witness, points=tuple(points))
        certificate = certify(told, witness)
        if certificate is not None:
            return told, witness, certificate
    return None


def _equal_quantified(points: Sequence[Sequence[Array]], decision: int) -> bool:
    first = points[0][decision:]
    return all((x == y).all() for point in points for x, y in zip(first, point[decision:], strict=True))


# ------------------------------------------------------------------ chords


def chord(asked: Asked, found: Found | None, side: Literal[1, -1]) -> Refutation | None:
    """A certified chord on the wrong side of the graph: side 1 refutes convexity, -1 concavity."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        a, b = w.points
        return jensen_violation(asked.program, w.entry, a, b, w.weight, side)

    hit = certified_witness(asked, found, CHORD, certify, side)
    if hit is None:
        return None
    asked, witness, certificate = hit
    a, b = witness.points
    return describe_chord(asked, a, b, witness.weight, side, certificate)


def describe_chord(
    asked: Asked, a: Sequence[Array], b: Sequence[Array], weight: fmpq, side: int, certificate: Certificate
) -> Refutation:
    """The middle is ``(1 - weight) a + weight b``; side 1 is above the chord, -1 below, 0 exactly on it."""
    middle = between(a, b, weight)
    share = "halfway" if weight == HALF else f"{show_number(weight)} of the way"
    fixed, (start, end, inner) = asked.show_together([a, b, middle])
    words = (
        f"{fixed}between a = {start} and b = {end} the function{asked.where(certificate.entry)} lies "
        f"{('on', 'above', 'below')[side]} its chord: {share}, at {inner}, {values(certificate)}"
    )
    return words, {"kind": CHORD, "weight": str(weight), **certificate.record()}


def values(certificate: Certificate) -> str:
    """The enclosures of a certificate, in words."""
    return ", ".join(f"{name} = {enclosure}" for name, enclosure in certificate.enclosures.items())


def quasi_chord(asked: Asked, found: Found | None, side: Literal[1, -1]) -> Refutation | None:
    """A certified segment whose inner point is above both ends (side 1) or below both (side -1)."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        a, b = w.points
        middle = between(a, b, w.weight)
        decided = [order(asked.program, w.entry, middle, end) for end in (a, b)]
        return decided[0] if all(d is not None and d.sign == side for d in decided) else None

    hit = certified_witness(asked, found, INNER, certify, side)
    if hit is None:
        return None
    asked, witness, certificate = hit
    a, b = witness.points
    words = (
        f"between a = {asked.show(a)} and b = {asked.show(b)}, at {asked.show(between(a, b, witness.weight))}, the "
        f"function{asked.where(witness.entry)} is {'above' if side > 0 else 'below'} both ends; inside against a: "
        f"{values(certificate)}"
    )
    told = certificate.record()
    ends = {"start": exact_texts(a), "end": exact_texts(b)}
    points = {**certificate.points, **ends}
    return words, {"kind": INNER, "weight": str(witness.weight), **told, "points": points}


# ------------------------------------------------------------------ pairs and points


def ordered_pair(asked: Asked, found: Found | None, sign: Literal[1, -1]) -> Refutation | None:
    """A certified pair a <= b with f(a) > f(b) (sign 1) or f(a) < f(b) (sign -1)."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        a, b = w.points
        if any(s > t for x, y in zip(a, b, strict=True) for s, t in zip(x.reshape(-1), y.reshape(-1), strict=True)):
            return None
        decided = order(asked.program, w.entry, a, b)
        return decided if decided is not None and decided.sign == sign else None

    hit = certified_witness(asked, found, PAIR, certify, sign)
    if hit is None:
        return None
    asked, witness, certificate = hit
    a, b = witness.points
    words = (
        f"from a = {asked.show(a)} up to b = {asked.show(b)} the function{asked.where(witness.entry)} goes "
        f"{'down' if sign > 0 else 'up'}: {values(certificate)}"
    )
    return words, {"kind": PAIR, **certificate.record()}


def nonpositive_point(asked: Asked, found: Found | None) -> Refutation | None:
    """A certified point with f <= 0."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        decided = sign_of(asked.program, w.entry, w.points[0])
        return decided if decided is not None and decided.sign <= 0 else None

    return _at_point(asked, found, certify, NOT_POSITIVE)


def negative_point(asked: Asked, found: Found | None) -> Refutation | None:
    """A certified point with f < 0."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        decided = sign_of(asked.program, w.entry, w.points[0])
        return decided if decided is not None and decided.sign < 0 else None

    return _at_point(asked, found, certify, NEGATIVE)


def unequal_point(asked: Asked, other: Asked, found: Found | None) -> Refutation | None:
    """A certified point with f != g."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        against = other if asked.original is not None or other.original is None else other.as_asked()[0]
        decided = difference(asked.program, against.program, w.entry, w.points[0])
        return decided if decided is not None and decided.sign != 0 else None

    return _at_point(asked, found, certify, DIFFERENT)


def _at_point(asked: Asked, found: Found | None, certify: Certify, kind: str) -> Refutation | None:
    hit = certified_witness(asked, found, kind, certify)
    if hit is None:
        return None
    asked, witness, certificate = hit
    return describe_point(asked, witness.points[0], certificate, kind)


def describe_point(asked: Asked, x: Sequence[Array], certificate: Certificate, kind: str) -> Refutation:
    """A point and what was certified there."""
    named = len(x) == 1 and any(asked.names)
    words = f"at {'' if named else 'x = '}{asked.show(x)}{asked.where(certificate.entry)}: {values(certificate)}"
    return words, {"kind": kind, **certificate.record()}
