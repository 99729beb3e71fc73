"""The n! copies of a minimum do not show that there are worse local minima.

Linear networks have the copies and no worse minimum; a tanh network has the same copies and does have a worse one. So
the symmetry decides nothing.
"""

from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, no_worse_minimum
from netprops.objects.minima import BAD_UNIT, parallel_params, parallel_units
from netprops.objects.networks import linear_network
from netprops.objects.regression import reduced_rank_value
from netprops.strategies.networks import data_for
from netprops.strategies.symmetries import permutations_of

CLAIM = claim("copies-do-not-prove-worse-minima", source=("D2.A1",), verdict=HOLDS)


def moved(net, moves):
    return lambda p, X, Y: net.cost(moves(p), X, Y)


def half_moved(net, moves):
    """Incoming weights permuted, outgoing ones not."""
    return lambda p, X, Y: net.cost((moves(p)[0], *p[1:]), X, Y)


@CLAIM
@given(widths=st.tuples(st.integers(1, 2), st.integers(2, 3), st.integers(1, 2)), data=st.data())
def test_a_linear_network_has_copies_and_no_worse_minimum(widths, data):
    net = linear_network(*widths)
    moves = data.draw(permutations_of(net, moving=True))
    assert are_equal(moved(net, moves), net.cost, on=net.domain(rows=2))
    assert not are_equal(half_moved(net, moves), net.cost, on=net.domain(rows=2))
    X, Y = data.draw(data_for(net))
    level = reduced_rank_value(X, Y, min(net.widths))
    assert no_worse_minimum(lambda p: net.cost(p, X, Y), level, on=net.params, descents=16)


@CLAIM
@given(units=st.integers(2, 3), data=st.data())
def test_a_tanh_network_has_copies_and_a_worse_minimum(units, data):
    net, (X, Y) = parallel_units(units)
    moves = data.draw(permutations_of(net, moving=True))
    assert are_equal(moved(net, moves), net.cost, on=net.domain(rows=2))
    assert not are_equal(half_moved(net, moves), net.cost, on=net.domain(rows=2))
    bad = moves(parallel_params([BAD_UNIT] * units))
    # Half of the number of units is above the value of the better minimum, and below that of this one.
    assert not no_worse_minimum(lambda p: net.cost(p, X, Y), units / 2, on=net.params, near=[bad], descents=4)
