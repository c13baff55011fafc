"""Coupa's documents to canonical records, one function an entity. Pure: no clock, no network, no store.

`translate` turns rows into results in order and never raises for a bad row: what does not fit becomes an
`Untranslatable` that names the place and says in plain words what is wrong. Orders are in `inbound_order`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, UTC
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from pydantic import ValidationError

from adapters.answer import UNREADABLE, where
from adapters.base import Translated, Untranslatable
from adapters.coupa import inbound_lists, wire, wire_invoice, wire_lists, wire_people
from adapters.coupa.inbound_invoice import invoice
from adapters.coupa.inbound_order import purchase_order
from adapters.coupa.inbound_parts import Unfit, day, money, segments
from adapters.coupa.inbound_people import employee, exchange_rate, requisition
from adapters.coupa.inbound_receipt import receipt
from adapters.coupa.inbound_revision import order_revision
from adapters.coupa.options import Options
from adapters.stated import Places, stated_amount, tolerant
from store.canonical.budget import Budget
from store.canonical.chart import AccountCombination, Project, TaxCode
from store.canonical.organisation import CostCentre, LegalEntity
from store.canonical.people import Approval
from store.canonical.supplier import Supplier, SupplierBankAccount, normal

W = TypeVar("W", bound=wire.Wire)

_SUPPLIER_STATUS = {"active": "active", "inactive": "inactive", "draft": "draft", "onboarding": "draft"}
_APPROVAL_STATUS = {
    "pending_approval": "pending",
    "pending": "pending",
    "approved": "approved",
    "rejected": "rejected",
    "escalated": "escalated",
}
_APPROVABLE = {
    "RequisitionHeader": "requisition",
    "OrderHeader": "purchase_order",
    "OrderHeaderChange": "purchase_order_change",
    "InvoiceHeader": "invoice",
    "ExpenseReport": "expense_report",
}


def translate(entity: str, rows: Sequence[bytes], options: Options) -> list[Translated | Untranslatable]:
    """Turn rows of one entity into canonical records, in order."""
    shape, function = TRANSLATORS[entity]
    if entity == "project" and options.project_lookup:
        shape, function = wire.LookupValue, project_value
    decode = _decoder(shape).decode
    results: list[Translated | Untranslatable] = []
    for row in rows:
        try:
            read = function(decode(row), options)
            if (at := read.source_updated_at) is not None and not MINYEAR < at.year < MAXYEAR:
                raise Unfit("$.updated-at", "this time can't be told in UTC")
            results.append(read)
        except (*UNREADABLE, ArithmeticError, ValidationError, Unfit) as error:
            results.append(_refused(entity, row, error))
    return results


@lru_cache(maxsize=32)  # making one costs as much as reading an order with it
def _decoder(shape: type[W]) -> msgspec.json.Decoder[W]:
    return msgspec.json.Decoder(shape)


def supplier(document: wire.Supplier, _: Options) -> Translated:
    if not document.name:
        raise Unfit("$.name", "the supplier has no name")
    status = _SUPPLIER_STATUS.get(document.status or "draft")
    if status is None:
        raise Unfit("$.status", f"the status {document.status!r} of a supplier is not one we know")
    if status == "active" and (document.on_hold or document.buyer_hold):
        status = "on_hold"
    fields: dict[str, Any] = {"number": document.number or "", "name": document.name, "status": status}
    address, tax_id = document.primary_address, document.tax_id
    country = address.country.code if address and address.country else None
    if country:
        fields["country"] = country
    if address and (address.street1 or address.postal_code or address.city):
        fields["address"] = {
            "street": address.street1,
            "postcode": address.postal_code,
            "town": address.city,
            "country": country,
        }
    if document.one_time_supplier:
        fields["kind"] = "one_time"
    if document.parent and document.parent.id is not None:
        fields["parent_id"] = str(document.parent.id)
    remit_to = document.remit_to_addresses
    if remit_to:
        fields["tax_registrations"] = _registrations(tax_id, country, remit_to)
    elif tax_id:
        fields["tax_registrations"] = ({"number": tax_id, "country": country},)
    if document.supplier_sites or remit_to:
        sites = [_site(site) for site in document.supplier_sites or ()]
        fields["sites"] = tuple(sites + [_payment_site(one) for one in remit_to or ()])
    by = document.updated_by
    return Translated(
        str(document.id), Supplier.checked(fields), None, document.updated_at, by.login if by else None
    )


def _site(site: wire.SupplierSite) -> dict[str, Any]:
    return {
        "external_id": str(site.id),
        "code": site.code or site.name or str(site.id),
        "is_active": site.active is not False,
    }


def _payment_site(address: wire.RemitToAddress) -> dict[str, Any]:
    return {
        "external_id": f"remit-to-{address.id}",
        "code": address.remit_to_code or address.name or str(address.id),
        "is_purchasing": False,
        "is_active": address.active is not False,
    }


def _registrations(
    tax_id: str | None, country: str | None, addresses: Sequence[wire.RemitToAddress]
) -> tuple[dict[str, Any], ...]:
    """Return the supplier's numbers and those of where it is paid, each once."""
    found = [(tax_id, country)]
    for address in addresses:
        own = address.country.code if address.country else None
        found.append((address.vat_number, address.vat_country.code if address.vat_country else own))
        found.append((address.local_tax_number, own))
        for one in address.tax_registrations or ():
            if one.active is not False:
                found.append((one.number, one.country.code if one.country else own))
    by_number: dict[str, dict[str, Any]] = {}
    for number, of in found:
        if number:
            by_number.setdefault(normal(number), {"number": number, "country": of})
    return tuple(by_number.values())


