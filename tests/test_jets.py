"""Second-order jets in balls, against JAX's derivatives, exact derivatives, and functions that have none."""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from jax.extend.core import Primitive
from jax.flatten_util import ravel_pytree

from netprops.domains import reals
from netprops.readings import jets
from netprops.readings.atoms import ATOMS, NAN
from netprops.readings.balls import RULES, evaluate, precision_of
from netprops.readings.jaxpr import trace
from netprops.readings.jets import LINES, full_jet, gradient, jet_algebra, line_jet


def mid(a):
    return np.array([float(x.mid()) for x in np.asarray(a).reshape(-1)]).reshape(np.shape(a))


def rad(a):
    return max(float(x.rad()) for x in np.asarray(a).reshape(-1))


def along_line(function, at, direction=1, precision=64):
    """Value and two derivatives of a scalar function along a direction."""
    at, direction = np.asarray(at), np.asarray(direction)
    jet = line_jet(trace(function, reals(at.shape)), [at], [direction], precision)
    return [part[0].item() for part in (jet.values, jet.firsts, jet.seconds)]


def known(*xs):
    return all(x.is_finite() for x in xs)


# ------------------------------------------------------------------ against jax.hessian


def cost(activation, loss):
    def f(parameters, x, y):
        h = x
        for k, (w, b) in enumerate(parameters):
            h = h @ w + b[None, :]
            h = activation(h) if k + 1 < len(parameters) else h
        return loss(h, y)

    return f


def mean_squares(h, y):
    return jnp.mean((h - y) ** 2)


def cross_entropy(h, y):
    return jnp.mean(optax.softmax_cross_entropy(h, jax.nn.softmax(y)))


def focal(h, y):
    return jnp.sum(optax.sigmoid_focal_loss(h, jax.nn.sigmoid(y)))


def robust(h, y):
    return jnp.sum(optax.huber_loss(h, y)) + jnp.sum(optax.log_cosh(h, y)) + jnp.linalg.norm(h) / (1.0 + h[0, 0] ** 2)


CASES = [
    (jnp.tanh, mean_squares, (1, 2, 1)),
    (jax.nn.softplus, cross_entropy, (2, 3, 3)),
    (jax.nn.gelu, focal, (2, 2, 1)),
    (jax.nn.relu, robust, (1, 2, 2)),
]


@pytest.mark.parametrize(("activation", "loss", "sizes"), CASES)
def test_networks_against_jax(activation, loss, sizes):
    rng = np.random.default_rng(len(sizes))
    x, y = rng.normal(size=(4, sizes[0])), rng.normal(size=(4, sizes[-1]))
    f = cost(activation, loss)
    shapes = [((a, b), (b,)) for a, b in itertools.pairwise(sizes)]
    parameters = [tuple(rng.normal(size=s) for s in pair) for pair in shapes]
    program = trace(lambda p: f(p, x, y), [tuple(map(reals, pair)) for pair in shapes])
    flat, unravel = ravel_pytree(parameters)

    def g(v):
        return f(unravel(v), x, y)

    slope, hessian = map(np.asarray, jax.jit(lambda v: (jax.grad(g)(v), jax.hessian(g)(v)))(flat))
    leaves = jax.tree.leaves(parameters)
    full = full_jet(program, leaves, 128)
    scale = 1 + np.abs(hessian).max()
    np.testing.assert_allclose(mid(full.value), g(flat), rtol=1e-12)
    np.testing.assert_allclose(mid(full.gradient), slope, atol=1e-11 * scale)
    np.testing.assert_allclose(mid(full.hessian), hessian, atol=1e-10 * scale)
    assert rad(full.hessian) < 1e-28 * scale
    value, slope_alone = gradient(program, leaves, 128)
    assert value.overlaps(full.value)
    assert all(a.overlaps(b) for a, b in zip(slope_alone, full.gradient, strict=True))

    v = [rng.normal(size=leaf.shape) for leaf in leaves]
    direction = np.concatenate([d.reshape(-1) for d in v])
    line = line_jet(program, leaves, v, 128)
    np.testing.assert_allclose(mid(line.firsts[0]), slope @ direction, atol=1e-10 * scale)
    np.testing.assert_allclose(mid(line.seconds[0]), direction @ hessian @ direction, atol=1e-9 * scale)


