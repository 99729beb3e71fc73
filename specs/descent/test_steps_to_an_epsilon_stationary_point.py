"""Can theory count no more than the steps to an epsilon-stationary point, where the cost is not convex?

It can count those: with step 1/L the least squared gradient of T steps is at most 2 L (f0 - inf f)/T, for every cost
whose gradient has the Lipschitz constant L. The bound does not say near what kind of point: a run from equal units
stays with them and ends at a saddle. But "no more" is false: x^2 + 3 sin(x)^2 is not convex, and from everywhere
descent reaches its global minimum at a linear rate, because f'^2 >= f/16.
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
    is_critical,
    is_positive,
    is_saddle,
    no_counterexample,
    nonnegative,
    reals,
)
from netprops.objects.landscapes import committee_cost, domination, ripples
from netprops.strategies.networks import data_sets, dyadics

CLAIM = claim("steps-to-an-epsilon-stationary-point", source=("D1.A5.c2",), verdict=CONDITIONAL)


def squared_error(z, y):
    return (jax.nn.sigmoid(z) - y) ** 2


@CLAIM
def test_a_global_constant_of_one_sigmoid_unit():
    """|d2/dz2 (sigmoid(z) - y)^2| <= 1/4 for labels 0 and 1, hence for those between; so L = |X|^2 / 4 for the sum."""
    for sign in (1, -1):
        for label in (0, 1):
            assert is_convex(lambda z, s=sign, y=label: z**2 / 8 + s * squared_error(z, y), on=reals())
    mixed = lambda z, y: (1 - y) * squared_error(z, 0) + y * squared_error(z, 1) - y * (1 - y)  # noqa: E731
    assert are_equal(squared_error, mixed, on=(reals(), reals()))
    assert not are_equal(squared_error, lambda z, y: mixed(z, y) + y, on=(reals(), reals()))
    assert not is_convex(lambda z: squared_error(z, 0), on=reals())


def surplus(cost, L, step, T, infimum=None):
    """2 L (f_0 - inf f)/T less the least squared gradient, as a function of the start; f_T for an unknown inf f."""

    def of(w):
        squares, first = [], cost(w)
        for _ in range(T):
            g = jax.grad(cost)(w)
            squares.append(jnp.sum(g**2))
            w = w - step * g
        return 2 * L * (first - (cost(w) if infimum is None else infimum)) / T - jnp.min(jnp.stack(squares))

    return of


@CLAIM
@given(data=data_sets(rows=(1, 3), columns=(1, 2), targets="soft"), T=st.integers(1, 4))
def test_the_least_gradient_of_so_many_steps(data, T):
    L = 2.0 ** np.ceil(np.log2(max(1.0, np.sum(data.X**2)) / 4))  # a power of two, so that 1/L is a double
    cost = lambda w: jnp.sum(squared_error(data.X @ w, data.y))  # noqa: E731
    assert no_counterexample(surplus(cost, L, 1 / L, T), on=reals(data.columns))


@CLAIM
@given(beyond=dyadics(5 / 2, 8, 2), T=st.integers(2, 4))
def test_a_step_beyond_two_over_l(beyond, T):
    """For the label 1/2 the second derivative lies between -1/8 and 1/8, which it is at the minimum of value 0."""
    cost = lambda z: squared_error(z, 0.5)  # noqa: E731
    assert not no_counterexample(surplus(cost, 1 / 8, 8 * beyond, T, infimum=0), on=reals())


@CLAIM
@given(t=dyadics(1 / 2, 3, 2))
def test_from_equal_units_to_a_saddle(t):
    """Where the units are equal they have equal slopes, half of those of the one weight that they share."""
    shared = lambda t: committee_cost(t * jnp.ones(2))  # noqa: E731
    both = lambda t: jax.grad(committee_cost)(t * jnp.ones(2))  # noqa: E731
    assert are_equal(both, lambda t: jax.grad(shared)(t) / 2 * jnp.ones(2), on=reals())
    assert descends_to(shared, t, near=0.7363617, step=1 / 4)
    assert is_saddle(committee_cost, near=[0.7363617, 0.7363617])
    assert not is_saddle(shared, near=0.7363617)


@CLAIM
def test_not_convex_and_yet_dominated_by_its_gradient():
    slope = jax.grad(ripples)
    assert not is_convex(ripples, on=reals())
    for sign in (1, -1):
        assert is_convex(lambda x, s=sign: 4 * x**2 + s * ripples(x), on=reals())  # |f''| <= 8
    # f'^2 >= f/16. Up to 1/2: f'' >= 1/2 and f'(0) = 0, so |f'| >= |x|/2, and f <= 4 x^2.
    assert are_equal(lambda x: ripples(-x), ripples, on=reals())
    assert is_critical(ripples, at=0)
    assert is_convex(lambda x: ripples(x) - x**2 / 4, on=box(-0.5, 0.5))
    assert is_positive(domination(ripples, 1 / 16), on=box(0.5, 5))
    # From 5 on: f' > 2x - 7 and f < x^2 + 4.
    assert is_positive(lambda x: slope(x) - (2 * x - 7), on=reals())
    assert is_positive(lambda x: x**2 + 4 - ripples(x), on=reals())
    assert is_positive(lambda u: (2 * (5 + u) - 7) ** 2 - ((5 + u) ** 2 + 4) / 16, on=nonnegative())
    # So a step of 1/8 leaves at most 1 - 1/256 of the cost; with f/2 in the place of f/16 it would not be so.
    assert not is_positive(domination(ripples, 1 / 2), on=box(0.5, 5))
    assert not is_critical(ripples, at=1)
    assert no_counterexample(lambda x: 255 / 256 * ripples(x) - ripples(x - slope(x) / 8), on=reals())


@CLAIM
@given(start=dyadics(-64, 64))
def test_descent_reaches_its_minimum(start):
    assert descends_to(ripples, start, near=0.0, step=1 / 8)
    assert not descends_to(lambda x: ripples(x) + 9 * jnp.sin(x) ** 2, 3 + start / 64, near=0.0, step=1 / 32)
