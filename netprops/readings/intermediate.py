"""Values inside a program taken for variables on their ranges.

What holds for all real numbers in a range holds for those that a program comes to.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from netprops.domains import WHOLE_LINE, Box
from netprops.readings.jaxpr import UnsupportedError, settled
from netprops.readings.polynomials import TooLargeError
from netprops.readings.symbols import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netprops.readings.jaxpr import Program
    from netprops.readings.symbols import Symbols


def ranges_of_values(symbols: Symbols, program: Program) -> Iterator[Box]:
    """The ranges of the program's values, of which these are the normal forms, array by array."""
    expressions = [e for output in symbols.outputs for e in output.reshape(-1)]
    start = 0
    for shape in program.out_shapes:
        size = math.prod(shape)
        yield Box(shape, tuple(symbols.table.range(e) for e in expressions[start : start + size]) or (WHOLE_LINE,))
        start += size


def with_settled_values(program: Program, decision: int) -> Program | None:
    """A program in which values that the quantified arguments settle by themselves are arguments of their own.

    Each becomes a variable on its range, but for such as are affine in the data, which are not worth it.  None where
    there are no others, or where they are not shown to be real numbers.
    """
    cut = settled(program, decision)
    if cut is None:
        return None
    try:
        symbols = read(cut.inner)
    except (UnsupportedError, TooLargeError, RecursionError):
        return None
    expressions = [e for output in symbols.outputs for e in output.reshape(-1)]
    if any(e.needs for e in expressions):
        return None
    remaining = iter(expressions)
    boxes = [
        None if all(symbols.table.degree(e) in (0, 1) for e in list(itertools.islice(remaining, box.size))) else box
        for box in ranges_of_values(symbols, cut.inner)
    ]
    return cut.outer(boxes) if any(boxes) else None
