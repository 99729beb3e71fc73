"""Wide networks end alike: the test losses of independent runs lie closer together the wider the network is.

How far apart two runs end is the median difference of their test losses. Teacher and student: about 0.0035 at 2 units
and 0.0017 at 10. The digits: about 0.29, 0.13 and 0.028 at 5, 10 and 25; so few runs do not tell 5 and 10 apart.
"""

from fractions import Fraction

import optax

from netprops import CONDITIONAL, claim, is_spread_smaller, pairs
from netprops.objects.digit_readers import reading
from netprops.objects.teachers import Teaching
from netprops.strategies import by_profile

CLAIM = claim("large-networks-minima-alike", source="D1.A3", verdict=CONDITIONAL)

RATIO = Fraction(4, 5)
TASK = Teaching(units=4, rows=32, tests=64)  # one teacher, one data set: only the starts differ
STUDENTS, READERS = (2, 2, 10), (5, 10, 25)
LEARNING, READING = TASK.trial(STUDENTS, optax.adam(0.05), steps=60, fixed=True), reading(READERS)


def losses(name, trial, widths, count, tile):
    """How far apart the test losses of runs end, width by width."""
    ends = pairs(name, lambda key: tuple(trial(key).test), count, tile=tile)
    return [ends.spread(lambda end, k=k: end[k], f"test loss of width {width}") for k, width in enumerate(widths)]


@CLAIM
def test_teacher_and_student():
    count = by_profile(quick=10_500, default=10_500, thorough=40_000)
    two, two_again, ten = losses("students", LEARNING, STUDENTS, count, tile=128)
    assert is_spread_smaller(ten, two, ratio=RATIO)
    assert not is_spread_smaller(two_again, two, ratio=RATIO)


@CLAIM
def test_digits():
    count = by_profile(quick=256, default=256, thorough=2048)
    five, ten, twenty_five = losses("digits", READING, READERS, count, tile=32)
    assert is_spread_smaller(twenty_five, five, ratio=RATIO)
    assert is_spread_smaller(twenty_five, ten, ratio=1)
