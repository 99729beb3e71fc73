"""A hidden layer of n units has n! settings of its weights with the same outputs, different if no units are equal.

Among m equal units the m! orders are one setting.  Where phi(z) + phi(-z) is a constant (tanh, sin; the sigmoid, given
a bias in the next layer) each unit can be reflected too: 2^n n! settings, fewer where a unit is zero or the reflection
of another.  With several hidden layers the numbers multiply; then all units may differ, and copies still coincide.
"""

from math import factorial, prod

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, are_equal, claim, has_orbit, opaque, reals
from netprops.objects.networks import Network
from netprops.objects.symmetries import permutations_group, unit_group
from netprops.strategies.networks import deep_networks
from netprops.strategies.symmetries import grouped_units, permutations_of, unit_moves_of

CLAIM = claim("n-factorial-copies", source=("D2.A1",), verdict=CONDITIONAL)

ANY = opaque("phi")
REFLECTED = (jnp.tanh, jnp.sin, jax.nn.sigmoid)
SHAPES = ((1, 1, 1), (2, 2, 1), (1, 3, 2), (2, 4, 1), (1, 5, 1), (1, 2, 2, 1), (2, 3, 3, 1), (1, 2, 3, 2, 1))


def all_copies(net, group):
    """The outputs of the network at all images of the parameters; and as often at the parameters."""
    return lambda p, x: jnp.stack([net(g(p), x) for g in group]), lambda p, x: jnp.stack([net(p, x)] * group.order)


@CLAIM
@given(widths=st.sampled_from(SHAPES))
def test_all_permutations(widths):
    net = Network(widths, hidden=ANY)
    copies, same = all_copies(net, permutations_group(net))
    assert are_equal(copies, same, on=(net.params, reals((1, widths[0]))))


@CLAIM
@given(activation=st.sampled_from(REFLECTED), widths=st.sampled_from(((2, 1, 2), (1, 2, 1), (1, 3, 1), (1, 1, 2, 1))))
def test_all_permutations_and_reflections(activation, widths):
    net = Network(widths, hidden=activation)
    copies, same = all_copies(net, unit_group(net))
    assert are_equal(copies, same, on=(net.params, reals((1, widths[0]))))


@CLAIM
@given(net=deep_networks(width=(1, 8), hidden=REFLECTED), data=st.data())
def test_drawn_ones_beyond(net, data):
    moves, on = data.draw(unit_moves_of(net)), (net.params, reals((1, net.widths[0])))
    assert are_equal(net, lambda p, x: net(moves(p), x), on=on)
    orders = data.draw(permutations_of(net, moving=True)) if max(net.widths[1:-1]) > 1 else None
    assert orders is None or not are_equal(net, lambda p, x: net(orders.incoming(p), x), on=on)


@CLAIM
@given(units=grouped_units(hidden=(ANY, *REFLECTED)))
def test_how_many_are_different(units):
    n, equal = units.count, prod(map(factorial, units.sizes))
    assert has_orbit(permutations_group(units.network), at=units.params, size=factorial(n) // equal)
    if equal > 1:
        assert not has_orbit(permutations_group(units.network), at=units.params, size=factorial(n))


@CLAIM
@given(units=grouped_units(hidden=REFLECTED, reflected=True))
def test_how_many_are_different_with_reflections(units):
    n, zeros, equal = units.count, units.zeros, prod(map(factorial, units.sizes))
    group = unit_group(units.network)
    assert has_orbit(group, at=units.params, size=2**n * factorial(n) // (2**zeros * equal))
    if zeros or equal > 1:
        assert not has_orbit(group, at=units.params, size=2**n * factorial(n))


@CLAIM
def test_two_layers_whose_units_all_differ_and_whose_copies_coincide():
    net = Network((1, 2, 2, 1), hidden=ANY)
    params = (np.ones((1, 2)), np.zeros(2)), (np.eye(2), np.zeros(2)), (np.ones((2, 1)), np.zeros(1))
    assert has_orbit(permutations_group(net), at=params, size=2)
    (W, b), middle, last = params
    assert has_orbit(permutations_group(net), at=((W * np.array([[1.0, 2.0]]), b), middle, last), size=4)