def test_a_large_network_is_dense_and_sparse_at_once():
    """More coordinates than the bound below which outer products are added entry by entry."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(6, 2))
    f = cost(jnp.tanh, mean_squares)
    sizes = (4, 6, 4, 2)
    shapes = [((a, b), (b,)) for a, b in itertools.pairwise(sizes)]
    parameters = [tuple(rng.normal(size=s) for s in pair) for pair in shapes]
    flat, unravel = ravel_pytree(parameters)
    program = trace(lambda p: f(p, x, y), [tuple(map(reals, pair)) for pair in shapes])
    full = full_jet(program, jax.tree.leaves(parameters), 53)
    hessian = np.asarray(jax.jit(jax.hessian(lambda v: f(unravel(v), x, y)))(flat))
    np.testing.assert_allclose(mid(full.hessian), hessian, atol=1e-11)
    assert rad(full.hessian) < 1e-10


# ------------------------------------------------------------------ every rule, in both kinds of jets



def of_one_variable(name):
    """JAX's function of that name; one that can be traced and no more, if this JAX has none."""
    if hasattr(jax.lax, name):
        return getattr(jax.lax, name)
    primitive = Primitive(name)
    primitive.def_abstract_eval(lambda x: x)
    return primitive.bind


def cut_off(x, kept):
    mask = jnp.uint64(2**64 - 2 ** (52 - kept))
    return jax.lax.bitcast_convert_type(jax.lax.bitcast_convert_type(x, jnp.uint64) & mask, jnp.float64)


SMOOTH = {
    **{name: functools.partial(lambda name, u, v: of_one_variable(name)(u), name) for name in ATOMS},
    "abs": lambda u, v: jnp.abs(u - v),
    "add": lambda u, v: u + v,
    "add_any": lambda u, v: jax.grad(lambda a: a * a + v * a)(u),
    "atan2": lambda u, v: jnp.arctan2(u, v) + jnp.arctan2(v, 2.0) + jnp.arctan2(-1.0, u) + jnp.arctan2(u, u),
    "div": lambda u, v: u / v + 1.0 / (u + v) + v / 3.0 + (u * v) / (u * v),
    "integer_pow": lambda u, v: u**3 + v**-2 + (u * v) ** 5,
    "max": lambda u, v: jnp.maximum(u * u, v),
    "min": lambda u, v: jnp.minimum(u * u, v),
    "mul": lambda u, v: u * v * u,
    "polygamma": lambda u, v: jax.scipy.special.polygamma(2, u * v),
    "pow": lambda u, v: u**v + u**2.5 + 2.0**v + v ** jnp.array(3.0),
    "rem": lambda u, v: jnp.fmod(7.0 * u, v) + jnp.fmod(u, 100.0),
    "sub": lambda u, v: u - 2.0 * v,
    "floor": lambda u, v: u * jnp.floor(u) + v,
    "ceil": lambda u, v: u * jnp.ceil(7.0 * u) + v,
    "cut": lambda u, v: u * cut_off(7.0 * u, 2) + v,
    "round": lambda u, v: u * jnp.round(7.0 * u) + v,
    "sign": lambda u, v: u * u * jnp.sign(v - u),
    "reductions": lambda u, v: jnp.prod(jnp.stack([u, v, u * v])) * jnp.max(jnp.stack([u, v, u + v, v * v])),
    "smallest": lambda u, v: jnp.min(jnp.stack([u, v * v, u * v])) * jnp.sort(jnp.stack([u, v * v, u * v]))[1],
    "comparisons": lambda u, v: jnp.where(
        (u < v) & (u <= v) & ~(u > v) & ~(u >= v) & (u != v) & ~(u == v) & (u == u) & jnp.isfinite(u), u * v, u
    ),
    "truths": lambda u, v: jnp.where(jnp.where(u < v, u > 100.0, v > 0.0) ^ ((u > 0.0) | (v > 9.0)), u * v, u),
    "dot": lambda u, v: jnp.stack([u, v, u]) @ jnp.stack([v, u * u, u]),
}
TRUTHS = {"and", "choose_truth", "eq", "ge", "gt", "is_finite", "le", "lt", "ne", "not", "or", "xor"}


