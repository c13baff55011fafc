"""Reading: what is stored of a page, what is skipped, what becomes an exception."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapters import manifest
from adapters.answer import Answer
from adapters.base import Health, Page, Receipt, Translated, Untranslatable, WriteRequest
from adapters.drift import Drift
from adapters.errors import ProtocolError, TransientError
from adapters.transport import Transport
from finsync_tui import releasing, sync
from store import Store, cases, findings, records, requests, runs, watermarks
from store.canonical.money import Money
from store.canonical.supplier import Supplier
from tests.adapters.setups import World, fault, worlds
from tests.builders import a_clock, a_store, a_supplier


class Shelf:
    """A system whose pages a test lays out itself; it counts what is translated."""

    def __init__(
        self,
        *pages: list[dict[str, str]],
        position: str | None = None,
        fails: Exception | None = None,
        has_keys: bool = True,
    ) -> None:
        self.system = "shelf"
        self.manifest = manifest("coupa")
        self.own_login = "us"
        self.pages = [list(page) for page in pages]
        self.position = position
        self.has_keys = has_keys
        self.fails = fails
        self.translated = 0
        self.by_id: dict[str, dict[str, str]] = {}
        self.asked: list[str | None] = []
        self.learned: dict[str, str] = {}

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        self.asked.append(position)
        for n, rows in enumerate(self.pages, 1):
            encoded = [json.dumps(row).encode() for row in rows]
            yield Page(
                encoded,
                f"{self.position}{n}" if self.position else None,
                n == len(self.pages) and not self.fails,
                [row["id"] for row in rows] if self.has_keys else None,
            )
        if self.fails:
            raise self.fails

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        self.translated += len(rows)
        return [self._one(json.loads(row)) for row in rows]

    def drift(self, entity: str, rows: Sequence[bytes]) -> list[Drift]:
        strange = sorted({name for row in rows for name in json.loads(row)} - {"id", "name"})
        return [Drift("unknown", name, "a field that nobody described") for name in strange]

    def _one(self, row: dict[str, str]) -> Translated | Untranslatable:
        if "name" not in row:
            amount = Money.of(row["worth"], "EUR") if "worth" in row else None
            return Untranslatable(row["id"], row["id"], "$.name", "the name is missing", amount)
        name = self.learned.get(row["name"], row["name"])
        return Translated(row["id"], a_supplier(number=row["id"], name=name))

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        return [json.dumps(self.by_id[one]).encode() for one in external_ids if one in self.by_id]

    async def write(self, request: WriteRequest) -> Receipt:
        raise AssertionError("a read writes nothing")

    async def find(self, request: WriteRequest) -> Receipt | None:
        return None

    async def check_health(self) -> Health:
        return Health(True, "fine")

    async def aclose(self) -> None: ...


def pull(store: Store, shelf: Shelf, *, is_full: bool = False) -> sync.Pulled:
    task = sync.Pull("shelf", "supplier", is_full=is_full)
    return asyncio.run(sync.pull(store, shelf, task, a_clock()))


def reached(store: Store) -> str | None:
    mark = watermarks.get(store.db, "shelf", "supplier")
    return mark.position if mark else None


def rows(*names: str) -> list[dict[str, str]]:
    return [{"id": f"S{n}", "name": name} for n, name in enumerate(names)]


def test_a_full_read_without_news_translates_nothing() -> None:
    """The second time every page is as it was, and nothing of it is decoded."""
    store, shelf = a_store(), Shelf(rows("a", "b"), [{"id": "S9", "name": "c"}])
    first = pull(store, shelf)

    again = pull(store, shelf)

    assert (3, 3) == (first.rows_changed, shelf.translated)
    assert (3, 0) == (again.rows_read, again.rows_changed)


def test_one_changed_row_of_a_known_page_is_found() -> None:
    """A page that differs by one row is looked at again, and only that row is translated."""
    store, shelf = a_store(), Shelf(rows("a", "b", "c"))
    pull(store, shelf)
    shelf.pages = [rows("a", "B", "c")]

    again = pull(store, shelf)

    assert (1, 4) == (again.rows_changed, shelf.translated)


def test_a_page_that_does_not_say_its_keys_is_translated_and_changes_nothing() -> None:
    """Without keys the rows we hold are recognised after translation instead of before it."""
    store, shelf = a_store(), Shelf(rows("a", "b"), position="p", has_keys=False)
    pull(store, shelf)

    again = pull(store, shelf)

    assert (2, 0, 4) == (again.rows_read, again.rows_changed, shelf.translated)


def test_a_row_that_goes_back_to_what_it_was_is_a_change() -> None:
    """A page seen earlier is not mistaken for the one that we hold now."""
    store, shelf = a_store(), Shelf(rows("a"))
    pull(store, shelf)
    shelf.pages = [rows("b")]
    pull(store, shelf)
    shelf.pages = [rows("a")]

    back = pull(store, shelf)

    assert 1 == back.rows_changed


def test_a_bad_row_is_an_exception_each_time_it_comes_and_its_neighbours_go_on() -> None:
    """A page with a refused row is never skipped: the row must not disappear."""
    store, shelf = a_store(), Shelf([{"id": "S0"}, {"id": "S1", "name": "good"}])

    first, again = pull(store, shelf), pull(store, shelf)

    assert (1, 1, 1) == (first.rows_changed, first.rows_refused, again.rows_refused)
    (case,) = cases.live_for_document(store.db, "shelf:S0")
    assert ("PAYLOAD_INVALID", 2, b'{"id": "S0"}') == (case.class_, case.seen_count, case.payload)


def test_the_money_of_a_bad_row_is_what_its_last_payload_states() -> None:
    """A payload that states no amount takes back what the one before stated: no amount is better than a wrong one."""
    store, shelf = a_store(), Shelf([{"id": "S0", "worth": "12.50"}])
    pull(store, shelf)
    (first,) = cases.live_for_document(store.db, "shelf:S0")
    shelf.pages = [[{"id": "S0"}]]

    pull(store, shelf)

    (then,) = cases.live_for_document(store.db, "shelf:S0")
    assert (1250, "EUR") == (first.amount_minor, first.currency)
    assert (None, None) == (then.amount_minor, then.currency)


def test_a_corrected_row_ends_its_exception() -> None:
    """Master data too: its correction comes with the next read, and nobody need look again."""
    store, shelf = a_store(), Shelf([{"id": "S0"}])
    pull(store, shelf)
    shelf.pages = [rows("a")]

    pull(store, shelf)

    assert [] == cases.live_for_document(store.db, "shelf:S0")
    assert [] == requests.documents(store.db, a_clock().now() + timedelta(days=9), 10)


def test_a_document_that_was_garbled_on_the_way_is_read_afresh_by_itself_and_by_retry() -> None:
    """The watermark has moved on: it is asked for by id, after growing waits and no more than a few times, or at once."""
    store, shelf, clock = a_store(), Shelf([{"id": "S0"}], position="p"), a_clock()
    pull(store, shelf)
    task = sync.Pull("shelf", "supplier", True)

    def look(after: timedelta) -> int:
        clock.advance(after)
        asked = requests.documents(store.db, clock.now(), 10)
        if asked:
            asyncio.run(sync.reread(store, shelf, task, asked, clock))
        return len(asked)

    shelf.by_id = {"S0": {"id": "S0"}}
    assert [0, 1, 0, 1, 1, 1, 0] == [look(timedelta(minutes=m)) for m in (4, 1, 5, 60, 600, 1500, 9000)]
    pull(store, shelf)  # a queue shows it again with each read: that begins nothing anew
    assert 0 == look(timedelta(days=9))
    (case,) = cases.live_for_document(store.db, "shelf:S0")
    assert 6 == case.seen_count

    shelf.by_id = {"S0": {"id": "S0", "name": "well again"}}
    with store.transaction() as db:
        assert releasing.retry(db, case, clock.now()) is None
    assert 1 == look(timedelta(0))

    assert [] == cases.live_for_document(store.db, "shelf:S0")
    assert (0, "p1") == (look(timedelta(days=9)), reached(store))
    assert records.get(store.db, Supplier, "shelf", "S0") is not None


def test_a_read_that_breaks_off_goes_on_where_it_was_stored() -> None:
    """Each page's position is stored with its rows; the next read starts there."""
    store = a_store()
    broken = Shelf(rows("a"), position="p", fails=TransientError("shelf", "away"))

    result = pull(store, broken)
    whole = Shelf([], position="q")
    pull(store, whole)

    assert result.error is not None
    assert 1 == records.count(store.db, "supplier")
    assert ["p1"] == whole.asked
    mark = watermarks.get(store.db, "shelf", "supplier")
    assert mark is not None
    assert mark.is_complete


