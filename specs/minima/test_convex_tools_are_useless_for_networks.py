"""With several minima one cannot use convex optimisation? For two-layer ReLU networks with weight decay one can: their
least cost is that of a convex program (Pilanci and Ergen 2020), and its dual bounds networks of every width from below.

On given data: a network built from the program's solution, and a dual point whose condition is decided exactly on each
cone of the plane, enclose the least cost of all widths between two numbers 2^-24 apart. They meet up to that, not
exactly: the optimum is algebraic, the dual point a vector of doubles.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    REFUTED,
    are_equal,
    box,
    claim,
    is_convex,
    is_copositive,
    is_positive,
    is_share_below,
    nonnegative,
    positive,
    reals,
    runs,
)  # fmt: skip
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
)  # fmt: skip
from netprops.objects.training import gradient_descent, normal_point
from netprops.strategies.networks import arrays, dyadics, inputs

CLAIM = claim("convex-tools-are-useless-for-networks", source=("D1.A5",), verdict=REFUTED)
TENTH = 0.1  # the double nearest to 1/10, the decay of the five data


@CLAIM
@given(rows=st.integers(1, 3), columns=st.integers(1, 2), units=st.integers(1, 4))
def test_what_is_above_the_dual_value(rows, columns, units):
    """Squares, and for each unit b^2 |u|^2 - (v.relu(X u))^2: so a v with that form >= 0 bounds every network."""
    params, data = (reals((columns, units)), reals(units)), (reals((rows, columns)), reals(rows), positive())
    cost = lambda p, X, y, b, v: decayed_cost(p, X, y, b)  # noqa: E731
    bound = lambda p, X, y, b, v: dual_value(v, y) + above_dual_value(p, X, y, b, v)  # noqa: E731
    assert are_equal(cost, bound, on=(params, *data, reals(rows)))
    assert not are_equal(cost, lambda p, X, y, b, v: dual_value(v, y), on=(params, *data, reals(rows)))


@CLAIM
@given(X=inputs((1, 3), (2, 2)), units=st.integers(1, 2), data=st.data())
def test_each_point_of_the_program_is_a_network(X, units, data):
    """Of the program's cost if the roots are those of |w|; all w = E s of drawn cones, roots, targets and decays."""
    X = np.round(4 * X)
    E = data.draw(st.lists(st.sampled_from(cones(X)), min_size=units, max_size=units))
    signs = np.array(data.draw(st.lists(st.sampled_from((-1.0, 1.0)), min_size=units, max_size=units)))
    masks, y, w = np.stack([mask(e, X) for e in E], axis=1), reals(len(X)), reals((2, units))
    inside = lambda s: jnp.stack([e @ s[:, k] for k, e in enumerate(E)], axis=1)  # noqa: E731
    network = lambda s, r, y, b: decayed_cost(network_of(inside(s), r, signs), X, y, b)  # noqa: E731
    program = lambda s, r, y, b: shared_cost(inside(s), r, signs, masks, X, y, b)  # noqa: E731
    assert are_equal(network, program, on=(nonnegative((2, units)), positive(units), y, positive()))
    assert is_convex(lambda w, q: program_cost(w, signs, masks, X, *q), on=w, for_all=(y, positive()))


def enclose(X, y, decay):
    """Assert that no network costs less than the solution's dual value, and its own network at most 2^-24 more."""
    found = solve(X, y, decay)
    for E in cones(X):
        assert is_copositive(lambda s, E=E: dual_slack(s, E, X, decay, found.v), on=nonnegative(2))
    excess = lambda p, v: decayed_cost(p, X, y, decay) - dual_value(v, y)  # noqa: E731
    U, V = found.network
    at = (box(U, U), box(V, V)), box(found.v, found.v)
    assert is_positive(lambda q: 2.0**-24 - excess(*q), on=at)
    return found, excess, at


@CLAIM
@given(X=inputs((1, 4), (2, 2)), decay=st.sampled_from((1 / 4, 1 / 2, 1.0)), data=st.data())
def test_the_least_cost_of_drawn_data(X, decay, data):
    X = np.round(4 * X)
    enclose(X, data.draw(arrays(len(X), dyadics(-3, 3))), decay)


@CLAIM
def test_the_least_cost_of_five_data():
    """Inputs -2, ..., 2 and a bias: between 0.8914471 and 0.8914473 for all widths, reached by four units."""
    X, y, decay = FIVE_INPUTS, FIVE_TARGETS, TENTH
    found, excess, at = enclose(X, y, decay)
    four, dual = at
    assert len(found.signs) == np.count_nonzero(found.network[1]) == 4
    assert is_positive(lambda v: dual_value(v, y) - 0.8914471, on=dual)
    assert is_positive(lambda p: 0.8914473 - decayed_cost(p, X, y, decay), on=four)
    # Half the network is far from optimal, and twice the dual point violates its condition.
    half = tuple(box(part / 2, part / 2) for part in found.network)
    assert not is_positive(lambda q: 2.0**-24 - excess(*q), on=(half, dual))
    E = max(cones(X), key=lambda E: abs(found.v @ np.maximum(X @ E.sum(axis=1), 0)))
    assert not is_copositive(lambda s: dual_slack(s, E, X, decay, 2 * found.v), on=nonnegative(2))
    # The network's own cost is not convex, with so many units or with one.
    assert not is_convex(lambda p: decayed_cost(p, X, y, decay), on=(reals((2, 4)), reals(4)))
    assert not is_convex(lambda p: decayed_cost(p, X, y, decay), on=(reals((2, 1)), reals(1)))


def descents(key):
    """Descents of the cost itself, from a normal start of eight units, and with five of them 0, where they stay."""
    cost = lambda p: decayed_cost(p, FIVE_INPUTS, FIVE_TARGETS, TENTH)  # noqa: E731
    U, V = normal_point(key, (reals((2, 8)), reals(8)))
    ends = jax.vmap(lambda on: cost(gradient_descent(cost, (U * on[None, :], V * on), rate=0.02, steps=2000)))
    three, eight = ends(np.array([[1.0] * 3 + [0.0] * 5, [1.0] * 8]))
    return {3: three, 8: eight}


def below_one(units):
    return runs("descents", descents, 500).share(lambda ends: ends[units] < 1, f"{units} units end below 1")


@CLAIM
def test_fewer_units_than_the_solution_has():
    """Of 500, none with three units (the lowest seen was 1.091), and 0.62 with eight."""
    assert is_share_below(below_one(3), 1 / 16)
    assert not is_share_below(below_one(8), 1 / 16)
