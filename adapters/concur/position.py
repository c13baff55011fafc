"""How far a read of Concur is complete. Holds Concur's time only; ours may be minutes or hours away from it.

| field | meaning |
| --- | --- |
| since | time of change from which this read asks (less the overlap); None: everything |
| until | what Concur's clock said with the first page: nothing later is relied on |
| seen | the greatest time of change among the rows of this read |
| stage | `changed`, then, when it is due, `open`: what may have changed without moving its date |
| cursor | where this read goes on; opaque, Concur's own |
| whole_at | Concur's clock at the last read that also saw what moves no date |

While a read is under way rows may change behind it: their time of change is later than `until`, so the next
read, which begins no later than `until`, finds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from adapters.answer import UNREADABLE
from adapters.errors import SettingsError

Stage = Literal["changed", "open"]


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """One point of a read."""

    since: datetime | None = None
    until: datetime | None = None
    seen: datetime | None = None
    stage: Stage = "changed"
    cursor: str | None = None
    whole_at: datetime | None = None

    def to_text(self) -> str:
        return msgspec.json.encode(self).decode()

    def begun(self, server_time: datetime | None, first_page: Iterable[datetime]) -> Position:
        """Return the position with `until` set by the first page.

        A server that says no time has at least shown rows: its clock was not before the latest of them.
        """
        if self.until is not None:
            return self
        return msgspec.structs.replace(self, until=server_time or max(first_page, default=None))

    def advanced(self, cursor: str | None, updated: Iterable[datetime]) -> Position:
        """Return the position behind a page."""
        seen = max((moment for moment in (self.seen, *updated) if moment is not None), default=None)
        return msgspec.structs.replace(self, cursor=cursor, seen=seen)

    def is_whole_due(self, after: timedelta) -> bool:
        """Say whether it is time to look at what moves no date, by Concur's clock."""
        if self.since is None or self.until is None:
            return False  # a first read sees everything anyway
        return self.whole_at is None or self.until - self.whole_at >= after

    def completed(self, *, saw_whole: bool) -> Position:
        """Return where the next read begins: the greatest time seen, but never beyond `until`, never back."""
        candidates = [moment for moment in (self.seen, self.until) if moment is not None]
        since = self.since
        if self.seen is not None and candidates:
            reached = min(candidates)
            since = max(reached, self.since) if self.since else reached
        whole_at = (self.until or self.seen) if saw_whole else self.whole_at
        return Position(since=since, whole_at=whole_at or self.whole_at)


def parse(system: str, text: str | None) -> Position:
    """Read a stored position; None begins from the beginning."""
    if text is None:
        return Position()
    try:
        return msgspec.json.decode(text.encode(), type=Position)
    except UNREADABLE:
        raise SettingsError(
            system,
            "the stored reading position is not one of this adapter's; reset it to read everything again",
        ) from None
