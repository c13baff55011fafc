"""Path A: fetch, decode, translate, validate, detect change, store. Path B: when little or nothing changed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
from pathlib import Path

from benchmarks import desk, server
from benchmarks.measure import Cost, Result, compare, in_fresh_process, pairs, peak_mib, timed
from store import Store

ROWS = 20_000
ORDERS = 10_000
PAGE = 500
CHANGED = 200
KEPT_BYTES = 2_400
"""Payload and canonical document of an order of two lines."""


def first_load() -> Result:
    """Suppliers into an empty store, against `executemany` of ready tuples into one table."""
    with tempfile.TemporaryDirectory() as folder, server.running(suppliers=ROWS) as url:
        measured = pairs(lambda: _load(url, Path(folder)), lambda: _upsert(Path(folder)))
    return compare(
        "ingest, first load",
        "executemany upsert of ready tuples",
        "≤ 9x",
        measured,
        rows=ROWS,
        note=_memory(),
    )


def first_orders() -> Result:
    """Orders of two lines from Coupa, 50 a page as it allows, each with its event; limits with and without what is kept.

    The first limit is the guide's: a flat tuple. We also keep the payload and the canonical document of each version,
    so a second limit writes tuples that hold as many bytes as those two.
    """
    with tempfile.TemporaryDirectory() as folder, server.running(orders=ORDERS) as url:
        path = Path(folder)
        measured = pairs(lambda: _load_orders(url, path), lambda: _upsert(path, ORDERS))
        kept = sorted(_upsert(path, ORDERS, bulk=KEPT_BYTES).cpu_s for _ in range(5))[2]
    ours = sorted(cost.cpu_s for cost, _ in measured)[len(measured) // 2]
    return compare(
        "ingest, first load, orders of two lines", "executemany upsert of ready tuples", "≤ 9x", measured, rows=ORDERS,
        note=f"{ours / kept:.1f}x of tuples that hold payload and document too",
    )  # fmt: skip


def nothing_changed() -> Result:
    """All suppliers again, every one as it was."""
    with tempfile.TemporaryDirectory() as folder, server.running(suppliers=ROWS) as url:
        path = Path(folder)
        _load(url, path, "again.db")
        measured = pairs(lambda: _again(url, path), lambda: _upsert(path))
    return compare(
        "ingest, nothing changed", "executemany upsert of ready tuples", "≤ 6x", measured, rows=ROWS
    )


def no_filter() -> Result:
    """A source that can't be asked for changes, nothing changed, against fetching and decoding the same pages."""
    with tempfile.TemporaryDirectory() as folder, server.running(accounts=ROWS) as url:
        path = Path(folder)
        store = desk.store_at(path)
        assert desk.pull(store, desk.oracle(url), "account_combination").rows_changed == ROWS
        measured = pairs(lambda: _pull_accounts(url, store), lambda: _fetch_accounts(url))
        store.close()
    return compare(
        "no-change cycle, source without a filter",
        "fetch and decode of the same pages",
        "≤ 1.2x",
        measured,
        rows=ROWS,
    )


def delta_cycle() -> Result:
    """200 changes in a large store, against the same 200 in one a tenth as large: the size must not show."""
    large, small = 10 * ROWS, ROWS
    with (
        tempfile.TemporaryDirectory() as folder,
        server.running(suppliers=large, changed=CHANGED) as large_url,
        server.running(suppliers=small, changed=CHANGED) as small_url,
        desk.store_at(Path(folder), "large.db") as large_store,
        desk.store_at(Path(folder), "small.db") as small_store,
    ):
        _check(desk.pull(large_store, desk.oracle(large_url), "supplier").rows_changed == large)
        _check(desk.pull(small_store, desk.oracle(small_url), "supplier").rows_changed == small)
        measured = pairs(lambda: _delta(large_url, large_store), lambda: _delta(small_url, small_store))
    return compare(
        f"delta cycle, {CHANGED} changes in {10 * ROWS:,} rows", f"the same in {ROWS:,} rows", "≤ 1.3x", measured,
        note=f"{min(ours.cpu_s for ours, _ in measured) * 1000:.0f} ms CPU a cycle",
    )  # fmt: skip


def _load(url: str, folder: Path, name: str = "first.db") -> Cost:
    for old in folder.glob(f"{name}*"):
        old.unlink()
    store = desk.store_at(folder, name)
    adapter = desk.oracle(url)
    cost = timed(lambda: _check(desk.pull(store, adapter, "supplier").rows_changed == ROWS))
    store.close()
    return cost


