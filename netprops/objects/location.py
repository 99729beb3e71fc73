"""Locating a point p from its measured distances d_i to beacons b_i: non-linear least squares, and its linearisation.

The cost sum_i (|p - b_i| - d_i)^2 has a kink at every beacon b, where it is -2 D |p - b| plus what is differentiable
there, D the sum of the distances measured from b (beacons may coincide).  So a beacon with D > 0 is the tip of a
concave kink; where no D is positive, each (|p - b_i|^2 less 2 d_i |p - b_i|, summed up) is convex.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from netprops.domains import Box, reals

if TYPE_CHECKING:
    from netprops.objects.data import Matrix


@dataclass(frozen=True, eq=False)
class Location:
    """Beacons, (m, n), one in a row, and the distances measured from them, (m,): real numbers."""

    beacons: Matrix
    distances: Matrix

    def __post_init__(self) -> None:
        if self.beacons.ndim != 2 or not self.beacons.size or self.distances.shape != self.beacons.shape[:1]:
            raise ValueError(f"distances of shape {self.distances.shape} from beacons of shape {self.beacons.shape}")

    def __repr__(self) -> str:
        return f"Location(beacons={self.beacons.tolist()}, distances={self.distances.tolist()})"

    @property
    def domain(self) -> Box:
        """Where the point may be."""
        return reals(self.beacons.shape[1])

    def cost(self, p: Any) -> Any:
        """sum_i (|p - b_i| - d_i)^2."""
        return jnp.sum((jnp.linalg.norm(p[None, :] - self.beacons, axis=1) - self.distances) ** 2)

    def linearised(self, p: Any) -> Any:
        """Linear least squares from the same beacons: |p - b_i|^2 - d_i^2, less the same for i = 0, is affine in p.

        sum_i (2 (b_0 - b_i).p + |b_i|^2 - |b_0|^2 - d_i^2 + d_0^2)^2, the constants in doubles.
        """
        slopes = 2 * (self.beacons[0] - self.beacons)
        constants = np.sum(self.beacons**2, axis=1) - self.distances**2
        return jnp.sum((slopes @ p + (constants - constants[0])) ** 2)

    def measured(self, k: int) -> Fraction:
        """The sum D of all distances measured from the place of beacon k; exact."""
        there = (self.beacons == self.beacons[k]).all(axis=1)
        return sum((Fraction(d) for d in self.distances[there].tolist()), Fraction(0))

    def kinks(self) -> list[int]:
        """The beacons with D > 0, each place once."""
        firsts = np.unique(self.beacons, axis=0, return_index=True)[1]
        return [int(k) for k in sorted(firsts) if self.measured(int(k)) > 0]

    def across(self, k: int) -> tuple[Matrix, Matrix]:
        """Points b - e and b + e on both sides of beacon k whose mean cost is below the cost at b; D must be positive.

        e lies along the first axis.  Twice the gap is 4 D e - 2 m e^2 + 2 sum d_i (|b + e - b_i| + |b - e - b_i| -
        2 |b - b_i|), the sum over the others.  Its brackets lie between 0 and e^2 / (r - e), r the least distance of
        another place, so that e < r/2 with e (m + 4 sum |d_i| / r) < D is small enough.
        """
        D = self.measured(k)
        if D <= 0:
            raise ValueError(f"the distances measured from beacon {k} add up to {D}: there is no concave kink")
        apart = np.abs(self.beacons - self.beacons[k]).max(axis=1)  # no more than the Euclidean distances
        r = Fraction(min(apart[apart > 0], default=1.0))
        slope = len(apart) + 4 * sum(abs(Fraction(d)) for d in self.distances.tolist()) / r
        e = Fraction(1)
        while 2 * e >= r or e * slope >= D:
            e /= 2
        step = np.zeros(self.beacons.shape[1])
        step[0] = e
        return self.beacons[k] - step, self.beacons[k] + step
