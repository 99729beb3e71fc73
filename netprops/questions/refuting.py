"""From a float candidate to a certified witness that a lecturer would write on the board."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from flint import fmpq

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
HALF = fmpq(1, 2)


def certified_witness(
    asked: Asked, found: Found, certify: Callable[[Asked, Witness], Certificate | None]
) -> tuple[Asked, Witness, Certificate] | None:
    """The first candidate of a search that certifies, polished, with its certificate and the question it is about.

    What the search and the polishing promise is looked at again here: all points lie in the domain, exactly, and are
    equal in the quantified arguments. On ordered cones the function itself is certified, in its own coordinates.
    """

    def admitted(w: Witness) -> Certificate | None:
        inside = all(contains(asked.program, point) for point in w.points)
        return certify(asked, w) if inside and _equal_quantified(w.points, asked.decision) else None

    for candidate in found.candidates:
        witness = polish(candidate, admitted, asked.program.arguments, decision=asked.decision, screen=found.screen)
        if witness is None:
            continue
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


def chord(asked: Asked, found: Found, side: Literal[1, -1]) -> Refutation | None:
    """A certified chord on the wrong side of the graph: side 1 refutes convexity, -1 concavity."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        a, b = w.points
        return jensen_violation(asked.program, w.entry, a, b, w.weight, side)

    hit = certified_witness(asked, found, certify)
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
    return words, {"kind": "chord", "weight": str(weight), **certificate.record()}


def values(certificate: Certificate) -> str:
    """The enclosures of a certificate, in words."""
    return ", ".join(f"{name} = {enclosure}" for name, enclosure in certificate.enclosures.items())


def quasi_chord(asked: Asked, found: Found, side: Literal[1, -1]) -> Refutation | None:
    """A certified segment whose inner point is above both ends (side 1) or below both (side -1)."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        a, b = w.points
        middle = between(a, b, w.weight)
        decided = [order(asked.program, w.entry, middle, end) for end in (a, b)]
        return decided[0] if all(d is not None and d.sign == side for d in decided) else None

    hit = certified_witness(asked, found, certify)
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
    return words, {"kind": "inner point beyond both ends", "weight": str(witness.weight), **told, "points": points}


# ------------------------------------------------------------------ pairs and points


def ordered_pair(asked: Asked, found: Found, sign: Literal[1, -1]) -> Refutation | None:
    """A certified pair a <= b with f(a) > f(b) (sign 1) or f(a) < f(b) (sign -1)."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        a, b = w.points
        if any(s > t for x, y in zip(a, b, strict=True) for s, t in zip(x.reshape(-1), y.reshape(-1), strict=True)):
            return None
        decided = order(asked.program, w.entry, a, b)
        return decided if decided is not None and decided.sign == sign else None

    hit = certified_witness(asked, found, certify)
    if hit is None:
        return None
    asked, witness, certificate = hit
    a, b = witness.points
    words = (
        f"from a = {asked.show(a)} up to b = {asked.show(b)} the function{asked.where(witness.entry)} goes "
        f"{'down' if sign > 0 else 'up'}: {values(certificate)}"
    )
    return words, {"kind": "pair", **certificate.record()}


def nonpositive_point(asked: Asked, found: Found) -> Refutation | None:
    """A certified point with f <= 0."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        decided = sign_of(asked.program, w.entry, w.points[0])
        return decided if decided is not None and decided.sign <= 0 else None

    return _at_point(asked, found, certify, "point where the function is not positive")


def negative_point(asked: Asked, found: Found) -> Refutation | None:
    """A certified point with f < 0."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        decided = sign_of(asked.program, w.entry, w.points[0])
        return decided if decided is not None and decided.sign < 0 else None

    return _at_point(asked, found, certify, "point where the function is negative")


def unequal_point(asked: Asked, other: Asked, found: Found) -> Refutation | None:
    """A certified point with f != g."""

    def certify(asked: Asked, w: Witness) -> Certificate | None:
        against = other if asked.original is not None or other.original is None else other.as_asked()[0]
        decided = difference(asked.program, against.program, w.entry, w.points[0])
        return decided if decided is not None and decided.sign != 0 else None

    return _at_point(asked, found, certify, "point where the functions differ")


def _at_point(
    asked: Asked, found: Found, certify: Callable[[Asked, Witness], Certificate | None], kind: str
) -> Refutation | None:
    hit = certified_witness(asked, found, certify)
    if hit is None:
        return None
    asked, witness, certificate = hit
    return describe_point(asked, witness.points[0], certificate, kind)


def describe_point(asked: Asked, x: Sequence[Array], certificate: Certificate, kind: str) -> Refutation:
    """A point and what was certified there."""
    named = len(x) == 1 and any(asked.names)
    words = f"at {'' if named else 'x = '}{asked.show(x)}{asked.where(certificate.entry)}: {values(certificate)}"
    return words, {"kind": kind, **certificate.record()}
