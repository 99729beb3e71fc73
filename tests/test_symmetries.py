"""Group actions on parameters: laws on exact points, counts against all images, outputs that stay."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from netprops.objects.counting import centred, exactly
from netprops.objects.networks import Network, identity
from netprops.objects.symmetries import (
    LinearChange,
    Mixed,
    Rescaling,
    SoftmaxShift,
    UnitGroup,
    UnitMove,
    permutation,
    permutations_group,
    shear,
    swap,
    unit_group,
)
from netprops.strategies.networks import parameters
from netprops.strategies.symmetries import permutations_of, rescalings_of, unit_moves_of

KINDS = ((jnp.tanh, 0), (jax.nn.sigmoid, 1), (jax.nn.softplus, None))


def same(p, q):
    return all((a == b).all() for left, right in zip(p, q, strict=True) for a, b in zip(left, right, strict=True))


def key(params):
    return tuple(str(x) for layer in params for part in layer for x in part.reshape(-1))


def images(group, params):
    """The oracle: all images, listed."""
    return {key(image) for image in group.orbit(params)}


@st.composite
def placed(draw, kinds=KINDS, widths=((1, 3, 1), (2, 2, 2, 1), (1, 1, 2, 1, 1), (2, 3, 1))):
    """A network, its group, and exact parameters with few different entries, so that many stabilisers are large."""
    hidden, total = draw(st.sampled_from(kinds))
    net = Network(draw(st.sampled_from(widths)), hidden=hidden)
    entries = draw(st.sampled_from((st.just(0.0), st.sampled_from((-1.0, 1.0)), st.integers(-1, 1).map(float))))
    return net, UnitGroup(net.widths[1:-1], total), exactly(draw(parameters(net.params, entries)))


@given(drawn=placed(), data=st.data())
def test_composition_and_inverse_act_as_they_say(drawn, data):
    net, _, params = drawn
    a, b, c = (data.draw(unit_moves_of(net)) for _ in range(3))
    assert same(a.after(b)(params), a(b(params)))
    assert a.after(b).after(c) == a.after(b.after(c))
    assert a.inverse().after(a).is_identity
    assert a.after(a.inverse()).is_identity
    assert same(a.inverse()(a(params)), params)


def test_the_elements_of_a_group_are_as_many_as_its_order_and_closed():
    for group in (UnitGroup((3,)), UnitGroup((2, 2)), UnitGroup((2,), 0), UnitGroup((2,), 1)):
        elements = list(group)
        assert len(set(elements)) == len(elements) == group.order
        assert elements[0] == group.identity
        assert group.identity.is_identity
        assert {a.after(b) for a, b in itertools.product(elements, repeat=2)} == set(elements)
    assert [UnitGroup((3,)).order, UnitGroup((3,), 0).order, UnitGroup((2, 3), 1).order] == [6, 48, 8 * 48]


@given(drawn=placed())
def test_orbits_and_stabilisers_are_those_of_all_images(drawn):
    _, group, params = drawn
    assert group.orbit_order(params) == len(images(group, params))
    assert group.stabiliser_order(params) == sum(same(move(params), params) for move in group)


def one_layer(*units):
    """A 1-n-1 network's parameters from (w, b, v) of its units, the output bias 1/3."""
    w, b, v = (np.array(column, dtype=object) for column in zip(*units, strict=True))
    return ((w[None, :], b), (v[:, None], np.array([fmpq(1, 3)], dtype=object)))


def test_counts_in_closed_form():
    permutations, odd, sigmoid = (UnitGroup((6,), total) for total in (None, 0, 1))
    a, b, zero, minus = (1, 2, 3), (4, 5, 6), (0, 0, 0), (-1, -2, -3)
    all_different = one_layer(*((k, 2, 7 - k) for k in range(1, 7)))
    assert permutations.orbit_order(all_different) == math.factorial(6)
    assert odd.orbit_order(all_different) == sigmoid.orbit_order(all_different) == 2**6 * math.factorial(6)
    classes = one_layer(a, a, a, b, b, zero)
    assert permutations.orbit_order(classes) == math.factorial(6) // (6 * 2)
    assert odd.orbit_order(classes) == sigmoid.orbit_order(classes) == 2**6 * math.factorial(6) // (6 * 2 * 2)
    opposite = one_layer(a, minus, b, (7, 1, 1), (8, 1, 1), (9, 1, 1))
    assert permutations.orbit_order(opposite) == math.factorial(6)
    assert odd.orbit_order(opposite) == sigmoid.orbit_order(opposite) == 2**6 * math.factorial(6) // 2
    # Sixteen equal units are counted, not listed.
    assert UnitGroup((16,)).stabiliser_order(one_layer(*[a] * 16)) == math.factorial(16)
    assert UnitGroup((16,), 0).orbit_order(one_layer(*[zero] * 16)) == 1


def test_units_of_two_layers_may_have_to_move_together():
    # Neither layer has two equal units (their other ties differ), and yet changing both about changes nothing.
    params = exactly(((np.ones((1, 2)), np.zeros(2)), (np.eye(2), np.zeros(2)), (np.ones((2, 1)), np.zeros(1))))
    group = UnitGroup((2, 2))
    assert group.stabiliser_order(params) == 2
    assert not same(permutation((1, 0), (0, 1))(params), params)
    assert same(permutation((1, 0), (1, 0))(params), params)


