"""Coupa's requisitions, users and exchange rates to ours. Pure."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any

from adapters.base import Translated
from adapters.coupa.inbound_amounts import (
    Priced,
    Unit,
    check_total,
    distributions,
    line_amount,
    line_number,
    unit_of,
)
from adapters.coupa.inbound_parts import Unfit, day, money, number, segments, text
from adapters.coupa.options import Options
from adapters.coupa.wire_people import (
    ApprovalLimit,
    ExchangeRate,
    Requester,
    Requisition,
    RequisitionLine,
    UserRecord,
)
from store.canonical import organisation, people, purchasing
from store.canonical.money import Money

REQUISITION_STATUS = {
    "draft": "draft",
    "cart": "draft",
    "backgrounded": "draft",
    "pending_buyer_action": "pending_approval",
    "pending_approval": "pending_approval",
    "approved": "approved",
    "ordered": "ordered",
    "partially_received": "ordered",
    "received": "received",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
    "abandoned": "cancelled",
}

_requisition = purchasing.Requisition.model_validate
_employee = people.Employee.model_validate
_rate = organisation.ExchangeRate.model_validate


def requisition(document: Requisition, options: Options) -> Translated:
    """Return the requisition. Lines may be in other currencies than it; its total is Coupa's own conversion then."""
    status = REQUISITION_STATUS.get(document.status or "")
    if status is None:
        raise Unfit("$.status", f"the status {document.status!r} of a requisition is not one we know")
    unit, lines = _lines(document, options)
    added = sum([line["amount"]["amount_minor"] for line in lines])
    if all(line["amount"]["currency"] == unit.currency for line in lines):
        if lines:
            check_total(document.total, added, unit, "$.total", "requisition")
        total: Any = unit.money(added)
    elif document.total is None:
        raise Unfit("$.total", "the lines are in several currencies and the requisition has no total")
    else:
        total = money(document.total, unit.currency, "$.total", "half_up")
    requester, submitted = document.requested_by, document.submitted_at
    record = _requisition(
        {
            "number": str(document.id),
            "status": status,
            "title": document.req_title or "",
            "requester": requester.login if requester else None,
            "requester_number": requester.employee_number if requester else None,
            "currency": unit.currency,
            "total": total,
            "department": document.department.name if document.department else None,
            "submitted_at": submitted.astimezone(UTC) if submitted else None,
            "lines": lines,
        }
    )
    by = document.updated_by
    return Translated(str(document.id), record, None, document.updated_at, by.login if by else None)


def _lines(document: Requisition, options: Options) -> tuple[Unit, tuple[dict[str, Any], ...]]:
    stated = document.currency
    code = stated if isinstance(stated, str) else stated.code if stated else None
    rows = document.requisition_lines or []
    code = code or next((line.currency.code for line in rows if line.currency and line.currency.code), None)
    if not code:
        raise Unfit("$.currency", "the requisition names no currency")
    return unit_of(code), tuple([_line(line, n, code, options) for n, line in enumerate(rows)])


def _line(line: RequisitionLine, index: int, code: str, options: Options) -> dict[str, Any]:
    path = f"$.requisition-lines[{index}]"
    for value in (line.quantity, line.unit_price):
        if value is not None:
            number(value, path)
    unit = unit_of((line.currency.code if line.currency else None) or code)
    is_by_amount = line.line_type == "RequisitionAmountLine"
    minor = line_amount(Priced(line.quantity, line.unit_price, line.total, is_by_amount), unit, path)
    parts = distributions(line.account, line.account_allocations, line.period, minor, unit, path, options)
    return {
        "number": line_number(line.line_num, None, path),
        "description": line.description or "",
        "quantity": None if is_by_amount else line.quantity,
        "unit_price": None if is_by_amount else line.unit_price,
        "uom": line.uom.code if line.uom else None,
        "amount": unit.money(minor),
        "category": line.commodity.name if line.commodity else None,
        "supplier_id": text(line.supplier.id) if line.supplier else None,
        "need_by_on": day(line.need_by_date, f"{path}.need-by-date"),
        "order_line_id": text(line.order_line_id),
        "distributions": parts,
    }


def employee(document: UserRecord, options: Options) -> Translated:
    """Return who signs in. One without an employee number, such as a service account, is known by the login."""
    number_ = document.employee_number or document.login
    if not number_:
        raise Unfit("$.employee-number", "the user has neither an employee number nor a login")
    name = document.fullname or " ".join(filter(None, (document.firstname, document.lastname)))
    account, entity = document.default_account, document.legal_entity
    parts = segments(account, options.segment_count, keeps_gaps=True) if account else ()
    place, limits = options.cost_centre_segment, _limits(document)
    record = _employee(
        {
            "number": number_,
            "login": document.login,
            "name": name or document.login or number_,
            "email": document.email or None,
            "is_active": document.active is not False,
            "manager_number": _number_of(document.manager),
            "approval_limit": limits.get(options.approval_limit),
            "approval_limits": tuple({"of": kind, "amount": limit} for kind, limit in limits.items()),
            "cost_centre": (parts[place - 1] or None) if len(parts) >= place else None,
            "legal_entity": (entity.abbreviation or entity.name) if entity else None,
            "currency": document.default_currency.code if document.default_currency else None,
        }
    )
    by = document.updated_by
    return Translated(str(document.id), record, None, document.updated_at, by.login if by else None)


def _number_of(person: Requester | None) -> str | None:
    return (person.employee_number or person.login) if person else None


def _limits(document: UserRecord) -> dict[people.LimitedTo, Money]:
    """Return up to what somebody may approve, by kind of document, as far as Coupa says."""
    told: dict[people.LimitedTo, ApprovalLimit | None] = {
        "requisition": document.requisition_approval_limit,
        "invoice": document.invoice_approval_limit,
        "expense": document.expense_approval_limit,
    }
    return {
        kind: money(limit.amount, limit.currency.code, f"$.{kind}-approval-limit.amount", "down")
        for kind, limit in told.items()
        if limit is not None
        and limit.amount is not None
        and limit.currency is not None
        and limit.currency.code
    }


def exchange_rate(document: ExchangeRate, _: Options) -> Translated:
    one = document.from_currency.code if document.from_currency else None
    other = document.to_currency.code if document.to_currency else None
    if not one or not other:
        raise Unfit("$.from-currency.code", "the exchange rate does not name both currencies")
    on = day(document.rate_date, "$.rate-date")
    if on is None:
        raise Unfit("$.rate-date", "the exchange rate has no day")
    if document.rate is None or number(document.rate, "$.rate") <= Decimal(0):
        raise Unfit("$.rate", "the exchange rate is not above zero")
    record = _rate(
        {
            "number": f"{one}/{other}/{on.isoformat()}",
            "from_currency": one,
            "to_currency": other,
            "rate_on": on,
            "rate": document.rate,
        }
    )
    return Translated(str(document.id), record, source_updated_at=document.updated_at)
