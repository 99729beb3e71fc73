"""Elementary functions and JAX's primitives in three independent readings: JAX, NumPy's long doubles, mpmath.

The table OPERATIONS is what random functions are made of (tests/compositions.py); it reaches every primitive that the
project has a rule for (tests/campaign.py counts).
"""

import itertools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import scipy.special
from jax.interpreters import ad

from netprops import opaque

EXTENDED = np.longdouble


@dataclass(frozen=True)
class Operation:
    """One function in three readings.

    `weight` is how often it is drawn; `wants` the sign its arguments should have; `numbers` are the choices for each of
    the numbers that follow its operands.
    """

    jax: object
    numpy: object
    mpmath: object
    arity: int = 1
    weight: float = 2
    wants: str = "any"
    numbers: tuple[tuple[float, ...], ...] = ()


def _undefined(*_):
    raise ValueError("undefined")


TAME = 2000  # mpmath has no largest number: arguments of exponentials beyond are not looked at


TAILS = 60  # of a normal distribution: beyond, thousands of digits do not tell 1 + erf(x) from 0


def _tamed(function, most=TAME):
    def tamed(x):
        if abs(x) > most:
            raise OverflowError(x)
        return function(x)

    return tamed


_exp, _expm1 = _tamed(mp.exp), _tamed(mp.expm1)


def _np_log(x):
    return np.where(x > 0, np.log(np.where(x > 0, x, 1)), np.nan)


def _np_power(k):
    whole = float(k).is_integer()

    def power(x):
        if whole:
            return x ** int(k)
        return np.where((x > 0) | ((x == 0) & (k > 0)), np.abs(x) ** EXTENDED(k), np.nan)

    return power


def _mp_power(k):
    whole = float(k).is_integer()

    def power(x):
        if whole:
            return x ** int(k)
        return x ** mp.mpf(k) if x > 0 or (x == 0 and k > 0) else _undefined()

    return power


