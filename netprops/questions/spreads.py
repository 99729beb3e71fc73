"""Questions about how far apart independent runs end, by an exact interval whatever their distribution is.

The *spread* of a number that a run leaves is the median of |x - x'| over two independent runs.  It is estimated from
pairs of runs that have no run in common, by order statistics of their differences (`exact/order_statistics.py`), taken
exactly.  The ratio of two spreads lies between the quotients of the ends of their intervals, which share the level,
half for each; the two need not be independent.

Whether two numbers rank runs alike is told from the same pairs: `Pairs.concordance` is a share like any other, for the
questions of `frequencies`: Kendall's (1938) probability of concordance.

A pair that leaves a number that is not finite is *lost*: an answer stands only if it does whatever its difference was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import DomainError, exact
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.exact.order_statistics import median_interval
from netprops.questions.frequencies import DECISION, ESTIMATED, SHOWN, Runs, Share, runs
from netprops.readings.jaxpr import NotAFunctionError
from netprops.search.trials import lost

Ends = tuple[Fraction, Fraction | None]  # None: infinite


# ---------------------------------------------------------------- pairs of runs


@dataclass(frozen=True, eq=False)
class Pairs:
    """So many pairs of independent runs; the outcomes of a pair are stacked, first and second."""

    runs: Runs  # of pairs

    def spread(self, of: Callable[[Any], Any], name: str) -> Spread:
        """The spread of a number of a run's outcome: `of` takes the outcome of one run to it; `name` says which."""
        return Spread(self, of, name)

    def concordance(self, a: Callable[[Any], Any], b: Callable[[Any], Any], name: str) -> Share:
        """The share of pairs that a and b, two numbers of a run's outcome, put in one strict order; ties are not.

        1/2 where they are independent and have no ties; 1 where one is a rising function of the other, 0 a falling one.
        """

        def alike(outcome: Any) -> Any:
            (x, u), (y, v) = jax.vmap(a)(outcome), jax.vmap(b)(outcome)
            return ((x < u) & (y < v)) | ((x > u) & (y > v))

        return self.runs.share(alike, name)


def pairs(name: str, trial: Callable[[Any], Any], count: int, *, tile: int = 128) -> Pairs:
    """So many pairs of independent runs of ``trial(key)``; see `frequencies.runs`, also for what is refused.

    Args:
        name: what is run, in words.
        trial: one run, in JAX: from a random key to its outcome.
        count: how many pairs.
        tile: how many of them are vectorised together.

    Raises:
        DomainError: no pairs.

    Examples:
        >>> import jax
        >>> from netprops import is_spread_smaller, pairs
        >>> uniform = pairs("uniform", jax.random.uniform, 500).spread(lambda x: x, "x")
        >>> normal = pairs("normal", jax.random.normal, 500).spread(lambda x: x, "x")
        >>> is_spread_smaller(uniform, normal, ratio=1).answer
        'yes'
    """
    if not callable(trial):
        raise NotAFunctionError(f"a trial is a function of a random key, got {type(trial).__name__}")
    return Pairs(runs(name, lambda key: jax.vmap(trial)(jax.random.split(key)), count, tile=tile))


@dataclass(frozen=True, eq=False)
class Spread:
    """The median of |x - x'|, x and x' the number `of` the outcomes of two independent runs."""

    pairs: Pairs
    of: Callable[[Any], Any]
    name: str

    def measured(self) -> Measured:
        """Make the runs, unless they were made, and take the differences."""
        made = self.pairs.runs
        outcomes = made.outcomes()
        values = np.asarray(jax.vmap(jax.vmap(self._checked(outcomes)))(jax.tree.map(jnp.asarray, outcomes)))
        known = values[~lost(outcomes, made.count) & np.isfinite(values).all(axis=1)]
        nearly = known[np.argsort(np.abs(known[:, 0] - known[:, 1]))]  # doubles put them in order, or nearly so
        differences = sorted(abs(Fraction(x) - Fraction(y)) for x, y in nearly.tolist())
        name = f"{made.name}: {self.name}"
        return Measured(name, tuple(differences), made.count - len(differences), made.seed())

    def _checked(self, outcomes: Any) -> Callable[[Any], Any]:
        made = jax.eval_shape(lambda outcome: self.of(outcome), jax.tree.map(lambda a: a[0, 0], outcomes))
        if getattr(made, "shape", None) != () or made.dtype != np.float64:
            raise NotAFunctionError(f"{self.name!r} is one number, float64, for each run, got {made}")
        return self.of


