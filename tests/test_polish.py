"""A polished witness is certified as it is, and is what one would write on the board."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import fmpq

from netprops.domains import Interval, box, exact, positive, reals
from netprops.readings.jaxpr import trace
from netprops.readings.witnesses import jensen_violation, order
from netprops.search.falsify import Candidate, against_convexity, against_monotonicity, against_positivity
from netprops.search.polish import _block_proposals, _Draft, _frame, _power_of_ten, complexity, polish, rational


def witness_against_convexity(function, *domains, side=1, screened=True, budget=24):
    """The polished witness as lists of numbers (flat ends and weight), and how often it was certified."""
    program, calls = trace(function, *domains), []
    found = against_convexity(program, 1, side=side, seed=1)

    def certify(witness):
        calls.append(witness)
        return jensen_violation(program, witness.entry, *witness.points, witness.weight, side)

    polished = polish(
        found.candidates[0],
        certify,
        program.arguments,
        decision=1,
        screen=found.screen if screened else None,
        effort=found.effort,
        budget=budget,
    )
    ends = [[x for leaf in point for x in leaf.reshape(-1).tolist()] for point in polished.points]
    return ends, polished.weight, len(calls)


@pytest.mark.parametrize(
    ("function", "domain", "ends"),
    [
        (lambda v: v[0] * v[1], reals(2), [[-1, 1], [1, -1]]),
        (lambda v: (v[0] * v[1] - 1.0) ** 2, reals(2), [[-1, -1], [1, 1]]),
        (lambda v: 1e-11 * v[0] * v[1], reals(2), [[-1, 1], [1, -1]]),
        (jnp.tanh, reals(), [[0], [2]]),
        (jax.nn.relu6, reals(), [[0], [12]]),
        (jnp.sin, box(0, 3), [[0], [2]]),
    ],
)
def test_the_witness_is_the_one_on_the_board(function, domain, ends):
    polished, weight, _ = witness_against_convexity(function, domain)
    assert weight == fmpq(1, 2)
    assert [[float(x) for x in end] for end in polished] in (ends, ends[::-1])


def test_coordinates_that_do_not_matter_are_zero():
    (a, b), _, _ = witness_against_convexity(lambda v: (v**2).sum() - 2.1 * v[3] * v[7], reals(10))
    assert sum(x != y for x, y in zip(a, b, strict=True)) == 2
    assert sum(x != 0 for x in a) == 2


def test_quantified_coordinates_stay_equal():
    (a, b), _, _ = witness_against_convexity(lambda v, q: (jnp.tanh(v) * q).sum(), reals(2), reals(2))
    assert a[2:] == b[2:]
    assert sum(x != 0 for x in a[2:]) == 1


def test_points_stay_in_the_domain():
    (a, b), _, _ = witness_against_convexity(lambda v: v[0] * v[1], positive(2))
    assert all(x > 0 for x in a + b)


@pytest.mark.parametrize("budget", [2, 5, 24])
def test_certificates_are_asked_for_within_the_budget(budget):
    for screened in (True, False):
        _, _, calls = witness_against_convexity(jax.nn.gelu, reals(), screened=screened, budget=budget)
        assert calls <= budget


def test_without_a_screen_the_certificates_lead():
    (a, b), _, _ = witness_against_convexity(lambda v: v[0] * v[1], reals(2), screened=False)
    assert all(x in (-2, -1, 0, 1, 2) for x in a + b)


def test_a_candidate_that_is_not_certified_gives_nothing():
    candidate = Candidate(((np.zeros(1),), (np.ones(1),)), 0.5, 0, 1.0, 1e6)
    assert polish(candidate, lambda witness: None, [reals(1)], decision=1) is None


def test_what_is_returned_has_been_certified_as_it_is():
    program = trace(jax.nn.gelu, reals())
    found = against_monotonicity(program, 1, seed=1)
    witness = polish(
        found.candidates[0],
        lambda w: order(program, w.entry, *w.points) or None,
        program.arguments,
        decision=1,
        screen=found.screen,
    )
    (a,), (b,) = witness.points
    assert a[()] < b[()]
    assert witness.record == order(program, 0, (a,), (b,))
    assert witness.record.sign == 1


def test_single_points_are_polished_too():
    program = trace(lambda v: ((v - 0.3) ** 2).sum() - 0.05, reals(3))
    found = against_positivity(program, seed=1)
    witness = polish(found.candidates[0], lambda w: True, program.arguments, decision=1, screen=found.screen)
    assert sum((x - fmpq(3, 10)) ** 2 for x in witness.points[0][0]) < fmpq(1, 20)
    assert all(x.q <= 10 for x in witness.points[0][0])


def test_doubles_that_read_as_decimals_are_decimals_inside_the_domain():
    line = Interval()
    assert rational(0.3, line) == fmpq(3, 10)
    assert rational(-1.25e-7, line) == fmpq(-1, 8_000_000)
    assert rational(0.1, Interval(lo=exact(0.1))) == exact(0.1)
    assert rational(1 / 3, line) == exact(1 / 3)
    assert rational(-0.0, line) == 0


def test_complexity_ranks_witnesses_as_a_lecturer_would():
    def of(a, b, weight=0.5):
        return complexity(np.array([[a, b]], dtype=float), np.array([weight]))[0]

    assert of([1, -1], [-1, 1]) < of([2, 0], [0, 2])
    assert of([1, 1], [-1, -1]) < of([1.5, 1], [-1, -1]) < of([1.2345678, 1], [-1, -1])
    assert of([0, 1], [0, 2]) < of([3, 1], [3, 2]) < of([3, 1], [5, 2])
    assert of([0, 1], [0, 3]) < of([0, 1], [0, 3], weight=0.25)
    assert of([0.3, 0], [0, 0]) < of([0.2998046875, 0], [0, 0])


@pytest.mark.parametrize("kind", ["segment", "pair", "point"])
@pytest.mark.parametrize("seed", range(6))
def test_blocks_asked_together_get_the_proposals_that_each_gets_alone(seed, kind):
    rng = np.random.default_rng(seed)
    boxes = (reals(5), box(-2, 2, shape=3))
    points = np.clip(3 * rng.standard_normal((1 if kind == "point" else 2, 8)), -2, 2)
    points[:, 5:] = points[0, 5:]
    points.sort(axis=0)
    ends = tuple((row[:5], row[5:]) for row in points)
    weight = {"segment": 0.25, "pair": 0.0, "point": 0.5}[kind]
    frame = _frame(Candidate(ends, weight, 0, 1.0, 1.0), boxes, 1)
    blocks = [np.arange(8), np.arange(5), *(np.arange(i, i + 1) for i in range(8)), np.arange(3, 6), np.arange(5, 8)]
    draft = _Draft(points, weight)
    together = _block_proposals(draft, frame, blocks)
    for block, found in zip(blocks, together, strict=True):
        (single,) = _block_proposals(draft, frame, [block])
        assert [gain for gain, _ in found] == [gain for gain, _ in single]
        assert all((x == y).all() for (_, x), (_, y) in zip(found, single, strict=True))
        for gain, columns in found:
            moved = points.copy()
            moved[:, block] = columns
            before, after = complexity(np.array([points, moved]), np.full(2, weight), kind)
            assert before - after == pytest.approx(gain)
            assert kind == "point" or (moved[0, 5:] == moved[1, 5:]).all()


def test_powers_of_ten_are_those_of_numpy():
    exponents = np.arange(-330.0, 309.0)
    assert (_power_of_ten(exponents) == 10.0**exponents).all()
