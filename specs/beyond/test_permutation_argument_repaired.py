"""What the permutation symmetry does say: if one unit fits worse than n, the cost is not convex.

A convex cost that permutations of the units keep is at the mean of a point's n! copies no higher than at the point, by
Jensen's inequality; at that mean all units are equal, so that the network is one of a single unit. One unit of these
activations is monotone in its input: where the middle one of three targets sticks out by g it misses by g^2/2 or more,
as n different units need not.
"""

import itertools
from math import factorial

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, is_convex, is_higher, is_nondecreasing, nonnegative, opaque, reals
from netprops.objects.equal_units import MONOTONE_AND_BENT, mean_of_copies
from netprops.objects.losses import nonpositive
from netprops.objects.networks import Network
from netprops.objects.symmetries import permutations_group
from netprops.strategies.networks import dyadics
from netprops.strategies.symmetries import fitted_better_than_one_unit

CLAIM = claim("permutation-argument-repaired", source=("D1.A2, repaired",), verdict=HOLDS)


def mean_over(net, count, p):
    """The mean of the first `count` copies of the parameters."""
    copies = [move(p) for move, _ in zip(permutations_group(net), range(count), strict=False)]
    return jax.tree.map(lambda *parts: sum(parts) / count, *copies)


def all_alike(p):
    """Every unit with the mean weights and bias, and the one unit that does the same."""
    (W, b), (V, c) = p
    w, a, v = jnp.mean(W, axis=1, keepdims=True), jnp.mean(b, keepdims=True), jnp.mean(V, axis=0, keepdims=True)
    broad = (jnp.broadcast_to(mean, part.shape) for mean, part in ((w, W), (a, b), (v, V)))
    return ((next(broad), next(broad)), (next(broad), c)), ((w, a), (len(V) * v, c))


@CLAIM
@given(ends=st.sampled_from(((1, 1), (2, 2))), units=st.integers(1, 5))
def test_the_mean_of_all_copies_is_one_unit(ends, units):
    inputs, outputs = ends
    net, n = Network((inputs, units, outputs), hidden=opaque("phi")), factorial(units)
    alone = net.with_widths(inputs, 1, outputs)
    assert are_equal(lambda p: mean_over(net, n, p), lambda p: all_alike(p)[0], on=(net.params,))
    on = (net.params, reals((1, inputs)))
    assert are_equal(lambda p, x: net(all_alike(p)[0], x), lambda p, x: alone(all_alike(p)[1], x), on=on)
    short = net.with_widths(inputs, max(units, 2), outputs)  # one copy left out: no longer
    n = factorial(short.widths[1]) - 1
    assert not are_equal(lambda p: mean_over(short, n, p), lambda p: all_alike(p)[0], on=(short.params,))


@CLAIM
@given(hidden=st.sampled_from(MONOTONE_AND_BENT))
def test_what_one_unit_misses(hidden):
    """Where it rises, at the middle and after it; where it falls, before and at the middle, mirrored."""
    one = lambda x, q: q[0] * hidden(q[1] * x + q[2]) + q[3]  # noqa: E731
    for v, w in itertools.product((nonnegative(), nonpositive()), repeat=2):
        sign = 1 if v == w else -1
        assert is_nondecreasing(lambda x, q, s=sign: s * one(x, q), on=reals(), for_all=(v, w, reals(), reals()))
    assert not is_nondecreasing(lambda x: hidden(2 * x + 1) + hidden(1 - 2 * x), on=reals())
    # Targets y and y - g, outputs f and f + t with t >= 0: at least g^2/2.
    missed = lambda f, t, y, g: (f - y) ** 2 + (f + t - (y - g)) ** 2  # noqa: E731
    surplus = lambda f, t, y, g: g**2 / 2 + t * (t + 2 * g) / 2 + (2 * (f - y) + t + g) ** 2 / 2  # noqa: E731
    assert are_equal(missed, surplus, on=(reals(), nonnegative(), reals(), nonnegative()))


@CLAIM
@given(fitted=fitted_better_than_one_unit())
def test_a_teacher_of_different_units(fitted):
    net, p, (X, Y) = fitted.network, fitted.params, fitted.data
    cost = lambda p: net.cost(p, X, Y)  # noqa: E731

    def misfit(of):
        """The least that one unit can miss (share 0), or what the n units do (share 1)."""
        share, p, y = of
        sticks_out = (y[1, 0] - y[0, 0]) * (y[1, 0] - y[2, 0])
        by = jnp.minimum(jnp.abs(y[1, 0] - y[0, 0]), jnp.abs(y[1, 0] - y[2, 0]))
        return (1 - share) * jnp.where(sticks_out > 0, by, 0.0) ** 2 / 2 + share * net.cost(p, X, y)

    assert is_higher(misfit, at=(0, p, Y), than=(1, p, Y))
    assert not is_higher(misfit, at=(1, p, Y), than=(0, p, Y))
    assert is_higher(cost, at=mean_of_copies(p), than=p)
    assert not is_convex(cost, on=net.params)


@CLAIM
@given(w=dyadics(), b=dyadics(), v=dyadics(), units=st.sampled_from((1, 2, 4)))
def test_a_target_that_one_unit_fits(w, b, v, units):
    X = np.array([[-1.0], [0.0], [1.0]])
    net, Y = Network((1, units, 1), hidden=jax.nn.relu), v * np.maximum(w * X + b, 0)
    p = (np.full((1, units), w), np.full(units, b)), (np.full((units, 1), v / units), np.zeros(1))
    assert not is_higher(lambda of: of[0] * net.cost(of[1], X, Y), at=(1, p), than=(0, p))  # it costs 0
    # Of linear units with a sum for output, where one does what two do, the cost is convex.
    assert is_convex(lambda w: (w[0] + w[1] - 1) ** 2, on=reals(2))
