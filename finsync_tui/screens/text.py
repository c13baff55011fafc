"""How facts become text on a screen: safe, measured in cells, the same everywhere.

Everything from outside passes `safe_text` on its way into a view model: a supplier's name may hold escape
sequences that retitle the window, bidi overrides that swap digits, or markup.

>>> safe_text("ACME\\x1b]0;owned\\x07 \\u202egnp.exe")
'ACME␛]0;owned␇ gnp.exe'
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from rich.cells import cell_len, set_cell_size

LENGTH_MAX = 500
MARKS_MAX = 3
"""Combining marks on one letter: more than these only disturb the lines above and below."""
NULL = "∅"
DAY_S = 86_400
FEW = 10
"""From so many hours or days on, minutes or hours do not matter any more."""

_INVISIBLE = (
    *range(0x200B, 0x2010),  # zero width spaces and joiners, direction marks
    0x00AD,
    0x061C,
    *range(0x202A, 0x202F),  # bidi embeddings and overrides
    *range(0x2060, 0x2070),  # word joiner, bidi isolates, deprecated format characters
    *range(0xFE00, 0xFE10),  # variation selectors: terminals disagree about the width
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0200),  # tags and further variation selectors
)
_TABLE: dict[int, str | None] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    **dict.fromkeys(range(0x80, 0xA0), "\N{REPLACEMENT CHARACTER}"),
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
    **dict.fromkeys(_INVISIBLE),
    0x7F: "␡",
    ord("\t"): "⇥",
    ord("\n"): "⏎",
    ord("\r"): None,
    0x2028: "⏎",
    0x2029: "⏎",
}
_LINE_ENDS = re.compile("\r\n|[\n\r\u2028\u2029]")


def safe_text(value: object, length_max: int = LENGTH_MAX) -> str:
    """Return one line that any terminal shows as it is: no control, no bidi override, no lone surrogate."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    # Cut first: a 40 MB field must not be normalised for the 500 characters that are shown.
    text = text[: length_max * 4].translate(_TABLE)
    text = unicodedata.normalize("NFC", _few_marks(unicodedata.normalize("NFC", text)))
    return text if len(text) <= length_max else text[: length_max - 1] + "…"


def safe_lines(value: str, lines_max: int = 5_000, length_max: int = 2_000) -> list[str]:
    """Return text that has lines of its own (a payload, a comment) line by line, each of them safe."""
    lines = _LINE_ENDS.split(value, maxsplit=lines_max)
    return [safe_text(line.replace("\t", "    "), length_max) for line in lines[:lines_max]]


def _few_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if run <= MARKS_MAX:
            kept.append(char)
    return "".join(kept)


def fit(text: str, width: int, *, is_right: bool = False) -> str:
    """Return text of exactly `width` cells; cut text ends in an ellipsis.

    >>> fit("株式会社", 6), fit("12", 4, is_right=True)
    ('株式… ', '  12')
    """
    if width <= 0:
        return ""
    size = cell_len(text)
    if size > width:
        return set_cell_size(set_cell_size(text, width - 1).rstrip(" ") + "…", width)
    gap = " " * (width - size)
    return gap + text if is_right else text + gap


@dataclass(frozen=True, slots=True)
class Format:
    """How one person reads times and amounts."""

    zone: tzinfo = UTC
    thousands: str = ","
    decimal: str = "."


_shown = Format()


def use(shown: Format) -> None:
    """Show times and amounts so from now on: there is one person at a workbench, and a workbench to a process."""
    global _shown
    _shown = shown


def form() -> Format:
    """Return how the person at this workbench reads, and writes, times and amounts."""
    return _shown


def zone() -> tzinfo:
    """Return the time zone in which times are shown and meant."""
    return _shown.zone


def amount(amount_minor: int | None, currency: str | None) -> str:
    """Return an amount without its currency, grouped: `1,204.00`. No amount is an empty text, zero is `0.00`."""
    if amount_minor is None:
        return ""
    from store.canonical.currency import exponent

    digits = exponent(currency or "")
    whole, rest = divmod(abs(amount_minor), 10**digits)
    sign = "-" if amount_minor < 0 else ""
    grouped = f"{whole:,}".replace(",", _shown.thousands)
    return f"{sign}{grouped}{_shown.decimal}{rest:0{digits}d}" if digits else f"{sign}{grouped}"


def number(text: str, form: Format) -> Decimal | None:
    """Return the number that a person wrote, in their own way or plainly; None: it is none, or could be two.

    >>> german = Format(thousands=".", decimal=",")
    >>> number("10.000", german), number("1.000,50", german), number("10.5", german), number("10,000", Format())
    (Decimal('10000'), Decimal('1000.50'), Decimal('10.5'), Decimal('10000'))
    >>> number("10,5", Format()), number("1.000,50", Format())
    (None, None)
    """
    text = text.replace("_", "")
    sign, point = re.escape(form.thousands or ","), re.escape(form.decimal)
    if re.fullmatch(rf"[+-]?(\d+|\d{{1,3}}({sign}\d{{3}})+)({point}\d+)?", text, re.ASCII):
        return Decimal(text.replace(form.thousands or ",", "").replace(form.decimal, "."))
    return Decimal(text) if re.fullmatch(r"[+-]?\d*\.?\d+", text, re.ASCII) else None


def money(amount_minor: int | None, currency: str | None) -> str:
    """Return an amount with its currency: `1,204.00 EUR`."""
    return f"{amount(amount_minor, currency)} {currency or '?'}" if amount_minor is not None else ""


def span(delta: timedelta) -> str:
    """Return a duration as exactly as it matters: the second unit only while the first is small. No sign.

    >>> [span(timedelta(hours=hours)) for hours in (0.001, 0.2, 3.5, 14.5, 52, 300)]
    ['3s', '12m', '3h 30m', '14h', '2d 04h', '12d']
    """
    seconds = int(abs(delta).total_seconds())
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3_600:
        return f"{seconds // 60}m"
    if seconds < DAY_S:
        hours = seconds // 3_600
        return f"{hours}h {seconds % 3_600 // 60:02}m" if hours < FEW else f"{hours}h"
    days = seconds // DAY_S
    return f"{days}d {seconds % DAY_S // 3_600:02}h" if days < FEW else f"{days}d"


def countdown(due_at: datetime | None, now: datetime) -> str:
    """Return how long until something is due, or since when it is late: `in 3h 05m`, `-2d 04h`."""
    if due_at is None:
        return "—"
    return f"-{span(now - due_at)}" if due_at <= now else f"in {span(due_at - now)}"


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was; what lies ahead of the clock is `now`."""
    if at is None:
        return "never"
    return "just now" if now - at < timedelta(seconds=5) else f"{span(now - at)} ago"


def stamp(at: datetime | None) -> str:
    """Return an instant to the minute in the person's time zone, UTC unless they chose one: `2026-03-14 10:00`."""
    return at.astimezone(_shown.zone).strftime("%Y-%m-%d %H:%M") if at is not None else "—"


def words(name: str) -> str:
    """Return an identifier as words: `await_approval` is `await approval`."""
    return safe_text(name.replace("_", " "))
