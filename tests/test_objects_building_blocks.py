"""The objects of the building-block claims against slow, independent definitions in NumPy."""

import itertools
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from netprops import strategies as s
from netprops.domains import nearest_double
from netprops.objects import activations, angles, convolutions
from netprops.objects.building_blocks import affine, compose, square, total
from netprops.objects.pooling import Pooling
from netprops.objects.smooth import PROFILES, Segment
from netprops.readings.atoms import ATOMS
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace

RNG = np.random.default_rng(20)


def values(f, *points, domains):
    """f in floats at rows of points, nothing compiled."""
    (out,) = evaluate_batch(trace(f, *domains), list(points))
    return out


# ---------------------------------------------------------------- functions of one variable


def nodes(domain):
    lo, hi = (float(end) for end in domain.ends())
    return np.linspace(max(lo, -8.0), min(hi, 8.0), 601)[1:-1]


@pytest.mark.parametrize("row", activations.FUNCTIONS, ids=lambda row: row.name)
def test_every_row_bends_and_rises_as_it_says(row):
    x = nodes(row.domain)
    y = values(row.of, x, domains=[row.domain])
    second, first = np.diff(y, 2), np.diff(y)
    noise = 1e-12 * np.abs(y).max()
    up, down = bool((second > noise).any()), bool((second < -noise).any())
    assert (up, down) == {
        "affine": (False, False),
        "convex": (True, False),
        "concave": (False, True),
        "neither": (True, True),
    }[row.bend]
    assert row.increasing == bool((first >= -noise).all())


def test_names_are_unique_and_found():
    names = [row.name for row in activations.FUNCTIONS]
    assert len(set(names)) == len(names)
    assert activations.scalar("relu").of is jax.nn.relu
    with pytest.raises(KeyError, match="there are"):
        activations.scalar("rely")


# Functions that are one primitive from JAX 0.12 on; their rows hold under any version.
OF_LATER_JAX = {"log2", "one_minus_square"}


def test_every_bent_atom_of_the_readings_is_a_row():
    """A smooth atom whose second derivative has one sign must not be forgotten by the claim on tangents."""
    rows = {name for row in activations.FUNCTIONS for name in primitives(row.of)}
    bent = [atom.name for atom in ATOMS.values() if bends_one_way(atom)]
    assert {"exp", "log", "cosh", "lgamma"} <= set(bent) <= rows | OF_LATER_JAX


def bends_one_way(atom):
    lo = -6.0 if atom.domain.lo is None else nearest_double(atom.domain.lo)
    hi = 6.0 if atom.domain.hi is None else nearest_double(atom.domain.hi)
    grid = [arb(x) for x in np.linspace(lo, hi, 61)[1:-1].tolist()]
    derivatives = [(atom.first(x, atom.value(x)), atom.second(x, atom.value(x))) for x in grid]
    smooth = all(first.is_finite() for first, _ in derivatives)
    signs = {1 if second > 0 else -1 for _, second in derivatives if second > 0 or second < 0}
    return smooth and len(signs) == 1


def primitives(f):
    def walk(jaxpr):
        for eqn in jaxpr.eqns:
            yield eqn.primitive.name
            for value in eqn.params.values():
                inner = getattr(value, "jaxpr", value)
                if hasattr(inner, "eqns"):
                    yield from walk(inner)

    return set(walk(jax.make_jaxpr(f)(np.float64(1)).jaxpr))


# ---------------------------------------------------------------- the grammar


def points(n, count):
    return np.concatenate([RNG.integers(-3, 4, (count, n)) / 2.0, RNG.normal(size=(count, n))])


@settings(max_examples=60)
@given(f=st.one_of(s.convex_functions(2), s.convex_functions(2, increasing=True), s.compositions(2)))
def test_drawn_functions_are_convex_and_lie_above_their_tangents(f):
    x, y = points(2, 40), RNG.permutation(points(2, 40))
    at = lambda z: values(f, z, domains=[f.domain])  # noqa: E731
    ends = (at(x) + at(y)) / 2
    size = 1e-9 * (1 + np.abs(at(x)) + np.abs(at(y)))
    assert (at((x + y) / 2) <= ends + size)[np.isfinite(ends)].all()
    gap = values(f.above_tangent, y, x, domains=[f.domain, f.domain])
    assert (gap >= -1e3 * size)[np.isfinite(gap)].all()
    if f.increasing:
        assert (at(x + np.abs(y)) >= at(x) - size)[np.isfinite(ends)].all()


def test_what_the_rules_refuse():
    with pytest.raises(ValueError, match="weights"):
        total([1.0, -1.0], [square(np.ones(1), 0), square(np.ones(1), 1)])
    with pytest.raises(ValueError, match="known to increase"):
        compose(square(np.ones(1), 0), [affine(np.ones(1), 0)])
    with pytest.raises(ValueError, match="arguments"):
        compose(affine(np.ones(2), 0), [affine(np.ones(1), 0)])


def test_a_function_is_printed_as_it_was_made():
    assert repr(total([0.5, 2.0], [square(np.array([1.0, 0.0]), 3), affine(np.array([0.0, -1.0]), 0)])) == (
        "0.5 ((1 x0 + 3)^2) + 2 (-1 x1)"
    )


# ---------------------------------------------------------------- quadratic forms


