"""What exceptions wait for together."""

from __future__ import annotations

from datetime import timedelta

from store import Store, cases, causes
from tests.builders import MONDAY, a_case, a_clock, a_store


def opened(store: Store, number: int, **changes: object) -> None:
    with store.transaction() as db:
        cases.open(db, a_case(document_key=f"coupa:{number}", **changes), MONDAY + timedelta(hours=number))  # type: ignore[arg-type]


def test_documents_that_lack_one_rule_are_one_cause() -> None:
    """Table, value and scope make the rule; money adds up per currency, whatever the systems."""
    rule = {"table": "cost_centre", "value": "410", "scope": "DE01"}
    with a_store() as store:
        opened(store, 1, class_="MAPPING_MISSING", evidence=rule, amount_minor=100, currency="EUR")
        opened(
            store, 2, class_="MAPPING_MISSING", evidence=rule, amount_minor=250, currency="EUR", system="b"
        )
        opened(
            store, 3, class_="MAPPING_MISSING", evidence=rule, amount_minor=7, currency="USD", due_at=MONDAY
        )
        opened(
            store,
            4,
            class_="MAPPING_MISSING",
            evidence={**rule, "scope": "FR01"},
            amount_minor=1,
            currency="EUR",
        )

        found = causes.waiting(store.db, MONDAY + timedelta(days=1))

    widest, other = found
    assert (("table", "cost_centre"), ("value", "410"), ("scope", "DE01")) == widest.parts
    assert (3, 1, {"EUR": 350, "USD": 7}) == (widest.count, widest.overdue_count, widest.amounts)
    assert MONDAY + timedelta(hours=1) == widest.oldest_at
    assert 1 == other.count


def test_without_evidence_it_is_the_system() -> None:
    """Two dead letters of one system belong together, and those of a cost centre do too."""
    with a_store() as store:
        opened(store, 1, class_="DEAD_LETTER", system="oracle-emea", evidence={})
        opened(store, 2, class_="DEAD_LETTER", system="oracle-emea", evidence={"attempts": 8})
        opened(store, 3, class_="DEAD_LETTER", system="coupa", evidence={})
        opened(store, 4, class_="COST_CENTRE_INACTIVE", evidence={"cost_centre": "410", "account": "01-410"})

        found = causes.waiting(store.db, MONDAY)

    assert [
        (2, (("system", "oracle-emea"),)),
        (1, (("cost_centre", "410"),)),
        (1, (("system", "coupa"),)),
    ] == [(one.count, one.parts) for one in found]


def test_documents_of_one_supplier_or_employee_wait_together() -> None:
    """Two suppliers that nobody knows are two causes, whatever the system."""
    with a_store() as store:
        for number, supplier in enumerate(("coupa:9001", "coupa:9002", "coupa:9001"), 1):
            opened(store, number, class_="SUPPLIER_UNKNOWN", evidence={"supplier": supplier, "similar": []})
        opened(store, 4, class_="EMPLOYEE_UNKNOWN", evidence={"employee": "E4501"})

        found = causes.waiting(store.db, MONDAY)

    assert [
        (2, (("supplier", "coupa:9001"),)),
        (1, (("employee", "E4501"),)),
        (1, (("supplier", "coupa:9002"),)),
    ] == [(one.count, one.parts) for one in found]


def test_ended_exceptions_wait_for_nothing() -> None:
    """Only what lives is grouped, unless another condition is given."""
    with a_store() as store:
        opened(store, 1, class_="REJECTED", evidence={})
        with store.transaction() as db:
            cases.end(db, [1], "ignored", "ana", "test data", a_clock().now())

        assert [] == causes.waiting(store.db, MONDAY)
        assert 1 == len(causes.waiting(store.db, MONDAY, where="class = ?", params=("REJECTED",)))


def test_one_case_has_the_parts_of_its_group() -> None:
    """Python and SQL agree on what a cause is."""
    evidence = (
        {"table": "t", "value": "v", "scope": ""},
        {"account": "01"},
        {"cost_centre": "9", "account": "1"},
        {"supplier": "coupa:1", "employee": "E1"},
        {"period": "Feb-26", "order": "PO-1"},
        {"order": "PO-1"},
        {"account": "01", "period": "Feb-26"},
        {},
    )
    with a_store() as store:
        for number, one in enumerate(evidence, start=1):
            opened(store, number, class_=f"CLASS_{number}", evidence=one, system="coupa", legal_entity="DE01")

        found = {cause.class_: cause.parts for cause in causes.waiting(store.db, MONDAY)}

    assert found == {
        f"CLASS_{number}": causes.of_evidence(one, "coupa", "DE01")
        for number, one in enumerate(evidence, start=1)
    }


def test_a_closed_period_of_a_company_is_one_cause() -> None:
    """Whatever system said so; the same period of another company is another one, as is each order."""
    with a_store() as store:
        for number, (company, system) in enumerate((("DE01", "a"), ("DE01", "b"), ("FR01", "a")), start=1):
            opened(
                store,
                number,
                class_="PERIOD_CLOSED",
                evidence={"period": "Feb-26"},
                legal_entity=company,
                system=system,
            )
        for number, order in enumerate(("PO-1", "PO-1", "PO-2"), start=4):
            opened(store, number, class_="MATCH_PRICE", evidence={"order": order})

        found = [(cause.parts, cause.count) for cause in causes.waiting(store.db, MONDAY)]

    assert found == [
        ((("order", "PO-1"),), 2),
        ((("period", "Feb-26"), ("entity", "DE01")), 2),
        ((("order", "PO-2"),), 1),
        ((("period", "Feb-26"), ("entity", "FR01")), 1),
    ]
