"""What commands print: aligned text for people, JSON for scripts; data on stdout, talk on stderr.

Text from outside systems never reaches the terminal raw: control characters and direction marks are shown as
escapes, so that a supplier's name can't move the cursor or turn a line around.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

Cell = str | int | Decimal | datetime | date | bool | None

# C0 and C1 controls, direction marks and overrides, line separators, lone surrogates.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
GAP = "  "
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def safe(text: str) -> str:
    r"""Return text that can be printed: what could steer a terminal is shown as an escape.

    >>> safe("ACME\x1b[2J\u202eLTD")
    'ACME\\x1b[2J\\u202eLTD'
    """
    return _UNSAFE.sub(lambda match: _escape(match[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def shown(cell: Cell) -> str:
    """Return one value as people read it; nothing known is a dash, not an empty place."""
    match cell:
        case None | "":
            return "-"
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M")
        case _:
            return safe(str(cell))


def moment(value: str | None) -> str | None:
    """Return a stored instant to the minute, as lists show it.

    >>> moment("2026-01-05T09:14:05.000000Z")
    '2026-01-05 09:14'
    """
    return value[:16].replace("T", " ") if value else None


def grouped(amount: str | None) -> str | None:
    """Return decimal text with its thousands apart.

    >>> grouped("-1234567.80"), grouped(None)
    ('-1,234,567.80', None)
    """
    return None if amount is None else f"{Decimal(amount):,f}"


def span(seconds: int | None) -> str | None:
    """Return a length of time as people say it.

    >>> span(42), span(250), span(9000), span(300000), span(None)
    ('42 s', '4 min', '2 h', '3 d', None)
    """
    if seconds is None:
        return None
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), (1, "s"))
    return f"{seconds // size} {unit}"


def width(text: str) -> int:
    """Return how many terminal columns the text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Iterable[str] = ()) -> str:
    """Return aligned columns; headings named in `right` are aligned to the right.

    >>> print(table(["id", "name"], [[7, "ACME"], [12, None]], right=["id"]))
    id  name
     7  ACME
    12  -
    """
    lines = [list(headings), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(width(line[i]) for line in lines) for i in range(len(headings))]
    to_right = set(right)
    return "\n".join(
        GAP.join(
            _padded(text, size, heading in to_right)
            for text, size, heading in zip(line, widths, headings, strict=True)
        ).rstrip()
        for line in lines
    )


def _padded(text: str, size: int, is_right: bool) -> str:
    padding = " " * (size - width(text))
    return padding + text if is_right else text + padding


def facts(pairs: Mapping[str, Cell]) -> str:
    """Return one thing's facts, a line each."""
    size = max((len(name) for name in pairs), default=0)
    return "\n".join(f"{name:<{size}}{GAP}{shown(value)}" for name, value in pairs.items())


def say(text: str = "") -> None:
    """Print data for people, at once: somebody may be following."""
    print(text, flush=True)


def note(text: str) -> None:
    """Say something about the data, beside it: on stderr."""
    print(safe(text), file=sys.stderr)


def say_json(value: object, *, one_line: bool = False) -> None:
    """Print one JSON value; amounts and other decimals are text, instants ISO 8601."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, default=_plain, ensure_ascii=not is_utf8, indent=None if one_line else 2)
    # Newlines here are the layout's own: inside strings json has escaped them already.
    print(re.sub(_UNSAFE.pattern, _json_escape, text), flush=True)


def _json_escape(match: re.Match[str]) -> str:
    return match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}"


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime() | date():
            return value.isoformat().replace("+00:00", "Z")
        case Path():
            return str(value)
        case bytes():
            return value.decode("utf-8", "replace")
    raise TypeError(f"{type(value).__name__} has no JSON form")
