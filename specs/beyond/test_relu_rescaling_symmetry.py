"""A ReLU unit with incoming weights and bias (t w, t b) and outgoing weights v/t is the same for every t > 0.

So no local minimum with a unit that is not zero is strict: (t w, t b, v/t) costs the same, as near as one likes. At
first order, w.J_w + b J_b = v.J_v for the gradient J at every smooth point; at second order, (w, b, -v) is a null
vector of the Hessian at every smooth critical point. Both are shown for all patterns of active units at once.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, box, claim, has_curvature, is_critical, is_gradient_of, positive, reals
from netprops.objects.networks import Network
from netprops.objects.relu_patterns import gated, gates, gates_at, rescaling_direction
from netprops.objects.silent_units import ball
from netprops.objects.symmetries import Rescaling
from netprops.strategies.minima import smooth_fits
from netprops.strategies.networks import networks, parameters

CLAIM = claim("relu-rescaling-symmetry", source=("Neyshabur, Salakhutdinov and Srebro 2015",), verdict=HOLDS)

RELU = networks(depth=(2, 4), width=(1, 3), hidden=jax.nn.relu, bias=None)
SMALL = networks(depth=(2, 3), width=(1, 2), hidden=jax.nn.relu)


def rescaled(net, signs=positive):
    """The network after rescaling all its hidden units, itself, and the domain of parameters, factors and inputs."""
    t = tuple(signs(n) for n in net.widths[1:-1])
    return (
        lambda p, t, x: net(Rescaling(t)(p), x),
        lambda p, t, x: net(p, x),
        (net.params, t, reals((1, net.widths[0]))),
    )


@CLAIM
@given(net=RELU)
def test_every_positive_factor(net):
    moved, same, everything = rescaled(net)
    assert are_equal(moved, same, on=everything)
    moved, same, everything = rescaled(replace(net, hidden=jnp.tanh))
    assert not are_equal(moved, same, on=everything)
    moved, same, everything = rescaled(net, lambda n: box(-np.inf, 0, n, open=True))
    assert not are_equal(moved, same, on=everything)


@CLAIM
@given(net=RELU, data=st.data(), k=st.integers(0, 40))
def test_other_points_as_near_as_one_likes(net, data, k):
    p = data.draw(parameters(net.params))
    layer = data.draw(st.integers(0, net.depth - 2))
    p[layer][0][0, 0] = 1.0  # a unit that is not zero
    t = tuple(box(1, 1 + 2.0**-k, n) for n in net.widths[1:-1])
    assert not are_equal(lambda t: Rescaling(t)(p), lambda t: p, on=(t,))
    zero = jax.tree.map(np.zeros_like, p)
    assert are_equal(lambda t: Rescaling(t)(zero), lambda t: zero, on=(t,))


@CLAIM
@given(widths=st.sampled_from(((1, 1, 1), (2, 2, 1), (1, 3, 2), (2, 1, 2, 1), (1, 2, 2, 2))))
def test_first_and_second_order_for_every_pattern(widths):
    """On one row: the cost is a sum over the rows, and the identities are linear in it."""
    net = Network(widths, hidden=jax.nn.relu)
    on, *data = net.domain(rows=1)
    rates = tuple(reals(n) for n in net.widths[1:-1])
    everything = (on, *data, gates(net, 1), rates)
    cost = lambda p, x, y, s: jnp.sum(net.loss.of(gated(net, p, x, s), y))  # noqa: E731
    slope = jax.grad(cost)
    assert is_gradient_of(lambda p, q: slope(p, *q), lambda p, q: cost(p, *q), on=on, for_all=everything[1:4])
    half = lambda p, q: cost(p, *q) / 2  # noqa: E731
    assert not is_gradient_of(lambda p, q: slope(p, *q), half, on=on, for_all=everything[1:4])

    def along(p, x, y, s, rates):
        direction = rescaling_direction(p, rates)
        return jax.tree.reduce(jnp.add, jax.tree.map(lambda g, d: jnp.sum(g * d), slope(p, x, y, s), direction))

    def bent(p, x, y, s, rates):
        return jax.jvp(lambda p: slope(p, x, y, s), (p,), (rescaling_direction(p, rates),))[1]

    def turned(p, x, y, s, rates):
        return jax.tree.map(lambda part: -part, rescaling_direction(slope(p, x, y, s), rates))

    assert are_equal(along, lambda p, *rest: 0 * p[-1][-1][0], on=everything)
    assert are_equal(bent, turned, on=everything)


@CLAIM
@given(net=SMALL, data=st.data())
def test_at_a_smooth_critical_point(net, data):
    """Near it the network is the gated one; its rows come twice, fitted up to errors of opposite signs."""
    p, X, Y = data.draw(smooth_fits(net))
    pattern, _ = gates_at(net, p, X)
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731
    near = lambda p: jnp.sum(net.loss.of(gated(net, p, X, pattern), Y))  # noqa: E731
    assert are_equal(cost, near, on=(ball(p, 2.0**-16),))
    assert is_critical(near, at=p)
    rates = tuple(np.ones(n) if k else np.eye(n)[0] for k, n in enumerate(net.widths[1:-1]))
    null = rescaling_direction(p, rates)
    assert has_curvature(cost, at=p, along=null, sign=0)
    shifted = (*jax.tree.map(np.zeros_like, p[:-1]), (0 * p[-1][0], 0 * p[-1][1] + 1))
    assert not has_curvature(cost, at=p, along=shifted, sign=0)
    beside = (*p[:-1], (p[-1][0], p[-1][1] + 1))
    assert not is_critical(near, at=beside)
