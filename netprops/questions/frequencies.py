"""Questions about frequencies: how often an event happens in independent random runs, with an exact interval.

A question states a margin.  It is answered yes if the interval of the frequency lies wholly beyond it, no if wholly
short of it, else it is undecided.  Decisions are made at the level `DECISION`, so low that a suite of
`MOST_ESTIMATED` such questions raises a false alarm with a probability below `FALSE_ALARMS`; the 99 % interval is for
people.  Intervals are Clopper and Pearson's (1934), ends rounded outwards.

A run that leaves a number that is not finite is *lost*.  Lost runs are counted and stated; as it is not known whether
the event happened in them, an answer stands only if it does either way.

An event may be decided by a certificate, run by run, outside JAX (`Runs.certified_share`).  Where the certificate fails
it is not known whether it happened: such runs are lost too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from operator import itemgetter
from typing import Any

import jax
import numpy as np

from netprops import sharing
from netprops.domains import DomainError, exact
from netprops.evidence import (
    FALSE_ALARMS,
    MOST_ESTIMATED,
    Kind,
    Verdict,
    no,
    record,
    run_seed,
    running_claim,
    undecided,
    yes,
)
from netprops.exact.binomial import clopper_pearson
from netprops.progress import Progress
from netprops.readings.jaxpr import NotAFunctionError
from netprops.search import mesh
from netprops.search.fingerprints import fingerprint
from netprops.search.trials import (
    Array,
    Ranges,
    happened,
    key_of,
    lost,
    outcomes_of,
    pack,
    ranges_of,
    seed_of,
    text_of,
    unpack,
)

DECISION = FALSE_ALARMS / MOST_ESTIMATED  # the level of one question
SHOWN = Fraction(1, 100)  # 99 % intervals are printed
ESTIMATED: Kind = "estimated"

# Of a run, whether the event certainly happened.
_NO_EVENT, _EVENT, _LOST, _DROPPED = range(4)
_CODE = np.zeros((), np.int8)

Ends = tuple[Fraction, Fraction]


# ---------------------------------------------------------------- runs and shares


@dataclass(frozen=True, eq=False)
class Runs:
    """So many independent runs of ``trial(key)``; `name` says what they are, and separates equal trials."""

    name: str
    trial: Callable[[Any], Any]
    count: int
    tile: int

    def share(self, event: Callable[[Any], Any], name: str) -> Share:
        """The share of these runs of whose outcome `event` holds: a truth value, in JAX; `name` says which."""
        return Share(self, event, name)

    def certified_share(
        self, decide: Callable[[Any], bool | None], name: str, *, among: Callable[[Any], bool] | None = None
    ) -> CertifiedShare:
        """The share of these runs of whose outcome `decide` certifies the event.

        Args:
            decide: of one outcome, a pytree of NumPy arrays: whether the event certainly happened (True), certainly
                did not (False), or is not decided (None): then the run is lost.  A matter of the outcome alone, since
                runs may be decided in any order and by several processes.
            name: what the event is, in words.
            among: whether a run, by its outcome alone, is one of those of which the share is taken; by default all
                are.  The others are dropped, and counted.  Given how many are left, these are independent runs of the
                conditional distribution.
        """
        return CertifiedShare(self, decide, name, among)

    def outcomes(self) -> Any:
        """What the runs left, a pytree of NumPy arrays (count, ...).  The runs are made when first asked for."""
        return outcomes_of(self.trial, self._text, self.count, self.seed(), tile=self.tile, what=self.name)

    def ranges(self) -> Ranges:
        """The runs in ranges, in which they are made and shared."""
        return ranges_of(self.count, self.tile)

    def key(self, seed: int) -> dict[str, Any]:
        """What tells these runs, with their seed, from all others."""
        return key_of(self._text, self.count, seed, tile=self.tile, what=self.name)

    def seed(self) -> int:
        """The seed, of the run of the suite, the claim, the name and the program: the same in every process."""
        return seed_of(run_seed(), running_claim(), self.name, self.count, self._text)

    @functools.cached_property
    def _text(self) -> str:
        return text_of(self.trial)


def runs(name: str, trial: Callable[[Any], Any], count: int, *, tile: int = 256) -> Runs:
    """So many independent runs.

    Args:
        name: what is run, in words; runs of one name and one trial are the same runs.
        trial: one run, in JAX: from a random key (`jax.random`) to its outcome, a pytree of arrays.
        count: how many runs.
        tile: how many of them are vectorised together.

    Raises:
        DomainError: no runs.

    Examples:
        >>> import jax
        >>> from netprops import is_share_above, runs
        >>> coin = runs("a coin", jax.random.bernoulli, 1000).share(lambda side: side, "heads")
        >>> is_share_above(coin, 0.25).answer
        'yes'
    """
    if not callable(trial):
        raise NotAFunctionError(f"a trial is a function of a random key, got {type(trial).__name__}")
    for number, what in ((count, "runs"), (tile, "runs in a tile")):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise DomainError(f"the number of {what} is an integer from 1 on, got {number!r}")
    return Runs(name, trial, count, tile)


@dataclass(frozen=True, eq=False)
class Share:
    """The share of `runs` of whose outcome `event` holds."""

    runs: Runs
    event: Callable[[Any], Any]
    name: str
    _counts: dict[int, Counted] = field(default_factory=dict, repr=False)  # by the seed of the runs

    def counted(self) -> Counted:
        """Make the runs, unless they were made, and count, unless that was done."""
        seed = self.runs.seed()
        if seed not in self._counts:
            outcomes = self.runs.outcomes()
            gone = lost(outcomes, self.runs.count)
            truth = happened(self._checked(outcomes), outcomes)
            self._counts[seed] = Counted(
                f"{self.runs.name}: {self.name}", int((truth & ~gone).sum()), int(gone.sum()), len(gone), seed
            )
        return self._counts[seed]

    def _checked(self, outcomes: Any) -> Callable[[Any], Any]:
        made = jax.eval_shape(lambda outcome: self.event(outcome), jax.tree.map(lambda a: a[0], outcomes))
        if getattr(made, "shape", None) != () or made.dtype != np.bool_:
            raise NotAFunctionError(f"the event {self.name!r} is one truth value for each run, got {made}")
        return self.event


@dataclass(frozen=True, eq=False)
class CertifiedShare:
    """The share, of the `runs` with `among` (None: of all), of whose outcome `decide` certifies the event."""

    runs: Runs
    decide: Callable[[Any], bool | None]
    name: str
    among: Callable[[Any], bool] | None = None

    def counted(self) -> Counted:
        """Make the runs, unless they were made, decide each of those that belong, and count.

        A run that left a number that is not finite is counted as lost, though it might have been dropped: whether it
        belongs to the others or not, the interval is the wider for it.
        """
        seed = self.runs.seed()
        if seed not in self._counts:
            self._counts[seed] = self._count(seed)
        return self._counts[seed]

    @functools.cached_property
    def _counts(self) -> dict[int, Counted]:
        return {}

    def _count(self, seed: int) -> Counted:
        outcomes, count = self.runs.outcomes(), self.runs.count
        gone, title = lost(outcomes, count), f"{self.runs.name}: {self.name}"
        ranges, progress = self.runs.ranges(), Progress(title, count)

        def decided(number: int) -> Array:
            found = np.empty(len(ranges[number]), dtype=np.int8)
            for place, i in enumerate(ranges[number]):
                found[place] = _LOST if gone[i] else self._decided(jax.tree.map(itemgetter(i), outcomes))
                progress.at(i + 1)
            return found

        parts = self._shared(seed, ranges, decided)
        dropped, not_known, events = (int((np.concatenate(parts) == code).sum()) for code in (_DROPPED, _LOST, _EVENT))
        if dropped == count:
            raise DomainError(f"{title}: none of the {count:,} runs belongs to those of which the share is taken")
        return Counted(title, events, not_known, count - dropped, seed, dropped)

    def _decided(self, outcome: Any) -> int:
        if self.among is not None and not self._truth(self.among(outcome)):
            return _DROPPED
        answer = self.decide(outcome)
        return _LOST if answer is None else _EVENT if self._truth(answer) else _NO_EVENT

    def _shared(self, seed: int, ranges: Ranges, decided: Callable[[int], Array]) -> list[Array]:
        """What was decided in every range; with other processes, where it is known that they decide the same."""
        prints = [fingerprint(function) for function in (self.decide, self.among or _all)]
        if None in prints:
            return [decided(number) for number in range(len(ranges))]
        if not mesh.is_alone():
            mesh.agree("what they decide", repr((seed, self.runs.count, self.runs.tile, self.name, prints)))
            return mesh.ranges(len(ranges), ranges.size, decided)

        def unpacked(number: int, payload: bytes) -> Array:
            (found,) = unpack(payload, [_CODE], len(ranges[number]))
            if not np.isin(found, (_NO_EVENT, _EVENT, _LOST, _DROPPED)).all():
                raise ValueError("it holds what is no decision")
            return found

        key = {**self.runs.key(seed), "what": "decisions", "event": self.name, "decided by": prints}
        return sharing.ranges(key, len(ranges), decided, lambda found: pack([found]), unpacked)

    def _truth(self, answer: Any) -> bool:
        if not isinstance(answer, bool | np.bool_):
            raise NotAFunctionError(f"the event {self.name!r} is decided by True, False or None, got {answer!r}")
        return bool(answer)


def _all(_outcome: Any) -> bool:
    """The runs of which a share is taken, where nothing else is said."""
    return True


@dataclass(frozen=True)
class Counted:
    """`events` certain events in `count` runs, of which `lost` more may have been events; `dropped` ones left out."""

    name: str
    events: int
    lost: int
    count: int
    seed: int
    dropped: int = 0

    def interval(self, level: Fraction) -> Ends:
        """The exact interval at 1 - level, for whatever the lost runs were."""
        return _interval(self.events, self.count, level)[0], _interval(self.events + self.lost, self.count, level)[1]

    def __str__(self) -> str:
        gone = f", {self.lost} lost" if self.lost else ""
        gone += f", {self.dropped:,} dropped" if self.dropped else ""
        return (
            f"{self.name} in {self.events:,} of {self.count:,} runs{gone} (99 % interval {_show(self.interval(SHOWN))})"
        )

    def record(self) -> dict[str, object]:
        """What was counted, for the ledger."""
        return {
            "kind": "frequency",
            "of": self.name,
            "runs": self.count,
            "events": self.events,
            "lost": self.lost,
            **({"dropped": self.dropped} if self.dropped else {}),
            "interval of 99 %": _show(self.interval(SHOWN)),
            "interval of the decision": _show(self.interval(DECISION)),
            "seed": self.seed,
        }


@functools.lru_cache(maxsize=4096)
def _interval(events: int, count: int, level: Fraction) -> Ends:
    return clopper_pearson(events, count, level)


# ---------------------------------------------------------------- questions


def is_share_above(share: Share | CertifiedShare, level: Any) -> Verdict:
    """Is the probability of the event above `level`?  yes and no are *estimated*: beyond it with the whole interval.

    Args:
        share: of `runs(...)`, by its `share` or `certified_share`.
        level: a probability, strictly between 0 and 1.

    Raises:
        DomainError: a level that is none.

    Examples:
        >>> import jax
        >>> from netprops import is_share_above, runs
        >>> coin = runs("a coin", jax.random.bernoulli, 1000).share(lambda side: side, "heads")
        >>> is_share_above(coin, 0.25).answer
        'yes'
        >>> is_share_above(coin, 0.5).answer
        'undecided'
    """
    return record(_against_level("is_share_above", share, level, above=True))


def is_share_below(share: Share | CertifiedShare, level: Any) -> Verdict:
    """Is the probability of the event below `level`?  yes and no are *estimated*: beyond it with the whole interval.

    Args:
        share: of `runs(...)`, by its `share` or `certified_share`.
        level: a probability, strictly between 0 and 1.

    Raises:
        DomainError: a level that is none.

    Examples:
        >>> import jax
        >>> from netprops import is_share_below, runs
        >>> coin = runs("a coin", jax.random.bernoulli, 1000).share(lambda side: side, "heads")
        >>> is_share_below(coin, 0.75).answer
        'yes'
    """
    return record(_against_level("is_share_below", share, level, above=False))


def is_rarer(a: Share | CertifiedShare, b: Share | CertifiedShare, *, by: Any) -> Verdict:
    """Is the probability of a smaller than that of b by more than `by`?  "No": it is not, by a whole interval either.

    The two intervals share the level, half for each; a and b need not be independent.

    Args:
        a: the share that is meant to be smaller.
        b: the other.
        by: the margin, at least 0 and below 1.

    Raises:
        DomainError: a margin that is none.

    Examples:
        >>> import jax
        >>> from netprops import is_rarer, runs
        >>> coin = runs("a coin", jax.random.bernoulli, 1000).share(lambda side: side, "heads")
        >>> die = runs("a die", lambda key: jax.random.randint(key, (), 1, 7), 1000)
        >>> six = die.share(lambda face: face == 6, "six")
        >>> is_rarer(six, coin, by=0.125).answer
        'yes'
    """
    margin = _level("is_rarer", by, "a margin")
    first, second = a.counted(), b.counted()
    (low, high), (low_b, high_b) = (each.interval(DECISION / 2) for each in (first, second))
    least, most = low_b - high, high_b - low
    because = (
        f"{first}; {second}; the difference lies in {_show((least, most))}, against a margin of {_number(margin)}, "
        f"at the level {float(DECISION):g}"
    )
    witness: dict[str, object] = {
        "kind": "frequency",
        "a": first.record(),
        "b": second.record(),
        "difference": _show((least, most)),
        "margin": str(margin),
    }
    return record(_answer("is_rarer", least > margin, most < margin, because, witness, first.count + second.count))


def _against_level(question: str, share: Share | CertifiedShare, level: Any, *, above: bool) -> Verdict:
    bound = _level(question, level, "a level")
    counted = share.counted()
    low, high = counted.interval(DECISION)
    because = (
        f"{counted}; {_show((low, high))} at the level of decision {float(DECISION):g}, against {_number(bound)}; "
        f"{power(counted.count, bound)}; seed {counted.seed}"
    )
    witness = {**counted.record(), "against": str(bound)}
    beyond, short = (low > bound, high < bound) if above else (high < bound, low > bound)
    return _answer(question, beyond, short, because, witness, counted.count)


def _answer(
    question: str, beyond: bool, short: bool, because: str, witness: dict[str, object], evaluations: int
) -> Verdict:
    if beyond:
        return yes(question, ESTIMATED, because, witness, evaluations)
    if short:
        return no(question, ESTIMATED, because, witness, evaluations)
    return undecided(question, f"the interval holds the margin, so that more runs are needed: {because}", evaluations)


def _level(question: str, level: Any, what: str) -> Fraction:
    number = exact(level)
    bound = Fraction(int(number.p), int(number.q))
    if not 0 < bound < 1:
        raise DomainError(f"{question}: {what} lies strictly between 0 and 1, got {_number(bound)}")
    return bound


# ---------------------------------------------------------------- power


@functools.lru_cache(maxsize=1024)
def power(count: int, level: Fraction) -> str:
    """Which probabilities so many runs tell from `level` as surely as they avoid a false answer, in words."""
    below = _least(lambda k: _interval(k, count, DECISION)[1] >= level, count)  # k events are too many for "below"
    above = _least(lambda k: _interval(k, count, DECISION)[0] > level, count) - 1  # and so many too few for "above"
    low = _interval(below, count, DECISION)[0] if below > 0 else None
    high = _interval(above, count, DECISION)[1] if above < count else None
    parts = [f"below {_number(low)}" if low else "", f"above {_number(high)}" if high else ""]
    told = " or ".join(filter(None, parts))
    return f"so many runs tell a share {told} from it as surely" if told else "so few runs tell no share from it surely"


def _least(holds: Callable[[int], bool], count: int) -> int:
    """The least k from 0 to count of which a property holds that goes on to hold; count + 1 if there is none."""
    low, high = 0, count + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


# ---------------------------------------------------------------- showing


def _number(x: Fraction) -> str:
    return f"{float(x):.4g}"


def _show(ends: Ends) -> str:
    """An interval in four digits, rounded outwards so that it is still one."""
    low, high = ends
    digits = 10**6
    return f"[{(low * digits).__floor__() / digits:g}, {-((-high * digits).__floor__()) / digits:g}]"
