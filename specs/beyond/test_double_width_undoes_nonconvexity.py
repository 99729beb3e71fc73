"""Two networks side by side, outgoing weights halved, are a network twice as wide that costs at most their mean.

Its output is the mean of the two outputs, or any weighted mean; the loss is convex in the output. So Jensen's
inequality, which fails at one width, holds one size up.
"""

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, box, claim, is_convex, opaque, reals, violates_jensen
from netprops.domains import Box
from netprops.objects.losses import loss
from netprops.objects.network_witnesses import violating_chord
from netprops.objects.networks import ACTIVATIONS, scaled
from netprops.objects.wider_networks import doubled, side_by_side
from netprops.strategies.networks import any_data_for, deep_networks

CLAIM = claim(
    "double-width-undoes-nonconvexity",
    source=("after Bengio, Le Roux, Vincent, Delalleau and Marcotte 2005",),
    verdict=HOLDS,
)

CONVEX = [
    loss(name)
    for name in (
        "squared", "absolute", "Huber", "log-cosh", "quantile", "hinge", "squared hinge", "log loss of a logit",
        "softmax cross-entropy",
    )
]  # fmt: skip


def with_outputs(net):
    """The outputs of the doubled network, the weighted mean of those of the two, and their domain."""

    def mean(p, q, share, x):
        return (1 - share) * net(p, x) + share * net(q, x)

    wide = lambda p, q, share, x: doubled(net)(side_by_side(p, q, share), x)  # noqa: E731
    return wide, mean, (net.params, net.params, box(0, 1), reals((1, net.widths[0])))


@CLAIM
@given(net=deep_networks(width=(1, 3), hidden=(opaque("phi"),), bias=None))
def test_the_output_is_the_mean_of_the_outputs(net):
    wide, mean, everything = with_outputs(net)
    assert are_equal(wide, mean, on=everything)


@CLAIM
@given(row=st.sampled_from(CONVEX), rows=st.integers(1, 3), outputs=st.integers(1, 3))
def test_the_loss_is_convex_in_the_output(row, rows, outputs):
    outputs, targets = (Box((rows, outputs), domain.intervals) for domain in (row.predictions, row.targets))
    assert is_convex(lambda z, y: jnp.sum(row.of(z, y)), on=outputs, for_all=targets)
    assert not is_convex(lambda z: loss("Tukey").of(z, 0 * z), on=reals())


@CLAIM
@given(net=deep_networks(depth=(2, 4), width=(1, 3), hidden=ACTIVATIONS))
def test_without_halving_it_is_another_function(net):
    _, mean, everything = with_outputs(net)
    twice = lambda p, q, share, x: doubled(net)(scaled(side_by_side(p, q, share), 2, [net.depth - 1]), x)  # noqa: E731
    assert not are_equal(twice, mean, on=everything)

    def but_for_biases(p, q, share, x):
        *inner, (V, _) = side_by_side(p, q, share)
        return doubled(net)((*inner, (V, p[-1][1] + q[-1][1])), x)

    assert not are_equal(but_for_biases, mean, on=everything)


@CLAIM
@given(net=deep_networks(depth=(2, 4), width=(1, 3)), data=st.data())
def test_at_one_width_the_midpoint_costs_more(net, data):
    X, Y = data.draw(any_data_for(net))
    cost, (a, b) = lambda p: net.cost(p, X, Y), violating_chord(net, Y)
    assert violates_jensen(cost, a, b)
    assert not violates_jensen(cost, a, scaled(a, -1, [net.depth - 1]))  # convex in the last layer
