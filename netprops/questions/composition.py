"""Proofs at intermediate values of the program: convexity where the normal form hides it, or grows too large.

h(g_1(x), ..., g_k(x)) is convex where h is convex on a box that holds all values of the g_i, and for every i g_i is
affine, or convex with h non-decreasing in its i-th argument, or concave with h non-increasing there (Boyd and
Vandenberghe, section 3.2.4).

And what holds for all real numbers in a range holds for those that the quantified data come to: values that depend on
these alone, such as the features that frozen layers hand on, may be taken for data themselves.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from flint import fmpq

from netprops.domains import Box
from netprops.questions.asking import LEVELS, Asked, Reading, proof_of_all, readings
from netprops.readings.curvature import Calculus
from netprops.readings.jaxpr import Cut, cuts, settled

if TYPE_CHECKING:
    from netprops.readings.jaxpr import Program
    from netprops.readings.polynomials import Expression

MOST_CUTS = 6
WIDEST_CUT = 8

Proof = tuple[str, ...]


def bent_by_composition(asked: Asked, side: int) -> Proof | None:
    """A proof that every output is convex (`side` 1) or concave (-1), the program cut once; None if none is found."""
    for cut in cuts(asked.program, asked.decision, WIDEST_CUT)[:MOST_CUTS]:
        for inner in readings(replace(asked, program=cut.inner), [], LEVELS):
            shapes = [_shape(inner.calculus, e) for e in inner.expressions]
            proofs = [proof for _, proof in shapes if proof is not None]
            if len(proofs) < len(shapes):
                continue
            outer = _outer_proof(asked, cut, inner, [bend for bend, _ in shapes], side)
            if outer:
                lines = ("composition", *outer, *(line for proof in proofs for line in proof))
                return tuple(dict.fromkeys(lines))
    return None


def with_settled_values(asked: Asked) -> Asked | None:
    """The same question about a program whose settled values are data of their own: a yes to it is a yes to this one.

    Each becomes a variable on its range, but for such as are affine in the data, which are not worth it.  None where
    there are no others, or where they are not shown to be real numbers.
    """
    cut = settled(asked.program, asked.decision)
    if cut is None:
        return None
    for inner in readings(replace(asked, program=cut.inner, decision=0), [], LEVELS[:1]):
        table, expressions = inner.symbols.table, iter(inner.expressions)
        boxes = [
            None if all(table.degree(e) in (0, 1) for e in list(itertools.islice(expressions, box.size))) else box
            for box in _domains(inner, cut.inner)
        ]
        if any(boxes):
            return replace(asked, program=cut.outer(boxes))
    return None


def _shape(calculus: Calculus, e: Expression) -> tuple[int, Proof | None]:
    """0, 1 or -1 for an expression proved affine, convex or concave, and the proof."""
    if calculus.is_affine(e):
        return 0, ("affine",)
    convex = calculus.convex(e)
    return (1, convex) if convex else (-1, calculus.concave(e))


def _outer_proof(asked: Asked, cut: Cut, inner: Reading, bends: list[int], side: int) -> Proof | None:
    """A proof that the rest of the program is convex and moves the right way, on the ranges of the inner values."""
    program = cut.outer(list(_domains(inner, cut.inner)))
    asked = replace(asked, program=program, decision=len(cut.inner.out_shapes))

    for outer in readings(asked, [], LEVELS):
        calculus = outer.calculus

        def prove(e: Expression, calculus: Calculus = calculus) -> Proof | None:
            signed = calculus.table.scale(e, fmpq(side))
            lines = calculus.convex(signed)
            for bit, bend in enumerate(bends):
                if lines is None:
                    return None
                if bend:
                    one = Calculus(calculus.table, 1 << bit)
                    moves = one.rising(signed) if bend > 0 else one.falling(signed)
                    lines = None if moves is None else (*lines, *moves)
            return lines

        proof = proof_of_all(outer.expressions, prove)
        if proof:
            return proof
    return None


def _domains(inner: Reading, program: Program) -> Iterator[Box]:
    """The ranges of the program's values, array by array."""
    start = 0
    for shape in program.out_shapes:
        size = math.prod(shape)
        entries = inner.expressions[start : start + size]
        yield Box(shape, tuple(inner.symbols.table.range(e) for e in entries))
        start += size
