"""Records: every version of everything that was read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import Store, records
from store.canonical.purchasing import PurchaseOrder
from store.canonical.record import CanonicalRecord, raw_digest
from store.canonical.supplier import Supplier, TaxRegistration
from store.records import Incoming, Stored
from tests import strategies
from tests.builders import MONDAY, a_purchase_order, a_store, a_supplier


def put(store: Store, *rows: Incoming, system: str = "coupa") -> list[Stored]:
    with store.transaction() as db:
        return records.put_page(db, rows[0].record.entity, system, rows, MONDAY)


def incoming(external_id: str = "1", payload: bytes = b"{}", **changes: object) -> Incoming:
    return Incoming(external_id, a_supplier(**changes), payload)


def outcomes(stored: list[Stored]) -> list[tuple[str, int]]:
    return [(row.outcome, row.version) for row in stored]


@given(
    record=strategies.records,
    payload=st.binary(max_size=50),
    at=strategies.instants,
    external_id=strategies.names,
)
def test_what_is_put_is_what_is_got(
    record: CanonicalRecord, payload: bytes, at: object, external_id: str
) -> None:
    """Any valid record comes back equal, with where it came from and the bytes it was read from."""
    with a_store() as store:
        row = Incoming(external_id, record, payload, "3", at, "a.berg")  # type: ignore[arg-type]
        put(store, row)

        held = records.get(store.db, type(record), "coupa", external_id)

    assert held is not None
    assert record == held.record
    assert (payload, "3", at, "a.berg", MONDAY) == (
        held.payload,
        held.source_version,
        held.source_updated_at,
        held.changed_by,
        held.fetched_at,
    )
    assert record.content_hash() == held.content_hash
    assert f"coupa:{external_id}" == str(held.key)


@given(record=strategies.records)
def test_the_stored_form_is_the_json_and_its_hash(record: CanonicalRecord) -> None:
    """Made together they are what they are apart, with echo fields or without, whatever texts a record holds."""
    assert (record.canonical_json(), record.content_hash()) == record.canonical_form()


def test_a_text_that_looks_like_an_echo_field_stays_in_the_hash() -> None:
    """Only the field itself is left out of the content, never the same letters within a text."""
    order = a_purchase_order(description='a,"target_number":null,"target_status":null b')

    assert order.content_hash() == order.canonical_form()[1]


def test_outcomes_of_reading_again() -> None:
    """New, the same bytes, other bytes with the same content, other content: only content makes versions."""
    with a_store() as store:
        found = [
            put(store, incoming(payload=b"1")),
            put(store, incoming(payload=b"1")),
            put(store, incoming(payload=b"2")),
            put(store, incoming(payload=b"3", name="Muster AG")),
        ]
        versions = [(v.version, v.content_hash) for v in records.history(store.db, "supplier", "coupa", "1")]

    assert [[("new", 1)], [("same", 1)], [("touched", 1)], [("changed", 2)]] == [
        outcomes(one) for one in found
    ]
    assert [(1, a_supplier().content_hash()), (2, a_supplier(name="Muster AG").content_hash())] == versions


def test_our_own_write_read_back_is_an_echo() -> None:
    """A field that we wrote into the source ourselves makes a version, but no change."""
    order = a_purchase_order()
    echo = order.model_copy(update={"target_number": "4711"})
    with a_store() as store:
        put(store, Incoming("1", order, b"1"))

        stored = put(store, Incoming("1", echo, b"2"))

        held = records.get(store.db, PurchaseOrder, "coupa", "1")
        assert [("echo", 2)] == outcomes(stored)
        assert held is not None
        assert echo == held.record


def test_an_order_touched_without_echo_makes_no_version() -> None:
    """For records with echo fields too, other bytes with the very same content are only touched."""
    with a_store() as store:
        put(store, Incoming("1", a_purchase_order(), b"1"))

        assert [("touched", 1)] == outcomes(put(store, Incoming("1", a_purchase_order(), b"2")))


@pytest.mark.parametrize(
    ("held", "came", "outcome"),
    [
        (("2", None), ("1", None), "stale"),
        (("10", None), ("9", None), "stale"),
        (("9", None), ("10", None), "changed"),
        (("2", 5), ("1", 9), "stale"),
        (("1", 9), ("2", 5), "changed"),
        (("2", 5), ("2", 4), "stale"),
        (("2", 5), ("2", 5), "changed"),
        ((None, 5), (None, 4), "stale"),
        ((None, 5), (None, 6), "changed"),
        ((None, None), (None, 4), "changed"),
        (("a", 5), ("b", 4), "stale"),
    ],
)
def test_older_versions_are_stale(
    held: tuple[str | None, int | None], came: tuple[str | None, int | None], outcome: str
) -> None:
    """The source's count decides, as a number; where it says nothing, the source's time does."""

    def row(said: tuple[str | None, int | None], name: str) -> Incoming:
        at = None if said[1] is None else MONDAY + timedelta(hours=said[1])
        return Incoming("1", a_supplier(name=name), name.encode(), said[0], at)

    with a_store() as store:
        put(store, row(held, "first"))

        stored = put(store, row(came, "second"))

        kept = records.get(store.db, Supplier, "coupa", "1")
        assert outcome == stored[0].outcome
        assert kept is not None
        assert ("first" if outcome == "stale" else "second") == kept.record.name


def test_one_page_may_hold_a_record_several_times() -> None:
    """Within a page the rows count in order, as if they had come on pages of their own."""
    with a_store() as store:
        stored = put(
            store,
            incoming("1", b"a"),
            incoming("2", b"b"),
            incoming("1", b"c", name="second"),
            incoming("1", b"d", name="second"),
            incoming("1", b"c", name="second"),
        )

        held = records.get(store.db, Supplier, "coupa", "1")
        assert [("new", 1), ("new", 1), ("changed", 2), ("touched", 2), ("touched", 2)] == outcomes(stored)
        assert held is not None
        assert "second" == held.record.name
        assert {raw_digest(b"c")} == records.known_digests(
            store.db, "supplier", "coupa", {"1": raw_digest(b"c")}
        )
        assert set() == records.known_digests(store.db, "supplier", "coupa", {"1": raw_digest(b"a")})


@given(
    pages=st.lists(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=6
        ),
        max_size=5,
    )
)
def test_versions_follow_a_plain_model(pages: list[list[tuple[str, int, int]]]) -> None:
    """However rows are cut into pages, the store holds what a dictionary and a list of contents would."""
    newest: dict[str, tuple[str, bytes]] = {}
    contents: dict[str, list[str]] = {}
    with a_store() as store:
        for page in pages:
            rows = [incoming(key, f"{name}{extra}".encode(), name=f"n{name}") for key, name, extra in page]
            put(store, *rows)
            for row in rows:
                name = str(row.record.name)  # type: ignore[attr-defined]
                known = contents.setdefault(row.external_id, [])
                if not known or known[-1] != name:
                    known.append(name)
                newest[row.external_id] = (name, row.payload)

        for key, names in contents.items():
            stored = [
                records.get_version(store.db, Supplier, "coupa", key, number)
                for number in range(1, len(names) + 1)
            ]
            assert names == [held.record.name for held in stored if held is not None]
            assert len(names) == len(records.history(store.db, "supplier", "coupa", key))
        for n in range(3):
            for e in range(4):
                digest = raw_digest(f"{n}{e}".encode())
                held = records.known_digests(store.db, "supplier", "coupa", dict.fromkeys("abcd", digest))
                assert any(payload == f"{n}{e}".encode() for _, payload in newest.values()) == (
                    held == {digest}
                )
        assert len(newest) == records.count(store.db, "supplier", "coupa")


def test_systems_and_entities_do_not_mix() -> None:
    """The same id in two systems is two records; digests count for one system and entity."""
    with a_store() as store:
        put(store, incoming("1", b"x"), system="oracle-emea")
        put(store, incoming("1", b"x", name="other"), system="oracle-amer")

        held = records.get(store.db, Supplier, "oracle-emea", "1")
        assert held is not None
        assert "Muster Büromöbel GmbH" == held.record.name
        assert set() == records.known_digests(store.db, "supplier", "coupa", {"1": raw_digest(b"x")})
        assert set() == records.known_digests(store.db, "ledger", "oracle-emea", {"1": raw_digest(b"x")})
        assert (1, 2) == (
            records.count(store.db, "supplier", "oracle-emea"),
            records.count(store.db, "supplier"),
        )


def test_twins_are_found_by_identifier() -> None:
    """A tax number in any spelling leads to the records of the other system that carry it."""
    with a_store() as store:
        put(store, incoming("1"), system="oracle-emea")
        other = (TaxRegistration(number="DE 811.234.567"), TaxRegistration(number="CHE-123"))
        put(store, incoming("2", b"2", number="X", tax_registrations=other), system="oracle-emea")

        assert ["1", "2"] == records.twins(store.db, "supplier", "tax_id", "DE811234567", "oracle-emea")
        assert ["2"] == records.twins(store.db, "supplier", "tax_id", "CHE123", "oracle-emea")
        assert [] == records.twins(store.db, "supplier", "tax_id", "DE811234567", "coupa")
        assert [] == records.twins(store.db, "supplier", "number", "DE811234567", "oracle-emea")


def test_identifiers_follow_the_newest_version() -> None:
    """A tax number that was corrected leads nowhere any more."""
    with a_store() as store:
        put(store, incoming("1", b"1"))
        put(store, incoming("1", b"2", tax_registrations=(TaxRegistration(number="AT1"),)))

        assert [("number", "S1001"), ("tax_id", "AT1")] == records.identifiers(
            store.db, "supplier", "coupa", "1"
        )
        assert [] == records.twins(store.db, "supplier", "tax_id", "DE811234567", "coupa")


def test_numbers_follow_the_newest_version() -> None:
    """A record is found by the number people call it now, in each system."""
    with a_store() as store:
        put(store, incoming("1", b"1", number="old"))
        put(store, incoming("1", b"2", number="new"))
        put(store, incoming("9", b"2", number="new"), system="oracle-emea")

        found = records.find_by_number(store.db, Supplier, "coupa", "new")
        assert [] == records.by_number(store.db, "supplier", "old")
        assert [("coupa", "1"), ("oracle-emea", "9")] == records.by_number(store.db, "supplier", "new")
        assert found is not None
        assert "1" == found.external_id
        assert records.find_by_number(store.db, Supplier, "oracle-amer", "new") is None


def test_unknown_records_are_none() -> None:
    """What is not there is None, an empty list or left out, never an error."""
    with a_store() as store:
        assert records.get(store.db, Supplier, "coupa", "1") is None
        assert records.get_version(store.db, Supplier, "coupa", "1", 1) is None
        assert {} == records.get_many(store.db, Supplier, "coupa", ["1"])
        assert [] == records.history(store.db, "supplier", "coupa", "1")


def test_a_page_beyond_one_statement_works() -> None:
    """More rows than one statement takes are read and written in parts."""
    rows = [incoming(str(n), str(n).encode()) for n in range(5_300)]
    with a_store() as store:
        put(store, *rows)

        again = put(store, *rows)
        many = records.get_many(store.db, Supplier, "coupa", [row.external_id for row in rows])
        known = records.known_digests(
            store.db, "supplier", "coupa", {row.external_id: raw_digest(row.payload) for row in rows}
        )

    assert {"same"} == {row.outcome for row in again}
    assert len(rows) == len(many) == len(known)


def test_a_page_costs_few_statements() -> None:
    """The number of statements does not follow the number of rows."""
    with a_store() as store:
        told: list[str] = []
        store.db.set_trace_callback(told.append)
        put(store, *[incoming(str(n), str(n).encode()) for n in range(500)])

    assert len(told) < 40


def test_versions_can_not_be_changed() -> None:
    """What was read stays as it was read."""
    with a_store() as store:
        put(store, incoming())

        with pytest.raises(Exception, match="versions are never changed"):
            store.db.execute("UPDATE record_version SET body='{}'")


def test_a_page_that_brought_nothing_new_is_known() -> None:
    """Its number and its very bytes, of that entity and system."""
    digest = records.page_digest([b"1", b"2"])
    with a_store() as store, store.transaction() as db:
        records.note_page(db, "ledger", "oracle-emea", 1, records.page_digest([b"older"]))
        records.note_page(db, "ledger", "oracle-emea", 1, digest)

        assert records.is_known_page(db, "ledger", "oracle-emea", 1, digest)
        assert not records.is_known_page(db, "ledger", "oracle-emea", 2, digest)
        assert not records.is_known_page(db, "ledger", "oracle-amer", 1, digest)
        assert not records.is_known_page(db, "supplier", "oracle-emea", 1, digest)
        assert not records.is_known_page(db, "ledger", "oracle-emea", 1, records.page_digest([b"12"]))


@given(
    reads=st.lists(
        st.tuples(st.lists(st.integers(0, 2), min_size=4, max_size=4), st.none() | st.integers(0, 3)),
        max_size=6,
    )
)
def test_skipping_known_pages_loses_no_change(reads: list[tuple[list[int], int | None]]) -> None:
    """Promise 2: a source of four rows on two pages changes, goes back, and is read row by row in between:
    after each full read that skips known pages we hold what the source shows."""

    def row(key: int, name: int) -> Incoming:
        return incoming(str(key), f"{key}:{name}".encode(), name=f"n{name}")

    with a_store() as store:
        for names, single in reads:
            if single is not None:
                put(store, row(single, 9))
            for number in (0, 1):
                page = [row(key, names[key]) for key in (2 * number, 2 * number + 1)]
                digest = records.page_digest([one.payload for one in page])
                if not records.is_known_page(store.db, "supplier", "coupa", number, digest):
                    put(store, *page)
                    with store.transaction() as db:
                        records.note_page(db, "supplier", "coupa", number, digest)

            held = records.get_many(store.db, Supplier, "coupa", ["0", "1", "2", "3"])
            assert [f"n{name}" for name in names] == [held[str(key)].record.name for key in range(4)]
