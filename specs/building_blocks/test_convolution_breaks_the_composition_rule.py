"""h*X need not increase with h, so that stacked convolutions and ReLUs leave convexity: with the second layer, not at
once, and not where its kernel is nonnegative.

h*X is a sum of products of their entries: it increases with h exactly when X >= 0, and with X exactly when h >= 0.
relu(k1*x) is convex, being the ReLU of something affine.  Where k2 has entries of both signs and all pre-activations
can be had, relu(k2*relu(k1*x)) falls along one that enters negatively and stops at its kink: a concave corner.
"""

import math

import jax
import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, box, claim, is_convex, is_nondecreasing, nonnegative, reals
from netprops.objects.convolutions import by_convolve, valid
from netprops.strategies import arrays, invertible_kernels, kernels_of_both_signs, sizes, with_a_negative_entry

CLAIM = claim("convolution-breaks-the-composition-rule", source="D1.A5", verdict=CONDITIONAL)
PADDINGS = st.sampled_from([by_convolve, valid])


def layer(convolve, kernel, x):
    return jax.nn.relu(convolve(kernel, x))


@CLAIM
@given(convolve=PADDINGS, n=sizes(1, 5), data=st.data())
def test_increasing_exactly_when_the_other_is_nonnegative(convolve, n, data):
    m = data.draw(sizes(1, n))
    assert is_nondecreasing(lambda h, x: convolve(h, x), on=reals(m), for_all=nonnegative(n))
    assert is_nondecreasing(lambda x, h: convolve(h, x), on=reals(n), for_all=nonnegative(m))
    h, x = data.draw(with_a_negative_entry(m)), data.draw(with_a_negative_entry(n))
    assert not is_nondecreasing(lambda h: convolve(h, x), on=reals(m))
    assert not is_nondecreasing(lambda x: convolve(h, x), on=reals(n))


@CLAIM
@given(convolve=PADDINGS, n=sizes(1, 5), data=st.data())
def test_one_layer_is_convex(convolve, n, data):
    m = data.draw(sizes(1, n))
    assert is_convex(lambda x, k: layer(convolve, k, x), on=reals(n), for_all=reals(m))
    assert is_convex(lambda k, x: layer(convolve, k, x), on=reals(m), for_all=reals(n))


@CLAIM
@given(convolve=PADDINGS, n=sizes(1, 5), data=st.data())
def test_two_layers_are_convex_where_the_second_kernel_has_one_sign(convolve, n, data):
    m1 = data.draw(sizes(1, n))
    m2 = data.draw(sizes(1, n if convolve is by_convolve else n - m1 + 1))
    for second in (nonnegative(m2), box(-math.inf, 0, m2)):  # with k2 <= 0 it is 0
        kernels = {"first": reals(m1), "second": second}
        assert is_convex(
            lambda x, k: layer(convolve, k["second"], layer(convolve, k["first"], x)), on=reals(n), for_all=kernels
        )


@CLAIM
@given(n=sizes(2, 4), data=st.data())
def test_two_circular_layers_are_not(n, data):
    k1, k2 = data.draw(invertible_kernels(n)), data.draw(kernels_of_both_signs(n))
    assert not is_convex(lambda x: layer(by_convolve, k2, layer(by_convolve, k1, x)), on=reals(n))
    assert is_convex(lambda x, c: layer(by_convolve, k2, layer(by_convolve, c * jnp.ones(n), x)), reals(n), reals())


@CLAIM
@given(m1=sizes(1, 3), m2=sizes(2, 3), data=st.data())
def test_two_valid_layers_are_not(m1, m2, data):
    k1, k2 = data.draw(arrays(m1, nonzero=True)), data.draw(kernels_of_both_signs(m2))
    n = m1 + m2 - 1 + data.draw(sizes(1, 2)) - 1
    assert not is_convex(lambda x: layer(valid, k2, layer(valid, k1, x)), on=reals(n))
