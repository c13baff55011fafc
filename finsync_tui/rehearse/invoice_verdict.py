"""The judgement of payables: what arrived is received once, what was approved is posted once and paid once, or accounted for.

Pure, like that of the orders. The money is read from the systems' own state; only what the engine says is still promised
comes from its store, to be held against them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

from finsync_tui.rehearse.evidence import Case, Evidence, Noticed, Promised
from finsync_tui.rehearse.invoice_planted import FINDINGS
from finsync_tui.rehearse.invoice_report import (
    InvoiceReport,
    SourceInvoice,
    SourceReceipt,
    TargetInvoice,
    TargetReceipt,
)
from finsync_tui.rehearse.matching import Compared, compare, counted
from finsync_tui.rehearse.planted import SOURCE, Plant
from finsync_tui.rehearse.report import SourceOrder
from store.canonical.money import Money

Fate = Literal["posted", "in_exception", "voided", "waiting"]
FATES: tuple[Fate, ...] = ("posted", "in_exception", "voided", "waiting")
OPEN = ("in_coupa", "in_erp", "in_store", "requested_in_coupa", "requested_in_store")
FLOWS = ("goods_receipt", "invoice_to_payment")


@dataclass(frozen=True, slots=True)
class FlowTotal:
    """The money of one flow, legal entity and currency: what came in and where it is now, in minor units."""

    flow: str
    legal_entity: str
    currency: str
    came_in: int = 0
    posted: int = 0
    in_exception: int = 0
    voided: int = 0
    waiting: int = 0
    paid_in_erp: int = 0
    paid_in_coupa: int = 0

    @property
    def difference(self) -> int:
        """What is unexplained. Anything but 0 means that money was lost or made."""
        return self.came_in - self.posted - self.in_exception - self.voided - self.waiting

    @property
    def is_even(self) -> bool:
        return not self.difference and self.paid_in_erp == self.paid_in_coupa


@dataclass(frozen=True, slots=True)
class OpenTotal:
    """What one legal entity still promises in one currency, by three books: ordered less invoiced less cancelled."""

    legal_entity: str
    currency: str
    in_coupa: int = 0
    """Orders in force less the invoices on them that are posted."""
    in_erp: int = 0
    in_store: int = 0
    requested_in_coupa: int = 0
    """By approved requisitions that no order in an ERP has taken over."""
    requested_in_store: int = 0

    @property
    def is_even(self) -> bool:
        return (
            self.in_coupa == self.in_erp == self.in_store
            and self.requested_in_coupa == self.requested_in_store
        )


@dataclass(frozen=True, slots=True)
class InvoiceVerdict:
    """How receipts and invoices ended."""

    receipts_in: int
    receipts_posted: int
    invoices_in: int
    posted: int
    paid: int
    voided: int
    exceptions: Mapping[str, int]
    findings: Mapping[str, int]
    compared: Compared
    doubled: tuple[str, ...]
    """What an ERP or Coupa holds more than once."""
    lost: tuple[str, ...]
    """Documents that are neither done, nor voided, nor an open exception."""
    totals: tuple[FlowTotal, ...]
    commitments: tuple[OpenTotal, ...]

    @property
    def problems(self) -> list[str]:
        """What does not add up, in words."""
        return [
            *self.compared.problems,
            *(f"twice: {one}" for one in self.doubled),
            *(f"lost: {one}" for one in self.lost),
            *(_uneven(_total_json(one)) for one in self.totals if not one.is_even),
            *(f"promised by {_uneven(_open_json(one))}" for one in self.commitments if not one.is_even),
        ]

    @property
    def is_good(self) -> bool:
        return not self.problems


def judge(
    plants: Sequence[Plant],
    report: InvoiceReport,
    evidence: Evidence,
    orders_in_force: Iterable[SourceOrder],
    still_requested: Container[str] = frozenset(),
) -> InvoiceVerdict:
    """Compare everything with everything, as far as it is about receipts and invoices.

    `orders_in_force` are the orders that an ERP holds as they are and that have not ended; `still_requested` the keys of
    those that no ERP has yet, and that have not ended.
    """
    keys = report.keys
    cases = [one for one in evidence.cases if one.key in keys]
    noticed = [one for one in evidence.findings if one.key in keys]
    books = _Books(
        report, frozenset(one.key for one in cases if one.is_open), frozenset(evidence.live_workflows)
    )
    fates = {one.key: books.fate(one) for one in report.invoices}
    moved = {one.key: books.receipt_fate(one) for one in report.receipts}
    return InvoiceVerdict(
        receipts_in=len(moved),
        receipts_posted=sum(fate == "posted" for fate in moved.values()),
        invoices_in=len(fates),
        posted=sum(fate == "posted" for fate in fates.values()),
        paid=sum(books.is_paid(one) for one in report.invoices),
        voided=sum(fate == "voided" for fate in fates.values()),
        exceptions=counted(one.class_ for one in cases),
        findings=counted(one.class_ for one in noticed),
        compared=_compare(plants, (*cases, *books.history()), noticed, report),
        doubled=tuple(sorted(books.doubled())),
        lost=(
            *(f"{one.number} ({one.key})" for one in report.invoices if not books.is_settled(one)),
            *(f"receipt {one.order_line} ({one.key})" for one in report.receipts if moved[one.key] == "waiting"),
        ),
        totals=tuple(_totals(books, fates, moved)),
        commitments=tuple(
            _commitments(books, fates, list(orders_in_force), still_requested, evidence.promised)
        ),
    )  # fmt: skip


# -- documents -----------------------------------------------------------------------------------------


class _Books:
    """What each document of Coupa became in the ERPs."""

    def __init__(self, report: InvoiceReport, in_exception: Container[str], in_work: Container[str]) -> None:
        self.report = report
        self._in_exception, self._in_work = in_exception, in_work
        self._held: dict[str, list[TargetInvoice]] = {}
        for one in report.postings:
            self._held.setdefault(one.mark, []).append(one)
        self._moved: dict[str, list[TargetReceipt]] = {}
        for movement in report.movements:
            self._moved.setdefault(movement.mark, []).append(movement)

    def all(self, invoice: SourceInvoice) -> list[TargetInvoice]:
        return self._held.get(invoice.key, [])

    def standing(self, invoice: SourceInvoice) -> list[TargetInvoice]:
        return [one for one in self.all(invoice) if one.is_live]

    def movements(self, receipt: SourceReceipt) -> list[TargetReceipt]:
        return self._moved.get(receipt.key, [])

    def fate(self, invoice: SourceInvoice) -> Fate:
        """Say where an invoice's money is. An open exception comes first: it is not done, whatever is posted."""
        if invoice.key in self._in_exception:
            return "in_exception"
        standing = self.standing(invoice)
        if invoice.status == "voided":
            return "waiting" if standing else "voided"
        return "posted" if standing else "waiting"

    def receipt_fate(self, receipt: SourceReceipt) -> Fate:
        if receipt.key in self._in_exception:
            return "in_exception"
        moved = self.movements(receipt)
        is_done = receipt.key not in self._in_work and [one.size for one in moved] == [receipt.size]
        return "posted" if is_done else "waiting"

    def is_paid(self, invoice: SourceInvoice) -> bool:
        """Say whether the ERP has paid what is owed, and Coupa was told of each payment once."""
        standing = self.standing(invoice)
        return (
            len(standing) == 1
            and invoice.total_minor > 0
            and standing[0].paid_minor == invoice.total_minor == _recorded(invoice)
        )

    def is_settled(self, invoice: SourceInvoice) -> bool:
        fate = self.fate(invoice)
        if fate == "voided":
            was_posted = bool(self.all(invoice))
            told = invoice.erp_status == "Cancelled" if was_posted else invoice.erp_status is None
            return told and _recorded(invoice) == 0
        if fate != "posted":
            return fate == "in_exception"
        (posting, *others) = self.standing(invoice)
        return (
            not others
            and (posting.total_minor, posting.currency) == (invoice.total_minor, invoice.currency)
            and (invoice.erp_number, invoice.erp_status) == (posting.number, "Posted")
            and posting.paid_minor == _recorded(invoice)  # below zero: what a payment took of a credit note
        )

    def doubled(self) -> Iterator[str]:
        for invoice in self.report.invoices:
            name, standing = f"{invoice.number} ({invoice.key})", self.standing(invoice)
            if len(standing) > 1:
                yield f"posted {len(standing)} times: {name}"
            if any(count > 1 for count in Counter(note for note, _ in invoice.recorded).values()):
                yield f"a payment was told more than once: {name}"
        for receipt in self.report.receipts:
            if len(self.movements(receipt)) > 1:
                yield f"received {len(self.movements(receipt))} times: {receipt.order_line} ({receipt.key})"

    def history(self) -> Iterator[Case]:
        """Say what both systems show that people and banks have done."""
        for invoice in self.report.invoices:
            for class_ in self._history_of(invoice):
                yield Case(class_, invoice.key, invoice.number, False)

    def _history_of(self, invoice: SourceInvoice) -> Iterator[str]:
        payments = [part for one in self.standing(invoice) for part in one.payments]
        live = [one for one in payments if not one[1]]
        back = len(payments) - len(live)
        told_back = sum(minor < 0 for _, minor in invoice.recorded)
        is_told = len(invoice.recorded) == len(payments) + back and told_back == back
        if invoice.status == "voided" and self.fate(invoice) == "voided":
            yield "VOIDED_AFTER_POSTING" if self.all(invoice) else "VOIDED_BEFORE_POSTING"
        if is_told and not back and len(live) > 1:
            yield "PAID_IN_PARTS"
        if is_told and back:
            yield "PAYMENT_CALLED_BACK"


