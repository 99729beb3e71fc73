"""A ReLU network without biases that classifies all data rightly is at no critical point of the log loss.

Its output f is homogeneous in all parameters p, of its depth L as degree: by Euler's identity p . grad f = L f where f
is smooth, and along the ray of t p, smooth or not, f is t^L times itself. So p . grad J = -L sum s(-y f) y f, s the
logistic function and y the labels -1 and 1: below 0 where every y f is above. At the zero network, which is right on
nothing, the gradient is 0 if there are two layers or more.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    HOLDS,
    are_equal,
    claim,
    is_critical,
    is_gradient_of,
    is_higher,
    is_positive,
    no_counterexample,
    positive,
    reals,
)
from netprops.objects.networks import Network, scaled
from netprops.objects.relu_patterns import gated, gates, gates_at
from netprops.strategies.minima import rightly_classified
from netprops.strategies.networks import arrays, networks

CLAIM = claim("right-homogeneous-networks-are-never-at-rest", source=("Lyu and Li 2020",), verdict=HOLDS)

NETWORKS = networks(depth=(2, 4), width=(1, 3), hidden=jax.nn.relu, bias=False, outputs=1)


def log_loss(f, y):
    """Of logits f and labels y, which are -1 and 1."""
    return jnp.sum(jax.nn.softplus(-y * f))


def slope_along_ray(L, f, y):
    return -L * jnp.sum(jax.nn.sigmoid(-y * f) * y * f)


def inner(p, q):
    return sum(jnp.sum(a * b) for a, b in zip(jax.tree.leaves(p), jax.tree.leaves(q), strict=True))


@CLAIM
@given(net=NETWORKS, rows=st.integers(1, 2))
def test_along_the_ray(net, rows):
    L, p, x, y = net.depth, *net.domain(rows)
    assert are_equal(lambda p, t, x: net(scaled(p, t), x), lambda p, t, x: t**L * net(p, x), on=(p, positive(), x))
    assert not are_equal(lambda p, t, x: net(scaled(p, t), x), lambda p, t, x: t * net(p, x), on=(p, positive(), x))
    cost = lambda t, q: log_loss(t**L * q[0], q[1])  # noqa: E731
    slope = lambda t, q: slope_along_ray(L, t**L * q[0], q[1]) / t  # noqa: E731
    assert is_gradient_of(slope, cost, on=positive(), for_all=(y, y))
    assert not is_gradient_of(lambda t, q: t * slope(t, q), cost, on=positive(), for_all=(y, y))


@CLAIM
@given(net=NETWORKS)
def test_the_gradient_for_every_pattern_of_active_units(net):
    p, x, y = net.domain(rows=1)
    cost = lambda p, x, y, s: log_loss(gated(net, p, x, s), y)  # noqa: E731
    along = lambda p, *rest: inner(p, jax.grad(cost)(p, *rest))  # noqa: E731
    by_euler = lambda p, x, y, s: slope_along_ray(net.depth, gated(net, p, x, s), y)  # noqa: E731
    assert are_equal(along, by_euler, on=(p, x, y, gates(net, 1)))


@CLAIM
@given(L=st.integers(1, 5), rows=st.integers(1, 4))
def test_below_zero_where_all_margins_are_positive(L, rows):
    fall = lambda m: -slope_along_ray(L, m, 1.0)  # noqa: E731
    assert is_positive(fall, on=positive(rows))
    assert not is_positive(fall, on=reals(rows))


@CLAIM
@given(net=NETWORKS, data=st.data())
def test_drawn_networks_that_are_right(net, data):
    """Of the network's own cost, at kinks as well; with all labels turned about it rises along the ray."""
    p, X, y = data.draw(rightly_classified(net))
    assert is_higher(lambda p: log_loss(net(p, X), y), at=p, than=scaled(p, 1 + 1 / 64))
    assert not is_higher(lambda p: log_loss(net(p, X), -y), at=p, than=scaled(p, 1 + 1 / 64))
    # With the gates as they are at p, which is the network near p where no pre-activation is 0:
    s, _ = gates_at(net, p, X)
    assert not is_critical(lambda p: log_loss(gated(net, p, X, s), y), at=p)
    zero = jax.tree.map(np.zeros_like, p)
    s = tuple(data.draw(arrays(part.shape)) for part in gates(net, len(X)))
    assert is_critical(lambda p: log_loss(gated(net, p, X, s), y), at=zero)


@CLAIM
@given(widths=st.sampled_from(((1, 1, 1), (2, 2, 1), (1, 3, 1), (2, 2, 2, 1))))
def test_labels_as_the_network_has_them(widths):
    """With JAX's gradient, at kinks as well: y f is |f|, and with the labels turned about -|f|."""

    net = Network(widths, hidden=jax.nn.relu, bias=False)

    def fall(p, x, sign):
        y = sign * jnp.where(net(p, x) > 0, 1.0, -1.0)
        return -inner(p, jax.grad(lambda p: log_loss(net(p, x), y))(p))

    on = net.domain(rows=2)[:2]
    assert no_counterexample(lambda p, x: fall(p, x, 1.0), on=on)
    assert not no_counterexample(lambda p, x: fall(p, x, -1.0), on=on)
