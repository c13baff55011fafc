"""Journals, invoices and payments of a simulated pod as plain values, for whoever compares what went in with what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from adapters.oracle_fusion.simulator_rows import Row, Value


def journal_views(batch: Row) -> list[dict[str, Any]]:
    """Return each journal of a batch. `number` and `batch` are the names it was sent under."""
    data = batch.data
    source = str(data["UserJeSourceName"])
    found = re.fullmatch(
        rf"(.*) {re.escape(source)} A (\d+) (\d+)(?: \d+)? [NY]", str(data["BatchName"]), re.DOTALL
    )
    return [
        {
            "mark": header.data["ExternalReference"],
            "number": str(header.data["JournalName"]).removesuffix(
                f" {header.data['UserJeCategoryName']} {header.data['CurrencyCode']}"
            ),
            "batch": found[1] if found else data["BatchName"],
            "external_id": f"{batch.id}-{header.id}",
            "je_batch_id": batch.id,
            "je_header_id": header.id,
            "group_id": found[2] if found else None,
            "request_id": found[3] if found else None,
            "status": "posted" if data["Status"] == "P" else "unposted",
            "source": source,
            "category": header.data["UserJeCategoryName"],
            "ledger": header.data["LedgerName"],
            "legal_entity": header.data["LegalEntity"],
            "currency": header.data["CurrencyCode"],
            "accounting_on": header.data["AccountingDate"],
            "period": header.data["PeriodName"],
            "description": header.data["Description"],
            "total": header.data["RunningTotalDr"],
            "total_credit": header.data["RunningTotalCr"],
            "lines": [_journal_line(line) for line in header.of("journalLines")],
        }
        for header in batch.of("journalHeaders")
    ]


def invoice_view(row: Row, holds: list[Row]) -> dict[str, Any]:
    """Return one invoice. `mark` is the first word of its description when that looks like one."""
    data = row.data
    mark = re.match(r"[^\s:|]+:[^\s|]+(?= \| |$)", str(data["Description"] or ""))
    return {
        "mark": mark[0] if mark else None,
        "number": data["InvoiceNumber"],
        "invoice_id": row.id,
        "type": data["InvoiceType"],
        "validation_status": data["ValidationStatus"],
        "status": "cancelled" if data["CanceledFlag"] else _status(data["ValidationStatus"]),
        "paid_status": data["PaidStatus"] or "Unpaid",
        "supplier": data["Supplier"],
        "supplier_number": data["SupplierNumber"],
        "site": data["SupplierSite"],
        "business_unit": data["BusinessUnit"],
        "legal_entity": data["LegalEntity"],
        "currency": data["InvoiceCurrency"],
        "total": data["InvoiceAmount"],
        "paid": data["AmountPaid"] or Decimal(0),
        "accounting_on": data["AccountingDate"],
        "description": data["Description"],
        "funds_status": data["FundsStatus"],
        "prepayments": [
            {"number": one.data["InvoiceNumber"], "amount": one.data["AppliedAmount"]}
            for one in row.of("appliedPrepayments")
        ],
        "holds": [one.data["HoldName"] for one in holds],
        "lines": [
            {
                "number": str(line.id),
                "kind": line.data["LineType"],
                "amount": line.data["LineAmount"],
                "description": line.data["Description"],
                "quantity": line.data["Quantity"],
                "order_number": line.data["PurchaseOrderNumber"],
                "order_line": None
                if line.data["PurchaseOrderLineNumber"] is None
                else str(line.data["PurchaseOrderLineNumber"]),
                "accounts": [
                    {"account": one.data["DistributionCombination"], "amount": one.data["DistributionAmount"]}
                    for one in line.of("invoiceDistributions")
                ],
            }
            for line in row.of("invoiceLines")
        ],
    }


def payment_view(row: Row) -> dict[str, Any]:
    """Return one payment; the counter-rows of a void are left out of `invoices`."""
    data = row.data
    return {
        "number": str(data["PaymentNumber"]),
        "payment_id": row.id,
        "status": str(data["PaymentStatus"]).lower(),
        "payee": data["Payee"],
        "payee_number": data["SupplierNumber"],
        "business_unit": data["BusinessUnit"],
        "currency": data["PaymentCurrency"],
        "total": data["PaymentAmount"],
        "paid_on": data["PaymentDate"],
        "voided_on": data["VoidDate"],
        "cleared_on": data["ClearingDate"],
        "run": data["PaymentProcessRequest"],
        "invoices": [
            {
                "invoice_id": one.data["InvoiceId"],
                "number": one.data["InvoiceNumber"],
                "amount": one.data["AmountPaidInvoiceCurrency"],
            }
            for one in _made(row)
        ],
    }


def _made(row: Row) -> Iterator[Row]:
    """Yield what a payment paid, without the rows by which a void takes it back: they come after those."""
    signs: dict[Value, bool] = {}
    for one in row.of("relatedInvoices"):
        is_less = one.data["AmountPaidInvoiceCurrency"] < 0  # type: ignore[operator]
        if signs.setdefault(one.data["InvoiceId"], is_less) == is_less or row.data["VoidDate"] is None:
            yield one


def _journal_line(line: Row) -> dict[str, Any]:
    return {
        "number": str(line.id),
        "account": line.data["AccountCombination"],
        "debit": line.data["EnteredDr"],
        "credit": line.data["EnteredCr"],
        "description": line.data["Description"],
        "reference": line.data["Reference2"],
    }


def _status(validation: object) -> str:
    return {None: "draft", "Validated": "validated"}.get(
        validation if isinstance(validation, str) else None, "held"
    )
