"""If the last hidden features of N data have rank N, a point critical in the last layer alone is a global minimum.

For features H and residuals R: adj(H H') H (H'R) = det(H H') R, and 2 H'R is the gradient in the last layer's weights.
So where det(H H') is not 0 a gradient of 0 leaves no residual, whatever the activation and however deep the network is.
Output biases c go to the targets: Y - c in the place of Y.
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
    is_worse_minimum,
    opaque,
    reals,
)
from netprops.objects.last_layer import features, gram_determinant, recovered, residual, squared_error
from netprops.objects.minima import BAD_UNIT, GOOD_UNIT, parallel_params, parallel_units
from netprops.objects.networks import Network
from netprops.objects.silent_units import ball
from netprops.strategies.networks import arrays, networks, nonzero_arrays

CLAIM = claim(
    "full-rank-features-make-critical-points-global",
    source=("Poston, Lee, Choie and Kwon 1991", "Yu and Chen 1995"),
    verdict=HOLDS,
)
SMOOTH = (jnp.tanh, jax.nn.sigmoid, jax.nn.softplus, jax.nn.gelu)


@CLAIM
@given(rows=st.integers(1, 3), units=st.integers(1, 4), outputs=st.integers(1, 2))
def test_a_gradient_of_zero_leaves_no_residual(rows, units, outputs):
    on = reals((rows, units)), reals((rows, outputs))
    assert are_equal(lambda H, R: recovered(H, H.T @ R), lambda H, R: gram_determinant(H) * R, on=on)
    # With fewer units than data the factor is 0, and nothing follows.
    assert bool(are_equal(lambda H, R: gram_determinant(H), lambda H, R: jnp.zeros(()), on=on)) == (units < rows)


@CLAIM
@given(net=networks(depth=(2, 4), width=(1, 3), hidden=opaque("s"), bias=None), rows=st.integers(1, 3))
def test_the_gradient_in_the_last_layer(net, rows):
    """Of every network, with biases or without: the cost is a function of its features, last weights and Y - c."""

    def cost(p, X, Y):
        V, *c = p[-1]
        return squared_error(V, features(net, p[:-1], X), Y - c[0][None, :] if net.bias else Y)

    assert are_equal(net.cost, cost, on=net.domain(rows))
    V, given_them = reals(net.widths[-2:]), (reals((rows, net.widths[-2])), reals((rows, net.widths[-1])))
    squares = lambda V, q: squared_error(V, *q)  # noqa: E731
    assert is_gradient_of(lambda V, q: 2 * q[0].T @ residual(V, *q), squares, on=V, for_all=given_them)
    assert not is_gradient_of(lambda V, q: q[0].T @ residual(V, *q), squares, on=V, for_all=given_them)


def volume(net, X):
    """t det(H H') of (t, parameters): higher at t = 1 than at t = 0 exactly where the features have rank N."""
    return lambda at: at[0] * gram_determinant(features(net, at[1], X))


@CLAIM
@given(hidden=st.sampled_from(SMOOTH), rows=st.integers(1, 3), more=st.integers(0, 2), data=st.data())
def test_wide_networks_have_features_of_full_rank(hidden, rows, more, data):
    """Normal weights and biases, and different data: the chance of dependent features is 0."""
    columns, deep = data.draw(st.integers(1, 2)), data.draw(st.booleans())
    net = Network((columns, *[rows + more] * (1 + deep), 1), hidden=hidden)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    draw = lambda box: rng.normal(size=box.shape)  # noqa: E731
    p = jax.tree.map(draw, net.params[:-1], is_leaf=lambda part: hasattr(part, "intervals"))
    numbers = st.tuples(*[st.integers(-3, 3)] * columns)
    X = np.array(data.draw(st.lists(numbers, min_size=rows, max_size=rows, unique=True)), dtype=np.float64)
    assert is_higher(volume(net, X), at=(1.0, p), than=(0.0, p))


@CLAIM
@given(rows=st.integers(1, 3), outputs=st.integers(1, 2), data=st.data())
def test_critical_in_the_last_layer_alone(rows, outputs, data):
    """Units relu(x - j) on x = 1/2, 3/2, ..., N - 1/2, features in steps: triangular, halves on the diagonal."""
    net = Network((1, rows, outputs), hidden=jax.nn.relu, bias=True)
    X, hidden = np.arange(0.5, rows)[:, None], (np.ones((1, rows)), -np.arange(0.0, rows))
    V, aside = data.draw(arrays((rows, outputs))), data.draw(nonzero_arrays((rows, outputs)))
    Y = np.maximum(X @ hidden[0] + hidden[1], 0) @ V
    last = lambda V: net.cost((hidden, (V, np.zeros(outputs))), X, Y)  # noqa: E731
    assert is_higher(volume(net, X), at=(1.0, (hidden,)), than=(0.0, (hidden,)))
    assert is_critical(last, at=V)
    assert not is_critical(last, at=V + aside)
    assert is_higher(last, at=V + aside, than=V)
    # One datum twice: no rank, whatever the units.
    assert not is_higher(volume(net, np.ones((rows + 1, 1))), at=(1.0, (hidden,)), than=(0.0, (hidden,)))


@CLAIM
def test_with_fewer_units_than_data_there_are_worse_minima():
    """One tanh unit, three data: two strict minima in all parameters, both with a residual."""
    net, (X, Y) = parallel_units(1)
    bad, good = parallel_params([BAD_UNIT]), parallel_params([GOOD_UNIT])
    assert is_worse_minimum(lambda p: net.cost(p, X, Y), near=bad, than=good)
    assert not is_worse_minimum(lambda p: net.cost(p, X, Y), near=good, than=bad)
    for minimum in (bad, good):  # they are within a thousandth of these points
        assert is_positive(lambda p: net.cost(p, X, Y) - 1 / 4, on=ball(minimum, 1 / 64))
        assert not is_positive(lambda p: net.cost(p, X, Y) - 1, on=ball(minimum, 1 / 64))
