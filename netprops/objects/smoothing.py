"""Gaussian smoothing in closed form, E f(x + s z) with z standard normal: diffusion for the time s^2.

A smoothed function takes the variance v = s^2 first, then the point; v = 0 is the function itself. In every case it
solves the heat equation d/dv = 1/2 Laplacian, which with the value at v = 0 determines it (Mobahi and Fisher 2015).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

Array: TypeAlias = Any
Smoothed: TypeAlias = Callable[..., Array]  # of the variance and the point


def moment(n: int) -> int:
    """E z^n for a standard normal z: (n - 1)!! for even n, 0 for odd n."""
    return 0 if n % 2 else math.prod(range(1, n, 2))


def smoothed_power(x: Array, n: int, variance: Array) -> Array:
    """E (x + s z)^n = sum_j C(n, 2j) (2j - 1)!! v^j x^(n - 2j), Hermite's polynomial of the heat equation."""
    return sum(math.comb(n, k) * moment(k) * variance ** (k // 2) * x ** (n - k) for k in range(0, n + 1, 2))


@dataclass(frozen=True)
class Polynomial:
    """sum of c x_1^n_1 x_2^n_2 ... over the terms (n_1, n_2, ...): c; coefficients may be JAX's numbers.

    Coordinates of the noise are independent, so that each power of a product is smoothed by itself.
    """

    terms: Mapping[tuple[int, ...], Any]

    def __call__(self, *x: Array) -> Array:
        """The value at the point."""
        return self.smoothed(0, *x)

    def smoothed(self, variance: Array, *x: Array) -> Array:
        """The smoothed value at the point; a variance of 0, the number, leaves no trace."""

        def factor(t: Array, n: int) -> Array:
            return t**n if isinstance(variance, int) and variance == 0 else smoothed_power(t, n, variance)

        return sum(
            c * math.prod((factor(t, n) for t, n in zip(x, powers, strict=True) if n), start=1)
            for powers, c in self.terms.items()
        )


def tilted_quartic(tilt: Any) -> Polynomial:
    """(x^2 - 1)^2 + tilt x: two wells, while |tilt| < 8/sqrt(27), the better one where the sign is opposite to it."""
    return Polynomial({(4,): 1.0, (2,): -2.0, (1,): tilt, (0,): 1.0})


def smallest_network(target: Any) -> Polynomial:
    """(u v - y)^2: one linear hidden unit, one input of 1."""
    return Polynomial({(2, 2): 1.0, (1, 1): -2 * target, (0, 0): target**2})


def smoothed_sine(variance: Array, x: Array) -> Array:
    """E sin(x + s z) = exp(-v/2) sin x."""
    return jnp.exp(-variance / 2) * jnp.sin(x)


@dataclass(frozen=True)
class Wells:
    """-sum of depth exp(-(x - centre)^2 / (2 width)) over the rows (depth, centre, width), width a variance."""

    rows: Sequence[tuple[float, float, float]]

    def __call__(self, x: Array) -> Array:
        """The value at the point."""
        return self.smoothed(0.0, x)

    def smoothed(self, variance: Array, x: Array) -> Array:
        """Every well has its width increased by v and its depth reduced by sqrt(width / (width + v))."""
        return -sum(
            depth * jnp.sqrt(width / (width + variance)) * jnp.exp(-((x - centre) ** 2) / (2 * (width + variance)))
            for depth, centre, width in self.rows
        )


# Deep and narrow at -3/2, shallow and wide at 3/2.
DEEP_AND_SHALLOW = Wells(((1.5, -1.5, 0.04), (1.0, 1.5, 1.0)))


def continuation(f: Smoothed, start: Array, variances: Array, *, rate: float, steps: int) -> Array:
    """So many steps of gradient descent at each of the variances in turn, each begun where the one before ended."""
    slope = jax.grad(f, argnums=1)

    def stage(x: Array, variance: Array) -> tuple[Array, None]:
        return jax.lax.fori_loop(0, steps, lambda _, x: x - rate * slope(variance, x), x), None

    return jax.lax.scan(stage, start, variances)[0]
