"""Normal forms: equal to what they were made of wherever it is defined, with side conditions that are never too few."""

import math
from fractions import Fraction
from itertools import permutations

import mpmath
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from normal_forms import (
    CHOICES,
    DIGITS,
    RATIONAL,
    REAL,
    Digits,
    Exact,
    Step,
    check,
    conditions_hold,
    domains,
    normal_forms_of,
    numbers_of,
    points_of,
    steps_of,
    value_of,
)

from netprops.domains import WHOLE_LINE, Interval, exact
from netprops.readings import ranges
from netprops.readings.polynomials import Expression, Monomial, Table, TooLargeError, Truth

ZERO, ONE, HALF = fmpq(0), fmpq(1), fmpq(1, 2)
LINE = Interval()
POSITIVE, NONNEGATIVE, NEGATIVE = Interval(ZERO, None, True), Interval(ZERO), Interval(None, ZERO, False, True)
levels = pytest.mark.parametrize("level", [0, 1, 2])
some_level = st.integers(0, 2)


def table_of(*intervals, level=0):
    t = Table(level=level)
    return (t, *(t.variable(f"x{i}", r) for i, r in enumerate(intervals)))


def kinds(e):
    return sorted(condition.kind for condition in e.needs)


# ------------------------------------------------------------------ random constructions


@given(st.data(), st.lists(domains(), min_size=1, max_size=3), some_level)
def test_rational_constructions_keep_their_values_exactly(data, boxes, level):
    steps, point = data.draw(steps_of(len(boxes), RATIONAL)), data.draw(points_of(boxes))
    check(steps, boxes, point, level, Exact)


@given(st.data(), st.lists(domains(), min_size=1, max_size=3), some_level)
def test_real_constructions_keep_their_values(data, boxes, level):
    steps, point = data.draw(steps_of(len(boxes), REAL)), data.draw(points_of(boxes))
    check(steps, boxes, point, level, Digits)


@given(st.data(), st.lists(domains(), min_size=1, max_size=2), some_level)
def test_choices_within_choices_keep_their_values(data, boxes, level):
    steps, point = data.draw(steps_of(len(boxes), CHOICES)), data.draw(points_of(boxes))
    check(steps, boxes, point, level, Digits)


@given(st.data(), st.lists(domains(), min_size=1, max_size=3))
def test_levels_that_do_not_differ_give_the_same_terms_over_the_same_atoms(data, boxes):
    steps = data.draw(steps_of(len(boxes), REAL))
    table, values = normal_forms_of(steps, boxes, 0)
    for level in (1, 2):
        if level not in table.differing:
            other, others = normal_forms_of(steps, boxes, level)
            assert [e.terms for e in others] == [e.terms for e in values]
            assert [atom.kind for atom in other.atoms] == [atom.kind for atom in table.atoms]
            assert [atom.range for atom in other.atoms] == [atom.range for atom in table.atoms]


@given(st.data(), st.lists(domains(), min_size=1, max_size=3), some_level)
def test_every_term_is_of_a_monomial_with_its_powers_in_order(data, boxes, level):
    table, values = normal_forms_of(data.draw(steps_of(len(boxes), REAL)), boxes, level)
    inner = [a for atom in table.atoms for a in atom.arguments if isinstance(a, Expression)]
    for monomial in (m for e in (*values, *inner) for m in e.terms):
        assert type(monomial) is Monomial
        assert [i for i, _ in monomial] == sorted({i for i, _ in monomial})
        assert all(k != 0 for _, k in monomial)


def test_which_levels_differ():
    t, x, y = table_of(LINE, LINE)
    t.multiply(x, t.add(x, y))
    assert t.differing == set()
    t.power(t.add(x, y), 2)
    assert t.differing == {2}
    t.multiply(y, t.add_all([t.power(x, k) for k in range(1, 7)]))
    assert t.differing == {1, 2}


