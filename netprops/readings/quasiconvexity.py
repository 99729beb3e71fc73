"""Quasi-convexity of normal forms: what survives an increasing outer function.

Sound but incomplete: f is quasi-convex if it is convex; if it is a constant plus a positive multiple of a positive
product whose logarithm is convex; if it is non-decreasing in a quasi-convex argument, as a minimum with a constant is;
if it is a constant over a quasi-concave positive denominator, or a convex nonnegative function over a concave positive
one.
"""

from __future__ import annotations

from flint import fmpq

from netprops.readings import ranges, shapes
from netprops.readings.curvature import Calculus
from netprops.readings.expressions import listing
from netprops.readings.polynomials import Expression, Monomial, alone
from netprops.readings.proofs import Proof, step

ZERO, ONE = fmpq(0), fmpq(1)
DEPTH = 8


def quasiconvex(calculus: Calculus, e: Expression, depth: int = DEPTH) -> Proof | None:
    """A proof that e is quasi-convex in the decision variables, or None."""
    if depth == 0:
        return None
    e = Expression(calculus.table, e.terms)
    convex = calculus.convex(e)
    if convex:
        return step("quasi-convex as convex", "convex", convex)
    groups = calculus.groups(e)
    if len(groups) == 1:
        ((part, coefficient),) = groups.items()
        r = calculus.table.range(coefficient)
        sign = 1 if ranges.is_nonnegative(r) else -1 if ranges.is_nonpositive(r) else 0
        proof = _product(calculus, part, sign, depth) if sign else None
        if proof:
            return proof
    clipped = _clipped(calculus, e)
    if clipped is not None:
        argument, place, mirrored = clipped
        proof = quasiconvex(calculus, argument, depth - 1)
        if proof:
            words = "a minimum or maximum with a constant, non-decreasing"
            return step("clipped", words, proof, term=place, mirrored=mirrored)
    quotient = _divided(calculus, e)
    inner = quasiconvex(calculus, quotient, depth - 1) if quotient is not None else None
    return step("divided", "a constant and a quotient with a constant above", inner) if inner else None


def _product(calculus: Calculus, part: Monomial, sign: int, depth: int) -> Proof | None:
    """sign * product quasi-convex."""
    if len(part) == 1:
        index, k = part[0]
        inner = _inner(calculus, index, k, sign)
        if inner is not None:
            argument, why = inner
            proof = quasiconvex(calculus, argument, depth - 1)
            if proof:
                return step("monotone outer function", why, proof)
    return _quotient(calculus, part, sign) or _by_logarithm(calculus, part, sign)


def _quotient(calculus: Calculus, part: Monomial, sign: int) -> Proof | None:
    """N / D, D > 0: {N <= t D} is convex for convex N and t D concave. So D affine, or N >= 0 (and then t >= 0 counts)
    and D concave; for sign -1, likewise {N >= t D} for concave N and convex D."""
    above = Monomial((i, k) for i, k in part if k > 0)
    below = Monomial((i, -k) for i, k in part if k < 0)
    table = calculus.table
    if not above or not below or not ranges.is_positive(table.monomial_range(below)):
        return None
    top = calculus.product_convex(above) if sign > 0 else calculus.product_concave(above)
    if not top:
        return None
    if calculus.is_affine_product(below):
        return step("quasi-convex quotient", "a quotient with an affine positive denominator", top)
    bottom = calculus.product_concave(below) if sign > 0 else calculus.product_convex(below)
    if not bottom or not ranges.is_nonnegative(table.monomial_range(above)):
        return None
    words = "a quotient of a nonnegative function and a positive one bent the other way"
    return step("quasi-convex quotient", words, top, bottom)


def _by_logarithm(calculus: Calculus, part: Monomial, sign: int) -> Proof | None:
    """s prod |a_i|^k_i, s the sign of the product: quasi-convex if s times the sum of k_i log |a_i| is convex."""
    table = calculus.table
    logarithms = []
    for index, k in part:
        atom, r = Expression(table, {alone(index): ONE}), table.atoms[index].range
        if not ranges.is_nonzero(r) or (ranges.is_negative(r) and k.q != 1):
            return None
        if ranges.is_negative(r):
            sign = -sign if int(k.p) % 2 else sign
            atom = table.scale(atom, -1)
        logarithms.append(table.scale(table.log(atom), k))
    total = Expression(table, table.add_all(logarithms).terms)
    proof = calculus.convex(table.scale(total, sign))
    words = "a monotone function of a sum of logarithms, bent the right way"
    return step("sum of logarithms", words, proof) if proof else None


