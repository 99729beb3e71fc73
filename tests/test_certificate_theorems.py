"""Every rule of the checker against a slow oracle: where its premises hold, what it concludes holds as well.

A rule is a theorem about functions, and nearly all of these hold chord by chord: if the premises satisfy their
inequalities on one chord, the conclusion satisfies its own there.  So that is what is tried, with many digits, on
chords of the domain: whatever a rule lets pass is evaluated at both ends and between.
"""

import itertools
import random
from dataclasses import replace
from fractions import Fraction

import jax.numpy as jnp
import mpmath
import pytest
from compositions import composition
from flint import fmpq
from forgeries import about
from hypothesis import given
from hypothesis import strategies as st
from normal_forms import DIGITS, Digits, UnclearError, UndefinedError, as_ratio, value_of
from test_certificate_rules import CASES, arguments, certificate_of
from test_curvature import CONCAVE, CONVEX, RISING, STRICT
from test_quasiconvexity import RULES as QUASI
from test_rule_families import RULES as FAMILIES

from netprops import UnsupportedError, box, positive, reals, recheck
from netprops.certificates.goals import RULES, Goal, product
from netprops.certificates.refusals import MALFORMED, RefusedError
from netprops.certificates.views import View
from netprops.domains import Interval
from netprops.questions.asking import readings, traced
from netprops.readings.expressions import from_json, to_json
from netprops.readings.polynomials import Expression, TooLargeError, alone
from netprops.readings.substitution import root_of

CHORDS = 8
CLEAR = mpmath.mpf(10) ** -25  # a gap as large as this, in proportion, is no rounding
SLIGHT = mpmath.mpf(10) ** -45
INNER = ("0", "1", "-1", "2", "-2", "1/2", "-1/2", "3", "1/1000", "-1/1000", "5", "-7/2", "10", "-10", "1/7", "9/10")


# ---------------------------------------------------------------- points


def number_in(rng, r):
    """An exact number of the interval: one of a few, one between its ends, or an end."""
    inner = [fmpq(Fraction(x).numerator, Fraction(x).denominator) for x in INNER]
    found = [x for x in inner if r.contains(x)]
    if r.lo is not None and r.hi is not None:
        found += [r.lo + (r.hi - r.lo) * fmpq(k, 8) for k in range(9)]
    elif r.lo is not None:
        found += [r.lo + fmpq(k, 4) for k in (0, 1, 4, 9, 40)]
    elif r.hi is not None:
        found += [r.hi - fmpq(k, 4) for k in (0, 1, 4, 9, 40)]
    return rng.choice([x for x in found if r.contains(x)])


def ranges_of(table):
    """The interval of each variable; one that takes one value only does not occur."""
    known = {a.dependencies.bit_length() - 1: a.range for a in table.atoms if a.kind == "variable"}
    return [known.get(bit, Interval(fmpq(0), fmpq(0))) for bit in range(len(table.names))]


def chord(rng, table, mask):
    """Two points that differ in variables of the mask alone, often in one, and a weight."""
    ranges = ranges_of(table)
    a = [number_in(rng, r) for r in ranges]
    b = [number_in(rng, r) if mask >> bit & 1 else x for bit, (r, x) in enumerate(zip(ranges, a, strict=True))]
    bits = [bit for bit in range(len(ranges)) if mask >> bit & 1]
    if bits and rng.random() < 0.5:
        one = rng.choice(bits)
        b = [y if bit == one else x for bit, (x, y) in enumerate(zip(a, b, strict=True))]
    elif bits and rng.random() < 0.4:  # along a diagonal, where differences of variables do not change
        delta = fmpq(rng.choice((1, -1, 2)), rng.choice((1, 3)))
        moved = [x + delta if mask >> bit & 1 else x for bit, x in enumerate(a)]
        b = moved if all(r.contains(x) for r, x in zip(ranges, moved, strict=True)) else b
    return a, b, fmpq(*rng.choice(((1, 2), (1, 2), (1, 4), (3, 4), (1, 16))))