@given(st.data(), st.lists(domains(), min_size=1, max_size=2), some_level)
def test_one_normal_form_means_one_function(data, boxes, level):
    steps, point = data.draw(steps_of(len(boxes), RATIONAL)), data.draw(points_of(boxes))
    _, forms = normal_forms_of(steps, boxes, level)
    numbers = numbers_of(steps, point, Exact)
    seen = {}
    for e, x in zip(forms, numbers, strict=False):
        if not isinstance(x, Exception) and conditions_hold(e, point, Exact):
            assert seen.setdefault(e, x) == x


@given(st.data(), st.lists(domains(), min_size=2, max_size=3), some_level)
def test_sums_and_maxima_do_not_depend_on_the_order(data, boxes, level):
    steps = data.draw(steps_of(len(boxes), REAL))
    t, forms = normal_forms_of(steps, boxes, level)
    parts = data.draw(st.lists(st.sampled_from(forms), min_size=2, max_size=4))
    shuffled = data.draw(st.permutations(parts))
    assert t.add_all(parts) == t.add_all(shuffled)
    assert t.add_all(parts).needs == t.add_all(shuffled).needs
    assert t.multiply(parts[0], parts[1]) == t.multiply(parts[1], parts[0])
    assert not t.subtract(t.maximum(parts), t.maximum(shuffled)).terms or len(parts) > 2


HARD = {
    "a root of twice a root": [("number", (), 2), ("power", (1,), 0.5), ("scale", (2,), 2), ("power", (3,), 0.5)],
    "1/0": [("number", (), 0), ("power", (1,), -1), ("multiply", (0, 2), 0)],
    "x/0": [("number", (), 0), ("divide", (0, 1), 0)],
    "log(x)^0": [("log", (0,), 0), ("power", (1,), 0)],
    "0 log(x)": [("log", (0,), 0), ("scale", (1,), 0)],
    "x/x": [("divide", (0, 0), 0)],
    "x^-2 x^3": [("power", (0,), -2), ("power", (0,), 3), ("multiply", (1, 2), 0)],
    "a choice by the sign of a logarithm": [("log", (0,), 0), ("choose", (1, 0, 0), 0, "lt")],
    "log(x^2)": [("power", (0,), 2), ("log", (1,), 0)],
    "log(-x)": [("scale", (0,), -1), ("log", (1,), 0)],
    "the root of x^4": [("power", (0,), 4), ("power", (1,), 0.5)],
    "the root of x^-2": [("power", (0,), -2), ("power", (1,), 0.5)],
    "(x^(2/3))^(3/2)": [("power", (0,), Fraction(2, 3)), ("power", (1,), 1.5)],
    "(x^3)^(1/3)": [("power", (0,), 3), ("power", (1,), Fraction(1, 3))],
    "x to the double 1/3, cubed": [("power", (0,), 1 / 3), ("power", (1,), 3)],
    "exp of the log of x^2 over 2": [("power", (0,), 2), ("log", (1,), 0), ("scale", (2,), 0.5), ("exp", (3,), 0)],
    "floor of x times the log of it": [("apply", (0,), 0, "floor"), ("log", (1,), 0), ("multiply", (1, 2), 0)],
    "1/relu(x) where x < 0": [
        ("number", (), 0), ("maximum", (0, 1), 0), ("power", (2,), -1), ("choose", (0, 1, 3), 0, "lt"),
    ],
    "1/x where x is 0": [("power", (0,), -1), ("choose", (0, 0, 1), 0, "eq")],
    "1/x where x is not 0": [("power", (0,), -1), ("choose", (0, 0, 1), 0, "ne")],
    "the root of -1": [("number", (), -1), ("power", (1,), 0.5), ("power", (2,), 2)],
    "log(-2)": [("number", (), -2), ("log", (1,), 0), ("exp", (2,), 0)],
    "log(0)": [("number", (), 0), ("log", (1,), 0)],
}  # fmt: skip
POINTS = [fmpq(n, 4) for n in (-12, -5, -4, -1, 0, 1, 2, 4, 5, 12)]


