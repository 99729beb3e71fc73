"""Families of rules for whole sums: a function that only the rule proves, near misses that it refuses, slow oracles."""

import itertools
from fractions import Fraction
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from flint import arb, fmpq
from forgeries import about, put, refusal, sealed, through_json
from hypothesis import given
from hypothesis import strategies as st

from netprops import DomainError, box, is_concave, is_constant, is_convex, positive, reals, recheck
from netprops.domains import Interval
from netprops.exact.bernstein import coefficients, enclosure, is_nonnegative_by_bernstein
from netprops.exact.quadratics import least_value
from netprops.readings import lent_curvature, taylor
from netprops.readings.balls import BALLS, evaluate
from netprops.readings.jaxpr import trace
from netprops.readings.linear_algebra import determinant, solution
from netprops.readings.polynomials import Table
from netprops.readings.symbols import read

lgamma = jax.scipy.special.gammaln


def symmetric(*entries):
    """The 2 x 2 matrix with these entries a, b, c."""
    a, b, c = entries
    return jnp.stack([jnp.stack([a, b]), jnp.stack([b, c])])


def quadratic_over(x, middle):
    """y' adj(A) y / det A for A = [[x0, x1], [x1, x2]], y = (x3, x4), for middle = 2."""
    return (x[2] * x[3] ** 2 - middle * x[1] * x[3] * x[4] + x[0] * x[4] ** 2) / (x[0] * x[2] - x[1] ** 2)


def continued(x):
    return jnp.where(jnp.linalg.norm(x) <= 1, 0.5 * jnp.sum(x**2), jnp.linalg.norm(x) - 0.5)


def continued_down(x):  # the slope falls from 1 to 1/2
    return jnp.where(jnp.linalg.norm(x) <= 1, 0.5 * jnp.sum(x**2), 0.5 * jnp.linalg.norm(x))


PAIRS = box([2, -1, 2, -3, -3], [5, 1, 5, 3, 3])
SMALL = box([1, -1, 1, -3, -3], [5, 2, 5, 3, 3])  # where x0 x2 - x1^2 may be negative
TWO = box(0.25, 4, shape=2)

