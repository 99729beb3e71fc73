"""Multiplying decision variables tends to destroy convexity: (u, v) -> g(uv) is convex for no convex g but constants.

A convex g that is not constant exceeds g(0) at some p. With t = 2 sqrt|p|, both ends of the segment from (t, 0) to
(0, t), for p > 0, or to (0, -t), for p < 0, have the value g(0), and its middle has g(p).
"""

import jax
from hypothesis import given

from netprops import HOLDS, claim, is_convex, is_higher, reals
from netprops.strategies.networks import convex_functions, dyadics

CLAIM = claim("products-of-variables-destroy-convexity", source=("D1.A4", "D1.A6"), verdict=HOLDS)


@CLAIM
@given(g=convex_functions())
def test_every_convex_function_of_a_product(g):
    assert is_convex(g, on=reals())
    assert not is_convex(lambda p: g(p[0] * p[1]), on=reals(2))
    assert is_convex(lambda p: g(p[0] + p[1]), on=reals(2))


@CLAIM
@given(c=dyadics())
def test_a_constant_function_of_a_product(c):
    assert is_convex(lambda p: 0 * (p[0] * p[1]) + c, on=reals(2))


@CLAIM
def test_relu_to_the_left_needs_the_second_segment():
    def cost(p):
        return jax.nn.relu(-(p[0] * p[1]))

    assert not is_convex(cost, on=reals(2))
    for end in ((2, 0), (0, -2)):
        assert is_higher(cost, at=(1, -1), than=end)
    assert not is_higher(cost, at=(1, 1), than=(2, 0))
