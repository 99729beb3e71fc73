"""Neither convex nor concave because the Hessian, a matrix, is neither positive nor negative semidefinite: that is one
way, and not the only one.

A Hessian that is indefinite at one point makes both fail.  But a number is always semidefinite, and so is
6(x + y) [[1, 1], [1, 1]], the Hessian of (x + y)^3: its form 6(x + y)(d + e)^2 has the sign of x + y in every direction
(d, e).  The function is neither because the sign changes from point to point.
"""

import jax
import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, are_equal, claim, has_curvature, is_concave, is_convex, reals
from netprops.strategies import arrays, dyadics, quadratic_forms

CLAIM = claim("neither-convex-nor-concave-needs-no-matrix", source="D1.A1", verdict=CONDITIONAL)


def second_derivative(f):
    """v, d -> the second derivative of f at v along d, which is d'H(v)d."""
    along = lambda v, d: jax.jvp(f, (v,), (d,))[1]  # noqa: E731
    return lambda v, d: jax.jvp(lambda v: along(v, d), (v,), (d,))[1]


def product(v):
    return v[0] * v[1]


def cube(v):
    return (v[0] + v[1]) ** 3


@CLAIM
@given(form=quadratic_forms(having=(1, -1)), data=st.data())
def test_an_indefinite_hessian_at_one_point(form, data):
    n = len(form.diagonal)
    a, x = data.draw(arrays(n)), n * [0]

    def f(x):
        return form(x) + (a @ x) ** 3

    assert has_curvature(f, at=x, along=form.direction(1), sign=1)
    assert has_curvature(f, at=x, along=form.direction(-1), sign=-1)
    assert not is_convex(f, on=form.domain)
    assert not is_concave(f, on=form.domain)


@CLAIM
def test_semidefinite_at_every_point_and_yet_neither():
    for f in (jnp.sin, lambda x: x**3):
        assert not is_convex(f, on=reals())
        assert not is_concave(f, on=reals())
    assert not is_convex(cube, on=reals(2))
    assert not is_concave(cube, on=reals(2))
    pair = (reals(2), reals(2))
    assert are_equal(second_derivative(cube), lambda v, d: 6 * (v[0] + v[1]) * (d[0] + d[1]) ** 2, on=pair)


@CLAIM
@given(v=arrays(2, dyadics()))
def test_the_product_is_indefinite_at_every_point(v):
    pair = (reals(2), reals(2))
    assert are_equal(second_derivative(product), lambda v, d: 2 * d[0] * d[1], on=pair)
    assert not are_equal(second_derivative(product), second_derivative(cube), on=pair)
    assert has_curvature(product, at=v, along=(1, 1), sign=1)
    assert not has_curvature(product, at=v, along=(1, -1), sign=1)


@CLAIM
def test_the_squares():
    assert is_convex(lambda x: x**2, on=reals())
    assert is_concave(lambda x: -(x**2), on=reals())
