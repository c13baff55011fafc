"""How things are measured: pairs in turn, process CPU time beside wall time, peak memory of a fresh process.

A benchmark checks its own answer before it gives a figure. Ratios are ours divided by the limit's, pair by pair; the
median and the spread are shown.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAIRS = 5
INFORMATION = "for information"
"""The target of a row that is judged by nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took."""

    cpu_s: float
    wall_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the table."""

    path: str
    limit: str
    target: str
    ratio: float
    low: float
    high: float
    note: str

    @property
    def row(self) -> str:
        return f"| {self.path} | {self.limit} | {self.target} | **{self.ratio:.2f}x** ({self.low:.2f} to {self.high:.2f}) | {self.note} |"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table that stands beside a budget, not beside another program."""

    path: str
    limit: str
    budget: str
    measured: str
    note: str = ""

    @property
    def row(self) -> str:
        return f"| {self.path} | {self.limit} | {self.budget} | **{self.measured}** | {self.note} |"


def timed(work: Callable[[], object]) -> Cost:
    """Run once; return CPU seconds of this process and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def pairs(ours: Callable[[], Cost], limit: Callable[[], Cost], count: int = PAIRS) -> list[tuple[Cost, Cost]]:
    """Run both in turn, after one run of each that is not counted."""
    ours(), limit()
    return [(ours(), limit()) for _ in range(count)]


def compare(
    path: str,
    limit_name: str,
    target: str,
    measured: list[tuple[Cost, Cost]],
    *,
    by: str = "cpu_s",
    rows: int | None = None,
    is_rate: bool = False,
    note: str = "",
) -> Result:
    """Make a table row of measured pairs. `is_rate`: the ratio of rates, where more is better."""
    ratios = [getattr(a, by) / getattr(b, by) for a, b in measured]
    if is_rate:
        ratios = [1 / r for r in ratios]
    ours = statistics.median(getattr(a, by) for a, _ in measured)
    other = statistics.median(getattr(b, by) for _, b in measured)
    if rows:
        note = (
            f"{ours / rows * 1e6:.1f} against {other / rows * 1e6:.1f} µs a row{'; ' + note if note else ''}"
        )
    return Result(path, limit_name, target, statistics.median(ratios), min(ratios), max(ratios), note)


def in_fresh_process(module: str, *arguments: str) -> dict[str, Any]:
    """Run `python -m module arguments` and read the JSON object it prints last; its peak memory is added."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False, timeout=1800
    )
    if done.returncode != 0:
        raise SystemExit(f"{module} {' '.join(arguments)} failed:\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def peak_mib() -> float:
    """Return the high-water mark of this process's resident memory in MiB.

    Linux hands the mark that getrusage tells on to a started program, so it may be that of whoever started it; VmHWM
    begins anew.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