def test_every_rule_is_tried():
    assert set(jet_algebra(LINES).rules) == set(RULES)
    assert set(RULES) - TRUTHS <= set(SMOOTH)


def by_differences(program, at, bits=900):
    """Gradient and Hessian by central differences of values at steps of 2^-200: errors are far below 1e-50."""
    h = fmpq(1, 2**200)

    def value(*steps):
        moved = [x + sum(s for k, s in steps if k == i) for i, x in enumerate(at)]
        return evaluate(program, [np.array(moved, dtype=object)], bits)[0].item()

    size = len(at)
    with precision_of(bits):
        slope = [(value((i, h)) - value((i, -h))) / (2 * h) for i in range(size)]
        signs = [(h, h), (-h, -h), (h, -h), (-h, h)]
        hessian = [
            [sum((1 if s == t else -1) * value((i, s), (j, t)) for s, t in signs) / (4 * h * h) for j in range(size)]
            for i in range(size)
        ]
    return np.array(slope, dtype=object), np.array(hessian, dtype=object)


def close(x, y):
    with precision_of(300):
        return known(x, y) and abs(x - y) < arb(10) ** -30 * (1 + abs(y))


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(("u", "v"), [(fmpq(7, 16), fmpq(13, 16)), (fmpq(13, 16), fmpq(15, 16))])
def test_rules_against_differences(name, u, v):
    at = [u + (name == "acosh"), v]
    function = SMOOTH[name]
    program = trace(lambda x: function(x[0] * x[1] / x[1], x[1]), reals(2))
    slope, hessian = by_differences(program, at)
    point = np.array(at, dtype=object)
    full = full_jet(program, [point], 200)
    assert all(close(x, y) for x, y in zip(full.gradient, slope, strict=True))
    assert all(close(x, y) for x, y in zip(full.hessian.reshape(-1), hessian.reshape(-1), strict=True))
    for d in (np.array([1, 0]), np.array([1, -2])):
        line = line_jet(program, [point], [d], 200)
        assert line.values[0].item().overlaps(full.value)
        with precision_of(300):
            first, second = d @ slope, d @ hessian @ d
        assert close(line.firsts[0].item(), first)
        assert close(line.seconds[0].item(), second)


@pytest.mark.parametrize("row", ["first", "second"])
def test_a_derivative_that_is_wrong_on_purpose_is_found(monkeypatch, row):
    atom = ATOMS["tanh"]
    first, second = (atom.first, lambda x, y: -2 * y) if row == "second" else (lambda x, y: 1 - y, atom.second)
    monkeypatch.setitem(jets.ATOMS, "tanh", type(atom)("tanh", atom.value, first, second))
    with pytest.raises(AssertionError):
        test_rules_against_differences("tanh", fmpq(7, 16), fmpq(13, 16))


def test_a_product_without_its_cross_term_is_found(monkeypatch):
    monkeypatch.setattr(jets, "_outer_sum", lambda terms, size: jets._full((size, size), {}))
    with pytest.raises(AssertionError):
        test_a_large_network_is_dense_and_sparse_at_once()


@given(st.lists(st.integers(-16, 16), min_size=10, max_size=10), st.lists(st.integers(-16, 16), min_size=3, max_size=3))
def test_quadratics_are_exact(coefficients, at):
    """A quadratic form with dyadic coefficients: its Hessian is the matrix, with radius 0."""
    c = np.array(coefficients[:9]).reshape(3, 3) / 4
    program = trace(lambda x: x @ (c + c.T) @ x + coefficients[9] * x[0], reals(3))
    full = full_jet(program, [np.array(at) / 4], 128)
    assert rad(full.hessian) == 0
    np.testing.assert_array_equal(mid(full.hessian), 2 * (c + c.T))
    assert rad(full.gradient) == 0


