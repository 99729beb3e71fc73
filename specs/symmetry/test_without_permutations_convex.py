"""Without permutations the cost is still not convex, nor every minimum global: not on the cone of ordered units.

Each parameter vector has a permutation of its hidden units whose first incoming weights are in order; these vectors
form a convex cone. With `apart`, the weights differ by at least so much: then no vector of the domain is a permutation
of another. A network with one unit in each hidden layer has no permutations to begin with.
"""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import REFUTED, claim, is_convex, is_worse_minimum, ordered_cone, reals
from netprops.objects.minima import BAD_UNIT, GOOD_UNIT, parallel_params, parallel_units
from netprops.strategies.networks import any_data_for, arrays, deep_networks, whole_numbers

CLAIM = claim("without-permutations-convex", source=("D1.Q",), verdict=REFUTED)


@CLAIM
@given(net=deep_networks(depth=(2, 4), width=(1, 3)), apart=st.sampled_from((0, 1)), data=st.data())
def test_ordered_units(net, apart, data):
    X, Y = data.draw(any_data_for(net))
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.ordered_params(apart=apart))


@CLAIM
@given(net=deep_networks(depth=(2, 3), width=(1, 1)), data=st.data())
def test_one_unit(net, data):
    X, Y = data.draw(any_data_for(net))
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.params)


@CLAIM
@given(units=st.integers(1, 3))
def test_nor_is_every_minimum_global(units):
    net, (X, Y) = parallel_units(units)
    bad, good = (parallel_params([unit] * units) for unit in (BAD_UNIT, GOOD_UNIT))  # both with their units in order
    assert is_worse_minimum(lambda p: net.cost(p, X, Y), near=bad, than=good)
    assert not is_worse_minimum(lambda p: net.cost(p, X, Y), near=good, than=bad)


@CLAIM
@given(weights=st.integers(2, 5).flatmap(lambda n: arrays(n, whole_numbers(3))))
def test_a_symmetric_function_may_be_convex_there_and_nowhere_else(weights):
    weights = np.sort(weights)[::-1].copy()  # the larger the weight, the smaller the entry that it is given to
    weights[0] += 1
    sorted_sum = lambda w: w @ w + weights @ jnp.sort(w)  # noqa: E731
    assert is_convex(sorted_sum, on=ordered_cone(len(weights)))
    assert not is_convex(sorted_sum, on=reals(len(weights)))
