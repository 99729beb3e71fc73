"""x^2 y^2 is not convex: it is zero on the axes and positive elsewhere, although x^2 and y^2 are strictly convex.

(1, 1) lies halfway between (2, 0) and (0, 2); the function is 0 at both ends and 1 in the middle.
"""

import jax.numpy as jnp
import numpy as np

from netprops import (
    HOLDS,
    are_equal,
    claim,
    is_convex,
    is_higher,
    is_positive,
    is_strictly_convex,
    reals,
)
from netprops.strategies import orthant

CLAIM = claim("x2y2-not-convex", source="D1.A6", verdict=HOLDS)


def squares(x, y):
    return x**2 * y**2


def f(v):
    return squares(v[0], v[1])


@CLAIM
def test_zero_on_the_axes():
    assert are_equal(lambda x: squares(x, 0.0), jnp.zeros_like, on=reals())
    assert are_equal(lambda y: squares(0.0, y), jnp.zeros_like, on=reals())
    assert not are_equal(lambda x: squares(x, 1.0), jnp.zeros_like, on=reals())


@CLAIM
def test_positive_off_the_axes():
    for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        assert is_positive(f, on=orthant(signs))
    assert not is_positive(f, on=reals(2))


@CLAIM
def test_the_middle_is_higher_than_both_ends():
    assert is_higher(f, at=(1, 1), than=(2, 0))
    assert is_higher(f, at=(1, 1), than=(0, 2))
    assert not is_higher(f, at=(2, 0), than=(1, 1))
    assert not is_convex(f, on=reals(2))
    ends = np.linspace(-2, 2, 19)
    heights = [[f((x, y)) for x in ends] for y in ends]
    CLAIM.surface("A valley in a cross", ends, ends, heights, axes=("x", "y", "x^2 y^2"))


@CLAIM
def test_the_squares_and_their_sum():
    assert is_strictly_convex(jnp.square, on=reals())
    assert is_convex(lambda v: v[0] ** 2 + v[1] ** 2, on=reals(2))
    assert is_strictly_convex(lambda v: v[0] ** 2 + v[1] ** 2, on=reals(2))
    assert not is_strictly_convex(f, on=reals(2))
