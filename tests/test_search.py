"""The float search finds what is there, finds nothing where nothing is, and does both the same way every time."""

import itertools
import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops.domains import DomainError, box, positive, reals
from netprops.readings.jaxpr import trace
from netprops.search.falsify import (
    SURE,
    against_convexity,
    against_equality,
    against_monotonicity,
    against_positivity,
    against_quasiconvexity,
    minimise,
    negative_curvature,
)
from netprops.search.points import (
    generator,
    heavy_tailed,
    simplest_pairs,
    simplicity,
    space,
    structured_directions,
    structured_points,
)

HILBERT = jnp.array([[1.0, 1 / 2, 1 / 3], [1 / 2, 1 / 3, 1 / 4], [1 / 3, 1 / 4, 1 / 5]])

# Neither convex nor concave: function, domain.
NEITHER = {
    "relu6": (jax.nn.relu6, reals()),
    "selu": (jax.nn.selu, reals()),
    "hard tanh": (jax.nn.hard_tanh, reals()),
    "gelu": (jax.nn.gelu, reals()),
    "sigmoid": (jax.nn.sigmoid, reals()),
    "sine, barely beyond its concave arc": (jnp.sin, box(-1e-3, 3.14)),
    "cube": (lambda x: x**3, reals()),
    "double well": (lambda x: (x**2 - 1.0) ** 2, reals()),
    "a ramp far away": (lambda x: jax.nn.relu(x) - jax.nn.relu(x - 12345.678), reals()),
    "a tiny product": (lambda v: 1e-11 * v[0] * v[1], reals(2)),
    "product in the positive quadrant": (lambda v: v[0] * v[1], positive(2)),
    "x^2 y^2": (lambda v: v[0] ** 2 * v[1] ** 2, reals(2)),
    "l1 - l2": (lambda v: jnp.abs(v).sum() - jnp.sqrt((v**2).sum()), reals(2)),
    "a squared tanh unit": (lambda v: (v[1] * jnp.tanh(v[0]) - 0.5) ** 2, box([-3, -3], [3, 3])),
    "a product among ten": (lambda v: (v**2).sum() - 2.1 * v[3] * v[7], reals(10)),
}

# Not convex (and maybe concave).
NOT_CONVEX = {
    "minimum": (lambda v: jnp.minimum(v[0], v[1]), reals(2)),
    "barely indefinite": (lambda v: v[0] ** 2 + v[1] ** 2 - (2.0 + 1e-11) * v[0] * v[1], reals(2)),
    "ill conditioned": (lambda v: v @ HILBERT @ v - 0.003 * (v @ v), reals(3)),
    "a narrow bump": (lambda x: x**2 + 0.1 * jnp.exp(-1e4 * (x - 0.737) ** 2), reals()),
    "logit": (lambda x: jnp.log(x / (1.0 - x)), box(Fraction(1, 50), Fraction(49, 50))),
}

CONVEX = {
    "affine": (lambda v: 3.0 * v[0] - v[1] + 0.1, reals(2)),
    "softplus": (jax.nn.softplus, reals()),
    "log-sum-exp": (lambda v: jax.nn.logsumexp(v), reals(3)),
    "largest": (lambda v: jnp.max(v), reals(3)),
    "reciprocal": (lambda x: 1.0 / x, positive()),
    "norm": (lambda v: jnp.sqrt((v**2).sum()), reals(5)),
}


def chain(activation, loss=lambda h, y: (h - y) ** 2):
    """``loss(activation layers of (W, b))`` and its domains, parameters then data."""

    def cost(parameters, x, y):
        *hidden, (W, b) = parameters
        for V, c in hidden:
            x = activation(x @ V + c[None, :])
        return loss(x @ W + b[None, :], y).mean()

    def domains(*sizes, rows=3):
        layers = [(reals((i, o)), reals(o)) for i, o in itertools.pairwise(sizes)]
        return layers, reals((rows, sizes[0])), reals((rows, sizes[-1]))

    return cost, domains


def gap_of(candidate, function):
    """The Jensen gap of a candidate in a single argument, computed with JAX."""
    (a,), (b,) = candidate.points
    w = candidate.weight
    return float(function((1 - w) * a + w * b) - ((1 - w) * function(a) + w * function(b)))


