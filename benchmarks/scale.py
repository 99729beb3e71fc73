"""`is_convex` refuted and certified for networks from 10^3 to 10^6 parameters, each size in a process of its own."""

from __future__ import annotations

import itertools
import json
import math
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measuring import Row, say, show

SIZES = (1e3, 1e4, 1e5, 1e6)
ON_GPU = 1e8
REPEATS = 3


def scale(*, gpu: bool) -> list[Row]:
    """Seconds and peak memory by size, and how time grows."""
    measured = [_in_a_process(size) for size in (*SIZES, *((ON_GPU,) if gpu else ()))]
    for one in measured:
        say(f"{one['parameters']:,} parameters: {show(one['seconds'])} s, {show(one['megabytes'])} MB at most")
    sizes, times = [m["parameters"] for m in measured], [m["seconds"] for m in measured]
    last, before = len(SIZES) - 1, len(SIZES) - 2
    overall = _growth(sizes, times, 0, last)
    ours = ", ".join(f"{m['parameters']:,}: {show(m['seconds'])} s, {show(m['megabytes'])} MB" for m in measured)
    decade, most = _growth(sizes, times, before, last), measured[last]["megabytes"] / 1000
    what = "refuted and certified, 10^3 to 10^6 parameters"
    lines = (
        (f"{what}: growth, time ~ parameters^p", overall, 1.05, ""),
        (f"{what}: growth in the last decade", decade, 1.3, ""),
        (f"{what}: seconds at the last", times[last], 5.0, " s"),
        (f"{what}: peak memory at the last", most, 1.0, " GB"),
    )
    details = {"sizes": measured}
    return [Row(name, ours, "itself", x, aim, at_most=True, unit=unit, details=details) for name, x, aim, unit in lines]


def _growth(sizes: list[float], times: list[float], start: int, end: int) -> float:
    return math.log(times[end] / times[start]) / math.log(sizes[end] / sizes[start])


def _in_a_process(size: float) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.scale", str(size)]
    root = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, env=environment)
    if done.returncode:
        raise RuntimeError(f"{size:.0e} parameters: the measuring process ended with {done.returncode}\n{done.stderr}")
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _measure(size: float) -> dict[str, float]:
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    from benchmarks.networks import cost, widths_of_size
    from netprops.questions.shape import is_convex

    is_convex(*cost((2, 3, 1), 4, jnp.tanh))  # what is imported and compiled once
    widths, times = widths_of_size(size), []
    for seed in range(REPEATS if size <= 1e6 else 1):
        of, domain = cost(widths, 16, jnp.tanh, seed)
        start = time.perf_counter()
        verdict = is_convex(of, domain)
        times.append(time.perf_counter() - start)
        if (verdict.answer, verdict.kind) != ("no", "certified"):
            raise AssertionError(f"{widths}: {verdict}")
        del verdict
    parameters = sum(m * n + n for m, n in itertools.pairwise(widths))
    return {"parameters": parameters, "seconds": sorted(times)[len(times) // 2], "megabytes": _peak_megabytes()}


def _peak_megabytes() -> float:
    """The most memory that this process held; where /proc tells it, without that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    print(json.dumps(_measure(float(sys.argv[1]))))
