"""Pictures of what goes wrong and what takes long, and of each screen in the light theme. Look at them before accepting a change.

Beside them stands the table of all screens and dialogs: one that has no picture fails a test.
"""

from __future__ import annotations

import asyncio
import html
import importlib
import pkgutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from finsync_tui import screens
from finsync_tui.screens.home import HomeScreen
from finsync_tui.screens.listing import SLOW_READ_S
from finsync_tui.screens.reader import Reader
from finsync_tui.settings import Workspace
from tests.finsync_tui.screens import mapping_store
from tests.finsync_tui.screens.driving import DESIGN, NARROW, an_app, finish
from tests.finsync_tui.screens.test_mapping_snapshots import WALKS as MAPPING_WALKS
from tests.finsync_tui.screens.test_reconcile_snapshots import WALKS as BREAK_WALKS
from tests.finsync_tui.screens.test_snapshots import WALKS, SnapCompare, walk

FINDINGS = ("semicolon", "f")
LISTS: dict[str, tuple[str, ...]] = {
    "home": ("1",),
    "exceptions": ("2",),
    "workflows": ("3",),
    "reconcile": ("4",),
    "mappings": ("5",),
    "deliveries": ("6",),
    "audit": ("7",),
    "systems": ("8",),
    "events": ("semicolon", "v"),
    "findings": FINDINGS,
    "exception": ("2", "enter"),
}
LIGHT: dict[str, tuple[str, ...]] = {
    **{
        name: WALKS[name]
        for name in (
            "exceptions", "workflows", "workflow", "deliveries", "delivery", "systems", "event", "causes", "settings", "help",
            "jump", "resolve", "sort", "views",
        )
    },
    "finding": (*FINDINGS, "enter"),
    "audit": ("7", "j"),
}  # fmt: skip
"""What is pictured in the light theme here; home, an exception and its editor are beside their dark pictures."""
NEXT_LIGHT = {"mapped": ("tables", "proposal", "editor"), "broken": ("breaks", "classes", "runs", "items")}
SIZES = pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])


async def walk_on_trouble(pilot: Pilot[None], keys: tuple[str, ...], then: Callable[[], None]) -> None:
    """Begin as always; what is read from then on goes wrong, or never comes."""
    await walk(pilot, ("8",) if keys == ("1",) else ("1",))
    if keys[-1] == "enter":
        await walk(pilot, keys[:-1])
        keys = keys[-1:]
    then()
    await walk(pilot, keys)


