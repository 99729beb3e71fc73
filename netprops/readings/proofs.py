"""Proofs as trees: each node names a rule, and has the proofs of the rule's premises below it.

A proof says nothing by itself.  What it proves is the goal that it is held against: the rule, applied to the goal, says
which goals its premises have to prove.  So a tree holds no expressions but those that a rule cannot work out, its
parameters, and equal derivations of different goals are one tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Proof:
    """One step of a derivation.

    Attributes:
        rule: its name, a row of `netprops.certificates.rules.RULES`.
        words: the step for people.
        premises: the proofs of what the rule asks for, in the rule's order.
        parameters: what the rule needs and cannot work out by itself: numbers, texts, expressions, lists of these.
    """

    rule: str
    words: str
    premises: tuple[Proof, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def nodes(self) -> Iterator[Proof]:
        """The proof and all proofs in it, each once, a rule before its premises."""
        seen: set[int] = set()
        stack = [self]
        while stack:
            proof = stack.pop()
            if id(proof) in seen:
                continue
            seen.add(id(proof))
            yield proof
            stack.extend(reversed(proof.premises))


def lines(proofs: Sequence[Proof]) -> tuple[str, ...]:
    """The steps in words, each once."""
    return tuple(dict.fromkeys(node.words for proof in proofs for node in proof.nodes() if node.words))


def step(rule: str, words: str, *premises: Proof, **parameters: Any) -> Proof:
    """A proof by this rule from these premises."""
    return Proof(rule, words, premises, parameters)
