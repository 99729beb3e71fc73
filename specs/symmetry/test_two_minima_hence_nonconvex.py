"""Two minima make a function non-convex if they are isolated, or differ in value, or a point between them is higher.

The minimisers of a convex function form a convex set: so there may be many, but none beside them, and no hill between.
Without such a condition the inference fails: convex functions that have more than one minimiser.
"""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    CONDITIONAL,
    are_distinct_minima,
    claim,
    is_convex,
    is_critical,
    is_worse_minimum,
    reals,
    violates_jensen,
)
from netprops.objects.data import one_hot
from netprops.objects.minima import BAD_UNIT, GOOD_UNIT, parallel_params, parallel_units, worked_example
from netprops.objects.networks import ACTIVATIONS, one_layer
from netprops.objects.symmetries import swap
from netprops.strategies.minima import repeated_inputs
from netprops.strategies.networks import arrays, inputs, nonzero_arrays, nonzero_dyadics

CLAIM = claim("two-minima-hence-nonconvex", source=("D1.A2", "D2.A1"), verdict=CONDITIONAL)


@CLAIM
@given(n=st.integers(1, 3), data=st.data())
def test_isolated(n, data):
    a = data.draw(arrays(n))
    b = a + data.draw(nonzero_arrays(n))
    wells = lambda x: jnp.sum((x - a) ** 2) * jnp.sum((x - b) ** 2)  # noqa: E731
    assert are_distinct_minima(wells, near=a, other=b)
    assert not are_distinct_minima(wells, near=a, other=(a + b) / 2)
    assert violates_jensen(wells, a, b)


@CLAIM
def test_isolated_on_the_line():
    assert are_distinct_minima(lambda x: (x**2 - 1) ** 2, near=1.0, other=-1.0)
    assert not is_convex(lambda x: (x**2 - 1) ** 2, on=reals())


@CLAIM
@given(units=st.integers(1, 2))
def test_of_different_value(units):
    net, (X, Y) = parallel_units(units)
    bad, good = (parallel_params([unit] * units) for unit in (BAD_UNIT, GOOD_UNIT))
    assert is_worse_minimum(lambda p: net.cost(p, X, Y), near=bad, than=good)
    assert not is_worse_minimum(lambda p: net.cost(p, X, Y), near=good, than=bad)
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.params)


@CLAIM
@given(hidden=st.sampled_from(ACTIVATIONS))
def test_with_a_hill_between_them(hidden):
    example = worked_example(hidden)
    # The cost is 0, the least that it can be, at the example's matrices and at their copy, whatever the activation.
    copy = swap(example.network, 0, 0, 1)(example.params)
    assert violates_jensen(example.cost, example.params, copy)
    assert not is_convex(example.cost, on=example.network.params)


@CLAIM
@given(t=nonzero_dyadics())
def test_not_with_a_valley_between_them(t):
    valley = lambda w: (w[0] + w[1] - 1) ** 2  # noqa: E731
    a, b = np.array([t, 1 - t]), np.array([-t, 1 + t])
    assert is_convex(valley, on=reals(2))
    assert is_critical(valley, at=a)
    assert is_critical(valley, at=b)
    assert not is_critical(valley, at=a + 1)
    assert not violates_jensen(valley, a, b)


@CLAIM
@given(drawn=repeated_inputs(), t=nonzero_dyadics(), data=st.data())
def test_least_squares_with_too_few_independent_columns(drawn, t, data):
    X, kernel = drawn
    b, above = data.draw(arrays(X.shape[1])), data.draw(arrays(len(X)))
    both, y = np.concatenate([X, X]), np.concatenate([X @ b + above, X @ b - above])
    squares = lambda b: jnp.sum((both @ b - y) ** 2)  # noqa: E731
    assert is_convex(squares, on=reals(len(b)))
    assert is_critical(squares, at=b)
    assert is_critical(squares, at=b + t * kernel)


@CLAIM
@given(X=inputs((1, 3), (1, 2)), classes=st.integers(2, 3), data=st.data())
def test_softmax_regression_on_overlapping_data(X, classes, data):
    layer = one_layer("softmax + cross-entropy, fused").network(X.shape[1], classes)
    X, y = np.repeat(X, classes, axis=0), one_hot(list(range(classes)) * len(X), classes)  # every class at every input
    shift, level = data.draw(nonzero_arrays(X.shape[1])), data.draw(nonzero_dyadics())
    cost = lambda p: layer.cost(p, X, y)  # noqa: E731
    assert is_convex(cost, on=layer.params)
    assert is_critical(cost, at=((np.zeros((X.shape[1], classes)), np.zeros(classes)),))
    assert is_critical(cost, at=((np.repeat(shift[:, None], classes, axis=1), np.full(classes, level)),))
