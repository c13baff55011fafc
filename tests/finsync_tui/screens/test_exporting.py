"""Exporting a list: what is shown, in its order, whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection

import pytest
from python_calamine import CalamineWorkbook

from finsync_tui.screens import queries
from finsync_tui.screens.exporting import export
from finsync_tui.screens.filters import parse
from finsync_tui.screens.queries import DELIVERIES, EXCEPTIONS, WORKFLOWS
from finsync_tui.screens.reader import prepare
from finsync_tui.sheets import SheetError, writing
from store.clock import VirtualClock
from store.database import open_store
from tests.finsync_tui.screens.driving import finish, opened, press
from tests.finsync_tui.screens.filled_store import NOW


@pytest.fixture
def db(filled: Path) -> Iterator[Connection]:
    with open_store(filled, VirtualClock(NOW)) as store:
        reader = store.reader()
        prepare(reader)
        yield reader
        reader.close()


def ids(db: Connection) -> list[int]:
    parsed = parse("amount:>1000", EXCEPTIONS.grammar, now=NOW)
    return list(queries.ids(db, EXCEPTIONS, parsed, EXCEPTIONS.sort("amount"), is_reversed=True))


def nobody(told: tuple[int, int]) -> None:
    """Nobody watches the progress."""


def test_every_format_holds_the_same_rows(db: Connection, tmp_path: Path) -> None:
    """In the order of the list; amounts as exact decimal text beside their currency."""
    wanted = ids(db)

    counts = {
        export(db, EXCEPTIONS, wanted, tmp_path / f"late.{kind}", nobody, lambda: False)
        for kind in ("csv", "xlsx", "jsonl")
    }

    with (tmp_path / "late.csv").open(newline="") as file:
        sheet = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "late.jsonl").read_text().splitlines()]
    book = CalamineWorkbook.from_path(tmp_path / "late.xlsx").get_sheet_by_index(0).to_python()
    assert {len(wanted)} == counts
    assert wanted == [int(row["id"]) for row in sheet] == [line["id"] for line in lines]
    assert wanted == [int(float(str(row[0]))) for row in book[1:]]
    assert [row["amount"] for row in sheet] == [line["amount"] for line in lines]
    first = db.execute("SELECT amount_minor FROM v_exception WHERE id = ?", (wanted[0],)).fetchone()[0]
    assert f"{first / 100:.2f}" == sheet[0]["amount"]


@pytest.mark.parametrize("listing", [WORKFLOWS, DELIVERIES], ids=lambda listing: listing.name)
def test_every_list_can_be_written(
    db: Connection, tmp_path: Path, listing: queries.Listing[queries.Listed]
) -> None:
    """All its rows."""
    wanted = list(queries.ids(db, listing, parse("", listing.grammar, now=NOW), listing.sort("")))

    assert len(wanted) == export(db, listing, wanted, tmp_path / "all.csv", nobody, lambda: False)


def test_a_stopped_export_leaves_nothing(db: Connection, tmp_path: Path) -> None:
    """Neither the file nor its draft."""
    assert export(db, EXCEPTIONS, ids(db), tmp_path / "late.csv", nobody, lambda: True) is None
    assert [] == [path for path in tmp_path.iterdir() if "late" in path.name]


def test_a_cell_is_never_a_formula_and_a_file_never_replaced(tmp_path: Path) -> None:
    """Whatever a supplier calls itself; a file that is there stays."""
    path = tmp_path / "rows.csv"
    with writing(path, ["name"]) as write:
        write([["=HYPERLINK(1)"], ["-12.50"], [None]])

    assert ["name", "'=HYPERLINK(1)", "-12.50", '""'] == path.read_text().splitlines()
    with pytest.raises(SheetError, match="is there already"), writing(path, ["name"]):
        pass


@pytest.mark.anyio
async def test_a_list_is_exported_and_copied_by_keys_only(filled: Path, tmp_path: Path) -> None:
    """E asks where to and says when it is done; Y copies the marked rows with a header."""
    path = tmp_path / "marked.csv"
    async with opened(filled) as pilot:
        await press(pilot, "2", "space", "space", "E")
        pilot.app.screen.query_one("#answer").value = str(path)  # type: ignore[attr-defined]
        await press(pilot, "enter")
        await finish(pilot)
        await press(pilot, "Y")
        await finish(pilot)
        copied = pilot.app.clipboard

    assert 3 == len(path.read_text().splitlines())
    assert 3 == len(copied.splitlines())
    assert copied.splitlines()[0].split("\t")[2] == "Class"