@pytest.mark.parametrize("name", NEITHER)
@pytest.mark.parametrize("side", [1, -1])
def test_a_function_that_is_neither_is_refuted_both_ways(name, side):
    function, domain = NEITHER[name]
    best = against_convexity(trace(function, domain), 1, side=side, seed=1).candidates[0]
    assert best.margin > SURE
    assert side * gap_of(best, function) > 0
    assert all(domain.contains(end) for (end,) in best.points)


@pytest.mark.parametrize("name", NOT_CONVEX)
def test_a_nonconvex_function_is_refuted(name):
    function, domain = NOT_CONVEX[name]
    found = against_convexity(trace(function, domain), 1, seed=1)
    assert found.candidates[0].margin > SURE


@pytest.mark.parametrize("name", CONVEX)
def test_nothing_sure_is_found_against_a_convex_function(name):
    function, domain = CONVEX[name]
    found = against_convexity(trace(function, domain), 1, seed=1, budget=4000)
    assert all(candidate.margin <= SURE for candidate in found.candidates)
    assert found.evaluations <= 4100


@pytest.mark.parametrize("activation", [jnp.tanh, jax.nn.relu, jax.nn.sigmoid, lambda x: x])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 3, 1), (4, 8, 2), (16, 16, 4)])
def test_a_network_under_squared_error_is_refuted_with_symbolic_data(activation, sizes):
    cost, domains = chain(activation)
    program = trace(cost, *domains(*sizes))
    decision = len(program.arguments) - 2
    best = against_convexity(program, decision, seed=1).candidates[0]
    assert best.margin > SURE
    a, b = best.points
    assert all((x == y).all() for x, y in zip(a[decision:], b[decision:], strict=True))


def test_a_direction_of_negative_curvature_hidden_among_twenty_is_found():
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((20, 20)))[0]
    A = jnp.asarray(Q @ np.diag([-0.01] + [1.0] * 19) @ Q.T)
    assert against_convexity(trace(lambda v: v @ A @ v, reals(20)), 1, seed=1).candidates[0].margin > SURE


def test_one_coupled_pair_among_a_thousand_coordinates_is_found():
    program = trace(lambda v: (v**2).sum() - 3.0 * v[17] * v[900], reals(1000))
    assert against_convexity(program, 1, seed=1).candidates[0].margin > SURE


def test_the_entry_that_fails_is_named():
    program = trace(lambda x: (x**2, jnp.stack([jnp.exp(x), x**3])), reals())
    assert {candidate.entry for candidate in against_convexity(program, 1, seed=1).candidates} == {2}


@pytest.mark.parametrize(
    ("function", "domain", "sign"),
    [
        (jax.nn.gelu, reals(), 1),
        (jnp.exp, reals(), -1),
        (lambda v: v[0] + v[1] - 1e-3 * v[2], reals(3), 1),
        (lambda x: x - 2e-3 * jnp.exp(-1e6 * (x - 0.3) ** 2), reals(), 1),
        (lambda x: 1.0 / x, positive(), 1),
    ],
)
def test_a_function_that_is_not_monotone_is_refuted_by_an_ordered_pair(function, domain, sign):
    best = against_monotonicity(trace(function, domain), 1, sign=sign, seed=1).candidates[0]
    (a,), (b,) = best.points
    assert best.margin > SURE
    assert (a <= b).all()
    assert sign * (function(a) - function(b)) > 0


@pytest.mark.parametrize("function", [jnp.tanh, jax.nn.relu6, lambda x: x**3])
def test_no_pair_is_found_against_a_monotone_function(function):
    assert against_monotonicity(trace(function, reals()), 1, seed=1, budget=4000).candidates == ()


def test_quasiconvexity_is_refuted_where_it_fails_only():
    product = trace(lambda v: v[0] * v[1], positive(2))
    assert against_quasiconvexity(product, 1, seed=1).candidates[0].margin > SURE
    assert against_quasiconvexity(product, 1, side=-1, seed=1, budget=4000).candidates == ()
    assert against_quasiconvexity(trace(lambda x: x**3, reals()), 1, seed=1, budget=4000).candidates == ()


def test_points_at_or_below_zero_are_found():
    dip = against_positivity(trace(lambda v: ((v - 0.3) ** 2).sum() - 1e-3, reals(3)), seed=1).candidates[0]
    assert dip.violation > 0
    zero = against_positivity(trace(lambda x: x**2, reals()), seed=1).candidates[0]
    assert zero.points[0][0] == 0.0
    assert against_positivity(trace(lambda x: 1.0 + x**2, reals()), seed=1, budget=2000).candidates == ()


