"""Bad ends become rarer with width if the target is held fixed. If the target grows with the student they become more
common; a single unit more than the target has makes them rare again.

One ReLU teacher on 16 drawn inputs in the plane, students of 1, 3 and 16 units: training ends above a mean squared
error of 0.003 in shares of about 0.47, 0.14 and 0.002. Students of as many units as their orthonormal ReLU teachers, on
all inputs at once (Gaussian, in closed form): about 0.002 of them end above 0.01 with 6 units, 0.21 with 9, and 0.004
with 10 units for 9 teachers. Safran and Shamir (2018) counted 0.003, 0.218 and 0.001 above 0.001, by gradient descent:
their counts are compared under their level in the claim spurious-minima-of-relu-teachers. An end here is where training
stopped; that it is a minimum is not shown.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netprops import CONDITIONAL, claim, is_rarer, runs
from netprops.objects.gaussian_relu import population_loss
from netprops.objects.teachers import Teaching, train
from netprops.questions.frequencies import SHOWN
from netprops.strategies import by_profile

CLAIM = claim("bad-minima-rarer-with-width", source=("D1.A3", "D1.A3.c5"), verdict=CONDITIONAL)

MARGIN = 1 / 64
WIDTHS = (1, 3, 16)
TASK = Teaching(inputs=2, units=1, rows=16, hidden=jax.nn.relu)

SIZES = ((6, 6), (9, 9), (10, 9))  # students and teachers
# One shape for all: 1 for what is there, 0 for what is filled up.
STUDENTS = np.array([[1.0] * n + [0.0] * (10 - n) for n, _ in SIZES])
TEACHERS = np.array([[1.0] * k + [0.0] * (9 - k) for _, k in SIZES])


def above(ends, names, losses, level):
    """By size: the share of runs that end above the level."""
    return {
        name: ends.share(lambda end, i=i: losses(end)[i] > level, f"{name} above {level}")
        for i, name in enumerate(names)
    }


def draw(title, shares, sizes):
    """The shares against the numbers of units, with their exact intervals of 99 %."""
    counted = [share.counted() for share in shares]
    low, high = zip(*(each.interval(SHOWN) for each in counted), strict=True)
    shares = [each.events / each.count for each in counted]
    CLAIM.curve(title, sizes, shares, axes=("units of the student", "share of bad ends"), low=low, high=high)


@CLAIM
def test_one_teacher():
    trial = TASK.trial(WIDTHS, optax.adam(0.1), 200)
    ends = runs("students of 1, 3 and 16 units", trial, by_profile(quick=1200, default=1200, thorough=20_000))
    bad = above(ends, WIDTHS, lambda end: end.train, 0.003)
    assert is_rarer(bad[16], bad[3], by=MARGIN)
    assert is_rarer(bad[3], bad[1], by=MARGIN)
    draw("One teacher, held fixed", [bad[width] for width in WIDTHS], WIDTHS)


def as_many_as_teachers(key):
    """The population losses at which training ends, by size."""
    normals = jax.random.normal(key, (10, 9), jnp.float64)

    def end(students, teachers):
        start = students[:, None] * teachers[None, :] * normals / jnp.sqrt(jnp.sum(teachers))  # Xavier's
        cost = lambda W: population_loss(W, students, teachers)  # noqa: E731
        return cost(train(cost, start, optax.sgd(0.4, momentum=0.9, nesterov=True), 250))

    return jax.vmap(end)(STUDENTS, TEACHERS)


@CLAIM
def test_as_many_teachers_as_students():
    ends = runs(
        "orthonormal teachers", as_many_as_teachers, by_profile(quick=550, default=550, thorough=10_000), tile=110
    )
    bad = above(ends, SIZES, lambda losses: losses, 0.01)
    assert not is_rarer(bad[9, 9], bad[6, 6], by=MARGIN)
    assert is_rarer(bad[6, 6], bad[9, 9], by=MARGIN)
    assert is_rarer(bad[10, 9], bad[9, 9], by=MARGIN)
    draw("As many teachers as students; at 10, one teacher less", bad.values(), [students for students, _ in SIZES])
