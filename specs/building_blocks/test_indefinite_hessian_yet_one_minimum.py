"""A Hessian that is indefinite somewhere does not make several minima: a quasi-convex function has one valley.

log(1 + |x|^2) increases with the convex |x|^2, so that its sublevel sets are balls.  Outside the unit ball it curves
downwards along x and upwards across it; its gradient 2x/(1 + |x|^2) vanishes at 0 alone.
"""

import jax
import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, has_curvature, is_critical, is_positive, is_quasiconvex, reals
from netprops.strategies import integers, outside_the_unit_ball, sizes

CLAIM = claim("indefinite-hessian-yet-one-minimum", source="D1.A1.c5", verdict=HOLDS)


def bowl(x):
    return jnp.log(1 + jnp.sum(x**2))


def dip(x):
    return x**2 / (1 + x**2)


@CLAIM
@given(n=sizes(2, 6), data=st.data())
def test_indefinite(n, data):
    x, across = data.draw(outside_the_unit_ball(n))
    assert has_curvature(bowl, at=x, along=x, sign=-1)
    assert has_curvature(bowl, at=x, along=across, sign=1)
    assert not has_curvature(bowl, at=x, along=across, sign=-1)
    assert not is_critical(bowl, at=x)


@CLAIM
@given(n=sizes(2, 6))
def test_yet_one_valley(n):
    def factor(x):
        return 2 / (1 + jnp.sum(x**2))

    assert is_quasiconvex(bowl, on=reals(n))
    assert are_equal(jax.grad(bowl), lambda x: factor(x) * x, on=reals(n))
    assert is_positive(factor, on=reals(n))
    assert is_critical(bowl, at=n * [0])
    assert not is_positive(bowl, on=reals(n))  # it is 0 at 0
    assert not are_equal(jax.grad(bowl), lambda x: 2 * x, on=reals(n))


@CLAIM
@given(x=integers(-20, 20, nonzero=True))
def test_in_one_dimension(x):
    assert is_quasiconvex(dip, on=reals())
    assert has_curvature(dip, at=x, along=1, sign=-1)
    assert are_equal(lambda x: (1 + x**2) ** 2 * jax.grad(dip)(x), lambda x: 2 * x, on=reals())
    assert is_positive(lambda x: (1 + x**2) ** 2, on=reals())
    assert is_critical(dip, at=0)
    assert not is_critical(dip, at=x)


@CLAIM
def test_two_valleys():
    assert not is_quasiconvex(lambda x: (x**2 - 1) ** 2, on=reals())
