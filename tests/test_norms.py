"""Functions of norms at 0: enclosures against Hessians by hand, and what is not smooth there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb

from netprops import is_saddle, is_strict_maximum, is_strict_minimum, reals
from netprops.evidence import UndecidedError
from netprops.readings.jaxpr import trace
from netprops.readings.jets import full_jet, gradient, hessian_and_floor


def norm(x):
    return jnp.sqrt(jnp.sum(x**2))


def weighted(x):
    return jnp.sqrt((x * x) @ jnp.array([2.0, 3.0, 0.0]))


def excess(x, y):
    """|x| cos a + ..., a the angle of (|x|, 1 + y): a function of the angle that is flat at 0."""
    angle = jnp.arctan2(norm(x), 1 + y)
    return (1 + y) * (jnp.sin(angle) + (3 - angle) * jnp.cos(angle))


# What is smooth enough in R^3 where the norm is 0.
SMOOTH = {
    "square": lambda x: norm(x) ** 2,
    "cube": lambda x: norm(x) ** 3,
    "fourth power": lambda x: norm(x) ** 4 + x[0],
    "cosine": lambda x: jnp.cos(norm(x)) * (2 + x[0]),
    "weights": lambda x: weighted(x) ** 3 + x[2] * jnp.cos(weighted(x)),
    "product": lambda x: jnp.sqrt(x @ x) ** 3 + jnp.exp(x[0]),
    "arctangent": lambda x: norm(x) - jnp.arctan(norm(x)),
    "angle": lambda x: excess(x[:2], x[2]),
    "two norms": lambda x: norm(x[:2]) ** 3 + norm(x[1:]) ** 3 * 2,
}
# What is not, or not known to be.
KINKED = {
    "norm": norm,
    "a little norm": lambda x: norm(x) ** 2 + norm(x) / 1024,
    "cone": lambda x: x[0] * norm(x),
    "cone beside a norm": lambda x: norm(x[:2]) * norm(x[2:]) ** 2,
    "sine": lambda x: jnp.sin(norm(x)),
    "root of a product": lambda x: jnp.sqrt(x[0] * x[1]) ** 3,
    "root of a difference": lambda x: jnp.sqrt(x[0] ** 2 - x[1] ** 2) ** 3,
    "root of a sum with a constant": lambda x: jnp.sqrt(norm(x) ** 2 - 0.0625),
    "negative weights": lambda x: jnp.sqrt((x * x) @ jnp.array([1.0, -1.0, 1.0])) ** 3,
    "product of norms": lambda x: norm(x[:2]) * norm(x[1:]),
    "steep where another is not 0": lambda x: norm(x[:2]) * norm(x[2:]) + norm(x[:2]) ** 2,
}
OUTER = {"exact": 0.0, "tiny": 1e-9, "wide": 0.0625}


def box_of(centre, radius):
    out = np.empty(3, dtype=object)
    out[:] = [arb(c, radius) for c in centre]
    return out


@pytest.mark.parametrize("name", SMOOTH)
def test_enclosures_hold_the_derivatives_of_points_all_around(name):
    """The oracle is JAX's own derivatives at points off the kink: another way to the same numbers."""
    f, rng = SMOOTH[name], np.random.default_rng(0)
    program, units = trace(f, reals(3)), rng.uniform(-1, 1, (60, 3))
    units[:20, rng.integers(0, 3)] = 0.0
    radii = (1e-6, 1e-6, 0.0625)  # at a single point the derivatives are those of points nearby
    points = jnp.concatenate([r * units for r in radii])
    slopes, hessians = jax.jit(jax.vmap(lambda x: (jax.grad(f)(x), jax.hessian(f)(x))))(points)
    for k, radius in enumerate((0, 1e-6, 0.0625)):
        jet = full_jet(program, [box_of([0, 0, 0], radius)], 64)
        here = slice(60 * k, 60 * k + 60)
        assert holds(jet.gradient, slopes[here])
        assert holds(jet.hessian, hessians[here])


def holds(enclosures, found, slack=1e-4):
    """Whether the balls, each widened for the oracle's rounding, hold what was found at all points."""
    lows, highs = (np.array([float(end(x)) for x in enclosures.reshape(-1)]) for end in (arb.lower, arb.upper))
    values = np.asarray(found).reshape(len(found), -1)
    return np.isfinite(values).all() and (values >= lows - slack).all() and (values <= highs + slack).all()


@pytest.mark.parametrize("radius", OUTER.values(), ids=OUTER)
@pytest.mark.parametrize("name", KINKED)
def test_kinks_are_not_taken_for_smooth(name, radius):
    program, at = trace(KINKED[name], reals(3)), [box_of([0, 0, 0], radius)]
    jet = full_jet(program, at, 64)
    assert not all(x.is_finite() for x in jet.gradient) or not all(x.is_finite() for x in jet.hessian.reshape(-1))
    assert not all(x.is_finite() for x in gradient(program, at, 64)[1])
    assert not all(x.is_finite() for x in hessian_and_floor(program, at, 64)[1].reshape(-1))


def test_away_from_0_nothing_changes():
    program = trace(norm, reals(3))
    jet = full_jet(program, [box_of([3, 0, 4], 0)], 64)
    assert abs(jet.gradient[0] - arb(3) / 5) < 1e-15
    assert abs(jet.hessian[0, 0] - arb(16) / 125) < 1e-15
    assert abs(jet.hessian[1, 1] - arb(1) / 5) < 1e-15


def test_questions():
    origin = np.zeros(3)
    assert is_strict_minimum(lambda x: norm(x) ** 2 - 5 * norm(x) ** 3, origin)
    assert is_strict_maximum(lambda x: jnp.cos(norm(x)), origin)
    assert is_saddle(lambda x: norm(x) ** 3 + x[0] ** 2 + x[1] ** 2 - x[2] ** 2, origin)
    for f in (norm, lambda x: norm(x) ** 3, lambda x: norm(x) ** 2 - norm(x)):  # kinked, degenerate, a maximum
        with pytest.raises(UndecidedError):
            bool(is_strict_minimum(f, origin))
