"""Two invoices that people entered in an ERP by hand, and that may be one: no process here is about either, so it is noted.

By number, or over the same amount close by, as the company's policy has it for its own invoices; where both match orders,
only of the same ones. What was posted from here is compared with these by its own process (`checks`, `doubles`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from sqlite3 import Connection

from finsync_tui.flows import payments
from finsync_tui.profile import Profile
from finsync_tui.profile.invoice import DuplicatePolicy
from store import crossrefs, findings, records
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice

CLASSES = {"supplier_invoice": "INVOICE_DUPLICATE", "supplier_amount": "PAYMENT_DUPLICATE_POSSIBLE"}


def note(db: Connection, profile: Profile, subject: str, now: datetime) -> None:
    """Compare an invoice of an ERP with the others there, if nobody here knows it; what was noted once is not again."""
    key = RecordKey.parse(subject)
    own = _typed(db, key.system, key.external_id)
    rules = _rules(profile, key.system, own) if own is not None else None
    if own is None or rules is None:
        return
    seen: set[str] = set()
    for kind, other_id in _alike(db, key, own, rules):
        if other_id in seen:  # the same number says enough
            continue
        seen.add(other_id)
        found = _finding(db, key, own, kind, other_id, now)
        known = (one.message for one in findings.of_document(db, str(found.document_key)))
        if found.message not in known:
            findings.append(db, [found])


def _typed(db: Connection, system: str, external_id: str) -> Invoice | None:
    """Return an invoice that was entered by hand and is in force."""
    held = records.get(db, Invoice, system, external_id)
    if held is None or held.record.reference is not None or held.record.kind == "prepayment":
        return None
    if held.record.status in ("cancelled", "rejected") or held.record.total.amount_minor <= 0:
        return None
    return held.record if crossrefs.find(db, Invoice.entity, system, external_id) is None else None


def _rules(profile: Profile, system: str, invoice: Invoice) -> DuplicatePolicy | None:
    """Return the policy of the company whose invoice it is; None: no company of ours, or one that posts none from here."""
    for setup in profile.legal_entities.values():
        if (setup.target, setup.business_unit) == (
            system,
            invoice.business_unit,
        ) and setup.invoice is not None:
            return setup.invoice.duplicates
    return None


def _alike(db: Connection, key: RecordKey, own: Invoice, rules: DuplicatePolicy) -> Iterator[tuple[str, str]]:
    near = timedelta(days=rules.days)
    wanted = {"supplier_invoice": rules.same_number, "supplier_amount": rules.same_amount}
    for kind, value in own.identifiers():
        if wanted.get(kind, "off") == "off":
            continue
        for other_id in records.twins(db, Invoice.entity, kind, value, key.system):
            other = _typed(db, key.system, other_id) if other_id != key.external_id else None
            if other is None or (other.business_unit, other.kind) != (own.business_unit, own.kind):
                continue
            is_near = abs(other.invoiced_on - own.invoiced_on) <= near
            if kind == "supplier_invoice" or (is_near and _orders(other) == _orders(own)):
                yield kind, other_id


def _finding(
    db: Connection, key: RecordKey, own: Invoice, kind: str, other_id: str, now: datetime
) -> findings.Finding:
    """Say it of the later of the two, whichever is looked at: once."""
    first, later = sorted((key.external_id, other_id))
    held = records.get(db, Invoice, key.system, later)
    number = held.record.number if held is not None else own.number
    paid = [_paid(db, key.system, one, own.currency) for one in (first, later)]
    why = "have the same number" if kind == "supplier_invoice" else "are over the same amount and close by"
    who = own.supplier_name or own.supplier_number
    both = " and both are paid" if all(paid) else ""
    return findings.Finding(
        class_=CLASSES[kind], severity="warn", system=key.system, entity=Invoice.entity,
        document_key=f"{key.system}:{later}", document_number=number,
        message=f"invoices {first} and {later} of {who}, entered by hand, {why} ({own.total}){both}: see whether they are one",
        noticed_at=now, detail={"invoices": [first, later], "amount": own.total.model_dump()},
    )  # fmt: skip


def _paid(db: Connection, system: str, invoice_id: str, currency: str) -> bool:
    made = payments.of_invoice(db, system, invoice_id)
    return payments.paid(made, invoice_id, currency).amount_minor > 0


def _orders(invoice: Invoice) -> frozenset[str]:
    return frozenset(line.order_number for line in invoice.lines if line.order_number)
