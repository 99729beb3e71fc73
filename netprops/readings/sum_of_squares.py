"""Polynomials whose Hessian is a sum of squares, hence positive semidefinite everywhere, with an exact certificate.

y' H(x) y = z'Gz, where z lists the products of an entry of y and a monomial in x, and G is positive semidefinite.  G is
found in floating point (the analytic centre of all such matrices, by Newton's method), rounded to rationals on the
linear conditions, and only then judged, exactly.  A convex polynomial need not have such a G, but in few variables and
of low degree most do (Ahmadi and Parrilo 2013).
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from flint import fmpq

from netprops.domains import nearest_double
from netprops.exact.inertia import is_positive_semidefinite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netprops.readings.polynomials import Expression, Table

Exponents: TypeAlias = tuple[int, ...]
Polynomial: TypeAlias = dict[Exponents, fmpq]
Pairs: TypeAlias = list[tuple[int, int]]
Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"

MOST_DEGREE: Final = 8
MOST_BASIS: Final = 40
MOST_FREE: Final = 150
NEWTON_STEPS: Final = 60
DENOMINATORS: Final = (1, 2, 12, 120, 2**12, 2**24, 2**40)


@dataclass(frozen=True)
class Gram:
    """A positive semidefinite `matrix` G with y' H(x) y = z'Gz; z by the exponents of x, then those of y."""

    basis: list[list[int]]
    matrix: list[list[fmpq]]


def gram_of_hessian(table: Table, e: Expression, mask: int) -> Gram | None:
    """A certificate that e, a polynomial in the variables of the mask, is convex everywhere; None if none was found."""
    polynomial = _polynomial(table, e, mask)
    if polynomial is None:
        return None
    degree = max(map(sum, polynomial), default=0)
    if degree % 2 or not 2 < degree <= MOST_DEGREE:
        return None
    biform = _hessian_form(polynomial)
    basis = _basis(biform, degree // 2 - 1)
    if not basis or len(basis) > MOST_BASIS:
        return None
    groups = _products(basis)
    if not set(biform) <= set(groups) or sum(len(pairs) - 1 for pairs in groups.values()) > MOST_FREE:
        return None
    semidefinite = (G for G in _rounded(biform, groups, len(basis)) if is_positive_semidefinite(G))
    return next((Gram([list(z) for z in basis], G) for G in semidefinite), None)


def _polynomial(table: Table, e: Expression, mask: int) -> Polynomial | None:
    """Exponents of the variables in e that are in the mask, and coefficients; None unless all others are numbers."""
    used = table.dependencies(e)
    if used & ~mask:
        return None
    bits = [bit for bit in range(used.bit_length()) if used >> bit & 1]
    place = {bit: k for k, bit in enumerate(bits)}
    polynomial: Polynomial = {}
    for monomial, c in e.terms.items():
        exponents = [0] * len(bits)
        for index, k in monomial:
            atom = table.atoms[index]
            if atom.kind != "variable" or k.q != 1 or k < 0:
                return None
            exponents[place[atom.dependencies.bit_length() - 1]] = int(k.p)
        polynomial[tuple(exponents)] = c
    return polynomial


def _hessian_form(p: Polynomial) -> Polynomial:
    """y' H(x) y, with the exponents of x before those of y."""
    form: Polynomial = defaultdict(fmpq)
    for exponents, c in p.items():
        n = len(exponents)
        for i, j in itertools.product(range(n), repeat=2):
            factor = exponents[i] * (exponents[j] - (i == j))
            if factor:
                x, y = list(exponents), [0] * n
                for k in (i, j):
                    x[k] -= 1
                    y[k] += 1
                form[(*x, *y)] += c * factor
    return {exponents: c for exponents, c in form.items() if c != 0}


def _basis(form: Polynomial, degree: int) -> list[Exponents]:
    """Products of a monomial in x of at most that degree and one entry of y, those left out that must have weight 0.

    A product whose square is no term of the form, nor the product of two others, has a zero on G's diagonal.
    """
    n = len(next(iter(form), ())) // 2
    basis = [
        (*x, *(int(i == j) for j in range(n)))
        for x in itertools.product(range(degree + 1), repeat=n)
        if sum(x) <= degree
        for i in range(n)
    ]
    while True:
        mixed = {_sum(a, b) for a, b in itertools.combinations(basis, 2)}
        kept = [m for m in basis if (square := _sum(m, m)) in form or square in mixed]
        if len(kept) == len(basis):
            return basis
        basis = kept


