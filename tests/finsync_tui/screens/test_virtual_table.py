"""The one table of all lists, with a hundred thousand rows."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import pytest
from textual.app import App, ComposeResult

from finsync_tui.screens import themes
from finsync_tui.screens.widgets.virtual_table import PAGE_ROWS, PAGES_MAX, Cell, Column, VirtualTable
from tests.finsync_tui.screens.driving import settle

pytestmark = pytest.mark.anyio

ROWS = 100_000
COLUMNS = (
    Column("Id", 8, is_right=True, sort="id"),
    Column("Name", 12, grows=True),
    Column("More", 20, is_optional=True),
)


def cells(row: str) -> Sequence[Cell]:
    return ((row, "strong"), (f"株式会社 [b]{row}[/b]", ""), ("more", "muted"))


class TableApp(App[None]):
    """One table, and what it says."""

    CSS = "VirtualTable { height: 1fr; overflow-x: auto; scrollbar-gutter: stable; }"

    def __init__(self, count: int) -> None:
        super().__init__()
        self.numbers = array("q", range(1, count + 1))
        self.fetched: list[int] = []
        self.said: list[object] = []
        self.register_theme(themes.DARK)
        self.theme = themes.DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.FALLBACK

    def compose(self) -> ComposeResult:
        yield VirtualTable(COLUMNS, cells, can_mark=True, empty="nothing")

    def on_mount(self) -> None:
        self.table.load(self.numbers, self.fetch)
        self.table.focus()

    @property
    def table(self) -> VirtualTable[str]:
        return self.query_one(VirtualTable)

    async def fetch(self, wanted: Sequence[int]) -> Mapping[int, str]:
        self.fetched.append(len(wanted))
        return {number: f"#{number}" for number in wanted}

    def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        self.said.append(("opened", event.row_id))

    def on_virtual_table_sort_asked(self, event: VirtualTable.SortAsked) -> None:
        self.said.append(("sort", event.sort))


def lines(table: VirtualTable[str]) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


async def test_only_visible_pages_are_read() -> None:
    """A hundred thousand rows cost one or two pages, at the start and after a jump to the end."""
    app = TableApp(ROWS)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        first = sum(app.fetched)
        await pilot.press("G")
        await settle(pilot)
        shown = lines(app.table)

    assert first <= 2 * PAGE_ROWS
    assert sum(app.fetched) <= 5 * PAGE_ROWS
    assert "#100000" in shown[-1]
    assert "Id" in shown[0], "the header does not scroll"


async def test_keys_of_vi_and_of_everybody_else_do_the_same() -> None:
    """j and down, ctrl+d and page down, g and home."""
    app = TableApp(ROWS)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        places = []
        for keys in (
            ("j", "down"),
            ("k", "up"),
            ("ctrl+d", "pagedown"),
            ("ctrl+u", "pageup"),
            ("G", "end"),
            ("g", "home"),
        ):
            await pilot.press(*keys)
            places.append(app.table.cursor)

    page = 11
    assert [2, 0, 2 * page, 0, ROWS - 1, 0] == places


async def test_memory_stays_bounded_while_scrolling() -> None:
    """Old pages are forgotten: only so many are kept, however far somebody scrolls."""
    app = TableApp(ROWS)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        for page in range(0, 60):
            app.table.move_to(page * PAGE_ROWS)
            await settle(pilot)
        kept = len(app.table._pages)

    assert kept <= PAGES_MAX


async def test_cursor_and_marks_are_rows_not_places() -> None:
    """After new ids the cursor stands on the same row; a row that is gone takes its mark with it."""
    app = TableApp(1_000)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        await pilot.press("space", "space", "j", "j")
        chosen = app.table.chosen_ids()
        app.table.load(array("q", [500, 2, 5, 7]), app.fetch)
        await settle(pilot)
        cursor = app.table.cursor_id
        marks = set(app.table.marks)
        app.table.load(array("q", [9, 8]), app.fetch)
        last = app.table.cursor

    assert [1, 2] == chosen
    assert 5 == cursor
    assert {2} == marks
    assert 1 == last


async def test_marking_a_range_and_everything() -> None:
    """V marks from the last mark to the cursor, * everything, * again nothing."""
    app = TableApp(ROWS)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        await pilot.press("space", "j", "j", "j", "V")
        some = app.table.chosen_ids()
        await pilot.press("asterisk")
        everything = len(app.table.marks)
        await pilot.press("asterisk")
        nothing = len(app.table.marks)

    assert [1, 2, 3, 4, 5] == some
    assert ROWS == everything
    assert 0 == nothing


async def test_everything_is_also_what_is_still_looked_for() -> None:
    """* among the first rows of a long search marks those that come, too; a row that is unmarked by hand stays so."""
    app = TableApp(ROWS)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        app.table.load(app.numbers[:10], app.fetch, is_part=True)
        await pilot.press("asterisk")
        app.table.load(app.numbers, app.fetch)
        everything = len(app.table.marks)

        app.table.clear_marks()
        app.table.load(app.numbers[:10], app.fetch, is_part=True)
        await pilot.press("asterisk", "g", "space")
        app.table.load(app.numbers, app.fetch)
        some = app.table.chosen_ids()

    assert ROWS == everything
    assert list(range(2, 11)) == some


async def test_the_mouse_does_what_keys_do() -> None:
    """A click moves the cursor, a double click opens, a click on a header sorts."""
    app = TableApp(1_000)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        await pilot.click(VirtualTable, offset=(5, 4))
        clicked = app.table.cursor_id
        await pilot.click(VirtualTable, offset=(5, 6), times=2)
        await pilot.click(VirtualTable, offset=(5, 0))
        await settle(pilot)

    assert 4 == clicked
    assert ("opened", 6) in app.said
    assert ("sort", "id") == app.said[-1]


async def test_a_row_is_exactly_as_wide_as_the_table() -> None:
    """Wide characters and markup from data neither shift a column nor are obeyed."""
    app = TableApp(10)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        strips = [app.table.render_line(y) for y in range(app.table.size.height)]
        text = strips[1].text
        width = app.table.scrollable_content_region.width

    assert {width} == {strip.cell_length for strip in strips}
    assert "株式会社 [b]#1[/b]" in text


async def test_an_optional_column_is_left_out_when_there_is_no_room() -> None:
    """The rest stays readable without scrolling sideways."""
    app = TableApp(10)
    async with app.run_test(size=(40, 12)) as pilot:
        await settle(pilot)
        narrow = lines(app.table)[0]
        await pilot.resize_terminal(80, 12)
        await settle(pilot)
        wide = lines(app.table)[0]

    assert "More" not in narrow
    assert "More" in wide


async def test_an_empty_table_says_what_that_means() -> None:
    """No rows is a sentence, and no key breaks."""
    app = TableApp(0)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        await pilot.press("j", "G", "space", "asterisk", "V", "enter", "ctrl+d", "k")
        shown = lines(app.table)
        chosen = app.table.chosen_ids()

    assert "nothing" in shown[1]
    assert [] == app.said
    assert [] == chosen


async def test_a_cursor_step_redraws_two_lines() -> None:
    """Over ssh every line counts: moving by one asks for the old and the new line only."""
    app = TableApp(ROWS)
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        regions: list[int] = []
        original = app.table.refresh

        def counting(*given: object, **named: object) -> object:
            regions.append(sum(getattr(region, "height", 99) for region in given))
            return original(*given, **named)  # type: ignore[arg-type]

        app.table.refresh = counting  # type: ignore[method-assign, assignment]
        await pilot.press("j")
        redrawn = list(regions)

    assert [1, 1] == redrawn


async def test_a_number_at_the_edge_is_hidden_not_cut() -> None:
    """The first digits of an amount are another amount: what does not fit shows an ellipsis."""
    app = TableApp(10)
    columns = (Column("Name", 20), Column("Amount", 12, is_right=True), Column("Other", 20, is_right=True))
    async with app.run_test(size=(30, 12)) as pilot:
        await settle(pilot)
        app.table.set_columns(columns, lambda row: (("name", ""), ("12,345.67", ""), ("76,543.21", "")))
        await settle(pilot)
        cut = lines(app.table)[1]
        app.table.action_column_right()
        await settle(pilot)
        app.table.scroll_to(x=60, animate=False)
        await settle(pilot)
        scrolled = lines(app.table)[1]

    assert not [char for char in cut if char.isdigit()]
    assert "…" in cut
    assert "76,543.21" in scrolled
    assert "345.67" not in scrolled
