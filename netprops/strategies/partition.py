"""Positive integers, as doubles, that can or cannot be split into two halves of equal sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

if TYPE_CHECKING:
    from netprops.objects.data import Matrix

Draw = Any


def positive_integers(size: tuple[int, int] = (1, 4), largest: int = 9) -> st.SearchStrategy[Matrix]:
    """So many positive integers."""
    least, most = size
    return st.lists(st.integers(1, largest), min_size=least, max_size=most).map(_as_doubles)


@st.composite
def integers_to_split(draw: Draw, size: int = 2, largest: int = 9) -> Matrix:
    """Up to `size` positive integers and, among them in any order, up to as many others of the same sum."""
    one: Matrix = draw(positive_integers((1, size), largest))
    total = int(one.sum())
    cuts = draw(st.sets(st.integers(1, total - 1), max_size=size - 1)) if total > 1 else set()
    other = np.diff([0, *sorted(cuts), total])
    return _as_doubles(draw(st.permutations([*one.tolist(), *other.tolist()])))


@st.composite
def integers_without_a_split(draw: Draw, size: int = 4, largest: int = 9) -> Matrix:
    """Up to `size` positive integers with an odd sum, all times one factor, or one larger than the sum of the rest."""
    a: Matrix = draw(positive_integers((1, size), largest))
    place = draw(st.integers(0, len(a) - 1))
    if draw(st.booleans()):
        a[place] += (a.sum() + 1) % 2
        a *= draw(st.integers(1, 3))
        return a
    a[place] += a.sum()
    return a


def _as_doubles(numbers: Any) -> Matrix:
    return np.array(numbers, dtype=np.float64)