def between(a, b, w):
    return [(1 - w) * x + w * y for x, y in zip(a, b, strict=True)]


# ---------------------------------------------------------------- what a goal says on a chord


def violation(goal, a, b, w):
    """By how much a goal is violated on a chord, in proportion to its numbers; 0 or less if it holds."""
    if goal.kind == "convex terms":
        return max((violation(Goal("convex", e, goal.mask), a, b, w) for e in summands(goal)), default=mpmath.mpf(0))
    value = value_on(goal)
    ends = [value(x) for x in (a, b)]
    if goal.kind == "positive":
        return mpmath.mpf(1) if min(ends) <= 0 else mpmath.mpf(-1)
    if goal.kind == "constant":
        return abs(ends[0] - ends[1]) / size(ends)
    if goal.kind in ("rising", "nondecreasing"):
        low, high = (value([f(x, y) for x, y in zip(a, b, strict=True)]) for f in (min, max))
        return (low - high) / size([low, high])
    middle = value(between(a, b, w))
    v = Digits.number(w)
    over = max(ends) if goal.kind == "quasi-convex" else (1 - v) * ends[0] + v * ends[1]
    gap = (middle - over) / size([*ends, middle])
    if goal.kind == "affine":
        return abs(gap)
    if goal.kind == "strictly convex":
        return mpmath.mpf(1) if gap >= 0 and a != b else gap
    return gap


def size(values):
    return max(map(abs, values)) + mpmath.mpf(10) ** -30


def value_on(goal):
    """The function of a point that the goal says to be convex, rising and so on."""

    def plain(point):
        return value_of(goal.expression.table, goal.expression, point, Digits)

    def logarithm(point):
        return mpmath.log(positive_number(plain(point)))

    def powered(point):
        x = plain(point)
        if x < 0:
            raise UndefinedError
        return x ** Digits.number(goal.power)

    return {"log-convex": logarithm, "norm operand": powered}.get(goal.kind, plain)


def positive_number(x):
    if x <= 0:
        raise UndefinedError
    return x


def summands(goal):
    """e as the sum that it is convex term by term as: by moving factors, all quadratic ones together."""
    table, groups = goal.expression.table, {}
    for monomial, c in goal.expression.terms.items():
        moving = tuple((i, k) for i, k in monomial if table.atoms[i].dependencies & goal.mask)
        quadratic = sum(k for _, k in moving) == 2 and all(
            table.atoms[i].kind == "variable" and k > 0 for i, k in moving
        )
        groups.setdefault("quadratic" if quadratic else moving, {})[monomial] = c
    return [Expression(table, terms) for key, terms in groups.items() if key]


def steps_of(goal, a, b):
    """From min(a, b) to max(a, b), one variable of the mask at a time: the pair for each variable."""
    low, high = ([f(x, y) for x, y in zip(a, b, strict=True)] for f in (min, max))
    pairs = {}
    for bit in range(len(low)):
        if goal.mask >> bit & 1:
            moved = [*low[:bit], high[bit], *low[bit + 1 :]]
            pairs[1 << bit] = (low, moved)
            low = moved
    return pairs


def on_ratios(goal, premise, parameters, a, b, w):
    """The chord of g that one of a g(v / a) comes from."""
    bit = parameters["divisor"]
    used = goal.expression.table.dependencies(goal.expression) & goal.mask

    def ratios(x):
        return [y / x[bit] if used >> i & 1 and i != bit else y for i, y in enumerate(x)]

    return ratios(a), ratios(b), w * b[bit] / ((1 - w) * a[bit] + w * b[bit])


def inner_value(goal, parameters, x):
    """g at a point, as a fraction of as many digits, for a function h(g)."""
    table = goal.expression.table
    g = root_of(table, from_json(table, parameters["inner"]), parameters["root"])
    return fmpq(*as_ratio(value_of(table, g, x, Digits)))


