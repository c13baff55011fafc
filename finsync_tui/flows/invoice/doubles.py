"""Money that may have left twice: two payments of one invoice over the same amount, or one of an invoice that looks like ours.

A payment in doubt is not told to the source before a person has looked: what is told there can't be taken away, only
countered. Who retries says that it is meant; the ERP's void ends the doubt by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from sqlite3 import Connection

from finsync_tui.flows import payments
from finsync_tui.flows.invoice import evidence, payees, prepayments, subject
from finsync_tui.flows.steps import Answer, Context, Done
from store import crossrefs, records
from store.canonical import numbers
from store.canonical.money import Money
from store.canonical.payables import Invoice, Payment
from store.workflows import Workflow

CLASS = "PAYMENT_TWICE_POSSIBLE"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One payment that may be one too many."""

    key: str
    """What is in doubt: the payment's id in the ERP, or the other invoice as `<system>:<id>`."""
    amount: Money
    cause: str


def untold(context: Context) -> dict[str, str]:
    """Return what the source has to be told of payments now, as `payments.news` does, without those that are in doubt."""
    in_doubt = {one.key for one in doubts(context)}
    link = subject.link(context)
    if link is None:
        return {}
    currency = subject.invoice(context).currency
    news = payments.news(prepayments.made(context), context.data, link.external_id, currency)
    return {key: state for key, state in news.items() if key not in in_doubt}


def doubts(context: Context) -> list[Doubt]:
    """Return what nobody has looked at yet. What a void calls back is not in doubt."""
    if context.workflow.kind != "post" or subject.setup(context).duplicates.same_payment == "off":
        return []
    asked = context.data.get("doubted", {})
    found = (*_within(context), *_elsewhere(context))
    # A retry decides anew: what was in doubt before it is meant.
    return [one for one in found if asked.get(one.key, context.generation) >= context.generation]


def check_payment(context: Context) -> Answer:
    """Is a payment one too many? A person compares; what is void in the meantime is no doubt any more."""
    found = doubts(context)
    if not found:
        return Done({"note": "no payment is in doubt"}, goto="await_payment", is_skipped=True)
    is_noted = subject.setup(context).duplicates.same_payment == "note"
    seen = context.generation - (1 if is_noted else 0)
    context.data["doubted"] = {**context.data.get("doubted", {}), **{one.key: seen for one in found}}
    if is_noted:
        for one in found:
            subject.note(context, CLASS, one.cause)
        return Done({"noted": [one.key for one in found]}, goto="await_payment")
    target = subject.target(context)
    return subject.stop(
        context, CLASS, "; ".join(one.cause for one in found),
        f"Compare them. If one is too many, void it in {target}: this then goes on by itself; if all are meant, retry. "
        f"{subject.source(context)} is told of none that is in doubt.",
        target, {"doubts": [[one.key, str(one.amount)] for one in found]},
        amount=sum((one.amount for one in found[1:]), found[0].amount),
    )  # fmt: skip


def ours_like(db: Connection, system: str, invoice_ids: Sequence[str]) -> list[str]:
    """Return the keys of the documents of ours that invoices of an ERP may be, which nobody posted from here."""
    found = []
    for invoice_id in invoice_ids:
        held = records.get(db, Invoice, system, invoice_id)
        if held is None or not evidence.is_typed_in(db, held) or held.record.kind == "prepayment":
            continue
        payee = payees.of_invoice(db, system, held.record)
        for kind, value in payees.looks(held.record):
            alike = payees.alike(db, system, kind, value, payee, but=invoice_id)
            keys = (crossrefs.find(db, Invoice.entity, system, one.external_id) for one in alike)
            found += [key for key in keys if key is not None]
    return list(dict.fromkeys(found))


