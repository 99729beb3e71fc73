"""Functions of one variable as quotients of polynomials in it, or in an exponential of it: their signs, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flint import fmpq, fmpq_poly

from netprops.exact.polynomials_1d import Sign, sign_on
from netprops.readings import ranges, shapes
from netprops.readings.polynomials import Expression, Table

if TYPE_CHECKING:
    from netprops.domains import Interval
    from netprops.readings.polynomials import Atom

MOST_DEGREE: Final = 120
HYPERBOLIC: Final = frozenset({"exp", "logistic", "tanh", "sinh", "cosh"})


@dataclass(frozen=True)
class Quotient:
    """numerator / denominator, where the denominator is not 0."""

    numerator: fmpq_poly
    denominator: fmpq_poly

    def __add__(self, other: Quotient) -> Quotient:
        return Quotient(
            self.numerator * other.denominator + other.numerator * self.denominator,
            self.denominator * other.denominator,
        )._reduced()

    def __mul__(self, other: Quotient) -> Quotient:
        return Quotient(self.numerator * other.numerator, self.denominator * other.denominator)._reduced()

    def __pow__(self, n: int) -> Quotient:
        above, below = (self.numerator, self.denominator) if n >= 0 else (self.denominator, self.numerator)
        return Quotient(above ** abs(n), below ** abs(n))

    def _reduced(self) -> Quotient:
        common = self.numerator.gcd(self.denominator)
        return Quotient(self.numerator // common, self.denominator // common)

    @property
    def degree(self) -> int:
        """The larger degree of the two."""
        return max(self.numerator.degree(), self.denominator.degree())


def _number(c: fmpq | int) -> Quotient:
    return Quotient(fmpq_poly([fmpq(c)]), fmpq_poly([1]))


X: Final = Quotient(fmpq_poly([0, 1]), fmpq_poly([1]))

AtomValue = Callable[["Atom"], "Quotient | None"]


def sign_of(table: Table, e: Expression, where: Interval) -> Sign | None:
    """The signs of e, a function of the one variable of the table, on its interval; None if it is no such quotient.

    The signs on a larger interval where the ends of that of the exponential are irrational: then what is not taken on
    it is not taken on the smaller one either.
    """
    plain = _quotient(table, e, lambda atom: X if atom.kind == "variable" else None)
    if plain is not None:
        closed = (not where.lo_open, not where.hi_open)
        return _signs(plain, where.lo, where.hi, closed)
    rate = _rate(table, e)
    if rate is None:
        return None
    quotient = _quotient(table, e, lambda atom: _in_exponential(atom, rate))
    if quotient is None:
        return None
    values = shapes.range_of("exp", ranges.scale(where, rate))
    return _signs(quotient, values.lo, values.hi, (not values.lo_open, not values.hi_open))


def _signs(q: Quotient, lo: fmpq | None, hi: fmpq | None, closed: tuple[bool, bool]) -> Sign:
    return sign_on(q.numerator * q.denominator, lo, hi, closed)


def _quotient(table: Table, e: Expression, value: AtomValue) -> Quotient | None:
    total = _number(0)
    for monomial, c in e.terms.items():
        term = _number(c)
        for index, k in monomial:
            atom = table.atoms[index]
            inner = _quotient(table, atom.arguments[0], value) if atom.kind == "sum" else value(atom)
            if inner is None or k.q != 1 or inner.degree * abs(int(k.p)) > MOST_DEGREE:
                return None
            if k < 0 and not inner.numerator:
                return None
            term *= inner ** int(k.p)
        total += term
        if total.degree > MOST_DEGREE:
            return None
    return total


# ------------------------------------------------------------------ exponentials


def _multiple(u: Expression) -> fmpq | None:
    """c, if u = c t for the one variable t."""
    if len(u.terms) != 1:
        return None
    ((monomial, c),) = u.terms.items()
    if len(monomial) != 1 or monomial[0][1] != 1 or u.table.atoms[monomial[0][0]].kind != "variable":
        return None
    return c


def _multiples(table: Table, e: Expression) -> Iterator[fmpq | None]:
    for monomial in e.terms:
        for index, _ in monomial:
            atom = table.atoms[index]
            if atom.kind == "sum":
                yield from _multiples(table, atom.arguments[0])
            else:
                yield _multiple(atom.arguments[0]) if atom.kind in HYPERBOLIC else None


def _rate(table: Table, e: Expression) -> fmpq | None:
    """The largest g > 0 of which all the multiples of t in exponentials are whole multiples; None if there are none."""
    g = fmpq(0)
    for c in _multiples(table, e):
        if c is None:
            return None
        g = _common_measure(g, abs(c))
    return g if g > 0 else None


def _common_measure(a: fmpq, b: fmpq) -> fmpq:
    while b != 0:
        a, b = b, a - b * (a / b).floor()
    return a


def _in_exponential(atom: Atom, rate: fmpq) -> Quotient | None:
    """The atom as a quotient of polynomials in exp(rate t)."""
    c = _multiple(atom.arguments[0]) if atom.kind in HYPERBOLIC else None
    if c is None or abs(c / rate) > MOST_DEGREE:
        return None
    w, one = X ** int((c / rate).p), _number(1)
    if atom.kind == "exp":
        return w
    if atom.kind == "logistic":
        return w * (one + w) ** -1
    if atom.kind == "tanh":
        return (w * w + _number(-1)) * (w * w + one) ** -1
    sign = 1 if atom.kind == "cosh" else -1
    return _number(fmpq(1, 2)) * (w + _number(sign) * w**-1)
