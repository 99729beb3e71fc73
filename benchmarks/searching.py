"""Evaluations and Jensen gaps a second, and what a shape costs."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import hypothesis
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from benchmarks.measuring import Compilations, Row, interleaved, say, seconds, show
from benchmarks.networks import cost, drawn, single_precision
from netprops.readings.jaxpr import Program, lifted, trace
from netprops.search import buckets, falsify, sweeps

Array = np.ndarray[Any, Any]
NETWORKS = (((8, 8, 8, 1), 16, jnp.tanh), ((16, 16, 16, 4), 64, jax.nn.relu))
TILES = (32, 64, 128, 256, 512, 1024, 2048, 4096)
BASES = 8


def _on_gpu() -> bool:
    return jax.default_backend() != "cpu"


def _pool(program: Program, rows: int, dtype: Any = np.float64) -> list[Array]:
    rng = np.random.default_rng(1)
    return [rng.standard_normal((rows, *leaf.shape)).astype(dtype) for leaf in program.arguments]


def _forward_pass(program: Program, tile: int) -> Callable[[Any], Any]:
    """The program alone at a pool of points, jitted, tile by tile inside one executable."""
    function = jax.vmap(functools.partial(lifted(program), *program.closed.consts))

    @jax.jit
    def run(points: Any) -> Any:
        return jax.lax.map(lambda part: function(*part), [x.reshape(-1, tile, *x.shape[1:]) for x in points])

    return run


def _bare(program: Program, pool: list[Array], tile: int) -> Callable[[], Any]:
    """The forward pass where the points lie on the device."""
    run, held = _forward_pass(program, tile), [jnp.asarray(x) for x in pool]
    return lambda: run(held)


def _repeated(program: Program, pool: list[Array], tile: int, times: int) -> Callable[[], Any]:
    """As many evaluations as a search makes in its turn, so that both meet the same machine, and as it, given the pool
    in NumPy once."""
    run = _forward_pass(program, tile)

    def turn() -> Any:
        held = [jnp.asarray(x) for x in pool]
        return [run(held) for _ in range(times)]

    return turn


def evaluations() -> list[Row]:
    """Function evaluations a second inside the search against the best tiled bare forward pass."""
    rows = []
    for widths, data_rows, activation in NETWORKS:
        of, domain = cost(widths, data_rows, activation)
        name = f"{activation.__name__} {'-'.join(map(str, widths))} on {data_rows} points"
        programs = {"float64": (trace(of, domain), np.float64)}
        if _on_gpu():
            programs["float32"] = single_precision(of, domain), np.float32
        for precision, (program, dtype) in programs.items():
            rows += _evaluations(f"{name}, {precision}", program, dtype)
    return rows


def _evaluations(name: str, program: Program, dtype: Any) -> list[Row]:
    count = 1 << 19 if _on_gpu() else 1 << 13
    pool = _pool(program, count, dtype)
    tiles = [t for t in TILES if t <= count] + ([1 << 14, 1 << 16, 1 << 18] if _on_gpu() else [])
    by_tile = interleaved({str(t): _bare(program, pool, t) for t in tiles}, 3)
    swept = {t: count / s.wall for t, s in by_tile.items()}
    best = min(by_tile, key=lambda t: by_tile[t].wall)
    say(f"{name}: bare, by tile: " + ", ".join(f"{t}: {show(rate / 1e6)}M" for t, rate in swept.items()))
    dimension = sum(leaf.size for leaf in program.arguments)
    ends = np.full(dimension, -np.inf, dtype), np.full(dimension, np.inf, dtype)

    def search(mix: bool) -> Callable[[], Any]:
        return lambda: sweeps.sweep(program, pool, [], np.arange(BASES), ends, climb=False, mix_values=mix)

    times = interleaved(
        {"bare": _repeated(program, pool, int(best), BASES + 1), "points": search(False), "values": search(True)}
    )
    bare = count * (BASES + 1) / times["bare"].wall
    made = []
    for side, aim, what in (("points", 0.9, "points mixed"), ("values", 1.15, "first-layer pre-activations mixed")):
        rate = count * (BASES + 1) / times[side].wall
        by_cpu = times["bare"].cpu / times[side].cpu
        ours = f"{show(rate)} evaluations a second, {what}, on {jax.devices()[0]}"
        against = f"{show(bare)} of the bare forward pass in tiles of {best} (by CPU time {show(by_cpu)}x)"
        details = {
            "tiles": swept,
            "best tile": int(best),
            "search tile": sweeps.tile_for(program, count),
            "by CPU time": by_cpu,
        }
        made.append(Row(f"search: {name}, {what}", ours, against, rate / bare, aim, details=details))
    return made


# ------------------------------------------------------------------ Jensen gaps


def gaps() -> list[Row]:
    """Jensen gaps a second, over networks drawn from one distribution."""
    networks = drawn(12, 8, 16, seed=5)
    programs = [trace(of, network.params) for network, of in networks]
    for program in programs:
        falsify.on_device(program, len(program.arguments), seed=1)
    start, found = time.perf_counter(), 0
    for program in programs:
        searched = falsify.on_device(program, len(program.arguments), seed=2)
        found += searched.evaluations
    ours = found / (time.perf_counter() - start)
    say(f"gaps: {show(ours)} a second in whole searches")
    made = []
    for name, one, count, aim in (
        ("a Hypothesis loop with one jit per drawn shape", _with_jit, 12, 30_000),
        ("a Hypothesis loop with NumPy", _with_numpy, 300, 300),
    ):
        rate = _in_hypothesis(networks, one, count)
        say(f"gaps: {show(rate)} a second in {name}")
        made.append(_gap_row(ours, rate, name, aim))
    rate = _in_numpy()
    made.append(_gap_row(ours, rate, "a plain NumPy loop, tanh 8-8-8-1 on 16 points", 25))
    return made


def _gap_row(ours: float, rate: float, name: str, aim: float) -> Row:
    words = f"{show(ours)} a second: whole searches of 12 drawn networks, points drawn and candidates checked in them"
    return Row(f"Jensen gaps against {name}", words, f"{show(rate)} a second", ours / rate, aim)


def _in_hypothesis(networks: Any, gap: Callable[..., float], count: int) -> float:
    """Gaps a second where each example draws a network and two points; examples are shapes not met before."""
    found = 0

    @hypothesis.settings(
        max_examples=count, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
    )  # fmt: skip
    @hypothesis.given(
        widths=st.lists(st.integers(1, 8), min_size=3, max_size=5),
        act=st.sampled_from(range(len(buckets.ACTIVATIONS))),
        seed=st.integers(0, 2**32 - 1),
    )
    def loop(widths: list[int], act: int, seed: int) -> None:
        nonlocal found
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal((16, widths[0])), rng.standard_normal((16, widths[-1]))
        a, b = ([rng.standard_normal(s) for s in itertools.pairwise(widths)] for _ in range(2))
        gap(a, b, x, y, act)
        found += 1

    spent = seconds(loop)
    return found / spent


def _forward(module: Any, activation: Callable[[Any], Any], weights: Any, x: Any, y: Any) -> Any:
    h = x
    for k, W in enumerate(weights):
        h = h @ W
        h = activation(h) if k < len(weights) - 1 else h
    return module.mean((h - y) ** 2)


def _gap(of: Callable[[Any], Any], a: Any, b: Any) -> float:
    return float(of([(v + w) / 2 for v, w in zip(a, b, strict=True)]) - (of(a) + of(b)) / 2)


def _with_jit(a: Any, b: Any, x: Array, y: Array, act: int) -> float:
    of = jax.jit(lambda weights: _forward(jnp, buckets.ACTIVATIONS[act][0], weights, x, y))
    return _gap(of, a, b)


def _with_numpy(a: Any, b: Any, x: Array, y: Array, act: int) -> float:
    return _gap(lambda weights: _forward(np, buckets.ACTIVATIONS[act][1], weights, x, y), a, b)


def _in_numpy(count: int = 4000) -> float:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((16, 8)), rng.standard_normal((16, 1))
    shapes = [(8, 8), (8, 8), (8, 1)]

    def loop() -> None:
        for _ in range(count):
            a, b = ([rng.standard_normal(shape) for shape in shapes] for _ in range(2))
            _with_numpy(a, b, x, y, 5)

    return count / seconds(loop)


# ------------------------------------------------------------------ drawn architectures


def architectures(count: int = 100, each: int = 10_000, measured: int = 20) -> list[Row]:
    """So many drawn architectures, a search of so many evaluations in each, against one executable a shape: of the same
    search, which is measured for some of them, and of the forward pass alone."""
    networks = drawn(count, 16, 16, seed=11)
    compilations = Compilations()
    start = time.perf_counter()
    for network, of in networks:
        program = trace(of, network.params)
        falsify.on_device(program, len(program.arguments), seed=1, budget=each)
    cold, compiled = time.perf_counter() - start, compilations.count
    say(f"{count} architectures: {show(cold)} s, {compiled} compilations; now one executable a shape")
    start = time.perf_counter()
    for network, of in networks[:: count // measured]:
        program = trace(of, network.params)
        with mock.patch.object(buckets, "recognised", return_value=None), _without_ascent():
            falsify.on_device(program, len(program.arguments), seed=1, budget=each)
    searches = (time.perf_counter() - start) * count / measured
    say(f"the same search, one executable a shape: {show(searches)} s, from {measured} of them; now forward passes")
    programs = [trace(of, network.params) for network, of in networks]
    rows, bases = 128, np.arange(each // 128 - 1)
    passes, warm = 0.0, []
    for k, program in enumerate(programs):
        start = time.perf_counter()
        pool = _pool(program, rows * (len(bases) + 1))
        bare = _bare(program, pool, rows)
        jax.block_until_ready(bare())
        passes += time.perf_counter() - start
        known = buckets.recognised(program, len(program.arguments))
        if known is None:
            raise AssertionError(f"{networks[k][0]} is not recognised as a network")
        few = [x[:rows] for x in pool]
        ours = functools.partial(buckets.sweep, known, few, [], bases)
        times = interleaved({"own": bare, "bucket": ours}, 3)
        warm.append((times["bucket"].wall, times["own"].wall))
        if k % 20 == 19:
            say(f"{k + 1} shapes compiled, {show(passes)} s")
    ratios = np.array([a / b for a, b in warm])
    total = sum(a for a, _ in warm) / sum(b for _, b in warm)
    worst, median = float(ratios.max()), float(np.median(ratios))
    details = {"compilations": compiled, "median of each": median, "worst of each": worst, "all together": total}
    name, ours = f"{count} drawn architectures x {each:,} evaluations, cold", f"{show(cold)} s"
    own = f"the same search, an executable a shape: {show(searches)} s (from {measured} of them)"
    above = int((ratios > 2).sum())
    each_of = f"the worst ({above} of {count} are above 2; median {show(median)}, all together {show(total)})"
    alone = f"the forward pass alone, an executable a shape: {show(passes)} s"
    return [
        Row(f"{name}, against one search a shape", ours, own, searches / cold, 15),
        Row(f"{name}, against one forward pass a shape", ours, alone, passes / cold, 15),
        Row("compilations for them", f"{compiled}", "one a shape", float(compiled), 5, at_most=True, unit=""),
        Row("the same once warm, against each network's own executable", each_of, "its forward pass, tiled", worst, 2,
            at_most=True, details=details),
    ]  # fmt: skip


def _without_ascent() -> Any:
    """Sweeps as those of buckets are."""
    return mock.patch.object(sweeps, "sweep", functools.partial(sweeps.sweep, climb=False))
