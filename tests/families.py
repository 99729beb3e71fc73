"""Random functions near the hypotheses of the rules: within them, at their limits and just beyond (`mutated`).

A family is drawn with a `random.Random` and gives a Composition (tests/compositions.py). Nothing is known of its shape:
what the project answers is attacked, not compared. A rule that is too generous shows itself on functions that miss its
hypothesis by one sign, one exponent or one end of the domain, and such functions are drawn here on purpose.
"""

import math
from dataclasses import replace

from compositions import Composition, intervals
from operations import MOVED, OPERATIONS

INF = math.inf
R, P, N = (-INF, INF, False, False), (0.0, INF, True, False), (0.0, INF, False, False)


def between(lo, hi, lo_open=False, hi_open=False):
    return (float(lo), float(hi), lo_open, hi_open)


# ------------------------------------------------------------------ trees


def c(value):
    return ("c", float(value))


def x(i=0):
    return ("x", i)


def q(i=0):
    return ("q", i)


def add(*parts):
    total = parts[0]
    for part in parts[1:]:
        total = ("add", total, part)
    return total


def mul(*parts):
    total = parts[0]
    for part in parts[1:]:
        total = ("mul", total, part)
    return total


def sub(a, b):
    return ("sub", a, b)


def neg(a):
    return ("neg", a)


def scaled(k, a):
    return mul(c(k), a)


def power(a, k):
    return ("power", a, c(k))


def number(rng):
    """Mostly a simple number, sometimes any double of a common size."""
    if rng.random() < 0.75:
        return rng.choice([-3, -2, -1.5, -1, -0.5, -0.25, 0.25, 0.5, 0.75, 1, 1, 1.5, 2, 3, 4])
    return rng.choice([-1, 1]) * 10 ** rng.uniform(-2, 1)


def positive_number(rng):
    return abs(number(rng))


def affine(rng, n, *, constant=True):
    """a.x + b in some of n variables."""
    chosen = rng.sample(range(n), rng.randint(1, min(n, 2)))
    parts = [scaled(number(rng), x(i)) if rng.random() < 0.7 else x(i) for i in chosen]
    if constant and rng.random() < 0.6:
        parts.append(c(number(rng)))
    return add(*parts)


def positive_affine(rng, n):
    """An affine form that is positive on the open positive orthant."""
    chosen = rng.sample(range(n), rng.randint(1, min(n, 2)))
    parts = [scaled(positive_number(rng), x(i)) if rng.random() < 0.5 else x(i) for i in chosen]
    return add(*parts, c(positive_number(rng))) if rng.random() < 0.4 else add(*parts)


def size(rng, most=3):
    return rng.choice([1, 1, 2, 2, 3, 4][: 2 * most])


def any_interval(rng):
    return rng.choice(
        [
            *(R, R, R, R, P, N, between(-1, 2), between(-5, -1), between(0.5, 0.75), between(1, INF), between(-INF, 0)),
            *(between(-1, 1, True, True), between(-30, 30), between(0, 1), between(-INF, 2, False, True)),
        ]
    )


def positive_interval(rng):
    return rng.choice(
        [P, P, between(0.5, 2), between(1, INF), between(0.25, 0.5), between(0, 1, True, True), between(1e-3, 1e3)]
    )


def small_interval(rng):
    lo = rng.choice([-2, -1, -0.5, 0, 0.25, 0.5, 1, 2])
    return between(lo, lo + rng.choice([0.125, 0.5, 1, 2]))


def made(t, xs, qs=()):
    return Composition(t, len(xs), len(qs), tuple(xs), tuple(qs))


def on(rng, t, n, draw=any_interval):
    """On a box whose sides are drawn alike, or each for itself."""
    if rng.random() < 0.6:
        return made(t, (draw(rng),) * n)
    return made(t, tuple(draw(rng) for _ in range(n)))


# ------------------------------------------------------------------ the families

CONVEX = (
    "square", "exp", "softplus", "abs", "relu", "cosh", "fourth", "huber", "leaky relu", "elu", "squareplus",
    "log bessel", "celu",
)  # fmt: skip
CONCAVE = ("log sigmoid", "neg", "log normal", "log erfc")
ON_POSITIVE = ("log", "sqrt", "inverse", "x log x", "lgamma", "digamma", "power 0.3", "power 1.5", "rsqrt", "entropy")


def convex(rng, n):
    """Most often convex."""
    u = affine(rng, n)
    pick = rng.random()
    if pick < 0.7:
        return (rng.choice(CONVEX), u)
    if pick < 0.85:
        return ("max", u, affine(rng, n))
    return ("logaddexp", u, affine(rng, n))


def concave_positive(rng, n):
    """Positive and concave on the positive orthant, most often."""
    u = positive_affine(rng, n)
    return rng.choice([u, u, ("sqrt", u), ("log1p", u), power(u, 0.75), ("min", u, c(2)), ("tanh", u)])


def convex_positive(rng, n):
    u = affine(rng, n)
    return rng.choice(
        [("exp", u), ("cosh", u), add(("square", u), c(positive_number(rng))), ("softplus", u), add(("abs", u), c(1))]
    )


def affine_forms(rng):
    n = size(rng)
    u, v = affine(rng, n), affine(rng, n)
    square = ("square", u)
    t = rng.choice(
        [
            sub(("square", add(u, c(1))), add(square, scaled(2, u))),
            sub(mul(add(u, v), sub(u, v)), sub(square, ("square", v))),
            sub(("exp", u), ("exp", add(u, c(0)))),
            ("log", ("exp", u)),
            sub(("softplus", u), ("softplus", neg(u))),
            sub(("max", u, v), ("max", sub(u, v), c(0))),
            add(("relu", u), neg(("relu", neg(u)))),
            sub(("where <", u, square, u), ("where <", u, sub(square, u), c(0))),
            sub(("where <", u, ("exp", u), c(1)), ("where <", u, sub(("exp", u), u), sub(c(1), u))),
        ]
    )
    return on(rng, t, n)


def constants(rng):
    """What cancels altogether, or nearly."""
    n = size(rng)
    u, v = affine(rng, n), convex(rng, n)
    t = rng.choice(
        [
            sub(u, u),
            mul(("exp", u), ("exp", neg(u))),
            add(("logistic", u), ("logistic", neg(u))),
            sub(("softplus", u), add(u, ("softplus", neg(u)))),
            ("div", add(("square", u), c(1)), add(c(1), ("square", u))),
            sub(("max", u, v), add(("relu", sub(u, v)), v)),
            mul(c(0), v),
            sub(("log", ("exp", v)), v),
            ("sign", add(("square", u), c(1))),
            ("floor", ("logistic", u)),
            sub(("tanh", u), sub(scaled(2, ("logistic", scaled(2, u))), c(1))),
        ]
    )
    return on(rng, add(t, c(number(rng))), n)


def quadratic_forms(rng):
    n = rng.choice([1, 2, 2, 3, 4])
    rank = rng.randint(1, n)
    rows = [[rng.randint(-2, 2) for _ in range(n)] for _ in range(rank)]
    unit = rng.choice([1, 1, 1e-11, 0.125, 1e6])
    hair = rng.choice([0, 0, 0, 0, 2.0**-52, -(2.0**-52), -1e-7, -1e-11, 1, -1])
    place = (rng.randrange(n), rng.randrange(n))
    parts = []
    for i in range(n):
        for j in range(i, n):
            k = sum(row[i] * row[j] for row in rows) * (1 if i == j else 2)
            k = k * unit * (1 + hair) if (i, j) == place else k * unit
            if k:
                parts.append(mul(c(k), x(i), x(j)) if rng.random() < 0.7 else mul(scaled(k, x(j)), x(i)))
    t = add(*parts, affine(rng, n)) if parts else affine(rng, n)
    if rng.random() < 0.3 and n >= 2:
        t = ("form", x(0), x(1), c(rng.choice([1, 2, 4])), c(rng.choice([-2, -1, 1, 2, 3])), c(rng.choice([1, 2, 4])))
    return on(rng, t, n)


