"""Polynomials that are nonnegative on a box, by their coefficients in Bernstein's basis.

On [0, 1]^n a polynomial of degree d_i in t_i is sum b_k prod C(d_i, k_i) t_i^k_i (1 - t_i)^(d_i - k_i); these
products are nonnegative there, so it is nonnegative if all b_k are.  On [0, oo) the powers of t serve as well.  On
smaller boxes the b_k come closer to the values, so that halving decides wherever the polynomial is positive, and
often where it touches 0 at a corner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from flint import fmpq

ZERO = fmpq(0)
Side = tuple[fmpq | None, fmpq | None]  # from, to; None is no end
Polynomial = Mapping[tuple[int, ...], fmpq]  # coefficients by exponents


def is_nonnegative_by_bernstein(polynomial: Polynomial, box: Sequence[Side]) -> bool:
    """Whether all coefficients on the box are nonnegative; each side has at least one end."""
    return all(c >= 0 for c in coefficients(polynomial, box).values())


def enclosure(polynomial: Polynomial, box: Sequence[tuple[fmpq, fmpq]]) -> tuple[fmpq, fmpq]:
    """The least and the greatest coefficient on a bounded box, between which all values lie."""
    values = coefficients(polynomial, box).values()
    return min(values, default=ZERO), max(values, default=ZERO)


def coefficients(polynomial: Polynomial, box: Sequence[Side]) -> dict[tuple[int, ...], fmpq]:
    """The coefficients on the box: in Bernstein's basis along bounded sides, in powers along half-lines."""
    terms = dict(polynomial)
    for axis, (lo, hi) in enumerate(box):
        if lo is None and hi is None:
            raise ValueError(f"side {axis} has no end")
        terms = _along(terms, axis, lo, hi)
    return terms


def _along(
    terms: dict[tuple[int, ...], fmpq], axis: int, lo: fmpq | None, hi: fmpq | None
) -> dict[tuple[int, ...], fmpq]:
    """The coefficients in t^k or Bernstein's basis along one axis."""
    lines: dict[tuple[int, ...], dict[int, fmpq]] = {}
    for key, c in terms.items():
        lines.setdefault((*key[:axis], *key[axis + 1 :]), {})[key[axis]] = c
    degree = max((key[axis] for key in terms), default=0)
    out: dict[tuple[int, ...], fmpq] = {}
    for key, line in lines.items():
        row = [line.get(k, ZERO) for k in range(degree + 1)]
        for k, c in enumerate(_moved(row, lo, hi)):
            out[(*key[:axis], k, *key[axis:])] = c
    return out


def _moved(row: list[fmpq], lo: fmpq | None, hi: fmpq | None) -> list[fmpq]:
    """The coefficients of p in t: x = lo + t, x = hi - t, or x = lo + (hi - lo) t in Bernstein's basis."""
    degree = len(row) - 1
    start, step = (lo, fmpq(1)) if lo is not None else (hi, fmpq(-1))
    assert start is not None
    if lo is not None and hi is not None:
        step = hi - lo
    shifted = list(row)
    for i in range(degree):  # Horner's scheme: p(start + t)
        for k in range(degree - 1, i - 1, -1):
            shifted[k] += start * shifted[k + 1]
    powers = [c * step**k for k, c in enumerate(shifted)]
    if lo is None or hi is None:
        return powers
    return [
        sum((powers[k] * fmpq(math.comb(i, k), math.comb(degree, k)) for k in range(i + 1)), ZERO)
        for i in range(degree + 1)
    ]
