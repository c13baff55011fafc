"""Faults, collections and the rate limit that all simulators share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.simulation import (
    FAULT_HEADER,
    HUGE_BYTES,
    Collection,
    ConnectionDroppedError,
    Fault,
    FaultKind,
    FaultPlan,
    FaultyApp,
    RequestLog,
    TokenBucket,
    loopback_config,
    rewound,
)
from store.clock import VirtualClock

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ACTING = {"lost_answer", "slow", "truncated", "invalid_utf8"}


class Ledger:
    """A system of one table, that remembers what it was told."""

    def __init__(self, *faults: Fault) -> None:
        self.clock = VirtualClock(START)
        self.plan = FaultPlan(self.clock, faults)
        self.told: list[str] = []
        self.pauses: list[float] = []
        routes = [Route("/entries", self._answer, methods=["GET", "POST"])]
        self.app = FaultyApp(
            Starlette(routes=routes),
            self.plan,
            pause=self._pause,
            remember=lambda: rewound(self.dump, self.load),
        )

    async def _answer(self, request: Request) -> Response:
        self.told.append((await request.body()).decode())
        return JSONResponse([{"entry": n} for n in range(10)])

    def dump(self) -> dict[str, object]:
        return {"told": list(self.told), "last_number": len(self.told), "faults": self.plan.dump()}

    def load(self, state: dict[str, object]) -> None:
        self.told = list(state["told"])  # type: ignore[call-overload]
        self.plan.load(state["faults"])  # type: ignore[arg-type]
        self.last_number = state["last_number"]

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def tell(self, body: str = "", path: str = "/entries", method: str = "POST") -> httpx.Response:
        return asyncio.run(self._tell(body, path, method))

    async def _tell(self, body: str, path: str, method: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
            return await client.request(method, path, content=body)


@asynccontextmanager
async def served(ledger: Ledger) -> AsyncIterator[httpx.AsyncClient]:
    """Serve on a real loopback socket, and give a client of it."""
    server = uvicorn.Server(loopback_config(ledger.app))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client
    server.should_exit = True
    await task


@pytest.mark.parametrize(
    ("kind", "status", "is_json"),
    [
        ("throttle", 429, False),
        ("maintenance", 503, False),
        ("unavailable", 503, False),
        ("garbage", 200, False),
        ("truncated", 200, False),
        ("invalid_utf8", 200, False),
        ("expired_token", 401, False),
        ("slow", 200, True),
        ("unsaved", 200, True),
    ],
)
def test_a_fault_of_each_kind_strikes_once(kind: FaultKind, status: int, is_json: bool) -> None:
    """The first request suffers the fault, the second is served, and only acting kinds let the system act."""
    ledger = Ledger(Fault("f1", kind))

    first = ledger.tell("one")
    second = ledger.tell("two")

    assert status == first.status_code
    assert is_json is _is_json(first)
    assert (["one", "two"] if kind in ACTING else ["two"]) == ledger.told
    assert (200, True) == (second.status_code, _is_json(second))
    assert FAULT_HEADER not in second.headers
    assert [("f1", "POST", "/entries")] == [(a.fault_id, a.method, a.path) for a in ledger.plan.applied]


def _is_json(response: httpx.Response) -> bool:
    try:
        json.loads(response.content)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(("kind", "told"), [("lost_answer", ["one"]), ("reset", [])])
def test_a_dropped_connection_is_a_read_error_in_process(kind: FaultKind, told: list[str]) -> None:
    """Without a socket the client sees the error that a socket would have given it."""
    ledger = Ledger(Fault("f1", kind))

    with pytest.raises(ConnectionDroppedError) as caught:
        ledger.tell("one")

    assert isinstance(caught.value, httpx.ReadError)
    assert told == ledger.told


@pytest.mark.parametrize(("kind", "told"), [("lost_answer", ["one", "two"]), ("reset", ["two"])])
def test_a_dropped_connection_is_a_dropped_connection_on_a_socket(kind: FaultKind, told: list[str]) -> None:
    """Over a real socket no byte of an answer comes, and the next request works."""
    ledger = Ledger(Fault("f1", kind))

    async def play() -> int:
        async with served(ledger) as client:
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                await client.post("/entries", content="one")
            return (await client.post("/entries", content="two")).status_code

    assert 200 == asyncio.run(play())
    assert told == ledger.told


def test_a_huge_answer_is_streamed() -> None:
    """A client on a socket can stop reading a huge answer after any number of bytes."""
    ledger = Ledger(Fault("f1", "huge"))

    async def play() -> tuple[int, int]:
        async with served(ledger) as client:
            size = 0
            async with client.stream("GET", "/entries") as response:
                async for chunk in response.aiter_bytes():
                    size += len(chunk)
                    if size > HUGE_BYTES // 20:
                        break
            return size, (await client.get("/entries")).status_code

    size, status = asyncio.run(play())
    assert HUGE_BYTES // 20 < size < HUGE_BYTES
    assert 200 == status


def test_the_answers_date_is_the_clocks() -> None:
    """Answers, refusals too, carry the simulated system's own time and no other."""
    ledger = Ledger(Fault("f1", "unavailable", status=502))

    async def play() -> list[list[str]]:
        async with served(ledger) as client:
            answers = [await client.get("/entries") for _ in range(2)]
            return [answer.headers.get_list("date") for answer in answers]

    assert [["Sun, 01 Mar 2026 08:00:00 GMT"]] * 2 == asyncio.run(play())


