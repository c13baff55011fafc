"""Watermarks and runs: how far each read has come, and how it went."""

from __future__ import annotations

from datetime import timedelta

from store import runs, watermarks
from store.runs import INTERRUPTED
from store.watermarks import Watermark
from tests.builders import MONDAY, a_store

LATER = MONDAY + timedelta(hours=4)


def test_a_watermark_moves_and_says_whether_the_read_is_complete() -> None:
    """Each system and entity has its own."""
    with a_store() as store:
        with store.transaction() as db:
            watermarks.advance(db, "coupa", "supplier", "p1", False, MONDAY)
            watermarks.advance(db, "coupa", "supplier", "p2", True, LATER)
            watermarks.advance(db, "coupa", "ledger", "x", True, MONDAY)

        assert Watermark("p2", True, LATER) == watermarks.get(store.db, "coupa", "supplier")
        assert Watermark("x", True, MONDAY) == watermarks.get(store.db, "coupa", "ledger")
        assert watermarks.get(store.db, "oracle-emea", "supplier") is None


def test_a_page_without_position_leaves_the_watermark_where_it_was() -> None:
    """Promise 2: what can't be resumed from is no progress."""
    with a_store() as store:
        with store.transaction() as db:
            watermarks.advance(db, "coupa", "supplier", "p1", True, MONDAY)
            watermarks.advance(db, "coupa", "supplier", None, False, LATER)

        assert Watermark("p1", False, LATER) == watermarks.get(store.db, "coupa", "supplier")


def test_a_watermark_moves_only_with_its_data() -> None:
    """Promise 2: a page that is undone leaves the watermark where it was."""
    with a_store() as store:
        try:
            with store.transaction() as db:
                watermarks.advance(db, "coupa", "supplier", "p1", True, MONDAY)
                raise InterruptedError
        except InterruptedError:
            pass

        assert watermarks.get(store.db, "coupa", "supplier") is None


def test_the_last_run_of_each_system_and_entity() -> None:
    """The newest, with its counts and how it ended."""
    with a_store() as store, store.transaction() as db:
        first = runs.begin(db, "coupa", "supplier", MONDAY)
        runs.end(db, first, MONDAY, "done", 1, 50, 3, 0)
        second = runs.begin(db, "coupa", "supplier", LATER)
        runs.end(db, second, LATER, "failed", 1, 50, 0, 1, error="busy")
        third = runs.begin(db, "oracle-emea", "ledger", LATER)

        found = [
            (r.id, r.system, r.entity, r.outcome, r.rows_read, r.rows_refused, r.error) for r in runs.last(db)
        ]

    assert [
        (second, "coupa", "supplier", "failed", 50, 1, "busy"),
        (third, "oracle-emea", "ledger", "running", 0, 0, None),
    ] == found


def test_a_run_that_was_cut_off_is_not_running_for_ever() -> None:
    """The next run of the same pair says what became of it."""
    with a_store() as store, store.transaction() as db:
        cut_off = runs.begin(db, "coupa", "supplier", MONDAY)
        other = runs.begin(db, "coupa", "ledger", MONDAY)
        runs.begin(db, "coupa", "supplier", LATER)

        rows = dict(db.execute("SELECT id, coalesce(error, outcome) FROM sync_run").fetchall())

    assert (INTERRUPTED, "running") == (rows[cut_off], rows[other])


def test_no_runs_yet() -> None:
    """A new workspace has none."""
    with a_store() as store:
        assert [] == runs.last(store.db)
