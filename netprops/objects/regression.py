"""Regression: one layer with one output, and what linear algebra over the rationals knows about it.

The parameters are a pair (w, b) of shapes (d,) and (); a row x scores w.x + b.  With x~ = (x, 1) and theta = (w, b)
that is x~.theta, and the *margin* of a row with label 0 or 1 is m = (2y - 1) x~: the log loss of the row is
softplus(-m.theta).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from flint import fmpq, fmpq_mat

from netprops.domains import Box, nearest_double, reals
from netprops.exact.inertia import integer_multiple, rational_rows
from netprops.exact.polynomials_1d import real_roots
from netprops.exact.programs import Separation, separate

if TYPE_CHECKING:
    from netprops.objects.data import Data, Matrix
    from netprops.objects.losses import Array, LossFunction

Params: TypeAlias = tuple[Any, Any]  # (w, b)


def unit(inputs: int) -> tuple[Box, Box]:
    """The domain of (w, b)."""
    return reals(inputs), reals()


def scores(params: Params, X: Array) -> Array:
    """w.x + b for each row x of X."""
    w, b = params
    return X @ w + b


def regression_cost(loss: LossFunction, params: Params, X: Array, y: Array) -> Array:
    """The sum over the rows of loss(w.x + b, y)."""
    return jnp.sum(loss(scores(params, X), y))


# ---------------------------------------------------------------- theta = (w, b) as one vector


def extended(X: Matrix) -> Matrix:
    """The rows (x, 1)."""
    return np.concatenate([X, np.ones((len(X), 1))], axis=1)


def margins(data: Data) -> Matrix:
    """The rows m = (2y - 1)(x, 1), for labels 0 and 1."""
    if not np.isin(data.y, (0, 1)).all():
        raise ValueError(f"margins are of labels 0 and 1, got {data.y.tolist()}")
    return (2 * data.y - 1)[:, None] * extended(data.X)


def separation(data: Data) -> Separation:
    """How the labels part the rows, with its exact certificate: see `netprops.exact.programs.separate`."""
    return separate(margins(data))


def as_doubles(numbers: Any) -> Matrix:
    """Rational numbers as the doubles that they are.  Raises `ValueError` for one that is none."""
    exact = [fmpq(x) for x in numbers]
    doubles = [nearest_double(x) for x in exact]
    if any(fmpq(*double.as_integer_ratio()) != x for double, x in zip(doubles, exact, strict=True)):
        raise ValueError(f"{', '.join(map(str, exact))}: not all of them are doubles")
    return np.array(doubles)


def row_basis(rows: Matrix) -> Matrix:
    """Rows among the given ones that are a basis of their span, (rank, d); exact.

    Raises `ValueError` if all rows are zero.
    """
    exact = fmpq_mat(rational_rows(rows))
    pivots = _pivots(exact.transpose())
    if not pivots:
        raise ValueError("all rows are zero: their span has no basis")
    return rows[pivots]


def kernel_basis(rows: Matrix) -> Matrix:
    """Integer vectors v, (d - rank, d), a basis of all v with rows @ v = 0; exact."""
    exact = fmpq_mat(rational_rows(rows))
    reduced, rank = exact.rref()
    pivots = _pivots(exact)
    vectors = []
    for free in (j for j in range(exact.ncols()) if j not in pivots):
        vector = [fmpq(int(j == free)) for j in range(exact.ncols())]
        for i, j in enumerate(pivots[:rank]):
            vector[j] = -reduced[i, free]
        vectors.append(as_doubles(integer_multiple(vector)))
    return np.array(vectors).reshape(-1, exact.ncols())


def _pivots(matrix: fmpq_mat) -> list[int]:
    """The columns in which the rows of the reduced echelon form begin."""
    reduced, rank = matrix.rref()
    return [next(j for j in range(matrix.ncols()) if reduced[i, j]) for i in range(rank)]


def log_loss_minimum(rows: Matrix, labels: Matrix, steps: int = 100, *, decay: float = 0.0) -> Matrix:
    """A point near the minimum over theta of sum_i softplus(rows_i.theta) - labels_i rows_i.theta, if there is one.

    Damped Newton steps in floats, for a start; the rows must span their space, or decay |theta|^2 is added.
    """
    theta = np.zeros(rows.shape[1])

    def cost(t: Matrix) -> float:
        z = rows @ t
        return float(np.sum(np.logaddexp(0, z) - labels * z) + decay * (t @ t))

    for _ in range(steps):
        s = 0.5 * (1 + np.tanh(0.5 * (rows @ theta)))
        hessian = (rows.T * (s * (1 - s))) @ rows + 2 * decay * np.eye(len(theta))
        step = np.linalg.solve(hessian, rows.T @ (s - labels) + 2 * decay * theta)
        size = 1.0
        while cost(theta - size * step) > cost(theta) and size > 1e-3:
            size /= 2
        theta = theta - size * step
    return theta


def smoothness(rows: Matrix) -> float:
    """A power of two L not below |rows|^2 / 4: the gradient of the log loss has the Lipschitz constant L."""
    return float(2.0 ** np.ceil(np.log2(max(1.0, float(np.sum(rows**2)) / 4))))


def log_loss_descent(rows: Matrix, labels: Matrix, tolerance: float, most: int = 10**6) -> Matrix:
    """Where gradient descent on the log loss from 0, with the step 1/L, first has a gradient below the tolerance.

    In floats.

    Raises:
        ValueError: so many steps did not suffice.
    """
    theta, step = np.zeros(rows.shape[1]), 1 / smoothness(rows)
    for _ in range(most):
        gradient = (0.5 * (1 + np.tanh(0.5 * (rows @ theta))) - labels) @ rows
        if gradient @ gradient < tolerance**2:
            return theta
        theta = theta - step * gradient
    raise ValueError(f"after {most} steps the gradient is not shorter than {tolerance}")


# ---------------------------------------------------------------- linear maps of low rank


def reduced_rank_value(X: Matrix, Y: Matrix, rank: int) -> tuple[fmpq, fmpq]:
    """Rational ends, closer than 1e-30, around the least |X A - Y|^2 over all matrices A of at most this rank.

    That is |Y|^2 less the `rank` largest squared singular values of P Y, P the projection on the column space of X;
    those are the eigenvalues of Y'PY = Y'B (B'B)^-1 B'Y, for a basis B of that space (Eckart and Young; Izenman 1975).
    """
    Yq = fmpq_mat(rational_rows(Y))
    total = sum((y * y for row in rational_rows(Y) for y in row), fmpq(0))
    if not X.any():
        return total, total
    B = fmpq_mat(rational_rows(row_basis(X.T.copy()))).transpose()
    BtY = B.transpose() * Yq
    explained = BtY.transpose() * (B.transpose() * B).inv() * BtY
    eigenvalues = [end for end in _roots(explained) for _ in range(end[2])]
    largest = sorted(eigenvalues, key=lambda end: end[0], reverse=True)[:rank]
    return total - sum((e[1] for e in largest), fmpq(0)), total - sum((e[0] for e in largest), fmpq(0))


def _roots(matrix: fmpq_mat) -> list[tuple[fmpq, fmpq, int]]:
    """The eigenvalues of a symmetric rational matrix, each between two rationals, with its multiplicity."""
    _, factors = matrix.charpoly().factor()
    width = fmpq(1, 10**32)
    return [(lo, hi, power) for factor, power in factors for lo, hi in real_roots(factor, width)]