def premise_violation(rule, goal, premise, parameters, a, b, w):
    if rule == "rising in each variable":
        return violation(premise, *steps_of(goal, a, b)[premise.mask], w)
    if rule == "perspective":
        a, b, w = on_ratios(goal, premise, parameters, a, b, w)
    if rule == "function of one expression" and premise.expression.table is not goal.expression.table:
        a, b = ([inner_value(goal, parameters, x)] for x in (a, b))
    return violation(premise, a, b, w)


def attack(rng, rule, goal, parameters, premises, chords=CHORDS):
    """How many chords told something; fails on one where all premises hold and the conclusion does not."""
    told = 0
    with mpmath.workdps(DIGITS):
        for _ in range(chords):
            a, b, w = chord(rng, goal.expression.table, goal.mask)
            try:
                conclusion = violation(goal, a, b, w)
            except (UnclearError, OverflowError):
                continue
            except (UndefinedError, ZeroDivisionError):
                if "erf(" in str(goal):  # of 1 +- erf no digit may be left, so that its logarithm seems undefined
                    continue
                raise AssertionError((rule, str(goal), "undefined", a, b)) from None
            told += 1
            if conclusion < CLEAR:
                continue
            broken = []
            for premise in premises:
                try:
                    broken.append(premise_violation(rule, goal, premise, parameters, a, b, w))
                except (UnclearError, UndefinedError, OverflowError, ZeroDivisionError):
                    broken.append(mpmath.inf)
            assert any(x > SLIGHT for x in broken), (rule, str(goal), list(map(str, premises)), a, b, w, conclusion)
    return told


# ---------------------------------------------------------------- what certificates are made of


def applied(monkeypatch, run):
    """Every application of a rule that lets a goal pass, while something runs: rule, goal, parameters, premises."""
    found = []

    def recording(name, entry):
        def check(goal, parameters):
            premises = entry.check(goal, parameters)
            found.append((name, goal, parameters, premises))
            return premises

        return replace(entry, check=check)

    with monkeypatch.context() as patched:
        for name, entry in list(RULES.items()):
            patched.setitem(RULES, name, recording(name, entry))
        run()
    return found


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_concludes_follows(rule, monkeypatch):
    case = CASES[rule]
    f, _, certificate = certificate_of(case)
    miss, domains = arguments(case.misses)
    forged = about(certificate, domains, miss)
    uses = applied(monkeypatch, lambda: (recheck(certificate, f), recheck(forged, miss)))
    assert rule in {name for name, *_ in uses}
    rng, told = random.Random(rule), 0
    for name, goal, parameters, premises in uses:
        told += attack(rng, name, goal, parameters, premises, 20)
    assert told > 0


# ---------------------------------------------------------------- whatever a rule can be used for


def goals_about(table, mask, e):
    """Goals of every kind about an expression, minus it, and its terms."""
    view = View(table, mask)
    expressions = [e, table.scale(e, -1)]
    for part, _ in view.parts(e)[:4]:
        expressions += [product(view, part), product(view, part, -1)]
    kinds = sorted({kind for entry in RULES.values() for kind in entry.kinds})
    bits = [1 << bit for bit in range(len(table.names)) if mask >> bit & 1]
    for x in dict.fromkeys(expressions):
        for kind in kinds:
            for m in bits if kind == "rising" else (mask,):
                powers = (fmpq(1, 2), fmpq(1, 3), fmpq(2, 3)) if kind == "norm operand" else (fmpq(1),)
                yield from (Goal(kind, x, m, k) for k in powers)


def arguments_in(e):
    """What stands as an argument of a function, or as a factor, in e."""
    atoms = [e.table.atoms[i] for m in e.terms for i, _ in m]
    found = [a for atom in atoms for a in atom.arguments if isinstance(a, Expression) and a.terms]
    return [to_json(a) for a in dict.fromkeys(found)]


