"""The signs of a symmetric rational matrix, by exact congruence.

Sylvester's law: for every invertible L the matrices Q and L'QL have equally many positive, negative and zero
eigenvalues.  So Gaussian elimination on rows and columns together, over the rationals, reads the signs of the
eigenvalues off exactly, and every answer comes with something to check it by: a vector v with v'Qv < 0, or Q written
as a sum of squares.

A matrix is anything with n rows of n numbers (nested sequences, a NumPy array, `fmpq_mat`); a number is whatever
`to_rational` takes.
"""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from flint import fmpq, fmpz

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Vector = list[fmpq]
SparseVector = dict[int, fmpq]  # index -> entry, zeros left out

ZERO = fmpq(0)


def to_rational(value: Any) -> fmpq:
    """The rational number that `value` is.

    Takes `fmpq`, `fmpz`, integers, fractions and floats of any width (NumPy's too), a float being the dyadic rational
    it stores: `to_rational(0.1)` is 3602879701896397/36028797018963968.

    Raises `TypeError` for bools, complex numbers and anything else, `ValueError` for NaN and the infinities.
    """
    if isinstance(value, fmpq):
        return value
    if isinstance(value, bool):
        raise TypeError(f"{value} is a truth value, not a number")
    if isinstance(value, int | fmpz):
        return fmpq(value)
    if isinstance(value, numbers.Rational):
        return fmpq(int(value.numerator), int(value.denominator))
    if isinstance(value, numbers.Real) and hasattr(value, "as_integer_ratio"):
        try:
            numerator, denominator = value.as_integer_ratio()
        except (OverflowError, ValueError):
            raise ValueError(f"{value} is not a finite number") from None
        return fmpq(int(numerator), int(denominator))
    raise TypeError(f"{type(value).__name__} is not a rational number: {value!r}")


def rational_vector(values: Iterable[Any]) -> Vector:
    """`values` as a list of rationals; a one-dimensional array or any iterable of numbers.  Errors: `to_rational`'s."""
    return [to_rational(value) for value in _as_python(values)]


def rational_rows(rows: Iterable[Any]) -> list[Vector]:
    """`rows` as a list of equally long lists of rationals; nested iterables, a two-dimensional array, `fmpq_mat`.

    Raises `ValueError` if the rows differ in length, and `to_rational`'s errors.
    """
    vectors = [rational_vector(row) for row in _as_python(rows)]
    lengths = {len(vector) for vector in vectors}
    if len(lengths) > 1:
        raise ValueError(f"rows of different lengths: {sorted(lengths)}")
    return vectors


