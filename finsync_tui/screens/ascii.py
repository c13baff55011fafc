"""For terminals that show nothing but ASCII: our own glyphs and frames in letters.

Asked for with FINSYNC_ASCII=1, and taken by itself where the encoding is not UTF-8.
"""

from __future__ import annotations

import locale
import os

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

LETTERS = {
    **dict(zip("▲◷●✕⟳‖✓", "!~ox@|*", strict=True)),  # states
    **dict(zip("≠−→◌○∅", "#->.o0", strict=True)),  # comparison and history
    **dict(zip("│·…—↑↓⏎•", "|-.-^v<*", strict=True)),  # punctuation and keys
    **dict(zip("─━╭╮╰╯┌┐└┘", "-=++++++++", strict=True)),  # frames and bars
    **dict(zip("▁▂▃▄▅▆▇█▎▊▋▌▍▏▐▔", "____####|||||||-", strict=True)),  # scroll bars
}
_TABLE = str.maketrans(LETTERS)


def is_wanted() -> bool:
    """Say whether this terminal is to be given ASCII only."""
    asked = os.environ.get("FINSYNC_ASCII", "")
    if asked:
        return asked != "0"
    return locale.getpreferredencoding(False).lower().replace("-", "") not in ("utf8", "cp65001")


def ascii_text(text: str) -> str:
    """Return text with our glyphs as letters: `!` overdue, `~` due, `o` ok, `x` failed, `|` waiting, `*` marked.

    >>> ascii_text("▲ overdue │ ● ok")
    '! overdue | o ok'
    """
    return text if text.isascii() else text.translate(_TABLE)


class AsciiGlyphs(LineFilter):
    """Changes each line just before it is drawn; widths stay, since every glyph is one letter."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_text(text), style, control) for text, style, control in segments]
