"""Functions h(g) of one expression g that is not affine: convex where h is convex and monotone the way that g is bent.

h, a function of one real variable on the range of g, is convex as `one_dimension` shows it; then it is non-decreasing
wherever its slope next to the lower end of the range is nowhere negative, and non-increasing wherever its slope next to
the upper end is nowhere positive.  So h(g) is convex for a convex g and a non-decreasing h, and for a concave g and a
non-increasing h (Boyd and Vandenberghe, section 3.2.4).

g may be a root s^(1/q) of an expression s, as a Euclidean norm is: s counts as g^q.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flint import fmpq

from netprops.readings import one_dimension
from netprops.readings.expressions import to_json
from netprops.readings.polynomials import UNIT, Expression, TooLargeError, alone
from netprops.readings.proofs import step
from netprops.readings.substitution import as_function_of, root_of

if TYPE_CHECKING:
    from netprops.domains import Interval
    from netprops.readings.curvature import Calculus
    from netprops.readings.proofs import Proof
    from netprops.readings.substitution import Outer

ONE: Final = fmpq(1)
MOST_INNER: Final = 6  # expressions tried as g


def convex_composition(calculus: Calculus, e: Expression) -> Proof | None:
    """A proof that e = h(g) is convex, for some expression g in it."""
    for s, root in _candidates(calculus, e):
        try:
            proof = _by_inner(calculus, e, s, root)
        except TooLargeError:
            continue
        if proof is not None:
            return proof
    return None


def _by_inner(calculus: Calculus, e: Expression, s: Expression, root: int) -> Proof | None:
    outer, g = as_function_of(calculus.table, e, s, root), root_of(calculus.table, s, root)
    if outer is None or g is None:
        return None
    ends = {slope: end for slope in (1, -1) if (end := monotone_end(outer, slope)) is not None}
    t = Expression(outer.table, {alone(0): ONE})
    bent = one_dimension.convex_in_one_form(outer.table, outer.value, t) if ends else None
    if bent is None:
        return None
    for slope, end in ends.items():
        below = calculus.convex(g) if slope > 0 else calculus.concave(g)
        if below:
            words = f"convex {'non-decreasing' if slope > 0 else 'non-increasing'} function of one expression"
            kink = end.hi if slope > 0 else end.lo
            kink = None if kink == (outer.where.hi if slope > 0 else outer.where.lo) else kink
            name = "function of one expression"
            return step(name, words, below, bent, inner=to_json(s), root=root, rises=int(slope > 0), kink=kink)
    return None


# ------------------------------------------------------------------ g


def _candidates(calculus: Calculus, e: Expression) -> list[tuple[Expression, int]]:
    """(s, root): what stands as an argument or a base in e, neither affine nor all of e."""
    table, found, stack = calculus.table, dict[tuple[Expression, int], None](), [e]
    while stack and len(found) < 2 * MOST_INNER:
        for monomial in stack.pop().terms:
            for index, k in monomial:
                atom = table.atoms[index]
                inner = [a for a in atom.arguments if isinstance(a, Expression)]
                stack += inner
                if atom.kind == "where":
                    inner = inner[:1]
                for argument in inner:
                    free = Expression(table, {m: c for m, c in argument.terms.items() if m != UNIT})
                    if calculus.depends(free) and not calculus.is_affine(free) and free != e:
                        root = int(k.q) if atom.kind == "sum" else 1
                        found[argument if root > 1 else free, root] = None
    return list(found)[:MOST_INNER]


# ------------------------------------------------------------------ h


def monotone_end(outer: Outer, sign: int) -> Interval | None:
    """The piece of h next to the lower end (sign 1) on which it is non-decreasing, or to the upper (-1),
    non-increasing.

    None if there is none. If h is convex it moves so on all of its range.
    """
    t = Expression(outer.table, {alone(0): ONE})
    pieces = one_dimension.smooth_pieces(outer.table, outer.value, t, outer.where)
    if not pieces:
        return None
    piece = pieces[0] if sign > 0 else pieces[-1]
    return piece.where if one_dimension.is_monotone(piece.value, piece.where, sign) else None