def is_like(db: Connection, system: str, invoice_ids: Sequence[str], workflow: Workflow) -> bool:
    """Say whether one of these invoices of an ERP, dated near enough, was not yet compared with an instance's invoice."""
    link = crossrefs.get(db, Invoice.entity, workflow.document_key, system)
    own = records.get(db, Invoice, system, link.external_id) if link is not None else None
    if own is None or workflow.kind != "post":
        return False
    near = timedelta(days=int(workflow.data.get("alike_days", 0)))
    compared = {*workflow.data.get("doubted", {}), *workflow.data.get("not_duplicates", [])}
    for invoice_id in invoice_ids:
        other = records.get(db, Invoice, system, invoice_id)
        if other is None or invoice_id == own.external_id or f"{system}:{invoice_id}" in compared:
            continue
        if abs(other.record.invoiced_on - own.record.invoiced_on) <= near or (
            numbers.is_same(other.record.number, own.record.number)
            or numbers.is_typed_alike(other.record.number, own.record.number)
            or numbers.lacks_signs(other.record.number, own.record.number)
            or (
                numbers.stem(other.record.number) == numbers.stem(own.record.number)
                and evidence.may_be_one(other.record, own.record)
            )
        ):
            return True
    return False


def _within(context: Context) -> Iterator[Doubt]:
    """Yield payments of this invoice that nobody was told of, and that repeat another or exceed what is owed."""
    invoice, link = subject.invoice(context), subject.link(context)
    if link is None:
        return
    near, told = timedelta(days=subject.setup(context).duplicates.payment_days), context.data.get("told", {})
    made = payments.of_invoice(context.db, link.system, link.external_id)
    live = sorted(
        (key for key, one in made.items() if payments.is_live(one)),
        key=lambda key: (key not in told, made[key].paid_on, key),
    )
    paid = payments.paid(prepayments.as_payments(context), link.external_id, invoice.currency)
    before: list[tuple[Payment, Money]] = []
    for key in live:
        one, size = made[key], payments.amount(made[key], link.external_id, invoice.currency)
        paid += size
        if key not in told and size.amount_minor > 0:
            twin = next(
                (
                    other
                    for other, same in before
                    if same == size and abs(other.paid_on - one.paid_on) <= near
                ),
                None,
            )
            if twin is not None:
                cause = f"payments {twin.number} of {twin.paid_on} and {one.number} of {one.paid_on} are both over {size}"
                yield Doubt(key, size, cause)
            elif paid.amount_minor > invoice.total.amount_minor:
                beyond = Money(
                    amount_minor=min(paid.amount_minor - invoice.total.amount_minor, size.amount_minor),
                    currency=invoice.currency,
                )
                cause = f"with payment {one.number} of {one.paid_on}, {paid} are paid of {invoice.total}"
                yield Doubt(key, beyond, cause)
        before.append((one, size))


def _elsewhere(context: Context) -> Iterator[Doubt]:
    """Yield what was paid of other invoices of the payee in the ERP that may be this one, entered there by hand."""
    invoice, rules, target = (
        subject.invoice(context),
        subject.setup(context).duplicates,
        subject.target(context),
    )
    payee = context.data.get("payee")
    if payee is None or invoice.total.amount_minor <= 0:
        return
    known_as = payees.names(context.db, target, payee["number"], payee["id"], payee["name"])
    source, mark = subject.source(context), subject.mark(context)
    numbered = evidence.same_number_in_erp(context.db, target, known_as, invoice, mark)
    near = evidence.near_number_in_erp(context.db, target, known_as, invoice)
    alike = evidence.same_amount_in_erp(context.db, source, target, known_as, invoice, rules.days)
    compared = context.data.get("not_duplicates", [])
    for external_id in dict.fromkeys((*numbered, *(one for _, one in (*near, *alike)))):
        key = f"{target}:{external_id}"
        made = payments.of_invoice(context.db, target, external_id)
        paid = payments.paid(made, external_id, invoice.currency)
        if key not in compared and paid.amount_minor > 0:
            risk = min(paid, invoice.total, key=lambda one: one.amount_minor)
            names = ", ".join(sorted(one.number for one in made.values() if payments.is_live(one)))
            is_near = external_id in (one for _, one in near)
            what = (
                "the same number"
                if external_id in numbered
                else "a near number"
                if is_near
                else "the same amount"
            )
            yield Doubt(
                key, risk, f"{target} has paid {paid} ({names}) of invoice {external_id} of {what}, too"
            )
