"""The comparison at the end: what was planted against what was found, what came in against what was posted.

Pure: the planted list, the systems' report and the store's evidence go in, the verdict comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from finsync_tui.rehearse import expense_verdict, invoice_verdict, lies, supplier_verdict
from finsync_tui.rehearse.catalogue import CLOSING_CENTRE, INTEGRATIONS
from finsync_tui.rehearse.evidence import AuditCheck, Case, Evidence, Standing
from finsync_tui.rehearse.expense_verdict import ExpenseVerdict, is_about_expenses
from finsync_tui.rehearse.invoice_planted import FINDINGS as INVOICE_FINDINGS
from finsync_tui.rehearse.invoice_verdict import InvoiceVerdict
from finsync_tui.rehearse.lies import FoundOut
from finsync_tui.rehearse.matching import Compared, Mark, compare, counted
from finsync_tui.rehearse.planted import FINDINGS, OUTGROWN, SOURCE, Plant
from finsync_tui.rehearse.report import Report, SourceOrder, TargetOrder
from finsync_tui.rehearse.supplier_verdict import SupplierVerdict
from store.canonical.money import Money

Fate = Literal["posted", "in_exception", "cancelled", "in_flight"]


@dataclass(frozen=True, slots=True)
class Total:
    """The money of one legal entity and currency: what came in and where it is now, in minor units."""

    legal_entity: str
    currency: str
    came_in: int = 0
    posted: int = 0
    in_exception: int = 0
    cancelled: int = 0
    in_flight: int = 0

    @property
    def difference(self) -> int:
        """What is unexplained. Anything but 0 means that money was lost or made."""
        return self.came_in - self.posted - self.in_exception - self.cancelled - self.in_flight


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the rehearsal ended."""

    orders_read: int
    commitments_created: int
    written_back: int
    exceptions: Mapping[str, int]
    findings: Mapping[str, int]
    planted: Mapping[str, int]
    found: Mapping[str, int]
    missed: tuple[Mark, ...]
    false_finds: tuple[Mark, ...]
    duplicates: tuple[str, ...]
    """Markers that an ERP holds more than once."""
    lost: tuple[str, ...]
    """Orders that are neither done nor an open exception."""
    totals: tuple[Total, ...]
    audit: AuditCheck
    cycles: int
    shown: int
    """Exceptions that stand open in the procurement system's own screens."""
    misshown: tuple[str, ...]
    """Exceptions that are open on one side only: in its screens or here."""
    expenses: ExpenseVerdict
    invoices: InvoiceVerdict
    suppliers: SupplierVerdict
    deliveries_verified: int = 0
    deliveries_overtaken: int = 0
    deliveries_in_exception: int = 0
    unverified: tuple[str, ...] = ()
    """Deliveries that nothing has proven."""
    breaks_explained: int = 0
    false_breaks: tuple[str, ...] = ()
    """Open breaks that no exception, no process under way and nothing that was planted explains."""
    lies: tuple[FoundOut, ...] = ()

    @property
    def problems(self) -> list[str]:
        """What does not add up, in words: empty when all is well."""
        return [
            *Compared(dict(self.planted), dict(self.found), self.missed, self.false_finds).problems,
            *(f"twice: {one}" for one in self.duplicates),
            *(f"lost: {one}" for one in self.lost),
            *(
                f"orders of {one.legal_entity} in {one.currency}: {_shown(one, one.difference)} unaccounted for"
                for one in self.totals
                if one.difference
            ),
            *([] if self.audit.is_intact else [f"the audit log is broken: {self.audit.reason}"]),
            *(f"open on one side only, here or in {SOURCE}: {one}" for one in self.misshown),
            *(f"a delivery that nothing has proven: {one}" for one in self.unverified),
            *(f"a break that nothing explains: {one}" for one in self.false_breaks),
            *(
                f"an answer of success to what never happened: {one}"
                for one in self.lies
                if not one.is_in_time
            ),
            *self.expenses.problems,
            *self.invoices.problems,
            *(f"supplier: {one}" for one in self.suppliers.wrong),
        ]

    @property
    def is_good(self) -> bool:
        return not self.problems


