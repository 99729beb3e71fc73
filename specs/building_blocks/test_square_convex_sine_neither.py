"""x^2 is convex, -x^2 is concave, and sin is neither."""

from fractions import Fraction

import jax.numpy as jnp

from netprops import HOLDS, box, claim, is_concave, is_convex, reals

CLAIM = claim("square-convex-sine-neither", source="D1.A1", verdict=HOLDS)


@CLAIM
def test_square():
    assert is_convex(lambda x: x**2, on=reals())
    assert not is_concave(lambda x: x**2, on=reals())


@CLAIM
def test_minus_square():
    assert is_concave(lambda x: -(x**2), on=reals())
    assert not is_convex(lambda x: -(x**2), on=reals())


@CLAIM
def test_sine():
    assert not is_convex(jnp.sin, on=reals())
    assert not is_concave(jnp.sin, on=reals())


@CLAIM
def test_sine_where_it_is_convex():
    assert is_convex(jnp.sin, on=box(-3, Fraction(-1, 8)))
