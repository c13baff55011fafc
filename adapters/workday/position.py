"""How far a read of Workday has come: two marks, one by when things were entered, one by when they hold.

All of it is Workday's own time. While a read is under way its moments stay those of its first page: the second page must not
shift under the first.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from adapters.answer import UNREADABLE
from adapters.errors import ProtocolError


class Walk(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a read that is under way goes on."""

    stage: str
    """`whole`, `entry`, `effective` or `ahead`."""
    now: str
    today: str
    page: int = 1
    """By web services: the page that comes next."""
    after: str = ""
    """In a report: the id that was read last."""
    rows: int = 0
    active: int = 0


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """The two marks, when everything was read last, and how many rows there were then."""

    entry: str = ""
    effective: str = ""
    whole: str = ""
    rows: int = 0
    active: int = 0
    walk: Walk | None = None

    def to_text(self) -> str:
        return msgspec.json.encode(self).decode()

    @property
    def is_first(self) -> bool:
        return not self.entry

    def entered_since(self, overlap: timedelta) -> datetime:
        return datetime.fromisoformat(self.entry) - overlap

    def effective_since(self, overlap: timedelta) -> date:
        return date.fromisoformat(self.effective) - overlap


def parse(system: str, text: str | None) -> Position:
    """Read a stored position; None is the beginning."""
    if text is None:
        return Position()
    try:
        return msgspec.json.decode(text.encode(), type=Position)
    except UNREADABLE:
        raise ProtocolError(
            system,
            "the stored position is none of this adapter's. Read everything anew: `finsync sync "
            f"{system} --full`",
        ) from None
