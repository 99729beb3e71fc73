"""The rule of composition at a cut of the program: it proves what holds, and refuses when a condition is missing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops import box, nonnegative, reals
from netprops.questions.asking import traced
from netprops.questions.composition import bent_by_composition
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import cuts, trace
from netprops.readings.proofs import lines
from netprops.strategies import compositions


def of(outer, *inner):
    return lambda *x: outer(jnp.stack([g(*x) for g in inner]))


def lse(y):
    return jax.nn.logsumexp(y)


def bowl(x):
    return jnp.sum(x**2)


def tent(x):
    return jnp.max(jnp.abs(x))


HOLD = [
    (1, of(lse, bowl, tent), reals(2)),
    (1, of(jnp.max, bowl, tent), reals(2)),
    (1, of(lambda y: y[0] ** 2, bowl), reals(2)),  # increases where bowl's values are
    (1, of(lambda y: lse(jnp.array([2.0, 3.0]) * y), tent, bowl), reals(3)),
    (1, of(lambda y: -jnp.log(y[0]), lambda x: 3 - bowl(x)), box(-1, 1, shape=2)),  # decreases, of a concave function
    (1, of(lambda y: (y[0] + y[1]) ** 2, lambda x: x[0], lambda x: x[1] - 1), reals(2)),  # affine: any h will do
    (-1, of(lambda y: -lse(y), bowl, tent), reals(2)),
    (-1, of(lambda y: jnp.min(y), lambda x: -bowl(x), lambda x: -tent(x)), reals(2)),
    (-1, of(lambda y: jnp.log(y[0]), lambda x: 3 - bowl(x)), box(-1, 1, shape=2)),
]
REFUSED = [
    (1, of(lambda y: y[0] ** 2, lambda x: bowl(x) - 1), reals(2)),  # h decreases on part of the values
    (1, of(lambda y: -jnp.log(y[0]), lambda x: 1 + bowl(x)), reals(2)),  # h decreases, of a convex function
    (1, of(lse, bowl, lambda x: -tent(x)), reals(2)),  # one inner function is concave
    (1, of(lambda y: y[0] - y[1], bowl, tent), reals(2)),
    (1, of(lambda y: y[0] * y[1], tent, tent), reals(2)),  # h is not convex, although the whole is: no proof here
    (1, of(lambda y: jnp.sin(y[0]), bowl), reals(2)),
    (1, of(lse, lambda x: x[0] * x[1], tent), reals(2)),  # an inner function is neither
    (-1, of(lse, bowl, tent), reals(2)),
    (-1, of(lambda y: jnp.log(y[0]), lambda x: 1 + bowl(x)), reals(2)),
    (1, of(lambda y: jnp.log(y[0]), lambda x: 1 + tent(x)), reals(2)),
]


@pytest.mark.parametrize(("side", "f", "on"), HOLD)
def test_what_holds_is_proved(side, f, on):
    proof = bent_by_composition(traced("is_convex", f, on), side)
    assert proof is not None
    assert "composition" in lines([proof])


@pytest.mark.parametrize(("side", "f", "on"), REFUSED)
def test_a_missing_condition_is_no_proof(side, f, on):
    assert bent_by_composition(traced("is_convex", f, on), side) is None


def test_quantified_data_reach_both_sides():
    def f(x, q):
        return jnp.exp(q[0] * jnp.maximum(tent(x - q), bowl(x))) + q[1] ** 2

    assert bent_by_composition(traced("is_convex", f, reals(2), nonnegative(2)), 1) is not None
    assert bent_by_composition(traced("is_convex", f, reals(2), box([-1, 0], [1, 1])), 1) is None


def test_a_value_that_is_undefined_somewhere_is_no_value():
    f = of(lse, lambda x: -jnp.log(x[0]), bowl)
    assert bent_by_composition(traced("is_convex", f, box(1, 2, shape=2)), 1) is not None
    assert bent_by_composition(traced("is_convex", f, reals(2)), 1) is None


@given(compositions(2), st.integers(0, 2**32 - 1))
def test_both_parts_of_every_cut_make_up_the_program(f, seed):
    program = trace(f, reals(2))
    points = np.random.default_rng(seed).normal(size=(8, 2))
    (whole,) = evaluate_batch(program, [points])
    parts = cuts(program, 1, 8)
    assert parts
    for cut in parts:
        values = evaluate_batch(cut.inner, [points])
        outer = cut.outer([reals(shape) for shape in cut.inner.out_shapes])
        (again,) = evaluate_batch(outer, values)
        np.testing.assert_array_equal(again, whole)
