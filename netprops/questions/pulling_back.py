"""Proofs at values that are affine in the decision variables: f(x) = h(A x + b) is convex where h is.

The values are taken for variables of their own, on their ranges, which are supersets of what A x + b takes.  A proof
for all of them is one for f; where there is none, nothing is said of f.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from netprops.domains import WHOLE_LINE, Box
from netprops.questions.asking import LEVELS, Asked, Reading, readings
from netprops.readings.affine import affine_cut, is_everywhere_real, is_whole_space
from netprops.readings.jaxpr import without_unused

if TYPE_CHECKING:
    from netprops.readings.jaxpr import Cut

RULE = "pulled back through affine values"


def pulled_back(asked: Asked) -> Asked | None:
    """The same question about the rest of the program, as a function of the values affine in the decision variables.

    None where these are the decision variables themselves, or not shown to be real numbers.
    """
    cut = affine_cut(asked.program, asked.decision)
    if cut is None:
        return None
    shapes = cut.inner.out_shapes
    if is_whole_space(asked.program, asked.decision) and is_everywhere_real(cut):
        return _about(asked, cut, [Box(s, (WHOLE_LINE,)) for s in shapes])
    for inner in readings(replace(asked, program=cut.inner), [], LEVELS[:1]):
        return _about(asked, cut, list(_ranges(inner, cut)))
    return None


def _about(asked: Asked, cut: Cut, domains: Sequence[Box]) -> Asked:
    program = without_unused(cut.outer(domains), len(domains))
    return replace(asked, program=program, decision=len(domains), original=None, names=())


def _ranges(inner: Reading, cut: Cut) -> Iterator[Box]:
    entries = iter(inner.expressions)
    for shape in cut.inner.out_shapes:
        of_array = tuple(inner.symbols.table.range(next(entries)) for _ in range(math.prod(shape)))
        yield Box(shape, of_array or (WHOLE_LINE,))
