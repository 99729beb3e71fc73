"""Traps for tolerances: functions that miss a shape, or keep it, by a hair. Every answer is right or undecided.

A trap is a function of a small number h, positive, negative or 0, and the answers that are true of it. In doubles most
of them cannot be told apart from the function with h = 0; in real arithmetic the sign of h decides.
"""

import math
from dataclasses import dataclass
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import fmpq

import netprops
from netprops import box, positive, reals
from netprops.questions import asking
from netprops.readings import curvature, ranges
from netprops.search import falsify

ULP = 2.0**-52  # 1 + ULP is the double after 1
HAIRS = {"1e-7": 1e-7, "1e-11": 1e-11, "an ulp": ULP}
SWEPT = {"minus an ulp": falsify.SWEPT}  # the search before "undecided" compiles: for one of a trap's seven functions
R, R2, R3, P, P2 = reals(), reals(2), reals(3), positive(), positive(2)


@dataclass(frozen=True)
class Trap:
    """`function` of (x, h) on `domain` (or on a domain for each h); `truth` of h: {question: answer}."""

    function: object
    domain: object
    truth: object


def shape(convex, concave):
    return {"is_convex": convex, "is_concave": concave}


def rank_two(v):
    return (v[0] + 2 * v[1] - v[2]) ** 2 + (v[1] + v[2]) ** 2


