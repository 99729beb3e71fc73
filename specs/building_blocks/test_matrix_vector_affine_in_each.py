"""Ax is affine, so convex, in A for every x and in x for every A; it may increase or decrease."""

from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, claim, is_affine, is_convex, is_higher, reals
from netprops.strategies import arrays, sizes, unit, with_place

CLAIM = claim("matrix-vector-affine-in-each", source="D1.A5", verdict=HOLDS)


@CLAIM
@given(m=sizes(), n=sizes())
def test_affine_in_each(m, n):
    for question in (is_affine, is_convex):
        assert question(lambda A, x: A @ x, on=reals((m, n)), for_all=reals(n))
        assert question(lambda x, A: A @ x, on=reals(n), for_all=reals((m, n)))


@CLAIM
@given(m=sizes(), n=sizes(), data=st.data())
def test_in_an_entry_of_the_matrix_it_rises_or_falls_with_the_sign_of_x(m, n, data):
    (x, (j,)), A = data.draw(with_place(n)), data.draw(arrays((m, n)))
    i = data.draw(st.integers(0, m - 1))
    x = x if x[j] > 0 else -x
    more = A + unit((m, n), (i, j))
    assert is_higher(lambda A: (A @ x)[i], at=more, than=A)
    assert not is_higher(lambda A: (A @ -x)[i], at=more, than=A)


@CLAIM
@given(m=sizes(), n=sizes(), data=st.data())
def test_in_an_entry_of_the_vector_it_rises_or_falls_with_the_sign_of_the_matrix(m, n, data):
    (A, (i, j)), x = data.draw(with_place((m, n))), data.draw(arrays(n))
    A = A if A[i, j] > 0 else -A
    more = x + unit(n, j)
    assert is_higher(lambda x: (A @ x)[i], at=more, than=x)
    assert not is_higher(lambda x: (-A @ x)[i], at=more, than=x)


@CLAIM
@given(m=sizes(), n=sizes(), data=st.data())
def test_of_squares_it_is_not_affine(m, n, data):
    A, (i, j) = data.draw(with_place((m, n)))
    A = A if A[i, j] > 0 else -A
    assert not is_affine(lambda x: A @ (x * x), on=reals(n))
    assert not is_convex(lambda x: -(A @ (x * x)), on=reals(n))
