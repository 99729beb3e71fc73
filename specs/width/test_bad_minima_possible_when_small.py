"""In small networks the probability of ending in a bad local minimum is not zero: runs that end in certified ones.

Of two tanh units with biases, squared error on five points and weight decay, about 0.42 of the runs end above 19, the
lowest of them in a strict minimum (19.41) above another run's (18.37). One unit on six points, without decay, ends
in a worse minimum (6.11 against 5.86). Two linear layers on the same points always end at their lowest value. Weak
ones there are at every width: width changes how often they are met.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, is_share_above, is_worse_minimum, reals, runs
from netprops.objects.networks import Network, linear_network
from netprops.objects.regression import reduced_rank_value
from netprops.objects.silent_units import ball, silent_minimum
from netprops.objects.small_networks import decayed_cost
from netprops.objects.teachers import train
from netprops.objects.training import normal_point
from netprops.strategies import by_profile
from netprops.strategies.networks import data_for, networks, parameters

CLAIM = claim("bad-minima-possible-when-small", source="D1.A3", verdict=HOLDS)

OFTEN = 1 / 8
X, Y = np.array([[-4.0, -3, -1, 0, 1, 3]]).T, np.array([[3.0, 4, 4, 2, -1, -1]]).T
UNIT, LINEAR = Network((1, 1, 1)), linear_network(1, 2, 1)
TWO_UNITS, ONE_UNIT = reals((2, 3)), (reals((1, 1)), reals(1), reals((1, 1)))


def one_unit(p):
    """Its weight, its bias and its outgoing weight; the output has no bias."""
    return UNIT.cost(((p[0], p[1]), (p[2], jnp.zeros(1))), X, Y)


def linear(p):
    return LINEAR.cost(p, X, Y)


def descend(key):
    """Where Adam ends from standard normal starts, and at which costs: two units, one unit, two linear layers."""
    starts = normal_point(key, (TWO_UNITS, ONE_UNIT, LINEAR.params))
    costs = decayed_cost, one_unit, linear
    ends = tuple(train(cost, start, optax.adam(0.05), 600) for cost, start in zip(costs, starts, strict=True))
    return ends, jnp.stack([cost(end) for cost, end in zip(costs, ends, strict=True)])


RUNS = runs("small networks", descend, by_profile(quick=300, default=300, thorough=10_000), tile=100)


def above(number, level, name):
    return RUNS.share(lambda outcome: outcome[1][number] > level, f"{name} above {level}")


def lowest_end(number, level):
    """The end point of the run that ends lowest among those that end above the level."""
    ends, costs = RUNS.outcomes()
    run = np.argmin(np.where(costs[:, number] > level, costs[:, number], np.inf))
    return jax.tree.map(lambda part: part[run], ends[number])


@CLAIM
def test_two_units():
    worse, better = lowest_end(0, 19), lowest_end(0, 0)
    assert is_worse_minimum(decayed_cost, worse, than=better)
    assert not is_worse_minimum(decayed_cost, better, than=worse)
    assert is_share_above(above(0, 19, "two tanh units"), OFTEN)


@CLAIM
def test_one_unit_without_decay():
    better = np.array([[0.36350043]]), np.array([-0.51366727]), np.array([[-3.84049459]])
    assert is_worse_minimum(one_unit, lowest_end(1, 6), than=better)
    assert not is_worse_minimum(one_unit, better, than=lowest_end(1, 6))


@CLAIM
def test_linear_layers():
    _, lowest = reduced_rank_value(X, Y, 1)
    assert not is_share_above(above(2, float(lowest) + 1 / 64, "two linear layers"), OFTEN)


@CLAIM
@given(net=networks(depth=(2, 3), width=(1, 8), hidden=jax.nn.relu), data=st.data())
def test_they_exist_at_every_width(net, data):
    X, Y = data.draw(data_for(net))
    p = data.draw(parameters(net.params))
    silent, wide_awake = ball(silent_minimum(net, p, X, Y)), (net.params,)
    of_biases = lambda p: jnp.sum((p[-1][-1][None, :] - Y) ** 2)  # noqa: E731
    assert are_equal(lambda p: net.cost(p, X, Y), of_biases, on=(silent,))
    assert not are_equal(lambda p: net.cost(p, X, Y), of_biases, on=wide_awake)
