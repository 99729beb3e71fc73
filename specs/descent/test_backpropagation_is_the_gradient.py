"""Back-propagation's update rules, derived by hand unit by unit, are the gradient of the cost: for every network of
logistic units, all weights, all data.
"""

import jax
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, agree_in_floats, claim, is_gradient_of
from netprops.objects.backpropagation import backpropagated, squared_error_delta
from netprops.objects.losses import loss
from netprops.objects.networks import Network, identity
from netprops.strategies.networks import networks

CLAIM = claim("backpropagation-is-the-gradient", source="D2.Q", verdict=HOLDS)

LOG_LOSS, OF_LOGITS, SQUARED = loss("log loss"), loss("log loss of a logit"), loss("squared")


def logistic_networks(loss_of, output=jax.nn.sigmoid, depth=(1, 3), width=(1, 2)):
    return networks(depth, width, hidden=jax.nn.sigmoid, output=output, loss_of=loss_of, bias=None)


def asked(net, rule, rows):
    params, *data = net.domain(rows)
    return is_gradient_of(lambda p, q: rule(p, *q), lambda p, q: net.cost(p, *q), on=params, for_all=tuple(data))


@CLAIM
@given(net=logistic_networks(LOG_LOSS), rows=st.integers(1, 2))
def test_the_hand_derived_rules(net, rows):
    assert asked(net, backpropagated, rows)
    # ... and the error of squared error in its place belongs to another cost.
    wrong = lambda p, x, y: backpropagated(p, x, y, squared_error_delta)  # noqa: E731
    assert not asked(net, wrong, rows)


@CLAIM
@given(net=logistic_networks(SQUARED))
def test_squared_error_has_rules_of_its_own(net):
    assert asked(net, lambda p, x, y: backpropagated(p, x, y, squared_error_delta), rows=1)
    assert not asked(net, backpropagated, rows=1)


@CLAIM
@given(net=logistic_networks(OF_LOGITS, identity))
def test_the_gradient_that_jax_takes_is_the_same(net):
    assert asked(net, jax.grad(net.cost), rows=1)
    assert asked(net, backpropagated, rows=1)


@CLAIM
def test_in_floats():
    net = Network((3, 8, 8, 2), hidden=jax.nn.sigmoid, loss=OF_LOGITS)
    on = net.domain(rows=16)
    assert agree_in_floats(jax.grad(net.cost), backpropagated, on=on)
    assert not agree_in_floats(jax.grad(net.cost), lambda p, x, y: backpropagated(p, x, y, squared_error_delta), on=on)
