"""How many signed permutations of hidden units leave parameters as they are: automorphisms of a chain of matrices.

The hidden units of all layers are the points; the matrices between them, the biases, and the weights from the inputs
and to the outputs are what an automorphism keeps.  With reflections every unit is two points, itself and its negative.
All arithmetic is exact.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from netprops.domains import exact

Params: TypeAlias = tuple[tuple[Any, ...], ...]
Point: TypeAlias = tuple[int, int, int]  # layer, unit, sign


def exactly(params: Params) -> Params:
    """The parameters as object arrays of the exact numbers that they are."""
    return tuple(tuple(_exact(part) for part in layer) for layer in params)


def _exact(array: Any) -> np.ndarray[Any, Any]:
    given = np.asarray(array, dtype=object)
    out = np.empty(given.shape, dtype=object)
    out.reshape(-1)[:] = [exact(x) for x in given.reshape(-1)]
    return out


def centred(params: Params, total: int) -> Params:
    """The exact parameters of the network with the odd activation phi - total/2, whose outputs are the same.

    A layer's bias takes up total/2 times the sum of its weights from hidden units.  So every reflection becomes a mere
    change of sign.
    """
    first, *later = exactly(params)
    if not total:
        return (first, *later)
    half = fmpq(total, 2)
    return (first, *((W, *(b + half * W.sum(axis=0) for b in bias)) for W, *bias in later))


@dataclass(frozen=True, eq=False)
class _Chain:
    """Hidden layers of points, and what ties a point to the outside."""

    between: tuple[np.ndarray[Any, Any], ...]  # from hidden layer k to hidden layer k + 1
    outside: tuple[tuple[tuple[fmpq, ...], ...], ...]  # by layer and unit
    signs: tuple[int, ...]

    def points(self, layer: int) -> list[Point]:
        return [(layer, i, s) for i in range(len(self.outside[layer])) for s in self.signs]

    def tie(self, a: Point, b: Point) -> fmpq:
        """The weight between points of neighbouring layers, a in the lower one."""
        weight: fmpq = a[2] * b[2] * self.between[a[0]][a[1], b[1]]
        return weight

    def neighbours(self, a: Point) -> Iterator[tuple[int, Point, fmpq]]:
        """(which side, point, weight) for every point of the layers next to that of a."""
        if a[0] > 0:
            yield from ((0, b, self.tie(b, a)) for b in self.points(a[0] - 1))
        if a[0] + 1 < len(self.outside):
            yield from ((1, b, self.tie(a, b)) for b in self.points(a[0] + 1))


def automorphisms(params: Params, *, reflections: bool) -> int:
    """How many permutations of the units in each hidden layer (with signs, if `reflections`) keep the parameters.

    Counted along a chain of point stabilisers: the number of places that the first unit can go to, times the number of
    places for the second while the first stays, and so on.
    """
    chain = _chain(params, (1, -1) if reflections else (1,))
    colours = _colours(chain)
    units = [(k, i, 1) for k, layer in enumerate(chain.outside) for i in range(len(layer))]
    count = 1
    fixed: dict[Point, Point] = {}
    for unit in units:
        places = [p for p in chain.points(unit[0]) if _extends(chain, colours, units, {**fixed}, unit, p)]
        count *= len(places)
        fixed[unit] = unit
    return count


def _chain(params: Params, signs: tuple[int, ...]) -> _Chain:
    hidden = params[:-1]
    outside = []
    for k, (W, *bias) in enumerate(hidden):
        ties = [list(row) for row in (W.T if k == 0 else np.empty((W.shape[1], 0), dtype=object))]
        for b in bias:
            ties = [[*row, x] for row, x in zip(ties, b, strict=True)]
        if k == len(hidden) - 1:
            ties = [[*row, *out] for row, out in zip(ties, params[-1][0], strict=True)]
        outside.append(tuple(tuple(row) for row in ties))
    return _Chain(tuple(layer[0] for layer in hidden[1:]), tuple(outside), signs)


def _colours(chain: _Chain) -> dict[Point, int]:
    """Colours that every automorphism keeps: by what a point is tied to, refined until nothing splits."""
    points = [p for layer in range(len(chain.outside)) for p in chain.points(layer)]
    seen: dict[Point, Hashable] = {p: (p[0], tuple(p[2] * x for x in chain.outside[p[0]][p[1]])) for p in points}
    colours = _numbered(seen)
    while True:
        seen = {
            p: (colours[p], tuple(sorted((side, colours[q], str(w)) for side, q, w in chain.neighbours(p))))
            for p in points
        }
        finer = _numbered(seen)
        if len(set(finer.values())) == len(set(colours.values())):
            return finer
        colours = finer


def _numbered(seen: dict[Point, Hashable]) -> dict[Point, int]:
    numbers: dict[Hashable, int] = {}
    return {p: numbers.setdefault(key, len(numbers)) for p, key in seen.items()}


def _extends(
    chain: _Chain,
    colours: dict[Point, int],
    units: Sequence[Point],
    map_: dict[Point, Point],
    unit: Point,
    place: Point,
) -> bool:
    """Whether some automorphism extends `map_` and takes `unit` to `place`."""
    if not _consistent(chain, colours, map_, unit, place):
        return False
    map_[unit] = place
    rest = [u for u in units if u not in map_]
    found = not rest or any(_extends(chain, colours, units, map_, rest[0], p) for p in chain.points(rest[0][0]))
    if not found:
        del map_[unit]
    return found


def _consistent(chain: _Chain, colours: dict[Point, int], map_: dict[Point, Point], unit: Point, place: Point) -> bool:
    if colours[unit] != colours[place]:
        return False
    for a, b in map_.items():
        if a[0] == unit[0] and b[1] == place[1]:
            return False
        if a[0] == unit[0] - 1 and chain.tie(a, unit) != chain.tie(b, place):
            return False
        if a[0] == unit[0] + 1 and chain.tie(unit, a) != chain.tie(place, b):
            return False
    return True
