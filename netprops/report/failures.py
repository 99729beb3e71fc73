"""What the report of a failed test says: the claim, what was asked, the witness, and how to see it again."""

from __future__ import annotations

import functools
import inspect
import linecache
import shlex
from textwrap import indent
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from netprops.evidence import Note, Verdict

_MOST_COORDINATES = 40
_LONGEST = 600  # characters of a reason
_REPLAY = (
    " After a run with --ledger DIR,\n            python -m netprops replay DIR/ledger.json   checks the witness again."
)


def failure(claim: Mapping[str, Any], last: Note | None, where: str, again: str) -> str:
    """The claim in words, and what its failed test asked last; `again` is the line that runs the test again."""
    return "\n".join(_lines(claim, last, where, again)) + "\n"


def rerun(test: str, seed: int | str, profile: str) -> str:
    """The line that runs a test again, with what its run drew."""
    chosen = f" --hypothesis-profile={shlex.quote(profile)}" if profile not in ("none", "default") else ""
    return f"pytest {shlex.quote(test)} --hypothesis-seed={shlex.quote(str(seed))}{chosen}"


def _lines(claim: Mapping[str, Any], last: Note | None, where: str, again: str) -> Iterator[str]:
    yield claim["statement"]
    yield f"({claim['id']}: {claim['verdict']}; {', '.join(claim['source'])}; {claim['module']})"
    if last is None:
        yield "It asked nothing."
    else:
        yield from _asked(last, where)
    yield f"Again:      {again}"


def _asked(last: Note, where: str) -> Iterator[str]:
    verdict = last.verdict
    how = "" if verdict.kind is None else f" ({verdict.kind})"
    yield f"Asked last: <{verdict.question}: {verdict.answer}{how}> at {where}"
    if source := linecache.getline(last.site.file, last.site.line).strip():
        yield f"            {source}"
    yield from evidence(verdict, _REPLAY)


def evidence(verdict: Verdict, otherwise: str = "") -> Iterator[str]:
    """What an answer rests on: its domain, the witness with its enclosures or the reason, and a script in NumPy.

    `otherwise` is said where a chord has no such script.
    """
    because = verdict.because if len(verdict.because) <= _LONGEST else f"{verdict.because[:_LONGEST]} ..."
    programs, domains = _about(verdict)
    if domains:
        yield f"On:         {_domain(domains)}"
    told = list(_witness(verdict.witness or {}))
    yield from told or [f"Because:    {because}"]
    yield from _script(verdict.witness or {}, programs, domains, otherwise)


def _about(verdict: Verdict) -> tuple[Sequence[Any], Sequence[Any]]:
    """The programs and the domains that an answer is about, where a certificate can be made of it: it knows them."""
    make = verdict.certify
    if not isinstance(make, functools.partial):
        return (), ()
    bound = inspect.signature(make.func).bind_partial(*make.args, **make.keywords).arguments
    return bound.get("programs", ()), bound.get("domains", ())


def _domain(domains: Sequence[Any]) -> str:
    from netprops.domains import describe

    first, *rest = map(describe, domains)
    return f"{first}, for every value in {' and '.join(rest)}" if rest else first


def _witness(witness: Mapping[str, Any]) -> Iterator[str]:
    """The points, as the numbers that they are, and every enclosure; the last one decides."""
    points, told = witness.get("points"), witness.get("enclosures")
    if not isinstance(points, dict) or not isinstance(told, dict):
        return
    for name, coordinates in points.items():
        shown = [_number(x) for x in coordinates[:_MOST_COORDINATES]]
        more = f", ... {len(coordinates) - len(shown)} more" if len(coordinates) > len(shown) else ""
        yield f"  {name:10}({', '.join(shown)}{more})"
    for name, enclosure in told.items():
        yield f"  {name:10}= {enclosure}"
    if "quantity" in witness:
        sign = {1: "positive", -1: "negative", 0: "exactly 0"}[witness["sign"]]
        yield f"  sign      of {witness['quantity']}: certainly {sign}, at {witness['precision']} bits"


def _number(words: str) -> str:
    """A coordinate in decimal, all its digits if it is a double."""
    from netprops.report.witnesses import exact

    try:
        return f"{exact(words):.17g}"
    except ValueError:  # too large for a double
        return words


def _script(
    witness: Mapping[str, Any], programs: Sequence[Any], domains: Sequence[Any], otherwise: str
) -> Iterator[str]:
    """A chord in NumPy alone, where it can be said so."""
    if "gap" not in witness.get("enclosures", ()):
        return
    why = "the function is not at hand"
    if programs:
        from netprops.readings.cones import has_cone
        from netprops.report.numpy_script import UnprintableError, chord_script

        try:
            if any(map(has_cone, domains)):
                raise UnprintableError("it lives on an ordered cone")
            script = chord_script(programs[0], witness)
        except UnprintableError as error:
            why = str(error)
        else:
            yield "In NumPy alone:"
            yield indent(script, "    ")
            return
    yield f"No short script in NumPy: {why}.{otherwise}"
