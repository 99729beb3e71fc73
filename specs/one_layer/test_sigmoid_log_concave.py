"""Logistic regression is neither convex nor concave but log-concave: take the logarithm of the likelihood and it is
concave.

True of the likelihood. Its negative logarithm, the cost that everyone means, is convex.
"""

import jax
import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, claim, is_concave, is_convex, reals
from netprops.objects.regression import scores, unit
from netprops.strategies.networks import data_sets, dyadics

CLAIM = claim("sigmoid-log-concave", source=("D1.A5",), verdict=CONDITIONAL)


def likelihood(params, X, signs):
    """The chance of the labels, of which `signs` has +1 for label 1 and -1 for label 0: prod s(+-(w.x + b))."""
    return jnp.prod(jax.nn.sigmoid(signs * scores(params, X)))


@CLAIM
@given(data=data_sets(targets="binary"))
def test_in_the_parameters(data):
    signs, on = 2 * data.y - 1, unit(data.columns)
    assert not is_convex(lambda p: likelihood(p, data.X, signs), on=on)
    assert not is_concave(lambda p: likelihood(p, data.X, signs), on=on)
    assert is_concave(lambda p: jnp.log(likelihood(p, data.X, signs)), on=on)
    assert is_convex(lambda p: -jnp.log(likelihood(p, data.X, signs)), on=on)


@CLAIM
@given(inputs=st.integers(1, 4), sign=st.sampled_from((1.0, -1.0)))
def test_in_the_explanatory_variables(inputs, sign):
    def log_likelihood(x, params):
        return jnp.log(likelihood(params, x[None, :], sign))

    assert is_concave(log_likelihood, on=reals(inputs), for_all=unit(inputs))


@CLAIM
def test_the_function_itself():
    assert not is_convex(jax.nn.sigmoid, on=reals())
    assert not is_concave(jax.nn.sigmoid, on=reals())
    assert is_concave(lambda z: jnp.log(jax.nn.sigmoid(z)), on=reals())


def log_mixture(m):
    """The logarithm of the equal mixture of two unit normals with means -m and m, but for a constant."""
    return lambda x: jnp.log(jnp.exp(-((x - m) ** 2) / 2) + jnp.exp(-((x + m) ** 2) / 2))


@CLAIM
def test_a_mixture_of_two_normals():
    assert not is_concave(log_mixture(2.0), on=reals())
    assert is_concave(log_mixture(0.5), on=reals())


@CLAIM
@given(above=dyadics(9 / 8, 4, 8), below=dyadics(0, 1, 8))
def test_mixtures_with_means_apart_or_close(above, below):
    assert not is_concave(log_mixture(above), on=reals())
    assert is_concave(log_mixture(below), on=reals())