def _np_logistic(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def _np_softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _np_logsumexp(*xs):
    top = np.maximum.reduce(xs)
    return top + np.log(sum(np.exp(x - top) for x in xs))


def _mp_logsumexp(*xs):
    top = max(xs)
    return top + mp.log(mp.fsum(_exp(x - top) for x in xs))


def _in_doubles(function):
    """A function that NumPy has for doubles alone."""
    return lambda x: np.asarray(function(np.asarray(x, dtype=np.float64)), dtype=EXTENDED)


_np_erf, _np_erfc = _in_doubles(scipy.special.erf), _in_doubles(scipy.special.erfc)


def _choice(condition_jax, condition):
    return (
        lambda u, a, b: jnp.where(condition_jax(u), a, b),
        lambda u, a, b: np.where(condition(u), a, b),
        lambda u, a, b: a if condition(u) else b,
    )


def _power(k, wants="any", weight=1):
    if float(k).is_integer():
        return Operation(lambda x: x ** int(k), _np_power(k), _mp_power(k), weight=weight, wants=wants)
    return Operation(lambda x: x ** float(k), _np_power(k), _mp_power(k), weight=weight, wants=wants)


OPERATIONS = {
    "add": Operation(lambda a, b: a + b, lambda a, b: a + b, lambda a, b: a + b, 2, 14),
    "sub": Operation(lambda a, b: a - b, lambda a, b: a - b, lambda a, b: a - b, 2, 6),
    "mul": Operation(lambda a, b: a * b, lambda a, b: a * b, lambda a, b: a * b, 2, 6),
    "div": Operation(lambda a, b: a / b, lambda a, b: a / b, lambda a, b: a / b, 2, 2, "nonzero last"),
    "max": Operation(jnp.maximum, np.maximum, max, 2, 5),
    "min": Operation(jnp.minimum, np.minimum, min, 2, 3),
    "neg": Operation(lambda x: -x, lambda x: -x, lambda x: -x, weight=3),
    "abs": Operation(jnp.abs, np.abs, abs, weight=3),
    "relu": Operation(jax.nn.relu, lambda x: np.maximum(x, 0), lambda x: max(x, mp.mpf(0)), weight=3),
    "exp": Operation(jnp.exp, np.exp, _exp, weight=5),
    "expm1": Operation(jnp.expm1, np.expm1, _expm1, weight=1),
    "log": Operation(jnp.log, _np_log, lambda x: mp.log(x) if x > 0 else _undefined(), weight=4, wants="positive"),
    "log1p": Operation(
        jnp.log1p, lambda x: np.where(x > -1, np.log1p(np.where(x > -1, x, 0)), np.nan),
        lambda x: mp.log(1 + x) if x > -1 else _undefined(), weight=1, wants="nonnegative",
    ),
    "sqrt": Operation(
        jnp.sqrt, lambda x: np.where(x >= 0, np.sqrt(np.abs(x)), np.nan),
        lambda x: mp.sqrt(x) if x >= 0 else _undefined(), weight=3, wants="nonnegative",
    ),
    "square": Operation(jnp.square, np.square, lambda x: x * x, weight=5),
    "cube": _power(3, weight=2),
    "fourth": _power(4),
    "inverse": _power(-1, "positive", 2),
    "inverse square": _power(-2, "nonzero"),
    "inverse root": _power(-0.5, "positive"),
    "power 1.5": _power(1.5, "nonnegative"),
    "power 0.3": _power(0.3, "nonnegative"),
    "softplus": Operation(
        jax.nn.softplus, _np_softplus, lambda x: max(x, mp.mpf(0)) + mp.log1p(_exp(-abs(x))), weight=4,
    ),
    "logistic": Operation(
        jax.nn.sigmoid, _np_logistic, lambda x: 1 / (1 + _exp(-x)), weight=3
    ),
    "log sigmoid": Operation(
        jax.nn.log_sigmoid, lambda x: -_np_softplus(-x), lambda x: -(max(-x, mp.mpf(0)) + mp.log1p(_exp(-abs(x)))),
        weight=1,
    ),
    "tanh": Operation(jnp.tanh, np.tanh, _tamed(mp.tanh)),
    "sin": Operation(jnp.sin, np.sin, _tamed(mp.sin), weight=1),
    "cos": Operation(jnp.cos, np.cos, _tamed(mp.cos), weight=1),
    "atan": Operation(jnp.arctan, np.arctan, mp.atan, weight=1),
    "asinh": Operation(jnp.arcsinh, np.arcsinh, mp.asinh, weight=1),
    "cosh": Operation(jnp.cosh, np.cosh, _tamed(mp.cosh), weight=1),
    "sinh": Operation(jnp.sinh, np.sinh, _tamed(mp.sinh), weight=1),
    "erf": Operation(jax.lax.erf, _np_erf, _tamed(mp.erf, TAILS), weight=1),
    "cbrt": Operation(jnp.cbrt, np.cbrt, lambda x: mp.sign(x) * mp.cbrt(abs(x)), weight=1),
    "sign": Operation(jnp.sign, np.sign, mp.sign, weight=1),
    "floor": Operation(jnp.floor, np.floor, mp.floor, weight=1),
    "leaky relu": Operation(
        lambda x: jax.nn.leaky_relu(x, 0.25), lambda x: np.where(x >= 0, x, EXTENDED(0.25) * x),
        lambda x: x if x >= 0 else x / 4, weight=1,
    ),
    "relu6": Operation(
        lambda x: jnp.minimum(jnp.maximum(x, 0.0), 6.0), lambda x: np.clip(x, 0, 6),
        lambda x: min(max(x, mp.mpf(0)), mp.mpf(6)), weight=1,
    ),
    "elu": Operation(
        lambda x: jax.nn.elu(x, 2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0))),
        lambda x: x if x > 0 else 2 * _expm1(x), weight=1,
    ),
    "huber": Operation(
        lambda x: jnp.where(jnp.abs(x) <= 1, 0.5 * x * x, jnp.abs(x) - 0.5),
        lambda x: np.where(np.abs(x) <= 1, x * x / 2, np.abs(x) - EXTENDED(0.5)),
        lambda x: x * x / 2 if abs(x) <= 1 else abs(x) - mp.mpf(0.5), weight=1,
    ),
    "silu": Operation(
        jax.nn.silu, lambda x: x * _np_logistic(x), lambda x: x / (1 + _exp(-x)),
        weight=1,
    ),
    "selected": Operation(
        lambda u, a, b, c: jnp.select([u < 0, u < 1], [a, b], c),
        lambda u, a, b, c: np.where(u < 0, a, np.where(u < 1, b, c)),
        lambda u, a, b, c: a if u < 0 else b if u < 1 else c,
        arity=4, weight=1,
    ),
    "in pieces": Operation(
        lambda u, a, b: jnp.piecewise(
            u, [u < 2, u < 0], [lambda v, a, b: a, lambda v, a, b: b, lambda v, a, b: v], a, b
        ),
        lambda u, a, b: np.where(u < 0, b, np.where(u < 2, a, u)),
        lambda u, a, b: b if u < 0 else a if u < 2 else u,
        arity=3, weight=1,
    ),
    "where <": Operation(*_choice(lambda u: u < 0, lambda u: u < 0), arity=3),
    "where <=": Operation(*_choice(lambda u: u <= 1, lambda u: u <= 1), arity=3, weight=1),
    "where ==": Operation(*_choice(lambda u: u == 0, lambda u: u == 0), arity=3, weight=1),
    "logaddexp": Operation(jnp.logaddexp, _np_logsumexp, _mp_logsumexp, 2, 2),
    "logsumexp": Operation(lambda *xs: jax.nn.logsumexp(jnp.stack(xs)), _np_logsumexp, _mp_logsumexp, 3, 2),
    "norm": Operation(
        lambda a, b: jnp.sqrt(a * a + b * b), lambda a, b: np.sqrt(a * a + b * b),
        lambda a, b: mp.sqrt(a * a + b * b), 2, 2,
    ),
    "geometric mean": Operation(
        lambda a, b: jnp.sqrt(a * b), lambda a, b: np.where(a * b >= 0, np.sqrt(np.abs(a * b)), np.nan),
        lambda a, b: mp.sqrt(a * b) if a * b >= 0 else _undefined(), 2, 1, "nonnegative",
    ),
    "square over": Operation(
        lambda a, b: a * a / b, lambda a, b: a * a / b, lambda a, b: a * a / b, 2, 1, "positive last"
    ),
    "x log x": Operation(
        lambda a: a * jnp.log(a), lambda a: a * _np_log(a), lambda a: a * mp.log(a) if a > 0 else _undefined(), 1, 1,
        "positive",
    ),
    "average": Operation(
        lambda a, b: 0.25 * a + 0.75 * b, lambda a, b: (a + 3 * b) / 4, lambda a, b: (a + 3 * b) / 4, 2, 3
    ),
}  # fmt: skip


# ------------------------------------------------------------------ functions that are partly defined, and special ones


def _np_where(domain, function):
    """The function where its argument lies in the domain, else NaN."""

    def masked(x):
        inside = domain(x)
        return np.where(inside, function(np.where(inside, x, np.median(x[inside]) if inside.any() else 1)), np.nan)

    return masked


def _mp_where(domain, function):
    return lambda x: function(x) if domain(x) else _undefined()


def _partial(jax_function, numpy_function, mpmath_function, domain, wants, weight=0.5):
    return Operation(
        jax_function, _np_where(domain, numpy_function), _mp_where(domain, mpmath_function), weight=weight, wants=wants
    )


def _mp_lgamma(x):
    if x > 0:
        return mp.loggamma(x)
    return mp.log(abs(mp.gamma(x))) if x != mp.floor(x) else _undefined()