@pytest.mark.parametrize(("hidden", "total"), KINDS)
def test_outputs_stay(hidden, total):
    net = Network((2, 3, 2, 1), hidden=hidden)
    rng = np.random.default_rng(0)
    params = tuple(tuple(rng.integers(-8, 9, part.shape) / 8 for part in layer) for layer in net.params)
    x = rng.integers(-4, 5, (4, 2)) / 4
    group = unit_group(net)
    assert group.total == total
    for move in itertools.islice(group, 0, None, 37):
        assert np.allclose(net(move(params), x), net(params, x), rtol=0, atol=1e-13)
    moved = UnitMove(((0, 1, 2), (0, 1)), ((-1, 1, 1), (1, 1)), 1 - (total or 0))(params)  # about the wrong centre
    assert not np.allclose(net(moved, x), net(params, x), rtol=0, atol=1e-3)


def test_centring_keeps_the_outputs():
    net, odd = Network((2, 3, 1), hidden=jax.nn.sigmoid), Network((2, 3, 1), hidden=lambda z: jax.nn.sigmoid(z) - 0.5)
    rng = np.random.default_rng(1)
    params = tuple(tuple(rng.integers(-8, 9, part.shape) / 8 for part in layer) for layer in net.params)
    moved = tuple(tuple(part.astype(float) for part in layer) for layer in as_floats(centred(params, 1)))
    x = rng.integers(-4, 5, (4, 2)) / 4
    assert np.allclose(net(params, x), odd(moved, x), rtol=0, atol=1e-14)


def as_floats(params):
    return tuple(tuple(np.vectorize(lambda x: int(x.p) / int(x.q))(part) for part in layer) for layer in params)


@given(data=st.data(), widths=st.sampled_from(((1, 2, 1), (2, 3, 2, 1))))
def test_rescalings_and_linear_changes_form_groups(data, widths):
    net = Network(widths, hidden=identity)
    params = exactly(data.draw(parameters(net.params)))
    s, t = (exactly_in(data.draw(rescalings_of(net))) for _ in range(2))
    assert same(s.after(t)(params), s(t(params)))
    assert same(s.inverse()(s(params)), params)
    a, b = (LinearChange(tuple(exact_shear(n, data.draw(st.integers(-3, 3))) for n in widths[1:-1])) for _ in range(2))
    assert same(a.after(b)(params), a(b(params)))
    assert same(a.inverse()(a(params)), params)
    u, v = (SoftmaxShift(np.array([fmpq(k)] * widths[-2], dtype=object), fmpq(k, 2)) for k in (3, -5))
    assert same(u.after(v)(params), u(v(params)))
    assert same(u.inverse()(u(params)), params)


def exactly_in(scaling):
    return Rescaling(
        tuple(np.array([fmpq(*float(t).as_integer_ratio()) for t in f], dtype=object) for f in scaling.factors)
    )


def exact_shear(n, t):
    A, back = shear(n, 0, n - 1, float(t))
    (A, back) = exactly(((A, back),))[0]
    return A, back


def test_what_does_not_fit_is_refused():
    net = Network((2, 3, 1), bias=False, hidden=jax.nn.sigmoid)
    params = tuple(tuple(np.ones(part.shape) for part in layer) for layer in net.params)
    with pytest.raises(ValueError, match="hidden widths"):
        permutation((1, 0))(params)
    with pytest.raises(ValueError, match="no permutation"):
        permutation((1, 1, 0))
    with pytest.raises(ValueError, match="no bias"):
        UnitMove(((0, 1, 2),), ((-1, 1, 1),), 1)(params)
    with pytest.raises(ValueError, match="do not compose"):
        UnitGroup((3,), 1).identity.after(UnitGroup((3,), 0).identity)
    with pytest.raises(ValueError, match="positive"):
        Rescaling((np.array([1.0, -1.0, 1.0]),))
    with pytest.raises(ValueError, match="sign"):
        UnitMove(((0, 1),), ((1, 2),))
    with pytest.raises(ValueError, match="adds one coordinate"):
        shear(2, 1, 1, 1.0)
    assert unit_group(net).total is None  # without an output bias no sigmoid is reflected


@given(net=st.sampled_from((Network((1, 2, 1)), Network((2, 1, 3, 1)))), data=st.data())
def test_strategies_draw_what_they_say(net, data):
    assert data.draw(permutations_of(net)).orders in {move.orders for move in permutations_group(net)}
    moving = data.draw(permutations_of(net, moving=True))
    assert not moving.is_identity
    assert set(itertools.chain(*moving.signs)) == {1}
    assert data.draw(unit_moves_of(net)) in set(unit_group(net))


def test_a_swap_and_mixed_kinds():
    assert swap(Network((1, 3, 2, 1)), 0, 0, 2).orders == ((2, 1, 0), (0, 1))
    mixed = Mixed((jnp.tanh, jax.nn.relu, jnp.sin))
    z = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])
    assert np.allclose(mixed(z), np.stack([np.tanh(z[:, 0]), np.maximum(z[:, 1], 0), np.sin(z[:, 2])], axis=1))
    assert np.allclose(mixed.permuted((2, 0, 1))(z[:, [2, 0, 1]]), np.asarray(mixed(z))[:, [2, 0, 1]])
    with pytest.raises(ValueError, match="3 kinds"):
        mixed(z[:, :2])