def test_a_full_read_begins_at_the_beginning_and_moves_the_watermark_at_its_end() -> None:
    """What a delta would never have shown again is found, and the next read goes on from where this one ended."""
    store = a_store()
    pull(store, Shelf(rows("a"), position="p"))
    whole = Shelf(rows("a"), [{"id": "S9", "name": "forgotten"}], position="q")

    result = pull(store, whole, is_full=True)

    assert [None] == whole.asked
    assert (2, 1, True) == (result.rows_read, result.rows_changed, result.is_full)
    assert "q2" == reached(store)


@pytest.mark.parametrize("page_count", [1, 600])
def test_a_full_read_that_breaks_off_leaves_the_watermark_where_it_was(page_count: int) -> None:
    """What it read is kept, and no read begins behind rows that nobody has read."""
    store = a_store()
    pull(store, Shelf(rows("a"), position="p"))
    pages = [[{"id": f"S{n}", "name": "b"}] for n in range(page_count)]

    result = pull(store, Shelf(*pages, position="q", fails=TransientError("shelf", "away")), is_full=True)

    assert result.error is not None
    assert page_count == records.count(store.db, "supplier")
    assert "p1" == reached(store)


def test_a_full_read_that_is_the_first_one_goes_on_where_it_broke_off() -> None:
    """There is no watermark to lose: each page moves it, as with any first read."""
    store = a_store()

    pull(store, Shelf(rows("a"), position="q", fails=TransientError("shelf", "away")), is_full=True)

    assert "q1" == reached(store)


