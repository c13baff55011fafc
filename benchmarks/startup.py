"""Whole processes: what a person waits for before anything happens."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Cost, Result, compare, pairs
from finsync_tui.settings import create_workspace

_LIMIT = "import httpx, pydantic, sqlite3, asyncio"


def help_page() -> Result:
    """`finsync --help`, against the interpreter with the imports that nobody can do without."""
    command = [sys.executable, "-m", "finsync_tui", "--help"]
    return compare(
        "finsync --help", f"python -c '{_LIMIT}'", "≤ 3x", pairs(lambda: _run(command), _limit), by="wall_s"
    )


def status() -> Result:
    """`finsync status` on a new workspace."""
    with tempfile.TemporaryDirectory() as folder:
        create_workspace(Path(folder) / "w")
        command = [sys.executable, "-m", "finsync_tui", "status", "--json", "--workspace", f"{folder}/w"]
        _run(command)
        return compare(
            "finsync status",
            f"python -c '{_LIMIT}'",
            "≤ 3x",
            pairs(lambda: _run(command), _limit),
            by="wall_s",
        )


def _limit() -> Cost:
    return _run([sys.executable, "-c", _LIMIT])


def _run(command: list[str]) -> Cost:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return Cost(0.0, time.perf_counter() - began)
