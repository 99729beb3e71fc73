"""Is a quadratic form nonnegative on the nonnegative orthant? Decided exactly, in small dimensions."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from netprops.domains import DomainError
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.exact.copositivity import LARGEST, form_value, negative_on_the_orthant
from netprops.questions.asking import Asked, Function, readings, remembered, scalar, traced


def is_copositive(q: Function, on: Any) -> Verdict:
    """Is the quadratic form ``q(u) = u'Qu >= 0`` for every u without negative entries?

    Q is read off the normal form. "Yes" is proved by the inverses of all principal submatrices of Q (Hadeler 1983),
    "no" certified by an integer vector.

    Args:
        q: a scalar function, homogeneous of degree two.
        on: its domain, for the shapes alone.

    Raises:
        DomainError: q is no quadratic form, or one of more than a dozen variables.

    Examples:
        >>> from netprops import is_copositive, reals
        >>> is_copositive(lambda u: u[0] ** 2 + 2 * u[0] * u[1], on=reals(2)).answer
        'yes'
        >>> is_copositive(lambda u: u[0] ** 2 - 2 * u[0] * u[1], on=reals(2)).answer
        'no'
    """
    asked = traced("is_copositive", q, on)
    scalar(asked)
    return record(remembered(asked, lambda: _copositive(asked)))


def _copositive(asked: Asked) -> Verdict:
    notes: list[str] = []
    reading = next(readings(asked, notes, (2,)), None)
    if reading is None:
        return undecided(asked.name, "; ".join(notes))
    calculus, (e,) = reading.calculus, reading.expressions
    form: dict[Any, fmpq] = {}
    for monomial, c in e.terms.items():
        if not calculus.is_quadratic(monomial):
            raise DomainError(f"is_copositive is about a quadratic form; this one is {e}")
        form[monomial] = c
    variables, Q = calculus.matrix(form)
    if len(Q) > LARGEST:
        raise DomainError(f"copositivity is decided for up to {LARGEST} variables, this form has {len(Q)}")
    found = negative_on_the_orthant(Q)
    if found is None:
        words = f"of the {2 ** len(Q) - 1} principal submatrices none has an inverse without positive entries"
        return yes(asked.name, "proved", words)
    value = form_value(Q, found)
    table = reading.symbols.table
    names = [table.names[table.atoms[k].dependencies.bit_length() - 1] for k in variables]
    u = {str(name): str(x) for name, x in zip(names, found, strict=True)}
    words = f"at {', '.join(f'{name} = {x}' for name, x in u.items())} and 0 elsewhere the form is {value}"
    return no(asked.name, "certified", words, {"kind": "nonnegative vector", "u": u, "value": str(value)})
