"""max(0, x) is convex and non-decreasing; strictly increasing, as "increasing" may be read, it is not."""

import math

import jax
import jax.numpy as jnp

from netprops import CONDITIONAL, box, claim, is_constant, is_convex, is_higher, is_nondecreasing, reals

CLAIM = claim("relu-convex-nondecreasing", source="D1.A5", verdict=CONDITIONAL)


@CLAIM
def test_convex_and_nondecreasing():
    assert is_convex(jax.nn.relu, on=reals())
    assert is_nondecreasing(jax.nn.relu, on=reals())


@CLAIM
def test_not_strictly_increasing():
    assert not is_higher(jax.nn.relu, at=-1, than=-2)  # but equal:
    assert not is_higher(jax.nn.relu, at=-2, than=-1)
    assert is_higher(jax.nn.relu, at=2, than=1)
    assert is_constant(jax.nn.relu, on=box(-math.inf, 0))
    assert not is_constant(jax.nn.relu, on=reals())


@CLAIM
def test_its_reflections():
    assert not is_convex(lambda x: jnp.minimum(0, x), on=reals())
    assert not is_nondecreasing(lambda x: -jnp.maximum(0, x), on=reals())
