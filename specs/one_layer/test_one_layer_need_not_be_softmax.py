"""A one-layer network may carry other losses and activations than binomial and sigmoid; and it is convex if its loss
is convex in the score.

One layer does not make a cost convex: the activation and the loss together have to.
"""

import jax.numpy as jnp
import optax
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, box, claim, is_convex, nonnegative, reals
from netprops.objects.losses import quantile_loss
from netprops.objects.networks import ONE_LAYER, one_layer
from netprops.strategies.networks import data_sets, targets_with_positive_sum

CLAIM = claim("one-layer-need-not-be-softmax", source=("D1.A4.c3", "D1.A4.c5", "D1.A4"), verdict=CONDITIONAL)

CONVEX = [pair for pair in ONE_LAYER if pair.convex]
NOT_CONVEX = [pair for pair in ONE_LAYER if not pair.convex]
FOCAL = one_layer("sigmoid + focal, fused")


@CLAIM
@given(rows=st.integers(1, 3), inputs=st.integers(1, 3), outputs=st.integers(1, 3))
def test_convex_pairs(rows, inputs, outputs):
    for pair in CONVEX:
        net = pair.network(inputs, outputs)
        data = reals((rows, inputs)), pair.targets((rows, net.widths[-1]))
        assert is_convex(lambda p, q, net=net: net.cost(p, *q), on=net.params, for_all=data)


@CLAIM
@given(rows=st.integers(1, 3), inputs=st.integers(1, 3), classes=st.integers(2, 4))
def test_softmax_labels_that_sum_to_0_or_more(rows, inputs, classes):
    net = one_layer("softmax + cross-entropy").network(inputs, classes)
    sums = reals((rows, inputs)), nonnegative((rows, 1)), reals((rows, classes - 1))

    def cost(p, q):
        X, total, rest = q
        return net.cost(p, X, jnp.concatenate([total - jnp.sum(rest, axis=1, keepdims=True), rest], axis=1))

    assert is_convex(cost, on=net.params, for_all=sums)


@CLAIM
@given(rows=st.integers(1, 3), inputs=st.integers(1, 3))
def test_every_level_of_the_quantile_loss(rows, inputs):
    net = one_layer("identity + quantile").network(inputs, 1)
    every = reals((rows, inputs)), reals((rows, 1)), box(0, 1)
    assert is_convex(lambda p, q: jnp.sum(quantile_loss(net(p, q[0]), q[1], q[2])), on=net.params, for_all=every)


@CLAIM
@given(data=data_sets(outputs=(2, 3)))
def test_pairs_that_are_not_convex_on_any_data(data):
    for pair in NOT_CONVEX:
        if pair is not FOCAL:
            net = pair.network(data.columns, data.y.shape[1])
            assert not is_convex(lambda p, net=net: net.cost(p, *data), on=net.params)


@CLAIM
@given(data=data_sets(outputs=(1, 2), targets="binary"), gamma=st.sampled_from((0.5, 1.0, 2.0, 5.0)))
def test_focal_loss_of_hard_labels(data, gamma):
    net = FOCAL.network(data.columns, data.y.shape[1])

    def cost(p):
        return jnp.sum(optax.sigmoid_focal_loss(net(p, data.X), data.y, gamma=gamma))

    assert not is_convex(cost, on=net.params)


@CLAIM
@given(data=targets_with_positive_sum())
def test_relu_where_the_targets_at_an_input_sum_to_more_than_0(data):
    net = one_layer("relu + squared, targets <= 0").network(data.columns, 1)
    assert not is_convex(lambda p: net.cost(p, *data), on=net.params)
