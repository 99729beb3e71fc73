"""Functions of one affine form each beside a quadratic form that is not convex by itself: cosh x + cosh y + xy.

f = sum g_j(u_j) + q is convex if numbers m_j make every g_j(u_j) - m_j u_j^2 / 2 and q + sum m_j u_j^2 / 2 convex.
The m_j are guessed, by the least second derivatives that floats find; what is guessed is then proved.
"""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import numpy as np
from flint import arb, fmpq

from netprops.domains import nearest_double
from netprops.readings import taylor
from netprops.readings.expressions import places, to_json
from netprops.readings.polynomials import Expression
from netprops.readings.proofs import step
from netprops.readings.substitution import along

if TYPE_CHECKING:
    from netprops.domains import Interval
    from netprops.readings.curvature import Calculus
    from netprops.readings.polynomials import Monomial
    from netprops.readings.proofs import Proof

    Terms = dict[Monomial, fmpq]

HALF: Final = fmpq(1, 2)
MOST_FORMS: Final = 12
# Where second derivatives are looked at, from 0 or from a finite end on, and how near to the best place there is.
STEPS: Final = [0.0, *(2.0**k for k in range(-6, 8)), *(1.5 * 2.0**k for k in range(-3, 7))]
NEAR: Final = 1e-12
SIMPLE: Final = 64  # the largest denominator of a number that a least second derivative is taken for
LESS: Final = (fmpq(0), fmpq(1, 64))  # how much less is lent, in parts of it: all of it, or a little less


def convex_with_lent_curvature(calculus: Calculus, e: Expression) -> Proof | None:
    """A proof that e is convex: what functions of one form have to spare outweighs the quadratic form."""
    found = _sorted_out(calculus, e)
    if found is None:
        return None
    on_forms, quadratic = found
    least = {form: _least_bend(calculus, form, terms) for form, terms in on_forms.items()}
    for less in LESS:
        lent = {form: _simple(bend, less) for form, bend in least.items()}
        proof = _by(calculus, e, on_forms, quadratic, lent)
        if proof is not None:
            return proof
    return None


def _sorted_out(calculus: Calculus, e: Expression) -> tuple[dict[Expression, Terms], Terms] | None:
    """The terms by the form of which they are a function, and those of degree two; None if there are others."""
    on_forms: dict[Expression, Terms] = defaultdict(dict)
    quadratic: Terms = {}
    for part, coefficient in sorted(calculus.groups(e).items(), key=itemgetter(0)):
        c = coefficient.constant()
        if calculus.is_affine_product(part):
            continue
        if c is None:
            return None
        form = None if calculus.is_quadratic(part) else calculus.form_of(part)
        if form is not None:
            on_forms[form][part] = c
        elif calculus.is_quadratic(part):
            quadratic[part] = c
        else:
            return None
    return (on_forms, quadratic) if 0 < len(on_forms) <= MOST_FORMS and quadratic else None


def _by(
    calculus: Calculus,
    e: Expression,
    on_forms: dict[Expression, Terms],
    quadratic: Terms,
    lent: dict[Expression, fmpq],
) -> Proof | None:
    """The proof with these numbers, if it is one."""
    table = calculus.table
    whole = defaultdict(fmpq, quadratic)
    squares = {form: table.power(form, fmpq(2)) for form in lent}
    for form, m in lent.items():
        borrowed = calculus.quadratic_of_affine(form, m * HALF)
        if borrowed is None:
            return None
        for monomial, c in borrowed.items():
            whole[monomial] += c
    if calculus.quadratic_form({monomial: c for monomial, c in whole.items() if c != 0}) is None:
        return None
    premises = []
    for form, terms in on_forms.items():
        rest = table.subtract(Expression(table, terms), table.scale(squares[form], lent[form] * HALF))
        proof = calculus.convex(rest)
        if proof is None:
            return None
        premises.append(proof)
    return step(
        "lent curvature",
        "what functions of one affine form bend to spare outweighs a quadratic form",
        *premises,
        summands=places(e, list(on_forms.values())),
        forms=[to_json(form) for form in on_forms],
        lent=[lent[form] for form in on_forms],
    )


# ------------------------------------------------------------------ guesses


def _least_bend(calculus: Calculus, form: Expression, terms: Terms) -> float:
    """About the least second derivative of the terms as a function of the form; 0 where nothing is found."""
    from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]  # here: few functions come so far

    where = calculus.table.range(form)
    line, t = calculus.table.line(where)
    g = along(calculus.table, Expression(calculus.table, terms), form, line, t)
    if g is None or g.needs:
        return 0.0

    def bend(x: float) -> float:
        try:
            second = 2 * float(taylor.series_of(line, g, arb(x), 3)[2])
        except (taylor.NoSeriesError, ValueError, OverflowError):
            return math.inf
        return second if math.isfinite(second) else math.inf

    ends = [x for end in (where.lo, where.hi) if end is not None and math.isfinite(x := nearest_double(end))]
    points = {origin + sign * step for origin in (*ends, 0.0) for sign in (-1, 1) for step in STEPS}
    found = {x: second for x in points if _inside(x, where) and math.isfinite(second := bend(x))}
    if not found:
        return 0.0
    x, high = min(found, key=lambda x: (found[x], x)), max(found.values())
    below, above = ([y for y in (*found, *ends) if side * (y - x) > 0] for side in (-1, 1))
    around = max(below, default=x), min(above, default=x)
    with np.errstate(all="ignore"):  # an infinite bend is taken for the highest that was found
        best = minimize_scalar(lambda y: min(bend(y), high), bounds=around, method="bounded", options={"xatol": NEAR})
    return min(found[x], float(best.fun))


def _inside(x: float, where: Interval) -> bool:
    exact = fmpq(*x.as_integer_ratio())
    return (where.lo is None or where.lo < exact) and (where.hi is None or exact < where.hi)


def _simple(bend: float, less: fmpq) -> fmpq:
    """A simple number next to `bend`, or a little less than it; less than 0 is borrowed, not lent."""
    near = Fraction(bend).limit_denominator(SIMPLE)
    if abs(float(near) - bend) > 1e-9 * (1 + abs(bend)):
        near = Fraction(math.floor(bend * 2**16), 2**16)
    m = fmpq(near.numerator, near.denominator)
    return m - less * (1 + abs(m))
