"""The rule for functions of one affine form: pieces, and the kinks between them."""

from __future__ import annotations

import itertools
from typing import Any

from flint import fmpq

from netprops.certificates.goals import Goal, Parameters, convex, listed, rule
from netprops.certificates.refusals import RefusedError, demand, integer
from netprops.certificates.views import ONE, View
from netprops.domains import Interval
from netprops.readings import ranges, rational, taylor
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.expressions import from_json, number
from netprops.readings.polynomials import Expression, Table, alone
from netprops.readings.substitution import MOST_ROOT, along, as_function_of, range_of_difference, root_of


@rule("one form")
def _one_form(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A continuous function of one affine form u is convex if its second derivative is >= 0 between the kinks and its
    slope does not fall at them."""
    form = from_json(view.table, parameters.get("form"))
    demand(view.is_affine(form) and not view.rests(form), "{} is no affine form", form)
    where = view.range(form)
    pieces = listed(parameters, "pieces")
    demand(len(pieces) > 0 and all(isinstance(piece, dict) for piece in pieces), "no pieces")
    kinks = [number(piece.get("from")) for piece in pieces[1:]]
    smooth = []
    for piece, part in zip(pieces, _cut(where, kinks, open_at=True), strict=True):
        value = _on(view.table, e, form, part)
        _demand_bent(value, piece.get("parts"), part)
        smooth.append(value)
    for x, left, right in zip(kinks, smooth, smooth[1:], strict=False):
        _demand_join(_at(view.table, e, form, x), left, right, x)
    return []


@rule("function of one expression")
def _function_of_one_expression(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """h(g) is convex for convex h: of convex g if h rises next to the lower end of the range of g, so that it rises
    throughout, and of concave g if it falls next to the upper end.  g may be a root of the expression given."""
    s, root = from_json(view.table, parameters.get("inner")), integer(parameters.get("root"), MOST_ROOT + 1)
    slope = 2 * integer(parameters.get("rises"), 2) - 1
    outer, g = as_function_of(view.table, e, s, root), root_of(view.table, s, root)
    demand(outer is not None and g is not None, "{} is no function of {} alone, or not real", e, s)
    assert outer is not None
    assert g is not None
    kink = parameters.get("kink")
    pieces = _cut(outer.where, [] if kink is None else [number(kink)], open_at=True)
    where = pieces[0] if slope == 1 else pieces[-1]
    _demand_rise(_on(outer.table, outer.value, _variable(outer.table), where), where, slope)
    return [convex(view, g, slope), Goal("convex", outer.value, 1)]


def _demand_rise(value: Expression, where: Interval, sign: int) -> None:
    """That sign times the first derivative is nowhere negative."""
    slope = value.table.scale(_slope(value), sign)
    if ranges.is_nonnegative(value.table.range(slope)):
        return
    signs = rational.sign_of(value.table, slope, where)
    demand(signs is not None and signs.is_nonnegative, "the slope {} may be negative on {}", slope, where)


def _cut(where: Interval, ends: list[fmpq], *, open_at: bool) -> list[Interval]:
    """The interval cut at points inside it, in order."""
    inside = all((where.lo is None or x > where.lo) and (where.hi is None or x < where.hi) for x in ends)
    demand(inside and all(a < b for a, b in itertools.pairwise(ends)), "points out of order")
    los = [(where.lo, where.lo_open), *((x, open_at) for x in ends)]
    his = [*((x, open_at) for x in ends), (where.hi, where.hi_open)]
    return [Interval(lo, hi, a, b) for (lo, a), (hi, b) in zip(los, his, strict=True)]


def _on(source: Table, e: Expression, form: Expression, where: Interval) -> Expression:
    """e as a function of one variable on the interval, in the place of the form."""
    target = Table(level=source.level)
    value = along(source, e, form, target, target.variable("t", where))
    demand(value is not None and not value.needs, "{} is no function of {} alone, or not real", e, form)
    assert value is not None
    return value


def _at(source: Table, e: Expression, form: Expression, x: fmpq) -> Expression:
    target = Table(level=source.level)
    value = along(source, e, form, target, target.number(x))
    demand(value is not None and not value.needs, "no value at {}", x)
    assert value is not None
    return value


def _variable(table: Table) -> Expression:
    (index,) = (a.index for a in table.atoms if a.kind == "variable")
    return Expression(table, {alone(index): ONE})


def _demand_bent(value: Expression, parts: Any, where: Interval) -> None:
    """That the second derivative is nowhere negative: by the signs of a polynomial, or by ranges on parts."""
    table = value.table
    if isinstance(parts, dict):
        _demand_taylor(value, parts, where)
        return
    second = _slope(_slope(value))
    if parts == "signs":
        sign = rational.sign_of(table, second, where)
        demand(
            sign is not None and sign.is_nonnegative, "the second derivative {} may be negative on {}", second, where
        )
        return
    demand(isinstance(parts, list), "no parts: {!r}", parts)
    for part in _cut(where, [number(x) for x in parts], open_at=False):
        there = _on(table, second, _variable(table), part) if second.constant() is None else second
        demand(
            ranges.is_nonnegative(there.table.range(there)),
            "the second derivative {} may be negative on {}",
            second,
            part,
        )


def _demand_taylor(value: Expression, parts: dict[str, Any], where: Interval) -> None:
    """That Taylor enclosures on the parts show f'' >= 0; at an end where f'', ..., f^(j - 1) vanish f^(j) has one sign.
    """
    demand(where.lo is not None and where.hi is not None, "{} is not bounded", where)
    assert where.lo is not None
    assert where.hi is not None
    low, high = (integer(k, taylor.MOST_VANISHING + 1) for k in listed(parts, "vanishing"))
    for x, count in ((where.lo, low), (where.hi, high)):
        e = _slope(_slope(value)) if count else value
        for k in range(count):
            e = _slope(e) if k else e
            here = e if e.constant() is not None else _at(e.table, e, _variable(e.table), x)
            demand(not here.terms, "derivative {} does not vanish at {}", k + 2, x)
    closed = Interval(where.lo, where.hi)
    for part in _cut(closed, [number(x) for x in listed(parts, "cuts")], open_at=False):
        bent = taylor.part_is_convex(value.table, value, closed, part, (low, high))
        demand(bent, "the second derivative may be negative on {}", part)


def _slope(value: Expression) -> Expression:
    try:
        slope = derivative(value.table, value, 0)
    except NotSmoothError as error:
        raise RefusedError(f"a kink inside a piece: {error}") from error
    demand(not slope.needs, "a derivative that may not be real")
    return slope


def _demand_join(here: Expression, left: Expression, right: Expression, x: fmpq) -> None:
    """That both pieces tend to the value at x and the slope does not fall there."""
    for side in (left, right):
        gap = range_of_difference(_at(side.table, side, _variable(side.table), x), here)
        demand(gap is not None and gap.lo == gap.hi == 0, "a jump at {}", x)
    before, after = (_at(side.table, _slope(side), _variable(side.table), x) for side in (left, right))
    rise = range_of_difference(after, before)
    demand(rise is not None and ranges.is_nonnegative(rise), "the slope may fall at {}", x)
