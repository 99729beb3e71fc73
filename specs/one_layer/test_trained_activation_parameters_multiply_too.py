"""The later parameters (weights and activation parameters) act on earlier ones; so a one-layer network is convex.

Only with nothing trained after its weights: the slope a of one prelu unit multiplies the weight w, a w x for w x < 0.
"""

import jax
import jax.numpy as jnp
import optax
from hypothesis import given

from netprops import CONDITIONAL, claim, is_convex, reals
from netprops.strategies.networks import dyadics, nonzero_dyadics

CLAIM = claim("trained-activation-parameters-multiply-too", source=("D1.A4",), verdict=CONDITIONAL)


def cost(slope, weight, x, y):
    """(prelu(w x) - y)^2 with the slope a to the left of 0."""
    return optax.squared_error(jax.nn.leaky_relu(weight * x, slope), jnp.asarray(y))


@CLAIM
@given(x=nonzero_dyadics(), y=dyadics())
def test_trained_slope(x, y):
    assert not is_convex(lambda p: cost(p[0], p[1], x, y), on=reals(2))


@CLAIM
def test_slope_fixed_at_1():
    assert is_convex(lambda w, q: cost(1.0, w, *q), on=reals(), for_all=(reals(), reals()))


@CLAIM
@given(x=nonzero_dyadics(), y=dyadics())
def test_slope_fixed_at_1_on_the_same_data(x, y):
    assert is_convex(lambda w: cost(1.0, w, x, y), on=reals())