def test_a_full_read_translates_anew_what_is_held_already() -> None:
    """A translation that knows more makes another record of the same payload; what comes out the same stays."""
    store, shelf = a_store(), Shelf(rows("a", "b"), position="p")
    pull(store, shelf)
    shelf.learned = {"b": "B"}

    result = pull(store, shelf, is_full=True)

    assert (2, 1) == (result.rows_read, result.rows_changed)
    held = records.get(store.db, Supplier, "shelf", "S1")
    assert held is not None
    assert ("B", 2) == (held.record.name, held.version)


def test_small_pages_are_stored_together() -> None:
    """Several small pages are one transaction: one audit entry, and the position of the last of them."""
    store = a_store()

    result = pull(
        store, Shelf(rows("a"), [{"id": "S8", "name": "b"}], [{"id": "S9", "name": "c"}], position="p")
    )

    mark = watermarks.get(store.db, "shelf", "supplier")
    (stored,) = store.db.execute("SELECT count(*) FROM v_audit WHERE what = 'records.stored'").fetchone()
    assert (3, 3, 1) == (result.pages, result.rows_changed, stored)
    assert mark is not None
    assert ("p3", True) == (mark.position, mark.is_complete)


def test_small_pages_before_an_error_are_stored() -> None:
    """What was read before the system failed is kept, and the next read goes on behind it."""
    store = a_store()
    broken = Shelf(
        rows("a"), [{"id": "S9", "name": "c"}], position="p", fails=TransientError("shelf", "away")
    )

    result = pull(store, broken)

    mark = watermarks.get(store.db, "shelf", "supplier")
    assert (2, 2) == (result.pages, result.rows_changed)
    assert result.error is not None
    assert mark is not None
    assert ("p2", False) == (mark.position, mark.is_complete)


def test_an_answer_beyond_its_contract_is_an_exception_that_ends_by_itself() -> None:
    """What a person must look at is shown; when the read works again the exception closes."""
    store = a_store()
    pull(store, Shelf(rows("a"), fails=ProtocolError("shelf", "a page repeats")))
    live = cases.live_for_document(store.db, "shelf:supplier")
    opened = [c.class_ for c in live]
    assert "`finsync sync shelf supplier` tries it at once" in live[0].fix

    pull(store, Shelf(rows("a")))

    assert ["READ_FAILED"] == opened
    assert [] == cases.live_for_document(store.db, "shelf:supplier")
    assert ["done"] == [run.outcome for run in runs.last(store.db)]


@pytest.mark.parametrize(
    ("error", "needs_person"),
    [(TransientError("shelf", "away"), False), (ProtocolError("shelf", "HTML"), True)],
)
def test_an_outage_needs_nobody_and_what_can_not_be_read_does(
    error: Exception, *, needs_person: bool
) -> None:
    """A read says whether a later one does better by itself."""
    assert needs_person == pull(a_store(), Shelf(fails=error)).needs_person


def test_a_strange_field_is_noted_once() -> None:
    """Drift becomes a finding when it is first seen, and no second one while it lasts."""
    with a_store() as store:
        strange = [{"id": "S1", "name": "one", "colour": "red"}]

        pull(store, Shelf(strange))
        pull(store, Shelf([{**strange[0], "name": "two"}]))

        assert {"DRIFT": 1} == findings.counts(store.db)


