"""Hypothesis strategies for costs of known landscapes beside networks' own: location and radial basis functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from netprops.objects.data import Data, Matrix
from netprops.objects.location import Location
from netprops.strategies.networks import arrays, data_sets, dyadics, inputs, nonzero_arrays

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]
Range: TypeAlias = tuple[int, int]


@st.composite
def locations(draw: Draw, beacons: Range = (1, 4), columns: Range = (1, 3), *, kink: bool) -> Location:
    """Any beacons, coinciding ones among them, and real distances measured from them.

    With `kink` the distances measured at one place or more add up to more than 0, else at none.
    """
    B = draw(inputs(beacons, columns))
    d = draw(arrays(len(B), dyadics(0, 4) if draw(st.booleans()) else dyadics()))
    places = [np.flatnonzero((b == B).all(axis=1)) for b in np.unique(B, axis=0)]
    if kink:
        there = places[draw(st.integers(0, len(places) - 1))]
        d[there[0]] += draw(dyadics(1 / 4, 2)) - min(0.0, float(d[there].sum()))
    else:
        for there in places:
            d[there[0]] -= max(0.0, float(d[there].sum()))
    return Location(B, d)


@st.composite
def radial_networks(
    draw: Draw, units: Range = (1, 3), rows: Range = (1, 4), columns: Range = (1, 2)
) -> tuple[Matrix, Matrix, Matrix, Data]:
    """Output weights, not all 0, centres and widths of radial basis functions, with any data."""
    data = draw(data_sets(rows, columns))
    k = draw(st.integers(*units))
    widths = draw(arrays(k, dyadics(1 / 4, 2)))
    return draw(nonzero_arrays(k)), draw(arrays((k, data.columns))), widths, data
