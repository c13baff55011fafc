"""Which records are documents of a business process: each change of one is an event of its own.

Everything else is reference data: nobody waits for a single row of it, so a page of it makes one event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from store.canonical.expense import ExpenseDocument, ExpenseReport
from store.canonical.journal import JournalEntry
from store.canonical.money import Money, MoneyError
from store.canonical.payables import Invoice, Payment
from store.canonical.purchasing import PurchaseOrder, Receipt, Requisition
from store.canonical.record import CanonicalRecord
from store.canonical.supplier import Supplier, SupplierBankAccount

REPORTED = "reported"
"""What a system that is no source of documents says of one it holds."""


class Description(NamedTuple):
    """What events and workflows say of any document. A tuple: one is made for each that is read."""

    participle: str
    """What has happened when the source shows it like this for the first time."""
    status: str
    revision: str
    """The source's own version, where it has one."""
    amount: Money | None


def describe(record: CanonicalRecord) -> Description | None:
    """Describe a document; None for reference data."""
    how = _DESCRIBED.get(record.entity)
    return None if how is None else how(record)


def is_document(entity: str, *, is_source: bool = True) -> bool:
    """Say whether each change is an event of its own. A supplier, and a bank account of one, is a document where its
    process begins, else reference data."""
    return entity in _DESCRIBED and (is_source or entity not in _ONLY_AT_SOURCE)


def _order(order: CanonicalRecord) -> Description:
    assert isinstance(order, PurchaseOrder)
    ends = {"open": "approved", "cancelled": "cancelled", "closed": "closed", "soft_closed": "closed"}
    return Description(ends.get(order.status, "changed"), order.status, order.revision, order.total)


def _expense_document(document: CanonicalRecord) -> Description:
    assert isinstance(document, ExpenseDocument)
    ends = {"ready": "released", "recalled": "recalled"}
    try:
        amount: Money | None = document.control_total
    except MoneyError:  # it is told so when its totals are checked
        amount = None
    return Description(ends.get(document.status, "changed"), document.status, "", amount)


def _expense_report(report: CanonicalRecord) -> Description:
    assert isinstance(report, ExpenseReport)
    ends = {"approved": "approved", "returned": "returned", "submitted": "submitted"}
    return Description(
        ends.get(report.approval_status, "changed"), report.approval_status, "", report.approved
    )


def _invoice(invoice: CanonicalRecord) -> Description:
    assert isinstance(invoice, Invoice)
    ends = {"approved": "approved", "cancelled": "cancelled", "rejected": "rejected"}
    return Description(ends.get(invoice.status, "changed"), invoice.status, "", invoice.total)


def _payment(payment: CanonicalRecord) -> Description:
    assert isinstance(payment, Payment)
    ends = {"issued": "issued", "cleared": "cleared", "stopped": "stopped", "voided": "voided"}
    return Description(ends.get(payment.status, "changed"), payment.status, "", payment.amount)


def _journal(journal: CanonicalRecord) -> Description:
    assert isinstance(journal, JournalEntry)
    ends = {"posted": "posted", "reversed": "reversed", "failed": "refused"}
    return Description(ends.get(journal.status, "changed"), journal.status, "", journal.total)


def _receipt(receipt: CanonicalRecord) -> Description:
    assert isinstance(receipt, Receipt)
    return Description(
        "voided" if receipt.status == "voided" else "received", receipt.status, "", receipt.amount
    )


def _requisition(requisition: CanonicalRecord) -> Description:
    assert isinstance(requisition, Requisition)
    ends = {
        "approved": "approved",
        "rejected": "rejected",
        "withdrawn": "withdrawn",
        "cancelled": "cancelled",
    }
    return Description(ends.get(requisition.status, "changed"), requisition.status, "", requisition.total)


def _supplier(supplier: CanonicalRecord) -> Description:
    assert isinstance(supplier, Supplier)
    ends = {"active": "activated", "inactive": "deactivated"}
    return Description(ends.get(supplier.status, "changed"), supplier.status, "", None)


def _bank_account(account: CanonicalRecord) -> Description:
    assert isinstance(account, SupplierBankAccount)
    return Description("changed", "active" if account.is_active else "inactive", "", None)


_ONLY_AT_SOURCE = (Supplier.entity, SupplierBankAccount.entity)
_DESCRIBED: Mapping[str, Callable[[CanonicalRecord], Description]] = {
    PurchaseOrder.entity: _order,
    ExpenseDocument.entity: _expense_document,
    ExpenseReport.entity: _expense_report,
    Invoice.entity: _invoice,
    Payment.entity: _payment,
    JournalEntry.entity: _journal,
    Receipt.entity: _receipt,
    Requisition.entity: _requisition,
    Supplier.entity: _supplier,
    SupplierBankAccount.entity: _bank_account,
}
