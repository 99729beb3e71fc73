"""Witnesses found and certified, balls, and what a Hessian-vector product costs."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
from scipy.optimize import differential_evolution

from benchmarks.functions import FUNCTIONS, Bent
from benchmarks.measuring import Row, interleaved, say, show
from benchmarks.networks import cost, widths_of_size
from netprops.questions.shape import is_convex
from netprops.readings.balls import evaluate
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import Program, trace
from netprops.readings.witnesses import jensen_violation
from netprops.search.points import space
from netprops.search.probes import gradient_and_product, own_settings

Array = np.ndarray[Any, Any]
MIDPOINTS = 100_000
TIMES = 30  # of the quicker side in one turn, so that turns are about equally long and meet the same machine
REACH = 10.0  # where a domain is unbounded, others search within so much of 0


def witnesses() -> list[Row]:
    """The functions refuted, ours against differential evolution on the Jensen gap and random midpoints."""
    names = ("ours", "differential evolution", "random midpoints")
    found: dict[str, list[str]] = {name: [] for name in names}
    evaluations, spent = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    for function in FUNCTIONS:
        for name, (hit, count, seconds) in zip(names, _each(function), strict=True):
            evaluations[name] += count
            spent[name] += seconds
            if hit:
                found[name].append(function.name)
    others = []
    for name in names:
        missed = [f.name for f in FUNCTIONS if f.name not in found[name]]
        share = f"{len(found[name])} of {len(FUNCTIONS)}"
        text = f"{name}: {share}, {evaluations[name]:,} evaluations, {show(spent[name])} s"
        say(text + (f"; missed {', '.join(missed)}" if missed else ""))
        others.append(text)
    details = {"found": found, "evaluations": evaluations, "seconds": spent}
    share, against = len(found["ours"]) / len(FUNCTIONS), "; ".join(others[1:])
    return [Row("non-convex functions refuted and certified", others[0], against, share, 1.0, unit="", details=details)]


def _each(function: Bent) -> tuple[tuple[bool, int, float], ...]:
    start = time.perf_counter()
    verdict = is_convex(function.of, function.on)
    ours = verdict.answer == "no" and verdict.kind == "certified", verdict.evaluations, time.perf_counter() - start
    program = trace(function.of, function.on)
    return ours, _by_evolution(program), _by_midpoints(program)


def _bounds(program: Program) -> tuple[Array, Array]:
    where = space(program.arguments, 1)
    return np.maximum(where.near_lo, -REACH), np.minimum(where.near_hi, REACH)


def _gaps(program: Program, ends: Array) -> Array:
    """The Jensen gaps (B,) of pairs (2n, B)."""
    a, b = ends[: len(ends) // 2].T, ends[len(ends) // 2 :].T
    (low,), (middle,), (high,) = (evaluate_batch(program, [x]) for x in (a, (a + b) / 2, b))
    return np.asarray(middle - (low + high) / 2)


def _certified(program: Program, ends: Array) -> bool:
    a, b = ends[: len(ends) // 2], ends[len(ends) // 2 :]
    return jensen_violation(program, 0, [a], [b]) is not None


def _by_evolution(program: Program) -> tuple[bool, int, float]:
    start, (lo, hi) = time.perf_counter(), _bounds(program)
    box, counted = list(zip(np.tile(lo, 2), np.tile(hi, 2), strict=True)), 0

    def objective(ends: Array) -> Array:
        nonlocal counted
        counted += 3 * ends.shape[1]
        return -_gaps(program, ends)

    with np.errstate(all="ignore"):
        best = differential_evolution(
            objective, box, seed=1, vectorized=True, updating="deferred", polish=False, maxiter=100
        )
    return best.fun < 0 and _certified(program, best.x), counted, time.perf_counter() - start


def _by_midpoints(program: Program) -> tuple[bool, int, float]:
    start, (lo, hi) = time.perf_counter(), _bounds(program)
    rng = np.random.default_rng(1)
    ends = np.tile(lo, 2)[:, None] + np.tile(hi - lo, 2)[:, None] * rng.random((2 * len(lo), MIDPOINTS))
    gaps = np.nan_to_num(_gaps(program, ends), nan=-np.inf)
    k = int(np.argmax(gaps))
    return gaps[k] > 0 and _certified(program, ends[:, k]), 3 * MIDPOINTS, time.perf_counter() - start


# ------------------------------------------------------------------ balls


def balls() -> list[Row]:
    """The cost of tanh 8-8-8-1 on 16 points at 64 bits: through its jaxpr, and mpmath's intervals on the formula."""
    of, domain = cost((8, 8, 8, 1), 16, jnp.tanh)
    program = trace(of, domain)
    rng = np.random.default_rng(3)
    point = [rng.integers(-64, 65, leaf.shape) / 64.0 for leaf in program.arguments]
    x, y = (np.asarray(c) for c in program.closed.consts)
    mpmath.iv.prec = 64
    ours, theirs = evaluate(program, point, 64)[0].item(), _in_intervals(point, x, y)
    if not (float(theirs.a) - 1e-12 <= float(ours.mid()) <= float(theirs.b) + 1e-12):
        raise AssertionError(f"two enclosures of one number are apart: {ours} and {theirs}")
    milliseconds = {
        name: 1e3 * spent.cpu / (TIMES if name == "ours" else 1)
        for name, spent in interleaved(
            {
                "ours": lambda: _done([evaluate(program, point, 64) for _ in range(TIMES)]),
                "theirs": lambda: _done(_in_intervals(point, x, y)),
            },
            15,
        ).items()
    }
    return [
        Row(
            "ball evaluation of the 8-8-8-1 cost at 64 bits, CPU time of one thread",
            f"{show(milliseconds['ours'])} ms",
            f"mpmath's intervals: {show(milliseconds['theirs'])} ms",
            milliseconds["theirs"] / milliseconds["ours"],
            30,
        )
    ]