@dataclass(frozen=True)
class Measured:
    """The exact `differences` of pairs of runs, in order; of `lost` more pairs it is not known."""

    name: str
    differences: tuple[Fraction, ...]
    lost: int
    seed: int

    @property
    def count(self) -> int:
        """How many pairs were run."""
        return len(self.differences) + self.lost

    def interval(self, level: Fraction) -> Ends:
        """The interval of the spread at 1 - level, for whatever the lost pairs were."""
        return median_interval(self.differences, self.lost, level)

    def __str__(self) -> str:
        gone = f", {self.lost} lost" if self.lost else ""
        return f"{self.name}, spread of {self.count:,} pairs{gone} (99 % interval {_show(self.interval(SHOWN))})"

    def record(self) -> dict[str, object]:
        """What was measured, for the ledger."""
        return {
            "kind": "spread",
            "of": self.name,
            "pairs": self.count,
            "lost": self.lost,
            "interval of 99 %": _show(self.interval(SHOWN)),
            "interval of the decision": _show(self.interval(DECISION / 2)),
            "seed": self.seed,
        }


# ---------------------------------------------------------------- the question


def is_spread_smaller(a: Spread, b: Spread, *, ratio: Any) -> Verdict:
    """Is the spread of a smaller than `ratio` times that of b?  "No": it is larger.

    Both are *estimated*: the interval of the ratio of the two spreads lies wholly below `ratio`, or wholly above it.

    Args:
        a: a spread of `pairs(...)`.
        b: another.
        ratio: positive.

    Raises:
        DomainError: the ratio is not positive.

    Examples:
        >>> import jax
        >>> from netprops import is_spread_smaller, pairs
        >>> uniform = pairs("uniform", jax.random.uniform, 500).spread(lambda x: x, "x")
        >>> normal = pairs("normal", jax.random.normal, 500).spread(lambda x: x, "x")
        >>> is_spread_smaller(normal, uniform, ratio=1).answer
        'no'
    """
    number = exact(ratio)
    bound = Fraction(int(number.p), int(number.q))
    if bound <= 0:
        raise DomainError(f"is_spread_smaller: a ratio of spreads is positive, got {float(bound):g}")
    return record(_compared(a.measured(), b.measured(), bound))


def _compared(a: Measured, b: Measured, bound: Fraction) -> Verdict:
    question, level = "is_spread_smaller", DECISION / 2
    (low, high), (low_b, high_b) = a.interval(level), b.interval(level)
    ratio, shown = (_ratio(a.interval(each), b.interval(each)) for each in (level, SHOWN / 2))
    because = (
        f"{a}; {b}; the ratio of the spreads (99 % interval {shown}) lies in {ratio} at the level of decision "
        f"{float(DECISION):g}, against {float(bound):.4g}; seeds {a.seed}, {b.seed}"
    )
    witness = {"kind": "ratio of spreads", "a": a.record(), "b": b.record(), "ratio": ratio, "against": str(bound)}
    made = 2 * (a.count + b.count)
    if high is not None and high < bound * low_b:
        return yes(question, ESTIMATED, because, witness, made)
    if high_b is not None and low > bound * high_b:
        return no(question, ESTIMATED, because, witness, made)
    return undecided(question, f"the interval holds the ratio, so that more runs are needed: {because}", made)


# ---------------------------------------------------------------- showing


def _ratio(a: Ends, b: Ends) -> str:
    """The interval of x / y for x in a and y in b, nonnegative numbers; infinite where y may be 0."""
    (low, high), (low_b, high_b) = a, b
    least = Fraction(0) if low == 0 or high_b is None else low / high_b if high_b else None
    return _show((least, high / low_b if high is not None and low_b else None))


def _show(ends: tuple[Fraction | None, Fraction | None]) -> str:
    """An interval in four digits, rounded outwards so that it is still one."""
    low, high = (
        "oo" if end is None else f"{Context(4, rounding).divide(Decimal(end.numerator), Decimal(end.denominator)):.4g}"
        for end, rounding in zip(ends, (ROUND_FLOOR, ROUND_CEILING), strict=True)
    )
    return f"[{low}, {high}]"
