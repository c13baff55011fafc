"""Coupa's requisitions, users and exchange rates: the fields we read, under Coupa's own names."""

from __future__ import annotations

from decimal import Decimal

from adapters.coupa.wire import (
    AccountRef,
    Allocation,
    Coded,
    IdRef,
    Instant,
    LegalEntityRef,
    Login,
    Named,
    Period,
    Wire,
)


class Requester(Wire):
    login: str | None = None
    employee_number: str | None = None


class RequisitionLine(Wire):
    id: int | None = None
    line_num: str | int | None = None
    line_type: str | None = None
    status: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    total: Decimal | None = None
    currency: Coded | None = None
    uom: Coded | None = None
    commodity: Named | None = None
    supplier: IdRef | None = None
    need_by_date: str | None = None
    order_line_id: int | None = None
    period: Period | None = None
    account: AccountRef | None = None
    account_allocations: list[Allocation] | None = None


class Requisition(Wire):
    """A requisition; its header's currency is an object or, in the published schema, a text."""

    id: int
    status: str | None = None
    req_title: str | None = None
    requested_by: Requester | None = None
    department: Named | None = None
    total: Decimal | None = None
    currency: Coded | str | None = None
    submitted_at: Instant | None = None
    exported: bool | None = None
    requisition_lines: list[RequisitionLine] | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


class ApprovalLimit(Wire):
    amount: Decimal | None = None
    currency: Coded | None = None


class UserRecord(Wire):
    """A person who signs in."""

    id: int
    login: str | None = None
    email: str | None = None
    employee_number: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    fullname: str | None = None
    active: bool | None = None
    manager: Requester | None = None
    default_account: AccountRef | None = None
    default_currency: Coded | None = None
    legal_entity: LegalEntityRef | None = None
    requisition_approval_limit: ApprovalLimit | None = None
    invoice_approval_limit: ApprovalLimit | None = None
    expense_approval_limit: ApprovalLimit | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


class ExchangeRate(Wire):
    id: int
    from_currency: Coded | None = None
    to_currency: Coded | None = None
    rate: Decimal | None = None
    rate_date: str | None = None
    updated_at: Instant | None = None
