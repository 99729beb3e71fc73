"""The prover for functions of one affine form: what it proves, what it must refuse, and exact decisions beside it."""

from fractions import Fraction
from itertools import pairwise

import jax
import jax.numpy as jnp
import mpmath
import pytest
from flint import arb, fmpq, fmpq_poly
from hypothesis import assume, given
from hypothesis import strategies as st
from normal_forms import (
    CLOSE,
    DIGITS,
    REAL,
    Digits,
    domains,
    fraction,
    normal_forms_of,
    numbers_of,
    points_of,
    steps_of,
)

from netprops.domains import Interval, box, nonnegative, positive, reals
from netprops.exact.polynomials_1d import sign_on
from netprops.readings import taylor
from netprops.readings.curvature import Calculus
from netprops.readings.jaxpr import trace
from netprops.readings.one_dimension import convex_in_one_form
from netprops.readings.polynomials import Table, Truth
from netprops.readings.symbols import read


def proves(f, *on):
    """Whether the calculus proves f convex in its first argument, without side conditions, at any level."""
    for level in (0, 1):
        symbols = read(trace(f, *on), level=level)
        (e,) = symbols.outputs[0].reshape(-1)
        if not e.needs and Calculus(symbols.table, symbols.mask([0])).convex(e):
            return True
    return False


HALF = 0.5
CONVEX = {
    "Huber by where": lambda x: jnp.where(jnp.abs(x) <= 1, HALF * x * x, jnp.abs(x) - HALF),
    "Huber by clipping": lambda x: HALF * jnp.minimum(jnp.abs(x), 1) ** 2 + jnp.abs(x) - jnp.minimum(jnp.abs(x), 1),
    "Huber of a quarter": lambda x: jnp.where(jnp.abs(x) <= 0.25, HALF * x * x, 0.25 * jnp.abs(x) - 0.03125),
    "quantile": lambda x: jnp.maximum(0.3 * x, (0.3 - 1) * x),
    "squared hinge": lambda x: jnp.maximum(0.0, 1 - x) ** 2,
    "cubed hinge": lambda x: jax.nn.relu(1 - x) ** 3,
    "hinge": lambda x: jax.nn.relu(1 - x),
    "leaky relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "elu of a half": lambda x: jax.nn.elu(x, 0.5),
    "smooth hinge": lambda x: jnp.where(x >= 1, 0.0, jnp.where(x <= 0, HALF - x, HALF * (1 - x) ** 2)),
    "celu": jax.nn.celu,
    "squareplus": jax.nn.squareplus,
    "softplus": jax.nn.softplus,
    "dead zone": lambda x: jax.nn.relu(jnp.abs(x) - 1),
    "a choice that is no choice": lambda x: jnp.where(x < 0, -x, x),
    "a wiggle just outweighed": lambda x: x * x + 2 * jnp.sin(x),
    "three kinks": lambda x: jnp.abs(x) + jnp.abs(x - 1) + jnp.abs(x + 1),
}
NOT_CONVEX = {
    "relu6": jax.nn.relu6,
    "hard tanh": jax.nn.hard_tanh,
    "hard sigmoid": jax.nn.hard_sigmoid,
    "selu": jax.nn.selu,
    "elu of two": lambda x: jax.nn.elu(x, 2.0),
    "celu, concave below": lambda x: -jax.nn.celu(-x),
    "step": lambda x: jnp.where(x < 0, 0.0, 1.0),
    "step by comparison": lambda x: (x < 0).astype(float),
    "a lone point below": lambda x: (x < 0).astype(float) - (x <= 0).astype(float),
    "a lone point above": lambda x: (x <= 0).astype(float) - (x < 0).astype(float),
    "a lone point by equality": lambda x: jnp.where(x == 0, -1.0, x * x),
    "a lone point above by equality": lambda x: jnp.where(x == 0, 1.0, x * x),
    "kink downward": lambda x: x * x - jnp.abs(x),
    "a downward kink far out": lambda x: x * x - 1e-12 * jnp.abs(x - 1000),
    "a gap of one ulp": lambda x: jnp.where(jnp.abs(x) <= 1.345, HALF * x * x, 1.345 * jnp.abs(x) - HALF * 1.345**2),
    "a tiny jump": lambda x: jnp.where(x < 0, -x, x + 1e-300),
    "an irrational downward kink": lambda x: x**2 - jnp.abs(x**2 - 2),
    "smallest": lambda x: jnp.minimum(x, 0.0),
    "tanh": jnp.tanh,
    "silu": jax.nn.silu,
    "floor": jnp.floor,
    "sign": lambda x: jnp.sign(x),
    "wiggle": lambda x: x * x + 2.0001 * jnp.sin(x),
    "a cube": lambda x: x**3,
    "nearly a parabola": lambda x: x**4 - 1e-9 * x**2,
}


