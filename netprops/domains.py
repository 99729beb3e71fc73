"""Domains: the sets that questions quantify over, with exact ends.

A domain is a `Box` (one array, each entry in an interval with exact rational ends, each end open, closed or
infinite) or any pytree of boxes. Ends are exact: an int, a `Fraction`, or the double as it is (``0.1`` is the double
nearest to one tenth). Where a question allows it, a leaf may be an `OrderedCone` instead, a linear image of a box.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flint import fmpq

Rational = int | float | Fraction | fmpq
Openness = bool | Literal["lower", "upper"]


class DomainError(ValueError):
    """A domain that is empty, reversed, NaN-bounded, of the wrong shape, or that does not fit the function."""


@dataclass(frozen=True, init=False)
class Interval:
    """The reals between `lo` and `hi`; `None` is an infinite end, and an infinite end is open.

    Empty intervals cannot be made.
    """

    lo: fmpq | None = None
    hi: fmpq | None = None
    lo_open: bool = False
    hi_open: bool = False

    def __init__(
        self, lo: fmpq | None = None, hi: fmpq | None = None, lo_open: bool = False, hi_open: bool = False
    ) -> None:
        # Set all at once: intervals are made by the hundred thousand, and a frozen dataclass takes its time for each.
        self.__dict__.update(lo=lo, hi=hi, lo_open=lo_open, hi_open=hi_open)
        if lo is not None and hi is not None and (lo > hi or ((lo_open or hi_open) and lo == hi)):
            raise DomainError(f"the interval {self} is empty: no real number lies in it")

    def __str__(self) -> str:
        left = "(" if self.lo is None or self.lo_open else "["
        right = ")" if self.hi is None or self.hi_open else "]"
        lo = "-inf" if self.lo is None else str(self.lo)
        hi = "inf" if self.hi is None else str(self.hi)
        return f"{left}{lo}, {hi}{right}"

    def contains(self, x: Rational) -> bool:
        """Whether the exact number `x` lies in the interval."""
        x = exact(x)
        above = self.lo is None or x > self.lo or (x == self.lo and not self.lo_open)
        below = self.hi is None or x < self.hi or (x == self.hi and not self.hi_open)
        return above and below

    def inner_point(self) -> fmpq:
        """A simple number of the interval, in its interior where there is one: 0, the middle, or one from an end."""
        if self.lo is not None and self.hi is not None:
            middle = (self.lo + self.hi) / 2
            return fmpq(0) if self.lo < 0 < self.hi else middle
        if self.lo is not None:
            return fmpq(0) if self.lo < 0 else self.lo + 1
        if self.hi is not None:
            return fmpq(0) if self.hi > 0 else self.hi - 1
        return fmpq(0)


WHOLE_LINE = Interval()


@dataclass(frozen=True, repr=False)
class Box:
    """Arrays of the given shape, each entry in an interval; made by `reals`, `positive`, `nonnegative` and `box`.

    Attributes:
        shape: of the arrays.
        intervals: entry i lies in ``intervals[i]`` (C order); one interval stands for all entries.

    Raises:
        DomainError: neither one interval nor one for each entry.
    """

    shape: tuple[int, ...]
    intervals: tuple[Interval, ...]

    def __post_init__(self) -> None:
        if len(self.intervals) not in (1, self.size):
            raise DomainError(f"{len(self.intervals)} intervals for an array of shape {self.shape}")

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    def interval(self, index: int) -> Interval:
        """The interval of the flat entry `index`."""
        return self.intervals[index if len(self.intervals) > 1 else 0]

    def contains(self, point: Any) -> bool:
        """Whether the array `point` (exact entries) has this shape and every entry in its interval."""
        array = np.asarray(point, dtype=object)
        if array.shape != self.shape:
            return False
        if len(self.intervals) == 1:
            places, contains = nonzero(array), self.intervals[0].contains
            return (len(places) == array.size or contains(0)) and all(map(contains, array.reshape(-1)[places]))
        return all(self.interval(i).contains(x) for i, x in enumerate(array.ravel()))

    def inner_point(self) -> np.ndarray:
        """An object array of simple numbers inside the box."""
        array = np.empty(self.shape, dtype=object)
        if len(self.intervals) == 1:
            array[...] = self.intervals[0].inner_point()
            return array
        array.reshape(-1)[:] = [self.interval(i).inner_point() for i in range(self.size)]
        return array

    def corner(self, *, upper: bool) -> np.ndarray:
        """An object array of the lower (upper) ends; a simple inner number where an end is infinite or left out."""
        array = self.inner_point()
        for i in range(self.size):
            r = self.interval(i)
            end, is_open = (r.hi, r.hi_open) if upper else (r.lo, r.lo_open)
            if end is not None and not is_open:
                array.reshape(-1)[i] = end
        return array

    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Doubles inside the closed ends, entry by entry, infinite where unbounded: what float searches clip to."""
        lo = np.array([inner_double(interval, upper=False) for interval in self.intervals])
        hi = np.array([inner_double(interval, upper=True) for interval in self.intervals])
        # Between two neighbouring doubles lies no double: one point like 1/1000 stands for the one just above it.
        lo = np.minimum(lo, hi)
        if len(self.intervals) == 1:
            return np.full(self.shape, lo[0]), np.full(self.shape, hi[0])
        return lo.reshape(self.shape), hi.reshape(self.shape)

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        if len(self.intervals) == 1:
            power = "" if self.shape == () else "^" + "x".join(map(str, self.shape))
            return ("R" if self.intervals[0] == WHOLE_LINE else str(self.intervals[0])) + power
        shown = " x ".join(map(str, self.intervals[:4])) + (" x ..." if self.size > 4 else "")
        return shown if len(self.shape) == 1 else f"{shown} of shape {self.shape}"


