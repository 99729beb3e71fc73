"""Are two functions the same? One normal form proves it; one point where they differ, certified, refutes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq

from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import (
    LEVELS,
    Asked,
    Function,
    Point,
    complain_if_undefined,
    contains,
    remembered,
    traced_together,
)
from netprops.questions.refuting import Refutation, describe_point, unequal_point
from netprops.readings.balls import evaluate
from netprops.readings.jaxpr import NotAFunctionError, Program, UnsupportedError
from netprops.readings.polynomials import Expression, Table, TooLargeError
from netprops.readings.proofs import step
from netprops.readings.symbols import read
from netprops.readings.vanishing import vanishes
from netprops.readings.witnesses import difference
from netprops.search import falsify


def are_equal(f: Function, g: Function, on: Any) -> Verdict:
    """Is ``f = g`` at every point of `on`? A tuple `on` stands for several arguments; all entries are compared.

    Args:
        f: a function of JAX arrays.
        g: another, of the same arguments.
        on: their domain; a tuple stands for several arguments.

    Raises:
        NotAFunctionError: outputs of different shapes.

    Examples:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from netprops import are_equal, reals
        >>> are_equal(jax.nn.softplus, lambda x: jnp.log(1 + jnp.exp(x)), on=reals())
        <are_equal: yes (proved) because one normal form>
        >>> are_equal(lambda x: 0.1 * x + 0.2 * x, lambda x: 0.3 * x, on=reals()).answer
        'no'
    """
    first, second = traced_together("are_equal", f, on), traced_together("are_equal", g, on)
    if first.program.out_shapes != second.program.out_shapes:
        raise NotAFunctionError(
            f"are_equal compares outputs of one shape, got {first.program.out_shapes} and {second.program.out_shapes}"
        )
    return record(remembered(first, lambda: _equal(first, second), second.program.key, others=[second]))


def _equal(first: Asked, second: Asked) -> Verdict:
    notes: list[str] = []
    gaps = _differences(first, second, LEVELS[0], notes)
    if gaps is not None and not any(gap.terms for gap in gaps):
        return _proved("one normal form", LEVELS[0])
    seen = _at_simple_points(first, second, _apart)
    if seen is not None:
        return no("are_equal", "certified", *seen)
    further = _differences(first, second, LEVELS[1], notes)
    if further is not None and not any(gap.terms for gap in further):
        return _proved("one normal form, products multiplied out", LEVELS[1])
    if gaps is not None and all(vanishes(gap, notes) for gap in gaps):
        return _proved("one normal form, the difference multiplied out sum by sum", LEVELS[0])
    seen = _at_simple_points(first, second, _all_entries)
    if seen is not None:
        return no("are_equal", "certified", *seen)
    gaps = _differences(first, second, LEVELS[-1], notes)
    if gaps is not None and all(vanishes(gap, notes) for gap in gaps):
        return _proved("one normal form, everything multiplied out", LEVELS[-1])
    if recorded := unequal_point(first, second, None):
        return no("are_equal", "certified", *recorded)
    found = falsify.against_equality(first.program, second.program, seed=first.seed())
    complain_if_undefined(first, found.nonfinite)
    complain_if_undefined(second, found.nonfinite)
    refuted = unequal_point(first, second, found)
    if refuted is not None:
        return no("are_equal", "certified", *refuted, evaluations=found.evaluations)
    reasons = "; ".join(dict.fromkeys(notes)) or "two normal forms"
    because = f"on {first.domain}: not one normal form ({reasons}); no difference in {found.evaluations} evaluations"
    return undecided("are_equal", because, evaluations=found.evaluations)


def _proved(words: str, level: int) -> Verdict:
    return replace(yes("are_equal", "proved", words), basis=step("one normal form", words, level=level))


def _differences(first: Asked, second: Asked, level: int, notes: list[str]) -> list[Expression] | None:
    """f - g for every entry, over one table; None, with the reason in `notes`, if there is none to be had."""
    try:
        a = read(first.program, table=Table(level=level, homogeneous=True))
        b = read(second.program, level=level, shared=a)
    except (UnsupportedError, TooLargeError) as error:
        notes.append(str(error))
        return None
    left = [x for output in a.outputs for x in output.reshape(-1)]
    right = [y for output in b.outputs for y in output.reshape(-1)]
    gaps = [a.table.subtract(x, y) for x, y in zip(left, right, strict=True)]
    missing = sorted({str(c) for gap in gaps for c in gap.needs})
    if missing:
        notes.append(f"not shown that {'; '.join(missing[:3])}")
        return None
    return gaps


def _at_simple_points(
    first: Asked, second: Asked, entries_of: Callable[[Program, Program, Point], Iterable[int]]
) -> Refutation | None:
    """A certified difference at a few points with distinct small coordinates, where floats may see none."""
    for stride in (fmpq(1), fmpq(-3, 2), fmpq(5, 4)):
        point, count = [], 0
        for leaf in first.program.arguments:
            array = leaf.inner_point()
            flat = array.reshape(-1)
            for i in range(leaf.size):
                count += 1
                moved = flat[i] + stride * fmpq((count * 7) % 11 - 5, 4)
                flat[i] = moved if leaf.interval(i).contains(moved) else flat[i]
            point.append(array)
        if not contains(first.program, point):
            continue
        told, x = first.as_asked(point)
        other = second.as_asked()[0]
        for entry in entries_of(told.program, other.program, x):
            certificate = difference(told.program, other.program, entry, x)
            if certificate is not None and certificate.sign != 0:
                return describe_point(told, x, certificate, "point where the functions differ")
    return None


def _all_entries(f: Program, g: Program, x: Point) -> Iterable[int]:
    return range(sum(math.prod(shape) for shape in f.out_shapes))


def _apart(f: Program, g: Program, x: Point) -> Iterable[int]:
    """The output entries that one evaluation at 212 bits tells apart: where all are equal, cheaper than to ask each."""
    try:
        left, right = (evaluate(program, x, 212) for program in (f, g))
    except UnsupportedError:  # what has no values may have a normal form
        return []
    pairs = zip(*(np.concatenate([y.reshape(-1) for y in outputs]) for outputs in (left, right)), strict=True)
    return [entry for entry, (a, b) in enumerate(pairs) if a < b or a > b]