@levels
@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("domain", [LINE, POSITIVE, NONNEGATIVE, NEGATIVE, Interval(fmpq(-3), fmpq(3))], ids=str)
def test_corner_cases(name, domain, level):
    steps = [Step(op, operands, Fraction(c), *rest) for op, operands, c, *rest in HARD[name]]
    for x in POINTS:
        if domain.contains(x):
            check(steps, [domain], [x], level, Digits)


@levels
def test_a_denominator_whose_base_stands_in_a_numerator_too(level):
    t, x, z = table_of(POSITIVE, POSITIVE, level=level)
    s = t.add_all([t.number(1), x, z])
    with mpmath.workdps(DIGITS):
        for powers in ((2, -1), (3, -2), (1, -1), (-1, -2)):
            e = t.log(t.add(t.power(s, powers[0]), t.power(s, powers[1])))
            total = mpmath.log(mpmath.mpf(4) ** powers[0] + mpmath.mpf(4) ** powers[1])
            assert Digits.same(value_of(t, e, [ONE, fmpq(2)], Digits), total)


@given(st.sampled_from([exact(1e150), exact(1e-150), exact(0.1), fmpq(10) ** 200]), st.integers(-3, 3), some_level)
def test_huge_and_tiny_coefficients_are_exact(c, n, level):
    t, x = table_of(POSITIVE, level=level)
    e = t.power(t.scale(x, c), n)
    assert e == t.scale(t.power(x, n), c**n)
    assert t.power(t.power(t.scale(x, c), HALF), 2) == t.scale(x, c)
    assert t.exp(t.log(t.scale(x, c))) == t.scale(x, c)


# ------------------------------------------------------------------ identities: one function, one normal form


def forms_of_softplus(t, v):
    one, zero = t.number(1), t.number(0)
    size = t.absolute(v)
    yield t.log(t.add(one, t.exp(v)))
    yield t.log(t.add(t.exp(v), one))
    yield t.add(t.maximum([v, zero]), t.log(t.add(one, t.exp(t.scale(size, -1)))))  # logaddexp
    yield t.add(v, t.log(t.add(one, t.exp(t.scale(v, -1)))))
    yield t.scale(t.log(t.logistic(t.scale(v, -1))), -1)
    yield t.scale(t.log(t.subtract(one, t.logistic(v))), -1)
    yield t.subtract(v, t.log(t.logistic(v)))
    yield t.scale(t.log(t.divide(one, t.add(one, t.exp(v)))), -1)
    yield t.subtract(t.log(t.add(one, t.exp(size))), t.maximum([t.scale(v, -1), zero]))


def forms_of_log_sum_exp(t, x, y):
    top = t.maximum([x, y])
    gap = t.subtract(x, y)
    yield t.log(t.add(t.exp(x), t.exp(y)))
    yield t.add(top, t.log(t.add(t.exp(t.subtract(x, top)), t.exp(t.subtract(y, top)))))
    yield t.add(y, t.softplus(gap))
    yield t.add(x, t.softplus(t.scale(gap, -1)))
    yield t.add(top, t.softplus(t.scale(t.absolute(gap), -1)))
    yield t.subtract(x, t.log(t.logistic(gap)))
    yield t.subtract(x, t.log(t.divide(t.exp(x), t.add(t.exp(x), t.exp(y)))))


def forms_of_maximum(t, x, y):
    zero = t.number(0)
    gap = t.subtract(x, y)
    yield t.maximum([x, y])
    yield t.maximum([y, x, y])
    yield t.add(y, t.maximum([zero, gap]))
    yield t.scale(t.add_all([x, y, t.absolute(gap)]), HALF)
    yield t.scale(t.minimum([t.scale(x, -1), t.scale(y, -1)]), -1)
    yield t.subtract(t.add(x, y), t.minimum([x, y]))
    yield t.choose(Truth("lt", gap), x, y)
    yield t.choose(Truth("le", gap), x, y)
    if t.level < 2:  # multiplied out, it is a square no more
        yield t.add(y, t.power(t.power(t.maximum([zero, gap]), 2), HALF))


