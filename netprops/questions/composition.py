"""Proofs at intermediate values of the program: convexity where the normal form hides it, or grows too large.

h(g_1(x), ..., g_k(x)) is convex where h is convex on a box that holds all values of the g_i, and for every i g_i is
affine, or convex with h non-decreasing in its i-th argument, or concave with h non-increasing there (Boyd and
Vandenberghe, section 3.2.4).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flint import fmpq

from netprops.certificates.goals import Goal, convex
from netprops.certificates.views import View
from netprops.questions.asking import LEVELS, Asked, Reading, accepted, proof_of_all, readings
from netprops.readings.curvature import AFFINE, Calculus
from netprops.readings.intermediate import ranges_of_values
from netprops.readings.jaxpr import Cut, cuts
from netprops.readings.proofs import step

if TYPE_CHECKING:
    from netprops.readings.polynomials import Expression
    from netprops.readings.proofs import Proof

MOST_CUTS = 6


def bent_by_composition(asked: Asked, side: int) -> Proof | None:
    """A proof that every output is convex (`side` 1) or concave (-1), the program cut once; None if none is found."""
    for place, cut in enumerate(cuts(asked.program, asked.decision)[:MOST_CUTS]):
        for inner in readings(replace(asked, program=cut.inner), [], LEVELS):
            shapes = [_shape(inner.calculus, e) for e in inner.expressions]
            proofs = [proof for _, proof in shapes if proof is not None]
            if len(proofs) < len(shapes):
                continue
            bends = [bend for bend, _ in shapes]
            goals = [_aim(inner.calculus, e, bend) for e, bend in zip(inner.expressions, bends, strict=True)]
            if not accepted(list(zip(goals, proofs, strict=True)), []):
                continue
            outer = _outer_proof(asked, cut, inner, bends, side)
            if outer is not None:
                level = inner.symbols.table.level
                return step("cut", "composition", *proofs, outer, cut=place, level=level, bends=bends)
    return None


def _shape(calculus: Calculus, e: Expression) -> tuple[int, Proof | None]:
    """0, 1 or -1 for an expression proved affine, convex or concave, and the proof."""
    if calculus.is_affine(e):
        return 0, AFFINE
    try:
        convex = calculus.convex(e)
        return (1, convex) if convex else (-1, calculus.concave(e))
    except RecursionError:  # nested too deeply: no proof
        return 0, None


def _aim(calculus: Calculus, e: Expression, bend: int) -> Goal:
    return convex(View(calculus.table, calculus.mask), e, bend) if bend else Goal("affine", e, calculus.mask)


def _moves(calculus: Calculus, e: Expression, side: int, bends: list[int], proof: Proof) -> bool:
    """Whether the checker accepts that side * e is convex and moves the right way in each bent value."""
    signed = calculus.table.scale(e, side)
    goals = [convex(View(calculus.table, calculus.mask), signed)]
    goals += [Goal("rising", calculus.table.scale(signed, bend), 1 << bit) for bit, bend in enumerate(bends) if bend]
    return accepted(list(zip(goals, proof.premises, strict=True)), [])


def _outer_proof(asked: Asked, cut: Cut, inner: Reading, bends: list[int], side: int) -> Proof | None:
    """A proof that the rest of the program is convex and moves the right way, on the ranges of the inner values."""
    program = cut.outer(list(ranges_of_values(inner.symbols, cut.inner)))
    asked = replace(asked, program=program, decision=len(cut.inner.out_shapes))

    for outer in readings(asked, [], LEVELS):
        calculus = outer.calculus

        def prove(e: Expression, calculus: Calculus = calculus) -> Proof | None:
            signed = calculus.table.scale(e, fmpq(side))
            found = [calculus.convex(signed)]
            for bit, bend in enumerate(bends):
                if bend and found[-1] is not None:
                    one = Calculus(calculus.table, 1 << bit)
                    found.append(one.rising(signed) if bend > 0 else one.falling(signed))
            proofs = [proof for proof in found if proof is not None]
            return step("bent and moving", "", *proofs) if len(proofs) == len(found) else None

        proofs = proof_of_all(outer.expressions, prove)
        if proofs and all(
            _moves(calculus, e, side, bends, proof) for e, proof in zip(outer.expressions, proofs, strict=True)
        ):
            return step("normal form", "", *proofs, level=calculus.table.level, settled=False)
    return None