@dataclass(frozen=True, repr=False)
class OrderedCone:
    """Arrays whose first row along the last axis, ``x[0, ..., 0, :]``, does not decrease; all other entries are free.

    With `apart` > 0 it rises by at least so much from each entry to the next: a convex part of the cone's interior.

    The set is the image of the box of all ``(w1, w2 - w1, w3 - w2, ..., the rest)``, whose gaps are at least `apart`,
    under a linear bijection of the whole space: a function is convex (positive, ...) on the one exactly when its
    composition with `from_gaps` is on the other, `gaps`.
    """

    shape: tuple[int, ...]
    apart: fmpq = fmpq(0)  # noqa: RUF009  # immutable

    def __post_init__(self) -> None:
        if not self.shape:
            raise DomainError("an ordered cone needs an axis to order: give a number of entries or a shape")
        if self.apart < 0:
            raise DomainError(f"entries in order are 0 or more apart, got {self.apart}")

    @property
    def chain(self) -> int:
        """How many entries are in order, w1 <= ... <= wn: the first n in C order."""
        return self.shape[-1]

    @property
    def gaps(self) -> Box:
        """The box whose image the cone is."""
        first, gap = WHOLE_LINE, Interval(lo=self.apart)
        rest = math.prod(self.shape) - self.chain
        return Box(self.shape, (first, *[gap] * (self.chain - 1), *[first] * rest))

    @property
    def whole(self) -> Box:
        """The space that the cone lies in."""
        return reals(self.shape)

    def from_gaps(self, y: Any) -> jax.Array:
        """The array of the cone whose gaps are those of the array y: cumulative sums of its first n entries."""
        flat = jnp.reshape(y, -1)
        ordered = jnp.tril(np.ones((self.chain, self.chain))) @ flat[: self.chain]
        return jnp.concatenate([ordered, flat[self.chain :]]).reshape(self.shape)

    def exact_from_gaps(self, y: np.ndarray) -> np.ndarray:
        """`from_gaps` of an object array of exact numbers."""
        x: np.ndarray = y.copy()
        flat = x.reshape(-1)
        flat[: self.chain] = list(itertools.accumulate(flat[: self.chain]))
        return flat.reshape(self.shape)

    def contains(self, point: Any) -> bool:
        """Whether the array `point` (exact entries) has this shape and its first row in order."""
        array = np.asarray(point, dtype=object)
        if array.shape != self.shape:
            return False
        row = [exact(x) for x in array.reshape(-1)[: self.chain]]
        return all(a + self.apart <= b for a, b in itertools.pairwise(row))

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        n, step = self.chain, f" + {self.apart} <= " if self.apart else " <= "
        row = "w1" if n == 1 else f"w1{step}w2" if n == 2 else f"w1{step}...{step}w{n}"
        return f"{self.whole} with {row}{'' if len(self.shape) == 1 else ' in the first row'}"


