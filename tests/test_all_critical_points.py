"""All critical points against functions of known census, grids of slopes, and what must be refused."""

import itertools
import json
import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from flint import Ordering, fmpq_mpoly_ctx, fmpq_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from netprops import DomainError, NotAFunctionError, box, has_critical_points, positive, reals
from netprops.exact import elimination
from netprops.exact.elimination import eliminants
from netprops.objects.minima import ONE_UNIT_DATA
from netprops.readings import all_critical_points as module
from netprops.readings.all_critical_points import all_critical_points
from netprops.readings.jaxpr import trace
from netprops.readings.rational import NotRationalError, rational_gradient

FEW = settings(max_examples=5)
ROOTS = st.lists(st.integers(-6, 6), min_size=1, max_size=4, unique=True).map(sorted)
logistic, tanh = jax.nn.sigmoid, jnp.tanh


def centres(found):
    return [[float(c.p) / float(c.q) for c in point.centre] for point in found.points]


def with_slope(roots):
    """60 times an antiderivative of the product of x - r, which has a minimum at the last root, and so on down."""
    p = (fmpq_poly([60]) * math.prod(fmpq_poly([-r, 1]) for r in roots)).integral()
    coefficients = [int(c.p) for c in p.coeffs()]
    assert all(c.q == 1 for c in p.coeffs())
    return lambda x: sum(c * x**k for k, c in enumerate(coefficients) if c)


def kinds(roots):
    return ["minimum" if (len(roots) - k) % 2 else "maximum" for k in range(len(roots))]


def sse(x, y):
    return lambda w: jnp.sum((logistic(w * np.array(x, dtype=float)) - np.array(y)) ** 2)


# ---------------------------------------------------------------- elimination


@FEW
@given(st.data(), st.integers(2, 3))
def test_common_zeros_are_roots_of_the_eliminants(data, size):
    """Polynomials made to vanish at a point: every combination of (x_i - a_i)."""
    variables = fmpq_mpoly_ctx.get(("x0", "x1", "x2")[:size], Ordering.lex).gens()
    a = data.draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))
    numbers = st.integers(-3, 3)
    system = []
    for k in range(size):
        f = (variables[k] - a[k]) * (1 + data.draw(numbers) * variables[(k + 1) % size])
        for i in range(size):
            f += (variables[i] - a[i]) * data.draw(numbers) * variables[data.draw(st.integers(0, size - 1))]
        system.append(f)
    assume(all(system))  # a combination may vanish, once in thousands
    found = list(eliminants(system, [False] * size))
    if None not in found:
        assert any(all(p(a[i]) == 0 for i, p in enumerate(polynomials)) for polynomials in found)


def test_systems_without_zeros_and_with_a_curve_of_them():
    context = fmpq_mpoly_ctx.get(("x", "y"), Ordering.lex)
    x, y = context.gens()
    assert list(eliminants([x - 1, x - 2], [False, False])) == []
    assert list(eliminants([x * y - 1, (x * y - 1) * (x - 3)], [False, False]))[-1] is None
    assert list(eliminants([x**2 + 1, y], [False, False])) == []
    assert list(eliminants([x + 1, y], [True, False])) == []
    assert list(eliminants([x + 1, y], [False, False])) == [(fmpq_poly([1, 1]), fmpq_poly([0, 1]))]


# ---------------------------------------------------------------- rational gradients


CASES = [
    (lambda p: (p[1] * tanh(2 * p[0]) - 1) ** 2 + logistic(-p[0] / 3), reals(2)),
    (lambda p: jax.nn.softplus(p[0] - 2 * p[1]) + p[0] * 0 + jnp.exp(p[1]) ** 2, reals(2)),
    (lambda p: jnp.log1p(p[0] ** 2) + p[0] / (1 + p[1] ** 2), reals(2)),
    (lambda p: p[0] / p[1] + p[1] ** 3, positive(2)),
    (lambda p: jnp.sinh(p[0]) * jnp.cosh(3 * p[0]) + p[1], reals(2)),
]


@pytest.mark.parametrize(("f", "on"), CASES)
def test_numerators_have_the_sign_of_the_slope(f, on):
    """Up to one sign on the whole domain, the denominators having no zero there; by JAX's gradient."""
    found = rational_gradient(trace(f, on))
    slope = jax.grad(f)
    rng = np.random.default_rng(0)
    for i, numerator in enumerate(found.numerators):
        signs = set()
        for _ in range(8):
            p = rng.uniform(0.1 if on == positive(2) else -2, 2, 2)
            at = [x if c is None else np.exp(float(c.p) / float(c.q) * x) for c, x in zip(found.rates, p, strict=True)]
            value = sum(
                float(c.p) / float(c.q) * np.prod([z ** int(k) for z, k in zip(at, powers, strict=True)])
                for powers, c in numerator.to_dict().items()
            )
            exact = float(slope(p)[i])
            if abs(value) > 1e-6 and abs(exact) > 1e-9:
                signs.add(np.sign(value) * np.sign(exact))
        assert len(signs) == 1