def _mp_scaled_bessel(order):
    return lambda x: mp.exp(-abs(x)) * mp.besseli(order, x)


def _mp_to_the_power(a, b):
    if a > 0:
        return _exp(b * mp.log(a))
    whole = b == mp.floor(b) and abs(b) < TAME
    if a == 0 and (b > 0 or b == 0):
        return mp.mpf(0) if b > 0 else mp.mpf(1)
    return a ** int(b) if a < 0 and whole else _undefined()


def _mp_nearest_integer(x):
    up = mp.floor(x + mp.mpf(0.5))
    return up - 1 if up - x == mp.mpf(0.5) and up % 2 else up


def _np_ndtr(x):
    return _np_erfc(-x / np.sqrt(EXTENDED(2))) / 2


def _mp_ndtr(x):
    return mp.erfc(-x * mp.sqrt(mp.mpf(1) / 2)) / 2


def _jax_ndtr(x):  # with the double nearest to the root of a half it would be another function: the root is computed
    return jax.lax.erfc(-x * jnp.sqrt(jnp.asarray(0.5))) / 2


def _np_relative_entropy(a, b):
    inside = (a > 0) & (b > 0)
    value = a * _np_log(np.where(inside, a, 1) / np.where(inside, b, 1))
    return np.where(inside, value, np.where((a == 0) & (b >= 0), EXTENDED(0), np.inf))


def _mp_relative_entropy(a, b):
    if a > 0 and b > 0:
        return a * mp.log(a / b)
    return a if a == 0 and b >= 0 else _undefined()


_np_lgamma = _in_doubles(scipy.special.gammaln)


def _jax_log_beta(a, b):  # betaln of jax.scipy.special is, from 8 on, a rational function close to it, and no more
    return jax.lax.lgamma(a) + jax.lax.lgamma(b) - jax.lax.lgamma(a + b)


def _mp_log_beta(a, b):
    if max(abs(a), abs(b)) > TAME:
        raise OverflowError(a)
    return _mp_lgamma(a) + _mp_lgamma(b) - _mp_lgamma(a + b)


KEPT = 6  # binary digits after the first one


def _jax_cut(x):
    mask = jnp.uint64(2**64 - 2 ** (52 - KEPT))
    return jax.lax.bitcast_convert_type(mask & jax.lax.bitcast_convert_type(x, jnp.uint64), jnp.float64)


def _np_cut(x):
    digits, exponent = np.frexp(x)
    return np.ldexp(np.trunc(np.ldexp(digits, KEPT + 1)), exponent - KEPT - 1)


def _mp_cut(x):
    digits, exponent = mp.frexp(x)
    whole = mp.floor(abs(digits) * 2 ** (KEPT + 1))
    return mp.sign(x) * mp.ldexp(whole, exponent - KEPT - 1)