def supplier_bank_account(document: wire.BankAccount, _: Options) -> Translated:
    """Translate what the client left of an account; the number itself never came this far."""
    record = SupplierBankAccount(
        number=document.masked,
        supplier_id=str(document.supplier_id) if document.supplier_id is not None else None,
        fingerprint=document.fingerprint,
        masked=document.masked,
        country=document.country,
        is_active=document.active is not False,
        problem=document.problem,
        terms=document.terms,
        bic=document.bic,
        is_deleted=document.deleted,
    )
    return Translated(
        document.id, record, source_updated_at=document.updated_at, changed_by=document.changed_by
    )


def approval(document: wire.Approval, _: Options) -> Translated:
    if document.approvable_id is None or not document.approvable_type:
        raise Unfit("$.approvable-id", "the approval does not say which document it is about")
    status = _APPROVAL_STATUS.get(document.status or "", "other")
    is_decided = status in ("approved", "rejected")
    decided_at = document.approval_date
    decided_by = document.approved_by or (document.approver if is_decided else None)
    record = Approval.model_validate(
        {
            "number": str(document.id),
            "document_entity": _APPROVABLE.get(document.approvable_type, _snake(document.approvable_type)),
            "document_id": str(document.approvable_id),
            "status": status,
            "approver": _who(document.approver),
            "decided_by": _who(decided_by) if is_decided else None,
            "decided_at": decided_at.astimezone(UTC) if is_decided and decided_at else None,
            "position": document.position,
        }
    )
    return Translated(str(document.id), record, source_updated_at=document.updated_at)


def account_combination(document: wire.Account, options: Options) -> Translated:
    parts = segments(document, options.segment_count)
    if not parts:
        raise Unfit("$.segment-1", "the account has no segments")
    record = AccountCombination(
        number=document.code or "-".join(parts),
        chart=document.account_type.name if document.account_type else None,
        segments=parts,
        is_enabled=document.active is not False,
    )
    return Translated(str(document.id), record, source_updated_at=document.updated_at)


def cost_centre(document: wire.LookupValue, _: Options) -> Translated:
    number = document.external_ref_num or document.name
    if not number:
        raise Unfit("$.external-ref-num", "the cost centre has neither a number nor a name")
    chart = document.account_type or document.lookup
    parent = document.parent
    record = CostCentre(
        number=number,
        name=document.name or number,
        chart=chart.name if chart else None,
        parent=(parent.external_ref_num or parent.name) if parent else None,
        is_active=document.active is not False,
    )
    return Translated(str(document.id), record, source_updated_at=document.updated_at)


