"""The rules beside the calculus, each alone, against exact fractions, mpmath and floats at random points."""

import itertools
import random
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from flint import fmpq

from netprops import box, positive, reals
from netprops.domains import Interval
from netprops.questions.asking import readings, traced
from netprops.readings import degree_two, entropies, perspectives, rational, sum_of_squares, trigonometry
from netprops.readings.jaxpr import trace
from netprops.readings.polynomials import Expression, Table
from netprops.readings.substitution import at_point
from netprops.readings.symbols import read


def reading(f, on, level=2):
    (first,) = readings(traced("is_convex", f, on), [], (level,))
    return first.symbols.table, first.expressions[0], first.calculus


# ---------------------------------------------------------------- degree two


def value(Q, x):
    z = [*x, Fraction(1)]
    return sum(Q[i][j] * z[i] * z[j] for i, j in itertools.product(range(len(z)), repeat=2))


def drawn_forms(count, seed):
    rng = random.Random(seed)
    for _ in range(count):
        n = rng.randint(1, 3)
        Q = np.array([[rng.randint(-3, 3) for _ in range(n + 1)] for _ in range(n + 1)])
        yield rng, n, Q + Q.T


def polynomial(Q):
    return lambda v: jnp.append(v, 1.0) @ jnp.asarray(Q, dtype=jnp.float64) @ jnp.append(v, 1.0)


def test_roots_of_hyperbolic_forms_are_concave_and_others_refused():
    seen = {True: 0, False: 0}
    for rng, n, Q in drawn_forms(150, 1):
        table, e, calculus = reading(polynomial(Q), box([1] * n, [2] * n))
        claimed = degree_two.is_hyperbolic(table, e, calculus.mask)
        points = [[Fraction(rng.randint(64, 128), 64) for _ in range(n)] for _ in range(24)]
        values = [value(Q.tolist(), x) for x in points]
        if min(values) <= 0:
            assert not claimed
            continue
        eigenvalues = np.linalg.eigvalsh(Q)
        assert not claimed or (eigenvalues > 1e-9).sum() == 1
        seen[claimed] += 1
        if (
            claimed
        ):  # sqrt(q(m)) >= (sqrt(q(a)) + sqrt(q(b))) / 2 exactly when 4 q(m) - q(a) - q(b) >= 2 sqrt(q(a) q(b))
            for (a, qa), (b, qb) in itertools.pairwise(zip(points, values, strict=True)):
                left = 4 * value(Q.tolist(), [(s + t) / 2 for s, t in zip(a, b, strict=True)]) - qa - qb
                assert left >= 0
                assert left**2 >= 4 * qa * qb
    assert min(seen.values()) > 3


def test_quotients_with_an_affine_form_are_convex_where_it_is_said():
    seen = {True: 0, False: 0}
    for rng, n, Q in drawn_forms(150, 2):
        row = [rng.randint(0, 3) for _ in range(n)]
        over = lambda v, row=row: jnp.asarray(row, dtype=jnp.float64) @ v + 1  # noqa: E731
        f = lambda v, Q=Q, over=over: polynomial(Q)(v) / over(v)  # noqa: E731
        table, e, calculus = reading(f, box([1] * n, [2] * n), level=0)
        found = degree_two.convex_quotients(table, e, calculus.mask)
        seen[found is not None] += 1
        if found is None or found.rest.terms:
            continue
        points = [[Fraction(rng.randint(64, 128), 64) for _ in range(n)] for _ in range(24)]

        def quotient(x, Q=Q, row=row):
            return value(Q.tolist(), x) / (sum(a * t for a, t in zip(row, x, strict=True)) + 1)

        for a, b in itertools.pairwise(points):
            middle = [(s + t) / 2 for s, t in zip(a, b, strict=True)]
            assert 2 * quotient(middle) <= quotient(a) + quotient(b)
    assert min(seen.values()) > 3


def test_the_restricted_form_is_the_form_on_the_plane():
    for rng, n, Q in drawn_forms(60, 3):
        row = {i: fmpq(rng.randint(-2, 2)) for i in range(n)}
        row = {i: c for i, c in row.items() if c != 0}
        matrix = {(i, j): fmpq(int(Q[i, j])) for i, j in itertools.product(range(n), repeat=2)}
        R = degree_two.restricted(matrix, row)
        if not row:
            assert R is None
            continue
        solved = max(row)
        z = {i: fmpq(rng.randint(-5, 5)) for i in range(n) if i != solved}
        others = sorted(z)
        z[solved] = -sum((row.get(i, fmpq(0)) * z[i] for i in others), fmpq(0)) / row[solved]
        whole = sum((c * z[i] * z[j] for (i, j), c in matrix.items()), fmpq(0))
        places = sorted({i for i, _ in matrix} | set(row) - {solved})
        places = [i for i in places if i != solved]
        assert whole == sum(
            (R[a][b] * z[i] * z[j] for a, i in enumerate(places) for b, j in enumerate(places)), fmpq(0)
        )


# ---------------------------------------------------------------- perspectives, entropies