def integer_multiple(vector: Sequence[fmpq]) -> Vector:
    """The shortest integer vector t v with t > 0: entries without a common divisor; zero stays zero."""
    denominator = math.lcm(*(int(entry.q) for entry in vector))
    numerators = [int(entry.p) * (denominator // int(entry.q)) for entry in vector]
    divisor = math.gcd(*numerators) or 1
    return [fmpq(numerator // divisor) for numerator in numerators]


def dot(u: Iterable[fmpq], v: Iterable[fmpq]) -> fmpq:
    """u.v, for two vectors of one length; raises `ValueError` otherwise."""
    return sum((a * b for a, b in zip(u, v, strict=True) if a and b), ZERO)


@dataclass(frozen=True)
class Inertia:
    """How many eigenvalues of a symmetric matrix are positive, negative and zero.  Unpacks as (p, n, z)."""

    positive: int
    negative: int
    zero: int

    def __iter__(self) -> Iterator[int]:
        return iter((self.positive, self.negative, self.zero))


@dataclass(frozen=True)
class Square:
    """The term weight * (vector . x)^2 of a sum of squares, weight > 0."""

    weight: fmpq
    vector: tuple[fmpq, ...]


def inertia(Q: Any) -> Inertia:
    """The inertia of a symmetric rational (n, n) matrix Q.

    Raises `ValueError` if Q is not square or not symmetric, and `to_rational`'s errors for its entries.
    """
    rows = _symmetric(Q)
    positive = negative = 0
    for step in _eliminate(rows):
        positive += step.pivot > 0 or step.partner is not None
        negative += step.pivot < 0 or step.partner is not None
    return Inertia(positive, negative, len(rows) - positive - negative)


def is_positive_semidefinite(Q: Any) -> bool:
    """Whether v'Qv >= 0 for every v.  Q: symmetric, (n, n).  Raises as `inertia` does."""
    return negative_direction(Q) is None


def negative_direction(Q: Any) -> Vector | None:
    """An integer vector v with v'Qv < 0, or None exactly when Q is positive semidefinite.

    Unit vectors e_i and then e_i + e_j, e_i - e_j are preferred.  Q: symmetric, (n, n).  Raises as `inertia` does.
    """
    rows = _symmetric(Q)
    simple = _unit_direction(rows) or _pair_direction(rows)
    if simple is not None:
        return [fmpq(simple.get(i, 0)) for i in range(len(rows))]
    return _eliminated_direction(rows)


def value_at(Q: Any, v: Iterable[Any]) -> fmpq:
    """v'Qv, exactly.  Q: symmetric, (n, n); v: (n,).  Raises `ValueError` where the shapes do not fit."""
    rows, vector = _symmetric(Q), rational_vector(v)
    if len(vector) != len(rows):
        raise ValueError(f"{len(vector)} entries for a matrix of order {len(rows)}")
    return _value(rows, {i: entry for i, entry in enumerate(vector) if entry})


def squares(Q: Any) -> tuple[Square, ...]:
    """Q as a sum of squares: Q = sum_k d_k l_k l_k' with every d_k > 0, as many terms as the rank.

    Q: symmetric and positive semidefinite, (n, n).  Raises `ValueError` if Q is not positive semidefinite, and as
    `inertia` does.
    """
    rows = _symmetric(Q)
    terms = []
    for step in _eliminate(rows):
        if step.partner is not None or step.pivot < 0:
            raise ValueError("the matrix is not positive semidefinite, so it is no sum of squares")
        vector = tuple(step.row.get(i, ZERO) / step.pivot for i in range(len(rows)))
        terms.append(Square(step.pivot, vector))
    return tuple(terms)


def check_squares(Q: Any, terms: Iterable[Square]) -> None:
    """Refuse, by a `ValueError` that says why, `terms` that do not show Q to be positive semidefinite.

    Accepted are exactly the families with every weight > 0 and sum weight * l l' = Q, entry by entry.
    """
    rest = rational_rows(Q)
    if any(len(row) != len(rest) for row in rest):
        raise ValueError("the matrix is not square")
    for k, term in enumerate(terms):
        weight, vector = to_rational(term.weight), rational_vector(term.vector)
        if not weight > 0:
            raise ValueError(f"square {k} has weight {weight}, which is not positive")
        if len(vector) != len(rest):
            raise ValueError(f"square {k} has {len(vector)} entries for a matrix of order {len(rest)}")
        support = [i for i, entry in enumerate(vector) if entry]
        for i in support:
            for j in support:
                rest[i][j] -= weight * vector[i] * vector[j]
    for i, row in enumerate(rest):
        for j, entry in enumerate(row):
            if entry:
                raise ValueError(f"the squares do not add up to the matrix at ({i}, {j}): {entry} is left over")


# --- elimination -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """What one step of the elimination removed.

    `partner` None: the pivot Q_ii = `pivot` != 0 with its `row`.  Otherwise every diagonal entry was zero and
    Q_ij = `pivot` != 0 for j = `partner`: the block (0, b; b, 0), one positive and one negative eigenvalue.
    """

    index: int
    pivot: fmpq
    row: SparseVector
    partner: int | None = None


def _eliminate(rows: list[SparseVector]) -> Iterator[_Step]:
    """Eliminate a copy of the matrix step by step, down to nothing; ends when what is left is zero.

    Pivots are diagonal entries, in the emptiest row first, while there are any.
    """
    left = {i: dict(row) for i, row in enumerate(rows) if row}
    while left:
        diagonal = [i for i, row in left.items() if i in row]
        if diagonal:
            i = min(diagonal, key=lambda k: len(left[k]))
            row = dict(left[i])
            yield _Step(i, row[i], row)
            _subtract_outer(left, row, row, 1 / row[i])
        else:
            i = min(left, key=lambda k: len(left[k]))
            row = dict(left[i])
            j, b = next(iter(row.items()))
            partner_row = dict(left[j])
            yield _Step(i, b, row, j)
            _subtract_outer(left, row, partner_row, 1 / b)
            _subtract_outer(left, partner_row, row, 1 / b)
        left = {k: rest for k, rest in left.items() if rest}


def _subtract_outer(left: dict[int, SparseVector], u: SparseVector, v: SparseVector, factor: fmpq) -> None:
    """Subtract factor * u v' from `left`, in place."""
    for i, a in u.items():
        row, scaled = left[i], factor * a
        for j, b in v.items():
            entry = row.get(j, ZERO) - scaled * b
            if entry:
                row[j] = entry
            else:
                row.pop(j, None)


def _unit_direction(rows: list[SparseVector]) -> dict[int, int] | None:
    return next(({i: 1} for i, row in enumerate(rows) if row.get(i, ZERO) < 0), None)


def _pair_direction(rows: list[SparseVector]) -> dict[int, int] | None:
    """e_i + e_j or e_i - e_j with Q_ii + Q_jj +- 2 Q_ij < 0, if there is one."""
    for i, row in enumerate(rows):
        for j, entry in row.items():
            if i < j and row.get(i, ZERO) + rows[j].get(j, ZERO) < 2 * abs(entry):
                return {i: 1, j: -1 if entry > 0 else 1}
    return None


def _eliminated_direction(rows: list[SparseVector]) -> Vector | None:
    """Eliminate until what is left shows a negative direction, then undo the steps, last first."""
    done: list[_Step] = []
    for step in _eliminate(rows):
        if step.partner is not None:
            v = {step.index: fmpq(1), step.partner: fmpq(-1 if step.pivot > 0 else 1)}
            return _undo(rows, done, v)
        if step.pivot < 0:
            return _undo(rows, done, {step.index: fmpq(1)})
        done.append(step)
    return None


def _undo(rows: list[SparseVector], done: list[_Step], v: SparseVector) -> Vector:
    """Extend v to the eliminated coordinates, each minimising the form, so that v'Qv is its value on what was left."""
    for step in reversed(done):
        small, large = sorted((v, step.row), key=len)
        v[step.index] = -sum((small[i] * large[i] for i in small if i in large), ZERO) / step.pivot
    return integer_multiple([v.get(i, ZERO) for i in range(len(rows))])


def _value(rows: list[SparseVector], v: SparseVector) -> fmpq:
    return sum((a * v[i] * v[j] for i in v for j, a in rows[i].items() if j in v), ZERO)


def _symmetric(Q: Any) -> list[SparseVector]:
    dense = rational_rows(Q)
    if any(len(row) != len(dense) for row in dense):
        raise ValueError(f"a square matrix is needed, not {len(dense)} rows of {len(dense[0])}")
    for i, j in combinations(range(len(dense)), 2):
        if dense[i][j] != dense[j][i]:
            raise ValueError(f"not symmetric at ({i}, {j}): {dense[i][j]} and {dense[j][i]}")
    return [{j: entry for j, entry in enumerate(row) if entry} for row in dense]


def _as_python(values: Any) -> Any:
    """Arrays and matrices as (nested) lists, exactly; everything else as it is."""
    return values.tolist() if hasattr(values, "tolist") else values
