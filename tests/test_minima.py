"""Two strict minima: distinct, worse, the same; and all that must be refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netprops import DomainError, are_distinct_minima, is_strict_minimum, is_worse_minimum
from netprops.domains import reals
from netprops.objects import minima
from netprops.objects.minima import BAD_UNIT, GOOD_UNIT, ONE_UNIT_DATA, parallel_params, parallel_units
from netprops.readings.jaxpr import trace
from netprops.readings.krawczyk import coincide, enclose_critical_point
from netprops.strategies.minima import half_spaces, repeated_inputs, taught_networks

X, Y = np.array([1.0, 6.0, 12.0]), np.array([1.0, 1.0, 2.0])
GOOD, BAD = np.array([0.8025422287962949, 1.50060247607702]), np.array([0.089720001523495, 2.4688216352000447])
SADDLE = np.zeros(2)


def one_unit(p):
    return jnp.sum((p[1] * jnp.tanh(p[0] * X) - Y) ** 2)


def two_units(p):
    """The same unit twice: incoming weights p[:2], outgoing weights p[2:]."""
    return jnp.sum((jnp.tanh(X[:, None] * p[None, :2]) @ p[2:] - Y) ** 2)


def doubled(point, share):
    """One unit as two: the same incoming weight, the outgoing weight in two shares."""
    w, v = point
    return np.array([w, w, share * v, (1 - share) * v])


def answers(question, *points):
    verdict = question(one_unit, *points)
    return verdict.answer, verdict.evidence


def test_two_minima_are_two_and_one_is_worse():
    assert answers(are_distinct_minima, GOOD, BAD) == ("yes", "certified")
    assert answers(are_distinct_minima, GOOD, -GOOD) == ("yes", "certified")
    assert answers(is_worse_minimum, BAD, GOOD) == ("yes", "certified")
    assert answers(is_worse_minimum, GOOD, BAD) == ("no", "certified")
    witness = are_distinct_minima(one_unit, GOOD, BAD).witness
    assert {len(witness[which]["centre"]) for which in ("first", "second")} == {2}


@given(st.floats(-1e-4, 1e-4), st.floats(-1e-4, 1e-4))
def test_one_minimum_from_two_points_is_one(s, t):
    assert answers(are_distinct_minima, GOOD * (1 + s), GOOD * (1 + t)) == ("no", "certified")
    assert answers(is_worse_minimum, GOOD * (1 + s), GOOD * (1 + t)) == ("no", "certified")


def test_equal_values_at_two_minima_are_not_told_apart():
    assert answers(is_worse_minimum, GOOD, -GOOD) == ("undecided", None)


@pytest.mark.parametrize("question", [are_distinct_minima, is_worse_minimum])
def test_what_is_no_minimum_is_refused(question):
    for points in ((BAD, SADDLE), (SADDLE, GOOD), (BAD, GOOD + 0.01), (GOOD + 0.01, BAD)):
        verdict = question(one_unit, *points)
        assert (verdict.answer, verdict.evidence) == ("no", "certified")
        assert ("first" if points[0] is not BAD else "second") in verdict.because


def valley(v):
    """A slope of 1e-9 along a valley, where gradients are small and never 0."""
    return v[0] ** 2 + 1e-9 * v[1]


def test_a_small_gradient_is_no_zero():
    assert are_distinct_minima(valley, np.zeros(2), np.array([0.0, 1.0])).answer != "yes"
    assert is_strict_minimum(valley, near=np.zeros(2)).answer != "yes"
    flat = lambda x: 1e-10 * x + x**2  # noqa: E731
    assert is_strict_minimum(flat, near=0.0)  # there is one, elsewhere: at -5e-11


@pytest.mark.parametrize("share", [0.5, 1.5, 0.25])
def test_at_repeated_units_the_point_is_degenerate(share):
    """Critical points come in lines there (Fukumizu and Amari, 2000): none is isolated, none a strict minimum."""
    here = doubled(BAD, share)
    assert is_strict_minimum(two_units, near=here).answer != "yes"
    assert are_distinct_minima(two_units, here, here[[1, 0, 3, 2]]).answer != "yes"
    assert is_worse_minimum(two_units, here, doubled(GOOD, share)).answer != "yes"


def test_degenerate_though_isolated_is_undecided():
    for f in (lambda x: x**4, lambda x: x**4 * (x - 1) ** 2):
        assert are_distinct_minima(f, 0.0, 1.0).answer != "yes"


def test_points_must_fit_each_other():
    with pytest.raises(DomainError, match="second point"):
        are_distinct_minima(one_unit, GOOD, np.zeros(3))


def test_two_critical_points_that_coincide():
    program = trace(one_unit, reals(2))
    good, near, other = (enclose_critical_point(program, [x]) for x in (GOOD, GOOD + 1e-7, -GOOD))
    assert coincide(program, good, near) is True
    assert coincide(program, good, other) is False


def test_overlapping_boxes_of_two_points_are_not_called_one():
    """Two minima 2e-10 apart: whatever is enclosed, it is never "one minimum" from either side."""
    close = lambda x: (x**2 - 1e-20) ** 2 * 1e20  # noqa: E731
    verdict = are_distinct_minima(close, 1e-10, -1e-10)
    assert verdict.answer != "no" or "one minimum" not in verdict.because


# ------------------------------------------------------------------ problems with known minima


@pytest.mark.parametrize("units", [[GOOD_UNIT], [BAD_UNIT, GOOD_UNIT], [GOOD_UNIT, BAD_UNIT, BAD_UNIT]])
def test_parallel_units_fit_each_their_own_data(units):
    net, (X, Y) = parallel_units(len(units))
    params = parallel_params(units)
    alone = sum(np.sum((v * np.tanh(w * ONE_UNIT_DATA.X) - ONE_UNIT_DATA.y) ** 2) for w, v in units)
    assert float(net.cost(params, X, Y)) == pytest.approx(alone, abs=1e-12)
    on = net.ordered_params()
    assert all(domain.contains(part) for (domain,), (part,) in zip(on, params, strict=True))


def test_a_good_and_a_bad_unit_together_are_a_saddle():
    net, (X, Y) = parallel_units(2)
    mixed, good = parallel_params([GOOD_UNIT, BAD_UNIT]), parallel_params([GOOD_UNIT] * 2)
    verdict = is_worse_minimum(lambda p: net.cost(p, X, Y), mixed, good)
    assert (verdict.answer, verdict.witness["kind"]) == ("no", "saddle")


@given(taught_networks())
def test_what_is_taught_is_fitted_as_well_as_can_be(taught):
    rows, (((W,), (v,))) = len(taught.inputs), taught.params
    assert float(taught.cost(taught.params)) == pytest.approx(2 * rows * taught.spread**2, abs=1e-12)
    assert v.all()
    columns = W.T.tolist()
    assert all(any(c) for c in columns)
    assert len({tuple(c) for c in columns} | {tuple(-x for x in c) for c in columns}) == 2 * len(columns)


def test_the_worked_example_is_as_it_is_written():
    taught = minima.worked_example(jnp.tanh)
    x = np.array([0.3, -0.7])
    by_hand = np.array([2.3, 0.8]) @ np.tanh(np.array([[-1.5, 2.0], [1.7, 0.4]]) @ x)
    assert float(taught.network(taught.params, x[None])[0, 0]) == pytest.approx(by_hand)


@given(st.data())
def test_half_spaces_leave_out_zero_alone(data):
    domain = ((reals((2, 2)), reals(2)), reals())
    cut = data.draw(half_spaces(domain))
    assert jax.tree.structure(cut) == jax.tree.structure(domain)
    assert not all(on.contains(np.zeros(on.shape)) for on in jax.tree.leaves(cut))
    signs = (np.full(on.shape, sign) for sign in (1, -1) for on in jax.tree.leaves(cut))
    assert sum(on.contains(x) for on, x in zip(jax.tree.leaves(cut) * 2, signs, strict=True)) == 5  # of 6: one is cut


@given(repeated_inputs())
def test_repeated_inputs_have_the_kernel_that_they_say(drawn):
    X, kernel = drawn
    assert kernel.any()
    assert not (X @ kernel).any()
