"""Functions on ordered cones, read as functions of the gaps: a linear bijection onto a box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax

from netprops.domains import OrderedCone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def has_cone(domain: Any) -> bool:
    """Whether a leaf of the domain is an ordered cone."""
    return any(isinstance(leaf, OrderedCone) for leaf in jax.tree.leaves(domain))


def gaps_of(domain: Any) -> Any:
    """The domain with the box of its gaps in the place of each cone."""
    return jax.tree.map(lambda leaf: leaf.gaps if isinstance(leaf, OrderedCone) else leaf, domain)


def whole_of(domain: Any) -> Any:
    """The domain with the space that it lies in in the place of each cone."""
    return jax.tree.map(lambda leaf: leaf.whole if isinstance(leaf, OrderedCone) else leaf, domain)


def of_gaps(f: Callable[..., Any], domains: Sequence[Any]) -> Callable[..., Any]:
    """f after the maps that take gaps to points of the cones."""

    def part(leaf: Any, y: Any) -> Any:
        return leaf.from_gaps(y) if isinstance(leaf, OrderedCone) else y

    return lambda *points: f(*(jax.tree.map(part, on, point) for on, point in zip(domains, points, strict=True)))
