"""Polishing a witness: from sixteen digits to what one would write on the board.

A witness found in floats is replaced by simpler ones (zeros, signs, small integers, halves, few digits, symmetric
ends, ends that agree in the coordinates that do not matter, weight 1/2) as long as the violation stands. The float
search's `screen` proposes; the trusted `certify` alone disposes: what is returned has been certified as it is.

Complexity of a number: 0 costs 0, 1 costs 1, 2 and 1/2 cost 2, 3 and 3/2 and 3/4 cost 3 (bits of the odd part, plus
binary places moved), or, where that is cheaper, four a decimal digit plus decimal places moved; a minus sign an eighth.
Complexity of a witness: coordinates where the points agree cost their number once; where they differ, both numbers,
their middle (on a segment) and 1 more; a weight other than 1/2 costs 2.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq

from netprops.domains import exact

if TYPE_CHECKING:
    from netprops.domains import Box, Interval
    from netprops.search.falsify import Candidate

Array = np.ndarray[Any, Any]
Screen = Callable[[Array, Array, int], Array]

CERTIFY_BUDGET = 24
_CLEAR = 256.0  # the margin over rounding that a proposal keeps, if the candidate had it
_ROUNDS = 40
_MOST = 1 << 15  # coordinates of a witness beyond which it stays as it was found
_TOGETHER = 96  # proposals of one round
_BLOCKS = 64  # coordinate sets looked at in one round, the most complex ones


@dataclass(frozen=True, eq=False)
class Witness:
    """Exact points (one object array of `fmpq` per flat argument each), the weight of the second, the entry.

    `record` is what `certify` returned for exactly this witness; None until then.
    """

    points: tuple[tuple[Array, ...], ...]
    weight: fmpq
    entry: int
    record: Any = None


Certify = Callable[[Witness], Any]


@dataclass(frozen=True, eq=False)
class _Draft:
    """Points (k, n) in floats, few-digit decimals standing for themselves, and the weight of the second."""

    points: Array
    weight: float


@dataclass(frozen=True, eq=False)
class _Frame:
    """What stays the same while polishing."""

    boxes: tuple[Box, ...]
    lo: Array
    hi: Array
    free: Array  # which coordinates may differ between the points
    entry: int
    kind: str  # "segment", "pair" (a <= b) or "point"


@np.errstate(all="ignore")
def polish(
    candidate: Candidate,
    certify: Certify,
    boxes: Sequence[Box],
    *,
    decision: int,
    screen: Screen | None = None,
    effort: int = 2000,
    certify_first: bool = True,
    budget: int = CERTIFY_BUDGET,
) -> Witness | None:
    """The simplest certified witness reached from `candidate`, or None when the candidate itself is not certified.

    Args:
        certify: gets a `Witness` with exact points inside the domain; answers a record, or None when it cannot.
        boxes: the domains of the flat arguments; `decision` of them may differ between the points.
        screen: margins in floats (`Found.screen`); without it every proposal is put to `certify`.
        effort: points screened at most.
        certify_first: whether the candidate itself has to be certified before anything simpler is tried; if not, it is
            the last to be, which saves a certificate where they take long.
        budget: calls of `certify` at most, at least 2.
    """
    frame = _frame(candidate, boxes, decision)
    start = _Draft(np.array([np.concatenate([x.reshape(-1) for x in p]) for p in candidate.points]), candidate.weight)
    small = len(frame.free) <= _MOST
    if not certify_first and screen is not None and small:
        trail = _descend(start, frame, _screened(screen, frame, candidate.margin), effort)
        tried = (_certified(_witness(draft, frame), certify) for draft in _tries(trail, budget))
        return next((witness for witness in tried if witness is not None), None)
    first = _certified(_witness(start, frame), certify)
    if first is None or not small:
        return first
    if screen is None:
        return _by_certifying(start, first, frame, certify, budget - 1)
    trail = _descend(start, frame, _screened(screen, frame, candidate.margin), effort)
    for draft in _tries(trail, budget - 1):
        witness = _certified(_witness(draft, frame), certify)
        if witness is not None:
            return witness
    return first


@np.errstate(all="ignore")
def complexity(points: Array, weights: Array, kind: str = "segment") -> Array:
    """The complexity (module docstring) of P witnesses: points (P, k, n), weights (P,) -> (P,)."""
    crooked = np.where((weights != 0.5) & (kind == "segment"), 2.0, 0.0)
    return np.asarray(_coordinate_costs(points, weights, kind).sum(axis=1) + crooked)


def _coordinate_costs(points: Array, weights: Array, kind: str) -> Array:
    """What each coordinate costs, (P, n)."""
    number = _number_cost(points)
    if points.shape[1] == 1:
        return np.asarray(number[:, 0])
    a, b = points[:, 0], points[:, 1]
    ends = number[:, 0] + number[:, 1] + 1.0
    if kind == "segment":
        ends = ends + _number_cost((1.0 - weights[:, None]) * a + weights[:, None] * b)
    return np.where(a == b, number[:, 0], ends)


def _number_cost(x: Array) -> Array:
    size = np.abs(x)
    mantissa, exponent = np.frexp(size)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    binary = 53.0 - np.log2(np.maximum(whole & -whole, 1)) + np.abs(exponent - 1)
    cost = np.asarray(np.where(x == 0.0, 0.0, binary))
    long = cost > 4.0  # what one decimal digit costs at least
    cost[long] = np.minimum(cost[long], _decimal_cost(size[long]))
    return np.asarray(cost + 0.125 * (x < 0))


@np.errstate(divide="ignore", over="ignore", invalid="ignore", under="ignore")
def _decimal_cost(size: Array) -> Array:
    """Of positive numbers, by their least number of decimal digits; infinite beyond four."""
    places = np.floor(np.log10(size))
    cost = np.full(size.shape, np.inf)
    for digits in (4, 3, 2, 1):
        unit = _power_of_ten(places - digits + 1)
        near = np.abs(np.rint(size / unit) * unit - size) <= 4e-16 * size
        cost[near] = 4.0 * digits + np.abs(places[near])
    return cost


_LEAST_POWER = -340
_POWERS_OF_TEN = np.append(10.0 ** np.arange(float(_LEAST_POWER), 309.0), np.inf)


def _power_of_ten(exponents: Array) -> Array:
    """10.0 ** exponents for whole numbers, looked up; of no meaning for NaN and infinities."""
    places = np.minimum(np.maximum(exponents.astype(np.int64), _LEAST_POWER), 309)
    return np.asarray(_POWERS_OF_TEN[places - _LEAST_POWER])


# ------------------------------------------------------------------ exact points


def _frame(candidate: Candidate, boxes: Sequence[Box], decision: int) -> _Frame:
    ends = [box.ends() for box in boxes]
    free = np.concatenate([np.full(box.size, k < decision) for k, box in enumerate(boxes)])
    kind = "point" if len(candidate.points) == 1 else "pair" if candidate.weight == 0.0 else "segment"
    lo, hi = (np.concatenate([end[k].reshape(-1) for end in ends]) for k in (0, 1))
    return _Frame(tuple(boxes), lo, hi, free, candidate.entry, kind)


def _witness(draft: _Draft, frame: _Frame) -> Witness:
    points = []
    for row in draft.points:
        leaves, at = [], 0
        for box in frame.boxes:
            flat = np.empty(box.size, dtype=object)
            for i in range(box.size):
                flat[i] = rational(float(row[at + i]), box.interval(i))
            leaves.append(flat.reshape(box.shape))
            at += box.size
        points.append(tuple(leaves))
    return Witness(tuple(points), exact(draft.weight), frame.entry)


def rational(x: float, interval: Interval) -> fmpq:
    """The number that the double `x` stands for: a decimal of up to four digits if it reads as one, else itself.

    A decimal that falls outside the interval (0.1 is less than the double 0.1) is not taken.
    """
    if interval.lo is not None and interval.lo == interval.hi:
        return interval.lo
    dyadic = exact(x)
    if int(dyadic.q) <= 4096:
        return dyadic
    digits, _, exponent = f"{x:.3e}".partition("e")
    decimal = fmpq(int(digits.replace(".", "")), 1000) * fmpq(10) ** int(exponent)
    reads_so = abs(float(f"{x:.3e}") - x) <= 4e-16 * abs(x)
    return decimal if reads_so and interval.contains(decimal) else dyadic


def _certified(witness: Witness, certify: Certify) -> Witness | None:
    record = certify(witness)
    return None if record is None else replace(witness, record=record)


def _tries(trail: list[_Draft], budget: int) -> list[_Draft]:
    """The simplest draft first, then earlier ones at growing distances."""
    backwards = trail[::-1]
    return [backwards[k] for k in sorted({round(j**1.5) for j in range(budget)}) if k < len(backwards)][:budget]


# ------------------------------------------------------------------ descent


Accept = Callable[[list[_Draft]], Array]


def _screened(screen: Screen, frame: _Frame, margin: float) -> Accept:
    clear = max(2.0, min(_CLEAR, margin / 4.0))

    def accept(drafts: list[_Draft]) -> Array:
        points = np.array([draft.points for draft in drafts])
        margins = screen(points, np.array([draft.weight for draft in drafts]), frame.entry)
        # A point of "f <= 0" may be an exact zero: no margin, but a better witness than none.
        return margins >= (0.0 if frame.kind == "point" and margin == 0.0 else clear)

    return accept


def _by_certifying(start: _Draft, first: Witness, frame: _Frame, certify: Certify, budget: int) -> Witness:
    """Descent in which every acceptance is a certificate."""
    best, calls = first, 0

    def accept(drafts: list[_Draft]) -> Array:
        nonlocal best, calls
        taken = np.zeros(len(drafts), dtype=bool)
        for k, draft in enumerate(drafts):
            if calls >= budget:
                break
            calls += 1
            witness = _certified(_witness(draft, frame), certify)
            if witness is not None:
                best, taken[k] = witness, True
                break
        return taken

    _descend(start, frame, accept, budget * _TOGETHER)
    return best


def _descend(start: _Draft, frame: _Frame, accept: Accept, effort: int) -> list[_Draft]:
    """Drafts of falling complexity, each acceptable: whole witness, then leaves, halves, single coordinates."""
    trail, left = [start], effort
    idle: set[tuple[int, int]] = set()  # families of coordinate sets that had nothing for the draft of this number
    for blocks in list(_levels(frame)):  # a list keeps them alive, and so apart by id
        for _ in range(0 if (id(blocks), len(trail)) in idle else _ROUNDS):
            proposals = _proposals(trail[-1], frame, blocks)[: max(left, 0)]
            if not proposals:
                break
            left -= len(proposals)
            taken = [draft for draft, fine in zip(proposals, accept(proposals), strict=True) if fine]
            if not taken:
                idle.add((id(blocks), len(trail)))
                break
            merged = _merged(trail[-1], taken)[: max(left, 0)]
            left -= len(merged)
            fine = [draft for draft, ok in zip(merged, accept(merged), strict=True) if ok] if merged else []
            trail.append((taken[:1] + fine)[-1])
    return trail


def _merged(current: _Draft, taken: list[_Draft]) -> list[_Draft]:
    """The accepted changes of different coordinates made together: the best two, the best three, ..."""
    out, points, touched = [], taken[0].points, _changed(current, taken[0])
    for draft in taken[1:]:
        changed = _changed(current, draft)
        if not (touched & changed).any() and draft.weight == taken[0].weight:
            points = np.where(changed, draft.points, points)
            touched |= changed
            out.append(_Draft(points, taken[0].weight))
    return out


def _changed(current: _Draft, draft: _Draft) -> Array:
    return np.asarray((draft.points != current.points).any(axis=0))


def _levels(frame: _Frame) -> Iterator[list[Array]]:
    """Families of coordinate sets, as indices: everything, each argument, then halves down to single coordinates."""
    everything = np.arange(len(frame.free))
    parts = [everything[frame.free], everything[~frame.free]]
    yield [everything, *parts] if len(parts[1]) else [everything]
    ends = np.cumsum([0, *(box.size for box in frame.boxes)])
    if len(frame.boxes) > 1:
        yield [everything[lo:hi] for lo, hi in itertools.pairwise(ends)]
    size = len(everything)
    while size > 8:
        size = -(-size // 2)
        yield [everything[lo : lo + size] for lo in range(0, len(everything), size)]
    single = [everything[i : i + 1] for i in everything]
    yield single
    # Once more from the top: what did not fit before may fit the simpler rest.
    yield [everything]
    yield single


def _proposals(draft: _Draft, frame: _Frame, blocks: list[Array]) -> list[_Draft]:
    """Simpler drafts inside the domain, those that gain most first, without repetitions."""
    everything, gains = np.arange(len(frame.free)), []
    if frame.kind == "segment" and len(blocks) <= 3:
        gains += [(gain, other, everything, other.points) for gain, other in _whole_proposals(draft, frame)]
    each = _coordinate_costs(draft.points[None], np.array([draft.weight]), frame.kind)[0]
    worth = np.array([each[block].sum() for block in blocks])
    chosen = [blocks[k] for k in np.argsort(-worth, kind="stable")[:_BLOCKS].tolist() if worth[k] > 0]
    for block, found in zip(chosen, _block_proposals(draft, frame, chosen), strict=True):
        gains += [(gain, draft, block, columns) for gain, columns in found]
    gains.sort(key=lambda one: -one[0])
    proposals, seen = [], set()
    for _, base, block, columns in gains:
        one = _with_columns(base, block, columns)
        key = one.points.tobytes() + np.float64(one.weight).tobytes()
        if key not in seen and (frame.kind == "point" or (one.points[0] != one.points[1]).any()):
            seen.add(key)
            proposals.append(one)
            if len(proposals) == _TOGETHER:
                break
    return proposals


def _whole_proposals(draft: _Draft, frame: _Frame) -> list[tuple[float, _Draft]]:
    others = [draft, *_reweighted(draft), *_rescaled(draft, frame)]
    points, weights = np.array([one.points for one in others]), np.array([one.weight for one in others])
    costs, inside = complexity(points, weights, frame.kind), _inside(points, frame, np.arange(len(frame.free)))
    gains = costs[0] - costs
    return [(float(gain), one) for gain, one, fine in zip(gains, others, inside, strict=True) if gain > 0 and fine]


def _block_proposals(draft: _Draft, frame: _Frame, blocks: list[Array]) -> list[list[tuple[float, Array]]]:
    """For each block new columns with what they gain, the most first."""
    out: list[list[tuple[float, Array]]] = [[] for _ in blocks]
    for size in dict.fromkeys(len(block) for block in blocks):
        alike = [k for k, block in enumerate(blocks) if len(block) == size]
        for k, found in zip(alike, _proposals_of_size(draft, frame, np.array([blocks[k] for k in alike])), strict=True):
            out[k] = found
    return out


def _proposals_of_size(draft: _Draft, frame: _Frame, blocks: Array) -> list[list[tuple[float, Array]]]:
    """The same for blocks (B, m) of one size, all at once."""
    now = _costs(np.moveaxis(draft.points[:, blocks], 1, 0), draft.weight, frame)
    variants, free = np.array(list(_variants(draft.points[:, blocks]))), frame.free[blocks].all(axis=1)
    fine = _inside(variants, frame, blocks)
    fine[_PLAIN:, ~free] = False
    gains = np.zeros(fine.shape)
    gains[fine] = now[np.nonzero(fine)[1]] - _costs(np.moveaxis(variants, 2, 1)[fine], draft.weight, frame)
    out = []
    for b in range(len(blocks)):
        kept = np.flatnonzero(gains[:, b] > 0)
        order = kept[np.argsort(-gains[kept, b], kind="stable")][:_TOGETHER].tolist()
        out.append([(float(gains[k, b]), variants[k, :, b]) for k in order])
    return out


def _costs(points: Array, weight: float, frame: _Frame) -> Array:
    return complexity(points, np.full(len(points), weight), frame.kind)


def _with_columns(draft: _Draft, block: Array, columns: Array) -> _Draft:
    out = draft.points.copy()
    out[:, block] = columns
    return _Draft(np.asarray(out + 0.0), draft.weight)  # -0.0 becomes 0.0


def _inside(variants: Array, frame: _Frame, block: Array) -> Array:
    """Which of the variants (V, k, ..., m) of blocks (..., m) lie in the domain, have their quantified coordinates
    equal, and are ordered."""
    fine = np.isfinite(variants) & (variants >= frame.lo[block]) & (variants <= frame.hi[block])
    fine &= frame.free[block] | (variants == variants[:, :1])
    if frame.kind == "pair":
        fine &= variants[:, :1] <= variants[:, -1:]
    return np.asarray(fine.all(axis=(1, -1)))


def _reweighted(draft: _Draft) -> Iterator[_Draft]:
    """Weight 1/2: the same ends, or the same middle and one of the ends mirrored in it."""
    if draft.weight == 0.5:
        return
    a, b = draft.points
    middle = (1.0 - draft.weight) * a + draft.weight * b
    for ends in ((a, b), (a, 2.0 * middle - a), (2.0 * middle - b, b)):
        yield _Draft(np.array(ends), 0.5)


def _rescaled(draft: _Draft, frame: _Frame) -> Iterator[_Draft]:
    """The free coordinates of both ends, or their difference about the middle, scaled to a plain size."""
    a, b = draft.points
    largest = np.abs(draft.points[:, frame.free]).max()
    spread = np.abs(a - b).max()
    middle = (1.0 - draft.weight) * a + draft.weight * b
    for size in (1.0, 2.0, 4.0):
        if largest > 0:
            yield _Draft(np.where(frame.free, draft.points * (size / largest), draft.points), draft.weight)
        if spread > 0:
            yield _Draft(middle + (draft.points - middle) * (2.0 * size / spread), draft.weight)


def _variants(points: Array) -> Iterator[Array]:
    """Simpler numbers for the columns (k, B, m) of blocks; all but the first `_PLAIN` let the points differ."""
    for value in (0.0, 1.0, -1.0):
        yield np.full_like(points, value)
    for rounding in _ROUNDINGS:
        yield rounding(points)
    if len(points) == 1:
        return
    a, b = points
    middle, half = (a + b) / 2, (b - a) / 2
    unit, zero = np.sign(half), np.zeros_like(a)
    for rounding in (_unrounded, *_ROUNDINGS):
        yield np.array([rounding(middle)] * 2)
        yield np.array([-rounding(half), rounding(half)])
        yield np.array([rounding(middle) - rounding(half), rounding(middle) + rounding(half)])
    for ends in (
        (a, a), (b, b), (zero, b), (a, zero), (-b, b), (a, -a), (a, middle), (middle, b),
        (middle - unit, middle + unit), (a, a + 2.0 * unit), (b - 2.0 * unit, b), (a, a + unit), (b - unit, b),
    ):  # fmt: skip
        yield np.array(ends)


def _unrounded(x: Array) -> Array:
    return x


def _largest_of_block(x: Array) -> Array:
    """The largest size in each block of x, (B, m) or (k, B, m)."""
    return np.asarray(np.abs(x).max(axis=-1 if x.ndim == 2 else (0, 2), keepdims=True))


def _digits(x: Array, digits: int) -> Array:
    size = np.abs(x)
    unit = _power_of_ten(np.floor(np.log10(np.where(size > 0, size, 1.0))) - digits + 1)
    return np.asarray(np.rint(x / unit) * unit)


_ROUNDINGS: tuple[Callable[[Array], Array], ...] = (
    lambda x: np.asarray(np.sign(x)),
    lambda x: np.asarray(2.0 * np.sign(x)),
    lambda x: np.asarray(0.5 * np.sign(x)),
    lambda x: np.sign(x) * (np.abs(x) >= 0.5 * _largest_of_block(x)),
    lambda x: np.asarray(np.rint(x)),
    lambda x: np.asarray(np.trunc(x)),
    lambda x: np.asarray(np.sign(x) * np.ceil(np.abs(x))),
    lambda x: np.asarray(np.rint(2.0 * x) / 2.0),
    lambda x: np.asarray(np.sign(x) * 2.0 ** np.rint(np.log2(np.where(x == 0, 1.0, np.abs(x))))),
    lambda x: np.asarray(np.rint(8.0 * x) / 8.0),
    lambda x: _digits(x, 1),
    lambda x: _digits(x, 2),
    lambda x: _digits(x, 3),
)
_PLAIN = 3 + len(_ROUNDINGS)
