"""What the checker sees in a normal form: its parts, their signs, affine and quadratic ones.  It looks for no proof."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from flint import fmpq, fmpq_mat

from netprops.certificates.refusals import demand
from netprops.exact.inertia import is_positive_semidefinite
from netprops.readings import ranges
from netprops.readings.polynomials import UNIT, Expression, Monomial, Table, alone

if TYPE_CHECKING:
    from netprops.domains import Interval
    from netprops.readings.polynomials import Atom
    from netprops.readings.symbols import Symbols

ZERO, ONE = fmpq(0), fmpq(1)
CONSTANT = -1  # the coordinate that is 1, beside the bits of the variables

Row = dict[int, fmpq]  # an affine form, by coordinate
Matrix = list[list[fmpq]]


@dataclass(frozen=True)
class View:
    """Expressions of one table as functions of the variables in `mask`, the others being parameters."""

    table: Table
    mask: int

    def expression(self, terms: dict[Monomial, fmpq]) -> Expression:
        return Expression(self.table, terms)

    def atom(self, index: int) -> Atom:
        return self.table.atoms[index]

    def range(self, e: Expression) -> Interval:
        return self.table.range(e)

    # -------------------------------------------------------------- parts

    def varies(self, index: int) -> bool:
        """Whether an atom depends on the decision variables."""
        return bool(self.atom(index).dependencies & self.mask)

    def moving(self, monomial: Monomial) -> Monomial:
        """The factors of a monomial that depend on the decision variables."""
        moving = [(i, k) for i, k in monomial if self.varies(i)]
        return monomial if len(moving) == len(monomial) else Monomial(moving)

    def parts(self, e: Expression) -> list[tuple[Monomial, Expression]]:
        """e less what rests, as products of moving factors times resting coefficients, by product."""
        found: dict[Monomial, dict[Monomial, fmpq]] = defaultdict(dict)
        for monomial, c in e.terms.items():
            moving = self.moving(monomial)
            rest = UNIT if moving is monomial else Monomial((i, k) for i, k in monomial if not self.varies(i))
            found[moving][rest] = c
        return sorted(
            ((part, self.expression(terms)) for part, terms in found.items() if part != UNIT), key=itemgetter(0)
        )

    def resting(self, e: Expression) -> Expression:
        """The terms that do not depend on the decision variables."""
        return self.expression({m: c for m, c in e.terms.items() if not self.moving(m)})

    def rests(self, e: Expression) -> bool:
        """Whether e does not depend on the decision variables."""
        return not self.parts(e)

    def single(self, e: Expression) -> tuple[Monomial, int]:
        """The product and the sign of an expression that is a product of moving factors, or minus one."""
        demand(len(e.terms) == 1, "{} is not one product", e)
        ((part, c),) = e.terms.items()
        demand(abs(c) == 1 and bool(part) and self.moving(part) == part, "{} is no product of moving factors", e)
        return part, 1 if c > 0 else -1

    def factor(self, e: Expression) -> tuple[int, fmpq, int]:
        """The atom, the power and the sign of an expression that is plus or minus one power of one atom."""
        part, sign = self.single(e)
        demand(len(part) == 1, "{} is a product of several factors", e)
        return part[0][0], part[0][1], sign

    def function(self, e: Expression, kind: str) -> tuple[Atom, int]:
        """The atom and the sign of an expression that is plus or minus an atom of this kind."""
        index, k, sign = self.factor(e)
        demand(k == 1 and self.atom(index).kind == kind, "{} is no {}", e, kind)
        return self.atom(index), sign

    def base(self, index: int) -> Expression:
        """The expression that an atom stands for."""
        atom = self.atom(index)
        return atom.arguments[0] if atom.kind == "sum" else self.expression({alone(index): ONE})

    def sign(self, e: Expression) -> int | None:
        """1 if e is nowhere negative, -1 if nowhere positive, 0 if it is 0, None if none is known."""
        if not e.terms:
            return 0
        r = self.range(e)
        return 1 if ranges.is_nonnegative(r) else -1 if ranges.is_nonpositive(r) else None

    # -------------------------------------------------------------- affine forms

    def is_affine_part(self, part: Monomial) -> bool:
        """Whether a product of moving factors is affine in the decision variables."""
        if len(part) != 1 or part[0][1] != 1:
            return False
        atom = self.atom(part[0][0])
        return atom.kind == "variable" or (atom.kind == "sum" and self.is_affine(atom.arguments[0]))

    def is_affine(self, e: Expression) -> bool:
        """Whether every part is."""
        return all(self.is_affine_part(part) for part, _ in self.parts(e))

    def row(self, e: Expression) -> Row | None:
        """The coefficients of an affine form, numbers all of them; None if it is none such."""
        total: Row = defaultdict(fmpq)
        for monomial, c in e.terms.items():
            if monomial == UNIT:
                total[CONSTANT] += c
                continue
            inner = self.atom_row(monomial[0][0]) if len(monomial) == 1 and monomial[0][1] == 1 else None
            if inner is None:
                return None
            for place, k in inner.items():
                total[place] += c * k
        return dict(total)

    def atom_row(self, index: int) -> Row | None:
        """The coefficients of an atom that is an affine form."""
        atom = self.atom(index)
        if atom.kind == "variable":
            return {atom.dependencies.bit_length() - 1: ONE} if self.varies(index) else None
        return self.row(atom.arguments[0]) if atom.kind == "sum" else None

    def slopes(self, e: Expression) -> Row | None:
        """The coefficients of the variables in an affine form, numbers all of them; what rests may be anything."""
        total: Row = defaultdict(fmpq)
        for part, coefficient in self.parts(e):
            c = coefficient.constant()
            inner = self._slopes_of_part(part)
            if c is None or inner is None:
                return None
            for bit, k in inner.items():
                total[bit] += c * k
        return dict(total)

    def _slopes_of_part(self, part: Monomial) -> Row | None:
        if len(part) != 1 or part[0][1] != 1:
            return None
        atom = self.atom(part[0][0])
        if atom.kind == "variable":
            return {atom.dependencies.bit_length() - 1: ONE}
        return self.slopes(atom.arguments[0]) if atom.kind == "sum" else None

    # -------------------------------------------------------------- quadratic forms

    def is_square_or_product(self, part: Monomial) -> bool:
        """Whether a part is the product of two variables, or the square of one."""
        plain = all(k > 0 and k.q == 1 and self.atom(i).kind == "variable" for i, k in part)
        return plain and sum((k for _, k in part), ZERO) == 2

    def quadratic(self, terms: dict[Monomial, fmpq]) -> dict[tuple[int, int], fmpq] | None:
        """Q with z'Qz the sum of the terms, z the variables and 1; None unless it is a polynomial of degree <= 2."""
        Q: dict[tuple[int, int], fmpq] = defaultdict(fmpq)
        for monomial, c in terms.items():
            rows: list[Row] = []
            for index, k in monomial:
                row = self.atom_row(index)
                if row is None or k not in (1, 2):
                    return None
                rows += [row] * int(k.p)
            if len(rows) > 2:
                return None
            while len(rows) < 2:
                rows.append({CONSTANT: ONE})
            for i, a in rows[0].items():
                for j, b in rows[1].items():
                    Q[i, j] += c * a * b / 2
                    Q[j, i] += c * a * b / 2
        return dict(Q)


