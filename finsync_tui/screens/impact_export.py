"""Writing what a change would do to a file, for whoever approves it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.content import Content

from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.dialogs import AskDialog

STOPPED = "It was stopped; no file was left behind."


async def ask(screen: WorkScreen, name: str, write: Callable[[str], Awaitable[int | None]]) -> None:
    """Ask for a file, write to it, and say how many documents it has; one that is there stays."""
    if screen.refuses_files():
        return
    answer = await screen.app.push_screen_wait(
        AskDialog(
            "Export the impact",
            Content(
                "Every document that would change. CSV, XLSX or JSON lines by the name; a file that is there stays."
            ),
            verb="write",
            prompt="File",
            is_needed=True,
            value=f"~/{name}.csv",
        )
    )
    if answer is None:
        return
    count = await write(answer)
    if count is None:
        return
    screen.app.notify(f"{count:,} documents written to {safe_text(answer, 200)}.", markup=False)
