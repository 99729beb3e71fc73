"""The symbolic reading of JAX programs: its value is the program's, and its side conditions are never too few."""

import functools
import operator
from itertools import pairwise

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import optax
import pytest
from flint import fmpq
from jax import lax
from jax.scipy import special
from normal_forms import DIGITS, Digits, conditions_hold, value_of

from netprops import are_equal
from netprops.domains import box, exact, nonnegative, positive, reals
from netprops.readings import polynomials
from netprops.readings.jaxpr import UnsupportedError, trace
from netprops.readings.polynomials import Expression
from netprops.readings.symbols import UndefinedError, read

ACTIVATIONS = [
    "celu", "elu", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh", "identity", "leaky_relu", "log_sigmoid", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "soft_sign", "softplus", "sparse_plus", "sparse_sigmoid", "squareplus",
    "swish", "tanh",
]  # fmt: skip
VECTORS = ["softmax", "log_softmax", "logsumexp", "glu"]
LOSSES = {
    "squared": lambda x, y: optax.squared_error(x, y),
    "l2": lambda x, y: optax.l2_loss(x, y),
    "Huber": lambda x, y: optax.huber_loss(x, y),
    "log-cosh": lambda x, y: optax.log_cosh(x, y),
    "hinge": lambda x, y: optax.hinge_loss(x, jnp.sign(y)),
    "sigmoid cross-entropy": lambda x, y: optax.sigmoid_binary_cross_entropy(x, y),
    "softmax cross-entropy": lambda x, y: optax.softmax_cross_entropy(x, y),
    "softmax cross-entropy with a label": lambda x, y: optax.softmax_cross_entropy_with_integer_labels(x, jnp.array(1)),
    "Kullback-Leibler": lambda x, y: optax.kl_divergence(x, jnp.exp(y)),
}
POINTS = [[0.0, 0.0, 0.0], [1.0, -1.0, 0.5], [3.0, 3.0, -6.0], [-0.25, 6.0, 2.0], [1.0, 1.0, 1.0], [-7.5, -3.0, 12.0]]


def agrees(f, point, *, on=None):
    """The reading, evaluated at a point, against the function in floats; the side conditions hold there."""
    point = np.asarray(point, dtype=float)
    expected = np.asarray(f(jnp.asarray(point))).reshape(-1)
    symbols = read(trace(f, on if on is not None else reals(point.shape)))
    (output,) = symbols.outputs
    at = [exact(float(x)) for x in point.reshape(-1)]
    with mpmath.workdps(DIGITS):
        for e, y in zip(output.reshape(-1), expected, strict=True):
            assert isinstance(e, Expression)
            assert conditions_hold(e, at, Digits) is True
            x = value_of(symbols.table, e, at, Digits)
            assert abs(x - mpmath.mpf(float(y))) <= 1e-12 * (1 + abs(x)), f"{e} = {x}, not {y}"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    f = getattr(jax.nn, name)
    for point in POINTS:
        agrees(f, point)
    (output,) = read(trace(f, reals())).outputs
    assert not output[()].needs


@pytest.mark.parametrize("name", VECTORS)
def test_functions_of_vectors(name):
    f = getattr(jax.nn, name)
    for point in POINTS:
        agrees(f, [*point, 2.0])
    assert not any(e.needs for e in read(trace(f, reals(4))).outputs[0].reshape(-1))


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    for point, other in pairwise(POINTS):
        agrees(lambda v: LOSSES[name](v[0], v[1]), [point, [x / 4 + 0.125 for x in other]])


def guarded_twice(x):
    """log x between 1/2 and 4, x - 1 elsewhere; the logarithm sees no other numbers."""
    inside = (x > 0.5) & (x < 4.0)
    return jnp.where(inside, jnp.log(jnp.where(inside, x, 1.0)), x - 1.0)


