"""The rule for functions of one affine form: pieces, and the kinks between them."""

from __future__ import annotations

import itertools
from typing import Any

from flint import fmpq

from netprops.certificates.goals import Goal, Parameters, listed, rule
from netprops.certificates.refusals import RefusedError, demand
from netprops.certificates.views import ONE, View
from netprops.domains import Interval
from netprops.readings import ranges, rational
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.expressions import from_json, number
from netprops.readings.polynomials import Expression, Table, alone
from netprops.readings.substitution import along, range_of_difference


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