def matrix_fractions_of(e):
    """[[a, b], [b, c]] and y made of the first variables, in this order and in another one."""
    forms = [a for a in e.table.atoms if a.kind == "variable"]
    if len(forms) < 5:
        return []
    a, b, c, u, v = (to_json(Expression(e.table, {alone(form.index): fmpq(1)})) for form in forms[:5])
    made = ([[a, b], [b, c]], [u, v]), ([[c, b], [b, a]], [u, v]), ([[a, b], [c, b]], [u, v])
    return [{"matrix": A, "vector": y, "weight": w} for A, y in made for w in ("1", "1/2", "-1")]


def shares_of(rng, n):
    """A few tables of shares of n entropies."""
    return [[[str(rng.choice((0, 0, 1))) for _ in range(n)] for _ in range(n + 1)] for _ in range(3)]


def parameters_for(rng, rule, goal):
    """Parameters that the rule may be given, sense or nonsense."""
    table, terms = goal.expression.table, to_json(goal.expression)
    form = next((a for a in table.atoms if a.kind == "variable" and a.dependencies & goal.mask), None)
    line = [] if form is None else [to_json(Expression(table, {alone(form.index): fmpq(1)}))]
    places = list(range(len(terms)))
    rng.shuffle(places)
    cut = rng.randrange(len(terms) + 1)
    pairs = [(i, [j for j in places if j != i][:k]) for i in places for k in (0, 1, 2)]
    inner = arguments_in(goal.expression)
    pieces = [{"from": None, "parts": "signs"}], [{"from": None, "parts": []}, {"from": "0", "parts": []}]
    candidates = {
        "sum": [{"summands": [places[:cut], places[cut:]]}, {"summands": [[p] for p in places[:cut]]}],
        "outweighed": [{"bounded": list(range(len(terms)))}, {"bounded": [cut]}, {"bounded": []}],
        "lent curvature": [
            {"summands": [places[:cut]], "forms": [u], "lent": [m]} for u in (*line, *inner[:2]) for m in ("1", "-1/2")
        ],
        "quotient of degree two": [{"denominator": 0}, {"denominator": 1}],
        "relative entropies": [{"entropies": [{"own": [i], "others": others}]} for i, others in pairs],
        "perspective": [{"divisor": bit} for bit in range(len(table.names))],
        "common shift": [{"term": p, "shift": shift} for p in places[:3] for shift in (terms[1:], terms[:1])],
        "rising operands": [{"term": p} for p in places],
        "clipped": [{"term": p, "mirrored": m} for p in places for m in (True, False)],
        "derivative": [{"by": "range"}, {"by": "polynomial"}],
        "one form": [{"form": u, "pieces": list(parts)} for u in line for parts in pieces],
        "sum of squares": [{"basis": [], "gram": []}],
        "entropies": [
            {"forms": forms, "shares": shares} for forms in (line, inner[:2]) for shares in shares_of(rng, len(forms))
        ],
        "Dirichlet normaliser": [
            {"arguments": list(chosen), "coefficient": c}
            for size in (2, 3)
            for chosen in itertools.permutations(inner[:4], size)
            for c in ("1", "1/2")
        ],
        "log of a Gumbel tail": [{"term": p} for p in places],
        "minors": [{"halves": None}, {"halves": [0, None, None]}],
        "matrix fraction": [
            *({"matrix": [[a]], "vector": [u], "weight": w} for a in inner[:2] for u in line for w in ("1", "1/3")),
            *matrix_fractions_of(goal.expression),
        ],
        "function of one expression": [
            {"inner": u, "root": root, "rises": rises, "kink": None}
            for u in inner[:3]
            for root in (1, 2)
            for rises in (0, 1)
        ],
    }
    return candidates.get(rule, [{}])


# They ask for what they conclude, in other words.
WITHOUT_HYPOTHESES = ("both ways", "quasi-convex as convex", "rising in each variable")


def tried(rng, reading, e, chords):
    """All rules on all goals about an expression; how often each let one pass."""
    passed = dict.fromkeys(RULES, 0)
    for goal in goals_about(reading.calculus.table, reading.calculus.mask, e):
        for rule, entry in RULES.items():
            if goal.kind not in entry.kinds or rule in WITHOUT_HYPOTHESES:
                continue
            for parameters in parameters_for(rng, rule, goal):
                try:
                    premises = entry.check(goal, parameters)
                except (RefusedError, TooLargeError, *MALFORMED):
                    continue
                passed[rule] += 1
                attack(rng, rule, goal, parameters, premises, chords)
    return passed


