"""Does getting stuck follow from descending on a non-linear model? Non-linearity alone does not do it, nor does its
absence prevent it.

Logistic regression is non-linear, and convex for all data: each run ends at its one minimum. A two-layer linear network
started at 0 never moves, though 0 is no minimum. A tanh network has a trap.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    CONDITIONAL,
    box,
    claim,
    descends_to,
    has_curvature,
    is_affine,
    is_basin,
    is_convex,
    is_critical,
    is_worse_minimum,
    reals,
)
from netprops.objects.landscapes import tanh_unit, tanh_unit_cost
from netprops.objects.losses import softplus_log_loss
from netprops.objects.networks import scaled, single_path
from netprops.objects.regression import log_loss_minimum
from netprops.strategies.networks import correlated_data_for, dyadics, linear_networks

CLAIM = claim("getting-stuck-follows-from-nonlinearity", source=("D2.Q.c1",), verdict=CONDITIONAL)


def log_loss(theta, X, y):
    return jnp.sum(softplus_log_loss(X @ theta, y))


@CLAIM
@given(rows=st.integers(1, 4), columns=st.integers(1, 3))
def test_logistic_regression_is_convex_for_all_data(rows, columns):
    data = reals((rows, columns)), box(0, 1, shape=rows)
    assert not is_affine(lambda theta, X: jax.nn.sigmoid(X @ theta), on=reals(columns), for_all=data[0])
    assert is_affine(lambda theta, X: X @ theta, on=reals(columns), for_all=data[0])
    assert is_convex(lambda theta, q: log_loss(theta, *q), on=reals(columns), for_all=data)


@CLAIM
@given(labels=st.lists(dyadics(1 / 8, 7 / 8, 8), min_size=2, max_size=3), start=st.tuples(*2 * [st.integers(-2, 2)]))
def test_and_every_run_ends_at_its_one_minimum(labels, start):
    X, y = np.array([[-1.0, 1.0], [1.0, 1.0], [0.5, 1.0]])[: len(labels)], np.array(labels)
    end, step = log_loss_minimum(X, y), 3 / np.linalg.norm(X, 2) ** 2
    assert descends_to(lambda theta: log_loss(theta, X, y), np.array(start), near=end, step=step)


@CLAIM
@given(net=linear_networks(depth=(2, 2), width=(1, 3)), data=st.data())
def test_a_linear_network_started_at_zero_never_moves(net, data):
    X, Y = data.draw(correlated_data_for(net))
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731
    origin = jax.tree.map(lambda part: np.zeros(part.shape), net.params)
    down, reach = single_path(net, X, Y)
    up = (down[0], (-down[1][0],))
    assert is_critical(cost, at=origin)
    # A saddle, for inputs and targets correlate.
    assert has_curvature(cost, at=origin, along=down, sign=-1)
    assert has_curvature(cost, at=origin, along=up, sign=1)
    assert not has_curvature(cost, at=origin, along=up, sign=-1)
    assert not is_critical(cost, at=scaled(down, reach / 2))


@CLAIM
@given(step=dyadics(1 / 64, 3 / 16, 64))
def test_a_tanh_network_has_a_trap(step):
    better, worse = tanh_unit(0.766486185267, 1.958008630919), tanh_unit(3.024128273020, 1.515073437200)
    assert is_worse_minimum(tanh_unit_cost, worse, than=better)
    assert not is_worse_minimum(tanh_unit_cost, better, than=worse)
    assert is_basin(tanh_unit_cost, worse, radius=1 / 16, step=step)
    assert not is_basin(tanh_unit_cost, worse, radius=1 / 16, step=8 * step + 1 / 2)
    assert not descends_to(tanh_unit_cost, tanh_unit(0, 0), near=better, step=step)
    assert not is_convex(tanh_unit_cost, on=jax.tree.map(lambda w: reals(w.shape), better))
