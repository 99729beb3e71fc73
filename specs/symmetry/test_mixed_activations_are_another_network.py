"""Permuting units of several activations, but not the activations, makes another network; permuting both does not."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim
from netprops.objects.symmetries import permutation
from netprops.strategies.symmetries import mixed_networks

CLAIM = claim("mixed-activations-are-another-network", source=("D1.A4",), verdict=HOLDS)


@CLAIM
@given(drawn=mixed_networks(), rows=st.integers(1, 2))
def test_weights_alone_and_weights_with_activations(drawn, rows):
    net, order = drawn
    moves, on = permutation(*[order] * (net.depth - 1)), net.domain(rows)
    kinds_too = replace(net, hidden=net.hidden.permuted(order))
    assert not are_equal(net.cost, lambda p, x, y: net.cost(moves(p), x, y), on=on)
    assert are_equal(net.cost, lambda p, x, y: kinds_too.cost(moves(p), x, y), on=on)
    assert not are_equal(net.cost, kinds_too.cost, on=on)
