"""Convex functions of several positive affine forms that are taken out of a sum whole, and leave a convex rest.

* Relative entropies a log(a / w): convex in (a, w) together, falling as w rises, for affine a > 0 and concave w > 0
  (the perspective of -log).  A sum of products of affine forms with logarithms is cut into such ones by a linear
  program.
* Dirichlet normalisers sum lgamma(u_i) - lgamma(sum u_i): log of the integral of prod t_i^(u_i - 1) over the simplex,
  hence convex in u by Hoelder's inequality, for u_i > 0; a constant may be one of the u_i.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from flint import fmpq

from netprops.exact.programs import Optimum, maximise
from netprops.readings import ranges
from netprops.readings.degree_two import CONSTANT, affine_row
from netprops.readings.expressions import to_json
from netprops.readings.polynomials import Expression, Monomial, alone
from netprops.readings.proofs import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netprops.readings.curvature import Calculus
    from netprops.readings.degree_two import Row
    from netprops.readings.polynomials import Table
    from netprops.readings.proofs import Proof

ZERO: Final = fmpq(0)
MOST_LOGARITHMS: Final = 6
MOST_FACTORS: Final = 6


# ------------------------------------------------------------------ relative entropies


def entropies(table: Table, forms: Sequence[Expression], shares: Sequence[Sequence[fmpq]]) -> Expression:
    """sum_ij s_ij a_i log(a_i / a_j) + sum_i s_ii a_i log a_i - sum_j s_nj log a_j for the forms a_0, ..., a_(n - 1).

    `shares` has n + 1 rows of n numbers.
    """
    logarithms = [table.log(a) for a in forms]
    parts = [table.number(0)]
    for row, share in enumerate(shares):
        one = row == len(forms)
        a = table.number(1) if one else forms[row]
        for column, s in enumerate(share):
            if s != 0:
                own = table.number(0) if one else logarithms[row]
                gap = own if row == column else table.subtract(own, logarithms[column])
                parts.append(table.scale(table.multiply(a, gap), s))
    return table.add_all(parts)


def convex_beside_entropies(calculus: Calculus, e: Expression) -> Proof | None:
    """A proof that e is a sum of relative entropies, of negative logarithms, and of a rest that is convex."""
    table = calculus.table
    beside = _factors_of_logarithms(calculus, e)
    if beside is None:
        return None
    forms = [table.atoms[index].arguments[0] for index in beside]
    shares = _shares(calculus, forms, list(beside.values()))
    if shares is None:
        return None
    rest = table.subtract(e, entropies(table, forms, shares))
    if rest.needs or any(i in beside for m in rest.terms for i, _ in m):
        return None
    premises: list[Proof] = []
    for n, form in enumerate(forms):
        if not any(row[n] for row in shares):
            continue
        proof = calculus.concave(form)
        if proof is None:
            return None
        premises.append(proof)
    inner = calculus.convex(rest)
    if inner is None:
        return None
    words = "relative entropies of positive affine forms, by a linear program"
    return step("entropies", words, *premises, inner, forms=[to_json(a) for a in forms], shares=shares)


def _factors_of_logarithms(calculus: Calculus, e: Expression) -> dict[int, Row] | None:
    """For each log w, w > 0, the affine form that it is multiplied by in e; None if some factor is none."""
    table = calculus.table
    found: dict[int, dict[Monomial, fmpq]] = {}
    for monomial, c in e.terms.items():
        logs = [i for i, k in monomial if table.atoms[i].kind == "log" and table.atoms[i].dependencies & calculus.mask]
        if logs:
            if len(logs) > 1 or dict(monomial)[logs[0]] != 1:
                return None
            found.setdefault(logs[0], {})[Monomial(f for f in monomial if f[0] != logs[0])] = c
    if not 2 <= len(found) <= MOST_LOGARITHMS:
        return None
    rows: dict[int, Row] = {}
    for index, terms in sorted(found.items()):
        row = affine_row(table, Expression(table, terms), calculus.mask)
        if row is None or not ranges.is_positive(table.range(table.atoms[index].arguments[0])):
            return None
        rows[index] = row
    return rows


def _shares(calculus: Calculus, forms: list[Expression], factors: list[Row]) -> list[list[fmpq]] | None:
    """Nonnegative s with factor_j = [sum_k s_jk] a_j - sum_(i != j) s_ij a_i - s_nj for every j."""
    rows = [affine_row(calculus.table, a, calculus.mask) for a in forms]
    n = len(forms)
    unknown = [(i, j) for i in range(n) for j in range(n) if rows[i] is not None] + [(n, j) for j in range(n)]
    equations, right = [], []
    for j, factor in enumerate(factors):
        own = rows[j] or {}
        places = {p for row in (*rows, factor) if row is not None for p in row} | {CONSTANT}
        for p in sorted(places):
            line = [ZERO] * len(unknown)
            for place, (i, k) in enumerate(unknown):
                if i == j:
                    line[place] += own.get(p, ZERO)
                elif k == j and i < n:
                    line[place] -= (rows[i] or {}).get(p, ZERO)
                elif k == j and p == CONSTANT:
                    line[place] -= 1
            equations.append(line)
            right.append(factor.get(p, ZERO))
    outcome = maximise([ZERO] * len(unknown), A_eq=equations, b_eq=right)
    if not isinstance(outcome, Optimum):
        return None
    shares = [[ZERO] * n for _ in range(n + 1)]
    for (i, j), s in zip(unknown, outcome.point, strict=True):
        shares[i][j] = s
    return shares


# ------------------------------------------------------------------ Dirichlet normalisers


def convex_beside_normalisers(calculus: Calculus, e: Expression) -> Proof | None:
    """A proof that e is a Dirichlet normaliser, times a positive number, and a rest that is convex."""
    table = calculus.table
    alone_in = {m[0][0]: c for m, c in e.terms.items() if _is_lgamma_of_positive(calculus, m)}
    for total, c in alone_in.items():
        if c >= 0:
            continue
        others = [i for i, k in alone_in.items() if k >= -c][:MOST_FACTORS]
        for size in range(len(others), 0, -1):
            for factors in itertools.combinations(others, size):
                if remainder(table, factors, total) is None:
                    continue
                inner = calculus.convex(without_normaliser(table, e, -c, factors, total))
                if inner:
                    arguments = [to_json(table.atoms[i].arguments[0]) for i in (*factors, total)]
                    words = "log of a Dirichlet normaliser of positive affine forms"
                    return step("Dirichlet normaliser", words, inner, arguments=arguments, coefficient=-c)
    return None


def _is_lgamma_of_positive(calculus: Calculus, monomial: Monomial) -> bool:
    atom = calculus.table.atoms[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
    if atom is None or atom.kind != "lgamma":
        return False
    (u,) = atom.arguments
    return calculus.is_affine(u) and ranges.is_positive(calculus.table.range(u))


def remainder(table: Table, factors: Sequence[int], total: int) -> fmpq | None:
    """total - sum of the factors' arguments, if that is a number >= 0."""
    parts = [table.scale(table.atoms[i].arguments[0], -1) for i in factors]
    left = table.add_all([table.atoms[total].arguments[0], *parts]).constant()
    return left if left is not None and left >= 0 else None


def without_normaliser(table: Table, e: Expression, c: fmpq, factors: Sequence[int], total: int) -> Expression:
    """e - c (sum lgamma(u_i) - lgamma(total)): the lgamma of what a constant contributes is a number."""
    taken = {alone(i): c for i in factors}
    taken[alone(total)] = -c
    return table.subtract(e, Expression(table, taken))
