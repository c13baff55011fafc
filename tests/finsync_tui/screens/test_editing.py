"""Editing a body: laid out, masked, put back; and the person's own editor."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from finsync_tui.screens import editing, editor, moments

BODY = '{"payee":{"iban":"DE89370400440532013000"},"lines":[{"iban":"FR7612345","total":"1.00"}]}'


def test_what_is_not_touched_is_sent_as_it_was() -> None:
    """Laying out and putting back changes nothing, masked values included."""
    shown = editing.laid_out(BODY)

    assert "DE8937" not in shown
    assert json.loads(BODY) == json.loads(editing.restored(shown, BODY))


def test_a_whole_new_value_is_taken_and_half_a_mask_is_not() -> None:
    """A masked value is the old one or a new one, never a piece of both."""
    shown = editing.laid_out(BODY)

    taken = editing.restored(shown.replace("••••3000", "GB33"), BODY)
    with pytest.raises(ValueError, match=r"payee\.iban is masked"):
        editing.restored(shown.replace("••••3000", "••••4000"), BODY)

    assert "GB33" == json.loads(taken)["payee"]["iban"]


def test_changes_are_lines_that_go_and_lines_that_come() -> None:
    """Nothing around them: what is sent differently is what a person must see."""
    assert ["-b", "+c"] == editing.changes("a\nb", "a\nc")


def test_the_own_editor_changes_the_text(tmp_path: Path) -> None:
    """Whatever $EDITOR is, it gets a file and its text comes back."""
    script = tmp_path / "ed.py"
    script.write_text(
        "import sys, pathlib; p = pathlib.Path(sys.argv[1]); p.write_text(p.read_text().upper() + '\\n')"
    )

    assert "ABC" == editor.edited([sys.executable, str(script)], "abc")


@pytest.mark.parametrize(
    ("words", "why"),
    [([sys.executable, "-c", "raise SystemExit(3)"], "ended with 3"), (["/nowhere/ed"], "can't be started")],
)
def test_an_editor_that_fails_leaves_the_text(words: list[str], why: str) -> None:
    """What went wrong is said; nothing is lost."""
    with pytest.raises(editor.EditorError, match=why):
        editor.edited(words, "abc")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", "2026-03-14T11:30"),
        ("1w", "2026-03-21T10:00"),
        ("tomorrow", "2026-03-15T07:00"),
        ("Saturday", "2026-03-21T07:00"),
        ("2026-04-01", "2026-04-01T06:00"),
        ("2026-03-14 14:00", "2026-03-14T13:00"),
        ("2026-03-14T14:00+05:00", None),
        ("2026-03-14", None),
        ("soon", None),
        ("", None),
        ("2099-01-01", None),
    ],
)
def test_until_is_meant_in_the_persons_time_zone(text: str, expected: str | None) -> None:
    """Days begin at eight where the person is; what has passed or can't be understood is refused in words."""
    now = datetime(2026, 3, 14, 10, 0, tzinfo=UTC)
    zone = ZoneInfo("Europe/Berlin")

    if expected is None:
        with pytest.raises(ValueError, match=r"write when|passed|years"):
            moments.until(text, now, zone)
    else:
        assert expected == moments.until(text, now, zone).isoformat()[:16]
