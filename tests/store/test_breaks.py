"""Breaks: what reconciliation found, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from store import Store, breaks, reconciliations
from store.breaks import FieldDifference
from tests.builders import MONDAY, a_break, a_reconcile_run, a_store

DAY = timedelta(days=1)
SIDES = ("orders", "coupa", "oracle-emea")


def a_run(store: Store, *found: breaks.NewBreak, day: int = 0, **looked_for: Any) -> breaks.Opened:
    """Let a complete run find these, and nothing else of what it looked for."""
    at = MONDAY + day * DAY
    with store.transaction() as db:
        run_id = reconciliations.begin(
            db,
            a_reconcile_run(),
            at,
        )
        opened = breaks.open(db, run_id, found, at)
        breaks.close_gone(db, run_id, *SIDES, at, **looked_for)
    return opened


def the_break(store: Store, break_id: int = 1) -> breaks.Break:
    found = breaks.get(store.db, break_id)
    assert found is not None
    return found


def test_a_break_reads_back() -> None:
    """Both values, the evidence of its class, the money at risk: all there."""
    with a_store() as store:
        opened = a_run(store, a_break())

        found = the_break(store)

    assert (1,) == opened.new
    assert (
        "open",
        100,
        (FieldDifference("total", "101.00 EUR", "102.00 EUR"),),
        {"why": "nobody knows"},
    ) == (
        found.state,
        found.amount_minor,
        found.fields,
        found.evidence,
    )


def test_a_difference_that_persists_keeps_its_age_and_owner() -> None:
    """Seen again three days later, it is the same break, three days old, and still somebody's."""
    with a_store() as store:
        a_run(store, a_break())
        with store.transaction() as db:
            breaks.assign(db, [1], "a.berg", "m.lind", MONDAY)

        opened = a_run(store, a_break(), day=3)
        found = the_break(store)

    assert breaks.Opened(persisting=1) == opened
    assert (3 * DAY, "a.berg", 2) == (found.age(MONDAY + 3 * DAY), found.owner, found.seen_count)


def test_a_difference_that_vanishes_closes_itself_and_says_so() -> None:
    """Its state, its resolution and its history tell; a later one of the same document is a new break."""
    with a_store() as store:
        a_run(store, a_break())
        a_run(store, day=1)

        closed = the_break(store)
        again = a_run(store, a_break(), day=2)

        assert ("closed", "closed by itself: both sides agree") == (closed.state, closed.resolution)
        assert ["opened", "closed"] == [h.what for h in breaks.history(store.db, 1)]
        assert (2,) == again.new


def test_what_a_person_acted_on_ends_as_fixed() -> None:
    """Sent again and then equal: fixed, not just gone."""
    with a_store() as store:
        a_run(store, a_break())
        with store.transaction() as db:
            breaks.note_fix(db, [1], "resend", "a.berg", "sent again", MONDAY)

        a_run(store, day=1)

        assert "fixed" == the_break(store).state


def test_an_explained_difference_stays_explained_until_it_is_another() -> None:
    """The same difference does not come back; a different amount opens it again, with its age."""
    with a_store() as store:
        a_run(store, a_break())
        with store.transaction() as db:
            breaks.explain(db, [1], "a.berg", "freight is billed apart", MONDAY)

        same = a_run(store, a_break(), day=1)
        assert ("explained", 1) == (the_break(store).state, same.persisting)
        other = a_run(store, a_break(fields=(FieldDifference("total", "101.00 EUR", "110.00 EUR"),)), day=2)

        assert (1,) == other.reopened
        assert ("open", None, MONDAY) == (
            the_break(store).state,
            the_break(store).resolution,
            the_break(store).opened_at,
        )
        assert ["opened", "explained", "changed", "reopened"] == [h.what for h in breaks.history(store.db, 1)]


