"""What a certificate says: the answer to a question about functions that are traced anew, on domains of its own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from netprops.certificates import records
from netprops.certificates.refusals import demand, integer
from netprops.domains import OrderedCone
from netprops.readings.cones import gaps_of, has_cone, of_gaps, whole_of
from netprops.readings.jaxpr import Program, trace


@dataclass(frozen=True)
class Statement:
    """What a certificate says: the answer to a question about traced functions."""

    question: str
    answer: str
    programs: tuple[Program, ...]  # of the gaps, where there are cones
    wholes: tuple[Program, ...]  # in the functions' own coordinates
    cones: tuple[OrderedCone | None, ...]  # for each flat argument
    decision: int

    @property
    def program(self) -> Program:
        """The program, of the gaps where there are cones, of the (first) function."""
        return self.programs[0]

    @property
    def entries(self) -> int:
        """The number of output entries."""
        return sum(math.prod(shape) for shape in self.program.out_shapes)


def traced(certificate: Mapping[str, Any], functions: Sequence[Any], domains: Sequence[Any] | None) -> Statement:
    """The statement, if it is about these functions.  Raises `RefusedError`."""
    question, answer = certificate["question"], certificate["answer"]
    demand(answer in ("yes", "no"), "an answer is yes or no, got {!r}", answer)
    wanted = 2 if question == "are_equal" else 1
    demand(len(functions) == wanted, "it is about {} functions, got {}", wanted, len(functions))
    given = [records.domain_from_json(on) for on in certificate["domains"]] if domains is None else list(domains)
    _demand_domains(certificate["domains"], given)
    if any(map(has_cone, given)):
        programs = tuple(trace(of_gaps(f, given), *map(gaps_of, given)) for f in functions)
        wholes = tuple(trace(f, *map(whole_of, given)) for f in functions)
    else:
        programs = wholes = tuple(trace(f, *given) for f in functions)
    digests = [records.digest(program) for program in programs]
    by = f"traced by jax {jax.__version__}, recorded by jax {certificate.get('jax')}"
    demand(digests == certificate["programs"], "the function is not the one that was certified ({})", by)
    flat = [leaf for on in given for leaf in jax.tree.leaves(on)]
    cones = tuple(leaf if isinstance(leaf, OrderedCone) else None for leaf in flat)
    decision = integer(certificate["decision"], len(flat) + 1)
    counts = list(itertools.accumulate(len(jax.tree.leaves(on)) for on in given))
    demand(decision > 0 and decision in counts, "{} leaves are not all of the first arguments", decision)
    return Statement(question, answer, programs, wholes, cones, decision)


def _demand_domains(recorded: Sequence[Any], given: Sequence[Any]) -> None:
    """That the domains are the recorded ones, leaf by leaf."""

    def leaves(value: Any) -> list[Any]:
        if "box" in value or "ordered cone" in value:
            return [value]
        ((_, inner),) = value.items()
        parts = [inner[k] for k in sorted(inner)] if isinstance(inner, dict) else inner
        return [leaf for part in parts for leaf in leaves(part)]

    same = [leaves(records.domain_to_json(on)) for on in given] == [leaves(on) for on in recorded]
    demand(same, "the domains are not the recorded ones")
