"""Pairs measured side by side: what the machine does meanwhile falls on both."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import jax


@dataclass(frozen=True)
class Row:
    """One line of the table: a ratio, or a number of its own, beside its aim."""

    what: str
    ours: str
    against: str
    ratio: float
    aim: float
    at_most: bool = False  # whether the aim is an upper limit
    unit: str = "x"
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether the aim is reached."""
        return self.ratio <= self.aim if self.at_most else self.ratio >= self.aim

    def record(self) -> dict[str, Any]:
        """The row for JSON."""
        return {**asdict(self), "met": self.met}


def say(text: str) -> None:
    """Progress, on stderr."""
    print(f"  {text}", file=sys.stderr, flush=True)


def seconds(run: Callable[[], Any]) -> float:
    """How long a call takes, until the device is done."""
    start = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - start


@dataclass(frozen=True)
class Spent:
    """Median seconds of one side: by the clock, and CPU time of all threads, which a busy machine disturbs less."""

    wall: float
    cpu: float


def interleaved(sides: Mapping[str, Callable[[], Any]], repeats: int = 7) -> dict[str, Spent]:
    """What each side takes; the sides take turns, after one turn that does not count."""
    for run in sides.values():
        jax.block_until_ready(run())
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, run in sides.items():
            before = time.process_time()
            wall = seconds(run)
            times[name].append((wall, time.process_time() - before))
    return {name: Spent(*map(statistics.median, zip(*spent, strict=True))) for name, spent in times.items()}


class Compilations:
    """How many programs XLA compiled since this was made."""

    def __init__(self) -> None:
        self.count = 0
        jax.monitoring.register_event_duration_secs_listener(self._listen)

    def _listen(self, name: str, *_: Any, **__: Any) -> None:
        self.count += name.endswith("backend_compile_duration")


def show(number: float) -> str:
    """Three digits, with thousands apart."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def table(rows: list[Row]) -> str:
    """The rows for people."""
    lines = []
    for row in rows:
        aim = f"(aim {'at most ' if row.at_most else ''}{show(row.aim)}{row.unit})"
        lines.append(f"{'met' if row.met else 'NOT MET':8} {show(row.ratio) + row.unit:>10}  {aim}  {row.what}")
        lines.append(f"{'':20}  {row.ours}")
        lines.append(f"{'':20}  against {row.against}")
    return "\n".join(lines)
