"""Walking what changed, and once in a while what changed without moving its date: the same for all families.

Pages go by Concur's own cursor. A stored cursor that is not taken any more costs this stage a new beginning,
nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.base import Page
from adapters.concur.position import Position
from adapters.errors import RejectedError
from adapters.paging import Place
from store.canonical.record import raw_digest

DIGESTS_MAX: Final = 100_000
"""So many rows of a read are remembered, to leave out what comes twice in it."""


@dataclass(frozen=True, slots=True)
class PageRead:
    """One page: its rows, when they changed, where the next one begins, and what the server's clock said."""

    rows: Sequence[bytes]
    changed: Sequence[datetime]
    cursor: str | None
    said_at: datetime | None


async def walk_stages(
    place: Place, at: Position, every: timedelta, fetch: Callable[[Position], Awaitable[PageRead]]
) -> AsyncIterator[Page]:
    """Yield the pages of the stage `changed`, then, when `every` has passed since the last time, of `open`."""
    is_first_read = at.since is None
    seen: set[bytes] = set()
    count = 0
    while True:
        count += 1
        try:
            page = await fetch(at)
        except RejectedError:
            if count > 1 or at.cursor is None:
                raise
            at = msgspec.structs.replace(at, cursor=None)
            continue
        if page.cursor is not None and page.cursor == at.cursor:
            raise place.loop(count, "its next page is itself")
        at = at.begun(page.said_at, page.changed).advanced(page.cursor, page.changed)
        is_over = page.cursor is None
        goes_on = is_over and at.stage == "changed" and at.is_whole_due(every)
        is_last = is_over and not goes_on
        saw_whole = is_first_read or at.stage == "open"
        if goes_on:
            at = msgspec.structs.replace(at, stage="open")
        reached = at.completed(saw_whole=saw_whole) if is_last else at
        yield Page(_unseen(page.rows, seen), reached.to_text(), is_last)
        if is_last:
            return
        if count >= place.pages_max:
            raise place.too_many()


def _unseen(rows: Sequence[bytes], seen: set[bytes]) -> list[bytes]:
    """Leave out what this read has brought already, as far as we remember."""
    fresh = []
    for row in rows:
        digest = raw_digest(row)
        if digest in seen:
            continue
        if len(seen) < DIGESTS_MAX:
            seen.add(digest)
        fresh.append(row)
    return fresh
