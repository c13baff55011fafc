"""A financial document of Concur as an ExpenseDocument. Pure. Amounts keep every decimal they came with.

Each kind comes through a queue of its own: expense reports, cash advances, funds checks about a report or a request,
and two that are known by their headers only: supplier invoices and payroll data. The published funds checks stand without an envelope; their reference is the document's id without
its hyphens, as the published confirmations show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from adapters.base import Translated
from adapters.concur import wire
from adapters.concur.ids import DocumentId
from adapters.concur.inbound_entry import entries, request_entries
from adapters.concur.inbound_parts import (
    Unfit,
    codes,
    country,
    is_yes,
    joined,
    moment,
    money,
    needed,
    number,
    number_or_none,
    part,
)
from adapters.concur.options import Options
from store.canonical.expense import ExpenseDocument

STATUS: Final[Mapping[str, str]] = {
    "READY": "ready",
    "ACKNOWLEDGED": "acknowledged",
    "POSTING_CONFIRMED_SUCCESS": "posted",
    "POSTING_CONFIRMED_FAILURE": "failed",
    "PAYMENT_CONFIRMED_SUCCESS": "paid",
    "PAID": "paid",
    "PAYMENT_CONFIRMED_REVERSED": "reversed",
    "RECALLED": "recalled",
}
_INSTRUCTIONS: Final = {"obligate": "reserve", "fundscheck": "check", "release": "release"}
_REIMBURSED: Final = {
    "APCHECK": "payables",
    "ADPPAYR": "payroll",
    "CNQRPAY": "expense_tool",
    "PMTSERV": "other",
}
_ADVANCE_KINDS: Final = {"1": "issued_or_returned", "2": "applied", "3": "carried_forward"}
_BODY = "$.document"


def document(row: bytes, options: Options) -> Translated:
    """Translate one element of a queue, or a bare body as it is published."""
    envelope = msgspec.json.decode(row, type=wire.FisDocument)
    raw: bytes | msgspec.Raw = envelope.document
    path = _BODY
    if not wire.is_there(raw):  # no envelope: the row itself may be the body
        raw, path = row, "$"
    elif bytes(raw)[:1] == b'"':  # as DocumentFormatAs: text sends it
        raw = msgspec.json.decode(raw, type=str).encode()
    body = part(raw, wire.FisBody, path)
    is_funds_check = wire.is_there(body.instruction)
    if wire.is_there(body.cash_advance_data):
        fields, source = _cash_advance(body, path)
        document_type = envelope.doc_type or "cashadvance"
    elif envelope.doc_type == "invoice" or wire.is_there(body.vendor):
        fields, source = _invoice(body, path)
        document_type = "invoice"
    elif wire.is_there(body.request_header):
        fields, source = _request(body, path)
        document_type = envelope.doc_type or "requestobligation"
    elif wire.is_there(body.report):
        fields, source = _report(body, path, options)
        document_type = envelope.doc_type or ("reportobligation" if is_funds_check else "expense")
    else:
        raise Unfit(path, "neither a report, a cash advance nor a request is in this document")
    reference = fields.pop("reference", None)
    if document_type == "payroll":
        fields["kind"] = "payroll"
    if is_funds_check:
        fields |= {
            "kind": "funds_check",
            "instruction": _instruction(body.instruction, f"{path}.instruction"),
        }
    own_id = needed(envelope.id or (reference.replace("-", "") if reference else None), "$.id")
    record = ExpenseDocument.model_validate(
        {
            "kind": "report",
            **fields,
            "status": STATUS.get(envelope.doc_status or "", "other"),
            "status_code": envelope.doc_status,
            "document_type": document_type,
            "report_id": source,
            "entity_id": envelope.entity_id,
            "claimed_system": envelope.erp_system_id or None,
        }
    )
    name = DocumentId(own_id, document_type, source)
    return Translated(name.text, record, source_updated_at=record.approved_at or record.submitted_at)


def _report(body: wire.FisBody, path: str, options: Options) -> tuple[dict[str, Any], str]:
    where = f"{path}.report"
    report = part(body.report, wire.FisReport, where)
    source = needed(report.report_id, f"{where}.reportId")
    currency = needed(report.employee_currency_alpha_code, f"{where}.employeeCurrencyAlphaCode")
    employee = part(body.employee, wire.FisEmployee, f"{path}.employee")
    pays_by_payroll = is_yes(report.payroll_pay_indicator)
    method = _REIMBURSED.get(employee.employee_reimbursement_method_code or "")
    fields = {
        **_employee(body.employee, employee, f"{path}.employee"),
        "number": report.report_number or source,
        "title": report.report_name or "",
        "is_test": is_yes(report.is_test),
        "ledger": report.ledger_code,
        "country": country(report.home_country_code),
        "currency": currency,
        "total": money(report.total_approved_amount, currency, f"{where}.totalApprovedAmount"),
        "returned": money(report.cash_advance_returns_amount, currency, f"{where}.cashAdvanceReturnsAmount"),
        "reimbursed_by": "payroll" if pays_by_payroll else method,
        "payroll_account": report.payroll_payment_clearing_account_code if pays_by_payroll else None,
        "submitted_at": moment(report.report_submit_date),
        "approved_at": moment(report.report_payment_processing_date),
        "approver_id": report.last_approver_id,
        "codes": codes(body.report),
        "entries": entries(body.expense_entry or (), f"{path}.expenseEntry", options),
        "advances": _advances(body.cash_advance_application or (), f"{path}.cashAdvanceApplication"),
        "reference": report.fgi_ref_id,
    }
    return fields, source


def _cash_advance(body: wire.FisBody, path: str) -> tuple[dict[str, Any], str]:
    """A cash advance says debit and credit itself, in the employee's currency."""
    where = f"{path}.cashAdvanceData"
    advance = part(body.cash_advance_data, wire.FisCashAdvance, where)
    source = needed(advance.cash_advance_id, f"{where}.cashAdvanceId")
    asked_in = advance.currency_alpha_code or advance.employee_currency_alpha_code
    currency = needed(advance.employee_currency_alpha_code or asked_in, f"{where}.employeeCurrencyAlphaCode")
    requested = money(advance.request_amount, asked_in or currency, f"{where}.requestAmount")
    employee = part(body.employee_data, wire.FisEmployee, f"{path}.employeeData")
    fields = {
        **_employee(body.employee_data, employee, f"{path}.employeeData"),
        "kind": "cash_advance",
        "number": source,
        "title": advance.name or advance.purpose or "",
        "is_test": is_yes(advance.is_test),
        "country": country(advance.country_code),
        "currency": currency,
        "total": requested if asked_in == currency else None,
        "requested": requested,
        "exchange_rate": number_or_none(advance.exchange_rate, f"{where}.exchangeRate"),
        "reimbursed_by": "expense_tool" if is_yes(advance.expense_pay_indicator) else None,
        "submitted_at": moment(advance.request_date),
        "approved_at": moment(advance.issued_date),
        "postings": _postings(body.journal_data or (), f"{path}.journalData"),
    }
    return fields, source