def forms_of_modulus(t, x):
    yield t.absolute(x)
    yield t.absolute(t.scale(x, -1))
    yield t.absolute(t.absolute(x))
    if t.level < 2 and x.terms.keys() != {Monomial(((0, ONE), (1, ONE)))}:  # the root of x^2 y^2 reads |x| |y|
        yield t.power(t.power(x, 2), HALF)
    yield t.choose(Truth("lt", x), x, t.scale(x, -1))
    yield t.subtract(t.scale(t.maximum([x, t.number(0)]), 2), x)


@levels
@pytest.mark.parametrize("inner", ["variable", "sum", "product", "half"])
def test_forms_of_one_function_are_one_normal_form(inner, level):
    t, x, y = table_of(LINE, LINE, level=level)
    made = {"variable": x, "sum": t.subtract(t.scale(y, 2), x), "product": t.multiply(x, y), "half": t.scale(x, HALF)}
    v = made[inner]
    for forms in (
        forms_of_softplus(t, v),
        forms_of_softplus(t, t.scale(v, -1)),
        forms_of_log_sum_exp(t, v, t.add(y, t.number(1))),
        forms_of_log_sum_exp(t, t.add(y, t.number(1)), v),
        forms_of_maximum(t, v, t.add(y, t.number(1))),
        forms_of_modulus(t, v),
    ):
        first, *others = list(forms)
        assert not first.needs
        for number, other in enumerate(others, 1):
            assert other == first, f"form {number}: {t.subtract(other, first)}"
            assert not other.needs


def forms_of_square(t, x):
    size = t.absolute(x)
    yield t.power(x, 2)
    yield t.power(size, 2)
    yield t.multiply(size, size)
    yield t.power(t.scale(size, -1), 2)
    yield t.scale(t.power(t.scale(size, HALF), 2), 4)


@levels
@pytest.mark.parametrize("inner", ["variable", "sum", "product"])
def test_even_powers_of_a_modulus_are_those_of_its_argument(inner, level):
    t, x, y = table_of(LINE, LINE, level=level)
    v = {"variable": x, "sum": t.subtract(t.scale(y, 2), x), "product": t.multiply(x, y)}[inner]
    assert len(set(forms_of_square(t, v))) == 1
    size, relu = t.absolute(v), t.maximum([v, t.number(0)])
    assert t.power(size, 4) == t.power(v, 4)
    assert t.power(size, 3) != t.power(v, 3)
    for near in (relu, t.subtract(relu, v), t.subtract(t.scale(relu, 3), v), t.add(size, t.number(1)), t.add(size, y)):
        assert t.power(near, 2) != t.power(v, 2)


@levels
def test_maxima_of_three_in_every_order(level):
    t, x, y, z = table_of(LINE, LINE, LINE, level=level)
    direct = {t.maximum(list(order)) for order in permutations([x, y, z])}
    nested = {t.maximum([a, t.maximum([b, c])]) for a, b, c in permutations([x, y, z])}
    assert len(direct | nested) == 1


@levels
def test_a_maximum_of_numbers_is_a_number(level):
    t, x = table_of(LINE, level=level)
    assert t.maximum([t.number(c) for c in (-1, 1, 0, -2)]) == t.number(1)
    assert t.maximum([t.add(x, t.number(c)) for c in (-1, 3, 0)]) == t.add(x, t.number(3))


