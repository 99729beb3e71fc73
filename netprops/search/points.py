"""Where a search looks: flat points, directions and lines in a domain, from few-digit ones to heavy-tailed clouds.

A point is a row of n float64 coordinates, the flat arguments of a program one after the other. The first `decision`
coordinates vary along lines; the others are quantified ("for every q") and stay fixed along them.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from netprops.domains import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Around:
    """The point of a larger space, whose arguments have these shapes, around which a few coordinates move."""

    shapes: tuple[tuple[int, ...], ...]
    rest: Array  # all its coordinates
    places: Array  # those that move, ascending

    def widened(self, points: Array) -> Array:
        """Rows of the few coordinates (B, k) as rows of all of them."""
        full = np.repeat(self.rest[None], len(points), axis=0)
        full[:, self.places] = points
        return full


@dataclass(frozen=True, eq=False)
class Space:
    """A product of boxes as a box in R^n.

    `lo <= z <= hi` says that the point z lies in the domain; `near_lo` and `near_hi` keep a little farther away from
    open ends, which may be poles.
    """

    shapes: tuple[tuple[int, ...], ...]
    lo: Array
    hi: Array
    near_lo: Array
    near_hi: Array
    decision: int
    around: Around | None = None

    @property
    def dimension(self) -> int:
        """Number of coordinates, quantified ones included."""
        return len(self.lo)

    def split(self, points: Array) -> list[Array]:
        """Rows (B, n) as one array (B, *shape) per flat argument."""
        return _cut(points, self.shapes)

    def arguments(self, points: Array) -> list[Array]:
        """Rows (B, n) as what the program is evaluated at: `split`, and of a few coordinates all those around them."""
        if self.around is None:
            return self.split(points)
        return _cut(self.around.widened(points), self.around.shapes)

    def inside(self, points: Array) -> Array:
        """Which rows lie in the domain."""
        return np.asarray(((points >= self.lo) & (points <= self.hi)).all(axis=-1))

    def clip(self, points: Array) -> Array:
        """The rows moved into the domain, coordinate by coordinate."""
        return np.clip(points, self.near_lo, self.near_hi)

    def home(self) -> Array:
        """The point of the domain nearest to 0 where that is not at an open end, else a plain number inside."""
        lo, hi = self.near_lo, self.near_hi
        plain = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0)
        return np.select([(lo <= x) & (x <= hi) for x in plain], plain, self.middle())

    def middle(self) -> Array:
        """The middle of bounded coordinates, one off the end of half-bounded ones, 0 of unbounded ones."""
        low, high = np.isfinite(self.lo), np.isfinite(self.hi)
        with np.errstate(invalid="ignore", over="ignore"):
            cases = [self.lo + (self.hi - self.lo) / 2, self.lo + 1.0, self.hi - 1.0]
        return np.select([low & high, low, high], cases, 0.0)


def _cut(points: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    pieces = np.split(points, ends, axis=-1)
    return [x.reshape((*points.shape[:-1], *shape)) for x, shape in zip(pieces, shapes, strict=True)]


def space(boxes: Sequence[Box], decision: int) -> Space:
    """The flat space of these boxes, of which the first `decision` are not quantified."""
    lows, highs, near_lows, near_highs = [], [], [], []
    for leaf in boxes:
        lo, hi = (end.reshape(-1) for end in leaf.ends())
        low_open = np.array([interval.lo_open for interval in leaf.intervals])  # one may stand for all
        high_open = np.array([interval.hi_open for interval in leaf.intervals])
        with np.errstate(over="ignore", invalid="ignore"):
            off = np.minimum(1e-6 * np.maximum(1.0, np.minimum(np.abs(lo), np.abs(hi))), (hi - lo) / 1024.0)
            near_lows.append(np.where(low_open & np.isfinite(lo), lo + off, lo))
            near_highs.append(np.where(high_open & np.isfinite(hi), hi - off, hi))
        lows.append(lo)
        highs.append(hi)
    shapes = tuple(leaf.shape for leaf in boxes)
    lo, hi, near_lo, near_hi = (np.concatenate(column) for column in (lows, highs, near_lows, near_highs))
    return Space(shapes, lo, hi, near_lo, near_hi, sum(leaf.size for leaf in boxes[:decision]))


_CORNER = 2  # of each matrix the first rows and columns, of each vector the first entries


def few_coordinates(shapes: Sequence[tuple[int, ...]], most: int) -> list[Array]:
    """For each argument its first few entries along every axis, as flat places in it, ascending; `most` in all.

    On them alone a network is one of few units, whose other weights are 0.
    """
    found = []
    for shape in shapes:
        corner = np.ix_(*(range(min(_CORNER, n)) for n in shape)) if shape else ()
        flat = np.arange(math.prod(shape)).reshape(shape)[corner].reshape(-1)
        found.append(flat[: max(1, most // len(shapes))])
    return found


def narrowed(where: Space, boxes: Sequence[Box], decision: int, places: Sequence[Array]) -> tuple[Space, list[Box]]:
    """The space of these places of each argument, the others staying at home; and its boxes, one for each argument."""
    few = [
        Box((len(at), 1) if len(leaf.shape) > 1 else (len(at),), tuple(leaf.interval(i) for i in at.tolist()))
        for leaf, at in zip(boxes, places, strict=True)
    ]
    starts = np.cumsum([0, *(leaf.size for leaf in boxes)])[:-1]
    flat = np.concatenate([start + at for start, at in zip(starts.tolist(), places, strict=True)])
    around = Around(tuple(leaf.shape for leaf in boxes), where.home(), flat)
    return replace(space(few, decision), around=around), few


def generator(seed: int, stage: int) -> np.random.Generator:
    """The random numbers of one stage of a search: the same for the same seed."""
    return np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, stage], dtype=np.uint64)))


def simplicity(points: Array) -> Array:
    """How long the coordinates of each row are to write down, in bits: 0 costs 0, 1 costs 1, 2 and 1/2 two, 3 three.

    Shape (..., n) -> (...).
    """
    mantissa, exponent = np.frexp(np.abs(points))
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    lowest = np.maximum(whole & -whole, 1)
    bits = 53.0 - np.log2(lowest)
    return np.asarray(np.where(points == 0.0, 0.0, bits + np.abs(exponent - 1)).sum(axis=-1))


# ------------------------------------------------------------------ points


_kept: OrderedDict[Any, Array] = OrderedDict()
_MOST_KEPT, _MOST_ENTRIES = 256, 1 << 14


def _once(make: Callable[[Space, int], Array]) -> Callable[[Space, int], Array]:
    """What depends on the space and the count alone, made once for each as long as it is in use; not to be written to.

    Many questions are about one space, and to put the simple points of it together takes longer than to evaluate them.
    """

    @functools.wraps(make)
    def kept(where: Space, count: int) -> Array:
        ends = (where.lo, where.hi, where.near_lo, where.near_hi)
        key = (make.__name__, where.shapes, where.decision, count, *(end.tobytes() for end in ends))
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
        made = make(where, count)
        made.flags.writeable = False
        if made.size <= _MOST_ENTRIES:
            _kept[key] = made
            if len(_kept) > _MOST_KEPT:
                _kept.popitem(last=False)
        return made

    return kept


@_once
def structured_points(where: Space, count: int) -> Array:
    """Up to `count` few-digit points: home, ones, signs, halves, corners, ramps, small integers.  Simplest first."""
    n, d = where.dimension, where.decision
    decisions, quantified = list(_patterns(where, slice(0, d), count)), [np.zeros(0)]
    if n > d:  # zeros come last there: data of zeros alone is degenerate (everything is convex in x * 0)
        home, *others = _patterns(where, slice(d, n), count)
        quantified = [*others, home]
    pairs = simplest_pairs(min(len(decisions), 64), min(len(quantified), 64))[: 4 * count]
    rows = [np.concatenate([decisions[i], quantified[j]]) for i, j in pairs.tolist()]
    return _distinct(where.clip(np.array(rows)))[:count]


@functools.lru_cache(maxsize=256)
def simplest_pairs(m: int, n: int) -> Array:
    """All (i, j) with i < m, j < n, shape (m n, 2), those with small i + j first; not to be written to."""
    pairs = np.array(sorted(itertools.product(range(m), range(n)), key=lambda ij: (ij[0] + ij[1], ij)))
    pairs.flags.writeable = False
    return pairs.reshape(-1, 2)


def _corners(where: Space, *, matrices: bool = False) -> Array:
    """The flat index of the first entry of each argument: alone, they make a network a chain of single units.

    With `matrices` those of rank 2 and more only, where there are such among the decisions: a chain without biases.
    """
    first = np.cumsum([0, *(math.prod(shape) for shape in where.shapes)])[:-1]
    wide = np.array([len(shape) > 1 for shape in where.shapes]) | (first >= where.decision)
    return first[wide] if matrices and (wide & (first < where.decision)).any() else first


def _patterns(where: Space, part: slice, count: int) -> Iterable[Array]:
    home, middle = where.home()[part], where.middle()[part]
    n = len(home)
    lo, hi = where.near_lo[part], where.near_hi[part]
    alternate = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    yield home
    for matrices in (True, False):
        chain = np.isin(np.arange(part.start, part.stop), _corners(where, matrices=matrices))
        yield np.clip(np.where(chain, 1.0, home), lo, hi)
    yield np.clip(np.ones(n), lo, hi)
    yield np.clip(alternate, lo, hi)
    yield middle
    yield np.clip(-np.ones(n), lo, hi)
    yield np.clip(np.full(n, 0.5), lo, hi)
    yield np.clip(np.full(n, 2.0), lo, hi)
    yield np.clip(np.arange(1.0, n + 1.0), lo, hi)
    if np.isfinite(lo).any() or np.isfinite(hi).any():
        yield np.where(np.isfinite(lo), lo, home)
        yield np.where(np.isfinite(hi), hi, home)
    for i in range(min(n, 16)):
        yield np.clip(np.where(np.arange(n) == i, 1.0, home), lo, hi)
    rng = generator(n, 7)
    while True:
        yield np.clip(rng.integers(-2, 3, n).astype(float), lo, hi)
        yield np.clip(rng.integers(-8, 9, n) / 4.0, lo, hi)
        count -= 2
        if count < 0 or n == 0:
            return


def heavy_tailed(where: Space, rng: np.random.Generator, count: int) -> Array:
    """`count` points about the home and the middle, each on a scale drawn log-uniformly from 1e-6 to 1e6.

    Half of them change a few coordinates only; bounded coordinates are drawn uniformly at times.
    """
    n = where.dimension
    centre = np.where(rng.random((count, 1)) < 0.5, where.home(), where.middle())
    scale = 10.0 ** rng.uniform(-6.0, 6.0, (count, 1))
    # Half of the mass on the scales where activations bend.
    scale = np.where(rng.random((count, 1)) < 0.5, 10.0 ** rng.uniform(-1.0, 1.0, (count, 1)), scale)
    step = rng.standard_normal((count, n)) * scale
    step *= np.where(rng.random((count, 1)) < 0.25, rng.random((count, n)) < 3.0 / max(n, 3), True)
    drawn = centre + step
    finite = np.isfinite(where.near_lo) & np.isfinite(where.near_hi)
    with np.errstate(invalid="ignore"):
        spread = where.near_lo + (where.near_hi - where.near_lo) * rng.random((count, n))
    return where.clip(np.where(finite & (rng.random((count, 1)) < 0.6), spread, drawn))


# ------------------------------------------------------------------ directions


@_once
def structured_directions(where: Space, count: int) -> Array:
    """Up to `count` directions of -1, 0, 1 (and 2 in the plane), quantified coordinates 0: all-ones, axes, pairs."""
    d = where.decision
    rows: list[Array] = []

    def add(pattern: Array) -> None:
        rows.append(np.concatenate([pattern, np.zeros(where.dimension - d)]))

    unit = np.eye(d) if d <= 64 else np.zeros((0, d))
    few = [*range(min(d, 4))]
    chain, corners = ([int(i) for i in _corners(where, matrices=m) if i < d] for m in (True, False))
    for chosen in (chain, corners):
        if len(chosen) > 1:
            add(np.isin(np.arange(d), chosen).astype(float))
    for i, j in itertools.islice(itertools.combinations(corners, 2), 12):
        add(_unit(d, i) + _unit(d, j))
    for i in few:
        add(_unit(d, i))
    if d > 1:
        add(np.ones(d))
        add(np.where(np.arange(d) % 2 == 0, 1.0, -1.0))
    for i, j in itertools.combinations(few, 2):
        add(_unit(d, i) + _unit(d, j))
        add(_unit(d, i) - _unit(d, j))
    for row in unit[4:]:
        add(row)
    if d == 2:
        for a, b in ((1, 2), (2, 1), (1, -2), (2, -1)):
            add(np.array([float(a), float(b)]))
    for pattern in _scattered(where, count):
        add(pattern)
    return _distinct(np.array(rows))[:count]


def _unit(d: int, i: int) -> Array:
    row = np.zeros(d)
    row[i] = 1.0
    return row


def _scattered(where: Space, count: int) -> Iterable[Array]:
    """Pairs and sign vectors among many coordinates, drawn the same way every time."""
    d = where.decision
    if d < 3:
        return
    rng = generator(d, 8)
    for k in range(count):
        if k % 3 == 0:
            yield rng.choice([-1.0, 1.0], d)
        elif k % 3 == 1:
            yield rng.choice([-1.0, 0.0, 1.0], d)
        else:
            i, j = rng.choice(d, 2, replace=False)
            yield _unit(d, i) + rng.choice([-1.0, 1.0]) * _unit(d, j)


def random_directions(where: Space, rng: np.random.Generator, count: int) -> Array:
    """`count` directions of largest coordinate 1: one coordinate, a few, or all of them; quantified coordinates 0."""
    d = where.decision
    dense = rng.standard_normal((count, d))
    kept = rng.random((count, d)) < np.array([1.0, 2.0, 4.0, d])[rng.integers(0, 4, count)][:, None] / d
    kept[np.arange(count), rng.integers(0, d, count)] = True
    rows = np.where(kept, dense, 0.0)
    rows /= np.abs(rows).max(axis=1, keepdims=True)
    return np.concatenate([rows, np.zeros((count, where.dimension - d))], axis=1)


# ------------------------------------------------------------------ lines


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines ``base + t direction`` with equally spaced nodes t: bases and directions (L, n), times (L, K)."""

    bases: Array
    directions: Array
    times: Array

    def __len__(self) -> int:
        return len(self.bases)

    def nodes(self) -> Array:
        """All nodes, shape (L, K, n)."""
        return np.asarray(self.bases[:, None, :] + self.times[:, :, None] * self.directions[:, None, :])


