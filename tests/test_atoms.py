"""Every row of the table of functions, against mpmath at 80 digits: values, both derivatives, wide balls, domains."""

from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from netprops.domains import Interval
from netprops.readings.atoms import ATOMS, NAN, ball, cube_root, hull, outside, power, tanh, within
from netprops.readings.balls import precision_of

DIGITS = 80
BITS = 256

ORACLES = {
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.power(2, x),
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log(1 + x),
    "log2": lambda x: mpmath.log(x, 2),
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "asinh": mpmath.asinh,
    "acosh": mpmath.acosh,
    "atanh": mpmath.atanh,
    "sqrt": mpmath.sqrt,
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "erf_inv": mpmath.erfinv,
    "lgamma": mpmath.loggamma,
    "digamma": mpmath.digamma,
    "bessel_i0e": lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(0, x),
    "bessel_i1e": lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(1, x),
    "square": lambda x: x * x,
    "one_minus_square": lambda x: 1 - x * x,
    "neg": lambda x: -x,
}

KINKED_AT_ZERO = {"cbrt", "bessel_i0e", "bessel_i1e"}

FEW = 6  # points for each row


def mp(x):
    """The exact number that is the midpoint, or a rational, in mpmath."""
    if isinstance(x, arb):
        x = x.fmpq()
        return mpmath.mpf(int(x.p)) / int(x.q)
    return mpmath.mpf(x.numerator) / x.denominator


def holds(y, number, slack):
    """Whether the ball contains the number, which mpmath knows up to a relative error of `slack`."""
    around = slack * (1 + abs(number))
    return y.is_finite() and mp(y.lower()) - around <= number <= mp(y.upper()) + around


def inner(atom, lo=-5, hi=5):
    """Dyadic numbers in the interior of the domain, away from its ends by more than mpmath's difference steps."""
    low = lo if atom.domain.lo is None else int(atom.domain.lo.p)
    high = hi if atom.domain.hi is None else int(atom.domain.hi.p)
    numbers = st.integers(1, 2**12 - 1).map(lambda k: low + (high - low) * Fraction(k, 2**12))
    return numbers.filter(bool) if atom.name in KINKED_AT_ZERO else numbers


def check_row(atom, oracle, x):
    """The value and the derivatives at an exact point, enclosed and sharp."""
    with mpmath.workdps(DIGITS), precision_of(BITS):
        point = ball(fmpq(x.numerator, x.denominator))
        y = atom(point)
        for order, got in enumerate((y, *atom.derivatives(point, y))):
            expected = mpmath.diff(oracle, mp(x), order) if order else oracle(mp(x))
            assert holds(got, expected.real, mpmath.mpf(10) ** (-45 if order == 0 else -30)), (atom.name, order, x)
            assert mp(got.upper()) - mp(got.lower()) <= mpmath.mpf(10) ** -55 * (1 + abs(expected)), (atom.name, order)


def test_every_row_has_an_oracle():
    assert set(ORACLES) == set(ATOMS)
    assert all(name == atom.name for name, atom in ATOMS.items())


@pytest.mark.parametrize("name", ATOMS)
def test_values_and_derivatives(name):
    atom = ATOMS[name]

    @given(st.lists(inner(atom), min_size=1, max_size=FEW))
    def check(xs):
        for x in xs:
            check_row(atom, ORACLES[name], x)

    check()


@pytest.mark.parametrize("name", ATOMS)
def test_wide_balls_contain_every_value(name):
    atom, oracle = ATOMS[name], ORACLES[name]

    @given(centre=inner(atom), exponent=st.integers(-20, 2), places=st.lists(st.integers(-8, 8), max_size=4))
    def check(centre, exponent, places):
        radius = Fraction(2) ** exponent
        with precision_of(64), mpmath.workdps(40):
            x = arb(ball(fmpq(centre.numerator, centre.denominator)), ball(fmpq(radius.numerator, radius.denominator)))
            y = atom(x)
            first, second = atom.derivatives(x, y)
            for place in places:
                t = mp(centre + radius * Fraction(place, 8))
                if y.is_finite():
                    assert holds(y, oracle(t).real, mpmath.mpf(10) ** -30)
                for order, derivative in ((1, first), (2, second)):
                    if derivative.is_finite():
                        with mpmath.workdps(DIGITS):
                            assert holds(derivative, mpmath.diff(oracle, t, order).real, mpmath.mpf(10) ** -12)

    check()


@pytest.mark.parametrize("name", [name for name, atom in ATOMS.items() if atom.domain != Interval()])
def test_nothing_is_known_outside_the_domain(name):
    atom = ATOMS[name]
    for end, outwards, is_open in (
        (atom.domain.lo, -1, atom.domain.lo_open),
        (atom.domain.hi, 1, atom.domain.hi_open),
    ):
        if end is None:
            continue
        beyond, at, across = ball(end + outwards * fmpq(1, 8)), ball(end), arb(ball(end), 0.125)
        assert atom(beyond).is_nan()
        assert outside(beyond, atom.domain)
        assert not within(beyond, atom.domain)
        assert atom(across).is_nan()
        assert not outside(across, atom.domain)
        assert atom(at).is_finite() is (not is_open)
        for x in (beyond, at, across):
            assert all(d.is_nan() for d in atom.derivatives(x, atom(x)))