def judge(plants: Sequence[Plant], report: Report, evidence: Evidence) -> Verdict:
    """Compare everything with everything."""
    payables = report.invoices.keys
    cases = [
        one
        for one in evidence.cases
        if not is_about_expenses("", one.key) and one.key not in payables and one.entity != "supplier"
    ]
    own = [
        one
        for one in (*evidence.findings, *evidence.failed_reads)
        if not is_about_expenses(one.system, one.key)
    ]
    moved = report.invoices.orders
    noticed = [
        one
        for one in own
        # A lost create of a receipt or invoice is looked for until it shows; each look is noted, and is no order's.
        if not (one.key in payables and one.class_ in (*INVOICE_FINDINGS, "UNAVAILABLE", OUTGROWN))
        # What arrives or is invoiced counts on its order: the order is read again, and nothing in it has changed.
        and not (one.class_ == "DUPLICATE_EVENT" and one.number in moved)
    ]
    compared = compare(
        [one for one in plants if one.about == "order"],
        cases,
        [one for one in noticed if one.class_ in FINDINGS],
    )
    held = _by_marker(report.target_orders)
    in_exception = frozenset(one.key for one in cases if one.is_open)
    fates = {one.key: _fate(one, held, in_exception, evidence.live_workflows) for one in report.source_orders}
    reports = {one.document_id: one.report_id for one in report.expenses.documents}
    strange = [one for one in evidence.breaks if not (one.is_explained or _is_closed_centre(one))]
    return Verdict(
        orders_read=evidence.orders_read,
        commitments_created=sum(any(one.is_issued for one in found) for found in held.values()),
        written_back=sum(_is_written_back(one, held) for one in report.source_orders),
        exceptions=counted(one.class_ for one in cases),
        findings=counted(
            one.class_
            for one in evidence.findings
            if not is_about_expenses(one.system, one.key) and one.key not in payables
        ),
        planted=compared.planted,
        found=compared.found,
        missed=compared.missed,
        false_finds=compared.false_finds,
        duplicates=tuple(sorted(marker for marker, found in held.items() if len(found) > 1)),
        lost=tuple(one.key for one in report.source_orders if not _is_settled(one, fates[one.key], held)),
        totals=_totals(report, fates, held),
        audit=evidence.audit,
        cycles=evidence.cycles,
        shown=len(report.source_errors),
        misshown=tuple(_misshown(report.source_errors, evidence.cases)),
        expenses=expense_verdict.judge(
            [one for one in plants if one.about == "expense"], report.expenses, evidence
        ),
        invoices=invoice_verdict.judge(
            [one for one in plants if one.about == "invoice"],
            report.invoices,
            evidence,
            [
                one
                for one in report.source_orders
                if one.status == "issued" and any(twin.is_posted for twin in _twins(one, held))
            ],
            {
                one.key
                for one in report.source_orders
                if one.status == "issued" and not any(twin.is_issued for twin in _twins(one, held))
            },
        ),
        suppliers=supplier_verdict.judge(
            [one for one in plants if one.about == "supplier"], report, evidence
        ),
        deliveries_verified=evidence.deliveries_verified,
        deliveries_overtaken=evidence.deliveries_overtaken,
        deliveries_in_exception=evidence.deliveries_in_exception,
        unverified=evidence.unverified,
        breaks_explained=len(evidence.breaks) - len(strange),
        lies=lies.found_out(
            report.lies, evidence.cases, lambda key: reports.get(expense_verdict.document_of(key), key)
        ),
        false_breaks=tuple(f"{one.definition} {one.kind} {one.class_} {one.number}" for one in strange),
    )


def _misshown(errors: Sequence[str], cases: Iterable[Case]) -> Iterator[str]:
    """Compare the errors that stand open in the procurement system with the open exceptions of its documents."""
    there = Counter(errors)
    here = Counter(f"{one.key} {one.class_}" for one in cases if one.is_open and _is_shown(one))
    yield from (f"only in {SOURCE}: {name}" for name in sorted((there - here).elements()))
    yield from (f"not in {SOURCE}: {name}" for name in sorted((here - there).elements()))


def _is_shown(case: Case) -> bool:
    """Say whether it is about a document that has a number in the procurement system, of a kind that is shown there."""
    system, _, number = case.key.partition(":")
    return case.entity in INTEGRATIONS and system == SOURCE and number.isdecimal()


def _is_closed_centre(one: Standing) -> bool:
    """Say whether a break is about a cost centre that was closed in an ERP on purpose, and is still offered elsewhere."""
    return one.definition == "cost_centres" and one.number in CLOSING_CENTRE.values()


# -- orders and money ----------------------------------------------------------------------------------


def _by_marker(orders: Iterable[TargetOrder]) -> dict[str, list[TargetOrder]]:
    found: dict[str, list[TargetOrder]] = {}
    for one in orders:
        found.setdefault(one.marker, []).append(one)
    return found


def _twins(order: SourceOrder, held: Mapping[str, list[TargetOrder]]) -> list[TargetOrder]:
    return held.get(f"{SOURCE}:{order.number}", [])