def _recorded(invoice: SourceInvoice) -> int:
    return sum(minor for _, minor in invoice.recorded)


# -- planted and found -----------------------------------------------------------------------------------

STRUCK_WITHIN = timedelta(hours=48)
"""A fault's hours, and the engine's next look after them."""

_BACK = {"PAYMENT_VOIDED": "PAYMENT_CALLED_BACK", "PAYMENT_REISSUED": "PAYMENT_CALLED_BACK"}
"""Both look alike afterwards: a payment that is void, and another one in its place."""


def _compare(
    plants: Sequence[Plant], cases: Iterable[Case], noticed: Iterable[Noticed], report: InvoiceReport
) -> Compared:
    """A plant about goods names an order line, a finding its receipt: they meet at the order line.

    A duplicate that was planted may be voided; that is no other trouble.
    """
    lines = {one.key: one.order_line for one in report.receipts}
    planted = {one.key: one.class_ for one in plants}
    unknown = {one.key for one in plants if one.class_ == "OUTCOME_UNKNOWN"}
    found = _struck([replace(one, key=lines.get(one.key or "", one.key)) for one in noticed], plants)
    judged = [
        one for one in found if one.class_ in FINDINGS and not (one.class_ == "THROTTLED" and one.key in unknown)
    ]  # fmt: skip
    real = [
        one
        for one in cases
        if not (one.class_ == "VOIDED_BEFORE_POSTING" and planted.get(one.key) == "INVOICE_DUPLICATE")
    ]
    compared = compare(
        [replace(one, class_=_BACK.get(one.class_, one.class_)) for one in plants], real, judged
    )
    missed = {(one.class_, one.subject) for one in compared.missed}
    names = [one.class_ for one in plants if (_BACK.get(one.class_, one.class_), one.subject) not in missed]
    return replace(compared, planted=counted(one.class_ for one in plants), found=counted(names))


