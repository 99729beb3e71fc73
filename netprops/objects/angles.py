"""Multiples of pi, enclosed between rationals."""

from __future__ import annotations

from fractions import Fraction

import jax
import jax.numpy as jnp
from flint import arb, ctx

from netprops.domains import Box, box

# Enough for |k| up to 10^12 at the widths below.
_PRECISION = 128


def pi() -> jax.Array:
    """The number pi itself, twice the arc sine of 1; no double is pi.  Call it inside the function that is asked about.

    The balls enclose it, and the normal form knows ``sin(u + k pi)`` for whole k.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import are_equal, pi, reals
        >>> are_equal(lambda x: jnp.sin(x + pi()), lambda x: -jnp.sin(x), on=reals()).answer
        'yes'
        >>> are_equal(lambda x: jnp.sin(x + jnp.pi), lambda x: -jnp.sin(x), on=reals()).answer
        'no'
    """
    return 2 * jnp.arcsin(jnp.ones(()))


def around_peak(k: int, width: Fraction = Fraction(1, 2**20)) -> Box:
    """A closed interval of this width, with dyadic ends, that contains pi/2 + k pi (certainly, by outward rounding).

    Raises `ValueError` when the width is too small to hold the enclosure.
    """
    with ctx.workprec(_PRECISION):
        centre = (2 * k + 1) * arb.pi() / 2
        middle = Fraction(*(int(part) for part in _dyadic(centre.mid())))
        reach = Fraction(*(int(part) for part in _dyadic(centre.rad())))
    if not reach < width / 2:
        raise ValueError(f"pi/2 + {k} pi is enclosed only within {float(reach)}, too wide for {float(width)}")
    return box(middle - width / 2, middle + width / 2)


def near_peak(k: int) -> float:
    """A double near pi/2 + k pi."""
    interval = around_peak(k).interval(0)
    assert interval.lo is not None
    return float(Fraction(int(interval.lo.p), int(interval.lo.q))) + 2.0**-21


def _dyadic(x: arb) -> tuple[int, int]:
    mantissa, exponent = x.man_exp()
    return (int(mantissa) * 2 ** max(int(exponent), 0), 2 ** max(-int(exponent), 0))
