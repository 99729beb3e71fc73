"""Functions h(g) of one expression g that is not affine: convex where h is convex and monotone the way that g is bent.

h, a function of one real variable on the range of g, is convex as `one_dimension` shows it; then it is non-decreasing
wherever its slope next to the lower end of the range is nowhere negative, and non-increasing wherever its slope next to
the upper end is nowhere positive.  So h(g) is convex for a convex g and a non-decreasing h, and for a concave g and a
non-increasing h (Boyd and Vandenberghe, section 3.2.4).

g may be a root s^(1/q) of an expression s, as a Euclidean norm is: s counts as g^q.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flint import fmpq

from netprops.readings import one_dimension, ranges, rational
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.expressions import to_json
from netprops.readings.polynomials import UNIT, Expression, Table, TooLargeError, alone
from netprops.readings.proofs import step
from netprops.readings.substitution import CannotRebuildError, Rebuilder

if TYPE_CHECKING:
    from netprops.domains import Interval
    from netprops.readings.curvature import Calculus
    from netprops.readings.proofs import Proof

ZERO: Final = fmpq(0)
ONE: Final = fmpq(1)
MOST_INNER: Final = 6  # expressions tried as g
MOST_ROOT: Final = 12


@dataclass(frozen=True)
class Outer:
    """h over a table of its own, whose one variable t lies in `where`, the range of g = s^(1/root)."""

    table: Table
    value: Expression
    where: Interval

    @property
    def variable(self) -> Expression:
        """t."""
        return Expression(self.table, {alone(0): ONE})


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
    outer, g = outer_function(calculus.table, e, s, root), inner_function(calculus.table, s, root)
    if outer is None or g is None:
        return None
    slopes = [slope for slope in (1, -1) if moves(outer, slope)]
    bent = one_dimension.convex_in_one_form(outer.table, outer.value, outer.variable) if slopes else None
    if bent is None:
        return None
    for slope in slopes:
        below = calculus.convex(g) if slope > 0 else calculus.concave(g)
        if below:
            words = f"convex {'non-decreasing' if slope > 0 else 'non-increasing'} function of one expression"
            return step("function of one expression", words, below, bent, inner=to_json(s), root=root, slope=slope)
    return None


# ------------------------------------------------------------------ g


def inner_function(table: Table, s: Expression, root: int) -> Expression | None:
    """g = s^(1/root); None if it is not shown to be real."""
    if not 1 <= root <= MOST_ROOT:
        return None
    g = s if root == 1 else table.power(s, fmpq(1, root))
    return None if g.needs else g


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


def outer_function(table: Table, e: Expression, s: Expression, root: int) -> Outer | None:
    """h with e = h(s^(1/root)); None if e depends on anything else, or h is not shown to be real on the range."""
    g = inner_function(table, s, root)
    free = [m for m in s.terms if m != UNIT]
    if g is None or not free:
        return None
    where = table.range(g)
    target = Table(level=table.level, differing=table.differing)
    t = target.variable("t", where)
    if t.constant() is not None:
        return None
    lead, whole = max(free), target.power(t, root)

    def take_out(x: Expression) -> tuple[Expression, Expression]:
        multiple = x.terms.get(lead, ZERO) / s.terms[lead]
        if multiple == 0:
            return x, target.number(0)
        return table.subtract(Expression(table, x.terms), table.scale(s, multiple)), target.scale(whole, multiple)

    def variable(bit: int) -> Expression:
        raise CannotRebuildError(f"{table.names[bit]} is left over")

    try:
        value = Rebuilder(table, target, variable, take_out).expression(e)
    except CannotRebuildError:
        return None
    return None if value.needs else Outer(target, value, where)


def moves(outer: Outer, sign: int) -> bool:
    """Whether h, if convex, is non-decreasing (sign 1) or non-increasing (-1): by its slope on the piece at that end."""
    pieces = one_dimension.smooth_pieces(outer.table, outer.value, outer.variable, outer.where)
    if not pieces:
        return False
    piece = pieces[0] if sign > 0 else pieces[-1]
    try:
        slope = derivative(piece.table, piece.value, 0)
    except NotSmoothError:
        return False
    slope = piece.table.scale(slope, sign)
    if slope.needs:
        return False
    if ranges.is_nonnegative(piece.table.range(slope)):
        return True
    signs = rational.sign_of(piece.table, slope, piece.where)
    return signs is not None and bool(signs.is_nonnegative)
