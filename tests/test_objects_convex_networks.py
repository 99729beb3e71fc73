"""The convex program of two-layer ReLU networks against plain NumPy, drawn vectors and drawn networks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops import is_copositive, nonnegative
from netprops.objects.convex_networks import (
    FIVE_INPUTS,
    FIVE_TARGETS,
    above_dual_value,
    cones,
    decayed_cost,
    dual_slack,
    dual_value,
    mask,
    network_of,
    program_cost,
    shared_cost,
    solve,
)
from netprops.strategies.networks import arrays, whole_numbers

WHOLE = whole_numbers(4)
DATA = st.integers(1, 4).flatmap(lambda n: st.tuples(arrays((n, 2), WHOLE), arrays(n, WHOLE)))


def plain_cost(U, V, X, y, decay):
    outputs = np.maximum(X @ U, 0) @ V
    return ((outputs - y) ** 2).sum() / 2 + decay / 2 * ((U**2).sum() + (V**2).sum())


@given(data=DATA, seed=st.integers(0, 99))
def test_costs(data, seed):
    (X, y), rng = data, np.random.default_rng(seed)
    U, V, v = rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=len(y))
    cost = plain_cost(U, V, X, y, 0.5)
    assert float(decayed_cost((U, V), X, y, 0.5)) == pytest.approx(cost)
    assert float(dual_value(v, y) + above_dual_value((U, V), X, y, 0.5, v)) == pytest.approx(cost)


@given(data=DATA, seed=st.integers(0, 99))
def test_cones_cover_the_plane_and_keep_signs(data, seed):
    (X, _), rng = data, np.random.default_rng(seed)
    u = rng.normal(size=2)
    around = [np.linalg.solve(E, u) for E in cones(X)]
    (inside,) = [k for k, s in enumerate(around) if (s > 0).all()]
    E = cones(X)[inside]
    assert np.linalg.det(E) > 0
    np.testing.assert_array_equal(mask(E, X) * (X @ u), np.maximum(X @ u, 0))
    corners = X @ E
    assert ((corners >= 0).all(axis=1) | (corners <= 0).all(axis=1)).all()


@given(data=DATA, seed=st.integers(0, 99))
def test_a_point_of_the_program_and_its_network(data, seed):
    (X, y), rng = data, np.random.default_rng(seed)
    chosen = [cones(X)[k] for k in rng.integers(0, len(cones(X)), size=2)]
    w, signs = np.stack([E @ rng.uniform(0.1, 1, size=2) for E in chosen], axis=1), np.array([1.0, -1.0])
    masks, roots = np.stack([mask(E, X) for E in chosen], axis=1), np.sqrt(np.hypot(*w))
    U, V = network_of(w, roots, signs)
    cost = plain_cost(np.asarray(U), np.asarray(V), X, y, 0.5)
    assert float(program_cost(w, signs, masks, X, y, 0.5)) == pytest.approx(cost)
    assert float(shared_cost(w, roots, signs, masks, X, y, 0.5)) == pytest.approx(cost)
    assert float(shared_cost(w, 2 * roots, signs, masks, X, y, 0.5)) > cost


@given(data=DATA, seed=st.integers(0, 99))
def test_the_solution_encloses_the_least_cost(data, seed):
    (X, y), rng = data, np.random.default_rng(seed)
    found = solve(X, y, 0.5)
    reached, bound = plain_cost(*found.network, X, y, 0.5), float(dual_value(found.v, y))
    assert bound <= reached <= bound + 2.0**-24
    angles = np.linspace(0, 2 * np.pi, 1000)
    responses = found.v @ np.maximum(X @ np.stack([np.cos(angles), np.sin(angles)]), 0)
    assert np.abs(responses).max() <= 0.5
    for _ in range(20):
        size = rng.choice([0.1, 0.5, 2.0])
        U, V = size * rng.normal(size=(2, 5)), size * rng.normal(size=5)
        assert plain_cost(U, V, X, y, 0.5) >= bound


def test_the_five_data():
    found = solve(FIVE_INPUTS, FIVE_TARGETS, 0.1)
    assert found.w.shape == (2, 4)
    assert plain_cost(*found.network, FIVE_INPUTS, FIVE_TARGETS, 0.1) == pytest.approx(0.89144720, abs=1e-8)


def test_a_dual_point_a_hair_too_large_is_refused():
    """Shrunk by 2^-36 it passes on every cone; enlarged by 2^-20 it does not."""
    v = solve(FIVE_INPUTS, FIVE_TARGETS, 0.1).v

    def passes(v):
        return all(
            bool(is_copositive(lambda s, E=E: dual_slack(s, E, FIVE_INPUTS, 0.1, v), on=nonnegative(2)))
            for E in cones(FIVE_INPUTS)
        )

    assert passes(v)
    assert not passes(v * (1 + 2.0**-20))
