"""Ax is not convex in (A, x) together: it is an indefinite quadratic form.

For an output direction c the Hessian of c.Ax has the eigenvalues |c| and -|c|, n times each, and otherwise 0.  Adding
(t/2)(|A|^2 + |x|^2) adds t to each, so that the sum is convex from t = |c| on.
"""

from fractions import Fraction

import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, box, claim, has_inertia, is_convex, reals
from netprops.strategies import arrays, integral_lengths, sizes

CLAIM = claim("matrix-vector-not-jointly-convex", source=("D1.A5", "D1.A6"), verdict=HOLDS)


def form(c):
    return lambda p: c @ (p["A"] @ p["x"])


def lifted(c):
    return lambda p, t: form(c)(p) + t / 2 * (jnp.sum(p["A"] ** 2) + jnp.sum(p["x"] ** 2))


def exactly(t):
    return box(t, t)


@CLAIM
@given(m=sizes(1, 3), n=sizes(1, 3), data=st.data())
def test_indefinite(m, n, data):
    c, on = data.draw(arrays(m, nonzero=True)), {"A": reals((m, n)), "x": reals(n)}
    assert has_inertia(form(c), (n, n, m * n - n), on=on)
    assert not is_convex(form(c), on=on)


@CLAIM
@given(m=sizes(1, 3), n=sizes(1, 3), data=st.data())
def test_what_makes_it_convex(m, n, data):
    (c, length), on = data.draw(integral_lengths(m)), {"A": reals((m, n)), "x": reals(n)}
    f, short = lifted(c), length - Fraction(1, 1000)
    assert is_convex(f, on=on, for_all=exactly(length))
    assert not is_convex(f, on=on, for_all=exactly(short))
    # n eigenvalues are 0 at t = |c| and n at t = -|c|, and so c.Ax has n of each, -|c| and |c|
    assert has_inertia(lambda p: f(p, 1.0 * length), (m * n, 0, n), on=on)
    assert has_inertia(lambda p: f(p, -1.0 * length), (0, m * n, n), on=on)
    assert not has_inertia(lambda p: f(p, 1.0 * length), (m * n + n, 0, 0), on=on)
