"""Unlike a network with a hidden layer, a single layer's weights cannot be swapped while keeping the output.

Not as functions of the input, if the weights differ; on a data set with two equal columns they can. And a softmax
layer has a symmetry of its own: one vector added to the weights of all classes.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, are_equal, claim, is_convex, reals
from netprops.objects.networks import one_layer, softmax
from netprops.strategies.networks import data_sets, matrices_to_swap

CLAIM = claim("single-layer-has-no-unit-to-swap", source=("D2.A1",), verdict=CONDITIONAL)


def swapped(W, i, j, axis):
    """W with two rows (axis 0: the weights of two inputs) or two columns (axis 1: two outputs) changed about."""
    order = np.arange(W.shape[axis])
    order[[i, j]] = j, i
    return W[order] if axis == 0 else W[:, order]


@CLAIM
@given(drawn=matrices_to_swap(equal=False), axis=st.sampled_from((0, 1)))
def test_different_weights(drawn, axis):
    W, i, j = drawn if axis == 0 else (drawn[0].T.copy(), *drawn[1:])
    assert not are_equal(lambda x: x @ W, lambda x: x @ swapped(W, i, j, axis), on=(reals(W.shape[0]),))


@CLAIM
@given(drawn=matrices_to_swap(equal=True), axis=st.sampled_from((0, 1)))
def test_equal_weights(drawn, axis):
    W, i, j = drawn if axis == 0 else (drawn[0].T.copy(), *drawn[1:])
    assert are_equal(lambda x: x @ W, lambda x: x @ swapped(W, i, j, axis), on=(reals(W.shape[0]),))


@CLAIM
@given(data=data_sets(columns=(2, 4)), where=st.permutations(range(4)), outputs=st.integers(1, 3))
def test_data_whose_two_columns_agree(data, where, outputs):
    i, j = [k for k in where if k < data.columns][:2]
    X = data.X.copy()
    X[:, j] = X[:, i]
    weights = reals((data.columns, outputs))
    assert are_equal(lambda W: X @ W, lambda W: X @ swapped(W, i, j, 0), on=(weights,))


@CLAIM
@given(rows=st.integers(1, 3), inputs=st.integers(1, 3), classes=st.integers(2, 4))
def test_one_vector_added_to_all_classes(rows, inputs, classes):
    net = one_layer("softmax + cross-entropy").network(inputs, classes)
    params, *data = net.domain(rows)

    def moved(p, v):
        ((W, b),) = p
        return ((W + v[:, None], b),)

    everything = params, reals(inputs), *data
    assert are_equal(lambda p, v, X, _: net(p, X), lambda p, v, X, _: net(moved(p, v), X), on=everything)
    assert are_equal(lambda p, v, X, y: net.cost(p, X, y), lambda p, v, X, y: net.cost(moved(p, v), X, y), everything)
    assert is_convex(lambda p, q: net.cost(p, *q), on=params, for_all=tuple(data))


@CLAIM
@given(data=data_sets(outputs=(2, 3)))
def test_with_squared_error_the_symmetry_stays_and_convexity_goes(data):
    layer = one_layer("softmax + squared").network(data.columns, data.y.shape[1])
    assert not is_convex(lambda p: layer.cost(p, *data), on=layer.params)
    z = reals((data.rows, data.y.shape[1]))
    assert are_equal(lambda z, c: softmax(z), lambda z, c: softmax(z + c[:, None]), on=(z, reals(data.rows)))
