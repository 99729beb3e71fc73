"""Normal forms on trial: random constructions, their values by a slow oracle, and the values of what they became.

A construction is a list of steps, each an operation on earlier results. It is carried out twice: on normal forms, and
on numbers, as it was written down. Numbers are exact fractions (rational steps only), or mpmath's with 120 digits.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

import mpmath
from flint import fmpq
from hypothesis import strategies as st

from netprops.domains import Interval
from netprops.readings.polynomials import Expression, Table, TooLargeError, Truth
from netprops.readings.shapes import SHAPES
from netprops.readings.symbols import symbolic_algebra

DIGITS = 120
NOISE = mpmath.mpf(10) ** -60  # below it a number that is not 0 may be a rounded 0
HUGE = mpmath.mpf(10) ** 40
CLOSE = mpmath.mpf(10) ** -25


class UndefinedError(Exception):
    """The construction has no real value here."""


class UnclearError(Exception):
    """The digits do not tell: next to a jump or a pole, or out of all proportion."""


def fraction(x):
    return Fraction(int(x.p), int(x.q))


ORACLES = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "atan": mpmath.atan,
    "erf": mpmath.erf,
    "asinh": mpmath.asinh,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "bessel_i0": lambda x: mpmath.besseli(0, x),
    "atanh": mpmath.atanh,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "tan": mpmath.tan,
    "acosh": mpmath.acosh,
    "erf_inv": mpmath.erfinv,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "lgamma": mpmath.loggamma,
    "digamma": mpmath.digamma,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "sign": mpmath.sign,
}
STEPS = ("floor", "ceil", "sign")
ROUNDED = {"round 0": lambda x: mpmath.sign(x) * mpmath.floor(abs(x) + 0.5), "round 1": mpmath.nint}


class Exact:
    """Fractions: no digit is ever lost."""

    number = staticmethod(fraction)
    same = staticmethod(lambda a, b: a == b)
    inside = staticmethod(lambda r, x: r.contains(x))

    @staticmethod
    def power(x, n):
        if n.denominator != 1 or (x == 0 and n < 0):
            raise UndefinedError
        if abs(n) > 64 or abs(x.numerator).bit_length() + x.denominator.bit_length() > 4000:
            raise UnclearError
        return x ** int(n)

    @staticmethod
    def function(name, x):
        floor = x.numerator // x.denominator
        return Fraction({"floor": floor, "ceil": -(-x.numerator // x.denominator), "sign": (x > 0) - (x < 0)}[name])

    @staticmethod
    def several(name, xs):
        if name == "rem":
            a, b = xs
            if b == 0:
                raise UndefinedError
            return a - b * int(a / b)  # towards 0
        if name.startswith("order"):
            return sorted(xs)[int(name.removeprefix("order"))]
        raise UnclearError  # an angle is no fraction

    @staticmethod
    def holds(relation, x):
        return {"lt": x < 0, "le": x <= 0, "eq": x == 0, "ne": x != 0}[relation]


class Digits:
    """mpmath with many digits; what lies next to a jump is unclear."""

    @staticmethod
    def number(x):
        return mpmath.mpf(int(x.p)) / int(x.q)

    @staticmethod
    def same(a, b):
        return abs(a - b) <= CLOSE * (1 + abs(a))

    @staticmethod
    def inside(r, x):
        above = r.lo is None or x >= Digits.number(r.lo) - CLOSE * (1 + abs(x))
        return above and (r.hi is None or x <= Digits.number(r.hi) + CLOSE * (1 + abs(x)))

    @staticmethod
    def power(x, n):
        if n.denominator == 1 and n >= 0:
            return _proportionate(x ** int(n))
        _clear(x)
        if (x < 0 and n.denominator != 1) or (x == 0 and n < 0):
            raise UndefinedError
        return _proportionate(mpmath.mpf(0) if x == 0 else mpmath.power(x, mpmath.mpf(n.numerator) / n.denominator))

    @staticmethod
    def function(name, x):
        if name in ROUNDED:
            _clear(x - mpmath.floor(x) - 0.5)
            return ROUNDED[name](x)
        if name.startswith("cut "):
            return _cut(x, int(name.removeprefix("cut ")))
        if name not in SHAPES:  # an activation of which only the name is known
            raise UnclearError
        domain = SHAPES[name].domain
        for end in (domain.lo, domain.hi):
            if end is not None:
                _clear(x - Digits.number(end))
        if name in STEPS:
            _clear(x - mpmath.nint(x))
        if name in ("exp", "sinh", "cosh") and abs(x) > 90:
            raise UnclearError
        if not domain.contains(fmpq(*as_ratio(x))):
            raise UndefinedError
        return _proportionate(mpmath.re(ORACLES[name](x)))

    @staticmethod
    def several(name, xs):
        if name.startswith("order"):
            return sorted(xs)[int(name.removeprefix("order"))]
        a, b = xs
        _clear(b)
        if name == "atan2":
            _clear(a)
            return mpmath.atan2(a, b)
        if b == 0:
            raise UndefinedError
        quotient = a / b
        _clear(quotient - mpmath.nint(quotient))
        return a - b * (mpmath.floor(quotient) if quotient >= 0 else mpmath.ceil(quotient))

    @staticmethod
    def holds(relation, x):
        _clear(x)
        return {"lt": x < 0, "le": x <= 0, "eq": x == 0, "ne": x != 0}[relation]


def _cut(x, kept):
    """x with the binary digits cut off after the first one and so many more."""
    digits, exponent = mpmath.frexp(x)
    places = abs(digits) * 2 ** (kept + 1)
    _clear(places - mpmath.nint(places))
    return mpmath.sign(x) * mpmath.ldexp(mpmath.floor(places), exponent - kept - 1)


def as_ratio(x):
    """Numerator and denominator of an mpmath number."""
    sign, mantissa, exponent, _ = x._mpf_
    mantissa = -int(mantissa) if sign else int(mantissa)
    return (mantissa << exponent, 1) if exponent >= 0 else (mantissa, 1 << -exponent)


def _clear(x):
    if 0 < abs(x) < NOISE:
        raise UnclearError


def _proportionate(x):
    if not mpmath.isfinite(x) or abs(x) > HUGE:
        raise UnclearError
    return x


# ------------------------------------------------------------------ the value of a normal form


def value_of(table, e, point, numbers):
    """The value of a normal form: sums, products and powers of the values of its atoms."""
    total = numbers.number(fmpq(0))
    for monomial, c in e.terms.items():
        term = numbers.number(c)
        for index, k in monomial:
            term = term * numbers.power(atom_value(table, table.atoms[index], point, numbers), fraction(k))
        total = total + term
    return total


def atom_value(table, atom, point, numbers):
    if atom.kind == "variable":
        return numbers.number(point[atom.dependencies.bit_length() - 1])
    if atom.kind == "number":
        return numbers.number(atom.arguments[0])
    if atom.kind == "where":
        relation, u, if_false, if_true = atom.arguments
        holds = numbers.holds(relation, value_of(table, u, point, numbers))
        return value_of(table, if_true if holds else if_false, point, numbers)
    inner = [value_of(table, a, point, numbers) for a in atom.arguments]
    if atom.kind == "sum":
        return inner[0]
    if atom.kind.startswith("sum of the "):
        return sum_of_largest(atom.kind, inner)
    if atom.kind == "max":
        return max(inner)
    return numbers.function(atom.kind, inner[0]) if len(inner) == 1 else numbers.several(atom.kind, inner)


def sum_of_largest(name, entries):
    """The sum of the k largest eigenvalues of a symmetric matrix, or singular values, as `name` says, by mpmath."""
    told = re.fullmatch(r"sum of the (\d+) largest (\w+) values of (\d+) x (\d+)", spaced(name))
    k, of, rows, columns = told.groups()
    A = mpmath.zeros(int(rows), int(columns))
    if of == "eigen":  # by rows of the lower triangle
        places = [(i, j) for i in range(A.rows) for j in range(i + 1)]
        for (i, j), x in zip(places, entries, strict=True):
            A[i, j] = A[j, i] = x
        values = mpmath.eigsy(A, eigvals_only=True)
    else:
        for place, x in enumerate(entries):
            A[place // A.cols, place % A.cols] = x
        values = mpmath.svd_r(A, compute_uv=False)
    return sum(sorted(values, reverse=True)[: int(k)])


def spaced(name):
    return name.replace("eigenvalues", "eigen values")


def conditions_hold(e, point, numbers):
    """Whether every side condition of the expression is met at the point; None if that is unclear."""
    for condition in e.needs:
        try:
            x = value_of(e.table, condition.expression, point, numbers)
            if isinstance(x, mpmath.mpf):
                _clear(x)
        except UndefinedError:
            return False
        except UnclearError:
            return None
        if not {"positive": x > 0, "nonnegative": x >= 0, "nonzero": x != 0}[condition.kind]:
            return False
    return True


# ------------------------------------------------------------------ constructions


@dataclass(frozen=True)
class Step:
    operation: str
    operands: tuple[int, ...]
    constant: Fraction = Fraction(0)
    name: str = ""

    def symbolic(self, t, values):
        a = [values[i] for i in self.operands]
        n = fmpq(self.constant.numerator, self.constant.denominator)
        make = {
            "number": lambda: t.number(n),
            "add": lambda: t.add_all(a),
            "subtract": lambda: t.subtract(a[0], a[1]),
            "scale": lambda: t.scale(a[0], n),
            "multiply": lambda: t.multiply(a[0], a[1]),
            "divide": lambda: t.divide(a[0], a[1]),
            "power": lambda: t.power(a[0], n),
            "maximum": lambda: t.maximum(a),
            "minimum": lambda: t.minimum(a),
            "absolute": lambda: t.absolute(a[0]),
            "choose": lambda: t.choose(Truth(self.name, a[0]), a[1], a[2]),
            "exp": lambda: t.exp(a[0]),
            "log": lambda: t.log(a[0]),
            "softplus": lambda: t.softplus(a[0]),
            "logistic": lambda: t.logistic(a[0]),
            "apply": lambda: t.apply(self.name, a[0]),
            "remainder": lambda: symbolic_algebra(t).rules["rem"](*a),
            "angle": lambda: symbolic_algebra(t).rules["atan2"](*a),
            "ordered": lambda: symbolic_algebra(t).order(a)[int(self.constant)],
        }
        return make[self.operation]()

    def number(self, numbers, values):
        """The value as it was written down; a choice looks at the side that is taken only."""
        if self.operation == "choose":
            holds = numbers.holds(self.name, _defined(values[self.operands[0]]))
            return _defined(values[self.operands[2 if holds else 1]])
        a = [_defined(values[i]) for i in self.operands]
        n = numbers.number(fmpq(self.constant.numerator, self.constant.denominator))
        make = {
            "number": lambda: n,
            "add": lambda: sum(a[1:], a[0]),
            "subtract": lambda: a[0] - a[1],
            "scale": lambda: a[0] * n,
            "multiply": lambda: a[0] * a[1],
            "divide": lambda: a[0] * numbers.power(a[1], Fraction(-1)),
            "power": lambda: numbers.power(a[0], self.constant),
            "maximum": lambda: max(a),
            "minimum": lambda: min(a),
            "absolute": lambda: abs(a[0]),
            "softplus": lambda: numbers.function("log", 1 + numbers.function("exp", a[0])),
            "apply": lambda: numbers.function(self.name, a[0]),
            "remainder": lambda: numbers.several("rem", a),
            "angle": lambda: numbers.several("atan2", a),
            "ordered": lambda: sorted(a)[int(self.constant)],
        }
        unary = make.get(self.operation, lambda: numbers.function(self.operation, a[0]))
        return unary()


def _defined(x):
    if isinstance(x, Exception):
        raise x
    return x


def numbers_of(steps, point, numbers):
    """The value of every step at a point, or the exception that says why there is none."""
    values = [numbers.number(x) for x in point]
    for step in steps:
        try:
            values.append(step.number(numbers, values))
        except (UndefinedError, UnclearError) as error:
            values.append(error)
    return values


def normal_forms_of(steps, domains, level, budget=150):
    """The normal forms of the variables and of every step; a step that grows too large ends the construction."""
    table = Table(level=level, budget=budget)
    values = [table.variable(f"x{i}", domain) for i, domain in enumerate(domains)]
    for step in steps:
        try:
            values.append(step.symbolic(table, values))
        except TooLargeError:
            break
    return table, values


# ------------------------------------------------------------------ strategies

rationals = st.one_of(
    st.integers(-3, 3).map(Fraction),
    st.sampled_from([Fraction(1, 2), Fraction(-1, 2), Fraction(3, 2), Fraction(1, 3), Fraction(-5, 4), Fraction(7)]),
)
exponents = st.sampled_from(
    [*map(Fraction, (2, 2, 3, 4, -1, -1, -2, -3, 0, 1 / 3)), *(Fraction(n, 6) for n in (3, 3, -3, 9, 2, 4, -8))]
)
RATIONAL = (
    "number", "add", "add", "subtract", "scale", "multiply", "multiply", "divide", "power", "maximum", "maximum",
    "minimum", "absolute", "choose", "apply", "remainder", "ordered",
)  # fmt: skip
REAL = (*RATIONAL, "exp", "exp", "log", "log", "softplus", "logistic", "apply", "angle")
OPAQUE = ("remainder", "angle", "ordered")  # now and then: nothing is known of what is made
# Choices within choices, by comparisons of multiples of one number.
CHOICES = ("choose",) * 3 + ("scale", "scale", "number", "add", "log", "power", "exp", "multiply", "divide", "absolute")
ARITY = {"number": 0, "subtract": 2, "multiply": 2, "divide": 2, "choose": 3, "remainder": 2, "angle": 2}


@st.composite
def domains(draw):
    lo, hi = sorted([draw(rationals), draw(rationals)])
    lo, hi = fmpq(lo.numerator, lo.denominator), fmpq(hi.numerator, hi.denominator)
    kinds = [Interval(), Interval(lo=fmpq(0), lo_open=True), Interval(lo=fmpq(0)), Interval(hi=fmpq(0), hi_open=True)]
    kinds += [Interval(lo, hi), Interval(lo, None, True, True)]
    if lo < hi:
        kinds += [Interval(lo, hi, True, True), Interval(lo, hi, False, True), Interval(lo, hi, True, False)]
    return draw(st.sampled_from(kinds))


@st.composite
def points_of(draw, boxes):
    """A point of the domains, often with equal coordinates, at ends, or 0."""
    shared = draw(rationals)
    point = []
    for r in boxes:
        x = draw(st.sampled_from([shared, draw(rationals), Fraction(0), fraction(r.inner_point())]))
        ends = [fraction(e) for e in (r.lo, r.hi) if e is not None]
        x = draw(st.sampled_from([x, x, *ends, *(e + Fraction(1, 64) for e in ends)]))
        x = fmpq(x.numerator, x.denominator)
        point.append(x if r.contains(x) else r.inner_point())
    return point


@st.composite
def steps_of(draw, variables, operations):
    exact = set(operations) <= set(RATIONAL)
    operations = draw(st.lists(st.sampled_from(operations), min_size=1, max_size=6))  # few kinds meet more often
    steps = []
    for size in range(variables, variables + draw(st.integers(1, 9))):
        operation = draw(st.sampled_from(operations))
        arity = ARITY.get(operation, 1)
        arity = draw(st.integers(1, 4)) if operation in ("add", "maximum", "minimum") else arity
        arity = draw(st.sampled_from((2, 3, 4, 7))) if operation == "ordered" else arity  # seven stay opaque
        # Recent results more often than old ones, so that constructions grow deep.
        operands = tuple(size - 1 - min(draw(st.integers(0, size - 1)), size - 1) for _ in range(arity))
        constant, name = Fraction(0), ""
        if operation in ("number", "scale"):
            constant = draw(rationals)
        if operation == "power":
            constant = draw(exponents)
            constant = constant if not exact or constant.denominator == 1 else Fraction(-2)
        if operation == "ordered":
            constant = Fraction(draw(st.integers(0, arity - 1)))
        if operation == "choose":
            name = draw(st.sampled_from(["lt", "le", "eq", "ne"]))
        if operation == "apply":
            name = draw(st.sampled_from(STEPS if exact else sorted(SHAPES)))
        steps.append(Step(operation, operands, constant, name))
    return steps


def check(steps, boxes, point, level, numbers):
    """Every step's normal form has its value, range and side conditions, at a point; says how many were compared."""
    table, forms = normal_forms_of(steps, boxes, level)
    compared = 0
    with mpmath.workdps(DIGITS):
        for e, x in zip(forms, numbers_of(steps, point, numbers), strict=False):
            if isinstance(x, UnclearError):
                continue
            held = conditions_hold(e, point, numbers)
            if isinstance(x, UndefinedError):
                assert held is not True, f"{e} needs only {set(map(str, e.needs))}, but has no value at {point}"
                continue
            assert isinstance(e, Expression)
            if held is not True:
                continue
            assert numbers.inside(table.range(Expression(table, e.terms)), x), f"{e} = {x}, not in {table.range(e)}"
            try:
                found = value_of(table, e, point, numbers)
            except UnclearError:
                continue
            assert numbers.same(x, found), f"{e} is {found}, expected {x} at {point}"
            compared += 1
    return compared