@given(st.integers(0, 2**32 - 1), st.integers(3, 30))
def test_a_box_contains_the_derivatives_at_its_points(seed, exponent):
    rng = np.random.default_rng(seed)
    program = trace(lambda x: jnp.sum(jnp.tanh(x) ** 2) * jax.nn.softplus(x[0] - x[1]) + jnp.sin(x[2] * x[1]), reals(3))
    centre, radius = rng.normal(size=3), 2.0**-exponent
    on_box = full_jet(program, [np.array([arb(c, radius) for c in centre.tolist()], dtype=object)], 64)
    inside = full_jet(program, [rng.uniform(centre - radius, centre + radius)], 128)
    pairs = [(on_box.value, inside.value), *zip(on_box.gradient, inside.gradient, strict=True)]
    pairs += list(zip(on_box.hessian.reshape(-1), inside.hessian.reshape(-1), strict=True))
    assert all(known(y) and (not known(x) or x.contains(y)) for x, y in pairs)


def test_any_entry_of_any_output():
    program = trace(lambda x: (x[0] * x[1], jnp.stack([x[0] ** 2, x[1] ** 3])), reals(2))
    assert full_jet(program, [np.array([2, 3])], 53, entry=2).hessian[1, 1] == 18
    jet = line_jet(program, [np.array([2, 3])], [np.array([1, 1])], 53)
    assert [s.shape for s in jet.seconds] == [(), (2,)]
    assert [float(x) for s in jet.seconds for x in s.reshape(-1)] == [2, 2, 18]


def test_a_constant_has_no_slope():
    program = trace(lambda x: jnp.array(3.0), reals(2))
    full = full_jet(program, [np.zeros(2)], 53)
    assert full.value == 3
    assert all(x == 0 for x in (*full.gradient, *full.hessian.reshape(-1)))
    assert gradient(program, [np.zeros(2)], 53)[0] == 3
    jet = line_jet(program, [np.zeros(2)], [np.ones(2)], 53)
    assert (jet.firsts[0].item(), jet.seconds[0].item()) == (0, 0)


# ------------------------------------------------------------------ where there is no derivative, none is claimed

KINKS = {
    "abs": jnp.abs,
    "relu": jax.nn.relu,
    "leaky relu": jax.nn.leaky_relu,
    "max": lambda x: jnp.maximum(x, 2.0 * x),
    "min": lambda x: jnp.minimum(x, 0.0),
    "clip": lambda x: jnp.clip(x, 0.0, 1.0),
    "largest": lambda x: jnp.max(jnp.stack([x, -x, 2.0 * x])),
    "smallest": lambda x: jnp.min(jnp.stack([x, -x, 2.0 * x])),
    "sorted": lambda x: jnp.sort(jnp.stack([x, -x]))[0],
    "where, tied": lambda x: jnp.where(x > 0.0, x, -x),
    "where, tied otherwise": lambda x: jnp.where(x >= 0.0, x, 0.0),
    "where, equal": lambda x: jnp.where(x == 0.0, 1.0, x),
    "where, not equal": lambda x: jnp.where(x != 0.0, 1.0, 0.0),
    "where, of constants": lambda x: jnp.where(x < 0.0, 1.0, 2.0),
    "where, of a flat function": lambda x: jnp.where(x**3 > 0.0, x, 0.0),
    "sign": jnp.sign,
    "where, by a sign": lambda x: jnp.where(jnp.sign(x) < 0.5, x, 2.0 * x),
    "floor": jnp.floor,
    "ceil": jnp.ceil,
    "cut": lambda x: cut_off(x + 1.0, 4),
    "cut below 0": lambda x: cut_off(x - 1.0, 4),
    "where, by a floor": lambda x: jnp.where(jnp.floor(x) > -0.5, x, 2.0 * x),
    "round": lambda x: jnp.round(x + 0.5),
    "remainder": lambda x: jnp.fmod(x + 2.0, 1.0),
    "square root": jnp.sqrt,
    "cube root": jnp.cbrt,
    "logarithm": lambda x: jnp.log(x),
    "arc sine": lambda x: jnp.arcsin(x + 1.0),
    "power": lambda x: x**1.5,
    "reciprocal": lambda x: 1.0 / x,
    "norm": lambda x: jnp.linalg.norm(jnp.stack([x, x])),
    "stopped": lambda x: jax.lax.stop_gradient(jnp.abs(x)),
    "cond": lambda x: jax.lax.cond(x > 0.0, lambda: x, lambda: -x),
    "a hidden one": lambda x: jax.nn.relu(x) - jax.nn.relu(2.0 * x) + jnp.tanh(x),
    "angle": lambda x: jnp.arctan2(x, -1.0),
}


