"""Names that try to take over the terminal, on every screen."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from finsync_tui.screens.detail import DetailScreen
from store import cases
from store.clock import VirtualClock, text
from store.database import Store, open_store
from tests.builders import a_purchase_order
from tests.finsync_tui.screens.driving import DESIGN, NARROW, finish, opened, press, screen_text
from tests.finsync_tui.screens.filled_store import NOW, SEED, fill

pytestmark = pytest.mark.anyio

HOSTILE = "[/b][red]x[/] [@click=app.exit]\x1b]0;owned\x07\x1b[2J\u202egnp.株式会社\u0301\u0301\u0301\u0301\u0301\x9b31m\r\n\ttail"
FORBIDDEN = ("\x1b", "\x07", "\x9b", "\u202e", "\r", "\t")

COLUMNS = {
    "exception_case": ("document_number", "cause", "fix", "owner", "system", "step", "legal_entity", "class", "resolution"),
    "workflow": ("document_number", "waiting_for", "step", "flow", "kind", "target", "legal_entity", "document_revision"),
    "delivery": ("message", "failure", "external_id"),
    "attempt": ("message", "answer", "outcome"),
    "system_state": ("reason",),
    "sync_run": ("error",),
    "watermark": ("position",),
    "engine_state": ("doing",),
    "case_note": ("text", "author"),
    "crossref": ("number", "why"),
    "finding": ("class", "message"),
}  # fmt: skip


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A filled store in which every text from outside is hostile."""
    path = tmp_path / "finsync.db"
    with open_store(path, VirtualClock(NOW), durable=False) as store:
        fill(store, seed=SEED)
        with store.transaction() as db:
            for table, columns in COLUMNS.items():
                for column in columns:
                    # Some columns are part of a key: the row's number keeps them apart.
                    db.execute(f"UPDATE {table} SET {column} = ? || rowid" if table not in ("crossref", "watermark", "system_state", "engine_state") else f"UPDATE {table} SET {column} = ?", (HOSTILE,))  # fmt: skip
            _hostile_documents(db, store)
    return path


def _hostile_documents(db: sqlite3.Connection, store: Store) -> None:
    new = cases.NewCase(
        class_="PAYLOAD_INVALID", entity="purchase_order", document_key="coupa:evil", document_number=HOSTILE,
        system="coupa", cause=HOSTILE, fix=HOSTILE, payload=HOSTILE.encode("utf-8", "replace"),
        evidence={HOSTILE: {HOSTILE: [HOSTILE]}}, due_at=NOW.replace(year=2020), amount_minor=1, currency="EUR",
    )  # fmt: skip
    case_id = cases.open(db, new, NOW)
    cases.note(db, case_id, HOSTILE, HOSTILE, NOW)
    body = a_purchase_order(description=HOSTILE, supplier_name=HOSTILE).canonical_json().decode()
    db.execute(
        "INSERT INTO record_version(entity, system, external_id, version, contract, fetched_at, content_hash, body, payload) "
        "VALUES ('purchase_order', 'coupa', 'evil', 1, ?, ?, x'00', ?, ?)",
        (HOSTILE, text(NOW), body, HOSTILE.encode("utf-8", "replace")),
    )
    version_id = db.execute("SELECT max(id) FROM record_version").fetchone()[0]
    db.execute(
        "INSERT INTO record(entity, system, external_id, number, version, content_hash, raw_digest, fetched_at, version_id) "
        "VALUES ('purchase_order', 'coupa', 'evil', ?, 1, x'00', x'00', ?, ?)",
        (HOSTILE, text(NOW), version_id),
    )
    db.execute("UPDATE workflow_step SET detail = json_object(?, ?)", (HOSTILE, HOSTILE))


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
async def test_no_screen_obeys_data(hostile: Path, size: tuple[int, int]) -> None:
    """Markup does not crash or click, escape sequences do not leave, bidi does not turn a line, on any screen."""
    walks = (
        ("1",), ("tab",), ("2",), ("enter", "l", "l", "l", "l", "l"), ("r",), ("escape", "escape"), ("space", "x"),
        ("escape", "escape"), ("slash", "a", "enter"), ("3",), ("enter", "l", "l", "l", "l", "l"), ("x",),
        ("escape", "escape", "6"), ("enter", "l", "l", "l"), ("escape", "8"), ("j", "w"),
    )  # fmt: skip
    async with opened(hostile, size) as pilot:
        for keys in walks:
            await press(pilot, *keys)
            shown = screen_text(pilot)
            assert not [char for char in FORBIDDEN if char in shown], keys
            assert pilot.app.return_code is None, "no click was made"


