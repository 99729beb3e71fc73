"""The log loss of logistic regression is convex in its weights.

Every form of it is softplus(z) - y z, of a score z affine in the weights: convex for every real label y. The softmax
cross-entropy of one datum is (sum y) logsumexp(z) - y.z, convex exactly when its labels do not sum to less than 0.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, box, claim, is_convex, nonnegative, reals
from netprops.objects.losses import cross_entropy, log_loss, logsumexp_cross_entropy, softplus_log_loss
from netprops.objects.networks import one_layer, softmax
from netprops.objects.regression import regression_cost, unit
from netprops.strategies.networks import arrays, data_sets, dyadics

CLAIM = claim("logistic-loss-convex", source=("D1.Q", "D2.Q", "D2.A1"), verdict=HOLDS)

LOG_LOSSES = (
    optax.sigmoid_binary_cross_entropy,
    softplus_log_loss,
    lambda z, y: log_loss(jax.nn.sigmoid(z), y),
)
CROSS_ENTROPIES = (
    optax.softmax_cross_entropy,
    logsumexp_cross_entropy,
    lambda z, y: cross_entropy(softmax(z), y),
)


@CLAIM
def test_every_form_for_every_label():
    for form in LOG_LOSSES:
        assert are_equal(form, softplus_log_loss, on=(reals(), reals()))
        assert is_convex(form, on=reals(), for_all=reals())


@CLAIM
@given(data=data_sets(targets="real") | data_sets(targets="binary"))
def test_any_data(data):
    for form in LOG_LOSSES:
        assert is_convex(lambda p, form=form: regression_cost(form, p, data.X, data.y), on=unit(data.columns))


@CLAIM
@given(data=data_sets(outputs=(2, 4), targets="one-hot"))
def test_any_data_of_several_classes(data):
    layer = one_layer("softmax + cross-entropy").network(data.columns, data.y.shape[1])
    labels = np.argmax(data.y, axis=1)

    def by_number(z, _):
        return optax.softmax_cross_entropy_with_integer_labels(z, labels)

    for form in (*CROSS_ENTROPIES, optax.safe_softmax_cross_entropy, by_number):

        def cost(p, form=form):
            ((W, b),) = p
            return jnp.sum(form(data.X @ W + b[None, :], data.y))

        assert is_convex(cost, on=layer.params)


@CLAIM
@given(classes=st.integers(2, 5))
def test_softmax_of_one_datum(classes):
    def labels(total, rest):
        return jnp.append(rest, total - jnp.sum(rest))

    for form in CROSS_ENTROPIES:
        assert are_equal(form, logsumexp_cross_entropy, on=(reals(classes), reals(classes)))
        some_labels = nonnegative(), reals(classes - 1)
        assert is_convex(lambda z, q, form=form: form(z, labels(*q)), on=reals(classes), for_all=some_labels)


@CLAIM
@given(total=st.just(-1.0) | dyadics(-4, -1 / 4), classes=st.integers(2, 5), data=st.data())
def test_labels_that_sum_to_less_than_0(total, classes, data):
    rest = data.draw(arrays(classes - 1))
    labels = np.array([*rest, total - np.sum(rest)])
    assert not is_convex(lambda z: optax.softmax_cross_entropy(z, labels), on=reals(classes))


@CLAIM
@given(label=st.sampled_from((0.0, 1.0)), gamma=dyadics(1 / 4, 5))
def test_focal_weighting(label, gamma):
    def focal(z, y):
        return optax.sigmoid_focal_loss(z, jnp.asarray(y), gamma=gamma)

    assert not is_convex(lambda z: focal(z, label), on=reals())
    assert not are_equal(focal, optax.sigmoid_binary_cross_entropy, on=(reals(), box(0, 1)))
    # The label 1/2 is weighted by a constant.
    assert is_convex(lambda z: focal(z, 0.5), on=reals())
