"""The segments in one bias, against the costs written out by hand in many digits."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops.objects.bounded_units import concave_stretch, saturated_ends
from netprops.objects.losses import loss
from netprops.objects.networks import Network
from netprops.strategies.networks import arrays, nonzero_arrays

SIGMOID = {jnp.tanh: mpmath.tanh, jax.nn.sigmoid: lambda b: 1 / (1 + mpmath.exp(-b))}


@given(
    hidden=st.sampled_from(list(SIGMOID)), shape=st.tuples(*[st.integers(1, 3)] * 3), rows=st.integers(1, 3),
    data=st.data(), size=st.sampled_from((1.0, 1e-150, 1e150)),
)  # fmt: skip
def test_the_squared_loss_is_concave_from_end_to_end(hidden, shape, rows, data, size):
    V, c = data.draw(nonzero_arrays(shape[1:])), data.draw(arrays(shape[2]))
    Y = data.draw(arrays((rows, shape[2]))) * size
    (((W, low),), ((_, high),)) = concave_stretch(Network(shape, hidden=hidden), V, c, Y)
    assert not W.any()
    assert np.count_nonzero(low) == 1
    np.testing.assert_array_equal(high, 3 * low)
    (unit,) = np.flatnonzero(low)
    assert V[unit].any()

    def cost(b):
        values = [SIGMOID[hidden](b if k == unit else mpmath.mpf(0)) for k in range(shape[1])]
        outputs = [mpmath.fdot(V[:, o].tolist(), values) + c[o] for o in range(shape[2])]
        return sum((outputs[o] - y[o]) ** 2 for y in Y for o in range(shape[2]))

    with mpmath.workdps(700):
        for b in np.linspace(low[unit], high[unit], 5):
            h = mpmath.mpf(10) ** -100
            assert cost(b + h) + cost(b - h) < 2 * cost(b)


@given(data=st.data(), rows=st.integers(1, 3), outputs=st.integers(1, 3), far=st.sampled_from((1, 10, 100)))
def test_the_log_loss_exceeds_its_chord_from_0_to_the_higher_end(data, rows, outputs, far):
    v = data.draw(nonzero_arrays(outputs))
    shifts = data.draw(arrays((rows, outputs))) * far
    labels = data.draw(arrays((rows, outputs), st.sampled_from((0.0, 1e-150, 0.25, 0.5, 1.0))))

    def cost(b):
        value = 1 / (1 + mpmath.exp(-mpmath.mpf(b)))
        logits = [(shifts[i, k] + v[k] * value, labels[i, k]) for i in range(rows) for k in range(outputs)]
        return sum(mpmath.log(1 + mpmath.exp(z)) - y * z for z, y in logits)

    with mpmath.workdps(700):
        end = max(saturated_ends(v), key=cost)
        assert 2 * cost(end / 2) > cost(0) + cost(end)


def test_what_it_does_not_hold_of():
    V, c, Y = np.ones((1, 1)), np.zeros(1), np.zeros((1, 1))
    with pytest.raises(ValueError, match="tanh or sigmoid"):
        concave_stretch(Network((1, 1, 1), hidden=jax.nn.relu), V, c, Y)
    with pytest.raises(ValueError, match="squared loss"):
        concave_stretch(Network((1, 1, 1), loss=loss("Huber")), V, c, Y)
    with pytest.raises(ValueError, match="constant in the hidden layer"):
        concave_stretch(Network((1, 1, 1)), 0 * V, c, Y)
