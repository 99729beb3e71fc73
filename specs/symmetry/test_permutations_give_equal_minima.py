"""Some local minima have the same value because they are permutations of one another: isolated ones, each enclosed.

A network fitted to data from a network like it has a strict global minimum at those parameters and at every permutation
of them; and a strict minimum that is not global has its copies as well.
"""

from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_distinct_minima, are_equal, claim
from netprops.objects.minima import BAD_UNIT, GOOD_UNIT, parallel_params, parallel_units
from netprops.objects.networks import scaled
from netprops.objects.symmetries import swap
from netprops.strategies.minima import taught_networks
from netprops.strategies.symmetries import permutations_of

CLAIM = claim("permutations-give-equal-minima", source=("D1.Q", "D1.A1", "D1.A4.c2", "D2.A1"), verdict=HOLDS)


@CLAIM
@given(taught=taught_networks(), data=st.data())
def test_global_minima(taught, data):
    moves = data.draw(permutations_of(taught.network, moving=True))
    copy = moves(taught.params)
    assert are_distinct_minima(taught.cost, near=taught.params, other=copy)
    assert not are_distinct_minima(taught.cost, near=taught.params, other=scaled(copy, 1.25, layers=[1]))


@CLAIM
@given(taught=taught_networks(), data=st.data(), rows=st.integers(1, 3))
def test_of_one_value_whatever_the_data(taught, data, rows):
    net, moves = taught.network, data.draw(permutations_of(taught.network, moving=True))
    assert are_equal(lambda p, X, Y: net.cost(moves(p), X, Y), net.cost, on=net.domain(rows))
    # The incoming weights alone moved: another network.
    half = lambda p: (moves(p)[0], p[1])  # noqa: E731
    assert not are_equal(lambda p, X, Y: net.cost(half(p), X, Y), net.cost, on=net.domain(rows))


@CLAIM
@given(units=st.permutations([GOOD_UNIT, BAD_UNIT, BAD_UNIT]), count=st.integers(2, 3))
def test_bad_minima_too(units, count):
    net, (X, Y) = parallel_units(count)
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731
    bad = parallel_params([BAD_UNIT] * count)
    moves = swap(net, 0, 0, 1)
    assert are_distinct_minima(cost, near=bad, other=moves(bad))
    assert not are_distinct_minima(cost, near=bad, other=scaled(moves(bad), 1.25))
    assert not are_distinct_minima(cost, near=bad, other=parallel_params(units[:count]))
