"""Certificates: the answer to a question as one JSON object that says all that a checker needs, beside the function.

::

    {"format": "netprops certificate", "schema": 1, "netprops", "jax",
     "question", "answer", "evidence",
     "domains": [pytree of domains for each argument of the function], "decision": flat arguments that vary,
     "programs": SHA-256 of the traced equations and constants, for each function,
     "steps": [{"rule", "premises": [numbers of earlier steps], "parameters"}, ...]   if proved; the last is the answer
     "witness": {"kind", "points", "enclosures", "sign", "precision", ...}            if certified
     "checksum": SHA-256 of all the rest}

Numbers are texts: fractions, or hexadecimal doubles for the coordinates of points.
"""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import jax
from flint import fmpq

from netprops.certificates.refusals import RefusedError
from netprops.domains import Box, Interval, OrderedCone
from netprops.readings.expressions import MalformedError, number
from netprops.readings.proofs import Proof

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from netprops.readings.jaxpr import Program

FORMAT: Final = "netprops certificate"
SCHEMA: Final = 1
# All parts of a certificate but what the answer rests on.
KEYS: Final = frozenset(
    (
        "format", "schema", "netprops", "jax", "question", "answer", "evidence", "domains", "decision", "programs",
        "checksum",
    )
)  # fmt: skip


def certificate(
    question: str,
    answer: str,
    evidence: str,
    domains: Sequence[Any],
    decision: int,
    programs: Sequence[Program],
    basis: Proof | Mapping[str, object],
) -> dict[str, Any]:
    """The certificate of an answer, by a proof or by a witness's record."""
    record: dict[str, Any] = {
        "format": FORMAT,
        "schema": SCHEMA,
        "netprops": metadata.version("netprops"),
        "jax": jax.__version__,
        "question": question,
        "answer": answer,
        "evidence": evidence,
        "domains": [domain_to_json(on) for on in domains],
        "decision": decision,
        "programs": [digest(program) for program in programs],
    }
    if isinstance(basis, Proof):
        record["steps"] = steps(basis)
    else:
        record["witness"] = plain(basis)
    return {**record, "checksum": checksum(record)}


def checksum(record: Mapping[str, Any]) -> str:
    """SHA-256 of a certificate without its checksum."""
    text = json.dumps({k: v for k, v in record.items() if k != "checksum"}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest(program: Program) -> str:
    """SHA-256 of a program's equations and constants."""
    return hashlib.sha256(repr(program.key).encode()).hexdigest()


def steps(proof: Proof) -> list[dict[str, Any]]:
    """The proof as a list, premises before what follows from them; equal derivations are one step."""
    places: dict[int, int] = {}
    known: dict[tuple[Any, ...], int] = {}
    found: list[dict[str, Any]] = []
    stack = [(proof, False)]
    while stack:
        node, ready = stack.pop()
        if id(node) in places:
            continue
        if not ready:
            stack.append((node, True))
            stack.extend((premise, False) for premise in reversed(node.premises) if id(premise) not in places)
            continue
        premises = [places[id(premise)] for premise in node.premises]
        step = {"rule": node.rule, "premises": premises}
        if node.parameters:
            step["parameters"] = plain(node.parameters)
        key = (node.rule, tuple(premises), json.dumps(step.get("parameters"), sort_keys=True))
        if key not in known:
            known[key] = len(found)
            found.append(step)
        places[id(node)] = known[key]
    return found


def plain(value: Any) -> Any:
    """A value of JSON: exact numbers as texts of fractions, tuples as lists."""
    if isinstance(value, fmpq):
        return str(value)
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a certificate holds numbers, texts and lists of them, got {type(value).__name__}: {value!r}")


# ------------------------------------------------------------------ domains


def domain_to_json(on: Any) -> Any:
    """A domain as JSON; a pytree of a type of its own becomes the list of its leaves, under "leaves"."""
    if isinstance(on, Box):
        return {"box": list(on.shape), "intervals": [_interval_to_json(r) for r in on.intervals]}
    if isinstance(on, OrderedCone):
        return {"ordered cone": list(on.shape), "apart": str(on.apart)}
    if type(on) is dict and all(isinstance(k, str) for k in on):
        return {"dict": {k: domain_to_json(v) for k, v in on.items()}}
    for kind in (list, tuple):
        if type(on) is kind:
            return {kind.__name__: [domain_to_json(v) for v in on]}
    return {"leaves": [domain_to_json(leaf) for leaf in jax.tree.leaves(on)]}


def _interval_to_json(r: Interval) -> list[Any]:
    return [None if r.lo is None else str(r.lo), None if r.hi is None else str(r.hi), r.lo_open, r.hi_open]


def domain_from_json(value: Any) -> Any:
    """The domain that `domain_to_json` wrote.

    Raises:
        MalformedError: the record is none.
        RefusedError: its pytree is of a type of its own, which no record can give back.
    """
    if not isinstance(value, dict) or not value:
        raise MalformedError(f"no domain: {value!r}")
    if "box" in value:
        return Box(_shape(value["box"]), tuple(map(_interval_from_json, _listed(value.get("intervals")))))
    if "ordered cone" in value:
        return OrderedCone(_shape(value["ordered cone"]), number(value.get("apart")))
    if isinstance(value.get("dict"), dict):
        return {k: domain_from_json(v) for k, v in value["dict"].items()}
    if "list" in value:
        return [domain_from_json(v) for v in _listed(value["list"])]
    if "tuple" in value:
        return tuple(domain_from_json(v) for v in _listed(value["tuple"]))
    if "leaves" in value:
        raise RefusedError("the domain is a pytree of a type of its own: pass it to recheck as `domains`")
    raise MalformedError(f"no domain: {value!r}")


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise MalformedError(f"expected a list, got {value!r}")
    return value


def _shape(value: Any) -> tuple[int, ...]:
    if not all(type(n) is int and n > 0 for n in _listed(value)):
        raise MalformedError(f"no shape: {value!r}")
    return tuple(value)


def _interval_from_json(value: Any) -> Interval:
    if not isinstance(value, list) or len(value) != 4 or not all(isinstance(is_open, bool) for is_open in value[2:]):
        raise MalformedError(f"an interval is two ends and whether each is open, got {value!r}")
    lo, hi, lo_open, hi_open = value
    return Interval(None if lo is None else number(lo), None if hi is None else number(hi), lo_open, hi_open)