def sums_of_powers(rng):
    n = size(rng)
    parts = [
        scaled(
            rng.choice([1, 1, 2, positive_number(rng), -0.01]), power(affine(rng, n), rng.choice([2, 2, 3, 4, 4, 6]))
        )
        for _ in range(rng.randint(1, 3))
    ]
    return on(rng, add(*parts), n)


def powers(rng):
    """A power of what is positive: concave, convex or affine; of either sign."""
    n = size(rng)
    base = rng.choice([positive_affine, concave_positive, convex_positive, concave_positive])(rng, n)
    k = rng.choice([-3, -2, -1, -1, -0.5, -0.125, 0.25, 0.5, 0.5, 0.75, 1.25, 1.5, 2, 3, 4, 5])
    if rng.random() < 0.25:
        base = neg(base)
        k = rng.choice([-3, -2, -1, 2, 3, 4, 5])
    return on(rng, rng.choice([power(base, k), neg(power(base, k))]), n, positive_interval)


def products_of_powers(rng):
    """x^a y^b ...: at, below and above the totals of the rules."""
    n = rng.choice([2, 2, 3])
    bases = [rng.choice([x(i), x(i), concave_positive(rng, n)]) for i in range(n)]
    pick = rng.random()
    if pick < 0.35:
        shares = {2: [(0.5, 0.5), (0.25, 0.75), (0.25, 0.5), (0.5, 0.75)], 3: [(0.25, 0.25, 0.5), (0.5, 0.5, 0.25)]}[n]
        exponents = rng.choice(shares)
    elif pick < 0.6:
        exponents = [-rng.choice([0.25, 0.5, 1, 2]) for _ in range(n)]
    else:
        exponents = [rng.choice([1, 1.5, 2, 2, 3, 4]), *(-rng.choice([0.5, 1, 1, 2]) for _ in range(n - 1))]
    t = mul(*(power(b, k) for b, k in zip(bases, exponents, strict=True)))
    if rng.random() < 0.3:
        t = neg(t)
    draw = positive_interval
    if pick >= 0.6 and rng.random() < 0.5:  # an even power of any affine form over positive ones
        t = mul(
            power(affine(rng, n), rng.choice([2, 3, 4])), *(power(x(i), -rng.choice([0.5, 1, 2])) for i in range(1, n))
        )
        return made(t, (R, *(draw(rng) for _ in range(n - 1))))
    return on(rng, t, n, draw)


def over_products(rng):
    """A convex function over a product of powers of concave positive ones."""
    t = mul(("square", convex_positive(rng, 1)), power(concave_positive(rng, 1), -rng.choice([0.5, 1, 1, 2])))
    return on(rng, t, 1, positive_interval)


def log_convex(rng):
    n = size(rng)
    u = positive_affine(rng, n)
    factors = [
        ("exp", convex(rng, n)), power(u, -rng.choice([0.5, 1, 2])), ("cosh", affine(rng, n)), ("exp", affine(rng, n)),
        power(u, rng.choice([0.5, 1, 2])), ("logistic", affine(rng, n)), ("exp", ("x log x", u)),
    ]  # fmt: skip
    return on(rng, mul(*rng.sample(factors, rng.randint(1, 3))), n, positive_interval)


def log_sums(rng):
    n = size(rng)
    operands = [rng.choice([affine(rng, n), affine(rng, n), convex(rng, n), c(0)]) for _ in range(3)]
    t = rng.choice(
        [
            ("logsumexp", *operands), ("logaddexp", *operands[:2]), ("softplus", operands[0]),
            ("log", add(*(scaled(positive_number(rng), ("exp", u)) for u in operands))),
            ("log", add(("cosh", affine(rng, n)), ("exp", operands[0]))),
            ("log", add(("cosh", operands[0]), c(rng.choice([-0.5, 0, 0.5])))),
            ("log bessel", affine(rng, n)), ("log softmax", *operands), neg(("log softmax", *operands)),
            ("log", add(("exp", ("square", x(0))), ("exp", operands[1]))),
        ]
    )  # fmt: skip
    rest = rng.choice(
        [None, None, affine(rng, n), scaled(rng.choice([-1, -1e-3, 0.1, -0.01]), ("square", x(0))), neg(operands[0])]
    )
    return on(rng, t if rest is None else add(t, rest), n)


def normalisers(rng):
    """Sums of lgamma less that of their total, or of a little more or less than it."""
    n = rng.choice([2, 2, 3])
    parts = [rng.choice([x(i), x(i), add(x(i), c(0.5)), scaled(2, x(i)), positive_affine(rng, n)]) for i in range(n)]
    extra = rng.choice([0, 0, 0, 1, 0.5, 1e-9, -1e-9, -0.25])
    share = rng.choice([1, 1, 1, 1, 0.5, 1 + 1e-9, 1 - 1e-9, 2, -1])
    k = rng.choice([1, 1, 1, 2, 0.5, -1])
    total = add(*parts, c(extra)) if extra else add(*parts)
    t = add(*(("lgamma", u) for u in parts), scaled(-share, ("lgamma", total)))
    if rng.random() < 0.3:
        t = ("log beta", *parts[:2])
    t = t if k == 1 else scaled(k, t)
    rest = rng.choice(
        [None, None, affine(rng, n), ("x log x", x(0)), scaled(-1e-3, ("square", x(0))), ("lgamma", x(0))]
    )
    return on(rng, t if rest is None else add(t, rest), n, positive_interval)


def gumbel_tails(rng):
    """-log(exp(v) - 1) and -log(1 - exp(-v)) for v = k exp(u), and near ones."""
    n = rng.choice([1, 1, 2])
    u = rng.choice([affine(rng, n), affine(rng, n), affine(rng, n), convex(rng, n), neg(("square", x(0)))])
    k, a = rng.choice([1, 1, 1, 0.5, 2, 1e-3]), rng.choice([1, 1, 1, 2, 0.5])
    v = ("exp", u) if k == 1 else scaled(k, ("exp", u))
    off = rng.choice([a, a, a, a, a * (1 - 2.0**-40), a / 2, -a])
    t = rng.choice(
        [
            neg(("log", ("expm1", v))), neg(("log", sub(("exp", v), c(1)))), neg(("log", sub(c(1), ("exp", neg(v))))),
            neg(("log", sub(scaled(a, ("exp", v)), c(off)))), ("log", sub(c(1), ("exp", neg(v)))),
            neg(("log", neg(("expm1", neg(v))))),
        ]
    )  # fmt: skip
    rest = rng.choice([None, None, v, scaled(0.999, v), scaled(-1e-3, v), affine(rng, n), ("square", u)])
    return on(rng, t if rest is None else add(t, rest), n, rng.choice([any_interval, small_interval]))


def log_concave(rng):
    u = affine(rng, 1)
    t = rng.choice(
        [
            ("log", ("logistic", u)), ("log normal", u), ("log erfc", u), ("log", add(c(1), ("erf", u))),
            ("log", sub(c(rng.choice([1, 1, 1.5, 2])), ("erf", u))), ("log", scaled(positive_number(rng), ("erfc", u))),
            ("log", add(c(rng.choice([0, 0.25])), ("logistic", u))),
            ("log", power(("logistic", u), rng.choice([0.5, 2]))),
        ]
    )  # fmt: skip
    return on(rng, t, 1, rng.choice([any_interval, small_interval]))