@pytest.mark.parametrize("name", KINKS)
def test_no_derivative_at_a_kink(name):
    _, first, second = along_line(KINKS[name], 0)
    assert not known(second)
    assert not known(first) or name == "angle"
    program = trace(lambda x: KINKS[name](x[0]) + x[1] ** 2, reals(2))
    full = full_jet(program, [np.array([0, 1])], 64)
    assert not any(known(x) for x in full.hessian.reshape(-1))
    box = np.array(arb(0.001, 0.01), dtype=object)
    jet = line_jet(trace(KINKS[name], reals()), [box], [np.array(1)], 64)
    assert not known(jet.seconds[0].item())


@pytest.mark.parametrize("name", ["relu", "max", "where, tied", "sign", "floor", "clip"])
def test_derivatives_beside_a_kink(name):
    for x in (fmpq(1, 2**40), fmpq(-1, 2**40)):
        assert known(*along_line(KINKS[name], x))


def test_a_constant_comparison_may_be_tied():
    program = trace(lambda x, q: jnp.where(q >= 0.0, x * x, x), reals(), reals())
    jet = line_jet(program, [np.array(1), np.array(0)], [np.array(1), np.array(0)], 64)
    assert jet.seconds[0].item() == 2


def test_the_derivative_of_stop_gradient_is_one():
    assert along_line(lambda x: jax.lax.stop_gradient(x**2), 3)[1:] == [6, 2]


def test_a_custom_derivative_is_not_trusted():
    @jax.custom_jvp
    def f(x):
        return x**2

    f.defjvp(lambda primals, tangents: (f(primals[0]), 100.0 * tangents[0]))
    assert along_line(f, 3)[1] == 6


def test_nan_times_zero_is_unknown():
    assert not known(NAN * 0)


# ------------------------------------------------------------------ kinks that cancel

LOG_SUM_EXPS = {
    "logsumexp": lambda x: jax.nn.logsumexp(x),
    "log_softmax": lambda x: jax.nn.log_softmax(x)[0],
    "softmax": lambda x: jax.nn.softmax(x)[1],
    "cross entropy": lambda x: optax.softmax_cross_entropy(x, jnp.array([0.25, 0.5, 0.25])),
    "integer labels": lambda x: optax.softmax_cross_entropy_with_integer_labels(x, jnp.array(1)),
    "a column": lambda x: jax.nn.logsumexp(jnp.stack([x, 2.0 * x]), axis=0)[0] + x[1],
    "softplus": lambda x: jnp.sum(jax.nn.softplus(x)),
    "log_sigmoid": lambda x: jnp.sum(jax.nn.log_sigmoid(2.0 * x)),
    "binary cross entropy": lambda x: jnp.sum(optax.sigmoid_binary_cross_entropy(x, jnp.array([0.25, 1.0, 0.0]))),
    "by hand": lambda x: jnp.sum(jnp.maximum(x, 0.0) - x * 0.25 + jnp.log1p(jnp.exp(-jnp.abs(x)))),
    "logaddexp": lambda x: jnp.logaddexp(x[0], x[1]) - jnp.logaddexp(x[2], 2.0 * x[1]),
    "mish": lambda x: jnp.sum(jax.nn.mish(x)),
    "masked": lambda x: jax.nn.logsumexp(x, where=jnp.array([True, False, True])),
    "squared softmax": lambda x: jnp.sum(jax.nn.softmax(x) ** 2),
}


