"""Convexity of a function of one real variable: exact kinks, then the second derivative on each smooth piece.

The function is a normal form in one affine form u. It is rebuilt over a fresh table with one variable t in the range
of u; max and piecewise atoms are resolved at the rational sign changes of their polynomial operands; at each of these
the pieces must agree exactly and the slope must not fall; between them the second derivative must be nonnegative, by
ranges on subdivided pieces.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from flint import fmpq, fmpq_poly

from netprops.domains import Interval
from netprops.exact.polynomials_1d import real_roots, sign_on
from netprops.readings import ranges, rational, taylor
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.expressions import to_json
from netprops.readings.polynomials import Expression, Table, TooLargeError, alone
from netprops.readings.proofs import Proof, step
from netprops.readings.substitution import along, range_of_difference

ZERO, ONE = fmpq(0), fmpq(1)
MAX_PARTS = 80
MAX_PIECES = 64


# Where each piece begins, and at which points it is cut into parts on each of which ranges show the second derivative
# to be nonnegative; "signs" where the signs of a polynomial do.
Pieces: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True)
class SmoothPiece:
    """On `where` the function is `value`, a normal form without kinks, over a table whose variable is t on `where`."""

    where: Interval
    table: Table
    value: Expression


def convex_in_one_form(table: Table, e: Expression, form: Expression) -> Proof | None:
    """A proof that e, a function of the affine form alone, is convex in it on its range; None if none was found."""
    where = table.range(form)
    line, t = table.line(where)
    try:
        together = along(table, e, form, line, t)
        if together is None or together.needs:
            return None
        # Rows of a data set ask about the same function again and again.
        if (where, together) not in table.lines_known:
            table.lines_known[where, together] = _convex_on(table, e, form, where)
        pieces = table.lines_known[where, together]
    except TooLargeError:
        return None
    if pieces is None:
        return None
    words = f"function of one affine form, convex on each of {len(pieces)} pieces, its slope rising at the kinks"
    return step("one form", words, form=to_json(form), pieces=pieces)


def _convex_on(table: Table, e: Expression, form: Expression, where: Interval) -> Pieces | None:
    pieces = smooth_pieces(table, e, form, where)
    if pieces is None:
        return None
    found: Pieces = []
    for piece in pieces:
        parts = _smooth_convex(piece)
        if parts is None:
            return None
        found.append({"from": piece.where.lo, "parts": parts})
    for left, right in itertools.pairwise(pieces):
        assert right.where.lo is not None
        here = _value_at(table, e, form, right.where.lo)
        if here is None or not _joins(left, right, here):
            return None
    return found


# ------------------------------------------------------------------ rebuilding over one variable


def _over(source: Table, e: Expression, form: Expression, where: Interval) -> tuple[Table, Expression] | None:
    target = Table(level=source.level, differing=source.differing)
    t = target.variable("t", where)
    rebuilt = along(source, e, form, target, t)
    return None if rebuilt is None or rebuilt.needs else (target, rebuilt)


# ------------------------------------------------------------------ pieces


def smooth_pieces(
    source: Table, e: Expression, form: Expression, where: Interval, most: int = MAX_PIECES
) -> list[SmoothPiece] | None:
    """e as a function of the form, split until no kink is left inside a piece."""
    built = _over(source, e, form, where)
    if built is None:
        return None
    table, value = built
    kink = innermost_kink(table, value)
    if kink is None:
        return [SmoothPiece(where, table, value)]
    cuts = _sign_changes(table, kink, where)
    if cuts is None or not cuts or len(cuts) >= most:
        return None
    pieces: list[SmoothPiece] = []
    for part in _split(where, cuts):
        inner = smooth_pieces(source, e, form, part, most - len(cuts))
        if inner is None:
            return None
        pieces += inner
    return pieces


def innermost_kink(table: Table, e: Expression) -> Expression | None:
    """A difference whose sign decides a max or choice atom, itself free of kinks."""
    for monomial in e.terms:
        for index, _ in monomial:
            atom = table.atoms[index]
            inner = [a for a in atom.arguments if isinstance(a, Expression)]
            for argument in inner:
                found = innermost_kink(table, argument)
                if found is not None:
                    return found
            if atom.kind == "max":
                first, second = atom.arguments[:2]
                return table.subtract(first, second)
            if atom.kind == "where":
                condition: Expression = atom.arguments[1]
                return condition
    return None


def _sign_changes(table: Table, u: Expression, where: Interval) -> list[fmpq] | None:
    """The roots of the polynomial u inside the interval; None if u is no polynomial or a root is irrational."""
    polynomial = _as_polynomial(table, u)
    if polynomial is None or polynomial.degree() < 1:
        return None
    roots = real_roots(polynomial)
    if any(lo != hi for lo, hi in roots if not _outside(lo, hi, where)):
        return None
    return [lo for lo, hi in roots if lo == hi and _strictly_inside(lo, where)]


def _outside(lo: fmpq, hi: fmpq, where: Interval) -> bool:
    return (where.hi is not None and lo > where.hi) or (where.lo is not None and hi < where.lo)


def _strictly_inside(x: fmpq, where: Interval) -> bool:
    return (where.lo is None or x > where.lo) and (where.hi is None or x < where.hi)


def nonnegative_polynomial(table: Table, e: Expression) -> bool | None:
    """Whether a polynomial in one variable is >= 0 on its interval, exactly; None if e is none."""
    polynomial, bits = _as_polynomial(table, e), table.dependencies(e)
    if polynomial is None or bits == 0 or bits & (bits - 1):
        return None
    (where,) = (a.range for a in table.atoms if a.kind == "variable" and a.dependencies == bits)
    closed = (not where.lo_open, not where.hi_open)
    return bool(sign_on(polynomial, where.lo, where.hi, closed).is_nonnegative)


def _as_polynomial(table: Table, u: Expression) -> fmpq_poly | None:
    total = fmpq_poly([0])
    for monomial, c in u.terms.items():
        term = fmpq_poly([c])
        for index, k in monomial:
            atom = table.atoms[index]
            inner = (
                fmpq_poly([0, 1])
                if atom.kind == "variable"
                else _as_polynomial(table, atom.arguments[0])
                if atom.kind == "sum"
                else None
            )
            if inner is None or k.q != 1 or k < 0:
                return None
            term *= inner ** int(k.p)
        total += term
    return total


def _split(where: Interval, cuts: list[fmpq]) -> list[Interval]:
    ends = sorted(cuts)
    # Open at the cuts, so that a comparison that decides there is decided on the piece; _joins looks at the cut itself.
    first = Interval(where.lo, ends[0], where.lo_open, True)
    last = Interval(ends[-1], where.hi, True, where.hi_open)
    return [first, *(Interval(a, b, True, True) for a, b in itertools.pairwise(ends)), last]


# ------------------------------------------------------------------ joints


def _at(piece: SmoothPiece, e: Expression, x: fmpq) -> Expression | None:
    """The value of a smooth expression at an exact point, as a constant normal form."""
    return _value_at(piece.table, e, Expression(piece.table, {alone(0): ONE}), x)


def _value_at(source: Table, e: Expression, form: Expression, x: fmpq) -> Expression | None:
    target = Table(level=source.level, differing=source.differing)
    value = along(source, e, form, target, target.number(x))
    return None if value is None or value.needs else value


def _joins(left: SmoothPiece, right: SmoothPiece, here: Expression) -> bool:
    """Whether both pieces tend exactly to the value `here` at their common end and the slope does not fall there."""
    x = right.where.lo
    assert x is not None
    a, b = _at(left, left.value, x), _at(right, right.value, x)
    if a is None or b is None or not _same_constant(a, here) or not _same_constant(b, here):
        return False
    try:
        before = _at(left, derivative(left.table, left.value, 0), x)
        after = _at(right, derivative(right.table, right.value, 0), x)
    except NotSmoothError:
        return False
    if before is None or after is None:
        return False
    rise = range_of_difference(after, before)
    return rise is not None and ranges.is_nonnegative(rise)


def _same_constant(a: Expression, b: Expression) -> bool:
    """Two constant normal forms of different tables, equal as printed term by term or as numbers."""
    difference = range_of_difference(a, b)
    return difference is not None and difference.lo == difference.hi == 0


# ------------------------------------------------------------------ smooth pieces


def _smooth_convex(piece: SmoothPiece) -> list[fmpq] | dict[str, Any] | Literal["signs"] | None:
    """Why the second derivative is nonnegative: the ends of the parts on which ranges show it, or "signs".

    Else the cuts of Taylor enclosures. None where it is not shown to be: at a point where it is certainly negative,
    or after `MAX_PARTS` parts.
    """
    try:
        second = derivative(piece.table, derivative(piece.table, piece.value, 0), 0)
    except NotSmoothError:  # of a row that `derivatives` has not, or not smooth at all: then there is no series either
        return _by_taylor(piece, None)
    if second.needs:
        return None
    sign = rational.sign_of(piece.table, second, piece.where)
    if sign is not None and (sign.is_nonnegative or _as_polynomial(piece.table, second) is not None):
        return "signs" if sign.is_nonnegative else None
    t = Expression(piece.table, {alone(0): ONE})
    parts, ends = [piece.where], list[fmpq]()
    for _ in range(MAX_PARTS):
        if not parts:
            return sorted(ends)
        where = parts.pop()
        built = _over(piece.table, second, t, where)
        if not _could_be_nonnegative(piece, second, where):
            return None
        if built is None:
            return _by_taylor(piece, second)
        if not ranges.is_nonnegative(built[0].range(built[1])):
            middle = _middle(where)
            ends.append(middle)
            parts.append(Interval(where.lo, middle, where.lo_open, False))
            parts.append(Interval(middle, where.hi, False, where.hi_open))
    return _by_taylor(piece, second) if parts else sorted(ends)


def _by_taylor(piece: SmoothPiece, second: Expression | None) -> dict[str, Any] | None:
    """The cuts of Taylor enclosures, and how many derivatives vanish at the ends from the second on."""
    where = piece.where
    if where.lo is None or where.hi is None:
        return None
    vanishing = (
        (vanishing_at(piece, second, where.lo), vanishing_at(piece, second, where.hi)) if second is not None else (0, 0)
    )
    cuts = taylor.convex_parts(piece.table, piece.value, where, vanishing)
    return None if cuts is None else {"cuts": cuts, "vanishing": list(vanishing)}


def vanishing_at(piece: SmoothPiece, second: Expression, x: fmpq) -> int:
    """How many derivatives from the second on are exactly 0 there, as far as normal forms tell."""
    count, e = 0, second
    while count < taylor.MOST_VANISHING:
        value = None if e.needs else _at(piece, e, x)
        if value is None or value.terms:
            return count
        count += 1
        try:
            e = derivative(piece.table, e, 0)
        except NotSmoothError:
            return count
    return count


def is_monotone(value: Expression, where: Interval, sign: int) -> bool:
    """Whether a smooth function of the one variable of its table is non-decreasing (sign 1) or non-increasing (-1)."""
    table = value.table
    try:
        slope = table.scale(derivative(table, value, 0), sign)
    except NotSmoothError:
        return False
    if slope.needs:
        return False
    if ranges.is_nonnegative(table.range(slope)):
        return True
    signs = rational.sign_of(table, slope, where)
    return signs is not None and bool(signs.is_nonnegative)


def _could_be_nonnegative(piece: SmoothPiece, second: Expression, where: Interval) -> bool:
    try:
        value = _at(piece, second, where.inner_point())
    except TooLargeError:  # far out, as 100^x is
        return True
    return value is None or not ranges.is_negative(value.table.range(value))


def _middle(where: Interval) -> fmpq:
    """The midpoint; for unbounded intervals a point further out each time."""
    if where.lo is None and where.hi is None:
        return ZERO
    if where.lo is None:
        assert where.hi is not None
        return min(2 * where.hi, where.hi / 2, fmpq(-1)) if where.hi <= 0 else fmpq(-1)
    if where.hi is None:
        return max(2 * where.lo, fmpq(1)) if where.lo >= 0 else fmpq(1)
    return (where.lo + where.hi) / 2