def exact(x: Any) -> fmpq:
    """The rational number that `x` is: int, `Fraction`, `fmpq`, or a finite double as it is.

    Raises:
        DomainError: NaN, infinite, boolean or not a number.
    """
    if isinstance(x, fmpq):
        return x
    if isinstance(x, bool | np.bool_):
        raise DomainError(f"expected a real number, got the truth value {x!r}")
    if isinstance(x, int | np.integer):
        return fmpq(int(x))
    if isinstance(x, Fraction):
        return fmpq(x.numerator, x.denominator)
    if isinstance(x, float | np.floating):
        if not math.isfinite(x):
            raise DomainError(f"expected a finite number, got {float(x)!r}")
        return fmpq(*float(x).as_integer_ratio())
    raise DomainError(f"expected an int, Fraction or float, got {type(x).__name__} {x!r}")


def nonzero(array: np.ndarray) -> np.ndarray:
    """The flat places of an object array of exact numbers at which it is not 0: of a long point often few."""
    return np.flatnonzero(array.reshape(-1).astype(bool))


def nearest_double(x: fmpq) -> float:
    """The double nearest to `x`; overflow gives an infinity."""
    try:
        return int(x.p) / int(x.q)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def inner_double(interval: Interval, *, upper: bool) -> float:
    """A double next to an end of the interval, inside it wherever a double is (infinite for an infinite end)."""
    end, is_open = (interval.hi, interval.hi_open) if upper else (interval.lo, interval.lo_open)
    if end is None:
        return math.inf if upper else -math.inf
    x, inwards = nearest_double(end), -math.inf if upper else math.inf
    while math.isinf(x) or (exact(x) > end if upper else exact(x) < end) or (is_open and exact(x) == end):
        x = math.nextafter(x, inwards)
    return x


def _end(x: Any, infinite: float) -> fmpq | None:
    if isinstance(x, float | np.floating) and math.isnan(x):
        raise DomainError("a bound of the domain is NaN")
    if isinstance(x, float | np.floating) and math.isinf(x):
        if x == infinite:
            return None
        raise DomainError(f"a {'lower' if infinite < 0 else 'upper'} bound of the domain is {x}: the domain is empty")
    return exact(x)


def _shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    if not isinstance(shape, int | np.integer | Sequence):
        raise DomainError(f"a shape is a tuple of ints, got {shape!r}")
    given = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if any(not isinstance(n, int | np.integer) or isinstance(n, bool) for n in given):
        raise DomainError(f"a shape is a tuple of ints, got {shape!r}")
    if any(n < 1 for n in given):
        raise DomainError(f"the shape {shape!r} has no entries: an empty domain decides nothing")
    return tuple(int(n) for n in given)


def reals(shape: int | Sequence[int] = ()) -> Box:
    """All real arrays of the given shape: ``reals()`` is the line, ``reals(2)`` the plane.

    Args:
        shape: their shape; an int for vectors, () for numbers.

    Raises:
        DomainError: no shape.

    Examples:
        >>> from netprops import reals
        >>> reals((2, 3)).shape
        (2, 3)
    """
    return Box(_shape(shape), (WHOLE_LINE,))


