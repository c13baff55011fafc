"""Valid things to start a test from: each test changes only what it is about.

>>> a_purchase_order(total="12.50", currency="CHF").total
Money(amount_minor=1250, currency='CHF')
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from store import Store, memory_store
from store.breaks import FieldDifference, NewBreak
from store.canonical.budget import Commitment, CommitmentDistribution, CommitmentLine, PolicyMetadata
from store.canonical.chart import AccountCombination
from store.canonical.event import Event, event_type
from store.canonical.money import Money
from store.canonical.organisation import CostCentre
from store.canonical.purchasing import OrderDistribution, OrderLine, PurchaseOrder
from store.canonical.supplier import Supplier, SupplierSite, TaxRegistration
from store.cases import NewCase
from store.clock import Clock, VirtualClock
from store.outbox import Entry
from store.reconciliations import NewRun

MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
"""When tests begin, unless they say otherwise."""


def a_clock() -> VirtualClock:
    return VirtualClock(MONDAY)


def a_store(clock: Clock | None = None) -> Store:
    """Return an empty store in memory."""
    return memory_store(clock or a_clock())


def a_supplier(**changes: Any) -> Supplier:
    fields: dict[str, Any] = {
        "number": "S-1001",
        "name": "Muster Büromöbel GmbH",
        "status": "active",
        "country": "DE",
        "tax_registrations": (TaxRegistration(number="DE811234567", country="DE"),),
        "sites": (SupplierSite(external_id="71", code="BERLIN", business_unit="DE Operations"),),
    }
    return Supplier(**fields | changes)


def an_account_combination(**changes: Any) -> AccountCombination:
    number = changes.pop("number", "01-420-7110-0000-000")
    fields: dict[str, Any] = {"number": number, "chart": "DE Chart", "segments": tuple(number.split("-"))}
    return AccountCombination(**fields | changes)


def a_cost_centre(**changes: Any) -> CostCentre:
    fields: dict[str, Any] = {
        "number": "420",
        "name": "Office services",
        "chart": "DE Cost Centre",
        "starts_on": date(2020, 1, 1),
    }
    return CostCentre(**fields | changes)


def an_order_line(amount: str = "101.00", currency: str = "EUR", **changes: Any) -> OrderLine:
    """Return a line of one piece, charged to one account."""
    money = Money.of(amount, currency)
    fields: dict[str, Any] = {
        "number": "1",
        "external_id": "9001",
        "description": "Desk",
        "quantity": "1",
        "unit_price": str(money.amount),
        "uom": "EA",
        "amount": money,
        "category": "Furniture",
        "need_by_on": date(2026, 2, 1),
        "distributions": (
            OrderDistribution(
                number="1",
                chart="DE Chart",
                account="01-420-7110",
                segments=("01", "420", "7110"),
                amount=money,
                quantity="1",
                period="2026-01",
            ),
        ),
    }
    return OrderLine(**fields | changes)


def a_purchase_order(total: str = "101.00", currency: str = "EUR", **changes: Any) -> PurchaseOrder:
    """Return an approved order of one line; with `lines`, the total follows them unless it is given too."""
    lines = changes.pop("lines", (an_order_line(total, currency),))
    live = sum(line.amount.amount_minor for line in lines if not line.is_cancelled)
    fields: dict[str, Any] = {
        "number": "PO-100234",
        "status": "open",
        "revision": "1",
        "supplier_id": "501",
        "supplier_number": "S-1001",
        "supplier_name": "Muster Büromöbel GmbH",
        "currency": currency,
        "total": Money(amount_minor=live, currency=currency),
        "business_unit": "DE01",
        "buyer": "a.berg",
        "requester": "k.lind",
        "description": "Desks for the new office",
        "payment_terms": "Net 30",
        "lines": lines,
    }
    return PurchaseOrder(**fields | changes)


def a_commitment_line(amount: str = "101.00", currency: str = "EUR", **changes: Any) -> CommitmentLine:
    money = Money.of(amount, currency)
    fields: dict[str, Any] = {
        "number": "1",
        "description": "Desk",
        "quantity": "1",
        "unit_price": str(money.amount),
        "uom": "EA",
        "amount": money,
        "category": "Furniture",
        "need_by_on": date(2026, 2, 1),
        "distributions": (
            CommitmentDistribution(
                number="1",
                charge_account="01-420-7110-0000-000",
                amount=money,
                quantity="1",
                cost_centre="420",
                account="7110",
                period="Jan-26",
            ),
        ),
    }
    return CommitmentLine(**fields | changes)


def a_commitment(total: str = "101.00", currency: str = "EUR", **changes: Any) -> Commitment:
    """Return what the ERP shall hold for `a_purchase_order`."""
    lines = changes.pop("lines", (a_commitment_line(total, currency),))
    fields: dict[str, Any] = {
        "number": "PO-100234",
        "order_key": "coupa:100234",
        "revision": "1",
        "marker": "coupa:100234",
        "legal_entity": "DE01",
        "ledger": "DE Ledger",
        "business_unit": "DE Operations",
        "supplier_id": "300000008800321",
        "supplier_site_id": "71",
        "currency": currency,
        "total": Money(amount_minor=sum(line.amount.amount_minor for line in lines), currency=currency),
        "description": "Desks for the new office",
        "policy": PolicyMetadata(
            policy_version="policy/1", mapping_version="mapping/1", approval_chain=("a.berg",)
        ),
        "lines": lines,
    }
    return Commitment(**fields | changes)


def an_event(**changes: Any) -> Event:
    fields: dict[str, Any] = {
        "id": "coupa:purchase_order.approved:100234:v1",
        "source": "coupa",
        "type": event_type("purchase_order", "approved"),
        "subject": "coupa:100234",
        "time": MONDAY,
        "data": {"number": "PO-100234"},
    }
    return Event(**fields | changes)


def an_entry(**changes: Any) -> Entry:
    """Return the decision to create an order."""
    fields: dict[str, Any] = {
        "idempotency_key": "oracle-emea/order.create/coupa:100234/1/1",
        "system": "oracle-emea",
        "operation": "order.create",
        "entity": "purchase_order",
        "document_key": "coupa:100234",
        "document_number": "PO-100234",
        "body": '{"commitment":{}}',
        "amount_minor": 10100,
        "currency": "EUR",
    }
    return Entry(**fields | changes)


def a_case(**changes: Any) -> NewCase:
    fields: dict[str, Any] = {
        "class_": "SUPPLIER_UNKNOWN",
        "entity": "purchase_order",
        "document_key": "coupa:100234",
        "document_number": "PO-100234",
        "system": "oracle-emea",
        "cause": "The supplier S-1001 is not known in oracle-emea.",
        "fix": "Create the supplier there, then retry.",
        "amount_minor": 10100,
        "currency": "EUR",
    }
    return NewCase(**fields | changes)


def a_break(**changes: Any) -> NewBreak:
    fields: dict[str, Any] = {
        "definition": "orders",
        "source_system": "coupa",
        "target_system": "oracle-emea",
        "entity": "purchase_order",
        "key": "4711",
        "kind": "field",
        "class_": "unknown",
        "document_number": "PO-4711",
        "document_key": "coupa:4711",
        "legal_entity": "DE01",
        "period": "2026-01",
        "currency": "EUR",
        "amount_minor": 100,
        "fields": (FieldDifference("total", "101.00 EUR", "102.00 EUR"),),
        "evidence": {"why": "nobody knows"},
    }
    return NewBreak(**fields | changes)


def a_reconcile_run(**changes: Any) -> NewRun:
    fields: dict[str, Any] = {
        "definition": "orders",
        "source_system": "coupa",
        "target_system": "oracle-emea",
        "entity": "purchase_order",
    }
    return NewRun(**fields | changes)
