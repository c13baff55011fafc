"""Suppliers of the store are compared as they come, and what people say of them is respected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.profile.suppliers import Thresholds
from finsync_tui.suppliers import searching, sweeping
from store import Store, records, supplier_answers, supplier_forms
from store.canonical.supplier import Supplier, SupplierAddress, SupplierBankAccount, TaxRegistration
from tests.builders import MONDAY, a_store, a_supplier

LIMITS = Thresholds()
HULL = SupplierAddress(postcode="HU1 1AA", town="Hull", country="GB")


def put(store: Store, external_id: str, system: str = "coupa", **changes: Any) -> None:
    fields: dict[str, Any] = {"number": f"N{external_id}", "name": "Harbour Paper Ltd", "country": "GB", "address": HULL,
                              "tax_registrations": ()}  # fmt: skip
    record = a_supplier(**fields | changes)
    with store.transaction() as db:
        records.put_page(
            db, "supplier", system, [records.Incoming(external_id, record, repr(record).encode())], MONDAY
        )


def sweep(store: Store) -> sweeping.Swept:
    return sweeping.sweep(store, LIMITS, MONDAY)


def waiting(store: Store) -> list[tuple[str, str]]:
    return [(p.one, p.other) for p in supplier_answers.waiting(store.db, LIMITS.ask, 100)]


def test_a_new_supplier_is_compared_with_those_of_all_systems() -> None:
    """It pairs with its twin and its duplicate, and with nobody else."""
    store = a_store()
    put(store, "1")
    put(store, "2", name="HARBOUR PAPER LIMITED")
    put(store, "3", name="Zenith Robotics PLC")
    put(store, "9", "oracle-emea", name="Harbor Paper")

    assert sweeping.Swept(4, 3) == sweep(store)
    assert {("coupa:1", "coupa:2"), ("coupa:1", "oracle-emea:9"), ("coupa:2", "oracle-emea:9")} == set(
        waiting(store)
    )
    assert sweeping.Swept() == sweep(store)


def test_one_that_changes_is_compared_anew() -> None:
    """A corrected name takes the pair away again."""
    store = a_store()
    put(store, "1")
    put(store, "2", name="Harbour Paper")
    sweep(store)
    put(store, "2", name="Zenith Robotics")

    assert 1 == sweep(store).suppliers
    assert [] == waiting(store)


def test_a_bank_account_that_comes_later_brings_two_together() -> None:
    """Accounts are records of their own: their suppliers are looked at again when one is read."""
    store = a_store()
    put(store, "1", name="Blohm Anlagenbau", address=None, country=None)
    put(store, "2", name="Blohm Service", address=None, country=None)
    sweep(store)
    before = waiting(store)
    with store.transaction() as db:
        accounts = [
            records.Incoming(
                n,
                SupplierBankAccount(number="x", supplier_id=n, fingerprint="f" * 64, masked="GB…3000"),
                n.encode(),
            )
            for n in ("1", "2")
        ]
        records.put_page(db, "supplier_bank_account", "coupa", accounts, MONDAY)

    assert [] == before
    assert 2 == sweep(store).suppliers
    assert "ff" in supplier_forms.every(store.db)[0].accounts
    evidence = [
        e for c in searching.similar(store.db, supplier_forms.every(store.db)[0], 0.1) for e in c.reasons
    ]
    assert "the same bank account" in [reason.what for reason in evidence]


@pytest.mark.parametrize("kind", ["employee", "one_time"])
def test_employees_and_one_time_suppliers_are_nobodys_duplicates(kind: Any) -> None:
    """Two people may have one name."""
    store = a_store()
    put(store, "1", name="Anna Smith", kind=kind)
    put(store, "2", name="Anna Smith")

    sweep(store)

    assert [] == waiting(store)


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["same", "different"])), max_size=12
    )
)
def test_what_was_answered_is_never_asked_again(said: list[tuple[int, int, Any]]) -> None:
    """Through any answers, new versions and comparisons of the whole file; the newest answer counts and all stay."""
    store = a_store()
    for n in range(5):
        put(store, str(n))
    sweep(store)
    newest: dict[tuple[str, str], str] = {}
    for step, (a, b, answer) in enumerate(said):
        if a == b:
            continue
        one, other = supplier_answers.ordered(f"coupa:{a}", f"coupa:{b}")
        with store.transaction() as db:
            supplier_answers.answer(db, other, one, answer, by="ana", at=MONDAY + timedelta(seconds=step))
        newest[one, other] = answer
        put(store, str(a), number=f"again {step}")
        sweep(store)

    sweeping.sweep_all(store, LIMITS, MONDAY)

    everybody = {(f"coupa:{a}", f"coupa:{b}") for a in range(5) for b in range(a + 1, 5)}
    assert everybody - newest.keys() == set(waiting(store))
    assert newest == {(a.one, a.other): a.answer for a in supplier_answers.answers(store.db)}
    assert newest == supplier_answers.answered(store.db, sorted(newest))


def test_comparing_all_at_once_finds_what_comparing_one_by_one_found() -> None:
    """Two ways to one result."""
    store = a_store()
    names = [
        "Vantricen Engineering GmbH",
        "VANTRICEN ENGIN. AG",
        "Vantrizen Engineering",
        "Ortec SA",
        "Ortec Group",
        "Ortek",
    ]
    for n, name in enumerate(names):
        put(
            store,
            str(n),
            name=name,
            tax_registrations=(TaxRegistration(number="1234"),) if n in (0, 5) else (),
        )
        sweep(store)
    one_by_one = supplier_answers.waiting(store.db, LIMITS.ask, 100)

    sweeping.sweep_all(store, LIMITS, MONDAY)

    assert one_by_one == supplier_answers.waiting(store.db, LIMITS.ask, 100)
    assert 4 <= len(one_by_one)


def test_no_lookup_of_a_supplier_reads_a_table_from_end_to_end() -> None:
    """With fifty thousand suppliers in it, a look-up costs what one costs among fifty."""
    store = a_store()
    put(store, "1")
    sweep(store)
    plans: list[str] = []
    statements: list[str] = []
    store.db.set_trace_callback(statements.append)
    searching.similar(store.db, supplier_forms.every(store.db)[0]._replace(external_id="new"), 70)
    store.db.set_trace_callback(None)
    for statement in statements:
        if "ORDER BY system, external_id" not in statement:
            plans += [row[3] for row in store.db.execute(f"EXPLAIN QUERY PLAN {statement}")]

    assert plans
    assert [] == [plan for plan in plans if "SCAN supplier" in plan]


def test_a_record_without_an_address_is_compared_by_what_there_is() -> None:
    """Contracts of an earlier release knew no address."""
    old = Supplier.model_validate_json(
        b'{"number":"1","name":"Old","status":"active","country":null,"party_id":null,"tax_registrations":[],"sites":[]}'
    )

    assert ("company", None) == (old.kind, old.address)
