"""A non-zero global minimum can be unique: if its units are equal, permuting them changes nothing. Otherwise it cannot.

Two sigmoid units, the data point (1, 1), the squared loss and weight decay: C(p) = (f(p) - 1)^2 + 2 |p|^2 is at least
2 |p|^2 and C(0) = 1, so every minimiser has |p|^2 <= 1/2. That ball lies in the box of all |p_i| <= 3/4, on which C is
strictly convex: there is one minimiser. Swapping the units keeps C, hence the minimiser: its units are equal. It is not
0, where C has a slope. With targets 0, on the other hand, 0 is the one minimiser, whatever the inputs and the decay.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    CONDITIONAL,
    are_distinct_minima,
    are_equal,
    box,
    claim,
    is_critical,
    is_positive,
    is_strictly_convex,
    positive,
)
from netprops.objects.networks import Network
from netprops.objects.symmetries import swap
from netprops.strategies.minima import half_spaces, taught_networks
from netprops.strategies.networks import deep_networks
from netprops.strategies.symmetries import permutations_of

CLAIM = claim("unique-minimum-impossible", source=("D1.A2", "D2.A1", "D2.A1.c2"), verdict=CONDITIONAL)

NET, ONE = Network((1, 2, 1), hidden=jax.nn.sigmoid), np.ones((1, 1))
SWAP = swap(NET, 0, 0, 1)
ZERO = jax.tree.map(lambda part: np.zeros(part.shape), NET.params)


def square(p):
    return sum(jnp.sum(part**2) for part in jax.tree.leaves(p))


def fit(p):
    return NET.cost(p, ONE, ONE)


def cost(p):
    return fit(p) + 2 * square(p)


@CLAIM
def test_unique_and_not_zero():
    assert is_positive(lambda p, t: cost(p) - 2 * square(p) + t, on=NET.params, for_all=positive())  # C >= 2 |p|^2
    around = jax.tree.map(lambda part: box(-0.75, 0.75, part.shape), NET.params)
    assert is_strictly_convex(cost, on=around)
    assert not is_strictly_convex(fit, on=around)
    assert not is_critical(cost, at=ZERO)


@CLAIM
def test_its_units_are_equal():
    assert are_equal(lambda p: cost(SWAP(p)), cost, on=(NET.params,))
    assert not are_equal(lambda p: cost((SWAP(p)[0], p[1])), cost, on=(NET.params,))
    w, b, v, c = 0.01025, 0.01025, 0.1439, 0.28488
    near = ((np.full((1, 2), w), np.full(2, b)), (np.full((2, 1), v), np.array([c])))
    aside = ((np.array([[w + 2**-12, w]]), np.full(2, b)), near[1])
    assert not are_distinct_minima(cost, near=aside, other=SWAP(aside))  # enclosed from both sides: one minimum


@CLAIM
@given(taught=taught_networks(), data=st.data())
def test_a_minimum_with_different_units_is_not_unique(taught, data):
    moves = data.draw(permutations_of(taught.network, moving=True))
    assert are_distinct_minima(taught.cost, near=taught.params, other=moves(taught.params))


@CLAIM
@given(net=deep_networks(width=(1, 3), losses=("squared", "Huber")), rows=st.integers(1, 2), data=st.data())
def test_zero_is_unique_for_targets_zero_and_any_decay(net, rows, data):
    params, X, Y = net.domain(rows)

    def decayed(p, q):
        inputs, decay = q
        return net.cost(p, inputs, np.zeros(Y.shape)) + decay * square(p)

    assert is_positive(decayed, on=data.draw(half_spaces(params)), for_all=(X, positive()))
    assert not is_positive(decayed, on=params, for_all=(X, positive()))  # it is 0 at 0


@CLAIM
def test_zero_is_critical_for_targets_zero():
    assert is_critical(lambda p: NET.cost(p, ONE, 0 * ONE) + 2 * square(p), at=ZERO)
