"""Normal forms as JSON: structure only, so that whoever reads one back works out ranges and side conditions anew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from flint import fmpq, fmpz

from netprops.domains import Interval
from netprops.readings import ranges, shapes
from netprops.readings.polynomials import Atom, Expression, Monomial, Table

FRACTION: Final = re.compile("-?[0-9]+(/0*[1-9][0-9]*)?")
MOST_LISTED: Final = 12  # terms of a sum that are written out to be put in order
LONGEST_POWER: Final = 14  # bits of numerator and denominator


class MalformedError(Exception):
    """A text that is no normal form over the table: it says which part, and why."""


def to_json(e: Expression) -> list[Any]:
    """The terms of an expression, each ``[coefficient, [[atom, power], ...]]``; numbers as texts of fractions.

    A variable is ``{"x": its bit}``, a factor that is a sum ``{"sum": terms}``, a function of expressions
    ``{"f": name, "of": [terms, ...]}``, and a choice has its comparison with 0 as ``"where"`` besides.
    """
    return [[str(c), [[_atom(e.table, i), str(k)] for i, k in monomial]] for monomial, c in e.terms.items()]


def _atom(table: Table, index: int) -> dict[str, Any]:
    atom = table.atoms[index]
    if atom.kind == "variable":
        return {"x": atom.dependencies.bit_length() - 1}
    if atom.kind == "sum":
        return {"sum": to_json(atom.arguments[0])}
    if atom.kind == "number":
        return {"number": str(atom.arguments[0])}
    if atom.kind == "where":
        return {"where": atom.arguments[0], "of": [to_json(a) for a in atom.arguments[1:]]}
    return {"f": atom.kind, "of": [to_json(a) for a in atom.arguments]}


def number(text: Any) -> fmpq:
    """A rational number written as a fraction.  Raises `MalformedError` for anything else."""
    if not isinstance(text, str) or not FRACTION.fullmatch(text):
        raise MalformedError(f"a number is written as the text of a fraction, got {text!r}")
    return fmpq(*map(fmpz, text.split("/")))


def from_json(table: Table, terms: Any) -> Expression:
    """The expression over the table.

    Raises:
        MalformedError: the structure is another, or the expression is not shown to be a real number on the domain.
    """
    if not isinstance(terms, list):
        raise MalformedError(f"an expression is a list of terms, got {terms!r}")
    total = table.number(0)
    for term in terms:
        coefficient, factors = _pair(term)
        c = number(coefficient)
        powers: dict[int, fmpq] = {}
        if not isinstance(factors, list):
            raise MalformedError(f"factors are a list, got {factors!r}")
        for atom, k in map(_pair, factors):
            index, power = _index(table, atom), number(k)
            if index in powers or power == 0 or power.height_bits() > LONGEST_POWER:
                raise MalformedError("a factor stands once, to a power that is neither 0 nor absurd")
            _demand_real(table, index, power)
            powers[index] = power
        _demand_normal(table, c, powers)
        total = table.add(total, Expression(table, {Monomial(sorted(powers.items())): c}))
    return total


def _demand_normal(table: Table, c: fmpq, powers: dict[int, fmpq]) -> None:
    """What all normal forms keep to and the table relies on: no coefficients 0, one exponential, to the power 1."""
    exponentials = [k for i, k in powers.items() if table.atoms[i].kind == "exp"]
    if c == 0 or exponentials not in ([], [1]):
        raise MalformedError("no normal form: a coefficient 0, or powers or products of exponentials")


def _pair(value: Any) -> tuple[Any, Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise MalformedError(f"expected two entries, got {value!r}")
    return value[0], value[1]


def _demand_real(table: Table, index: int, power: fmpq) -> None:
    r = table.atoms[index].range
    if power.q == 1:
        real = power > 0 or ranges.is_nonzero(r)
    else:
        real = ranges.is_positive(r) or (power > 0 and ranges.is_nonnegative(r))
    if not real:
        raise MalformedError(f"a power {power} of what is not shown to have one")


def _index(table: Table, atom: Any) -> int:
    if not isinstance(atom, dict):
        raise MalformedError(f"no atom: {atom!r}")
    if "x" in atom:
        return _variable(table, atom["x"])
    if "number" in atom:
        value = number(atom["number"])
        return table.intern("number", (value,), 0, ranges.point(value))
    if "sum" in atom:
        inner = from_json(table, atom["sum"])
        known = table.known("sum", (inner,))
        return table.as_factor_keeping_sign(inner) if known is None else known
    if not isinstance(atom.get("of"), list):
        raise MalformedError(f"no atom: {atom!r}")
    arguments = tuple(from_json(table, a) for a in atom["of"])
    if "where" in atom:
        return _choice(table, atom["where"], arguments)
    return _function(table, atom.get("f"), arguments)


def _variable(table: Table, bit: Any) -> int:
    if type(bit) is int and 0 <= bit < len(table.names):
        for known in table.atoms:
            if known.kind == "variable" and known.dependencies == 1 << bit:
                return known.index
    raise MalformedError(f"no variable number {bit!r}")


def _dependencies(arguments: tuple[Expression, ...]) -> int:
    mask = 0
    for a in arguments:
        mask |= a.table.dependencies(a)
    return mask


def _choice(table: Table, relation: Any, arguments: tuple[Expression, ...]) -> int:
    if relation not in ("lt", "le", "eq", "ne") or len(arguments) != 3:
        raise MalformedError(f"no choice: {relation!r} of {len(arguments)}")
    r = ranges.union(table.range(arguments[1]), table.range(arguments[2]))
    return table.intern("where", (relation, *arguments), _dependencies(arguments), r)


def _function(table: Table, name: Any, arguments: tuple[Expression, ...]) -> int:
    if name == "max" and arguments:
        r = ranges.largest([table.range(a) for a in arguments])
    elif name in shapes.SHAPES and len(arguments) == 1:
        r = _range_of(table, name, arguments[0])
    else:
        known = table.known(name, arguments) if isinstance(name, str) else None
        if known is None or (name == "rem" and not ranges.is_nonzero(table.range(arguments[1]))):
            raise MalformedError(f"no function {name!r} of {len(arguments)} arguments that the program has")
        return known
    return table.intern(name, arguments, _dependencies(arguments), r)


def _range_of(table: Table, name: str, u: Expression) -> Interval:
    if not shapes.lies_within(table.range(u), shapes.SHAPES[name].domain):
        raise MalformedError(f"{name} of {u}, which is not shown to lie in its domain")
    return shapes.range_of(name, table.range(u))


def listing(e: Expression) -> list[Monomial]:
    """The monomials of e, in the order in which proofs number them.

    Those of a short sum by what they are: which atoms a table made first depends on what else was tried.
    """
    if len(e.terms) < 2 or len(e.terms) > MOST_LISTED:
        return sorted(e.terms)
    return sorted(e.terms, key=lambda m: _text(e.table, m))


def _text(table: Table, monomial: Monomial) -> str:
    """A product in words that are the same whatever the numbers of the atoms, and the order of terms, in its table."""
    return " ".join(sorted(f"{_atom_text(table.atoms[i])}^{k}" for i, k in monomial))


def _atom_text(atom: Atom) -> str:
    parts = [_sum_text(a) if isinstance(a, Expression) else str(a) for a in atom.arguments]
    name = atom.dependencies.bit_length() if atom.kind == "variable" else ", ".join(parts)
    return f"{atom.kind}({name})"


def _sum_text(e: Expression) -> str:
    return " + ".join(sorted(f"{c} {_text(e.table, m)}" for m, c in e.terms.items()))


def places(e: Expression, summands: Sequence[dict[Monomial, fmpq]]) -> list[list[int]]:
    """Where the terms of each summand stand among all terms of e, in order."""
    place = {monomial: n for n, monomial in enumerate(listing(e))}
    return [sorted(place[monomial] for monomial in terms) for terms in summands]
