"""Rules for strict convexity, monotonicity and sign."""

from __future__ import annotations

from typing import Any

from flint import fmpq, fmpq_poly

from netprops.certificates.goals import (
    Goal,
    Parameters,
    is_even,
    is_whole,
    operands_and_rest,
    power_shape,
    product,
    rule,
    softplus_argument,
)
from netprops.certificates.refusals import RefusedError, demand
from netprops.certificates.views import ZERO, Row, View, dense, semidefinite
from netprops.exact.inertia import inertia
from netprops.exact.polynomials_1d import sign_on
from netprops.readings import ranges, shapes
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.polynomials import Expression, Monomial


@rule("strict along forms", "strictly convex")
def _strict(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A sum of convex terms is strictly convex if strictly convex ones of affine forms among them have slopes that span
    the space."""
    rows = _strict_rows(view, e)
    bits = [bit for bit in range(len(view.table.names)) if view.mask >> bit & 1]
    gram = [[sum((r.get(i, ZERO) * r.get(j, ZERO) for r in rows), ZERO) for j in bits] for i in bits]
    demand(bool(rows) and inertia(gram).positive == len(bits), "the strictly convex terms do not span the space")
    return [Goal("convex terms", e, view.mask)]


def _strict_rows(view: View, e: Expression) -> list[Row]:
    """The slopes of forms along which single terms, or all quadratic terms together, are strictly convex."""
    rows: list[Row] = []
    quadratic: dict[Monomial, fmpq] = {}
    parts = view.parts(e)
    forms = {part: c for part, c in parts if view.is_square_or_product(part)}
    alone = all(len(part) == 1 and view.sign(c) in (0, 1) for part, c in forms.items())  # each is convex by itself
    for part, c in parts:
        number_ = c.constant()
        if part in forms and number_ is not None:
            quadratic[part] = number_
        if part in forms and not alone:
            continue
        r = view.range(c)
        sign = 1 if ranges.is_positive(r) else -1 if ranges.is_negative(r) else 0
        u = _strict_argument(view, part, sign) if sign else None
        row = view.slopes(u) if u is not None else None
        if row is not None:
            rows.append(row)
    if quadratic and len(quadratic) == len(forms):
        Q = view.quadratic(quadratic)
        assert Q is not None
        coordinates = sorted({i for i, _ in Q})
        if semidefinite(dense(Q, coordinates)):  # then Qd = 0 exactly when d'Qd = 0
            rows += [dict(zip(coordinates, line, strict=True)) for line in dense(Q, coordinates)]
    return rows


def _strict_argument(view: View, part: Monomial, sign: int) -> Expression | None:
    """The affine form u of which sign times the part is a strictly convex function; None if none is seen."""
    if len(part) != 1:
        return None
    index, k = part[0]
    atom, base = view.atom(index), view.base(index)
    if view.is_affine(base) and atom.kind in ("variable", "sum"):
        if sign > 0 and k > 0 and is_even(k):
            return base
        strict = (k < 0 or k > 1) if sign > 0 else 0 < k < 1
        return base if strict and ranges.is_positive(atom.range) else None
    if k != 1:
        return None
    if atom.kind == "log" and sign > 0:
        try:
            u = softplus_argument(view, atom.arguments[0])
        except RefusedError:
            return None
        return u if view.is_affine(u) else None
    if atom.kind in shapes.SHAPES and atom.kind not in ("sign", "floor", "ceil") and view.is_affine(atom.arguments[0]):
        u = atom.arguments[0]
        return u if shapes.bend_on(atom.kind, view.range(u)) == sign else None
    return None


@rule("constant", "constant")
def _constant(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """What does not contain the variables is constant in them."""
    demand(view.rests(e), "{} contains the variables", e)
    return []


@rule("positive range", "positive")
def _positive_range(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A function whose range is enclosed in positive numbers is positive."""
    demand(ranges.is_positive(view.range(e)), "the range found is {}", view.range(e))
    return []


@rule("rising in each variable", "nondecreasing")
def _rising_in_each(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A function that is non-decreasing in each variable is so on a box."""
    bits = [bit for bit in range(len(view.table.names)) if (view.mask & view.table.dependencies(e)) >> bit & 1]
    return [Goal("rising", e, 1 << bit) for bit in bits]


def rising(view: View, e: Expression, sign: int) -> Goal:
    """That sign * e is non-decreasing in the one variable."""
    return Goal("rising", view.table.scale(Expression(view.table, e.terms), sign), view.mask)


@rule("rising terms", "rising")
def _rising_terms(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A sum of non-decreasing terms is non-decreasing; so is a product of nonnegative factors that all are."""
    goals = []
    for part, c in view.parts(e):
        sign = view.sign(c)
        demand(bool(sign), "the coefficient {} has no known sign", c)
        for index, k in part:
            one = len(part) == 1 or ranges.is_nonnegative(ranges.power(view.atom(index).range, k))
            demand(one, "a factor of {} may be negative", product(view, part))
            goals += _moving(view, index, (sign or 0) * power_slope(view, index, k))
    return goals


def power_slope(view: View, index: int, k: fmpq) -> int:
    """1 or -1 for t^k that rises or falls on the range of the atom."""
    if k > 0 and is_whole(k) and not is_even(k):
        return 1
    return power_shape(k, view.atom(index).range)[1]


def _moving(view: View, index: int, sign: int) -> list[Goal]:
    """The goals that show sign times the atom to be non-decreasing."""
    atom = view.atom(index)
    if atom.kind == "variable":
        demand(sign > 0, "{} rises", view.base(index))
        return []
    if atom.kind in ("sum", "exp", "log", "max"):
        return [rising(view, u, sign) for u in atom.arguments]
    demand(atom.kind in shapes.SHAPES and len(atom.arguments) == 1, "nothing is known of {}", atom.kind)
    slope = shapes.slope_on(atom.kind, view.range(atom.arguments[0]))
    demand(slope != 0, "{} is not known to be monotone there", atom.kind)
    return [rising(view, atom.arguments[0], sign * slope)]


@rule("rising operands", "rising")
def _rising_operands(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """c A(v_i) + rest = c A(v_i + rest / c) for A a maximum or a log-sum-exp: non-decreasing if every operand is."""
    operands, rest, c = operands_and_rest(view, e, parameters)
    share = view.table.scale(rest, 1 / c)
    return [rising(view, view.table.add(v, share), 1 if c > 0 else -1) for v in operands]


@rule("derivative", "rising")
def _derivative(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A function with a derivative that is nowhere negative is non-decreasing."""
    demand(view.mask.bit_count() == 1, "several variables")
    try:
        slope = derivative(view.table, e, view.mask.bit_length() - 1)
    except NotSmoothError as error:
        raise RefusedError(f"no derivative: {error}") from error
    demand(not slope.needs, "a derivative that may not be real")
    demand(parameters.get("by") in ("range", "polynomial"), "no way of seeing a sign: {!r}", parameters.get("by"))
    if parameters["by"] == "range":
        demand(ranges.is_nonnegative(view.range(slope)), "the derivative {} may be negative", slope)
        return []
    polynomial, atom = _polynomial(view, slope)
    r = atom.range
    sign = sign_on(polynomial, r.lo, r.hi, (not r.lo_open, not r.hi_open))
    demand(sign.is_nonnegative, "the derivative {} is negative somewhere", slope)
    return []


def _polynomial(view: View, e: Expression) -> tuple[fmpq_poly, Any]:
    """e as a polynomial in the one variable that it has, and the variable's atom."""
    used = view.table.dependencies(e)
    atoms = [a for a in view.table.atoms if a.kind == "variable" and a.dependencies == used]
    demand(len(atoms) == 1, "{} is no polynomial in one variable", e)
    return _as_polynomial(view, e), atoms[0]


def _as_polynomial(view: View, e: Expression) -> fmpq_poly:
    total = fmpq_poly([0])
    for monomial, c in e.terms.items():
        term = fmpq_poly([c])
        for index, k in monomial:
            atom = view.atom(index)
            demand(is_whole(k) and k > 0 and atom.kind in ("variable", "sum"), "{} is no polynomial", e)
            base = fmpq_poly([0, 1]) if atom.kind == "variable" else _as_polynomial(view, atom.arguments[0])
            term *= base ** int(k.p)
        total += term
    return total