TRAPS = {
    "a square less one": Trap(lambda x, h: x**2 - (1 + h) * x**2, R, lambda h: shape(h <= 0, h >= 0)),
    "a second square": Trap(lambda v, h: v[0] ** 2 + h * v[1] ** 2, R2, lambda h: shape(h >= 0, False)),
    "a product beside squares": Trap(
        lambda v, h: v[0] ** 2 + 2 * v[0] * v[1] + (1 + h) * v[1] ** 2, R2, lambda h: shape(h >= 0, False)
    ),
    "squares of rank two": Trap(lambda v, h: rank_two(v) + h * v[2] ** 2, R3, lambda h: shape(h >= 0, False)),
    "a kink": Trap(lambda x, h: jnp.where(x < 0, x, (1 + h) * x), R, lambda h: shape(h >= 0, h <= 0)),
    "a kink of maxima": Trap(
        lambda x, h: jnp.maximum(x, 0) - jnp.maximum((1 + h) * x, 0), R, lambda h: shape(h <= 0, h >= 0)
    ),
    "a kink of a modulus": Trap(lambda x, h: jnp.abs(x) - (1 - h) * jnp.abs(x), R, lambda h: shape(h >= 0, h <= 0)),
    "a kink away from 0": Trap(
        lambda x, h: x**2 + jnp.maximum(0, h * (x - 0.1)) - jnp.where(x < 0.1, 0, 2 * h * (x - 0.1)), R,
        lambda h: shape(h <= 0, False),
    ),
    "a jump": Trap(lambda x, h: jnp.where(x < 0, x**2, x**2 + 2 * x + h), R, lambda h: shape(h == 0, False)),
    "a jump at an end": Trap(lambda x, h: jnp.where(x <= 0, h, x**2), box(0, 1), lambda h: shape(h >= 0, False)),
    "a steeper tail": Trap(
        lambda x, h: jnp.where(jnp.abs(x) <= 1, x**2 / 2, (1 + h) * (jnp.abs(x) - 0.5)), R,
        lambda h: shape(h == 0, False)
    ),
    "softplus on the line": Trap(lambda x, h: jax.nn.softplus(x) + h * x**2, R, lambda h: shape(h >= 0, False)),
    "softplus on a box": Trap(lambda x, h: jax.nn.softplus(x) + h * x**2, box(-1, 1), lambda h: shape(True, False)),
    "log-sum-exp": Trap(lambda v, h: jax.nn.logsumexp(v) + h * v[0] ** 2, R2, lambda h: shape(h >= 0, False)),
    "log-sum-exp of copies": Trap(
        lambda v, h: jnp.log(jnp.exp(v[0]) + jnp.exp(v[1])) - (1 - h) * jnp.logaddexp(v[0], v[1]), R2,
        lambda h: shape(h >= 0, h <= 0),
    ),
    "a cube": Trap(lambda x, h: x**3, lambda h: box(h, 1), lambda h: shape(h >= 0, False)),
    "a quartic": Trap(
        lambda v, h: v[0] ** 4 + 6 * (1 + h) * v[0] ** 2 * v[1] ** 2 + v[1] ** 4, R2, lambda h: shape(h <= 0, False)
    ),
    "a quartic of one variable": Trap(lambda x, h: x**4 + h * x**2, R, lambda h: shape(h >= 0, False)),
    "a double root": Trap(
        lambda x, h: x**4 / 12 - x**3 / 3 + (1 + h) * x**2 / 2, R, lambda h: shape(h >= 0, False)
    ),
    "cosh less a parabola": Trap(lambda x, h: jnp.cosh(x) - (0.5 - h) * x**2, R, lambda h: shape(h >= 0, False)),
    "exponentials less a parabola": Trap(
        lambda x, h: jnp.exp(x) + jnp.exp(-x) - (1 - h) * x**2, R, lambda h: shape(h >= 0, False)
    ),
    "a wave against a parabola": Trap(
        lambda x, h: jnp.sin(x) + (1 + h) * x**2 / 2, R, lambda h: shape(h >= 0, False)
    ),
    "waves against a form": Trap(
        lambda v, h: jnp.cos(v[0]) * jnp.cos(v[1]) + (1 + h) * (v @ v) / 2, R2, lambda h: shape(h >= 0, False)
    ),
    "a power near 1": Trap(lambda x, h: x ** (1 + h), P, lambda h: shape(h >= 0, h <= 0)),
    "a geometric mean": Trap(lambda v, h: v[0] ** 0.5 * v[1] ** (0.5 + h), P2, lambda h: shape(False, h <= 0)),
    "a square over a power": Trap(lambda v, h: v[0] ** 2 / v[1] ** (1 + h), P2, lambda h: shape(h <= 0, False)),
    "relative entropy": Trap(
        lambda v, h: v[0] * jnp.log(v[0]) - (1 + h) * v[0] * jnp.log(v[1]), P2, lambda h: shape(h <= 0, False)
    ),
    "a root of a form": Trap(
        lambda v, h: jnp.sqrt(v[0] * v[1] + h * v[2] ** 2), box([1, 1, -0.5], [2, 2, 0.5]),
        lambda h: shape(False, h <= 0)
    ),
    "a norm": Trap(
        lambda v, h: jnp.sum(v**4) ** (0.25 * (1 + h)), R2, lambda h: shape(h >= 0, False)
    ),
    "a root less a hair": Trap(
        lambda v, h: jnp.sqrt(v[0] ** 2 + v[1] ** 2 + 1) + h * v[0] ** 2, R2, lambda h: shape(h >= 0, False)
    ),
    "the logistic function": Trap(lambda x, h: jax.nn.sigmoid(x), lambda h: box(h, 1), lambda h: shape(False, h >= 0)),
    "tanh": Trap(lambda x, h: jnp.tanh(x), lambda h: box(-1, h), lambda h: shape(h <= 0, False)),
    "the cube root": Trap(lambda x, h: jnp.cbrt(x), lambda h: box(h, 1), lambda h: shape(False, h >= 0)),
    "a sine up to pi": Trap(
        lambda x, h: jnp.sin(x), lambda h: box(0, math.nextafter(math.pi, 4) if h > 0 else math.pi),
        lambda h: shape(False, h <= 0)
    ),
    "elu": Trap(lambda x, h: jax.nn.elu(x, 1 + h), R, lambda h: shape(h <= 0, False)),
    "leaky relu": Trap(lambda x, h: jax.nn.leaky_relu(x, 1 + h), R, lambda h: shape(h <= 0, h >= 0)),
    "a logarithm and a parabola": Trap(lambda x, h: jnp.log(x) + h * x**2, P, lambda h: shape(False, h <= 0)),
    "a modulus and a parabola": Trap(lambda x, h: jnp.abs(x) + h * x**2, R, lambda h: shape(h >= 0, False)),
    "a square of a parameter": Trap(
        lambda x, h: jnp.maximum(x, h * x**2), box(0, 1), lambda h: shape(h >= 0 or h < 0, h <= 0 or h < 1)
    ),
    "strictly": Trap(lambda x, h: x + h * x**2, R, lambda h: {"is_strictly_convex": h > 0, **shape(h >= 0, h <= 0)}),
    "strictly in all directions": Trap(
        lambda v, h: (v[0] + v[1]) ** 2 + h * v[0] ** 2, R2,
        lambda h: {"is_strictly_convex": h > 0, **shape(h >= 0, False)}
    ),
    "a wave that rises": Trap(lambda x, h: x + (1 + h) * jnp.sin(x), R, lambda h: {"is_nondecreasing": h <= 0}),
    "a ramp that falls": Trap(lambda x, h: jnp.maximum(x, 0) + h * x, R, lambda h: {"is_nondecreasing": h >= 0}),
    "steps": Trap(lambda x, h: jnp.floor(x) + h * x, R, lambda h: {"is_nondecreasing": h >= 0}),
    "a square that touches 0": Trap(lambda x, h: x**2 - 2 * x + 1 + h, R, lambda h: {"is_positive": h > 0}),
    "an exponential on its tangent": Trap(lambda x, h: jnp.exp(x) - x - 1 + h, R, lambda h: {"is_positive": h > 0}),
    "softplus over its ramp": Trap(
        lambda x, h: jax.nn.softplus(x) - jnp.maximum(x, 0) + h, R, lambda h: {"is_positive": h >= 0}
    ),
    "a product of exponentials": Trap(
        lambda x, h: jnp.exp(x) * jnp.exp(-x) - 1 + h, R, lambda h: {"is_positive": h > 0}
    ),
    "a product": Trap(lambda v, h: -v[0] * v[1], lambda h: box([h, h], [1, 1]), lambda h: {"is_quasiconvex": h >= 0}),
    "a root of a modulus": Trap(
        lambda x, h: jnp.minimum(jnp.abs(x), 1) + h * jnp.abs(x), R, lambda h: {"is_quasiconvex": h >= 0}
    ),
}  # fmt: skip