@pytest.mark.parametrize("kind", ["missing_in_target", "duplicate", "field"])
@pytest.mark.parametrize("how", ["explain", "write_off"])
def test_what_a_person_accepted_opens_again_when_more_is_at_risk(kind: Any, how: str) -> None:
    """The amount rises, or is one of another currency: what was accepted was less. Less than that stays accepted."""
    with a_store() as store:

        def found(minor: int, currency: str = "EUR") -> breaks.NewBreak:
            return a_break(kind=kind, fields=(), amount_minor=minor, currency=currency)

        def accept() -> None:
            with store.transaction() as db:
                getattr(breaks, how)(db, [1], "a.berg", "it is small", MONDAY)

        a_run(store, found(9_700))
        accept()
        same, less = a_run(store, found(9_700), day=1), a_run(store, found(9_000), day=2)
        more = a_run(store, found(9_700_000), day=3)
        words = [h.text for h in breaks.history(store.db, 1) if h.what == "changed"]
        accept()
        other = a_run(store, found(9_700_000, "GBP"), day=4)

    assert ((), (), (1,), (1,)) == (same.reopened, less.reopened, more.reopened, other.reopened)
    assert [f"{kind}: 97000.00 EUR at risk"] == words


def test_a_written_off_difference_opens_again_when_it_is_another() -> None:
    """The same amount given up, between other values: nobody signed for that."""
    with a_store() as store:
        a_run(store, a_break())
        with store.transaction() as db:
            breaks.write_off(db, [1], "a.berg", "not worth the letter", MONDAY)
        other = a_run(store, a_break(fields=(FieldDifference("total", "201.00 EUR", "202.00 EUR"),)), day=1)

        assert ((1,), "open", None) == (other.reopened, the_break(store).state, the_break(store).proposal_id)


def test_a_run_closes_only_what_it_looked_for() -> None:
    """A window closes its periods, a run of changes its keys, a run of documents no totals."""
    with a_store() as store:
        total = a_break(key="DE01", kind="control_total")
        a_run(store, a_break(key="1"), a_break(key="2", period="2026-02"), a_break(key="3"), total)

        a_run(store, day=1, keys=["3", "4"], aspects=("document", "duplicate"))
        a_run(store, day=2, periods=("2026-02", "2026-03"), aspects=("document", "duplicate"))

        assert ["open", "closed", "closed", "open"] == [the_break(store, n).state for n in (1, 2, 3, 4)]


def test_a_duplicate_and_a_difference_of_one_document_are_two_breaks() -> None:
    """But when a difference changes its kind it stays the same break."""
    with a_store() as store:
        a_run(store, a_break(), a_break(kind="duplicate"))

        again = a_run(store, a_break(kind="missing_in_target", fields=()), a_break(kind="duplicate"), day=1)

        assert ("missing_in_target", 2) == (the_break(store).kind, again.persisting)


def test_what_has_ended_is_not_decided_again() -> None:
    """Explaining and writing off act on open breaks only; comments may always be made."""
    with a_store() as store:
        a_run(store, a_break())
        a_run(store, day=1)
        with store.transaction() as db:
            done = [
                breaks.explain(db, [1], "a.berg", "late", MONDAY),
                breaks.write_off(db, [1], "a.berg", "late", MONDAY),
                breaks.comment(db, [1, 99], "a.berg", "it was the import", MONDAY),
            ]

    assert [0, 0, 1] == done


def test_a_run_that_was_cut_off_says_so() -> None:
    """What an engine left under way is marked when the next one starts; complete runs stay as they are."""
    with a_store() as store, store.transaction() as db:
        first, second = (reconciliations.begin(db, a_reconcile_run(), MONDAY) for _ in range(2))
        total = reconciliations.ControlTotal("DE01", "2026-01", "EUR", 2, 300, 1, 200)
        reconciliations.complete(
            db,
            first,
            MONDAY,
            source_rows=2,
            target_rows=1,
            compared=2,
            opened=1,
            persisting=0,
            closed=0,
            totals=[total],
        )

        assert 1 == reconciliations.interrupt_running(db, MONDAY + DAY)
        newest = reconciliations.last(db, *SIDES)
        assert newest is not None
        assert (second, "interrupted") == (newest.id, newest.outcome)
        assert first == reconciliations.last(db, *SIDES, outcome="complete").id  # type: ignore[union-attr]
        assert [total] == reconciliations.totals(db, first)
        assert 100 == total.difference_minor


def test_breaks_are_listed_a_page_at_a_time() -> None:
    """By state, class and company, in order of their numbers."""
    with a_store() as store:
        a_run(store, *(a_break(key=str(n), class_="timing" if n % 2 else "mapping") for n in range(7)))

        pages = [b.key for b in breaks.each(store.db, class_="timing", limit=2)]

    assert ["1", "3", "5"] == pages