BENDING = (
    "exp", "log", "logistic", "tanh", "atan", "erf", "erfc", "asinh", "sinh", "cosh", "atanh", "asin", "acos", "tan",
    "acosh", "erf inverse", "cbrt", "lgamma", "digamma", "sin", "cos", "floor", "ceil", "sign", "exp2", "expm1",
    "log1p", "sqrt", "rsqrt", "normal", "scaled bessel 0", "scaled bessel 1", "trigamma", "gelu", "silu", "atan2",
    "log2", "derivative of tanh", "few digits",
)  # fmt: skip
WHERE = {
    "atanh": [
        between(-1, 0, True),
        between(0, 1, False, True),
        between(-0.5, 0.5),
        between(0, 0.75),
        between(-0.25, 0.5),
    ],
    "asin": [between(-1, 0), between(0, 1), between(-1, 1), between(0.5, 1)],
    "acos": [between(-1, 0), between(0, 1), between(-1, 1), between(-1, -0.5)],
    "erf inverse": [between(-1, 0, True), between(0, 1, False, True), between(-0.5, 0), between(-0.25, 0.5)],
    "tan": [between(-1, 0), between(0, 1.5), between(-1, 1), between(-1.5, 0)],
    "acosh": [between(1, INF), between(1, 2), between(1.5, 9)],
    "sin": [between(0, 3), between(-3, 0), between(3.25, 6), between(0, 3.25), between(-1.5, 1.5), between(1.5, 4.5)],
    "cos": [between(-1.5, 1.5), between(1.6, 4.7), between(1.5, 4.7), between(-1.6, 1.5), between(5, 7), between(0, 3)],
    **dict.fromkeys(
        ("log", "log2", "lgamma", "digamma", "sqrt", "rsqrt", "trigamma"), (P, between(0.5, 2), between(1, INF))
    ),
}
HALVES = [
    between(-INF, 0),
    between(0, INF),
    between(-3, 0),
    between(0, 3),
    between(-3, 1e-9),
    between(-1e-9, 2),
    R,
    between(1, 2),
]


def elementary(rng):
    """One row on one of its pieces, a little more or less; of an affine, convex or concave argument."""
    name = rng.choice(BENDING)
    where = rng.choice(WHERE.get(name, HALVES))
    pick = rng.random()
    if name == "atan2":
        return made(("atan2", x(0), c(positive_number(rng))), (where,))
    if pick < 0.5:
        t = (name, x(0))
    elif pick < 0.65:
        k = rng.choice([2.0, 0.5, -1.0])
        where = tuple(sorted(end / k for end in where[:2])) + (where[2:] if k > 0 else where[:1:-1])
        t = (name, scaled(k, x(0)))
    else:  # of a convex or concave argument whose values may or may not stay on the piece
        inner = rng.choice(
            [("square", x(0)), neg(("square", x(0))), ("softplus", x(0)), neg(("softplus", x(0))), ("relu", x(0)),
                ("exp", x(0)),
             neg(("exp", x(0))), add(c(1), ("square", x(0))), ("logistic", x(0)), neg(("abs", x(0))), ("sqrt", x(0))]
        )  # fmt: skip
        return on(rng, rng.choice([(name, inner), neg((name, inner))]), 1)
    if rng.random() < 0.3:
        t = neg(t)
    return made(t, (where,))


def maxima(rng):
    n = size(rng)
    u, v, w = convex(rng, n), affine(rng, n), convex(rng, n)
    t = rng.choice(
        [
            ("max", u, v), ("largest", u, v, w), ("min", u, v), neg(("min", neg(u), v)),
            sub(("max", u, w), scaled(0.5, u)),
            sub(("max", u, w), u), add(("max", v, neg(v)), w), ("two largest", u, v, w), ("all but the least", u, v, w),
            ("middle", u, v, w), neg(("smallest", u, v, w)), ("running maximum", u, v, w),
            ("largest of windows", u, v, w),
            ("sum of windows", u, v, w), ("convolution", u, v, w), ("clip below", u, c(0.5)), ("clamp", v, c(-1), c(1)),
            ("scattered maximum", u, v), neg(("running minimum", neg(u), v)), ("smallest of windows", u, v, w),
            ("scattered minimum", neg(u), v), ("sum", u, v, w), ("mean", u, w), ("partial sum", u, v),
            sub(("two largest", x(0), v, c(0)), ("largest", x(0), v, c(0))),
        ]
    )  # fmt: skip
    return on(rng, t, n)


def quotients(rng):
    a, b = x(0), x(1)
    below = rng.choice([b, add(a, b), add(b, c(positive_number(rng))), add(scaled(positive_number(rng), a), b)])
    k = rng.choice([-1, -2, 0.5, 1, 2, 2.5])
    above = add(mul(a, a), mul(c(k), a, b), scaled(rng.choice([1, 1, 2, 0.25]), mul(b, b)))
    t = rng.choice(
        [
            ("div", above, below), ("div", mul(a, b), below), neg(("div", mul(a, b), below)), ("square over", a, below),
            ("div", add(mul(a, a), c(number(rng))), below), ("div", below, add(mul(a, b), c(positive_number(rng)))),
            ("div", add(a, b), add(mul(a, b), c(rng.choice([0, 1, -0.25])))), ("div", c(1), ("div", above, below)),
        ]
    )  # fmt: skip
    return on(rng, t, 2, positive_interval)


def lent(rng):
    """Functions of one form each beside a product of two variables, at and beyond what they bend to spare."""
    bent = {"cosh": 1, "square": 2, "softplus": 0, "exp": 0}
    names = [rng.choice(["cosh", "cosh", "cosh", "square", "softplus", "exp"]) for _ in range(2)]
    forms = rng.choice([(x(0), x(1)), (x(0), x(1)), (add(x(0), x(1)), sub(x(0), x(1))), (scaled(2, x(0)), x(1))])
    parts = zip(names, forms, strict=True)
    spare = math.sqrt(bent[names[0]] * bent[names[1]])
    k = rng.choice([spare, spare, -spare, spare * (1 + 1e-9), spare * 1.25, spare / 2, 0.25])
    more = rng.choice([None, None, ("square", x(0)), power(x(1), 4), ("log1p", ("square", x(0))), ("sin", x(1)), x(0)])
    t = add(*parts, scaled(k, mul(*forms)))
    return on(rng, t if more is None else add(t, more), 2, rng.choice([any_interval, small_interval]))


def selected_pieces(rng):
    """Three pieces that are joined where they meet, or nearly so, written with select and piecewise."""
    u, slope = affine(rng, 1), rng.choice([1, 2, 2, 1.999, 3])
    off = rng.choice([0, 0, 0, 1e-9, -0.5])
    right = add(scaled(slope, u), c(1 - slope + off))
    return on(
        rng,
        rng.choice(
            [
                ("selected", u, neg(u), scaled(0.5, ("square", u)), right), ("selected", u, c(0), ("square", u), right),
                ("in pieces", u, scaled(0.5, ("square", u)), scaled(rng.choice([0, -1, 1]), u)),
                ("in pieces", u, ("relu", u), neg(u)), neg(("selected", u, c(0), ("square", u), right)),
            ]
        ),
        1,
        rng.choice([any_interval, small_interval]),
    )  # fmt: skip


def matrix_fractions(rng):
    """y' A^-1 y for a symmetric A of two rows that is definite on the box, or nearly so, and near ones."""
    a, b, d, u, v = map(x, range(5))
    twice, square = rng.choice([2, 2, 2, 2, 1.999, 2 + 1e-9, -2]), rng.choice([1, 1, 1, 1, 1 - 1e-9, 0.5])
    above = add(mul(d, u, u), scaled(-twice, mul(b, u, v)), mul(a, v, v))
    below = sub(mul(a, d), scaled(square, mul(b, b)) if square != 1 else mul(b, b))
    t = rng.choice(
        [
            ("div", above, below), ("fraction of a matrix", u, v, a, b, d),
            ("fraction of a matrix", u, v, add(a, scaled(0.25, d)), b, d), ("fraction of a matrix", c(1), u, a, b, d),
            ("fraction of a matrix", u, v, a, c(0.5), d), ("fraction of a matrix", ("square", u), v, a, b, d),
            ("div", add(mul(a, u, u), scaled(-twice, mul(b, u, v)), mul(d, v, v)), below),
            neg(("fraction of a matrix", u, v, a, b, d)), ("by substitution", a, b, d, u, v),
        ]
    )  # fmt: skip
    rest = rng.choice([None, None, ("square", u), ("inverse", a), scaled(-1e-3, ("square", v)), b])
    diagonal = rng.choice([between(1.5, 5), between(2, INF), between(1, 2), P])
    side = rng.choice([R, between(-3, 3), between(0, 1)])
    xs = (diagonal, rng.choice([between(-1, 1), between(-1, 1), between(0, 0.5), between(-2, 2)]), diagonal, side, side)
    return made(t if rest is None else add(t, rest), xs)


