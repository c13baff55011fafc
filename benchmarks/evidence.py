"""Path F, for an auditor: a year of the demo company as a pack of evidence, and what checking it alone takes.

The year is made first, in a process of its own. Each pack is written in a fresh process, so that its peak memory is the export's own;
that a month takes as much shows that a year is written a row at a time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import Figure, in_fresh_process, peak_mib

SCALE = 1.0
MEMORY_MAX_MIB = 130
"""What the guide allows a path that streams."""
YEAR = (date(2026, 1, 1), date(2027, 12, 31))
MONTH = (date(2026, 3, 1), date(2026, 3, 31))


def year() -> list[Figure]:
    """Export a month and the whole year of the demo company, and verify the year with plain Python."""
    with TemporaryDirectory() as folder:
        workspace = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "-m", "finsync_tui", "demo", "--headless", "--scale", str(SCALE), "--workspace", workspace],
            check=True, capture_output=True, timeout=3600,
        )  # fmt: skip
        month, whole = (
            _exported(workspace, Path(folder) / f"{name}.zip", days)
            for name, days in (("month", MONTH), ("year", YEAR))
        )
        return _figures(month, whole, _verified(Path(folder) / "year.zip"))


def _figures(month: dict[str, Any], whole: dict[str, Any], checked_s: float) -> list[Figure]:
    note = (
        f"{whole['entries']:,} entries of the log and {whole['rows']:,} rows in {whole['files']} files, {whole['mib']:.1f} MiB packed,"
        f" in {whole['wall_s']:.1f} s; a month: {month['peak_mib']:.0f} MiB of memory, {month['mib']:.1f} MiB packed,"
        f" {month['wall_s']:.1f} s"
    )
    return [
        Figure("evidence of a year of the demo company, peak memory", "budget of a path that streams",
               f"≤ {MEMORY_MAX_MIB} MiB", f"{whole['peak_mib']:.0f} MiB", note),
        Figure("the same, checked by python3 -I verify.py", "budget of a path that streams", "for information",
               f"{checked_s:.1f} s", "start of Python included"),
    ]  # fmt: skip


def _exported(workspace: Path, path: Path, days: tuple[date, date]) -> dict[str, Any]:
    return in_fresh_process(
        "benchmarks.evidence", str(workspace), str(path), *(one.isoformat() for one in days)
    )


def _verified(path: Path) -> float:
    """Check it as an auditor does, and be sure that a damaged copy is not taken for whole."""
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "zipfile", "-e", path, folder], check=True)
        began = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-I", Path(folder) / "verify.py"], capture_output=True, text=True, check=False
        )
        spent = time.perf_counter() - began
        if ended.returncode or "INTACT" not in ended.stdout:
            raise SystemExit(f"the pack does not hold:\n{ended.stdout}")
        log = Path(folder) / "log" / "entries.tsv"
        log.write_bytes(log.read_bytes().replace(b"engine", b"nobody", 1))
        spoilt = subprocess.run(
            [sys.executable, "-I", Path(folder) / "verify.py"], capture_output=True, check=False
        )
        if spoilt.returncode != 1:
            raise SystemExit("a pack that was edited is said to hold")
    return spent


def main(workspace: str, path: str, first: str, last: str) -> None:
    """Export, and print what it took."""
    from finsync_tui import evidence, profile
    from finsync_tui.actor import Actor
    from finsync_tui.assembly import secrets_of
    from finsync_tui.settings import load_workspace
    from store import open_store
    from store.clock import SystemClock

    place = load_workspace(Path(workspace))
    began = time.perf_counter()
    with open_store(place.store_path, SystemClock()) as store:
        made = evidence.write(
            store, profile.load(place), secrets_of(place),
            evidence.Scope(date.fromisoformat(first), date.fromisoformat(last)), Path(path),
            who=Actor("benchmark", "cli"), reason="measured",
        )  # fmt: skip
    print(
        json.dumps(
            {
                "wall_s": time.perf_counter() - began,
                "peak_mib": peak_mib(),
                "entries": made.log.last - made.log.first + 1,
                "rows": sum(one.rows or 0 for one in made.files),
                "files": len(made.files),
                "mib": Path(path).stat().st_size / 2**20,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
