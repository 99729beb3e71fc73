"""Inertia against matrices built to have it, with no tolerance anywhere."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpq_mat, fmpz
from hypothesis import assume, given
from hypothesis import strategies as st

from netprops.exact.inertia import (
    Inertia,
    Square,
    check_squares,
    inertia,
    integer_multiple,
    is_positive_semidefinite,
    negative_direction,
    rational_rows,
    squares,
    to_rational,
    value_at,
)

small = st.integers(-4, 4)
nonzero = small.filter(bool)


@st.composite
def unimodular(draw, order):
    """An integer matrix of determinant +-1."""
    lower, upper = (
        np.array([[draw(small) if j < i else int(i == j) for j in range(order)] for i in range(order)], dtype=object)
        for _ in range(2)
    )
    return (lower @ upper.T)[draw(st.permutations(range(order)))]


@st.composite
def matrices_of_known_inertia(draw, minimum=(0, 0, 0)):
    """(Q, its inertia): L'DL with D of numbers and of blocks (0, b; b, 0), or D itself."""
    pairs = draw(st.integers(0, 2))
    p, n, z = (draw(st.integers(low, 3)) for low in minimum)
    order = p + n + z + 2 * pairs
    assume(order > 0)
    D = np.zeros((order, order), dtype=object)
    for k in range(p + n):
        D[k, k] = abs(draw(nonzero)) * (1 if k < p else -1)
    for k in range(p + n + z, order, 2):
        D[k, k + 1] = D[k + 1, k] = draw(nonzero)
    L = draw(st.one_of(st.permutations(range(order)).map(np.eye(order, dtype=int).__getitem__), unimodular(order)))
    return L.T @ D @ L, Inertia(p + pairs, n + pairs, z)


def positive_semidefinite_matrices():
    """B'B for integer B with few rows, so that most are singular."""
    shapes = st.tuples(st.integers(0, 4), st.integers(1, 6))
    return shapes.flatmap(
        lambda shape: st.lists(small, min_size=math.prod(shape), max_size=math.prod(shape)).map(
            lambda entries: (lambda B: B.T @ B)(np.array(entries, dtype=object).reshape(shape))
        )
    )


def form(Q, v):
    """v'Qv in the standard library's fractions."""
    exact = [Fraction(int(x.p), int(x.q)) for x in v]
    return sum(Fraction(Q[i][j]) * a * b for i, a in enumerate(exact) for j, b in enumerate(exact))


# --- numbers ---------------------------------------------------------------------------------------------------


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_taken_as_the_dyadic_rational_it_is(x):
    assert (int(to_rational(x).p), int(to_rational(x).q)) == x.as_integer_ratio()


@given(st.fractions())
def test_fractions_keep_their_value(x):
    assert to_rational(x) == fmpq(x.numerator, x.denominator)


@pytest.mark.parametrize(
    "three_halves", [1.5, Fraction(3, 2), fmpq(3, 2), np.float64(1.5), np.float32(1.5), np.float16(1.5)]
)
def test_every_kind_of_number_is_taken_exactly(three_halves):
    assert to_rational(three_halves) == fmpq(3, 2)


@pytest.mark.parametrize("seven", [7, fmpz(7), np.int8(7), np.uint64(7), np.longdouble(7), Fraction(7), 7.0])
def test_every_kind_of_integer_is_taken_exactly(seven):
    assert to_rational(seven) == 7


@pytest.mark.parametrize(
    "infinite", [math.nan, math.inf, -math.inf, np.float64("nan"), np.float32("inf"), np.longdouble("nan")]
)
def test_nan_and_the_infinities_are_refused(infinite):
    with pytest.raises(ValueError, match="not a finite number"):
        to_rational(infinite)


@pytest.mark.parametrize("other", [True, np.True_, 1j, np.complex128(1), "1", None, [1], Decimal(1), np.zeros(())])
def test_what_is_not_a_number_is_refused(other):
    with pytest.raises(TypeError, match="not a"):
        to_rational(other)