def spectra(rng):
    """Eigenvalues, singular values and determinants of matrices of affine entries, now and then of convex ones."""
    n = rng.choice([1, 2, 2, 3])
    name, entries = rng.choice(
        [
            ("larger eigenvalue", 3), ("lesser eigenvalue", 3), ("largest of three eigenvalues", 6),
            ("two of three eigenvalues", 6), ("middle of three eigenvalues", 6), ("spectral norm", 4),
            ("wide spectral norm", 6), ("nuclear norm", 6), ("log of a determinant", 3), ("determinant", 3),
            ("last pivot", 3),
        ]
    )  # fmt: skip
    draw = rng.choice([affine, affine, affine, affine, convex])
    given = [rng.choice([draw(rng, n), draw(rng, n), x(rng.randrange(n)), c(number(rng))]) for _ in range(entries)]
    if entries == 3 and rng.random() < 0.5:  # dominated by its diagonal
        given[0], given[2] = (add(("softplus", draw(rng, n)), c(3)), add(x(0), c(4)))
    t = (name, *given)
    t = rng.choice([t, t, neg(t), add(t, rng.choice([affine, convex])(rng, n)), ("exp", t), ("square", t)])
    return on(rng, t, n, rng.choice([any_interval, small_interval]))


def reversed_norms(rng):
    """(g^p - sum u_i^p)^k and its logarithm, on cones on which it is positive, at and beyond k = 1/p."""
    n = rng.choice([2, 2, 3])
    p = rng.choice([2, 3, 4, 4, 1.5, 2.5])
    k = rng.choice([1 / p, 1 / p, 0.5 / p, 1 / p * (1 + 1e-9), 1.25 / p, 1])
    g = rng.choice([x(0), x(0), add(x(0), c(1)), ("sqrt", x(0)), ("min", x(0), c(3)), ("square", x(0))])
    below = [power(rng.choice([x(i), x(i), ("exp", x(i)), ("sqrt", x(i))]), p) for i in range(1, n)]
    if rng.random() < 0.3:
        below.append(c(rng.choice([1, 0.5, -1])))
    base = sub(power(g, p), add(*below))
    t = rng.choice([neg(power(base, k)), power(base, k), ("log", base), neg(("log", base))])
    first = rng.choice([between(4, 8), between(4, INF), between(6.5, 7), between(1.5, 2)])
    other = rng.choice([between(0, 1), between(-1, 1), between(0.25, 0.5), between(0, 1, True)])
    return made(t, (first, *((other,) * (n - 1))))


def ratios(rng):
    """Quotients that are quasi-convex or quasi-concave, and near ones: a sign or a curvature is another."""
    n = rng.choice([1, 2, 2])
    above = rng.choice([convex_positive(rng, n), concave_positive(rng, n), affine(rng, n), convex(rng, n)])
    below = rng.choice([positive_affine(rng, n), concave_positive(rng, n), convex_positive(rng, n), affine(rng, n)])
    t = ("div", above, below)
    if rng.random() < 0.3:
        t = ("div", add(above, c(rng.choice([-1, -0.25, 1]))), below)
    return on(rng, rng.choice([t, t, neg(t)]), n, rng.choice([positive_interval, positive_interval, small_interval]))


def hyperbolic(rng):
    """(x y - z^2)^k and others of one positive eigenvalue, or of two."""
    k = rng.choice([-2, -1, -1, -0.5, 0.25, 0.5, 0.5, 0.75, 1])
    if rng.random() < 0.5:
        form = add(mul(x(0), x(1)), scaled(rng.choice([-1, -1, -0.5, 1]), ("square", x(2))), c(rng.choice([0, 0, 0.5])))
        side = between(-0.5, 0.5)
        t, xs = form, (between(1, 2), between(1, rng.choice([2, INF])), side)
    else:
        form = sub(("square", x(0)), scaled(rng.choice([1, 1, -1, 0.5]), ("square", x(1))))
        t, xs = form, (between(2, rng.choice([3, INF])), between(-1, 1))
    pick = rng.random()
    if pick < 0.2:
        t = ("log", t)
    elif pick < 0.5:
        t = power(neg(t), rng.choice([-1, -2, -3, 2]))
    elif pick < 0.7:
        t = ("div", add(x(0), scaled(rng.choice([0, 1, 3]), x(1))), t)
    else:
        t = power(t, k)
    return made(rng.choice([t, neg(t)]), xs)


def entropies(rng):
    n = rng.choice([1, 2, 2, 3])
    a = rng.choice([x(0), x(0), positive_affine(rng, n)])
    w = rng.choice(
        [x(n - 1), positive_affine(rng, n), concave_positive(rng, n), ("square", x(n - 1)), add(*map(x, range(n)))]
    )
    k = rng.choice([1, 1, 1, 2, 0.5, 1.0 + 2.0**-52])
    t = rng.choice(
        [
            ("relative entropy", a, w), sub(mul(a, ("log", a)), scaled(k, mul(a, ("log", w)))),
            neg(("relative entropy", a, w)),
            add(("relative entropy", x(0), w), ("relative entropy", x(n - 1), w)), ("x log x", a), neg(("entropy", a)),
            ("entropy", a), sub(("x log x", a), scaled(k, ("x log x", w))), ("relative entropy", w, a),
            shared_entropies(rng, n), shared_entropies(rng, n),
        ]
    )  # fmt: skip
    return on(rng, t, n, positive_interval)


def shared_entropies(rng, n):
    """a log(a / b) and more of that kind, a sum of forms: only together are its terms convex."""
    a, b = add(*map(x, range(n))), add(x(0), scaled(2, x(n - 1)), c(1))
    total = sub(scaled(rng.choice([1, 1, 1, 0.75]), ("x log x", a)), mul(a, ("log", b)))
    more = [neg(("log", b)), neg(("log", a)), scaled(rng.choice([1, 0.5, -0.25]), ("x log x", b)), ("square", x(0))]
    return add(total, *rng.sample(more, rng.choice([0, 1, 1])))


def divergences(rng):
    """The entropies of jax.scipy.special, as they are written there, on boxes with and without 0."""
    n = rng.choice([1, 2, 2])
    a, b = x(0), rng.choice([x(n - 1), x(n - 1), c(rng.choice([0, 1, 2])), add(x(0), x(n - 1)), ("sqrt", x(n - 1))])
    name = rng.choice(["entropy of two", "entropy of two", "divergence", "divergence", "x log y", "x log(1 + y)"])
    t = rng.choice([(name, a, b), (name, a, b), (name, b, a), add((name, a, b), ("square", x(0))), neg((name, a, b))])
    if rng.random() < 0.25:
        t = rng.choice([("entropy", a), neg(("entropy", a)), ("x log y", a, a), ("x log(1 + y)", a, a)])
    return on(rng, t, n, rng.choice([positive_interval, positive_interval, lambda rng: rng.choice([N, between(0, 1)])]))