@pytest.mark.parametrize("name", CONVEX)
def test_it_proves(name):
    assert proves(CONVEX[name], reals())


@pytest.mark.parametrize("name", CONVEX)
def test_it_proves_along_any_affine_form_with_parameters(name):
    assert name in ("squareplus",) or proves(lambda w, x: CONVEX[name](w @ x - 3.0), reals(2), reals(2))


@pytest.mark.parametrize("name", NOT_CONVEX)
def test_it_refuses(name):
    assert not proves(NOT_CONVEX[name], reals())
    assert not proves(lambda w, x: NOT_CONVEX[name](w @ x - 3.0), reals(2), reals(2))


@pytest.mark.parametrize("name", CONVEX)
def test_it_refuses_the_negative_of_what_is_convex(name):
    assert not proves(lambda x: -CONVEX[name](x), reals())


ENDS = {
    "a drop at a closed end": (lambda x: jnp.where(x <= 0, -1.0, x), box(0, 1)),
    "a drop at the upper end": (lambda x: jnp.where(x >= 1, -1.0, x * x), box(0, 1)),
    "a drop at an end by equality": (lambda x: jnp.where(x == 0, -1.0, x * x), nonnegative()),
    "a root": (jnp.sqrt, nonnegative()),
    "minus a square on a ray": (lambda x: -x * x, positive()),
    "relu6 on a box with its kink inside": (jax.nn.relu6, box(5, 7)),
}


@pytest.mark.parametrize("name", ENDS)
def test_it_refuses_on_other_domains(name):
    assert not proves(*ENDS[name])


def test_it_proves_on_domains_where_the_wrong_part_is_left_out():
    assert proves(jax.nn.relu6, box(-5, 6))
    assert proves(jax.nn.selu, nonnegative())
    assert proves(lambda x: x**3, nonnegative())
    assert proves(lambda x: jnp.where(x == 0, -1.0, x * x), positive())
    assert proves(jnp.sin, box(-3, 0))


# ------------------------------------------------------------------ piecewise polynomials, decided exactly


def is_convex(pieces, cuts):
    """The exact answer for one polynomial a piece: second derivatives, values and slopes at the cuts."""
    ends = [None, *cuts, None]
    for p, (lo, hi) in zip(pieces, pairwise(ends), strict=True):
        if sign_on(p.derivative().derivative(), lo, hi).negative:
            return False
    for left, right, x in zip(pieces, pieces[1:], cuts, strict=False):
        if left(x) != right(x) or left.derivative()(x) > right.derivative()(x):
            return False
    return True


small = st.integers(-2, 2).map(fmpq)
halves = st.integers(-4, 4).map(lambda n: fmpq(n, 2))


@st.composite
def piecewise(draw):
    """Polynomials between cuts, often glued to be continuous, with rising or falling slopes."""
    cuts = sorted(set(draw(st.lists(halves, min_size=1, max_size=3))))
    pieces = [fmpq_poly(draw(st.lists(small, min_size=1, max_size=4)))]
    for x in cuts:
        bend, rise = draw(st.integers(-1, 3)), draw(st.sampled_from([0, 1, 2, -1]))
        jump = draw(st.sampled_from([0, 0, 0, 0, 0, 1, -1]))
        shift = fmpq_poly([-x, 1])
        pieces.append(pieces[-1] + rise * shift + bend * shift**2 + jump)
    return pieces, cuts


def built(table, t, pieces, cuts, strict):
    """The function as nested choices, each by < or <=."""

    def polynomial(p):
        powers = [table.scale(table.power(t, k), p[k]) for k in range(1, p.degree() + 1)]
        return table.add_all([table.number(p[0]), *powers])

    total = polynomial(pieces[-1])
    for p, x, is_strict in reversed(list(zip(pieces, cuts, strict, strict=False))):
        below = Truth("lt" if is_strict else "le", table.subtract(t, table.number(x)))
        total = table.choose(below, total, polynomial(p))
    return total


