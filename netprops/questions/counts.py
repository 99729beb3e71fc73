"""Is a share of runs what somebody else has counted?"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from netprops.domains import DomainError, exact
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.exact.binomial import clopper_pearson
from netprops.exact.fisher import two_sided
from netprops.questions.frequencies import DECISION, ESTIMATED, SHOWN, CertifiedShare, Share


def is_compatible(share: Share | CertifiedShare, *, events: int, count: int, within: Any) -> Verdict:
    """Is the event as probable as where it was counted `events` times in `count` independent trials, published say?

    "No", *estimated*: Fisher's exact test rejects equal probabilities at the level of decision.  "Yes", *estimated*: it
    does not, and the two probabilities differ by less than `within`, by exact intervals that share that level.  So few
    trials that the test would pass nearly anything answer neither, and are undecided; probabilities that are not
    equal, but closer than `within`, may be answered either way.

    Args:
        share: of `runs(...)`, by its `share` or `certified_share`.
        events: how often the event happened elsewhere.
        count: in how many trials, at least 1.
        within: the margin of a yes, strictly between 0 and 1.

    Raises:
        DomainError: no such counts, or no such margin.

    Examples:
        >>> import jax
        >>> from netprops import is_compatible, runs
        >>> coin = runs("a coin", jax.random.bernoulli, 1000).share(lambda side: side, "heads")
        >>> is_compatible(coin, events=4960, count=10000, within=0.125).answer
        'yes'
    """
    for number in (events, count):
        if isinstance(number, bool) or not isinstance(number, int):
            raise DomainError(f"is_compatible: events and count are integers, got {events!r} and {count!r}")
    if not 0 <= events <= count or count < 1:
        raise DomainError(f"is_compatible: expected 0 <= events <= count with one trial or more: {events} of {count}")
    margin = Fraction(str(exact(within)))
    if not 0 < margin < 1:
        raise DomainError(f"is_compatible: the margin lies strictly between 0 and 1, got {float(margin):.4g}")
    return record(_compared(share, events, count, margin))


def _compared(share: Share | CertifiedShare, events: int, count: int, margin: Fraction) -> Verdict:
    name, counted = "is_compatible", share.counted()
    # Whether the event happened in lost runs is not known: an answer stands only if it does either way.
    possible = range(counted.events, counted.events + counted.lost + 1)
    chances = [two_sided(each, counted.count, events, count) for each in possible]
    low, high = counted.interval(DECISION / 2)
    other_low, other_high = clopper_pearson(events, count, DECISION / 2)
    difference = low - other_high, high - other_low
    published = _shown(clopper_pearson(events, count, SHOWN))
    because = (
        f"{counted}; elsewhere {events:,} of {count:,} (99 % interval {published}); Fisher's exact test of equal "
        f"probabilities gives p = {float(min(chances)):.3g}, against {float(DECISION):g}; the difference lies in "
        f"{_shown(difference)} at that level, against a margin of {float(margin):.4g}"
    )
    witness: dict[str, object] = {
        **counted.record(),
        "elsewhere": {"events": events, "runs": count, "interval of 99 %": published},
        "p-value of equal probabilities": f"{float(min(chances)):.6g}",
        "difference": _shown(difference),
        "margin": str(margin),
    }
    if max(chances) < DECISION:
        return no(name, ESTIMATED, because, witness, counted.count)
    if min(chances) >= DECISION and -margin < difference[0] and difference[1] < margin:
        return yes(name, ESTIMATED, because, witness, counted.count)
    return undecided(name, f"the counts do not tell: {because}", counted.count)


def _shown(ends: tuple[Fraction, Fraction]) -> str:
    """An interval in four digits, rounded outwards."""
    low, high = (math.floor(ends[0] * 10**4), math.ceil(ends[1] * 10**4))
    return f"[{low / 10**4:g}, {high / 10**4:g}]"