def perspectives(rng):
    ratio = ("div", x(0), x(1))
    k = rng.choice([1, 1, 1, 1, 2, 0.5])
    inner = rng.choice(
        [
            ("exp", ratio), ("square", ratio), ("softplus", ratio), ("max", ratio, c(1)),
            ("sqrt", add(c(1), ("square", ratio))),
            ("huber", ratio), ("cosh", ratio), neg(("log", ("div", x(1), x(1)))),
            ("logaddexp", ratio, scaled(-1, ratio)),
            ("min", ratio, c(1)), ("tanh", ratio), ("fourth", ratio), ("inverse", add(c(1), ("square", ratio))),
            ("abs", ratio), ("atan", ratio),
        ]
    )  # fmt: skip
    return made(
        mul(power(x(1), k) if k != 1 else x(1), inner), (rng.choice([R, R, P, between(-1, 1)]), positive_interval(rng))
    )


SECOND = {"logistic": 0.0962250448649376, "tanh": 0.769800358919501, "atan": 0.649519052838329,
    "erf": 0.967882898076573,
          "asinh": 0.384900179459751, "sin": 1.0, "cos": 1.0, "softplus": 0.25, "erfc": 0.967882898076573}  # fmt: skip


def outweighed(rng):
    """A quadratic form against a bounded second derivative, near the limit."""
    n = rng.choice([1, 1, 2])
    name = rng.choice(list(SECOND))
    k, a = number(rng), rng.choice([1, 1, 2, 0.5])
    u = scaled(a, x(0)) if n == 1 or rng.random() < 0.5 else add(scaled(a, x(0)), x(1))
    limit = abs(k) * SECOND[name] * a * a / 2
    factor = rng.choice([1.0, 1 + 1e-3, 1 - 1e-3, 1 - 1e-5, 1 + 2.0**-52, 1 - 2.0**-52, 2, 0.5])
    t = add(scaled(limit * factor, ("square", x(0))), scaled(k, (name, u)))
    return on(rng, add(t, ("square", x(1))) if n == 2 else t, n)


def waves(rng):
    u, v = x(0), rng.choice([x(1), add(x(0), x(1)), scaled(2, x(1))])
    k = number(rng)
    product = mul(c(k), (rng.choice(["sin", "cos"]), u), (rng.choice(["sin", "cos"]), v))
    weight = rng.choice([0.5, 0.49, 0.5 + 1e-9, 1, 2]) * abs(k)
    return on(rng, add(product, scaled(weight, ("square", u)), scaled(weight, ("square", v))), 2)


def even_polynomials(rng):
    """Quartics and sextics, sums of squares or nearly."""
    n = rng.choice([1, 2, 2, 3])
    if rng.random() < 0.4 and n >= 2:
        k = rng.choice([0, 1, 3, 6, 6 + 1e-3, 6 + 2.0**-50, -0.1, 5.999, -(2.0**-40)])
        t = add(power(x(0), 4), mul(c(k), ("square", x(0)), ("square", x(1))), power(x(1), 4))
    else:
        forms = [affine(rng, n) for _ in range(rng.randint(1, 3))]
        t = add(*(power(u, rng.choice([2, 4, 4, 6]) if n < 3 else rng.choice([2, 4])) for u in forms))
        if rng.random() < 0.5:
            t = sub(
                t, scaled(rng.choice([1e-7, 1e-3, 1, 2.0**-40]), rng.choice([("square", x(0)), power(x(n - 1), 4)]))
            )
    return on(rng, t, n)


def _integrated_twice(second):
    """The polynomial (coefficients ascending) whose second derivative is the given one."""
    return [0.0, 0.0, *(k / ((i + 1) * (i + 2)) for i, k in enumerate(second))]


def _horner(ascending, u):
    total = c(ascending[-1])
    for k in reversed(ascending[:-1]):
        total = add(c(k), mul(u, total))
    return total


def polynomials_of_one_variable(rng):
    """Second derivatives with double roots, or roots at the ends of the interval, and a hair less."""
    root = rng.choice([-1, 0, 0.5, 1, 2])
    second = rng.choice(
        [[root * root, -2 * root, 1], [-root, 1], [root, -1], [1, 0, 1], [root * root * 4, -8 * root, 4, 0, 0]]
    )
    second = [12 * k for k in second]
    second[0] += rng.choice([0, 0, 0, 1e-7, -1e-7, -1e-11, 2.0**-45, -(2.0**-45), 1])
    t = _horner(_integrated_twice(second), x(0))
    where = rng.choice(
        [R, between(root, INF), between(-INF, root), between(root, root + 1), between(root - 1e-9, INF), between(-3, 3)]
    )
    return made(t, (where,))


def curves(rng):
    """Functions of one variable whose second derivative touches 0, or has no sign."""
    k = rng.choice([1, 1, 1 + 1e-6, 1 - 1e-3, 1 + 2.0**-50, 0.5, 2])
    u = x(0)
    t = rng.choice(
        [
            sub(add(("exp", u), ("exp", neg(u))), scaled(k, ("square", u))), mul(u, ("atan", u)), mul(u, ("tanh", u)),
            sub(("cosh", u), scaled(k / 2, ("square", u))), mul(u, ("logistic", u)), mul(u, ("exp", u)),
            mul(u, ("erf", u)),
            sub(("exp", u), add(c(1), u, scaled(k / 2, ("square", u)))),
            ("div", ("square", u), add(c(k), ("square", u))),
            ("sqrt", add(c(1), ("fourth", u))), ("log", add(c(k), ("square", u))), ("logistic", ("square", u)),
            add(("square", ("logistic", u)), scaled(k, ("softplus", u))), mul(u, ("asinh", u)),
            ("exp", neg(("square", u))),
            sub(("softplus", u), scaled(k / 8, ("square", u))), ("abs", sub(("square", u), c(k))), mul(u, ("log", u)),
            mul(("square", u), ("log", u)), ("div", ("log", u), u), ("div", ("expm1", u), u), mul(u, ("sqrt", u)),
            sub(("fourth", u), scaled(k, ("square", u))), ("horner", u, c(1), c(k), c(2)), ("square", ("softplus", u)),
        ]
    )  # fmt: skip
    return on(rng, t, 1, rng.choice([any_interval, positive_interval, small_interval]))


def pieces(rng):
    """Two pieces that meet at a number: exactly or not, the slope rising, equal or falling by a hair."""
    k = rng.choice([0, 0, 1, -0.5, 2, 0.1])
    u = rng.choice([x(0), x(0), scaled(2, x(0)), add(x(0), c(0.5)), add(x(0), scaled(-1, x(1)))])
    n = 2 if "x" in str(u) and ("x", 1) in _leaves(u) else 1
    left_slope, hair = number(rng), rng.choice([0, 0, 0, 1, 1e-7, -1e-7, 1e-11, -1e-11, 2.0**-50, -(2.0**-50), -1])
    jump = rng.choice([0, 0, 0, 0, 0, 2.0**-52, -(2.0**-52), 1e-9, -1e-9, 1])
    moved = sub(u, c(k))

    def piece(slope, level):
        bent = rng.choice(
            [None, ("square", moved), ("expm1", moved), sub(("exp", moved), add(c(1), moved)), ("softplus", moved)]
        )
        line = add(scaled(slope, moved), c(level))
        return line if bent is None else add(line, scaled(rng.choice([1, 0.5, -0.5]), bent))

    below, above = piece(left_slope, 0), piece(left_slope + hair, jump)
    relation = rng.choice(["where <", "where not", "where negative, by cond"])
    condition = moved if relation != "where not" else add(moved, c(1))
    t = (relation, condition, below, above)
    if rng.random() < 0.25:
        t = (
            ("elu", u)
            if rng.random() < 0.3
            else (rng.choice(["huber", "selu", "leaky relu", "relu6", "celu", "hard tanh"]), u)
        )
    if rng.random() < 0.3:
        t = add(t, scaled(rng.choice([1, 0.5, -0.5]), (rng.choice(["relu", "abs", "square", "exp"]), u)))
    return on(rng, t, n)


