"""The whole book with two workers against one: minutes, so only if asked for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measuring import Row, say, show

SEED = 7


def suite(folder: str) -> list[Row]:
    """Seconds of `pytest FOLDER` by workers; the same seed each time."""
    two = _seconds(folder, "-n", "2")
    default = _seconds(folder, "-n", "1")
    pinned = _seconds(folder, "-n", "1", pinned=True)
    ours = f"2 workers: {show(two)} s"
    return [
        Row("full suite, 2 workers against one pinned to one core", ours, f"{show(pinned)} s", pinned / two, 1.6),
        Row("full suite, 2 workers against one default worker", ours, f"{show(default)} s", default / two, 1.2),
    ]


def _seconds(folder: str, *options: str, pinned: bool = False) -> float:
    command = [
        sys.executable,
        "-m",
        "pytest",
        folder,
        "-q",
        "-p",
        "no:cacheprovider",
        f"--hypothesis-seed={SEED}",
        *options,
    ]
    one = {min(os.sched_getaffinity(0))}
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=Path(__file__).parent.parent, check=False, capture_output=True, text=True,
        preexec_fn=(lambda: os.sched_setaffinity(0, one)) if pinned else None,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-4000:]}")
    spent = time.perf_counter() - start
    say(f"{folder} {' '.join(options)}{', pinned to one core' if pinned else ''}: {show(spent)} s")
    return spent
