"""Rebuilding normal forms over other tables: values and side conditions stay, and what is opaque is refused."""

import mpmath
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from normal_forms import (
    DIGITS,
    OPAQUE,
    RATIONAL,
    REAL,
    Digits,
    Exact,
    UnclearError,
    UndefinedError,
    conditions_hold,
    domains,
    fraction,
    normal_forms_of,
    numbers_of,
    points_of,
    steps_of,
    value_of,
)

from netprops.domains import Interval
from netprops.readings.polynomials import Table, TooLargeError, Truth
from netprops.readings.substitution import CannotRebuildError, Rebuilder, at_point, over

LINE = Interval()
KNOWN, KNOWN_REAL = (tuple(name for name in names if name not in OPAQUE) for names in (RATIONAL, REAL))


@given(st.data(), st.lists(domains(), min_size=1, max_size=3), st.integers(0, 2))
def test_the_value_at_a_point_is_exact(data, boxes, level):
    steps, point = data.draw(steps_of(len(boxes), KNOWN)), data.draw(points_of(boxes))
    t, forms = normal_forms_of(steps, boxes, level)
    for e, x in zip(forms, numbers_of(steps, point, Exact), strict=False):
        found = at_point(t, e, point)
        if found is not None and not isinstance(x, Exception):
            assert fraction(found.constant()) == x
        if not isinstance(x, Exception) and conditions_hold(e, point, Exact):
            assert found is not None


@given(st.data(), st.lists(domains(), min_size=1, max_size=2), st.integers(0, 2))
def test_over_equal_variables_the_function_stays(data, boxes, level):
    steps, point = data.draw(steps_of(len(boxes), KNOWN_REAL)), data.draw(points_of(boxes))
    source, forms = normal_forms_of(steps, boxes, level)
    target = Table(level=data.draw(st.integers(0, 2)), budget=300)
    variables = [target.variable(name, r) for name, r in zip("ab", boxes, strict=False)]
    with mpmath.workdps(DIGITS):
        for e in forms:
            try:
                moved = over(source, e, target, variables)
                if conditions_hold(e, point, Digits) and conditions_hold(moved, point, Digits):
                    assert Digits.same(value_of(source, e, point, Digits), value_of(target, moved, point, Digits))
            except (TooLargeError, UnclearError, UndefinedError):
                continue


@given(st.data(), domains(), st.integers(0, 2))
def test_conditions_are_not_lost_on_the_way(data, r, level):
    steps, point = data.draw(steps_of(1, KNOWN)), data.draw(points_of([r]))
    source, forms = normal_forms_of(steps, [r], level)
    target = Table(level=level)
    whole = target.variable("t", r)
    for e in forms:
        if not e.needs:
            continue
        try:
            moved = over(source, e, target, [whole])
        except TooLargeError:
            continue
        if conditions_hold(moved, point, Exact):
            assert conditions_hold(e, point, Exact) is not False
            try:
                value_of(target, moved, point, Exact)
            except UnclearError:
                continue


def test_composition():
    source, target = Table(), Table()
    x = source.variable("x", LINE)
    t = target.variable("t", Interval(fmpq(0), None, True))
    assert over(source, source.exp(source.scale(x, 2)), target, [target.log(t)]) == target.power(t, 2)
    assert over(source, source.absolute(x), target, [t]) == t
    assert over(source, source.logistic(x), target, [target.scale(t, -1)]) == target.logistic(target.scale(t, -1))


@pytest.mark.parametrize(("relation", "below", "at", "above"), [
    ("lt", 1, 0, 0), ("le", 1, 1, 0), ("eq", 0, 1, 0), ("ne", 1, 0, 1),
])  # fmt: skip
def test_choices_are_made_where_the_sign_is_known(relation, below, at, above):
    source = Table()
    x = source.variable("x", LINE)
    chosen = source.choose(Truth(relation, x), source.number(0), source.number(1))
    for interval, expected in ((Interval(None, fmpq(0), False, True), below), (Interval(fmpq(0), None, True), above)):
        target = Table()
        assert over(source, chosen, target, [target.variable("t", interval)]).constant() == expected
    assert at_point(source, chosen, [fmpq(0)]).constant() == at


def test_a_point_where_the_function_is_undefined_has_no_value():
    source = Table()
    x = source.variable("x", LINE)
    for e in (source.log(x), source.power(x, -1), source.divide(x, x), source.power(source.log(x), 0)):
        assert at_point(source, e, [fmpq(0)]) is None
        assert at_point(source, e, [fmpq(2)]) is not None
    by_log = source.choose(Truth("lt", source.log(x)), source.number(0), x)
    assert at_point(source, by_log, [fmpq(-1)]) is None


def test_opaque_functions_and_missing_variables_are_refused():
    source = Table()
    x, y = source.variable("x", LINE), source.variable("y", LINE)
    assert at_point(source, source.opaque("f", (x,)), [fmpq(0)]) is None
    target = Table()

    def only_x(bit):
        if bit:
            raise CannotRebuildError("y")
        return target.number(1)

    rebuild = Rebuilder(source, target, only_x).expression
    assert rebuild(source.exp(x)) == target.exp(target.number(1))
    with pytest.raises(CannotRebuildError):
        rebuild(source.multiply(x, y))
