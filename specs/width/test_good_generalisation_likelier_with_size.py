"""Students that do well on unseen inputs become likelier with width if the data are clean and many enough; with few and
noisy data the first units that bring the parameters up to the number of data make them rarer.

One ReLU teacher in the plane. Of students of 1 and 16 units on 32 clean data, shares of about 0.29 and 0.008 end above
a mean squared error of 0.05 on 64 other inputs. On 12 data with noise of standard deviation 1, shares of about 0.24 and
0.51 of the students of 1 unit (5 parameters) and 3 units (13 parameters) end above 1. An end is
where training stopped; that it is a minimum is not shown.
"""

import jax
import optax

from netprops import CONDITIONAL, claim, is_rarer, runs
from netprops.objects.teachers import Teaching
from netprops.strategies import by_profile

CLAIM = claim("good-generalisation-likelier-with-size", source=("D1.A3", "D1.A3.c5"), verdict=CONDITIONAL)

MARGIN = 1 / 64
FEWER = by_profile(quick=500, default=500, thorough=20_000)
MANY = by_profile(quick=1500, default=1500, thorough=20_000)


def worse_on_others(task, widths, level, count):
    """By width: the share of students that end above the level on the test rows."""
    ends = runs(f"students on {task.rows} data", task.trial(widths, optax.adam(0.1), 200), count)
    return [
        ends.share(lambda end, i=i: end.test[i] > level, f"{width} units, test loss above {level}")
        for i, width in enumerate(widths)
    ]


@CLAIM
def test_clean_data():
    task = Teaching(inputs=2, units=1, rows=32, tests=64, hidden=jax.nn.relu)
    one, sixteen = worse_on_others(task, (1, 16), 0.05, FEWER)
    assert is_rarer(sixteen, one, by=MARGIN)


@CLAIM
def test_few_noisy_data():
    task = Teaching(inputs=2, units=1, rows=12, tests=64, noise=1.0, hidden=jax.nn.relu)
    few, about_as_many = worse_on_others(task, (1, 3), 1.0, MANY)
    assert is_rarer(few, about_as_many, by=MARGIN)
    assert not is_rarer(about_as_many, few, by=MARGIN)