PROGRAMS = {
    "a guarded logarithm": lambda x: jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1.0)), 0.0),
    "a guarded quotient": lambda x: jnp.where(x == 0, 1.0, jnp.sin(x) / jnp.where(x == 0, 1.0, x)),
    "a chain of choices": lambda x: jnp.where(x < -1, -1.0, jnp.where(x > 1, 1.0, x)),
    "clip": lambda x: jnp.clip(x, -1, 1),
    "a loop": lambda x: lax.fori_loop(0, 4, lambda i, c: jnp.tanh(c) + i * x, x),
    "a scan": lambda x: lax.scan(lambda c, y: (c * y, c + y), 1.0, x)[1],
    "a running sum": jnp.cumsum,
    "a running maximum": lambda x: lax.cummax(x, 0),
    "a conditional": lambda x: lax.cond(x[0] > x[1], lambda v: v, lambda v: -v, x),
    "sorted": lambda x: jnp.sort(x[:2]),
    "a masked maximum": lambda x: jnp.max(jnp.where(jnp.array([True, False, True]), x, -jnp.inf)),
    "a masked log-sum-exp": lambda x: jax.nn.logsumexp(x, where=jnp.array([True, True, False])),
    "log-sum-exp with weights": lambda x: jax.nn.logsumexp(x, b=jnp.array([1.0, 2.0, 0.5])),
    "logaddexp": lambda x: jnp.logaddexp(x[0], x[1]),
    "logaddexp2": lambda x: jnp.logaddexp2(x[0], x[1]),
    "nan guard": lambda x: jnp.where(jnp.isnan(x), 0.0, x),
    "nan to num": jnp.nan_to_num,
    "finite guard": lambda x: jnp.where(jnp.isfinite(x), x, 0.0),
    "powers": lambda x: x**3 + 2.0**x + jnp.exp2(x),
    "a comparison as a number": lambda x: (x[0] < x[1]).astype(float) + (x[0] == x[2]).astype(float),
    "comparisons combined": lambda x: jnp.where(jnp.logical_not(x[0] > x[1]), x[2], x[0]),
    "two comparisons": lambda x: jnp.where((x > -1) & (x < 2), jnp.exp(x), x),
    "one of two": lambda x: jnp.where((x[0] > x[1]) | ~(x[1] <= x[2]), x[0], -x[1]),
    "just one of two": lambda x: jnp.where((x[0] > 0) ^ (x[1] >= 1), x, x**2) + ((x < 2) == (x > -5)).astype(float),
    "a choice of comparisons": lambda x: jnp.where(jnp.where(x[0] < 1, x[1] > 0, x[2] > 0), x, -x),
    "nested combinations": lambda x: jnp.where(((x > 0) & (x < 3)) | ((x < -1) & ~(x == -3)), x, 7.0),
    "guarded by two comparisons": guarded_twice,
    "norms": lambda x: jnp.sqrt(jnp.sum(x**2) + 1),
    "the variance": jnp.var,
    "sinc": lambda x: jnp.sinc(x / 8 + 0.01),
    "steps": lambda x: jnp.floor(x) + jnp.ceil(x) + jnp.sign(x),
    "cube roots": jnp.cbrt,
    "arrow shapes": lambda x: jnp.outer(x, x) @ jnp.flip(x),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name):
    for point in POINTS:
        agrees(PROGRAMS[name], point)


# ------------------------------------------------------------------ side conditions


def conditions(f, on):
    return [sorted({c.kind for c in e.needs}) for output in read(trace(f, on)).outputs for e in output.reshape(-1)]


@pytest.mark.parametrize(("f", "kinds"), [
    (jnp.log, ["positive"]),
    (jnp.log1p, ["positive"]),
    (jnp.sqrt, ["nonnegative"]),
    (lax.rsqrt, ["positive"]),
    (lambda x: 1 / x, ["nonzero"]),
    (lambda x: x / x, ["nonzero"]),
    (lambda x: lax.rem(1.0, x), ["nonzero"]),
    (lambda x: x / 0.0, ["nonzero"]),
    (lambda x: 0 * jnp.log(x), ["positive"]),
    (lambda x: jnp.log(x) ** 0.0, ["positive"]),
    (lambda x: jnp.where(jnp.log(x) < 0, 1.0, 2.0), ["positive"]),
    (lambda x: jnp.where(jnp.log(x) < jnp.inf, x, 0.0), ["positive"]),
    (lambda x: jnp.where(jnp.isfinite(jnp.log(x)), x, 0.0), ["positive"]),
    (lambda x: jnp.where(jnp.isnan(jnp.log(x)), 0.0, x), ["positive"]),
    (lambda x: jnp.where((jnp.log(x) < 0) & (x > 5), x, x), ["positive"]),
    (lambda x: jnp.where((jnp.log(x) < 0) | (x > 5), x, x), ["positive"]),
    (lambda x: jnp.where((x > 0) == (x > 1), jnp.exp(jnp.log(x)), x), ["positive"]),
    (lambda x: (jnp.log(x) < 0).astype(float), ["positive"]),
    (lambda x: jnp.sign(jnp.exp(jnp.log(x))), ["positive"]),
    (lambda x: jnp.sign(1 + jnp.sqrt(x)), ["nonnegative"]),
    (lambda x: lax.cond(jnp.log(x) > 0, lambda: 1.0, lambda: 2.0), ["positive"]),
    (lambda x: jnp.maximum(x, jnp.log(x)), ["positive"]),
    (lambda x: jax.nn.logsumexp(jnp.stack([jnp.log(x), x])), ["positive"]),
    (lambda x: jnp.where(x <= 0, 0.0, jnp.log(x)), []),
    (lambda x: jnp.where(x == 0, 0.0, 1 / x), []),
    (lambda x: jnp.where(x < 0, 0.0, jnp.log(x)), ["positive"]),
    (lambda x: jnp.where(x > 0, x, jnp.log(x)), ["positive"]),
])  # fmt: skip
def test_side_conditions(f, kinds):
    assert conditions(f, reals()) == [kinds]


