"""has_orbit answers both ways by exact counts; drawn units form the classes that they state."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops import are_equal, box, has_orbit, nonnegative, positive, reals
from netprops.objects.networks import Network
from netprops.objects.symmetries import Rescaling, UnitGroup, UnitMove, permutation, permutations_group, unit_group
from netprops.strategies.symmetries import grouped_units, mixed_networks, pairs_of_units


def units(*columns):
    w, b, v = (np.array(column, dtype=float) for column in columns)
    return (w[None, :], b), (v[:, None], np.zeros(1))


def test_an_orbit_has_one_size():
    distinct, equal = units((1, 2, 3), (0, 0, 0), (1, 1, 1)), units((1, 1, 3), (0, 0, 0), (1, 1, 1))
    group = UnitGroup((3,))
    for point, size in ((distinct, 6), (equal, 3)):
        for asked in range(1, 8):
            verdict = has_orbit(group, at=point, size=asked)
            assert bool(verdict) == (asked == size)
            assert verdict.evidence == "certified"
            assert verdict.witness == {"kind": "orbit", "order": 6, "stabiliser": 6 // size, "orbit": size}


def test_a_wrong_count_is_noticed(monkeypatch):
    monkeypatch.setattr(UnitGroup, "stabiliser_order", lambda self, params: 1)
    with pytest.raises(AssertionError, match="3 images are listed, 6 were counted"):
        has_orbit(UnitGroup((3,)), at=units((1, 1, 3), (0, 0, 0), (1, 1, 1)), size=6)


def test_what_is_no_orbit_is_refused():
    with pytest.raises(ValueError, match="one point or more"):
        has_orbit(UnitGroup((3,)), at=units((1, 1, 3), (0, 0, 0), (1, 1, 1)), size=0)
    with pytest.raises(ValueError, match="hidden widths"):
        has_orbit(UnitGroup((2,)), at=units((1, 1, 3), (0, 0, 0), (1, 1, 1)), size=6)


@given(drawn=grouped_units(hidden=(jnp.tanh, jax.nn.sigmoid), units=(1, 4), reflected=True))
def test_grouped_units_have_the_classes_they_state(drawn):
    assert sum(drawn.sizes) == drawn.count
    fixing = [g for g in permutations_group(drawn.network) if same(g(drawn.params), drawn.params)]
    assert unit_group(drawn.network).stabiliser_order(drawn.params) >= len(fixing)
    if drawn.zeros == 0 and set(drawn.sizes) == {1}:
        assert unit_group(drawn.network).stabiliser_order(drawn.params) == 1


def same(p, q):
    return all((a == b).all() for left, right in zip(p, q, strict=True) for a, b in zip(left, right, strict=True))


@given(drawn=mixed_networks())
def test_mixed_networks_have_two_kinds_and_the_order_moves_them(drawn):
    net, order = drawn
    assert len(set(net.hidden.kinds)) > 1
    assert net.hidden.permuted(order) != net.hidden
    assert set(net.widths[1:-1]) == {len(order)}


@given(data=st.data())
def test_where_no_two_units_are_there_is_no_pair(data):
    with pytest.raises(ValueError, match="one unit"):
        data.draw(pairs_of_units(Network((3, 1, 1, 2))))


# ---------------------------------------------------------------- what are_equal has to be able to tell


@pytest.mark.parametrize("widths", [(1, 3, 1), (2, 2, 3, 1), (1, 2, 2, 2, 1)])
def test_reflected_sigmoids_are_one_function_and_no_other_reflection_is(widths):
    net = Network(widths, hidden=jax.nn.sigmoid)
    hidden = widths[1:-1]
    signs = tuple(tuple((-1) ** (i + k) for i in range(n)) for k, n in enumerate(hidden))
    orders = tuple(tuple(range(n))[::-1] for n in hidden)
    on = (net.params, reals((1, widths[0])))
    assert are_equal(net, lambda p, x: net(UnitMove(orders, signs, 1)(p), x), on=on)
    assert not are_equal(net, lambda p, x: net(UnitMove(orders, signs, 0)(p), x), on=on)


def test_one_weight_off_by_one_ulp():
    net = Network((4, 4, 4, 2))
    rng = np.random.default_rng(0)
    params = tuple(tuple(rng.standard_normal(part.shape) for part in layer) for layer in net.params)
    (W, b), *rest = moved = permutation((2, 0, 3, 1), (1, 3, 2, 0))(params)
    off = W.copy()
    off[1, 2] = np.nextafter(off[1, 2], np.inf)
    on = net.domain(rows=3)[1:]
    assert are_equal(lambda x, y: net.cost(params, x, y), lambda x, y: net.cost(moved, x, y), on=on)
    verdict = are_equal(lambda x, y: net.cost(params, x, y), lambda x, y: net.cost(((off, b), *rest), x, y), on=on)
    assert not verdict
    assert verdict.evidence == "certified"
    difference = verdict.witness["enclosures"]["f(x) - g(x)"]
    assert "e-1" in difference  # some 1e-15


def test_a_maximum_is_homogeneous_in_what_is_not_negative():
    def three(t, u, v):
        return jnp.maximum(jnp.maximum(t * u, t * v + t), 0.0)

    def outside(t, u, v):
        return t * jnp.maximum(jnp.maximum(u, v + 1), 0.0)

    free = (reals(), reals())
    for t in (positive(), nonnegative(), box(0, 3)):
        assert are_equal(three, outside, on=(t, *free))
        assert are_equal(lambda t, u, v: jnp.abs(t**2 * u * v), lambda t, u, v: t**2 * jnp.abs(u * v), on=(t, *free))
        assert not are_equal(three, lambda t, u, v: t * outside(t, u, v), on=(t, *free))
        assert not are_equal(
            lambda t, u, v: jnp.maximum(t * u, v), lambda t, u, v: t * jnp.maximum(u, v), on=(t, *free)
        )
    for t in (reals(), box(-1, 3)):
        assert not are_equal(three, outside, on=(t, *free))


@pytest.mark.parametrize("widths", [(1, 2, 1), (2, 3, 2, 1)])
def test_rescaled_relu_units_are_one_function(widths):
    net = Network(widths, hidden=jax.nn.relu)
    factors = tuple(positive(n) for n in widths[1:-1])
    on = (net.params, reals((1, widths[0])), factors)
    assert are_equal(lambda p, x, t: net(Rescaling(t)(p), x), lambda p, x, t: net(p, x), on=on)
    other = Network(widths, hidden=jnp.tanh)
    assert not are_equal(lambda p, x, t: other(Rescaling(t)(p), x), lambda p, x, t: other(p, x), on=on)
