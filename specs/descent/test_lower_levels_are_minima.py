"""A lower energy level than the start's need not be a minimum of any kind: wherever descent starts, its next point is
lower, and slopes on.

With a step s of at most half of 1/L the gradient g cannot vanish at the next point: it changes by s L |g| at most.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import REFUTED, claim, is_critical, is_higher, is_strict_minimum, next_point, short_step
from netprops.objects.landscapes import tanh_unit, tanh_unit_cost
from netprops.objects.networks import Network
from netprops.strategies.networks import arrays, dyadics, networks, parameters, whole_numbers

CLAIM = claim("lower-levels-are-minima", source=("D2.A2",), verdict=REFUTED)


def beyond(net, p, above):
    """Targets that are larger than any output at these parameters, whose hidden units are at most 1 in size."""
    W, b = p[-1]
    return above + np.abs(W).sum() + np.abs(b).sum()


@CLAIM
@given(net=networks(depth=(2, 3), width=(1, 2), hidden=(jnp.tanh, jnp.sin, jax.nn.sigmoid)), data=st.data())
def test_the_next_point_is_lower_and_no_minimum(net, data):
    rows = data.draw(st.integers(1, 3))
    X, p = data.draw(arrays((rows, net.widths[0]))), data.draw(parameters(net.params))
    Y = beyond(net, p, data.draw(arrays((rows, net.widths[-1]), dyadics(1 / 4, 2))))
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731
    after = next_point(cost, at=p, step=short_step(cost, at=p) / 2)
    assert is_higher(cost, at=p, than=after)
    assert not is_higher(cost, at=after, than=p)
    assert not is_critical(cost, at=after)


@CLAIM
@given(w=arrays((2, 1), whole_numbers()), b=arrays(1, whole_numbers()), aside=dyadics(1 / 8, 2, 8))
def test_an_enclosed_minimum(w, b, aside):
    """One linear unit, with targets that it meets: its minimum is where they came from."""
    net = Network((2, 1))
    X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    cost = lambda p: net.cost(p, X, X @ w + b)  # noqa: E731
    assert is_strict_minimum(cost, near=((w, b),))
    assert is_critical(cost, at=((w, b),))
    assert not is_strict_minimum(cost, near=((w + aside, b),))


@CLAIM
def test_minima_and_a_saddle_of_a_tanh_unit():
    assert is_strict_minimum(tanh_unit_cost, near=tanh_unit(0.766486185267, 1.958008630919))
    assert is_strict_minimum(tanh_unit_cost, near=tanh_unit(3.024128273020, 1.515073437200))
    # The origin is lower than this start, and level at that: no minimum all the same.
    assert is_higher(tanh_unit_cost, at=tanh_unit(1, -1), than=tanh_unit(0, 0))
    assert is_critical(tanh_unit_cost, at=tanh_unit(0, 0))
    assert not is_strict_minimum(tanh_unit_cost, near=tanh_unit(0, 0))
