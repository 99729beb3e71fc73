"""Short series of whole numbers, for time-series models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

if TYPE_CHECKING:
    from netprops.objects.data import Matrix

Draw = Any


def series(length: tuple[int, int] = (1, 8), largest: int = 4) -> st.SearchStrategy[Matrix]:
    """Series of such lengths, zero ones included."""
    least, most = length
    entries = st.lists(st.integers(-largest, largest), min_size=least, max_size=most)
    return entries.map(lambda y: np.array(y, dtype=np.float64))


@st.composite
def series_that_curve_down(draw: Draw, largest_lag: int = 3) -> tuple[Matrix, int]:
    """A series y and a lag j with sum y_t y_{t-2j} below minus half of sum y_{t-j}^2.

    The last number takes no part in the second sum, and in the first with the one 2j before it, which is not 0 here:
    it is chosen large enough, whatever the others are.
    """
    j = draw(st.integers(1, largest_lag))
    y: Matrix = draw(series((2 * j + 1, 2 * j + 3)))
    partner = draw(st.sampled_from((-2.0, -1.0, 1.0, 2.0)))
    y[-1 - 2 * j], y[-1] = partner, 0.0
    left = np.sum(y[:-j] ** 2) / 2 + np.sum(y[2 * j :] * y[: -2 * j])
    y[-1] = -np.sign(partner) * (max(left, 0.0) // abs(partner) + draw(st.integers(1, 3)))
    return y, j