def _load_orders(url: str, folder: Path) -> Cost:
    for old in folder.glob("orders.db*"):
        old.unlink()
    store = desk.store_at(folder, "orders.db")
    adapter = desk.coupa(url)
    cost = timed(lambda: _check(desk.pull(store, adapter, "purchase_order").rows_changed == ORDERS))
    _check(store.db.execute("SELECT count(*) FROM event").fetchone()[0] == ORDERS)
    store.close()
    return cost


def _again(url: str, folder: Path) -> Cost:
    store = desk.store_at(folder, "again.db")
    with store.transaction() as db:
        db.execute("DELETE FROM watermark")
    adapter = desk.oracle(url)

    def work() -> None:
        result = desk.pull(store, adapter, "supplier")
        _check((result.rows_read, result.rows_changed) == (ROWS, 0))

    cost = timed(work)
    store.close()
    return cost


def _pull_accounts(url: str, store: Store) -> Cost:
    adapter = desk.oracle(url)

    def work() -> None:
        result = desk.pull(store, adapter, "account_combination")
        _check((result.rows_read, result.rows_changed) == (ROWS, 0))

    return timed(work)


def _fetch_accounts(url: str) -> Cost:
    """The limit: the same client and pages, decoded with msgspec and thrown away."""
    import httpx
    import msgspec
    from httpx_aiohttp import AiohttpTransport

    async def run() -> None:
        count = 0
        async with httpx.AsyncClient(transport=AiohttpTransport()) as client:
            while count < ROWS:
                answer = await client.get(
                    f"{url}/x/accountCombinationsLOV", params={"limit": PAGE, "offset": count}
                )
                count += len(msgspec.json.decode(answer.content)["items"])
        _check(count == ROWS)

    return timed(lambda: asyncio.run(run()))


def _delta(url: str, store: Store) -> Cost:
    """The same 200 rows have changed once more since the last read."""
    adapter = desk.oracle(url)

    def work() -> None:
        result = desk.pull(store, adapter, "supplier")
        _check((result.rows_read, result.rows_changed) == (CHANGED, CHANGED))

    return timed(work)


def _upsert(folder: Path, count: int = ROWS, bulk: int = 0) -> Cost:
    """The limit: rows that are ready already, one WAL table, 500 a transaction, change detection by hash.

    `bulk` makes one of the columns as many bytes long.
    """
    path = folder / "limit.db"
    path.unlink(missing_ok=True)
    rows = [
        (
            f"V-{i}",
            i.to_bytes(16, "big"),
            f"Harbour Paper {i} Ltd",
            "GB",
            f"GB{i:09d}",
            "active",
            "x" * bulk,
            *(["text"] * 9),
        )
        for i in range(count)
    ]
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    names = ", ".join(f"c{i}" for i in range(14))
    db.execute(f"CREATE TABLE t (id TEXT PRIMARY KEY, row_hash BLOB, {names})")
    sets = ", ".join(f"c{i}=excluded.c{i}" for i in range(14))
    sql = (
        f"INSERT INTO t VALUES ({', '.join('?' * 16)}) ON CONFLICT(id) DO UPDATE SET row_hash=excluded.row_hash, {sets} "
        "WHERE excluded.row_hash <> row_hash"
    )

    def work() -> None:
        for start in range(0, count, PAGE):
            db.execute("BEGIN IMMEDIATE")
            db.executemany(sql, rows[start : start + PAGE])
            db.execute("COMMIT")

    cost = timed(work)
    _check(db.execute("SELECT count(*) FROM t").fetchone()[0] == count)
    db.close()
    return cost


def _memory() -> str:
    found = {n: in_fresh_process("benchmarks.ingest", str(n))["mib"] for n in (10_000, 100_000)}
    return f"peak memory {found[10_000]:.0f} MiB at 10,000 rows, {found[100_000]:.0f} MiB at 100,000"


def _check(is_right: bool) -> None:
    if not is_right:
        raise SystemExit("the benchmark's own check failed: wrong answer, no figure")


def main() -> None:
    """Load as many suppliers as the argument says into a new store and print the peak memory."""
    rows = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, server.running(suppliers=rows) as url:
        store = desk.store_at(Path(folder))
        _check(desk.pull(store, desk.oracle(url), "supplier").rows_changed == rows)
        store.close()
        print(json.dumps({"mib": peak_mib()}))


if __name__ == "__main__":
    main()
