"""Path C: the outbox empties itself. Against the same HTTP client, httpx over aiohttp, without any durability.

The adapter's own writes with nothing recorded are shown beside it: what durability alone costs (docs/decisions/0010).
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import httpx_aiohttp
import msgspec

from adapters.base import WriteRequest
from adapters.coupa.door import fields_of
from adapters.coupa.write_back import OrderEcho
from benchmarks import desk, server
from benchmarks.measure import INFORMATION, Cost, Result, compare, timed
from finsync_tui import delivery
from finsync_tui.profile import Profile
from store import Store, leases, outbox
from store.clock import SystemClock

ROWS = 1_500
ROUNDS = 11
"""Short and many: what else the machine does then falls on both sides of a pair."""
WORKERS = 32
LATENCY_S = 0.005
FIELDS = {"erp_number": "300200", "erp_status": "Open"}


CLIENT = "httpx over aiohttp, the same requests and connections, nothing kept"
ADAPTER = "the adapter's own writes, the same connections, nothing kept"


def drain() -> list[Result]:
    """Deliver write-backs with FULL synchronous commits, and count them at the system."""
    commits: list[float] = []
    with tempfile.TemporaryDirectory() as folder, server.running(delay_s=LATENCY_S) as url:
        path = Path(folder)
        _ours(url, path, commits)  # counting commits costs time itself: once, and not timed
        _client(url), _adapter(url)
        gc.freeze()  # as the engine does once it is up: no side pays for walking what was imported
        runs = [(_ours(url, path), _client(url), _adapter(url)) for _ in range(ROUNDS)]
        sent = httpx.get(f"{url}/count").json()
    assert sent["paths"] == ROWS, sent
    rate = ROWS / statistics.median(ours.wall_s for ours, _, _ in runs)
    note = f"{rate:,.0f} deliveries a second; {max(commits):.3f} commits a delivery (target ≤ 0.1)"
    return [
        _row(CLIENT, "≥ 0.85x of its rate", [(ours, client) for ours, client, _ in runs], note),
        _row(ADAPTER, INFORMATION, [(ours, adapter) for ours, _, adapter in runs]),
    ]


def _row(limit: str, target: str, measured: list[tuple[Cost, Cost]], note: str = "") -> Result:
    cpu = statistics.median(bare.cpu_s / ours.cpu_s for ours, bare in measured)
    shown = f"{note}; {cpu:.2f}x by CPU time".removeprefix("; ")
    path = "outbox drain, synchronous=FULL"
    return compare(path, limit, target, measured, by="wall_s", is_rate=True, note=shown)


def _ours(url: str, folder: Path, commits: list[float] | None = None) -> Cost:
    for old in folder.glob("drain.db*"):
        old.unlink()
    store = desk.store_at(folder, "drain.db")
    clock = SystemClock()
    lease = leases.acquire(store, leases.holder_id(), timedelta(hours=1), clock.now())
    with store.transaction() as db:
        outbox.enqueue(db, [_entry(i) for i in range(ROWS)], clock.now())
    profile = Profile.model_validate({"systems": {}, "delivery": {"workers": WORKERS, "batch": 256}})
    adapter = desk.coupa(url)
    counted = _count_commits(store) if commits is not None else []

    async def run() -> None:
        try:
            done = await delivery.deliver_due(store, {"coupa": adapter}, profile, clock, lease.token)
            assert done.delivered == ROWS, done
        finally:
            await adapter.aclose()

    cost = timed(lambda: asyncio.run(run()))
    if commits is not None:
        commits.append(len(counted) / ROWS)
    store.close()
    return cost


def _client(url: str) -> Cost:
    """The limit: httpx over aiohttp as anyone would use it. It reads each order, sets its fields, and reads the answers."""

    async def run() -> None:
        transport = httpx_aiohttp.AiohttpTransport(limits=httpx.Limits(max_connections=WORKERS))
        headers = {"Authorization": f"Bearer {'t' * 40}", "Accept": "application/json"}
        fields = {"fields": fields_of(OrderEcho)}
        async with httpx.AsyncClient(base_url=url, transport=transport, headers=headers) as client:

            async def send(path: str) -> None:
                before = await client.get(path, params=fields)
                msgspec.json.decode(before.raise_for_status().content)
                after = await client.put(path, params=fields, json={"custom-fields": FIELDS})
                msgspec.json.decode(after.raise_for_status().content)

            await _by_workers(lambda i: send(f"/api/purchase_orders/{i + 1}"))

    return timed(lambda: asyncio.run(run()))


def _adapter(url: str) -> Cost:
    """The adapter's own writes with as many workers, and nothing recorded."""
    adapter = desk.coupa(url)

    async def run() -> None:
        try:
            await _by_workers(lambda i: adapter.write(_request(i)))
        finally:
            await adapter.aclose()

    return timed(lambda: asyncio.run(run()))


async def _by_workers(send: Callable[[int], Awaitable[object]]) -> None:
    numbers = iter(range(ROWS))

    async def worker() -> None:
        for i in numbers:
            await send(i)

    await asyncio.gather(*(worker() for _ in range(WORKERS)))


def _entry(i: int) -> outbox.Entry:
    request = _request(i)
    return outbox.Entry(
        idempotency_key=request.idempotency_key,
        system="coupa",
        operation=request.operation,
        entity="purchase_order",
        document_key=f"coupa:{i + 1}",
        document_number=f"PO-{i + 1}",
        body=json.dumps(request.body),
        external_id=request.external_id,
    )


def _request(i: int) -> WriteRequest:
    return WriteRequest(
        operation="order.write_back",
        idempotency_key=f"coupa/order.write_back/coupa:{i + 1}/1/1",
        external_id=str(i + 1),
        body={"fields": FIELDS},
    )


def _count_commits(store: Store) -> list[str]:
    seen: list[str] = []
    store.db.set_trace_callback(lambda sql: seen.append(sql) if sql.startswith("COMMIT") else None)
    return seen
