"""Reading receipts, invoices and payments from Coupa and the ERPs at the end, as a bookkeeper would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator import OracleFusionSimulator
from finsync_tui.rehearse import documents
from finsync_tui.rehearse.invoice_report import (
    InvoiceReport,
    SourceInvoice,
    SourceReceipt,
    SourceRequisition,
    TargetCommitment,
    TargetInvoice,
    TargetReceipt,
)
from finsync_tui.rehearse.planted import SOURCE
from finsync_tui.rehearse.shapes import Company, LegalEntity
from finsync_tui.rehearse.systems import Systems
from store.canonical.money import Money, plain

_OPEN: Final = ("OPEN", "ON HOLD")
_CENT: Final = Decimal("0.01")


def report(systems: Systems, company: Company) -> InvoiceReport:
    """Return what all systems hold now."""
    charts = {one.chart: one for one in company.legal_entities.values()}
    buyers = {number: company.legal_entities[one.legal_entity] for number, one in company.orders.items()}
    erps = systems.erps.items()
    return InvoiceReport(
        tuple(_receipt(one, buyers) for one in systems.coupa.documents("receiving_transactions")),
        tuple(one for name, erp in erps for one in _movements(name, erp)),
        tuple(_source_invoice(one, charts) for one in systems.coupa.documents("invoices")),
        tuple(one for name, erp in erps for one in _postings(name, erp)),
        tuple(one for _, erp in erps for one in _commitments(erp)),
        tuple(_requisitions(systems, company)),
    )


# -- Coupa ---------------------------------------------------------------------------------------------


def _receipt(document: Mapping[str, Any], buyers: Mapping[str, LegalEntity]) -> SourceReceipt:
    line = document["order-line"]
    number = line["order-header-number"]
    sign = -1 if document["type"].endswith("ReturnToSupplier") else 1
    size = document["total"] if document["quantity"] is None else document["quantity"]
    currency = document["currency"]["code"]
    return SourceReceipt(
        key=f"{SOURCE}:{document['id']}",
        order_line=f"{number}/{line['line-num']}",
        legal_entity=buyers[number].number,
        currency=currency,
        size=plain(sign * Decimal(size)),
        worth_minor=sign * _minor(document["total"], currency),
    )


def _source_invoice(document: Mapping[str, Any], charts: Mapping[str, LegalEntity]) -> SourceInvoice:
    currency = document["currency"]["code"]
    on_orders: dict[str, int] = {}
    for line in document["invoice-lines"]:
        if line["po-number"]:
            minor = _minor(line["total"], currency)
            on_orders[line["po-number"]] = on_orders.get(line["po-number"], 0) + minor
    fields = document["custom-fields"] or {}
    return SourceInvoice(
        key=f"{SOURCE}:{document['id']}",
        number=document["invoice-number"],
        legal_entity=charts[document["account-type"]["name"]].number,
        currency=currency,
        status=document["status"],
        total_minor=_minor(document["total-with-taxes"], currency),
        on_orders=tuple(on_orders.items()),
        erp_number=fields.get("cf-erp-invoice-number"),
        erp_status=fields.get("cf-erp-status"),
        recorded=tuple((one["notes"], _minor(one["amount-paid"], currency)) for one in document["payments"]),
    )


def _requisitions(systems: Systems, company: Company) -> Iterator[SourceRequisition]:
    """Yield those that were seen approved before there was an order, and are not withdrawn."""
    early = {
        documents.requisition_of(one): f"{SOURCE}:{one.coupa_id}"
        for one in company.orders.values()
        if documents.was_requested_early(company, one)
    }
    charts = {one.chart: one for one in company.legal_entities.values()}
    for one in systems.coupa.documents("requisitions"):
        if one["status"] not in ("approved", "ordered") or (
            one["status"] == "ordered" and one["id"] not in early
        ):
            continue
        line = one["requisition-lines"][0]
        part = line if line["account"] else line["account-allocations"][0]
        buyer = charts[part["account"]["account-type"]["name"]]
        yield SourceRequisition(
            number=str(one["id"]),
            legal_entity=buyer.number,
            currency=buyer.currency,
            order=early.get(one["id"]) if one["status"] == "ordered" else None,
            total_minor=sum(_minor(row["total"], buyer.currency) for row in one["requisition-lines"]),
        )


# -- the ERPs ------------------------------------------------------------------------------------------


def _movements(system: str, erp: OracleFusionSimulator) -> Iterator[TargetReceipt]:
    for one in erp.receipts():
        yield TargetReceipt(system, str(one["mark"]), plain(Decimal(one["size"])))


def _postings(system: str, erp: OracleFusionSimulator) -> Iterator[TargetInvoice]:
    payments: dict[int, list[tuple[str, bool, Decimal]]] = {}
    for payment in erp.payments():
        for part in payment["invoices"]:
            made = (str(payment["payment_id"]), payment["voided_on"] is not None, part["amount"])
            payments.setdefault(part["invoice_id"], []).append(made)
    for invoice in erp.invoices():
        if not str(invoice["mark"] or "").startswith(f"{SOURCE}:"):
            continue
        currency = invoice["currency"]
        yield TargetInvoice(
            system=system,
            mark=invoice["mark"],
            number=invoice["number"],
            status=invoice["status"],
            currency=currency,
            total_minor=_minor(invoice["total"], currency),
            paid_minor=_minor(invoice["paid"], currency),
            payments=tuple(
                (payment, is_void, _minor(amount, currency))
                for payment, is_void, amount in payments.get(invoice["invoice_id"], ())
            ),
        )


def _commitments(erp: OracleFusionSimulator) -> Iterator[TargetCommitment]:
    for order in erp.orders():
        if order["status"] in _OPEN:
            left = sum(
                (Decimal(line["amount"] or 0) - line["billed_amount"] for line in order["lines"] if not line["is_cancelled"]),
                Decimal(0),
            )  # fmt: skip
            yield TargetCommitment(str(order["marker"]), order["currency"], _minor(left, order["currency"]))


def _minor(amount: object, currency: str) -> int:
    return Money.of(Decimal(str(amount)).quantize(_CENT, ROUND_HALF_UP), currency).amount_minor
