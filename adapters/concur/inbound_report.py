"""A report as an ExpenseReport: its header as lists show it, or with its entries. Pure.

Report times bear no zone. They count as UTC, shifted where the connection says that a company's are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from adapters.base import Translated
from adapters.concur import inbound_report_detail, wire, wire_reports
from adapters.concur.inbound_parts import Unfit, country, moment, money, needed
from adapters.concur.options import Options
from store.canonical.expense import ExpenseReport

APPROVAL: Final[Mapping[str, str]] = {
    "A_NOTF": "draft",
    "A_FILE": "submitted",
    "A_PEND": "in_approval",
    "A_PECO": "in_approval",
    "A_PBDG": "in_approval",
    "A_TEXP": "in_approval",
    "A_EXTV": "in_validation",
    "A_PVAL": "in_validation",
    "A_RHLD": "on_hold",
    "A_AAFH": "on_hold",
    "A_ACCO": "approved_pending_accounting",
    "A_APPR": "approved",
    "A_RESU": "returned",
}
"""Companies may add codes: one that is not here counts as in approval, and the record keeps the code."""
PAYMENT: Final[Mapping[str, str]] = {
    "P_NOTP": "not_started",
    "P_HOLD": "on_hold",
    "P_PROC": "ready_to_post",
    "P_PAID": "posted",
    "P_PAYC": "paid",
}


def report(row: bytes, options: Options) -> Translated:
    whole = msgspec.json.decode(row, type=_Either)
    if not wire.is_there(whole.report):
        return _header(msgspec.json.decode(row, type=wire.Report), {}, options)
    detail = msgspec.json.decode(row, type=wire_reports.ReportRow)
    return _header(detail.report, inbound_report_detail.detail(detail, options), options)


class _Either(wire.Camel):
    """Of a row that was read with its entries, the header is a part."""

    report: msgspec.Raw = wire.NOTHING


def _header(document: wire.Report, detail: Mapping[str, Any], options: Options) -> Translated:
    own_id = needed(document.id, "$.ID")
    currency = needed(document.currency_code, "$.CurrencyCode")
    approval, payment = document.approval_status_code or "", document.payment_status_code or ""
    total = money(document.total, currency, "$.Total", "half_up")
    if total is None:
        raise Unfit("$.Total", "the report has no total")
    record = ExpenseReport.model_validate(
        {
            "number": own_id,
            "title": document.name or "",
            "owner_login": document.owner_login_id,
            "owner_name": document.owner_name,
            "approver_login": document.approver_login_id,
            "approval_status": APPROVAL.get(approval, "in_approval"),
            "payment_status": _payment(payment, document.payment_status_name or ""),
            "approval_code": approval,
            "payment_code": payment,
            "currency": currency,
            "total": total,
            "approved": money(document.total_approved_amount, currency, "$.TotalApprovedAmount", "half_up"),
            "due_employee": money(document.amount_due_employee, currency, "$.AmountDueEmployee", "half_up"),
            "due_card": money(
                document.amount_due_company_card, currency, "$.AmountDueCompanyCard", "half_up"
            ),
            "country": country(document.country),
            "ledger": document.ledger_name,
            "created_at": _at(document.create_date, options),
            "submitted_at": _at(document.submit_date, options),
            "approved_at": _at(document.processing_payment_date, options),
            "posted_at": _at(document.paid_date, options),
            "has_exception": document.has_exception is True,
            "was_returned": document.ever_sent_back is True,
            **detail,
        }
    )
    return Translated(own_id, record, source_updated_at=_at(document.last_modified_date, options))


def _payment(code: str, label: str) -> str:
    """Return the payment status. The code of a failed posting is not published, only its label is."""
    known = PAYMENT.get(code)
    if known is not None:
        return known
    return "posting_failed" if "fail" in f"{code} {label}".lower() else "not_started"


def _at(text: str | None, options: Options) -> datetime | None:
    found = moment(text)
    return None if found is None else found - timedelta(minutes=options.report_time_offset_minutes)