def _inner(calculus: Calculus, index: int, k: fmpq, sign: int) -> tuple[Expression, str] | None:
    """An argument u such that sign * atom^k is a non-decreasing function of u."""
    table = calculus.table
    atom = table.atoms[index]
    r = atom.range
    odd = k.q == 1 and int(k.p) % 2 == 1
    if k != 1:
        base = calculus._base(index)
        if k > 0 and (odd or ranges.is_nonnegative(r)):
            return table.scale(base, sign), f"power {k}, increasing"
        if k < 0 and ranges.is_positive(r):
            return table.scale(base, -sign), f"power {k}, decreasing on positive numbers"
        return None
    if atom.kind in ("exp", "log"):
        return table.scale(atom.arguments[0], sign), f"{atom.kind}, increasing"
    if atom.kind in shapes.SHAPES and len(atom.arguments) == 1:
        slope = shapes.slope_on(atom.kind, table.range(atom.arguments[0]))
        if slope:
            return table.scale(atom.arguments[0], sign * slope), f"{atom.kind}, monotone there"
    if atom.kind == "max" and sign > 0 and len(atom.arguments) == 2:
        (u,) = (a for a in atom.arguments if a.terms)
        return u, "max(0, .), non-decreasing"
    return None


def _clipped(calculus: Calculus, e: Expression) -> tuple[Expression, int, bool] | None:
    """An argument of which e is a non-decreasing function: v, if e is w + s min(0, v) with s > 0 and w free of decision
    variables, or if it is w + s max(0, v); where the term of v stands, and whether -v was taken for v.

    For c max(0, v) + g with g + c v = w free of them is w + c max(0, -v), because max(0, v) - v = max(0, -v).
    """
    table = calculus.table
    for place, (monomial, c) in enumerate((m, e.terms[m]) for m in listing(e)):
        v = _positive_part(calculus, monomial)
        if v is None:
            continue
        rest = Expression(table, {m: k for m, k in e.terms.items() if m != monomial})
        for argument, left in ((v, rest), (table.scale(v, -1), table.add(rest, table.scale(v, c)))):
            if not calculus.depends(left):
                return argument if c > 0 else table.scale(argument, -1), place, argument is not v
    return None


def _positive_part(calculus: Calculus, monomial: Monomial) -> Expression | None:
    """v, where the monomial is max(0, v) and depends on decision variables."""
    if len(monomial) != 1 or monomial[0][1] != 1:
        return None
    atom = calculus.table.atoms[monomial[0][0]]
    if atom.kind != "max" or len(atom.arguments) != 2 or not atom.dependencies & calculus.mask:
        return None
    arguments = [a for a in atom.arguments if a.terms]
    return arguments[0] if len(arguments) == 1 else None


def _divided(calculus: Calculus, e: Expression) -> Expression | None:
    """N / S + c with N - a S free of decision variables, as a + c + (N - a S) / S; S a positive sum."""
    table = calculus.table
    denominators = {i for m in e.terms for i, k in m if k == -1 and table.atoms[i].kind == "sum"}
    if len(denominators) != 1:
        return None
    (index,) = denominators
    S: Expression = table.atoms[index].arguments[0]
    if not ranges.is_positive(table.atoms[index].range):
        return None
    over = {m: c for m, c in e.terms.items() if any(i == index for i, _ in m)}
    if any((index, -ONE) not in m for m in over):  # other powers of S
        return None
    rest = Expression(table, {m: c for m, c in e.terms.items() if m not in over})
    N = Expression(table, {Monomial((i, k) for i, k in m if i != index): c for m, c in over.items()})
    moving = [m for m in N.terms if table.monomial_dependencies(m) & calculus.mask]
    if calculus.depends(rest) or not moving:
        return None
    lead = max(moving)
    a = N.terms[lead] / S.terms[lead] if lead in S.terms else ZERO
    remainder = table.subtract(N, table.scale(S, a))
    if a == 0 or calculus.depends(remainder):
        return None
    reciprocal = Expression(table, {Monomial(((index, fmpq(-1)),)): ONE})
    return table.add_all([rest, table.number(a), table.multiply(remainder, reciprocal)])
