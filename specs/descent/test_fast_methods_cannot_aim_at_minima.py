"""Should one not think of minima, global or local, with fast methods? Not in general, and yet for some problems.

Even to tell a local minimum is hard: 0 is one of sum Q_ij x_i^2 x_j^2 exactly when Q is copositive (Murty and Kabadi),
which is NP-hard to decide. But x^2 + 3 sin(x)^2, not convex either, is brought to its global minimum by descent from
everywhere, at a linear rate, because f'^2 >= f/16.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    CONDITIONAL,
    are_equal,
    box,
    claim,
    descends_to,
    is_convex,
    is_copositive,
    is_critical,
    is_higher,
    is_positive,
    nonnegative,
    reals,
)
from netprops.objects.landscapes import domination, quartic, ripples, way_down
from netprops.strategies.networks import arrays, dyadics, nonzero_arrays, whole_numbers

CLAIM = claim("fast-methods-cannot-aim-at-minima", source=("D1.A5.c2",), verdict=CONDITIONAL)


@st.composite
def symmetric_matrices(draw):
    """Whole symmetric matrices; sums of squares and of nonnegative entries, which are copositive, among them."""
    n = draw(st.integers(1, 4))
    A = draw(arrays((n, n), whole_numbers()))
    return draw(st.sampled_from((A + A.T, A.T @ A + np.abs(A + A.T))))


@CLAIM
@given(n=st.integers(1, 4))
def test_what_is_near_zero_is_everywhere(n):
    """On the ray through x the quartic is t^4 times its value at x; that is the form's value at the squares of x."""
    on = reals(n), reals(), reals((n, n))
    assert are_equal(lambda x, t, Q: quartic(t * x, Q), lambda x, t, Q: t**4 * quartic(x, Q), on=on)
    assert are_equal(lambda x, t, Q: quartic(x, Q), lambda x, t, Q: (lambda u: u @ (Q @ u))(x**2), on=on)
    assert not are_equal(lambda x, t, Q: quartic(t * x, Q), lambda x, t, Q: t**2 * quartic(x, Q), on=on)


@CLAIM
@given(Q=symmetric_matrices(), data=st.data(), k=st.integers(0, 20))
def test_zero_is_a_local_minimum_exactly_when_the_matrix_is_copositive(Q, data, k):
    n, zero = len(Q), np.zeros(len(Q))
    down = way_down(Q)
    assert bool(is_copositive(lambda u: u @ (Q @ u), on=reals(n))) == (down is None)
    if down is None:
        assert not is_higher(lambda x: quartic(x, Q), at=zero, than=data.draw(nonzero_arrays(n)))
    else:
        assert is_higher(lambda x: quartic(x, Q), at=zero, than=down / 2**k)


@CLAIM
def test_copositive_and_hardly():
    """Horn's matrix is no sum of a positive semidefinite and a nonnegative one; less than it is not copositive."""
    horn = np.array([[1.0, -1, 1, 1, -1], [-1, 1, -1, 1, 1], [1, -1, 1, -1, 1], [1, 1, -1, 1, -1], [-1, 1, 1, -1, 1]])
    assert is_copositive(lambda u: u @ (horn @ u), on=reals(5))
    assert not is_copositive(lambda u: u @ (horn @ u) - u[0] * u[2] / 1024, on=reals(5))


@CLAIM
def test_not_convex_and_yet_dominated_by_its_gradient():
    slope = jax.grad(ripples)
    assert not is_convex(ripples, on=reals())
    # Up to 1/2: f'' >= 1/2 and f'(0) = 0, so |f'| >= |x|/2; and f'' <= 8, so f <= 4 x^2.
    assert is_critical(ripples, at=0)
    assert not is_critical(ripples, at=2)
    assert are_equal(lambda x: ripples(-x), ripples, on=reals())
    assert is_convex(lambda x: ripples(x) - x**2 / 4, on=box(-0.5, 0.5))
    assert is_convex(lambda x: 4 * x**2 - ripples(x), on=reals())
    assert is_positive(domination(ripples, 1 / 16), on=box(0.5, 5))
    # From 5 on: f' > 2x - 7 and f < x^2 + 4.
    assert is_positive(lambda x: slope(x) - (2 * x - 7), on=reals())
    assert is_positive(lambda x: x**2 + 4 - ripples(x), on=reals())
    assert is_positive(lambda u: (2 * (5 + u) - 7) ** 2 - ((5 + u) ** 2 + 4) / 16, on=nonnegative())
    assert not is_positive(domination(ripples, 1 / 2), on=box(0.5, 5))


@CLAIM
@given(start=dyadics(-1024, 1024, 1))
def test_descent_reaches_its_global_minimum(start):
    assert descends_to(ripples, start, near=0.0, step=1 / 8)
    # With larger ripples there are other minima, and runs that end there.
    assert not descends_to(lambda x: x**2 + 12 * jnp.sin(x) ** 2, np.pi + start / 1024, near=0.0, step=1 / 32)