def _fate(
    order: SourceOrder,
    held: Mapping[str, list[TargetOrder]],
    in_exception: frozenset[str],
    in_work: frozenset[str],
) -> Fate:
    """Say where an order's money is. An open exception comes first: its order is not done, whatever is posted."""
    is_posted = any(one.is_posted for one in _twins(order, held))
    if order.key in in_exception:
        return "in_exception"
    if order.key in in_work or is_posted == (order.status == "cancelled"):
        return "in_flight"
    return "posted" if is_posted else "cancelled"


def _is_settled(order: SourceOrder, fate: Fate, held: Mapping[str, list[TargetOrder]]) -> bool:
    if fate == "posted":
        posted = [one for one in _twins(order, held) if one.is_posted]
        wanted = "closed" if order.status == "closed" else "open"
        return len(posted) == 1 and (posted[0].total_minor, posted[0].currency, posted[0].status) == (
            order.total_minor,
            order.currency,
            wanted,
        )
    return fate != "in_flight"


def _is_written_back(order: SourceOrder, held: Mapping[str, list[TargetOrder]]) -> bool:
    return order.erp_number is not None and order.erp_number in {one.number for one in _twins(order, held)}


def _totals(
    report: Report, fates: Mapping[str, Fate], held: Mapping[str, list[TargetOrder]]
) -> tuple[Total, ...]:
    """Add up what the procurement system holds and, for what is posted, what the ERP holds."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for order in report.source_orders:
        own = sums.setdefault((order.legal_entity, order.currency), Counter())
        fate = fates[order.key]
        own["came_in"] += order.total_minor
        if fate != "posted":
            own[fate] += order.total_minor
            continue
        for twin in _twins(order, held):
            if twin.is_posted:
                place = (order.legal_entity, twin.currency)
                sums.setdefault(place, Counter())["posted"] += twin.total_minor
    return tuple(
        Total(
            entity,
            currency,
            **{name: own[name] for name in ("came_in", "posted", "in_exception", "cancelled", "in_flight")},
        )
        for (entity, currency), own in sorted(sums.items())
    )


# -- for people and programs ---------------------------------------------------------------------------


def to_json(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as JSON values; amounts are decimal text."""
    return {
        "is_good": verdict.is_good,
        "problems": verdict.problems,
        "orders_read": verdict.orders_read,
        "commitments_created": verdict.commitments_created,
        "written_back": verdict.written_back,
        "exceptions": dict(verdict.exceptions),
        "findings": dict(verdict.findings),
        "planted": dict(verdict.planted),
        "found": dict(verdict.found),
        "false_finds": len(verdict.false_finds),
        "false_found": [str(one) for one in verdict.false_finds],
        "missed": [str(one) for one in verdict.missed],
        "duplicates": len(verdict.duplicates),
        "duplicated": list(verdict.duplicates),
        "lost": len(verdict.lost),
        "lost_orders": list(verdict.lost),
        "totals": [_total_json(one) for one in verdict.totals],
        "audit": {
            "is_intact": verdict.audit.is_intact,
            "entries": verdict.audit.count,
            "reason": verdict.audit.reason,
        },
        "cycles": verdict.cycles,
        "shown": verdict.shown,
        "misshown": list(verdict.misshown),
        "deliveries": {
            "verified": verdict.deliveries_verified,
            "overtaken": verdict.deliveries_overtaken,
            "in_exception": verdict.deliveries_in_exception,
            "unverified": len(verdict.unverified),
            "not_verified": list(verdict.unverified),
        },
        "breaks": {
            "explained": verdict.breaks_explained,
            "false": len(verdict.false_breaks),
            "not_explained": list(verdict.false_breaks),
        },
        "lies": lies.to_json(verdict.lies),
        "expenses": expense_verdict.to_json(verdict.expenses),
        "invoices": invoice_verdict.to_json(verdict.invoices),
        "suppliers": supplier_verdict.to_json(verdict.suppliers),
    }


def _total_json(total: Total) -> dict[str, str]:
    return {
        "legal_entity": total.legal_entity,
        "currency": total.currency,
        "in": _shown(total, total.came_in),
        "posted": _shown(total, total.posted),
        "in_exception": _shown(total, total.in_exception),
        "cancelled": _shown(total, total.cancelled),
        "in_flight": _shown(total, total.in_flight),
        "difference": _shown(total, total.difference),
    }


def _shown(total: Total, amount_minor: int) -> str:
    return str(Money(amount_minor=amount_minor, currency=total.currency).amount)
