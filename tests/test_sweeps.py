"""Searches on the device: what they find is there, on one device or several, in own executables and in buckets."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import box, is_convex, is_quasiconvex, reals, recheck
from netprops.objects.losses import loss
from netprops.objects.networks import ACTIVATIONS, NETWORK_LOSSES, Network
from netprops.questions import asking
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace
from netprops.search import buckets, falsify, probes, sweeps

ROOT = Path(__file__).parent.parent


def pool_of(program, rows, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((rows, *leaf.shape)) for leaf in program.arguments]


def everywhere(program):
    size = sum(leaf.size for leaf in program.arguments)
    return np.full(size, -np.inf), np.full(size, np.inf)


def gaps(program, chords):
    """The violations as NumPy computes them, for a program of one argument or of the flat arguments in order."""
    sizes = np.cumsum([leaf.size for leaf in program.arguments])[:-1]

    def at(points):
        parts = np.split(points, sizes, axis=1)
        leaves = [x.reshape(-1, *leaf.shape) for x, leaf in zip(parts, program.arguments, strict=True)]
        return evaluate_batch(program, leaves)[0]

    w = chords.weights
    middle = (1 - w)[:, None] * chords.a + w[:, None] * chords.b
    return at(middle) - ((1 - w) * at(chords.a) + w * at(chords.b))


def network_cost(widths=(3, 5, 4, 2), rows=7, hidden=jnp.tanh, name="squared", bias=True, seed=0):
    rng = np.random.default_rng(seed)
    network = Network(widths, hidden=hidden, loss=loss(name), bias=bias)
    x = jnp.asarray(rng.standard_normal((rows, widths[0])))
    y = jnp.asarray(np.abs(rng.standard_normal((rows, widths[-1]))))
    return trace(lambda p: network.cost(p, x, y), network.params)


@pytest.mark.parametrize("climb", [False, True])
def test_what_a_sweep_finds_is_a_violation_in_numpy_too(climb):
    program = network_cost()
    pool = pool_of(program, sweeps.rows_for(program, 256))
    chords = sweeps.sweep(program, pool, [], np.arange(8), everywhere(program), climb=climb)
    clear = chords.margins > 1e3
    assert clear.any()
    assert (gaps(program, chords)[clear] > 0).all()
    assert (np.diff(chords.margins[np.isfinite(chords.margins)]) <= 0).all()


def test_a_sweep_of_a_convex_function_finds_nothing_and_its_concave_side_does():
    program = trace(lambda x: jnp.sum(x**2), reals(3))
    pool, ends = pool_of(program, 256), everywhere(program)
    assert (sweeps.sweep(program, pool, [], np.arange(6), ends).margins < 8).all()
    assert (sweeps.sweep(program, pool, [], np.arange(6), ends, side=-1).margins > 1e6).all()


def test_mixed_values_and_mixed_points_find_the_same_chords():
    program = network_cost()
    pool = pool_of(program, 256)
    first, second = (
        sweeps.sweep(program, pool, [], np.arange(8), everywhere(program), climb=False, mix_values=mix)
        for mix in (True, False)
    )
    np.testing.assert_allclose(first.margins, second.margins, rtol=1e-6)
    assert (first.a == second.a).all()


@pytest.mark.parametrize("quasi", [False, True])
def test_of_all_chords_of_a_base_the_clearest_is_kept_in_whatever_tile_and_entry_it_lies(quasi):
    program = trace(lambda x: jnp.stack([jnp.sum(jnp.tanh(x)), jnp.cos(x[0]) * x[1]]), reals(1 << 10))
    tile = sweeps.tile_for(program, 512)
    pool, bases = pool_of(program, 512), np.arange(9)
    assert tile < 512  # several tiles
    chords = sweeps.sweep(program, pool, [], bases, everywhere(program), climb=False, quasi=quasi)
    (points,), weights = pool, np.resize(sweeps.WEIGHTS, len(bases))
    heights, tiles, entries = evaluate_batch(program, pool)[0], set(), set()
    for base, w in zip(bases, weights, strict=True):
        middle = evaluate_batch(program, [(1 - w) * points + w * points[base]])[0]
        chord = np.maximum(heights, heights[base]) if quasi else (1 - w) * heights + w * heights[base]
        gap, noise = middle - chord, 2.0**-52 * (abs(heights) + abs(middle) + abs(heights[base]))
        margins = np.where(np.arange(512)[:, None] == base, 0.0, gap / noise)
        row, entry = np.unravel_index(np.argmax(margins), margins.shape)
        at = np.flatnonzero((chords.b == points[base]).all(axis=1))
        assert len(at) == 1
        assert (chords.a[at[0]] == points[row]).all()
        assert (chords.entries[at[0]], chords.weights[at[0]]) == (entry, w)
        assert chords.margins[at[0]] == pytest.approx(margins[row, entry], rel=1e-6)
        tiles.add(row // tile)
        entries.add(entry)
    assert len(tiles) > 2
    assert len(entries) == 2


def test_tiles_fit_one_thread_unless_that_leaves_few_points():
    """The widest value or argument counts; a pool shorter than a tile is one tile."""
    narrow, wide = (network_cost(widths, rows) for widths, rows in (((8, 8, 8, 1), 16), ((16, 16, 16, 4), 64)))
    many_weights = network_cost((8, 64, 64, 1), 16)
    assert sweeps.tile_for(narrow, 8192) * 16 * 8 == sweeps._THREAD
    assert sweeps.tile_for(wide, 8192) * 64 * 16 == sweeps._CACHE
    assert sweeps.tile_for(many_weights, 8192) * 64 * 64 == sweeps._CACHE
    assert sweeps.tile_for(narrow, 40) == 32
    assert sweeps.tile_for(trace(lambda x: jnp.sum(x**2), reals(1 << 20)), 8192) == 8


def test_ascent_climbs_above_the_best_of_the_pool():
    program = trace(lambda x: jnp.sum(x**2) - 3.0 * jnp.exp(-50.0 * jnp.sum((x - 0.3) ** 2)), reals(2))
    pool = [np.random.default_rng(0).uniform(-1.0, 1.0, (256, 2))]
    plain, climbed = (
        sweeps.sweep(program, pool, [], np.arange(4), (np.full(2, -1.0), np.full(2, 1.0)), climb=climb)
        for climb in (False, True)
    )
    assert climbed.margins[0] > plain.margins[0]
    assert (np.abs(climbed.a) <= 1).all()
    assert (np.abs(climbed.b) <= 1).all()


def test_a_program_without_a_gradient_is_swept_without_ascent():
    def halved(x):
        return jax.lax.while_loop(lambda v: v > 4.0, lambda v: v / 2.0, jnp.abs(x[0]))

    program = trace(halved, reals(1))
    assert not probes.is_differentiable(program, 1)
    assert probes.most_negative(program, 1, [np.ones(1)], np.ones(1)) is None
    pool = [np.linspace(-16.0, 16.0, 256)[:, None]]
    chords = sweeps.sweep(program, pool, [], np.arange(0, 256, 16), everywhere(program))
    assert chords.margins[0] > 1e6


def test_a_quasi_sweep_compares_with_the_higher_end():
    program = trace(lambda x: jnp.sqrt(jnp.abs(x[0])), reals(1))
    pool = [np.linspace(-2.0, 2.0, 256)[:, None]]
    bases = np.arange(0, 256, 32)
    assert sweeps.sweep(program, pool, [], bases, everywhere(program), climb=False).margins[0] > 1e6
    assert sweeps.sweep(program, pool, [], bases, everywhere(program), climb=False, quasi=True).margins[0] < 8


DEVICES = """
import json, sys
import jax; jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp, numpy as np
from netprops import reals
from netprops.readings.jaxpr import trace
from netprops.search import sweeps
program = trace(lambda x: jnp.sum(jnp.tanh(x)) ** 2, reals(3))
pool = [np.random.default_rng(0).standard_normal((2048, 3))]
found = sweeps.sweep(program, pool, [], np.arange(6), (np.full(3, -np.inf), np.full(3, np.inf)), climb=False)
by_base = {}
for b, m in zip(found.b[:, 0].tolist(), found.margins.tolist()):
    by_base[b] = max(m, by_base.get(b, 0.0))
