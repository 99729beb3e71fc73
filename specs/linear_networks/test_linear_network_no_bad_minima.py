"""Every local minimum of a linear network with squared loss is global.

The global value is that of the best linear map of rank at most the smallest width, in closed form. With two layers
every critical point has that value or a direction of negative curvature (Baldi and Hornik); with more, the origin is a
critical point without curvature, and still no minimum unless Y'X = 0 (Kawaguchi).
"""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    HOLDS,
    are_equal,
    box,
    claim,
    is_critical,
    is_higher,
    is_nonincreasing,
    is_positive,
    no_worse_minimum,
    nonnegative,
    reals,
)  # fmt: skip
from netprops.objects.networks import scaled, single_path
from netprops.objects.regression import reduced_rank_value
from netprops.strategies.networks import correlated_data_for, data_for, linear_networks, uncorrelated_data_for

CLAIM = claim("linear-network-no-bad-minima", source=("D1.Q.c2",), verdict=HOLDS)


def on_data(net, X, Y):
    """The cost, and what it is expanded along the ray of p: |Y|^2 - 2 t^L <Y, F> + t^2L |F|^2, F the outputs at p."""
    L = net.depth

    def expanded(p, t):
        F = net(p, X)
        return jnp.vdot(Y, Y) - 2 * t**L * jnp.sum(Y * F) + t ** (2 * L) * jnp.sum(F**2)

    return lambda p: net.cost(p, X, Y), expanded


def origin(net):
    return tuple((np.zeros(part.shape),) for (part,) in net.params)


@CLAIM
@given(net=linear_networks(depth=(2, 2), width=(1, 3)), data=st.data())
def test_two_layers(net, data):
    X, Y = data.draw(data_for(net))
    cost, level = on_data(net, X, Y)[0], reduced_rank_value(X, Y, min(net.widths))
    assert no_worse_minimum(cost, level, on=net.params, every_critical_point=True, near=[origin(net)])


@CLAIM
@given(net=linear_networks(depth=(3, 5), width=(1, 2)), data=st.data())
def test_more_layers(net, data):
    X, Y = data.draw(data_for(net))
    cost, level = on_data(net, X, Y)[0], reduced_rank_value(X, Y, min(net.widths))
    assert no_worse_minimum(cost, level, on=net.params)


@CLAIM
@given(net=linear_networks(depth=(2, 5), width=(1, 3)), data=st.data(), k=st.integers(1, 20))
def test_the_origin_is_no_minimum_where_inputs_and_targets_correlate(net, data, k):
    X, Y = data.draw(correlated_data_for(net))
    cost, expanded = on_data(net, X, Y)
    # From three layers on, so without curvature at the origin.
    assert are_equal(lambda p, t: cost(scaled(p, t)), expanded, on=(net.params, reals()))
    assert is_critical(cost, at=origin(net))
    # And yet one path of weights leads down at once.
    path, reach = single_path(net, X, Y)
    assert is_nonincreasing(lambda t: cost(scaled(path, t)), on=box(0, reach))
    assert not is_nonincreasing(lambda t: cost(scaled(path, t)), on=nonnegative())
    lower = scaled(path, reach / 2**k)
    assert is_higher(cost, at=origin(net), than=lower)
    assert not is_higher(cost, at=lower, than=origin(net))
    assert not is_critical(cost, at=lower)
    assert not are_equal(cost, lambda p: expanded(p, 0.0), on=(net.params,))


@CLAIM
@given(net=linear_networks(depth=(2, 5), width=(1, 3)), data=st.data())
def test_the_origin_is_a_global_minimum_where_they_do_not(net, data):
    X, Y = data.draw(uncorrelated_data_for(net))
    cost, _ = on_data(net, X, Y)
    assert are_equal(cost, lambda p: jnp.vdot(Y, Y) + jnp.sum(net(p, X) ** 2), on=(net.params,))


@CLAIM
def test_a_tanh_network_has_a_worse_minimum():
    x, y = np.array([1.0, 6.0, 12.0]), np.array([1.0, 1.0, 2.0])

    def cost(p):
        return jnp.sum((p[1] * jnp.tanh(p[0] * x) - y) ** 2)

    assert not no_worse_minimum(cost, Fraction(1, 2), on=reals(2), descents=1000)
    # The level is reached elsewhere: below 1/2 about the global minimum, above it about the spurious one.
    assert not is_positive(lambda p: cost(p) - 0.5, on=box([0.802, 1.5], [0.803, 1.501]))
    assert is_positive(lambda p: cost(p) - 0.5, on=box([0.089, 2.468], [0.09, 2.469]))
