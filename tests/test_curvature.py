"""The curvature calculus: every rule used on purpose, its near misses refused, and its proofs attacked at random."""

import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from compositions import (
    Composition,
    against_convexity,
    against_monotonicity,
    against_range,
    composition,
)
from hypothesis import given
from hypothesis import strategies as st

from netprops import UnsupportedError, box, nonnegative, positive, reals
from netprops.questions.asking import readings, traced
from netprops.readings import ranges
from netprops.readings.polynomials import TooLargeError
from netprops.readings.proofs import lines

R, R2, P, P2, N2 = reals(), reals(2), positive(), positive(2), nonnegative(2)


def proof(question, f, on, for_all=None, levels=(0, 1, 2)):
    """The rules with which the calculus proves it, joined; None if it cannot. Nothing is searched."""
    for reading in readings(traced(question, f, on, for_all), [], levels):
        proofs = [getattr(reading.calculus, question)(e) for e in reading.expressions]
        if all(proofs):
            return "; ".join(lines(proofs))
    return None


# ---------------------------------------------------------------- the rules of convexity


def quadratic(Q):
    return lambda v: v @ jnp.asarray(Q) @ v


NEARLY_FLAT = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]])
NEARLY_SADDLE = np.array([[1.0, 1.0], [1.0, 1.0 - 2.0**-53]])


def huber(t):
    return jnp.where(jnp.abs(t) <= 1, t**2 / 2, jnp.abs(t) - 0.5)


