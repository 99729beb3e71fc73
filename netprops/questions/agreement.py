"""Do two programs agree in floats? Sampled, against a bound on rounding that is computed from the programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import Array, Asked, Function, exact_point, remembered, show_point, traced_together
from netprops.questions.refuting import describe_point
from netprops.readings import floats, rounding
from netprops.readings.jaxpr import NotAFunctionError, UnsupportedError
from netprops.readings.witnesses import difference
from netprops.search.points import generator, heavy_tailed, space, structured_points

POINTS = 256
_TRIED = 4  # points beyond the bound at which balls are asked


def agree_in_floats(f: Function, g: Function, on: Any, *, points: int = POINTS, device: bool = True) -> Verdict:
    """Whether f and g, computed in doubles, differ at no sampled point by more than rounding can make equal functions.

    At each point a running error analysis of both programs (`netprops.readings.rounding`) gives radii r and s: a
    machine with the stated errors is within 2r of the real f and within 2s of the real g, so that values of equal
    functions are within 2(r + s).  A tuple `on` stands for several arguments; all entries are compared.

    yes (sampled): no point is beyond the bound.  no (certified): one is, and balls certify f != g there.  Undecided:
    one is, and balls do not (the device rounds more than stated, or a program computes in a shorter float); or less
    than half of the points have finite bounds.

    Args:
        f: a function of JAX arrays.
        g: another, of the same arguments.
        on: their domain; a tuple stands for several arguments.
        points: how many points of the domain, few-digit ones and ones on many scales.
        device: compile both programs and run them where JAX does; programs that differ in constants only are
            compiled once. If not, NumPy runs them, and nothing is compiled.

    Raises:
        NotAFunctionError: outputs of different shapes.
        UnsupportedError: a primitive whose rounding has no bound.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import agree_in_floats, box, reals
        >>> agree_in_floats(jnp.sum, lambda x: jnp.sum(x[::-1]), on=reals(5), device=False).answer
        'yes'
        >>> agree_in_floats(jnp.sum, lambda x: jnp.sum(x) + 1e-9, on=box(0, 1, 5), device=False).answer
        'no'
    """
    first, second = traced_together("agree_in_floats", f, on), traced_together("agree_in_floats", g, on)
    if first.program.out_shapes != second.program.out_shapes:
        raise NotAFunctionError(
            "agree_in_floats compares outputs of one shape, got "
            f"{first.program.out_shapes} and {second.program.out_shapes}"
        )
    if points < 1:
        raise ValueError(f"agree_in_floats compares at one point or more, got {points}")
    key = (second.program.key, points, device)
    return record(remembered(first, lambda: _agree(first, second, points, device), *key))


@dataclass(frozen=True, eq=False)
class _Comparison:
    """For every point (rows) and output entry: how far apart the floats are, and how far rounding can bring them."""

    points: Array
    gap: Array
    bound: Array

    def worst(self) -> list[tuple[int, int]]:
        """(point, entry) of those beyond the bound, farthest beyond it first."""
        excess = np.where(self.gap > self.bound, self.gap / self.bound, 0.0).ravel()
        order = np.argsort(-excess, kind="stable")[: np.count_nonzero(excess)]
        return [(int(k) // self.gap.shape[1], int(k) % self.gap.shape[1]) for k in order]


def _agree(first: Asked, second: Asked, count: int, device: bool) -> Verdict:
    where = space(first.program.arguments, first.decision)
    simple = structured_points(where, max(count // 4, 1))[:count]
    drawn = heavy_tailed(where, generator(first.seed(), 0), count - len(simple))
    points = np.concatenate([simple, drawn])
    arrays = where.split(points)
    values, radii = zip(*(_evaluated(asked, arrays, device) for asked in (first, second)), strict=True)
    with np.errstate(invalid="ignore", over="ignore"):
        # A value that is infinite or NaN where the bound is finite is farther off than any bound.
        gap = np.abs(values[0] - values[1])
        gap = np.where(np.isfinite(gap), gap, np.inf)
        bound = 2 * (radii[0] + radii[1])
    known = np.isfinite(bound).all(axis=1)
    compared = _Comparison(points[known], gap[known], bound[known])
    spent, machine = 2 * len(points), jax.default_backend() if device else "NumPy"
    if 2 * len(compared.points) < len(points):
        because = f"rounding has a finite bound at only {len(compared.points)} of {len(points)} points"
        return undecided(first.name, because, spent)
    beyond = compared.worst()
    if not beyond:
        share = float(np.max(compared.gap / compared.bound))
        because = f"at {len(compared.points)} points ({machine}) the floats differ by at most {share:.2g} of the bound"
        return yes(first.name, "sampled", because, evaluations=spent)
    return _beyond(first, second, compared, beyond, machine, spent)


def _evaluated(asked: Asked, arrays: list[Array], device: bool) -> tuple[Array, Array]:
    """Values and radii, (points, entries)."""
    rows = len(arrays[0])
    outputs = floats.evaluate_batch(asked.program, arrays, device=device)
    bounds = rounding.evaluate_batch(asked.program, arrays)
    return (
        np.concatenate([y.reshape(rows, -1).astype(np.float64) for y in outputs], axis=1),
        np.concatenate([b.radius.reshape(rows, -1) for b in bounds], axis=1),
    )


def _beyond(
    first: Asked, second: Asked, compared: _Comparison, beyond: list[tuple[int, int]], machine: str, spent: int
) -> Verdict:
    where, reasons = space(first.program.arguments, first.decision), []
    for row, entry in beyond[:_TRIED]:
        told, point = first.as_asked(exact_point(where.split(compared.points[row])))
        gap, bound = float(compared.gap[row, entry]), float(compared.bound[row, entry])
        seen = f"floats ({machine}) differ by {gap:.3g}, equal functions by at most {bound:.3g}"
        try:
            certificate = difference(told.program, second.as_asked()[0].program, entry, point)
        except UnsupportedError as error:
            reasons.append(f"{seen}, at {show_point(point)}; balls cannot tell: {error}")
            break
        if certificate is not None and certificate.sign != 0:
            words, witness = describe_point(told, point, certificate, "point where the functions differ")
            return no(first.name, "certified", f"{seen}; {words}", {**witness, "gap": gap, "bound": bound}, spent)
        reasons.append(f"{seen}, at {show_point(point)}, where balls certify no difference")
    more = f" ({len(beyond)} values beyond the bound)"
    return undecided(first.name, reasons[0] + more, spent)