def _done(_: Any) -> None:
    """Nothing: what was computed is no array of a device."""


def _in_intervals(point: list[Array], x: Array, y: Array) -> Any:
    iv = mpmath.iv
    h = [[iv.mpf(float(v)) for v in row] for row in x]
    for k in range(0, len(point), 2):
        W, b = ([[iv.mpf(float(v)) for v in row] for row in np.atleast_2d(p)] for p in point[k : k + 2])
        h = [[sum((u * W[i][j] for i, u in enumerate(row)), b[0][j]) for j in range(len(b[0]))] for row in h]
        if k < len(point) - 2:
            h = [[1 - 2 / (iv.exp(2 * z) + 1) for z in row] for row in h]
    pairs = [pair for row, targets in zip(h, y, strict=True) for pair in zip(row, targets, strict=True)]
    return sum(((u - iv.mpf(float(t))) ** 2 for u, t in pairs), iv.mpf(0)) / len(pairs)


# ------------------------------------------------------------------ Hessian-vector products


def products() -> list[Row]:
    """A Hessian-vector product inside the probe against one gradient."""
    made = []
    for size in (1e3, 1e4, 1e5, 1e6):
        of, domain = cost(widths_of_size(size), 16, jnp.tanh)
        program = trace(of, domain)
        decision, n = len(program.arguments), sum(leaf.size for leaf in program.arguments)
        rng = np.random.default_rng(0)
        point = [jnp.asarray(rng.standard_normal(leaf.shape)) for leaf in program.arguments]
        x, v = (jnp.asarray(rng.standard_normal(n)) for _ in range(2))
        consts = [jnp.asarray(c) for c in program.closed.consts]
        with own_settings():
            gradient, product = map(jax.jit, gradient_and_product(program, decision))
            times = interleaved({
                "gradient": lambda g=gradient, p=point, x=x, c=consts: g(c, p, x),
                "product": lambda h=product, p=point, x=x, v=v, c=consts: h(c, p, x, v),
            }, 15)  # fmt: skip
        ratio = times["product"].wall / times["gradient"].wall
        ours, against = (f"{show(1e3 * times[name].wall)} ms" for name in ("product", "gradient"))
        aim = 2.0 if size < 1e6 else 3.0
        what = f"Hessian-vector product, {n:,} parameters"
        made.append(Row(what, ours, f"one gradient: {against}", ratio, aim, at_most=True))
        say(f"{n:,} parameters: a product is {show(ratio)} gradients")
    return made