def project(document: wire.Project, _: Options) -> Translated:
    number = document.external_reference_number or document.name
    if not number:
        raise Unfit("$.name", "the project has neither a reference number nor a name")
    record = Project(
        number=number,
        name=document.name or number,
        status=document.status or "unknown",
        starts_on=day(document.start_date, "$.start-date"),
        ends_on=day(document.end_date, "$.end-date"),
        is_active=document.active is not False,
    )
    return Translated(str(document.id), record, source_updated_at=document.updated_at)


def project_value(document: wire.LookupValue, _: Options) -> Translated:
    """Translate a project that is a value of a lookup: the usual way where projects are a segment of the account."""
    number = document.external_ref_num or document.name
    if not number:
        raise Unfit("$.external-ref-num", "the project has neither a number nor a name")
    is_active = document.active is not False
    record = Project(
        number=number,
        name=document.name or number,
        status="active" if is_active else "inactive",
        is_active=is_active,
    )
    return Translated(str(document.id), record, source_updated_at=document.updated_at)


def budget(document: wire.BudgetLine, options: Options) -> Translated:
    period = document.period
    if period is None or not period.name:
        raise Unfit("$.period.name", "the budget line names no period")
    if document.currency is None or not document.currency.code:
        raise Unfit("$.currency.code", "the budget line names no currency")
    if document.amount is None:
        raise Unfit("$.amount", "the budget line has no amount")
    currency = document.currency.code
    amount = money(document.amount, currency, "$.amount", "half_up")
    left = document.remaining
    # A budget line knows only the segments its period budgets on: gaps are meant, so they stay in place.
    parts = segments(document, options.segment_count, keeps_gaps=True)
    key = "-".join(part or "*" for part in parts)
    record = Budget(
        number=f"{period.name}/{key}",
        name=document.description or key,
        legal_entity=(period.account_type.name if period.account_type else None)
        or (parts[0] if parts else ""),
        period=period.name,
        cost_centre=_part(parts, options.cost_centre_segment),
        account=_part(parts, options.account_segment),
        project=_part(parts, options.project_segment) if options.project_segment else None,
        amount=amount,
        remaining=money(left, currency, "$.remaining", "half_up") if left is not None else amount,
    )
    return Translated(str(document.id), record, source_updated_at=document.updated_at)


def legal_entity(document: wire.LegalEntity, _: Options) -> Translated:
    number = document.abbreviation or document.name
    if not number:
        raise Unfit("$.name", "the legal entity has neither a name nor an abbreviation")
    parent = document.parent
    record = LegalEntity(
        number=number,
        name=document.name or number,
        currency=document.currency.code if document.currency else None,
        parent=(parent.abbreviation or parent.name) if parent else None,
        is_active=document.active is not False,
    )
    return Translated(str(document.id), record, source_updated_at=document.updated_at)


def tax_code(document: wire.TaxCode, _: Options) -> Translated:
    if not document.code:
        raise Unfit("$.code", "the tax code has no code")
    record = TaxCode(
        number=document.code,
        country=document.country.code if document.country else None,
        description=document.description or "",
        rate_percent=document.percentage,
        is_active=document.active is not False,
    )
    return Translated(str(document.id), record, source_updated_at=document.updated_at)