def _leaves(t):
    if t[0] in ("x", "q", "c"):
        return {t}
    return set().union(*(_leaves(u) for u in t[1:]))


def norms(rng):
    n = rng.choice([1, 2, 2, 3])
    forms = [affine(rng, n) for _ in range(3)]
    p = rng.choice([2, 4, 1.5, 1])
    k = rng.choice([0.5, 0.5, 0.25, 0.75, 1.5, 0.125])
    t = rng.choice(
        [
            ("euclidean", *forms), ("norm", *forms[:2]), ("p-norm", forms[0], forms[1], c(p)),
            ("sqrt", add(c(positive_number(rng)), *(("square", u) for u in forms[:2]))),
            power(add(*(power(u, 4) for u in forms[:2])), k), power(add(*(("square", u) for u in forms), c(1)), k),
            ("sqrt", add(("square", convex(rng, n)), ("exp", scaled(2, forms[0])), c(1))),
            ("sqrt", add(("square", convex_positive(rng, n)), ("square", forms[1]))),
            ("sqrt", sub(("square", forms[0]), c(1e-3))), ("variance", *forms),
            ("sqrt", add(("fourth", forms[0]), ("square", forms[1]))),
            power(("norm", forms[0], c(1)), rng.choice([1, 2, 3, 0.5])),
            ("sqrt", ("form", x(0), x(n - 1), c(2), c(1), c(1))),
        ]
    )  # fmt: skip
    return on(rng, t, n)


def means(rng):
    """Power means and harmonic sums: concave for exponents of at most 1."""
    n = rng.choice([2, 2, 3])
    p = rng.choice([0.5, -1, -2, 0.25, 1.5, 2, -0.5])
    k = rng.choice([1 / p, 1 / p, 1 / p, 2 / p, 1])
    bases = [rng.choice([x(i), concave_positive(rng, n)]) for i in range(n)]
    t = power(add(*(power(u, p) for u in bases)), k)
    if rng.random() < 0.2:
        t = ("div", mul(x(0), x(1)), add(x(0), x(1)))
    if rng.random() < 0.2:
        t = rng.choice(
            [("geometric mean", x(0), x(1)), ("geometric mean", bases[0], bases[1]), ("product", *map(x, range(n)))]
        )
    return on(rng, rng.choice([t, neg(t)]), n, positive_interval)


def moduli(rng):
    """Signs lost and found: roots of even powers, moduli, logarithms of squares, quotients that cancel."""
    n = rng.choice([1, 1, 2])
    u, v = affine(rng, n), affine(rng, n)
    k = rng.choice([2, 4])
    t = rng.choice(
        [
            ("sqrt", ("square", u)), power(power(u, k), rng.choice([0.5, 0.25, 0.75, 1.5])), ("log", ("square", u)),
            mul(u, ("abs", u)),
            mul(("square", u), ("abs", u)), ("square", ("sqrt", u)), mul(("sqrt", u), ("sqrt", u)),
            ("sqrt", mul(u, v)), ("log", mul(u, v)),
            ("div", ("square", u), u), ("div", ("square", u), ("abs", u)), mul(u, ("div", v, v)), ("exp", ("log", u)),
            ("exp", scaled(2, ("log", u))),
            mul(u, ("sign", u)), sub(scaled(2, ("relu", u)), u), ("abs", ("abs", u)), ("square", ("relu", u)),
            mul(("relu", u), u),
            mul(("relu", u), ("relu", v)), mul(("relu", u), ("relu", neg(u))), ("cbrt", power(u, 3)),
            power(("cbrt", u), 3), ("cbrt", u),
            ("square", ("abs", sub(("abs", u), c(1)))), ("remainder", u), ("round", u), ("floor", u),
            ("square over", ("abs", u), add(("abs", v), c(1))),
            ("to the power", u, v), ("to the power", c(rng.choice([0.5, 2, 3])), u), ("if finite", u), ("soft sign", u),
        ]
    )  # fmt: skip
    return on(rng, rng.choice([t, t, neg(t)]), n, rng.choice([any_interval, positive_interval]))


def guarded(rng):
    """What is chosen by comparisons: guards, and conditions that hold on the domain, or nearly."""
    k = rng.choice([0, 0.5, 1])
    u, v = x(0), affine(rng, 1)
    inside = ("where <", sub(c(k), u), u, c(1))
    t = rng.choice(
        [
            ("where <", sub(c(k), u), ("log", inside), sub(u, c(1))),
            ("where <", sub(c(0), u), ("sqrt", ("relu", u)), c(0)),
            ("where both", u, v, ("square", u), v), ("where either", u, v, ("abs", u), u),
            ("where one", u, v, u, neg(u)),
            ("where !=", u, ("abs", u), c(0)), ("where ==", u, c(rng.choice([0, 1])), ("abs", u)),
            ("where <=", u, u, c(1)),
            ("where chosen", u, v, u, ("square", u)), ("indicator", u), mul(u, ("indicator", u)),
            ("where not", u, c(1), u),
            ("where both", u, u, c(0), u), ("where either", u, u, u, c(0)), ("where <", u, scaled(0.5, u), u),
        ]
    )  # fmt: skip
    return on(rng, t, 1)


def open_choices(rng):
    """Choices by combined comparisons, which stay open on a box: for the enclosures to see through."""
    n = size(rng, 2)
    u, v = affine(rng, n), affine(rng, n)
    relation = rng.choice(["where both", "where either", "where neither", "where neither", "where one", "where chosen"])
    low = c(rng.choice([0, 0.5, 1, -1e-9]))
    of_one_range = [("exp", u), add(("square", u), low), ("cosh", v), add(("abs", v), low)]
    cancelling = [
        sub(("exp", u), u), add(("square", u), u, c(0.5)), sub(("cosh", v), mul(v, c(0.5))),
        add(("sin", mul(u, v)), c(1.5)), sub(c(1.5), mul(("sin", u), ("cos", v))), sub(("exp", u), ("sin", u)),
    ]  # fmt: skip
    cases = [rng.choice(cancelling if rng.random() < 0.6 else of_one_range) for _ in range(2)]
    return on(rng, (relation, u, v, *cases), n, small_interval)


def with_parameters(rng):
    n, m = rng.choice([1, 2]), rng.choice([1, 2])
    u, w = (
        affine(rng, n),
        rng.choice([q(0), ("square", q(0)), ("logistic", q(0)), ("exp", q(m - 1)), ("abs", q(0)), ("relu", q(0))]),
    )
    square = ("square", u)
    z = add(mul(q(0), x(0)), rng.choice([q(m - 1), c(0.5), x(n - 1)]))
    t = rng.choice(
        [
            mul(w, square),
            mul(w, add(square, ("exp", u), ("softplus", u), ("abs", x(0)), ("cosh", u), x(0))),
            mul(w, add(("log normal", u), ("log sigmoid", u), ("min", u, c(1)), neg(("exp", u)), neg(square))),
            mul(w, ("softplus", u)), ("softplus", z), ("square", z), ("square", ("tanh", z)),
            ("abs", sub(z, q(m - 1))),
            sub(("softplus", z), mul(q(m - 1), z)), ("max", z, mul(w, u)), ("logaddexp", z, mul(q(m - 1), u)),
            mul(w, ("exp", z)),
            ("square", sub(("softplus", ("tanh", q(0))), mul(("tanh", q(0)), x(0)))), ("norm", z, q(m - 1)),
            mul(w, x(0)), mul(w, x(0), x(n - 1)),
            ("log", add(("exp", z), ("exp", q(m - 1)))), ("softplus", mul(("logistic", q(0)), x(0))),
            add(("square", x(0)), ("opaque", q(0))),
            add(("square", u), mul(q(0), x(0))), ("square over", z, add(c(1), ("square", q(0)))), ("relu", mul(w, u)),
            add(mul(q(0), ("square", x(0))), w),
            ("where <", sub(q(0), c(0.5)), ("exp", u), square), neg(("where <", w, ("x log y", q(0), ("exp", u)), u)),
            ("where <", add(q(0), scaled(rng.choice([0, 1e-9]), x(0))), ("softplus", u), ("abs", u)),
            ("divergence", q(0), x(0)), ("entropy of two", q(0), add(x(0), c(1))), neg(("x log y", q(0), x(0))),
            sub(("square", x(0)), mul(q(0), x(0), x(n - 1))), ("horner", x(0), c(1), c(0), c(0.5)),
            ("clamp", z, c(0), c(1)), mul(u, ("opaque", q(0))),
        ]
    )  # fmt: skip
    qs = rng.choice(
        [(R,) * m, (N,) * m, (P,) * m, (between(0, 1),) * m, (between(-1, 2),) * m, (between(-1e-9, 1),) * m]
    )
    return made(t, tuple(any_interval(rng) for _ in range(n)), qs)


