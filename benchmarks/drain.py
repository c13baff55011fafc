"""Path C: the outbox empties itself. Against the same HTTP client without any durability."""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import tempfile
from datetime import timedelta
from pathlib import Path

import httpx

from adapters.base import WriteRequest
from benchmarks import desk, server
from benchmarks.measure import Cost, Result, compare, pairs, timed
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


def drain() -> Result:
    """Deliver write-backs with FULL synchronous commits, and count them at the system."""
    commits: list[float] = []
    with tempfile.TemporaryDirectory() as folder, server.running(delay_s=LATENCY_S) as url:
        path = Path(folder)
        _ours(url, path, commits)  # counting commits costs time itself: once, and not timed
        _bare(url)
        gc.freeze()  # as the engine does once it is up: neither side pays for walking what was imported
        measured = pairs(lambda: _ours(url, path), lambda: _bare(url), ROUNDS)
        sent = httpx.get(f"{url}/count").json()
    assert sent["paths"] == ROWS, sent
    rate = ROWS / statistics.median(ours.wall_s for ours, _ in measured)
    cpu = statistics.median(bare.cpu_s / ours.cpu_s for ours, bare in measured)
    note = f"{rate:,.0f} deliveries a second; {cpu:.2f}x by CPU time; {max(commits):.3f} commits a delivery (target ≤ 0.1)"
    return compare(
        "outbox drain, synchronous=FULL", "the same adapter and connections, nothing kept", "≥ 0.85x of its rate", measured,
        by="wall_s", is_rate=True, note=note,
    )  # fmt: skip


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


def _bare(url: str) -> Cost:
    """The limit: the adapter's own writes with as many workers, and nothing recorded."""
    adapter = desk.coupa(url)

    async def run() -> None:
        todo = iter(range(ROWS))

        async def worker() -> None:
            for i in todo:
                await adapter.write(_request(i))

        try:
            await asyncio.gather(*(worker() for _ in range(WORKERS)))
        finally:
            await adapter.aclose()

    return timed(lambda: asyncio.run(run()))


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