print(json.dumps({"devices": jax.local_device_count(), "rows": sweeps.rows_for(program, 2000), "chords": len(found.a),
                  "best": sorted(by_base.items())}))
"""


def on_host_devices(count):
    flags = f"--xla_force_host_platform_device_count={count}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    done = subprocess.run(
        [sys.executable, "-c", DEVICES], capture_output=True, text=True, env=environment, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_pool_sharded_over_four_devices_gives_the_same_chords():
    one, four = on_host_devices(1), on_host_devices(4)
    assert (one["devices"], four["devices"]) == (1, 4)
    assert four["chords"] == 4 * one["chords"]  # the best of each device
    np.testing.assert_allclose(four["best"], one["best"])
    assert four["rows"] % 4 == 0


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_the_number_of_threads_of_a_sweep_changes_nothing(count):
    program = network_cost()
    tile = sweeps.tile_for(program, 1 << 12)
    pool = pool_of(program, 5 * tile)  # which none of 2, 3 and 40 threads share evenly
    given = program, pool, [], np.arange(0, 5 * tile, 31), everywhere(program)
    with mock.patch.object(sweeps, "threads", return_value=1):
        alone = sweeps.sweep(*given)
    with mock.patch.object(sweeps, "threads", return_value=count):
        shared = sweeps.sweep(*given)
    for name in ("a", "b", "weights", "entries", "margins"):
        np.testing.assert_array_equal(getattr(shared, name), getattr(alone, name))


# ------------------------------------------------------------------ buckets


@pytest.mark.parametrize("hidden", range(len(ACTIVATIONS)))
@pytest.mark.parametrize("name", NETWORK_LOSSES)
def test_every_network_is_recognised(hidden, name):
    program = network_cost(hidden=ACTIVATIONS[hidden], name=name, bias=bool(hidden % 2))
    known = buckets.recognised(program, len(program.arguments))
    assert known is not None
    shape = known.shape
    assert (shape.widths, shape.rows, shape.activation) == ((3, 5, 4, 2), 7, hidden)
    assert shape.loss == NETWORK_LOSSES.index(name)
    assert shape.scale == pytest.approx(1.0)


@pytest.mark.parametrize(
    "change",
    [lambda h: h + jnp.sin(3 * h), lambda h: jnp.tanh(h) + 1e-6 * h, lambda h: h**2],
    ids=["another activation", "nearly tanh", "squares"],
)
def test_what_is_no_network_of_the_tables_is_not_recognised(change):
    program = network_cost(hidden=change)
    assert buckets.recognised(program, len(program.arguments)) is None


def test_frozen_layers_skips_and_wide_layers_are_not_recognised():
    assert buckets.recognised(trace(lambda v: jnp.sum(v[0] ** 2), (reals((2, 3)),)), 1) is None
    assert buckets.recognised(network_cost(widths=(3, 17, 2)), 4) is None
    assert buckets.recognised(network_cost(rows=65), 6) is None
    network = Network((3, 5, 2))
    split = network.split(0)
    frozen = trace(split.cost, split.domain, split.others, reals((4, 3)), reals((4, 2)))
    assert buckets.recognised(frozen, 2) is None


@pytest.mark.parametrize(
    ("widths", "rows", "name", "bias", "points"),
    [
        ((3, 5, 4, 2), 7, "softmax cross-entropy", True, 128),
        ((9, 11, 1), 16, "squared", False, 128),
        ((2, 2), 1, "Huber", True, 128),
        ((16, 16, 16, 16, 16, 16, 16), 33, "softplus log loss", True, 300),
        ((1, 9, 1), 64, "squared", True, 300),
    ],
)
@pytest.mark.parametrize(("side", "quasi"), [(1, False), (-1, True)])
def test_a_bucket_finds_what_the_own_executable_finds(widths, rows, name, bias, points, side, quasi):
    program = network_cost(widths, rows, name=name, bias=bias)
    known = buckets.recognised(program, len(program.arguments))
    pool, bases = pool_of(program, points), np.arange(13)
    ours = buckets.sweep(known, pool, [], bases, side=side, quasi=quasi)
    whole = [np.resize(x, (sweeps.rows_for(program, points), *x.shape[1:])) for x in pool]  # the same points again
    own = sweeps.sweep(program, whole, [], bases, everywhere(program), side=side, quasi=quasi, climb=False)
    clear = own.margins > 1e3
    np.testing.assert_allclose(ours.margins[clear], own.margins[clear], rtol=1e-3)
    assert ours.evaluations == points * 14


@pytest.mark.parametrize("lanes", [48, 1 << 20])
def test_how_much_is_worked_on_at_once_changes_nothing(lanes):
    program = network_cost((3, 5, 2))
    known = buckets.recognised(program, len(program.arguments))
    pool, bases = pool_of(program, 50), np.arange(5)
    usual = buckets.sweep(known, pool, [], bases)
    with mock.patch.object(buckets, "_LANES", lanes):
        ours = buckets.sweep(known, pool, [], bases)
    clear = usual.margins > 1e3
    assert clear.any()
    np.testing.assert_allclose(ours.margins[clear], usual.margins[clear], rtol=1e-3)
    np.testing.assert_array_equal(ours.a[clear], usual.a[clear])


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(threads):
    program = network_cost((3, 5, 2))
    known = buckets.recognised(program, len(program.arguments))
    pool, bases = pool_of(program, 50), np.arange(7)
    usual = buckets.sweep(known, pool, [], bases)
    with mock.patch.object(buckets, "threads", return_value=threads):
        ours = buckets.sweep(known, pool, [], bases)
    np.testing.assert_array_equal(ours.margins, usual.margins)
    np.testing.assert_array_equal(ours.a, usual.a)


def test_data_may_be_arguments():
    network = Network((2, 3, 1))
    program = trace(network.cost, *network.domain(5))
    known = buckets.recognised(program, 4)
    assert known is not None
    assert known.data is None
    found = falsify.on_device(program, 4, seed=1, budget=20_000)
    assert found.candidates
    assert all((a == b).all() for a, b in zip(*(c[4:] for c in found.candidates[0].points), strict=True))


def test_a_draw_costs_no_compilation_but_the_first_of_its_bucket():
    compiled, counts = [], []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: compiled.append(name) if name.endswith("backend_compile_duration") else None
    )
    rng = np.random.default_rng(3)
    heights = set()
    for number in range(25):
        widths = tuple(int(n) for n in rng.integers(1, 17, int(rng.integers(2, 6))))
        hidden, name = ACTIVATIONS[int(rng.integers(len(ACTIVATIONS)))], str(rng.choice(NETWORK_LOSSES))
        rows = int(rng.integers(1, 65))
        program = network_cost(widths, rows, hidden, name, bool(rng.integers(2)), seed=number)
        heights.add(buckets.recognised(program, len(program.arguments)).shape.height)
        compiled.clear()
        falsify.on_device(program, len(program.arguments), seed=number, budget=3_333)
        counts.append(len(compiled))
        assert sum(counts) <= len(heights)
    assert heights == set(buckets.ROWS)


# ------------------------------------------------------------------ in questions


def test_the_last_search_finds_what_the_first_does_not():
    def with_a_needle(x):
        return jnp.sum(x) + 4.0 * jnp.maximum(0.0, 0.006 - jnp.max(jnp.abs(x - jnp.array([0.31, 0.47]))))

    on = box(-1, 1, shape=2)
    program = trace(with_a_needle, on)
    first = falsify.against_convexity(program, 1, seed=1)
    last = falsify.on_device(program, 1, seed=1)
    assert last.evaluations > 10 * first.evaluations
    assert not first.candidates
    assert last.candidates
    verdict = is_convex(with_a_needle, on)
    assert (verdict.answer, verdict.kind) == ("no", "certified")


def test_the_last_search_is_counted_where_nothing_is_found():
    def hardly_known(x):  # 1 + x^2 >= 1, but no rule says so of a remainder
        return jnp.sum(x**2) * (1.0 + 1e-9 * jnp.sin(1.0 / (1.0 + jnp.sum(x**2))))

    searched = is_quasiconvex(hardly_known, on=box(-1, 1, shape=2))
    with mock.patch.object(falsify, "SWEPT", 0):
        asking._answers.clear()
        not_searched = is_quasiconvex(hardly_known, on=box(-1, 1, shape=2))
    assert (searched.answer, not_searched.answer) == ("undecided", "undecided")
    assert searched.evaluations > not_searched.evaluations + 100_000


# ------------------------------------------------------------------ probes


def test_the_ritz_value_is_the_smallest_eigenvalue_of_a_small_hessian():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((5, 5))
    A = A + A.T
    program = trace(lambda x: 0.5 * x @ (A @ x), reals(5))
    found = probes.most_negative(program, 1, [np.zeros(5)], rng.standard_normal(5))
    eigenvalues, vectors = np.linalg.eigh(A)
    assert found.curvature == pytest.approx(eigenvalues[0])
    assert abs(found.direction @ vectors[:, 0]) == pytest.approx(1.0)
    assert probes.most_negative(program, 1, [np.zeros(5)], np.ones(5), side=-1).curvature == pytest.approx(
        -eigenvalues[-1]
    )


def test_a_probe_keeps_what_is_quantified():
    program = trace(lambda x, q: jnp.sum(q * x**2), reals(3), reals(3))
    q = np.array([2.0, -1.5, 1.0])
    found = probes.most_negative(program, 1, [np.zeros(3), q], np.ones(3))
    assert found.curvature == pytest.approx(-3.0)
    assert len(found.direction) == 3


def wide_network(width, seed=0):
    x, y = np.random.default_rng(seed).integers(-8, 9, (2, 4, 3)) / 4.0
    X, Y = jnp.asarray(x), jnp.asarray(y[:, :1])

    def cost(params):
        h = X
        for k, (W, b) in enumerate(params):
            h = h @ W + b[None, :]
            h = jnp.tanh(h) if k < 2 else h
        return jnp.mean((h - Y) ** 2)

    return cost, [(reals((m, n)), reals(n)) for m, n in itertools.pairwise((3, width, width, 1))]


def test_a_long_point_is_searched_in_few_coordinates_and_told_by_them():
    cost, on = wide_network(60)
    verdict = is_convex(cost, on)
    assert (verdict.answer, verdict.kind) == ("no", "certified")
    assert all(len(point["nonzero"]) <= 16 for point in verdict.witness["points"].values())
    assert verdict.evaluations < 20_000
    assert recheck(verdict.certificate, cost).accepted


def test_a_direction_of_negative_curvature_refutes_where_few_coordinates_show_nothing():
    """Convex wherever all but a few coordinates are 0, and not convex elsewhere."""
    n = falsify._HUGE + 1

    def f(x):
        return jnp.sum(x**2) - 0.001 * jnp.sum(x[100:] ** 2) ** 2

    program = trace(f, reals(n))
    found = falsify.against_convexity(program, 1, seed=1, budget=200)
    assert found.candidates
    assert found.few is None
