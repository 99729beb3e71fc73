"""Over-specified models have a continuum of solutions: flat directions wherever they fit the data exactly.

There the Hessian of the squared error is 2 J'J, J the derivatives of the outputs by the parameters, with one row for
each datum and output.  With more parameters than rows there is a direction d, not 0, with J d = 0.  And a unit too many
makes a line of every critical point at which its outgoing weights v are not 0.
"""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, has_curvature, is_gradient_of, is_strict_minimum, reals
from netprops.objects.duplicated_units import SMOOTH
from netprops.objects.interpolation import crossing, gauss_newton_product, hessian_product
from netprops.objects.networks import Network
from netprops.strategies.minima import duplications, overparametrised_fits, taught_networks
from netprops.strategies.networks import networks

CLAIM = claim("overparametrised-solutions-form-a-continuum", source="D2.Q.c1", verdict=HOLDS)


def inner(p, q):
    return sum(jax.tree.leaves(jax.tree.map(lambda a, b: (a * b).sum(), p, q)))


@CLAIM
@given(net=networks((2, 3), (1, 2), hidden=SMOOTH, bias=None), rows=st.integers(1, 2))
def test_at_an_exact_fit_the_hessian_is_2_jj(net, rows):
    params, x, _ = net.domain(rows)
    everything = params, params, x
    gauss_newton = lambda p, d, x: gauss_newton_product(net, p, d, x)  # noqa: E731
    assert are_equal(lambda p, d, x: hessian_product(net, p, d, x), gauss_newton, on=everything)
    # Not so where every target is missed by 1.
    assert not are_equal(lambda p, d, x: hessian_product(net, p, d, x, offset=1.0), gauss_newton, on=everything)


@CLAIM
@given(net=networks((2, 2), (1, 2), hidden=SMOOTH, outputs=1), rows=st.integers(1, 2), data=st.data())
def test_a_flat_direction_in_closed_form(net, rows, data):
    params, x, _ = net.domain(rows)
    count = sum(leaf.size for layer in params for leaf in layer)
    chosen = tuple(data.draw(st.permutations(range(count)))[: rows + 1])
    d = lambda p, x: crossing(net, p, x, chosen)  # noqa: E731
    nothing = lambda p, x: jax.tree.map(lambda part: 0 * part, p)  # noqa: E731
    assert are_equal(lambda p, x: hessian_product(net, p, d(p, x), x), nothing, on=(params, x))
    assert not are_equal(d, nothing, on=(params, x))


@CLAIM
@given(fit=overparametrised_fits())
def test_more_parameters_than_data_times_outputs(fit):
    cost = lambda p: fit.network.cost(p, fit.X, fit.Y)  # noqa: E731
    assert has_curvature(cost, at=fit.params, along=fit.flat, sign=0)
    bias = jax.tree.map(np.zeros_like, fit.params)
    bias[-1][-1][0] = 1.0
    assert not has_curvature(cost, at=fit.params, along=bias, sign=0)


@CLAIM
@given(twice=duplications(depth=(2, 2)))
def test_a_unit_too_many_makes_a_line_of_every_critical_point(twice):
    small, large = twice.network, twice.larger
    params, x, y = small.domain(1)  # for each row alone, so for their sum
    assert are_equal(lambda p, t, x: large(twice(p, t), x), lambda p, t, x: small(p, x), on=(params, reals(), x))
    there = lambda p, t, *q: jax.grad(large.cost)(twice(p, t), *q)  # noqa: E731
    in_parts = lambda p, t, *q: twice.gradient(jax.grad(small.cost)(p, *q), t)  # noqa: E731
    assert are_equal(there, in_parts, on=(params, reals(), x, y))


@CLAIM
@pytest.mark.parametrize("activation", SMOOTH, ids=lambda f: f.__name__)
def test_the_derivatives_are_derivatives(activation):
    net = Network((1, 1, 1), hidden=activation)
    params, *data = net.domain(1)
    slope = jax.grad(net.cost)
    along = lambda p, q: inner(slope(p, *q[1:]), q[0])  # noqa: E731
    product = lambda p, q: jax.jvp(lambda r: slope(r, *q[1:]), (p,), (q[0],))[1]  # noqa: E731
    assert is_gradient_of(lambda p, q: slope(p, *q), lambda p, q: net.cost(p, *q), on=params, for_all=tuple(data))
    assert is_gradient_of(product, along, on=params, for_all=(params, *data))
    assert not is_gradient_of(lambda p, q: slope(p, *q[1:]), along, on=params, for_all=(params, *data))


@CLAIM
@given(fit=taught_networks(units=(1, 3)))
def test_fewer_parameters_isolate_the_fit(fit):
    assert is_strict_minimum(fit.cost, near=fit.params)


@CLAIM
@given(fit=taught_networks(units=(1, 1), columns=(1, 1)))
def test_nothing_is_fitted_at_0(fit):
    nowhere = jax.tree.map(np.zeros_like, fit.params)
    assert not is_strict_minimum(fit.cost, near=nowhere)  # a saddle