@given(piecewise(), st.lists(st.booleans(), min_size=3, max_size=3), st.integers(0, 2))
def test_piecewise_polynomials_are_proved_only_if_convex(drawn, strict, level):
    pieces, cuts = drawn
    table = Table(level=level)
    t = table.variable("t", Interval())
    e = built(table, t, pieces, cuts, strict)
    proved = convex_in_one_form(table, e, t) is not None
    convex = is_convex(pieces, cuts)
    assert convex or not proved
    assert proved or not convex or max(p.degree() for p in pieces) > 2  # quadratic pieces are all decided


@given(piecewise(), st.lists(st.booleans(), min_size=3, max_size=3), st.integers(0, 3), st.integers(1, 4))
def test_an_isolated_jump_is_never_overlooked(drawn, strict, where, size):
    pieces, cuts = drawn
    table = Table()
    t = table.variable("t", Interval())
    x = cuts[min(where, len(cuts) - 1)]
    at = Truth("eq", table.subtract(t, table.number(x)))
    e, dent = built(table, t, pieces, cuts, strict), table.choose(at, table.number(0), table.number(size))
    bumped, dented = table.add(e, dent), table.subtract(e, dent)
    # At a cut where the pieces jump, the value there may be either's: then the bump may be anything but convex anyway.
    continuous = all(p(c) == q(c) for p, q, c in zip(pieces, pieces[1:], cuts, strict=False))
    assert convex_in_one_form(table, bumped, t) is None or not continuous
    assert convex_in_one_form(table, dented, t) is None or not continuous


@given(st.data(), domains(), st.integers(0, 2))
def test_whatever_is_proved_convex_lies_below_its_chords(data, domain, level):
    steps = data.draw(steps_of(1, REAL))
    a, c = (data.draw(points_of([domain]))[0] for _ in range(2))
    assume(a != c)
    middle = a + data.draw(st.sampled_from([fmpq(1, 2), fmpq(1, 100), fmpq(3, 4)])) * (c - a)
    table, forms = normal_forms_of(steps, [domain], level)
    for i, e in enumerate(forms):
        if e.constant() is None and not e.needs and convex_in_one_form(table, e, forms[0]):
            with mpmath.workdps(DIGITS):
                left, here, right = (numbers_of(steps, [x], Digits)[i] for x in (a, middle, c))
                if any(isinstance(y, Exception) for y in (left, here, right)):
                    continue
                s = Digits.number((middle - a) / (c - a))
                chord = (1 - s) * left + s * right
                assert here <= chord + CLOSE * (1 + abs(left) + abs(right)), f"{e} at {a}, {middle}, {c}"


def test_the_exact_decision_sees_what_is_wrong():
    x, one = fmpq_poly([0, 1]), fmpq_poly([1])
    assert is_convex([-x, x], [fmpq(0)])
    assert not is_convex([x, -x], [fmpq(0)])
    assert not is_convex([x, x + one], [fmpq(0)])
    assert not is_convex([x**3], [])
    assert fraction(fmpq(1, 2)) == Fraction(1, 2)


@pytest.mark.parametrize(("middle", "radius"), [(0.25, 0.5), (-3, 2), (35.3, 2.2), (200, 30)])
def test_bessel_functions_of_wide_balls_are_enclosed_at_once(middle, radius):
    """Arb sums them over such balls for so long (seconds for one series) that a proof by parts would not end."""
    wide = arb(middle, radius)
    for n in range(12):
        found = taylor._bessel(wide, n)
        inside = [arb(middle + radius * k / 16).bessel_i(n) for k in range(-16, 17)]
        assert all(found.contains(x.mid()) for x in inside)
        ends = max(abs(float(inside[0])), abs(float(inside[-1])))
        assert float(found.rad()) <= 0.5001 * (ends - min(map(float, inside))) + 1e-9 * ends  # as tight as can be


def test_the_series_of_asinh_of_nothing_is_nothing_and_ends():
    with taylor._working(3):
        (value, *_) = [taylor._asinh(taylor._nowhere())[k] for k in range(3)]
    assert value.is_nan()
