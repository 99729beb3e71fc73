"""Training does not always fit: a ReLU network of any width and depth has a weak local minimum that is as bad as the
best constant, and standard starts may end far from the fit that there is.

In the minimum the last hidden layer is off on all data; on a whole ball of parameters the cost is then a function of
the output biases alone. Of networks of three hidden layers of 4 units, trained on 8 points labelled by one ReLU unit
(which they can copy), about 0.20 end above a mean squared error of 0.01; with two layers of 16 units about 0.002 do.
"""

import jax
import jax.numpy as jnp
import optax
from hypothesis import given
from hypothesis import strategies as st

from netprops import REFUTED, are_equal, claim, is_convex, is_higher, is_share_above, reals, runs
from netprops.objects.networks import Network
from netprops.objects.silent_units import ball, interpolating, silent_minimum
from netprops.objects.teachers import Teaching, mean_cost, train
from netprops.objects.training import glorot_start, normal_point
from netprops.strategies import by_profile
from netprops.strategies.minima import interpolable_data
from netprops.strategies.networks import data_for, networks, parameters

CLAIM = claim("training-always-fits", source="D1.A3.c4", verdict=REFUTED)

NETWORKS = networks(depth=(2, 5), width=(1, 4), hidden=jax.nn.relu)


def of_constant(c, Y):
    return jnp.sum((c[None, :] - Y) ** 2)


@CLAIM
@given(net=NETWORKS, data=st.data())
def test_a_minimum_as_bad_as_the_best_constant(net, data):
    X, Y = data.draw(data_for(net))
    silent = silent_minimum(net, data.draw(parameters(net.params)), X, Y)
    biases, targets = reals(net.widths[-1]), reals(Y.shape)
    assert are_equal(lambda p, Y: net.cost(p, X, Y), lambda p, Y: of_constant(p[-1][-1], Y), on=(ball(silent), targets))
    assert is_convex(of_constant, on=biases, for_all=targets)
    assert not is_convex(lambda c, Y: -of_constant(c, Y), on=biases, for_all=targets)


@CLAIM
@given(rows=st.integers(1, 5), outputs=st.integers(1, 3))
def test_the_best_constant_is_bad_unless_the_targets_are_equal(rows, outputs):
    def between_targets(Y):
        return jnp.sum((Y[:, None, :] - Y[None, :, :]) ** 2) / (2 * rows)

    def of_mean(Y):
        return of_constant(jnp.sum(Y, axis=0) / rows, Y)

    targets = (reals((rows, outputs)),)
    assert are_equal(of_mean, between_targets, on=targets)
    assert not are_equal(of_mean, lambda Y: between_targets(Y) + Y[0, 0], on=targets)


@CLAIM
@given(net=NETWORKS, data=st.data())
def test_where_another_network_fits_exactly(net, data):
    X, Y = data.draw(interpolable_data(net))
    fit, silent = interpolating(net, X, Y), silent_minimum(net, data.draw(parameters(net.params)), X, Y)
    weighed = lambda pt: pt[1] * net.cost(pt[0], X, Y)  # noqa: E731
    assert not is_higher(weighed, at=(fit, 1), than=(fit, 0))  # it costs 0
    assert is_higher(weighed, at=(silent, 1), than=(silent, 0))


TASK = Teaching(inputs=2, units=1, rows=8, hidden=jax.nn.relu)
NARROW, WIDE = (Network((2, *hidden, 1), hidden=jax.nn.relu) for hidden in ((4, 4, 4), (16, 16)))


def trained(key):
    """The mean costs at which Adam ends from Glorot's start, of both networks on one task."""
    normals = normal_point(key, (NARROW.params, WIDE.params, TASK.drawn))
    x, y, *_ = TASK.lesson_of(normals[-1])

    def end(net, start):
        cost = lambda p: mean_cost(net, p, x, y)  # noqa: E731
        return cost(train(cost, glorot_start(start), optax.adam(0.05), 300))

    return jnp.stack([end(net, start) for net, start in zip((NARROW, WIDE), normals, strict=False)])


@CLAIM
def test_from_standard_starts():
    ends = runs("three layers of 4 units, two of 16", trained, by_profile(quick=700, default=700, thorough=10_000))
    assert is_share_above(ends.share(lambda costs: costs[0] > 0.01, "three layers of 4 units above 0.01"), 1 / 16)
    assert not is_share_above(ends.share(lambda costs: costs[1] > 0.01, "two layers of 16 units above 0.01"), 1 / 16)
