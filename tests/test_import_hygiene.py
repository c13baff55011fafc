"""What a fresh process has loaded: the command line pays only for what a command needs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from finsync_tui.cli import _asked
from finsync_tui.settings import create_workspace
from store.clock import SystemClock
from store.database import open_store

ROOT = Path(__file__).parents[1]
HEAVY = ("textual", "httpx", "aiohttp", "sqlite_utils", "keyring", "apscheduler", "uvicorn", "starlette")


def loaded(script: str) -> set[str]:
    """Return the top-level modules a fresh process has after `script`."""
    return {name.partition(".")[0] for name in modules(script)}


def modules(script: str) -> set[str]:
    """Return every module a fresh process has after `script`."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{script}\nimport sys\nprint(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_the_command_line_loads_nothing_heavy() -> None:
    """Every --help and every completion pays for this import."""
    assert set() == loaded("import finsync_tui.cli") & {*HEAVY, "pydantic", "platformdirs", "tomlkit"}


def test_looking_into_a_workspace_loads_no_network_and_no_screen(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A list is read from the store and nothing else."""
    folder = tmp_path_factory.mktemp("looking") / "w"
    script = f"from finsync_tui.cli import run\nassert run(['init', '--workspace', {str(folder)!r}]) == 0\n"
    look = f"from finsync_tui.cli import run\nassert run(['exceptions', 'list', '--workspace', {str(folder)!r}]) == 0\n"

    loaded(script)

    assert set() == loaded(look) & set(HEAVY)


def test_headless_loads_no_screen() -> None:
    """An engine in a container needs no terminal library."""
    assert "textual" not in loaded("import finsync_tui.headless, finsync_tui.actions, finsync_tui.explain")


def test_a_single_cycle_loads_no_scheduler() -> None:
    """`run --once` is started by somebody else's clock, and writes no configuration."""
    after = modules("import finsync_tui.headless")

    assert set() == {name.partition(".")[0] for name in after} & {
        "apscheduler",
        "tomlkit",
        "aiohttp",
        "rapidfuzz",
        "sqlite_utils",
    }
    assert set() == after & {"store.canonical.contracts", "finsync_tui.reconcile.running"}


def test_calling_a_system_reads_no_certificates_but_its_own() -> None:
    """aiohttp makes contexts of its own at import, each with every certificate of the machine; none of ours uses them."""
    look = (
        "import ssl\nusual = ssl.create_default_context\nimport adapters.pool\nfrom aiohttp import connector as c\n"
        "assert c._SSL_CONTEXT_VERIFIED.verify_mode == ssl.CERT_REQUIRED\n"
        "print(len(c._SSL_CONTEXT_VERIFIED.get_ca_certs()), len(c._SSL_CONTEXT_UNVERIFIED.get_ca_certs()),\n"
        "      ssl.create_default_context is usual, 'set_default_verify_paths' in vars(ssl.SSLContext))"
    )

    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True
    )

    assert "0 0 True False" == done.stdout.strip()


def test_a_command_line_builds_the_command_it_names_and_no_other() -> None:
    """There are a hundred; --help, a completion or a slip needs them all."""
    assert {"run"} == built(["run", "--once"])
    assert {"exceptions"} == built(["exceptions", "list"])
    assert built([]) == built(["--help"]) == built(["exceptoins"]) > {"run", "exceptions", "status"}


def built(arguments: list[str]) -> set[str]:
    """Return the names of the commands that are made for a command line."""
    made: Any = typer.main.get_command(_asked(arguments))
    return set(made.commands)


def test_importing_the_shapes_opens_nothing() -> None:
    """Canonical models are data: no network, no screen, no scheduler."""
    assert set() == loaded("import store.canonical.purchasing, store.canonical.supplier") & set(HEAVY)


def test_only_the_store_opens_sqlite() -> None:
    """Everybody else is handed a connection."""
    opening = re.compile(r"sqlite3\.connect|sqlite3 import .*connect\b|apsw|sqlite_utils\.Database\(")
    files = [
        file for folder in ("adapters", "finsync_tui", "store") for file in (ROOT / folder).rglob("*.py")
    ]

    found = {
        str(file.relative_to(ROOT)) for file in files if opening.search(file.read_text(encoding="utf-8"))
    }

    assert {"store/database.py"} <= found <= {"store/database.py", "store/backup.py"}


def test_only_the_clock_knows_the_time() -> None:
    """Everybody else is handed a clock, so that a year can be rehearsed in a minute."""
    asking = re.compile(r"datetime\.(now|utcnow)\(|date\.today\(|\btime\.time\(")
    files = [
        file for folder in ("adapters", "finsync_tui", "store") for file in (ROOT / folder).rglob("*.py")
    ]

    found = {
        str(file.relative_to(ROOT))
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if asking.search(line) and not line.lstrip().startswith(">>>")
    }

    assert {"store/clock.py"} == found


def test_the_workbench_shows_its_overview_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    """A start pays for the terminal library, the store and one screen: no command line, models, network or flows."""
    workspace = create_workspace(tmp_path / "w")
    open_store(workspace.store_path, SystemClock()).close()
    script = f"""
from pathlib import Path
from typing import Any
from finsync_tui import __main__, opening
from finsync_tui.screens import app
class Watched(app.FinsyncApp):
    def has_shown(self):
        self.exit()
found = opening.load_workspace(Path({str(workspace.path)!r}))
Watched(found.store_path, None, app.Actor("ana", "tui"), workspace=found).run(headless=True, size=(80, 24))
"""

    after = modules(script)

    assert "finsync_tui.screens.home" in after
    assert set() == {name.partition(".")[0] for name in after} & {
        *(set(HEAVY) - {"textual"}),
        "typer",
        "pydantic",
        "adapters",
        "tomlkit",
        "markdown_it",
    }
    assert set() == after & {
        f"finsync_tui.{part}"
        for part in ("actions", "cli", "flows", "mapping", "profile", "reconcile", "sync")
    }
