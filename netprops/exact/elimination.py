"""Polynomials of one variable that vanish at the common zeros of several polynomials, by resultants.

The resultant of f and g by x_i, of degrees m and n in x_i that are not both 0, is a combination of f and g that is free
of x_i: it vanishes wherever both do.  Eliminating all variables but one leaves polynomials of that one.  If they are
not 0, the common zeros lie on the grid of their roots; most points of the grid are none.

A system is split beforehand by the factors of its polynomials: a product vanishes where some factor does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from flint import fmpq_poly

MPoly: TypeAlias = Any  # fmpq_mpoly

MOST_SYSTEMS = 200
MOST_DEGREE = 600  # of a resultant


def eliminants(system: Sequence[MPoly], positive: Sequence[bool]) -> Iterator[tuple[fmpq_poly, ...] | None]:
    """For each of the systems of factors one nonzero polynomial for each variable, a root of which is that coordinate.

    Systems that certainly have no common zero are left out.  None stands for one that could not be treated.

    Args:
        system: polynomials, none of them 0.
        positive: which variables are meant to be positive.
    """
    choices = [_factors(f, positive) for f in system]
    if any(not factors for factors in choices):
        return
    for count, chosen in enumerate(itertools.product(*choices)):
        if count == MOST_SYSTEMS:
            yield None
            return
        found = [_eliminant(list(chosen), keep, len(positive)) for keep in range(len(positive))]
        if any(p is not None and p.degree() == 0 for p in found):
            continue
        known = tuple(p for p in found if p is not None)
        yield known if len(known) == len(found) else None


def _factors(f: MPoly, positive: Sequence[bool]) -> list[MPoly]:
    """The distinct irreducible factors that are not seen to have no zero."""
    return [factor for factor, _ in f.factor()[1] if not _is_never_zero(factor, positive)]


def _is_never_zero(f: MPoly, positive: Sequence[bool]) -> bool:
    """Whether all terms have one sign, and one of them is never 0."""
    terms = f.to_dict()
    if len({c > 0 for c in terms.values()}) > 1:
        return False
    even = all(k % 2 == 0 for powers in terms for k, up in zip(powers, positive, strict=True) if not up)
    return even and any(all(k == 0 for k, up in zip(powers, positive, strict=True) if not up) for powers in terms)


def _eliminant(polynomials: list[MPoly], keep: int, size: int) -> fmpq_poly | None:
    """A polynomial of variable `keep` that vanishes where all do; 1 if they never do; None if none was found."""
    for i in range(size):
        if i != keep:
            polynomials_or_none = _without(polynomials, i)
            if polynomials_or_none is None:
                return None
            polynomials = polynomials_or_none
    if not polynomials:
        return None
    total = fmpq_poly([])
    for f in polynomials:
        total = total.gcd(_univariate(f, keep))
    return total


def _without(polynomials: list[MPoly], i: int) -> list[MPoly] | None:
    """Polynomials free of variable i that vanish where all of them do; None if a resultant is 0, or too large."""
    free = [f for f in polynomials if f.degrees()[i] == 0]
    bound = sorted((f for f in polynomials if f.degrees()[i] > 0), key=lambda f: f.degrees()[i])
    if not bound:
        return free
    pivot, *others = bound
    for f in others:
        if sum(pivot.degrees()) * sum(f.degrees()) > 100 * MOST_DEGREE:
            return None
        r = pivot.resultant(f, i)
        if not r or max(r.degrees()) > MOST_DEGREE:
            return None
        free.append(_simple(r))
    return free


def _simple(f: MPoly) -> MPoly:
    """The product of the distinct factors."""
    total = f.context().constant(1)
    for factor, _ in f.factor_squarefree()[1]:
        total = total * factor
    return total


def _univariate(f: MPoly, keep: int) -> fmpq_poly:
    coefficients = [0] * (f.degrees()[keep] + 1)
    for powers, c in f.to_dict().items():
        coefficients[powers[keep]] = c
    return fmpq_poly(coefficients)