def positives(rng):
    """Least values at, above and below 0."""
    n = rng.choice([1, 1, 2])
    u, gap = affine(rng, n), rng.choice([0, 0, 2.0**-52, -(2.0**-52), 1e-9, -1e-9, 1, 1e-7])
    t = rng.choice(
        [
            ("square", u), sub(("exp", u), add(u, c(1))), sub(("softplus", u), ("relu", u)),
            add(("abs", u), ("abs", sub(u, c(1)))),
            sub(("square", u), scaled(2, u)), mul(("exp", u), ("exp", neg(u))), sub(("cosh", u), c(1)),
            add(("sin", u), c(1)),
            sub(add(("square", x(0)), ("square", x(n - 1))), scaled(2, mul(x(0), x(n - 1)))),
            sub(("logaddexp", u, c(0)), u),
            ("max", u, neg(u)), mul(u, u), sub(("square", u), ("abs", u)), add(("logistic", u), ("logistic", neg(u))),
            ("div", c(1), add(c(1), ("square", u))),
            sub(c(1), ("tanh", u)), sub(c(1), ("square", ("tanh", u))), ("exp", ("exp", u)), sub(("max", u, c(0)), u),
            sub(("sqrt", add(c(1), ("square", u))), ("abs", u)), ("log", add(c(1), ("square", u))),
            ("atan2", u, add(c(1), ("abs", u))),
        ]
    )  # fmt: skip
    return on(rng, add(t, c(gap)) if gap else t, n)


def quasi(rng):
    n = rng.choice([1, 2, 2])
    u = rng.choice([convex(rng, n), affine(rng, n), ("norm", affine(rng, n), affine(rng, n))])
    t = rng.choice(
        [
            ("div", convex(rng, n), positive_affine(rng, n)), ("div", affine(rng, n), positive_affine(rng, n)),
            neg(("div", concave_positive(rng, n), convex_positive(rng, n))),
            ("sqrt", ("abs", u)), ("logistic", u), ("tanh", u), ("min", u, c(1)), ("floor", u), ("ceil", u),
            ("log", add(c(1), ("abs", u))),
            ("div", affine(rng, n), add(x(0), c(1))), ("div", ("square", u), add(x(0), c(1))),
            neg(mul(x(0), x(n - 1))), mul(x(0), x(n - 1)),
            ("max", ("sqrt", ("abs", x(0))), ("atan", x(n - 1))), ("div", c(1), add(x(0), x(n - 1))), ("cbrt", u),
            ("atan", u), ("sign", u),
            neg(("exp", neg(("square", u)))), ("div", ("square", u), add(c(1), ("square", u))),
            mul(x(0), ("exp", x(n - 1))), ("clamp", u, c(0), c(100)),
            neg(("div", c(1), add(c(1), u))), ("div", u, add(u, c(2))),
        ]
    )  # fmt: skip
    return on(rng, t, n, rng.choice([any_interval, positive_interval]))


def monotone(rng):
    n = rng.choice([1, 2])
    u, v = positive_affine(rng, n), affine(rng, n)
    k = rng.choice([1, 1, 0.999, 1 + 2.0**-52, 1 - 2.0**-52])
    t = rng.choice(
        [
            add(scaled(k, x(0)), ("sin", x(0))), ("logsumexp", u, x(0), c(0)),
            sub(("logaddexp", x(0), c(0)), scaled(k, x(0))), mul(u, u),
            mul(x(0), x(n - 1)), power(u, rng.choice([-2, -1, 3, 0.5])), neg(power(u, -1)),
            ("horner", x(0), c(1), c(0), c(3)), sub(x(0), ("floor", x(0))),
            add(x(0), ("floor", neg(x(0)))), ("two largest", u, v, x(0)), add(("cbrt", x(0)), scaled(-0.1, x(0))),
            sub(("exp", x(0)), scaled(k, x(0))),
            ("relu6", u), ("round", u), sub(scaled(k, x(0)), ("tanh", x(0))), add(x(0), ("abs", scaled(k, x(0)))),
            ("softmax", x(0), c(0), c(1)),
            ("div", x(0), add(x(0), c(1))), mul(("exp", x(0)), ("logistic", neg(x(0)))),
            ("running maximum", u, v, x(0)), ("partial product", u, x(0)),
        ]
    )  # fmt: skip
    return on(rng, t, n, rng.choice([any_interval, positive_interval]))


def on_small_boxes(rng):
    """Smooth functions without a rule, on boxes on which they may be definite."""
    n = rng.choice([1, 2, 2])
    a, b = x(0), x(n - 1)
    t = rng.choice(
        [
            add(("exp", mul(a, b)), scaled(positive_number(rng), add(("square", a), ("square", b)))),
            ("sin", mul(a, b)), mul(("exp", a), ("cosh", b)),
            add(mul(("square", a), ("square", b)), ("square", a), ("square", b)), ("square", sub(("tanh", a), b)),
            ("square", sub(mul(a, b), c(1))),
            sub(("cos", ("norm", a, b)), c(1)), neg(("cos", ("norm", a, b))), ("cosh", ("norm", a, b)),
            ("exp", neg(("norm", a, b))),
            ("atan2", a, add(b, c(4))), ("lgamma", add(("square", a), ("exp", b))), ("gelu", add(a, b)),
            ("silu", mul(a, b)), ("digamma", add(c(3), mul(a, b))),
            ("log", add(c(1), mul(("square", a), ("exp", b)))), ("trigamma", add(c(2), add(("square", a), b))),
            ("scaled bessel 1", add(a, b)),
            ("scaled bessel 0", add(a, ("square", b))), ("div", ("sin", a), add(c(3), b)),
            ("product of vectors", a, b, ("exp", a), ("square", b)),
            mul(("erf", a), ("erf", b)), ("sqrt", add(c(3), mul(a, ("sin", b)))),
            ("acosh", add(c(2), ("exp", mul(a, b)))),
        ]
    )  # fmt: skip
    return on(rng, t, n, small_interval)


def moved(rng):
    """Operands led through every way of moving data."""
    n = size(rng, 2)
    name = rng.choice(list(MOVED))
    t = (f"by {name}", convex(rng, n), rng.choice([affine, convex])(rng, n))
    return on(rng, rng.choice([t, t, neg(t)]), n)


def reductions(rng):
    n = size(rng, 2)
    name = rng.choice(
        [name for name, op in OPERATIONS.items() if op.arity >= 3 and not name.startswith("where")]
        + ["dot", "p-norm", "product"]
    )
    op = OPERATIONS[name]
    operands = [rng.choice([affine, convex, convex_positive, affine])(rng, n) for _ in range(op.arity)]
    t = (name, *operands, *(c(rng.choice(choices)) for choices in op.numbers))
    return on(rng, rng.choice([t, t, neg(t)]), n)


