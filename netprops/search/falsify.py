"""Searching a traced program for a counterexample, in floats: candidates for the exact readings to certify.

Each search goes through families of points, simplest first, and stops at the first family in which a violation stands
clear of rounding. Convexity, quasiconvexity and monotonicity are searched along lines: K equally spaced nodes give all
their midpoints and quarter points for K evaluations, so that kinks are met at many scales. The families: few-digit
lines through few-digit points; directions of negative curvature, from finite-difference Hessians (where there are many
coordinates: by Lanczos' method, and in a subspace); heavy-tailed random lines; and, last, local ascent on the
violation.

Identical inputs give identical candidates. A budget is a number of evaluated points.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import numpy as np

from netprops.domains import Box, DomainError, exact
from netprops.readings.floats import cost, evaluate_batch, measured
from netprops.readings.jaxpr import Program
from netprops.search import buckets, probes, sweeps
from netprops.search.points import (
    Around,
    Lines,
    Space,
    chords,
    few_coordinates,
    fitting_step,
    generator,
    heavy_tailed,
    joined,
    lines_of_step,
    narrowed,
    random_directions,
    simplest_pairs,
    simplicity,
    space,
    structured_directions,
    structured_points,
)

Array = np.ndarray[Any, Any]
Side = Literal[1, -1]

BUDGET = 20_000  # points evaluated at most by default, fewer where one costs more than _WORK / BUDGET operations
_WORK = 4e8
SWEPT = 400_000  # points evaluated by default where the device searches, fewer where one costs much
_SWEPT_WORK = 4e9
_POOL = 4096  # points of a pool at most
_OWN = 5_000_000  # points from which on a network is worth an executable of its own
_QUANTIFIED = 3  # values of what is quantified that are searched
KEPT = 8  # candidates returned at most
SURE = 256.0  # violations this many times the rounding noise end a search
_DOUBTFUL = 2.0  # those below this many times the noise are not worth certifying
_EPS = 2.0**-52
_DEVICE_WORK = 4e9  # scalar operations from which a compilation pays
MANY = 512  # coordinates from which on a few of them are searched first
_FEW = 48  # of them at most
_FEW_POINTS, _FEW_WORK = 120, 1e9  # points evaluated there: as many as so many operations pay for, and at least
_HUGE = 1 << 15  # coordinates from which on no cloud of points in all of them is drawn
_TILE = 1 << 24  # doubles that the points of one tile may hold


@dataclass(frozen=True, eq=False)
class Candidate:
    """A violation in floats.

    `points` are one point (positivity, equality, minima), the ends (a, b) of a segment, or a pair a <= b; each is a
    float64 array per flat argument. On a segment the middle is ``(1 - weight) a + weight b``; elsewhere weight is 0.
    `entry` counts the entries of all outputs in C order. `violation` is the gap in the units of the function (for
    minima, minus the value), and `margin` is the gap over the rounding noise to be expected there.
    """

    points: tuple[tuple[Array, ...], ...]
    weight: float
    entry: int
    violation: float
    margin: float


@dataclass(frozen=True, eq=False)
class Found:
    """What a search came back with.

    `candidates` are best first: those clear of rounding by simplicity, then the others by margin. `nonfinite` is the
    point nearest to 0 at which some entry came out infinite or NaN, if any did: an overflow, or a function undefined
    there. `screen` re-evaluates the margin of other points in place of a candidate's: an array
    (P, k, n) of k flat points each, the weights (P,) and an entry give margins (P,). `effort` is how many points it is
    reasonable to screen while polishing, from the cost of one.
    """

    candidates: tuple[Candidate, ...]
    evaluations: int
    nonfinite: tuple[Array, ...] | None
    nonfinite_count: int
    screen: Callable[[Array, Array, int], Array]
    effort: int
    nearest: Nearest | None = None
    few: Few | None = None


@dataclass(frozen=True, eq=False)
class Few:
    """Where the candidates of a search in a few coordinates lie: in boxes, one an argument, amid fixed numbers."""

    boxes: tuple[Box, ...]
    around: Around

    def widened(self, point: Sequence[Array]) -> tuple[Array, ...]:
        """An exact point of the few coordinates as a point of all of them; equal numbers of the rest are one object."""
        rest = self.around.rest
        values, which = np.unique(rest, return_inverse=True)
        flat = np.array([exact(x) for x in values.tolist()], dtype=object)[which]
        flat[self.around.places] = np.concatenate([x.reshape(-1) for x in point])
        ends = np.cumsum([math.prod(shape) for shape in self.around.shapes])[:-1]
        return tuple(x.reshape(shape) for x, shape in zip(np.split(flat, ends), self.around.shapes, strict=True))


@dataclass(frozen=True, eq=False)
class Nearest:
    """The segment or pair on which a property came nearest to failing.

    `slack` is how far it was from that, as a share of the change of the function along a segment, or of the length of a
    pair: below 0 where floats see a violation, which may be rounding.
    """

    a: tuple[Array, ...]
    b: tuple[Array, ...]
    slack: float


@dataclass(frozen=True, eq=False)
class Curved:
    """A point, a direction in the decision coordinates, and v'Hv as finite differences see it there."""

    point: tuple[Array, ...]
    direction: tuple[Array, ...]
    entry: int
    curvature: float


# ------------------------------------------------------------------ the questions


def against_convexity(
    program: Program, decision: int, *, side: Side = 1, seed: int = 0, budget: int | None = None
) -> Found:
    """Segments with ``side * (f((1-w) a + w b) - (1-w) f(a) - w f(b)) > 0``; side 1 refutes convexity, -1 concavity.

    Args:
        decision: the first so many flat arguments vary along a segment, the others are equal at both ends.

    Raises:
        DomainError: `decision` counts no argument of the program, or the budget is not positive.
    """
    return _along_lines(program, decision, _jensen_property(side), seed, budget)