def test_throttling_says_when_to_come_back_only_if_told() -> None:
    """Retry-After is part of a throttle fault that names it."""
    ledger = Ledger(Fault("f1", "throttle", retry_after_s=7), Fault("f2", "throttle"))

    answers = [ledger.tell(), ledger.tell()]

    assert ["7", None] == [answer.headers.get("retry-after") for answer in answers]


def test_a_maintenance_window_lasts_as_long_as_it_says() -> None:
    """Inside the window every request is refused with the marker, before and after it none is."""
    window = Fault(
        "f1", "maintenance", starts_at=START + timedelta(hours=1), ends_at=START + timedelta(hours=3)
    )
    ledger = Ledger(window)

    statuses = []
    for _ in range(4):
        statuses += [ledger.tell().status_code, ledger.tell().status_code]
        ledger.clock.advance(timedelta(hours=1))

    assert [200, 200, 503, 503, 503, 503, 200, 200] == statuses


def test_the_marker_tells_maintenance_from_a_plain_503() -> None:
    """Only maintenance says so."""
    ledger = Ledger(Fault("f1", "maintenance"), Fault("f2", "unavailable"))

    assert "maintenance" in ledger.tell().text
    assert "maintenance" not in ledger.tell().text


@pytest.mark.parametrize(
    ("fault", "hits"),
    [
        (Fault("f", "throttle", method="get"), False),
        (Fault("f", "throttle", method="post"), True),
        (Fault("f", "throttle", path=r"^/entries\?q=Number = '7'$"), True),
        (Fault("f", "throttle", path="/others"), False),
        (Fault("f", "throttle", body="coupa:17"), True),
        (Fault("f", "throttle", body="coupa:18"), False),
    ],
)
def test_a_fault_hits_only_what_it_names(fault: Fault, hits: bool) -> None:
    """Method, decoded path and query, and body choose the requests; a body that was looked at still arrives."""
    ledger = Ledger(fault)

    status = ledger.tell('{"mark":"coupa:17"}', "/entries?q=Number%20%3D+'7'").status_code

    assert (429 if hits else 200) == status
    assert ([] if hits else ['{"mark":"coupa:17"}']) == ledger.told


def test_slowness_is_real_seconds_before_the_answer() -> None:
    """A slow fault waits as long as it says, then serves."""
    ledger = Ledger(Fault("f1", "slow", delay_s=12.5))

    ledger.tell("one")

    assert [12.5] == ledger.pauses
    assert ["one"] == ledger.told


def test_a_restarted_plan_does_not_strike_again() -> None:
    """What has struck as often as it may stays quiet after dump and load."""
    faults = [Fault("f1", "throttle"), Fault("f2", "throttle", times=2)]
    before = Ledger(*faults)
    assert [429, 429] == [before.tell().status_code, before.tell().status_code]
    after = Ledger(*faults)

    after.plan.load(json.loads(json.dumps(before.plan.dump())))

    assert [429, 200] == [after.tell().status_code, after.tell().status_code]
    assert ["f1", "f2", "f2"] == [one.fault_id for one in after.plan.applied]


def test_two_faults_cannot_share_an_id() -> None:
    """The comparison of planted and found goes by id, so a second of the same is a mistake."""
    plan = FaultPlan(VirtualClock(START), [Fault("f1", "reset")])

    with pytest.raises(ValueError, match="f1"):
        plan.add(Fault("f1", "slow"))


