"""Stopping early, against a plain loop; rows to train, to validate and to test on have nothing in common."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netprops.objects.early_stopping import fitting, train_validated
from netprops.objects.teachers import Teaching, mean_cost
from netprops.objects.training import glorot_start, normal_point

TASK = Teaching(units=2, rows=10, tests=6)
RATE, STEPS = 0.2, 30


def loop(cost, validation, p):
    """All points on the way, by hand, and the first of the least validation cost."""
    points = [p]
    slope, watched = jax.jit(jax.grad(cost)), jax.jit(validation)
    for _ in range(STEPS):
        points.append(jax.tree.map(lambda a, g: a - RATE * g, points[-1], slope(points[-1])))
    return points[-1], points[int(np.argmin([float(watched(q)) for q in points]))]


@pytest.mark.parametrize("target", [-1.0, 0.3, 0.9, 2.0])
def test_against_a_plain_loop(target):
    """Descent towards 1, watched from `target`: best at the start, on the way, or at the end."""
    cost, validation = (lambda p: jnp.sum((p - 1) ** 2)), (lambda p: jnp.sum((p - target) ** 2))
    start = jnp.zeros(1)
    got, wanted = train_validated(cost, validation, start, optax.sgd(RATE), STEPS), loop(cost, validation, start)
    for a, b in zip(got, wanted, strict=True):
        assert np.allclose(a, b, atol=1e-12)
    if target == -1.0:
        assert got[1] == start
    if target == 2.0:
        assert got[1] == got[0]


def test_a_trial_by_hand():
    student = TASK.student(3)
    key = jax.random.key(4)
    got = fitting(TASK, 3, optax.sgd(RATE), STEPS, (0.0, 0.5))(key)
    normals, drawn = normal_point(key, (student.params, TASK.drawn))
    for k, noise in enumerate((0.0, 0.5)):
        x, y, x_test, y_test = replace(TASK, noise=noise).lesson_of(drawn)
        cost = lambda p, x=x, y=y: mean_cost(student, p, x[:5], y[:5])  # noqa: E731
        validation = lambda p, x=x, y=y: mean_cost(student, p, x[5:], y[5:])  # noqa: E731
        end, stopped = loop(cost, validation, glorot_start(normals))
        assert got.train[k] == pytest.approx(float(cost(end)))
        assert got.test[k] == pytest.approx(float(mean_cost(student, end, x_test, y_test)))
        assert got.test_stopped[k] == pytest.approx(float(mean_cost(student, stopped, x_test, y_test)))


def test_the_test_rows_do_not_say_when_to_stop():
    """With other test rows the same point is stopped at: sometimes a worse one on the test than the end."""
    trial = jax.jit(jax.vmap(fitting(TASK, 3, optax.sgd(RATE), STEPS, (0.5,))))
    ends = trial(jax.random.split(jax.random.key(0), 200))
    worse = np.asarray(ends.test_stopped > ends.test)
    assert 0.02 < worse.mean() < 0.98


def test_rows_for_both_are_needed():
    with pytest.raises(ValueError, match="two or more"):
        fitting(replace(TASK, rows=1), 3, optax.sgd(RATE), STEPS, (0.0,))
