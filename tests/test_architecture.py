"""What is true of every system folder. Folders are found, so a new system touches no list.

The import rules between packages are import-linter contracts in pyproject.toml; here is what they can't say.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import adapters

ROOT = Path(adapters.__file__).parent
SYSTEMS = sorted(path.parent.name for path in ROOT.glob("*/manifest.toml"))
PURE = ("inbound", "outbound", "wire")
"""Modules (with their helpers, `inbound_order` and the like) that translate and nothing else."""
FILES = (
    "__init__.py",
    "manifest.toml",
    "wire.py",
    "inbound.py",
    "outbound.py",
    "client.py",
    "failures.py",
    "simulator.py",
    "README.md",
)
DATA_ONLY = {
    "adapters.base",  # what rows and results look like
    "adapters.answer",  # where a document broke, in words
    "adapters.broken",  # what stands for a row that is no JSON
    "adapters.stated",  # what a refused document says it comes to
    "store.clock",  # reading an instant
}
FORBIDDEN_ROOTS = {
    "httpx",
    "aiohttp",
    "sqlite3",
    "sqlite_utils",
    "asyncio",
    "socket",
    "starlette",
    "subprocess",
    "logging",
    "os",
    "time",
    "random",
    "finsync_tui",
}

every_system = pytest.mark.parametrize("system", SYSTEMS)


def imported(path: Path) -> set[str]:
    """Return the full names of what a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def modules(system: str) -> list[Path]:
    return sorted((ROOT / system).rglob("*.py"))


def is_simulator(path: Path) -> bool:
    return path.stem.startswith("simulator")


def is_pure(path: Path) -> bool:
    return any(path.stem == name or path.stem.startswith(f"{name}_") for name in PURE)


def begins(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def test_there_are_systems_to_look_at() -> None:
    """The search finds the template and the real ones."""
    assert {"_template", "coupa", "oracle_fusion"} <= set(SYSTEMS)


@every_system
def test_a_system_folder_is_whole(system: str) -> None:
    """Whoever opens one adapter finds their way in all of them."""
    missing = [name for name in FILES if not (ROOT / system / name).is_file()]

    assert [] == missing
    assert list((ROOT / system / "samples").glob("*.canonical.json"))


@every_system
def test_a_system_exports_what_assembly_needs(system: str) -> None:
    """MANIFEST, Options and connect, under the name of the folder."""
    package = adapters.load(system)

    assert system == package.MANIFEST.name
    assert callable(package.connect)
    assert "forbid" == package.Options.model_config["extra"]


@every_system
def test_systems_do_not_know_each_other(system: str) -> None:
    """What two systems share belongs into a module above both."""
    others = [f"adapters.{other}" for other in SYSTEMS if other != system]

    found = [
        (path.name, name)
        for path in modules(system)
        for name in imported(path)
        if any(begins(name, other) for other in others)
    ]

    assert [] == found


@every_system
def test_translation_is_pure(system: str) -> None:
    """Documents to records and back: data shapes only. No network, store, clock, chance or program."""
    found = [
        (path.name, name)
        for path in modules(system)
        if is_pure(path)
        for name in imported(path)
        if name.partition(".")[0] in FORBIDDEN_ROOTS
        or (begins(name, "store") and not _is_shape(name))
        or (begins(name, "adapters") and not begins(name, f"adapters.{system}") and not _is_shape(name))
    ]

    assert [] == found


@every_system
def test_translation_uses_its_own_folder_only_where_that_is_pure(system: str) -> None:
    """A pure module does not reach the client by way of a neighbour, except for settings and values."""
    local = {path.stem: path for path in modules(system)}

    found = [
        (path.name, neighbour.name)
        for path in local.values()
        if is_pure(path)
        for neighbour in _neighbours(path, system, local)
        if not is_pure(neighbour) and {n.partition(".")[0] for n in imported(neighbour)} & FORBIDDEN_ROOTS
    ]

    assert [] == found


@every_system
def test_nothing_in_an_adapter_knows_that_a_simulator_is_there(system: str) -> None:
    """The adapter works against systems that we did not simulate."""
    found = [
        (path.name, name)
        for path in modules(system)
        if not is_simulator(path)
        for name in imported(path)
        if "simulator" in name or begins(name, "adapters.simulation")
    ]

    assert [] == found


@every_system
def test_a_simulator_does_not_read_the_adapter(system: str) -> None:
    """It behaves as the sheet says, not as the adapter believes: what both share would never be found
    wrong.
    """
    own = f"adapters.{system}"

    found = [
        (path.name, name)
        for path in modules(system)
        if is_simulator(path)
        for name in imported(path)
        if begins(name, own) and not name.removeprefix(f"{own}.").startswith("simulator")
    ]

    assert [] == found


def test_adapters_reach_the_store_for_shapes_and_time_only() -> None:
    """Adapters hold no state of ours: what they know is in positions and records, which the engine stores."""
    allowed = ("store.calls", "store.canonical", "store.clock", "store.errors", "store.wording")

    found = [
        (str(path.relative_to(ROOT)), name)
        for path in sorted(ROOT.rglob("*.py"))
        for name in imported(path)
        if begins(name, "store") and not any(begins(name, one) for one in allowed)
    ]

    assert [] == found


def test_only_the_clock_knows_the_time() -> None:
    """Whoever needs an instant takes a Clock, so that rehearsals can move time."""
    found = [
        str(path.relative_to(ROOT.parent))
        for package in ("adapters", "store", "finsync_tui")
        for path in sorted((ROOT.parent / package).rglob("*.py"))
        if path.name != "clock.py" and _asks_the_machine_for_the_time(path)
    ]

    assert [] == found


def _is_shape(name: str) -> bool:
    return begins(name, "store.canonical") or any(begins(name, one) for one in DATA_ONLY)


def _neighbours(path: Path, system: str, local: dict[str, Path]) -> list[Path]:
    """Return the modules of its own folder that `path` imports, as modules or by a name in them."""
    stems: set[str] = set()
    for name in imported(path):
        if begins(name, f"adapters.{system}"):
            stems.add((name.removeprefix(f"adapters.{system}.").split(".") or [""])[0])
    return [local[stem] for stem in sorted(stems) if stem in local]


def _asks_the_machine_for_the_time(path: Path) -> bool:
    """Look for `datetime.now`, `utcnow`, `today` and `time.time`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            asked = (node.value.id, node.attr)
            if asked in {("time", "time"), ("time", "time_ns")}:
                return True
            if asked[0] in ("datetime", "date") and asked[1] in ("now", "utcnow", "today"):
                return True
    return False