def _sum(a: Exponents, b: Exponents) -> Exponents:
    return tuple(i + j for i, j in zip(a, b, strict=True))


def _products(basis: list[Exponents]) -> dict[Exponents, Pairs]:
    """The places of G, i <= j, that belong to one product of two members of the basis."""
    groups: dict[Exponents, Pairs] = defaultdict(list)
    for i, j in itertools.combinations_with_replacement(range(len(basis)), 2):
        groups[_sum(basis[i], basis[j])].append((i, j))
    return groups


def _rounded(form: Polynomial, groups: dict[Exponents, Pairs], size: int) -> Iterator[list[list[fmpq]]]:
    """Rational matrices G with z'Gz equal to the form, near the analytic centre of the positive definite ones."""
    start, moves = np.zeros((size, size)), []
    for product, pairs in groups.items():
        value = nearest_double(form.get(product, fmpq(0)))
        weights = [1 if i == j else 2 for i, j in pairs]
        for i, j in pairs:
            start[i, j] = start[j, i] = value / sum(weights)
        for (i, j), (k, m), weight in zip(pairs[1:], itertools.repeat(pairs[0]), weights[1:]):
            move = np.zeros((size, size))
            move[i, j] = move[j, i] = 1
            move[k, m] = move[m, k] = -weight / weights[0]
            moves.append(move)
    centre = _analytic_centre(start, np.array(moves).reshape(-1, size, size))
    if centre is None:
        return
    for denominator in DENOMINATORS:
        yield _on_the_conditions(form, groups, centre, denominator)


def _on_the_conditions(
    form: Polynomial, groups: dict[Exponents, Pairs], G: Floats, denominator: int
) -> list[list[fmpq]]:
    """G rounded, but for the first place of each group, which takes up the rest."""
    size = len(G)
    exact = [[fmpq(0)] * size for _ in range(size)]
    for product, pairs in groups.items():
        rest = form.get(product, fmpq(0))
        for i, j in pairs[1:]:
            exact[i][j] = exact[j][i] = fmpq(round(float(G[i, j]) * denominator), denominator)
            rest -= exact[i][j] * (1 if i == j else 2)
        i, j = pairs[0]
        exact[i][j] = exact[j][i] = rest / (1 if i == j else 2)
    return exact


def _analytic_centre(start: Floats, moves: Floats) -> Floats | None:
    """start + sum t_k moves_k with the least eigenvalue about as large as it can be; None where doubles fail.

    Newton's method on -log det(G + s I) + weight s, in (t, s), the weight growing while it helps.
    """
    try:
        with np.errstate(all="ignore"):
            centre = _newton(start, moves)
    except np.linalg.LinAlgError:
        return None
    return centre if np.isfinite(centre).all() else None


def _newton(start: Floats, moves: Floats) -> Floats:
    size = len(start)
    scale = max(1.0, float(np.abs(start).max()))
    t, s = np.zeros(len(moves)), 2.0 * scale * size
    directions = np.concatenate([moves, np.eye(size)[None]])
    weight = 1.0 / scale
    for _ in range(NEWTON_STEPS):
        G = start + np.tensordot(t, moves, 1) + s * np.eye(size)
        inverse = np.linalg.inv(G)
        slopes = np.einsum("ij,kjm->kim", inverse, directions)
        gradient = -np.trace(slopes, axis1=1, axis2=2)
        gradient[-1] += weight * size
        hessian = np.einsum("kij,mji->km", slopes, slopes) + 1e-12 * np.eye(len(directions))
        step = -np.linalg.solve(hessian, gradient)
        decrement = float(-gradient @ step)
        length = 1.0 / (1.0 + np.sqrt(max(decrement, 0.0)))
        t, s = t + length * step[:-1], s + length * float(step[-1])
        if decrement < 1e-2:
            if s < -1e-6 * scale or weight * scale > 1e9:
                break
            weight *= 4
    centre: Floats = start + np.tensordot(t, moves, 1)
    return centre
