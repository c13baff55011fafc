"""Whole processes: what a person waits for before anything happens, and what a cycle costs that finds nothing."""

from __future__ import annotations

import atexit
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from benchmarks import server
from benchmarks.measure import Cost, Result, compare, pairs
from finsync_tui.credentials import variable
from finsync_tui.settings import FILE_NAME, create_workspace
from store import open_store
from store.clock import SystemClock

ROWS = 2_000
_LIMIT = "import httpx, pydantic, sqlite3, asyncio"
PROFILE = """
[systems.coupa]
adapter = "coupa"
base_url = "{url}"

[systems.oracle]
adapter = "oracle_fusion"
base_url = "{url}"

[schedules.orders]
system = "coupa"
entities = ["purchase_order"]
every = "PT15M"

[schedules.suppliers]
system = "oracle"
entities = ["supplier"]
every = "PT15M"
"""
SECRETS = {
    variable(system, name): "x"
    for system, names in {"coupa": ("client_id", "client_secret"), "oracle": ("user", "password")}.items()
    for name in names
}
"""What the two loopback systems are signed in with."""


def help_page() -> Result:
    """`finsync --help`, against the interpreter with the imports that nobody can do without."""
    return _compare("finsync --help", ["--help"])


def status() -> Result:
    """`finsync status` on a new workspace."""
    with tempfile.TemporaryDirectory() as folder:
        made = create_workspace(Path(folder) / "w")
        open_store(made.store_path, SystemClock()).close()
        with (made.path / FILE_NAME).open("a", encoding="utf-8") as file:
            file.write('[systems.coupa]\nbase_url = "http://127.0.0.1:9"\n')
        return _compare("finsync status", ["status", "--json", "--workspace", f"{folder}/w"])


def idle_cycle() -> Result:
    """`finsync run --once` when both systems have nothing new: connect, sign in, ask, note it, end."""
    with tempfile.TemporaryDirectory() as folder, server.running(suppliers=ROWS, orders=ROWS) as url:
        workspace = create_workspace(Path(folder) / "w", layers=("bench",))
        open_store(workspace.store_path, SystemClock()).close()
        layer = workspace.path / "profiles" / "bench"
        layer.mkdir(parents=True)
        (layer / "profile.toml").write_text(PROFILE.format(url=url), encoding="utf-8")
        command = ["run", "--once", "--json", "--workspace", str(workspace.path)]
        first = _pulled(_finsync(command, SECRETS))
        assert first == {"coupa": (ROWS, ROWS), "oracle": (ROWS, ROWS)}, first
        result = _compare("finsync run --once, nothing new", command, SECRETS)
        again = _pulled(_finsync(command, SECRETS))
        assert again == {"coupa": (0, 0), "oracle": (0, 0)}, again
    return result


@cache
def _byte_code() -> str:
    folder = tempfile.mkdtemp(prefix="finsync-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _pulled(output: str) -> dict[str, tuple[int, int]]:
    """Return rows read and changed by system."""
    return {p["system"]: (p["rows_read"], p["rows_changed"]) for p in json.loads(output)["pulled"]}


def _compare(name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Result:
    measured = pairs(lambda: _timed(arguments, environment or {}), _limit)
    wall = sorted(ours.wall_s for ours, _ in measured)[len(measured) // 2]
    return compare(name, f"python -c '{_LIMIT}'", "≤ 3x", measured, note=f"{wall * 1000:.0f} ms on the clock")


def _timed(arguments: Sequence[str], environment: Mapping[str, str]) -> Cost:
    return _run([sys.executable, "-m", "finsync_tui", *arguments], environment)[0]


def _finsync(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    return _run([sys.executable, "-m", "finsync_tui", *arguments], environment)[1]


def _limit() -> Cost:
    return _run([sys.executable, "-c", _LIMIT], {})[0]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that is timed. Byte code is kept between runs, as it is of an installed program,
    whatever the environment here says."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": _byte_code(), **extra}


def _run(command: Sequence[str], extra: Mapping[str, str]) -> tuple[Cost, str]:
    """Run a process; return what it and its children took, and what it printed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment(extra))
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall), done.stdout
