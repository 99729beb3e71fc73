"""The rest of a program after its affine values: f(x) = h(A x + b) is convex where h is.

The values are taken for variables of their own, on ranges that are supersets of what A x + b takes.  A proof for all of
them is one for f; where there is none, nothing is said of f.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netprops.domains import WHOLE_LINE, Box
from netprops.readings.affine import affine_cut, is_everywhere_real, is_whole_space
from netprops.readings.intermediate import ranges_of_values
from netprops.readings.jaxpr import UnsupportedError, without_unused
from netprops.readings.polynomials import TooLargeError
from netprops.readings.symbols import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netprops.readings.jaxpr import Cut, Program


@dataclass(frozen=True, eq=False)
class PulledBack:
    """h, a function of `decision` arrays and of what is quantified."""

    program: Program
    decision: int


def pulled_back(program: Program, decision: int) -> PulledBack | None:
    """The rest of the program, as a function of the values that are affine in the first `decision` arguments.

    None where these are the arguments themselves, or not shown to be real numbers.
    """
    cut = affine_cut(program, decision)
    if cut is None:
        return None
    shapes = cut.inner.out_shapes
    if is_whole_space(program, decision) and is_everywhere_real(cut):
        return _rest(cut, [Box(shape, (WHOLE_LINE,)) for shape in shapes])
    try:
        inner = read(cut.inner)
    except (UnsupportedError, TooLargeError, RecursionError):
        return None
    if any(e.needs for output in inner.outputs for e in output.reshape(-1)):
        return None
    return _rest(cut, list(ranges_of_values(inner, cut.inner)))


def _rest(cut: Cut, domains: Sequence[Box]) -> PulledBack:
    return PulledBack(without_unused(cut.outer(domains), len(domains)), len(domains))
