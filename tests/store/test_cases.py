"""Exceptions: what waits for an analyst."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from store import Store, cases, workflows
from tests.builders import MONDAY, a_case, a_store

HOUR = timedelta(hours=1)


def open_case(store: Store, *, hours: int = 0, **changes: Any) -> int:
    with store.transaction() as db:
        return cases.open(db, a_case(**changes), MONDAY + hours * HOUR)


def case(store: Store, case_id: int) -> cases.ExceptionCase:
    found = cases.get(store.db, case_id)
    assert found is not None
    return found


def test_an_exception_reads_back() -> None:
    """Cause, fix, money at risk, evidence and the payload are all there."""
    with a_store() as store:
        case_id = open_case(
            store, evidence={"looked_for": ["S-1001"]}, payload=b"\xff{", due_at=MONDAY + HOUR
        )

        found = case(store, case_id)

    assert ("SUPPLIER_UNKNOWN", "open", 10100, "EUR", 1) == (
        found.class_,
        found.state,
        found.amount_minor,
        found.currency,
        found.seen_count,
    )
    assert ({"looked_for": ["S-1001"]}, b"\xff{", MONDAY + HOUR) == (
        found.evidence,
        found.payload,
        found.due_at,
    )


def test_the_same_trouble_again_is_counted_not_repeated() -> None:
    """A live exception of the same class and document is brought up to date; owner and payload stay."""
    with a_store() as store:
        first = open_case(store, payload=b"1", owner="a.berg")
        again = open_case(store, hours=1, cause="still unknown")

        found = case(store, again)

    assert first == again
    assert (2, "still unknown", b"1", "a.berg", MONDAY, MONDAY + HOUR) == (
        found.seen_count,
        found.cause,
        found.payload,
        found.owner,
        found.opened_at,
        found.changed_at,
    )


def test_other_classes_documents_and_ended_ones_open_anew() -> None:
    """Only a live exception of that class for that document takes it in."""
    with a_store() as store:
        ids = [
            open_case(store),
            open_case(store, class_="PERIOD_CLOSED"),
            open_case(store, document_key="coupa:2"),
        ]
        with store.transaction() as db:
            cases.end(db, ids[:1], "resolved", "a.berg", "created there", MONDAY)

        ids.append(open_case(store))

    assert 4 == len(set(ids))


def test_ending_says_who_and_why_and_only_once() -> None:
    """An ended exception stays as it ended."""
    with a_store() as store:
        case_id = open_case(store)
        with store.transaction() as db:
            assert 1 == cases.end(db, [case_id, 999], "resolved", "a.berg", "created there", MONDAY + HOUR)
            assert 0 == cases.end(db, [case_id], "ignored", "b.lund", "never mind", MONDAY + 2 * HOUR)

        found = case(store, case_id)

    assert ("resolved", "a.berg", "created there", MONDAY + HOUR) == (
        found.state,
        found.ended_by,
        found.resolution,
        found.ended_at,
    )


def test_what_a_flow_opened_can_be_ended_together() -> None:
    """All live exceptions of one instance, and no others."""
    with a_store() as store:
        with store.transaction() as db:
            workflow_id = workflows.start(
                db,
                flow="requisition_to_pay",
                kind="create",
                entity="purchase_order",
                document_key="coupa:1",
                document_number="PO-1",
                document_version=1,
                document_revision="1",
                step="map",
                now=MONDAY,
            )
        mine = [open_case(store, workflow_id=workflow_id, class_=name) for name in ("A", "B")]
        other = open_case(store, class_="C")
        with store.transaction() as db:
            assert 2 == cases.end_for_workflow(db, workflow_id or 0, "closed", "engine", "superseded", MONDAY)

        assert [["closed", "closed"], "open"] == [
            [case(store, n).state for n in mine],
            case(store, other).state,
        ]


def test_a_snoozed_exception_comes_back_by_itself() -> None:
    """It is out of the way until its day, and stays one while the trouble goes on."""
    with a_store() as store:
        case_id = open_case(store)
        with store.transaction() as db:
            cases.snooze(db, [case_id], MONDAY + HOUR, MONDAY)
            assert 0 == cases.wake_snoozed(db, MONDAY)
        assert case_id == open_case(store)
        assert "snoozed" == case(store, case_id).state

        with store.transaction() as db:
            assert 1 == cases.wake_snoozed(db, MONDAY + HOUR)

        assert ("open", None) == (case(store, case_id).state, case(store, case_id).snoozed_until)


def test_assigning_gives_it_to_somebody_or_nobody() -> None:
    """An owner can be set and taken away while it is live."""
    with a_store() as store:
        case_id = open_case(store)
        with store.transaction() as db:
            cases.assign(db, [case_id], "a.berg", MONDAY)
        assert "a.berg" == case(store, case_id).owner

        with store.transaction() as db:
            assert 1 == cases.assign(db, [case_id], None, MONDAY)
        assert case(store, case_id).owner is None


def test_notes_stay_in_order() -> None:
    """Who wrote what, oldest first."""
    with a_store() as store:
        case_id = open_case(store)
        with store.transaction() as db:
            cases.note(db, case_id, "a.berg", "asked procurement", MONDAY)
            cases.note(db, case_id, "b.lund", "they create it", MONDAY + HOUR)

        assert [("a.berg", "asked procurement", MONDAY), ("b.lund", "they create it", MONDAY + HOUR)] == [
            (note.author, note.text, note.at) for note in cases.notes(store.db, case_id)
        ]


def test_exceptions_of_a_document() -> None:
    """Live ones for the engine, all of them for the story."""
    with a_store() as store:
        one, two = open_case(store), open_case(store, class_="PERIOD_CLOSED")
        with store.transaction() as db:
            cases.end(db, [one], "closed", "engine", "gone", MONDAY)

        assert [two] == [c.id for c in cases.live_for_document(store.db, "coupa:100234")]
        assert [one, two] == [c.id for c in cases.of_document(store.db, "coupa:100234")]
        assert cases.get(store.db, 999) is None


def test_live_exceptions_are_found_by_document_and_class() -> None:
    """Of many documents at once: only those of the classes asked for, and only while they live."""
    with a_store() as store:
        ended, other = open_case(store), open_case(store, class_="PERIOD_CLOSED")
        with store.transaction() as db:
            cases.end(db, [ended], "closed", "engine", "gone", MONDAY)
        again = open_case(store)

        classes = [cases.get(store.db, again).class_]  # type: ignore[union-attr]
        assert [again] == cases.live_ids(store.db, "purchase_order", ["coupa:1", "coupa:100234"], classes)
        assert {again, other} == {
            *cases.live_ids(store.db, "purchase_order", ["coupa:100234"], [*classes, "PERIOD_CLOSED"])
        }
        assert [] == cases.live_ids(store.db, "purchase_order", [], classes)


def test_documents_that_are_numbered_alike_have_exceptions_of_their_own() -> None:
    """A system may call an order and an invoice 4711: one's exception is not the other's, nor ends with it."""
    with a_store() as store, store.transaction() as db:
        order = cases.open(
            db, a_case(class_="PAYLOAD_INVALID", entity="purchase_order", document_key="coupa:4711"), MONDAY
        )
        invoice = cases.open(
            db, a_case(class_="PAYLOAD_INVALID", entity="invoice", document_key="coupa:4711"), MONDAY
        )

        assert order != invoice
        assert [invoice] == cases.live_ids(db, "invoice", ["coupa:4711"], ["PAYLOAD_INVALID"])
