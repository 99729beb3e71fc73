"""The cone of ordered units as a domain: the linear bijection, membership, questions on it, and who refuses it."""

import itertools
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    DomainError,
    are_equal,
    curvature,
    has_critical_point,
    is_affine,
    is_concave,
    is_constant,
    is_convex,
    is_nondecreasing,
    is_positive,
    is_quasiconvex,
    is_strictly_convex,
    no_counterexample,
    no_worse_minimum,
    ordered_cone,
    reals,
)
from netprops.domains import OrderedCone, describe, leaves
from netprops.objects.networks import Network
from netprops.readings.jaxpr import trace
from netprops.readings.polynomials import TooLargeError
from netprops.readings.symbols import read

CONE = ordered_cone(3)
SHAPES = [(1,), (2,), (4,), (1, 3), (2, 3), (3, 1), (2, 2, 2)]


def rationals(count):
    fractions = st.tuples(st.integers(-99, 99), st.integers(1, 9))
    return st.lists(fractions.map(lambda pq: fmpq(*pq)), min_size=count, max_size=count)


def as_array(values, shape):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)


def row(point):
    """The entries x[0, ..., 0, :], found without the code on trial."""
    return [point[(*[0] * (point.ndim - 1), k)] for k in range(point.shape[-1])]


# ------------------------------------------------------------------ the bijection


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_cone_is_exactly_the_image_of_its_box(shape):
    cone, size = ordered_cone(shape), int(np.prod(shape))

    @given(rationals(size))
    def check(values):
        point = as_array(values, shape)
        in_order = all(a <= b for a, b in itertools.pairwise(row(point)))
        assert cone.contains(point) == in_order
        gaps = point.copy()
        for k in range(1, shape[-1]):  # the inverse, by hand
            here, before = (*[0] * (point.ndim - 1), k), (*[0] * (point.ndim - 1), k - 1)
            gaps[here] = point[here] - point[before]
        assert cone.gaps.contains(gaps) == in_order
        assert (cone.exact_from_gaps(gaps) == point).all()

    check()


@given(st.sampled_from(SHAPES).flatmap(lambda s: st.tuples(st.just(s), rationals(int(np.prod(s))))))
def test_in_floats_and_exactly_it_is_one_map(drawn):
    shape, values = drawn
    cone, quarters = ordered_cone(shape), [fmpq(int(v.p), 4) for v in values]  # no rounding
    floats = np.array([int(v.p) / int(v.q) for v in quarters]).reshape(shape)
    exact = cone.exact_from_gaps(as_array(quarters, shape))
    traced = np.asarray(cone.from_gaps(jnp.asarray(floats)))
    assert traced.shape == shape
    assert [fmpq(*float(x).as_integer_ratio()) for x in traced.reshape(-1)] == exact.reshape(-1).tolist()


@given(rationals(3))
def test_entries_kept_apart(values):
    cone, point = ordered_cone(3, apart=Fraction(1, 2)), as_array(values, (3,))
    a, b, c = values
    assert cone.contains(point) == (b - a >= fmpq(1, 2) and c - b >= fmpq(1, 2))
    assert cone.gaps.contains(as_array([a, b - a, c - b], (3,))) == cone.contains(point)


def test_apart_in_questions():
    assert is_positive(lambda w: w[2] - w[0] - 1, on=ordered_cone(3, apart=1))
    assert not is_positive(lambda w: w[2] - w[0] - 2, on=ordered_cone(3, apart=1))
    verdict = is_convex(lambda w: -((w[1] - w[0] - 2) ** 2), on=ordered_cone(2, apart=2))
    assert not verdict
    assert all(float.fromhex(q) - float.fromhex(p) >= 2 for p, q in verdict.witness["points"].values())
    assert str(ordered_cone(3, apart=1)) == "R^3 with w1 + 1 <= ... + 1 <= w3"
    with pytest.raises(DomainError):
        ordered_cone(3, apart=-1)


