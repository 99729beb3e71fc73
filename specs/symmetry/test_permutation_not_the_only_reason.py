"""Permutation is not the only reason for non-convexity: one hidden unit, with nothing to be permuted with, suffices.

The unit is a softplus, which is neither odd nor even and has no scale: no sign flip and no rescaling either.
"""

import jax
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_convex, violates_jensen
from netprops.objects.network_witnesses import violating_chord
from netprops.objects.networks import scaled
from netprops.strategies.networks import any_data_for, deep_networks

CLAIM = claim("permutation-not-the-only-reason", source=("D1.A1.c4", "D1.A1.c1", "D1.A1.c3"), verdict=HOLDS)

ONE_UNIT = deep_networks(depth=(2, 2), hidden=(jax.nn.softplus,)).map(
    lambda net: net.with_widths(net.widths[0], 1, net.widths[-1])
)


@CLAIM
@given(net=ONE_UNIT, data=st.data())
def test_one_unit_on_any_data(net, data):
    X, Y = data.draw(any_data_for(net, extremes=True))
    a, b = violating_chord(net, Y)
    assert violates_jensen(lambda p: net.cost(p, X, Y), a, b)
    assert not violates_jensen(lambda p: net.cost(p, X, Y), a, scaled(a, -1, layers=[1]))


@CLAIM
@given(net=ONE_UNIT, data=st.data())
def test_the_search_finds_chords_of_its_own(net, data):
    X, Y = data.draw(any_data_for(net))
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.params)


@CLAIM
@given(net=ONE_UNIT, rows=st.integers(1, 4))
def test_its_last_layer_alone_whatever_the_first_and_the_data(net, rows):
    _, *data = net.domain(rows)
    last = net.split(1)
    assert is_convex(lambda layer, q: last.cost(layer, *q), on=last.domain, for_all=(last.others, *data))
