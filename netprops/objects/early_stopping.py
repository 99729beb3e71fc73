"""Training on to the end against stopping early, where rows that are neither trained nor tested on say when to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from netprops.objects.networks import Params
from netprops.objects.teachers import Teaching, mean_cost
from netprops.objects.training import Key, Point, glorot_start, normal_point


class Fitted(NamedTuple):
    """Mean costs, an array (noises,) each: on the training rows at the end; on the test rows, at the end and where the
    validation cost was least on the way."""

    train: Any
    test: Any
    test_stopped: Any


def train_validated(
    cost: Callable[[Point], Any], validation: Callable[[Point], Any], start: Point, optimiser: Any, steps: int
) -> tuple[Point, Point]:
    """The point after so many steps of an optax optimiser on the cost, and, of the start and all points after a step,
    the first of the least `validation` cost."""
    slope = jax.grad(cost)

    def step(_: Any, state: tuple[Point, Any, Any, Point]) -> tuple[Point, Any, Any, Point]:
        p, memory, least, best = state
        with jax.numpy_dtype_promotion("standard"):  # the library multiplies doubles by its count of steps
            updates, memory = optimiser.update(slope(p), memory, p)
        p = jax.tree.map(jnp.add, p, updates)
        now = validation(p)
        best = jax.tree.map(lambda new, old: jnp.where(now < least, new, old), p, best)
        return p, memory, jnp.minimum(now, least), best

    state = (start, optimiser.init(start), validation(start), start)
    end, _, _, best = jax.lax.fori_loop(0, steps, step, state)
    return end, best


def fitting(task: Teaching, width: int, optimiser: Any, steps: int, noises: Sequence[float]) -> Callable[[Key], Fitted]:
    """One trial: key -> `Fitted`; a teacher, data, and a student trained from Glorot's start under each of the noises.

    The first half of the task's rows are for training, the others for validation, with noise of the same size; the test
    rows have none. All noises share the teacher, the inputs, the start, and, but for its size, the noise.
    """
    student, half = task.student(width), task.rows // 2
    if half < 1:
        raise ValueError(f"rows to train on and rows to validate on are two or more, got {task.rows}")

    def trial(key: Key) -> Fitted:
        normals, drawn = normal_point(key, (student.params, task.drawn))

        def under(noise: Any) -> Fitted:
            x, y, x_test, y_test = replace(task, noise=noise).lesson_of(drawn)

            def cost(p: Params) -> Any:
                return mean_cost(student, p, x[:half], y[:half])

            def validation(p: Params) -> Any:
                return mean_cost(student, p, x[half:], y[half:])

            def test(p: Params) -> Any:
                return mean_cost(student, p, x_test, y_test)

            end, stopped = train_validated(cost, validation, glorot_start(normals), optimiser, steps)
            return Fitted(cost(end), test(end), test(stopped))

        return jax.vmap(under)(jnp.array(noises))

    return trial
