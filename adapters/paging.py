"""Walking a collection page by page, one page ahead, and noticing when a system leads us in a circle.

Two ways to walk: by key (`id[gt]=...`: rows that change meanwhile neither shift nor hide others) and by
offset (where a system has nothing better). Both stop at `pages_max`, refuse a page that does not get on, and
hold two pages at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic

import msgspec
from typing_extensions import TypeVar

from adapters.answer import UNREADABLE, Answer
from adapters.errors import AdapterError, ProtocolError
from store.canonical.record import raw_digest

R = TypeVar("R")
E = TypeVar("E", default=object)
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk is, for the words of an error."""

    system: str
    path: str
    pages_max: int

    def loop(self, page: int, reason: str) -> ProtocolError:
        return ProtocolError(
            self.system,
            f"page {page} of {self.path} does not get on: {reason} (a pagination loop). Reading stopped, "
            "what was read before is kept. A proxy or cache that ignores the query, or an API filter that "
            "changes the order, does this: remove it, then sync again",
        )

    def too_many(self) -> ProtocolError:
        return ProtocolError(
            self.system,
            f"{self.path} has more than {self.pages_max:,} pages (pages_max). What was read is kept and the "
            "next read goes on from there; raise pages_max of this system if it really holds that much",
        )


@dataclass(frozen=True, slots=True)
class KeyedPage(Generic[R, E]):
    """One page of a walk by key: its rows, their keys in the same order, and what else the adapter read."""

    rows: Sequence[R]
    keys: Sequence[int]
    is_last: bool
    extra: E


@dataclass(frozen=True, slots=True)
class OffsetPage(Generic[R]):
    """One page of a walk by offset, and what the system said about the rest."""

    rows: Sequence[R]
    has_more: bool
    digest: bytes = field(default=b"", compare=False)
    """Of the page as it was sent: the same page twice in a row is a loop."""
    keys: Sequence[str] | None = None
    """The rows' external ids, where they were read."""


async def walk_by_key(
    place: Place, after: int, fetch: Callable[[int], Awaitable[KeyedPage[R, E]]]
) -> AsyncIterator[KeyedPage[R, E]]:
    """Yield pages with keys above `after`; the next one is fetched while the caller works on this one.

    The last page may be empty, so that a caller always learns that the walk is complete.
    """

    async def checked(number: int, key: int) -> KeyedPage[R, E]:
        page = await fetch(key)
        _check_keys(place, number, key, page)
        return page

    def following(number: int, page: KeyedPage[R, E]) -> Callable[[], Awaitable[KeyedPage[R, E]]] | None:
        if page.is_last or not page.keys:
            return None
        return lambda: checked(number, page.keys[-1])

    async for page in _ahead(place, lambda: checked(1, after), following):
        yield page


async def walk_by_offset(
    place: Place, offset: int, fetch: Callable[[int], Awaitable[OffsetPage[R]]]
) -> AsyncIterator[tuple[int, OffsetPage[R]]]:
    """Yield (offset behind the page, page). It advances by the rows that came, never by those asked for."""

    async def checked(number: int, start: int, before: bytes) -> tuple[int, OffsetPage[R]]:
        page = await fetch(start)
        if page.has_more and not page.rows:
            raise place.loop(number, "it holds no rows, yet says there are more")
        if page.rows and page.digest and page.digest == before:
            raise place.loop(number, "it is the page before once more")
        return start + len(page.rows), page

    def following(
        number: int, step: tuple[int, OffsetPage[R]]
    ) -> Callable[[], Awaitable[tuple[int, OffsetPage[R]]]] | None:
        behind, page = step
        return (lambda: checked(number, behind, page.digest)) if page.has_more else None

    async for step in _ahead(place, lambda: checked(1, offset, b""), following):
        yield step


async def _ahead(
    place: Place,
    first: Callable[[], Awaitable[C]],
    following: Callable[[int, C], Callable[[], Awaitable[C]] | None],
) -> AsyncIterator[C]:
    """Yield steps, fetching the next one while the caller works; an error waits until its turn comes."""
    step = await first()
    number = 1
    while True:
        number += 1
        fetch = following(number, step)
        if fetch is None:
            yield step
            return
        if number > place.pages_max:
            yield step
            raise place.too_many()
        task = asyncio.ensure_future(fetch())
        try:
            yield step
            step = await task
        finally:
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError, AdapterError):
                    await task
            elif not task.cancelled():
                task.exception()  # looked at, so that a caller who stops early hears no complaint about it


def _check_keys(place: Place, number: int, after: int, page: KeyedPage[R, E]) -> None:
    if not page.keys:
        if not page.is_last:
            raise place.loop(number, "it holds no rows, yet says there are more")
        return
    last = after
    for key in page.keys:
        if key <= last:
            what = "it starts again" if last == after else "its rows are not in order"
            raise place.loop(number, f"{what}, id {key} comes after id {last}")
        last = key


def external_ids(page: KeyedPage[R, E]) -> list[str] | None:
    """Return the keys as external ids; None when a row has no key, so that no row is taken for another."""
    return [str(key) for key in page.keys] if len(page.keys) == len(page.rows) else None


def split_rows(answer: Answer, member: str | None = None) -> list[bytes]:
    """Return the rows of an answer exactly as they were sent, without reading them.

    `member` names the array in an envelope; without it the answer itself is the array. Text that is not
    UTF-8 is refused here, with its place, before any of it is stored.
    """
    if member is None:
        return [bytes(row) for row in answer.decode(list[msgspec.Raw])]
    rows = answer.decode(dict[str, msgspec.Raw]).get(member)
    if rows is None:
        return []
    try:
        return [bytes(row) for row in msgspec.json.decode(rows, type=list[msgspec.Raw])]
    except UNREADABLE:
        raise answer.unreadable(f"its member {member!r} is not a list") from None


def chunks(values: Sequence[str], size: int) -> list[Sequence[str]]:
    """Cut `values` into parts of at most `size`, for `id[in]=...`."""
    return [values[start : start + size] for start in range(0, len(values), size)]


def page_digest(answer: Answer) -> bytes:
    """Return what tells one page from another."""
    return raw_digest(answer.content)