# rule -> (what its proof says, a function that it proves convex, a near miss that nothing may prove)
CONVEX = {
    "affine": ("affine", (lambda v: 3 * v[0] - v[1] + 1, R2), (lambda v: v[0] * v[1], R2)),
    "affine for every parameter": (
        "affine",
        (lambda v, q: q * v[0] + q**2 * v[1], R2, R),
        (lambda v, q: q * v[0] ** 2, R2, R),
    ),
    "nonnegative parameters": (
        "squares",
        (lambda v, q: q * v[0] ** 2, R2, P),
        (lambda v, q: (q - 1) * v[0] ** 2, R2, P),
    ),
    "quadratic form": (
        "exact inertia",
        (quadratic(NEARLY_FLAT), R2),
        (quadratic(NEARLY_SADDLE), R2),
    ),
    "even power": ("even power 4", (lambda v: (v[0] - v[1] + 1) ** 4, R2), (lambda v: (v[0] - v[1]) ** 3, R2)),
    "power of a convex nonnegative function": (
        "power 3",
        (lambda v: jnp.abs(v[0] - v[1]) ** 3, R2),
        (lambda v: (jnp.abs(v[0]) - 1) ** 3, R2),
    ),
    "even power of a concave nonpositive function": (
        "power 2",
        (lambda v: (-1 - v @ v) ** 2, R2),
        (lambda v: (1 - v @ v) ** 2, R2),
    ),
    "power 3/2": ("power 3/2", (lambda x: x**1.5, P), (lambda x: x**0.5, P)),
    "negative power": ("negative power", (lambda x: 1 / jnp.sqrt(x), P), (lambda x: 1 / jnp.square(1 + x**2), R)),
    "odd reciprocal of negative numbers": (None, (lambda x: -1 / x, box(-2, -1)), (lambda x: 1 / x, box(-2, -1))),
    "norm": (
        "Euclidean norm",
        (lambda v: jnp.sqrt(v[0] ** 2 + (v[0] - v[1]) ** 2 + 1), R2),
        (lambda v: jnp.sqrt(1 + v[0] ** 2 * v[1] ** 2), R2),
    ),
    "norm with a linear part": (
        "Euclidean norm",
        (lambda x: jnp.sqrt(x**2 + 2 * x + 1), R),
        (lambda x: jnp.sqrt(jnp.square(x) + 2 * x), box(1, 2)),
    ),
    "square over": (
        "total degree at least 1",
        (lambda v: v[0] ** 2 / v[1], (R, P)),
        (lambda v: v[0] ** 2 / v[1] ** 2, (R, P)),
    ),
    "reciprocal of a product": ("negative powers", (lambda v: 1 / (v[0] * v[1]), P2), (lambda v: v[0] / v[1], P2)),
    "exp of convex": ("exp of a convex function", (lambda x: jnp.exp(x**2), R), (lambda x: jnp.exp(-(x**2)), R)),
    "log-convex product": (
        "log-convex product",
        (lambda v: jnp.exp(v[0]) / v[1], (R, P)),
        (lambda v: jnp.exp(v[0]) * v[1], (R, P)),
    ),
    "maximum": (
        "maximum of convex functions",
        (lambda v: jnp.maximum(v[0] ** 2, jnp.abs(v[1])), R2),
        (lambda v: jnp.maximum(v[0], -(v[1] ** 2)), R2),
    ),
    "log-sum-exp": (
        "log of a sum of log-convex terms",
        (lambda v: jax.nn.logsumexp(jnp.stack([v[0], 2 * v[1], v[0] ** 2])), R2),
        (lambda v: jnp.log(jnp.exp(v[0]) + jnp.exp(-(v[1] ** 2))), R2),
    ),
    "log of a difference is none": (
        None,
        (lambda x: -jnp.log(1 - x), box(0, 0.5)),
        (lambda x: jnp.log(1 - x), box(0, 0.5)),
    ),
    "log-sum-exp after a shift": (
        None,
        (lambda v: jax.nn.logsumexp(v) - v[0], reals(3)),
        (lambda v: jax.nn.logsumexp(v) - 2 * jnp.maximum(v[0], v[1]), reals(3)),
    ),
    "maximum after a shift": (
        "maximum of convex functions",
        (lambda v: jnp.maximum(v[0] ** 2 - v[1] ** 2, 0.0) + v[1] ** 2, R2),
        (lambda v: jnp.maximum(v[0] ** 2 - v[1] ** 2, 0.0), R2),
    ),
    "composition": (
        "convex on",
        (lambda x: jnp.cosh(x), R),
        (lambda x: jnp.sinh(x), R),
    ),
    "composition by monotonicity": (
        "composed by monotonicity",
        (lambda x: jnp.sinh(x**2), R),
        (lambda x: jnp.tanh(x**2), R),
    ),
    "outweighed": (
        "outweighs bounded second derivatives",
        (lambda v: v @ v + jnp.sin(v[0] + v[1]), R2),
        (lambda v: 0.499 * v @ v + jnp.sin(v[0] + v[1]), R2),
    ),
    "outweighed on one line": (
        None,
        (lambda x: x**2 / 2 + jnp.sin(x), R),
        (lambda x: 0.4999 * x**2 + jnp.sin(x), R),
    ),
    "a sum must be outweighed in its own direction": (
        "outweighs",
        (lambda v: v[0] ** 2 + v[1] ** 2 + jax.nn.sigmoid(v[0] - v[1]), R2),
        (lambda v: v[0] ** 2 + jax.nn.sigmoid(v[0] - v[1]), R2),
    ),
    "function of one affine form": (
        "one affine form",
        (lambda v: jnp.where(jnp.abs(v[0] - v[1]) <= 1, (v[0] - v[1]) ** 2 / 2, jnp.abs(v[0] - v[1]) - 0.5), R2),
        (lambda v: jnp.where(jnp.abs(v[0] - v[1]) <= 1, (v[0] - v[1]) ** 2 / 2, jnp.abs(v[0] - v[1]) / 2), R2),
    ),
    "smooth convex terms beside a kinked one": (
        "one affine form",
        (lambda x: huber(x + 1) + jnp.exp(x / 2) + jax.nn.softplus(3 * x - 2), R),
        (lambda x: huber(x + 1) - jnp.exp(x / 2) + jax.nn.softplus(3 * x - 2), R),
    ),
    "a smooth convex term that a kinked one needs": (
        "one affine form",
        (lambda x: jnp.cosh(x) - jnp.abs(huber(x) - huber(2 * x)) / 16, R),
        (lambda x: jnp.cosh(x) - 2 * jnp.abs(x), R),
    ),
    "sine where it is below": (None, (lambda x: jnp.sin(x), box(4, 6)), (lambda x: jnp.sin(x), box(3, 6))),
    "softplus": ("log of a sum", (jax.nn.softplus, R), (lambda x: jax.nn.softplus(x) - jax.nn.relu(x), R)),
    "elu": (None, (jax.nn.elu, R), (lambda x: jax.nn.elu(x, 1.01), R)),
    "leaky relu": (None, (jax.nn.leaky_relu, R), (lambda x: jax.nn.leaky_relu(x, 1.01), R)),
    "tan": (None, (jnp.tan, box(0, 1)), (jnp.tan, box(-0.001, 1))),
    "arcsin up to its closed end": (None, (jnp.arcsin, box(0, 1)), (jnp.arccos, box(-1, 1))),
    "the cube root has a kink": (None, (lambda x: -jnp.cbrt(x), P), (lambda x: -jnp.cbrt(x), R)),
    "norm of higher degree": ("4-norm", (lambda v: jnp.sum(v**4) ** 0.25, R2), (lambda v: jnp.sum(v**4) ** 0.125, R2)),
    "norm of convex functions": (
        "2-norm",
        (lambda v: jnp.sqrt(1 + jnp.exp(2 * v[0]) + (v[1] ** 2 + jnp.abs(v[0])) ** 2), R2),
        (lambda v: jnp.sqrt(1 + jnp.exp(2 * v[0]) + jnp.abs(v[1])), R2),
    ),
    "reciprocal of a hyperbolic form": (
        "hyperbolic",
        (lambda v: 1 / (v[0] * v[1] - 1), box([2, 2], [4, 4])),
        (lambda v: 1 / (v[0] * v[1] + 9 + v[0] ** 2 + v[1] ** 2), box([-1, -1], [1, 1])),
    ),
    "even reciprocal of a negative hyperbolic form": (
        None,
        (lambda v: 1 / (v[0] ** 2 - v[1] ** 2) ** 2, box([-1, 2], [1, 4])),
        (lambda v: -1 / (v[0] ** 2 - v[1] ** 2) ** 2, box([-1, 2], [1, 4])),
    ),
    "a form over an affine one": (
        "over a positive affine form",
        (lambda v: (v[0] ** 2 - v[0] * v[1] + v[1] ** 2) / (v[0] + v[1]), P2),
        (lambda v: (v[0] * v[1] + 1) / (v[0] + v[1]), P2),
    ),
    "an affine form over a hyperbolic one": (
        "reciprocal of a concave",
        (lambda v: (v[0] + v[2]) / (v[0] * v[2] - v[1] ** 2), box([2, -1, 2], [5, 1, 5])),
        (lambda v: (3 * v[0] + v[1]) / (v[0] * v[2] - v[1] ** 2), box([2, -1, 2], [5, 1, 5])),
    ),
    "perspective": (
        "perspective",
        (lambda v: v[1] * jnp.exp(v[0] / v[1]), (R, P)),
        (lambda v: v[1] * jnp.exp(v[0] / v[1] ** 2), (R, box(1, 2))),
    ),
    "perspective of a maximum": (
        "perspective",
        (lambda v: v[1] * jnp.maximum(v[0] / v[1], jnp.sqrt(1 + (v[0] / v[1]) ** 2)), (R, P)),
        (lambda v: v[1] * jnp.minimum(v[0] / v[1], jnp.sqrt(1 + (v[0] / v[1]) ** 2)), (R, P)),
    ),
    "relative entropy": (
        "relative entropies",
        (lambda v: jnp.sum(v * jnp.log(v / jnp.sum(v))), positive(3)),
        (lambda v: jnp.sum(v * jnp.log(v / jnp.sum(v) ** 2)), positive(3)),
    ),
    "separable": (
        "separable sum",
        (lambda v: (v[0] ** 2 + v[1] ** 2) ** 2 + v[2] * jnp.exp(v[3] / v[2]), (R, R, P, R)),
        (lambda v: (v[0] ** 2 - v[1] ** 2) ** 2 + v[2] * jnp.exp(v[3] / v[2]), (R, R, P, R)),
    ),
    "products of waves": (
        "outweighs",
        (lambda v: jnp.cos(v[0]) * jnp.cos(v[1]) + v @ v / 2, R2),
        (lambda v: jnp.cos(v[0]) * jnp.cos(v[1]) + 0.49 * v @ v, R2),
    ),
    "Hessian a sum of squares": (
        "Gram matrix",
        (lambda v: v[0] ** 4 + 6 * v[0] ** 2 * v[1] ** 2 + v[1] ** 4, R2),
        (lambda v: v[0] ** 4 + 6.001 * v[0] ** 2 * v[1] ** 2 + v[1] ** 4, R2),
    ),
    "largest entries": (
        "maximum of convex",
        (lambda v: jnp.sum(jnp.sort(v)[1:]), reals(4)),
        (lambda v: jnp.sum(jnp.sort(v)[:2]), reals(4)),
    ),
    "largest entries of top_k": (
        "maximum of convex",
        (lambda v: jnp.sum(jax.lax.top_k(jnp.abs(v), 2)[0]), reals(4)),
        (lambda v: jax.lax.top_k(v, 2)[0][1], reals(4)),
    ),
    "log of a sum with cosh": (
        "log-convex function",
        (lambda v: jnp.log(jnp.cosh(v[0] - v[1]) + jnp.exp(v[1])), R2),
        (lambda v: jnp.log(jnp.cosh(v[0] - v[1]) - 0.5), R2),
    ),
    "log of the Bessel function": (
        "log-convex function",
        (lambda x: jnp.log(jax.scipy.special.i0e(x)) + jnp.abs(x), R),
        (lambda x: jnp.log(jax.scipy.special.i0e(x)), R),
    ),
    "one variable, by an exact quotient of polynomials": (
        "one affine form",
        (lambda x: x * jnp.arctan(x), R),
        (lambda x: jnp.arctan(x) ** 2, R),
    ),
    "one variable, in an exponential, touching 0": (
        "one affine form",
        (lambda x: jnp.exp(x) + jnp.exp(-x) - x**2, R),
        (lambda x: jnp.exp(x) + jnp.exp(-x) - 1.001 * x**2, R),
    ),
    "steps are never convex": (None, (lambda x: jnp.floor(x) - jnp.floor(x), R), (jnp.floor, box(0, 1))),
    "a jump at a closed end": (
        None,
        (lambda x: jnp.where(x < 2, 0.0, 5.0), box(0, 1)),
        (lambda x: jnp.where(x <= 0, 0.0, 1.0), box(0, 1)),
    ),
}


