"""Hypothesis strategies for symmetries of networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from netprops.objects.networks import Network
from netprops.objects.symmetries import Rescaling, UnitMove, permutation, unit_group

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def permutations_of(draw: Draw, network: Network, *, moving: bool = False) -> UnitMove:
    """Permutations of the units of every hidden layer at once; with `moving`, some unit certainly moves.

    Raises `ValueError` when `moving` is asked of a network whose hidden layers have one unit each.
    """
    widths = network.widths[1:-1]
    orders = [draw(st.permutations(range(n))) for n in widths]
    if moving and all(order == list(range(n)) for order, n in zip(orders, widths, strict=True)):
        wide = [k for k, n in enumerate(widths) if n > 1]
        if not wide:
            raise ValueError(f"no unit of {network} can move: every hidden layer has one unit")
        k = draw(st.sampled_from(wide))
        orders[k] = [*range(1, widths[k]), 0]
    return permutation(*orders)


@st.composite
def unit_moves_of(draw: Draw, network: Network) -> UnitMove:
    """Permutations and, where the network admits them, reflections of the units of every hidden layer at once."""
    group = unit_group(network)
    signs = (1,) if group.total is None else (1, -1)
    moves: UnitMove = draw(permutations_of(network))
    chosen = tuple(tuple(draw(st.sampled_from(signs)) for _ in range(n)) for n in group.widths)
    return UnitMove(moves.orders, chosen, group.total or 0)


@st.composite
def rescalings_of(draw: Draw, network: Network) -> Rescaling:
    """Rescalings of hidden units by powers of two, which are exact in doubles."""
    powers = st.integers(-4, 4).map(lambda k: 2.0**k)
    return Rescaling(tuple(np.array([draw(powers) for _ in range(n)]) for n in network.widths[1:-1]))