def dense(Q: dict[tuple[int, int], fmpq], coordinates: list[int]) -> Matrix:
    """The matrix with rows and columns for these coordinates."""
    return [[Q.get((i, j), ZERO) for j in coordinates] for i in coordinates]


def on_plane(Q: dict[tuple[int, int], fmpq], row: Row) -> Matrix:
    """The form z'Qz on the plane row.z = 0: B'QB, the columns of B a basis of the plane."""
    coordinates = sorted({i for i, _ in Q} | set(row))
    solved = next((i for i in coordinates if row.get(i)), None)
    demand(solved is not None, "a denominator that is 0")
    assert solved is not None
    others = [i for i in coordinates if i != solved]
    if not others:
        return []
    B = fmpq_mat(
        [[-row.get(j, ZERO) / row[solved] if i == solved else fmpq(int(i == j)) for j in others] for i in coordinates]
    )
    product = B.transpose() * fmpq_mat(dense(Q, coordinates)) * B
    return [[product[i, j] for j in range(len(others))] for i in range(len(others))]


def semidefinite(Q: Matrix, sign: int = 1) -> bool:
    """Whether sign * Q is positive semidefinite."""
    return bool(is_positive_semidefinite([[sign * x for x in line] for line in Q])) if Q else True


# ------------------------------------------------------------------ outputs


def entries(symbols: Symbols) -> list[Expression]:
    """The normal forms of all output entries."""
    return [e for output in symbols.outputs for e in output.reshape(-1)]


def real_entries(symbols: Symbols) -> list[Expression]:
    """The same, shown to be real numbers all over the domain."""
    for e in entries(symbols):
        demand(not e.needs, "it may be no real number: not shown that {}", "; ".join(map(str, e.needs)))
    return entries(symbols)
