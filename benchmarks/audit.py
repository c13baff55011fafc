"""Path F: the audit chain, appending and verifying."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from pathlib import Path

from benchmarks import desk
from benchmarks.measure import Cost, Result, compare, pairs, timed
from store import audit
from store.clock import SystemClock

ROWS = 50_000
PAGE = 500


def append() -> Result:
    """Append in batches of 500, against inserting the same bytes without hashes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        measured = pairs(lambda: _append(path), lambda: _insert(path))
    return compare(
        "audit append, batches of 500",
        "encode and insert the same, no hashes",
        "≤ 1.25x",
        measured,
        rows=ROWS,
    )


def verify() -> Result:
    """Verify the chain, against a scan of the same rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        _append(path)
        store = desk.store_at(path, "audit.db")

        def ours() -> Cost:
            found: list[bool] = []
            cost = timed(lambda: found.append(audit.verify(store.db).is_intact))
            assert found == [True]
            return cost

        measured = pairs(ours, lambda: timed(lambda: _scan(store.db)))
        store.close()
    return compare("audit verify", "scan of the same rows", "≤ 2.5x", measured, rows=ROWS)


def _entries(start: int) -> list[audit.Entry]:
    return [
        audit.Entry(
            who="engine", what="delivery.delivered", subject=f"coupa:{i}", source="oracle-emea",
            after={"key": f"oracle-emea/order.create/coupa:{i}/1/1", "state": "delivered", "external_id": str(i)},
        )
        for i in range(start, start + PAGE)
    ]  # fmt: skip


def _append(folder: Path) -> Cost:
    for old in folder.glob("audit.db*"):
        old.unlink()
    store = desk.store_at(folder, "audit.db")
    pages = [_entries(start) for start in range(0, ROWS, PAGE)]
    now = SystemClock().now()

    def work() -> None:
        for page in pages:
            with store.transaction() as db:
                audit.record(db, page, now)

    cost = timed(work)
    store.close()
    return cost


def _insert(folder: Path) -> Cost:
    from store.columns import encode

    path = folder / "bare.db"
    for old in folder.glob("bare.db*"):
        old.unlink()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE audit (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL)")
    pages = [_entries(start) for start in range(0, ROWS, PAGE)]
    filler = hashlib.sha256(b"").digest()

    def work() -> None:
        for page in pages:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO audit(body, hash) VALUES (?, ?)",
                [
                    (
                        encode(
                            {"after": e.after, "at": "2026-01-01T00:00:00.000000Z", "source": e.source, "subject": e.subject,
                             "what": e.what, "who": e.who, "why": e.why}
                        ),
                        filler,
                    )
                    for e in page
                ],
            )  # fmt: skip
            db.execute("COMMIT")

    cost = timed(work)
    db.close()
    return cost


def _scan(db: sqlite3.Connection) -> int:
    return sum(
        len(body) + len(digest) for body, digest in db.execute("SELECT body, hash FROM audit ORDER BY seq")
    )
