"""Were the cost convex on the cone of ordered units, all its local minima would have one value; it is not.

In general: let f be invariant under permutations and convex on the cone. A permutation carries a local minimum into
the cone; there it is a local minimum too, so a global one of a convex function; and every point has a copy in the cone.
The premise is met by (max w - min w - 1)^2, which is not convex elsewhere. Networks have local minima of different
value, so they cannot meet it.
"""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, box, claim, is_convex, is_worse_minimum, ordered_cone, reals
from netprops.objects.minima import BAD_UNIT, GOOD_UNIT, parallel_params, parallel_units

CLAIM = claim("convex-on-the-cone-would-make-all-minima-equal", source=("D1.Q",), verdict=HOLDS)


def spread(w):
    return (jnp.max(w) - jnp.min(w) - 1) ** 2


def on_the_way(w, left):
    """On the way from w to (w1, ..., w1, w1 + 1), where the function is 0, with a share `left` of the way to go."""
    goal = w[0] + jnp.eye(1, len(w), len(w) - 1)[0]
    return spread(left * w + (1 - left) * goal)


@CLAIM
@given(units=st.integers(2, 5), data=st.data())
def test_convex_on_the_cone_alone(units, data):
    order = np.array(data.draw(st.permutations(range(units))))
    assert are_equal(lambda w: spread(w[order]), spread, on=reals(units))
    assert is_convex(spread, on=ordered_cone(units))
    assert not is_convex(spread, on=reals(units))


@CLAIM
@given(units=st.integers(2, 5))
def test_all_its_local_minima_have_the_value_0(units):
    # From every point of the cone a straight way leads down, at once, unless the value there is 0 already.
    down = lambda w, left: left**2 * spread(w)  # noqa: E731
    assert are_equal(on_the_way, down, on=(ordered_cone(units), box(0, 1)))
    assert not are_equal(on_the_way, down, on=(reals(units), box(0, 1)))


@CLAIM
@given(units=st.integers(2, 3))
def test_a_network_with_minima_of_different_value(units):
    net, (X, Y) = parallel_units(units)
    bad, good = (parallel_params([unit] * units) for unit in (BAD_UNIT, GOOD_UNIT))  # both with their units in order
    assert is_worse_minimum(lambda p: net.cost(p, X, Y), near=bad, than=good)
    assert not is_worse_minimum(lambda p: net.cost(p, X, Y), near=good, than=bad)
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.ordered_params())
