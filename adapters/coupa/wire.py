"""Coupa's documents: the fields we read, under Coupa's own names (dash-case on the wire).

Every association may be missing or null: list answers show nulls, create answers omit them. Fields that are
not described are ignored, and `drift` notices them. Decimals arrive as text or as numbers and never become
floats.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Wire(msgspec.Struct, rename="kebab", gc=False, kw_only=True):
    """A vendor's document or a part of one."""


class Coded(Wire):
    """A reference by code: currency, unit, term, country."""

    code: str | None = None


class Named(Wire):
    """A reference by name: chart of accounts, commodity, lookup."""

    name: str | None = None


class User(Wire):
    """A user stub, or an approval group, which has a name and no login."""

    login: str | None = None
    name: str | None = None
    fullname: str | None = None


class Login(Wire):
    login: str | None = None


class Segments(Wire):
    """The parts of an accounting key."""

    segment_1: str | None = None
    segment_2: str | None = None
    segment_3: str | None = None
    segment_4: str | None = None
    segment_5: str | None = None
    segment_6: str | None = None
    segment_7: str | None = None
    segment_8: str | None = None
    segment_9: str | None = None
    segment_10: str | None = None
    segment_11: str | None = None
    segment_12: str | None = None
    segment_13: str | None = None
    segment_14: str | None = None
    segment_15: str | None = None
    segment_16: str | None = None
    segment_17: str | None = None
    segment_18: str | None = None
    segment_19: str | None = None
    segment_20: str | None = None


class AccountRef(Segments):
    """The account a line is charged to."""

    id: int | None = None
    code: str | None = None
    account_type: Named | None = None


class Period(Wire):
    name: str | None = None


class Allocation(Wire):
    """One part of a split coding."""

    id: int | None = None
    amount: Decimal | None = None
    pct: Decimal | None = None
    account: AccountRef | None = None
    period: Period | None = None


class OrderLine(Wire):
    id: int | None = None
    line_num: str | int | None = None
    sub_line_num: str | int | None = None
    type: str | None = None
    status: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    total: Decimal | None = None
    uom: Coded | None = None
    currency: Coded | None = None
    commodity: Named | None = None
    need_by_date: str | None = None
    period: Period | None = None
    account: AccountRef | None = None
    account_allocations: list[Allocation] | None = None


class SupplierRef(Wire):
    id: int | None = None
    name: str | None = None
    number: str | None = None


class IdRef(Wire):
    id: int | None = None


class RequisitionRef(Wire):
    id: int | None = None
    requested_by: Login | None = None


class PurchaseOrder(Wire):
    id: int
    po_number: str | None = None
    status: str | None = None
    version: int | None = None
    internal_revision: int | None = None
    currency: Coded | None = None
    supplier: SupplierRef | None = None
    supplier_site: IdRef | None = None
    payment_term: Coded | None = None
    requester: Login | None = None
    requisition_header: RequisitionRef | None = None
    custom_fields: dict[str, Any] | None = None
    order_lines: list[OrderLine] | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


class PurchaseOrderRead(PurchaseOrder):
    """An order as it may come: `total` is documented, yet missing from the schema, so we do not ask for
    it.
    """

    total: Decimal | None = None


class PurchaseOrderRevision(Wire):
    """One change of an order. Documented as XML only: what a change looks like is read as it comes."""

    id: int
    order_header_id: int | None = None
    purchase_order_id: int | None = None
    version: int | None = None
    internal_revision: int | None = None
    changes: Any = None
    created_at: Instant | None = None
    created_by: Login | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


class Address(Wire):
    street1: str | None = None
    city: str | None = None
    state: str | None = None
    state_iso_code: str | None = None
    postal_code: str | None = None
    country: Coded | None = None


class TaxNumber(Wire):
    """A tax registration."""

    number: str | None = None
    country: Coded | None = None
    active: bool | None = None


class RemitToAddress(Wire):
    """Where a supplier is paid."""

    id: int
    remit_to_code: str | None = None
    name: str | None = None
    active: bool | None = None
    vat_number: str | None = None
    vat_country: Coded | None = None
    local_tax_number: str | None = None
    country: Coded | None = None
    tax_registrations: list[TaxNumber] | None = None


class SupplierSite(Wire):
    id: int
    code: str | None = None
    name: str | None = None
    active: bool | None = None


