"""Values that are affine in the decision variables: they are, they make up the program, and proofs there are proofs."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netprops import box, is_concave, is_convex, positive, reals
from netprops.questions.asking import LEVELS, readings, traced
from netprops.readings.affine import affine_cut, is_everywhere_real, multiplies, sources
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace
from netprops.readings.pulling_back import pulled_back

RULE = "pulled back through affine values"
rng = np.random.default_rng(0)
X = rng.integers(-3, 4, size=(5, 3)).astype(float)  # whole numbers: affine maps of them are exact in floats
Y = np.array([0, 2, 1, 1, 0])


def softmax_regression(p):
    return optax.losses.softmax_cross_entropy_with_integer_labels(X @ p["W"] + p["b"][None, :], Y).mean()


def with_decay(p):
    return softmax_regression(p) + 0.1 * jnp.sum(p["W"] ** 2)


def two_layers(p, q):
    return jnp.sum(jax.nn.softplus(jnp.tanh(X @ q["V"]) @ p["W"]) - 0.5 * (q["V"] @ p["W"]).sum())


def convolved(w):
    image = jnp.arange(9.0).reshape(1, 1, 3, 3)
    return jnp.max(jax.lax.conv(image, w, (1, 1), "VALID")) + jnp.abs(jnp.cumsum(w.reshape(-1))[::-1]).sum()


SOFTMAX = {"W": reals((3, 3)), "b": reals(3)}
CUTS = [
    (softmax_regression, SOFTMAX, None, [(5, 3)]),
    (jax.jit(jax.jit(softmax_regression)), SOFTMAX, None, [(5, 3)]),
    (with_decay, SOFTMAX, None, [(5, 3), (3, 3)]),
    (two_layers, {"W": reals((4, 2))}, {"V": reals((3, 4))}, [(5, 2), ()]),
    (convolved, reals((1, 1, 2, 2)), None, [(1, 1, 2, 2), (4,)]),
    (lambda x: jnp.max(jnp.outer(x, x)), reals(2), None, [(2, 1), (1, 2)]),
    (lambda x: jnp.exp(jnp.sum(x * x[::-1])), reals(3), None, [(3,), (3,)]),
    (lambda x, q: jnp.abs(x @ X.T / q).sum(), reals(3), reals(), [(5,)]),
    (lambda x, q: jnp.abs(q / (X @ x)).sum(), reals(3), reals(), [(5,)]),
    (lambda x: (lambda z: jnp.max(z) + jnp.max(z[:2]))(X @ x), reals(3), None, [(5,)]),  # the rows follow from all
    (lambda x, q: jnp.sum(jnp.where(q > 0, X @ x, 2 * (X @ x)) ** 2), reals(3), reals(), None),
]


@pytest.mark.parametrize(("f", "on", "for_all", "shapes"), CUTS)
def test_a_cut_is_affine_and_both_parts_make_up_the_program(f, on, for_all, shapes):
    question = traced("is_convex", f, on, for_all)
    cut = affine_cut(question.program, question.decision)
    assert shapes is None or sorted(map(str, cut.inner.out_shapes)) == sorted(map(str, shapes))
    a, b = ([rng.integers(-4, 5, size=(6, *leaf.shape)) * 1.0 for leaf in question.program.arguments] for _ in range(2))
    k = question.decision
    b[k:] = a[k:] = [1.0 + np.abs(x) for x in a[k:]]
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
    at = [evaluate_batch(cut.inner, points) for points in (a, b, middle)]
    for start, end, inner in zip(*at, strict=True):
        np.testing.assert_allclose(inner, (start + end) / 2, rtol=1e-12, atol=1e-12)
    (whole,) = evaluate_batch(question.program, a)
    (again,) = evaluate_batch(cut.outer([reals(s) for s in cut.inner.out_shapes]), [*at[0], *a[k:]])
    np.testing.assert_array_equal(again, whole)


def test_where_the_arguments_alone_are_affine_there_is_no_cut():
    question = traced("is_convex", lambda x: x @ x, reals(3))
    assert affine_cut(question.program, question.decision) is None


def rest_of(question):
    """The same question about the rest of the program after its affine values; None where there is no such rest."""
    pulled = pulled_back(question.program, question.decision)
    return None if pulled is None else replace(question, program=pulled.program, decision=pulled.decision)


BENT = [
    lambda x: jnp.exp(1.0 / x).sum(),
    lambda x: jnp.exp(x.astype(jnp.float32).astype(jnp.float64)).sum(),  # a rounded number is no affine one
    lambda x: jnp.exp(jnp.where(x > 0, x, 0.0)).sum(),
    lambda x: jnp.exp(jnp.sort(x)[0]),
    lambda x: jnp.exp(jnp.floor(x)).sum(),
    lambda x: jnp.exp(jnp.clip(x, -1, 1)).sum(),
    lambda x: jnp.exp(jax.lax.cummax(x)).sum(),
    lambda x: jnp.exp(jax.lax.reduce_precision(x, 8, 7)).sum(),
]


@pytest.mark.parametrize("f", BENT)
def test_what_is_not_affine_is_not_cut_at(f):
    assert affine_cut(trace(f, reals(2)), 1) is None


REAL = [
    (lambda x, q: jnp.exp(jnp.tanh(q) * (X @ x)).sum(), reals(), True),
    (lambda x, q: jnp.exp(X @ x / 4.0).sum(), reals(), True),
    (lambda x, q: jnp.exp(X @ x / q).sum(), reals(), False),
    (lambda x, q: jnp.exp(X @ x / q).sum(), positive(), False),  # not seen by this look
    (lambda x, q: jnp.exp(jnp.log(q) * (X @ x)).sum(), reals(), False),
    (lambda x, q: jnp.exp(q**-2 * (X @ x)).sum(), reals(), False),
    (lambda x, q: jnp.exp(q**2 * (X @ x)).sum(), reals(), True),
    (lambda x, q: jnp.exp(X @ x + jnp.inf).sum(), reals(), False),
    (lambda x, q: jnp.exp(X @ x / 0.0).sum(), reals(), False),
    (lambda x, q: jnp.exp(jnp.full((5, 3), jnp.nan) @ x).sum(), reals(), False),
    (lambda x, q: jnp.exp((X @ x).at[7].get(mode="fill")), reals(), False),  # NaN: there is no entry 7
]


@pytest.mark.parametrize(("f", "data", "real"), REAL)
def test_what_need_not_be_a_real_number_is_not_taken_for_one(f, data, real):
    cut = affine_cut(traced("is_convex", f, reals(3), data).program, 1)
    assert cut is not None
    assert is_everywhere_real(cut) == real


def proves(question):
    return any(all(r.calculus.convex(e) for e in r.expressions) for r in readings(question, [], LEVELS))


def test_conditions_on_what_is_cut_away_are_kept():
    def f(x, q):
        return jnp.exp(X @ x / q).sum()

    assert rest_of(traced("is_convex", f, reals(3), reals())) is None  # q may be 0
    assert proves(rest_of(traced("is_convex", f, reals(3), positive())))
    assert rest_of(traced("is_convex", lambda x, q: f(x, jnp.log(q)), reals(3), box(0.5, 2))) is None


def test_values_range_over_what_they_take():
    def f(x):
        return -jnp.log(1.0 + jnp.abs(X) @ x).sum()

    assert proves(rest_of(traced("is_convex", f, positive(3))))
    assert not proves(rest_of(traced("is_convex", f, reals(3))))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: jnp.sum(jnp.tanh(X @ x)),
        lambda x: jnp.sum((X @ x) ** 2) - 30 * jnp.sum(x**2),  # the values are not independent; nothing is proved
        lambda x: jnp.sum((X @ x) ** 2) - jnp.max(X @ x) ** 2 * 2,
        lambda x: jnp.prod(X @ x),
    ],
)
def test_what_is_not_convex_is_not_proved(f):
    question = rest_of(traced("is_convex", f, reals(3)))
    assert question is not None
    assert not proves(question)
    assert not is_convex(f, reals(3))


def test_products_of_two_values_are_seen():
    assert multiplies(trace(lambda x, y: x * y, reals(), reals()))
    assert multiplies(trace(lambda x, y: x / jnp.exp(y), reals(), reals()))
    assert multiplies(trace(lambda x, y: jax.jit(jnp.dot)(x, jnp.sin(y)), reals(2), reals(2)))
    assert not multiplies(trace(lambda x: x * x + x @ jnp.ones(2), reals(2)))
    assert not multiplies(trace(lambda x: jax.nn.logsumexp(3.0 * x), reals(2)))


def test_what_is_not_used_is_left_out():
    def part(f, on, for_all):
        return rest_of(traced("is_convex", f, on, for_all)).program

    one = part(lambda x, q: jnp.exp(X @ x + q["y"]).sum(), reals(3), {"y": reals(5), "z": reals(2)})
    other = part(lambda y, q: jnp.exp(X @ q["x"] + 1.0 * y).sum(), reals(5), {"x": reals(3), "z": reals(7)})
    assert [leaf.shape for leaf in one.arguments] == [(5,)]
    assert one.key == other.key  # one rest, asked about once


def test_sources_are_the_arguments_that_count():
    program = trace(lambda x, y, z: (x + y, jnp.sin(z), 2.0 * jnp.ones(3)), reals(), reals(), reals())
    assert sources(program) == ({0, 1}, {2}, set())


rows = np.random.default_rng(1).normal(size=(400, 12))
classes = np.arange(400) % 4


def large(p):
    return optax.losses.softmax_cross_entropy_with_integer_labels(rows @ p["W"] + p["b"][None, :], classes).mean()


LARGE = {"W": reals((12, 4)), "b": reals(4)}


def test_a_large_regression_is_proved_convex_at_its_logits():
    verdict = is_convex(large, LARGE)
    assert verdict
    assert RULE in verdict.because
    decayed = is_convex(lambda p: large(p) + 1e-3 * jnp.sum(p["W"] ** 2), LARGE)
    assert decayed
    assert RULE in decayed.because
    assert is_concave(lambda p: -large(p), LARGE)


def test_a_large_cost_that_is_not_convex_is_refuted():
    verdict = is_convex(lambda p: large(p) - 1e-3 * jnp.sum(p["W"] ** 2), LARGE)
    assert not verdict
    assert verdict.evidence == "certified"