REFUSED = [jnp.sin, lambda x: x * jnp.exp(x), jnp.abs, lambda x: jnp.exp(x + 1), lambda x: jnp.exp(x**2)]


@pytest.mark.parametrize("f", [*REFUSED, lambda x: jnp.sqrt(1 + x**2), lambda x: jnp.exp(x) + jnp.exp(x / 1001)])
def test_what_is_not_rational_is_refused(f):
    with pytest.raises(NotRationalError):
        rational_gradient(trace(f, reals()))


# ---------------------------------------------------------------- the census


@FEW
@given(ROOTS)
def test_polynomials_with_a_known_slope(roots):
    found = all_critical_points(trace(with_slope(roots), reals()))
    assert np.allclose([c for (c,) in centres(found)], roots)
    assert [p.kind for p in found.points] == kinds(roots)


@FEW
@given(ROOTS, st.integers(-4, 2), st.booleans())
def test_half_lines_and_exponentials(roots, border, through_exponential):
    """The roots beyond a border, none of which lies on it; and those of exp(x), which are those above 0."""
    f = with_slope(roots)
    if through_exponential:
        found = all_critical_points(trace(lambda x: f(jnp.exp(x)), reals()))
        assert np.allclose([c for (c,) in centres(found)], [np.log(r) for r in roots if r > 0])
        return
    found = all_critical_points(trace(f, box(border + 0.5, np.inf, open=True)))
    assert np.allclose([c for (c,) in centres(found)], [r for r in roots if r > border + 0.5])


@settings(max_examples=4)
@given(ROOTS.filter(lambda r: len(r) < 4), ROOTS.filter(lambda r: len(r) < 3), st.integers(-2, 2))
def test_products_in_sheared_coordinates(first, second, shear):
    """f(x + k y) + g(y): the census of a product, its Hessian congruent to a diagonal one."""
    f, g = with_slope(first), with_slope(second)
    found = all_critical_points(trace(lambda p: f(p[0] + shear * p[1]) + g(p[1]), reals(2)))
    expected = sorted(
        ((r - shear * s, s), a if a == b else "saddle")
        for (r, a), (s, b) in itertools.product(
            zip(first, kinds(first), strict=True), zip(second, kinds(second), strict=True)
        )
    )
    assert (
        sorted((tuple(np.round(c).astype(int)), p.kind) for c, p in zip(centres(found), found.points, strict=True))
        == expected
    )


@FEW
@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 7)), min_size=1, max_size=3))
def test_logistic_units_against_a_grid_of_slopes(data):
    x, y = [float(a) for a, _ in data], [b / 8 for _, b in data]
    program = trace(sse(x, y), reals())
    found = all_critical_points(program)
    z = np.linspace(-12, 12, 200_000)
    s = 1 / (1 + np.exp(-np.outer(z, x)))
    slope = ((s - y) * s * (1 - s)) @ np.array(x)
    seen = np.flatnonzero(np.sign(slope[1:]) * np.sign(slope[:-1]) < 0)
    inside = [c for (c,) in centres(found) if abs(c) < 12]
    assert len(inside) == len(seen)
    assert np.allclose(inside, z[seen], atol=2e-4)


def test_each_point_of_a_census_by_mpmath():
    found = all_critical_points(trace(sse([1, 10], [1 / 4, 1 / 2]), reals()))
    assert [p.kind for p in found.points] == ["minimum", "maximum", "minimum"]

    def cost(w):
        return sum((y - 1 / (1 + mpmath.exp(-w * x))) ** 2 for x, y in ((1, 0.25), (10, 0.5)))

    for (centre,) in centres(found):
        assert abs(mpmath.diff(cost, centre)) < 1e-12
    assert np.allclose([c for (c,) in centres(found)], [-1.096148386621, -0.511782729595, -0.009933026042])


def test_seven_points_of_a_tanh_unit():
    x, y = ONE_UNIT_DATA.X[:, 0], ONE_UNIT_DATA.y[:, 0]
    f = lambda p: jnp.sum((p[1] * tanh(p[0] * x) - y) ** 2)  # noqa: E731
    assert has_critical_points(f, on=reals(2), minima=4, saddles=3)
    assert not has_critical_points(f, on=reals(2), minima=4, saddles=2)
    assert not has_critical_points(f, on=reals(2), minima=2, saddles=3)


def test_three_coordinates():
    f = lambda p: jnp.sum((p[:2] ** 2 - 1) ** 2) + p[0] * p[1] + p[2] ** 2  # noqa: E731
    found = all_critical_points(trace(f, reals(3)))
    assert len(found.points) == len({tuple(np.round(c, 6)) for c in centres(found)}) == 9
    assert (found.count("minimum"), found.count("maximum"), found.count("saddle")) == (4, 0, 5)
    slope = jax.grad(f)
    assert all(np.abs(slope(np.array(c))).max() < 1e-9 for c in centres(found))


