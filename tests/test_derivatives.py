"""Derivatives of normal forms: every row of the table against mpmath, and the rules on random constructions."""

import mpmath
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from normal_forms import (
    DIGITS,
    REAL,
    Digits,
    UnclearError,
    UndefinedError,
    conditions_hold,
    domains,
    normal_forms_of,
    points_of,
    steps_of,
    value_of,
)

from netprops.domains import Interval
from netprops.readings import shapes
from netprops.readings.derivatives import FIRST, NotSmoothError, derivative
from netprops.readings.polynomials import Table, TooLargeError, Truth

INSIDE = {"log": (0.01, 50), "atanh": (-0.99, 0.99), "asin": (-0.99, 0.99), "acos": (-0.99, 0.99), "acosh": (1.01, 50),
          "tan": (-1.5, 1.5), "lgamma": (0.25, 4)}  # fmt: skip
QUOTIENT_STEP = mpmath.mpf(10) ** -40


def made(t, name, u):
    return {"exp": t.exp, "log": t.log, "logistic": t.logistic}.get(name, lambda u: t.apply(name, u))(u)


def quotient(f):
    """The central difference quotient of f at 0, far closer than the comparison asks."""
    return (f(QUOTIENT_STEP) - f(-QUOTIENT_STEP)) / (2 * QUOTIENT_STEP)


def check_row(name, rule):
    lo, hi = INSIDE.get(name, (-4, 4))
    lo, hi = fmpq(*float(lo).as_integer_ratio()), fmpq(*float(hi).as_integer_ratio())
    t = Table()
    u = t.variable("u", Interval(lo, hi))
    slope = rule(t, u)
    assert not slope.needs or name in ("log", "acosh", "asin", "acos", "atanh")
    with mpmath.workdps(DIGITS):
        for k in range(9):
            x = lo + (hi - lo) * fmpq(2 * k + 1, 18)
            exact = quotient(lambda h, x=x: Digits.function(name, Digits.number(x) + h))
            assert abs(value_of(t, slope, [x], Digits) - exact) < mpmath.mpf(10) ** -30, (name, x)


@pytest.mark.parametrize("name", FIRST)
def test_a_row_is_the_derivative_of_its_function(name):
    check_row(name, FIRST[name])


@pytest.mark.parametrize("name", FIRST)
def test_a_wrong_row_is_seen(name):
    with pytest.raises(AssertionError):
        check_row(name, lambda t, u: t.scale(FIRST[name](t, u), -1))
    with pytest.raises(AssertionError):
        check_row(name, lambda t, u: t.add(FIRST[name](t, u), t.number(fmpq(1, 10**20))))


@pytest.mark.parametrize("name", FIRST)
def test_the_chain_rule(name):
    t = Table()
    lo, hi = (2 * fmpq(*float(x).as_integer_ratio()) for x in INSIDE.get(name, (-4, 4)))
    half = t.scale(t.variable("x", Interval(lo, hi)), fmpq(1, 2))
    assert derivative(t, made(t, name, half), 0) == t.scale(FIRST[name](t, half), fmpq(1, 2))


@given(st.data(), st.lists(domains(), min_size=1, max_size=2), st.integers(0, 2))
def test_derivatives_of_constructions_are_limits_of_difference_quotients(data, boxes, level):
    steps, point = data.draw(steps_of(len(boxes), REAL)), data.draw(points_of(boxes))
    bit = data.draw(st.integers(0, len(boxes) - 1))
    t, forms = normal_forms_of(steps, boxes, level)
    e = data.draw(st.sampled_from(forms[len(boxes) :] or forms))

    def along(h):
        moved = Moved({i: Digits.number(x) + (h if i == bit else 0) for i, x in enumerate(point)})
        return value_of(t, e, range(len(point)), moved)

    try:
        slope = derivative(t, e, bit)
        with mpmath.workdps(DIGITS):
            if conditions_hold(e, point, Digits) and conditions_hold(slope, point, Digits):
                found, limit = value_of(t, slope, point, Digits), quotient(along)
                inside = all(boxes[bit].contains(point[bit] + h) for h in (fmpq(1, 1000), fmpq(-1, 1000)))
                assert not inside or abs(found - limit) <= mpmath.mpf(10) ** -20 * (1 + abs(found)), str(e)
    except (NotSmoothError, TooLargeError, UnclearError, UndefinedError):
        return


class Moved(Digits):
    """mpmath's numbers, where the variables take values that are no fractions."""

    def __init__(self, values):
        self.values = values

    def number(self, x):
        return self.values[x] if isinstance(x, int) else Digits.number(x)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_products_quotients_and_powers(level):
    t = Table(level=level)
    x, y = t.variable("x", Interval(fmpq(0), None, True)), t.variable("y", Interval())
    assert derivative(t, t.multiply(x, y), 0) == y
    assert derivative(t, t.power(x, fmpq(1, 2)), 0) == t.scale(t.power(x, fmpq(-1, 2)), fmpq(1, 2))
    assert derivative(t, t.divide(y, x), 0) == t.scale(t.multiply(y, t.power(x, -2)), -1)
    assert derivative(t, t.power(t.number(7), fmpq(1, 2)), 0) == t.number(0)
    assert derivative(t, t.exp(t.multiply(x, y)), 1) == t.multiply(x, t.exp(t.multiply(x, y)))
    assert derivative(t, t.softplus(y), 1) == t.logistic(y)
    assert derivative(t, t.softplus(t.multiply(x, y)), 1) == t.multiply(x, t.logistic(t.multiply(x, y)))
    assert derivative(t, t.softplus(t.scale(y, fmpq(-3))), 1) == t.scale(t.logistic(t.scale(y, fmpq(-3))), -3)


def test_a_logarithm_that_only_looks_like_softplus():
    t = Table()
    y = t.variable("y", Interval())
    one = t.number(1)
    for e in (t.add(t.number(2), t.exp(y)), t.add(one, t.scale(t.exp(y), 2)), t.add(one, t.power(y, 2))):
        slope = derivative(t, t.log(e), 0)
        assert slope != t.logistic(y)
        with mpmath.workdps(DIGITS):
            limit = quotient(lambda h, e=e: mpmath.log(value_of(t, e, [0], Moved({0: Digits.number(fmpq(1, 3)) + h}))))
            assert abs(value_of(t, slope, [fmpq(1, 3)], Digits) - limit) < mpmath.mpf(10) ** -30


def test_kinks_are_refused():
    t = Table()
    x, y = t.variable("x", Interval()), t.variable("y", Interval())
    kinked = [t.absolute(x), t.maximum([x, y]), t.apply("floor", x), t.apply("sign", x), t.apply("cbrt", x)]
    kinked += [t.choose(Truth("lt", x), y, t.exp(x)), t.opaque("f", (x,)), t.exp(t.absolute(x))]
    for e in kinked:
        with pytest.raises(NotSmoothError):
            derivative(t, e, 0)
    assert derivative(t, t.add(y, t.absolute(x)), 1) == t.number(1)


def test_no_row_is_for_a_function_with_a_kink():
    assert all(shapes.SHAPES[name].smooth for name in FIRST)
