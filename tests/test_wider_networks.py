"""Networks in wider ones, and small determinants, against plain NumPy."""

import jax.numpy as jnp
import numpy as np
import pytest

from netprops.objects.networks import Network
from netprops.objects.symmetries import adjugate, determinant, swap
from netprops.objects.wider_networks import doubled, path_to_swap, side_by_side, with_idle_unit

SHAPES = [(2, 1, 1), (1, 3, 2), (2, 2, 3, 1)]


def drawn(net, rng):
    return tuple(tuple(rng.integers(-4, 5, part.shape) / 4 for part in layer) for layer in net.params)


@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_side_by_side(widths, bias):
    net, rng = Network(widths, bias=bias), np.random.default_rng(0)
    p, q, x = drawn(net, rng), drawn(net, rng), rng.normal(size=(3, widths[0]))
    wide = side_by_side(p, q, 0.25)
    assert [[part.shape for part in layer] for layer in wide] == [
        [part.shape for part in layer] for layer in doubled(net).params
    ]
    mean = 0.75 * np.asarray(net(p, x)) + 0.25 * np.asarray(net(q, x))
    np.testing.assert_allclose(doubled(net)(wide, x), mean, atol=1e-12)


def test_no_hidden_layer_is_refused():
    net = Network((2, 1))
    p = drawn(net, np.random.default_rng(0))
    with pytest.raises(ValueError, match="two or more"):
        side_by_side(p, p)


@pytest.mark.parametrize(("widths", "layer"), [((2, 2, 1), 0), ((1, 3, 2, 2), 0), ((1, 3, 2, 2), 1)])
def test_the_path_keeps_the_output_and_ends_at_the_swap(widths, layer):
    net, rng = Network(widths), np.random.default_rng(1)
    p, x = drawn(net, rng), rng.normal(size=(3, widths[0]))
    wide = net.with_widths(*(n + (k == layer + 1) for k, n in enumerate(widths)))
    start = with_idle_unit(p, layer, [rng.integers(-4, 5, part.shape[:-1]) / 4 for part in p[layer]])
    pieces = path_to_swap(start, layer, 1, 0)
    here = start
    for piece in pieces:
        assert same(piece(0.0), here)
        here = piece(1.0)
        np.testing.assert_allclose(wide(piece(0.375), x), net(p, x), atol=1e-12)
    assert not same(here, start)
    assert same(here, swap(wide, layer, 1, 0)(start))
    with pytest.raises(ValueError, match="two different units"):
        path_to_swap(start, layer, 0, widths[layer + 1])


def same(p, q):
    return all(np.array_equal(a, b) for P, Q in zip(p, q, strict=True) for a, b in zip(P, Q, strict=True))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_determinants_and_adjugates(n):
    rng = np.random.default_rng(n)
    for _ in range(5):
        G = rng.integers(-3, 4, (n, n)) * 1.0
        assert float(determinant(G)) == pytest.approx(np.linalg.det(G), abs=1e-9)
        np.testing.assert_array_equal(G @ adjugate(G), float(determinant(G)) * np.eye(n))
        np.testing.assert_array_equal(adjugate(jnp.asarray(G)), adjugate(G))