# rule -> (what it proves convex, near misses that are not convex, or not real)
RULES = {
    "function of one expression": ((continued, reals(2)), [(continued_down, reals(2))]),
    "reversed norm": (
        (lambda x: -((x[0] ** 3 - jnp.abs(x[1]) ** 3) ** 0.25), box([2, -1], [4, 1])),
        [
            (lambda x: -((x[0] ** 3 - jnp.abs(x[1]) ** 3) ** 0.375), box([2, -1], [4, 1])),
            (lambda x: -((x[0] ** 3 + jnp.abs(x[1]) ** 3) ** 0.25), box([2, -1], [4, 1])),
            (lambda x: -((x[0] ** 4 + 1 - x[1] ** 4) ** 0.25), box([2, -1], [4, 1])),  # a positive constant
            (lambda x: -((jnp.sqrt(x[0]) - jnp.sqrt(x[1])) ** 2), box([4, 0.25], [9, 2])),  # the power p is below 1
            (lambda x: -((x[0] ** 4 - x[1] ** 2) ** 0.25), box([2, -1], [4, 1])),  # of a concave function
            (lambda x: -jnp.sqrt((x[0] ** 2 + 2) ** 2 - x[1] ** 2), box([-1, 0], [1, 1])),  # of a convex one, above
            (lambda x: -jnp.log(9 + x[0] ** 4 - x[1] ** 4), box([0, -1], [4, 1])),
        ],
    ),
    "log of a Gumbel tail": (
        (lambda x: -jnp.log(-jnp.expm1(-2 * jnp.exp(3 * x[0]))), reals(1)),
        [
            (lambda x: jnp.log(-jnp.expm1(-jnp.exp(x[0]))), reals(1)),
            (lambda x: -jnp.log(jnp.exp(jnp.exp(x[0])) - 0.5), reals(1)),  # another constant
            (lambda x: -jnp.log(jnp.expm1(jnp.exp(x[0]))), reals(1)),  # without exp(u) beside it
            (lambda x: -jnp.log(-jnp.expm1(-jnp.exp(x[0] ** 2))), reals(1)),  # of a convex function
            (lambda x: -jnp.log(-jnp.expm1(-2 * jnp.exp(3 * x[0]))) - 1e-3 * jnp.exp(3 * x[0]), reals(1)),
        ],
    ),
    "entropies": (
        (lambda x: (x[0] + x[1]) * jnp.log((x[0] + x[1]) / (x[0] + 2 * x[1] + 1)), TWO),
        [
            (lambda x: 0.75 * (x[0] + x[1]) * jnp.log(x[0] + x[1]) - (x[0] + x[1]) * jnp.log(x[0] + 2 * x[1] + 1), TWO),
            (lambda x: (x[0] + x[1]) * jnp.log((x[0] + x[1]) / (1 + x[1] ** 2)), TWO),  # of a convex function
            (lambda x: (x[0] - x[1]) * jnp.log((x[0] + x[1]) / (x[0] + 2 * x[1] + 1)), TWO),  # times another form
        ],
    ),
    "Dirichlet normaliser": (
        (lambda x: lgamma(x[0]) + lgamma(x[1]) - lgamma(x[0] + x[1]), positive(2)),
        [
            (lambda x: lgamma(x[0]) + lgamma(x[1]) - 1.25 * lgamma(x[0] + x[1]), TWO),
            (lambda x: lgamma(x[0]) + lgamma(x[1] + 4) - lgamma(x[0] + x[1]), box(2, 8, shape=2)),
            (lambda x: lgamma(x[0] + x[1]) - lgamma(x[0]) - lgamma(x[1]), TWO),  # a negative coefficient
            (lambda x: lgamma(x[0]) + lgamma(x[1]) - lgamma(2 * x[0] + x[1]), TWO),  # more than the total
        ],
    ),
    "lent curvature": (
        (lambda x: jnp.cosh(x[0]) + jnp.cosh(x[1]) + x[0] * x[1], reals(2)),
        [
            (lambda x: jnp.cosh(x[0]) + jnp.cosh(x[1]) + (1 + 2.0**-10) * x[0] * x[1], reals(2)),
            (lambda x: jnp.cosh(x[0]) + (1 - 2.0**-10) * jnp.cosh(x[1]) + x[0] * x[1], reals(2)),
            (lambda x: jnp.cosh(x[0]) + jnp.sinh(x[1]) + x[0] * x[1], reals(2)),
        ],
    ),
    "minors": (
        (lambda x: x[0] ** 3 + x[1] ** 3 + 3 * x[0] * x[1], box(0.5, 2, shape=2)),
        [(lambda x: x[0] ** 3 + x[1] ** 3 + (3 + 2.0**-10) * x[0] * x[1], box(0.5, 2, shape=2))],
    ),
    "matrix fraction": (
        (lambda x: quadratic_over(x, 2.0), PAIRS),
        [
            (lambda x: quadratic_over(x, 2.125), PAIRS),
            (lambda x: -quadratic_over(x, 2.0), PAIRS),
            (lambda x: quadratic_over(x, 2.0) - x[0] ** 2 / 8, PAIRS),  # the rest is not convex
            (lambda x: quadratic_over(jnp.stack([x[0], x[1], x[2] ** 2, x[3], x[4]]), 2.0), PAIRS),  # not affine
            (lambda x: quadratic_over(jnp.stack([x[2], x[1], x[0], x[3], x[4]]), 2.0) * x[3], PAIRS),
        ],
    ),
    "Ky Fan": (
        (lambda x: jnp.linalg.norm(x.reshape(2, 3), "nuc"), reals(6)),
        [
            (lambda x: jnp.linalg.norm(x.reshape(2, 3), -2), reals(6)),
            (lambda x: -jnp.linalg.norm(x.reshape(2, 3), "nuc"), reals(6)),
        ],
    ),
    "one form": (
        (lambda x: x[0] / jnp.tanh(x[0]), box(0.25, 5, shape=1)),
        [(lambda x: x[0] / jnp.tanh(x[0]) - 0.34 * x[0] ** 2, box(0.25, 5, shape=1))],
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_proves_what_it_is_for_and_no_near_miss(name):
    (f, on), misses = RULES[name]
    verdict = is_convex(f, on)
    assert verdict.answer == "yes"
    assert name in {node.rule for node in verdict.basis.nodes()}
    for miss, where in misses:
        assert is_convex(miss, where).answer == "no"


OTHER_MISSES = [(name, miss) for name, (_, misses) in RULES.items() for miss in (misses[1:] or misses[:1])]


@pytest.mark.parametrize(("name", "miss"), OTHER_MISSES)
def test_the_checker_refuses_the_proof_for_other_near_misses(name, miss):
    (f, on), _ = RULES[name]
    g, where = miss
    refusal(about(through_json(is_convex(f, on).certificate), (where,), g), g)


CORRUPTIONS = {
    "function of one expression": [("rises", 0), ("rises", 2), ("root", 1), ("kink", "2"), ("inner", [])],
    "log of a Gumbel tail": [("term", 7), ("term", None)],
    "entropies": [("shares", []), ("forms", [])],
    "Dirichlet normaliser": [("coefficient", "2"), ("coefficient", "-1"), ("arguments", [])],
    "lent curvature": [
        *(("lent", lent) for lent in ([], ["1", "0"], ["2", "-1/4"], ["1"], ["1", "1", "1"], [1.0, 2])),
        *(("forms", forms) for forms in ([], [[], []], None)),
        *(("summands", summands) for summands in ([], [[0], [0]], [[0, 1], [1]], [[99], [0]], [None, None])),
    ],
    "matrix fraction": [("weight", "2"), ("weight", "-1"), ("vector", []), ("matrix", [])],
    "one form": [("pieces", []), ("pieces", [{"from": "1/4", "parts": {"cuts": [], "vanishing": [1, 0]}}])],
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corrupted_step_is_refused(name):
    (f, on), _ = RULES[name]
    certificate = through_json(is_convex(f, on).certificate)
    place = next(n for n, step in enumerate(certificate["steps"]) if step["rule"] == name)
    for key, value in CORRUPTIONS[name]:
        refusal(sealed(put(certificate, ("steps", place, "parameters", key), value)), f)


def test_halves_of_a_box_are_checked():
    on = box(-0.6, 0.6, shape=2)
    f = lambda x: x[0] ** 4 + x[1] ** 4 - 1.5 * x[0] ** 2 * x[1] ** 2 + x[0] ** 2 + x[1] ** 2  # noqa: E731
    certificate = through_json(is_convex(f, on).certificate)
    assert recheck(certificate, f)
    place = next(n for n, step in enumerate(certificate["steps"]) if step["rule"] == "minors")
    assert certificate["steps"][place]["parameters"]["halves"] is not None
    for halves in (None, 3, [5, None, None], [0, None], [-1, None, None], [0, None, None, None]):
        refusal(sealed(put(certificate, ("steps", place, "parameters", "halves"), halves)), f)


# ------------------------------------------------------------------ Taylor series


POINTS = {"atanh": 0.3, "asin": 0.3, "acos": 0.3, "erf_inv": 0.3, "acosh": 1.7}
MPMATH = {
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)), "erf_inv": mpmath.erfinv, "lgamma": mpmath.loggamma,
    "digamma": mpmath.digamma, "bessel_i0": lambda x: mpmath.besseli(0, x),
}  # fmt: skip


@pytest.mark.parametrize("name", taylor.SERIES)
def test_series_enclose_the_derivatives(name):
    at = POINTS.get(name, 0.7)
    table = Table()
    t = table.variable("t", Interval(fmpq(1, 16), fmpq(15, 16)) if at < 1 else Interval(fmpq(3, 2), fmpq(2)))
    e = {"exp": table.exp, "log": table.log, "logistic": table.logistic}.get(name, lambda u: table.apply(name, u))(t)
    function = MPMATH.get(name) or getattr(mpmath, name)
    with mpmath.workdps(40):
        expected = mpmath.taylor(function, mpmath.mpf(at), 6)
    point = taylor.series_of(table, e, arb(at), 7)
    wide = taylor.series_of(table, e, arb(at, 2.0**-6), 7)
    for c, exact, around in zip(expected, point, wide, strict=True):
        assert abs(float(exact.mid()) - float(c)) < 1e-9 * (1 + abs(float(c)))
        assert around.contains(exact.mid())
        assert float(exact.rad()) < 1e-25 * (1 + abs(float(c)))


def test_series_are_nan_where_the_function_is_not_smooth():
    table = Table()
    t = table.variable("t", Interval(fmpq(0), fmpq(2)))
    for e in (table.log(t), table.power(t, fmpq(1, 2)), table.power(t, -1), table.apply("lgamma", t)):
        assert not taylor.series_of(table, e, arb(0.25, 0.5), 4)[2].is_finite()
    with pytest.raises(taylor.NoSeriesError):
        taylor.series_of(table, table.absolute(table.subtract(t, table.number(1))), arb(0.5), 3)


WIDE = {"atanh": (-0.99, 0.99), "asin": (-0.99, 0.99), "acos": (-0.99, 0.99), "erf_inv": (-0.99, 0.99)}


@pytest.mark.parametrize("name", taylor.SERIES)
def test_series_over_wide_balls_enclose_the_derivatives_or_say_nothing(name):
    table = Table()
    lo, hi = WIDE.get(name, (2, 900) if name in ("log", "lgamma", "digamma", "acosh") else (-900, 900))
    low, high = fmpq(lo) if lo == int(lo) else fmpq(-99, 100), fmpq(hi) if hi > 1 else fmpq(99, 100)
    t = table.variable("t", Interval(low, high))
    e = {"exp": table.exp, "log": table.log, "logistic": table.logistic}.get(name, lambda u: table.apply(name, u))(t)
    function = MPMATH.get(name) or getattr(mpmath, name)
    for middle, radius in (((lo + hi) / 2, (hi - lo) / 2), ((lo + hi) / 2, 1), (hi - 1, 1), (lo, 1), (0, 2)):
        found = taylor.series_of(table, e, arb(middle, radius), 3)
        for share in (-0.75, 0, 0.75):
            x = mpmath.mpf(middle + share * radius)
            if not lo < x < hi:
                continue
            with mpmath.workdps(40):
                exact = [mpmath.re(c) for c in mpmath.taylor(function, x, 2)]
            for ball, c in zip(found, exact, strict=True):
                near = _radius(ball) * (1 + 1e-9) + 1e-20 if ball.is_finite() else mpmath.inf
                assert ball.is_nan() or near == mpmath.inf or abs(c - _mid(ball)) <= near


def _mid(ball):
    return mpmath.mpf(str(ball.mid().str(50, radius=False)))


def _radius(ball):
    return mpmath.mpf(str(ball.rad().str(20, radius=False)))


def test_a_curve_of_logistic_functions_on_a_wide_box_is_looked_at():
    f = lambda x: jax.nn.sigmoid(x) * jnp.tanh(x) + 3 * x**2  # noqa: E731
    assert is_convex(f, box(-100, 100)).answer in ("yes", "undecided")


def test_a_second_derivative_that_vanishes_at_an_end_needs_the_next_one_of_one_sign():
    table = Table()
    t = table.variable("t", Interval(fmpq(0), fmpq(1)))
    rising = table.subtract(t, table.apply("sin", t))  # the second derivative is sin t
    where = Interval(fmpq(0), fmpq(1))
    assert taylor.convex_parts(table, rising, where, (1, 0)) is not None
    assert taylor.convex_parts(table, rising, where, (0, 0)) is None
    assert taylor.convex_parts(table, table.scale(rising, -1), where, (1, 0)) is None


# ------------------------------------------------------------------ polynomials on boxes


def polynomials(variables):
    keys = list(itertools.product(range(4), repeat=variables))
    return st.dictionaries(st.sampled_from(keys), st.integers(-5, 5).map(fmpq), min_size=1, max_size=6)


def value(polynomial, x):
    total = fmpq(0)
    for key, c in polynomial.items():
        for k, z in zip(key, x, strict=True):
            c = c * z**k
        total += c
    return total


@given(polynomials(2), st.integers(-3, 2), st.integers(1, 4))
def test_values_lie_between_bernstein_coefficients(polynomial, lo, width):
    side = (fmpq(lo), fmpq(lo + width))
    low, high = enclosure(polynomial, [side, side])
    grid = [fmpq(lo) + fmpq(width * k, 8) for k in range(9)]
    values = [value(polynomial, x) for x in itertools.product(grid, repeat=2)]
    assert low <= min(values)
    assert max(values) <= high
    if is_nonnegative_by_bernstein(polynomial, [side, side]):
        assert min(values) >= 0
    if is_nonnegative_by_bernstein(polynomial, [(fmpq(lo), None), (None, fmpq(lo))]):
        away = [fmpq(k * k, 3) for k in range(6)]
        assert all(value(polynomial, (lo + s, lo - t)) >= 0 for s, t in itertools.product(away, repeat=2))


def test_bernstein_coefficients_are_sharp_at_corners_and_refuse_what_is_negative_inside():
    square = {(2,): fmpq(1), (1,): fmpq(-1), (0,): fmpq(1, 4)}  # (x - 1/2)^2
    assert not is_nonnegative_by_bernstein(square, [(fmpq(0), fmpq(1))])
    assert is_nonnegative_by_bernstein(square, [(fmpq(1, 2), fmpq(1))])
    assert coefficients(square, [(fmpq(1, 2), fmpq(1))])[(0,)] == 0
    assert not is_nonnegative_by_bernstein({**square, (0,): fmpq(1, 5)}, [(fmpq(1, 2), fmpq(1))])
    with pytest.raises(ValueError, match="no end"):
        is_nonnegative_by_bernstein(square, [(None, None)])


@given(st.lists(st.integers(-4, 4), min_size=10, max_size=10))
def test_the_least_value_of_a_quadratic_polynomial(numbers):
    a, b, c, d, e, f, p, q, r, s = map(fmpq, numbers)
    quadratic = {(0, 0): a, (0, 1): b, (1, 1): c, (1, 2): d, (2, 2): e, (0, 2): f}
    linear = {0: p, 1: q, 2: r}
    least = least_value(quadratic, linear, s)
    Q = np.array([[a, b / 2, f / 2], [b / 2, c, d / 2], [f / 2, d / 2, e]], dtype=object).astype(str)
    Q = np.array([[float(fmpq(*map(int, x.split("/")))) for x in row] for row in Q])
    lowest = np.linalg.eigvalsh(Q)[0]
    if least is None:
        assert lowest < 1e-9  # a definite form is bounded
        return
    assert lowest > -1e-9
    x = np.linalg.lstsq(2 * Q, -np.array([float(p.p), float(q.p), float(r.p)]), rcond=None)[0]
    there = x @ Q @ x + x @ [float(p.p), float(q.p), float(r.p)] + float(s.p)
    assert abs(there - float(least.p) / float(least.q)) < 1e-6 * (1 + abs(there))


# ------------------------------------------------------------------ linear algebra


def balls(matrix):
    out = np.empty(matrix.shape, dtype=object)
    out.reshape(-1)[:] = [arb(float(x)) for x in matrix.reshape(-1)]
    return out


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_systems_and_determinants_against_numpy(size):
    A = np.random.default_rng(size).normal(size=(size, size))
    b = np.arange(1.0, size + 1)
    found = solution(BALLS, balls(A), balls(b))
    assert np.allclose([float(x.mid()) for x in found], np.linalg.solve(A, b))
    assert np.isclose(float(determinant(BALLS, balls(A)).mid()), np.linalg.det(A))


MATRICES = {
    "eigenvalues": lambda A: jnp.linalg.eigvalsh(A + A.T),
    "singular values": lambda A: jnp.linalg.svd(A, compute_uv=False),
    "Cholesky": lambda A: jnp.linalg.cholesky(A @ A.T + jnp.eye(len(A))),
    "inverse": jnp.linalg.inv,
    "triangular": lambda A: jax.scipy.linalg.solve_triangular(A, A.T, lower=False, trans=1),
}


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("size", [2, 3])
def test_decompositions_in_balls_enclose_those_of_jax(name, size):
    A = np.random.default_rng(size).normal(size=(size, size)) + 2 * np.eye(size)
    program = trace(MATRICES[name], reals((size, size)))
    (found,) = evaluate(program, [balls(A)], 80)
    expected = np.asarray(MATRICES[name](jnp.asarray(A)))
    for ball, x in zip(found.reshape(-1), expected.reshape(-1), strict=True):
        assert ball.is_finite()
        assert abs(float(ball.mid()) - x) < 1e-12
        assert float(ball.rad()) < 1e-15


UNDEFINED_IN_PLACES = {
    "Cholesky of a singular matrix": (lambda x: jnp.linalg.cholesky(x.reshape(1, 1))[0, 0], box(0, 1)),
    "an entry of Cholesky's factor beside a bad pivot": (
        lambda x: jnp.linalg.cholesky(symmetric(1 + 0 * x, x, 0 * x))[0, 0],
        reals(),
    ),
    "an entry of a solution beside a singular block": (
        lambda x: jnp.linalg.solve(symmetric(1 + 0 * x, 0 * x, x), jnp.ones(2))[0],
        box(-1, 1),
    ),
    "the singular values of a matrix with a bad entry": (
        lambda x: jnp.linalg.norm(jnp.stack([1 / x, x, x, x, x, x]).reshape(2, 3), 2),
        reals(),
    ),
    "the eigenvalues of a matrix with a bad entry": (
        lambda x: jnp.linalg.eigvalsh(jnp.diag(jnp.stack([1 / x, x, x])) + 1)[0],
        reals(),
    ),
}


@pytest.mark.parametrize("name", UNDEFINED_IN_PLACES)
def test_a_decomposition_is_undefined_as_a_whole(name):
    f, on = UNDEFINED_IN_PLACES[name]
    assert np.isnan(f(jnp.float64(0)))
    for ask in (is_concave, is_constant):
        with pytest.raises(DomainError, match="not a real number at 0"):
            ask(f, on)


def test_what_depends_on_eigenvectors_or_pivots_is_refused():
    for f in (
        lambda x: jnp.linalg.eigh(symmetric(*x))[1][0, 0],
        lambda x: jax.scipy.linalg.lu(symmetric(*x))[2][0, 0],
    ):
        with pytest.raises(Exception, match=r"depends on|places|no rule"):
            is_convex(f, reals(3))


# ------------------------------------------------------------------ normal forms


def form(f, on, level=2):
    return str(read(trace(f, on), level=level).outputs[0].item())


@pytest.mark.parametrize(
    ("f", "g", "on"),
    [
        (lambda x: jnp.maximum(x[0], x[1]) * jnp.minimum(x[0], x[1]), lambda x: x[0] * x[1], reals(2)),
        (lambda x: x[0] * jax.nn.relu(x[0]), lambda x: jax.nn.relu(x[0]) ** 2, reals(2)),
        (lambda x: jnp.sum(jax.nn.softmax(x)), lambda x: 1.0 + 0 * x[0], reals(2)),
        (lambda x: x[0] * (jnp.sin(x[1]) ** 2 + jnp.cos(x[1]) ** 2), lambda x: x[0], reals(2)),
        (lambda x: jnp.tanh(jnp.maximum(*x)) + jnp.tanh(jnp.minimum(*x)), lambda x: jnp.sum(jnp.tanh(x)), reals(2)),
        (lambda x: jax.scipy.special.xlog1py(x[0], x[0]), lambda x: x[0] * jnp.log1p(x[0]), box(0, 3, shape=2)),
    ],
)
def test_equal_functions_have_one_normal_form(f, g, on):
    assert form(f, on) == form(g, on)


@pytest.mark.parametrize(
    ("f", "g", "on"),
    [
        (lambda x: jnp.maximum(x[0], x[1]) * jnp.maximum(x[0], x[1]), lambda x: x[0] * x[1], reals(2)),
        (lambda x: jnp.where(x[0] != 0, jnp.cos(x[0]), 0.0), lambda x: jnp.cos(x[0]), reals(2)),
        (lambda x: jnp.where(x[0] > 0, x[1], 0.0), lambda x: x[1], box(0, 3, shape=2)),
        (lambda x: jnp.tanh(jnp.maximum(*x)) - jnp.tanh(jnp.minimum(*x)), lambda x: jnp.sum(jnp.tanh(x)), reals(2)),
    ],
)
def test_unequal_functions_have_not(f, g, on):
    assert form(f, on) != form(g, on)


# ------------------------------------------------------------------ chords that floats seldom meet


def test_a_corner_and_a_kink_that_turn_down_a_little_are_found():
    corner = lambda x: x[0] ** 3 + x[1] ** 3 + 3.0001 * x[0] * x[1]  # noqa: E731
    assert is_convex(corner, box(0.5, 2, shape=2)).answer == "no"
    kink = lambda x: x[0] ** 2 + x[1] ** 2 - 1e-7 * jnp.abs(x[0] + x[1] - 0.3)  # noqa: E731
    assert is_convex(kink, reals(2)).answer == "no"
    assert is_concave(lambda x: -corner(x), box(0.5, 2, shape=2)).answer == "no"


def test_a_ball_on_which_there_is_no_series_gives_nothing_known():
    table = Table()
    t = table.variable("t", Interval(fmpq(-(2**40)), fmpq(2**40)))
    wide = arb(0, 2.0**40)
    for name in ("logistic", "tanh", "asinh", "erf", "sinh"):
        found = taylor.series_of(table, table.apply(name, t), wide, 4)
        assert len(found) == 4
        assert not found[-1].is_finite() or found[-1].rad() > 0


@pytest.mark.parametrize(
    ("function", "on", "least", "near"),
    [
        (jnp.cosh, reals(), 1.0, 1e-12),
        (lambda x: jnp.cosh(x) - jnp.exp(-((x - 0.7) ** 2)), reals(), 0.226227664325, 1e-9),  # between two looks
        (lambda x: -jnp.log(x), box(0.5, 2), 0.25, 1e-7),  # towards an end
        (lambda x: jnp.exp(jnp.exp(x)), reals(), 0.0, 1e-50),  # too large for floats on the other side
        (lambda x: jnp.sqrt(x) * x**2 - jnp.sqrt(x), positive(), 3.343701524882, 1e-9),  # with an end
    ],
)
def test_the_least_second_derivative_is_found(function, on, least, near):
    form = read(trace(function, on))
    (e,) = form.outputs
    found = lent_curvature._least_bend(SimpleNamespace(table=form.table), form.variables[0], e.item().terms)
    assert abs(found - least) < near


def test_least_bends_are_looked_for_between_ends_too_long_for_a_float_each():
    third = Fraction(10**400 + 1, 3 * 10**400)
    for on in (box(-1, third, shape=2), box(-1, Fraction(10**400), shape=2)):
        assert is_convex(lambda v: jnp.cosh(v[0]) + jnp.cosh(v[1]) + v[0] * v[1], on=on).evidence == "proved"
