"""Certificates on trial: strict statements that are true are certified, false ones never."""

import json
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from netprops.domains import reals
from netprops.readings import witnesses
from netprops.readings.jaxpr import trace
from netprops.readings.witnesses import (
    between,
    certain_sign,
    curvature_along,
    difference,
    exact_text,
    is_real_at,
    jensen_gap,
    jensen_violation,
    order,
    sign_of,
    slope_along,
)


def point(*xs):
    return [np.array(xs, dtype=object)]


def plane(function):
    return trace(function, reals(2))


def line(function):
    return trace(function, reals(1))


SADDLE = plane(lambda v: v[0] ** 2 - 1e-10 * v[1] ** 2)  # taken for convex by tests with tolerances

rationals = st.builds(Fraction, st.integers(-50, 50), st.integers(1, 30))


# ------------------------------------------------------------------ Jensen


def test_a_slight_saddle_is_not_convex():
    found = jensen_violation(SADDLE, 0, point(0, -1), point(0, 1))
    assert found.sign == 1
    assert found.precision == 53
    assert found.points["m"] == ("0x0.0p+0", "0x0.0p+0")
    assert found.enclosures["gap"].startswith("[1.00000000000000")


def test_a_slight_saddle_is_not_concave():
    assert jensen_violation(SADDLE, 0, point(-1, 0), point(1, 0), side=-1).sign == -1


def test_convexity_is_not_refuted():
    program = plane(lambda v: jnp.sum(jnp.exp(v)) + v @ v)
    assert jensen_violation(program, 0, point(0, 1), point(1, -2)) is None
    assert jensen_violation(program, 0, point(0, 1), point(1, -2), side=-1) is not None


@given(st.lists(rationals, min_size=2, max_size=2), st.lists(rationals, min_size=2, max_size=2), rationals)
def test_the_gap_of_a_cubic_is_the_exact_one(a, b, weight):
    """``x^2 y``: the sign of the gap in rational arithmetic."""
    w = abs(weight) / 51
    if not 0 < w < 1:
        return

    def f(v):
        return v[0] ** 2 * v[1]

    m = [(1 - w) * x + w * y for x, y in zip(a, b, strict=True)]
    exact_gap = f(m) - (1 - w) * f(a) - w * f(b)
    got = jensen_gap(plane(lambda v: v[0] ** 2 * v[1]), 0, point(*a), point(*b), fmpq(w.numerator, w.denominator))
    if got is None:
        assert exact_gap == 0  # equality of rounded balls is not decided
    else:
        assert got.sign == (exact_gap > 0) - (exact_gap < 0)


def test_equality_on_a_segment_of_relu_is_exact_at_dyadic_points():
    program = plane(lambda v: jnp.sum(jax.nn.relu(v)))
    assert jensen_gap(program, 0, point(1, 2), point(3, 5)).sign == 0
    assert jensen_violation(program, 0, point(1, 2), point(3, 5)) is None
    assert jensen_gap(program, 0, point(-1, 2), point(3, 5)).sign == -1


def test_precision_is_doubled_until_decided():
    program = line(lambda v: (v[0] - 1e150) ** 2)
    assert jensen_gap(program, 0, point(0), point(1)).precision > 900


def test_what_is_quantified_is_equal_in_both():
    program = trace(lambda x, q: x * q, reals(), reals())
    a, b = [np.array(1), np.array(3)], [np.array(2), np.array(3)]
    assert jensen_gap(program, 0, a, b).sign == 0


def test_the_entry_is_named():
    program = line(lambda v: (v[0] ** 2, jnp.stack([v[0], -(v[0] ** 2)])))
    assert jensen_violation(program, 0, point(0), point(1)) is None
    found = jensen_violation(program, 2, point(0), point(1))
    assert found.entry == 2
    with pytest.raises(IndexError):
        sign_of(program, 3, point(0))


@pytest.mark.parametrize("weight", [fmpq(0), fmpq(1), fmpq(3, 2), fmpq(-1)])
def test_a_weight_lies_between(weight):
    with pytest.raises(ValueError, match="weight"):
        jensen_gap(SADDLE, 0, point(0, 0), point(1, 1), weight)


def test_infinite_values_are_no_violation():
    program = line(lambda v: jnp.where(v[0] > 0.0, jnp.inf, v[0]))
    assert jensen_gap(program, 0, point(-1), point(3)) is None
    assert jensen_gap(line(lambda v: jnp.log(v[0])), 0, point(-1), point(3)) is None


# ------------------------------------------------------------------ signs, orders, differences


@given(rationals, rationals)
def test_signs_of_rational_numbers(x, y):
    program = plane(lambda v: v[0] * v[1] - v[0])
    got = sign_of(program, 0, point(x, y))
    exact_value = x * y - x
    assert got is None or got.sign == (exact_value > 0) - (exact_value < 0)
    assert got is not None or exact_value == 0