def asked(question, case, **options):
    f, on, *for_all = case
    if isinstance(on, tuple):  # one vector whose entries have domains of their own
        return proof(question, lambda p, *q: f(jnp.stack(p), *q), on, *for_all, **options)
    return proof(question, f, on, *for_all, **options)


@pytest.mark.parametrize("rule", CONVEX)
def test_a_rule_proves_what_it_is_for(rule):
    says, function, _ = CONVEX[rule]
    found = asked("convex", function)
    assert found is not None
    assert says is None or says in found


@pytest.mark.parametrize("rule", CONVEX)
def test_a_near_miss_of_a_rule_is_not_proved(rule):
    _, _, miss = CONVEX[rule]
    assert asked("convex", miss) is None


CONCAVE = {
    "root": ((lambda x: jnp.sqrt(x), nonnegative()), (lambda x: jnp.sqrt(1 + x**2), R)),
    "log of concave": ((lambda x: jnp.log(1 - x**2), box(-0.5, 0.5)), (lambda x: jnp.log(1 + x**2), R)),
    "geometric mean": ((lambda v: jnp.sqrt(v[0] * v[1]), N2), (lambda v: v[0] * v[1], N2)),
    "geometric mean of unequal weights": (
        (lambda v: v[0] ** 0.25 * v[1] ** 0.75, N2),
        (lambda v: v[0] ** 0.25 * v[1] ** 0.875, N2),
    ),
    "odd power of negative numbers": ((lambda x: x**3, box(-2, 0)), (lambda x: x**3, box(-2, 0.001))),
    "reciprocal of negative numbers": ((lambda x: 1 / x, box(-2, -1)), (lambda x: 1 / x**2, box(-2, -1))),
    "minimum": ((lambda v: jnp.minimum(v[0], -(v[1] ** 2)), R2), (lambda v: jnp.minimum(v[0] ** 2, v[1]), R2)),
    "logistic where positive": ((jax.nn.sigmoid, nonnegative()), (jax.nn.sigmoid, box(-1e-9, 1))),
    "log of logistic": ((lambda x: jnp.log(jax.nn.sigmoid(x)), R), (lambda x: jax.nn.sigmoid(x), R)),
    "root of a hyperbolic form": (
        (lambda v: jnp.sqrt(v[0] * v[1] - v[2] ** 2), box([1, 1, -0.5], [2, 2, 0.5])),
        (lambda v: jnp.sqrt(v[0] * v[1] + v[2] ** 2), box([1, 1, -0.5], [2, 2, 0.5])),
    ),
    "log of a determinant": (
        (lambda v: jnp.log(v[0] * v[1] - v[2] ** 2), box([1, 1, -0.5], [2, 2, 0.5])),
        (lambda v: jnp.log(v[0] * v[1] + v[2] ** 2), box([1, 1, -0.5], [2, 2, 0.5])),
    ),
    "odd reciprocal of a negative hyperbolic form": (
        (lambda v: 1 / (v[0] ** 2 - v[1] ** 2), box([-1, 2], [1, 4])),
        (lambda v: 1 / (v[0] ** 2 - v[1] ** 2) ** 2, box([-1, 2], [1, 4])),
    ),
    "harmonic mean": ((lambda v: 1 / jnp.sum(1 / v), positive(3)), (lambda v: 1 / jnp.sum(1 / v**2), positive(3))),
    "power mean": (
        (lambda v: jnp.sum(jnp.sqrt(v)) ** 2, P2),
        (lambda v: jnp.sum(jnp.sqrt(v)) ** 3, P2),
    ),
    "parallel sum": ((lambda v: v[0] * v[1] / (v[0] + v[1]), P2), (lambda v: v[0] ** 2 / (v[0] + v[1]), P2)),
    "normal distribution": (
        (lambda x: jnp.log(jax.scipy.special.ndtr(x)), box(-4, 4)),
        (lambda x: jax.scipy.special.ndtr(x), box(-4, 4)),
    ),
    "complementary error function": (
        (lambda x: jnp.log(jax.scipy.special.erfc(x)), R),
        (lambda x: jnp.log(1.5 + jax.scipy.special.erf(x)), R),
    ),
    "entropy": ((lambda x: -x * jnp.log(x), P), (lambda x: x * jnp.log(x), P)),
}