def positive(shape: int | Sequence[int] = ()) -> Box:
    """Arrays whose entries are all > 0.

    Args:
        shape: their shape; an int for vectors, () for numbers.

    Raises:
        DomainError: no shape.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_concave, positive
        >>> is_concave(jnp.log, on=positive()).answer
        'yes'
    """
    return Box(_shape(shape), (Interval(lo=fmpq(0), lo_open=True),))


def nonnegative(shape: int | Sequence[int] = ()) -> Box:
    """Arrays whose entries are all >= 0.

    Args:
        shape: their shape; an int for vectors, () for numbers.

    Raises:
        DomainError: no shape.

    Examples:
        >>> from netprops import is_convex, nonnegative
        >>> is_convex(lambda x: x**3, on=nonnegative()).answer
        'yes'
    """
    return Box(_shape(shape), (Interval(lo=fmpq(0)),))


def ordered_cone(shape: int | Sequence[int], *, apart: Rational = 0) -> OrderedCone:
    """Arrays whose first row is in order: ``ordered_cone(n)`` is w1 <= w2 <= ... <= wn, a closed convex cone.

    Of a matrix, ``ordered_cone((m, n))``, the first row is ordered and the rest is free: for the weights W of a layer
    h @ W of n units, each of which is a column, that is a fundamental domain of the units' permutations. With
    ``apart=1``, say, each entry is at least 1 above the one before: no permutation takes one such array to another.

    Args:
        shape: of the arrays; an int for vectors.
        apart: the least distance between neighbours, at least 0.

    Raises:
        DomainError: no entries, no axis, or `apart` below 0.

    Examples:
        >>> from netprops import is_convex, ordered_cone
        >>> is_convex(lambda w: (w[0] - w[1]) ** 3, on=ordered_cone(2)).answer
        'no'
        >>> is_convex(lambda w: (w[1] - w[0]) ** 3, on=ordered_cone(2)).answer
        'yes'
    """
    return OrderedCone(_shape(shape), exact(apart))


def box(lo: Any, hi: Any, shape: int | Sequence[int] | None = None, *, open: Openness = False) -> Box:
    """Arrays x with ``lo <= x <= hi`` entry by entry; `lo` and `hi` broadcast against each other and `shape`.

    Args:
        lo: the lower ends: ints, `Fraction`s, doubles (as they are; infinities allowed), or arrays or nested lists
            of them.
        hi: the upper ends, likewise.
        shape: of the arrays; by default that of ``lo`` and ``hi``.
        open: which ends are left out: ``False`` none, ``True`` both, ``"lower"`` or ``"upper"`` one.

    Raises:
        DomainError: empty, reversed or NaN-bounded domain, or shapes that do not fit.

    Examples:
        >>> from fractions import Fraction
        >>> from netprops import box
        >>> print(box(0, Fraction(1, 10), shape=2))
        [0, 1/10]^2
        >>> print(box([0, 1], [1, 2], open=True))
        (0, 1) x (1, 2)
    """
    if open not in (False, True, "lower", "upper"):
        raise DomainError(f"open is False, True, 'lower' or 'upper', got {open!r}")
    lows, highs = _bounds(lo), _bounds(hi)
    try:
        full = np.broadcast_shapes(lows.shape, highs.shape) if shape is None else _shape(shape)
        lows, highs = np.broadcast_to(lows, full), np.broadcast_to(highs, full)
    except ValueError as error:
        raise DomainError(f"bounds of shapes {lows.shape} and {highs.shape} do not fit: {error}") from None
    full = _shape(full)
    intervals = []
    for index, (a, b) in enumerate(zip(lows.ravel(), highs.ravel(), strict=True)):
        low, high = _end(a, -math.inf), _end(b, math.inf)
        try:
            intervals.append(Interval(low, high, open in (True, "lower"), open in (True, "upper")))
        except DomainError:
            where = f" at entry {index}" if full else ""
            raise DomainError(f"the domain is empty{where}: no real number between {a} and {b}") from None
    return Box(full, (intervals[0],) if len(set(intervals)) == 1 else tuple(intervals))