@given(seed=st.integers(0, 2**64 - 1))
def test_no_rule_concludes_what_is_false_of_random_compositions(seed):
    rng = random.Random(seed)
    c = composition(rng)
    try:
        for reading in readings(traced("is_convex", c.function(), *c.domains()), [], (0, 1)):
            for e in reading.expressions:
                if len(e.terms) <= 12:
                    tried(rng, reading, e, 3)
    except (UnsupportedError, TooLargeError):
        return


MISSES = {name: row[-1] for table in (CONVEX, CONCAVE, STRICT, RISING, QUASI) for name, row in table.items()} | {
    f"{name}, {place}": miss for name, (_, misses) in FAMILIES.items() for place, miss in enumerate(misses)
}


@pytest.mark.parametrize("name", MISSES)
def test_no_rule_concludes_what_is_false_of_near_misses(name):
    f, domains = arguments(MISSES[name])
    rng = random.Random(name)
    for reading in readings(traced("is_convex", f, *domains), [], (0,)):
        for e in reading.expressions:
            if len(e.terms) <= 8:
                assert sum(tried(rng, reading, e, 2).values()) > 0


# ---------------------------------------------------------------- wrong on purpose

# What a rule without its hypothesis would conclude: kind of goal, function, domain; the premises hold.
WRONG = {
    "affine": ("affine", lambda x: x + x**2 / 1000, reals()),
    "convex, of a root": ("convex", lambda x: jnp.sqrt(x), positive()),
    "convex, of a product": ("convex", lambda v: v[0] * v[1], reals(2)),
    "convex, of a square beside a wave": ("convex", lambda x: x**2 / 4 + jnp.sin(x), reals()),
    "concave, of powers of total degree 9/8": ("convex", lambda v: -(v[0] ** 0.25) * v[1] ** 0.875, positive(2)),
    "strictly convex along one form": ("strictly convex", lambda v: (v[0] - v[1]) ** 2, reals(2)),
    "convex terms": ("convex terms", lambda v: jnp.exp(v[0]) - jnp.abs(v[1]), reals(2)),
    "log-convex": ("log-convex", lambda x: 1 + x**2, reals()),
    "quasi-convex": ("quasi-convex", lambda x: x**3 - x, reals()),
    "rising": ("nondecreasing", lambda v: v[0] - v[1] / 1000, reals(2)),
    "constant": ("constant", lambda x: 2 + x / 1000, reals()),
    "positive": ("positive", lambda x: x, box(0, 1)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_that_is_wrong_on_purpose_is_found(name):
    kind, f, on = WRONG[name]
    (reading,) = readings(traced("is_convex", f, on), [], (0,))
    goal = Goal(kind, reading.expressions[0], reading.calculus.mask)
    true = Goal("constant", reading.calculus.table.number(1), reading.calculus.mask)
    with pytest.raises(AssertionError, match=kind):
        attack(random.Random(0), "wrong", goal, {}, [true], 60)


def test_a_norm_of_roots_is_found():
    (reading,) = readings(traced("is_convex", lambda x: jnp.abs(x) + 1, reals()), [], (0,))
    goal = Goal("norm operand", reading.expressions[0], reading.calculus.mask, fmpq(1, 2))
    with pytest.raises(AssertionError, match="norm operand"):
        attack(random.Random(0), "wrong", goal, {}, [], 60)


def test_a_false_premise_is_no_fault_of_the_rule():
    (reading,) = readings(traced("is_convex", lambda x: jnp.sqrt(x), positive()), [], (0,))
    goal = Goal("convex", reading.expressions[0], reading.calculus.mask)
    assert attack(random.Random(0), "right", goal, {}, [goal], 60) > 0
