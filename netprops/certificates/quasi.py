"""Rules for quasi-convexity."""

from __future__ import annotations

from flint import fmpq

from netprops.certificates.goals import Goal, Parameters, convex, is_even, is_whole, product, rule
from netprops.certificates.order import power_slope
from netprops.certificates.refusals import demand, integer, truth
from netprops.certificates.views import ONE, ZERO, View
from netprops.readings import ranges, shapes
from netprops.readings.expressions import listing
from netprops.readings.polynomials import Expression, Monomial, alone


def quasi(view: View, e: Expression) -> Goal:
    """That e is quasi-convex."""
    return Goal("quasi-convex", Expression(view.table, e.terms), view.mask)


def _one_part(view: View, e: Expression) -> tuple[Monomial, int]:
    """The part and the sign of its coefficient, for an expression that is one part and what rests."""
    parts = view.parts(e)
    demand(len(parts) == 1, "{} has several parts", e)
    ((part, c),) = parts
    sign = view.sign(c)
    demand(bool(sign), "the coefficient {} has no known sign", c)
    return part, sign or 0


@rule("quasi-convex as convex", "quasi-convex")
def _quasi_as_convex(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A convex function is quasi-convex."""
    return [convex(view, e)]


@rule("monotone outer function", "quasi-convex")
def _monotone_outer(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A non-decreasing function of a quasi-convex one is quasi-convex."""
    part, sign = _one_part(view, e)
    demand(len(part) == 1, "{} is no function of one atom", e)
    index, k = part[0]
    atom = view.atom(index)
    if k != 1:
        return [quasi(view, view.table.scale(view.base(index), sign * power_slope(view, index, k)))]
    if atom.kind in ("exp", "log"):
        return [quasi(view, view.table.scale(atom.arguments[0], sign))]
    if atom.kind == "max":
        moving = [a for a in atom.arguments if not view.rests(a)]
        demand(sign > 0 and len(moving) == 1, "{} is no maximum with what rests", e)
        return [quasi(view, moving[0])]
    demand(atom.kind in shapes.SHAPES and len(atom.arguments) == 1, "nothing is known of {}", atom.kind)
    slope = shapes.slope_on(atom.kind, view.range(atom.arguments[0]))
    demand(slope != 0, "{} is not known to be monotone there", atom.kind)
    return [quasi(view, view.table.scale(atom.arguments[0], sign * slope))]


@rule("quasi-convex quotient", "quasi-convex")
def _quasi_quotient(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """N / D, D > 0, is quasi-convex for convex N and D affine, or convex N >= 0 and D concave; -N / D for concave N and
    D affine, or concave N >= 0 and D convex."""
    part, sign = _one_part(view, e)
    above = Monomial((i, k) for i, k in part if k > 0)
    below = Monomial((i, -k) for i, k in part if k < 0)
    demand(bool(above) and bool(below), "{} is no quotient", e)
    demand(ranges.is_positive(view.table.monomial_range(below)), "the denominator is not known to be positive")
    top = convex(view, product(view, above), sign)
    if view.is_affine_part(below):
        return [top]
    demand(ranges.is_nonnegative(view.table.monomial_range(above)), "the numerator may be negative")
    return [top, convex(view, product(view, below), -sign)]


@rule("sum of logarithms", "quasi-convex")
def _sum_of_logarithms(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """s prod |a_i|^k_i, s = 1 or -1, rises or falls with sum k_i log |a_i|: quasi-convex if s times that is convex."""
    part, sign = _one_part(view, e)
    logarithms = [view.table.number(0)]
    for index, k in part:
        r = view.atom(index).range
        demand(ranges.is_nonzero(r) and (ranges.is_positive(r) or ranges.is_negative(r)), "a factor of unknown sign")
        size = view.expression({alone(index): ONE})
        if ranges.is_negative(r):
            demand(is_whole(k), "a power {} of a negative number", k)
            size, sign = view.table.scale(size, -1), sign if is_even(k) else -sign
        logarithms.append(view.table.scale(view.table.log(size), k))
    return [convex(view, view.table.add_all(logarithms), sign)]


@rule("clipped", "quasi-convex")
def _clipped(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """w + c max(0, v), c of one sign, w resting, is a non-decreasing function of v (of -v for c < 0).

    And max(0, v) - v = max(0, -v) turns w - c v + c max(0, v) into w + c max(0, -v).
    """
    monomials = listing(e)
    term = monomials[integer(parameters.get("term"), len(monomials))]
    atom = view.atom(term[0][0]) if len(term) == 1 and term[0][1] == 1 else None
    demand(
        atom is not None and atom.kind == "max" and len(atom.arguments) == 2, "{} is no max(0, v)", product(view, term)
    )
    assert atom is not None
    nonzero = [a for a in atom.arguments if a.terms]
    demand(len(nonzero) == 1, "{} is no max(0, v)", product(view, term))
    v, c = nonzero[0], e.terms[term]
    rest = view.expression({m: k for m, k in e.terms.items() if m != term})
    if truth(parameters.get("mirrored")):
        v, rest = view.table.scale(v, -1), view.table.add(rest, view.table.scale(v, c))
    demand(view.rests(rest), "{} does not rest", rest)
    return [quasi(view, v if c > 0 else view.table.scale(v, -1))]


@rule("divided", "quasi-convex")
def _divided(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """N / S + w = a + w + (N - a S) / S, S > 0: quasi-convex if that is, N - a S resting."""
    candidates = {i for m in e.terms for i, k in m if k == -1 and view.atom(i).kind == "sum"}
    demand(len(candidates) == 1, "several denominators, or none")
    (index,) = candidates
    S: Expression = view.base(index)
    demand(ranges.is_positive(view.atom(index).range), "{} is not known to be positive", S)
    over = {m: c for m, c in e.terms.items() if any(i == index for i, _ in m)}
    demand(all((index, fmpq(-1)) in m for m in over), "other powers of {}", S)
    rest = view.expression({m: c for m, c in e.terms.items() if m not in over})
    N = view.expression({Monomial(f for f in m if f[0] != index): c for m, c in over.items()})
    moving = [m for m in N.terms if view.moving(m)]
    demand(bool(moving) and view.rests(rest), "nothing to divide")
    lead = max(moving)
    a = N.terms[lead] / S.terms[lead] if lead in S.terms else ZERO
    remainder = view.table.subtract(N, view.table.scale(S, a))
    demand(view.rests(remainder), "{} does not rest", remainder)
    reciprocal = view.expression({Monomial(((index, fmpq(-1)),)): ONE})
    return [quasi(view, view.table.add_all([rest, view.table.number(a), view.table.multiply(remainder, reciprocal)]))]