def _struck(found: Sequence[Noticed], plants: Sequence[Plant]) -> list[Noticed]:
    """A lost answer to a receipt can't be aimed: of two that are received in its hours it may strike the other one."""
    lost = [one for one in plants if one.class_ == "OUTCOME_UNKNOWN"]
    keys = {one.key for one in lost}
    met = {one.key for one in found if one.class_ == "OUTCOME_UNKNOWN"}
    result: list[Noticed] = []
    for one in found:
        fitting = (
            p for p in lost
            if p.key not in met and p.system == one.system and p.at <= one.at <= p.at + STRUCK_WITHIN
        )  # fmt: skip
        is_stray = one.class_ == "OUTCOME_UNKNOWN" and one.key not in keys
        plant = next(fitting, None) if is_stray else None
        if plant is not None:
            met.add(plant.key)
        result.append(one if plant is None else replace(one, key=plant.key))
    return result


# -- money ---------------------------------------------------------------------------------------------


def _totals(books: _Books, fates: Mapping[str, Fate], moved: Mapping[str, Fate]) -> Iterator[FlowTotal]:
    """Add up what Coupa holds and, for what is posted, what the ERPs hold."""
    sums: dict[tuple[str, str, str], Counter[str]] = {}
    for receipt in books.report.receipts:
        own = sums.setdefault((FLOWS[0], receipt.legal_entity, receipt.currency), Counter())
        own["came_in"] += receipt.worth_minor
        if moved[receipt.key] == "posted":  # at Coupa's price: a receipt in the ERP has none of its own
            share = sum((Decimal(one.size) for one in books.movements(receipt)), Decimal(0))
            own["posted"] += int(receipt.worth_minor * share / Decimal(receipt.size))
        else:
            own[moved[receipt.key]] += receipt.worth_minor
    for invoice in books.report.invoices:
        place = (FLOWS[1], invoice.legal_entity, invoice.currency)
        own, fate = sums.setdefault(place, Counter()), fates[invoice.key]
        own["came_in"] += invoice.total_minor
        if fate != "posted":
            own[fate] += invoice.total_minor
        for posting in books.standing(invoice):
            there = sums.setdefault((FLOWS[1], invoice.legal_entity, posting.currency), Counter())
            if fate == "posted":
                there["posted"] += posting.total_minor
            there["paid_in_erp"] += posting.paid_minor
        own["paid_in_coupa"] += _recorded(invoice)
    names = ("came_in", *FATES, "paid_in_erp", "paid_in_coupa")
    for (flow, entity, currency), own in sorted(sums.items()):
        yield FlowTotal(flow, entity, currency, *(own[name] for name in names))


