"""The partition problem as a polynomial: against all signs, and the strategies against the sets of all sums."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops.objects.partition import above_gap, partition_cost, scaled_cost, signs, splits
from netprops.strategies.partition import integers_to_split, integers_without_a_split, positive_integers


def halves(a):
    """Whether some part of the numbers has half of their sum, by trying all parts."""
    numbers = [int(x) for x in a]
    parts = itertools.chain.from_iterable(itertools.combinations(numbers, k) for k in range(len(numbers) + 1))
    return any(2 * sum(part) == sum(numbers) for part in parts)


@given(a=positive_integers((1, 7), 12))
def test_splits(a):
    assert splits(a) == halves(a)
    # A split is a vector of signs with a.x = 0; the first sign may be taken to be 1.
    assert splits(a) == any(s @ a == 0 for s in signs(len(a)))


@given(a=integers_to_split())
def test_integers_to_split(a):
    assert halves(a)
    assert (a > 0).all()


@given(a=integers_without_a_split())
def test_integers_without_a_split(a):
    assert not halves(a)
    assert (a > 0).all()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_signs(n):
    rows = {tuple(row) for row in signs(n)}
    assert rows | {tuple(-x for x in row) for row in rows} == set(itertools.product((1.0, -1.0), repeat=n))
    assert len(rows) == 2 ** (n - 1)


@given(y=st.lists(st.integers(0, 6), min_size=1, max_size=4), data=st.data())
def test_the_identity_in_fractions(y, data):
    b = data.draw(st.lists(st.integers(-5, 5), min_size=len(y), max_size=len(y)))
    exact = (
        sum((Fraction(v, 2) ** 2 - 1) ** 2 for v in y) + sum(Fraction(v, 2) * w for v, w in zip(y, b, strict=True)) ** 2
    )
    point, numbers = np.array(y) / 2, np.array(b, dtype=float)
    scale = 1 + sum(w * w for w in b)
    assert float(partition_cost(point, numbers)) == exact
    assert float(scaled_cost(point, numbers)) == scale * exact
    assert float(above_gap(point, numbers)) == scale * exact - sum(b) ** 2 >= 0
