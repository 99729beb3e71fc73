"""Least squares and orders of entries, against slow oracles in fractions."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops.objects.least_squares import (
    change_by_moments,
    distance,
    is_kept_by_swap,
    levelled,
    minimiser,
    squared_distance,
)
from netprops.objects.orders import every_order, rearrangements, swap_and_cycle, swapped
from netprops.strategies.least_squares import alike_columns, full_rank_data, two_columns, unlike_targets


def residuals(b, X, y):
    """y - Xb in fractions."""
    rows = [[Fraction(x) for x in row] for row in X]
    return [
        Fraction(t) - sum(x * Fraction(c) for x, c in zip(row, b, strict=True)) for row, t in zip(rows, y, strict=True)
    ]


def square(b, X, y):
    return sum(r * r for r in residuals(b, X, y))


# ------------------------------------------------------------------ orders


@pytest.mark.parametrize("n", range(2, 6))
def test_a_swap_and_a_cycle_make_all_orders(n):
    made = {tuple(range(n))}
    while True:
        more = made | {tuple(np.array(order)[g].tolist()) for order in made for g in swap_and_cycle(n)}
        if more == made:
            break
        made = more
    assert made == set(itertools.permutations(range(n))) == {tuple(order) for order in every_order(n).tolist()}


@pytest.mark.parametrize("n", [0, 1])
def test_one_place_has_no_order_to_change(n):
    with pytest.raises(ValueError, match="no order"):
        swap_and_cycle(n)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_rearrangements_are_counted_by_the_multinomial(x):
    copies = rearrangements(x)
    assert len(copies) == math.factorial(len(x)) // math.prod(math.factorial(x.count(v)) for v in set(x))
    assert all(sorted(copy) == sorted(x) for copy in copies)


def test_swapped_changes_two_and_is_its_own_inverse():
    A = np.arange(12.0).reshape(3, 4)
    assert swapped(A, 0, 2)[:, 1].tolist() == [9, 5, 1]
    assert swapped(A, 1, 3, axis=1)[0].tolist() == [0, 3, 2, 1]
    assert (swapped(swapped(A, 1, 3, axis=1), 1, 3, axis=1) == A).all()


# ------------------------------------------------------------------ least squares


@given(full_rank_data(), st.data())
def test_the_minimiser_is_where_all_normal_equations_hold(data, draws):
    best = minimiser(*data)
    left = residuals(best, *data)
    assert all(sum(Fraction(x) * r for x, r in zip(column, left, strict=True)) == 0 for column in data.X.T)
    other = [b + draws.draw(st.integers(-2, 2)) for b in best]
    assert square(other, *data) > square(best, *data) or other == best


def test_more_than_one_minimiser_is_refused():
    with pytest.raises(ValueError, match="rank 1"):
        minimiser(np.array([[1.0, 2.0], [2.0, 4.0]]), np.ones(2))


@given(two_columns() | alike_columns(), st.data())
def test_kept_by_a_swap_is_what_the_objective_says(drawn, draws):
    data, i, j = drawn
    points = [[draws.draw(st.integers(-3, 3)) for _ in range(data.columns)] for _ in range(3)]
    changes = [square(swapped(np.array(b), i, j).tolist(), *data) - square(b, *data) for b in points]
    assert not (is_kept_by_swap(*data, i, j) and any(changes))
    doubles = [np.array(b, dtype=float) for b in points]
    assert [float(change_by_moments(i, j, b, *data)) for b in doubles] == changes  # dyadic: floats are exact here
    assert [float(squared_distance(b, *data)) for b in doubles] == [square(b, *data) for b in points]
    assert float(distance(doubles[0], *data)) == pytest.approx(math.sqrt(square(points[0], *data)))


@given(unlike_targets())
def test_a_swap_that_is_not_kept(drawn):
    data, i, j, b = drawn
    assert not is_kept_by_swap(*data, i, j)
    best = minimiser(*data)
    assert best[i] != best[j]
    assert levelled(best, i, j) != best
    assert square(levelled(best, i, j), *data) > square(best, *data)
    assert square(swapped(b, i, j), *data) > square(b, *data)


@given(alike_columns())
def test_a_swap_that_is_kept(drawn):
    data, i, j = drawn
    assert is_kept_by_swap(*data, i, j)
    assert levelled(minimiser(*data), i, j) == minimiser(*data)