def test_tails_where_nothing_is_rational():
    assert has_critical_points(lambda x: x**2 + 3 * jnp.sin(x) ** 2, on=reals(), minima=1)
    assert has_critical_points(lambda x: x**2 + 9 * jnp.sin(x) ** 2, on=reals(), minima=3, maxima=2)
    assert has_critical_points(lambda x: x + jnp.sin(x) / 2, on=reals())
    assert not has_critical_points(lambda x: x + jnp.sin(x) / 2, on=reals(), minima=1)


# ---------------------------------------------------------------- degenerate, undecided, wrong


@pytest.mark.parametrize(
    "f", [lambda x: x**4, lambda x: x**3, lambda x: (jnp.exp(x) - 1) ** 4, lambda x: x**4 - 4 * x**3]
)
def test_degenerate_points_are_no_minima(f):
    for counts in ({}, {"minima": 1}, {"minima": 1, "saddles": 1}):
        verdict = has_critical_points(f, on=reals(), **counts)
        assert verdict.answer == "no"
        assert "degenerate" in verdict.because


def test_degenerate_points_outside_do_not_count():
    assert has_critical_points(lambda x: x**4 - 4 * x**3, on=box(1, 10), minima=1)
    assert has_critical_points(lambda x: x**3, on=positive())


@pytest.mark.parametrize(
    ("f", "on"),
    [
        (jnp.sin, reals()),  # infinitely many
        (lambda p: (p[0] ** 2 + p[1] ** 2 - 1) ** 2, reals(2)),  # a circle of them
        (lambda p: p[0] ** 2 + 0 * p[1], reals(2)),  # a line of them
        (lambda p: p[0] ** 4 + p[1] ** 2, reals(2)),  # degenerate, not seen to be
        (lambda x: jnp.abs(x), reals()),  # no derivative
        (lambda x: x**2, box(0, 1)),  # on the border
        (lambda p: jnp.sum(p**2), reals(4)),  # too many coordinates
        (lambda x: 0 * x + 1, reals()),  # constant
    ],
)
def test_undecided(f, on):
    for counts in ({}, {"minima": 1}):
        assert has_critical_points(f, on, **counts).answer == "undecided"


def test_wrong_counts():
    f = lambda x: (x**2 - 1) ** 2  # noqa: E731
    assert has_critical_points(f, on=reals(), minima=2, maxima=1)
    for counts in ({"minima": 2}, {"minima": 1, "maxima": 2}, {"minima": 3}, {"minima": 2, "saddles": 1}):
        assert not has_critical_points(f, on=reals(), **counts)
    assert has_critical_points(f, on=positive(), minima=1)
    assert has_critical_points(f, on=box(-0.5, 2), minima=1, maxima=1)


def test_bad_input():
    with pytest.raises(DomainError, match="minimum"):
        has_critical_points(lambda x: x**2, on=reals(), minima=-1)
    with pytest.raises(DomainError, match="saddle"):
        has_critical_points(lambda x: x**2, on=reals(), saddles=True)
    with pytest.raises(NotAFunctionError):
        has_critical_points(lambda x: x**2, on=reals(2), minima=1)


def test_a_witness_is_json():
    verdict = has_critical_points(lambda x: (x**2 - 1) ** 2, on=reals(), minima=2, maxima=1)
    record = json.loads(json.dumps(dict(verdict.witness)))
    assert [point["kind"] for point in record["points"]] == ["minimum", "maximum", "minimum"]


def test_a_root_left_out_is_found(monkeypatch):
    every = module._candidates
    monkeypatch.setattr(module, "_candidates", lambda *a: itertools.islice(every(*a), 1))
    with pytest.raises((AssertionError, ExceptionGroup, ValueError)):
        test_polynomials_with_a_known_slope()


def test_a_factor_wrongly_left_out_is_found(monkeypatch):
    monkeypatch.setattr(elimination, "_is_never_zero", lambda f, positive: len(f.to_dict()) == 2)
    with pytest.raises((AssertionError, ExceptionGroup, ValueError)):
        test_polynomials_with_a_known_slope()


@pytest.mark.parametrize(
    ("f", "on"),
    [
        (lambda x: jnp.exp(x) + jnp.exp(-x), box(-1, 0)),
        (lambda x: jnp.exp(x) + jnp.exp(-x), box(0, 1)),
        (lambda x: (jnp.exp(x) - 1) ** 3, box(-1, 0)),
        (lambda v: jnp.exp(v[0]) + jnp.exp(-v[0]) + v[1] ** 2, box([-1, -1], [0, 1])),
    ],
)
def test_a_critical_point_on_the_border_is_not_passed_over(f, on):
    assert has_critical_points(f, on).answer != "yes"
    assert has_critical_points(f, on, minima=1).answer != "no"
