"""max(f, g) is convex if f and g are.

What lies above the graph of max(f, g) is what lies above both graphs, and convex sets meet in a convex set.
"""

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_convex, reals
from netprops.strategies import convex_functions, crossing_affine_pairs, sizes

CLAIM = claim("max-of-convex-is-convex", source="D1.A5", verdict=HOLDS)


@CLAIM
@given(n=sizes(1, 3), data=st.data())
def test_the_greater_of_two_convex_functions(n, data):
    f, g = data.draw(convex_functions(n)), data.draw(convex_functions(n))
    assert is_convex(f, on=reals(n))
    assert is_convex(g, on=reals(n))
    assert is_convex(lambda x: jnp.maximum(f(x), g(x)), on=reals(n))


@CLAIM
@given(n=sizes(1, 3), data=st.data())
def test_the_smaller_of_two_crossing_affine_functions(n, data):
    f, g = data.draw(crossing_affine_pairs(n))
    assert not is_convex(lambda x: jnp.minimum(f(x), g(x)), on=reals(n))