def test_side_conditions_vanish_where_the_domain_meets_them():
    for f in (jnp.log, lax.rsqrt, lambda x: 1 / x, lambda x: jnp.where(jnp.log(x) < 0, x, 2.0)):
        assert conditions(f, positive()) == [[]]


# ------------------------------------------------------------------ infinities


@pytest.mark.parametrize("f", [
    lambda x: jnp.where(x > 0, x, jnp.inf),
    lambda x: jnp.where(x > 0, jnp.nan, x),
    lambda x: x + jnp.inf,
    lambda x: x * jnp.inf,
    lambda x: jnp.max(jnp.where(x > 0, x, -jnp.inf)),
    lambda x: jnp.full((), jnp.nan),
    lambda x: x / jnp.inf,
    lambda x: jnp.sort(jnp.stack([x, jnp.inf]))[0],
    lambda x: jnp.where(jnp.isfinite(jnp.log(x)), jnp.inf, x),
    lambda x: jnp.minimum(jnp.maximum(jnp.inf, jnp.log(x)), 1.0),
])  # fmt: skip
def test_infinities_do_not_leak(f):
    with pytest.raises(UndefinedError):
        read(trace(f, reals()))


def test_infinities_decide_comparisons_and_maxima():
    (e,) = read(trace(lambda x: jnp.maximum(-jnp.inf, jnp.where(x < jnp.inf, x, 0.0)), reals())).outputs
    (x,) = read(trace(lambda x: x, reals())).outputs
    assert str(e[()]) == str(x[()])
    (constant,) = read(trace(lambda x: x + jnp.exp(-jnp.inf), reals())).outputs
    assert str(constant[()]) == str(x[()])


def test_a_guard_by_several_comparisons_goes_where_both_cases_agree():
    """A logarithm of quotients near 1 by log1p, elsewhere by log: one function, as real functions go."""

    def careful(x):
        near = (x > 0.5) & (x < 2.0)
        return jnp.where(near, jnp.log1p(jnp.where(near, x, 1.0) - 1.0), jnp.log(x))

    def careless(x):
        near = (x > 0.5) & (x < 2.0)
        return jnp.where(near, jnp.log1p(jnp.where(x < 2.0, 1.0, x) - 1.0), jnp.log(x))

    assert are_equal(careful, jnp.log, on=positive())
    assert not are_equal(careless, jnp.log, on=positive())


@pytest.mark.parametrize("truth", [lambda x: x < 0, lambda x: x <= 0, lambda x: x == 0, lambda x: x != 0])
@pytest.mark.parametrize("inner", [lambda x: x < 0, lambda x: x <= 0, lambda x: x == 0, lambda x: x != 0])
@pytest.mark.parametrize("scale", [3.0, -2.0])
def test_what_one_comparison_says_of_another(truth, inner, scale):
    """A choice within a choice, both by the sign of multiples of one number: right at every point."""

    def f(x):
        return jnp.where(truth(x), jnp.where(inner(scale * x), jnp.exp(x), x - 1.0), jnp.where(inner(x), x, 2.0))

    for point in (-1.5, 0.0, 0.75):
        agrees(f, point)
        agrees(f, max(point, 0.0), on=nonnegative())
        agrees(f, min(point, 0.0), on=box(-2, 0))


def test_a_comparison_that_says_too_much_is_found(monkeypatch):
    monkeypatch.setattr(polynomials, "tells", lambda truth, other: True)
    with pytest.raises(AssertionError):
        test_what_one_comparison_says_of_another(lambda x: x < 0, lambda x: x < 0, -2.0)