def _request(body: wire.FisBody, path: str) -> tuple[dict[str, Any], str]:
    """A request before the spend: nothing is posted, funds are reserved, checked or released."""
    where = f"{path}.requestHeader"
    request = part(body.request_header, wire.FisRequest, where)
    source = needed(request.request_id, f"{where}.requestId")
    employee = part(body.employee, wire.FisEmployee, f"{path}.employee")
    currency = needed(
        employee.employee_reimbursement_currency, f"{path}.employee.employeeReimbursementCurrency"
    )
    fields = {
        **_employee(body.employee, employee, f"{path}.employee"),
        "kind": "funds_check",
        "number": str(request.request_key or source),
        "title": request.request_name or "",
        "is_test": is_yes(request.is_test) or is_yes(employee.is_test),
        "ledger": employee.employee_ledger_code,
        "country": country(employee.employee_country_code),
        "currency": currency,
        "total": money(request.total_approved_amount, currency, f"{where}.totalApprovedAmount"),
        "submitted_at": moment(request.request_submit_date),
        "approver_id": request.request_last_approver_id,
        "codes": codes(body.request_header),
        "entries": request_entries(body.request_entry or (), f"{path}.requestEntry", currency),
        "reference": request.fgi_ref_id,
    }
    return fields, source


def _invoice(body: wire.FisBody, path: str) -> tuple[dict[str, Any], str]:
    """A supplier invoice: which one, of whom, and what it takes. Its lines are not read: nothing is posted of it here."""
    where = f"{path}.requestHeader"
    invoice = part(body.request_header, wire.FisInvoice, where)
    source = needed(invoice.request_id, f"{where}.requestId")
    currency = needed(invoice.currency_alpha_code, f"{where}.currencyAlphaCode")
    owner, vendor = wire.FisEmployee(), wire.FisVendor()
    if wire.is_there(body.owner_employee):
        owner = part(body.owner_employee, wire.FisEmployee, f"{path}.ownerEmployee")
    if wire.is_there(body.vendor):
        vendor = part(body.vendor, wire.FisVendor, f"{path}.vendor")
    fields = {
        "kind": "invoice",
        "employee_id": owner.employee_id or "",
        "employee_login": owner.login_id,
        "employee_name": joined((owner.employee_first_name, owner.employee_last_name)),
        "number": invoice.vendor_invoice_number or source,
        "title": vendor.vendor_name or "",
        "is_test": is_yes(invoice.is_test),
        "ledger": invoice.ledger_code,
        "currency": currency,
        "total": money(invoice.request_total, currency, f"{where}.requestTotal"),
        "codes": codes(body.request_header),
    }
    return fields, source


