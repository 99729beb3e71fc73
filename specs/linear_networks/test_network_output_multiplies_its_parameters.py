"""Later layers act on functions of earlier parameters: the recursion multiplies decision variables.

A linear network's output is homogeneous of degree 1 in the weights of each layer: it is a polynomial, so each of its
monomials takes one weight from each layer, and its degree is the depth L. The bias of layer k meets the weights of the
layers after it, in monomials of degree L - k + 1.
"""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, reals
from netprops.objects.networks import scaled, sum_over_paths, with_zero_biases
from netprops.strategies.networks import linear_networks

CLAIM = claim("network-output-multiplies-its-parameters", source=("D1.A4", "D1.A6"), verdict=HOLDS)


@CLAIM
@given(net=linear_networks(depth=(1, 5), width=(1, 3)), rows=st.integers(1, 2))
def test_degree_1_in_each_layer(net, rows):
    params, x, _ = net.domain(rows)
    on = params, x, reals()
    for k in range(net.depth):
        assert are_equal(lambda p, x, t, k=k: net(scaled(p, t, [k]), x), lambda p, x, t: t * net(p, x), on=on)
    assert are_equal(lambda p, x, t: net(scaled(p, t), x), lambda p, x, t: t**net.depth * net(p, x), on=on)
    assert not are_equal(net, lambda p, x: 0 * net(p, x), on=(params, x))


@CLAIM
@given(net=linear_networks(depth=(1, 4), width=(1, 2)))
def test_one_weight_of_each_layer_in_each_monomial(net):
    params, x, _ = net.domain(1)
    assert are_equal(net, sum_over_paths, on=(params, x))


@CLAIM
@given(net=linear_networks(depth=(1, 4), width=(1, 3), bias=True))
def test_degree_of_the_biases(net):
    params, x, _ = net.domain(1)
    on = params, x, reals()

    def of_bias(k, p, x):
        """The monomials that have a bias of layer k in them."""
        return net(with_zero_biases(p, but=k), 0 * x)

    def all_monomials(p, x):
        return net(with_zero_biases(p), x) + sum(of_bias(k, p, x) for k in range(net.depth))

    assert are_equal(net, all_monomials, on=(params, x))
    for k in range(net.depth):
        part, degree = partial(of_bias, k), net.depth - k  # counted from 0; from 1 it is L - k + 1
        assert are_equal(lambda p, x, t: part(scaled(p, t), x), lambda p, x, t: t**degree * part(p, x), on=on)  # noqa: B023


@CLAIM
@given(one=linear_networks(depth=(1, 1)), more=linear_networks(depth=(2, 5)))
def test_one_layer_has_degree_1_and_more_have_not(one, more):
    for net in (one, more):
        params, x, _ = net.domain(1)
        homogeneous = are_equal(
            lambda p, x, t, net=net: net(scaled(p, t), x),
            lambda p, x, t, net=net: t * net(p, x),
            on=(params, x, reals()),
        )
        assert bool(homogeneous) == (net is one)
