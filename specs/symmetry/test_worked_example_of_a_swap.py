"""Swapping the two hidden units of the worked example in both matrices gives the same outputs, whatever activation."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, box, claim, opaque, reals
from netprops.objects.networks import identity
from netprops.strategies.networks import dyadics

CLAIM = claim("worked-example-of-a-swap", source=("D2.A1",), verdict=HOLDS)

# A row of W1 holds the weights into a unit, W2 those out of the units: W2 sigma(W1 x).
W1, W2 = np.array([[-1.5, 2.0], [1.7, 0.4]]), np.array([2.3, 0.8])
SWAPPED_W1, SWAPPED_W2 = np.array([[1.7, 0.4], [-1.5, 2.0]]), np.array([0.8, 2.3])


def output(W1, W2, x, activation):
    return W2 @ activation(W1 @ x)


@CLAIM
def test_the_two_networks_are_one_function_whatever_the_activation():
    any_activation = opaque("sigma")
    assert are_equal(
        lambda x: output(W1, W2, x, any_activation),
        lambda x: output(SWAPPED_W1, SWAPPED_W2, x, any_activation),
        on=(reals(2),),
    )


@CLAIM
def test_so_do_the_decimal_numbers_themselves():
    # 1.7 is no double, and 17/10 is: the tenths are divided where nothing is rounded.
    any_activation = opaque("sigma")
    ten = box(10, 10)

    def tenths(*W):
        return lambda ten, x: output(*(np.round(10 * part) / ten for part in W), x, any_activation)

    assert are_equal(tenths(W1, W2), tenths(SWAPPED_W1, SWAPPED_W2), on=(ten, reals(2)))


@CLAIM
@given(
    activation=st.sampled_from((jnp.tanh, jax.nn.sigmoid, jax.nn.relu, identity)),
    x1=dyadics(0, 4),
    apart=dyadics(1 / 4, 4),
)
def test_the_first_matrix_alone(activation, x1, apart):
    # The two units see 5/2 x1 + 2 d and 5/2 x1 + 2/5 d at (x1, 2 x1 + d).
    x = np.array([x1, 2 * x1 + apart])
    assert not are_equal(
        lambda x: output(W1, W2, x, activation), lambda x: output(SWAPPED_W1, W2, x, activation), on=(box(x, x),)
    )
