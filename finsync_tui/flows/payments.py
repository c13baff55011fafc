"""What an ERP has paid of an invoice, and what of it a source has not been told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sqlite3 import Connection
from typing import Any

from store import records
from store.canonical.money import Money
from store.canonical.payables import Payment


def of_invoice(db: Connection, system: str, invoice_id: str, told: Iterable[str] = ()) -> dict[str, Payment]:
    """Return all payments of an invoice by their id in the ERP, live or not.

    `told`: those that its source was told of belong to it, too, when they do not name it any more: they pay nothing of it.
    """
    ids = dict.fromkeys((*records.twins(db, Payment.entity, "invoice", invoice_id, system), *told))
    found = ((payment_id, records.get(db, Payment, system, payment_id)) for payment_id in ids)
    return {payment_id: held.record for payment_id, held in found if held is not None}


def invoices_ever(db: Connection, system: str, payment_id: str) -> list[str]:
    """Return the ids of all invoices that a payment pays or paid in any of its versions: those it names now come first."""
    rows = db.execute(
        "SELECT i.value ->> '$.invoice_id' FROM record_version v, json_each(v.body, '$.invoices') i"
        " WHERE v.entity=? AND v.system=? AND v.external_id=? ORDER BY v.version DESC, i.key",
        (Payment.entity, system, payment_id),
    )
    return list(dict.fromkeys(str(invoice_id) for (invoice_id,) in rows))


def news(
    payments: Mapping[str, Payment], data: Mapping[str, Any], invoice_id: str, currency: str
) -> dict[str, str]:
    """Return what nobody was told, by id: payments that were made (`paid`), told ones that are void (`voided`) or in force
    again (`reissued`), and told ones that settle more or less than was told (`changed`).

    `data` is what the invoice's instance keeps: `told`, the state of each, and `told_minor`, how much that was.
    """
    told, shares = data.get("told", {}), data.get("told_minor", {})
    found = {}
    for payment_id, payment in payments.items():
        before = told.get(payment_id)
        if payment.status == "voided" and before == "paid":
            if shares.get(payment_id) != 0:  # what is told as nothing has nothing that could be taken back
                found[payment_id] = "voided"
        elif not is_live(payment):
            continue
        elif before is None:
            found[payment_id] = "paid"
        elif before == "voided":
            if amount(payment, invoice_id, currency).amount_minor:
                found[payment_id] = "reissued"
        elif _is_other(payment, shares.get(payment_id), invoice_id, currency):
            found[payment_id] = "changed"
    return found


def _is_other(payment: Payment, told: int | None, invoice_id: str, currency: str) -> bool:
    """Say whether a payment settles another amount than was told; what nobody kept is taken for the same."""
    return told is not None and told != amount(payment, invoice_id, currency).amount_minor


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


def discount(payments: Mapping[str, Payment], invoice_id: str, currency: str) -> Money:
    """Return what live payments settle of an invoice as a discount for early payment."""
    given = (
        part.discount
        for one in payments.values()
        if is_live(one)
        for part in one.invoices
        if part.invoice_id == invoice_id and part.discount is not None and part.discount.currency == currency
    )
    return sum(given, Money(amount_minor=0, currency=currency))


def withheld(payments: Mapping[str, Payment], currency: str) -> Money | None:
    """Return the tax that live payments of one invoice kept back, as the ERP says; None: it does not, or one of them pays
    others, too."""
    live = [one for one in payments.values() if is_live(one)]
    said = [one.withheld for one in live if one.withheld is not None and one.withheld.currency == currency]
    if not said or len(said) < len(live) or any(len(one.invoices) != 1 for one in live):
        return None
    return sum(said, Money(amount_minor=0, currency=currency))


def is_unsettled(payment: Payment, invoice_id: str, currency: str) -> bool:
    """Say whether it is not known in the invoice's currency what a payment pays of it."""
    return any(one.invoice_id == invoice_id and one.amount.currency != currency for one in payment.invoices)


def paid(payments: Mapping[str, Payment], invoice_id: str, currency: str) -> Money:
    """Return what is paid of an invoice by all live payments."""
    live = (amount(one, invoice_id, currency) for one in payments.values() if is_live(one))
    return sum(live, Money(amount_minor=0, currency=currency))
