"""Functions and gradients that are rational after a substitution: x itself, or z = exp(c x), for each variable.

The logistic function and tanh of multiples of x are rational in z = exp(c x) for some c > 0, and so are the derivatives
of softplus and of their squares, products and quotients.  A partial derivative of a normal form then reads N / D with
polynomials N and D in such variables.  Where the function is real D is not 0, so that its critical points are the
common zeros of the numerators, those of z with z > 0.  Elsewhere `NotRationalError` says what stands in the way.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeAlias

from flint import Ordering, fmpq, fmpq_mpoly_ctx, fmpq_poly

from netprops.domains import Interval
from netprops.exact.polynomials_1d import Sign, sign_on
from netprops.readings import ranges, shapes
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.jaxpr import Program, UnsupportedError
from netprops.readings.polynomials import Atom, Expression, Monomial, Table, TooLargeError
from netprops.readings.symbols import read

MPoly: TypeAlias = Any  # fmpq_mpoly
MOST_DEGREES = 400  # of z in one exponential

# What each of these is of E = exp(factor u): numerator and denominator as coefficients of E.
OF_EXPONENTIAL: dict[str, tuple[int, tuple[int, ...], tuple[int, ...]]] = {
    "exp": (1, (0, 1), (1,)),
    "logistic": (1, (0, 1), (1, 1)),
    "tanh": (2, (-1, 1), (1, 1)),
    "cosh": (1, (1, 0, 1), (0, 2)),
    "sinh": (1, (-1, 0, 1), (0, 2)),
}


class NotRationalError(Exception):
    """The gradient is not seen to be rational in x or exp(c x)."""


@dataclass(frozen=True)
class Fraction:
    """numerator / denominator, polynomials without a common factor."""

    numerator: MPoly
    denominator: MPoly


@dataclass(frozen=True)
class RationalGradient:
    """The numerators of the partial derivatives, polynomials in one variable for each coordinate.

    Attributes:
        rates: c for a coordinate x that stands for z = exp(c x); None for one that stands for itself.
        numerators: their common zeros, with z > 0 where there is a rate, are the critical points.
    """

    rates: tuple[fmpq | None, ...]
    numerators: tuple[MPoly, ...]


def rational_gradient(program: Program, entry: int = 0) -> RationalGradient:
    """The numerators of the gradient of one output entry.

    Raises:
        NotRationalError: the function may be undefined or not smooth on its domain, or is not rational.
    """
    try:
        symbols = read(program)
        outputs = [e for output in symbols.outputs for e in output.reshape(-1)]
        e, table = outputs[entry], symbols.table
        parts = [derivative(table, e, bit) for bit in range(len(table.names))]
    except (UnsupportedError, TooLargeError, NotSmoothError, RecursionError) as error:
        raise NotRationalError(str(error)) from error
    unmet = [str(c) for part in (e, *parts) for c in part.needs]
    if unmet:
        raise NotRationalError(f"it may be undefined: not shown that {unmet[0]}")
    if any(r.lo is not None and r.lo == r.hi for r in symbols.intervals):
        raise NotRationalError("a coordinate takes one value only")
    rates = _rates(table, parts)
    conversion = _Conversion(table, rates)
    return RationalGradient(rates, tuple(conversion.numerator(part) for part in parts))


def sign_of(table: Table, e: Expression, where: Interval) -> Sign | None:
    """The signs of e, a function of the one variable of the table, on its interval; None if it is not rational.

    In exponentials these are the signs on a larger interval, for its ends are irrational: what e is not there it is not
    on the smaller one either.  Where e is real its denominator is not 0.
    """
    (e,) = _without_common_roots(table, [e])
    try:
        rates = _rates(table, [e])
        fraction = _Conversion(table, rates).fraction(e)
    except NotRationalError:
        return None
    product = fraction.numerator * fraction.denominator
    if len(rates) != 1 or product.total_degree() > MOST_DEGREES:
        return None
    (rate,) = rates
    values = where if rate is None else shapes.range_of("exp", ranges.scale(where, rate))
    coefficients = {degree: c for (degree,), c in product.to_dict().items()}
    polynomial = fmpq_poly([coefficients.get(k, fmpq(0)) for k in range(max(coefficients, default=0) + 1)])
    return sign_on(polynomial, values.lo, values.hi, (not values.lo_open, not values.hi_open))


@dataclass(frozen=True)
class Minors:
    """Polynomials with the signs of principal minors, and the ranges of their variables (of exp(c x), where it is)."""

    polynomials: list[dict[tuple[int, ...], fmpq]]
    sides: tuple[tuple[fmpq | None, fmpq | None], ...]


def minors(table: Table, matrix: Mapping[tuple[int, int], Expression], size: int, most_terms: int) -> Minors:
    """The signs of all principal minors of a symmetric matrix, given by its upper triangle, of rational functions.

    A positive factor that all entries share, such as a root, does not count.

    Raises:
        NotRationalError: an entry is not rational, or a minor has too many terms.
    """
    entries = dict(zip(matrix, _without_common_roots(table, list(matrix.values())), strict=True))
    rates = _rates(table, list(entries.values()))
    conversion = _Conversion(table, rates)
    H = {place: conversion.fraction(e) for place, e in entries.items()}
    found = []
    for n in range(1, size + 1):
        for chosen in itertools.combinations(range(size), n):
            minor = conversion.determinant({(i, j): H[min(i, j), max(i, j)] for i in chosen for j in chosen}, chosen)
            if len(minor.numerator) * len(minor.denominator) > most_terms**2:
                raise NotRationalError("a minor has too many terms")
            product = (minor.numerator * minor.denominator).to_dict()
            if len(product) > most_terms:
                raise NotRationalError("a minor has too many terms")
            found.append({tuple(map(int, key)): c for key, c in product.items()})
    known = {a.dependencies: a.range for a in table.atoms if a.kind == "variable"}
    sides = []
    for bit, rate in enumerate(rates):
        r = known.get(1 << bit, ranges.point(fmpq(0)))
        values = r if rate is None else shapes.range_of("exp", ranges.scale(r, rate))
        sides.append((values.lo, values.hi))
    return Minors(found, tuple(sides))


def _without_common_roots(table: Table, parts: Sequence[Expression]) -> list[Expression]:
    """The expressions without fractional powers of positive atoms that all their terms share."""
    shared: dict[int, fmpq] | None = None
    for monomial in itertools.chain.from_iterable(e.terms for e in parts):
        roots = {i: fmpq(k.p % k.q, k.q) for i, k in monomial if k.q != 1}
        shared = roots if shared is None else {i: f for i, f in shared.items() if roots.get(i) == f}
    shared = {i: f for i, f in (shared or {}).items() if ranges.is_positive(table.atoms[i].range)}
    if not shared:
        return list(parts)
    return [Expression(table, {_less(monomial, shared): c for monomial, c in e.terms.items()}) for e in parts]


def _less(monomial: Monomial, shared: Mapping[int, fmpq]) -> Monomial:
    powers = [(i, k - shared.get(i, 0)) for i, k in monomial]
    return Monomial((i, k) for i, k in powers if k != 0)


# ---------------------------------------------------------------- which substitution


def _rates(table: Table, parts: list[Expression]) -> tuple[fmpq | None, ...]:
    """For each variable the largest c > 0 of which all its rates in exponentials are whole multiples, or None."""
    bare: set[int] = set()
    rates: dict[int, list[fmpq]] = {}
    for atom in _atoms_of(table, parts):
        if atom.kind == "variable":
            bare.add(atom.dependencies.bit_length() - 1)
        elif atom.kind in OF_EXPONENTIAL:
            factor = OF_EXPONENTIAL[atom.kind][0]
            for bit, c in _linear(table, atom.arguments[0]).items():
                rates.setdefault(bit, []).append(factor * c)
    mixed = bare & set(rates)
    if mixed:
        raise NotRationalError(f"{table.names[min(mixed)]} stands in exponentials and outside of them")
    return tuple(_common(rates[bit]) if bit in rates else None for bit in range(len(table.names)))


def _atoms_of(table: Table, parts: list[Expression]) -> Iterator[Atom]:
    """All atoms met outside of exponentials, each once."""
    seen: set[int] = set()
    stack = list(parts)
    while stack:
        for monomial in stack.pop().terms:
            for index, k in monomial:
                if k.q != 1:
                    raise NotRationalError(f"it has a root: the power {k} of a {table.atoms[index].kind}")
                if index in seen:
                    continue
                seen.add(index)
                atom = table.atoms[index]
                yield atom
                if atom.kind == "sum":
                    stack.append(atom.arguments[0])
                elif atom.kind != "variable" and atom.kind not in OF_EXPONENTIAL:
                    raise NotRationalError(f"{atom.kind} is not rational in exponentials")


def _linear(table: Table, u: Expression) -> dict[int, fmpq]:
    """The coefficients of a linear form without constant term, by variable."""
    found: dict[int, fmpq] = {}
    for monomial, c in u.terms.items():
        atom = table.atoms[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
        if atom is None or atom.kind != "variable":
            raise NotRationalError("an exponential of something else than a linear form without constant term")
        found[atom.dependencies.bit_length() - 1] = c
    return found


def _common(rates: list[fmpq]) -> fmpq:
    numerators, denominators = [abs(int(c.p)) for c in rates], [int(c.q) for c in rates]
    scale = math.lcm(*denominators)
    whole = [n * scale // d for n, d in zip(numerators, denominators, strict=True)]
    common = fmpq(math.gcd(*whole), scale)
    if max(whole) > MOST_DEGREES * math.gcd(*whole):
        raise NotRationalError(f"as a polynomial in exponentials it is of a degree above {MOST_DEGREES}")
    return common


# ---------------------------------------------------------------- conversion


@dataclass
class _Conversion:
    """Normal forms of one table as fractions."""

    table: Table
    rates: tuple[fmpq | None, ...]
    _atoms: dict[int, Fraction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = tuple(f"x{i}" for i in range(len(self.rates)))
        self.context = fmpq_mpoly_ctx.get(names, Ordering.lex)
        self.variables = self.context.gens()
        self.one = self.context.constant(1)

    def numerator(self, e: Expression) -> MPoly:
        """The numerator of e, without its factors z > 0."""
        top = self.fraction(e).numerator
        if not top:
            return top
        powers = top.to_dict()
        least = [0 if rate is None else min(powers_of[i] for powers_of in powers) for i, rate in enumerate(self.rates)]
        lowered = {tuple(k - m for k, m in zip(key, least, strict=True)): c for key, c in powers.items()}
        return self.context.from_dict(lowered)

    def fraction(self, e: Expression) -> Fraction:
        """e as one fraction."""
        return reduce(self._add, (self._term(monomial, c) for monomial, c in e.terms.items()), self._number(0))

    def determinant(self, entries: Mapping[tuple[int, int], Fraction], chosen: tuple[int, ...]) -> Fraction:
        """The determinant of the entries in these rows and columns, by its first row."""
        if len(chosen) == 1:
            return entries[chosen[0], chosen[0]]
        return self._expanded(entries, chosen, chosen)

    def _expanded(
        self, entries: Mapping[tuple[int, int], Fraction], rows: tuple[int, ...], columns: tuple[int, ...]
    ) -> Fraction:
        if not rows:
            return self._number(1)
        total, first = self._number(0), rows[0]
        for place, column in enumerate(columns):
            inner = self._expanded(entries, rows[1:], columns[:place] + columns[place + 1 :])
            entry = entries[first, column]
            sign = -1 if place % 2 else 1
            numerator = entry.numerator * inner.numerator * sign
            total = self._add(total, self._reduced(numerator, entry.denominator * inner.denominator))
        return total

    def _number(self, c: fmpq | int) -> Fraction:
        return Fraction(self.context.constant(c), self.one)

    def _reduced(self, numerator: MPoly, denominator: MPoly) -> Fraction:
        common = numerator.gcd(denominator)
        return Fraction(numerator // common, denominator // common)

    def _add(self, a: Fraction, b: Fraction) -> Fraction:
        common = a.denominator.gcd(b.denominator)
        left, right = b.denominator // common, a.denominator // common
        return self._reduced(a.numerator * left + b.numerator * right, a.denominator * left)

    def _term(self, monomial: Any, c: fmpq) -> Fraction:
        total = self._number(c)
        for index, k in monomial:
            factor, n = self._atom(index), int(k.p)
            top, bottom = (factor.numerator, factor.denominator) if n > 0 else (factor.denominator, factor.numerator)
            total = self._reduced(total.numerator * top ** abs(n), total.denominator * bottom ** abs(n))
        return total

    def _atom(self, index: int) -> Fraction:
        if index not in self._atoms:
            atom = self.table.atoms[index]
            if atom.kind == "variable":
                made = Fraction(self.variables[atom.dependencies.bit_length() - 1], self.one)
            elif atom.kind == "sum":
                made = self.fraction(atom.arguments[0])
            else:
                made = self._of_exponential(*OF_EXPONENTIAL[atom.kind], atom.arguments[0])
            self._atoms[index] = made
        return self._atoms[index]

    def _of_exponential(self, factor: int, top: tuple[int, ...], bottom: tuple[int, ...], u: Expression) -> Fraction:
        """P(E) / Q(E) for E = exp(factor u), a product of powers of the variables z = A / B."""
        A = B = self.one
        for bit, c in _linear(self.table, u).items():
            rate = self.rates[bit]
            assert rate is not None  # those of all exponentials were collected
            power = factor * c / rate
            if power > 0:
                A = A * self.variables[bit] ** int(power.p)
            else:
                B = B * self.variables[bit] ** int(-power.p)
        degree = max(len(top), len(bottom)) - 1
        P, Q = (
            sum((n * A**k * B ** (degree - k) for k, n in enumerate(row)), self.context.constant(0))
            for row in (top, bottom)
        )
        return self._reduced(P, Q)
