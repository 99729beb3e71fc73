"""Identities that a sum satisfies as a whole, where each of its terms looks as it should.

* h(max(u, v)) + h(min(u, v)) = h(u) + h(v) for any function h;
* N / D = q for a product q with N = q D: the shares of a whole add up to 1;
* products of sines and cosines are sums of them (`trigonometry`), if that leaves fewer terms.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from flint import fmpq

from netprops.readings import ranges, shapes
from netprops.readings.polynomials import Expression, Monomial, TooLargeError, alone
from netprops.readings.trigonometry import linearised

if TYPE_CHECKING:
    from netprops.readings.polynomials import Table

ONE: Final = fmpq(1)
MOST_TERMS: Final = 64


def simplified(table: Table, e: Expression) -> Expression:
    """An expression equal to e wherever e is defined, with the same side conditions and no more terms."""
    if not 2 <= len(e.terms) <= MOST_TERMS:
        return e
    try:
        for step in (_without_extremes, _without_quotients, _straightened):
            e = Expression(table, step(table, e).terms, e.needs)
    except TooLargeError:
        return e
    return e


# ------------------------------------------------------------------ functions of a maximum and of the minimum


def _without_extremes(table: Table, e: Expression) -> Expression:
    found: dict[tuple[str, fmpq], list[tuple[Monomial, Expression]]] = defaultdict(list)
    for monomial, c in e.terms.items():
        atom = table.atoms[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
        if atom is None or atom.kind not in SYMMETRIC or _maximum_in(table, atom.arguments[0]) is None:
            continue
        (u,) = atom.arguments
        found[atom.kind, c].append((monomial, u))
        parity = shapes.SHAPES[atom.kind].parity
        if parity:
            found[atom.kind, parity * c].append((monomial, table.scale(u, -1)))
    for (kind, c), members in found.items():
        for (m, a), (n, b) in itertools.combinations(members, 2):
            pair = _as_pair(table, a, b) if m != n else None
            if pair is None:
                continue
            parts = [table.log(x) if kind == "log" else table.apply(kind, x) for x in pair]
            if not any(part.needs for part in parts):
                rest = Expression(table, {k: d for k, d in e.terms.items() if k not in (m, n)})
                return _without_extremes(table, table.add_all([rest, *(table.scale(part, c) for part in parts)]))
    return e


# Functions of one expression that are made by `apply` or `log`.
SYMMETRIC: Final = frozenset({"lgamma", "log", "tanh", "atan", "erf", "asinh", "sinh", "cosh", "digamma", "bessel_i0"})


def _maximum_in(table: Table, u: Expression) -> Monomial | None:
    """The one term that is max(0, v) times a number."""
    found = [
        m
        for m in u.terms
        if len(m) == 1
        and m[0][1] == 1
        and table.atoms[m[0][0]].kind == "max"
        and len(table.atoms[m[0][0]].arguments) == 2
    ]
    return found[0] if len(found) == 1 else None


def _as_pair(table: Table, a: Expression, b: Expression) -> tuple[Expression, Expression] | None:
    """(u, v), if a and b are max(u, v) and min(u, v)."""
    m = _maximum_in(table, a)
    if m is None or m != _maximum_in(table, b) or a.terms[m] != -b.terms[m]:
        return None
    if a.terms[m] < 0:
        a, b = b, a
    (v,) = (o for o in table.atoms[m[0][0]].arguments if o.terms)
    k = a.terms[m]
    low = table.subtract(a, Expression(table, {m: k}))  # a = low + k max(0, v), and b = high - k max(0, v)
    high = table.add(b, Expression(table, {m: k}))
    return (low, high) if table.add(low, table.scale(v, k)) == high else None


# ------------------------------------------------------------------ quotients with one denominator


def _without_quotients(table: Table, e: Expression) -> Expression:
    over: dict[tuple[int, fmpq], dict[Monomial, fmpq]] = defaultdict(dict)
    for monomial, c in e.terms.items():
        for index, k in monomial:
            if k < 0 and k.q == 1 and table.atoms[index].kind == "sum":
                over[index, k][monomial] = c
    for (index, _), terms in over.items():
        denominator: Expression = table.atoms[index].arguments[0]
        if len(terms) < len(denominator.terms) or not ranges.is_nonzero(table.atoms[index].range):
            continue
        quotients = Expression(table, terms)
        for monomial, c in denominator.terms.items():
            # q, were the first term of the quotients the product of q and this term of the denominator.
            first, d = next(iter(terms.items()))
            by = table.multiply(table.power(Expression(table, {monomial: c}), -1), Expression(table, {first: d}))
            if by.needs or len(by.terms) != 1:
                continue
            ((q, k),) = by.terms.items()
            parts = [
                table.multiply(Expression(table, {m: b}), Expression(table, {q: k}))
                for m, b in denominator.terms.items()
            ]
            if table.add_all(parts) == quotients:
                whole = table.multiply(Expression(table, {q: k}), Expression(table, {alone(index): ONE}))
                rest = table.subtract(e, quotients)
                return _without_quotients(table, table.add(rest, whole))
    return e


# ------------------------------------------------------------------ waves


def _straightened(table: Table, e: Expression) -> Expression:
    straight = linearised(table, e)
    return straight if len(straight.terms) < len(e.terms) else e
