"""A ReLU network of any width and depth has a bad local minimum: its last hidden layer off on all data, its output the
best constant.

On a whole ball of parameters the squared loss is a convex function of the output biases alone, and least at the mean
target: a weak local minimum. It is a bad one on all data that some function of the inputs fits better than a constant,
interpolable or not; on all other data it is a global one. It rests on all data: one unit active on some, and there is
a way down.
"""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, is_convex, is_critical, is_higher, reals
from netprops.objects.networks import Network
from netprops.objects.silent_units import (
    awakened,
    ball,
    better_than_constant,
    interpolating,
    mean_target,
    silent_minimum,
)
from netprops.strategies.minima import data_beyond_constants, data_fitted_by_constants, interpolable_data
from netprops.strategies.networks import data_for, networks, parameters

CLAIM = claim(
    "bad-minima-exist-at-every-width",
    source=("Goldblum, Geiping, Schwarzschild, Moeller and Goldstein 2020",),
    verdict=HOLDS,
)

NETWORKS = networks(depth=(2, 5), width=(1, 4), hidden=jax.nn.relu)
SMALLER = networks(depth=(2, 4), width=(1, 3), hidden=jax.nn.relu)


def of_biases(c, Y):
    return jnp.sum((c[None, :] - Y) ** 2)


def at_output_biases(p, Y):
    return of_biases(p[-1][-1], Y)


@CLAIM
@given(net=NETWORKS, data=st.data())
def test_a_weak_local_minimum_on_any_data(net, data):
    X, Y = data.draw(data_for(net))
    silent = silent_minimum(net, data.draw(parameters(net.params)), X, Y)
    targets = reals(Y.shape)
    assert are_equal(lambda p, Y: net.cost(p, X, Y), at_output_biases, on=(ball(silent), targets))
    assert is_convex(of_biases, on=reals(net.widths[-1]), for_all=targets)
    assert is_critical(lambda c: of_biases(c, Y), at=mean_target(Y))
    assert not is_critical(lambda c: of_biases(c, Y), at=mean_target(Y) + 1)


@CLAIM
@given(net=NETWORKS, data=st.data())
def test_a_bad_one_where_a_constant_is_not_the_best(net, data):
    X, Y = data.draw(data_beyond_constants(net))
    cost, better = lambda p: net.cost(p, X, Y), better_than_constant(net, X, Y)
    silent = silent_minimum(net, data.draw(parameters(net.params)), X, Y)
    assert is_higher(cost, at=silent, than=better)
    assert not is_higher(cost, at=better, than=silent)


@CLAIM
@given(net=NETWORKS, data=st.data())
def test_beside_a_network_that_interpolates(net, data):
    X, Y = data.draw(interpolable_data(net))
    cost, exact = lambda p: net.cost(p, X, Y), interpolating(net, X, Y)
    assert is_higher(cost, at=silent_minimum(net, data.draw(parameters(net.params)), X, Y), than=exact)
    assert not is_higher(lambda pt: pt[1] * cost(pt[0]), at=(exact, 1), than=(exact, 0))  # it costs 0


@CLAIM
@given(net=SMALLER, data=st.data())
def test_a_global_one_where_a_constant_is_the_best(net, data):
    """Equal inputs have one mean target c, so that every network costs what c does and |outputs - c|^2 more."""
    X, Y = data.draw(data_fitted_by_constants(net))
    c = Y.mean(axis=0)
    assert are_equal(
        lambda p: net.cost(p, X, Y),
        lambda p: of_biases(c, Y) + jnp.sum((net(p, X) - c[None, :]) ** 2),
        on=(net.params,),
    )


@CLAIM
@given(net=SMALLER, data=st.data(), k=st.integers(0, 40))
def test_none_with_one_unit_active(net, data, k):
    X, Y = data.draw(data_beyond_constants(net))
    cost, p = lambda p: net.cost(p, X, Y), data.draw(parameters(net.params))
    awake = awakened(net, p, X, Y)
    assert is_higher(cost, at=awake, than=awakened(net, p, X, Y, step=Fraction(1, 2**k)))
    assert not are_equal(cost, lambda p: at_output_biases(p, Y), on=(ball(awake),))


@CLAIM
def test_one_active_unit_bends_the_cost():
    net, X, Y = Network((1, 1, 1), hidden=jax.nn.relu), np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]])
    awake = awakened(net, jax.tree.map(lambda part: np.zeros(part.shape), net.params), X, Y)
    assert not is_convex(lambda p: net.cost(p, X, Y), on=ball(awake))