def test_a_collection_finds_by_id_key_and_range() -> None:
    """Documents are found by each index, also after they moved in it."""
    orders = Collection("orders", keys=["number"], sorted_by=["updated"])
    for number, updated in (("A", 3), ("B", 1), ("C", 2)):
        orders.put({"number": number, "updated": updated})

    orders.put({"id": 2, "number": "B2", "updated": 9})

    assert [1, 2, 3] == [one["id"] for one in orders]
    assert ["C", "A", "B2"] == [one["number"] for one in orders.between("updated")]
    assert ["A", "B2"] == [one["number"] for one in orders.between("updated", after=2)]
    assert ["C", "A"] == [one["number"] for one in orders.between("updated", at_least=2, up_to=3)]
    assert [[], [2]] == [[one["id"] for one in orders.find("number", n)] for n in ("B", "B2")]
    assert [2, 3] == orders.ids_after(1)
    assert (1, 2) == (orders.revision(1), orders.revision(2))


def test_a_removed_document_is_gone_from_every_index() -> None:
    """Nothing finds a document after its removal, and a new one of that id counts as changed."""
    orders = Collection("orders", keys=["number"], sorted_by=["updated"])
    orders.put({"number": "A", "updated": 1})

    orders.remove(1)

    assert 0 == len(orders)
    assert [[], [], None] == [orders.find("number", "A"), list(orders.between("updated")), orders.get(1)]
    orders.put({"id": 1, "number": "A", "updated": 1})
    assert 3 == orders.revision(1)


@given(
    st.lists(
        st.tuples(st.integers(1, 8), st.sampled_from("abc") | st.none(), st.integers(0, 5) | st.none()),
        max_size=30,
    )
)
def test_a_collections_indexes_agree_with_a_scan(puts: list[tuple[int, str | None, int | None]]) -> None:
    """Whatever is put in whatever order, each index answers as a search of all documents would."""
    table = Collection("table", keys=["name"], sorted_by=["rank"])
    plain: dict[int, dict[str, Any]] = {}

    for document_id, name, rank in puts:
        document: dict[str, Any] = {"id": document_id, "name": name, "rank": rank}
        plain[document_id] = document
        table.put(document)

    by_id = [plain[one] for one in sorted(plain)]
    assert by_id == list(table)
    for name in "abc":
        assert [one for one in by_id if one["name"] == name] == table.find("name", name)
    ranked = sorted((one["rank"], one["id"]) for one in by_id if one["rank"] is not None)
    assert [i for r, i in ranked if r >= 2] == [one["id"] for one in table.between("rank", at_least=2)]
    again = Collection("table", keys=["name"], sorted_by=["rank"])
    again.load(json.loads(json.dumps(table.dump())))
    assert list(table) == list(again)


def test_a_loaded_collection_does_not_give_an_id_twice() -> None:
    """The next id goes on where the dumped collection was."""
    table = Collection("table")
    table.put({})
    table.put({})
    table.remove(2)
    again = Collection("table")

    again.load(table.dump())

    assert 3 == again.put({})["id"]


def test_the_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    """After the burst a token comes every 1/rate seconds of real time."""
    now = 100.0
    bucket = TokenBucket(2.0, 3, monotonic=lambda: now)

    burst = [bucket.take() for _ in range(4)]
    now += 0.5
    later = [bucket.take(), bucket.take()]

    assert [0.0, 0.0, 0.0, 0.5] == burst
    assert [0.0, 0.5] == later


def test_the_bucket_is_off_by_default() -> None:
    """Without a rate nothing is ever refused."""
    bucket = TokenBucket(None, 0)

    assert {0.0} == {bucket.take() for _ in range(100)}


def test_the_log_counts_all_and_keeps_the_latest() -> None:
    """Counts are by method and path; only the latest requests stay in full."""
    log = RequestLog(VirtualClock(START), kept=5)
    note: Callable[[str, str], None] = lambda method, query: log.note(  # noqa: E731
        {"method": method, "path": "/a/1", "query_string": query.encode()}
    )

    for n in range(20):
        note("GET", f"n={n}")
    note("PUT", "")

    assert (20, 1, 21) == (log.count("GET", "^/a"), log.count("PUT", "1$"), log.total_count)
    assert 5 <= len(log) <= 10
    assert "/a/1?n=19" in [one.path for one in log]
