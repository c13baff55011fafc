"""Two invoices that people entered in an ERP by hand, and that may be one: no process here is about either, so it is noted.

By number, in whichever business unit, by a near number, or over the same amount close by, as the company's policy has it for
its own invoices; where both match orders, only of the same ones. What was posted from here is compared with these by its own process (`checks`, `doubles`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from sqlite3 import Connection

from finsync_tui.flows import payments
from finsync_tui.flows.invoice import evidence, payees
from finsync_tui.profile import Profile
from finsync_tui.profile.invoice import DuplicatePolicy
from store import findings, records
from store.canonical import numbers
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice

CLASSES = {
    "supplier_invoice": "INVOICE_DUPLICATE",
    "supplier_near": "PAYMENT_DUPLICATE_POSSIBLE",
    "supplier_amount": "PAYMENT_DUPLICATE_POSSIBLE",
}
_BY_NUMBER = ("supplier_invoice", "supplier_near")
_WHY = {
    "supplier_invoice": "have the same number",
    "supplier_near": "have near numbers",
    "supplier_amount": "are over the same amount and close by",
}


def note(db: Connection, profile: Profile, subject: str, now: datetime) -> None:
    """Compare an invoice of an ERP with the others there, if nobody here knows it; what was noted once is not again."""
    key = RecordKey.parse(subject)
    own = typed(db, key.system, key.external_id)
    units = _rules(profile, key.system)
    if own is None or not units:
        return
    seen: set[str] = set()
    for kind, other_id in _alike(db, key, own, units):
        if other_id in seen:  # the same number says enough
            continue
        seen.add(other_id)
        found = _finding(db, key, own, kind, other_id, now)
        known = (one.message for one in findings.of_document(db, str(found.document_key)))
        if found.message not in known:
            findings.append(db, [found])


def typed(db: Connection, system: str, external_id: str) -> Invoice | None:
    """Return an invoice that was entered by hand and is in force."""
    held = records.get(db, Invoice, system, external_id)
    if held is None or not evidence.is_typed_in(db, held) or held.record.kind == "prepayment":
        return None
    if held.record.status in ("cancelled", "rejected") or held.record.total.amount_minor <= 0:
        return None
    return held.record


def _rules(profile: Profile, system: str) -> dict[str | None, DuplicatePolicy]:
    """Return the policies of the companies that post into an ERP from here, by business unit."""
    return {
        setup.business_unit: setup.invoice.duplicates
        for setup in profile.legal_entities.values()
        if setup.target == system and setup.invoice is not None
    }


def _alike(
    db: Connection, key: RecordKey, own: Invoice, units: Mapping[str | None, DuplicatePolicy]
) -> Iterator[tuple[str, str]]:
    """Yield (kind, id) of what may be the same invoice, where one of the two at least is in a business unit of ours."""
    payee = payees.of_invoice(db, key.system, own)
    for kind, value in payees.looks(own):
        for held in payees.alike(db, key.system, kind, value, payee, but=key.external_id):
            other = typed(db, key.system, held.external_id)
            if other is None or other.kind != own.kind:
                continue
            rules = units.get(own.business_unit) or units.get(other.business_unit)
            word = "supplier_near" if kind in _BY_NUMBER and not _is_same(own, other) else kind
            if rules is not None and _is_like(word, own, other, rules):
                yield word, held.external_id


def _is_same(own: Invoice, other: Invoice) -> bool:
    return numbers.is_same(own.number, other.number)


def _is_like(kind: str, own: Invoice, other: Invoice, rules: DuplicatePolicy) -> bool:
    if kind == "supplier_invoice":
        return rules.same_number != "off"
    if kind == "supplier_near":
        return rules.near_number != "off" and evidence.may_be_one(other, own)
    if rules.same_amount == "off":
        return False
    is_near = abs(other.invoiced_on - own.invoiced_on) <= timedelta(days=rules.days)
    return is_near and other.business_unit == own.business_unit and _orders(other) == _orders(own)


def _finding(
    db: Connection, key: RecordKey, own: Invoice, kind: str, other_id: str, now: datetime
) -> findings.Finding:
    """Say it of the later of the two, whichever is looked at: once."""
    first, later = sorted((key.external_id, other_id))
    held = records.get(db, Invoice, key.system, later)
    number = held.record.number if held is not None else own.number
    paid = [_paid(db, key.system, one, own.currency) for one in (first, later)]
    who = own.supplier_name or own.supplier_number
    both = " and both are paid" if all(paid) else ""
    return findings.Finding(
        class_=CLASSES[kind], severity="warn", system=key.system, entity=Invoice.entity,
        document_key=f"{key.system}:{later}", document_number=number,
        message=f"invoices {first} and {later} of {who}, entered by hand, {_WHY[kind]} ({own.total}){both}: see whether they are one",
        noticed_at=now, detail={"invoices": [first, later], "amount": own.total.model_dump()},
    )  # fmt: skip


def _paid(db: Connection, system: str, invoice_id: str, currency: str) -> bool:
    made = payments.of_invoice(db, system, invoice_id)
    return payments.paid(made, invoice_id, currency).amount_minor > 0


def _orders(invoice: Invoice) -> frozenset[str]:
    return frozenset(line.order_number for line in invoice.lines if line.order_number)
