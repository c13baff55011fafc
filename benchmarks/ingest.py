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
PAGE = 500
CHANGED = 200


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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        costs: dict[int, list[Cost]] = {}
        for size in (10 * ROWS, ROWS):
            with server.running(suppliers=size, changed=CHANGED) as url:
                store = desk.store_at(path, f"{size}.db")
                assert desk.pull(store, desk.oracle(url), "supplier").rows_changed == size
                costs[size] = [_delta(url, store) for _ in range(6)][1:]
                store.close()
    measured = list(zip(costs[10 * ROWS], costs[ROWS], strict=True))
    return compare(
        f"delta cycle, {CHANGED} changes in {10 * ROWS:,} rows", f"the same in {ROWS:,} rows", "≤ 1.3x", measured,
        note=f"{min(c.cpu_s for c in costs[10 * ROWS]) * 1000:.0f} ms CPU a cycle",
    )  # fmt: skip


def _load(url: str, folder: Path, name: str = "first.db") -> Cost:
    for old in folder.glob(f"{name}*"):
        old.unlink()
    store = desk.store_at(folder, name)
    adapter = desk.oracle(url)
    cost = timed(lambda: _check(desk.pull(store, adapter, "supplier").rows_changed == ROWS))
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


def _upsert(folder: Path) -> Cost:
    """The limit: rows that are ready already, one WAL table, 500 a transaction, change detection by hash."""
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
            *(["text"] * 10),
        )
        for i in range(ROWS)
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
        for start in range(0, ROWS, PAGE):
            db.execute("BEGIN IMMEDIATE")
            db.executemany(sql, rows[start : start + PAGE])
            db.execute("COMMIT")

    cost = timed(work)
    _check(db.execute("SELECT count(*) FROM t").fetchone()[0] == ROWS)
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
