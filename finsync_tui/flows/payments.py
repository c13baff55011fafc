"""What an ERP has paid of an invoice, and what of it a source has not been told."""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection

from store import records
from store.canonical.money import Money
from store.canonical.payables import Payment


def of_invoice(db: Connection, system: str, invoice_id: str) -> dict[str, Payment]:
    """Return all payments of an invoice by their id in the ERP, live or not."""
    ids = records.twins(db, Payment.entity, "invoice", invoice_id, system)
    found = ((payment_id, records.get(db, Payment, system, payment_id)) for payment_id in ids)
    return {payment_id: held.record for payment_id, held in found if held is not None}


def news(payments: Mapping[str, Payment], told: Mapping[str, str]) -> dict[str, str]:
    """Return what nobody was told: payments that were made, and told ones that are void. By id: `paid` or `voided`."""
    found = {}
    for payment_id, payment in payments.items():
        if is_live(payment) and payment_id not in told:
            found[payment_id] = "paid"
        elif payment.status == "voided" and told.get(payment_id) == "paid":
            found[payment_id] = "voided"
    return found


def is_live(payment: Payment) -> bool:
    return payment.status in ("issued", "cleared")


def amount(payment: Payment, invoice_id: str, currency: str) -> Money:
    """Return what one payment pays of one invoice, as far as it is in the invoice's currency."""
    minor = sum(
        one.amount.amount_minor
        for one in payment.invoices
        if one.invoice_id == invoice_id and one.amount.currency == currency
    )
    return Money(amount_minor=minor, currency=currency)


def paid(payments: Mapping[str, Payment], invoice_id: str, currency: str) -> Money:
    """Return what is paid of an invoice by all live payments."""
    live = (amount(one, invoice_id, currency) for one in payments.values() if is_live(one))
    return sum(live, Money(amount_minor=0, currency=currency))
