"""Every strategy stays inside its domain, reaches its degenerate members and both sides, and refuses an empty one."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from netprops import strategies as s
from netprops.exact.inertia import inertia
from netprops.objects.convolutions import circulant_is_invertible
from netprops.report.run import load_ledger_profile

QUIET = settings(
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
    max_examples=2000,
    derandomize=True,
)


def assert_all(strategy, predicate):
    @settings(QUIET, max_examples=100)
    @given(strategy)
    def every(value):
        assert predicate(value), value

    every()


def reaches(strategy, predicate):
    find(strategy, predicate, settings=QUIET)


def simplest(strategy):
    return find(strategy, lambda value: True, settings=settings(QUIET, phases=(Phase.generate, Phase.shrink)))


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(("profile", "size"), [("quick", 1), ("default", 2), ("thorough", 3), ("one of my own", 2)])
def test_sizes_by_profile(profile, size):
    before = settings.get_current_profile_name()
    settings.register_profile("one of my own", max_examples=7)
    settings.load_profile(profile)
    try:
        assert s.by_profile(quick=1, default=2, thorough=3) == size
        take_back = load_ledger_profile()
        assert s.by_profile(quick=1, default=2, thorough=3) == size
        take_back()
    finally:
        settings.load_profile(before)


def test_integers():
    assert_all(s.integers(-3, 5), lambda k: -3 <= k <= 5)
    assert_all(s.integers(-3, 5, nonzero=True), lambda k: k != 0 and -3 <= k <= 5)
    for wanted in (-3, -1, 1, 5):
        reaches(s.integers(-3, 5, nonzero=True), lambda k, wanted=wanted: k == wanted)
    reaches(s.integers(-3, 5), lambda k: k == 0)
    assert simplest(s.integers(-9, 9)) == 0
    assert simplest(s.integers(-9, 9, nonzero=True)) == 1


@pytest.mark.parametrize(("lo", "hi", "nonzero"), [(1, 0, False), (0, 0, True)])
def test_no_integers(lo, hi, nonzero):
    with pytest.raises(ValueError, match="there is no"):
        s.integers(lo, hi, nonzero=nonzero)


def test_dyadics():
    quarters = s.dyadics(-1, 2)
    assert_all(quarters, lambda x: isinstance(x, float) and -1 <= x <= 2 and 4 * x == int(4 * x))
    for wanted in (-1.0, 0.25, 2.0):
        reaches(quarters, lambda x, wanted=wanted: x == wanted)
    assert_all(s.dyadics(nonzero=True), bool)


@pytest.mark.parametrize("step", [Fraction(1, 3), Fraction(3), Fraction(0), Fraction(-1, 2)])
def test_steps_that_are_no_power_of_two(step):
    with pytest.raises(ValueError, match="power of two"):
        s.dyadics(step=step)


def test_sizes():
    assert_all(s.sizes(1, 4), lambda n: n in range(1, 5))
    with pytest.raises(ValueError, match="sizes"):
        s.sizes(0, 3)
    with pytest.raises(ValueError, match="sizes"):
        s.sizes(3, 2)


# ---------------------------------------------------------------- arrays


def test_arrays():
    assert_all(s.arrays((2, 3)), lambda a: a.shape == (2, 3) and a.dtype == np.float64)
    reaches(s.arrays(2), lambda a: not a.any())
    assert_all(s.arrays(2, nonzero=True), lambda a: a.any())
    assert_all(s.arrays(2, s.dyadics(), nonzero=True), lambda a: a.any())
    reaches(s.arrays(2, nonzero=True), lambda a: a[0] == 0)
    reaches(s.arrays(2, nonzero=True), lambda a: a[0] < 0)


def test_arrays_with_a_place():
    assert_all(s.with_place((2, 2)), lambda pair: pair[0][pair[1]] != 0)
    reaches(s.with_place((2, 2)), lambda pair: pair[1] == (1, 1))


def test_a_negative_entry():
    assert_all(s.with_a_negative_entry(3), lambda a: a.min() < 0)
    reaches(s.with_a_negative_entry(3), lambda a: a.max() > 0)
    reaches(s.with_a_negative_entry(3), lambda a: a.max() <= 0)


def test_outside_the_unit_ball():
    def fits(pair):
        x, across = pair
        return x @ x > 1 and x @ across == 0 and across.any()

    assert_all(s.outside_the_unit_ball(3), fits)
    with pytest.raises(ValueError, match="across"):
        s.outside_the_unit_ball(1)


def test_integral_lengths():
    for n in (1, 2, 3):
        assert_all(s.integral_lengths(n), lambda pair: pair[0] @ pair[0] == pair[1] ** 2 > 0)
    reaches(s.integral_lengths(2), lambda pair: sorted(abs(pair[0])) == [3, 4])
    reaches(s.integral_lengths(2), lambda pair: pair[0][0] == 0)


def test_orthants():
    assert_all(s.orthants(3), lambda box: box.shape == (3,))
    reaches(s.orthants(2), lambda box: box.contains([1, -1]) and not box.contains([0, -1]))
    assert s.orthant((1, -1)).contains([10**9, -Fraction(1, 10**9)])


# ---------------------------------------------------------------- objects


def test_convex_functions_of_all_kinds():
    functions = s.convex_functions(2)
    assert_all(functions, lambda f: f.dimension == 2)
    for word in (
        "relu",
        "squared_relu",
        "softplus",
        "exp",
        "|",
        "norm1",
        "norm2",
        "norminf",
        "logsumexp",
        "max",
        ")^2",
    ):
        reaches(functions, lambda f, word=word: word in f.text)
    reaches(functions, lambda f: f.text == "0")
    assert_all(s.convex_functions(2, increasing=True), lambda f: f.increasing)
    kinks = re.compile(r"(?<!squared_)relu\(|\||norm|max")
    assert_all(s.compositions(2, differentiable=True), lambda f: not kinks.search(f.text))
    reaches(s.compositions(2), lambda f: kinks.search(f.text))
    assert_all(s.compositions(3), lambda f: f.dimension == 3)
    reaches(s.convex_functions(1, rules=2), lambda f: f.text.startswith("exp(softplus("))


def test_crossing_affine_pairs():
    def differ(pair):
        f, g = pair
        zero = np.zeros(2)
        return (f.subgradient(zero) != g.subgradient(zero)).any()

    assert_all(s.crossing_affine_pairs(2), differ)


def counted(matrix):
    found = inertia(matrix)
    return found.positive, found.negative, found.zero


def test_quadratic_forms():
    forms = s.quadratic_forms()
    assert_all(forms, lambda q: counted(q.matrix) == q.inertia)
    for wanted in ((0, 0, 1), (1, 0, 0), (1, 1, 1), (0, 2, 0)):
        reaches(forms, lambda q, wanted=wanted: q.inertia == wanted)
    assert_all(s.quadratic_forms(signs=(1, 0)), lambda q: q.inertia[1] == 0)
    assert_all(s.quadratic_forms(having=(-1,)), lambda q: q.inertia[1] > 0)
    assert_all(s.quadratic_forms(having=(1, -1)), lambda q: q.inertia[0] > 0 and q.inertia[1] > 0)


@pytest.mark.parametrize(
    "asked", [{"signs": ()}, {"signs": (1,), "having": (-1,)}, {"having": (1, -1), "largest": 1}, {"largest": 0}]
)
def test_no_quadratic_form(asked):
    with pytest.raises(ValueError, match="no form"):
        s.quadratic_forms(**asked)


def test_kernels():
    assert_all(s.invertible_kernels(4), lambda h: circulant_is_invertible(h.astype(int).tolist(), 4))
    assert_all(s.kernels_of_both_signs(3), lambda h: h.min() < 0 < h.max())
    reaches(s.kernels_of_both_signs(3), lambda h: h[0] == 0)
    with pytest.raises(ValueError, match="both signs"):
        s.kernels_of_both_signs(1)


def test_poolings():
    pools = s.poolings()
    assert_all(pools, lambda pool: all(pool.covered().values()))
    reaches(pools, lambda pool: any(width > n for width, n in zip(pool.window, pool.size, strict=True)))
    reaches(pools, lambda pool: any(low and high for low, high in pool.padding))
    reaches(pools, lambda pool: any(step > width for step, width in zip(pool.stride, pool.window, strict=True)))
    reaches(pools, lambda pool: len(pool.size) == 4)


@pytest.mark.parametrize("half", [True, False])
def test_segments(half):
    reaches(s.downward_bends(), lambda bend: bend.f.positive_only == half)
    reaches(s.bulging_segments(), lambda bulge: bulge.f.positive_only == half)


def test_segments_lie_in_the_domain_and_bend_as_promised():
    def inside(segment):
        return all(segment.f.domain.contains(end) for end in (segment.a, segment.b))

    assert_all(s.downward_bends(), lambda bend: inside(bend) and bend.f.bend(bend.middle, bend.along) < 0)
    assert_all(s.bulging_segments(), lambda bulge: inside(bulge) and bulge.f.bulge(bulge.a, bulge.b) > 0)


@settings(QUIET, max_examples=50)
@given(st.data())
def test_arrays_shrink_to_few_digits(data):
    assert np.array_equal(data.draw(s.arrays(2)) % 1, [0, 0])
