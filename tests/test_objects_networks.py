"""Networks against NumPy, and the table of one-layer pairs."""

import numpy as np
import pytest

from netprops.objects.networks import (
    ONE_LAYER,
    Network,
    collapsed,
    identity,
    linear_network,
    one_layer,
    scaled,
    single_path,
    sum_over_paths,
    with_zero_biases,
)


def drawn(domain, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(tuple(rng.integers(-3, 4, part.shape).astype(float) for part in layer) for layer in domain)


def test_outputs_and_cost_are_those_of_numpy():
    net = Network((3, 4, 2), hidden=np.tanh)
    (W1, b1), (W2, b2) = params = drawn(net.params)
    x, y = np.arange(6.0).reshape(2, 3), np.ones((2, 2))
    assert np.array_equal(net(params, x), np.tanh(x @ W1 + b1) @ W2 + b2)
    assert float(net.cost(params, x, y)) == pytest.approx(((net(params, x) - y) ** 2).sum())
    assert [leaf.shape for leaf in net.domain(5)[1:]] == [(5, 3), (5, 2)]


def test_split_and_join_are_inverse():
    net = linear_network(2, 3, 1, 2, bias=True)
    params = drawn(net.params)
    part = net.split(2, 0)
    chosen, others = part.parts(params)
    assert len(chosen) == 2
    assert len(others) == 1
    assert part.join(chosen, others) == params
    with pytest.raises(ValueError, match="layers 0 to 2"):
        net.split(3)


def test_sums_over_paths_are_matrix_products():
    net = linear_network(2, 2, 3)
    params, x = drawn(net.params), np.array([[1.0, -2.0], [3.0, 5.0]])
    assert np.array_equal(sum_over_paths(params, x), net(params, x))


def test_collapsed_scaled_and_without_biases():
    net = linear_network(2, 3, 1, bias=True)
    params, x = drawn(net.params), np.array([[1.0, -2.0]])
    assert np.array_equal(linear_network(2, 1, bias=True)(collapsed(params), x), net(params, x))
    assert scaled(params, 2.0, [1])[0] is params[0]
    assert np.array_equal(scaled(params, 2.0)[1][0], 2 * params[1][0])
    assert not with_zero_biases(params, but=1)[0][1].any()
    assert np.array_equal(with_zero_biases(params, but=1)[1][1], params[1][1])


def test_a_single_path_leads_down():
    net = linear_network(2, 2, 3, 2)
    X, Y = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[1.0, 0.0], [0.0, -4.0]])
    path, reach = single_path(net, X, Y)
    costs = [float(net.cost(scaled(path, t), X, Y)) for t in np.linspace(0, reach, 9)]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > costs[-1]
    with pytest.raises(ValueError, match="uncorrelated"):
        single_path(net, X, 0 * Y)


@pytest.mark.parametrize("pair", ONE_LAYER, ids=lambda pair: pair.name)
def test_every_pair_has_a_network_of_one_layer(pair):
    net = pair.network(2, 1)
    assert net.depth == 1
    assert net.widths[-1] >= pair.least_outputs
    assert pair.targets((3, 2)).shape == (3, 2)
    assert one_layer(pair.name) is pair


def test_widths_are_checked():
    with pytest.raises(ValueError, match="widths"):
        Network((3,), hidden=identity)
