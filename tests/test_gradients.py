"""Gradients are told from what only looks like one: against difference quotients, slopes that jump, missing factors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops.domains import DomainError, box, positive, reals
from netprops.objects.backpropagation import backpropagated, log_loss_delta, squared_error_delta
from netprops.objects.losses import loss
from netprops.objects.networks import Network
from netprops.questions.gradients import gradients_agree, is_gradient_of
from netprops.readings.jaxpr import NotAFunctionError

PAIRS = {  # f, its gradient, domain
    "square": (lambda x: x**2, lambda x: 2 * x, reals()),
    "quadratic form": (lambda v: v @ v, lambda v: 2 * v, reals(3)),
    "product": (lambda v: v[0] * v[1] * v[2], lambda v: jnp.stack([v[1] * v[2], v[0] * v[2], v[0] * v[1]]), reals(3)),
    "exp": (jnp.exp, jnp.exp, reals()),
    "log": (jnp.log, lambda x: 1 / x, positive()),
    "softplus": (jax.nn.softplus, jax.nn.sigmoid, reals()),
    "tanh": (jnp.tanh, lambda x: 1 - jnp.tanh(x) ** 2, reals()),
    "sigmoid": (jax.nn.sigmoid, lambda x: jax.nn.sigmoid(x) * jax.nn.sigmoid(-x), reals()),
    "a pytree": (
        lambda p: jnp.sum(p["W"] ** 2) * p["b"],
        lambda p: {"W": 2 * p["W"] * p["b"], "b": jnp.sum(p["W"] ** 2)},
        {"W": reals((2, 2)), "b": reals()},
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_gradients_are_proved(name):
    f, g, on = PAIRS[name]
    verdict = is_gradient_of(g, f, on)
    assert verdict
    assert verdict.kind == "proved"


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("size", [1e-15, -1.0])
def test_what_is_a_little_off_is_refuted(name, size):
    f, g, on = PAIRS[name]
    verdict = is_gradient_of(lambda p: jax.tree.map(lambda a: a * (1 + size) if size != -1 else -a, g(p)), f, on)
    assert not verdict
    assert verdict.kind == "certified"
    assert verdict.witness["partial derivative"] != verdict.witness["given"]


def test_the_quantified_argument_is_not_differentiated():
    f = lambda w, x: jnp.sum((x @ w) ** 2)  # noqa: E731
    assert is_gradient_of(lambda w, x: 2 * x.T @ (x @ w), f, on=reals(2), for_all=reals((3, 2)))
    assert not is_gradient_of(lambda w, x: 2 * x.T @ x @ w + x[0, 0], f, on=reals(2), for_all=reals((3, 2)))


def test_a_kink_has_no_gradient_by_table():
    assert is_gradient_of(jnp.sign, jnp.abs, on=reals()).answer == "undecided"
    assert not is_gradient_of(jnp.cos, jnp.abs, on=reals())
    assert is_gradient_of(lambda x: 0 * x + 1, jnp.abs, on=positive())


def test_a_stopped_gradient_is_not_believed():
    stopped = lambda x: x * jax.lax.stop_gradient(x)  # noqa: E731
    assert is_gradient_of(lambda x: 2 * x, stopped, on=reals())
    assert not is_gradient_of(jax.grad(stopped), stopped, on=reals())


def test_a_custom_derivative_is_not_believed():
    @jax.custom_jvp
    def f(x):
        return x**3

    f.defjvp(lambda xs, ts: (f(xs[0]), ts[0]))
    assert is_gradient_of(lambda x: 3 * x**2, f, on=reals())
    assert not is_gradient_of(jax.grad(f), f, on=reals())


def test_shapes_are_compared():
    with pytest.raises(NotAFunctionError, match="shapes"):
        is_gradient_of(lambda v: v[:1], lambda v: v @ v, on=reals(2))
    with pytest.raises(NotAFunctionError, match="scalar"):
        is_gradient_of(lambda v: v, lambda v: v, on=reals(2))


def test_a_logarithm_of_what_may_be_negative_is_not_proved():
    assert is_gradient_of(lambda x: 1 / x, lambda x: jnp.log(x), on=box(1, 2))
    with pytest.raises((DomainError, AssertionError)):
        assert is_gradient_of(lambda x: 1 / x, lambda x: jnp.log(x), on=reals()).answer == "yes"


@pytest.mark.parametrize(("name", "delta"), [("log loss", log_loss_delta), ("squared", squared_error_delta)])
@pytest.mark.parametrize("bias", [True, False])
def test_backpropagation_against_difference_quotients(name, delta, bias):
    net = Network((2, 3, 2), hidden=jax.nn.sigmoid, output=jax.nn.sigmoid, loss=loss(name), bias=bias)
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(4, 2)), rng.uniform(size=(4, 2))
    params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), net.params)
    rules = backpropagated(params, x, y, delta)
    flat, unflatten = jax.flatten_util.ravel_pytree(params)
    for i, slope in enumerate(jax.flatten_util.ravel_pytree(rules)[0]):
        e = np.zeros(len(flat))
        e[i] = 1e-5
        quotient = (net.cost(unflatten(flat + e), x, y) - net.cost(unflatten(flat - e), x, y)) / 2e-5
        assert slope == pytest.approx(float(quotient), rel=1e-5, abs=1e-8)


KINKED = {
    "relu": (lambda v: jnp.sum(jax.nn.relu(v) ** 2 + jax.nn.relu(v)), reals(3)),
    "norm": (lambda v: jnp.sum(jnp.abs(v)) * jnp.max(v), reals(3)),
}


@pytest.mark.parametrize("name", KINKED)
def test_gradients_with_kinks_agree_at_points_without(name):
    f, on = KINKED[name]
    verdict = gradients_agree(jax.grad(f), f, on)
    assert verdict
    assert verdict.kind == "sampled"
    # ... and one that is wrong on one side of each kink only, or by little, does not.
    wrong = gradients_agree(lambda v: jnp.where(v < -1, 1e-15, 0.0) + jax.grad(f)(v), f, on)
    assert not wrong
    assert wrong.kind == "certified"


def test_few_usable_points_decide_nothing():
    spikes = lambda x: jnp.abs(x - jnp.floor(8 * x) / 8)  # noqa: E731  # a kink at each of the points that are tried
    assert gradients_agree(jnp.zeros_like, spikes, on=reals()).answer == "undecided"
    with pytest.raises(ValueError, match="one point or more"):
        gradients_agree(jnp.cos, jnp.sin, on=reals(), points=0)
    with pytest.raises(NotAFunctionError, match="gradients_agree"):
        gradients_agree(lambda v: v, lambda v: v, on=reals(2))
