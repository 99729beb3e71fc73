"""Random real functions with three independent readings: in JAX, in NumPy's long doubles, and in mpmath.

A function is a tree: ``("x", i)`` a decision variable, ``("q", i)`` a parameter, ``("c", value)`` a double, and
``(name, *trees)`` a row of OPERATIONS. What the project proves about the JAX reading is attacked with the other two.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np

from netprops import box, nonnegative, positive, reals
from netprops.domains import nearest_double

DIGITS = 60
DIGITS_TO_TELL_FROM_0 = 4000
EXTENDED = np.longdouble


@dataclass(frozen=True)
class Operation:
    """One function in three readings. `weight` is how often it is drawn; `wants` the sign its argument should have."""

    jax: object
    numpy: object
    mpmath: object
    arity: int = 1
    weight: int = 2
    wants: str = "any"


def _undefined(*_):
    raise ValueError("undefined")


TAME = 2000  # mpmath has no largest number: arguments of exponentials beyond are not looked at


def _tamed(function):
    def tamed(x):
        if abs(x) > TAME:
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


def _np_erf(x):
    return np.array([math.erf(float(v)) for v in np.ravel(x)], dtype=EXTENDED).reshape(np.shape(x))


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
    "tanh": Operation(jnp.tanh, np.tanh, mp.tanh),
    "sin": Operation(jnp.sin, np.sin, _tamed(mp.sin), weight=1),
    "cos": Operation(jnp.cos, np.cos, _tamed(mp.cos), weight=1),
    "atan": Operation(jnp.arctan, np.arctan, mp.atan, weight=1),
    "asinh": Operation(jnp.arcsinh, np.arcsinh, mp.asinh, weight=1),
    "cosh": Operation(jnp.cosh, np.cosh, _tamed(mp.cosh), weight=1),
    "sinh": Operation(jnp.sinh, np.sinh, _tamed(mp.sinh), weight=1),
    "erf": Operation(jax.lax.erf, _np_erf, _tamed(mp.erf), weight=1),
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

CONSTANTS = (-3.0, -2.0, -1.0, -0.5, 0.0, 0.1, 0.5, 1.0, 1.0, 2.0, 3.0, 6.0, 1e-9, 100.0)
_NAMES = list(OPERATIONS)
_WEIGHTS = [OPERATIONS[name].weight for name in _NAMES]


def tree(rng, depth, variables, parameters):
    """A random tree; its partial functions are mostly, not always, given arguments that suit them."""
    if depth == 0 or rng.random() < 0.12:
        return leaf(rng, variables, parameters)
    (name,) = rng.choices(_NAMES, _WEIGHTS)
    op = OPERATIONS[name]
    arguments = [tree(rng, depth - 1, variables, parameters) for _ in range(op.arity)]
    if rng.random() < 0.8:
        suited = [len(arguments) - 1] if op.wants.endswith("last") else range(len(arguments))
        for i in suited:
            arguments[i] = suit(rng, arguments[i], op.wants.split()[0])
    return (name, *arguments)


def leaf(rng, variables, parameters):
    """A variable, an affine form of several, a parameter (alone or times a variable), or a number."""
    pick = rng.random()
    x = ("x", rng.randrange(variables))
    if pick < 0.45:
        return x
    if pick < 0.7:
        other = ("x", rng.randrange(variables))
        a, b = (("c", rng.choice(CONSTANTS)) for _ in range(2))
        return ("add", ("mul", a, x), ("add", ("mul", b, other), ("c", rng.choice(CONSTANTS))))
    if pick < 0.85 and parameters:
        q = ("q", rng.randrange(parameters))
        return q if rng.random() < 0.4 else ("mul", q, x)
    return ("c", rng.choice(CONSTANTS))


def suit(rng, u, wants):
    """u, changed so that it has the wanted sign everywhere (as one hopes)."""
    nonnegative_forms = [("square", u), ("abs", u), ("exp", u), ("relu", u), ("softplus", u), u]
    positive_forms = [("exp", u), ("softplus", u), ("add", ("c", 1.0), ("square", u)), ("logistic", u), u]
    if wants == "positive":
        return rng.choice(positive_forms)
    if wants == "nonzero":
        return rng.choice([*positive_forms, ("neg", rng.choice(positive_forms))])
    if wants == "nonnegative":
        return rng.choice(nonnegative_forms)
    return u


# ------------------------------------------------------------------ three readings


def in_jax(t, x, q):
    """The tree as traced by JAX."""
    kind = t[0]
    if kind == "x":
        return x[t[1]]
    if kind == "q":
        return q[t[1]]
    if kind == "c":
        return jnp.asarray(t[1])
    return OPERATIONS[kind].jax(*(in_jax(u, x, q) for u in t[1:]))


def in_numpy(t, x, q):
    """The tree on rows of points, in long doubles."""
    kind = t[0]
    if kind == "x":
        return x[:, t[1]]
    if kind == "q":
        return q[:, t[1]]
    if kind == "c":
        return np.full(len(x), EXTENDED(t[1]))
    return OPERATIONS[kind].numpy(*(in_numpy(u, x, q) for u in t[1:]))


def in_mpmath(t, x, q):
    """The tree at one point; ValueError or ZeroDivisionError where it is no real number."""
    kind = t[0]
    if kind == "x":
        return x[t[1]]
    if kind == "q":
        return q[t[1]]
    if kind == "c":
        return mp.mpf(t[1])
    if kind.startswith("where"):  # what is not chosen need not be a number
        holds = OPERATIONS[kind].mpmath(in_mpmath(t[1], x, q), True, False)
        return in_mpmath(t[2] if holds else t[3], x, q)
    return OPERATIONS[kind].mpmath(*(in_mpmath(u, x, q) for u in t[1:]))


# ------------------------------------------------------------------ functions on domains

INTERVALS = {
    "reals": (-math.inf, math.inf),
    "positive": (0.0, math.inf),
    "nonnegative": (0.0, math.inf),
    "unit": (0.0, 1.0),
    "around 0": (-1.0, 2.0),
    "small": (0.5, 0.75),
    "below": (-5.0, -1.0),
    "ray": (1.0, math.inf),
    "open": (-1.0, 1.0),
}


@dataclass(frozen=True)
class Composition:
    """A random tree on a random domain."""

    tree: tuple
    variables: int
    parameters: int
    x_kind: str
    q_kind: str
    seed: int = field(default=0)

    def function(self):
        """In JAX: f(x), or f(x, q) if there are parameters."""
        if self.parameters:
            return lambda x, q: in_jax(self.tree, x, q)
        return lambda x: in_jax(self.tree, x, None)

    def domains(self):
        """`on`, and `for_all` or None."""
        on = domain(self.x_kind, self.variables)
        return on, domain(self.q_kind, self.parameters) if self.parameters else None

    def values(self, x, q):
        """In long doubles."""
        with np.errstate(all="ignore"):
            return np.asarray(in_numpy(self.tree, x, q), dtype=EXTENDED) * np.ones(len(x), dtype=EXTENDED)

    def value(self, x, q):
        """In as many digits as mpmath works with."""
        return in_mpmath(self.tree, x, q)


def domain(kind, n):
    """The domain of n coordinates of that kind."""
    if kind == "reals":
        return reals(n)
    if kind == "positive":
        return positive(n)
    if kind == "nonnegative":
        return nonnegative(n)
    lo, hi = INTERVALS[kind]
    ends = [Fraction(lo)] * n, [hi if math.isinf(hi) else Fraction(hi)] * n
    return box(*ends, open=kind == "open")


def composition(rng):
    """A random composition of one to three variables, up to two parameters, depth two to four."""
    variables, parameters = rng.choice((1, 1, 2, 2, 3)), rng.choice((0, 0, 0, 1, 2))
    kinds = ["reals"] * 8 + list(INTERVALS)
    return Composition(
        tree(rng, rng.choice((1, 2, 2, 3, 3, 4)), variables, parameters), variables, parameters,
        rng.choice(kinds), rng.choice(kinds), rng.getrandbits(32),
    )  # fmt: skip


# ------------------------------------------------------------------ points

SPECIAL = np.array([0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, 6.0, -6.0, 1e-3, -1e-3, 1e-9, 10.0, -10.0, 40.0, -40.0])


def coordinates(random, kind, shape):
    """Random numbers of an interval: its ends and neighbours, special numbers and theirs, and all scales."""
    lo, hi = INTERVALS[kind]
    size = int(np.prod(shape))
    pick = random.integers(0, 5, size)
    special = random.choice(SPECIAL, size)
    near = random.choice(SPECIAL, size) + random.choice([1e-6, -1e-6, 1e-3, -1e-3], size)
    wide = random.standard_normal(size) * 10.0 ** random.uniform(-3, 2, size)
    normal = random.standard_normal(size) * 2
    inside = lo + (hi - lo) * random.random(size) if np.isfinite(hi - lo) else random.standard_normal(size)
    x = np.choose(pick, [special, near, wide, normal, inside])
    is_open_low, is_open_high = kind in ("positive", "open"), kind == "open"
    x = np.where(x < lo, np.where(random.random(size) < 0.3, lo, 2 * lo - x if np.isfinite(lo) else x), x)
    x = np.where(x > hi, np.where(random.random(size) < 0.3, hi, inside), x)
    x = np.where((x < lo) | (x > hi), inside if np.isfinite(hi - lo) else np.abs(x), x)
    x = np.where(is_open_low & (x == lo), lo + 1e-6, x)
    x = np.where(is_open_high & (x == hi), hi - 1e-6, x)
    assert ((x >= lo) & (x <= hi)).all()
    return x.reshape(shape)


def exactly(row):
    """A row of doubles as numbers of mpmath."""
    return [mp.mpf(float(v)) for v in row]


# ------------------------------------------------------------------ attacks: each returns None or a contradiction

MOST_CHECKED = 6


def _points(c, count, seed):
    random = np.random.default_rng(seed)
    x = coordinates(random, c.x_kind, (count, c.variables))
    q = coordinates(random, c.q_kind, (count, c.parameters)) if c.parameters else np.zeros((count, 1))
    return random, x, q


def _chords(c, count, seed):
    random, a, q = _points(c, count, seed)
    b = coordinates(random, c.x_kind, a.shape)
    one = random.integers(0, c.variables, count)
    single = random.random(count) < 0.4  # along an axis
    b = np.where(single[:, None] & (np.arange(c.variables)[None] != one[:, None]), a, b)
    close = random.random(count) < 0.3
    b = np.where(close[:, None], a + (b - a) / 1024, b)
    w = random.choice([0.5, 0.5, 0.25, 0.75, 0.0625], count)
    return a, b, w, q


def _worst(gap, scale):
    score = np.where(
        np.isfinite(gap), np.where(np.isfinite(gap), gap, 0) / (np.where(np.isfinite(gap), scale, 0) + 1e-300), -np.inf
    )
    order = np.argsort(-score)[:MOST_CHECKED]
    return [i for i in order if score[i] > -1e-13]


def _middle(a, b, w):
    return [(1 - mp.mpf(w)) * s + mp.mpf(w) * t for s, t in zip(a, b, strict=True)]


def against_convexity(c, side=1, count=1500, strict=False, quasi=False):
    """A chord that the graph of side * f rises above (or does not stay below, if strict), or None."""
    a, b, w, q = _chords(c, count, c.seed)
    long = [v.astype(EXTENDED) for v in (a, b, w, q)]
    middle = (1 - long[2])[:, None] * long[0] + long[2][:, None] * long[1]
    fa, fb, fm = (side * c.values(x, long[3]) for x in (long[0], long[1], middle))
    with np.errstate(all="ignore"):
        gap = fm - (np.maximum(fa, fb) if quasi else (1 - long[2]) * fa + long[2] * fb)
        scale = np.abs(fa) + np.abs(fb) + np.abs(fm)
    if strict:
        moderate = (np.abs(a) < 20).all(axis=1) & (np.abs(b) < 20).all(axis=1) & (a != b).any(axis=1)
        gap = np.where(moderate, gap, np.nan)
    for i in _worst(gap, scale):
        with mp.workdps(DIGITS_TO_TELL_FROM_0 if strict else DIGITS):
            x, y, p = exactly(a[i]), exactly(b[i]), exactly(q[i])
            try:
                values = [side * c.value(at, p) for at in (x, y, _middle(x, y, w[i]))]
            except (ValueError, ZeroDivisionError):
                return ("undefined", a[i], b[i], w[i], q[i])
            except OverflowError:
                continue
            chord = max(values[:2]) if quasi else (1 - mp.mpf(w[i])) * values[0] + mp.mpf(w[i]) * values[1]
            exact_gap, size = values[2] - chord, max(map(abs, values))
            if exact_gap > mp.mpf(10) ** -45 * size or (strict and exact_gap >= 0):
                return ("chord", a[i], b[i], w[i], q[i], exact_gap)
    return None


def against_monotonicity(c, sign=1, count=1500):
    """A pair a <= b with sign * f(a) > sign * f(b), or None."""
    a, b, _, q = _chords(c, count, c.seed)
    a, b = np.minimum(a, b), np.maximum(a, b)
    fa, fb = (sign * c.values(x.astype(EXTENDED), q.astype(EXTENDED)) for x in (a, b))
    with np.errstate(all="ignore"):
        gap, scale = fa - fb, np.abs(fa) + np.abs(fb)
    for i in _worst(gap, scale):
        with mp.workdps(DIGITS):
            try:
                low, high = (sign * c.value(exactly(x[i]), exactly(q[i])) for x in (a, b))
            except (ValueError, ZeroDivisionError):
                return ("undefined", a[i], b[i], q[i])
            except OverflowError:
                continue
            if low - high > mp.mpf(10) ** -45 * (abs(low) + abs(high)):
                return ("pair", a[i], b[i], q[i], low - high)
    return None


def against_range(c, interval, count=1500):
    """A point whose value lies outside the interval, or is no real number; or None."""
    _, x, q = _points(c, count, c.seed + 1)
    values = c.values(x.astype(EXTENDED), q.astype(EXTENDED))
    low = -math.inf if interval.lo is None else nearest_double(interval.lo)
    high = math.inf if interval.hi is None else nearest_double(interval.hi)
    with np.errstate(all="ignore"):
        outside = np.maximum(low - values, values - high)
    suspects = [*_worst(outside, np.abs(values)), *np.flatnonzero(np.isnan(values))[:MOST_CHECKED]]
    for i in suspects:
        with mp.workdps(DIGITS):
            try:
                value = c.value(exactly(x[i]), exactly(q[i]))
            except (ValueError, ZeroDivisionError):
                return ("undefined", x[i], q[i])
            except OverflowError:
                continue
            slack = mp.mpf(10) ** -45 * abs(value)
            too_low = interval.lo is not None and value + slack < mp.mpf(int(interval.lo.p)) / int(interval.lo.q)
            too_high = interval.hi is not None and value - slack > mp.mpf(int(interval.hi.p)) / int(interval.hi.q)
            if too_low or too_high:
                return ("outside", x[i], q[i], value)
    return None
