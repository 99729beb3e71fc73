"""Are two functions the same? One normal form proves it; one point where they differ, certified, refutes it."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import (
    LEVELS,
    Asked,
    Function,
    complain_if_undefined,
    contains,
    remembered,
    traced_together,
)
from netprops.questions.refuting import Refutation, describe_point, unequal_point
from netprops.readings.jaxpr import NotAFunctionError, UnsupportedError
from netprops.readings.polynomials import Expression, Table, TooLargeError
from netprops.readings.substitution import over
from netprops.readings.symbols import Symbols, read
from netprops.readings.witnesses import difference
from netprops.search import falsify


def are_equal(f: Function, g: Function, on: Any) -> Verdict:
    """Is ``f = g`` at every point of `on`? A tuple `on` stands for several arguments; all entries are compared.

    Raises:
        NotAFunctionError: outputs of different shapes.
    """
    first, second = traced_together("are_equal", f, on), traced_together("are_equal", g, on)
    if first.program.out_shapes != second.program.out_shapes:
        raise NotAFunctionError(
            f"are_equal compares outputs of one shape, got {first.program.out_shapes} and {second.program.out_shapes}"
        )
    return record(remembered(first, lambda: _equal(first, second), second.program.key))


def _equal(first: Asked, second: Asked) -> Verdict:
    notes: list[str] = []
    for level in LEVELS[:2]:
        if _one_normal_form(first, second, level, notes):
            return yes("are_equal", "proved", _how(level))
    seen = _at_simple_points(first, second)
    if seen is not None:
        return no("are_equal", "certified", *seen)
    if _one_normal_form(first, second, LEVELS[2], notes):
        return yes("are_equal", "proved", _how(LEVELS[2]))
    found = falsify.against_equality(first.program, second.program, seed=first.seed())
    complain_if_undefined(first, found.nonfinite)
    complain_if_undefined(second, found.nonfinite)
    refuted = unequal_point(first, second, found)
    if refuted is not None:
        return no("are_equal", "certified", *refuted, evaluations=found.evaluations)
    reasons = "; ".join(dict.fromkeys(notes)) or "two normal forms"
    because = f"on {first.domain}: not one normal form ({reasons}); no difference in {found.evaluations} evaluations"
    return undecided("are_equal", because, evaluations=found.evaluations)


def _how(level: int) -> str:
    return "one normal form" + ("", ", products multiplied out", ", everything multiplied out")[level]


def _one_normal_form(first: Asked, second: Asked, level: int, notes: list[str]) -> bool:
    try:
        a = read(first.program, level=level)
        b = read(second.program, level=level, shared=a)
    except (UnsupportedError, TooLargeError) as error:
        notes.append(str(error))
        return False
    for left, right in zip(a.outputs, b.outputs, strict=True):
        for x, y in zip(left.reshape(-1), right.reshape(-1), strict=True):
            gap = a.table.subtract(x, y)
            if gap.terms and not _vanishes_multiplied_out(a, gap):
                notes.append(f"the difference reads {gap}")
                return False
            if gap.needs:
                notes.append(f"not shown that {'; '.join(map(str, list(gap.needs)[:3]))}")
                return False
    return True


def _vanishes_multiplied_out(symbols: Symbols, gap: Expression) -> bool:
    """Whether a difference, in which factors have cancelled already, is 0 when everything left is multiplied out."""
    target = Table(level=LEVELS[2])
    variables = [
        target.variable(name, interval) for name, interval in zip(symbols.table.names, symbols.intervals, strict=True)
    ]
    try:
        rest = over(symbols.table, gap, target, variables)
    except TooLargeError:
        return False
    return rest is not None and not rest.terms


def _at_simple_points(first: Asked, second: Asked) -> Refutation | None:
    """A certified difference at a few points with distinct small coordinates, where floats may see none."""
    for step in (fmpq(1), fmpq(-3, 2), fmpq(5, 4)):
        point, count = [], 0
        for leaf in first.program.arguments:
            array = leaf.inner_point()
            flat = array.reshape(-1)
            for i in range(leaf.size):
                count += 1
                moved = flat[i] + step * fmpq((count * 7) % 11 - 5, 4)
                flat[i] = moved if leaf.interval(i).contains(moved) else flat[i]
            point.append(array)
        if not contains(first.program, point):
            continue
        for entry in range(first.entries):
            certificate = difference(first.program, second.program, entry, point)
            if certificate is not None and certificate.sign != 0:
                return describe_point(first, point, certificate, "point where the functions differ")
    return None