def test_relative_entropy_is_what_it_says():
    assert are_equal(special.rel_entr, lambda x, y: x * jnp.log(x / y), on=(positive(), positive()))


def tail(x):
    """0 at 0, where it is defined by hand; infinite below."""
    return jnp.where(x > 0, x * jnp.log(jnp.where(x > 0, x, 1.0)), jnp.where(x == 0, 0.0, jnp.inf))


def test_an_infinity_that_another_comparison_excludes():
    for point in (0.0, 0.25, 1.0, 7.0):
        agrees(tail, point, on=nonnegative())
    nested = lambda x: jnp.where(  # noqa: E731
        x[1] > 0, jnp.where(x[0] == 0, 1.0, jnp.where(x[0] < 0, jnp.nan, x[0])), jnp.where(x[0] < 0, -jnp.inf, 2.0)
    )
    for point in ([0.0, 1.0], [3.0, 1.0], [3.0, -1.0], [0.0, 0.0]):
        agrees(nested, point, on=(box([0, -1], [4, 1])))


PENDING = {
    "alone": lambda h: h,
    "in a sum": lambda h: h + 1.0,
    "summed": lambda h: jnp.sum(jnp.stack([h, h])),
    "multiplied": lambda h: jnp.prod(jnp.stack([h, h])),
    "in a maximum": lambda h: jnp.max(jnp.stack([h, 0.0 * h])),
    "exponentiated": lambda h: jnp.exp(-h),
    "compared": lambda h: jnp.where(h > 1, 1.0, 0.0),
    "tested": lambda h: jnp.where(jnp.isfinite(h), 1.0, 0.0),
    "sorted": lambda h: jnp.sort(jnp.stack([h, 1.0]))[0],
    "an eigenvalue": lambda h: jnp.linalg.eigvalsh(jnp.diag(jnp.stack([h, h, h])))[0],
    "in another choice": lambda h: jnp.where(h < h + 1, h, 0.0),
}


@pytest.mark.parametrize("name", PENDING)
@pytest.mark.parametrize("infinity", [jnp.inf, -jnp.inf, jnp.nan])
def test_an_infinity_that_nothing_excludes_is_refused(name, infinity):
    f = lambda x: PENDING[name](jnp.where(x == 0, 0.0, infinity))  # noqa: E731
    with pytest.raises(UndefinedError, match="an infinity or NaN"):
        read(trace(f, nonnegative()))
    g = lambda x: jnp.where(x[1] > 0, 1.0, jnp.where(x[0] == 0, 0.0, infinity))  # noqa: E731
    with pytest.raises(UndefinedError, match="stays open"):
        read(trace(g, nonnegative(2)))


def test_of_many_comparisons_together_nothing_is_known():
    def by_parity(count):
        odd = lambda x: functools.reduce(operator.xor, [x[i] > 0 for i in range(count)])  # noqa: E731
        return lambda x: jnp.where(odd(x), x[0], -x[0])

    agrees(by_parity(4), [1.0, -1.0, 2.0, 3.0])
    with pytest.raises(UnsupportedError, match="many comparisons"):
        read(trace(by_parity(5), reals(5)))


def test_two_ways_of_rounding_are_two_functions():
    ways = [lax.RoundingMethod.AWAY_FROM_ZERO, lax.RoundingMethod.TO_NEAREST_EVEN]
    first = read(trace(lambda x: lax.round(x, ways[0]), reals()))
    second = read(trace(lambda x: lax.round(x, ways[1]), reals()), shared=first)
    again = read(trace(lambda x: lax.round(x, ways[0]), reals()), shared=first)
    assert first.outputs[0][()] != second.outputs[0][()]
    assert first.outputs[0][()] == again.outputs[0][()]


def test_variables_and_their_blocks():
    symbols = read(trace(lambda p, q: p @ q, reals(3), box([0, 1, 2], [1, 1, 3])))
    assert symbols.blocks == (range(3), range(3, 6))
    assert symbols.mask([1]) == 0b111000
    assert symbols.variables[4].constant() == 1  # a domain of one point
    assert symbols.table.range(symbols.variables[5]).lo == fmpq(2)


def test_a_wrong_value_is_seen():
    with pytest.raises(AssertionError):
        agrees(lambda x: jnp.where(jnp.isnan(x), 0.0, x) if isinstance(x, jax.core.Tracer) else x + 1, [1.0])
