"""One cost at the minima of another: told apart where it differs there, never on the word of the points nearby."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from netprops import DomainError, NotAFunctionError, is_higher_at_minimum, is_worse_minimum

# f(x) = (x^2 - 1)^2 + x/4 has the minima x- < x+, roots of 4x^3 - 4x + 1/4.
LOW, HIGH = -1.0298, 0.9676


def two_wells(x):
    return (x**2 - 1) ** 2 + x / 4


def asked(g, near=LOW, than=HIGH, f=two_wells):
    verdict = is_higher_at_minimum(g, f, near, than)
    return verdict.answer, verdict.evidence


def wells():
    with mpmath.workdps(60):
        return [mpmath.findroot(lambda x: 4 * x**3 - 4 * x + mpmath.mpf(1) / 4, start) for start in (LOW, HIGH)]


def test_the_cost_itself_is_judged_as_is_worse_minimum_says():
    assert asked(two_wells) == ("no", "certified")
    assert asked(two_wells, HIGH, LOW) == ("yes", "certified")
    assert is_worse_minimum(two_wells, HIGH, than=LOW)


@pytest.mark.parametrize("centre", [-3.0, -0.5, -0.04, -0.031, -0.0313, 0.0, 0.25, 2.0])
def test_against_sixty_digits(centre):
    """The squared distance from `centre`: equal at both minima where the centre is half-way, at about -0.03131."""
    low, high = wells()
    with mpmath.workdps(60):
        higher = (low - centre) ** 2 > (high - centre) ** 2
    assert asked(lambda x: (x - centre) ** 2) == ("yes" if higher else "no", "certified")
    assert asked(lambda x: (x - centre) ** 2, HIGH, LOW) == ("no" if higher else "yes", "certified")


def test_the_enclosures_hold_the_values():
    verdict = is_higher_at_minimum(lambda x: jnp.exp(x), two_wells, LOW, HIGH)
    for x, text in zip(wells(), verdict.witness["values"], strict=True):
        middle, radius = (mpmath.mpf(part) for part in text.strip("[]").split(" +/- "))
        assert abs(mpmath.exp(x) - middle) <= radius < 1e-8


def test_equal_values_are_not_told_apart():
    assert asked(lambda x: jnp.zeros(())) == ("undecided", None)
    even = lambda x: (x**2 - 1) ** 2  # noqa: E731
    assert asked(lambda x: x**2, -1.0, 1.0, even) == ("undecided", None)


def test_a_difference_smaller_than_the_boxes_is_no_answer():
    """g is 0 at x = 1 and 1e-30 at x = -1, the exact minima, and moves by far more on any box around them."""
    even = lambda x: (x**2 - 1) ** 2  # noqa: E731
    assert asked(lambda x: (x**2 - 1) + 5e-31 * (1 - x), -1.0, 1.0, even)[0] in ("yes", "undecided")
    assert asked(lambda x: (x**2 - 1) + 5e-31 * (1 - x), 1.0, -1.0, even)[0] in ("no", "undecided")


def test_the_points_nearby_do_not_decide():
    """At the points given g has one order, at the minima near them the other."""
    even = lambda x: (x**2 - 1) ** 2  # noqa: E731
    g = lambda x: 1e8 * (x**2 - 1.0004**2) ** 2 - x  # noqa: E731
    near, than = -1.0004, 1.0002
    assert g(near) < g(than)
    assert g(-1.0) > g(1.0)
    assert asked(g, near, than, even) == ("yes", "certified")


def test_where_there_is_no_minimum_the_answer_is_no():
    for near, than, which in ((0.0628, HIGH, "first"), (LOW, 0.0628, "second"), (0.5, HIGH, "first")):
        verdict = is_higher_at_minimum(lambda x: -x, two_wells, near, than)
        assert (verdict.answer, verdict.evidence) == ("no", "certified")
        assert which in verdict.because


def test_one_minimum_is_not_higher_than_itself():
    assert asked(lambda x: x, LOW, LOW + 1e-5) == ("no", "certified")


def test_what_has_no_value_there_is_undecided():
    assert asked(lambda x: jnp.log(x)) == ("undecided", None)


def test_answers_about_two_costs_are_kept_apart():
    assert asked(lambda x: x) == ("no", "certified")
    assert asked(lambda x: -x) == ("yes", "certified")
    assert asked(lambda x: x) == ("no", "certified")


def test_what_does_not_fit_is_refused():
    with pytest.raises(DomainError, match="second point"):
        is_higher_at_minimum(two_wells, two_wells, 0.0, np.zeros(2))
    with pytest.raises(NotAFunctionError, match="scalar"):
        is_higher_at_minimum(lambda x: jnp.stack([x, x]), two_wells, LOW, HIGH)
