"""Partition: can positive integers be split into two halves of equal sum? As the least value of a polynomial.

The cost of x, for numbers a, is sum (x_i^2 - 1)^2 + (a.x)^2.  It is 0 exactly where every x_i is 1 or -1 and a.x = 0:
at the splits.  Deciding whether there is one is NP-complete (Karp 1972).

Between 0 and what is not 0 there is a gap.  The cost of x under a is that of |x| under b, b_i = sign(x_i) a_i.  For
y >= 0 write d = y - 1, s = sum b_i, c = (b, -1) and p = (d, b.y).  Then (y_i^2 - 1)^2 = d_i^2 + d_i^2 y_i (y_i + 2) and
c.p = -s, so that by Lagrange's identity, which proves the inequality of Cauchy and Schwarz,

    (1 + |b|^2) cost(y; b) = s^2 + sum_{i<j} (c_i p_j - c_j p_i)^2 + (1 + |b|^2) sum d_i^2 y_i (y_i + 2),

where nothing is negative.  Integers without a split have |s| >= 1 whatever the signs: their cost is at least
1 / (1 + |a|^2) everywhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from netprops.objects.data import Matrix
    from netprops.objects.losses import Array


def partition_cost(x: Array, a: Array) -> Array:
    """sum (x_i^2 - 1)^2 + (a.x)^2."""
    return jnp.sum((x**2 - 1) ** 2) + jnp.dot(a, x) ** 2


def scaled_cost(y: Array, b: Array) -> Array:
    """(1 + |b|^2) cost(y; b)."""
    return (1 + jnp.dot(b, b)) * partition_cost(y, b)


def above_gap(y: Array, b: Array) -> Array:
    """What `scaled_cost` exceeds (sum b_i)^2 by, by the identity of the module's text: nonnegative terms for y >= 0."""
    d, one = y - 1, jnp.ones(1)
    c, p = jnp.concatenate([b, -one]), jnp.concatenate([d, jnp.dot(b, y) * one])
    i, j = np.triu_indices(len(c), 1)
    return jnp.sum((c[i] * p[j] - c[j] * p[i]) ** 2) + (1 + jnp.dot(b, b)) * jnp.sum(d**2 * (y * (y + 2)))


def signs(count: int) -> Matrix:
    """All vectors of so many ones and minus ones, one a row, with 1 for a first entry: of two opposite ones, one."""
    return np.array([(1.0, *rest) for rest in itertools.product((1.0, -1.0), repeat=count - 1)])


def splits(a: Sequence[int]) -> bool:
    """Whether the integers can be split into two halves of equal sum: by the set of all sums, not by signs."""
    reachable = {0}
    for number in a:
        reachable |= {total + int(number) for total in reachable}
    return any(2 * total == max(reachable) for total in reachable)
