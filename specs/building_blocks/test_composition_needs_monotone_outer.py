"""h(g(x), q(x)) is convex when g and q are convex, and h is convex and non-decreasing in each argument.

Then h(g(m), q(m)) at a midpoint m is at most h of the mean values of g and q (h increases, g and q are convex), which
is at most the mean of h (h is convex).  Without "non-decreasing" it fails: t^2 after x^2 - 1.
"""

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_convex, is_nondecreasing, reals
from netprops.strategies import convex_functions, sizes

CLAIM = claim("composition-needs-monotone-outer", source="D1.A5", verdict=HOLDS)


@CLAIM
@given(n=sizes(1, 3), data=st.data())
def test_composition(n, data):
    h = data.draw(convex_functions(2, increasing=True))
    g, q = data.draw(convex_functions(n)), data.draw(convex_functions(n))
    assert is_convex(h, on=reals(2))
    assert is_nondecreasing(h, on=reals(2))
    assert is_convex(g, on=reals(n))
    assert is_convex(q, on=reals(n))
    assert is_convex(lambda x: h(jnp.stack([g(x), q(x)])), on=reals(n))


@CLAIM
def test_an_outer_function_that_also_decreases():
    assert is_convex(jnp.square, on=reals())
    assert not is_nondecreasing(jnp.square, on=reals())
    assert is_convex(lambda x: x**2 - 1, on=reals())
    assert not is_convex(lambda x: jnp.square(x**2 - 1), on=reals())