@pytest.mark.parametrize("rule", CONCAVE)
def test_a_rule_proves_concave_what_it_is_for_and_no_near_miss(rule):
    function, miss = CONCAVE[rule]
    assert asked("concave", function) is not None
    assert asked("concave", miss) is None


# ---------------------------------------------------------------- strictly convex

STRICT = {
    "squares": ((lambda v: v[0] ** 2 + v[1] ** 2, R2), (lambda v: (v[0] - v[1]) ** 2, R2)),
    "squares of forms that span": (
        (lambda v: (v[0] - v[1]) ** 2 + (v[0] + v[1]) ** 4, R2),
        (lambda v: (v[0] - v[1]) ** 2 + (2 * v[0] - 2 * v[1]) ** 4, R2),
    ),
    "softplus both ways": (
        (lambda v: jax.nn.softplus(v[0]) + jax.nn.softplus(-v[1]), R2),
        (lambda v: jax.nn.softplus(v[0]) + jax.nn.relu(v[1]), R2),
    ),
    "a parameter of known sign": ((lambda x, q: q * x**2, R, P), (lambda x, q: q * x**2, R, nonnegative())),
    "exponentials": ((lambda x: jnp.exp(x) - x, R), (lambda x: jnp.abs(x), R)),
    "log": ((lambda x: -jnp.log(x), P), (lambda x: -jnp.log(jnp.maximum(x, 1.0)), P)),
    "log-sum-exp is flat along ones": (
        (lambda v: jax.nn.logsumexp(v) + v[0] ** 2 + v[1] ** 2, R2),
        (lambda v: jax.nn.logsumexp(v), R2),
    ),
    "not in a direction that is missing": ((lambda v: jnp.exp(v[0]) + v[1] ** 2, R2), (lambda v: jnp.exp(v[0]), R2)),
    "not by a quadratic form that is flat": (
        (quadratic(NEARLY_FLAT), R2),
        (quadratic(np.ones((2, 2))), R2),
    ),
    "slopes that are parameters do not count": (
        (lambda x, q: x**2 + jax.nn.softplus(q * x), R, R),
        (lambda x, q: jax.nn.softplus(q * x), R, R),
    ),
}


