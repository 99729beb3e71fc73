"""One sigmoid unit under squared error with 2d data in d dimensions can have 2^d strict local minima.

On the line two data suffice for two minima and a maximum between them: all critical points, the whole line looked at.
With a copy of them on each of d axes the cost of the weights w is E(w_1) + ... + E(w_d).  Its critical points are those
whose coordinates are critical points of E, its Hessian is diagonal: 2^d strict minima among 3^d critical points.  Under
cross-entropy E is convex and has one minimum, and so has the sum.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, box, claim, has_critical_points, is_convex, reals
from netprops.objects.losses import loss
from netprops.objects.networks import Network

CLAIM = claim("one-unit-has-exponentially-many-minima", source="Auer, Herbster and Warmuth 1996", verdict=HOLDS)

X, Y = np.array([[1.0], [10.0]]), np.array([[1 / 4], [1 / 2]])
SQUARED = Network((1, 1), output=jax.nn.sigmoid, bias=False)
CROSS_ENTROPY = Network((1, 1), loss=loss("log loss of a logit"), bias=False)


def on_axes(unit, d):
    """The cost of w, (d,), with the two data on each of d axes: 2d inputs that are 0 but for one entry."""
    x, y = np.kron(np.eye(d), X), np.tile(Y, (d, 1))
    return lambda w: unit.with_widths(d, 1).cost(((w[:, None],),), x, y)


def on_the_line(unit):
    return lambda w: unit.cost(((jnp.reshape(w, (1, 1)),),), X, Y)


@CLAIM
def test_two_minima_on_the_line():
    assert has_critical_points(on_the_line(SQUARED), on=reals(), minima=2, maxima=1)
    assert not has_critical_points(on_the_line(SQUARED), on=reals(), minima=1)


@CLAIM
@given(unit=st.sampled_from((SQUARED, CROSS_ENTROPY)), d=st.integers(1, 8))
def test_the_cost_is_a_sum_over_axes(unit, d):
    line = on_the_line(unit)
    assert are_equal(on_axes(unit, d), lambda w: sum(line(w[k]) for k in range(d)), on=reals(d))
    assert not are_equal(on_axes(unit, d + 1), lambda w: sum(line(w[k]) for k in range(d)), on=reals(d + 1))


@CLAIM
def test_four_minima_on_two_axes():
    """The product, counted: one maximum, and two saddles beside each of two minima."""
    cost = on_axes(SQUARED, 2)
    ends = jnp.linspace(-2, 0.5, 41)
    surface = jax.vmap(lambda y: jax.vmap(lambda x: cost(jnp.stack([x, y])))(ends))(ends)
    CLAIM.surface("Two inputs on two axes", ends, ends, surface, axes=("w1", "w2", "squared error"))
    assert has_critical_points(cost, on=reals(2), minima=4, maxima=1, saddles=4)
    assert not has_critical_points(cost, on=box(-1, 1, 2), minima=4, maxima=1, saddles=4)


@CLAIM
def test_one_under_cross_entropy():
    assert has_critical_points(on_the_line(CROSS_ENTROPY), on=reals(), minima=1)
    assert not has_critical_points(on_the_line(CROSS_ENTROPY), on=reals(), minima=2, maxima=1)
    assert is_convex(on_axes(CROSS_ENTROPY, 3), on=reals(3))
    assert not is_convex(on_axes(SQUARED, 3), on=reals(3))