def _bounds(values: Any) -> np.ndarray:
    """Bounds as an object array; float arrays must be float64, so that no end was rounded on the way."""
    dtype = getattr(values, "dtype", None)
    if dtype is not None and np.issubdtype(dtype, np.floating) and dtype != np.float64:
        raise DomainError(f"bounds of dtype {dtype}: give float64, ints or Fractions, so that the ends are exact")
    if isinstance(values, jax.Array):
        values = np.asarray(values)
    return np.array(values, dtype=object)


_INTERVAL = r"(?P<left>[\[(])(?P<lo>[^,]+),(?P<hi>[^,\])]+)(?P<right>[\])])"
_FACTOR = re.compile(rf"\s*(?:(?P<line>R)|{_INTERVAL})(?:\^(?P<n>\d+))?\s*")


def parse_domain(text: str) -> Box:
    """The box that a text names: "R^3", "[-1, 1]^2", "(0, inf)", "[0, 1] x R x (-inf, 1/3]".

    Ends are read as exact decimals or fractions; one factor without a power is a domain of numbers, all others one of
    vectors.

    Raises:
        DomainError: another form, a number that is none, or an empty domain.
    """
    intervals: list[Interval] = []
    factors = text.split("x")
    for factor in factors:
        found = _FACTOR.fullmatch(factor)
        if found is None:
            raise DomainError(
                f"no domain in {factor.strip()!r}: write R, an interval such as [-1, 1], (0, inf) or [0, 1/3), a power "
                "such as R^3, or a product such as [0, 1] x R"
            )
        intervals += [WHOLE_LINE if found["line"] else _parsed_interval(found)] * int(found["n"] or 1)
    if not intervals:
        raise DomainError(f"the domain {text!r} has no entries: an empty domain decides nothing")
    if len(factors) == 1 and "^" not in text:
        return Box((), (intervals[0],))
    return Box((len(intervals),), (intervals[0],) if len(set(intervals)) == 1 else tuple(intervals))


def _parsed_interval(found: re.Match[str]) -> Interval:
    lo, hi = _parsed_end(found["lo"], -math.inf), _parsed_end(found["hi"], math.inf)
    return Interval(lo, hi, lo is not None and found["left"] == "(", hi is not None and found["right"] == ")")


def _parsed_end(text: str, infinite: float) -> fmpq | None:
    name = text.strip().removeprefix("+")
    if name in ("inf", "-inf"):
        return _end(float(name), infinite)
    try:
        return exact(Fraction(name))
    except (ValueError, ZeroDivisionError):
        raise DomainError(f"{name!r} is no number: an end is an integer, a decimal, a fraction or inf") from None


def leaves(domain: Any) -> list[Box]:
    """The boxes of a pytree of domains, in JAX's order.

    Raises:
        DomainError: a leaf is no domain, or there is none.
    """
    boxes = jax.tree.leaves(domain)
    for leaf in boxes:
        if isinstance(leaf, OrderedCone):
            raise DomainError(f"the ordered cone {leaf} is a domain for questions of shape and identity only, not here")
        if not isinstance(leaf, Box):
            raise DomainError(f"a domain is made by reals, positive, box, ... or a pytree of these; got {leaf!r}")
    if not boxes:
        raise DomainError("the domain has no entries: an empty domain decides nothing")
    return boxes


def dimension(domain: Any) -> int:
    """Number of real coordinates of a pytree of domains."""
    return sum(leaf.size for leaf in leaves(domain))


def describe(domain: Any) -> str:
    """The domain in one line, for messages."""
    return str(domain) if isinstance(domain, Box | OrderedCone) else str(jax.tree.map(str, domain)).replace("'", "")
