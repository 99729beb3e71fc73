"""Random real functions with three independent readings: in JAX, in NumPy's long doubles, and in mpmath.

A function is a tree: ``("x", i)`` a decision variable, ``("q", i)`` a parameter, ``("c", value)`` a double, and
``(name, *trees)`` a row of OPERATIONS. What the project proves about the JAX reading is attacked with the other two.
The trees after an operation's operands are ``("c", value)``: numbers that belong to the operation, such as an exponent.
"""

import itertools
import math
from dataclasses import dataclass, field
from fractions import Fraction

import jax.numpy as jnp
import mpmath as mp
import numpy as np
from operations import EXTENDED, OPERATIONS

from netprops import box, nonnegative, positive, reals
from netprops.domains import Box, Interval, exact, nearest_double

DIGITS = 60
DIGITS_TO_TELL_FROM_0 = 4000
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
    return (name, *arguments, *(("c", float(rng.choice(choices))) for choices in op.numbers))


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
    if wants == "unit":
        return rng.choice([("tanh", u), ("atan", ("tanh", u)), ("mul", ("c", 0.5), ("sin", u)), u])
    if wants == "above":
        return rng.choice([("add", ("c", 1.0), ("square", u)), ("cosh", u), ("exp", ("abs", u)), u])
    return u


# ------------------------------------------------------------------ three readings


def split(t):
    """The operation of a tree, its operands, and the numbers that belong to it."""
    op = OPERATIONS[t[0]]
    most = len(t) - _how_many(op, len(t) - 1)
    return op, t[1:most], [u[1] for u in t[most:]]


def _how_many(op, given):
    """How many of the trees are the operation's own numbers: as many as operands, if one belongs to each operand."""
    return given // 2 if len(op.numbers) == op.arity and op.arity > 1 else len(op.numbers)


def in_jax(t, x, q):
    """The tree as traced by JAX."""
    kind = t[0]
    if kind == "x":
        return x[t[1]]
    if kind == "q":
        return q[t[1]]
    if kind == "c":
        return jnp.asarray(t[1])
    op, operands, numbers = split(t)
    return op.jax(*(in_jax(u, x, q) for u in operands), *numbers)


def in_numpy(t, x, q):
    """The tree on rows of points, in long doubles."""
    kind = t[0]
    if kind == "x":
        return x[:, t[1]]
    if kind == "q":
        return q[:, t[1]]
    if kind == "c":
        return np.full(len(x), EXTENDED(t[1]))
    op, operands, numbers = split(t)
    return op.numpy(*(in_numpy(u, x, q) for u in operands), *numbers)


def in_mpmath(t, x, q):
    """The tree at one point; ValueError or ZeroDivisionError where it is no real number."""
    kind = t[0]
    if kind == "x":
        return x[t[1]]
    if kind == "q":
        return q[t[1]]
    if kind == "c":
        return mp.mpf(t[1])
    op, operands, numbers = split(t)
    if kind.startswith("where"):  # what is not chosen need not be a number
        *conditions, if_true, if_false = operands
        return in_mpmath(if_true if _holds(kind, op, conditions, x, q) else if_false, x, q)
    if kind in PIECES:
        u, *cases = operands
        value = in_mpmath(u, x, q)
        place = PIECES[kind](value)
        return value if place is None else in_mpmath(cases[place], x, q)
    return op.mpmath(*(in_mpmath(u, x, q) for u in operands), *numbers)


# Which of the cases is chosen, by the first operand; None for that operand itself.
PIECES = {
    "selected": lambda u: 0 if u < 0 else 1 if u < 1 else 2,
    "in pieces": lambda u: 1 if u < 0 else 0 if u < 2 else None,
}
CONNECTIVES = ("where both", "where either", "where neither")
ANYTHING = (mp.mpf(-(10**9)), mp.mpf(0), mp.mpf(10**9))  # makes a comparison hold, and not hold


def _holds(kind, op, conditions, x, q):
    """Whether a condition holds; "a and b" is false where a is, also where b has no meaning, and so for "or"."""
    choices = []
    for u in conditions:
        try:
            choices.append((in_mpmath(u, x, q),))
        except (ValueError, ZeroDivisionError):
            if kind not in CONNECTIVES:
                raise
            choices.append(ANYTHING)
    outcomes = {op.mpmath(*values, True, False) for values in itertools.product(*choices)}
    if len(outcomes) > 1:
        raise ValueError("a condition without a meaning")
    return outcomes.pop()


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
    """A random tree on a random domain: a name of INTERVALS, or one interval a coordinate."""

    tree: tuple
    variables: int
    parameters: int
    x_kind: str | tuple
    q_kind: str | tuple
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
        """In as many digits as mpmath works with; ValueError or ZeroDivisionError where it is no real number."""
        value = in_mpmath(self.tree, x, q)
        if not mp.isfinite(value):
            raise ValueError(value)
        return value