def test_points_where_two_functions_differ_are_found():
    relu, relu6 = trace(jax.nn.relu, reals()), trace(jax.nn.relu6, reals())
    assert against_equality(relu, relu6, seed=1).candidates[0].points[0][0] > 6.0
    square, expanded = trace(lambda x: (x + 1.0) ** 2, reals()), trace(lambda x: x**2 + 2.0 * x + 1.0, reals())
    assert against_equality(square, expanded, seed=1, budget=2000).candidates == ()
    with pytest.raises(DomainError, match="same arguments"):
        against_equality(relu, trace(jnp.sum, reals(2)))


def test_minima_come_in_order_and_close():
    found = minimise(trace(lambda v: 100.0 * (v[1] - v[0] ** 2) ** 2 + (0.7 - v[0]) ** 2 - 2.0, reals(2)), seed=1)
    values = [-candidate.violation for candidate in found.candidates]
    assert values == sorted(values)
    assert math.isclose(values[0], -2.0, abs_tol=1e-3)


def test_negative_curvature_comes_with_its_direction():
    best = negative_curvature(trace(lambda v: (v[0] * v[1] - 1.0) ** 2, reals(2)), 1, seed=1)[0]
    x, y = best.point[0]
    hessian = np.array([[2 * y**2, 4 * x * y - 2], [4 * x * y - 2, 2 * x**2]])
    assert best.direction[0] @ hessian @ best.direction[0] < 0
    assert best.curvature < 0
    assert negative_curvature(trace(lambda v: (v**2).sum(), reals(2)), 1, seed=1, budget=2000) == []


def test_the_same_search_finds_the_same_candidates():
    program = trace(NEITHER["a product among ten"][0], reals(10))
    first, second = (against_convexity(program, 1, seed=5) for _ in range(2))
    assert first.evaluations == second.evaluations
    for a, b in zip(first.candidates, second.candidates, strict=True):
        np.testing.assert_array_equal(a.points, b.points)


def test_a_point_where_the_function_is_undefined_is_reported():
    found = against_convexity(trace(jnp.log, reals()), 1, seed=1)
    assert found.nonfinite is not None
    assert found.nonfinite[0] <= 0.0
    assert against_convexity(trace(jnp.log, positive()), 1, seed=1).nonfinite is None


@pytest.mark.parametrize(("decision", "budget"), [(0, 100), (2, 100), (1, 0)])
def test_a_search_over_nothing_is_refused(decision, budget):
    with pytest.raises(DomainError):
        against_convexity(trace(jnp.sum, reals(2)), decision, budget=budget)


@pytest.mark.parametrize("domain", [reals(3), positive(3), box(0, 1, 3, open=True), box(-0.001, 3.14, 3)])
def test_every_point_proposed_lies_in_the_domain(domain):
    where = space([domain], 1)
    for cloud in (structured_points(where, 50), heavy_tailed(where, generator(0, 0), 200)):
        assert all(domain.contains(row) for row in cloud)


def test_simple_numbers_are_simple():
    costs = simplicity(np.array([[0.0], [1.0], [2.0], [0.5], [3.0], [0.1]]))
    assert costs[:5].tolist() == [0.0, 1.0, 2.0, 2.0, 3.0]
    assert costs[5] > 50


def test_simple_points_and_directions_are_made_once_for_each_space():
    spaces = [
        space([reals(3)], 1),
        space([box(0, 1, shape=3)], 1),
        space([reals(2), reals(1)], 1),
        space([reals(3)], 1),
    ]
    for make in (structured_points, structured_directions):
        for where in spaces:
            assert (make(where, 20) == make.__wrapped__(where, 20)).all()
            assert (make(where, 5) == make.__wrapped__(where, 5)).all()
        assert make(spaces[0], 20) is make(spaces[3], 20)
        with pytest.raises(ValueError, match="read-only"):
            make(spaces[0], 20)[0] = 1.0


def test_pairs_come_by_their_sum():
    assert simplest_pairs(2, 3).tolist() == [[0, 0], [0, 1], [1, 0], [0, 2], [1, 1], [1, 2]]
    assert simplest_pairs(0, 3).shape == (0, 2)
