"""Duplicated units, exact fits and the linear autoencoder, against numbers from NumPy and finite differences."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from netprops.objects import autoencoder
from netprops.objects.duplicated_units import BalancedUnit, Duplication
from netprops.objects.interpolation import crossing, gauss_newton_product, hessian_product, kernel
from netprops.objects.networks import Network
from netprops.strategies.minima import (
    balanced_units,
    critical_autoencoders,
    duplications,
    overparametrised_fits,
)

RNG = np.random.default_rng(5)


def drawn(domain):
    return jax.tree.map(lambda leaf: RNG.standard_normal(leaf.shape), domain)


def flat(tree):
    return np.concatenate([np.ravel(part) for part in jax.tree.leaves(tree)])


def along(f, point, move, h=1e-3):
    """The first two derivatives on a line, by differences."""
    at = [float(f(jax.tree.map(lambda x, v, s=s: x + s * v, point, move))) for s in (-h, 0.0, h)]
    return (at[2] - at[0]) / (2 * h), (at[2] - 2 * at[1] + at[0]) / h**2


# ---------------------------------------------------------------- duplicated units

TWICE = [
    Duplication(Network((2, 3, 2)), 0, 1),
    Duplication(Network((1, 2, 3, 1), hidden=jax.nn.sigmoid), 1, 2),
    Duplication(Network((2, 2, 2), hidden=jnp.sin, bias=False), 0, 0),
]


@pytest.mark.parametrize("twice", TWICE, ids=str)
@pytest.mark.parametrize("t", [0.5, -1.25])
def test_the_copies_do_what_the_unit_did(twice, t):
    p, x = drawn(twice.network.params), RNG.standard_normal((4, twice.network.widths[0]))
    copies = twice(p, t)
    assert [leaf.shape for leaf in jax.tree.leaves(copies)] == [d.shape for d in jax.tree.leaves(twice.larger.params)]
    assert np.allclose(twice.larger(copies, x), twice.network(p, x))
    assert np.allclose(twice.larger(twice.apart(p, t, np.zeros(twice.incoming)), x), twice.network(p, x))


@pytest.mark.parametrize("twice", TWICE, ids=str)
def test_the_gradient_and_the_curvature_are_those_of_differences(twice):
    p, t = drawn(twice.network.params), 0.3
    x, y = RNG.standard_normal((3, twice.network.widths[0])), RNG.standard_normal((3, twice.network.widths[-1]))
    cost = lambda q: twice.larger.cost(q, x, y)  # noqa: E731
    slopes = twice.gradient(jax.grad(twice.network.cost)(p, x, y), t)
    move = drawn(twice.larger.params)
    assert along(cost, twice(p, t), move)[0] == pytest.approx(flat(slopes) @ flat(move), rel=1e-4)
    d = RNG.standard_normal(twice.incoming)
    line = lambda s: cost(twice.apart(p, t, s * d))  # noqa: E731
    slope, bend = along(line, 0.0, 1.0)
    B = np.asarray(twice.curvature(p, x, y))
    assert np.allclose(B, B.T)
    assert slope == pytest.approx(0, abs=1e-4)
    assert bend == pytest.approx(t * (1 - t) * d @ B @ d, rel=1e-3, abs=1e-4)
    assert bend != pytest.approx(d @ B @ d, rel=1e-2)


@pytest.mark.parametrize(("layer", "unit"), [(0, 3), (1, 0), (-1, 0), (0, -1)])
def test_units_that_are_not_there_are_refused(layer, unit):
    with pytest.raises(ValueError, match="no unit"):
        Duplication(Network((1, 3, 1)), layer, unit)


@given(twice=duplications())
def test_drawn_duplications_have_one_more_unit(twice):
    assert sum(twice.larger.widths) == sum(twice.network.widths) + 1


@jax.jit
def facts(*fields):
    """Of a balanced unit: the gradient, B, and the residuals."""
    unit = BalancedUnit(*fields)
    slopes = jax.grad(lambda p: unit.cost(unit.network, p))(unit.params)
    B = Duplication(unit.network).curvature(unit.params, unit.inputs, unit.targets())
    return slopes, B, unit.targets() - unit.network(unit.params, unit.inputs)


@pytest.mark.parametrize("definite", [True, False])
def test_balanced_units_are_critical_with_the_matrix_that_they_promise(definite):
    @given(unit=balanced_units(definite=definite))
    def holds(unit):
        slopes, B, residuals = facts(*dataclasses.astuple(unit))
        assert np.abs(flat(slopes)).max() < 1e-10
        eigenvalues = np.linalg.eigvalsh(B)
        assert (eigenvalues[0] * eigenvalues[1] > 0) == definite
        if definite:
            assert (eigenvalues[0] > 0) == (unit.size * unit.v * unit.w > 0)
        assert np.abs(residuals).max() > 0.01  # it does not fit

    holds()


def test_unbalanced_residuals_are_not_critical():
    fields = map(np.float64, (1.0, 2.0, 0.5, 0.0, 16.0, 1.0))
    w, v, c, shift, size, ratio = fields
    unit = BalancedUnit(w, v, c, shift, np.array([0.5, 1.0, 1.5, 2.0]), size, ratio)
    moved = ((unit.params[0][0] + 0.1, unit.params[0][1]), unit.params[1])
    slopes = jax.grad(lambda p: unit.cost(unit.network, p))(moved)
    assert np.abs(flat(slopes)).max() > 0.01


# ---------------------------------------------------------------- exact fits


def test_at_a_fit_the_hessian_is_that_of_gauss_and_newton():
    net = Network((2, 2, 1))
    p, d, x = drawn(net.params), drawn(net.params), RNG.standard_normal((3, 2))
    product = hessian_product(net, p, d, x)
    assert np.allclose(flat(product), flat(gauss_newton_product(net, p, d, x)))
    assert not np.allclose(flat(hessian_product(net, p, d, x, offset=1.0)), flat(product))
    bend = along(lambda q: net.cost(q, x, net(p, x)), p, d)[1]
    assert flat(product) @ flat(d) == pytest.approx(bend, rel=1e-4)


@pytest.mark.parametrize(("rows", "chosen"), [(1, (6, 2)), (2, (0, 4, 5))])
def test_crossing_is_flat_and_moves_the_chosen_parameters_alone(rows, chosen):
    net = Network((1, 2, 1))
    p, x = drawn(net.params), RNG.standard_normal((rows, 1))
    d = crossing(net, p, x, chosen)
    assert np.flatnonzero(flat(d)).tolist() == sorted(chosen)
    assert np.abs(flat(gauss_newton_product(net, p, d, x))).max() < 1e-12


def test_crossing_of_other_shapes_is_refused():
    net = Network((1, 2, 1))
    with pytest.raises(ValueError, match="two and three"):
        crossing(net, drawn(net.params), np.ones((1, 1)), (0, 1, 2))


@pytest.mark.parametrize("shape", [(1, 4), (2, 3), (3, 3), (3, 5)])
def test_a_kernel_has_its_dimension(shape):
    J = RNG.integers(-3, 4, shape) / 4
    basis = kernel(J)
    assert len(basis) == shape[1] - np.linalg.matrix_rank(J)
    for d in basis:
        assert not (J @ d).any()
        assert d.any()
    assert not basis or np.linalg.matrix_rank(np.stack(basis)) == len(basis)


def test_a_kernel_of_rounded_numbers_is_refused():
    with pytest.raises(ValueError, match="1/4"):
        kernel(np.array([[0.1, 0.2]]))


@given(fit=overparametrised_fits())
def test_drawn_fits_fit_and_are_flat(fit):
    (W, b), (V, c) = fit.params
    u = fit.X @ W + b
    assert (u != 0).all()
    assert (np.maximum(u, 0) @ V + c == fit.Y).all()
    (dW, db), (dV, dc) = fit.flat
    assert not (((u > 0) * (fit.X @ dW + db)) @ V + np.maximum(u, 0) @ dV + dc).any()
    assert flat(fit.flat).any()
    assert flat(fit.params).size > fit.Y.size


# ---------------------------------------------------------------- the linear autoencoder


@given(critical=critical_autoencoders())
def test_critical_autoencoders(critical):
    A, B = critical.point
    E, S = np.eye(3) - A @ B, np.diag([3.0, 2.0, 1.0])
    assert (np.eye(critical.units) == critical.change @ critical.back).all()
    assert np.trace(E @ S @ E.T) == critical.value == autoencoder.cost((A, B))
    assert not (E @ S @ B.T).any()
    assert not (A.T @ E @ S).any()
    if not critical.is_global:
        second = expansion_by_numpy((A, B), critical.way_down())
        assert second < 0
        assert second == pytest.approx(float(autoencoder.expansion((A, B), critical.way_down())[0]))


def expansion_by_numpy(point, move):
    (A, B), (a, b) = point, move
    S, E = np.diag([3.0, 2.0, 1.0]), np.eye(3) - A @ B
    first, second = A @ b + a @ B, a @ b
    return np.trace(first @ S @ first.T) - 2 * np.trace(E @ S @ second.T)


@given(critical=critical_autoencoders(idle=False))
def test_the_inertia_is_that_of_the_hessian(critical):
    A, B = critical.point
    moves = [(e[: A.size].reshape(A.shape), e[A.size :].reshape(B.shape)) for e in np.eye(2 * A.size)]
    q = lambda *parts: expansion_by_numpy((A, B), [sum(part) for part in zip(*parts, strict=True)])  # noqa: E731
    hessian = np.array([[q(u, v) - q(u) - q(v) for v in moves] for u in moves])
    eigenvalues = np.linalg.eigvalsh(hessian) / np.abs(hessian).max()
    counts = (eigenvalues > 1e-9).sum(), (eigenvalues < -1e-9).sum(), (np.abs(eigenvalues) <= 1e-9).sum()
    assert counts == critical.inertia


def test_the_gradient_and_the_identities():
    point, move = drawn(autoencoder.domain(2)), drawn(autoencoder.domain(2))
    slope, bend = along(autoencoder.cost, point, move)
    assert slope == pytest.approx(flat(autoencoder.gradient(point)) @ flat(move), rel=1e-3)
    assert bend == pytest.approx(2 * float(autoencoder.expansion(point, move)[0]), rel=1e-3)
    left, right = autoencoder.criticality(point), autoencoder.criticality_by_gradient(point)
    assert np.allclose(flat(left), flat(right))
    assert np.abs(flat(left)).max() > 0.01
