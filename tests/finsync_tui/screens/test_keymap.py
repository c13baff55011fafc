"""Keys of one's own: a file beside workspace.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from finsync_tui.screens import keymap
from finsync_tui.screens.workflows import WorkflowsScreen
from finsync_tui.settings import SettingsFileError
from tests.finsync_tui.screens.driving import opened, press, screen_text


@pytest.mark.anyio
async def test_own_keys_take_the_place_of_ours(filled: Path) -> None:
    """The new key works, the old one does not, the help shows it, and Settings says what means nothing."""
    (filled.parent / keymap.FILE_NAME).write_text('"go.workflows" = "f6"\nqueue.retri = "f5"\n')

    async with opened(filled) as pilot:
        await press(pilot, "3")
        before = type(pilot.app.screen)
        await press(pilot, "f6")
        after = type(pilot.app.screen)
        await press(pilot, "question_mark")
        shown = screen_text(pilot)
        await press(pilot, "escape", "semicolon", "t")
        settings = screen_text(pilot)

    assert before is not WorkflowsScreen
    assert after is WorkflowsScreen
    assert "flow.abort" in shown
    assert "2 keys are set by keys.toml." in settings
    assert "queue.retri (did you mean queue.retry?)" in settings


def test_what_is_no_key_is_refused_with_its_place(tmp_path: Path) -> None:
    """File, name and what is wanted instead."""
    (tmp_path / keymap.FILE_NAME).write_text("queue.retry = 5\n")

    with pytest.raises(SettingsFileError, match=r"keys.toml at queue.retry: keys are text"):
        keymap.read(tmp_path)
