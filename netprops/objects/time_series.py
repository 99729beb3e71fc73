"""Time series: the conditional sums of squares of moving-average and autoregressive models.

Of a series y_1, ..., y_n (shape (n,)) a model leaves one-step errors e_1, ..., e_n (shape (n,)), and is fitted by the
least sum of their squares (Box and Jenkins 1970).

    MA(q), theta of shape (q,):   e_t = y_t - sum_i theta_i e_{t-i},   with e_s = 0 for s < 1
    AR(p), phi of shape (p,):     e_t = y_t - sum_i phi_i y_{t-i},     with y_s = 0 for s < 1

The errors of the first are fed back, those of the second are not.  An MA model is *invertible* if the polynomial
1 + theta_1 z + ... + theta_q z^q has no zero with |z| <= 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import jax.numpy as jnp

if TYPE_CHECKING:
    from netprops.objects.losses import Array


def moving_average_errors(theta: Array, y: Array) -> Array:
    """e_t = y_t - sum_i theta_i e_{t-i}, errors before the first being 0."""
    errors: list[Array] = []
    for now in y:  # not a scan: derivatives of so short a loop are traced faster
        past = errors[: -len(theta) - 1 : -1]
        errors.append(now - sum(c * e for c, e in zip(theta, past, strict=False)))
    return jnp.stack(errors)


def moving_average_cost(theta: Array, y: Array) -> Array:
    """The conditional sum of squares of an MA(q) model."""
    return jnp.sum(moving_average_errors(theta, y) ** 2)


def autoregressive_cost(phi: Array, y: Array) -> Array:
    """The conditional sum of squares of an AR(p) model."""
    past = [jnp.concatenate([jnp.zeros(i), y[: len(y) - i]]) for i in range(1, min(len(phi), len(y)) + 1)]
    return jnp.sum((y - sum(phi[i] * lagged for i, lagged in enumerate(past))) ** 2)


def lag_products(y: Array, j: int) -> tuple[Array, Array]:
    """sum y_{t-j}^2 and sum y_t y_{t-2j}, over all t for which these are in the series."""
    n = len(y)
    return (y[: max(n - j, 0)] ** 2).sum(), (y[2 * j :] * y[: max(n - 2 * j, 0)]).sum()


def curvature_at_zero(y: Array, j: int) -> Array:
    """2 sum y_{t-j}^2 + 4 sum y_t y_{t-2j}: of the MA cost at theta = 0, along the j-th coefficient."""
    energy, products = lag_products(y, j)
    return 2 * energy + 4 * products


def surely_curves_down(y: Array, q: int) -> Array:
    """Whether a series of doubles curves down at 0 along one of the first q coefficients, by floats with a margin.

    With E the energy of the series, the sizes of all products in `curvature_at_zero` add up to at most 6 E.  So a float
    sum of them, in whatever order, is off by less than 8 n 2^-53 E (n below 2^20), which is below 2^-29 E: a result
    below -2^-20 E is negative in real arithmetic.
    """
    least = jnp.min(jnp.stack([curvature_at_zero(y, j) for j in range(1, q + 1)]))
    return least < -(2.0**-20) * jnp.sum(y**2)


def squared_modulus(theta: Array, z: Array, scale: float = 1.0) -> Array:
    """scale^(2q) |1 + theta_1 (z/scale) + ... + theta_q (z/scale)^q|^2, z = (real part, imaginary part)."""
    x, y = z[0], z[1]
    real, imaginary, factor = jnp.zeros(()), jnp.zeros(()), 1.0
    for c in (*theta[::-1], 1.0):  # Horner's rule
        real, imaginary = real * x - imaginary * y + c * factor, real * y + imaginary * x
        factor *= scale
    return real**2 + imaginary**2


def squared_modulus_by_factors(c: Array, z: Array, scale: float = 1.0) -> Array:
    """The product of all |scale + c_i z|^2."""
    return jnp.prod((scale + c * z[0]) ** 2 + (c * z[1]) ** 2)


def from_factors(c: Array) -> Array:
    """The coefficients theta with 1 + theta_1 z + ... = the product of all 1 + c_i z."""
    theta = jnp.ones(1)
    for factor in c:
        theta = jnp.concatenate([theta, jnp.zeros(1)]) + factor * jnp.concatenate([jnp.zeros(1), theta])
    return theta[1:]


def impulse_response(u: Array, n: int) -> Array:
    """(1, u, 0, 0, ...), of length n: what one impulse comes to in an MA(1) series with coefficient u."""
    return jnp.concatenate([jnp.stack([jnp.ones(()), u]), jnp.zeros(n)])[:n]


def infinite_cost(t: Array, u: Array) -> Array:
    """1 + (u - t)^2 / (1 - t^2), in partial fractions, for t and u in (-1, 1).

    The mean squared error at t of an MA(1) model on an infinite series with coefficient u and unit noise: the squares
    of the errors that one impulse leaves, added up.
    """
    return (1 + u) ** 2 / (2 * (1 + t)) + (1 - u) ** 2 / (2 * (1 - t))


def difference(f: Callable[[Array], Array], order: int, x: Array, h: Array) -> Array:
    """The forward difference sum_k (-1)^(order - k) binomial(order, k) f(x + k h).

    A polynomial has degree at most m exactly if its differences of order m do not depend on x; they are m! times its
    part of degree m, at h.
    """
    return sum((-1.0) ** (order - k) * math.comb(order, k) * f(x + k * h) for k in range(order + 1))
