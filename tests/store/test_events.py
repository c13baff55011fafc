"""Events: CloudEvents, appended once, read in order."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from store import Store, events
from store.canonical.event import event_id, event_type
from tests import strategies
from tests.builders import MONDAY, a_store, an_event


def append(store: Store, *ids: str, entity: str = "purchase_order") -> int:
    with store.transaction() as db:
        return events.append(db, [an_event(id=i, type=event_type(entity, "approved")) for i in ids])


def test_the_same_fact_is_one_event() -> None:
    """Promise 1: an id that is known is ignored, within one call and over many."""
    with a_store() as store:
        assert 2 == append(store, "a", "b", "a")
        assert 1 == append(store, "b", "c")
        assert 0 == append(store, "c")
        assert 0 == append(store)

        assert ["a", "b", "c"] == [e.event.id for e in events.tail(store.db, 0, 10)]


def test_a_fact_is_the_event_it_is_read_as() -> None:
    """What is appended without being checked first reads back as the same event that keeps the contract."""
    said = an_event(id="a", type=event_type("delivery", "delivered"), data={"b": None, "a": 1})
    fact = events.Fact(
        id=said.id,
        type=said.type,
        source=said.source,
        subject=said.subject,
        time=said.time,
        correlation_id=said.correlation_id,
        dataschema=said.dataschema,
        data=said.data,
    )
    with a_store() as store, store.transaction() as db:
        assert 1 == events.append(db, [fact])
        assert 0 == events.append(db, [said])

        assert [said] == [e.event for e in events.tail(db, 0, 10)]


@given(
    data=st.dictionaries(
        st.text(max_size=5), st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=5), max_size=3
    ),
    time=strategies.instants,
    correlation=st.none() | strategies.names,
)
def test_an_event_reads_back_as_it_was(
    data: dict[str, object], time: object, correlation: str | None
) -> None:
    """Whatever it carries."""
    event = an_event(
        data=data, time=time, correlation_id=correlation, dataschema="urn:finsync:schema:supplier:1.0"
    )
    with a_store() as store:
        with store.transaction() as db:
            events.append(db, [event])

        assert [event] == [e.event for e in events.of_subject(store.db, event.subject)]


def test_events_can_not_be_changed() -> None:
    """What happened stays what happened."""
    with a_store() as store:
        append(store, "a")

        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            store.db.execute("UPDATE event SET data='{}'")


def test_a_consumer_reads_on_from_where_it_was() -> None:
    """Each consumer has its own place, which only moves forward."""
    with a_store() as store:
        append(store, "a", "b", "c")
        first = events.pending(store.db, "flow", 2)
        with store.transaction() as db:
            events.acknowledge(db, "flow", first[-1].seq)
            events.acknowledge(db, "flow", first[0].seq)

        assert ["c"] == [e.event.id for e in events.pending(store.db, "flow", 10)]
        assert ["a", "b", "c"] == [e.event.id for e in events.pending(store.db, "other", 10)]


def test_a_rewound_consumer_reads_again() -> None:
    """Replay is setting the place back."""
    with a_store() as store:
        append(store, "a", "b")
        with store.transaction() as db:
            events.acknowledge(db, "flow", events.head(db))
            events.rewind(db, "flow", 1)

        assert ["b"] == [e.event.id for e in events.pending(store.db, "flow", 10)]


def test_a_consumer_may_ask_for_some_types_only() -> None:
    """By the beginning of the type; letters that mean something in SQL patterns mean themselves."""
    with a_store() as store:
        append(store, "a")
        append(store, "b", entity="supplier")
        append(store, "c", entity="purchase_xorder")

        def ids(*prefixes: str) -> list[str]:
            return [e.event.id for e in events.pending(store.db, "flow", 10, prefixes)]

        assert ["a"] == ids("com.finsync.purchase_order.")
        assert ["a", "b"] == ids("com.finsync.purchase_order.", "com.finsync.supplier.")
        assert [] == ids("com.finsync.%")


def test_the_head_is_the_newest() -> None:
    """Zero before the first event."""
    with a_store() as store:
        assert 0 == events.head(store.db)
        append(store, "a", "b")
        assert 2 == events.head(store.db)


def test_the_structured_form_is_a_cloudevent() -> None:
    """Names and required attributes are those of CloudEvents 1.0; what is not set is left out."""
    assert {
        "specversion": "1.0",
        "id": "coupa:purchase_order.approved:100234:v1",
        "source": "coupa",
        "type": "com.finsync.purchase_order.approved.v1",
        "subject": "coupa:100234",
        "time": "2026-01-05T08:00:00.000000Z",
        "datacontenttype": "application/json",
        "correlationid": "coupa:100234",
        "data": {"number": "PO-100234"},
    } == an_event(correlation_id="coupa:100234").to_cloudevent()


@pytest.mark.parametrize(
    "changes", [{"type": "purchase_order.approved"}, {"time": MONDAY.replace(tzinfo=None)}, {"id": ""}]
)
def test_what_is_no_cloudevent_is_refused(changes: dict[str, object]) -> None:
    """A type without its version, a time without zone, an empty id."""
    with pytest.raises(ValidationError):
        an_event(**changes)


def test_names_are_checked_where_they_are_made() -> None:
    """A type is words and a version; an id is the fact."""
    assert "com.finsync.supplier.changed.v2" == event_type("supplier", "changed", 2)
    assert "coupa:supplier.changed:7:v3" == event_id("coupa", "supplier.changed", "7", 3)
    with pytest.raises(ValueError, match="can't be part"):
        event_type("supplier", "has changed")