@pytest.mark.parametrize("rule", STRICT)
def test_strict_convexity_is_proved_where_it_holds_and_nowhere_else(rule):
    function, miss = STRICT[rule]
    assert asked("strictly_convex", function) is not None
    assert asked("strictly_convex", miss) is None


def test_flat_directions_are_those_along_which_nothing_bends():
    (reading,) = readings(traced("is_convex", lambda v: jnp.exp(v[0] - v[1]) + (v[1] - v[0]) ** 2, reals(3)), [], (0,))
    directions = reading.calculus.flat_directions(reading.expressions[0])
    assert len(directions) == 2
    for d in directions:
        assert d[0] == d[1]
        assert any(d.values())


def test_no_direction_is_flat_where_a_kink_or_a_product_depends_on_it():
    f = lambda v: jnp.maximum(v[0], v[1] * v[2]) + v[0] ** 2  # noqa: E731
    (reading,) = readings(traced("is_convex", f, reals(3)), [], (0,))
    assert reading.calculus.flat_directions(reading.expressions[0]) == []


# ---------------------------------------------------------------- non-decreasing

RISING = {
    "sums": ((lambda v: v[0] + 2 * jnp.exp(v[1]), R2), (lambda v: v[0] - 1e-9 * v[1], R2)),
    "products of nonnegative factors": ((lambda v: v[0] * v[1], N2), (lambda v: v[0] * v[1], R2)),
    "falling factors": ((lambda v: -1 / (v[0] * v[1]), P2), (lambda v: 1 / (v[0] * v[1]), P2)),
    "odd powers": ((lambda x: x**3, R), (lambda x: x**2, R)),
    "even powers of negative numbers": ((lambda x: -(x**2), box(-2, 0)), (lambda x: -(x**2), box(-2, 0.5))),
    "reciprocals": ((lambda x: -1 / x, box(-2, -1)), (lambda x: 1 / x, box(-2, -1))),
    "even reciprocals": ((lambda x: 1 / x**2, box(-2, -1)), (lambda x: 1 / x**2, box(1, 2))),
    "log-sum-exp": ((lambda v: jax.nn.logsumexp(v), reals(3)), (lambda v: jax.nn.logsumexp(-v), reals(3))),
    "maximum": ((lambda v: jnp.max(v), reals(3)), (lambda v: jnp.max(v) - jnp.min(v), reals(3))),
    "log-sum-exp less an entry": (
        (lambda v: jax.nn.logsumexp(v) - 0.5 * jnp.log(2.0), R2),
        (lambda v: jax.nn.logsumexp(v) - v[0], R2),
    ),
    "derivative by ranges": ((lambda x: x + jnp.sin(x), R), (lambda x: 0.999 * x + jnp.sin(x), R)),
    "steps": ((jnp.floor, R), (lambda x: x - jnp.floor(x), R)),
    "the cube root": ((jnp.cbrt, R), (lambda x: x - jnp.cbrt(x), R)),
    "activations": ((jax.nn.relu6, R), (jax.nn.silu, R)),
    "for every parameter": ((lambda x, q: q**2 * x, R, R), (lambda x, q: q * x, R, R)),
    "sine up to its top": ((jnp.sin, box(-1.5, 1.5)), (jnp.sin, box(-1.5, 1.6))),
}


