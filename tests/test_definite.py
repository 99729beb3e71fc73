"""Strict convexity by enclosed Hessians: what is shown has positive definite Hessians, what must not be, is not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from netprops import box, is_concave, is_convex, is_strictly_convex, reals
from netprops.readings import definite
from netprops.readings.definite import boxes_with_definite_hessian
from netprops.readings.jaxpr import trace
from netprops.readings.jets import full_jet, hessian_and_floor
from netprops.readings.krawczyk import shaped


def boxes(f, on, decision=None, sign=1, **options):
    program = trace(f, on) if decision is None else trace(f, *on)
    return boxes_with_definite_hessian(
        program, len(program.arguments) if decision is None else decision, sign, **options
    )


def wave(x):
    return jnp.cos(x) * jnp.cos(3 * x) + 5.5 * x**2


def decayed(p):
    """Two logistic units on the data point (1, 1), squared error, weight decay 2: seven parameters."""
    w, b, v, c = p[:2], p[2:4], p[4:6], p[6]
    return (v @ jax.nn.sigmoid(w + b) + c - 1) ** 2 + 2 * p @ p


SHOWN = {
    "a wave in a bowl": (wave, box(-10, 10)),
    "bent both ways, together up": (lambda x: jnp.exp(jnp.sin(x)) + 3 * x**2, box(-5, 5)),
    "a saddle's square in a bowl": (lambda v: (v[0] * v[1] - 1) ** 2 + 7 * v @ v, box([-1, -1], [1, 1])),
    "a network with weight decay": (decayed, box(-0.75, 0.75, 7)),
    "one point": (lambda x: jnp.sin(x), box(-1, -1)),
    "x^3 right of 0": (lambda x: x**3, box(2.0**-20, 1)),
}


@pytest.mark.parametrize("name", SHOWN)
def test_it_is_shown_and_the_function_is_strictly_convex(name):
    f, on = SHOWN[name]
    assert boxes(f, on) is not None
    rng = np.random.default_rng(0)
    lo, hi = on.ends()
    slowly = jax.jit(jax.hessian(f))
    for share in rng.uniform(size=(200, *on.shape)):
        eigenvalues = np.linalg.eigvalsh(np.reshape(slowly(lo + share * (hi - lo)), (on.size, on.size)))
        assert eigenvalues[0] > 0


# Convex or nearly so, but with a Hessian that is singular, negative or missing somewhere in the box.
FALSE = {
    "x^4, singular at 0": (lambda x: x**4, box(-1, 1)),
    "x^3, negative left of 0": (lambda x: x**3, box(-(2.0**-10), 1)),
    "flat along a line": (lambda v: (v[0] + v[1]) ** 2, box(-1, 1, 2)),
    "a saddle in a corner": (lambda v: v[0] ** 2 + v[1] ** 2 - v[0] ** 2 * v[1] ** 2 / 2, box(0, 1.5, 2)),
    "a kink up, smooth elsewhere": (lambda x: jnp.abs(x) + x**2, box(-1, 1)),
    "a kink down": (lambda x: x**2 - jnp.abs(x - 0.3) / 1024, box(-1, 1)),
    "a jump": (lambda x: x**2 + jnp.where(x > 0.3, 1.0, 0.0), box(-1, 1)),
    "a kink's square": (lambda x: jnp.maximum(jnp.sin(3 * x), 0.1) ** 2 + x**2, box(-1, 1)),
    "a network with less decay": (lambda p: decayed(p) - 1.5 * p @ p, box(-0.75, 0.75, 7)),
    "the wave in a flatter bowl": (lambda x: wave(x) - 0.51 * x**2, box(-10, 10)),
    "undefined at an end": (lambda x: -jnp.log(x) + x**2, box(0, 1)),
    "unbounded": (wave, reals()),
}


@pytest.mark.parametrize("name", FALSE)
def test_what_is_not_definite_is_not_shown(name):
    f, on = FALSE[name]
    assert boxes(f, on) is None


def test_concave_and_quantified():
    assert boxes(lambda x: -wave(x), box(-1, 1), sign=-1) is not None
    assert boxes(lambda x: -wave(x), box(-1, 1)) is None
    assert boxes(wave, box(-1, 1), sign=-1) is None
    # Definite in x for every q, but not in the pair; and not for every q of the larger range.
    both = lambda x, q: wave(x) + q * x + jnp.sin(q) * x**2  # noqa: E731
    assert boxes(both, (box(-1, 1), box(0, 1)), decision=1) is not None
    assert boxes(both, (box(-1, 1), box(0, 1)), decision=2) is None
    assert boxes(both, (box(-1, 1), box(-2, 1)), decision=1) is None


def test_the_budget_is_kept():
    assert boxes(wave, box(-10, 10), budget=3) is None


def test_the_questions_use_it_last_and_say_so():
    plane = SHOWN["a saddle's square in a bowl"]
    assert is_convex(*plane)
    for verdict in (is_strictly_convex(wave, on=box(-1, 1)), is_strictly_convex(*plane)):
        assert verdict
        assert "the Hessian, enclosed, is positive definite" in verdict.because
    assert is_concave(lambda x: -wave(x), on=box(-1, 1))
    assert is_convex(lambda x: jnp.stack([wave(x), 2 * wave(x)]), on=box(-1, 1))
    assert is_convex(lambda x: jnp.stack([wave(x), wave(x) - 0.51 * x**2]), on=box(-10, 10)).answer != "yes"
    whole = is_convex(wave, on=reals())
    assert whole
    assert "Hessian, enclosed" not in whole.because
    assert is_strictly_convex(decayed, on=box(-0.75, 0.75, 7))
    assert not is_strictly_convex(lambda p: decayed(p) - 2 * p @ p, on=box(-0.75, 0.75, 7))


# ------------------------------------------------------------------ the parts


@given(centre=st.lists(st.integers(-8, 8), min_size=7, max_size=7), radius=st.integers(0, 8))
def test_the_floor_is_below_the_hessian(centre, radius):
    program = trace(decayed, reals(7))
    wide = [arb(c / 8, radius / 16) for c in centre]
    hessian, floor = hessian_and_floor(program, shaped(program, wide), 64)
    same = full_jet(program, shaped(program, wide), 64).hessian
    assert all(bool(a.overlaps(b)) for a, b in zip(hessian.reshape(-1), same.reshape(-1), strict=True))
    if radius == 0:
        middle = np.array(
            [[float((a - b).mid()) for a, b in zip(*rows, strict=True)] for rows in zip(hessian, floor, strict=True)]
        )
        assert np.linalg.eigvalsh((middle + middle.T) / 2)[0] > -1e-9


def test_positive_definite_matrices_of_balls():
    def matrix(entries, radius):
        out = np.empty((len(entries), len(entries)), dtype=object)
        for i, row in enumerate(entries):
            out[i, :] = [arb(x, radius) for x in row]
        return out

    assert definite._positive_definite(matrix([[4, 1], [1, 4]], 1.4))  # the worst has eigenvalue 4 - 1 - 2.8 > 0
    assert not definite._positive_definite(matrix([[4, 1], [1, 4]], 1.6))  # [[2.4, 2.6], [2.6, 2.4]] is among them
    assert not definite._positive_definite(matrix([[1, 1], [1, 1]], 0))
    assert not definite._positive_definite(matrix([[1, 2], [2, 1]], 0))
    assert not definite._positive_definite(matrix([[float("nan"), 0], [0, 1]], 0))
