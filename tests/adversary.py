"""A long search for what contradicts an answer, and the second look at a witness: by readings other than the project's.

Long doubles propose: chords, pairs and points at all scales, those that come nearest to a contradiction bred for some
rounds. mpmath decides: what it finds with 60 digits and again with 240 is a contradiction.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

import mpmath as mp
import numpy as np
from compositions import EXTENDED, SPECIAL, coordinates, exactly, intervals, moved_inside

DIGITS, MORE_DIGITS = 60, 240
DIGITS_OF_TAILS = 2000
DIGITS_TO_TELL_FROM_0 = (240, 600, 2000, 3000)  # of a gap that is said never to be 0
LEAST = np.finfo(EXTENDED).tiny  # the least size of values
NOISE = 1e-13  # of long doubles, relative; of functions that NumPy has in doubles alone it is the least
FIRST, BRED, PARENTS, ROUNDS = 768, 288, 24, 3
CHECKED = 4
WEIGHTS = np.array([0.5, 0.5, 0.5, 0.25, 0.75, 0.0625])


@dataclass(frozen=True)
class Claim:
    """What is said of a function f: `gap(f(a), f(m), f(b), w)` is never above 0, with m = (1 - w) a + w b.

    `ordered`: for a <= b only; `strict`: never 0 either, `of_chords`: but for a = b.
    """

    gap: object
    ordered: bool = False
    strict: bool = False
    of_chords: bool = False


def _larger(a, b):
    return np.maximum(a, b) if isinstance(a, np.ndarray) else max(a, b)


CLAIMS = {
    "convex": Claim(lambda a, m, b, w: m - (1 - w) * a - w * b),
    "concave": Claim(lambda a, m, b, w: (1 - w) * a + w * b - m),
    "strictly convex": Claim(lambda a, m, b, w: m - (1 - w) * a - w * b, strict=True, of_chords=True),
    "affine": Claim(lambda a, m, b, w: abs(m - (1 - w) * a - w * b)),
    "quasiconvex": Claim(lambda a, m, b, w: m - _larger(a, b)),
    "quasiconcave": Claim(lambda a, m, b, w: -m - _larger(-a, -b)),
    "nondecreasing": Claim(lambda a, m, b, w: a - b, ordered=True),
    "nonincreasing": Claim(lambda a, m, b, w: b - a, ordered=True),
    "constant": Claim(lambda a, m, b, w: abs(a - b)),
    "zero": Claim(lambda a, m, b, w: abs(a)),
    "positive": Claim(lambda a, m, b, w: -a, strict=True),
    "nonpositive": Claim(lambda a, m, b, w: a),
}


@dataclass
class _Chords:
    """Rows of ends, weights and parameters."""

    a: np.ndarray
    b: np.ndarray
    w: np.ndarray
    q: np.ndarray

    def rows(self, which):
        return _Chords(self.a[which], self.b[which], self.w[which], self.q[which])

    def with_more(self, other):
        return _Chords(*(np.concatenate([getattr(self, k), getattr(other, k)]) for k in "abwq"))


# ------------------------------------------------------------------ proposals


def special_numbers(c):
    """Where something may happen: the numbers in the function, their quotients, the ends of the domain."""
    own = sorted(_numbers(c.tree))[:12]
    quotients = [u / v for u in own for v in own if v and abs(u / v) < 1e6][:40]
    ends = [e for lo, hi, *_ in intervals(c.x_kind, c.variables) for e in (lo, hi) if np.isfinite(e)]
    return np.array([*SPECIAL, *own, *(-v for v in own), *quotients, *(-v for v in quotients), *ends])


def _numbers(t):
    if t[0] == "c":
        return {t[1]}
    return set().union(*(_numbers(u) for u in t[1:])) if t[0] not in ("x", "q") else set()


def _first(random, c, count, special):
    a, b = (coordinates(random, c.x_kind, (count, c.variables), special) for _ in range(2))
    q = coordinates(random, c.q_kind, (count, c.parameters), special) if c.parameters else np.zeros((count, 1))
    along = random.integers(0, c.variables, count)[:, None] != np.arange(c.variables)[None]
    b = np.where((random.random(count) < 0.4)[:, None] & along, a, b)
    nearer = np.where(random.random(count) < 0.5, 10.0 ** random.uniform(-6, 0, count), 1.0)[:, None]
    return _Chords(a, _inside(random, c, a + (b - a) * nearer), random.choice(WEIGHTS, count), q)


def _bred(random, c, parents, count):
    p = parents.rows(random.integers(0, len(parents.w), count))
    length = np.abs(p.b - p.a).max(axis=1, keepdims=True) + 1e-12
    middle = (1 - p.w)[:, None] * p.a + p.w[:, None] * p.b
    middle = middle + random.standard_normal(p.a.shape) * length * 10.0 ** random.uniform(-2, 1, (count, 1))
    along = (p.b - p.a) * 10.0 ** random.uniform(-1.5, 0.7, (count, 1))
    turned = random.standard_normal(p.a.shape) * length * (random.random((count, 1)) < 0.3)
    w = random.choice(WEIGHTS, count)
    a, b = middle - w[:, None] * (along + turned), middle + (1 - w)[:, None] * (along + turned)
    q = p.q
    if c.parameters:
        q = p.q + random.standard_normal(p.q.shape) * 10.0 ** random.uniform(-6, 0, (count, 1))
        q = _inside(random, c, np.where(random.random((count, 1)) < 0.5, p.q, q), c.q_kind)
    return _Chords(_inside(random, c, a), _inside(random, c, b), w, q)


def _inside(random, c, points, kind=None):
    kind = c.x_kind if kind is None else kind
    ends = intervals(kind, points.shape[1])
    return np.stack([moved_inside(random, points[:, i], *e) for i, e in enumerate(ends)], axis=1)


def _ordered(claim, chords):
    if not claim.ordered:
        return chords
    return _Chords(np.minimum(chords.a, chords.b), np.maximum(chords.a, chords.b), chords.w, chords.q)


def _scores(c, claim, chords):
    """How far above 0 the gap is: relative to the values, and to the square of the length; and where f is undefined."""
    a, b, w, q = (getattr(chords, k).astype(EXTENDED) for k in "abwq")
    middle = (1 - w)[:, None] * a + w[:, None] * b
    with np.errstate(all="ignore"):
        values = [c.values(x, q) for x in (a, middle, b)]
        gap = claim.gap(*values, w)
        size = sum(map(np.abs, values))
        relative = np.where(np.isfinite(gap), gap / (size + LEAST), -np.inf)
        dense = np.where(
            np.isfinite(gap) & (relative > -NOISE), gap / (np.abs(b - a).max(axis=1) ** 2 + 1e-300), -np.inf
        )
    if claim.strict:  # of points far out no number of digits may tell what is 0
        tame = (np.abs(a) < 20).all(axis=1) & (np.abs(b) < 20).all(axis=1)
        if claim.of_chords:
            tame &= (a != b).any(axis=1)
        relative, dense = np.where(tame, relative, -np.inf), np.where(tame, dense, -np.inf)
    return relative, dense, ~np.isfinite(values[0])


def contradiction(c, what, *, rounds=ROUNDS, seed=0):
    """What contradicts the claim `what` about a Composition, in words, or None."""
    claim, random, special = CLAIMS[what], np.random.default_rng([c.seed, seed]), special_numbers(c)
    chords = _ordered(claim, _first(random, c, FIRST, special))
    relative, dense, undefined = _scores(c, claim, chords)
    for i in np.flatnonzero(undefined)[:2]:
        if _is_undefined(c, chords.a[i], chords.q[i]):
            return f"undefined at {chords.a[i]}, {chords.q[i]}"
    for _ in range(rounds):
        best = np.unique(np.concatenate([np.argsort(-relative)[:PARENTS], np.argsort(-dense)[:PARENTS]]))
        kept, scores = chords.rows(best), (relative[best], dense[best])
        more = _ordered(claim, _bred(random, c, kept, BRED))
        found = _scores(c, claim, more)
        chords = kept.with_more(more)
        relative, dense = (np.concatenate([old, new]) for old, new in zip(scores, found, strict=False))
    most = 1 if claim.strict else CHECKED
    suspects = [*np.argsort(-relative)[:most], *np.argsort(-dense)[:most]]
    for i in dict.fromkeys(i for i in suspects if relative[i] > -NOISE):
        found = _confirmed(c, claim, chords.a[i], chords.b[i], chords.w[i], chords.q[i])
        if found:
            ends = f"between {chords.a[i]} and {chords.b[i]}, weight {chords.w[i]}"
            return f"{what}: {found} {ends}, parameters {chords.q[i]}"
    return None


def _is_undefined(c, x, q):
    """Whether f is undefined there, to all digits: 1 + erf(x) is 0 to few."""
    for digits in (DIGITS, DIGITS_OF_TAILS):
        with mp.workdps(digits):
            try:
                c.value(exactly(x), exactly(q))
            except (ValueError, ZeroDivisionError):
                continue
            except OverflowError:
                return False
        return False
    return True


def _gap(c, claim, a, b, w, q, digits):
    """The gap and the size of the values, in so many digits."""
    with mp.workdps(digits):
        x, y, p, w = exactly(a), exactly(b), exactly(q), mp.mpf(w)
        middle = [(1 - w) * s + w * t for s, t in zip(x, y, strict=True)]
        values = [c.value(at, p) for at in (x, middle, y)]
        return claim.gap(*values, w), max(map(abs, values))


def _confirmed(c, claim, *chord):
    try:
        gap, size = _gap(c, claim, *chord, DIGITS)
        if gap < -size * mp.mpf(10) ** (-DIGITS // 2):
            return None
        if claim.strict:
            return _not_strict(c, claim, chord, gap)
        if gap <= 0:
            return None
        again, _ = _gap(c, claim, *chord, MORE_DIGITS)
        return f"gap {mp.nstr(again, 5)}" if _agree(gap, again) and again > 0 else None
    except (ValueError, ZeroDivisionError):
        a, b, _, q = chord
        return "undefined" if _is_undefined(c, a, q) or _is_undefined(c, b, q) else None
    except OverflowError:
        return None


def _agree(rough, fine):
    """Whether readings with few and with more digits are of one number other than 0: what cancels depends on them."""
    return abs(fine - rough) < abs(fine) / 100


def _not_strict(c, claim, chord, gap):
    """What contradicts that the gap is below 0, however little: it is above 0, or 0 to all digits; or None."""
    for digits in DIGITS_TO_TELL_FROM_0:
        again, _ = _gap(c, claim, *chord, digits)
        if _agree(gap, again):
            return f"gap {mp.nstr(again, 5)}" if again > 0 else None
        gap = again
    return f"gap {mp.nstr(gap, 5)}, not strict"


# ------------------------------------------------------------------ witnesses, once more


def _exact(text):
    return Fraction(float.fromhex(text)) if "x" in text else Fraction(text)


def _mp(x):
    return mp.mpf(x.numerator) / x.denominator


def wrong_witness(c, question, witness, other=None):
    """What is wrong with a witness for the answer no, evaluated anew at four times its precision, in words; or None.

    Args:
        other: the second function, where two are compared.
    """
    points = {name: [_exact(t) for t in flat] for name, flat in witness["points"].items()}
    for name, flat in points.items():
        if not _inside_exactly(c, flat):
            return f"{name} lies outside of the domain"
    if len({tuple(flat[c.variables :]) for flat in points.values()}) > 1:
        return "the parameters differ"
    bits = max(4 * witness.get("precision", 100), 400)
    # A gap may be as small as the least double beside values of 1: then it is told from 0 in more digits only.
    return _wrong_at(bits, c, question, witness, points, other) and _wrong_at(
        bits + 2400, c, question, witness, points, other
    )


def _wrong_at(bits, c, question, witness, points, other):
    """What is wrong with a witness as far as so many bits tell."""
    with mp.workprec(bits):
        try:
            return WITNESSES[witness["kind"]](c, question, witness, points, other)
        except (ValueError, ZeroDivisionError):
            return "undefined at a point"
        except OverflowError:
            return None


def _chord(c, question, witness, points, other):
    w = Fraction(witness["weight"])
    if points["a"] == points["b"] or not 0 < w < 1 or points["m"] != _between(points["a"], points["b"], w):
        return "the middle is not between the ends"
    values = {f"f({name})": _value(c, points[name]) for name in "abm"}
    values["gap"] = values["f(m)"] - (1 - _mp(w)) * values["f(a)"] - _mp(w) * values["f(b)"]
    signs = {"is_convex": (1,), "is_concave": (-1,), "is_affine": (1, -1), "is_strictly_convex": (0, 1)}
    return _wrong_values(witness, values, signs[question])


def _inner_point(c, question, witness, points, other):
    w = Fraction(witness["weight"])
    if not 0 < w < 1 or points["a"] != _between(points["start"], points["end"], w):
        return "the inner point is not between the ends"
    values = {f"f({name})": _value(c, points[name]) for name in ("a", "b", "start", "end")}
    values["f(a) - f(b)"] = values["f(a)"] - values["f(b)"]
    side = 1 if question == "is_quasiconvex" else -1
    if any(side * (values["f(a)"] - values[end]) <= 0 for end in ("f(start)", "f(end)")):
        return "the inner point is not beyond both ends"
    return _wrong_values(witness, values, (side,))


def _pair(c, question, witness, points, other):
    if any(s > t for s, t in zip(points["a"], points["b"], strict=True)):
        return "the pair is not in order"
    values = {f"f({name})": _value(c, points[name]) for name in "ab"}
    values["f(a) - f(b)"] = values["f(a)"] - values["f(b)"]
    signs = {"is_nondecreasing": (1,), "is_nonincreasing": (-1,), "is_constant": (1, -1)}
    return _wrong_values(witness, values, signs[question])


def _point(c, question, witness, points, other):
    return _wrong_values(witness, {"f(x)": _value(c, points["x"])}, (0, -1))


def _apart(c, question, witness, points, other):
    values = {"f(x)": _value(c, points["x"]), "g(x)": _value(other, points["x"])}
    values["f(x) - g(x)"] = values["f(x)"] - values["g(x)"]
    return _wrong_values(witness, values, (1, -1))


def _straight(c, question, witness, points, other):
    """On the segment the function is affine: looked at in four places.

    What rounding leaves of 0 is small beside the values, or shrinks in twice as many digits.
    """
    a, b = points["a"], points["b"]
    for w in (Fraction(1, 2), Fraction(1, 3), Fraction(5, 7), Fraction(1, 64)):
        off, size = _beside_the_chord(c, a, b, w)
        with mp.workprec(2 * mp.mp.prec):
            finer, _ = _beside_the_chord(c, a, b, w)
        if a == b or (off > size * mp.mpf(2) ** (60 - mp.mp.prec) and finer > off * mp.mpf(2) ** -60):
            return "not affine on the segment"
    return None


def _beside_the_chord(c, a, b, w):
    """How far the function is from its chord at a part of the segment, and how large its values are."""
    inside, start, end = (_value(c, at) for at in (_between(a, b, w), a, b))
    return abs(inside - (1 - _mp(w)) * start - _mp(w) * end), max(map(abs, (inside, start, end)))


WITNESSES = {
    "chord": _chord,
    "inner point beyond both ends": _inner_point,
    "pair": _pair,
    "point where the function is not positive": _point,
    "point where the functions differ": _apart,
    "straight segment": _straight,
}


def _wrong_values(witness, values, signs):
    """What is wrong with the recorded sign and enclosures, given the true values."""
    goal = list(witness["enclosures"])[-1]
    least = sum(abs(v) for v in values.values()) * mp.mpf(2) ** (40 - mp.mp.prec)
    sign = 0 if abs(values[goal]) <= least else int(mp.sign(values[goal]))
    if sign != witness["sign"] or sign not in signs:
        return f"the sign of {goal} is {sign}, said to be {witness['sign']}"
    for name, text in witness["enclosures"].items():
        if not _encloses(text, values[name], least):
            return f"{name} = {mp.nstr(values[name], 30)} lies outside of {text}"
    return None


def _value(c, flat):
    numbers = [_mp(t) for t in flat]
    return c.value(numbers[: c.variables], numbers[c.variables :])


def _between(a, b, w):
    return [(1 - w) * s + w * t for s, t in zip(a, b, strict=True)]


def _inside_exactly(c, flat):
    sides = [*intervals(c.x_kind, c.variables), *(intervals(c.q_kind, c.parameters) if c.parameters else ())]
    for t, (lo, hi, lo_open, hi_open) in zip(flat, sides, strict=True):
        if np.isfinite(lo) and (t < Fraction(lo) or (lo_open and t == Fraction(lo))):
            return False
        if np.isfinite(hi) and (t > Fraction(hi) or (hi_open and t == Fraction(hi))):
            return False
    return True


def _encloses(text, value, slack):
    middle, _, radius = text.strip("[]").partition("+/-")
    off = abs(value - mp.mpf(middle.strip() or 0))
    return off <= (mp.mpf(radius.strip()) if radius else abs(value) * mp.mpf(10) ** -18) + slack


def wrong_complaint(message, c, *others):
    """What is wrong with the complaint that a function is undefined at a point: all have values there; or None."""
    found = re.search(r"not a real number at (.*), which lies in", message)
    numbers = re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:/\d+)?", found.group(1)) if found else []
    if len(numbers) != c.variables + c.parameters or any("..." in n for n in numbers):
        return None
    flat = [Fraction(n) if "/" in n else Fraction(float(n)) for n in numbers]
    with mp.workdps(DIGITS):
        try:
            values = [mp.nstr(_value(f, flat), 10) for f in (c, *others)]
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
    return f"{values} at {found.group(1)}, not undefined"