def separable(rng):
    """Two functions of other families, of variables of their own."""
    first, second = (rng.choice(SINGLE)(rng) for _ in range(2))
    if first.variables + second.variables > 4 or first.parameters or second.parameters:
        return first
    shifted = _renamed(second.tree, first.variables)
    xs = intervals(first.x_kind, first.variables) + intervals(second.x_kind, second.variables)
    return made(add(first.tree, shifted), xs)


def _renamed(t, by):
    if t[0] == "x":
        return x(t[1] + by)
    return t if t[0] in ("q", "c") else (t[0], *(_renamed(u, by) for u in t[1:]))


def composed(rng):
    """An outer function of a function of another family."""
    inner = rng.choice(SINGLE)(rng)
    t = inner.tree
    outer = rng.choice(
        [
            ("exp", t), ("softplus", t), ("square", t), ("relu", t), ("max", t, affine(rng, inner.variables)),
            ("sqrt", add(("abs", t), c(1))), ("log", add(("exp", t), c(1))),
            ("logaddexp", t, c(0)), ("abs", t), ("min", t, c(1)), ("inverse", add(c(1), ("softplus", t))),
            ("power 1.5", ("relu", t)), ("logistic", t), ("norm", t, c(1)),
            neg(("log sigmoid", t)), ("huber", t), ("cosh", t), ("fourth", t), ("leaky relu", t), ("log", t),
            ("sqrt", t), ("inverse", t),
        ]
    )  # fmt: skip
    return replace(inner, tree=outer)


def pulled_back(rng):
    """A function of another family after a linear map, on the whole space."""
    inner = rng.choice([norms, even_polynomials, outweighed, waves, quadratic_forms, log_sums, maxima, pieces])(rng)
    n = rng.choice([1, 2, 3])
    rows = [affine(rng, n) for _ in range(inner.variables)]

    def replaced(t):
        if t[0] == "x":
            return rows[t[1]]
        return t if t[0] in ("q", "c") else (t[0], *map(replaced, t[1:]))

    return made(replaced(inner.tree), (R,) * n)


SINGLE = (
    constants,
    lent, selected_pieces, normalisers, gumbel_tails, matrix_fractions, spectra, reversed_norms, ratios, ratios,
    divergences,
    affine_forms, quadratic_forms, sums_of_powers, powers, products_of_powers, over_products, log_convex, log_sums,
    log_concave, elementary,
    elementary, elementary, maxima, quotients, hyperbolic, entropies, perspectives, outweighed, waves, even_polynomials,
    polynomials_of_one_variable, curves, curves, pieces, pieces, norms, means, moduli, moduli, guarded, positives,
    quasi, monotone, on_small_boxes,
    moved, reductions,
)  # fmt: skip
FAMILIES = (
    *SINGLE,
    open_choices,
    open_choices,
    moved,
    with_parameters,
    with_parameters,
    separable,
    separable,
    composed,
    composed,
    pulled_back,
)


# ------------------------------------------------------------------ mutations: a number, an operation, an end

ONE_ARGUMENT = tuple(name for name, op in OPERATIONS.items() if op.arity == 1 and not op.numbers and name != "opaque")
PAIRS = {"max": "min", "min": "max", "add": "sub", "sub": "add", "mul": "div", "div": "mul", "largest": "smallest",
         "two largest": "all but the least", "where <": "where not"}  # fmt: skip


def mutated(rng, given):
    """The same but for one change."""
    pick = rng.random()
    if pick < 0.5:
        return replace(given, tree=_changed(rng, given.tree, "c", _other_number))
    if pick < 0.75:
        return replace(given, tree=_changed(rng, given.tree, "op", _other_operation))
    if pick < 0.95:
        xs = list(intervals(given.x_kind, given.variables))
        i = rng.randrange(len(xs))
        xs[i] = _other_interval(rng, xs[i])
        return replace(given, x_kind=tuple(xs))
    return replace(given, tree=_changed(rng, given.tree, "x", lambda rng, t: neg(t)))


def _places(t, kind, at=()):
    if t[0] == kind or (kind == "op" and t[0] not in ("x", "q", "c")):
        yield at
    if t[0] not in ("x", "q", "c"):
        for i, u in enumerate(t[1:], start=1):
            yield from _places(u, kind, (*at, i))


def _changed(rng, t, kind, change):
    places = list(_places(t, kind))
    return _put(t, rng.choice(places), lambda u: change(rng, u)) if places else t


def _put(t, place, change):
    if not place:
        return change(t)
    i, *rest = place
    return (*t[:i], _put(t[i], rest, change), *t[i + 1 :])


def _other_number(rng, t):
    v = t[1]
    return c(
        rng.choice(
            [
                -v,
                v + 1,
                v - 1,
                v + 0.5,
                v - 0.5,
                2 * v,
                v / 2,
                v * (1 + 1e-7),
                v * (1 - 1e-7),
                v * (1 + 1e-11),
                v - 1e-11,
                math.nextafter(v, INF),
                math.nextafter(v, -INF),
                v + 1e-7,
                0.0,
                1.0,
            ]
        )
    )


def _other_operation(rng, t):
    if t[0] in PAIRS:
        return (PAIRS[t[0]], *t[1:])
    if t[0] in ONE_ARGUMENT:
        return (rng.choice(ONE_ARGUMENT), *t[1:])
    return neg(t)


def _other_interval(rng, ends):
    lo, hi, lo_open, hi_open = ends
    step = rng.choice([2.0**-52, 1e-9, 1e-3, 0.5, 1])
    options = [R, (lo, INF, lo_open, False), (-INF, hi, False, hi_open)]
    if math.isfinite(lo):
        options += [
            (lo - step, hi, lo_open, hi_open),
            (math.nextafter(lo, -INF), hi, lo_open, hi_open),
            (lo, hi, not lo_open, hi_open),
        ]
    if math.isfinite(hi):
        options += [
            (lo, hi + step, lo_open, hi_open),
            (lo, math.nextafter(hi, INF), lo_open, hi_open),
            (lo, hi, lo_open, not hi_open),
        ]
    return rng.choice(options)


# ------------------------------------------------------------------ the same function, written otherwise

IDENTITIES = {
    "add": lambda a, b: ("add", b, a),
    "mul": lambda a, b: ("mul", b, a),
    "sub": lambda a, b: ("add", a, ("neg", b)),
    "neg": lambda a: ("mul", c(-1), a),
    "square": lambda a: ("mul", a, a),
    "abs": lambda a: ("max", a, ("neg", a)),
    "max": lambda a, b: ("neg", ("min", ("neg", b), ("neg", a))),
    "min": lambda a, b: ("sub", ("add", a, b), ("max", a, b)),
    "exp": lambda a: ("inverse", ("exp", ("neg", a))),
    "softplus": lambda a: ("add", a, ("softplus", ("neg", a))),
    "logistic": lambda a: ("div", c(1), ("add", c(1), ("exp", ("neg", a)))),
    "tanh": lambda a: ("sub", ("mul", c(2), ("logistic", ("mul", c(2), a))), c(1)),
    "relu": lambda a: ("mul", c(0.5), ("add", a, ("abs", a))),
    "log sigmoid": lambda a: ("log", ("logistic", a)),
    "cosh": lambda a: ("mul", c(0.5), ("add", ("exp", a), ("exp", ("neg", a)))),
    "fourth": lambda a: ("square", ("square", a)),
    "logaddexp": lambda a, b: ("add", b, ("softplus", ("sub", a, b))),
}


def rewritten(rng, t):
    """A tree of the same function, by identities at some of its places."""
    if t[0] in ("x", "q", "c"):
        return t
    inner = (t[0], *(u if u[0] == "c" else rewritten(rng, u) for u in t[1:]))
    return IDENTITIES[t[0]](*inner[1:]) if t[0] in IDENTITIES and rng.random() < 0.6 else inner
