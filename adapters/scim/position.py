"""How far a read of a directory is complete. Holds the directory's time only.

| field | meaning |
| --- | --- |
| since | lastModified from which this read asks (less the overlap); None: everything |
| start | the first row that is not stored yet, from 1 |
| last | id of the row before it: where it stands elsewhere by now, rows have moved |
| until | what the directory's clock said with the first page: nothing later is relied on |
| seen | the greatest lastModified among the stored rows of this read |

What changes while a read is under way is later than `until`, so the next read, which begins no later, finds it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from adapters.errors import SettingsError


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """One point of a read."""

    since: datetime | None = None
    start: int = 1
    last: str | None = None
    until: datetime | None = None
    seen: datetime | None = None

    def to_text(self) -> str:
        return msgspec.json.encode(self).decode()

    def begun(self, server_time: datetime | None, first_page: Iterable[datetime]) -> Position:
        """Return the position with `until` set by the first page. A server that says no time has at least shown rows."""
        if self.until is not None:
            return self
        return msgspec.structs.replace(self, until=server_time or max(first_page, default=None))

    def advanced(self, start: int, last: str | None, changed: Iterable[datetime]) -> Position:
        """Return the position behind a page."""
        seen = max((moment for moment in (self.seen, *changed) if moment is not None), default=None)
        return msgspec.structs.replace(self, start=start, last=last, seen=seen)

    def completed(self) -> Position:
        """Return where the next read begins: the latest change seen, never beyond `until`, never back."""
        if self.seen is None:
            return self.again()
        since = min(self.seen, self.until) if self.until else self.seen
        return Position(since=max(since, self.since) if self.since else since)

    def again(self) -> Position:
        """Return the beginning of the same read."""
        return Position(since=self.since)


def parse(system: str, text: str | None) -> Position:
    """Read a stored position; None begins from the beginning."""
    if text is None:
        return Position()
    try:
        return msgspec.json.decode(text.encode(), type=Position)
    except msgspec.DecodeError:
        raise SettingsError(
            system,
            "the stored reading position is not one of this adapter's. "
            f"`finsync sync {system} ENTITY --full` reads from the beginning",
        ) from None