def _employee(raw: msgspec.Raw, employee: wire.FisEmployee, path: str) -> dict[str, Any]:
    return {
        "employee_id": needed(employee.employee_id, f"{path}.employeeId"),
        "employee_login": employee.login_id,
        "employee_name": joined((employee.employee_first_name, employee.employee_last_name)),
        "employee_codes": codes(raw),
    }


def _advances(rows: Sequence[msgspec.Raw], path: str) -> tuple[dict[str, Any], ...]:
    found = []
    for index, raw in enumerate(rows):
        where = f"{path}[{index}]"
        row = part(raw, wire.FisAdvanceApplication, where)
        kind = _ADVANCE_KINDS.get(str(row.cash_advance_transaction_type))
        if kind is None:
            raise Unfit(
                f"{where}.cashAdvanceTransactionType",
                f"{row.cash_advance_transaction_type!r} is no kind of cash advance transaction that we know",
            )
        found.append(
            {
                "advance_id": needed(row.cash_advance_id, f"{where}.cashAdvanceId"),
                "kind": kind,
                "amount": number(
                    row.cash_advance_application_amount, f"{where}.cashAdvanceApplicationAmount"
                ),
                "clearing_account": row.cash_advance_clearing_account_code or "",
            }
        )
    return tuple(found)


def _postings(rows: Sequence[msgspec.Raw], path: str) -> tuple[dict[str, Any], ...]:
    found = []
    for index, raw in enumerate(rows):
        where = f"{path}[{index}]"
        row = part(raw, wire.FisStatedLine, where)
        side = {"DR": "debit", "CR": "credit"}.get((row.debit_or_credit or "").upper())
        if side is None:
            raise Unfit(f"{where}.debitOrCredit", f"{row.debit_or_credit!r} is neither DR nor CR")
        found.append(
            {
                "account_code": row.account_code or "",
                "side": side,
                "amount": number(row.amount, f"{where}.amount"),
                "payer": row.payer,
                "payee": row.payee,
            }
        )
    return tuple(found)


def _instruction(raw: msgspec.Raw, path: str) -> str:
    asked = part(raw, wire.FisInstruction, path).instruction or ""
    found = _INSTRUCTIONS.get(asked.lower())
    if found is None:
        raise Unfit(f"{path}.instruction", f"{asked!r} is no instruction about funds that we know")
    return found
