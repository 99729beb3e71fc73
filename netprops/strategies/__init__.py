"""Hypothesis strategies: the domains that claims quantify over.

A strategy describes a set, never a distribution, and shrinks towards its simplest member.  Degenerate members (zero
vectors, singular forms) are in the set unless an argument leaves them out by name.  Numbers are dyadic with few digits,
so that what is exact stays exact.  An empty set raises `ValueError` when the strategy is made.

Arrays are NumPy's, of float64: nothing here compiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from netprops.domains import Box, box
from netprops.evidence import WITH_LEDGER
from netprops.objects import building_blocks as blocks
from netprops.objects.building_blocks import OUTERS, Convex, Outer
from netprops.objects.convolutions import circulant_is_invertible
from netprops.objects.pooling import Pooling
from netprops.objects.quadratics import QuadraticForm, congruent
from netprops.objects.smooth import PROFILES, Ridge, Segment, Smooth
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

Array: TypeAlias = np.ndarray
Shape: TypeAlias = tuple[int, ...]
Size = TypeVar("Size")

# ---------------------------------------------------------------- sizes


def by_profile(*, quick: Size, default: Size, thorough: Size) -> Size:
    """The one of three sizes that belongs to Hypothesis's profile in force; `default` under a profile of another name.

    For what is too long to be done as thoroughly at every commit as on an accelerator: a number of runs, a list of
    widths.
    """
    name = settings.get_current_profile_name().removesuffix(WITH_LEDGER)
    return {"quick": quick, "thorough": thorough}.get(name, default)


# ---------------------------------------------------------------- numbers


def integers(lo: int, hi: int, *, nonzero: bool = False) -> SearchStrategy[int]:
    """The integers from lo to hi."""
    without_zero = nonzero and lo <= 0 <= hi
    if hi - without_zero < lo:
        raise ValueError(f"there is no {'non-zero ' if nonzero else ''}integer from {lo} to {hi}")
    if without_zero:
        return st.integers(lo, hi - 1).map(lambda k: k + 1 if k >= 0 else k)
    return st.integers(lo, hi)


def dyadics(
    lo: int = -4, hi: int = 4, *, step: Fraction = Fraction(1, 4), nonzero: bool = False
) -> SearchStrategy[float]:
    """The multiples of `step`, a power of two, from lo to hi, as doubles.  Raises `ValueError` for another step."""
    if step <= 0 or step.numerator & (step.numerator - 1) or step.denominator & (step.denominator - 1):
        raise ValueError(f"a step is a power of two, so that its multiples are doubles; got {step}")
    least, most = -(-lo // step), hi // step
    return integers(int(least), int(most), nonzero=nonzero).map(lambda k: float(k * step))


def sizes(lo: int = 1, hi: int = 4) -> SearchStrategy[int]:
    """Numbers of rows, columns, dimensions: from lo to hi, at least 1."""
    if lo < 1 or hi < lo:
        raise ValueError(f"sizes go from 1 upwards, got {lo} to {hi}")
    return st.integers(lo, hi)


def orthants(dimension: int) -> SearchStrategy[Box]:
    """The open orthants of R^dimension: every coordinate has a sign."""
    return st.lists(st.sampled_from([1, -1]), min_size=dimension, max_size=dimension).map(orthant)


def orthant(signs: Sequence[int]) -> Box:
    """The open orthant whose coordinates have these signs, 1 or -1."""
    lows = [0 if sign > 0 else -math.inf for sign in signs]
    return box(lows, [math.inf if sign > 0 else 0 for sign in signs], open=True)


# ---------------------------------------------------------------- arrays


@st.composite
def arrays(
    draw: DrawFn, shape: int | Shape, entries: SearchStrategy[float] | None = None, *, nonzero: bool = False
) -> Array:
    """Arrays of this shape; `nonzero` leaves out the zero array (and asks of `entries` only that it has a non-zero)."""
    full = (shape,) if isinstance(shape, int) else tuple(shape)
    count = int(np.prod(full))
    each = integers(-3, 3) if entries is None else entries
    flat = draw(st.lists(each, min_size=count, max_size=count))
    if nonzero and not any(flat):
        flat[draw(st.integers(0, count - 1))] = draw(each.filter(bool))
    return np.array(flat, dtype=float).reshape(full)


def unit(shape: int | Shape, index: int | tuple[int, ...]) -> Array:
    """The array that is 1 at `index` and 0 elsewhere."""
    array = np.zeros(shape)
    array[index] = 1.0
    return array


@st.composite
def with_place(draw: DrawFn, shape: int | Shape) -> tuple[Array, tuple[int, ...]]:
    """A non-zero array with the place of one of its non-zero entries."""
    array = draw(arrays(shape, nonzero=True))
    places = [tuple(map(int, place)) for place in zip(*np.nonzero(array), strict=True)]
    return array, draw(st.sampled_from(places))


@st.composite
def with_a_negative_entry(draw: DrawFn, shape: int | Shape) -> Array:
    """Arrays of integers, one or more of them negative."""
    array = draw(arrays(shape))
    if not (array < 0).any():
        array.flat[draw(st.integers(0, array.size - 1))] = draw(integers(-3, -1))
    return array


def outside_the_unit_ball(dimension: int) -> SearchStrategy[tuple[Array, Array]]:
    """Integer vectors x with |x| > 1, and one non-zero integer vector across each.  Raises `ValueError` on the line."""
    if dimension < 2:
        raise ValueError("nothing lies across a vector of the line")
    return _outside(dimension)


@st.composite
def _outside(draw: DrawFn, dimension: int) -> tuple[Array, Array]:
    x, (i,) = draw(with_place(dimension))
    j = draw(st.sampled_from([j for j in range(dimension) if j != i]))
    x = 2 * x if x @ x <= 1 else x
    return x, x[j] * unit(dimension, i) - x[i] * unit(dimension, j)


@st.composite
def integral_lengths(draw: DrawFn, dimension: int) -> tuple[Array, int]:
    """Non-zero integer vectors c whose length |c| is an integer, with it: (3, 4) and 5.

    c = g (2 w u, |u|^2 - w^2) has the length g (|u|^2 + w^2); all directions with a rational length are of this form.
    """
    u = draw(arrays(dimension - 1, integers(-2, 2))) if dimension > 1 else np.zeros(0)
    w, factor = draw(integers(1, 2)), draw(integers(-2, 2, nonzero=True))
    c = factor * np.append(2 * w * u, u @ u - w * w)
    return c, int(abs(factor) * (u @ u + w * w))


# ---------------------------------------------------------------- convex functions


@dataclass(frozen=True)
class _Grammar:
    """Which blocks and rules there are: those that keep a function increasing, or differentiable."""

    dimension: int
    increasing: bool
    differentiable: bool

    @property
    def blocks(self) -> list[str]:
        left_out = {
            *(["square", "absolute", "norm"] if self.increasing else []),
            *(["absolute", "norm"] if self.differentiable else []),
        }
        return [kind for kind in ("affine", "square", "absolute", "norm", "logsumexp") if kind not in left_out]

    @property
    def rules(self) -> list[str]:
        return ["after", "total"] if self.differentiable else ["after", "maximum", "total"]

    @property
    def outers(self) -> list[Outer]:
        return [outer for outer in OUTERS if outer.differentiable or not self.differentiable]


@st.composite
def _block(draw: DrawFn, grammar: _Grammar) -> Convex:
    """One block of the grammar, a function of affine forms."""
    coefficients = integers(0, 3) if grammar.increasing else integers(-3, 3)
    rows = draw(sizes(1, 3))
    a, A = arrays(grammar.dimension, coefficients), arrays((rows, grammar.dimension), coefficients)
    b, shifts = integers(-3, 3), arrays(rows)
    match draw(st.sampled_from(grammar.blocks)):
        case "affine":
            return blocks.affine(draw(a), draw(b))
        case "square":
            return blocks.square(draw(a), draw(b))
        case "absolute":
            return blocks.absolute(draw(a), draw(b))
        case "norm":
            return blocks.norm(draw(A), draw(shifts), draw(st.sampled_from(["1", "2", "inf"])))
        case _:
            return blocks.logsumexp(draw(A), draw(shifts))


def convex_functions(
    dimension: int, *, increasing: bool = False, differentiable: bool = False, rules: int = 1
) -> SearchStrategy[Convex]:
    """The functions that at most `rules` rules of the grammar, one upon another, make of its blocks on R^dimension.

    `increasing` ones are non-decreasing in each coordinate by their rules, `differentiable` ones have no kinks by them.
    """
    grammar = _Grammar(dimension, increasing, differentiable)
    found = _block(grammar)
    for _ in range(rules):
        found = st.one_of(found, _rule(grammar, found))
    return found


@st.composite
def _rule(draw: DrawFn, grammar: _Grammar, parts: SearchStrategy[Convex]) -> Convex:
    match draw(st.sampled_from(grammar.rules)):
        case "after":
            return blocks.after(draw(st.sampled_from(grammar.outers)), draw(parts))
        case "maximum":
            return blocks.maximum(draw(parts), draw(_block(grammar)))
        case _:
            weights = draw(st.tuples(*2 * [dyadics(0, 3, step=Fraction(1, 2))]))
            return blocks.total(weights, [draw(parts), draw(_block(grammar))])


@st.composite
def compositions(draw: DrawFn, dimension: int, *, arguments: int = 2, differentiable: bool = False) -> Convex:
    """h(g_1(x), ..., g_k(x)) with h, convex and non-decreasing in each argument, and convex g_i of the grammar."""
    h = draw(convex_functions(arguments, increasing=True, differentiable=differentiable))
    inner = convex_functions(dimension, differentiable=differentiable)
    return blocks.compose(h, [draw(inner) for _ in range(arguments)])


@st.composite
def crossing_affine_pairs(draw: DrawFn, dimension: int) -> tuple[Convex, Convex]:
    """Two affine functions with different slopes, so that each is the smaller one somewhere."""
    a, tilt = draw(arrays(dimension)), draw(arrays(dimension, nonzero=True))
    return blocks.affine(a, draw(integers(-3, 3))), blocks.affine(a + tilt, draw(integers(-3, 3)))


# ---------------------------------------------------------------- quadratic forms


def quadratic_forms(
    signs: Sequence[int] = (1, 0, -1), *, having: Sequence[int] = (), largest: int = 4
) -> SearchStrategy[QuadraticForm]:
    """Integer quadratic forms L'DL, L of determinant 1, in dimensions up to `largest`.

    `signs` are those that the diagonal D may have, `having` those that it must: `having=(-1,)` forms have a negative
    eigenvalue, `signs=(1, 0)` ones none.  Raises `ValueError` when no form is left.
    """
    if not set(having) <= set(signs) or not signs or largest < max(1, len(set(having))):
        raise ValueError(f"no form in dimension {largest} has the signs {list(having)} out of {list(signs)}")
    return _forms(list(signs), sorted(set(having)), largest)


@st.composite
def _forms(draw: DrawFn, signs: list[int], having: list[int], largest: int) -> QuadraticForm:
    n = draw(sizes(max(1, len(having)), largest))
    extra = n - len(having)
    chosen = [*having, *draw(st.lists(st.sampled_from(signs), min_size=extra, max_size=extra))]
    diagonal = tuple(sign * draw(integers(1, 3)) for sign in draw(st.permutations(chosen)))
    return congruent(diagonal, draw(arrays((n, n), integers(-2, 2))), draw(arrays((n, n), integers(-2, 2))))


# ---------------------------------------------------------------- kernels and windows


def invertible_kernels(length: int) -> SearchStrategy[Array]:
    """Integer kernels h for which x -> h*x, circular of this length, is invertible."""
    return arrays(length).map(_made_invertible)


def _made_invertible(kernel: Array) -> Array:
    """Adding t to h_0 adds t to every eigenvalue, and none exceeds sum |h_i|."""
    if circulant_is_invertible(kernel.astype(int).tolist(), len(kernel)):
        return kernel
    return np.asarray(kernel + (1 + np.abs(kernel).sum()) * unit(len(kernel), 0))


def kernels_of_both_signs(length: int) -> SearchStrategy[Array]:
    """Integer kernels with a positive and a negative entry.  Raises `ValueError` for a length below 2."""
    if length < 2:
        raise ValueError(f"a kernel of length {length} has no entries of both signs")
    return _both_signs(length)


@st.composite
def _both_signs(draw: DrawFn, length: int) -> Array:
    kernel = draw(arrays(length))
    up, down, *_ = draw(st.permutations(range(length)))
    kernel[up], kernel[down] = draw(integers(1, 3)), draw(integers(-3, -1))
    return kernel


@st.composite
def poolings(draw: DrawFn, largest: int = 4) -> Pooling:
    """Pooling over one or two axes of up to `largest` entries, between an axis for the batch and one for the channels.

    Windows may be wider than the array, overlap or leave gaps; each meets at least one real entry.
    """
    axes = [draw(_axis(largest)) for _ in range(draw(sizes(1, 2)))]
    batch, channels = (1, 1, 1, (0, 0)), (draw(sizes(1, 2)), 1, 1, (0, 0))
    size, window, stride, padding = zip(batch, *axes, channels, strict=True)
    return Pooling(size, window, stride, padding)


@st.composite
def _axis(draw: DrawFn, largest: int) -> tuple[int, int, int, tuple[int, int]]:
    """Size, window, stride and padding of one axis; padding below the window's width leaves no window outside."""
    size, window = draw(sizes(1, largest)), draw(sizes(1, 3))
    low = draw(st.integers(0, window - 1))
    high = draw(st.integers(max(0, window - size - low), window - 1))
    return size, window, draw(sizes(1, 3)), (low, high)


