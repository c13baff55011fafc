"""Cross-references: one business thing, its id in each system."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from store import Store, crossrefs
from store.crossrefs import Crossref
from tests.builders import MONDAY, a_store


def link(store: Store, external_id: str = "300", key: str = "coupa:1", **changes: Any) -> None:
    fields: dict[str, Any] = {"why": "created", "linked_at": MONDAY}
    with store.transaction() as db:
        crossrefs.link(db, "purchase_order", key, "oracle-emea", external_id, **fields | changes)


def linked(store: Store) -> Crossref:
    found = crossrefs.get(store.db, "purchase_order", "coupa:1", "oracle-emea")
    assert found is not None
    return found


def test_a_link_leads_both_ways() -> None:
    """From our key to the other system's id, and from that id back."""
    with a_store() as store:
        link(store, number="4711", revision="0")

        assert Crossref(
            "purchase_order", "coupa:1", "oracle-emea", "300", "4711", "0", "created", MONDAY
        ) == linked(store)
        assert "coupa:1" == crossrefs.find(store.db, "purchase_order", "oracle-emea", "300")
        assert [linked(store)] == crossrefs.of(store.db, "purchase_order", "coupa:1")
        assert [linked(store)] == crossrefs.by_number(store.db, "4711")


def test_linking_again_brings_it_up_to_date() -> None:
    """A number learnt later is added; what was known and is not told again stays, like the first instant."""
    with a_store() as store:
        link(store, revision="0")
        link(store, number="4711", why="found", linked_at=MONDAY + timedelta(days=1))

        assert ("4711", "0", "created", MONDAY) == (
            linked(store).number,
            linked(store).revision,
            linked(store).why,
            linked(store).linked_at,
        )


def test_a_link_to_another_document_takes_nothing_over() -> None:
    """Number and revision belong to the document, not to the link."""
    with a_store() as store:
        link(store, number="4711", revision="3")
        link(store, "301", why="number", linked_at=MONDAY + timedelta(days=1))

        assert ("301", None, None, "number") == (
            linked(store).external_id,
            linked(store).number,
            linked(store).revision,
            linked(store).why,
        )
        assert crossrefs.find(store.db, "purchase_order", "oracle-emea", "300") is None


def test_many_ids_are_found_at_once() -> None:
    """Unknown ids are left out."""
    with a_store() as store:
        link(store, "300", "coupa:1")
        link(store, "301", "coupa:2")

        assert {"300": "coupa:1", "301": "coupa:2"} == crossrefs.find_many(
            store.db, "purchase_order", "oracle-emea", ["300", "301", "302"]
        )


def test_unlinking_forgets() -> None:
    """A deleted draft leaves no link; forgetting twice says so."""
    with a_store() as store:
        link(store)
        with store.transaction() as db:
            assert crossrefs.unlink(db, "purchase_order", "coupa:1", "oracle-emea")
            assert not crossrefs.unlink(db, "purchase_order", "coupa:1", "oracle-emea")

        assert [] == crossrefs.of(store.db, "purchase_order", "coupa:1")
