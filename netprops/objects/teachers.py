"""Teacher and student: networks of several widths trained on what one network, the teacher, says of drawn inputs.

One *trial* is a function of a random key, for `netprops.runs`: it draws a teacher, data and starts, trains a student of
every width by the library's optimiser, full batch, and returns what became of them (`Trained`).  All widths are in
one trial, so that they are one executable and are compared on the same task.

    task = Teaching(inputs=2, units=2, rows=32)
    ends = runs("students", task.trial(widths=(2, 8, 32), optimiser=optax.adam(0.05), steps=500), 1000)
    ends.share(lambda end: end.train[0] > 0.01, "2 units: above 0.01")

The pieces serve any other set-up: `train` and `train_watching` for any cost, `Teaching.lesson` for the data alone,
`mean_cost` for any network and data; `fixed=True` gives all trials one teacher and one data set, so that only
starts differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from netprops.domains import reals
from netprops.objects.networks import Activation, Network, Params
from netprops.objects.training import Key, Point, glorot_start, normal_point

_FIXED = 1  # the key of the one task that trials share where it is fixed


# ---------------------------------------------------------------- training with a library's optimiser


def train(cost: Callable[[Point], Any], start: Point, optimiser: Any, steps: int) -> Point:
    """The point after so many steps of an optax optimiser on the cost: full batch, no early stop."""
    return _trained(cost, None, start, optimiser, steps)[0]


def train_watching(
    cost: Callable[[Point], Any], watched: Callable[[Point], Any], start: Point, optimiser: Any, steps: int
) -> tuple[Point, Any]:
    """As `train`, with the least value of `watched` at the start and after every step."""
    return _trained(cost, watched, start, optimiser, steps)


def _trained(
    cost: Callable[[Point], Any], watched: Callable[[Point], Any] | None, start: Point, optimiser: Any, steps: int
) -> tuple[Point, Any]:
    begin, point = ravel_pytree(start)  # one vector compiles faster than many arrays
    slope = jax.grad(lambda v: cost(point(v)))

    def step(_: Any, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        v, memory, least = state
        with jax.numpy_dtype_promotion("standard"):  # the library multiplies doubles by its count of steps
            updates, memory = optimiser.update(slope(v), memory, v)
        v = v + updates
        return v, memory, least if watched is None else jnp.minimum(least, watched(point(v)))

    first = jnp.zeros(()) if watched is None else watched(start)
    end, _, least = jax.lax.fori_loop(0, steps, step, (begin, optimiser.init(begin), first))
    return point(end), least


def mean_cost(network: Network, params: Params, x: Any, y: Any) -> Any:
    """The network's cost by row: with squared loss the mean squared error."""
    return network.cost(params, x, y) / len(x)


# ---------------------------------------------------------------- the task


class Lesson(NamedTuple):
    """Inputs and targets, (rows, inputs) and (rows, 1), and others to test on, without noise."""

    x: Any
    y: Any
    x_test: Any
    y_test: Any


class Trained(NamedTuple):
    """What became of the students, an array (widths,) each: mean costs at the end, on the training and the test rows,
    and the least mean cost on the test rows along the way (0 where nobody watched)."""

    train: Any
    test: Any
    best_test: Any


@dataclass(frozen=True)
class Teaching:
    """Standard normal inputs, labelled by a teacher of so many hidden units with standard normal weights and biases.

    The teacher's outgoing weights are divided by the square root of their number, and it has no output bias. To the
    training targets normal noise of standard deviation `noise` is added.
    """

    inputs: int = 2
    units: int = 2
    rows: int = 32
    tests: int = 256
    noise: float = 0.0
    hidden: Activation = jnp.tanh

    @property
    def teacher(self) -> Network:
        return self.student(self.units)

    def student(self, width: int) -> Network:
        """The student with so many hidden units, with biases, one output and squared loss."""
        return Network((self.inputs, width, 1), hidden=self.hidden)

    @property
    def drawn(self) -> Any:
        """The domains of the normal numbers that a lesson is made of."""
        rows, tests = self.rows, self.tests
        return self.teacher.params, reals((rows, self.inputs)), reals((tests, self.inputs)), reals((rows, 1))

    def lesson(self, key: Key) -> Lesson:
        """A teacher and data of one random key."""
        return self.lesson_of(normal_point(key, self.drawn))

    def lesson_of(self, normals: Any) -> Lesson:
        """The lesson made of numbers drawn from `drawn`: for a trial that draws all it needs with one key."""
        (inner, (W, b)), x, x_test, noise = normals
        teacher = (inner, (W / self.units**0.5, 0 * b))
        y, y_test = (self.teacher(teacher, inputs) for inputs in (x, x_test))
        return Lesson(x, y + self.noise * noise, x_test, y_test)

    def trial(
        self,
        widths: Sequence[int],
        optimiser: Any,
        steps: int,
        *,
        scale: Any = 1.0,
        watch: bool = False,
        fixed: bool = False,
        changed: Callable[[Lesson], Lesson] = lambda lesson: lesson,
    ) -> Callable[[Key], Trained]:
        """One trial: key -> `Trained`, a student of each width trained from Glorot's start times `scale`.

        Args:
            watch: whether to note the least test cost along the way (it costs a pass over the test rows a step).
            fixed: whether all trials share one teacher and one data set.
            changed: applied to the lesson first; to plant something wrong.
        """
        students = [self.student(width) for width in widths]
        starts = tuple(student.params for student in students)

        def trial(key: Key) -> Trained:
            if fixed:
                normals, lesson = normal_point(key, starts), self.lesson(jax.random.key(_FIXED))
            else:
                normals, drawn = normal_point(key, (starts, self.drawn))
                lesson = self.lesson_of(drawn)
            x, y, x_test, y_test = changed(lesson)
            ends = []
            for student, normal in zip(students, normals, strict=True):

                def cost(p: Params, student: Network = student) -> Any:
                    return mean_cost(student, p, x, y)

                def test(p: Params, student: Network = student) -> Any:
                    return mean_cost(student, p, x_test, y_test)

                end, best = _trained(cost, test if watch else None, glorot_start(normal, scale), optimiser, steps)
                ends.append(Trained(cost(end), test(end), best))
            return Trained(*(jnp.stack(parts) for parts in zip(*ends, strict=True)))

        return trial
