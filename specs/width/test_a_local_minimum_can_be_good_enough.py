"""A local minimum that is not the best one can be the better one on new data: of two certified strict minima on noisy
data, the one of the higher training cost has the lower test cost; without the noise, it has the higher one.
"""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_higher_at_minimum, is_worse_minimum

CLAIM = claim("a-local-minimum-can-be-good-enough", source="D1.A3.c3", verdict=HOLDS)

# The truth is the line 3 + x/2, the network one tanh unit. The noise lifts a single target, the first, by 1/2.
INPUTS, NEW = np.array([1.0, 5.0, 7.0, 12.0]), np.array([2.0, 3.0, 4.0, 6.0, 8.0, 9.0, 10.0, 11.0])
NOISE = np.array([0.5, 0.0, 0.0, 0.0])
# Near the two minima, (w, v), with the noise and without.
GRADUAL, STEEP = np.array([0.164891, 8.817056]), np.array([0.628973, 7.026821])
GRADUAL_CLEAN, STEEP_CLEAN = np.array([0.149962, 9.113829]), np.array([0.483165, 7.098248])
NEAR_THE_MIDDLE, BEYOND = st.integers(5 * 4, 13 * 4), st.integers(19 * 4, 32 * 4)  # eighths: on [2.5, 6.5], [9.5, 16]


def truth(x):
    return 3 + x / 2


def squares(p, x, y):
    """The squared errors of v tanh(w x)."""
    w, v = p
    return jnp.sum((v * jnp.tanh(w * x) - y) ** 2)


def training(noise):
    return lambda p: squares(p, INPUTS, truth(INPUTS) + noise)


def on_new(inputs=NEW):
    """On new inputs, against the truth."""
    return lambda p: squares(p, inputs, truth(inputs))


@CLAIM
def test_the_worse_minimum_of_noisy_data_generalises_better():
    noisy = training(NOISE)
    assert is_worse_minimum(noisy, GRADUAL, than=STEEP)
    assert not is_higher_at_minimum(on_new(), noisy, GRADUAL, than=STEEP)


@CLAIM
def test_without_noise_the_better_minimum_does():
    clean = training(0 * NOISE)
    assert not is_worse_minimum(clean, GRADUAL_CLEAN, than=STEEP_CLEAN)
    assert is_higher_at_minimum(on_new(), clean, STEEP_CLEAN, than=GRADUAL_CLEAN)


@CLAIM
@given(eighths=st.lists(NEAR_THE_MIDDLE | BEYOND, min_size=1, max_size=8))
def test_wherever_the_new_inputs_lie(eighths):
    # But for a stretch about the crossing of the two fits, one input or many.
    judged = on_new(np.array(eighths) / 8)
    assert not is_higher_at_minimum(judged, training(NOISE), GRADUAL, than=STEEP)
    assert is_higher_at_minimum(judged, training(0 * NOISE), STEEP_CLEAN, than=GRADUAL_CLEAN)
