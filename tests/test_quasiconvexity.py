"""Quasi-convexity: what an increasing outer function leaves, and nothing that it does not."""

import random

import jax
import jax.numpy as jnp
import pytest
from compositions import against_convexity, composition
from hypothesis import given
from hypothesis import strategies as st

from netprops import UnsupportedError, box, is_quasiconcave, is_quasiconvex, nonnegative, positive, reals
from netprops.questions.asking import readings, traced
from netprops.readings.polynomials import TooLargeError
from netprops.readings.quasiconvexity import quasiconvex

R, R2, P2 = reals(), reals(2), positive(2)

# rule -> (a quasi-convex function, a near miss)
RULES = {
    "convex": ((jnp.abs, R), (lambda x: -jnp.abs(x), R)),
    "increasing of convex": ((lambda x: jnp.tanh(x**2), R), (lambda x: jnp.sin(x**2), R)),
    "odd power": ((lambda x: (x**2 - 1) ** 3, R), (lambda x: (x**2 - 1) ** 2, R)),
    "log of convex": ((lambda v: jnp.log(1 + v @ v), R2), (lambda v: -jnp.log(1 + v @ v), R2)),
    "root of convex": ((lambda x: jnp.sqrt(jnp.abs(x)), R), (lambda x: -jnp.sqrt(jnp.abs(x)), R)),
    "monotone": ((lambda x: x**3, R), (lambda x: x**3 - x, R)),
    "step": ((lambda x: jnp.floor(x), R), (lambda x: jnp.floor(x) - x, R)),
    "minus a product of positive numbers": ((lambda v: -v[0] * v[1], P2), (lambda v: v[0] * v[1], P2)),
    "a product of opposite signs": (
        (lambda v: v[0] * v[1], box([1, -2], [2, -1])),
        (lambda v: -v[0] * v[1], box([1, -2], [2, -1])),
    ),
    "a quotient of positive numbers": ((lambda v: v[0] / v[1], P2), (lambda v: v[0] / v[1] - v[0], P2)),
    "convex over concave": (
        (lambda v: (1 + v[0] ** 2) / jnp.sqrt(v[1]), box([-3, 1], [3, 2])),
        (lambda v: (1 + v[0] ** 2) / (1 + v[1] ** 2), box([-3, -1], [3, 1])),
    ),
    "affine over affine": (
        (lambda v: v[0] / v[1], box([-3, 1], [3, 2])),
        (lambda v: -(v[0] ** 2) / v[1], box([-3, 1], [3, 2])),
    ),
    "minus concave over convex": (
        (lambda v: -jnp.sqrt(v[0]) / (1 + v[1] ** 2), box([1, -1], [2, 1])),
        (lambda v: -(v[0] ** 2) / (1 + v[1] ** 4 - v[1] ** 2), box([1, -1], [2, 1])),
    ),
    "a fraction of one denominator": (
        (lambda x: x**2 / (1 + x**2), R),
        (lambda x: x**2 / (1 + x**2) + 0.9 / (1 + x**2) ** 2, R),
    ),
    "a fraction upside down": ((lambda x: -1 / (1 + x**2), R), (lambda x: 1 / (1 + x**2), R)),
    "relu of quasi-convex": ((lambda x: jax.nn.relu(jnp.tanh(x**2 - 1)), R), (lambda x: -jax.nn.relu(x**2 - 1), R)),
    "a clipped ramp": (
        (lambda x: jnp.clip(x, 0, 1), R),
        (lambda x: jnp.clip(x, 0, 1) - jnp.clip(x, 2, 4), R),
    ),
    "a clipped ramp of an affine form": (
        (lambda v: jnp.clip(v[0] - 2 * v[1], -1, 3), R2),
        (lambda v: jnp.clip(v[0], -1, 3) + jnp.clip(-v[1], -1, 3), R2),
    ),
    "clipped the other way about": (
        (lambda x: 2 - 3 * jnp.maximum(jnp.minimum(x, 1), 0), R),
        (lambda x: 2 - 3 * jnp.minimum(jnp.abs(x), 1), R),
    ),
    "a minimum with a constant": (
        (lambda v: jnp.minimum(v @ v, 1), R2),
        (lambda v: jnp.minimum(v @ v, 1 + v[0]), R2),
    ),
    "a constant less a positive part": (
        (lambda v: -jax.nn.relu(1 - v @ v), R2),
        (lambda v: -jax.nn.relu(v @ v - 1), R2),
    ),
    "a sum of quasi-convex functions need not be": (
        (lambda v: v[0] ** 3 + 0 * v[1], R2),
        (lambda v: v[0] ** 3 - v[1] ** 3 - 3 * v[0], R2),
    ),
    "distance": ((lambda x: -jnp.exp(-(x**2)), R), (lambda x: jnp.exp(-(x**2)), R)),
}


@pytest.mark.parametrize("rule", RULES)
def test_quasi_convexity_is_proved_where_it_holds(rule):
    function, on = RULES[rule][0]
    verdict = is_quasiconvex(function, on)
    assert (verdict.answer, verdict.evidence) == ("yes", "proved")


@pytest.mark.parametrize("rule", RULES)
def test_a_near_miss_is_certified_not_quasi_convex(rule):
    function, on = RULES[rule][1]
    verdict = is_quasiconvex(function, on)
    assert (verdict.answer, verdict.evidence) == ("no", "certified")


@pytest.mark.parametrize("rule", RULES)
def test_the_mirror_of_a_quasi_convex_function_is_quasi_concave(rule):
    function, on = RULES[rule][0]
    assert is_quasiconcave(lambda x: -function(x), on)


def test_a_ramp_clipped_at_symbols():
    clipped = lambda v, q: q[2] + jnp.minimum(jax.nn.relu(q[0] @ v + q[1]), 1)  # noqa: E731
    assert is_quasiconvex(clipped, R2, for_all=(R2, R, R))
    assert not is_quasiconvex(lambda v, q: q[2] * clipped(v, q) + v[0], R2, for_all=(R2, R, R))


def test_parameters_of_unknown_sign_prove_nothing():
    assert is_quasiconvex(lambda x, q: q * jnp.abs(x), R, for_all=nonnegative())
    assert not is_quasiconvex(lambda x, q: q * jnp.abs(x), R, for_all=R)


@given(seed=st.integers(0, 2**64 - 1))
def test_no_random_proof_of_quasi_convexity_is_contradicted(seed):
    rng = random.Random(seed)
    for _ in range(3):
        c = composition(rng)
        try:
            for reading in readings(traced("is_quasiconvex", c.function(), *c.domains()), []):
                (e,) = reading.expressions
                for side in (1, -1):
                    found = quasiconvex(reading.calculus, reading.calculus.table.scale(e, side))
                    if found:
                        contradiction = against_convexity(c, side, quasi=True)
                        assert contradiction is None, (c, side, found, contradiction)
        except (UnsupportedError, TooLargeError):
            continue
