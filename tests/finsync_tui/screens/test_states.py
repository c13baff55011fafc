"""Pictures of what goes wrong and what takes long. Look at them before accepting a change.

Beside them stands the table of all screens and dialogs: one that has no picture fails a test.
"""

from __future__ import annotations

import html
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from finsync_tui.screens.home import HomeScreen
from tests.finsync_tui.screens import filled_store
from tests.finsync_tui.screens.driving import DESIGN, NARROW, an_app, finish
from tests.finsync_tui.screens.gallery import GALLERY
from tests.finsync_tui.screens.test_snapshots import SnapCompare, walk

FINDINGS = ("semicolon", "f")
SIZES = pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])


@SIZES
@pytest.mark.parametrize("keys", [FINDINGS, (*FINDINGS, "enter")], ids=["findings", "finding"])
def test_findings(
    snap_compare: SnapCompare, filled: Path, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    """What was handled without a person, and one of it."""
    assert snap_compare(an_app(filled), terminal_size=size, run_before=partial(walk, keys=keys))


@SIZES
def test_unread(snap_compare: SnapCompare, filled: Path, size: tuple[int, int]) -> None:
    """A system of which something can't be read: what, why, and what to do."""
    app = an_app(filled_store.unread(filled))

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=("8",)))


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
    "ReportsScreen": ("test_reports/test_picture[", "Exception ageing"),
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
    "PoliciesScreen": ("test_policy_snapshots/test_screen[policies", "Policies · 3"),
    "PolicyScreen": ("test_policy_snapshots/test_screen[rules", "Stands for it"),
    "PolicyVersionsScreen": ("test_policy_snapshots/test_screen[versions", "What version"),
    "PolicyProposalScreen": ("test_policy_snapshots/test_screen[proposal", "Rules proposed"),
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

    assert set(GALLERY) == set(SHOWS)
    assert [] == lacking
