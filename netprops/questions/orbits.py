"""How many different points does a finite group make of one? Counted exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from netprops.evidence import Verdict, no, record, yes

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTED = 5000  # images that are also listed one by one


class FiniteGroup(Protocol):
    """A finite group that acts on points, as `netprops.objects.symmetries.UnitGroup` does on parameters."""

    @property
    def order(self) -> int: ...
    def stabiliser_order(self, params: Any) -> int: ...
    def orbit(self, params: Any) -> Iterator[Any]: ...


def has_orbit(group: FiniteGroup, at: Any, size: int) -> Verdict:
    """Do the elements of the group make exactly `size` different points of the point `at`?

    Both answers are certified: the elements that leave the point as it is are counted in exact arithmetic, and the
    orbit has as many points as the group has elements for each of these (the orbit-stabiliser theorem).  Where the
    group has at most 5,000 elements, all images are listed and compared as well.

    Args:
        group: a finite group that acts on the parameters (`netprops.objects.symmetries`).
        at: the point: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        size: the number of its images, at least 1.

    Raises:
        ValueError: a point that the group does not act on, or a size that is none.

    Examples:
        >>> import numpy as np
        >>> from netprops import has_orbit
        >>> from netprops.objects.networks import Network
        >>> from netprops.objects.symmetries import permutations_group
        >>> group = permutations_group(Network(widths=(1, 2, 1)))  # of two hidden units
        >>> unlike = ((np.array([[1, 2]]), np.array([0, 0])), (np.array([[3], [4]]), np.array([0])))
        >>> has_orbit(group, at=unlike, size=2).answer
        'yes'
    """
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"an orbit has one point or more, got {size!r}")
    fixing = group.stabiliser_order(at)
    found = group.order // fixing
    if group.order <= _LISTED:
        listed = len({tuple(map(str, _entries(image))) for image in group.orbit(at)})
        if listed != found:
            raise AssertionError(f"{listed} images are listed, {found} were counted: one of the two is wrong")
    words = f"{group.order} elements, {fixing} of which leave the point as it is: {found} different points"
    witness = {"kind": "orbit", "order": group.order, "stabiliser": fixing, "orbit": found}
    return record((yes if found == size else no)("has_orbit", "certified", words, witness))


def _entries(params: Any) -> list[Any]:
    return [x for layer in params for part in layer for x in part.reshape(-1)]
