"""Walks read one page ahead, stop where they must, and notice when a system leads them in a circle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.answer import Answer
from adapters.errors import OutcomeUnknownError, ProtocolError, TransientError
from adapters.paging import (
    KeyedPage,
    OffsetPage,
    Place,
    chunks,
    page_digest,
    split_rows,
    walk_by_key,
    walk_by_offset,
)

PLACE = Place("coupa", "/api/suppliers", pages_max=10)


def an_answer(content: bytes, *, is_write: bool = False) -> Answer:
    return Answer(200, httpx.Headers(), content, "coupa", "GET", "/api/suppliers", is_write)


def by_key(pages: dict[int, Sequence[int]], place: Place = PLACE, most: int | None = None) -> list[list[int]]:
    """Walk pages given by the key they are asked with; a missing one is empty and the last."""

    async def fetch(after: int) -> KeyedPage[int, None]:
        keys = pages.get(after, ())
        return KeyedPage(keys, keys, not keys, None)

    async def walk() -> list[list[int]]:
        found: list[list[int]] = []
        async for page in walk_by_key(place, 0, fetch):
            found.append(list(page.rows))
            if len(found) == most:
                break
        return found

    return asyncio.run(walk())


def by_offset(pages: list[OffsetPage[int]]) -> list[int]:
    async def fetch(offset: int) -> OffsetPage[int]:
        return pages.pop(0)

    async def walk() -> list[int]:
        return [row async for _, page in walk_by_offset(PLACE, 0, fetch) for row in page.rows]

    return asyncio.run(walk())


def test_a_walk_by_key_follows_the_last_key() -> None:
    """Pages come in order, and the empty last one says that the walk is complete."""
    found = by_key({0: (1, 4), 4: (5, 9)})

    assert [[1, 4], [5, 9], []] == found


@pytest.mark.parametrize(
    "pages",
    [
        {0: (1, 2), 2: (1, 2)},
        {0: (1, 2), 2: (3, 3)},
        {0: (5, 4)},
        {0: (0, 1)},
    ],
    ids=["starts again", "repeats", "out of order", "before the start"],
)
def test_a_page_that_does_not_get_on_is_a_loop(pages: dict[int, Sequence[int]]) -> None:
    """Keys must rise; the error names the system, the page, the path and a remedy."""
    with pytest.raises(ProtocolError) as caught:
        by_key(pages)

    for part in ("coupa", "/api/suppliers", "pagination loop", "sync again"):
        assert part in str(caught.value)


def test_a_page_without_readable_rows_that_says_more_is_a_loop() -> None:
    """Without a key there is nothing to go on from."""

    async def fetch(after: int) -> KeyedPage[bytes, None]:
        return KeyedPage((b"?",), (), False, None)

    async def walk() -> None:
        async for _ in walk_by_key(PLACE, 0, fetch):
            pass

    with pytest.raises(ProtocolError, match="says there are more"):
        asyncio.run(walk())


def test_a_walk_ends_at_its_bound() -> None:
    """pages_max stops an endless collection after what was allowed was handed over."""
    endless = {n: (n + 1,) for n in range(100)}

    with pytest.raises(ProtocolError, match="pages_max"):
        by_key(endless)


def test_the_next_page_is_fetched_while_the_caller_works() -> None:
    """One page ahead, never two."""
    asked: list[int] = []

    async def fetch(after: int) -> KeyedPage[int, None]:
        asked.append(after)
        return KeyedPage((after + 1,), (after + 1,), False, None)

    async def walk() -> list[list[int]]:
        seen = []
        async for _ in walk_by_key(PLACE, 0, fetch):
            for _turn in range(5):
                await asyncio.sleep(0)
            seen.append(list(asked))
            if len(seen) == 3:
                break
        return seen

    assert [[0, 1], [0, 1, 2], [0, 1, 2, 3]] == asyncio.run(walk())


def test_an_error_ahead_waits_for_its_turn() -> None:
    """The page in hand is handed over before the error of the next one is raised."""

    async def fetch(after: int) -> KeyedPage[int, None]:
        if after:
            raise TransientError("coupa", "away")
        return KeyedPage((1,), (1,), False, None)

    async def walk() -> list[int]:
        found: list[int] = []
        try:
            async for page in walk_by_key(PLACE, 0, fetch):
                await asyncio.sleep(0)
                found += page.rows
        except TransientError:
            found.append(-1)
        return found

    assert [1, -1] == asyncio.run(walk())


def test_who_stops_early_leaves_nothing_running() -> None:
    """A walk that is closed after its first page cancels the request that is under way."""
    cancelled: list[int] = []

    async def fetch(after: int) -> KeyedPage[int, None]:
        if after:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(after)
                raise
        return KeyedPage((1,), (1,), False, None)

    async def walk() -> None:
        pages = walk_by_key(PLACE, 0, fetch)
        await anext(pages)
        await asyncio.sleep(0)
        await pages.aclose()  # type: ignore[attr-defined]

    asyncio.run(walk())

    assert [1] == cancelled


def test_a_walk_by_offset_advances_by_what_came() -> None:
    """A server that gives fewer rows than asked for loses none."""
    found = by_offset(
        [OffsetPage((1, 2), True), OffsetPage((3,), True), OffsetPage((), False)],
    )

    assert [1, 2, 3] == found


@pytest.mark.parametrize(
    "pages",
    [
        [OffsetPage((), True)],
        [OffsetPage((1,), True, b"same"), OffsetPage((1,), True, b"same")],
    ],
    ids=["more of nothing", "the same page twice"],
)
def test_an_offset_that_does_not_get_on_is_a_loop(pages: list[OffsetPage[int]]) -> None:
    """No rows with more to come, or the same page again, ends the walk with an error."""
    with pytest.raises(ProtocolError, match="pagination loop"):
        by_offset(pages)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers() | st.text(max_size=3)), max_size=5))
def test_rows_are_split_to_the_byte(rows: list[dict[str, object]]) -> None:
    """What a system sent is kept as it was sent, envelope or not."""
    import json

    texts = [json.dumps(row).encode() for row in rows]
    bare = b"[ " + b" , ".join(texts) + b" ]"

    assert texts == split_rows(an_answer(bare))
    assert texts == split_rows(an_answer(b'{"count": 1, "items":' + bare + b', "hasMore": false}'), "items")


def test_an_envelope_may_lack_its_rows() -> None:
    """An empty page may come without the member."""
    assert [] == split_rows(an_answer(b'{"count": 0}'), "items")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'[{"id": 1}, {"id": ]', "byte 19"),
        (b'[{"id": 1}', "byte 10"),
        (b"", "byte 0"),
        (b"<html>maintenance page</html>", "byte 0"),
        (b'[{"id": 1, "name": "M\xfcller"}]', "UTF-8 at byte 21"),
        (b'{"id": 1}', "another shape"),
    ],
    ids=["malformed", "cut", "empty", "html", "latin-1", "object"],
)
def test_what_is_no_list_of_documents_is_refused_with_its_place(content: bytes, place: str) -> None:
    """The message names the byte and a remedy, and repeats nothing of the document."""
    with pytest.raises(ProtocolError) as caught:
        split_rows(an_answer(content))

    assert place in str(caught.value)
    assert "GET /api/suppliers" in str(caught.value)
    assert "base_url" in str(caught.value)


def test_an_unreadable_answer_to_a_write_leaves_its_outcome_unknown() -> None:
    """The write may have been done."""
    with pytest.raises(OutcomeUnknownError):
        an_answer(b"{", is_write=True).decode(dict)


def test_an_items_member_that_is_no_list_is_refused() -> None:
    """The envelope is there, its rows are something else."""
    with pytest.raises(ProtocolError, match="'items' is not a list"):
        split_rows(an_answer(b'{"items": {"a": 1}}'), "items")


def test_ids_are_asked_for_in_parts() -> None:
    """Parts cover all values in order."""
    assert [["1", "2"], ["3"]] == chunks(["1", "2", "3"], 2)


def test_pages_are_told_apart_by_their_bytes() -> None:
    """Equal bytes, equal digest."""
    assert page_digest(an_answer(b"[1]")) == page_digest(an_answer(b"[1]"))
    assert page_digest(an_answer(b"[1]")) != page_digest(an_answer(b"[2]"))