def test_exact_zero_and_undecidable_zero():
    assert sign_of(line(lambda v: v[0] - 0.5), 0, point(fmpq(1, 2))).sign == 0
    twice = line(lambda v: jnp.exp(v[0]) ** 2 - jnp.exp(2.0 * v[0]))
    assert sign_of(twice, 0, point(1)) is None


def test_order():
    program = line(lambda v: jnp.sin(v[0]))
    assert order(program, 0, point(1), point(0)).sign == 1
    assert order(program, 0, point(0), point(1)).sign == -1
    assert order(line(lambda v: v[0] ** 2), 0, point(-2), point(2)).sign == 0
    assert order(program, 0, point(fmpq(1, 3)), point(fmpq(1, 3))) is None


def test_difference():
    f, g = line(lambda v: jnp.tanh(v[0])), line(lambda v: v[0])
    found = difference(f, g, 0, point(fmpq(1, 10**9)))
    assert found.sign == -1
    assert found.precision > 53
    assert difference(f, g, 0, point(0)).sign == 0


def test_the_rounded_constant_is_another_function():
    f, g = line(lambda v: v[0] * 0.1 * 3.0), line(lambda v: v[0] * 0.3)
    assert difference(f, g, 0, point(1)).sign == 1


# ------------------------------------------------------------------ derivatives along a line


def test_curvature_and_slope():
    assert curvature_along(SADDLE, 0, point(1, 1), point(0, 1)).sign == -1
    assert curvature_along(SADDLE, 0, point(1, 1), point(1, 0)).sign == 1
    assert slope_along(SADDLE, 0, point(1, 1), point(0, 1)).sign == -1
    assert slope_along(SADDLE, 0, point(0, 1), point(1, 0)).sign == 0
    assert curvature_along(plane(lambda v: v[0] + v[1]), 0, point(1, 1), point(1, 2)).sign == 0


def test_no_curvature_at_a_kink():
    program = plane(lambda v: jnp.sum(jnp.abs(v)) + v @ v)
    assert curvature_along(program, 0, point(0, 1), point(1, 1)) is None
    assert slope_along(program, 0, point(0, 1), point(1, 1)) is None
    assert curvature_along(program, 0, point(0, 1), point(0, 1)).sign == 1


# ------------------------------------------------------------------ real or not

REALITY = [
    (lambda v: jnp.log(v[0]), (-1, 0), "undefined"),
    (lambda v: jnp.log(v[0]), (0, 0), "undefined"),
    (lambda v: jnp.log(v[0]), (1, 0), "finite"),
    (lambda v: 1.0 / v[0], (0, 0), "undefined"),
    (lambda v: v[0] ** -2, (0, 0), "undefined"),
    (lambda v: jnp.sqrt(v[0]), (0, 0), "finite"),
    (lambda v: jnp.sqrt(v[0]), (fmpq(-1, 10**200), 0), "undefined"),
    (lambda v: v[0] ** v[1], (fmpq(-3, 2), 2), "finite"),
    (lambda v: v[0] ** v[1], (fmpq(-3, 2), fmpq(1, 2)), "undefined"),
    (lambda v: v[0] ** v[1], (0, -1), "undefined"),
    (lambda v: jnp.log(v) @ v, (0, 1), "undefined"),
    (lambda v: jnp.max(jnp.log(v)), (-1, 1), "undefined"),
    (lambda v: jnp.min(jnp.log(v)) * 0.0, (-1, 1), "undefined"),
    (lambda v: jnp.sum(jnp.sort(jnp.log(v))), (-1, 1), "undefined"),
    (lambda v: jnp.prod(jnp.log(v)), (-1, 1), "undefined"),
    (lambda v: jnp.where(v[0] > 0.0, jnp.log(v[0]), 0.0), (-1, 0), "finite"),
    (lambda v: jnp.where(v[0] > 0.0, jnp.log(v[0]), jnp.nan), (-1, 0), "undefined"),
    (lambda v: jnp.where(v[0] > 0.0, jnp.log(v[0]), jnp.inf), (-1, 0), "undefined"),
    (lambda v: jnp.where(jnp.log(v[0]) > 0.0, 1.0, 2.0), (-1, 0), "undefined"),
    (lambda v: jnp.where(jnp.isnan(jnp.log(v[0])), 1.0, 2.0), (-1, 0), "undefined"),
    (lambda v: jnp.where((v[0] > 0.0) & (jnp.log(v[0]) > 0.0), 1.0, 2.0), (-1, 0), "finite"),
    (lambda v: jnp.where((v[0] < 0.0) | (jnp.log(v[0]) > 0.0), 1.0, 2.0), (-1, 0), "finite"),
    (lambda v: jnp.where((v[0] < 0.0) & (jnp.log(v[0]) > 0.0), 1.0, 2.0), (-1, 0), "undefined"),
    (lambda v: jnp.where(~(v[0] > 0.0) ^ (jnp.log(v[0]) > 0.0), 1.0, 2.0), (-1, 0), "undefined"),
    (lambda v: jnp.where(jnp.where(v[0] > 0.0, jnp.log(v[0]) > 0.0, v[1] > 0.0), 1.0, 2.0), (-1, 0), "finite"),
    (lambda v: jnp.where(jnp.where(jnp.log(v[0]) > 0.0, v[1] > 1.0, v[1] > 0.0), 1.0, 2.0), (-1, 0), "undefined"),
    (lambda v: v @ jnp.stack([jnp.log(v[0]), v[1]]), (-1, 0), "undefined"),
    (lambda v: jnp.log(v[0] * 0.1 - v[1] * 0.1), (1, 1), "undefined"),
    (lambda v: jnp.log(jnp.exp(v[0]) ** 2 - jnp.exp(2.0 * v[0])), (1, 1), "undecided"),
    (lambda v: jax.nn.logsumexp(v), (0, 0), "finite"),
    (lambda v: jax.scipy.special.gammaln(v[0]), (fmpq(-1, 2), 0), "undecided"),
    (lambda v: jnp.arccosh(v[0]), (fmpq(1, 2), 0), "undefined"),
    (lambda v: jnp.arcsin(v[0]), (1, 0), "finite"),
    (lambda v: jnp.isfinite(v[0]) * v[0], (1, 0), "finite"),
]


