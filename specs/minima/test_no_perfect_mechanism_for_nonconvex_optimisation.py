"""No perfect mechanism for non-convex optimisation: a method that finds the least value of every polynomial of degree
four in polynomial time would decide the partition problem, which is NP-complete (Karp 1972).

For positive integers a the cost sum (x_i^2 - 1)^2 + (a.x)^2 is 0 at the splits of a into two halves of equal sum, and
without a split at least 1/(1 + |a|^2) everywhere, so that a value of polynomially many digits tells the two apart.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, box, claim, is_positive, nonnegative, positive, reals
from netprops.objects.partition import above_gap, partition_cost, scaled_cost, signs, splits
from netprops.strategies.partition import integers_to_split, integers_without_a_split, positive_integers

CLAIM = claim("no-perfect-mechanism-for-nonconvex-optimisation", source=("D1.A5",), verdict=HOLDS)


def decomposed(y, b):
    """(1 + |b|^2) cost(y; b), as the first test has it for all b and y."""
    return jnp.sum(b) ** 2 + above_gap(y, b)


def is_positive_everywhere(a):
    """Is the cost positive? Every x is y >= 0 times signs, which can be multiplied into a instead; half of them do."""
    return is_positive(lambda y: jax.vmap(decomposed, (None, 0))(y, a * signs(len(a))), on=nonnegative(len(a)))


@CLAIM
@given(n=st.integers(1, 5), data=st.data())
def test_the_gap_between_zero_and_the_rest(n, data):
    s = data.draw(st.sampled_from(list(signs(n))))
    x, a = reals(n), reals(n)
    assert are_equal(lambda x, a: partition_cost(s * x, a), lambda x, a: partition_cost(x, s * a), on=(x, a))
    assert are_equal(lambda x, a: partition_cost(-x, a), partition_cost, on=(x, a))
    assert are_equal(scaled_cost, decomposed, on=(x, a))
    # What is left of it is nonnegative, whatever b: with any t > 0 added it is positive.
    assert is_positive(lambda y, q: above_gap(y, q[0]) + q[1], on=nonnegative(n), for_all=(reals(n), positive()))
    assert not are_equal(scaled_cost, lambda y, b: jnp.sum(b) ** 2, on=(x, a))


@CLAIM
@given(a=integers_to_split())
def test_zero_where_there_is_a_split(a):
    s = next(s for s in signs(len(a)) if s @ a == 0)
    assert not is_positive(lambda x: partition_cost(x, a), on=box(s, s))
    assert not is_positive_everywhere(a)


@CLAIM
@given(a=integers_without_a_split())
def test_positive_where_there_is_none(a):
    assert is_positive_everywhere(a)


@CLAIM
@given(a=positive_integers())
def test_the_global_minimum_decides(a):
    """The set of all sums that parts of a can have, and the cost, by signs: one answer."""
    assert bool(is_positive_everywhere(a)) != splits(a)


@CLAIM
def test_small_instances_without_the_identity():
    """By enclosures, on a box about all points with a cost below 9."""
    for a in (np.array([1.0, 2.0]), np.array([1.0, 1.0, 1.0])):
        assert is_positive(lambda x, a=a: partition_cost(x, a) - 1 / 8, on=box(-2, 2, len(a)))
        assert not is_positive(lambda x, a=a: partition_cost(x, a) - 1, on=box(-2, 2, len(a)))