@given(st.lists(st.fractions(max_denominator=50), min_size=1))
def test_the_integer_multiple_is_on_the_same_ray_and_shortest(entries):
    vector = [to_rational(entry) for entry in entries]
    integers = integer_multiple(vector)
    assert all(entry.q == 1 for entry in integers)
    assert math.gcd(*(int(entry.p) for entry in integers)) == (1 if any(entries) else 0)
    pairs = list(zip(vector, integers, strict=True))
    assert all(a * y == b * x for a, x in pairs for b, y in pairs)
    assert all((a > 0) == (x > 0) and (a < 0) == (x < 0) for a, x in pairs)


# --- inertia ---------------------------------------------------------------------------------------------------


@given(matrices_of_known_inertia())
def test_the_inertia_is_the_one_the_matrix_was_built_with(case):
    Q, known = case
    assert inertia(Q) == known


@given(matrices_of_known_inertia(), nonzero)
def test_scaling_keeps_the_inertia_and_a_change_of_sign_exchanges_it(case, factor):
    Q, (p, n, z) = case
    assert tuple(inertia(factor * Q)) == ((p, n, z) if factor > 0 else (n, p, z))
    assert tuple(inertia(fmpq_mat(rational_rows(Q)) / 10**12)) == (p, n, z)


@given(st.integers(1, 6).flatmap(lambda n: st.lists(small, min_size=n * n, max_size=n * n)))
def test_the_inertia_counts_the_signs_of_the_eigenvalues_in_floats(entries):
    order = math.isqrt(len(entries))
    B = np.array(entries, dtype=float).reshape(order, order)
    eigenvalues = np.linalg.eigvalsh(B + B.T)
    assume(np.abs(eigenvalues).min() > 1e-6)
    assert tuple(inertia(B + B.T)) == (np.sum(eigenvalues > 0), np.sum(eigenvalues < 0), 0)


@pytest.mark.parametrize(
    ("Q", "expected"),
    [
        ([], (0, 0, 0)),
        ([[0]], (0, 0, 1)),
        ([[1, 1], [1, 1]], (1, 0, 1)),
        ([[1, -1 - 1e-11], [-1 - 1e-11, 1]], (1, 1, 0)),
        ([[1, -1 + 1e-11], [-1 + 1e-11, 1]], (2, 0, 0)),
        (1e-11 * np.array([[0, 1], [1, 0]]), (1, 1, 0)),
        (np.diag([1e300, 1e-300, -1e-300]), (2, 1, 0)),
        ([[Fraction(1, 3), Fraction(1, 3)], [Fraction(1, 3), Fraction(1, 3)]], (1, 0, 1)),
    ],
)
def test_no_sign_is_lost_to_a_tolerance(Q, expected):
    assert tuple(inertia(Q)) == expected
    assert is_positive_semidefinite(Q) == (expected[1] == 0)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 3), (3, 2), (8, 8)])
def test_the_hessian_of_c_times_ax_has_n_eigenvalues_of_each_sign(m, n):
    c = np.arange(1, m + 1)
    Q = np.zeros((m * n + n, m * n + n), dtype=int)
    for i in range(m):
        for j in range(n):
            Q[i * n + j, m * n + j] = Q[m * n + j, i * n + j] = c[i]
    assert tuple(inertia(Q)) == (n, n, m * n - n)


@pytest.mark.parametrize("ask", [inertia, is_positive_semidefinite, negative_direction, squares])
def test_a_matrix_that_is_not_symmetric_or_not_square_is_refused(ask):
    with pytest.raises(ValueError, match=r"not symmetric at \(0, 1\): 1 and 2"):
        ask([[0, 1], [2, 0]])
    with pytest.raises(ValueError, match="square"):
        ask([[1, 2]])
    with pytest.raises(ValueError, match="different lengths"):
        ask([[1, 2], [2]])
    with pytest.raises(ValueError, match="not a finite number"):
        ask([[math.nan]])


