"""Is gradient descent guaranteed to lead lower? With short steps it is, unless it stands still; other steps may rise.

With L a bound of the Hessian on the segment of the step, a step s <= 1/L lowers the cost by s/2 times the squared
gradient or more. Where all weights are 0 and the output bias is the mean target, the gradient is 0: nothing moves,
and it is no minimum. Longer steps, steps on one row of the data, and steps with momentum can each raise the cost.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    CONDITIONAL,
    claim,
    has_curvature,
    has_sufficient_decrease,
    is_critical,
    is_higher,
    is_short_step,
    short_step,
)
from netprops.objects.landscapes import SMOOTH
from netprops.objects.networks import Network
from netprops.strategies.networks import any_data_for, deep_networks, dyadics, parameters

CLAIM = claim("learning-always-goes-lower", source=("D2.A2",), verdict=CONDITIONAL)

LOSSES = ("squared", "log loss of a logit", "softmax cross-entropy")


def moved(p, direction, t):
    return jax.tree.map(lambda w, d: w + t * d, p, direction)


def constant(net, b):
    """Parameters with which the network's output is b: all others are 0."""
    *inner, (W, _) = (tuple(np.zeros(part.shape) for part in layer) for layer in net.params)
    return (*inner, (W, np.full(1, float(b))))


@CLAIM
@given(net=deep_networks(depth=(2, 3), width=(1, 2), hidden=SMOOTH, losses=LOSSES), data=st.data(), k=st.integers(0, 8))
def test_short_steps_go_lower(net, data, k):
    X, Y = data.draw(any_data_for(net, rows=(1, 2)))
    p = data.draw(parameters(net.params))
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731
    step = short_step(cost, at=p) / 2**k
    assert is_short_step(cost, at=p, step=step)
    assert has_sufficient_decrease(cost, at=p, step=step)


@st.composite
def two_rows(draw):
    """Two inputs that differ, and two targets that do."""
    x, y = (draw(st.lists(dyadics(-2, 2, 2), min_size=2, max_size=2, unique=True)) for _ in range(2))
    return np.array(x)[:, None], np.array(y)[:, None]


NETWORKS = st.builds(
    lambda widths, hidden: Network((1, *widths, 1), hidden=hidden),
    st.lists(st.integers(1, 2), min_size=1, max_size=2),
    st.sampled_from((jnp.tanh, jnp.sin)),
)


@CLAIM
@given(net=NETWORKS, data=two_rows())
def test_at_zero_weights_nothing_moves(net, data):
    X, Y = data
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731
    still = constant(net, np.mean(Y))
    assert is_critical(cost, at=still)
    assert not is_critical(cost, at=constant(net, np.mean(Y) + 1))
    if net.depth == 2:  # with more layers the way down starts flat
        down = jax.tree.map(np.zeros_like, still)
        down[0][0][0, 0], down[1][0][0, 0] = 1.0, np.sign((X - X.mean()).T @ Y).item()
        assert has_curvature(cost, at=still, along=down, sign=-1)
        assert not has_curvature(cost, at=still, along=constant(net, 1), sign=-1)


@CLAIM
@given(net=NETWORKS, data=two_rows(), off=st.sampled_from((-2.0, -0.5, 1.0)), step=dyadics(5 / 8, 4, 8))
def test_a_longer_step_rises(net, data, off, step):
    """Along the output bias the cost is 2 (b - mean)^2 and a constant: L = 4 there, and 2/L = 1/2."""
    X, Y = data
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731
    after = lambda pt: cost(moved(pt[0], jax.grad(cost)(pt[0]), -pt[1]))  # noqa: E731
    p = constant(net, np.mean(Y) + off)
    assert is_higher(after, at=(p, step), than=(p, 0))
    assert not is_short_step(cost, at=p, step=step)
    assert not has_sufficient_decrease(cost, at=p, step=step)
    assert not is_higher(after, at=(p, 3 / 8), than=(p, 0))


@CLAIM
@given(net=NETWORKS, data=two_rows(), row=st.integers(0, 1), step=dyadics(1 / 64, 1, 64))
def test_a_step_on_one_row_rises(net, data, row, step):
    X, Y = data
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731
    of_one_row = lambda p: net.cost(p, X[row : row + 1], Y[row : row + 1])  # noqa: E731
    after = lambda pt: cost(moved(pt[0], jax.grad(of_one_row)(pt[0]), -pt[1]))  # noqa: E731
    p = constant(net, np.mean(Y))
    assert is_higher(after, at=(p, step), than=(p, 0))


@CLAIM
@given(net=NETWORKS, data=two_rows(), off=st.sampled_from((-2.0, -0.5, 1.0)), momentum=dyadics(1 / 8, 7 / 8, 8))
def test_a_step_with_momentum_rises(net, data, off, momentum):
    """The first step, of 1/L, leads to the best constant; the second, carried on, away from it."""
    X, Y = data
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731
    sgd = optax.sgd(1 / 4, momentum=momentum)

    def second(pt):
        p, t = pt
        update, state = sgd.update(jax.grad(cost)(p), sgd.init(p))
        p = optax.apply_updates(p, update)
        update, _ = sgd.update(jax.grad(cost)(p), state)
        return cost(moved(p, update, t))

    p = constant(net, np.mean(Y) + off)
    assert is_higher(second, at=(p, 1), than=(p, 0))