def test_other_arrays_are_not_in_it():
    assert not CONE.contains([1, 2])
    assert not CONE.contains([2, 1, 3])
    assert CONE.contains([1, 1, Fraction(3, 2)])


@pytest.mark.parametrize("shape", [0, (), (2, 0), "2", None, 1.5])
def test_no_entries_no_cone(shape):
    with pytest.raises(DomainError):
        ordered_cone(shape)


def test_in_words():
    assert (str(CONE), repr(ordered_cone(2))) == ("R^3 with w1 <= ... <= w3", "<R^2 with w1 <= w2>")
    assert str(ordered_cone((2, 2))) == "R^2x2 with w1 <= w2 in the first row"
    assert describe((CONE, reals())) == "(R^3 with w1 <= ... <= w3, R)"


# ------------------------------------------------------------------ questions


def spread(w):
    return (jnp.max(w) - jnp.min(w) - 1) ** 2


def weighted(w):
    return jnp.sort(w) @ jnp.array([3.0, -1.0, 2.0])


def test_symmetric_functions_that_are_convex_on_the_cone_alone():
    for f in (spread, weighted, lambda w: jnp.exp(weighted(w))):
        assert is_convex(f, on=CONE)
        assert not is_convex(f, on=reals(3))
    assert is_affine(weighted, on=CONE)
    assert curvature(weighted, CONE).name == "affine"
    assert not is_strictly_convex(spread, on=CONE)
    assert is_strictly_convex(lambda w: w @ w, on=CONE)
    assert is_quasiconvex(spread, on=CONE)
    assert not is_constant(spread, on=CONE)


FALSE = {
    "minus a norm": lambda w: -w @ w,
    "a product": lambda w: w[0] * w[2],
    "cubes": lambda w: jnp.sum(w**3),
    "root of the spread": lambda w: jnp.sqrt(w[2] - w[0] + 1),
    "a sine": lambda w: jnp.sum(jnp.sin(w)),
    "gap times gap": lambda w: (w[1] - w[0]) * (w[2] - w[1]),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_witness_lies_in_the_cone_in_its_own_coordinates(name):
    f = FALSE[name]
    verdict = is_convex(f, on=CONE)
    assert not verdict
    points = {
        k: [Fraction(float.fromhex(x)) if "p" in x else Fraction(x) for x in p]
        for k, p in verdict.witness["points"].items()
    }
    assert all(a <= b for p in points.values() for a, b in itertools.pairwise(p))
    weight = Fraction(verdict.witness["weight"])
    a, b, m = (np.array(list(map(float, points[k]))) for k in "abm")
    assert m == pytest.approx((1 - float(weight)) * a + float(weight) * b)
    assert f(m) > (1 - float(weight)) * f(a) + float(weight) * f(b)


def test_positive_equal_and_sampled():
    assert is_positive(lambda w: w[2] - w[0] + 1, on=CONE)
    negative = is_positive(lambda w: w[2] - w[0] - w[1], on=CONE)
    assert not negative
    assert are_equal(jnp.max, lambda w: w[2], on=(CONE,))
    assert are_equal(jnp.max, lambda w: w[2], on=CONE)
    assert not are_equal(jnp.max, lambda w: w[1], on=(CONE,))
    assert not are_equal(jnp.max, lambda w: w[2], on=(reals(3),))
    assert no_counterexample(lambda w: w[2] - w[1], on=CONE)
    assert not no_counterexample(lambda w: w[1] - w[0] - 1, on=CONE)


def test_cones_in_pytrees_and_among_what_is_quantified():
    on = {"w": CONE, "b": reals()}
    assert is_convex(lambda p: spread(p["w"]) + p["b"] ** 2, on=on)
    assert not is_concave(lambda p: spread(p["w"]) + p["b"] ** 2, on=on)
    assert is_convex(lambda x, w: (w[2] - w[0]) * x**2, on=reals(), for_all=CONE)
    assert not is_convex(lambda x, w: (w[0] - w[2]) * x**2, on=reals(), for_all=CONE)
    assert not is_convex(lambda x, w: (w[2] - w[0]) * x**2, on=reals(), for_all=reals(3))


def test_one_entry_is_always_in_order():
    assert not is_convex(lambda w: -(w[0] ** 2), on=ordered_cone(1))
    assert is_convex(lambda w: w[0] ** 2, on=ordered_cone(1))


def test_undefined_in_the_cone_is_said_in_its_coordinates():
    with pytest.raises(DomainError, match="not a real number"):
        is_convex(lambda w: jnp.log(w[2] - w[0] - 1), on=CONE)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: is_nondecreasing(jnp.sum, on=CONE),  # gaps are not ordered as the entries are
        lambda: has_critical_point(jnp.sum, CONE),
        lambda: no_worse_minimum(lambda w: w @ w, 0, on=CONE),
        lambda: leaves((CONE, reals())),
    ],
)
def test_where_order_or_ends_matter_the_cone_is_refused(ask):
    with pytest.raises(DomainError, match="ordered cone"):
        ask()