def against_quasiconvexity(
    program: Program, decision: int, *, side: Side = 1, seed: int = 0, budget: int | None = None
) -> Found:
    """Segments with ``f(mid) > max(f(a), f(b))``, or for side -1 ``f(mid) < min(f(a), f(b))``."""
    return _along_lines(program, decision, _quasi_property(side), seed, budget)


def on_device(
    program: Program, decision: int, *, side: Side = 1, quasi: bool = False, seed: int = 0, budget: int | None = None
) -> Found:
    """As `against_convexity` or `against_quasiconvexity`, by sweeps on JAX's devices: many more chords, for one
    compilation (`netprops.search.sweeps`).

    Args:
        budget: evaluated points; by default `SWEPT`, fewer where one costs more than `_SWEPT_WORK / SWEPT` operations.
    """
    prop = (_quasi_property if quasi else _jensen_property)(side)
    if budget is None:
        budget = int(min(SWEPT, _SWEPT_WORK / (cost(program).operations + 1)))
    where = _space(program, decision, budget)
    oracle = _Oracle((program,), where, budget)
    picks = list(_swept(oracle, decision, side, quasi, seed))
    return _report(oracle, where, prop, _check(oracle, where, prop, picks))


def _swept(oracle: _Oracle, decision: int, side: Side, quasi: bool, seed: int) -> Iterator[_Pick]:
    """The clearest chords of sweeps, one for each of a few values of what is quantified."""
    (program,), where, d = oracle.programs, oracle.where, oracle.where.decision
    rng = generator(seed, 9)
    known = buckets.recognised(program, decision) if oracle.budget < _OWN else None
    turns = _QUANTIFIED if where.dimension > d else 1
    rows = sweeps.rows_for(program, int(min(_POOL, max(64, math.isqrt(oracle.budget // turns)))))
    count = max(1, min(rows, oracle.budget // turns // rows - 1))
    for resting in _resting(where, rng, turns):
        pool = _pool(where, rng, rows, count)
        pool[:, d:] = resting
        leaves = where.split(pool)
        rest = [x[0] for x in leaves[decision:]]
        bases, ends = np.arange(count), (where.near_lo[:d], where.near_hi[:d])
        swept = (
            sweeps.sweep(program, leaves[:decision], rest, bases, ends, side=side, quasi=quasi)
            if known is None
            else buckets.sweep(known, leaves[:decision], rest, bases, side=side, quasi=quasi)
        )
        oracle.evaluations += swept.evaluations
        for k in np.flatnonzero(swept.margins > _DOUBTFUL)[:128].tolist():
            a, b = (np.concatenate([end[k], resting]) for end in (swept.a, swept.b))
            yield _Pick(a, b, float(swept.weights[k]), int(swept.entries[k]), float(swept.margins[k]))


def _resting(where: Space, rng: np.random.Generator, turns: int) -> Array:
    """So many values (turns, n - d) of what is quantified; one, of no numbers, where nothing is."""
    if turns == 1:
        return np.zeros((1, 0))
    return np.concatenate([structured_points(where, 3), heavy_tailed(where, rng, turns)])[-turns:, where.decision :]


def _pool(where: Space, rng: np.random.Generator, rows: int, bases: int) -> Array:
    """Points, the first `bases` of which are joined to all: simple ones, clouds, and points near and far from bases."""
    simple = structured_points(where, max(1, min(64, bases // 2)))
    clouds = heavy_tailed(where, rng, max(0, rows - len(simple)))
    points = np.concatenate([simple, clouds])[:rows]
    near = np.arange(rows) >= max(bases, rows // 2)
    parents = points[rng.integers(0, bases, int(near.sum()))]
    reached = np.maximum(np.abs(parents).max(axis=1, keepdims=True), 1.0)
    steps = reached * 10.0 ** rng.uniform(-4.0, 0.5, (len(parents), 1)) * random_directions(where, rng, len(parents))
    points[near] = where.clip(parents + steps)
    return points


def against_monotonicity(
    program: Program, decision: int, *, sign: Side = 1, seed: int = 0, budget: int | None = None
) -> Found:
    """Pairs ``a <= b`` in every coordinate with ``sign * (f(a) - f(b)) > 0``; most differ in one coordinate."""
    prop = _Property(lambda a, m, b, w: sign * (a - b), _PAIRS, "pair", sign)
    return _along_lines(program, decision, prop, seed, budget)


def against_positivity(program: Program, *, seed: int = 0, budget: int | None = None) -> Found:
    """Points with ``f <= 0``: those clearly below first, then exact zeros."""
    return _among_points([program], lambda values: values, True, seed, budget)


def against_equality(f: Program, g: Program, *, seed: int = 0, budget: int | None = None) -> Found:
    """Points with ``f != g`` beyond rounding.

    Raises:
        DomainError: programs of different arguments or outputs.
    """
    if [leaf.shape for leaf in f.arguments] != [leaf.shape for leaf in g.arguments] or f.out_shapes != g.out_shapes:
        raise DomainError("two functions are compared on the same arguments and with the same outputs")
    return _among_points([f, g], lambda values: -np.abs(values), False, seed, budget)


def minimise(program: Program, *, seed: int = 0, budget: int | None = None) -> Found:
    """Points with the smallest values found of any entry; `violation` is minus the value, so it falls along the list.

    The whole budget is spent.
    """
    return _among_points([program], lambda values: values, False, seed, budget, exhaustive=True)


@np.errstate(all="ignore")
def negative_curvature(
    program: Program, decision: int, *, side: Side = 1, seed: int = 0, budget: int | None = None
) -> list[Curved]:
    """Points and directions with ``side * v'Hv < 0`` by finite differences, most negative first (relative to H)."""
    budget = _points_to_spend([program], budget)
    where = _space(program, decision, budget)
    oracle = _Oracle((program,), where, budget)
    hits: list[tuple[float, Curved]] = []
    rng = generator(seed, 3)
    count = max(2, budget // (16 * _hessian_cost(where, budget)))
    for bases, step in itertools.product(
        (structured_points(where, min(count, 16)), heavy_tailed(where, rng, count)), (1.0, 2.0**-4, 2.0**-10)
    ):
        for base, direction, entry, value, relative in _eigen(oracle, where, bases, step, side, rng):
            curved = Curved(tuple(where.split(base)), tuple(where.split(direction)), entry, value)
            hits.append((relative, curved))
        if any(relative < -1e-3 for relative, _ in hits):
            break
    hits.sort(key=lambda hit: hit[0])
    return [curved for _, curved in hits[:KEPT]]


# ------------------------------------------------------------------ properties on lines


@dataclass(frozen=True)
class _Stencil:
    """Three nodes of a line: the end a `before` nodes before the middle, the end b `after` nodes after it."""

    before: int
    after: int

    @property
    def span(self) -> int:
        return self.before + self.after

    @property
    def weight(self) -> float:
        """Of the end b."""
        return self.before / self.span


_HALVES = tuple(_Stencil(s, s) for s in (1, 2, 3, 4, 6, 8, 12, 16))
_QUARTERS = tuple(_Stencil(s, 3 * s) for s in (1, 2, 4)) + tuple(_Stencil(3 * s, s) for s in (1, 2, 4))
_SEGMENTS = _HALVES + _QUARTERS
_PAIRS = tuple(_Stencil(0, s) for s in (1, 2, 4, 8, 16, 32))


@dataclass(frozen=True, eq=False)
class _Property:
    """What a violation is: `gap` of the values at a, the middle and b, and the weight of b; positive is a violation."""

    gap: Callable[[Array, Array, Array, Any], Array]
    stencils: tuple[_Stencil, ...]
    kind: Literal["segment", "pair"]
    side: Side


def _jensen_property(side: Side) -> _Property:
    return _Property(lambda a, m, b, w: side * (m - ((1.0 - w) * a + w * b)), _SEGMENTS, "segment", side)


def _quasi_property(side: Side) -> _Property:
    return _Property(lambda a, m, b, w: side * m - np.maximum(side * a, side * b), _SEGMENTS, "segment", side)


@dataclass
class _Oracle:
    """Evaluates flat points, counts them, and remembers the nonfinite one nearest to 0.  Several programs: f - g."""

    programs: tuple[Program, ...]
    where: Space
    budget: int
    evaluations: int = 0
    nonfinite_count: int = 0
    nonfinite: Array | None = None
    size: float = field(default=math.inf)

    @property
    def left(self) -> int:
        return self.budget - self.evaluations

    def __call__(self, points: Array) -> Array:
        """Values (B, E) of all entries at the rows (B, n)."""
        self.evaluations += len(points)
        device = sum(cost(p).operations for p in self.programs) * len(points) > _DEVICE_WORK
        tiles = [
            [_entries(evaluate_batch(p, split, device=device and self.where.around is None)) for p in self.programs]
            for split in self._tiles(points)
        ]
        return self._noted(points, [np.concatenate(column) for column in zip(*tiles, strict=True)])

    def measured(self, points: Array) -> tuple[Array, Array]:
        """Values as above, and the largest intermediate value at each row, (B,)."""
        self.evaluations += len(points)
        tiles = [[measured(p, split) for p in self.programs] for split in self._tiles(points)]
        columns = list(zip(*tiles, strict=True))
        values = self._noted(points, [np.concatenate([_entries(out) for out, _ in column]) for column in columns])
        sizes = [np.concatenate([size for _, size in column]) for column in columns]
        return values, np.asarray(np.sum(sizes, axis=0))

    def _tiles(self, points: Array) -> Iterator[list[Array]]:
        """The arguments of the programs at the points, so many at a time as do not fill the memory."""
        around = self.where.around
        tile = len(points) if around is None else max(1, _TILE // len(around.rest))
        for start in range(0, max(len(points), 1), max(tile, 1)):
            yield self.where.arguments(points[start : start + tile])

    def _noted(self, points: Array, outs: Sequence[Array]) -> Array:
        with np.errstate(invalid="ignore"):
            values = outs[0] if len(outs) == 1 else outs[0] - outs[1]
        self._note(points, values)
        return values

    def _note(self, points: Array, values: Array) -> None:
        wrong = ~np.isfinite(values).all(axis=1)
        if wrong.any():
            self.nonfinite_count += int(wrong.sum())
            sizes = np.abs(points[wrong]).max(axis=1)
            nearest = int(np.argmin(sizes))
            if sizes[nearest] < self.size:
                self.size, self.nonfinite = float(sizes[nearest]), points[wrong][nearest]


def _entries(outputs: Sequence[Array]) -> Array:
    return np.concatenate([y.reshape(len(y), -1) for y in outputs], axis=1)


def _points_to_spend(programs: Sequence[Program], budget: int | None) -> int:
    if budget is not None:
        return budget
    return int(min(BUDGET, max(1000.0, _WORK / sum(cost(p).operations + 1 for p in programs))))


def _space(program: Program, decision: int, budget: int) -> Space:
    if not 1 <= decision <= len(program.arguments):
        raise DomainError(f"{decision} decision arguments of a program with {len(program.arguments)}")
    if budget < 1:
        raise DomainError(f"a search needs a positive budget, got {budget}")
    return space(program.arguments, decision)


@np.errstate(all="ignore")
def _along_lines(program: Program, decision: int, prop: _Property, seed: int, budget: int | None) -> Found:
    budget = _points_to_spend([program], budget)
    where = _space(program, decision, budget)
    first: Found | None = None
    if where.decision > MANY:
        first = _on_few_coordinates(program, decision, where, prop, seed, budget)
        if any(candidate.margin > SURE for candidate in first.candidates):
            return first
    found = _in_all_coordinates(program, where, prop, seed, budget)
    if first is None or found.candidates:
        return found
    return replace(found, evaluations=found.evaluations + first.evaluations)


def _on_few_coordinates(
    program: Program, decision: int, where: Space, prop: _Property, seed: int, budget: int
) -> Found:
    """A search in the first entries of each argument: of a large network in one of few units.

    Nothing in it grows with the number of coordinates but the evaluations themselves.
    """
    boxes = program.arguments
    few, narrow = narrowed(where, boxes, decision, few_coordinates([leaf.shape for leaf in boxes], _FEW))
    budget = int(min(budget, max(_FEW_POINTS, _FEW_WORK / (cost(program).operations + 1))))
    found = _in_all_coordinates(program, few, prop, seed, budget)
    return replace(found, nearest=None, few=Few(tuple(narrow), cast("Around", few.around)))


def _in_all_coordinates(program: Program, where: Space, prop: _Property, seed: int, budget: int) -> Found:
    oracle = _Oracle((program,), where, budget)
    checked: list[_Checked] = []
    best = _Best(prop)
    rng = generator(seed, 4)
    for lines in itertools.chain(_families(oracle, where, prop, seed), _ascent(oracle, where, prop, best, rng)):
        lines = _affordable(lines, oracle.left)
        if not len(lines):
            continue
        checked += _check(oracle, where, prop, _picks(_values(oracle, where, lines), lines, prop, best))
        if any(one.margin > SURE for one in checked):
            break
    return replace(_report(oracle, where, prop, checked), nearest=_nearest(where, best))


def _nearest(where: Space, best: _Best) -> Nearest | None:
    if not best.middles:
        return None
    middle, half = best.middles[0], best.halves[0]
    return Nearest(tuple(where.split(middle - half)), tuple(where.split(middle + half)), -float(best.scores[0]))


def _affordable(lines: Lines, left: int) -> Lines:
    count = left // lines.times.shape[1]
    return Lines(lines.bases[:count], lines.directions[:count], lines.times[:count])


def _values(oracle: _Oracle, where: Space, lines: Lines) -> Array:
    """Values (L, K, E) at the nodes; NaN at those outside the domain."""
    nodes = lines.nodes()
    flat = nodes.reshape(-1, where.dimension)
    inside = where.inside(flat)
    values = oracle(flat[inside])
    table = np.full((len(flat), values.shape[1]), np.nan)
    table[inside] = values
    return table.reshape(*nodes.shape[:2], -1)


@dataclass(frozen=True, eq=False)
class _Pick:
    """A violation on a line: its ends, the weight of the second, the entry."""

    a: Array
    b: Array
    weight: float
    entry: int
    margin: float


@dataclass
class _Best:
    """The most promising stencils so far, for the ascent: rows of (middle, half difference) and their scores."""

    prop: _Property
    scores: Array = field(default_factory=lambda: np.zeros(0))
    middles: list[Array] = field(default_factory=list)
    halves: list[Array] = field(default_factory=list)


@dataclass
class _Top:
    """The highest score seen so far on each line for each entry, and at which stencil and node."""

    score: Array
    which: Array
    start: Array

    def offer(self, scores: Array, which: int) -> None:
        """Scores (L, C, E) of the stencil `which` at C starting nodes."""
        at = scores.argmax(axis=1)
        here = np.take_along_axis(scores, at[:, None, :], axis=1)[:, 0, :]
        better = here > self.score
        self.score, self.which, self.start = (
            np.where(better, new, old) for new, old in ((here, self.score), (which, self.which), (at, self.start))
        )


def _top(lines: int, entries: int) -> _Top:
    zeros = np.zeros((lines, entries), dtype=int)
    return _Top(np.full((lines, entries), -np.inf), zeros, zeros)


def _picks(table: Array, lines: Lines, prop: _Property, best: _Best) -> list[_Pick]:
    """On each line and for each entry: the stencil clearest of rounding, and the one with the largest gap."""
    L, K, E = table.shape
    clearest, largest, promising = _top(L, E), _top(L, E), _top(L, 1)
    step = np.abs(lines.times[:, 1] - lines.times[:, 0]) * np.abs(lines.directions).max(axis=1)
    for which, stencil in enumerate(prop.stencils):
        if stencil.span < K:
            gap, margin, score = _scores(table, prop, stencil, step)
            clearest.offer(margin, which)
            largest.offer(np.where(margin > _DOUBTFUL, gap, -np.inf), which)
            promising.offer(score, which)
    _remember(best, lines, prop, promising)
    picks = []
    for top in (clearest, largest):
        clear = np.where(clearest.score > _DOUBTFUL, top.score, -np.inf)
        hits = np.argwhere(np.isfinite(clear))
        order = np.argsort(-clear[tuple(hits.T)], kind="stable")[:128]
        for i, e in hits[order].tolist():
            picks.append(_pick(lines, prop, i, e, int(top.which[i, e]), int(top.start[i, e]), clearest.score[i, e]))
    return picks


def _scores(table: Array, prop: _Property, stencil: _Stencil, step: Array) -> tuple[Array, Array, Array]:
    """Gaps and margins (L, C, E) of one stencil wherever it fits, and what the ascent climbs, (L, C, 1).

    The ascent climbs the gap over the change of the function along a segment, or over the length of a pair.
    """
    K = table.shape[1]
    a, b = table[:, : K - stencil.span], table[:, stencil.span :]
    m = table[:, stencil.before : K - stencil.after] if stencil.before else a
    with np.errstate(all="ignore"):
        gap = prop.gap(a, m, b, stencil.weight)
        fine = np.isfinite(gap)
        noise = _EPS * (np.abs(a) + np.abs(m) + np.abs(b)) + 1e-300
        change = np.abs(a - m) + np.abs(b - m) + 1e4 * noise
        score = gap / (change if prop.kind == "segment" else (step * stencil.span)[:, None, None])
        return (
            np.where(fine, gap, -np.inf),
            np.where(fine, gap / noise, -np.inf),
            np.where(fine, score, -np.inf).max(axis=2, keepdims=True),
        )


def _pick(lines: Lines, prop: _Property, line: int, entry: int, which: int, start: int, margin: float) -> _Pick:
    stencil = prop.stencils[which]
    ends = [lines.bases[line] + lines.times[line, k] * lines.directions[line] for k in (start, start + stencil.span)]
    return _Pick(ends[0], ends[1], stencil.weight, entry, margin)


def _remember(best: _Best, lines: Lines, prop: _Property, top: _Top) -> None:
    scores = top.score[:, 0]
    for i in np.argsort(-scores, kind="stable")[:KEPT].tolist():
        if np.isfinite(scores[i]):
            pick = _pick(lines, prop, i, 0, int(top.which[i, 0]), int(top.start[i, 0]), 0.0)
            best.scores = np.append(best.scores, scores[i])
            best.middles.append((pick.a + pick.b) / 2)
            best.halves.append((pick.b - pick.a) / 2)
    keep = np.argsort(-best.scores, kind="stable")[:KEPT]
    best.scores = best.scores[keep]
    best.middles, best.halves = [best.middles[k] for k in keep], [best.halves[k] for k in keep]


# ------------------------------------------------------------------ families of lines


def _families(oracle: _Oracle, where: Space, prop: _Property, seed: int) -> Iterator[Lines]:
    """Lines to look at, simplest first; generated as they are asked for, within the budget."""
    budget = oracle.budget
    if where.dimension > _HUGE:
        yield from _probed_lines(oracle, where, prop.side, generator(seed, 5)) if prop.kind == "segment" else ()
        return
    half = 2 if budget < 1000 else 16 if where.dimension <= 32 else 8
    share = max(1, budget // (4 * (2 * half + 1)))  # lines that a quarter of the budget pays for
    turn = np.abs if prop.kind == "pair" else np.asarray
    bases, directions = structured_points(where, 64), turn(structured_directions(where, 96))
    first = _crossed(bases[:4], directions[:6], min(12, share))
    yield lines_of_step(*first, fitting_step(where, *first, half) / 2.0, half)
    many = _crossed(bases, directions, max(1, share // 4))
    yield lines_of_step(*many, fitting_step(where, *many, half), half)
    yield chords(where, *many, half)
    yield lines_of_step(*many, fitting_step(where, *many, half, shorter=True), half)
    yield lines_of_step(*many, fitting_step(where, *many, half) / 16.0, half)
    yield lines_of_step(*many, 8.0, half)
    rng = generator(seed, 1)
    if prop.kind == "segment":
        yield from _lanczos_lines(oracle, where, prop.side, generator(seed, 5), half)
        yield from _eigen_lines(oracle, where, bases, prop.side, rng, half, budget // 5)
    yield from _random_lines(where, rng, turn, half, share)
    if prop.kind == "segment":
        clouds = heavy_tailed(where, rng, 64)
        yield from _eigen_lines(oracle, where, clouds, prop.side, rng, half, budget // 5)


def _crossed(bases: Array, directions: Array, count: int) -> tuple[Array, Array]:
    """Pairs of a base and a direction, simplest pairs first."""
    chosen = simplest_pairs(len(bases), len(directions))[:count]
    return bases[chosen[:, 0]], directions[chosen[:, 1]]


def _random_lines(
    where: Space, rng: np.random.Generator, turn: Callable[[Array], Array], half: int, count: int
) -> Iterator[Lines]:
    for part in range(2):
        bases = heavy_tailed(where, rng, count // 2 + 1)
        directions = turn(random_directions(where, rng, len(bases)))
        reached = np.maximum(np.abs(bases[:, : where.decision]).max(axis=1), 1e-3)
        steps = reached * 10.0 ** rng.uniform(-3.0, 1.0, len(bases)) / half
        yield lines_of_step(bases, directions, steps, half)
        if part == 0:
            yield chords(where, bases[: count // 4 + 1], directions[: count // 4 + 1], half)


def _eigen_lines(
    oracle: _Oracle, where: Space, bases: Array, side: Side, rng: np.random.Generator, half: int, budget: int
) -> Iterator[Lines]:
    """Lines along the most negative eigen-directions of finite-difference Hessians."""
    count = max(1, min(len(bases), budget // (3 * _hessian_cost(where, oracle.budget))))
    for step in (1.0, 2.0**-7):
        found = sorted(_eigen(oracle, where, bases[:count], step, side, rng), key=lambda hit: hit[4])[:16]
        if found:
            points = np.array([hit[0] for hit in found])
            directions = np.array([hit[1] for hit in found])
            yield joined([lines_of_step(points, directions, s, half) for s in (step / 4.0, step, step / 64.0)])


_LANCZOS_STEPS = 5


def _lanczos_lines(oracle: _Oracle, where: Space, side: Side, rng: np.random.Generator, half: int) -> Iterator[Lines]:
    """Where there are too many coordinates for a Hessian: lines along Lanczos' most negative direction, entry 0.

    ``2h^2 e_i'Hv = f(+v+i) + f(-v-i) - f(+v) - f(-v) - f(+i) - f(-i) + 2f(0)``: 2d points a step, 2d once.
    """
    d = where.decision
    if d <= _hessian_size(where, oracle.budget):
        return
    h = 2.0**-5
    base = np.clip(
        where.middle() + 0.5 * rng.standard_normal(where.dimension), where.near_lo + 2.0 * h, where.near_hi - 2.0 * h
    )
    steps = min(_LANCZOS_STEPS, (oracle.left * 3 // 4) // (2 * d) - 1)
    if not where.inside(base):
        return
    if steps < 2:
        yield from _probed_lines(oracle, where, side, rng)
        return
    axes = h * np.eye(d, where.dimension)

    def values(points: Array) -> Array:
        return np.where(where.inside(points), oracle(where.clip(points))[:, 0], np.nan)

    at = values(base[None])[0]
    alone = values(base + axes) + values(base - axes)

    def times(v: Array) -> Array:
        along = np.concatenate([h * v, np.zeros(where.dimension - d)])
        both = values(base + along + axes) + values(base - along - axes)
        ends = values(np.array([base + along, base - along])).sum()
        return np.asarray(side * (both - ends - alone + 2.0 * at) / (2.0 * h * h))

    direction = _lanczos(times, rng.standard_normal(d), steps)
    if direction is not None:
        direction = np.concatenate([direction / np.abs(direction).max(), np.zeros(where.dimension - d)])
        rows = np.repeat(base[None], 3, axis=0), np.repeat(direction[None], 3, axis=0)
        yield lines_of_step(*rows, np.array([h, 1.0 / half, 1.0]), half)


def _probed_lines(oracle: _Oracle, where: Space, side: Side, rng: np.random.Generator) -> Iterator[Lines]:
    """Where differences cost too much: Lanczos' method on products with the Hessian, which the device computes.

    Points and directions are multiples of 1/16 and 1/64, so that they are exact with few digits.
    """
    (program,) = oracle.programs
    d, n = where.decision, where.dimension
    arguments = sum(1 for start in np.cumsum([0, *map(math.prod, where.shapes)])[:-1] if start < d)
    for scale in (0.25, 1.0):
        base = where.clip(where.middle() + np.rint(16.0 * scale * rng.standard_normal(n)) / 16.0)
        found = probes.most_negative(program, arguments, where.split(base), rng.standard_normal(d), side=side)
        oracle.evaluations += 3 * probes.STEPS  # so many forward passes, about
        if found is None:
            return
        if found.curvature < 0 and np.isfinite(found.direction).all():
            direction = np.zeros(n)
            direction[:d] = np.rint(64.0 * found.direction / np.abs(found.direction).max()) / 64.0
            both = np.repeat(base[None], 3, axis=0), np.repeat(direction[None], 3, axis=0)
            yield lines_of_step(*both, 2.0 ** -np.arange(3.0), 1)


def _lanczos(times: Callable[[Array], Array], start: Array, steps: int) -> Array | None:
    """The most negative Ritz vector of a symmetric map after so many steps; None where it is not finite."""
    basis = [start / np.linalg.norm(start)]
    images: list[Array] = []
    for _ in range(steps):
        images.append(times(basis[-1]))
        if not np.isfinite(images[-1]).all():
            return None
        Q = np.array(basis)
        rest = images[-1] - Q.T @ (Q @ images[-1])
        rest = rest - Q.T @ (Q @ rest)
        if np.linalg.norm(rest) < 1e-6 * np.linalg.norm(images[-1]):
            break
        basis.append(rest / np.linalg.norm(rest))
    Q = np.array(basis[: len(images)])
    reduced = Q @ np.array(images).T
    return np.asarray(np.linalg.eigh((reduced + reduced.T) / 2.0)[1][:, 0] @ Q)


def _hessian_size(where: Space, budget: int) -> int:
    """Dimension of the subspace whose Hessian an eighth of the budget pays for."""
    return min(where.decision, max(2, math.isqrt(budget // 8)))


def _hessian_cost(where: Space, budget: int) -> int:
    k = _hessian_size(where, budget)
    return 1 + k + k * k


def _eigen(
    oracle: _Oracle, where: Space, bases: Array, step: float, side: Side, rng: np.random.Generator
) -> Iterator[tuple[Array, Array, int, float, float]]:
    """(base, direction, entry, curvature, curvature relative to H) wherever the Hessian has a negative direction.

    ``H_ij = (f(++) + f(--) + 2 f(0) - f(+i) - f(-i) - f(+j) - f(-j)) / 2h^2``, in a subspace where there are many.
    """
    k, d = _hessian_size(where, oracle.budget), where.decision
    width = np.where(np.isfinite(where.near_hi - where.near_lo), where.near_hi - where.near_lo, np.inf)
    size = np.minimum(step, width / 8.0)
    upper = np.triu_indices(k, 1)
    for base in bases:
        if oracle.left < _hessian_cost(where, oracle.budget):
            return
        axes = np.zeros((k, where.dimension))
        axes[np.arange(k), np.arange(k) if k == d else np.sort(rng.choice(d, k, replace=False))] = 1.0
        if k < d:  # half of the subspace mixes all coordinates
            axes[k // 2 :, :d] = rng.choice([-1.0, 1.0], (k - k // 2, d))
        axes *= size
        with np.errstate(invalid="ignore"):
            room = np.where(np.isfinite(width), np.minimum(2.0 * size, width / 3.0), 2.0 * size)
            centre = np.clip(base, where.near_lo + room, where.near_hi - room)
        pairs = axes[upper[0]] + axes[upper[1]]
        points = centre + np.concatenate([np.zeros((1, where.dimension)), axes, -axes, pairs, -pairs])
        if not where.inside(points).all():
            continue
        values = oracle(points)
        hessian = _hessians(values, k)
        noise = 16.0 * k * _EPS * np.abs(values).max(axis=0)
        for entry in np.flatnonzero(np.isfinite(hessian).all(axis=(1, 2)))[:16].tolist():
            eigenvalues, vectors = np.linalg.eigh(side * hessian[entry])
            largest = np.abs(eigenvalues).max()
            if eigenvalues[0] < -noise[entry]:
                direction = vectors[:, 0] @ axes
                length = np.abs(direction).max()
                curvature = float(side * eigenvalues[0]) / float(length**2)
                yield centre, direction / length, entry, curvature, float(eigenvalues[0] / largest)


def _hessians(values: Array, k: int) -> Array:
    """Second differences (E, k, k) from the values at 0, the axes, minus the axes, their pairs, minus their pairs."""
    i, j = np.triu_indices(k, 1)
    at, plus, minus = values[0], values[1 : 1 + k], values[1 + k : 1 + 2 * k]
    hessian = np.zeros((values.shape[1], k, k))
    with np.errstate(invalid="ignore", over="ignore"):
        both = values[1 + 2 * k : 1 + 2 * k + len(i)] + values[1 + 2 * k + len(i) :]
        straight = plus + minus - 2.0 * at
        mixed = 0.5 * (both - 2.0 * at - straight[i] - straight[j])
    hessian[:, np.arange(k), np.arange(k)] = straight.T
    hessian[:, i, j] = hessian[:, j, i] = mixed.T
    return hessian


# ------------------------------------------------------------------ ascent


_CHILDREN = 24


def _ascent(oracle: _Oracle, where: Space, prop: _Property, best: _Best, rng: np.random.Generator) -> Iterator[Lines]:
    """Perturb the most promising stencils, keep what scores higher; steps of all sizes at once."""
    n, d = where.dimension, where.decision
    while n <= _HUGE and oracle.left >= 3 * KEPT * _CHILDREN and best.middles:
        middles = np.repeat(np.array(best.middles), _CHILDREN, axis=0)
        halves = np.repeat(np.array(best.halves), _CHILDREN, axis=0)
        count = len(middles)
        extent = np.abs(halves).max(axis=1, keepdims=True)
        reached = np.maximum(np.abs(middles).max(axis=1, keepdims=True), extent)
        size = 10.0 ** rng.uniform(-4.0, 0.3, (count, 1))
        size = size * (rng.random((count, n)) < rng.choice([1.0, 2.0 / n], (count, 1)))
        drift = np.where(rng.random((count, 1)) < 0.5, extent, reached) * rng.standard_normal((count, n))
        turn = np.concatenate([extent * rng.standard_normal((count, d)), np.zeros((count, n - d))], axis=1)
        halves = (halves + size * turn) * np.exp(0.7 * rng.standard_normal((count, 1)))
        lines = _drawn_in(where, middles + size * drift, np.abs(halves) if prop.kind == "pair" else halves)
        if not len(lines):
            return
        yield lines


def _drawn_in(where: Space, middles: Array, halves: Array) -> Lines:
    """Three nodes each: the ends pulled into the domain; those that shrink to a point are left out."""
    middles = where.clip(middles)
    room = np.maximum(np.minimum(middles - where.near_lo, where.near_hi - middles), 0.0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        shrink = np.where(np.abs(halves) > room, room / np.abs(halves), 1.0).min(axis=1, keepdims=True)
    halves = halves * np.where(np.isfinite(shrink), shrink, 0.0)
    moving = np.abs(halves).max(axis=1) > 0
    return lines_of_step(middles[moving], halves[moving], 1.0, 1)


# ------------------------------------------------------------------ reporting


@dataclass(frozen=True, eq=False)
class _Checked:
    """A pick evaluated once more at its ends and its exact middle, against the magnitude of all intermediate values."""

    pick: _Pick
    gap: float
    margin: float
    length: float


def _check(oracle: _Oracle, where: Space, prop: _Property, picks: list[_Pick]) -> list[_Checked]:
    picks = _spread(picks, 48)
    if not picks:
        return []
    ends = np.array([[pick.a, pick.b] for pick in picks])
    weights = np.array([pick.weight for pick in picks])
    at = np.arange(len(picks)), np.array([pick.entry for pick in picks])
    gaps, margins = _margins(oracle, where, prop, ends, weights)
    middles = (1.0 - weights[:, None]) * ends[:, 0] + weights[:, None] * ends[:, 1]
    lengths = simplicity(ends[:, 0]) + simplicity(ends[:, 1]) + simplicity(middles) + 2.0 * (weights != 0.5)
    rows = zip(picks, gaps[at].tolist(), margins[at].tolist(), lengths.tolist(), strict=True)
    return [_Checked(*row) for row in rows if row[2] > _DOUBTFUL]


def _report(oracle: _Oracle, where: Space, prop: _Property, checked: list[_Checked]) -> Found:
    @np.errstate(all="ignore")
    def screen(ends: Array, weights: Array, entry: int) -> Array:
        return _margins(oracle, where, prop, ends, weights)[1][:, entry]

    def place(one: _Checked) -> tuple[bool, float]:
        return (one.margin <= SURE, one.length if one.margin > SURE else -one.margin)

    candidates = tuple(
        Candidate(
            tuple(tuple(where.split(end)) for end in (one.pick.a, one.pick.b)),
            one.pick.weight,
            one.pick.entry,
            one.gap,
            one.margin,
        )
        for one in sorted(checked, key=place)[:KEPT]
    )
    return _found(oracle, candidates, screen)


def _found(oracle: _Oracle, candidates: Sequence[Candidate], screen: Callable[[Array, Array, int], Array]) -> Found:
    nonfinite = None if oracle.nonfinite is None else tuple(oracle.where.split(oracle.nonfinite))
    work = sum(cost(p).operations for p in oracle.programs)
    effort = int(min(max(2e8 / max(work, 1), 8), 2000))
    return Found(tuple(candidates[:KEPT]), oracle.evaluations, nonfinite, oracle.nonfinite_count, screen, effort)


def _spread(picked: list[_Pick], count: int) -> list[_Pick]:
    """At most `count`: half of them the simplest, half those with the largest margin."""
    if len(picked) <= count:
        return picked
    length = simplicity(np.array([pick.a for pick in picked])) + simplicity(np.array([pick.b for pick in picked]))
    simple = np.argsort(length, kind="stable")[: count // 2].tolist()
    others = [k for k in range(len(picked)) if k not in set(simple)][: count - len(simple)]
    return [picked[k] for k in (*simple, *others)]


def _margins(oracle: _Oracle, where: Space, prop: _Property, ends: Array, weights: Array) -> tuple[Array, Array]:
    """Gaps and margins (P, E) of P segments or pairs (P, 2, n); outside the domain minus infinity."""
    a, b = ends[:, 0], ends[:, 1]
    middles = (1.0 - weights[:, None]) * a + weights[:, None] * b
    stacked = np.concatenate([a, middles, b])
    values, sizes = oracle.measured(stacked)
    values, size = values.reshape(3, len(ends), -1), sizes.reshape(3, len(ends)).sum(axis=0)
    with np.errstate(all="ignore"):
        gaps = prop.gap(values[0], values[1], values[2], weights[:, None])
        margins = gaps / (_EPS * size[:, None] + 1e-300)
    fine = np.isfinite(gaps) & (where.inside(a) & where.inside(b) & where.inside(middles))[:, None]
    return np.where(fine, gaps, -np.inf), np.where(fine, margins, -np.inf)


# ------------------------------------------------------------------ points


@np.errstate(all="ignore")
def _among_points(
    programs: Sequence[Program],
    objective: Callable[[Array], Array],
    zero_counts: bool,
    seed: int,
    budget: int | None,
    exhaustive: bool = False,
) -> Found:
    """Points at which `objective` of some entry is smallest; unless `exhaustive`, a clearly negative one is enough."""
    budget = _points_to_spend(programs, budget)
    where = _space(programs[0], len(programs[0].arguments), budget)
    oracle = _Oracle(tuple(programs), where, budget)

    def margins(points: Array) -> tuple[Array, Array]:
        values, sizes = oracle.measured(points)
        values, noise = objective(values), _EPS * sizes[:, None]
        inside = where.inside(points)[:, None] & np.isfinite(values)
        return np.where(inside, -values, -np.inf), np.where(inside, -values / (noise + 1e-300), -np.inf)

    @np.errstate(all="ignore")
    def screen(points: Array, weights: Array, entry: int) -> Array:
        return margins(points[:, 0])[1][:, entry]

    kept: list[tuple[float, Array, int]] = []
    for cloud in _clouds(oracle, where, seed, kept):
        cloud = cloud[: oracle.left]
        if not len(cloud):
            continue
        values = objective(oracle(cloud))
        _keep(kept, cloud, values)
        if not exhaustive and kept and kept[0][0] < 0.0:
            best = np.array([point for _, point, _ in kept[:16]])
            entries = np.array([entry for _, _, entry in kept[:16]])
            if (margins(best)[1][np.arange(len(best)), entries] > SURE).any():
                break
    return _report_points(oracle, where, kept, margins, screen, zero_counts, exhaustive)


def _keep(kept: list[tuple[float, Array, int]], cloud: Array, values: Array) -> None:
    finite = np.where(np.isfinite(values), values, np.inf)
    order = np.argsort(finite, axis=None, kind="stable")[:32]
    for flat in order.tolist():
        row, entry = divmod(flat, values.shape[1])
        if np.isfinite(values[row, entry]):
            kept.append((float(values[row, entry]), cloud[row], entry))
    kept.sort(key=lambda item: item[0])
    del kept[64:]


def _clouds(oracle: _Oracle, where: Space, seed: int, kept: list[tuple[float, Array, int]]) -> Iterator[Array]:
    yield structured_points(where, max(1, min(64, oracle.budget // 8)))
    half = 16 if where.dimension <= 32 else 8
    share = max(1, oracle.budget // (8 * (2 * half + 1)))
    bases = structured_points(where, 64)
    crossed = _crossed(bases, structured_directions(where, 96), share)
    for lines in (
        lines_of_step(*crossed, fitting_step(where, *crossed, half), half),
        chords(where, *crossed, half),
    ):
        nodes = lines.nodes().reshape(-1, where.dimension)
        yield nodes[where.inside(nodes)]
    rng = generator(seed, 2)
    for _ in range(2):
        yield heavy_tailed(where, rng, max(1, oracle.budget // 8))
    while oracle.left > 0:
        yield _around(where, rng, kept)


def _around(where: Space, rng: np.random.Generator, kept: list[tuple[float, Array, int]]) -> Array:
    """Steps of all sizes, in one, a few or all coordinates, from the best points."""
    if not kept:
        return heavy_tailed(where, rng, 256)
    parents = np.array([point for _, point, _ in kept[:16]])[rng.integers(0, min(len(kept), 16), 256)]
    directions = random_directions(where, rng, len(parents))
    size = np.where(rng.random((256, 1)) < 0.5, 1.0, np.abs(parents).max(axis=1, keepdims=True))
    signs = rng.choice([-1.0, 1.0], (256, 1))
    return where.clip(parents + signs * 10.0 ** rng.uniform(-7.0, 0.5, (256, 1)) * size * directions)


def _report_points(
    oracle: _Oracle,
    where: Space,
    kept: list[tuple[float, Array, int]],
    margins: Callable[[Array], tuple[Array, Array]],
    screen: Callable[[Array, Array, int], Array],
    zero_counts: bool,
    exhaustive: bool,
) -> Found:
    candidates: list[Candidate] = []
    if kept:
        points = np.array([point for _, point, _ in kept])
        entries = [entry for _, _, entry in kept]
        gaps, sizes = margins(points)
        length = simplicity(points)
        rows = range(len(kept))
        gap, margin = [float(gaps[k, entries[k]]) for k in rows], [float(sizes[k, entries[k]]) for k in rows]

        def place(k: int) -> tuple[float, float, int]:
            if exhaustive:
                return (0.0, -gap[k], k)
            if margin[k] > SURE:
                return (0.0, float(length[k]), k)
            return (1.0, float(length[k]), k) if zero_counts and gap[k] == 0.0 else (2.0, -margin[k], k)

        wanted = [k for k in rows if exhaustive or margin[k] > _DOUBTFUL or (zero_counts and gap[k] == 0.0)]
        candidates = [
            Candidate((tuple(where.split(points[k])),), 0.0, entries[k], gap[k], margin[k])
            for k in sorted(wanted, key=place)
        ]
    return _found(oracle, candidates, screen)
