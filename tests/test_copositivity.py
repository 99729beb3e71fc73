"""Copositivity on trial: known matrices, and an independent oracle by subdivision of the simplex."""

from fractions import Fraction
from itertools import combinations, product

import jax.numpy as jnp
import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from netprops import DomainError, is_copositive, nonnegative, reals
from netprops.exact.copositivity import form_value, negative_on_the_orthant

HORN = np.array([[1, -1, 1, 1, -1], [-1, 1, -1, 1, 1], [1, -1, 1, -1, 1], [1, 1, -1, 1, -1], [-1, 1, 1, -1, 1]])


def by_subdivision(Q, depth=9):
    """Whether Q is copositive, by cutting the simplex (Bundfuss and Dür 2008); None if the depth does not suffice."""
    n = len(Q)
    stack = [([[Fraction(int(i == j)) for i in range(n)] for j in range(n)], 0)]
    known = True
    while stack:
        corners, level = stack.pop()
        gram = [
            [sum(a * Q[i][j] * b for i, a in enumerate(u) for j, b in enumerate(v)) for v in corners] for u in corners
        ]
        if any(gram[k][k] < 0 for k in range(n)):
            return False
        if min(map(min, gram)) >= 0:
            continue
        if level == depth:
            known = None
            continue
        i, j = min(combinations(range(n), 2), key=lambda pair: gram[pair[0]][pair[1]])
        middle = [(a + b) / 2 for a, b in zip(corners[i], corners[j], strict=True)]
        stack += [([*corners[:k], middle, *corners[k + 1 :]], level + 1) for k in (i, j)]
    return known


@st.composite
def symmetric(draw, largest=4):
    n = draw(st.integers(1, largest))
    A = np.array(draw(st.lists(st.integers(-3, 3), min_size=n * n, max_size=n * n))).reshape(n, n)
    return (np.triu(A) + np.triu(A, 1).T).tolist()


@given(symmetric())
def test_against_subdivision(Q):
    expected = by_subdivision(Q)
    u = negative_on_the_orthant(Q)
    if expected is not None:
        assert (u is None) == expected
    if u is not None:
        assert min(u) >= 0
        assert form_value(Q, u) < 0


@pytest.mark.parametrize("n", [1, 2])
def test_all_small_matrices_against_the_textbook(n):
    """[[a, b], [b, c]] is copositive exactly when a, c >= 0 and b >= -sqrt(ac)."""
    for entries in product(range(-3, 4), repeat=n * (n + 1) // 2):
        if n == 1:
            assert (negative_on_the_orthant([entries]) is None) == (entries[0] >= 0)
            continue
        a, b, c = entries
        assert (negative_on_the_orthant([[a, b], [b, c]]) is None) == (a >= 0 <= c and (b >= 0 or b * b <= a * c))


def test_horn_is_copositive_and_hardly():
    assert negative_on_the_orthant(HORN) is None
    assert np.linalg.eigvalsh(HORN)[0] < 0  # and not positive semidefinite, nor is it plus anything nonnegative
    for i, j in product(range(5), repeat=2):
        less = [[fmpq(int(x)) for x in row] for row in HORN]
        less[i][j] -= fmpq(1, 1000)
        less[j][i] = less[i][j]
        u = negative_on_the_orthant(less)
        assert u is not None  # it is extreme: nothing can be taken off any entry
        assert form_value(less, u) < 0


def test_the_question():
    on = reals(5)
    assert is_copositive(lambda u: u @ (HORN.astype(float) @ u), on)
    assert not is_copositive(lambda u: u @ (HORN.astype(float) @ u) - u[2] ** 2 / 2, nonnegative(5))
    assert is_copositive(lambda u: u[0] * u[1], on).kind == "proved"
    assert is_copositive(lambda u: 0 * u[0] ** 2, on)
    assert is_copositive(lambda u: -(u[0] ** 2), on).kind == "certified"


def test_what_is_no_form():
    for f in (lambda u: u[0], lambda u: u[0] ** 2 + 1, lambda u: jnp.sin(u[0]) ** 2, lambda u: u[0] ** 3):
        with pytest.raises(DomainError, match="quadratic form"):
            is_copositive(f, reals(2))
    with pytest.raises(DomainError, match="up to 12"):
        is_copositive(lambda u: jnp.sum(u) ** 2, reals(13))
    with pytest.raises(ValueError, match="symmetric"):
        negative_on_the_orthant([[1, 2], [3, 4]])
