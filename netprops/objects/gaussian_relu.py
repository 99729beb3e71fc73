"""Two-layer ReLU students and teachers under standard normal inputs: the population loss in closed form.

A student with the rows w_1, ..., w_n in R^k learns k orthonormal teachers, the unit vectors v_j = e_j:

    F(W) = 1/2 E (sum_i relu(w_i.x) - sum_j relu(v_j.x))^2
         = 1/2 sum_ij f(w_i, w_j) - sum_ij f(w_i, v_j) + 1/2 sum_ij f(v_i, v_j),

    f(w, v) = E relu(w.x) relu(v.x) = |w| |v| (sin t + (pi - t) cos t) / (2 pi),    t the angle between w and v

(Y. Cho and L. K. Saul, Kernel Methods for Deep Learning, 2009; A. Brutzkus and A. Globerson, 2017).  From k = 6 on F
has spurious strict minima, into which gradient descent falls the more often the larger k is (I. Safran and O. Shamir,
Spurious Local Minima are Common in Two-Layer ReLU Neural Networks, 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.objects.angles import pi
from netprops.objects.training import gradient_descent

Array: TypeAlias = Any


@jax.custom_jvp
def overlap(dot: Array, area: Array) -> Array:
    """f(w, v) from the product w.v and the squared area |w|^2 |v|^2 - (w.v)^2 >= 0 of the parallelogram of w and v."""
    size = jnp.sqrt(area + dot**2)  # |w| |v|
    angle = jnp.arctan2(jnp.sqrt(area), dot)
    return size * (jnp.sin(angle) + (pi() - angle) * jnp.cos(angle)) / (2 * pi())


@overlap.defjvp
def _overlap_slopes(at: Any, along: Any) -> Any:
    """For floats alone: f is differentiable where sqrt(area) is not, at parallel vectors.  No certificate reads it."""
    (dot, area), (by_dot, by_area) = at, along
    square = jnp.where(area + dot**2 > 0, area + dot**2, 1.0)
    side = jnp.sqrt(area)
    slope = jnp.arctan2(side, -dot) + dot * side / square
    return overlap(dot, area), (slope * by_dot + side / (2 * square) * by_area) / (2 * np.pi)


def population_loss(W: Array, students: Array | None = None, teachers: Array | None = None) -> Array:
    """F(W) of a student W, shape (n, k), n >= 1, against the k orthonormal teachers.

    Args:
        students: shape (n,), 1.0 for each row that counts and 0.0 for each that is filling; None: all count.
        teachers: shape (k,), likewise; the student's columns of the filling are 0.
    """
    n, k = W.shape
    rows, columns = np.triu_indices(n, 1)
    squares = W**2
    sizes = jnp.sum(squares, axis=1)
    dots = (W @ W.T)[rows, columns]
    areas = sizes[rows] * sizes[columns] - dots**2
    among = overlap(dots, jnp.maximum(areas, 0.0))  # rounding may leave less than none
    across = overlap(W, squares @ (1.0 - np.eye(k)))  # the area of w_i and e_j: what w_i has off the j-th axis
    if students is not None:
        sizes, among, across = students * sizes, students[rows] * students[columns] * among, students[:, None] * across
    present: Any = float(k)
    if teachers is not None:
        present, across = jnp.sum(teachers), teachers[None, :] * across
    # f(w, w) = |w|^2/2, and f(v_i, v_j) = 1/(2 pi) for orthonormal teachers.
    teacher = present / 4 + present * (present - 1) / (4 * pi())
    return jnp.sum(sizes) / 4 + jnp.sum(among) - jnp.sum(across) + teacher


class Ends(NamedTuple):
    """How training ended, an entry for each size: F(W), the length of its gradient, and W itself, filled up with 0."""

    losses: Array
    slopes: Array
    students: Array


def training_of(sizes: Sequence[tuple[int, int]], *, steps: int = 900) -> Callable[[Any], Ends]:
    """A run, from a random key: gradient descent on F for each (students, teachers), from independent starts.

    The entries of a start are normal, of variance 1/teachers (Xavier).  The rate 6/(students + 2) is about three
    quarters of 2/L, for L the largest eigenvalue of the Hessian at the teachers.  All sizes are filled up to one shape.
    """
    most = np.max(sizes, axis=0)
    counts, widths = (np.array(column, dtype=np.float64) for column in zip(*sizes, strict=True))
    students, teachers = (
        np.arange(width)[None, :] < column[:, None] for width, column in zip(most, (counts, widths), strict=True)
    )

    def end(normals: Array, student: Array, teacher: Array) -> tuple[Array, Array, Array]:
        def cost(W: Array) -> Array:
            return population_loss(W, student, teacher)

        start = student[:, None] * teacher[None, :] * normals / jnp.sqrt(jnp.sum(teacher))
        W = gradient_descent(cost, start, rate=6 / (jnp.sum(student) + 2), steps=steps)
        loss, slope = jax.value_and_grad(cost)(W)
        return loss, jnp.sqrt(jnp.sum(slope**2)), W

    def run(key: Any) -> Ends:
        normals = jax.random.normal(key, (len(sizes), *most), jnp.float64)
        return Ends(*jax.vmap(end)(normals, students.astype(np.float64), teachers.astype(np.float64)))

    return run


def quietest_bad_end(ends: Ends, which: int, level: float) -> Array:
    """Of many runs, stacked, that of the given size with a loss of at least `level` and the least slope: its student.

    Raises:
        ValueError: no run ended so badly.
    """
    bad = np.flatnonzero(np.asarray(ends.losses)[:, which] >= level)
    if not len(bad):
        raise ValueError(f"none of the {len(ends.losses)} runs ended with a loss of {level} or more")
    return np.asarray(ends.students)[bad[np.argmin(np.asarray(ends.slopes)[bad, which])], which]


def one_reversed(k: int, own: float, other: float, of_last: float, last: float, corner: float) -> Array:
    """A student that all permutations of the first k - 1 units keep: [[own, ..., other, of_last], ..., [last, corner]].

    All but one unit are near a teacher each; the last points away from the teacher that is left.
    """
    W = np.full((k, k), other)
    np.fill_diagonal(W, own)
    W[:, -1], W[-1, :], W[-1, -1] = of_last, last, corner
    return W
