"""Rebuilding a normal form over another table: variables replaced by expressions, everything normalised anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flint import fmpq

from netprops.domains import Interval
from netprops.readings import shapes
from netprops.readings.polynomials import NONE, Condition, Expression, Table, Truth

ZERO, ONE = fmpq(0), fmpq(1)
MOST_ROOT = 12  # of an expression that a function depends on


class CannotRebuildError(Exception):
    """An atom has no meaning over the other table: an opaque function, or a variable without a replacement."""


@dataclass
class Rebuilder:
    """Expressions of `source` over `target`.

    `variable(bit)` replaces a variable. `take_out(e)`, if given, splits e as (rest, replacement) before its terms are
    looked at: the part that is a multiple of a given form goes over whole. `opaque` says that functions of which
    nothing is known go over as well, of the rebuilt arguments.
    """

    source: Table
    target: Table
    variable: Callable[[int], Expression]
    take_out: Callable[[Expression], tuple[Expression, Expression]] | None = None
    opaque: bool = False
    _atoms: dict[int, Expression] = field(default_factory=dict)

    def expression(self, e: Expression) -> Expression:
        """The rebuilt expression.

        Raises:
            CannotRebuildError: see there.
        """
        parts: list[Expression] = [self.target.number(0)]
        needs = NONE.union(*(self._condition(c) for c in e.needs))
        if self.take_out is not None:
            e, replaced = self.take_out(e)
            parts.append(replaced)
        for monomial, c in e.terms.items():
            product = self.target.number(c)
            for index, k in monomial:
                product = self.target.multiply(product, self.target.power(self._atom(index), k))
            parts.append(product)
        total = self.target.add_all(parts)
        return Expression(self.target, total.terms, total.needs | needs) if needs else total

    def _condition(self, c: Condition) -> frozenset[Condition]:
        """What is left to show of a side condition."""
        e = self.expression(c.expression)
        return e.needs | self.target.required(c.kind, e)

    def _atom(self, index: int) -> Expression:
        if index not in self._atoms:
            self._atoms[index] = self._rebuilt(index)
        return self._atoms[index]

    def _rebuilt(self, index: int) -> Expression:
        atom = self.source.atoms[index]
        if atom.kind == "variable":
            return self.variable(atom.dependencies.bit_length() - 1)
        if atom.kind == "number":
            return self.target.number(atom.arguments[0])
        inner = [self.expression(a) for a in atom.arguments if isinstance(a, Expression)]
        if atom.kind == "sum":
            return inner[0]
        if atom.kind == "max":
            return self.target.maximum(inner)
        if atom.kind == "where":
            condition, if_false, if_true = inner
            return self.target.choose(Truth(atom.arguments[0], condition), if_false, if_true)
        named = {"exp": self.target.exp, "log": self.target.log, "logistic": self.target.logistic}
        if atom.kind in named:
            return named[atom.kind](inner[0])
        if atom.kind in shapes.SHAPES:
            return self.target.apply(atom.kind, inner[0])
        if self.opaque:
            return self.target.opaque(atom.kind, tuple(inner))
        raise CannotRebuildError(f"{atom.kind} is opaque")


def at_point(source: Table, e: Expression, point: Sequence[fmpq]) -> Expression | None:
    """The value at an exact point as a constant normal form; None where it is undefined or opaque."""
    target = Table(level=source.level, differing=source.differing)
    try:
        value = Rebuilder(source, target, lambda bit: target.number(point[bit])).expression(e)
    except CannotRebuildError:
        return None
    return None if value.needs else value


def over(
    source: Table, e: Expression, target: Table, values: Sequence[Expression], *, opaque: bool = False
) -> Expression | None:
    """e with variable number i replaced by ``values[i]``; None when some atom cannot be rebuilt."""
    try:
        return Rebuilder(source, target, lambda bit: values[bit], opaque=opaque).expression(e)
    except CannotRebuildError:
        return None


def along(source: Table, e: Expression, form: Expression, target: Table, t: Expression) -> Expression | None:
    """e with the affine form replaced by t, over the target table; None if something else is left."""
    lead = max(form.terms)

    def take_out(x: Expression) -> tuple[Expression, Expression]:
        multiple = x.terms.get(lead, ZERO) / form.terms[lead]
        if multiple == 0:
            return x, target.number(0)
        return source.subtract(Expression(source, x.terms), source.scale(form, multiple)), target.scale(t, multiple)

    def variable(bit: int) -> Expression:
        alone = len(form.terms) == 1 and len(lead) == 1 and lead[0][1] == 1
        atom = source.atoms[lead[0][0]] if alone else None
        if atom is not None and atom.kind == "variable" and atom.dependencies == 1 << bit:
            return target.scale(t, 1 / form.terms[lead])
        raise CannotRebuildError(f"{source.names[bit]} is left over")

    try:
        return Rebuilder(source, target, variable, take_out).expression(e)
    except CannotRebuildError:
        return None


def range_of_difference(a: Expression, b: Expression) -> Interval | None:
    """The range of a - b for constants of two tables: rebuilt into one, so that equal irrational parts cancel."""
    target = Table()
    parts = [over(e.table, e, target, ()) for e in (a, b)]
    if parts[0] is None or parts[1] is None:
        return None
    return target.range(target.subtract(parts[0], parts[1]))


# ------------------------------------------------------------------ functions of one expression


@dataclass(frozen=True)
class Outer:
    """h, a function of one variable t over a table of its own; t ranges over `where`, which holds the values of g."""

    value: Expression
    where: Interval

    @property
    def table(self) -> Table:
        """The table of h."""
        return self.value.table


def root_of(table: Table, s: Expression, root: int) -> Expression | None:
    """g = s^(1/root); None if it is not shown to be real."""
    if not 1 <= root <= MOST_ROOT:
        return None
    g = s if root == 1 else table.power(s, fmpq(1, root))
    return None if g.needs else g


def as_function_of(table: Table, e: Expression, s: Expression, root: int) -> Outer | None:
    """h with e = h(s^(1/root)), s itself being the power; None if e depends on anything else, or h may not be real."""
    g = root_of(table, s, root)
    free = [m for m in s.terms if m]
    if g is None or not free:
        return None
    where = table.range(g)
    target = Table(level=table.level, differing=table.differing)
    t = target.variable("t", where)
    if t.constant() is not None:
        return None
    lead, whole = max(free), target.power(t, root)

    def take_out(x: Expression) -> tuple[Expression, Expression]:
        multiple = x.terms.get(lead, ZERO) / s.terms[lead]
        if multiple == 0:
            return x, target.number(0)
        return table.subtract(Expression(table, x.terms), table.scale(s, multiple)), target.scale(whole, multiple)

    def variable(bit: int) -> Expression:
        raise CannotRebuildError(f"{table.names[bit]} is left over")

    try:
        value = Rebuilder(table, target, variable, take_out).expression(e)
    except CannotRebuildError:
        return None
    return None if value.needs else Outer(value, where)
