"""Relative entropies a log(a / w) in a sum: convex in (a, w) together, and falling as w rises."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from flint import fmpq

from netprops.readings import ranges
from netprops.readings.expressions import listing
from netprops.readings.polynomials import Expression, Monomial, alone

if TYPE_CHECKING:
    from netprops.readings.curvature import Calculus
    from netprops.readings.proofs import Proof

ZERO: Final = fmpq(0)
ONE: Final = fmpq(1)


@dataclass(frozen=True)
class Entropies:
    """Relative entropies in a sum.

    Attributes:
        places: for each a, where its own term stands among all terms in order, and where those of the w_j do.
        premises: proofs that the w_j are concave, in that order.
        rest: what is left of the sum.
    """

    places: list[dict[str, list[int]]]
    premises: list[Proof]
    rest: Expression


def without_relative_entropies(calculus: Calculus, e: Expression) -> Entropies | None:
    """The convex terms c a log a - sum c_j a log w_j of e, and what is left; None if it has none.

    Here a is affine and positive, the w_j are concave and positive, and c >= sum c_j, all c_j >= 0: it is
    sum c_j a log(a / w_j), each the perspective of -log at a concave argument, and (c - sum c_j) a log a.
    """
    left, found, premises = dict(e.terms), list[dict[str, list[int]]](), list["Proof"]()
    place = {monomial: n for n, monomial in enumerate(listing(e))}
    for index in sorted({i for m in e.terms for i, k in m if k == 1}):
        if not ranges.is_positive(calculus.table.atoms[index].range) or not calculus.is_affine_product(alone(index)):
            continue
        own, others = dict[Monomial, fmpq](), dict[Monomial, fmpq]()
        proofs: list[Proof] = []
        for m, c in sorted(left.items(), key=itemgetter(0)):
            w = _logarithm_beside(calculus, m, index)
            if w is not None and w == calculus._base(index):
                own[m] = c
            elif w is not None and c < 0 and (proof := calculus.concave(w)):
                others[m] = c
                proofs.append(proof)
        if own and sum(own.values(), ZERO) + sum(others.values(), ZERO) >= 0:
            left = {m: c for m, c in left.items() if m not in others and m not in own}
            found.append({"own": [place[m] for m in own], "others": [place[m] for m in others]})
            premises += proofs
    return Entropies(found, premises, Expression(calculus.table, left)) if found else None


def _logarithm_beside(calculus: Calculus, monomial: Monomial, index: int) -> Expression | None:
    """w > 0, if the monomial is the atom times log w."""
    if len(monomial) != 2 or (index, ONE) not in monomial:
        return None
    ((other, k),) = (factor for factor in monomial if factor[0] != index)
    atom = calculus.table.atoms[other]
    if atom.kind != "log" or k != 1:
        return None
    w: Expression = atom.arguments[0]
    return w if ranges.is_positive(calculus.table.range(w)) else None