OPERATIONS |= {
    "exp2": Operation(jnp.exp2, np.exp2, lambda x: _exp(x * mp.log(2)), weight=0.5),
    "rsqrt": _partial(jax.lax.rsqrt, lambda x: 1 / np.sqrt(x), lambda x: 1 / mp.sqrt(x), lambda x: x > 0, "positive",
        1),
    "tan": Operation(jnp.tan, np.tan, _tamed(mp.tan), weight=0.5, wants="unit"),
    "asin": _partial(jnp.arcsin, np.arcsin, mp.asin, lambda x: abs(x) <= 1, "unit"),
    "acos": _partial(jnp.arccos, np.arccos, mp.acos, lambda x: abs(x) <= 1, "unit"),
    "acosh": _partial(jnp.arccosh, np.arccosh, mp.acosh, lambda x: x >= 1, "above"),
    "atanh": _partial(jnp.arctanh, np.arctanh, mp.atanh, lambda x: abs(x) < 1, "unit"),
    "erf inverse": _partial(
        jax.lax.erf_inv, _in_doubles(scipy.special.erfinv), mp.erfinv, lambda x: abs(x) < 1, "unit"
    ),
    "erfc": Operation(jax.lax.erfc, _np_erfc, _tamed(mp.erfc, TAILS), weight=0.5),
    "log erfc": Operation(
        lambda x: jnp.log(jax.lax.erfc(x)), lambda x: np.log(_np_erfc(x)),
        _tamed(lambda x: mp.log(mp.erfc(x)), TAILS), weight=0.5
    ),
    "normal": Operation(_jax_ndtr, _np_ndtr, _tamed(_mp_ndtr, TAILS), weight=0.5),
    "log normal": Operation(
        lambda x: jnp.log(_jax_ndtr(x)), lambda x: np.log(_np_ndtr(x)), _tamed(lambda x: mp.log(_mp_ndtr(x)), TAILS),
        weight=0.5
    ),
    "lgamma": Operation(
        jax.lax.lgamma, _in_doubles(scipy.special.gammaln), _tamed(_mp_lgamma), weight=0.5, wants="positive"
    ),
    "digamma": _partial(
        jax.lax.digamma, _in_doubles(scipy.special.digamma), _tamed(mp.digamma), lambda x: x > 0, "positive"
    ),
    "trigamma": _partial(
        lambda x: jax.lax.polygamma(jnp.asarray(1.0), x), _in_doubles(lambda x: scipy.special.polygamma(1, x)),
        _tamed(lambda x: mp.polygamma(1, x)), lambda x: x > 0, "positive", 0.2,
    ),
    "scaled bessel 0": Operation(
        jax.lax.bessel_i0e, _in_doubles(scipy.special.i0e), _tamed(_mp_scaled_bessel(0)), weight=0.5
    ),
    "scaled bessel 1": Operation(
        jax.lax.bessel_i1e, _in_doubles(scipy.special.i1e), _tamed(_mp_scaled_bessel(1)), weight=0.3
    ),
    "log bessel": Operation(
        lambda x: jnp.log(jax.lax.bessel_i0e(x)) + jnp.abs(x),
        lambda x: np.log(_in_doubles(scipy.special.i0e)(x)) + np.abs(x),
        _tamed(lambda x: mp.log(mp.besseli(0, x))), weight=0.3,
    ),
    "ceil": Operation(jnp.ceil, np.ceil, mp.ceil, weight=0.3),
    "round": Operation(jnp.round, np.round, _mp_nearest_integer, weight=0.3),
    "remainder": Operation(
        lambda a: jax.lax.rem(a, jnp.asarray(2.0)), lambda a: np.fmod(a, EXTENDED(2)),
        lambda a: a - 2 * (mp.floor(a / 2) if a >= 0 else mp.ceil(a / 2)), weight=0.3,
    ),
    "atan2": Operation(jnp.arctan2, np.arctan2, mp.atan2, 2, 0.3, "positive last"),
    "power": Operation(
        lambda x, k: x ** (int(k) if float(k).is_integer() else k), lambda x, k: _np_power(k)(x),
        lambda x, k: _mp_power(k)(x), weight=2, wants="positive",
        numbers=((-3, -2, -1.5, -1, -0.25, 0.125, 0.5, 0.75, 1.25, 1.5, 2.5, 3, 4, 5),),
    ),
    "to the power": Operation(jnp.power, np.power, _mp_to_the_power, 2, 0.5, "positive"),
    # JAX's own activations, and functions of probability
    "selu": Operation(
        lambda x: jnp.where(x > 0, x, 1.5 * jnp.expm1(jnp.where(x > 0, 0.0, x))),
        lambda x: np.where(x > 0, x, 1.5 * np.expm1(np.minimum(x, 0))),
        lambda x: x if x > 0 else mp.mpf(1.5) * _expm1(x), weight=0.5,
    ),
    "celu": Operation(
        lambda x: jax.nn.celu(x, 2.0), lambda x: np.maximum(x, 0) + 2 * np.expm1(np.minimum(x, 0) / 2),
        lambda x: x if x > 0 else 2 * _expm1(x / 2), weight=0.5,
    ),
    "hard tanh": Operation(jax.nn.hard_tanh, lambda x: np.clip(x, -1, 1),
        lambda x: min(max(x, mp.mpf(-1)), mp.mpf(1)), weight=0.5),
    "soft sign": Operation(jax.nn.soft_sign, lambda x: x / (1 + np.abs(x)), lambda x: x / (1 + abs(x)), weight=0.5),
    "squareplus": Operation(
        lambda x: jax.nn.squareplus(x, 4.0), lambda x: (x + np.sqrt(x * x + 4)) / 2,
        lambda x: (x + mp.sqrt(x * x + 4)) / 2,
        weight=0.5,
    ),
    "gelu": Operation(
        lambda x: x * _jax_ndtr(x), lambda x: x * _np_ndtr(x), _tamed(lambda x: x * _mp_ndtr(x), TAILS), weight=0.5
    ),
    "entropy": Operation(
        jax.scipy.special.entr,
        lambda x: np.where(x > 0, -x * _np_log(x), np.where(x == 0, EXTENDED(0), -np.inf)),
        lambda x: -x * mp.log(x) if x > 0 else x if x == 0 else -mp.inf, weight=0.5, wants="positive",
    ),
    "relative entropy": Operation(
        lambda a, b: a * jnp.log(a / b),
        lambda a, b: a * _np_log(np.where(a * b > 0, a / np.where(b == 0, 1, b), np.nan)),
        lambda a, b: a * mp.log(a / b) if a * b > 0 else _undefined(), 2, 0.5, "positive",
    ),
    # those of jax.scipy.special: choices by conjunctions, with an infinity where they have no value
    "entropy of two": Operation(
        jax.scipy.special.rel_entr, _np_relative_entropy, _mp_relative_entropy, 2, 0.5, "positive"
    ),
    "divergence": Operation(
        # kl_div of JAX 0.12 is, for quotients near 1, a polynomial close to it, and no more
        lambda a, b: jax.scipy.special.rel_entr(a, b) - a + b, lambda a, b: _np_relative_entropy(a, b) - a + b,
        lambda a, b: _mp_relative_entropy(a, b) - a + b, 2, 0.5, "positive",
    ),
    "x log y": Operation(
        jax.scipy.special.xlogy, lambda a, b: np.where(a == 0, EXTENDED(0), a * _np_log(b)),
        lambda a, b: a if a == 0 else a * mp.log(b) if b > 0 else _undefined(), 2, 0.5, "positive last",
    ),
    "x log(1 + y)": Operation(
        jax.scipy.special.xlog1py, lambda a, b: np.where(a == 0, EXTENDED(0), a * _np_log(1 + b)),
        lambda a, b: a if a == 0 else a * mp.log(1 + b) if b > -1 else _undefined(), 2, 0.5, "nonnegative last",
    ),
    "log beta": Operation(
        _jax_log_beta, lambda a, b: _np_lgamma(a) + _np_lgamma(b) - _np_lgamma(a + b), _mp_log_beta, 2, 0.5,
        "positive",
    ),
    "log2": Operation(
        jnp.log2, lambda x: _np_log(x) / np.log(EXTENDED(2)),
        lambda x: mp.log(x) / mp.log(2) if x > 0 else _undefined(), weight=0.5, wants="positive",
    ),
    "derivative of tanh": Operation(
        jax.grad(jnp.tanh), lambda x: 1 / np.cosh(np.minimum(np.abs(x), 5000)) ** 2,
        _tamed(lambda x: 1 / mp.cosh(x) ** 2), weight=0.5,
    ),
    "few digits": Operation(_jax_cut, _np_cut, _mp_cut, weight=0.3),
    "opaque": Operation(opaque("some activation"), np.tanh, mp.tanh, weight=0.2),
    "if finite": Operation(
        lambda x: jnp.where(jnp.isfinite(x), x, 0.0), lambda x: x, lambda x: x, weight=0.5
    ),
}  # fmt: skip


