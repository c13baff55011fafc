"""Coupa's requisitions, people, rates, suppliers' payment addresses and projects become canonical records."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from adapters.base import Translated, Untranslatable
from adapters.coupa import inbound
from adapters.coupa.inbound_people import REQUISITION_STATUS
from adapters.coupa.options import Options
from store.canonical.money import Money
from store.canonical.organisation import ExchangeRate
from store.canonical.people import Employee
from store.canonical.purchasing import OrderRevision, PurchaseOrder, Requisition
from store.canonical.supplier import Supplier

OPTIONS = Options(segment_count=4)


def record(entity: str, document: dict[str, Any], options: Options = OPTIONS) -> Any:
    (found,) = inbound.translate(entity, [json.dumps({"id": 7, **document}).encode()], options)
    assert isinstance(found, Translated), found
    return found.record


def place(entity: str, document: dict[str, Any]) -> str:
    (found,) = inbound.translate(entity, [json.dumps({"id": 7, **document}).encode()], OPTIONS)
    assert isinstance(found, Untranslatable), found
    return found.path


def a_line(**changes: Any) -> dict[str, Any]:
    return {
        "line-num": 1,
        "quantity": "4",
        "unit-price": "25.00",
        "total": "100.00",
        "currency": {"code": "EUR"},
    } | changes


def a_requisition(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    whole = {
        "status": "approved",
        "currency": {"code": "EUR"},
        "requisition-lines": list(lines) or [a_line()],
    }
    return whole | changes


def test_every_status_of_a_requisition_that_is_read_is_known() -> None:
    """None can come that has no meaning here."""
    assert set(OPTIONS.requisition_statuses) <= set(REQUISITION_STATUS)


@pytest.mark.parametrize("currency", [{"code": "EUR"}, "EUR", None])
def test_a_requisition_names_its_currency_in_several_ways(currency: Any) -> None:
    """An object, a text as the schema has it, or only on the lines."""
    found: Requisition = record("requisition", a_requisition(currency=currency))

    assert Money(amount_minor=10_000, currency="EUR") == found.total


def test_a_requisition_over_several_currencies_has_coupas_total() -> None:
    """Its lines keep their own; what they are worth together is Coupa's conversion."""
    lines = a_line(), a_line(**{"line-num": 2, "currency": {"code": "USD"}})

    found: Requisition = record("requisition", a_requisition(*lines, total="192.155"))

    assert ["EUR", "USD"] == [line.amount.currency for line in found.lines]
    assert Money(amount_minor=19_216, currency="EUR") == found.total
    assert "$.total" == place("requisition", a_requisition(*lines))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"status": "lost"}, "$.status"),
        ({"total": "1.00"}, "$.total"),
        ({"currency": None, "requisition-lines": []}, "$.currency"),
    ],
)
def test_a_requisition_that_does_not_fit_is_told(changes: dict[str, Any], where: str) -> None:
    """The place, and the words beside it."""
    assert where == place("requisition", a_requisition() | changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": {"from": "issued", "to": "closed"}}, [("status", "issued", "closed")]),
        ([{"name": "status", "from": "issued", "to": "closed"}], [("status", "issued", "closed")]),
        ({"supplier": {"from": None, "to": {"id": 8, "name": "Muster"}}}, [("supplier", None, "Muster")]),
        ({"price": {"from": 12.5, "to": 13}}, [("price", "12.5", "13")]),
        ({"lines": {"to": [{"id": 1}]}}, [("lines", None, '[{"id": 1}]')]),
        ("re-coded", [("changes", None, "re-coded")]),
        (["re-coded"], [("1", None, "re-coded")]),
        (None, []),
    ],
)
def test_a_revision_says_who_made_what_of_which_field(
    changes: object, expected: list[tuple[str, str | None, str | None]]
) -> None:
    """In whichever shape: JSON of it is not documented. What has none of the known ones is kept as it comes."""
    row = {"purchase-order-id": 4711, "version": 2, "internal-revision": 5, "changes": changes}

    found: OrderRevision = record("order_revision", row | {"created-by": {"login": "mjones"}})

    assert ("4711/2.5", "4711", "2", "mjones") == (
        found.number,
        found.order_id,
        found.revision,
        found.changed_by,
    )
    assert expected == [(one.field, one.before, one.after) for one in found.changes]


def test_a_revision_of_no_order_is_told_and_a_huge_one_is_cut() -> None:
    """Nobody could be told what was changed; the payload keeps the rest."""
    huge: OrderRevision = record(
        "order_revision", {"order-header-id": 1, "changes": {f"f{n}": {"to": "x" * 9000} for n in range(999)}}
    )

    assert "$.purchase-order-id" == place("order_revision", {"version": 2})
    assert (200, {500}) == (len(huge.changes), {len(one.after or "") for one in huge.changes})


def test_who_has_no_employee_number_is_known_by_login() -> None:
    """Service accounts and guests; so is a manager without one."""
    found: Employee = record("employee", {"login": "robot", "manager": {"login": "amy"}, "active": False})

    assert ("robot", "robot", "amy", False) == (
        found.number,
        found.name,
        found.manager_number,
        found.is_active,
    )


