"""log-sum-exp is convex, and increasing in each argument, in every dimension and however it is written."""

import jax
import jax.numpy as jnp

from netprops import HOLDS, claim, is_affine, is_convex, is_nondecreasing, reals

CLAIM = claim("logsumexp-convex-increasing", source="D1.A5", verdict=HOLDS)
DIMENSIONS = range(1, 17)


def naive(x):
    return jnp.log(jnp.sum(jnp.exp(x)))


def shifted(x):
    return jnp.max(x) + jnp.log(jnp.sum(jnp.exp(x - jnp.max(x))))


@CLAIM
def test_convex_and_increasing():
    for n in DIMENSIONS:
        for logsumexp in (jax.nn.logsumexp, naive, shifted):
            assert is_convex(logsumexp, on=reals(n))
            assert is_nondecreasing(logsumexp, on=reals(n))


@CLAIM
def test_of_minus_x_it_is_not_increasing():
    for n in DIMENSIONS:
        assert is_convex(lambda x: jax.nn.logsumexp(-x), on=reals(n))
        assert not is_nondecreasing(lambda x: jax.nn.logsumexp(-x), on=reals(n))


@CLAIM
def test_its_negative_is_not_convex():
    for n in DIMENSIONS[1:]:
        assert not is_convex(lambda x: -jax.nn.logsumexp(x), on=reals(n))
    assert not is_affine(jax.nn.logsumexp, on=reals(2))


@CLAIM
def test_of_one_argument_it_is_that_argument():
    assert is_affine(jax.nn.logsumexp, on=reals(1))
    assert is_convex(lambda x: -jax.nn.logsumexp(x), on=reals(1))
