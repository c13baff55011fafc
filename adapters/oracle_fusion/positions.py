"""How far a read of changes has come, in Oracle's own time only.

A walk asks for rows changed since `since` (less an overlap), by ascending id, and remembers the last id in `after`. Order by
LastUpdateDate would lose rows: one that is saved during the read moves to the end and pulls its neighbours into pages that
were read already. In the order of ids nothing moves; a row that changes behind us has, by that, a time later than
`until`, the server's clock at the first page, and the next walk starts no later than that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from store.clock import instant

LITERAL: Final = "%Y-%m-%dT%H:%M:%S+00:00"


class _Stored(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    since: str | None = None
    after: int | None = None
    until: str | None = None
    seen: str | None = None


class PositionError(ValueError):
    """A stored position that this adapter did not write."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where one walk is. Between walks only `since` is set."""

    since: datetime | None = None
    """Rows changed before it are known. None: nothing is."""
    after: int | None = None
    """The last id that was read in this walk."""
    until: datetime | None = None
    """The server's clock when this walk began."""
    seen: datetime | None = None
    """The latest change seen in this walk."""

    @classmethod
    def parse(cls, text: str | None) -> Position:
        if text is None:
            return cls()
        try:
            stored = msgspec.json.decode(text, type=_Stored)
            return cls(_time(stored.since), stored.after, _time(stored.until), _time(stored.seen))
        except ValueError as error:
            raise PositionError(f"the stored position {text!r} cannot be read ({error})") from None

    def text(self) -> str:
        stored = _Stored(_text(self.since), self.after, _text(self.until), _text(self.seen))
        return msgspec.json.encode(stored).decode()

    def begun(self, server_time: datetime | None, seen: datetime | None) -> Position:
        """Return the position once the first page has come.

        Without a Date header the latest change on that page stands for the server's clock: it is no later.
        """
        return self if self.until is not None else replace(self, until=server_time or seen or self.since)

    def moved(self, after: int, seen: datetime | None) -> Position:
        return replace(self, after=after, seen=_later(self.seen, seen))

    def ended(self) -> Position:
        """Return where the next walk starts: at the latest change seen, but not after this walk's beginning.

        With nothing seen it starts where this one did: the clock of the web tier alone moves nothing.
        """
        seen = self.seen if self.until is None or self.seen is None else min(self.seen, self.until)
        return Position(since=_later(self.since, seen))

    def filter(self, attribute: str, overlap: timedelta) -> str | None:
        """Return the condition on the time of change, None when everything is asked for."""
        if self.since is None:
            return None
        return f"{attribute} >= '{(self.since - overlap).astimezone(UTC).strftime(LITERAL)}'"


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _time(text: str | None) -> datetime | None:
    return None if text is None else instant(text)


def _text(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
