"""A unit too many turns minima into saddles: duplicated, it makes a line of critical points of each, and these have
negative curvature on one side of the line or on the other, unless the errors are balanced to second order (B = 0).
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from netprops import (
    CONDITIONAL,
    are_equal,
    claim,
    has_curvature,
    is_gradient_of,
    is_saddle,
    is_strict_minimum,
    reals,
)  # fmt: skip
from netprops.objects.duplicated_units import SMOOTH, BalancedUnit, Duplication
from netprops.objects.networks import Network
from netprops.strategies.minima import balanced_units, duplications
from netprops.strategies.networks import dyadics, nonzero_arrays

CLAIM = claim("saddles-because-overspecified", source="D2.Q.c1", verdict=CONDITIONAL)

INSIDE = dyadics(1 / 8, 7 / 8, 8)
OUTSIDE = dyadics(-2, -1 / 8, 8) | dyadics(9 / 8, 3, 8)


@CLAIM
@given(twice=duplications())
def test_the_gradient_at_the_copies_is_that_of_the_unit_in_parts(twice):
    small, large = twice.network.cost, twice.larger.cost
    params, *data = twice.network.domain(1)  # for each row alone, so for their sum
    there = lambda p, t, *q: jax.grad(large)(twice(p, t), *q)  # noqa: E731
    # So it is 0 for every t where that of the small network is.
    in_parts = lambda p, t, *q: twice.gradient(jax.grad(small)(p, *q), t)  # noqa: E731
    assert are_equal(there, in_parts, on=(params, reals(), *data))


@CLAIM
@pytest.mark.parametrize("activation", SMOOTH, ids=lambda f: f.__name__)
def test_with_the_parts_exchanged_it_is_another(activation):
    twice = Duplication(Network((1, 1, 1), hidden=activation))
    params, *data = twice.network.domain(1)
    there = lambda p, t, *q: jax.grad(twice.larger.cost)(twice(p, t), *q)  # noqa: E731
    exchanged = lambda p, t, *q: twice.gradient(jax.grad(twice.network.cost)(p, *q), 1 - t)  # noqa: E731
    assert not are_equal(there, exchanged, on=(params, reals(), *data))


def parted(twice):
    """The cost on the line on which the copies part, and its first two derivatives, as JAX takes them."""
    line = lambda s, q: twice.larger.cost(twice.apart(q[0], q[1], s * q[2]), *q[3:])  # noqa: E731
    slope = jax.grad(line)
    return line, slope, jax.grad(slope)


@CLAIM
@given(twice=duplications(depth=(2, 2)))
def test_the_curvature_where_the_copies_part(twice):
    params, *data = twice.network.domain(1)
    everything = params, reals(), reals(twice.incoming), *data
    bend = lambda *q: parted(twice)[2](jnp.zeros(()), q)  # noqa: E731
    formula = lambda p, t, d, *q: t * (1 - t) * (d @ twice.curvature(p, *q) @ d)  # noqa: E731
    assert are_equal(bend, formula, on=everything)


@CLAIM
@pytest.mark.parametrize("activation", SMOOTH, ids=lambda f: f.__name__)
def test_the_derivatives_are_derivatives(activation):
    twice = Duplication(Network((1, 1, 1), hidden=activation))
    params, *data = twice.network.domain(1)
    line, slope, bend = parted(twice)
    everything = params, reals(), reals(2), *data
    assert is_gradient_of(lambda p, q: jax.grad(twice.larger.cost)(p, *q), lambda p, q: twice.larger.cost(p, *q),
                          on=twice.larger.params, for_all=tuple(data))  # fmt: skip
    assert is_gradient_of(slope, line, on=reals(), for_all=everything)
    assert is_gradient_of(bend, slope, on=reals(), for_all=everything)
    assert not is_gradient_of(bend, line, on=reals(), for_all=everything)


# ---------------------------------------------------------------- strict minima of one unit


@CLAIM
def test_such_a_unit_is_critical():
    def slopes(*fields):
        unit = BalancedUnit(*fields)
        return jax.grad(lambda p: unit.cost(unit.network, p))(unit.params)

    fields = (*[reals()] * 4, reals(4), reals(), reals())
    assert are_equal(slopes, lambda *q: jax.tree.map(jnp.zeros_like, slopes(*q)), on=fields)


def at_the_copies(unit, t):
    """The cost of two units, the point, and the direction in which d parts them."""
    twice = Duplication(unit.network)
    nowhere = jax.tree.map(np.zeros_like, unit.params)
    return lambda p: unit.cost(twice.larger, p), twice(unit.params, t), lambda d: twice.apart(nowhere, t, d)


def without_the_line(unit, t):
    """The cost in coordinates across the line of critical points: the small network's, and how the copies part."""
    twice = Duplication(unit.network)
    return lambda q: unit.cost(twice.larger, twice.apart(q[0], t, q[1])), (unit.params, np.zeros(2))


@CLAIM
@given(unit=balanced_units(definite=False), t=INSIDE | OUTSIDE)
def test_where_b_is_indefinite_every_copy_is_a_saddle(unit, t):
    assert is_strict_minimum(lambda p: unit.cost(unit.network, p), near=unit.params)
    cost, point, along = at_the_copies(unit, t)
    ways = np.array([1.0, -unit.shift]), np.array([0.0, 1.0])
    down, up = ways if (unit.size * unit.v * unit.w > 0) == (0 < t < 1) else ways[::-1]
    assert has_curvature(cost, point, along(down), sign=-1)
    assert has_curvature(cost, point, along(up), sign=1)
    across, near = without_the_line(unit, t)
    assert is_saddle(across, near=near)


@CLAIM
@given(unit=balanced_units(definite=True), t=INSIDE | OUTSIDE, d=nonzero_arrays(2))
def test_where_b_is_definite_the_copies_on_one_side_are(unit, t, d):
    assert is_strict_minimum(lambda p: unit.cost(unit.network, p), near=unit.params)
    cost, point, along = at_the_copies(unit, t)
    across, near = without_the_line(unit, t)
    if (unit.size * unit.v * unit.w > 0) == (0 < t < 1):
        assert not has_curvature(cost, point, along(d), sign=-1)
        assert is_strict_minimum(across, near=near)
    else:
        assert has_curvature(cost, point, along(d), sign=-1)
        assert is_saddle(across, near=near)


@CLAIM
def test_a_minimum_and_a_saddle_across_the_line():
    """B is positive definite: t = 1/2 leaves a minimum, t = 2 a saddle."""
    unit = BalancedUnit(*map(np.float64, (1, 2, 0, 0)), np.array([0.5, 1.0, 1.5, 2.0]), np.float64(16), np.float64(1))
    cost, point, along = at_the_copies(unit, 1 / 2)
    assert not has_curvature(cost, point, along(np.array([1.0, 0.0])), sign=-1)
    assert not is_saddle(*without_the_line(unit, 1 / 2))
    assert not is_strict_minimum(*without_the_line(unit, 2))