def hairs():
    """0, and each hair both ways: by name."""
    return {"none": 0.0, **HAIRS, **{f"minus {name}": -h for name, h in HAIRS.items()}}


def asked(trap, h):
    """[(question, truth, verdict)]."""
    on = trap.domain(h) if callable(trap.domain) else trap.domain
    return [
        (name, truth, getattr(netprops, name)(lambda x: trap.function(x, h), on))
        for name, truth in trap.truth(h).items()
    ]


@pytest.mark.parametrize("name", TRAPS)
def test_every_answer_is_right_or_undecided(name):
    """And a quarter of them are decided, at the least: a trap of which nothing is said shows nothing."""
    answers = []
    for hair, h in hairs().items():
        with mock.patch.object(falsify, "SWEPT", SWEPT.get(hair, 0)):
            given = asked(TRAPS[name], h)
        for question, truth, verdict in given:
            answers.append(verdict.answer)
            assert verdict.answer in ("yes" if truth else "no", "undecided"), (name, hair, question, verdict.because)
    assert 4 * sum(answer != "undecided" for answer in answers) >= len(answers)


def by_floats(Q):
    """Positive semidefinite but for 1e-9, as one is tempted to ask."""
    return bool(np.linalg.eigvalsh([[float(x.p) / float(x.q) for x in row] for row in Q])[0] >= -1e-9)


def but_for_1e_9(r):
    return r.lo is not None and r.lo >= fmpq(-1, 10**9)


TOLERANT = {
    "exact inertia": (curvature, "is_positive_semidefinite", by_floats, "a product beside squares"),
    "the sign of a coefficient": (ranges, "is_nonnegative", but_for_1e_9, "a kink of a modulus"),
    "the rise at a kink": (ranges, "is_nonnegative", but_for_1e_9, "a kink away from 0"),
}


@pytest.mark.parametrize("what", TOLERANT)
def test_a_tolerance_put_in_on_purpose_is_caught(what, monkeypatch):
    module, name, tolerant, trap = TOLERANT[what]
    monkeypatch.setattr(module, name, tolerant)
    monkeypatch.setattr(asking, "_answers", {})
    monkeypatch.setattr(asking, "why_refused", lambda goals: None)  # the checker, which is strict, would refuse
    with pytest.raises(AssertionError):
        test_every_answer_is_right_or_undecided(trap)