def test_a_map_that_is_no_bijection_onto_the_cone_is_found(monkeypatch):
    right = OrderedCone.exact_from_gaps
    monkeypatch.setattr(OrderedCone, "exact_from_gaps", lambda self, y: right(self, y)[::-1])
    with pytest.raises(AssertionError, match="ordered cone"):
        is_convex(lambda w: 3 * FALSE["gap times gap"](w), on=CONE)  # asked nowhere else: answers are remembered


# ------------------------------------------------------------------ networks and sorting


@pytest.mark.parametrize("widths", [(1, 1, 1), (2, 3, 1), (1, 3, 2, 1)])
def test_every_network_has_its_units_put_in_order(widths):
    net = Network(widths)
    domain = net.ordered_params()
    assert jax.tree.structure(domain) == jax.tree.structure(net.params)
    assert [leaf.shape for leaf in jax.tree.leaves(domain)] == [leaf.shape for leaf in jax.tree.leaves(net.params)]
    rng = np.random.default_rng(1)
    params = [[rng.normal(size=part.shape) for part in layer] for layer in net.params]
    X = rng.normal(size=(4, widths[0]))
    before = net(tuple(map(tuple, params)), X)
    for k in range(len(params) - 1):  # from the input on: later orders leave earlier rows alone
        order = np.argsort(params[k][0][0])
        params[k] = [part[..., order] for part in params[k]]
        params[k + 1][0] = params[k + 1][0][order]
    assert np.allclose(net(tuple(map(tuple, params)), X), before)
    for on, value in zip(jax.tree.leaves(domain), jax.tree.leaves(params), strict=True):
        assert on.contains(value)


def sorts(f, on):
    """The symbolic reading's entries."""
    return read(trace(f, on), level=0).outputs[0].reshape(-1)


def test_values_in_a_known_order_are_sorted():
    gaps = CONE.gaps
    first, second = (
        sorts(lambda y, p=p: jnp.sort(CONE.from_gaps(y)[jnp.array(p)]), gaps) for p in ([0, 1, 2], [2, 0, 1])
    )
    assert [str(e) for e in first] == [str(e) for e in second]
    assert "order" not in " ".join(map(str, first))


def test_values_in_no_known_order_stay_opaque():
    assert "order1" in str(sorts(jnp.sort, reals(7))[1])
    assert "order1" not in str(sorts(jnp.sort, reals(3))[1])  # few are differences of maxima of sums
    assert not are_equal(jnp.sort, lambda w: w, on=(reals(3),))
    try:
        assert are_equal(jnp.sort, lambda w: w, on=(CONE,))
    except TooLargeError as error:  # pragma: no cover
        raise AssertionError("three values in order") from error