TRANSLATORS: dict[str, tuple[type[wire.Wire], Callable[[Any, Options], Translated]]] = {
    "purchase_order": (wire.PurchaseOrderRead, purchase_order),
    "order_revision": (wire.PurchaseOrderRevision, order_revision),
    "invoice": (wire_invoice.Invoice, invoice),
    "receipt": (wire_invoice.ReceiptTransaction, receipt),
    "requisition": (wire_people.Requisition, requisition),
    "employee": (wire_people.UserRecord, employee),
    "exchange_rate": (wire_people.ExchangeRate, exchange_rate),
    "supplier": (wire.Supplier, supplier),
    "supplier_bank_account": (wire.BankAccount, supplier_bank_account),
    "approval": (wire.Approval, approval),
    "account_combination": (wire.Account, account_combination),
    "cost_centre": (wire.LookupValue, cost_centre),
    "project": (wire.Project, project),
    "budget": (wire.BudgetLine, budget),
    "legal_entity": (wire.LegalEntity, legal_entity),
    "tax_code": (wire.TaxCode, tax_code),
    "department": (wire_lists.Department, inbound_lists.department),
    "lookup": (wire_lists.Lookup, inbound_lists.lookup),
    "lookup_value": (wire_lists.LookupValue, inbound_lists.lookup_value),
}


def _who(user: wire.User | None) -> str | None:
    return (user.login or user.name or user.fullname) if user else None


def _snake(camel: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in camel).lstrip("_").replace("::", "_")


def _part(parts: Sequence[str], position: int) -> str | None:
    return (parts[position - 1] or None) if position <= len(parts) else None


_KINDS = {
    "str": "text",
    "int": "a whole number",
    "decimal": "a number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": "a time",
    "null": "nothing",
}


def _refused(
    entity: str,
    row: bytes,
    error: msgspec.DecodeError
    | UnicodeDecodeError
    | RecursionError
    | ArithmeticError
    | ValidationError
    | Unfit,
) -> Untranslatable:
    """Say what is wrong with a row, and which document it is as far as that can be read."""
    document = tolerant(row)
    external_id, number = _identity(document)
    path, reason = _complaint(row, error)
    amount = stated_amount(document, _STATED.get(entity))
    return Untranslatable(external_id, number, path, reason, amount)


def _complaint(row: bytes, error: Exception) -> tuple[str, str]:
    """Return where in the document, and what is wrong there."""
    if isinstance(error, Unfit):
        return error.path, error.reason
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        path = "$" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        return path, f"totals: {reason}" if "add up" in reason else reason
    if isinstance(error, msgspec.ValidationError):
        text, _, place = str(error).partition(" - at `")
        return place.rstrip("`") or "$", _plain(text)
    return "$", where(error, row)


_STATED = {
    "purchase_order": Places(("total",), ("currency.code",), "order-lines", "total", "currency.code"),
    "requisition": Places(
        ("total",), ("currency.code", "currency"), "requisition-lines", "total", "currency.code"
    ),
    "invoice": Places(("gross-total", "total-with-taxes"), ("currency.code",)),
}
"""Where Coupa's documents state what they come to."""


def _plain(text: str) -> str:
    """Put the decoder's complaint into words.

    >>> _plain("Expected `decimal | null`, got `array`")
    'expected a number or nothing, but it is a list'
    >>> _plain("Object missing required field `id`")
    "the field 'id' is missing"
    """
    missing = _MISSING.fullmatch(text)
    if missing:
        return f"the field '{missing[1]}' is missing"
    kinds = _EXPECTED.fullmatch(text)
    if kinds:
        expected = " or ".join(_KINDS.get(kind, kind) for kind in kinds[1].split(" | "))
        return f"expected {expected}, but it is {_KINDS.get(kinds[2], kinds[2])}"
    if "RFC3339" in text or "timezone" in text:
        return "this is not a time with its zone"
    if "decimal" in text:
        return "this is not a number"
    return text


_MISSING = re.compile(r"Object missing required field `(.+)`")
_EXPECTED = re.compile(r"Expected `(.+)`, got `(.+)`")


def _identity(document: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Read id and number of a document as tolerantly as possible."""
    number = next(
        (document[name] for name in ("po-number", "invoice-number", "number", "name") if document.get(name)),
        None,
    )
    external_id = document.get("id")
    return (
        str(external_id) if isinstance(external_id, int | str) and external_id != "" else None,
        number if isinstance(number, str) else None,
    )
