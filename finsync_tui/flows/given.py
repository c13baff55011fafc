"""What a rule of a mapping table may ask for beside the value itself, of each kind of document."""

from __future__ import annotations

from finsync_tui.extensions import texts
from finsync_tui.mapping import Given
from store.canonical.expense import ExpenseDocument, ExpenseReport
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder, Requisition


def of_order(order: PurchaseOrder) -> Given:
    return _of(order.entity, order.currency, supplier=order.supplier_number) | texts(order)


def of_requisition(requisition: Requisition) -> Given:
    return _of(requisition.entity, requisition.currency) | texts(requisition)


def of_invoice(invoice: Invoice) -> Given:
    known = _of(
        invoice.entity, invoice.currency, supplier=invoice.supplier_number, country=invoice.ship_to_country
    )
    return known | texts(invoice)


def of_expenses(document: ExpenseDocument) -> Given:
    return _of(document.entity, document.currency) | texts(document)


def of_report(report: ExpenseReport) -> Given:
    """As of the document that will be made of it."""
    return _of(ExpenseDocument.entity, report.currency) | texts(report)


def of_line(document: Given, category: str | None) -> Given:
    """Return what is known of a line: what its document says, and its category."""
    return {**document, "category": category} if category else document


def of_account(document: Given, country: str, expense_type: str) -> Given:
    """Return what is known of a part of an expense document."""
    return {**document, **_known(country=country, expense_type=expense_type)}


def _of(document: str, currency: str, **more: str | None) -> dict[str, str]:
    return {"document": document, "currency": currency} | _known(**more)


def _known(**more: str | None) -> dict[str, str]:
    return {name: value for name, value in more.items() if value}