PERSPECTIVES = {
    "square over": (lambda v: v[0] ** 2 / v[1], True),
    "entropy": (lambda v: v[0] * jnp.log(v[0] / v[1]), True),
    "mean": (lambda v: jnp.sqrt(v[0] * v[1]), True),
    "root of squares": (lambda v: jnp.sqrt(v[0] ** 2 + v[1] ** 2), True),
    "maximum": (lambda v: jnp.maximum(v[0], 2 * v[1] - v[0]), True),
    "exponential": (lambda v: v[1] * jnp.exp(v[0] / v[1]), True),
    "linear": (lambda v: v[0] - 3 * v[1], True),
    "degree zero": (lambda v: v[0] / v[1], False),
    "degree two": (lambda v: v[0] * v[1], False),
    "a constant beside": (lambda v: v[0] ** 2 / v[1] + 1, False),
    "x log x": (lambda v: v[0] * jnp.log(v[0]) + v[1], False),
    "x log x less half": (lambda v: v[0] * jnp.log(v[0]) - 0.5 * v[0] * jnp.log(v[1]), False),
    "one variable": (lambda v: v[0] + 0 * v[1], False),
}


@pytest.mark.parametrize("name", PERSPECTIVES)
def test_perspectives_are_homogeneous_of_degree_one(name):
    f, expected = PERSPECTIVES[name]
    table, e, calculus = reading(f, positive(2), level=0)
    found = perspectives.deperspectived(table, e, calculus.mask)
    assert (found is not None) == expected
    for t in (0.5, 3.0):
        v = np.array([1.25, 0.75])
        assert bool(abs(float(f(t * v)) - t * float(f(v))) < 1e-12) or not expected


@pytest.mark.parametrize("name", [name for name, (_, yes) in PERSPECTIVES.items() if yes])
def test_what_a_perspective_comes_from_is_its_value_where_the_divisor_is_one(name):
    f, _ = PERSPECTIVES[name]
    table, e, calculus = reading(f, positive(2), level=0)
    g = perspectives.deperspectived(table, e, calculus.mask).expression
    target = g.table
    used = target.dependencies(g)
    one = 1 if used == 1 else 0  # the variable that is left is the ratio, the other is 1
    for u in (0.25, 1.0, 4.0):
        v = np.full(2, u)
        v[one if used else 0] = 1.0
        assert mp.almosteq(_at(target, g, fmpq(*u.as_integer_ratio())), float(f(v)), 1e-12)


def _at(table, g, u):
    constant = at_point(table, g, [u] * len(table.names))
    r = constant.table.range(constant)
    return mp.mpf(int(r.lo.p)) / int(r.lo.q)


ENTROPIES = {
    "all of it": (lambda v: v[0] * jnp.log(v[0] / v[1]), True),
    "with more of its own": (lambda v: 2 * v[0] * jnp.log(v[0]) - v[0] * jnp.log(v[1]), True),
    "against a mean": (lambda v: v[0] * jnp.log(v[0]) - v[0] * jnp.log(v[0] + v[1]), True),
    "against a concave function": (lambda v: v[0] * jnp.log(v[0]) - v[0] * jnp.log(1 + jnp.sqrt(v[1])), True),
    "too little of its own": (lambda v: v[0] * jnp.log(v[0]) - 2 * v[0] * jnp.log(v[1]), False),
    "against a convex function": (lambda v: v[0] * jnp.log(v[0]) - v[0] * jnp.log(1 + v[1] ** 2), False),
    "the other way": (lambda v: -v[0] * jnp.log(v[0] / v[1]), False),
    "of a square": (lambda v: v[0] ** 2 * jnp.log(v[0] / v[1]), False),
}


@pytest.mark.parametrize("name", ENTROPIES)
def test_relative_entropies(name):
    f, expected = ENTROPIES[name]
    _, e, calculus = reading(f, positive(2), level=0)
    found = entropies.without_relative_entropies(calculus, e)
    assert (found is not None and not found.rest.terms) == expected


# ---------------------------------------------------------------- quotients of polynomials


QUOTIENTS = {
    "polynomial": lambda t, e, s: t**3 - 2 * t,
    "rational": lambda t, e, s: (t - 3) / (1 + t**2) ** 2,
    "exponentials": lambda t, e, s: e(2 * t) - 3 * e(t) + 2,
    "of unlike rates": lambda t, e, s: e(1.5 * t) - 2 * e(-0.5 * t) + 1,
    "logistic": lambda t, e, s: s(2 * t) * (1 - s(t)) - 0.125,
    "powers of the logistic": lambda t, e, s: s(t) ** 2 - 3 * s(t) / 2 + 0.5,
}


