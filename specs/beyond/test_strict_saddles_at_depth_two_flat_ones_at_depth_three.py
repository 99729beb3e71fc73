"""Every critical point of a two-layer linear network that is no global minimum has negative curvature (Baldi, Hornik);
from three layers on the origin is a critical point at which the whole Hessian is 0 (Kawaguchi).
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    HOLDS,
    are_equal,
    claim,
    has_curvature,
    has_inertia,
    is_critical,
    is_gradient_of,
    is_positive,
    positive,
    reals,
)
from netprops.objects.autoencoder import (
    chain,
    cost,
    criticality,
    criticality_by_gradient,
    domain,
    expansion,
    gradient,
)  # fmt: skip
from netprops.strategies.minima import critical_autoencoders
from netprops.strategies.networks import nonzero_arrays

CLAIM = claim(
    "strict-saddles-at-depth-two-flat-ones-at-depth-three",
    source=("Baldi and Hornik 1989", "Kawaguchi 2016"),
    verdict=HOLDS,
)


@CLAIM
@given(units=st.integers(1, 3))
def test_the_critical_values_are_6_minus_sums_of_eigenvalues(units):
    on = domain(units)
    assert is_gradient_of(gradient, cost, on=on)
    assert not is_gradient_of(lambda x: jax.tree.map(lambda part: 2 * part, gradient(x)), cost, on=on)
    # Where the gradient is 0, so is the right side: W = AB is diagonal, W = W^2, and the cost is tr S - tr SW.
    assert are_equal(criticality, criticality_by_gradient, on=(on,))
    assert not are_equal(criticality, lambda x: jax.tree.map(lambda part: 0 * part, criticality(x)), on=(on,))


@CLAIM
@given(critical=critical_autoencoders())
def test_each_of_them_is_one(critical):
    assert is_critical(cost, at=critical.point)
    A, B = critical.point
    assert are_equal(lambda t: cost((t * A, B / t)), lambda t: 0 * t + critical.value, on=(positive(),))


@CLAIM
@given(units=st.integers(1, 3))
def test_the_second_order(units):
    """The coefficients of s^2, of which the inertia is asked, belong to the cost; those of s are the gradient's."""
    on = domain(units)

    def on_a_line(point, move, s):
        return cost(jax.tree.map(lambda x, v: x + s * v, point, move))

    def expanded(point, move, s):
        slope = sum(jnp.sum(g * v) for g, v in zip(gradient(point), move, strict=True))
        two, three, four = expansion(point, move)
        return cost(point) + s * slope + s**2 * two + s**3 * three + s**4 * four

    assert are_equal(on_a_line, expanded, on=(on, on, reals()))


@CLAIM
@given(critical=critical_autoencoders(best=False))
def test_others_than_the_global_minimum_have_negative_curvature(critical):
    assert has_curvature(cost, at=critical.point, along=critical.way_down(), sign=-1)
    # ... whatever the weights of idle units are.

    def bend(M):
        other = critical.with_idle_weights(M)
        return expansion(other.point, other.way_down())[0]

    assert is_positive(lambda M: -bend(M), on=reals((3, 3)))
    assert not is_positive(bend, on=reals((3, 3)))


@CLAIM
@given(critical=critical_autoencoders(best=True), data=st.data())
def test_the_global_minimum_has_none(critical, data):
    A, B = domain(critical.units)
    v = data.draw(nonzero_arrays(A.shape)), data.draw(nonzero_arrays(B.shape))
    assert not has_curvature(cost, at=critical.point, along=v, sign=-1)


INDEX = {1: {3: 0, 4: 1, 5: 2, 6: 3}, 2: {1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 6}}  # by units and value: it rises


@CLAIM
@given(critical=critical_autoencoders(units=(1, 2), idle=False))
def test_the_index_rises_with_the_value(critical):
    second = lambda v: expansion(critical.point, v)[0]  # noqa: E731
    index, (positive, negative, zero) = INDEX[critical.units][critical.value], critical.inertia
    assert negative == index
    assert has_inertia(second, (positive, index, zero), on=domain(critical.units))
    assert not has_inertia(second, (positive - 1, index + 1, zero), on=domain(critical.units))


@CLAIM
@given(depth=st.integers(3, 6), data=st.data())
def test_at_depth_three_the_origin_is_flat(depth, data):
    on, origin, v = reals(depth), np.zeros(depth), data.draw(nonzero_arrays(depth))
    # No power of s below the depth, so no term of second order.
    expanded = lambda w, s: 1 - 2 * s**depth * jnp.prod(w) + s ** (2 * depth) * jnp.prod(w) ** 2  # noqa: E731
    assert are_equal(lambda w, s: chain(s * w), expanded, on=(on, reals()))
    assert is_critical(chain, at=origin)
    assert has_curvature(chain, at=origin, along=v, sign=0)
    assert not is_critical(chain, at=np.append(np.ones(depth - 1), 2.0))


@CLAIM
def test_at_depth_two_it_is_not():
    assert is_critical(chain, at=np.zeros(2))
    assert has_curvature(chain, at=np.zeros(2), along=np.ones(2), sign=-1)
    assert not has_curvature(chain, at=np.zeros(2), along=np.ones(2), sign=0)
