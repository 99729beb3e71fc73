"""xy is convex in x for every y, convex in y for every x, and not convex in (x, y).

With one factor fixed xy is a straight line.  Jointly it curves up along (1, 1) and down along (1, -1).
"""

import jax.numpy as jnp
import numpy as np

from netprops import HOLDS, claim, has_curvature, is_affine, is_convex, reals

CLAIM = claim("xy-convex-in-each-not-jointly", source=("D1.A6", "D1.A5"), verdict=HOLDS)


def product(v):
    return v[0] * v[1]


@CLAIM
def test_in_each_factor():
    assert is_affine(lambda x, y: x * y, on=reals(), for_all=reals())
    assert is_convex(lambda x, y: x * y, on=reals(), for_all=reals())
    assert is_affine(lambda y, x: x * y, on=reals(), for_all=reals())
    assert is_convex(lambda y, x: x * y, on=reals(), for_all=reals())


@CLAIM
def test_not_jointly():
    assert not is_convex(product, on=reals(2))
    assert has_curvature(product, at=(0, 0), along=(1, -1), sign=-1)
    ends = np.linspace(-1.5, 1.5, 19)
    CLAIM.surface("The saddle", ends, ends, [[product((x, y)) for x in ends] for y in ends], axes=("x", "y", "xy"))


@CLAIM
def test_sums_are_convex():
    assert is_convex(lambda v: v[0] * v[0] + v[1] * v[1], on=reals(2))
    assert is_convex(jnp.sum, on=reals(2))
    assert is_affine(jnp.sum, on=reals(2))
    assert not is_affine(product, on=reals(2))
    assert not has_curvature(lambda v: v[0] * v[0] + v[1] * v[1], at=(0, 0), along=(1, -1), sign=-1)