@pytest.mark.parametrize("name", sorted(KINKED_AT_ZERO))
def test_no_second_derivative_where_there_is_none(name):
    atom = ATOMS[name]
    for x in (arb(0), arb(0, 0.5)):
        assert atom(x).is_finite()
        assert not atom.derivatives(x, atom(x))[1].is_finite()


@pytest.mark.parametrize("name", ATOMS)
def test_of_nothing_known_nothing_is_known(name):
    atom = ATOMS[name]
    assert not atom(arb("nan")).is_finite()
    constant = name in ("square", "neg", "one_minus_square")  # some derivative is
    assert constant or not any(d.is_finite() for d in atom.derivatives(arb("nan"), arb("nan")))
    atom(arb(0, arb("inf")))


def test_a_pole_inside_a_ball_is_unknown():
    assert ATOMS["tan"](arb(1.5, 0.2)).is_nan()


@pytest.mark.parametrize("field", ["value", "first", "second"])
def test_a_row_that_is_wrong_on_purpose_is_found(field):
    right = getattr(ATOMS["tanh"], field)
    wrong = replace(ATOMS["tanh"], **{field: lambda *xs: right(*xs) * (1 + arb(2) ** -64)})
    check_row(ATOMS["tanh"], ORACLES["tanh"], Fraction(3, 4))
    with pytest.raises(AssertionError):
        check_row(wrong, ORACLES["tanh"], Fraction(3, 4))


def test_a_row_with_the_wrong_domain_is_found():
    wrong = replace(ATOMS["log"], domain=Interval(fmpq(1), None))
    with pytest.raises(AssertionError):
        check_row(wrong, ORACLES["log"], Fraction(1, 2))


# ------------------------------------------------------------------ balls and powers


@given(st.integers(-(2**80), 2**80), st.integers(0, 200))
def test_dyadic_numbers_are_exact(numerator, exponent):
    with precision_of(53):
        x = ball(fmpq(numerator, 2**exponent))
    assert x.is_exact()
    assert x.fmpq() == fmpq(numerator, 2**exponent)


@given(st.integers(-100, 100), st.integers(1, 100))
def test_other_numbers_are_enclosed(p, q):
    assert ball(fmpq(p, q)).contains(fmpq(p, q))


@given(st.integers(-40, 40), st.integers(0, 40), st.integers(-5, 9), st.integers(-4, 4))
def test_powers_of_balls(middle, radius, n, place):
    x = arb(ball(fmpq(middle, 8)), ball(fmpq(radius, 8)))
    y = power(x, n)
    t = fmpq(middle, 8) + fmpq(radius * place, 32)
    if n < 0 and x.contains(0):
        assert y.is_nan()
        return
    assert y.is_finite()
    assert y.contains(t**n)


def test_an_even_power_of_a_ball_around_zero_is_not_negative():
    square = power(arb(0, 1), 2)
    assert square > -1e-8
    assert square < 1.0001


def test_the_zeroth_power_of_nothing_known_is_not_one():
    assert power(arb("nan"), 0).is_nan()
    assert power(arb(0), 0) == 1


def test_hulls():
    assert hull(arb(1), arb(-3)).contains(arb(-1, 2))
    assert hull(arb(1), arb("inf")).is_nan()
    assert hull(arb(1), arb("nan")).is_nan()


def test_cube_roots_of_balls_around_zero():
    assert cube_root(arb(0, 8)).contains(arb(0, 2))
    assert cube_root(arb(-27)).contains(-3)


@pytest.mark.parametrize("bits", [53, 64, 400])
def test_a_quick_look_at_the_width_changes_no_enclosure(bits):
    rng = np.random.default_rng(5)
    balls = [arb(0), NAN, arb(0, "inf"), arb(3), arb(0, 1)]
    with precision_of(bits):
        for size, width in rng.uniform((-30, -45), (30, 10), (2000, 2)):
            x = arb(2.0**size, 2.0 ** (size + width))
            balls += [x, -x]
        for x in balls:
            wide = x.is_finite() and x.rad() > 0.0625
            plain = hull(x.lower().tanh(), x.upper().tanh()) if wide else x.tanh()
            assert tanh(x).is_nan() if plain.is_nan() else plain.contains(tanh(x))
            if x.is_finite():
                narrow = x.is_exact() or 16 * x.rad() < abs(x.mid())
                plain = x * x * x if narrow else hull(*(end * end * end for end in (x.lower(), x.upper())))
                cube = power(x, 3)
                assert (cube.mid(), cube.rad()) == (plain.mid(), plain.rad())
