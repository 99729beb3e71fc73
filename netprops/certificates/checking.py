"""`recheck`: is what a certificate says of a function true?  Nothing is searched and no proof is looked for.

A proof is gone through step by step, from the question down: the function is traced anew and read into its normal form,
and each rule (`rules`) says what its premises have to show (`derivation`).  A witness is evaluated anew in balls at its
exact points (`witnesses`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from netprops.certificates import records
from netprops.certificates.derivation import PROVED, Derivation
from netprops.certificates.refusals import FailedError, at_step, demand
from netprops.certificates.statement import traced
from netprops.certificates.witnesses import AT_POINTS, checked_witness
from netprops.readings.collection import collection_paused

QUESTIONS = (*PROVED, "are_equal", "no_counterexample", *AT_POINTS)
EVIDENCE = {"steps": "proved", "witness": "certified"}
# What the names of a curvature say of the two questions behind it.
CURVATURES = {
    "affine": (("is_convex", "yes"), ("is_concave", "yes")),
    "convex": (("is_convex", "yes"), ("is_concave", "no")),
    "concave": (("is_convex", "no"), ("is_concave", "yes")),
    "neither": (("is_convex", "no"), ("is_concave", "no")),
}
COMMON = ("domains", "decision", "programs")


@dataclass(frozen=True)
class Recheck:
    """What came of checking a certificate; true where it was accepted.

    Attributes:
        accepted: whether every step holds.
        step: the step that failed, or the number of steps gone through.
        because: why it failed; empty where it was accepted.
    """

    accepted: bool
    step: str
    because: str

    def __bool__(self) -> bool:
        return self.accepted

    def __str__(self) -> str:
        return f"accepted: {self.step}" if self.accepted else f"refused at {self.step}: {self.because}"


@collection_paused()
def recheck(
    certificate: Mapping[str, Any], *functions: Callable[..., Any], domains: Sequence[Any] | None = None
) -> Recheck:
    """Check a certificate against the function (for `are_equal` the two functions) that it is about.

    Args:
        certificate: as `Verdict.certificate` or `Curvature.certificate` gave it, also after a round trip through
            JSON.
        functions: the function, for `are_equal` both.
        domains: where arguments are pytrees of types of their own (modules): the domains that the question was
            asked on, one for each argument; they are compared with the recorded ones.

    Returns:
        Whether it was accepted; else the step that failed, and why.  A certificate that is no such object, or about
        another function, is refused like any other.

    Examples:
        >>> from netprops import is_convex, reals, recheck
        >>> square = lambda x: x**2
        >>> certificate = is_convex(square, on=reals()).certificate
        >>> recheck(certificate, square).accepted
        True
        >>> recheck(certificate, lambda x: x**3).step
        'function'
    """
    try:
        if isinstance(certificate, Mapping) and certificate.get("question") == "curvature":
            return _recheck_curvature(certificate, functions, domains)
        return Recheck(True, f"{_checked(certificate, functions, domains)} steps", "")
    except FailedError as error:
        return Recheck(False, error.step, error.why)


def _recheck_curvature(
    certificate: Mapping[str, Any], functions: Sequence[Any], domains: Sequence[Any] | None
) -> Recheck:
    at_step("name", lambda: _demand_name(certificate))
    for part in certificate["parts"]:
        found = recheck(part, *functions, domains=domains)
        if not found:
            return replace(found, step=f"{part['question']}, {found.step}")
    return Recheck(True, "both parts", "")


def _demand_name(certificate: Mapping[str, Any]) -> None:
    """That the name follows from the answers of both parts, which are about one function on one domain."""
    name, parts = certificate["name"], certificate["parts"]
    demand(set(certificate) == {"question", "name", "parts"}, "it has the parts {}", list(certificate))
    demand(isinstance(parts, list) and all(isinstance(p, Mapping) for p in parts), "no list of certificates")
    asked = [(p["question"], p["answer"]) for p in parts]
    demand(name in CURVATURES and asked == list(CURVATURES[name]), "{!r} does not follow from {}", name, asked)
    for field in COMMON:
        demand(parts[0][field] == parts[1][field], "the two parts have other {}", field)


def _checked(certificate: Mapping[str, Any], functions: Sequence[Any], domains: Sequence[Any] | None) -> int:
    at_step("format", lambda: _demand_format(certificate))
    statement = at_step("function", lambda: traced(certificate, functions, domains))
    if "steps" in certificate:
        return Derivation(certificate["steps"]).check(statement)
    return checked_witness(statement, certificate["witness"])


def _demand_format(certificate: Mapping[str, Any]) -> None:
    demand(isinstance(certificate, Mapping) and certificate.get("format") == records.FORMAT, "no netprops certificate")
    demand(repr(certificate.get("schema")) == repr(records.SCHEMA), "schema {!r} is unknown", certificate.get("schema"))
    demand(certificate.get("checksum") == records.checksum(certificate), "the checksum is not that of the contents")
    kinds = [kind for part, kind in EVIDENCE.items() if part in certificate]
    demand(kinds == [certificate.get("evidence")], "the evidence {!r} is not given", certificate.get("evidence"))
    keys = set(certificate) - set(EVIDENCE)
    demand(keys == records.KEYS, "it has other parts than it should: {}", sorted(keys ^ records.KEYS))
    demand(certificate["question"] in QUESTIONS, "no certificates of {!r} are known", certificate["question"])