@pytest.mark.parametrize(
    ("which", "minor"), [("requisition", 500_000), ("invoice", 100_000), ("expense", None)]
)
def test_the_limit_that_counts_is_chosen(which: Any, minor: int | None) -> None:
    """A user has one for each kind of document; the option says which is the employee's."""
    limits = {
        "requisition-approval-limit": {"amount": "5000.0000", "currency": {"code": "EUR"}},
        "invoice-approval-limit": {"amount": "1000.0000", "currency": {"code": "EUR"}},
    }
    options = Options(segment_count=4, approval_limit=which)

    found: Employee = record("employee", {"login": "amy", **limits}, options)

    assert minor == (found.approval_limit.amount_minor if found.approval_limit else None)


def test_limits_are_kept_by_what_they_are_for() -> None:
    """The one that the option names counts for everything else; one without an amount or a currency is none."""
    limits = {
        "requisition-approval-limit": {"amount": "5000.0000", "currency": {"code": "EUR"}},
        "invoice-approval-limit": {"amount": "1000.0000", "currency": {"code": "EUR"}},
        "expense-approval-limit": {"amount": "10.0000", "currency": None},
    }

    found: Employee = record("employee", {"login": "amy", **limits})

    assert [500000, 100000, 500000] == [
        limit.amount_minor
        for kind in ("requisition", "invoice", "expense")
        if (limit := found.limit_of(kind)) is not None  # type: ignore[arg-type]  # by name
    ]


def test_a_user_without_any_name_is_refused() -> None:
    """Nobody could be told who it is."""
    assert "$.employee-number" == place("employee", {})


def test_a_rate_has_nine_decimals_and_a_day() -> None:
    """One direction a record."""
    row = {
        "from-currency": {"code": "EUR"},
        "to-currency": {"code": "USD"},
        "rate": "1.084512345",
        "rate-date": "2026-02-01",
    }

    found: ExchangeRate = record("exchange_rate", row)

    assert ("EUR/USD/2026-02-01", Decimal("1.084512345")) == (found.number, found.rate)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"rate": "0"}, "$.rate"),
        ({"rate-date": None}, "$.rate-date"),
        ({"to-currency": None}, "$.from-currency.code"),
    ],
)
def test_a_rate_that_does_not_fit_is_told(changes: dict[str, Any], where: str) -> None:
    """A rate of nothing, of no day, or of one currency."""
    row = {
        "from-currency": {"code": "EUR"},
        "to-currency": {"code": "USD"},
        "rate": "1.1",
        "rate-date": "2026-02-01",
    }

    assert where == place("exchange_rate", row | changes)


def test_where_a_supplier_is_paid_is_a_site_that_nothing_is_ordered_from() -> None:
    """Beside the sites; its tax numbers are the supplier's, each once."""
    address = {
        "id": 71,
        "remit-to-code": "PAY",
        "country": {"code": "DE"},
        "vat-number": "DE 811234567",
        "tax-registrations": [
            {"number": "GB123456773", "country": {"code": "GB"}},
            {"number": "OLD", "active": False},
        ],
    }
    row = {"name": "Harbour", "status": "active", "tax-id": "DE811234567", "remit-to-addresses": [address]}

    found: Supplier = record("supplier", row)

    assert [("PAY", False, True)] == [(s.code, s.is_purchasing, s.is_active) for s in found.sites]
    assert ["DE811234567", "GB123456773"] == [t.number for t in found.tax_registrations]


def test_projects_may_be_values_of_a_lookup() -> None:
    """Where they are a segment of the account, they are kept there and not among Coupa's projects."""
    options = Options(segment_count=4, project_lookup="WBS")

    found = record("project", {"name": "Warehouse", "external-ref-num": "P-100", "active": False}, options)

    assert ("P-100", "Warehouse", "inactive", False) == (
        found.number,
        found.name,
        found.status,
        found.is_active,
    )


def test_a_deleted_line_is_a_cancelled_one() -> None:
    """It counts for nothing in the order's total; how an instance marks it is an option."""
    lines = [
        {"id": n, "line-num": str(n), "quantity": "1", "price": "10.00", "status": status}
        for n, status in ((1, "created"), (2, "removed"))
    ]
    row = {"po-number": "PO-1", "status": "draft", "currency": {"code": "EUR"}, "order-lines": lines}
    options = Options(segment_count=4, deleted_line_statuses=("removed",))

    found: PurchaseOrder = record("purchase_order", row, options)

    assert ([False, True], 1000) == ([line.is_cancelled for line in found.lines], found.total.amount_minor)


@pytest.mark.parametrize(
    ("given", "entity", "fields"),
    [
        ({}, "purchase_order", {"erp_number": "cf-erp-po-number", "erp_status": "cf-erp-status"}),
        ({"erp_number": "cf-po"}, "purchase_order", {"erp_number": "cf-po"}),
        (
            {"erp_number": "cf-po"},
            "invoice",
            {"erp_number": "cf-erp-invoice-number", "erp_status": "cf-erp-status"},
        ),
        ({"invoice": {"erp_number": "cf-in"}}, "invoice", {"erp_number": "cf-in"}),
        ({"invoice": {"erp_number": "cf-in"}}, "receipt", {}),
    ],
)
def test_custom_fields_are_named_by_document(
    given: dict[str, Any], entity: str, fields: dict[str, str]
) -> None:
    """Names that stand alone are the order's; what is not named has its usual name."""
    assert fields == Options(custom_fields=given).fields_of(entity)