# ---------------------------------------------------------------- smooth functions and where they bend


def is_finite_at_zero(f: Convex) -> bool:
    """Whether doubles can hold f(0): exp(exp((-3)^2)) is a number, but none that a float search sees."""
    (values,) = evaluate_batch(trace(f.value, f.domain), [np.zeros((1, f.dimension))])
    return bool(np.isfinite(values).all())


@st.composite
def smooth_functions(draw: DrawFn, dimension: int) -> Smooth:
    """Sums of one to three ridges, on R^n or on its positive orthant."""
    half = draw(st.booleans())
    profiles = [p for p in PROFILES if half or not p.positive_only]
    coefficients = integers(0, 2) if half else integers(-2, 2)
    ridges = [
        Ridge(
            draw(integers(-2, 2, nonzero=True)),
            draw(st.sampled_from(profiles)),
            draw(arrays(dimension, coefficients, nonzero=True)),
            draw(integers(0, 1) if half else integers(-2, 2)),
        )
        for _ in range(draw(sizes(1, 3)))
    ]
    return Smooth(tuple(ridges))


@st.composite
def _segments(draw: DrawFn) -> Segment:
    """Segments inside the domain of a smooth function."""
    f = draw(smooth_functions(draw(sizes(1, 3))))
    middle = draw(arrays(f.dimension, dyadics(2, 3) if f.positive_only else dyadics(-2, 2)))
    reach = draw(arrays(f.dimension, dyadics(-1, 1), nonzero=True))
    return Segment(f, middle - reach, middle + reach)


def downward_bends() -> SearchStrategy[Segment]:
    """Segments of f in whose middle f has a negative second derivative along them (f drawn, or its negative)."""
    return _turned(lambda s: s.f.bend(s.middle, s.along))


def bulging_segments() -> SearchStrategy[Segment]:
    """Segments of f in whose middle f exceeds its mean at the ends: Jensen's inequality is violated."""
    return _turned(lambda s: -s.f.bulge(s.a, s.b))


def _turned(measure: Callable[[Segment], float]) -> SearchStrategy[Segment]:
    """Segments of negative measure, by turning f upside down; without those that floats hardly tell from zero."""

    def turn(s: Segment) -> Segment:
        return s if measure(s) < 0 else Segment(-s.f, s.a, s.b)

    return _segments().filter(lambda s: abs(measure(s)) > 1e-3).map(turn)