@pytest.mark.parametrize(("function", "at", "answer"), REALITY, ids=range(len(REALITY)))
@pytest.mark.filterwarnings("ignore")
def test_where_a_program_is_real(function, at, answer):
    with jax.numpy_dtype_promotion("standard"):
        assert is_real_at(plane(function), point(*at)) == answer


def test_one_entry_alone():
    program = plane(jnp.log)
    assert is_real_at(program, point(-1, 1)) == "undefined"
    assert is_real_at(program, point(-1, 1), entry=1) == "finite"


# ------------------------------------------------------------------ records


def test_a_certificate_is_json_with_exact_points():
    found = jensen_violation(SADDLE, 0, point(fmpq(1, 3), -1), point(fmpq(1, 3), 1))
    record = json.loads(json.dumps(found.record()))
    assert record["points"]["a"] == ["1/3", "-0x1.0000000000000p+0"]
    assert record["sign"] == 1
    assert set(record["enclosures"]) == {"f(a)", "f(b)", "f(m)", "gap"}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_are_written_exactly(x):
    assert float.fromhex(exact_text(fmpq(*x.as_integer_ratio()))) == x


def test_numbers_that_are_no_doubles_are_fractions():
    assert exact_text(fmpq(1, 3)) == "1/3"
    assert exact_text(fmpq(2**60 + 1)) == f"{2**60 + 1}/1"
    assert exact_text(fmpq(10**400)) == f"{10**400}/1"


def test_certain_signs():
    assert [certain_sign(x) for x in (arb(2), arb(-2), arb(0), arb(0, 1), arb("inf"), arb("nan"))] == [
        *(1, -1, 0),
        *(None, None, None),
    ]


def test_the_point_between_is_exact():
    (m,) = between(point(0, fmpq(1, 3)), point(1, 0.1), fmpq(1, 4))
    assert m[0] == fmpq(1, 4)
    assert m[1] == fmpq(1, 4) + fmpq(*(0.1).as_integer_ratio()) / 4


def test_the_last_precision_is_high_enough():
    assert witnesses.PRECISIONS[0] == 53
    assert witnesses.PRECISIONS[-1] >= 4096
    assert all(b == 2 * a for a, b in zip(witnesses.PRECISIONS, witnesses.PRECISIONS[1:], strict=False))


def test_a_certificate_that_is_wrong_on_purpose_is_found(monkeypatch):
    """A sign taken from the midpoint calls an undecided zero negative or positive."""
    monkeypatch.setattr(witnesses, "certain_sign", lambda x: 1 if x.mid() >= 0 else -1)
    with pytest.raises(AssertionError):
        test_exact_zero_and_undecidable_zero()


def test_a_long_point_that_is_zero_nearly_everywhere_is_recorded_by_its_other_entries():
    program = trace(lambda x: jnp.sum(x**2), reals(40))
    point = np.zeros(40)
    point[7] = 0.5
    assert sign_of(program, 0, [point]).record()["points"]["x"] == {"entries": 40, "nonzero": {"7": (0.5).hex()}}
    assert sign_of(program, 0, [point + 1]).record()["points"]["x"] == [(x + 1).hex() for x in point.tolist()]
    short = trace(lambda x: jnp.sum(x**2), reals(3))
    assert sign_of(short, 0, [np.zeros(3)]).record()["points"]["x"] == ["0x0.0p+0"] * 3