@pytest.mark.parametrize("name", LISTS)
def test_error(snap_compare: SnapCompare, filled: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that stops being readable: what happened and what to do, on the screen that wanted to read."""

    async def refuse(reader: Reader, query: Callable[[sqlite3.Connection], Any]) -> Any:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    monkeypatch.chdir(filled.parent)
    app = an_app(Path(filled.name))
    fail = partial(monkeypatch.setattr, Reader, "run", refuse)

    assert snap_compare(
        app, terminal_size=NARROW, run_before=partial(walk_on_trouble, keys=LISTS[name], then=fail)
    )


@pytest.mark.parametrize("name", [name for name in LISTS if name not in ("mappings",)])
def test_loading(snap_compare: SnapCompare, filled: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not there yet is said to be read: an empty list would claim that nothing is stuck."""

    async def never(reader: Reader, query: Callable[[sqlite3.Connection], Any]) -> Any:
        await asyncio.sleep(0)
        return await asyncio.get_running_loop().create_future()

    app = an_app(filled)

    async def wait(pilot: Pilot[None]) -> None:
        first = ("8",) if name == "home" else ("2",) if name == "exception" else ("1",)
        if name != "home":
            await walk(pilot, first)
        monkeypatch.setattr(Reader, "run", never)
        await pilot.press(*(("enter",) if name == "exception" else LISTS[name]))
        await pilot.pause(2 * SLOW_READ_S)

    assert snap_compare(app, terminal_size=NARROW, run_before=wait)


@pytest.mark.parametrize("name", LIGHT)
def test_light(snap_compare: SnapCompare, filled: Path, name: str) -> None:
    """The light theme, where there is less room."""
    app = an_app(filled)
    keys = partial(walk, keys=LIGHT[name], theme="finsync-light")

    assert snap_compare(app, terminal_size=NARROW, run_before=keys)


@pytest.mark.parametrize("name", NEXT_LIGHT["mapped"])
def test_light_mappings(snap_compare: SnapCompare, mapped: Workspace, name: str) -> None:
    """The light theme of the mapping screens."""
    keys = partial(walk, keys=MAPPING_WALKS[name], theme="finsync-light")

    assert snap_compare(mapping_store.an_app(mapped), terminal_size=NARROW, run_before=keys)


@pytest.mark.parametrize("name", [*NEXT_LIGHT["broken"], "reports"])
def test_light_breaks(snap_compare: SnapCompare, broken: Workspace, name: str) -> None:
    """The light theme of Reconciliation and Reports."""
    walks = {**BREAK_WALKS, "reports": ("semicolon", "o", "enter")}
    app = an_app(broken.store_path, workspace=broken)

    assert snap_compare(
        app, terminal_size=NARROW, run_before=partial(walk, keys=walks[name], theme="finsync-light")
    )


@SIZES
@pytest.mark.parametrize("keys", [FINDINGS, (*FINDINGS, "enter")], ids=["findings", "finding"])
def test_findings(
    snap_compare: SnapCompare, filled: Path, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    """What was handled without a person, and one of it."""
    assert snap_compare(an_app(filled), terminal_size=size, run_before=partial(walk, keys=keys))


def test_no_findings(snap_compare: SnapCompare, empty: Path) -> None:
    """Nothing had to be handled yet."""
    assert snap_compare(an_app(empty), terminal_size=NARROW, run_before=partial(walk, keys=FINDINGS))


@SIZES
def test_refused(snap_compare: SnapCompare, filled: Path, size: tuple[int, int]) -> None:
    """What a person asked for and did not get: a dialog says why, and what was kept."""
    with closing(sqlite3.connect(filled)) as db, db:
        db.execute("UPDATE exception_case SET document_key='coupa:unread-1' WHERE class='PAYLOAD_INVALID'")

    async def ask(pilot: Pilot[None]) -> None:
        await walk(pilot, ("2", "slash", "=class:PAYLOAD*", "enter", "r", "enter"))
        await finish(pilot)

    assert snap_compare(an_app(filled), terminal_size=size, run_before=ask)


def test_brought_up_to_date(snap_compare: SnapCompare, empty: Path) -> None:
    """An older store gets what this version needs: what happens, since when, and that nothing is lost."""

    async def wait(pilot: Pilot[None]) -> None:
        await walk(pilot, ("1",))
        assert isinstance(pilot.app.screen, HomeScreen)
        pilot.app.screen.store_upgrades(2, 7)
        await pilot.pause()

    assert snap_compare(an_app(empty), terminal_size=NARROW, run_before=wait)


SHOWS: dict[str, tuple[str, str]] = {
    "HomeScreen": ("test_snapshots/test_screen[home", "Due next"),
    "ExceptionsScreen": ("test_snapshots/test_screen[exceptions", "Exceptions · 30"),
    "ExceptionDetailScreen": ("test_snapshots/test_screen[exception", "What to do"),
    "CausesScreen": ("test_snapshots/test_screen[causes", "Waits for"),
    "WorkflowsScreen": ("test_snapshots/test_screen[workflows", "Workflows · 76"),
    "WorkflowDetailScreen": ("test_snapshots/test_screen[workflow", "SLA"),
    "DeliveriesScreen": ("test_snapshots/test_screen[deliveries", "Deliveries · 106"),
    "DeliveryDetailScreen": ("test_snapshots/test_screen[delivery", "Receipt"),
    "SystemsScreen": ("test_snapshots/test_screen[systems", "Last read"),
    "EventsScreen": ("test_snapshots/test_screen[events", "Events · "),
    "EventDetailScreen": ("test_snapshots/test_screen[event", "the event's data"),
    "AuditScreen": ("test_snapshots/test_audit[log", "Audit log · "),
    "AuditDetailScreen": ("test_snapshots/test_audit[entry", "Follows"),
    "SettingsScreen": ("test_snapshots/test_screen[settings", "Time zone"),
    "FindingsScreen": ("test_states/test_findings[findings", "Findings · "),
    "FindingDetailScreen": ("test_states/test_findings[finding", "What was noticed"),
    "ReportsScreen": ("test_reports/test_picture[", "Write-offs"),
    "ReconciliationScreen": ("test_reconcile_snapshots/test_screen[breaks", "Breaks · "),
    "BreakDetailScreen": ("test_reconcile_snapshots/test_screen[break", "What to do"),
    "BreakClassesScreen": ("test_reconcile_snapshots/test_screen[classes", "manual change"),
    "ReconcileRunsScreen": ("test_reconcile_snapshots/test_screen[runs", "complete"),
    "CloseBoardScreen": ("test_reconcile_snapshots/test_screen[board", "Company"),
    "CloseItemsScreen": ("test_reconcile_snapshots/test_screen[items", "Reason"),
    "MappingsScreen": ("test_mapping_snapshots/test_screen[tables", "Waiting"),
    "MappingTableScreen": ("test_mapping_snapshots/test_screen[rules", "cost_centre"),
    "VersionsScreen": ("test_mapping_snapshots/test_screen[versions", "Version"),
    "ProposalScreen": ("test_mapping_snapshots/test_screen[proposal", "Change and impact"),
    "SuppliersScreen": ("test_suppliers/test_picture[", "Pairs · 2"),
    "PairScreen": ("test_suppliers/test_picture_of_a_pair[", "Side by side"),
    "GoldenScreen": ("test_supplier_deciding/test_screen[golden", "Suppliers · 5"),
    "GoldenDetailScreen": ("test_supplier_deciding/test_screen[golden-one", "because of"),
    "MergesScreen": ("test_supplier_deciding/test_screen[merges", "Merges · 1"),
    "MergeScreen": ("test_supplier_deciding/test_screen[merge", "Proposed by"),
    "BankChangesScreen": ("test_supplier_deciding/test_screen[bank", "Changes of bank details · 2"),
    "BankChangeScreen": ("test_supplier_deciding/test_screen[bank-one", "Until now"),
    "AskDialog": ("test_snapshots/test_screen[resolve", "esc"),
    "PickDialog": ("test_snapshots/test_screen[sort", "Sort by"),
    "ViewsDialog": ("test_snapshots/test_screen[views", "saved views"),
    "KeysDialog": ("test_snapshots/test_screen[help", "What waits for a person"),
    "MessageDialog": ("test_states/test_refused[", "nothing to retry here"),
    "EditDialog": ("test_snapshots/test_screen[edit", "Edit PO-"),
    "JumpDialog": ("test_snapshots/test_screen[jump", "Settings"),
    "RuleDialog": ("test_mapping_snapshots/test_screen[editor", "Valid from"),
    "ImpactDialog": ("test_mapping_snapshots/test_screen[impact", "Reason"),
}
"""Each screen and dialog: the picture that shows it with data, at both sizes, and words that only it has."""
SHARED = {
    "WorkScreen",
    "Dialog",
    "DetailScreen",
    "ListScreen",
    "Exporting",
    "BreakActions",
    "CaseActions",
    "MappingActions",
    "PairActions",
    "MergeActions",
    "BankActions",
    "TableAboutScreen",
}
"""What screens are made of."""


def _screens() -> set[str]:
    for module in pkgutil.walk_packages(screens.__path__, "finsync_tui.screens."):
        importlib.import_module(module.name)
    found: list[type[Any]] = [Screen]
    for one in found:
        found.extend(below for below in one.__subclasses__() if below not in found)
    return {one.__name__ for one in found if one.__module__.startswith("finsync_tui.")} - SHARED


def test_every_screen_and_dialog_has_its_pictures() -> None:
    """A new one fails here until somebody has looked at it at both sizes."""
    folder = Path(__file__).with_name("__snapshots__")
    lacking = []
    for name, (start, words) in SHOWS.items():
        for size in ("80x24", "140x40"):
            path = folder / f"{start}{'' if start.endswith('[') else '-'}{size}].svg"
            text = (
                html.unescape(path.read_text(encoding="utf-8")).replace("\xa0", " ") if path.exists() else ""
            )
            if words not in text:
                lacking.append((name, path.name))

    assert _screens() == set(SHOWS)
    assert [] == lacking