@given(form=s.quadratic_forms(having=(1, -1)))
def test_directions_have_their_sign(form):
    for sign in (1, -1):
        v = form.direction(sign)
        assert np.sign(v @ form.matrix @ v) == sign
    assert np.array_equal(form.inverse @ form.congruence, np.eye(len(form.diagonal)))


@given(form=s.quadratic_forms(signs=(1, 0)))
def test_a_direction_that_is_not_there(form):
    with pytest.raises(ValueError, match="no direction"):
        form.direction(-1)


# ---------------------------------------------------------------- convolutions and pooling


@given(n=s.sizes(1, 5), data=st.data())
def test_circular_convolutions_are_the_sum(n, data):
    h, x = data.draw(s.arrays(data.draw(s.sizes(1, n)))), data.draw(s.arrays(n))
    expected = [sum(h[j] * x[(i - j) % n] for j in range(len(h))) for i in range(n)]
    for convolve in convolutions.CIRCULAR.values():
        assert np.array_equal(np.asarray(convolve(h, x)), expected)


@given(n=s.sizes(1, 5), data=st.data())
def test_valid_convolution(n, data):
    h, x = data.draw(s.arrays(data.draw(s.sizes(1, n)))), data.draw(s.arrays(n))
    assert np.array_equal(np.asarray(convolutions.valid(h, x)), np.convolve(x, h, mode="valid"))


def test_invertible_circulants():
    assert convolutions.circulant_is_invertible([1], 4)
    assert convolutions.circulant_is_invertible([0, 2], 3)
    assert not convolutions.circulant_is_invertible([1, -1], 5)
    assert not convolutions.circulant_is_invertible([1, 1], 4)
    assert convolutions.circulant_is_invertible([1, 1], 3)
    for kernel in itertools.product((-1, 0, 2), repeat=3):
        eigenvalues = np.fft.fft(kernel)
        assert convolutions.circulant_is_invertible(kernel, 3) == (np.abs(eigenvalues).min() > 1e-9)


@given(pool=s.poolings(), data=st.data())
def test_pooling_sees_what_it_covers(pool, data):
    x = data.draw(s.arrays(pool.size))
    largest, smallest, average = (
        values(f, x[None], domains=[pool.domain])[0] for f in (pool.largest, pool.smallest, pool.average)
    )
    for out, covered in pool.covered().items():
        seen = [x[place] for place in covered]
        assert (largest[out], smallest[out]) == (max(seen), min(seen))
        assert average[out] == pytest.approx(sum(seen) / np.prod(pool.window))
    assert len(pool.covered()) == largest.size


@pytest.mark.parametrize(
    ("padding", "why"), [(((0, 2),), "padding alone"), (((2, 0),), "padding alone"), (((0, -2),), "no window")]
)
def test_windows_that_see_nothing(padding, why):
    with pytest.raises(ValueError, match=why):
        Pooling((2,), (2,), (1,), padding)


# ---------------------------------------------------------------- smooth functions


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_profiles_and_their_second_derivatives(profile):
    for t in (0.25, 1.0, 2.5) if profile.positive_only else (-2.5, -0.25, 0.0, 1.0):
        assert float(profile.traced(jnp.float64(t))) == pytest.approx(profile.value(t), abs=1e-12)
        assert float(mpmath.diff(lambda u: mp_profile(profile, u), t, 2)) == pytest.approx(profile.second(t), abs=1e-6)


def mp_profile(profile, t):
    sigmoid = lambda u: 1 / (1 + mpmath.exp(-u))  # noqa: E731
    return {
        "square": lambda u: u**2,
        "cube": lambda u: u**3,
        "sin": mpmath.sin,
        "tanh": mpmath.tanh,
        "sigmoid": sigmoid,
        "softplus": lambda u: mpmath.log(1 + mpmath.exp(u)),
        "exp": mpmath.exp,
        "log(1 + t^2)": lambda u: mpmath.log(1 + u**2),
        "log": mpmath.log,
        "sqrt": mpmath.sqrt,
        "reciprocal": lambda u: 1 / u,
    }[profile.name](t)


@given(bulge=s.bulging_segments())
def test_halves_bulge_no_less(bulge):
    first, second = itertools.islice(bulge.halves(), 2)
    assert first is bulge
    assert second.f.bulge(second.a, second.b) >= bulge.f.bulge(bulge.a, bulge.b) * (1 - 1e-6) - 1e-6
    assert np.array_equal(2 * second.along, bulge.along)
    assert (-bulge.f).bulge(bulge.a, bulge.b) == pytest.approx(-bulge.f.bulge(bulge.a, bulge.b))


@given(bend=s.downward_bends())
def test_shrinking_segments(bend):
    for k, short in enumerate(bend.shrinking(4)):
        assert isinstance(short, Segment)
        assert np.array_equal(short.middle, bend.middle)
        assert np.array_equal(short.along * 2**k, bend.along)


# ---------------------------------------------------------------- angles


@given(k=st.integers(-(10**6), 10**6))
def test_peaks_are_enclosed(k):
    interval = angles.around_peak(k).interval(0)
    with mpmath.workdps(60):
        peak = mpmath.pi / 2 + k * mpmath.pi
        lo, hi = (mpmath.mpf(int(end.p)) / int(end.q) for end in (interval.lo, interval.hi))
        assert lo < peak < hi
        assert abs(angles.near_peak(k) - peak) < 1e-9 * (1 + abs(peak))


def test_too_narrow_an_enclosure():
    with pytest.raises(ValueError, match="too wide"):
        angles.around_peak(0, Fraction(1, 2**200))
