"""The least value of a quadratic polynomial on the whole space, exactly."""

from __future__ import annotations

from collections.abc import Mapping

from flint import fmpq

ZERO = fmpq(0)


def least_value(quadratic: Mapping[tuple[int, int], fmpq], linear: Mapping[int, fmpq], constant: fmpq) -> fmpq | None:
    """min of ``sum q_ij x_i x_j + sum b_i x_i + c`` over all real x; None where it is not bounded below.

    Each pair of variables may stand in either order.  Gaussian elimination completes one square after the other: what
    is left is a constant, or a linear form or a negative square, along which there is no bound.
    """
    order = sorted({i for pair in quadratic for i in pair} | set(linear))
    place = {v: n for n, v in enumerate(order)}
    size = len(order)
    Q = [[ZERO] * size for _ in order]
    for (i, j), c in quadratic.items():
        Q[place[i]][place[j]] += c / 2
        Q[place[j]][place[i]] += c / 2
    b = [linear.get(v, ZERO) / 2 for v in order]
    for k in range(size):
        pivot = Q[k][k]
        if pivot < 0 or (pivot == 0 and (b[k] != 0 or any(Q[k][j] != 0 for j in range(k + 1, size)))):
            return None
        if pivot == 0:
            continue
        for i in range(k + 1, size):
            factor = Q[i][k] / pivot
            for j in range(k + 1, size):
                Q[i][j] -= factor * Q[k][j]
            b[i] -= factor * b[k]
        constant -= b[k] * b[k] / pivot
    return constant
