"""Powers of sums of powers: norms, which are convex, and means, which are concave (Minkowski, both ways).

Beside them reversed norms, (g^p - sum u_i^p)^(1/p), concave by the inequality of Bellman.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from netprops.readings import ranges
from netprops.readings.polynomials import UNIT
from netprops.readings.proofs import step

if TYPE_CHECKING:
    from flint import fmpq

    from netprops.readings.curvature import Calculus
    from netprops.readings.polynomials import Expression, Monomial
    from netprops.readings.proofs import Proof


def norm(calculus: Calculus, base: Expression, k: fmpq) -> Proof | None:
    """(sum c_i g_i^m_i)^k, 0 < k < 1, is convex where every m_i k >= 1, c_i >= 0 and g_i is convex and nonnegative.

    With p = 1/k it is the p-norm, convex and rising on the orthant, of the functions c_i^k g_i^(m_i k). g_i may be any
    affine form where m_i is even, and g_i^m_i any log-convex function.
    """
    if not 0 < k < 1:
        return None
    premises: list[Proof] = []
    for part in _nonnegative_parts(calculus, base):
        if part is None:
            return None
        if part == UNIT:
            continue
        inner = _norm_operand(calculus, part, k)
        if inner is None:
            return None
        premises.append(inner)
    return step("norm", f"a {1 / k}-norm of convex nonnegative functions", *premises) if premises else None


def _norm_operand(calculus: Calculus, part: Monomial, k: fmpq) -> Proof | None:
    if len(part) == 1 and part[0][1] * k >= 1:
        index, m = part[0]
        base = calculus._base(index)
        if m.q == 1 and int(m.p) % 2 == 0 and calculus.is_affine(base):
            return step("modulus of affine", "the modulus of an affine form")
        if ranges.is_nonnegative(calculus.table.atoms[index].range) and (inner := calculus.convex(base)):
            return step("convex operand", "", inner)
    return calculus._log_convex(part)  # then every power of it is convex


def mean(calculus: Calculus, base: Expression, k: fmpq) -> Proof | None:
    """(sum c_i u_i^e_i)^k, k < 0 or k > 1, is concave where every 0 < e_i k <= 1, c_i >= 0, u_i is concave and > 0.

    With p = 1/k < 1 it is (sum g_i^p)^(1/p), concave and rising on the orthant, of g_i = c_i^k u_i^(e_i k), concave.
    """
    if 0 <= k <= 1:
        return None
    premises: list[Proof] = []
    for part in _nonnegative_parts(calculus, base):
        if part is None:
            return None
        if part == UNIT:
            continue
        inner = _mean_operand(calculus, part, k)
        if inner is None:
            return None
        premises.append(inner)
    words = f"a power mean of exponent {1 / k} of concave positive functions"
    return step("power mean", words, *premises) if premises else None


def _mean_operand(calculus: Calculus, part: Monomial, k: fmpq) -> Proof | None:
    if len(part) != 1:
        return None
    index, power = part[0]
    fits = 0 < power * k <= 1 and ranges.is_positive(calculus.table.atoms[index].range)
    return calculus.concave(calculus._base(index)) if fits else None


def reversed_norm(calculus: Calculus, base: Expression, k: fmpq | None) -> Proof | None:
    """(c g^p - sum c_i g_i^m_i)^k, 0 < k p <= 1 and p > 1, is concave where it is positive; k None stands for its log.

    c and c_i are positive, g is concave and nonnegative, and every g_i^(m_i / p) convex and nonnegative: then
    (c g^p - sum c_i g_i^m_i)^(1/p) is the reversed p-norm, concave, homogeneous, rising in c g and falling in the
    others (Bellman; Beckenbach and Bellman, Inequalities, chapter 1, section 38).
    """
    table = calculus.table
    if not ranges.is_positive(table.range(base)) or calculus._resting(base).terms.keys() - {UNIT}:
        return None
    parts = sorted(calculus.groups(base).items(), key=itemgetter(0))
    above = [part for part, c in parts if calculus._sign(c) == 1]
    if len(above) != 1 or len(above[0]) != 1 or base.terms.get(UNIT, 0) > 0:
        return None
    if any(calculus._sign(c) is None for _, c in parts):
        return None
    index, p = above[0][0]
    if p <= 1 or (k is not None and not 0 < k * p <= 1):
        return None
    inner = calculus.concave(calculus._base(index)) if ranges.is_nonnegative(table.atoms[index].range) else None
    if inner is None:
        return None
    premises = [inner]
    for part, _ in parts:
        if part in above:
            continue
        inner = _norm_operand(calculus, part, 1 / p)
        if inner is None:
            return None
        premises.append(inner)
    words = f"a reversed {p}-norm of a concave function less convex ones, all nonnegative"
    return step("reversed norm", words if k is not None else f"log of {words}", *premises)


def _nonnegative_parts(calculus: Calculus, base: Expression) -> list[Monomial | None]:
    """The decision parts of a sum, UNIT for what does not depend on them; None for a part of unknown or wrong sign."""
    resting = calculus._resting(base)
    parts = sorted(calculus.groups(base).items(), key=itemgetter(0))
    signs = [(UNIT, calculus._sign(resting)), *((part, calculus._sign(c)) for part, c in parts)]
    return [part if sign is not None and sign >= 0 else None for part, sign in signs]
