"""Told to stop: what is kept, what is cut, and that it is quick."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from typing import cast

import pytest

from adapters.base import Adapter, Page, Receipt, Translated, Untranslatable, WriteRequest
from finsync_tui import delivery, stopping, sync
from store import meta, outbox, records, runs, watermarks
from store.errors import GivenUpError
from tests.builders import a_clock, a_purchase_order, a_store
from tests.finsync_tui.cli.conftest import Finsync
from tests.finsync_tui.flows.desk import SOURCE, TARGET, Desk
from tests.finsync_tui.test_sync import Shelf


class _Endless(Shelf):
    """A system whose read goes on and on, and that never answers after `answers` pages."""

    def __init__(self, stop: list[bool], *, answers: int) -> None:
        super().__init__(position="p")
        self.stop = stop
        self.answers = answers

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        for n in range(self.answers):
            yield Page([b'{"id": "S%d", "name": "a"}' % n], f"p{n}", False, [f"S{n}"])
            self.stop.append(True)
        await asyncio.Event().wait()


def test_a_long_read_ends_between_two_pages() -> None:
    """The page that is there is stored with its position; the read counts as cut, and not as read to the end."""
    store, asked = a_store(), list[bool]()
    shelf = _Endless(asked, answers=3)

    pulled = asyncio.run(
        sync.pull(store, shelf, sync.Pull("shelf", "supplier"), a_clock(), lambda: len(asked) >= 1)
    )

    mark = watermarks.get(store.db, "shelf", "supplier")
    assert (2, "p1") == (pulled.rows_read, mark and mark.position)
    assert [("failed", runs.INTERRUPTED)] == [(run.outcome, run.error) for run in runs.last(store.db)]
    assert not sync.is_caught_up(store.db, "shelf", "supplier")


def test_a_huge_page_is_left_amid_its_translation() -> None:
    """Nothing of it is stored and the watermark stays before it: it is read again."""
    store, asked = a_store(), list[bool]()

    class Heavy(Shelf):
        def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
            asked.append(True)
            return super().translate(entity, rows)

    heavy = Heavy([{"id": f"S{n}", "name": "a"} for n in range(2000)], position="p")

    asyncio.run(sync.pull(store, heavy, sync.Pull("shelf", "supplier"), a_clock(), lambda: len(asked) >= 2))

    assert (2, 0) == (len(asked), records.count(store.db, "supplier"))
    assert watermarks.get(store.db, "shelf", "supplier") is None
    assert [("failed", runs.INTERRUPTED)] == [(run.outcome, run.error) for run in runs.last(store.db)]


def test_what_sqlite_computes_is_given_up() -> None:
    """Within milliseconds, however long it would go on; what the transaction had written is taken back, and the store works."""
    store = a_store()
    counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    def work() -> None:
        with store.interruptible(lambda: True), store.transaction() as db:
            meta.set(db, "begun", "yes")
            db.execute(counting)

    with pytest.raises(GivenUpError):
        work()

    assert meta.get(store.db, "begun") is None
    with store.transaction() as db:
        meta.set(db, "begun", "again")
    assert "again" == meta.get(store.db, "begun")


class _Silent:
    """A system that takes what is sent and never answers."""

    system = TARGET

    def __init__(self) -> None:
        self.sent = asyncio.Event()

    async def find(self, request: WriteRequest) -> Receipt | None:
        self.sent.set()
        await asyncio.Event().wait()
        return None


def test_what_was_sent_without_an_answer_stays_claimed_and_the_rest_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next engine looks the one up before it sends it, and sends the others."""
    monkeypatch.setattr(stopping, "GRACE_S", 0.01)
    desk = Desk()
    delivering = desk.profile.delivery.model_copy(update={"workers": 1})
    profile = desk.profile.model_copy(update={"delivery": delivering})
    for number in ("4711", "4712"):
        desk.order(a_purchase_order(number=number), external_id=number)

    async def work() -> None:
        silent, stop = _Silent(), stopping.Stop()
        sending = asyncio.create_task(
            stop.run(
                delivery.deliver_due(
                    desk.store,
                    {TARGET: cast("Adapter", silent)},
                    profile,
                    desk.clock,
                    desk.lease.token,
                    stop.is_asked,
                )
            )
        )
        await silent.sent.wait()
        stop.ask()
        assert await sending is None

    asyncio.run(work())

    states = [
        outbox.of_document(desk.store.db, "purchase_order", f"{SOURCE}:{number}")[0].state
        for number in ("4711", "4712")
    ]
    assert ["claimed", "pending"] == states


def test_one_cycle_told_to_stop_says_what_was_kept(finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes calls and never answers is left; it ends with 1, the lease is given back."""
    monkeypatch.setattr(stopping, "GRACE_S", 0.01)
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"FINSYNC_SECRET_COUPA_{name}", "x")
    profile = finsync.path / "profiles" / "own" / "profile.toml"

    with socket.create_server(("127.0.0.1", 0)) as mute:
        text = profile.read_text(encoding="utf-8")
        profile.write_text(
            text.replace("127.0.0.1:9", f"127.0.0.1:{mute.getsockname()[1]}"), encoding="utf-8"
        )

        def terminate_when_called() -> None:
            mute.accept()
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=terminate_when_called, daemon=True).start()
        answer = finsync("run", "--once")

    assert 1 == answer.code
    assert "error STOPPED" in answer.err
    assert "the next `finsync run` goes on from there" in answer.err
    assert not finsync("status", "--json").json["engine"]["is_running"]
