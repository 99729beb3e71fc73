"""With one unit more than needed, a point and its copy with two units swapped are joined by a path of equal cost.

Duplicate, slide, zero: seven straight pieces, on each of which the network computes one function, whatever its
activation. Swaps generate all permutations, so that all n! copies of a minimum are joined. Without the unit to spare
the straight path between the two rises.
"""

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, box, claim, is_higher, opaque, reals
from netprops.objects.equal_units import mean_of_copies
from netprops.objects.networks import ACTIVATIONS
from netprops.objects.symmetries import swap
from netprops.objects.wider_networks import hand_over, path_to_swap, slide, with_idle_unit
from netprops.strategies.networks import deep_networks
from netprops.strategies.symmetries import fitted_better_than_one_unit, pairs_of_units

CLAIM = claim("one-unit-more-joins-the-copies", source=("Simsek et al. 2021",), verdict=HOLDS)


def drawn_networks(*hidden):
    return deep_networks(width=(2, 3), hidden=hidden, losses=("squared",), bias=None)


NETWORKS = drawn_networks(opaque("phi"))


def with_one_unit_more(net, layer):
    """The wider network, and the domain of its idle unit's incoming weights."""
    wide = net.with_widths(*(n + (k == layer + 1) for k, n in enumerate(net.widths)))
    return wide, tuple(reals(part.shape[:-1]) for part in net.params[layer])


@CLAIM
@given(net=NETWORKS, data=st.data())
def test_the_output_is_constant_on_every_piece(net, data):
    layer, i, j = data.draw(pairs_of_units(net))
    wide, idle = with_one_unit_more(net, layer)

    def on_path(p, into, t, x):
        return jnp.stack([wide(piece(t), x) for piece in path_to_swap(with_idle_unit(p, layer, into), layer, i, j)])

    everything = (net.params, idle, box(0, 1), reals((1, net.widths[0])))
    assert are_equal(on_path, lambda p, into, t, x: jnp.stack([net(p, x)] * 7), on=everything)


@CLAIM
@given(net=NETWORKS, data=st.data())
def test_the_pieces_join_a_point_and_its_swap(net, data):
    layer, i, j = data.draw(pairs_of_units(net))
    wide, idle = with_one_unit_more(net, layer)
    swapped = swap(wide, layer, i, j)

    def ends(p, into):
        pieces = path_to_swap(with_idle_unit(p, layer, into), layer, i, j)
        return [piece(end) for piece in pieces for end in (0.0, 1.0)]

    def joined(p, into):
        _, *inner, _ = ends(p, into)
        begins = with_idle_unit(p, layer, into)
        return [begins, *(inner[k - k % 2] for k in range(len(inner))), swapped(begins)]

    assert are_equal(ends, joined, on=(net.params, idle))


@CLAIM
@given(net=drawn_networks(*ACTIVATIONS), data=st.data())
def test_without_zero_or_without_a_double_it_changes(net, data):
    layer, i, j = data.draw(pairs_of_units(net))
    everything = (net.params, box(0, 1), reals((1, net.widths[0])))
    into = lambda p: [part[..., j] for part in p[layer]]  # noqa: E731
    assert not are_equal(lambda p, t, x: net(slide(layer, i, into(p))(p, t), x), lambda p, t, x: net(p, x), everything)
    assert not are_equal(lambda p, t, x: net(hand_over(layer, i, j)(p, t), x), lambda p, t, x: net(p, x), everything)


@CLAIM
@given(fitted=fitted_better_than_one_unit(units=(2, 2)))
def test_without_the_unit_the_straight_path_rises(fitted):
    """Halfway between a fit by two units and its swap both units are equal."""
    cost = lambda p: fitted.network.cost(p, *fitted.data)  # noqa: E731
    assert is_higher(cost, at=mean_of_copies(fitted.params), than=fitted.params)
    assert not is_higher(cost, at=fitted.params, than=mean_of_copies(fitted.params))
