"""Twice continuously differentiable functions: sums of ridges c phi(a.x + b), phi a function of one variable.

Products are among them: xy is ((x + y)^2 - (x - y)^2)/4.  The floating-point values and second derivatives here only
choose what to ask about; every answer comes from the questions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import Box, positive, reals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Array: TypeAlias = Any  # a JAX array, or a NumPy one of float64


@dataclass(frozen=True)
class Profile:
    """phi, a C2 function on the line or (`positive_only`) on the positive half-line."""

    name: str
    traced: Callable[[Array], Array]
    value: Callable[[float], float]
    second: Callable[[float], float]  # derivative
    positive_only: bool = False


def _logistic(t: float) -> float:
    return 1 / (1 + math.exp(-t))


PROFILES: tuple[Profile, ...] = (
    Profile("square", jnp.square, lambda t: t * t, lambda t: 2.0),
    Profile("cube", lambda t: t**3, lambda t: t**3, lambda t: 6 * t),
    Profile("sin", jnp.sin, math.sin, lambda t: -math.sin(t)),
    Profile("tanh", jnp.tanh, math.tanh, lambda t: -2 * math.tanh(t) / math.cosh(t) ** 2),
    Profile("sigmoid", jax.nn.sigmoid, _logistic, lambda t: -_logistic(t) * _logistic(-t) * math.tanh(t / 2)),
    Profile("softplus", jax.nn.softplus, lambda t: math.log1p(math.exp(t)), lambda t: _logistic(t) * _logistic(-t)),
    Profile("exp", jnp.exp, math.exp, math.exp),
    Profile(
        "log(1 + t^2)",
        lambda t: jnp.log1p(t**2),
        lambda t: math.log1p(t * t),
        lambda t: 2 * (1 - t * t) / (1 + t * t) ** 2,
    ),
    Profile("log", jnp.log, math.log, lambda t: -1 / t**2, positive_only=True),
    Profile("sqrt", jnp.sqrt, math.sqrt, lambda t: -(t**-1.5) / 4, positive_only=True),
    Profile("reciprocal", lambda t: 1 / t, lambda t: 1 / t, lambda t: 2 / t**3, positive_only=True),
)


@dataclass(frozen=True, eq=False)
class Ridge:
    """c phi(a.x + b)."""

    scale: float
    profile: Profile
    a: np.ndarray
    b: float


@dataclass(frozen=True, eq=False)
class Smooth:
    """A sum of ridges, on the open convex set where all of them live: R^n, or its positive orthant."""

    ridges: tuple[Ridge, ...]

    def __repr__(self) -> str:
        return " + ".join(f"{r.scale:g} {r.profile.name}({r.a.tolist()}.x + {r.b:g})" for r in self.ridges)

    def __call__(self, x: Array) -> Array:
        return sum(r.scale * r.profile.traced(r.a @ x + r.b) for r in self.ridges)

    def __neg__(self) -> Smooth:
        return Smooth(tuple(replace(r, scale=-r.scale) for r in self.ridges))

    @property
    def dimension(self) -> int:
        """n."""
        return len(self.ridges[0].a)

    @property
    def positive_only(self) -> bool:
        """Whether some profile lives on the positive half-line only."""
        return any(r.profile.positive_only for r in self.ridges)

    @property
    def domain(self) -> Box:
        """R^n, or its positive orthant."""
        return positive(self.dimension) if self.positive_only else reals(self.dimension)

    def roughly(self, x: np.ndarray) -> float:
        """f(x), in floats."""
        return sum(r.scale * r.profile.value(float(r.a @ x + r.b)) for r in self.ridges)

    def bend(self, x: np.ndarray, v: np.ndarray) -> float:
        """The second derivative of f at x along v, in floats."""
        return sum(r.scale * r.profile.second(float(r.a @ x + r.b)) * float(r.a @ v) ** 2 for r in self.ridges)

    def bulge(self, a: np.ndarray, b: np.ndarray) -> float:
        """By how much f in the middle exceeds its mean at the ends, over the squared half-length, in floats.

        Positive where Jensen's inequality is violated; tends to -v'Hv/2 for the unit vector v of a shrinking segment.
        """
        half = (b - a) / 2
        excess = self.roughly(a + half) - (self.roughly(a) + self.roughly(b)) / 2
        return excess / float(half @ half)


@dataclass(frozen=True, eq=False)
class Segment:
    """A segment in the domain of f, from a to b, of dyadic ends."""

    f: Smooth
    a: np.ndarray
    b: np.ndarray

    def __repr__(self) -> str:
        return f"{self.f} from {self.a.tolist()} to {self.b.tolist()}"

    @property
    def middle(self) -> np.ndarray:
        """(a + b)/2."""
        return np.asarray((self.a + self.b) / 2)

    @property
    def along(self) -> np.ndarray:
        """b - a."""
        return np.asarray(self.b - self.a)

    def halves(self, times: int = 40) -> Iterator[Segment]:
        """The segment, then its half on which f bulges most (left, middle or right), and so on.

        A second difference is a sum of three at half the step, D(m, h) = D(m - h/2, h/2) + 2 D(m, h/2) +
        D(m + h/2, h/2), so that where Jensen's inequality is violated, it is on one of these halves, no less strongly:
        the middles tend to a point of negative second derivative.
        """
        segment = self
        for _ in range(times):
            yield segment
            quarter = segment.along / 4
            starts = [segment.a + k * quarter for k in range(3)]
            parts = [Segment(self.f, start, start + 2 * quarter) for start in starts]
            segment = max(parts, key=lambda part: part.f.bulge(part.a, part.b))

    def shrinking(self, times: int = 40) -> Iterator[Segment]:
        """The segment, halved again and again about its middle."""
        for k in range(times):
            reach = self.along / 2 ** (k + 1)
            yield Segment(self.f, self.middle - reach, self.middle + reach)
