"""That a cost is not convex does not mean that it has several minima, and neither does the converse hold.

log(1 + |x|^2) is not convex and has one minimum; (w_1 w_2 - y)^2 is not convex either and has many, all of one value;
(w_1 + w_2 - y)^2 is convex and has as many. What does refute convexity: two strict minima, or two of different value.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    REFUTED,
    are_distinct_minima,
    are_equal,
    claim,
    has_curvature,
    is_constant,
    is_convex,
    is_critical,
    is_positive,
    is_quasiconvex,
    is_worse_minimum,
    positive,
    reals,
    violates_jensen,
)  # fmt: skip
from netprops.objects.minima import BAD_UNIT, GOOD_UNIT, parallel_params, parallel_units
from netprops.strategies.networks import arrays, dyadics, nonzero_arrays, nonzero_dyadics

CLAIM = claim("several-minima-is-not-what-nonconvex-means", source=("D1.Q.c1",), verdict=REFUTED)


def bowl(x):
    return jnp.log(1 + x @ x)


def product(w, y):
    return (w[0] * w[1] - y) ** 2


def total(w, y):
    return (w[0] + w[1] - y) ** 2


@CLAIM
@given(n=st.integers(1, 6), data=st.data())
def test_not_convex_and_one_minimum(n, data):
    assert not is_convex(bowl, on=reals(n))
    assert is_quasiconvex(bowl, on=reals(n))
    # The gradient is a positive multiple of x: it vanishes at 0 alone.
    assert are_equal(jax.grad(bowl), lambda x: 2 / (1 + x @ x) * x, on=reals(n))
    assert is_positive(lambda x: 2 / (1 + x @ x), on=reals(n))
    assert is_critical(bowl, at=np.zeros(n))
    elsewhere = data.draw(nonzero_arrays(n))
    assert not is_critical(bowl, at=elsewhere)
    assert not are_distinct_minima(bowl, near=np.zeros(n), other=elsewhere)


@CLAIM
@given(y=nonzero_dyadics(), w=nonzero_dyadics())
def test_not_convex_and_all_minima_of_one_value(y, w):
    assert not is_convex(lambda w: product(w, y), on=reals(2))
    # Where the gradient is 0 the value is, or both weights are; and there, for y other than 0, it curves down.
    squared_slope = lambda w, y: jnp.sum(jax.grad(product)(w, y) ** 2)  # noqa: E731
    assert are_equal(squared_slope, lambda w, y: 4 * product(w, y) * (w @ w), on=(reals(2), reals()))
    assert has_curvature(lambda w: product(w, y), at=[0, 0], along=[1, np.sign(y)], sign=-1)
    # A minimiser for every w_1 other than 0.
    for sign in (1, -1):
        curve = lambda t, y, s=sign: product(jnp.stack([s * t, y / (s * t)]), y)  # noqa: E731
        assert are_equal(curve, lambda t, y: 0 * t, on=(positive(), reals()))
    assert not are_equal(squared_slope, lambda w, y: 4 * total(w, y) * (w @ w), on=(reals(2), reals()))
    assert not has_curvature(lambda v: product(v, w * w), at=[w, w], along=[1, 1], sign=-1)


@CLAIM
@given(t=nonzero_dyadics(), y=dyadics())
def test_convex_and_many_minimisers(t, y):
    assert is_convex(total, on=reals(2), for_all=reals())
    assert is_constant(
        lambda t, q: total(q[0] + t * np.array([1.0, -1.0]), q[1]), on=reals(), for_all=(reals(2), reals())
    )
    assert not is_constant(lambda t, q: total(q[0] + t, q[1]), on=reals(), for_all=(reals(2), reals()))
    assert is_critical(lambda w: total(w, y), at=[y - t, t])
    assert is_critical(lambda w: total(w, y), at=[y, 0])


@CLAIM
@given(n=st.integers(1, 2), data=st.data())
def test_two_strict_minima_do_refute_convexity(n, data):
    a = data.draw(arrays(n))
    b = a + data.draw(nonzero_arrays(n))
    wells = lambda x: jnp.sum((x - a) ** 2) * jnp.sum((x - b) ** 2)  # noqa: E731
    assert are_distinct_minima(wells, near=a, other=b)
    assert violates_jensen(wells, a, b)
    assert not violates_jensen(lambda x: x @ x, a, b)


@CLAIM
def test_two_strict_minima_on_the_line():
    wells = lambda x: (x**2 - 1) ** 2  # noqa: E731
    assert are_distinct_minima(wells, near=1.0, other=-1.0)
    assert not is_convex(wells, on=reals())
    assert not is_quasiconvex(wells, on=reals())
    assert not is_positive(wells, on=reals())


@CLAIM
def test_so_do_two_minima_of_different_value():
    net, (X, Y) = parallel_units(1)
    bad, good = (parallel_params([unit]) for unit in (BAD_UNIT, GOOD_UNIT))
    assert is_worse_minimum(lambda p: net.cost(p, X, Y), near=bad, than=good)
    assert not is_worse_minimum(lambda p: net.cost(p, X, Y), near=good, than=bad)
    assert not is_convex(lambda p: net.cost(p, X, Y), on=net.params)
