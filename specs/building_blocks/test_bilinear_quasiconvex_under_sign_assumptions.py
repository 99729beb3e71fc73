"""ax is quasi-convex in (a, x) where the signs differ, quasi-concave where they agree, and on the plane neither; sums
of two or more such products are neither on any orthant.

Where a, x > 0, ax increases with its logarithm, which is concave.  A sum a.x holds, all but one product fixed, one
product that is not quasi-convex or not quasi-concave.
"""

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, claim, is_concave, is_higher, is_quasiconcave, is_quasiconvex, positive, reals
from netprops.strategies import orthant, orthants, sizes

CLAIM = claim("bilinear-quasiconvex-under-sign-assumptions", source="D1.A5", verdict=CONDITIONAL)


def product(v):
    return v[0] * v[1]


@CLAIM
def test_where_the_signs_agree():
    assert is_quasiconcave(product, on=positive(2))
    assert is_concave(lambda v: jnp.log(product(v)), on=positive(2))
    assert not is_concave(product, on=positive(2))
    assert not is_quasiconvex(product, on=positive(2))


@CLAIM
def test_where_the_signs_differ():
    assert is_quasiconvex(product, on=orthant((1, -1)))
    assert not is_quasiconcave(product, on=orthant((1, -1)))


@CLAIM
def test_on_the_plane():
    assert not is_quasiconvex(product, on=reals(2))
    assert is_higher(product, at=(0, 0), than=(1, -1))
    assert is_higher(product, at=(0, 0), than=(-1, 1))
    assert not is_quasiconcave(product, on=reals(2))
    assert not is_higher(product, at=(0, 0), than=(1, 1))
    assert not is_higher(product, at=(0, 0), than=(-1, -1))


@CLAIM
@given(length=sizes(2, 4), data=st.data())
def test_inner_products(length, data):
    def inner(v):
        return v[:length] @ v[length:]

    on = data.draw(orthants(2 * length))
    assert not is_quasiconvex(inner, on=on)
    assert not is_quasiconcave(inner, on=on)
