"""Two units with equal incoming weights and bias are one unit with the sum of their outgoing weights.

So units help only where they differ.  Two that do can make an output rise and fall again.  One unit of a monotone
activation cannot, whatever its parameters: where the target falls by g and the output does not, it misses by at least
g^2/2.  The teacher itself misses nothing.
"""

from dataclasses import replace

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    HOLDS,
    are_equal,
    claim,
    is_higher,
    is_nondecreasing,
    is_nonincreasing,
    is_positive,
    nonnegative,
    opaque,
    positive,
    reals,
)
from netprops.objects.equal_units import MONOTONE_AND_BENT
from netprops.objects.losses import nonpositive
from netprops.objects.networks import ACTIVATIONS
from netprops.objects.symmetries import merged, with_equal_inputs
from netprops.strategies.networks import deep_networks, nonzero_dyadics
from netprops.strategies.symmetries import fitted_better_than_one_unit, pairs_of_units

CLAIM = claim("units-must-differ-to-help", source=("D1.A1",), verdict=HOLDS)


def two_units_and_one(net, pair, difference):
    """The network with units i and j alike but for this difference of their biases, and the narrower one."""
    layer, i, j = pair
    narrow = replace(net, widths=tuple(n - (k == layer + 1) for k, n in enumerate(net.widths)))

    def wide(p):
        return with_equal_inputs(p, layer, i, j, difference)

    return lambda p, x: net(wide(p), x), lambda p, x: narrow(merged(wide(p), layer, i, j), x)


@CLAIM
@given(net=deep_networks(width=(2, 5), hidden=(opaque("phi"),), bias=None), data=st.data())
def test_equal_inputs_make_one_unit(net, data):
    two, one = two_units_and_one(net, data.draw(pairs_of_units(net)), 0)
    assert are_equal(two, one, on=(net.params, reals((1, net.widths[0]))))


@CLAIM
@given(net=deep_networks(width=(2, 4), hidden=ACTIVATIONS), data=st.data(), difference=nonzero_dyadics())
def test_units_that_differ_in_the_bias_only_are_two(net, data, difference):
    two, one = two_units_and_one(net, data.draw(pairs_of_units(net)), difference)
    assert not are_equal(two, one, on=(net.params, reals((1, net.widths[0]))))


@CLAIM
@given(hidden=st.sampled_from(MONOTONE_AND_BENT))
def test_one_unit_is_monotone(hidden):
    def one(x, q):
        v, w, b, c = q
        return v * hidden(w * x + b) + c

    up, down, free = nonnegative(), nonpositive(), (reals(), reals())
    for v, w in ((up, up), (down, down)):
        assert is_nondecreasing(one, on=reals(), for_all=(v, w, *free))
        assert not is_nonincreasing(one, on=reals(), for_all=(v, w, *free))
    for v, w in ((up, down), (down, up)):
        assert is_nonincreasing(one, on=reals(), for_all=(v, w, *free))
        assert not is_nondecreasing(one, on=reals(), for_all=(v, w, *free))


@CLAIM
def test_what_a_monotone_output_misses_where_the_target_falls():
    # Targets y and y - g at two inputs, outputs f and f + t.
    def missed(f, t, y, g):
        return (f - y) ** 2 + (f + t - (y - g)) ** 2

    everything = (reals(), nonnegative(), reals(), positive())
    assert are_equal(missed, lambda f, t, y, g: ((t + g) ** 2 + (2 * (f - y) + t + g) ** 2) / 2, on=everything)
    assert is_positive(lambda t, g: (t + g) ** 2 / 2, on=nonnegative(), for_all=positive())
    assert not is_positive(lambda t, g: (t + g) ** 2 / 2, on=reals(), for_all=positive())


@CLAIM
@given(fitted=fitted_better_than_one_unit(units=(2, 2)))
def test_a_teacher_of_two_units_that_differ(fitted):
    left, middle, right, _ = fitted.data.X[:, 0]

    def output(x):
        return fitted.network(fitted.params, jnp.reshape(x, (1, 1)))[0, 0]

    # The middle of its three outputs sticks out: up or down.
    side = 1.0 if is_higher(output, at=middle, than=left) else -1.0
    for end in (left, right):
        assert is_higher(lambda x: side * output(x), at=middle, than=end)
        assert not is_higher(lambda x: side * output(x), at=end, than=middle)