@pytest.mark.parametrize("name", LOG_SUM_EXPS)
@pytest.mark.parametrize("at", [(0, 0, 0), (1, 1, -2), (0, 1, 1), (3, 0, -3)])
def test_ties_of_shifted_maxima_do_not_matter(name, at):
    """The Hessian at a tie is the limit of those beside it, where JAX's own is right."""
    function = LOG_SUM_EXPS[name]
    program = trace(function, reals(3))
    full = full_jet(program, [np.array(at)], 128)
    assert known(full.value, *full.gradient, *full.hessian.reshape(-1))
    beside = np.array(at) + np.array([1.0, 2.0, 4.0]) * 2.0**-60
    near = full_jet(program, [beside], 256)
    assert abs(full.value - near.value) < 1e-14
    np.testing.assert_allclose(mid(full.gradient), mid(near.gradient), atol=1e-14)
    np.testing.assert_allclose(mid(full.hessian), mid(near.hessian), atol=1e-14)
    line = line_jet(program, [np.array(at)], [np.array([1, -1, 2])], 128)
    assert line.values[0].item().overlaps(full.value)
    assert known(line.seconds[0].item())
    with precision_of(128):
        (value,) = evaluate(program, [np.array(at)], 128)
    assert value.item().overlaps(full.value)


def test_on_a_box_across_the_tie():
    program = trace(jax.nn.softplus, reals())
    jet = line_jet(program, [np.array(arb(0, 0.125), dtype=object)], [np.array(1)], 64)
    for x in (-0.125, 0.0, 0.1):
        s = 1 / (1 + math.exp(-x))
        assert abs(float(jet.seconds[0].item().mid()) - s * (1 - s)) <= float(jet.seconds[0].item().rad())
        assert abs(float(jet.values[0].item().mid()) - math.log1p(math.exp(x))) <= float(jet.values[0].item().rad())


UNCANCELLED = {
    "half of it": lambda x: jax.nn.logsumexp(x) - 0.5 * jnp.max(x),
    "twice": lambda x: jax.nn.logsumexp(x) + jnp.max(x),
    "another shift": lambda x: jnp.log(jnp.sum(jnp.exp(x - jnp.max(x)))) + jnp.max(2.0 * x),
    "not shifted back": lambda x: jnp.log(jnp.sum(jnp.exp(x - jnp.max(x)))),
    "shift squared": lambda x: jnp.max(x) ** 2,
    "log1p of another": lambda x: jnp.log1p(2.0 * jnp.exp(-jnp.abs(x[0]))) + jnp.maximum(x[0], 0.0),
    "softplus with the wrong sign": lambda x: jnp.minimum(x[0], 0.0) + jnp.log1p(jnp.exp(-jnp.abs(x[0]))),
    "mixed exponentials": lambda x: jnp.log(1.0 + jnp.exp(x[0] - jnp.max(x))) + jnp.max(x),
    "relu of a softplus shift": lambda x: jax.nn.softplus(x[0]) - jax.nn.relu(x[0]),
    "product of shifts": lambda x: jnp.max(x) * jnp.maximum(x[0], x[1]),
}


@pytest.mark.parametrize("name", UNCANCELLED)
def test_kinks_that_stay_are_kinks(name):
    full = full_jet(trace(UNCANCELLED[name], reals(2)), [np.zeros(2)], 64)
    assert known(full.value)
    assert not any(known(x) for x in full.hessian.reshape(-1))