# --- directions of negative value ------------------------------------------------------------------------------


@given(matrices_of_known_inertia())
def test_a_negative_direction_is_found_exactly_when_there_is_one(case):
    Q, known = case
    v = negative_direction(Q)
    assert (v is None) == (known.negative == 0) == is_positive_semidefinite(Q)
    if v is not None:
        assert form(Q, v) < 0
        assert all(entry.q == 1 for entry in v)


@given(positive_semidefinite_matrices())
def test_a_gram_matrix_has_no_negative_direction_until_it_is_lowered(Q):
    assert negative_direction(Q) is None
    (p, _, z), (lowered_p, lowered_n, _) = inertia(Q), inertia(2**200 * Q - np.eye(len(Q), dtype=object))
    assert (lowered_p, lowered_n) == (p, z)


def test_unit_vectors_and_pairs_are_preferred():
    assert negative_direction([[1, 0], [0, -1]]) == [0, 1]
    assert negative_direction([[0, 1], [1, 0]]) == [1, -1]
    assert negative_direction([[0, -1], [-1, 0]]) == [1, 1]
    assert negative_direction([[1, 2], [2, 3]]) == [-2, 1]


@given(matrices_of_known_inertia(), st.data())
def test_the_value_of_the_form_is_exact(case, data):
    Q, _ = case
    v = [fmpq(data.draw(small), 3) for _ in Q]
    value = value_at(Q, v)
    assert Fraction(int(value.p), int(value.q)) == form(Q, v)


def test_a_vector_of_another_length_has_no_value():
    with pytest.raises(ValueError, match="1 entries for a matrix of order 2"):
        value_at([[1, 0], [0, 1]], [1])


# --- sums of squares -------------------------------------------------------------------------------------------


@given(positive_semidefinite_matrices())
def test_a_positive_semidefinite_matrix_is_a_sum_of_as_many_squares_as_its_rank(Q):
    terms = squares(Q)
    check_squares(Q, terms)
    assert len(terms) == inertia(Q).positive
    total = sum((Fraction(int(t.weight.p), int(t.weight.q)) * form([[1]], [t.vector[0]]) for t in terms), Fraction(0))
    assert total == Q[0][0]


@given(matrices_of_known_inertia(minimum=(0, 1, 0)))
def test_an_indefinite_matrix_is_no_sum_of_squares(case):
    with pytest.raises(ValueError, match="not positive semidefinite"):
        squares(case[0])


@given(positive_semidefinite_matrices().filter(lambda Q: Q.any()), st.data())
def test_corrupted_squares_are_refused(Q, data):
    terms = list(squares(Q))
    k = data.draw(st.integers(0, len(terms) - 1))
    weight, vector = terms[k].weight, terms[k].vector
    i = next(i for i, entry in enumerate(vector) if entry)
    raised = (*vector[:i], vector[i] * (1 + fmpq(1, 10**30)), *vector[i + 1 :])
    reasons = {
        "add up": [
            terms[:k] + terms[k + 1 :],
            [*terms, terms[k]],
            [*terms[:k], Square(weight + fmpq(1, 10**30), vector), *terms[k + 1 :]],
            [*terms[:k], Square(weight, raised), *terms[k + 1 :]],
        ],
        "not positive": [
            [*terms, Square(fmpq(0), vector)],
            [*terms, Square(-weight, vector), Square(weight, vector)],
        ],
        "entries": [[*terms, Square(weight, (*vector, fmpq(1)))]],
    }
    for reason, corrupted in reasons.items():
        for family in corrupted:
            with pytest.raises(ValueError, match=reason):
                check_squares(Q, family)


def test_squares_of_a_matrix_that_is_not_square_are_refused():
    with pytest.raises(ValueError, match="not square"):
        check_squares([[1, 0]], [])
