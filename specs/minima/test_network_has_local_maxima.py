"""A network's cost has no local maximum where its loss is strictly convex after an output bias; else it may.

Strictly convex along one line through every point, a cost has a maximum nowhere.  A sigmoid output under squared error
is not, but with targets in [0, 1] and |z| <= 40 at all its outputs it has no maximum either: let J(a, b) be the cost
with z turned into (1 + a) z + b, which its output weights and bias can do.  With A = 0.07 + 0.00058 z^2 an output adds

    2 s (1 - s) ((1 - y) s (A (2 - 3 s) + 0.0251 z) + y (1 - s) (A (3 s - 1) - 0.0251 z)) > 0,    s = 1/(1 + exp(-z)),

to 0.07 J_bb + 0.00058 J_aa + 0.0251 J_a, so that where J_a = 0 the curvature along a or along b is positive.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    CONDITIONAL,
    are_equal,
    box,
    claim,
    is_positive,
    is_strict_maximum,
    is_strict_minimum,
    is_strictly_convex,
    opaque,
    reals,
)
from netprops.objects.losses import cauchy_loss, loss
from netprops.objects.networks import ACTIVATIONS, Network
from netprops.strategies.minima import taught_networks
from netprops.strategies.networks import dyadics, inputs, networks

CLAIM = claim("network-has-local-maxima", source="D1.A1", verdict=CONDITIONAL)

STRICTLY_CONVEX = ("squared", "log-cosh", "log loss of a logit")
PAIR = np.array([1.0, 10.0]), np.array([1 / 4, 1 / 2])
s = jax.nn.sigmoid


@CLAIM
@given(
    net=networks(hidden=(*ACTIVATIONS, opaque("any"))), name=st.sampled_from(STRICTLY_CONVEX), rows=st.integers(1, 3)
)
def test_none_above_an_output_bias(net, name, rows):
    net = replace(net, loss=loss(name))
    params, X, Y = net.domain(rows)
    with_bias = lambda c, q: net.cost((*q[0][:-1], (q[0][-1][0], c)), q[1], q[2])  # noqa: E731
    assert is_strictly_convex(with_bias, on=params[-1][1], for_all=(params, X, Y))


@CLAIM
@given(net=networks(depth=(1, 3), width=(1, 2), output=s), rows=st.integers(1, 2))
def test_a_sigmoid_output_can_scale_and_shift(net, rows):
    params, X, Y = net.domain(rows)

    def moved(p, x, y, a, b):
        *inner, (W, c) = p
        return net.cost((*inner, ((1 + a) * W, (1 + a) * c + b)), x, y)

    def rowwise(p, x, y, a, b):
        return jnp.sum((s((1 + a) * replace(net, output=lambda z: z)(p, x) + b) - y) ** 2)

    assert are_equal(moved, rowwise, on=(params, X, Y, reals(), reals()))


def weight(z):
    return 0.07 + 0.00058 * z**2


def low(z):
    return weight(z) * (2 - 3 * s(z)) + 0.0251 * z


def high(z):
    return weight(z) * (3 * s(z) - 1) - 0.0251 * z


@CLAIM
def test_none_at_a_sigmoid_output_up_to_40():
    J = lambda a, b, z, y: (s((1 + a) * z + b) - y) ** 2  # noqa: E731

    def combined(z, y):
        at = 0.0, 0.0, z, y
        bb, aa = jax.grad(jax.grad(J, 1), 1)(*at), jax.grad(jax.grad(J, 0), 0)(*at)
        return 0.07 * bb + 0.00058 * aa + 0.0251 * jax.grad(J, 0)(*at)

    def stated(z, y):
        return 2 * s(z) * (1 - s(z)) * ((1 - y) * s(z) * low(z) + y * (1 - s(z)) * high(z))

    assert are_equal(combined, stated, on=(reals(), reals()))
    assert not are_equal(combined, lambda z, y: stated(z, 1 - y), on=(reals(), reals()))
    for part in (low, high):
        assert is_positive(part, on=box(-40, 40))
        assert not is_positive(part, on=box(-50, 50))


@CLAIM
def test_strictly_convex_it_is_not():
    net = Network((1, 1), output=s)
    params, X, Y = net.domain(1)
    with_bias = lambda c, q: net.cost(((q[0][0][0], c),), q[1], q[2])  # noqa: E731
    assert not is_strictly_convex(with_bias, on=params[0][1], for_all=(params, X, Y))


@CLAIM
@given(taught=taught_networks(units=(1, 2)), far=dyadics(5 / 4, 4), near=dyadics(1 / 4, 3 / 4))
def test_cauchy_loss_between_two_targets(taught, far, near):
    """Where the slopes cancel, and so the Hessian is J'J times a number with the sign of 1 - a^2; J of full rank."""
    net = replace(taught.network, loss=loss("Cauchy"))
    between, bowl = replace(taught, network=net, spread=far), replace(taught, network=net, spread=near)
    assert is_strict_maximum(between.cost, near=taught.params)
    assert is_strict_minimum(bowl.cost, near=taught.params)
    assert not is_strict_maximum(bowl.cost, near=taught.params)


@CLAIM
def test_cauchy_loss_bends_down_between_them():
    two = lambda z, f, a: cauchy_loss(z, f + a) + cauchy_loss(z, f - a)  # noqa: E731
    slope, bend = jax.grad(two), jax.grad(jax.grad(two))
    assert are_equal(lambda f, a: slope(f, f, a), lambda f, a: 0 * a, on=(reals(), reals()))
    curvature = lambda f, a: 4 / (1 + a**2) - 8 * a**2 / (1 + a**2) ** 2  # noqa: E731
    assert are_equal(lambda f, a: bend(f, f, a), curvature, on=(reals(), reals()))


@CLAIM
@given(X=inputs(rows=(1, 4), columns=(1, 3)))
def test_a_sine_at_its_crest(X):
    """Of full rank: the unit vectors and 0 are among the inputs."""
    d = X.shape[1]
    X = np.concatenate([X, np.eye(d), np.zeros((1, d))])
    net = Network((d, 1), output=jnp.sin)
    crest = ((np.zeros((d, 1)), np.array([np.pi / 2])),)
    assert is_strict_maximum(lambda p: net.cost(p, X, -np.ones((len(X), 1))), near=crest)
    assert not is_strict_maximum(lambda p: net.cost(p, X, 2 * np.ones((len(X), 1))), near=crest)


@CLAIM
def test_a_sine_above_a_tanh_unit():
    net = Network((1, 1, 1), output=jnp.sin, bias=False)
    X, Y = np.array([[1.0], [8.0]]), -np.ones((2, 1))
    crests = ((np.array([[0.181016]]),), (np.array([[8.772243]]),))  # outputs pi/2 and 5 pi/2
    assert is_strict_maximum(lambda p: net.cost(p, X, Y), near=crests)


@CLAIM
def test_one_sigmoid_weight_between_two_minima():
    cost = lambda w: jnp.sum((PAIR[1] - s(w * PAIR[0])) ** 2)  # noqa: E731
    assert is_strict_maximum(cost, near=-0.51178)
    assert not is_strict_minimum(cost, near=-0.51178)
    assert is_strict_minimum(cost, near=-0.0099330)
    assert is_strict_minimum(cost, near=-1.09615)
