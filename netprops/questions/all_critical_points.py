"""The question how many critical points of each kind a function has, all of them: a census that leaves none out."""

from __future__ import annotations

from typing import Any

import numpy as np

from netprops.domains import DomainError
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import Asked, Function, remembered, scalar, traced
from netprops.readings.all_critical_points import AllCriticalPoints, NotFoundError, all_critical_points


def has_critical_points(f: Function, on: Any, *, minima: int = 0, maxima: int = 0, saddles: int = 0) -> Verdict:
    """Has the scalar f so many strict local minima, strict local maxima and saddles, and no other critical point?

    All are meant to be non-degenerate: the Hessian regular.  "Yes": each is enclosed with the inertia of its Hessian,
    and everywhere else on the domain the gradient is certified to have no zero.  "No", certified too: another census,
    or a degenerate critical point (told apart on the line, where it is a multiple root of a rational derivative).

    For up to three coordinates, on bounded domains and on unbounded ones: where the gradient is rational in x or in
    exp(c x) for each coordinate, its zeros are counted exactly (resultants, Sturm's theorem); elsewhere some partial
    derivative has to have one sign, by its range, as soon as a coordinate is large.

    Args:
        f: a scalar function of JAX arrays, float64.
        on: its domain: a `Box`, or a pytree of boxes, of up to three coordinates.
        minima: how many non-degenerate strict local minima.
        maxima: how many such maxima.
        saddles: how many such saddles.

    Raises:
        DomainError: counts that are no numbers >= 0.

    Examples:
        >>> from netprops import has_critical_points, reals
        >>> has_critical_points(lambda v: v[0]**4 - 2 * v[0] ** 2 + v[1] ** 2, reals(2), minima=2, saddles=1).answer
        'yes'
    """
    counts = {"minimum": minima, "maximum": maxima, "saddle": saddles}
    for kind, n in counts.items():
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
            raise DomainError(f"has_critical_points counts critical points of the kind {kind} from 0, got {n!r}")
    asked = traced("has_critical_points", f, on)
    scalar(asked)
    return record(remembered(asked, lambda: _census(asked, counts), tuple(counts.values())))


_known: dict[tuple[Any, ...], AllCriticalPoints | NotFoundError] = {}
MOST_KNOWN = 256


def _found(asked: Asked) -> AllCriticalPoints | NotFoundError:
    """The critical points, or why there was no finding them all; whichever counts are asked about, looked for once."""
    key = asked.program.key, asked.program.arguments
    if key not in _known:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        try:
            _known[key] = all_critical_points(asked.program)
        except NotFoundError as error:
            _known[key] = error
    return _known[key]


def _census(asked: Asked, expected: dict[str, int]) -> Verdict:
    found = _found(asked)
    if isinstance(found, NotFoundError):
        return undecided(asked.name, f"not all critical points on {asked.domain} could be enclosed: {found}")
    if found.degenerate is not None:
        return no(asked.name, "certified", f"a critical point is degenerate: {found.degenerate}")
    witness = {"points": [{"kind": p.kind, **p.record()} for p in found.points], "no others": found.how}
    known = {kind: found.count(kind) for kind in expected}
    words = ", ".join(f"{n} of kind {kind}" for kind, n in known.items() if n) or "none"
    words = f"critical points on {asked.domain}: {words}, each enclosed; {found.how}"
    if len(found.points) == sum(expected.values()) and found.count("unknown"):
        return undecided(asked.name, f"{words}; for {found.count('unknown')} the signs of the Hessian are not decided")
    return (yes if known == expected else no)(asked.name, "certified", words, witness)
