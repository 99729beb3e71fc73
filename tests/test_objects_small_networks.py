"""Small networks against plain loops: the cost, the units' canonical order, how alike two units are."""

import itertools
import math

import jax
import numpy as np
import pytest

from netprops.objects.networks import identity
from netprops.objects.small_networks import (
    DECAY,
    FIVE_POINTS,
    WORSE_AND_BETTER,
    closest_cosine,
    decayed_cost,
    in_order,
    incoming,
    least_gap,
)

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("units", [1, 2, 4])
def test_the_cost_is_the_sum(units):
    p = RNG.normal(size=(units, 3))
    total = DECAY * sum(float(x) ** 2 for x in p.ravel())
    for x, y in zip(*FIVE_POINTS, strict=True):
        total += (sum(v * math.tanh(w * x + b) for w, b, v in p) - y) ** 2
    assert float(decayed_cost(p)) == pytest.approx(total)
    line = sum((sum(v * (w * x + b) for w, b, v in p) - y) ** 2 for x, y in zip(*FIVE_POINTS, strict=True))
    assert float(decayed_cost(p, identity)) == pytest.approx(line + DECAY * float(np.sum(p**2)))


@pytest.mark.parametrize("units", WORSE_AND_BETTER)
def test_the_stated_minima_are_some(units):
    worse, better = (np.array(p) for p in WORSE_AND_BETTER[units])
    for p in (worse, better):
        assert np.abs(jax.grad(decayed_cost)(p)).max() < 0.2
        assert np.linalg.eigvalsh(jax.hessian(lambda v: decayed_cost(v.reshape(-1, 3)))(p.ravel()))[0] > 0.1
    assert decayed_cost(worse) > decayed_cost(better) + 0.1


@pytest.mark.parametrize("units", [1, 2, 3])
def test_all_of_an_orbit_come_to_one_order(units):
    p = RNG.normal(size=(units, 3))
    expected = np.asarray(in_order(p))
    assert (expected[:, 0] >= 0).all()
    assert (np.diff(expected[:, 0]) >= 0).all()
    for order in itertools.permutations(range(units)):
        for signs in itertools.product((1, -1), repeat=units):
            moved = p[list(order)] * np.array(signs)[:, None]
            assert np.asarray(in_order(moved)) == pytest.approx(expected)
            assert float(decayed_cost(moved)) == pytest.approx(float(decayed_cost(p)))


def test_how_alike_units_are():
    W, b = RNG.normal(size=(2, 4)), RNG.normal(size=4)
    rows = np.array(incoming(W, b))
    assert rows == pytest.approx(np.stack([[*W[:, j], b[j]] for j in range(4)]))
    gaps, cosines = [], []
    for p, q in itertools.combinations(rows, 2):
        sizes = np.linalg.norm(p) + np.linalg.norm(q)
        gaps += [np.linalg.norm(p - q) / sizes, np.linalg.norm(p + q) / sizes]
        cosines.append(abs(p @ q) / np.linalg.norm(p) / np.linalg.norm(q))
    assert float(least_gap(rows)) == pytest.approx(min(gaps))
    assert float(closest_cosine(rows)) == pytest.approx(max(cosines))
    rows[3] = -rows[1]
    assert float(least_gap(rows)) == 0
    assert float(closest_cosine(rows)) == pytest.approx(1)
    rows[3] = 3 * rows[1]
    assert float(least_gap(rows)) > 0.1
    assert float(closest_cosine(rows)) == pytest.approx(1)