def _commitments(
    books: _Books,
    fates: Mapping[str, Fate],
    orders: Sequence[SourceOrder],
    still_requested: Container[str],
    promised: Sequence[Promised],
) -> Iterator[OpenTotal]:
    """Add up what is still promised by Coupa's requisitions, orders and invoices, the ERPs' orders, and the engine's store."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    places = {one.number: (one.legal_entity, one.currency) for one in orders}
    for order in orders:
        sums.setdefault(places[order.number], Counter())["in_coupa"] += order.total_minor
    for invoice in books.report.invoices:
        for number, minor in invoice.on_orders:
            if fates[invoice.key] == "posted" and number in places:
                sums[places[number]]["in_coupa"] -= minor
    for one in books.report.commitments:
        number = one.marker.removeprefix(f"{SOURCE}:")
        if number in places:
            sums[places[number]]["in_erp"] += one.open_minor
    for wish in books.report.requisitions:
        if wish.order is None or wish.order in still_requested:
            place = (wish.legal_entity, wish.currency)
            sums.setdefault(place, Counter())["requested_in_coupa"] += wish.total_minor
    for told in promised:
        name = "in_store" if told.stage == "obligation" else "requested_in_store"
        sums.setdefault((told.legal_entity, told.currency), Counter())[name] += told.amount_minor
    for (entity, currency), own in sorted(sums.items()):
        yield OpenTotal(entity, currency, *(own[name] for name in OPEN))


# -- for people and programs -----------------------------------------------------------------------------


def to_json(verdict: InvoiceVerdict) -> dict[str, Any]:
    """Return the judgement as JSON values; amounts are decimal text."""
    compared = verdict.compared
    return {
        "is_good": verdict.is_good,
        "receipts_in": verdict.receipts_in,
        "receipts_posted": verdict.receipts_posted,
        "invoices_in": verdict.invoices_in,
        "posted": verdict.posted,
        "paid": verdict.paid,
        "voided": verdict.voided,
        "exceptions": dict(verdict.exceptions),
        "findings": dict(verdict.findings),
        "planted": dict(compared.planted),
        "found": dict(compared.found),
        "false_finds": len(compared.false_finds),
        "false_found": [str(one) for one in compared.false_finds],
        "missed": [str(one) for one in compared.missed],
        "doubled": len(verdict.doubled),
        "doubled_documents": list(verdict.doubled),
        "lost": len(verdict.lost),
        "lost_documents": list(verdict.lost),
        "totals": [_total_json(one) for one in verdict.totals],
        "commitments": [_open_json(one) for one in verdict.commitments],
    }


def _shown(amount_minor: int, currency: str) -> str:
    return str(Money(amount_minor=amount_minor, currency=currency).amount)


def _total_json(total: FlowTotal) -> dict[str, str]:
    names = (*FATES, "difference", "paid_in_erp", "paid_in_coupa")
    return {
        "flow": total.flow,
        "legal_entity": total.legal_entity,
        "currency": total.currency,
        "in": _shown(total.came_in, total.currency),
        **{name: _shown(getattr(total, name), total.currency) for name in names},
    }


def _open_json(total: OpenTotal) -> dict[str, str]:
    return {
        "legal_entity": total.legal_entity,
        "currency": total.currency,
        **{name: _shown(getattr(total, name), total.currency) for name in OPEN},
    }


def _uneven(total: Mapping[str, str]) -> str:
    """Put a total that is not even into words: whose it is, then its amounts."""
    whose = [total[name] for name in ("flow", "legal_entity", "currency") if name in total]
    amounts = [f"{name.replace('_', ' ')} {amount}" for name, amount in total.items() if amount not in whose]
    return f"{' '.join(whose)}: {', '.join(amounts)}"
