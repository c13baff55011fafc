"""Path D: two sides of one definition, compared inside the store, against one sequential scan of both.

Each measure is taken in a fresh process on a file that was made before, so that its peak memory is the comparison's own.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import Any

from benchmarks import desk
from benchmarks.measure import PAIRS, Cost, Result, compare, in_fresh_process, peak_mib, timed
from finsync_tui.profile.reconciliation import Reconciliation
from finsync_tui.reconcile.classing import classify
from finsync_tui.reconcile.comparing import Comparison
from finsync_tui.reconcile.rows import Value, row_hash
from store import Store, breaks, comparison
from store.clock import SystemClock
from store.columns import encode

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
MILLION = 1_000_000
DIFFERENT = 100
"""One row in so many differs: 1 %."""
MISSING = 200
"""One row in so many is missing on each side: 0.5 %."""
PAGE = 20_000
MEMORY_MAX_MIB = 130
SPREAD, KEYS = 7919, 100_000_007
"""Keys lie in another order than rows: each number times a prime, modulo a larger one, so that it can be told from the key."""
_BACK = pow(SPREAD, -1, KEYS)
CHECKED = 1_000
"""So many rows show that the benchmark hashes as the product does."""
_TEXTS = ("number", "supplier", "site", "terms", "buyer", "account", "centre", "project")
DEFINITION = Reconciliation.model_validate(
    {
        "title": "Invoices",
        "entity": "invoice",
        "source": {"systems": ["left"], "entity": "invoice", "key": "{@id}"},
        "target": {"systems": ["right"], "entity": "invoice", "key": "{@id}"},
        "fields": [
            *({"name": name, "path": name} for name in _TEXTS),
            {"name": "total", "path": "total", "kind": "money", "tolerance": {"EUR": "0.02"}},
            {"name": "tax", "path": "tax", "kind": "money"},
            {"name": "date", "path": "on", "kind": "date"},
            {"name": "status", "path": "status", "kind": "status"},
        ],
    }
)


def reconcile() -> list[Result]:
    """Compare 10 thousand to 5 million records with as many."""
    results = []
    walls: dict[int, float] = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            in_fresh_process("benchmarks.reconcile", "make", folder, str(size))
            found = in_fresh_process("benchmarks.reconcile", "measure", folder, str(size))
        walls[size] = found["wall_s"]
        measured = [(Cost(*a), Cost(*b)) for a, b, _ in found["runs"]]
        keys_only = statistics.median(a[0] / c[0] for a, _, c in found["runs"])
        assert found["peak_mib"] < MEMORY_MAX_MIB, found["peak_mib"]
        note = (
            f"{found['wall_s']:.2f} s; {keys_only:.2f}x of a scan that reads keys and hashes only; peak memory"
            f" {found['peak_mib']:.0f} MiB; classed and kept as {found['breaks']:,} breaks in {found['kept_s']:.2f} s more"
        )
        if size > MILLION:
            note += f"; {walls[size] / walls[MILLION]:.1f}x the time of 1,000,000 (target ≤ 6x)"
        results.append(
            compare(
                f"reconcile {size:,} with {size:,}, 1% different, 0.5% missing on each side",
                "one sequential scan of both sides",
                "≤ 1.5x",
                measured,
                note=note,
            )
        )
    return results


def measure(folder: Path, size: int) -> dict[str, Any]:
    """Measure in this process; every planted difference is found and no other, or there is no figure."""
    store = desk.store_at(folder, "sides.db")
    planted = sum(_planted(n) is not None for n in range(size))
    _check_all(store, size, planted)

    def ours() -> Cost:
        count = 0

        def work() -> None:
            nonlocal count
            with store.transaction() as db:
                count = sum(1 for _ in _comparing(store).everything(db))

        cost = timed(work)
        assert count == planted, (count, planted)
        return cost

    repeats = PAIRS if size <= MILLION else 3
    runs = [
        (ours(), timed(lambda: _scan(store.db)), timed(lambda: _scan_keys(store.db))) for _ in range(repeats)
    ]
    kept = timed(lambda: _keep(store))
    count = store.db.execute("SELECT count(*) FROM reconcile_break").fetchone()[0]
    assert count == planted
    wall = statistics.median(one.wall_s for one, _, _ in runs)
    store.close()
    return {
        "runs": [[[cost.cpu_s, cost.wall_s] for cost in run] for run in runs],
        "wall_s": wall,
        "kept_s": max(0.0, kept.wall_s - wall),
        "breaks": count,
        "peak_mib": peak_mib(),
    }


def _check_all(store: Store, size: int, planted: int) -> None:
    """Check every difference that is found, one by one: what they are takes no memory that would count as the product's."""
    count, before = 0, ""
    with store.transaction() as db:
        for found in _comparing(store).everything(db):
            number = int(found.key.removeprefix("left:")) * _BACK % KEYS
            assert number < size, found.key
            assert found.kind == _planted(number), (found.key, found.kind)
            assert found.key > before, found.key  # in order, so none is told twice
            count, before = count + 1, found.key
    assert count == planted, (count, planted)


