"""Copies of every minimiser do not show that the surface is more complex than a convex one.

(w1 + ... + wn - 1)^2 is convex, every permutation of the w keeps it, and each minimiser with distinct entries has n!
copies, all of them minimisers: of a convex function these are its critical points.  ((w1 - w2)^2 - 1)^2 has copies
too, and is not convex.
"""

import math

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import REFUTED, are_equal, claim, is_convex, is_critical, reals
from netprops.objects.orders import rearrangements, swap_and_cycle
from netprops.strategies.least_squares import distinct_fractions, nonzero_fractions
from netprops.strategies.networks import nonzero_dyadics

CLAIM = claim("copies-show-a-complex-surface", source=("D2.A1",), verdict=REFUTED)


def valley(w):
    return (jnp.sum(w) - 1) ** 2


def two_valleys(w):
    return ((w[0] - w[1]) ** 2 - 1) ** 2


def reordered(f, order):
    return lambda w: f(w[order])


@CLAIM
@given(n=st.integers(2, 8), extra=nonzero_dyadics())
def test_a_convex_function_that_every_permutation_keeps(n, extra):
    def lopsided(w):
        return (jnp.sum(w) + extra * w[0] - 1) ** 2

    assert is_convex(valley, on=reals(n))
    for order in swap_and_cycle(n):
        assert are_equal(reordered(valley, order), valley, on=reals(n))
        assert not are_equal(reordered(lopsided, order), lopsided, on=reals(n))


@CLAIM
@given(w=distinct_fractions(total=1, sizes=(2, 4)), off=nonzero_fractions())
def test_each_minimiser_has_all_its_copies(w, off):
    copies = rearrangements(w)
    assert len(copies) == math.factorial(len(w))
    for copy in copies:
        assert is_critical(valley, at=copy)
    assert not is_critical(valley, at=[*w[:-1], w[-1] + off])


@CLAIM
@given(w=nonzero_dyadics())
def test_copies_of_minimisers_that_are_not_convex(w):
    (order, _) = swap_and_cycle(2)
    assert are_equal(reordered(two_valleys, order), two_valleys, on=reals(2))
    for copy in rearrangements((w, w + 1)):
        assert is_critical(two_valleys, at=copy)
    assert not is_convex(two_valleys, on=reals(2))
