"""Whether a function survives permutations of its arguments says nothing of its convexity: both kinds do.

Added up over all orders of its arguments, every function is symmetric; a convex one stays convex, and with |x|^2 added
it becomes strictly so; turned upside down it is not convex, and as symmetric as before.  The cost of linear hidden
units does not change with their order either, be their output weights free (not convex) or fixed at one number.
"""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, is_convex, reals
from netprops.objects.networks import linear_network
from netprops.objects.orders import every_order, swap_and_cycle
from netprops.strategies.networks import arrays, convex_functions, data_sets, nonzero_dyadics

CLAIM = claim("symmetry-does-not-decide-convexity", source=("D1.A4.c4",), verdict=HOLDS)


def symmetric(g, a):
    """The sum of g(a.x) over all orders of x, and |x|^2."""
    return lambda x: jnp.sum(g(x[every_order(len(a))] @ a)) + jnp.sum(x**2)


def reordered(f, order):
    return lambda *parts: f(*(part[order] for part in parts))


@CLAIM
@given(g=convex_functions(), a=st.integers(2, 3).flatmap(arrays), tilt=nonzero_dyadics())
def test_a_symmetric_function_and_its_negative(g, a, tilt):
    on, up = reals(len(a)), symmetric(g, a)

    def down(x):
        return -up(x)

    def tilted(x):
        return up(x) + tilt * x[0]

    for order in swap_and_cycle(len(a)):
        assert are_equal(reordered(up, order), up, on=on)
        assert are_equal(reordered(down, order), down, on=on)
        assert not are_equal(reordered(tilted, order), tilted, on=on)
    assert is_convex(up, on=on)
    assert not is_convex(down, on=on)


@CLAIM
@given(data=data_sets(columns=(1, 2), outputs=(1, 2), nonzero=True), units=st.integers(2, 4), c=nonzero_dyadics())
def test_hidden_units_of_free_and_of_fixed_output_weights(data, units, c):
    net = linear_network(data.columns, units, data.y.shape[1])
    (hidden,), (output,) = net.params

    incoming = reals(hidden.shape[::-1])  # transposed: a hidden unit is a row of W and of V

    def free(W, V):
        return net.cost(((W.T,), (V,)), *data)

    def fixed(W):
        return free(W, np.full(output.shape, c))

    for order in swap_and_cycle(units):
        assert are_equal(reordered(free, order), free, on=(incoming, output))
        assert are_equal(reordered(fixed, order), fixed, on=(incoming,))
    assert is_convex(fixed, on=incoming)
    assert not is_convex(lambda p: free(*p), on=(incoming, output))
