"""How far a read of Coupa is complete. Holds Coupa's time only; ours may be minutes or hours away from it.

| field | meaning |
| --- | --- |
| since | updated-at from which this read asks (less the overlap); None: everything |
| after_id | pages are read in order of id: all up to this one are stored |
| until | what Coupa's clock said with the first page: nothing later is relied on |
| seen | the greatest updated-at among the stored rows of this read |
| is_queue | this read is still at what is not marked as exported; what changed is read after it |

While a read is under way, rows below `after_id` may change: their updated-at is later than `until`, so the
next read, which begins no later than `until`, finds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from adapters.errors import SettingsError


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """One point of a read."""

    since: datetime | None = None
    after_id: int = 0
    until: datetime | None = None
    seen: datetime | None = None
    is_queue: bool = False

    def to_text(self) -> str:
        return msgspec.json.encode(self).decode()

    def asks_from(self, overlap: timedelta) -> str | None:
        """Return the updated-at to ask from, in whole seconds, as Coupa's filters take it."""
        if self.since is None:
            return None
        return (self.since - overlap).strftime("%Y-%m-%dT%H:%M:%SZ")

    def queued(self) -> Position:
        """Return the position of a delta that begins with the queue; a read of everything needs none."""
        is_fresh = self.since is not None and self.until is None and not self.after_id
        return msgspec.structs.replace(self, is_queue=self.is_queue or is_fresh)

    def swept(self) -> Position:
        """Return where the sweep by change date begins, behind the queue.

        What the queue showed counts for nothing in it: its rows may have changed long ago, and others not be in it.
        """
        return Position(since=self.since)

    def begun(self, server_time: datetime | None, first_page: Iterable[datetime]) -> Position:
        """Return the position with `until` set by the first page.

        A server that says no time has at least shown rows: its clock was not before the latest of them.
        """
        if self.until is not None:
            return self
        return msgspec.structs.replace(self, until=server_time or max(first_page, default=None))

    def advanced(self, last_id: int, updated: Iterable[datetime]) -> Position:
        """Return the position behind a page."""
        seen = max((moment for moment in (self.seen, *updated) if moment is not None), default=None)
        return msgspec.structs.replace(self, after_id=last_id, seen=seen)

    def completed(self) -> Position:
        """Return where the next read begins: the greatest updated-at seen, but never beyond `until`, never
        back.
        """
        candidates = [moment for moment in (self.seen, self.until) if moment is not None]
        if self.seen is None or not candidates:
            return Position(since=self.since)
        since = min(candidates)
        return Position(since=max(since, self.since) if self.since else since)


def parse(system: str, text: str | None) -> Position:
    """Read a stored position; None begins from the beginning."""
    if text is None:
        return Position()
    try:
        position = msgspec.json.decode(text.encode(), type=Position)
    except msgspec.DecodeError:
        raise SettingsError(
            system,
            "the stored reading position is not one of this adapter's. "
            f"`finsync sync {system} ENTITY --full` reads from the beginning",
        ) from None
    return position


def moment(text: str | None) -> datetime | None:
    """Read an updated-at; a text that is no aware time counts as none."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