def domain(kind, n):
    """The domain of n coordinates of that kind, or of the interval (lo, hi, lo_open, hi_open) stated for each."""
    if not isinstance(kind, str):
        return Box((n,), tuple(_interval(*ends) for ends in kind))
    if kind == "reals":
        return reals(n)
    if kind == "positive":
        return positive(n)
    if kind == "nonnegative":
        return nonnegative(n)
    lo, hi = INTERVALS[kind]
    ends = [Fraction(lo)] * n, [hi if math.isinf(hi) else Fraction(hi)] * n
    return box(*ends, open=kind == "open")


def _interval(lo, hi, lo_open, hi_open):
    low, high = (None if math.isinf(end) else exact(end) for end in (lo, hi))
    return Interval(low, high, lo_open and low is not None, hi_open and high is not None)


def intervals(kind, n):
    """(lo, hi, lo_open, hi_open) for each of n coordinates."""
    if not isinstance(kind, str):
        return tuple(kind)
    return ((*INTERVALS[kind], kind in ("positive", "open"), kind == "open"),) * n


def composition(rng, deepest=4):
    """A random composition of one to three variables, up to two parameters, depth two to four."""
    variables, parameters = rng.choice((1, 1, 2, 2, 3)), rng.choice((0, 0, 0, 1, 2))
    kinds = ["reals"] * 8 + list(INTERVALS)
    return Composition(
        tree(rng, min(deepest, rng.choice((1, 2, 2, 3, 3, 4))), variables, parameters), variables, parameters,
        rng.choice(kinds), rng.choice(kinds), rng.getrandbits(32),
    )  # fmt: skip


# ------------------------------------------------------------------ points

SPECIAL = np.array([0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, 6.0, -6.0, 1e-3, -1e-3, 1e-9, 10.0, -10.0, 40.0, -40.0])


def coordinates(random, kind, shape, special=SPECIAL):
    """Random points: of each coordinate the ends and their neighbours, special numbers and theirs, and all scales."""
    return np.stack([_of_interval(random, shape[0], special, *ends) for ends in intervals(kind, shape[1])], axis=1)


def _of_interval(random, size, special, lo, hi, lo_open, hi_open):
    near = random.choice(special, size) + random.choice([-1, 1], size) * 10.0 ** random.uniform(-9, -1, size)
    wide = random.standard_normal(size) * 10.0 ** random.uniform(-3, 2, size)
    inside = lo + (hi - lo) * random.random(size) if np.isfinite(hi - lo) else random.standard_normal(size)
    away = 10.0 ** random.uniform(-9, 2, size)
    by_low = lo + away if np.isfinite(lo) else -away
    by_high = hi - away if np.isfinite(hi) else away
    pick = random.integers(0, 7, size)
    x = np.choose(
        pick, [random.choice(special, size), near, wide, random.standard_normal(size) * 2, inside, by_low, by_high]
    )
    return moved_inside(random, x, lo, hi, lo_open, hi_open)


def moved_inside(random, x, lo, hi, lo_open, hi_open):
    """What lies outside of the interval, at its ends or mirrored into it; just inside of ends that are left out."""
    if math.isinf(lo) and math.isinf(hi):
        return x
    at_end = random.random(x.shape) < 0.3
    if math.isfinite(lo):
        x = np.where(x < lo, np.where(at_end, lo, 2 * lo - x), x)
    if math.isfinite(hi):
        x = np.where(x > hi, np.where(at_end, hi, 2 * hi - x), x)
    if math.isfinite(hi - lo):
        x = np.where((x < lo) | (x > hi), lo + (hi - lo) * random.random(x.shape), x)
    x = np.clip(x, lo, hi)
    x = np.where((x == lo) & lo_open, _inward(lo, hi, random, x.shape), x)
    return np.where((x == hi) & hi_open, _inward(hi, lo, random, x.shape), x)


def _inward(end, other, random, shape):
    """Numbers near an end, on the side of the other one."""
    width = min(1.0, abs(other - end) / 2)
    off = width * 10.0 ** random.uniform(-12, 0, shape)
    near = end + off if other > end else end - off
    return np.where(near == end, np.nextafter(end, other), near)


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


def _is_undefined(c, x, q):
    """Whether it is no real number there in ten times as many digits either: atanh(tanh(97)) is one."""
    with mp.workdps(10 * DIGITS):
        try:
            c.value(exactly(x), exactly(q))
        except (ValueError, ZeroDivisionError):
            return True
    return False


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
                if _is_undefined(c, x[i], q[i]):
                    return ("undefined", x[i], q[i])
                continue
            except OverflowError:
                continue
            slack = mp.mpf(10) ** -45 * abs(value)
            too_low = interval.lo is not None and value + slack < mp.mpf(int(interval.lo.p)) / int(interval.lo.q)
            too_high = interval.hi is not None and value - slack > mp.mpf(int(interval.hi.p)) / int(interval.hi.q)
            if too_low or too_high:
                return ("outside", x[i], q[i], value)
    return None
