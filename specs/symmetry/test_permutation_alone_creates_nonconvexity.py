"""The permutation alone creates no non-convexity: there are convex costs that survive every permutation.

What is true: a convex cost with the symmetry is at every point at least what it is at the mean of that point's copies,
where all units are equal. So if some network does better than any with equal units, the cost is not convex.
"""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import REFUTED, are_equal, claim, is_convex, is_higher, is_nondecreasing, nonnegative, reals
from netprops.objects.equal_units import MONOTONE_AND_BENT, mean_of_copies
from netprops.strategies.networks import linear_networks, parameters
from netprops.strategies.symmetries import fitted_better_than_one_unit, permutations_of

CLAIM = claim("permutation-alone-creates-nonconvexity", source=("D1.A1.c4",), verdict=REFUTED)


@CLAIM
def test_two_weights():
    def cost(w1, w2):
        return (w1 + w2 - 1) ** 2

    assert are_equal(cost, lambda w1, w2: cost(w2, w1), on=(reals(), reals()))
    assert is_convex(lambda w: cost(w[0], w[1]), on=reals(2))


@CLAIM
@given(net=linear_networks(depth=(2, 2), width=(2, 3), bias=True), rows=st.integers(1, 2), data=st.data())
def test_linear_units_with_equal_output_weights(net, rows, data):
    (hidden, (V, c)), *xy = net.domain(rows)
    rest = reals((1, V.shape[1])), c, *xy
    (order,) = data.draw(permutations_of(net, moving=True)).orders

    def cost(layer, v, c, x, y):
        return net.cost((layer, (jnp.broadcast_to(v, V.shape), c)), x, y)

    def reordered(layer):
        return tuple(p[..., np.array(order)] for p in layer)

    assert is_convex(lambda layer, q: cost(layer, *q), on=hidden, for_all=rest)
    assert are_equal(cost, lambda layer, *q: cost(reordered(layer), *q), on=(hidden, *rest))

    def mean(layer):
        return tuple(jnp.broadcast_to(jnp.mean(p, axis=-1, keepdims=True), p.shape) for p in layer)

    assert are_equal(cost, lambda layer, *q: cost(mean(layer), *q), on=(hidden, *rest))


@CLAIM
@given(hidden=st.sampled_from(MONOTONE_AND_BENT))
def test_equal_units_are_monotone(hidden):
    """In one input; so of three targets in a row of which the middle one sticks out by g, they miss by g^2/2 in all."""

    def rising(x, q):
        v, w, b, c = q
        return v * hidden(w * x + b) + c

    def two_units(x):
        return hidden(2 * x + 1) + hidden(1 - 2 * x)

    signs = nonnegative(), nonnegative(), reals(), reals()
    assert is_nondecreasing(rising, on=reals(), for_all=signs)  # and with v, w of opposite signs, mirrored
    assert not is_nondecreasing(two_units, on=reals())
    assert not is_nondecreasing(lambda x: -two_units(x), on=reals())


@CLAIM
@given(fitted=fitted_better_than_one_unit(), data=st.data())
def test_a_network_better_than_any_with_equal_units(fitted, data):
    net, p = fitted.network, fitted.params

    def cost(p):
        return net.cost(p, *fitted.data)

    moves = data.draw(permutations_of(net, moving=True))
    assert are_equal(cost, lambda p: cost(moves(p)), on=(net.params,))
    assert not are_equal(cost, lambda p: cost(moves.incoming(p)), on=(net.params,))
    assert is_higher(cost, at=mean_of_copies(p), than=p)
    assert is_higher(cost, at=mean_of_copies(data.draw(parameters(net.params))), than=p)
    assert not is_higher(cost, at=p, than=mean_of_copies(p))
    assert not is_convex(cost, on=net.params)
