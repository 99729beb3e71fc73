"""That a non-convex cost has a negative second derivative is false: it may curve upwards at some points, or in some
directions at every point.

The nearest truth: a C2 function is non-convex exactly when at some point it curves downwards in some direction.
"""

import jax
import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import REFUTED, claim, has_curvature, is_convex, is_positive, reals
from netprops.objects.networks import Network
from netprops.strategies import sizes, unit, with_place

CLAIM = claim("nonconvex-means-negative-second-derivative", source="D1.Q", verdict=REFUTED)


@CLAIM
def test_product():
    assert not is_convex(lambda v: v[0] * v[1], on=reals(2))
    assert has_curvature(lambda v: v[0] * v[1], at=(0, 0), along=(1, 1), sign=1)
    assert has_curvature(lambda v: v[0] * v[1], at=(0, 0), along=(1, -1), sign=-1)


@CLAIM
def test_sine():
    assert not is_convex(jnp.sin, on=reals())
    assert has_curvature(jnp.sin, at=-1, along=1, sign=1)
    assert not has_curvature(jnp.sin, at=1, along=1, sign=1)
    assert has_curvature(jnp.sin, at=1, along=1, sign=-1)


@CLAIM
@given(inputs=sizes(1, 3), hidden=sizes(1, 3), data=st.data())
def test_network(inputs, hidden, data):
    net = Network((inputs, hidden, 1), bias=False)
    x, (i,) = data.draw(with_place(inputs))
    y = data.draw(st.sampled_from([1.0, -1.0]))

    def cost(params):
        return net.cost(params, x[None, :], jnp.full((1, 1), y))

    # from 0 every weight vector is one input weight away from feeling x: (y - v tanh(w x_i))^2
    rise = (unit((inputs, hidden), (i, 0)), y * x[i] * unit((hidden, 1), (0, 0)))
    zero = tuple((0 * layer,) for layer in rise)
    up, down = (((rise[0],), (sign * rise[1],)) for sign in (-1, 1))
    assert not is_convex(cost, on=net.params)
    assert has_curvature(cost, at=zero, along=up, sign=1)
    assert has_curvature(cost, at=zero, along=down, sign=-1)


@CLAIM
def test_minus_square_has_it_everywhere():
    second = jax.grad(jax.grad(lambda x: -(x**2)))
    assert is_positive(lambda x: -second(x), on=reals())
    assert is_convex(lambda x: x**2, on=reals())
    assert not is_positive(lambda x: -jax.grad(jax.grad(jnp.sin))(x), on=reals())