def _comparing(store: Store) -> Comparison:
    number, _ = comparison.define(store.db, "bench", "1")
    left, right = (
        comparison.side(store.db, number, "source", "left"),
        comparison.side(store.db, number, "target", "right"),
    )
    return Comparison("bench", DEFINITION, [left], [right], lambda *_: False)


def _keep(store: Store) -> None:
    now = SystemClock().now()
    comparing = _comparing(store)
    with store.transaction() as db:
        breaks.open(db, 1, classify(db, comparing, comparing.everything(db), now, frozenset()), now)


def _scan(db: sqlite3.Connection) -> None:
    """Read every row of both sides once, with all that is held of it, its twelve fields among that: no index helps it."""
    columns = [name for _, name, *_ in db.execute("PRAGMA table_info(comparison_row)")]
    db.execute(
        f"SELECT count(*), {', '.join(f'max({name})' for name in columns)} FROM comparison_row NOT INDEXED"
    ).fetchone()


def _scan_keys(db: sqlite3.Connection) -> None:
    """Read no more than key and hash of each row."""
    db.execute("SELECT count(*), max(key), max(row_hash) FROM comparison_row NOT INDEXED").fetchone()


def _planted(n: int) -> str | None:
    """Return what is wrong with a record, if anything is."""
    if n % MISSING == 7:
        return "missing_in_target"
    if n % MISSING == 11:
        return "missing_in_source"
    return "field" if n % DIFFERENT == 5 else None


def _key(n: int) -> str:
    return f"left:{n * SPREAD % KEYS:09d}"


def _values(n: int, *, is_target: bool) -> list[Value]:
    total = n * 37 % 900_000 + 100
    if is_target and n % DIFFERENT == 5:
        total += 500
    elif is_target and n % DIFFERENT == 6:
        total += 1  # within its tolerance
    return [
        f"INV-{n}", f"S-{n % 5000}", f"SITE{n % 40}", "Net30", f"buyer{n % 90}", f"01-{n % 400}-7110", f"CC{n % 300}",
        f"P{n % 70}", total, total // 5, f"2026-{n % 12 + 1:02d}-{n % 28 + 1:02d}", "open",
    ]  # fmt: skip


def _make(folder: Path, size: int) -> None:
    """Write both sides as reading them does, in the order of their systems; indexes last, which is only faster."""
    store = desk.store_at(folder, "sides.db")
    comparing = _comparing(store)
    db = store.db
    indexes = [
        (name, sql)
        for name, sql in db.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type='index' AND tbl_name='comparison_row' AND sql IS NOT NULL"
        )
    ]
    with store.transaction():
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
    names = (
        "definition_id, side_id, key, row_hash, external_id, part, number, legal_entity, period, currency, amount_minor, fields,"
        " seen"
    )
    for side, is_target in ((comparing.sources[0], False), (comparing.targets[0], True)):
        lacks = 7 if is_target else 11
        for start in range(0, size, PAGE):
            with store.transaction():
                db.executemany(
                    f"INSERT INTO comparison_row({names}) VALUES ({','.join('?' * 13)})",
                    (
                        _row(side.definition_id, side.id, n, is_target=is_target)
                        for n in range(start, min(start + PAGE, size))
                        if n % MISSING != lacks
                    ),
                )
    with store.transaction():
        for _, sql in indexes:
            db.execute(sql)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


def _row(definition_id: int, side_id: int, n: int, *, is_target: bool) -> tuple[object, ...]:
    found = _values(n, is_target=is_target)
    if n < CHECKED:
        assert row_hash(DEFINITION.fields, found, "EUR") == _hash(found)
    hashed = _hash(found)
    key = _key(n)
    return (
        definition_id, side_id, key, hashed, str(n), 0, f"INV-{n}", f"LE{n % 4}", f"2026-{n % 12 + 1:02d}", "EUR", found[8],
        encode(found).decode(), 1,
    )  # fmt: skip


def _hash(found: list[Value]) -> int:
    """Return what the product's own `row_hash` returns for these fields, for ten million rows in reasonable time."""
    total = found[8]
    assert isinstance(total, int)
    compared = encode([*found[:8], total // 2, *found[9:], "EUR"])  # two cents are one step
    return int.from_bytes(blake2b(compared, digest_size=8).digest(), "big", signed=True)


def main(what: str, folder: str, size: str) -> None:
    """Make or measure. Each in a process of its own: what making takes would count as the peak of whoever it starts."""
    if what == "make":
        _make(Path(folder), int(size))
        print("{}")
        return
    print(json.dumps(measure(Path(folder), int(size))))


if __name__ == "__main__":
    main(*sys.argv[1:])
