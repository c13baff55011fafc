"""Text from outside is hostile: nothing of it reaches a terminal as a command."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from finsync_tui.screens import signs
from finsync_tui.screens.ascii import LETTERS, ascii_text
from finsync_tui.screens.text import (
    LENGTH_MAX,
    ago,
    amount,
    countdown,
    fit,
    money,
    safe_lines,
    safe_text,
    span,
)
from tests.finsync_tui.screens.filled_store import NOW

ANYTHING = st.text(st.characters(), max_size=700) | st.text(
    st.sampled_from("a\x1b\x07\x9b\u202e\u2066\u200b\u0301\u0489\ufe0f\U000e0041\ud800\r\n\t[]株🧾"),
    max_size=60,
)
BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}


@given(ANYTHING)
def test_safe_text_holds_nothing_a_terminal_obeys(text: str) -> None:
    """No control, no bidi override, no lone surrogate, never too long, whatever comes in."""
    shown = safe_text(text)

    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cs") or ord(char) in BIDI]
    assert len(shown) <= LENGTH_MAX
    shown.encode("utf-8")


@given(ANYTHING)
def test_safe_text_is_settled_after_one_turn(text: str) -> None:
    """What is safe stays as it is."""
    once = safe_text(text)

    assert once == safe_text(once)


@given(
    st.text(st.characters(whitelist_categories=("Ll", "Lu", "Nd", "Zs"), max_codepoint=0x24F), max_size=80)
)
def test_harmless_text_is_left_alone(text: str) -> None:
    """Letters, digits and spaces are shown as they came, composed."""
    assert unicodedata.normalize("NFC", text) == safe_text(text)


@given(ANYTHING, st.integers(0, 40), st.booleans())
def test_fit_is_exactly_as_wide_as_asked(text: str, width: int, is_right: bool) -> None:
    """A cell of a table never pushes its neighbour, with wide characters neither."""
    assert width == cell_len(fit(safe_text(text), width, is_right=is_right))


def test_what_is_cut_off_is_seen() -> None:
    """Cut text ends in an ellipsis."""
    assert "Muster…" == fit("Muster GmbH", 7)
    assert "x" * (LENGTH_MAX - 1) + "…" == safe_text("x" * 10_000)


def test_lines_of_a_payload_stay_lines() -> None:
    """Line ends of any kind separate lines; everything else in them is made safe."""
    assert ["a", "b␛[31m", "c", "    d"] == safe_lines("a\r\nb\x1b[31m\rc\n\td")


def test_amounts_have_the_decimals_of_their_currency() -> None:
    """Two for the euro, none for the yen, three for the dinar; nothing is not zero."""
    assert "1,204.00 EUR" == money(120_400, "EUR")
    assert "-12,850 JPY" == money(-12_850, "JPY")
    assert "0.001" == amount(1, "KWD")
    assert "0.00" == amount(0, "EUR")
    assert "" == amount(None, "EUR")


def test_times_are_as_exact_as_it_matters() -> None:
    """Two units while the first is small, one after that; what is late carries a minus."""
    assert "in 5h 00m" == countdown(NOW + timedelta(hours=5), NOW)
    assert "-6d 17h" == countdown(NOW - timedelta(days=6, hours=17), NOW)
    assert "—" == countdown(None, NOW)
    assert "14h" == span(timedelta(hours=14, minutes=59))
    assert "just now" == ago(NOW + timedelta(minutes=1), NOW)
    assert "never" == ago(None, NOW)


def test_glyphs_have_an_ascii_form() -> None:
    """A terminal that can't show them still tells the states apart."""
    assert "! ~ o x @ | *" == ascii_text("▲ ◷ ● ✕ ⟳ ‖ ✓")
    for table in (
        signs.CASE,
        signs.WORKFLOW,
        signs.STEP,
        signs.DELIVERY,
        signs.ATTEMPT,
        signs.SYSTEM,
        signs.ENGINE,
    ):
        assert all(ascii_text(sign.glyph).isascii() for sign in table.values())
    assert all(letter.isascii() and len(letter) == 1 for letter in LETTERS.values())