@pytest.mark.parametrize("setup", worlds().values(), ids=worlds().keys())
def test_every_system_can_be_read_again_from_the_beginning(setup: Callable[..., World]) -> None:
    """What was read is as it was, what a watermark passed over is found, and the next read finds no news."""
    world = setup()
    world.add(30)
    world.clock.advance(timedelta(days=1))
    whole, empty = a_store(world.clock), a_store(world.clock)
    task = sync.Pull(world.adapter.system, world.entity, is_document_source=True)

    def read(store: Store, task: sync.Pull) -> tuple[int, int, int, str | None]:
        found = asyncio.run(sync.pull(store, world.adapter, task, world.clock))
        return found.rows_read, found.rows_changed, found.rows_refused, found.error

    assert (30, 30, 0, None) == read(whole, task)
    mark = watermarks.get(whole.db, task.system, task.entity)
    assert mark is not None
    with empty.transaction() as db:
        watermarks.advance(db, task.system, task.entity, mark.position, True, mark.moved_at)

    assert (30, 0, 0, None) == read(whole, replace(task, is_full=True))
    assert (30, 30, 0, None) == read(empty, replace(task, is_full=True))
    assert (0, 0, None) == read(whole, task)[1:]
    assert {} == findings.counts(whole.db)


@pytest.mark.parametrize("setup", worlds().values(), ids=worlds().keys())
def test_a_row_that_is_no_json_costs_its_neighbours_nothing(
    setup: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an exception with what was sent and its id, the watermark moves, and read well again it is over."""
    world = setup()
    if not getattr(world, "sends_json", True):
        pytest.skip("a page of it is one document: what is broken in it has no neighbours")
    names = world.add(5)
    store = a_store(world.clock)
    task = sync.Pull(world.adapter.system, world.entity)
    garbled = _garble_second_row(world, monkeypatch)

    first = asyncio.run(sync.pull(store, world.adapter, task, world.clock))
    live = store.db.execute(
        "SELECT class, document_key, payload FROM exception_case WHERE ended_at IS NULL"
    ).fetchall()
    garbled.clear()
    second = asyncio.run(sync.pull(store, world.adapter, replace(task, is_full=True), world.clock))

    assert (5, 4, 1, None) == (first.rows_read, first.rows_changed, first.rows_refused, first.error)
    ((class_, key, payload),) = live
    assert ("PAYLOAD_INVALID", True) == (class_, key.partition(":")[2] in names)
    # Of rows about people nothing is kept that was not read column by column.
    assert payload.endswith(b',"broken":NaN}') == (not getattr(world, "is_private", False))
    assert watermarks.get(store.db, task.system, task.entity) is not None
    assert (1, 0, None) == (second.rows_changed, second.rows_refused, second.error)
    assert [] == store.db.execute("SELECT 1 FROM exception_case WHERE ended_at IS NULL").fetchall()


def _garble_second_row(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the second row of each page come with a value that is no JSON, until the list that is returned is empty."""
    garbled = [world.read_path]
    receive = Transport._answer

    def received(self: Transport, response: httpx.Response, content: bytes, ask: Any) -> Answer:
        target = f"{ask.url.path}?{ask.url.query.decode()}"
        rows = next(_lists(json.loads(content)), []) if garbled and re.search(garbled[0], target) else []
        if len(rows) > 1 and isinstance(rows[1], dict):
            whole = json.loads(content)
            next(_lists(whole))[1]["broken"] = "@"
            content = (
                json.dumps(whole, separators=(",", ":")).encode().replace(b'"broken":"@"', b'"broken":NaN', 1)
            )
        return receive(self, response, content, ask)

    monkeypatch.setattr(Transport, "_answer", received)
    return garbled


def _lists(document: Any) -> Iterator[list[Any]]:
    """Yield the lists of documents in an answer, or the answer that is one."""
    found = [document] if isinstance(document, list) else list(document.values())
    yield from (one for one in found if isinstance(one, list) and one and isinstance(one[0], dict))


def test_an_answer_that_cannot_be_split_keeps_its_beginning_in_the_exception() -> None:
    """A page of HTML instead of rows: nothing is stored, the watermark stays, and an analyst sees what came."""
    world = worlds()["coupa"]()
    world.add(2)
    store = a_store(world.clock)
    world.faults.add(fault("garbage", path=world.read_path))

    result = asyncio.run(sync.pull(store, world.adapter, sync.Pull("coupa", world.entity), world.clock))

    assert (0, None) == (result.rows_read, watermarks.get(store.db, "coupa", world.entity))
    ((evidence,),) = store.db.execute(
        "SELECT evidence FROM exception_case WHERE class='READ_FAILED'"
    ).fetchall()
    assert "<html" in json.loads(evidence)["answer"].lower()