# ------------------------------------------------------------------ reductions, of any number of operands


def _stacked(function):
    return lambda *xs: function(jnp.stack(xs))


def _np_product(*xs):
    return np.multiply.reduce([np.asarray(x, dtype=EXTENDED) for x in xs])


def _mp_p_norm(*xs_p):
    *xs, p = xs_p
    return mp.fsum(abs(x) ** mp.mpf(p) for x in xs) ** mp.mpf(1 / p)


def _np_p_norm(*xs_p):
    *xs, p = xs_p
    return sum(np.abs(x) ** EXTENDED(p) for x in xs) ** EXTENDED(1 / p)


def _np_sorted(k):
    return lambda *xs: np.sort(np.stack(xs), axis=0)[k]


def _mp_sorted(k):
    return lambda *xs: sorted(xs)[k]


def _window(reducer, start):
    return lambda x: jax.lax.reduce_window(x, start, reducer, (2,), (1,), "VALID")


def _pairs(xs):
    return list(itertools.pairwise(xs))


def _np_median(*xs):
    return np.median(np.stack(xs), axis=0)


def _dot(*xs_w):
    half = len(xs_w) // 2
    return sum(w * x for x, w in zip(xs_w[:half], xs_w[half:], strict=True))


def _mp_dot(*xs_w):
    half = len(xs_w) // 2
    return mp.fsum(mp.mpf(w) * x for x, w in zip(xs_w[:half], xs_w[half:], strict=True))


def _form(xs, entries):
    n = len(xs)
    return sum(entries[i * n + j] * xs[i] * xs[j] for i in range(n) for j in range(n))


_WHOLE = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0, 2.0, 3.0)