@levels
def test_exponentials_logarithms_and_powers_meet(level):
    t, x, y = table_of(POSITIVE, LINE, level=level)
    assert t.exp(t.log(x)) == x
    assert t.log(t.exp(y)) == y
    assert t.multiply(t.exp(x), t.exp(y)) == t.exp(t.add(x, y))
    assert t.log(t.multiply(x, t.exp(y))) == t.add(t.log(x), y)
    assert t.log(t.power(x, 3)) == t.scale(t.log(x), 3)
    assert t.power(t.exp(y), HALF) == t.exp(t.scale(y, HALF))
    assert t.multiply(t.power(x, HALF), t.power(x, HALF)) == x
    assert t.absolute(x) == x
    assert t.absolute(t.exp(y)) == t.exp(y)
    assert t.power(t.power(t.number(2), HALF), 2) == t.number(2)
    assert t.power(t.number(fmpq(9, 4)), HALF) == t.number(fmpq(3, 2))
    assert t.add(t.logistic(y), t.logistic(t.scale(y, -1))) == t.number(1)
    assert t.exp(t.scale(t.log(t.number(2)), 3)) == t.number(8)
    powers_of_two = [t.exp(t.multiply(e, t.log(t.number(2)))) for e in (y, t.subtract(t.number(1), y))]
    assert t.multiply(*powers_of_two) == t.number(2)
    root = t.power(t.number(2), HALF)
    assert t.multiply_all([root, t.add_all([x, y, t.power(y, 3), t.exp(y), t.number(1)]), root]) == t.scale(
        t.add_all([x, y, t.power(y, 3), t.exp(y), t.number(1)]), 2
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_products_with_a_maximum_end_where_one_term_of_its_operand_divides_the_other(swapped):
    table = Table(level=2)
    a, b = table.variable("a", WHOLE_LINE), table.variable("b", WHOLE_LINE)
    a, b = (b, a) if swapped else (a, b)
    both = table.multiply(a, b)
    top = table.maximum([table.number(0), table.add(a, both)])
    squared = table.add(table.multiply(top, a), table.multiply(top, both))
    assert table.multiply(top, table.add(a, both)).terms == squared.terms
    # Which of both terms leads depends on the order of the variables; max(0, v)^2 = max(0, v) v is seen in one order.
    assert (table.power(top, fmpq(2)).terms == squared.terms) is not swapped


def test_quarter_turns_of_sine_and_cosine():
    t, u = table_of(LINE)
    quarter = t.apply("asin", t.number(1))
    sine, cosine = t.apply("sin", u), t.apply("cos", u)
    turned = [t.add(u, t.scale(quarter, k)) for k in range(-4, 9)]
    for k, v in zip(range(-4, 9), turned, strict=True):
        expected = [sine, cosine, t.scale(sine, -1), t.scale(cosine, -1)]
        assert t.apply("sin", v) == expected[k % 4]
        assert t.apply("cos", v) == expected[(k + 1) % 4]
    assert t.apply("sin", t.add(u, t.number(fmpq(884279719003555, 562949953421312)))) != cosine  # a double is not pi/2


def test_odd_and_even_functions_take_the_sign_out():
    t, u = table_of(LINE)
    minus = t.scale(u, -1)
    assert t.apply("tanh", minus) == t.scale(t.apply("tanh", u), -1)
    assert t.apply("cosh", minus) == t.apply("cosh", u)
    assert t.apply("sin", t.subtract(t.number(1), u)) == t.scale(t.apply("sin", t.subtract(u, t.number(1))), -1)


# ------------------------------------------------------------------ side conditions


@levels
def test_side_conditions_are_stated_and_kept(level):
    t, x = table_of(LINE, level=level)
    assert kinds(t.divide(x, x)) == ["nonzero"]
    assert kinds(t.log(x)) == ["positive"]
    assert kinds(t.scale(t.log(x), 0)) == ["positive"]
    assert kinds(t.multiply(t.number(0), t.log(x))) == ["positive"]
    assert kinds(t.subtract(t.log(x), t.log(x))) == ["positive"]
    assert kinds(t.exp(t.log(x))) == ["positive"]
    assert kinds(t.power(t.log(x), 0)) == ["positive"]
    assert kinds(t.power(x, HALF)) == ["nonnegative"]
    assert kinds(t.power(x, -HALF)) == ["positive"]
    assert kinds(t.power(x, exact(1 / 3))) == ["nonnegative"]
    assert kinds(t.maximum([t.log(x), x])) == ["positive"]
    assert kinds(t.log(t.number(-2))) == ["positive"]
    assert kinds(t.power(t.number(0), -1)) == ["nonzero"]
    assert kinds(t.apply("acosh", x)) == ["nonnegative"]
    assert kinds(t.apply("asin", x)) == ["nonnegative", "nonnegative"]
    assert kinds(t.opaque("f", (t.log(x),))) == ["positive"]


@levels
def test_side_conditions_that_hold_on_the_domain_are_dropped(level):
    t, x, y = table_of(POSITIVE, LINE, level=level)
    squares = t.add(t.number(1), t.power(y, 2))
    assert not t.log(x).needs
    assert not t.power(x, -HALF).needs
    assert not t.divide(y, squares).needs
    assert not t.log(squares).needs
    assert not t.power(squares, HALF).needs
    assert not t.power(t.power(y, 2), HALF).needs
    assert not t.log(t.add(t.exp(y), x)).needs
    assert kinds(t.power(y, -2)) == ["nonzero"]


@levels
def test_a_choice_drops_the_conditions_that_it_meets_and_no_others(level):
    t, x = table_of(LINE, level=level)
    zero, log, inverse, root = t.number(0), t.log(x), t.power(x, -1), t.power(x, HALF)
    assert not t.choose(Truth("le", x), log, zero).needs
    assert kinds(t.choose(Truth("lt", x), log, zero)) == ["positive"]
    assert not t.choose(Truth("lt", x), root, zero).needs
    assert not t.choose(Truth("eq", x), inverse, zero).needs
    assert kinds(t.choose(Truth("eq", x), zero, inverse)) == ["nonzero"]
    assert not t.choose(Truth("lt", x), zero, inverse).needs
    assert kinds(t.choose(Truth("le", x), zero, inverse)) == ["nonzero"]
    assert kinds(t.choose(Truth("lt", t.log(x)), zero, x)) == ["positive"]
    assert kinds(t.choose(Truth("lt", t.subtract(log, log)), zero, x)) == ["positive"]
    assert kinds(t.choose(Truth("lt", x), t.power(t.maximum([zero, t.scale(x, -1)]), -1), zero)) != []


# ------------------------------------------------------------------ ranges


def test_ranges_that_independent_terms_do_not_see():
    t, z = table_of(LINE)
    assert ranges.is_positive(t.range(t.subtract(t.softplus(z), z)))
    assert ranges.is_nonnegative(t.range(t.subtract(t.maximum([z, t.number(0)]), z)))
    assert ranges.is_nonnegative(t.range(t.absolute(z)))
    y = t.variable("y", LINE)
    norm = t.add_all([t.absolute(z), t.absolute(y), t.absolute(t.add(z, y)), t.number(1)])
    assert t.range(norm) == Interval(ONE)
    assert t.range(t.scale(norm, -2)) == Interval(None, fmpq(-2))
    assert t.range(t.add_all([t.power(z, 2), t.scale(z, -2), t.number(1)])) == Interval(ZERO)
    assert t.range(t.add_all([t.power(z, 2), z, t.number(1)])) == Interval(fmpq(3, 4))


def test_a_budget_is_kept():
    t = Table(level=2, budget=50)
    x = t.add_all([t.variable(f"x{i}", LINE) for i in range(6)])
    with pytest.raises(TooLargeError):
        t.power(x, 4)


def test_expressions_have_no_truth_value():
    t, x = table_of(LINE)
    with pytest.raises(TypeError):
        bool(x)
    assert "x0" in str(t.exp(t.log(t.add(x, t.number(3)))))


# ------------------------------------------------------------------ functions of several expressions

SEVERAL = {
    "a remainder": ([("remainder", (0, 1), 0)], 2),
    "an angle": ([("angle", (0, 1), 0)], 2),
    "the k-th of three": ([("ordered", (0, 1, 2), k) for k in range(3)], 3),
    "the k-th of seven": ([("ordered", tuple(range(7)), k) for k in range(7)], 7),
    "of sums and powers": (
        [("add", (0, 1), 0), ("power", (1,), 2), ("remainder", (2, 1), 0), ("ordered", (0, 1, 2, 4), 1)],
        2,
    ),
}
PLACES = (fmpq(7, 2), fmpq(-5, 4), fmpq(2), fmpq(-2), fmpq(1, 3), fmpq(9), fmpq(-7))


def several(name, level=0):
    """How many values of the steps were compared with the oracle's, at points in several orders."""
    made, variables = SEVERAL[name]
    steps = [Step(operation, operands, Fraction(c)) for operation, operands, c in made]
    numbers = Digits if name == "an angle" else Exact
    points = [[*PLACES[k:], *PLACES[:k]][:variables] for k in range(len(PLACES))]
    return sum(check(steps, [LINE] * variables, point, level, numbers) - variables for point in points)


@levels
@pytest.mark.parametrize("name", SEVERAL)
def test_functions_of_several_expressions_have_the_values_of_the_oracle(name, level):
    assert several(name, level) == len(PLACES) * len(SEVERAL[name][0])


@pytest.mark.parametrize("name", SEVERAL)
def test_a_wrong_function_of_several_expressions_is_seen(name, monkeypatch):
    right = Table.opaque
    monkeypatch.setattr(Table, "opaque", lambda t, kind, args, *bounds: right(t, kind, args[:-1] + args[:1], *bounds))
    if name == "the k-th of three":  # a maximum of sums, not opaque
        monkeypatch.setattr(Table, "maximum", lambda t, parts: parts[0])
    with pytest.raises(AssertionError):
        several(name)


def test_remainders_and_angles_of_reals_against_c():
    for a, b in permutations(map(float, (3.5, -1.25, 2, -2, 0.1, 9)), 2):
        with mpmath.workdps(DIGITS):
            pair = [Digits.number(exact(x)) for x in (a, b)]
            assert abs(Digits.several("atan2", pair) - math.atan2(a, b)) < 1e-14
            assert Digits.several("rem", pair) == math.fmod(a, b)
        assert Exact.several("rem", [Fraction(a), Fraction(b)]) == Fraction(math.fmod(a, b))


# ------------------------------------------------------------------ wrong on purpose


@pytest.mark.parametrize("wrong", ["power", "absolute", "maximum", "logistic", "log"])
def test_a_wrong_rule_is_seen(wrong, monkeypatch):
    right = getattr(Table, wrong)
    wrongs = {
        "power": lambda t, e, n: right(t, e, 3 if n == 2 else n),
        "absolute": lambda t, e: e,
        "maximum": lambda t, parts: right(t, parts[1:]) if len(parts) > 1 else right(t, parts),
        "logistic": lambda t, u: right(t, t.add(u, t.number(1))),
        "log": lambda t, e: Expression(t, right(t, e).terms),
    }
    monkeypatch.setattr(Table, wrong, wrongs[wrong])
    steps = {"power": [("power", (0,), 2)], "absolute": [("absolute", (0,), 0)], "logistic": [("logistic", (0,), 0)],
             "maximum": [("number", (), 0), ("maximum", (0, 1), 0)], "log": [("log", (0,), 0)]}[wrong]  # fmt: skip
    made = [Step(operation, operands, Fraction(c)) for operation, operands, c in steps]
    with pytest.raises(AssertionError):
        any(check(made, [LINE], [x], 0, Digits) < 0 for x in POINTS)


def test_a_range_is_found_when_it_is_asked_for():
    t = Table()
    x = t.variable("x", Interval(ZERO, ONE))
    e = t.exp(x)
    ((monomial, _),) = e.terms.items()
    atom = t.atoms[monomial[0][0]]
    assert atom.known_range is None
    assert not t.required("positive", t.add(e, t.exp(t.scale(x, -2))))  # seen without any range
    assert atom.known_range is None
    r = t.range(e)
    assert r.lo == 1
    assert fmpq(271, 100) < r.hi < fmpq(272, 100)
    assert atom.known_range == r


def test_only_positive_sums_of_exponentials_need_no_range():
    t = Table()
    x = t.variable("x", LINE)
    e, f = t.exp(x), t.exp(t.scale(x, 2))
    for sum_ in (t.subtract(f, e), t.subtract(f, t.number(1)), t.add(f, x), t.number(0), t.scale(e, -1)):
        assert t.required("positive", sum_)
        assert t.absolute(sum_) != sum_ or not sum_.terms
    assert t.absolute(t.add(f, e)) == t.add(f, e)


def test_sums_tell_of_their_ranges_what_their_parts_tell():
    t = Table()
    xs = [t.variable(f"x{i}", LINE) for i in range(3)]
    gaps = [t.subtract(t.softplus(x), x) for x in xs]  # each is positive, which its terms alone do not tell
    total = t.add_all(gaps * 10)
    t.note_parts(total, gaps * 10)
    assert ranges.is_positive(t.range(total))
    mixed = t.add_all([*gaps, t.scale(gaps[0], -3)])
    t.note_parts(mixed, [*gaps, t.scale(gaps[0], -3)])
    assert not ranges.is_nonnegative(t.range(mixed))


def test_sums_of_sums_are_followed_however_deep_they_go():
    t = Table()
    x = t.variable("x", LINE)
    positive = t.subtract(t.softplus(x), x)
    total = positive
    for _ in range(600):
        parts = [total, positive]
        total = t.add_all(parts)
        t.note_parts(total, parts)
    assert ranges.is_positive(t.range(total))


@levels
def test_the_logarithm_of_one_exponential_is_its_exponent(level):
    t, x, y = table_of(LINE, POSITIVE, level=level)
    u = t.add_all([t.scale(x, 3), t.log(y), t.maximum([x, t.number(0)])])
    assert t.log(t.exp(t.subtract(u, t.log(y)))) == t.subtract(u, t.log(y))
    assert t.log(t.scale(t.exp(x), fmpq(2, 3))) == t.subtract(x, t.log(t.number(fmpq(3, 2))))
    assert t.log(t.scale(t.exp(x), -1)).needs


@levels
def test_exponentials_are_shifted_as_products_shift_them(level):
    t, x, y, z = table_of(LINE, LINE, POSITIVE, level=level)
    pivot = t.add(x, y)
    ((factor, _),) = t.exp(t.scale(pivot, -1)).terms.items()
    exponents = [pivot, x, t.scale(y, 5), t.add(x, t.maximum([x, y])), t.subtract(x, t.scale(pivot, 2))]
    times = Expression(t, {factor: ONE})
    for product in (*(t.scale(t.exp(u), 3) for u in exponents), t.multiply(t.exp(x), z), z):
        ((monomial, c),) = product.terms.items()
        shifted = t._shifted_exponential(monomial, c, t._exponent_of(monomial), pivot, times)
        assert shifted == t.multiply(product, times)


def test_a_power_of_a_number_with_too_many_digits_is_refused_and_nothing_hangs():
    table = Table()
    assert table.power(table.number(100), fmpq(1000)).constant() == fmpq(100) ** 1000
    assert table.power(table.number(-1), fmpq(10**30 + 1)).constant() == -1
    for n in (2**60, -(2**60)):
        with pytest.raises(TooLargeError, match="binary digits"):
            table.power(table.number(100), fmpq(n))