class Supplier(Wire):
    id: int
    number: str | None = None
    name: str | None = None
    status: str | None = None
    tax_id: str | None = None
    on_hold: bool | None = None
    buyer_hold: bool | None = None
    one_time_supplier: bool | None = None
    parent: IdRef | None = None
    primary_address: Address | None = None
    supplier_sites: list[SupplierSite] | None = None
    remit_to_addresses: list[RemitToAddress] | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


class BankAddress(Wire):
    """A remit-to address of a supplier's profile, as Coupa sends it: read by `redaction` of the client
    only.
    """

    id: int | None = None
    iban_number: str | None = None
    swift_code: str | None = None
    bank_account_number: str | None = None
    country: Coded | None = None
    active: bool | None = None


class SupplierInformation(Wire):
    id: int
    supplier_id: int | None = None
    supplier_information_addresses: list[BankAddress] | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


class Changed(Wire):
    """When and by whom a profile was changed last."""

    updated_at: Instant | None = None
    changed_by: str | None = None


class BankAccount(Wire, kw_only=True):
    """What is left of a bank account after the client has taken the numbers out; the row that is stored."""

    id: str
    supplier_id: int | None = None
    fingerprint: str
    masked: str
    country: str | None = None
    active: bool | None = None
    problem: str | None = None
    terms: str | None = None
    bic: str | None = None
    deleted: bool = False
    updated_at: Instant | None = None
    changed_by: str | None = None


class Approval(Wire):
    id: int
    approvable_type: str | None = None
    approvable_id: int | None = None
    status: str | None = None
    position: int | None = None
    approver: User | None = None
    approved_by: User | None = None
    approval_date: Instant | None = None
    updated_at: Instant | None = None


class Account(Segments, kw_only=True):
    id: int
    name: str | None = None
    code: str | None = None
    active: bool | None = None
    account_type: Named | None = None
    updated_at: Instant | None = None


class LookupRef(Wire):
    name: str | None = None
    external_ref_num: str | None = None


class LookupValue(Wire):
    id: int
    name: str | None = None
    external_ref_num: str | None = None
    active: bool | None = None
    parent: LookupRef | None = None
    lookup: Named | None = None
    account_type: Named | None = None
    updated_at: Instant | None = None


class Project(Wire):
    id: int
    name: str | None = None
    external_reference_number: str | None = None
    status: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    active: bool | None = None
    updated_at: Instant | None = None


class BudgetPeriod(Wire):
    name: str | None = None
    account_type: Named | None = None


class BudgetLine(Segments, kw_only=True):
    id: int
    description: str | None = None
    amount: Decimal | None = None
    remaining: Decimal | None = None
    currency: Coded | None = None
    period: BudgetPeriod | None = None
    updated_at: Instant | None = None


class LegalEntityRef(Wire):
    name: str | None = None
    abbreviation: str | None = None


class LegalEntity(Wire):
    id: int
    name: str | None = None
    abbreviation: str | None = None
    active: bool | None = None
    currency: Coded | None = None
    parent: LegalEntityRef | None = None
    updated_at: Instant | None = None


class TaxCode(Wire):
    id: int
    code: str | None = None
    country: Coded | None = None
    description: str | None = None
    percentage: Decimal | None = None
    active: bool | None = None
    updated_at: Instant | None = None


class Errors(Wire):
    """A refusal: one member per model, each a list of sentences."""

    errors: dict[str, Any] | list[Any] | str | None = None


class RowHead(Wire):
    """What paging needs of any row."""

    id: int
    updated_at: str | None = None


def asked_fields(shape: type[msgspec.Struct], segment_count: int) -> list[Any]:
    """Return the `fields` argument for `shape`: snake_case names, associations nested.

    >>> asked_fields(BudgetPeriod, 2)
    ['name', {'account_type': ['name']}]
    """
    asked: list[Any] = []
    for name, kind in get_type_hints(shape).items():
        inner = _struct_in(kind)
        if name.startswith("segment_") and int(name.removeprefix("segment_")) > segment_count:
            continue
        if inner is not None:
            asked.append({name: asked_fields(inner, segment_count)})
        elif name == "custom_fields":
            asked.append({name: {}})
        else:
            asked.append(name)
    return asked


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """Return the struct that a field holds one or a list of."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    if get_origin(kind) is dict:
        return None
    return next((found for found in map(_struct_in, get_args(kind)) if found), None)