@pytest.mark.parametrize("rule", RISING)
def test_monotonicity_is_proved_where_it_holds_and_nowhere_else(rule):
    function, miss = RISING[rule]
    assert asked("nondecreasing", function) is not None
    assert asked("nondecreasing", miss) is None


# ---------------------------------------------------------------- side conditions


@pytest.mark.parametrize(
    "f",
    [
        jnp.log,
        jnp.sqrt,
        lambda x: x / x,
        lambda x: x - x / (x - x),
        lambda x: jnp.log(x) - jnp.log(x),
        lambda x: x**1.5,
    ],
)
def test_nothing_is_proved_about_a_function_that_may_be_undefined(f):
    for question in ("convex", "concave", "nondecreasing"):
        assert proof(question, f, R) is None


def test_a_guard_that_covers_its_side_condition_counts():
    safe = lambda x: jnp.where(x > 1, jnp.log(jnp.where(x > 1, x, 1.0)), x - 1)  # noqa: E731
    assert proof("concave", safe, R) is not None
    assert proof("convex", safe, R) is None


# ---------------------------------------------------------------- at random


def attack(c: Composition):
    """Everything that the calculus proves about a composition, each put to an independent search."""
    attacks = {
        "convex": lambda: against_convexity(c),
        "concave": lambda: against_convexity(c, -1),
        "strictly_convex": lambda: against_convexity(c, strict=True),
        "nondecreasing": lambda: against_monotonicity(c),
        "falling": lambda: against_monotonicity(c, -1),
    }
    try:
        for reading in readings(traced("is_convex", c.function(), *c.domains()), []):
            (e,) = reading.expressions
            table, calculus = reading.calculus.table, reading.calculus
            r = table.range(e)
            assert against_range(c, r) is None, (c, str(r))
            for question in [q for q in attacks if q != "falling"]:
                found = getattr(calculus, question)(e)
                if found:
                    contradiction = attacks[question]()
                    assert contradiction is None, (c, question, found, contradiction)
            if calculus.nondecreasing(table.scale(e, -1)):
                contradiction = attacks["falling"]()
                assert contradiction is None, (c, "falling", contradiction)
            if ranges.is_positive(r):
                assert against_range(c, r) is None
    except (UnsupportedError, TooLargeError):
        return


@given(seed=st.integers(0, 2**64 - 1))
def test_nothing_proved_about_random_compositions_is_contradicted(seed):
    rng = random.Random(seed)
    for _ in range(4):
        attack(composition(rng))
