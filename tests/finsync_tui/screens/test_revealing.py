"""People in a document are hidden on the screens, until whoever may see them says why: then the audit log says that they did."""

from __future__ import annotations

from pathlib import Path

import pytest

from finsync_tui.screens.exception_detail import ExceptionDetailScreen
from store.clock import VirtualClock
from store.database import open_store
from tests.finsync_tui.screens.driving import finish, opened, press, screen_text, write
from tests.finsync_tui.screens.filled_store import NOW

pytestmark = pytest.mark.anyio
ASKED = b'{"requester":{"login":"ines.moreau","fullname":"Ines Moreau"},"total":"12.00"}'


def ask_by(path: Path) -> None:
    """Have every document say who asked for it."""
    with open_store(path, VirtualClock(NOW)) as store, store.transaction() as db:
        db.execute("UPDATE exception_case SET payload = ?", (ASKED,))


def revealed(path: Path) -> list[tuple[str, str]]:
    with open_store(path, VirtualClock(NOW)) as store:
        return [
            tuple(row)
            for row in store.db.execute(
                "SELECT who, subject FROM v_audit WHERE what = 'privacy.revealed' ORDER BY seq"
            )
        ]


async def test_who_it_was_is_shown_for_a_reason_and_noted(filled: Path) -> None:
    """`N` asks why; what is shown is of this document only, and the next one hides its people again."""
    ask_by(filled)
    async with opened(filled) as pilot:
        await press(pilot, "2", "enter", "D")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionDetailScreen)
        hidden = screen_text(pilot)
        await press(pilot, "N")
        await write(pilot, "call the requester")
        await press(pilot, "enter")
        await finish(pilot)
        shown = screen_text(pilot)
        about = screen.about(screen.dossier) if screen.dossier else ""
        await press(pilot, "n")
        following = screen_text(pilot)

    assert "Ines Moreau" not in hidden
    assert "Ines Moreau" in shown
    assert "Ines Moreau" not in following
    assert [("ana", about)] == revealed(filled)


async def test_without_a_reason_nobody_is_shown(filled: Path) -> None:
    """Whoever goes back has seen nothing, and nothing is noted."""
    ask_by(filled)
    async with opened(filled) as pilot:
        await press(pilot, "2", "enter", "D", "N", "escape")
        await finish(pilot)
        hidden = screen_text(pilot)

    assert "Ines Moreau" not in hidden
    assert [] == revealed(filled)
