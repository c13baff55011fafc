"""Path A: fetch, decode, translate, validate, detect change, store. Path B: when little or nothing changed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from benchmarks import desk, server
from benchmarks.measure import (
    INFORMATION,
    PAIRS,
    Cost,
    Result,
    compare,
    in_fresh_process,
    pairs,
    peak_mib,
    timed,
)
from store import Store

ROWS = 20_000
ORDERS = 10_000
PAGE = 500
CHANGED = 200
BARE = "executemany upsert of ready tuples"
KEPT = "executemany upsert of ready tuples that hold payload and document"
MEMORY_MAX_MIB = 130
MEMORY_AT = (10_000, 100_000, 1_000_000)


def first_load() -> list[Result]:
    """Suppliers into an empty store, against `executemany` of ready tuples into one table."""
    with tempfile.TemporaryDirectory() as folder, server.running(suppliers=ROWS) as url:
        path = Path(folder)
        return _against_both(
            "ingest, first load", path, lambda: _load(url, path), path / "first.db", ROWS, _memory()
        )


def first_orders() -> list[Result]:
    """Orders of two lines from Coupa, 50 a page as it allows, each with its event."""
    with tempfile.TemporaryDirectory() as folder, server.running(orders=ORDERS) as url:
        path = Path(folder)
        return _against_both(
            "ingest, first load, orders of two lines",
            path,
            lambda: _load_orders(url, path),
            path / "orders.db",
            ORDERS,
        )


def _against_both(
    path: str, folder: Path, ours: Callable[[], Cost], loaded: Path, count: int, note: str = ""
) -> list[Result]:
    """Measure a first load against two limits in the same run.

    A record keeps the payload as it was read and the canonical document, whatever the code does, so the limit is to write
    tuples that hold the very same bytes (docs/decisions/0008). A flat tuple of 16 short values is shown beside it.
    """
    ours()
    bare, kept = _tuples(count), _kept_tuples(loaded)
    _upsert(folder, bare), _upsert(folder, kept)
    runs = [(ours(), _upsert(folder, bare), _upsert(folder, kept)) for _ in range(PAIRS)]
    return [
        compare(path, KEPT, "≤ 9x", [(own, limit) for own, _, limit in runs], rows=count, note=note),
        compare(path, BARE, INFORMATION, [(own, limit) for own, limit, _ in runs], rows=count),
    ]


def nothing_changed() -> Result:
    """All suppliers again, every one as it was."""
    with tempfile.TemporaryDirectory() as folder, server.running(suppliers=ROWS) as url:
        path = Path(folder)
        _load(url, path, "again.db")
        tuples = _tuples(ROWS)
        measured = pairs(lambda: _again(url, path), lambda: _upsert(path, tuples))
    return compare("ingest, nothing changed", BARE, "≤ 6x", measured, rows=ROWS)


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


def _tuples(count: int) -> list[tuple[object, ...]]:
    """Return rows of 16 columns: a key, a hash and 14 short texts."""
    return [
        (
            f"V-{i}",
            i.to_bytes(16, "big"),
            f"Harbour Paper {i} Ltd",
            "GB",
            f"GB{i:09d}",
            "active",
            *(["text"] * 10),
        )
        for i in range(count)
    ]


def _kept_tuples(loaded: Path) -> list[tuple[object, ...]]:
    """Return such rows with the payload and the document of what we loaded in two of the columns."""
    with closing(sqlite3.connect(loaded)) as db:
        kept = db.execute("SELECT payload, body FROM record_version ORDER BY id").fetchall()
    return [
        (*row[:6], payload, body, *row[8:])
        for row, (payload, body) in zip(_tuples(len(kept)), kept, strict=True)
    ]


def _upsert(folder: Path, rows: Sequence[tuple[object, ...]]) -> Cost:
    """The limit: rows that are ready already, one WAL table, 500 a transaction, change detection by hash."""
    path, count = folder / "limit.db", len(rows)
    path.unlink(missing_ok=True)
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
    found = {n: in_fresh_process("benchmarks.ingest", str(n))["mib"] for n in MEMORY_AT}
    _check(max(found.values()) < MEMORY_MAX_MIB)
    return "peak memory " + ", ".join(f"{mib:.0f} MiB at {n:,} rows" for n, mib in found.items())


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
