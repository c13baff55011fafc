"""The workbench with the mouse alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from finsync_tui.screens.detail import TabStrip
from finsync_tui.screens.exception_detail import ExceptionDetailScreen
from finsync_tui.screens.exceptions import ExceptionsScreen
from finsync_tui.screens.widgets.top_bar import TopBar
from finsync_tui.screens.widgets.verb_bar import VerbBar
from finsync_tui.screens.widgets.virtual_table import VirtualTable
from tests.finsync_tui.screens.driving import DESIGN, opened, screen_text, settle

pytestmark = pytest.mark.anyio


def the_list(pilot: Pilot[None]) -> VirtualTable:  # type: ignore[type-arg]
    return pilot.app.screen.query_one("#list", VirtualTable)


async def click_word(pilot: Pilot[None], widget: type, word: str) -> None:
    """Click on a word of a line."""
    (line,) = (one for one in pilot.app.screen.query(widget) if one.display)
    await pilot.click(line, offset=(line.render_line(0).text.index(word) + 1, 0))
    await settle(pilot)


async def test_a_list_is_opened_sorted_scrolled_and_a_row_looked_into(filled: Path) -> None:
    """Click on a screen's name, a header, a row; the wheel; a double click; a tab."""
    async with opened(filled, DESIGN) as pilot:
        await click_word(pilot, TopBar, "Exceptions")
        is_list = isinstance(pilot.app.screen, ExceptionsScreen)
        table = the_list(pilot)
        top, left = table.gutter.top, table.gutter.left
        header = "".join(segment.text for segment in table._header())
        before = list(table.ids)
        await pilot.click(table, offset=(header.index("Amount") + left, top))
        await settle(pilot)
        by_amount = list(table.ids)
        await pilot.click(table, offset=(12, top + 4))
        await settle(pilot)
        clicked = table.cursor_id
        for _ in range(3):
            await pilot._post_mouse_events([MouseScrollDown], table, offset=(12, top + 4))
        await settle(pilot)
        scrolled = int(table.scroll_offset.y)
        table.scroll_to(y=0, animate=False)
        await settle(pilot)
        await pilot.click(table, offset=(12, top + 2), times=2)
        await settle(pilot)
        detail = pilot.app.screen
        assert isinstance(detail, ExceptionDetailScreen)
        opened_id = detail.thing_id
        await click_word(pilot, TabStrip, "History")
        tab = detail.TABS[detail.query_one(TabStrip).current]

    assert is_list
    assert by_amount != before
    assert sorted(by_amount) == sorted(before)
    assert clicked == by_amount[3]
    assert scrolled > 0
    assert opened_id == by_amount[1]
    assert tab == "History"


async def test_what_stands_in_the_footer_is_done_by_a_click(filled: Path) -> None:
    """As if its key were pressed."""
    async with opened(filled, DESIGN) as pilot:
        await click_word(pilot, TopBar, "Exceptions")
        await click_word(pilot, VerbBar, "mark")
        marked = len(the_list(pilot).marks)
        await click_word(pilot, VerbBar, "assign")
        asked = screen_text(pilot)

    assert marked == 1
    assert "Assign" in asked