@pytest.mark.parametrize("name", QUOTIENTS)
@pytest.mark.parametrize("where", [(-3.0, 2.0), (0.25, 0.5), (-6.0, -5.0), (-8.0, 8.0)])
def test_signs_of_quotients_hold_at_all_points_and_are_sharp_on_polynomials(name, where):
    f = QUOTIENTS[name]
    symbols = read(trace(lambda t: f(t, jnp.exp, jax.nn.sigmoid), box(*where)), level=2)
    sign = rational.sign_of(
        symbols.table,
        symbols.outputs[0].item(),
        Interval(fmpq(*where[0].as_integer_ratio()), fmpq(*where[1].as_integer_ratio())),
    )
    assert sign is not None
    points = [mp.mpf(where[0]) + (mp.mpf(where[1]) - mp.mpf(where[0])) * k / 400 for k in range(401)]
    values = [f(t, mp.exp, lambda u: 1 / (1 + mp.exp(-u))) for t in points]
    assert sign.negative or min(values) >= -(mp.mpf(10) ** -12)
    assert sign.positive or max(values) <= mp.mpf(10) ** -12
    if min(values) > 0.01 or max(values) < -0.01:
        assert sign.is_positive or sign.is_negative


@pytest.mark.parametrize(
    "f",
    [lambda t: t * jnp.exp(t), lambda t: jnp.exp(t + 1), lambda t: t + jnp.sqrt(1 + t**2), jnp.sin, lambda t: t**500],
)
def test_what_is_no_quotient_of_polynomials_has_no_sign(f):
    symbols = read(trace(f, reals()), level=2)
    assert rational.sign_of(symbols.table, symbols.outputs[0].item(), Interval()) is None


# ---------------------------------------------------------------- waves


def test_products_of_waves_are_the_same_function_as_sums():
    rng = random.Random(4)
    for _ in range(25):
        factors = [
            (rng.choice([jnp.sin, jnp.cos]), rng.randint(-2, 3), rng.randint(-2, 2)) for _ in range(rng.randint(2, 5))
        ]
        f = lambda v, factors=factors: jnp.prod(jnp.stack([w(a * v[0] + b * v[1]) for w, a, b in factors]))  # noqa: E731
        table, e, _ = reading(f, reals(2))
        straight = trigonometry.linearised(table, e)
        for monomial in straight.terms:
            assert sum(int(k.p) for i, k in monomial if table.atoms[i].kind in ("sin", "cos")) <= 1
        x = [rng.uniform(-3, 3), rng.uniform(-3, 3)]
        total = sum(
            float(c.p) / float(c.q) * np.prod([_wave(table, i, x) for i, _ in monomial])
            for monomial, c in straight.terms.items()
        )
        assert abs(total - float(f(np.array(x)))) < 1e-12


def _wave(table, index, x):
    atom = table.atoms[index]
    u = sum(
        float(c.p) / float(c.q) * x[table.atoms[m[0][0]].dependencies.bit_length() - 1]
        for m, c in atom.arguments[0].terms.items()
    )
    return {"sin": np.sin, "cos": np.cos}[atom.kind](u)


# ---------------------------------------------------------------- sums of squares


def test_polynomials_with_a_gram_matrix_are_convex():
    rng = random.Random(5)
    found = 0
    for _ in range(60):
        n, degree = rng.choice([(1, 4), (2, 4), (2, 6), (3, 4)])
        powers = [p for p in itertools.product(range(degree + 1), repeat=n) if 1 < sum(p) <= degree]
        terms = {p: rng.randint(-2, 2) for p in rng.sample(powers, min(5, len(powers)))}
        for i in range(n):
            terms[tuple(degree * (i == j) for j in range(n))] = rng.randint(1, 4)
        table = Table(level=2)
        variables = [table.variable(f"x{i}", Interval()) for i in range(n)]
        parts = [
            table.scale(table.multiply_all([table.power(v, k) for v, k in zip(variables, p, strict=True)]), c)
            for p, c in terms.items()
        ]
        e = table.add_all(parts)
        if not sum_of_squares.gram_of_hessian(table, Expression(table, e.terms), (1 << n) - 1):
            continue
        found += 1
        for _ in range(200):
            x = np.array([rng.choice([-1, 1]) * 10 ** rng.uniform(-2, 1) for _ in range(n)])
            hessian = np.zeros((n, n))
            for p, c in terms.items():
                for i, j in itertools.product(range(n), repeat=2):
                    k = list(p)
                    factor = k[i] * (k[j] - (i == j))
                    if factor:
                        k[i] -= 1
                        k[j] -= 1
                        hessian[i, j] += c * factor * np.prod(x ** np.array(k))
            assert np.linalg.eigvalsh(hessian)[0] >= -1e-9 * np.abs(hessian).max()
    assert found > 5


def test_coefficients_beyond_doubles_are_no_sums_of_squares_but_no_error_either():
    tiny = lambda v: v[0] ** 4 + v[1] ** 4 + (1e-200 * v[0]) * (1e-200 * v[1]) ** 3 + v[0] ** 2 * v[1] ** 2  # noqa: E731
    huge = lambda v: (1e200 * v[0]) ** 4 + v[1] ** 4 + v[0] ** 2 * v[1] ** 2  # noqa: E731
    bent = lambda v: tiny(v) - 4 * v[0] ** 2 * v[1] ** 2  # noqa: E731
    for f in (tiny, huge, bent):
        table, e, calculus = reading(f, reals(2))
        found = sum_of_squares.gram_of_hessian(table, e, calculus.mask)
        assert f is not bent or not found