OPERATIONS |= {
    "sum": Operation(_stacked(jnp.sum), lambda *xs: sum(xs), lambda *xs: mp.fsum(xs), 3, 2),
    "mean": Operation(_stacked(jnp.mean), lambda *xs: sum(xs) / EXTENDED(len(xs)), lambda *xs: mp.fsum(xs) / len(xs),
        2, 1),
    "product": Operation(_stacked(jnp.prod), _np_product, lambda *xs: mp.fprod(xs), 2, 1, "nonnegative"),
    "largest": Operation(_stacked(jnp.max), lambda *xs: np.maximum.reduce(xs), max, 3, 1),
    "smallest": Operation(_stacked(jnp.min), lambda *xs: np.minimum.reduce(xs), min, 3, 0.5),
    # Only of what they use: what is computed and left aside may be undefined.
    "partial sum": Operation(
        lambda *xs: jnp.cumsum(jnp.stack(xs))[1], lambda *xs: xs[0] + xs[1], lambda *xs: xs[0] + xs[1], 2, 0.5,
    ),
    "partial product": Operation(
        lambda *xs: jnp.cumprod(jnp.stack(xs))[1], lambda *xs: xs[0] * xs[1], lambda *xs: xs[0] * xs[1], 2, 0.3,
        "nonnegative",
    ),
    "running maximum": Operation(
        lambda *xs: jax.lax.cummax(jnp.stack(xs), reverse=True)[0], lambda *xs: np.maximum.reduce(xs),
        lambda *xs: max(xs), 3, 0.5,
    ),
    "running minimum": Operation(
        lambda *xs: jax.lax.cummin(jnp.stack(xs))[1], lambda *xs: np.minimum(xs[0], xs[1]),
        lambda *xs: min(xs[0], xs[1]), 2, 0.3,
    ),
    "middle": Operation(lambda *xs: jnp.sort(jnp.stack(xs))[1], _np_sorted(1), _mp_sorted(1), 3, 0.3),
    "two largest": Operation(
        lambda *xs: jnp.sum(jax.lax.top_k(jnp.stack(xs), 2)[0]),
        lambda *xs: _np_sorted(-1)(*xs) + _np_sorted(-2)(*xs), lambda *xs: sum(sorted(xs)[-2:]), 3, 0.5,
    ),
    "all but the least": Operation(
        lambda *xs: jnp.sum(jnp.sort(jnp.stack(xs))[1:]), lambda *xs: sum(xs) - np.minimum.reduce(xs),
        lambda *xs: mp.fsum(sorted(xs)[1:]), 3, 0.5,
    ),
    "dot": Operation(
        lambda *xs_w: jnp.stack(xs_w[: len(xs_w) // 2]) @ jnp.asarray(xs_w[len(xs_w) // 2 :]), _dot, _mp_dot, 2, 1,
        numbers=(_WHOLE, _WHOLE),
    ),
    "product of vectors": Operation(
        lambda a, b, u, v: jnp.stack([a, b]) @ jnp.stack([u, v]), lambda a, b, u, v: a * u + b * v,
        lambda a, b, u, v: a * u + b * v, 4, 0.3,
    ),
    "form": Operation(
        lambda a, b, p, q, r: jnp.stack([a, b]) @ jnp.asarray([[p, q], [q, r]]) @ jnp.stack([a, b]),
        lambda a, b, p, q, r: _form([a, b], [p, q, q, r]), lambda a, b, p, q,
        r: _form([a, b], list(map(mp.mpf, [p, q, q, r]))),
        2, 1, numbers=((1.0, 2.0, 0.5), _WHOLE, (1.0, 2.0, 4.0)),
    ),
    "convolution": Operation(
        lambda *xs: jnp.sum(jnp.maximum(jnp.convolve(jnp.stack(xs), jnp.asarray([1.0, 2.0]), mode="valid"), 0.0)),
        lambda *xs: sum(np.maximum(b + 2 * a, 0) for a, b in _pairs(list(xs))[: len(xs) - 1]),
        lambda *xs: mp.fsum(max(b + 2 * a, mp.mpf(0)) for a, b in _pairs(list(xs))), 3, 0.5,
    ),
    "largest of windows": Operation(
        lambda *xs: jnp.sum(_window(jax.lax.max, -jnp.inf)(jnp.stack(xs))),
        lambda *xs: sum(np.maximum(a, b) for a, b in _pairs(list(xs))),
        lambda *xs: mp.fsum(max(a, b) for a, b in _pairs(list(xs))),
        3, 0.4,
    ),
    "smallest of windows": Operation(
        lambda *xs: jnp.sum(_window(jax.lax.min, jnp.inf)(jnp.stack(xs))),
        lambda *xs: sum(np.minimum(a, b) for a, b in _pairs(list(xs))),
        lambda *xs: mp.fsum(min(a, b) for a, b in _pairs(list(xs))),
        3, 0.3,
    ),
    "sum of windows": Operation(
        lambda *xs: jnp.max(_window(jax.lax.add, 0.0)(jnp.stack(xs))),
        lambda *xs: np.maximum.reduce([a + b for a, b in _pairs(list(xs))]),
        lambda *xs: max(a + b for a, b in _pairs(list(xs))),
        3, 0.4,
    ),
    "clamp": Operation(
        lambda x, lo, hi: jax.lax.clamp(jnp.asarray(lo), x, jnp.asarray(hi)), lambda x, lo,
        hi: np.minimum(np.maximum(x, lo), hi),
        lambda x, lo, hi: min(max(x, mp.mpf(lo)), mp.mpf(hi)), 1, 0.5, numbers=((-1.0, 0.0), (1.0, 100.0)),
    ),
    "clip below": Operation(
        lambda x, lo: jnp.clip(x, lo), lambda x, lo: np.maximum(x, lo), lambda x, lo: max(x, mp.mpf(lo)), 1, 0.5,
        numbers=((-1.0, 0.0, 0.5),),
    ),
    "p-norm": Operation(
        lambda *xs_p: jnp.sum(jnp.abs(jnp.stack(xs_p[:-1])) ** xs_p[-1]) ** (1 / xs_p[-1]), _np_p_norm, _mp_p_norm, 2,
        0.5,
        numbers=((1.0, 2.0, 4.0, 1.5),),
    ),
    "euclidean": Operation(
        _stacked(jnp.linalg.norm), lambda *xs: np.sqrt(sum(x * x for x in xs)),
        lambda *xs: mp.sqrt(mp.fsum(x * x for x in xs)),
        3, 1,
    ),
    "horner": Operation(
        lambda x, *cs: jnp.polyval(jnp.asarray(cs), x), lambda x,
        *cs: sum(EXTENDED(k) * x ** (len(cs) - 1 - i) for i, k in enumerate(cs)),
        lambda x, *cs: mp.fsum(mp.mpf(k) * x ** (len(cs) - 1 - i) for i, k in enumerate(cs)), 1, 0.5,
        numbers=((1.0, 2.0, 0.0), (-1.0, 0.0, 1.0), (0.5, 1.0, -2.0, 3.0)),
    ),
    "softmax": Operation(
        lambda *xs: jax.nn.softmax(jnp.stack(xs))[0], lambda *xs: np.exp(xs[0] - _np_logsumexp(*xs)),
        lambda *xs: mp.exp(xs[0] - _mp_logsumexp(*xs)), 3, 0.3,
    ),
    "log softmax": Operation(
        lambda *xs: jax.nn.log_softmax(jnp.stack(xs))[0], lambda *xs: xs[0] - _np_logsumexp(*xs),
        lambda *xs: xs[0] - _mp_logsumexp(*xs), 3, 0.5,
    ),
    "variance": Operation(
        _stacked(jnp.var), lambda *xs: sum(x * x for x in xs) / EXTENDED(len(xs)) - (sum(xs) / EXTENDED(len(xs))) ** 2,
        lambda *xs: mp.fsum(x * x for x in xs) / len(xs) - (mp.fsum(xs) / len(xs)) ** 2, 3, 0.5,
    ),
}  # fmt: skip


# ------------------------------------------------------------------ matrices, symmetric ones by their lower triangles


def _rows(entries):
    """The rows of the symmetric matrix whose lower triangle is given row by row."""
    n = math.isqrt(2 * len(entries))
    return [[entries[max(i, j) * (max(i, j) + 1) // 2 + min(i, j)] for j in range(n)] for i in range(n)]


def _jax_symmetric(*entries):
    return jnp.stack([jnp.stack(row) for row in _rows(entries)])


def _jax_matrix(columns, *entries):
    return jnp.reshape(jnp.stack(entries), (-1, columns))


def _np_eigenvalues(*entries):
    """Ascending, along a last axis; in doubles."""
    A = np.stack([np.stack(row, axis=-1) for row in _rows(entries)], axis=-2).astype(np.float64)
    known = np.isfinite(A).all(axis=(-1, -2))
    A = np.where(known[..., None, None], A, 0)
    return np.where(known[..., None], np.linalg.eigvalsh(A), np.nan).astype(EXTENDED)


def _mp_eigenvalues(*entries):
    return sorted(mp.eigsy(mp.matrix(_rows(entries)), eigvals_only=True))


def _middle_and_radius(root, a, b, c):
    """The eigenvalues of [[a, b], [b, c]] are the middle plus and minus the radius."""
    return (a + c) / 2, root((a - c) * (a - c) / 4 + b * b)


def _gram(entries, columns):
    first, second = entries[:columns], entries[columns:]
    return [
        sum(u * v for u, v in zip(*pair, strict=True)) for pair in ((first, first), (first, second), (second, second))
    ]


def _largest_singular_value(root, columns, *entries):
    return root(sum(_middle_and_radius(root, *_gram(entries, columns))))


def _nuclear_norm(root, larger, *entries):
    """The root of the Gram matrix's trace and twice the root of its determinant, the sum of all minors' squares."""
    (a, b, c), (u, v, w) = entries[:3], entries[3:]
    minors = [a * v - b * u, a * w - c * u, b * w - c * v]
    return root(sum(x * x for x in entries) + 2 * root(larger(sum(m * m for m in minors), 0)))


def _matrix_fraction(u, v, a, b, c):
    return (c * u * u - 2 * b * u * v + a * v * v) / (a * c - b * b)


def _np_log_determinant(a, b, c):
    return np.where((a > 0) & (a * c > b * b), _np_log(a * c - b * b), np.nan)


def _mp_log_determinant(a, b, c):
    return mp.log(a * c - b * b) if a > 0 and a * c > b * b else _undefined()


def _substituted(a, b, c, u, v):
    """The sum of the x with a x_0 = u and b x_0 + c x_1 = v."""
    return u / a + (v - b * u / a) / c


OPERATIONS |= {
    "larger eigenvalue": Operation(
        lambda *xs: jnp.linalg.eigvalsh(_jax_symmetric(*xs))[1], lambda *xs: sum(_middle_and_radius(np.sqrt, *xs)),
        lambda *xs: sum(_middle_and_radius(mp.sqrt, *xs)), 3, 0.3,
    ),
    "lesser eigenvalue": Operation(
        lambda *xs: jnp.linalg.eigvalsh(_jax_symmetric(*xs))[0],
        lambda *xs: np.subtract(*_middle_and_radius(np.sqrt, *xs)),
        lambda *xs: mp.fsub(*_middle_and_radius(mp.sqrt, *xs)), 3, 0.2,
    ),
    "largest of three eigenvalues": Operation(
        lambda *xs: jnp.linalg.eigvalsh(_jax_symmetric(*xs))[-1], lambda *xs: _np_eigenvalues(*xs)[..., -1],
        lambda *xs: _mp_eigenvalues(*xs)[-1], 6, 0.1,
    ),
    "middle of three eigenvalues": Operation(
        lambda *xs: jnp.linalg.eigvalsh(_jax_symmetric(*xs))[1], lambda *xs: _np_eigenvalues(*xs)[..., 1],
        lambda *xs: _mp_eigenvalues(*xs)[1], 6, 0.05,
    ),
    "two of three eigenvalues": Operation(
        lambda *xs: jnp.sum(jnp.linalg.eigvalsh(_jax_symmetric(*xs))[1:]),
        lambda *xs: sum(np.moveaxis(_np_eigenvalues(*xs)[..., 1:], -1, 0)), lambda *xs: sum(_mp_eigenvalues(*xs)[1:]),
        6, 0.1,
    ),
    "spectral norm": Operation(
        lambda *xs: jnp.linalg.norm(_jax_matrix(2, *xs), 2), lambda *xs: _largest_singular_value(np.sqrt, 2, *xs),
        lambda *xs: _largest_singular_value(mp.sqrt, 2, *xs), 4, 0.2,
    ),
    "wide spectral norm": Operation(
        lambda *xs: jnp.linalg.norm(_jax_matrix(3, *xs), 2), lambda *xs: _largest_singular_value(np.sqrt, 3, *xs),
        lambda *xs: _largest_singular_value(mp.sqrt, 3, *xs), 6, 0.1,
    ),
    "nuclear norm": Operation(
        lambda *xs: jnp.linalg.norm(_jax_matrix(3, *xs), "nuc"), lambda *xs: _nuclear_norm(np.sqrt, np.maximum, *xs),
        lambda *xs: _nuclear_norm(mp.sqrt, max, *xs), 6, 0.1,
    ),
    "fraction of a matrix": Operation(
        lambda u, v, *A: jnp.stack([u, v]) @ jnp.linalg.solve(_jax_symmetric(*A), jnp.stack([u, v])),
        _matrix_fraction, _matrix_fraction, 5, 0.1,
    ),
    "log of a determinant": Operation(
        lambda *A: 2 * jnp.sum(jnp.log(jnp.diagonal(jnp.linalg.cholesky(_jax_symmetric(*A))))),
        _np_log_determinant, _mp_log_determinant, 3, 0.1,
    ),
    "determinant": Operation(
        lambda *A: jnp.linalg.det(_jax_symmetric(*A)), lambda a, b, c: a * c - b * b, lambda a, b, c: a * c - b * b, 3,
        0.1,
    ),
    "last pivot": Operation(
        lambda *A: jnp.linalg.cholesky(_jax_symmetric(*A))[1, 1],
        lambda a, b, c: np.exp(_np_log_determinant(a, b, c) / 2) / np.sqrt(np.abs(a)),
        lambda a, b, c: mp.sqrt(c - b * b / a) if a > 0 and a * c > b * b else _undefined(), 3, 0.1,
    ),
    "by substitution": Operation(
        lambda a, b, c, u, v: jnp.sum(
            jax.scipy.linalg.solve_triangular(
                jnp.stack([jnp.stack([a, jnp.asarray(0.0)]), jnp.stack([b, c])]), jnp.stack([u, v]), lower=True
            )
        ),
        _substituted, _substituted, 5, 0.1,
    ),
}  # fmt: skip


# ------------------------------------------------------------------ data movement, control flow: a + b / 2 all of them


def _weighed(row):
    return row @ jnp.asarray([1.0, 0.5])


def _scan(a, b):
    return jax.lax.scan(
        lambda total, w: (total + w[0] * w[1], None), 0.0 * a, (jnp.stack([a, b]), jnp.asarray([1.0, 0.5]))
    )[0]


def _while(a, b):
    return jax.lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, s[1] + 0.25 * b), (0, a))[1]


def _matrix(a, b):
    return jnp.stack([jnp.stack([a, b]), jnp.stack([b, a])])


MOVED = {
    "broadcast": lambda a, b: jnp.sum(jnp.broadcast_to(a, (2,))) / 2 + b / 2,
    "concatenate": lambda a, b: _weighed(jnp.concatenate([a[None], b[None]])),
    "copy": lambda a, b: jnp.copy(a) + b / 2,
    "dynamic slice": lambda a, b: a + jax.lax.dynamic_slice(jnp.stack([a, b]), (1,), (1,))[0] / 2,
    "dynamic update": lambda a, b: _weighed(jax.lax.dynamic_update_slice(jnp.stack([a, a]), b[None], (1,))),
    "gather": lambda a, b: _weighed(jnp.stack([b, a])[jnp.asarray([1, 0])]),
    "iota": lambda a, b: jnp.stack([b, a]) @ (jax.lax.iota(jnp.float64, 2) / 2 + 0.5),
    "barrier": lambda a, b: _weighed(jax.lax.optimization_barrier(jnp.stack([a, b]))),
    "pad": lambda a, b: jnp.sum(jax.lax.pad(jnp.stack([a, b / 2]), jnp.asarray(0.0), ((1, 1, 1),))),
    "reshape": lambda a, b: _weighed(jnp.reshape(_matrix(a, b), (4,))[:2]),
    "reverse": lambda a, b: _weighed(jnp.stack([b, a])[::-1]),
    "slice": lambda a, b: _weighed(jax.lax.slice(jnp.stack([a, a, b, b]), (0,), (4,), (2,))),
    "split": lambda a, b: jnp.split(jnp.stack([a, b]), 2)[0][0] + b / 2,
    "squeeze": lambda a, b: _weighed(jnp.squeeze(jnp.stack([a, b])[None], 0)),
    "stop gradient": lambda a, b: jax.lax.stop_gradient(a) + b / 2,
    "transpose": lambda a, b: _weighed(_matrix(a, b).T[0]),
    "unstack": lambda a, b: jnp.unstack(jnp.stack([a, b]))[0] + b / 2,
    "scatter": lambda a, b: _weighed(jnp.stack([b, b]).at[0].set(a)),
    "scatter add": lambda a, b: jnp.stack([a, b]).at[0].add(b / 2)[0],
    "scatter multiply": lambda a, b: _weighed(jnp.stack([a / 2, b]).at[0].multiply(2.0)),
    "scatter maximum": lambda a, b: _weighed(jnp.stack([a, b]).at[0].max(a)),
    "scatter minimum": lambda a, b: _weighed(jnp.stack([a, b]).at[0].min(a)),
    "scan": _scan,
    "while": _while,
    "remat": lambda a, b: jax.checkpoint(lambda u, v: u + v / 2)(a, b),
    "add any": lambda a, b: ad.add_jaxvals(a, b / 2),
}  # fmt: skip

OPERATIONS |= {
    f"by {name}": Operation(f, lambda a, b: a + b / 2, lambda a, b: a + b / 2, 2, 0.1) for name, f in MOVED.items()
}
OPERATIONS |= {
    "scattered maximum": Operation(lambda a, b: jnp.stack([a, b]).at[0].max(b)[0], np.maximum, max, 2, 0.3),
    "scattered minimum": Operation(lambda a, b: jnp.stack([a, b]).at[0].min(b)[0], np.minimum, min, 2, 0.2),
    "scattered product": Operation(
        lambda a, b: jnp.stack([a, b]).at[0].multiply(b)[0], lambda a, b: a * b, lambda a, b: a * b, 2, 0.2
    ),
    "where negative, by cond": Operation(
        lambda u, a, b: jax.lax.cond(u < 0, lambda: a, lambda: b), lambda u, a, b: np.where(u < 0, a, b),
        lambda u, a, b: a if u < 0 else b, 3, 0.5,
    ),
    "where both": Operation(
        lambda u, v, a, b: jnp.where((u < 0) & (v <= 0), a, b), lambda u, v, a, b: np.where((u < 0) & (v <= 0), a, b),
        lambda u, v, a, b: a if u < 0 and v <= 0 else b, 4, 0.3,
    ),
    "where either": Operation(
        lambda u, v, a, b: jnp.where((u > 0) | (v >= 0), a, b), lambda u, v, a, b: np.where((u > 0) | (v >= 0), a, b),
        lambda u, v, a, b: a if u > 0 or v >= 0 else b, 4, 0.3,
    ),
    "where neither": Operation(
        lambda u, v, a, b: jnp.where(~((u > 0) | (v >= 0)), a, b),
        lambda u, v, a, b: np.where((u <= 0) & (v < 0), a, b),
        lambda u, v, a, b: a if u <= 0 and v < 0 else b, 4, 0.2,
    ),
    "where one": Operation(
        lambda u, v, a, b: jnp.where((u > 0) ^ (v > 0), a, b), lambda u, v, a, b: np.where((u > 0) ^ (v > 0), a, b),
        lambda u, v, a, b: a if (u > 0) != (v > 0) else b, 4, 0.1,
    ),
    "where not": Operation(
        lambda u, a, b: jnp.where(~(u >= 1), a, b), lambda u, a, b: np.where(u < 1, a, b), lambda u, a,
        b: a if u < 1 else b,
        3, 0.5,
    ),
    "where !=": Operation(
        lambda u, a, b: jnp.where(u != 0, a, b), lambda u, a, b: np.where(u != 0, a, b), lambda u, a,
        b: a if u != 0 else b, 3,
        0.5,
    ),
    "where chosen": Operation(
        lambda u, v, a, b: jnp.where(jnp.where(u < 0, v < 0, v > 1), a, b),
        lambda u, v, a, b: np.where(np.where(u < 0, v < 0, v > 1), a, b),
        lambda u, v, a, b: a if (v < 0 if u < 0 else v > 1) else b, 4, 0.2,
    ),
    "indicator": Operation(
        lambda u: (u < 1).astype(jnp.float64), lambda u: np.where(u < 1, EXTENDED(1), EXTENDED(0)),
        lambda u: mp.mpf(1) if u < 1 else mp.mpf(0), 1, 0.3,
    ),
}  # fmt: skip