async def test_hostile_text_is_shown_not_hidden(hostile: Path) -> None:
    """An analyst sees that there is something odd: controls are visible signs."""
    async with opened(hostile, DESIGN) as pilot:
        await press(pilot, "2", "enter")
        shown = screen_text(pilot)

    assert "[/b][red]x[/]" in shown
    assert "␛" in shown


async def test_a_toast_shows_markup_as_text(hostile: Path) -> None:
    """The reason why a verb is not possible carries a hostile number and does not crash."""
    async with opened(hostile, DESIGN) as pilot:
        await press(pilot, "6", "slash")
        for char in "state":
            await pilot.press(char)
        await pilot.press("colon", *"verified", "enter")
        await press(pilot, "r", "w", "e", "x")
        shown = screen_text(pilot)

    assert not [char for char in FORBIDDEN if char in shown]


@pytest.mark.parametrize("screen", ["2", "3", "6"], ids=["exceptions", "workflows", "deliveries"])
async def test_what_is_copied_steers_nothing_either(hostile: Path, screen: str) -> None:
    """Neither the terminal that it is sent through nor the one, or the spreadsheet, that it is pasted into: y and Y on a list."""
    async with opened(hostile, DESIGN) as pilot:
        await press(pilot, screen, "y")
        row = pilot.app.clipboard
        await press(pilot, "Y")
        await finish(pilot)
        table = pilot.app.clipboard

    assert [one for one in FORBIDDEN if one in row.replace("\t", "")] == []
    assert [one for one in FORBIDDEN if one in table.replace("\t", "")] == []
    head, *rows = table.split("\n")
    assert rows == [row]
    assert head.count("\t") == row.count("\t")


@pytest.mark.parametrize("screen", ["2", "3", "6"], ids=["exception", "workflow", "delivery"])
async def test_each_tab_of_a_detail_is_copied_as_it_is_shown(hostile: Path, screen: str) -> None:
    """y: what it is, its facts, and the whole tab, as wide as it should be and without what a terminal obeys."""
    async with opened(hostile, NARROW) as pilot:
        await press(pilot, screen, "enter")
        detail = pilot.app.screen
        assert isinstance(detail, DetailScreen)
        assert detail.dossier is not None
        first = detail.heading(detail.dossier)
        copied = []
        for _ in detail.TABS:
            await press(pilot, "y", "l")
            copied.append(pilot.app.clipboard)

    for name, shown in zip(detail.TABS, copied, strict=True):
        lines = shown.split("\n")
        assert name in lines
        assert lines[0] == first.rstrip()
        assert [one for one in FORBIDDEN if one in shown] == []
        assert len(lines) > lines.index(name) + 1
    assert len(set(copied)) == len(copied)


async def test_a_copied_cell_is_no_formula(hostile: Path) -> None:
    """A name that begins with = is pasted into a spreadsheet as text."""
    with sqlite3.connect(hostile) as db:
        db.execute("UPDATE exception_case SET owner='=1+1'")
    async with opened(hostile, DESIGN) as pilot:
        await press(pilot, "2", "y")
        cells = pilot.app.clipboard.split("\t")

    assert "'=1+1" in cells
    assert "=1+1" not in cells
