"""Reading: what is stored of a page, what is skipped, what becomes an exception."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from adapters import manifest
from adapters.base import Health, Page, Receipt, Translated, Untranslatable, WriteRequest
from adapters.drift import Drift
from adapters.errors import ProtocolError, TransientError
from finsync_tui import releasing, sync
from store import Store, cases, findings, records, requests, runs, watermarks
from store.canonical.supplier import Supplier
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
            return Untranslatable(row["id"], row["id"], "$.name", "the name is missing")
        return Translated(row["id"], a_supplier(number=row["id"], name=row["name"]))

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        return [json.dumps(self.by_id[one]).encode() for one in external_ids if one in self.by_id]

    async def write(self, request: WriteRequest) -> Receipt:
        raise AssertionError("a read writes nothing")

    async def find(self, request: WriteRequest) -> Receipt | None:
        return None

    async def check_health(self) -> Health:
        return Health(True, "fine")

    async def aclose(self) -> None: ...


def pull(store: Store, shelf: Shelf) -> sync.Pulled:
    return asyncio.run(sync.pull(store, shelf, sync.Pull("shelf", "supplier"), a_clock()))


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
    (case,) = cases.live_for_document(store.db, "shelf:S0")
    assert 5 == case.seen_count

    shelf.by_id = {"S0": {"id": "S0", "name": "well again"}}
    with store.transaction() as db:
        assert releasing.retry(db, case, clock.now()) is None
    assert 1 == look(timedelta(0))

    assert [] == cases.live_for_document(store.db, "shelf:S0")
    assert (0, "p1") == (look(timedelta(days=9)), _position(store))
    assert records.get(store.db, Supplier, "shelf", "S0") is not None


def _position(store: Store) -> str | None:
    mark = watermarks.get(store.db, "shelf", "supplier")
    return mark.position if mark else None


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
    opened = [c.class_ for c in cases.live_for_document(store.db, "shelf:supplier")]

    pull(store, Shelf(rows("a")))

    assert ["READ_FAILED"] == opened
    assert [] == cases.live_for_document(store.db, "shelf:supplier")
    assert ["done"] == [run.outcome for run in runs.last(store.db)]


def test_a_strange_field_is_noted_once() -> None:
    """Drift becomes a finding when it is first seen, and no second one while it lasts."""
    with a_store() as store:
        strange = [{"id": "S1", "name": "one", "colour": "red"}]

        pull(store, Shelf(strange))
        pull(store, Shelf([{**strange[0], "name": "two"}]))

        assert {"DRIFT": 1} == findings.counts(store.db)
