"""`python -m benchmarks`: one table of ratios, from the root of the repository.  See docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import jax

from benchmarks.measuring import Row, say, table

jax.config.update("jax_enable_x64", True)


def _parts(folder: str | None) -> dict[str, Callable[[], list[Row]]]:
    from benchmarks import deciding, scale, searching, suite

    gpu = jax.default_backend() != "cpu"
    parts: dict[str, Callable[[], list[Row]]] = {
        "evaluations": searching.evaluations,
        "gaps": searching.gaps,
        "architectures": searching.architectures,
        "witnesses": deciding.witnesses,
        "balls": deciding.balls,
        "scale": lambda: scale.scale(gpu=gpu),
        "products": deciding.products,
    }
    return parts if folder is None else {**parts, "suite": lambda: suite.suite(folder)}


def environment() -> dict[str, object]:
    """What the numbers depend on."""
    device = jax.devices()[0]
    return {
        "netprops": version("netprops"),
        "jax": jax.__version__,
        "python": platform.python_version(),
        "device": f"{device.platform}: {device.device_kind}",
        "devices": jax.local_device_count(),
        "cpus": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
    }


def main() -> int:
    """Measure, print the table, write JSON; 0 whatever the ratios are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE")
    parser.add_argument("--only", nargs="+", metavar="PART", help="evaluations, gaps, architectures, ...")
    parser.add_argument("--suite", nargs="?", const="specs", metavar="FOLDER", help="time the whole suite too (long)")
    chosen = parser.parse_args()
    parts = _parts(chosen.suite)
    unknown = set(chosen.only or ()) - set(parts)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    about = environment()
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    if jax.default_backend() == "cpu":
        print("no GPU is at hand: its rows (float64 and float32 there, 10^8 parameters) are left out")
    if about["load"] > about["cpus"]:  # type: ignore[operator]
        print(f"the machine is busy (load {about['load']:.1f}): take seconds and ratios with care")
    rows: list[Row] = []
    begin = time.perf_counter()
    for name, run in parts.items():
        if chosen.only and name not in chosen.only:
            continue
        say(f"{name} ...")
        rows += run()
    spent = time.perf_counter() - begin
    print(table(rows))
    print(f"{sum(row.met for row in rows)} of {len(rows)} aims met, in {spent:.0f} s")
    if chosen.json is not None:
        record = {"environment": about, "seconds": spent, "rows": [row.record() for row in rows]}
        chosen.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