def joined(parts: Sequence[Lines]) -> Lines:
    """All lines of several families with equally many nodes."""
    return Lines(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("bases", "directions", "times")))


def lines_of_step(bases: Array, directions: Array, step: Array | float, half: int) -> Lines:
    """Nodes at the integer multiples -half..half of `step`."""
    steps = np.broadcast_to(np.asarray(step, dtype=float), (len(bases),))
    return Lines(bases, directions, steps[:, None] * np.arange(-half, half + 1.0))


def chords(where: Space, bases: Array, directions: Array, half: int) -> Lines:
    """Lines over the whole of the domain where it is bounded along the direction; lines that are not are left out."""
    first, last = reach(where, bases, directions)
    bounded = np.isfinite(first) & np.isfinite(last) & (last > first)
    first, last = first[bounded], last[bounded]
    share = np.arange(2 * half + 1.0) / (2 * half)
    # A hair off the ends, which rounding would otherwise step over.
    first, last = first + 1e-9 * (last - first), last - 1e-9 * (last - first)
    times = first[:, None] + (last - first)[:, None] * share
    return Lines(bases[bounded], directions[bounded], times)


def reach(where: Space, bases: Array, directions: Array) -> tuple[Array, Array]:
    """The times between which each line stays in the domain."""
    with np.errstate(all="ignore"):
        up = np.where(directions > 0, where.near_hi - bases, where.near_lo - bases) / directions
        down = np.where(directions > 0, where.near_lo - bases, where.near_hi - bases) / directions
    still = directions == 0
    last = np.where(still, np.inf, up).min(axis=1)
    first = np.where(still, -np.inf, down).max(axis=1)
    return np.minimum(first, 0.0), np.maximum(last, 0.0)


def fitting_step(where: Space, bases: Array, directions: Array, half: int, *, shorter: bool = False) -> Array:
    """A power of two per line, at most 1, with which the nodes stay in the domain on the longer (or shorter) side."""
    first, last = reach(where, bases, directions)
    room = (np.minimum if shorter else np.maximum)(-first, last) / half
    room = np.where(room > 0, room, np.maximum(-first, last) / half)
    room = np.where(np.isfinite(room) & (room > 0), np.minimum(room, 1.0), 1.0)
    return np.asarray(2.0 ** np.floor(np.log2(room)))


def _distinct(rows: Array) -> Array:
    """The rows without repetitions, first occurrences in order."""
    first: dict[bytes, int] = {}
    for k, row in enumerate(rows + 0.0):  # which leaves no negative zero
        first.setdefault(row.tobytes(), k)
    return rows[list(first.values())]
