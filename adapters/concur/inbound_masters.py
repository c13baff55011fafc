"""List values, vendors and budgets as canonical records. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from adapters.base import Translated
from adapters.concur import wire_masters
from adapters.concur.inbound_parts import Unfit, country, is_yes, money, needed
from adapters.concur.options import Options
from store.canonical.budget import Budget
from store.canonical.chart import AccountCombination, Project
from store.canonical.organisation import CostCentre
from store.canonical.supplier import Supplier

SEPARATOR: Final = "/"


def cost_centre(row: bytes, _: Options) -> Translated:
    document, item, own_id, code = _value(row)
    record = CostCentre(
        number=code,
        name=item.value or code,
        chart=document.list,
        parent=document.parent,
        is_active=item.is_deleted is not True,
    )
    return Translated(own_id, record)


def project(row: bytes, _: Options) -> Translated:
    _document, item, own_id, code = _value(row)
    is_active = item.is_deleted is not True
    record = Project(
        number=code,
        name=item.value or code,
        status="active" if is_active else "deleted",
        is_active=is_active,
    )
    return Translated(own_id, record)


def account_combination(row: bytes, _: Options) -> Translated:
    document, item, own_id, code = _value(row)
    record = AccountCombination(
        number=code, chart=document.list, segments=(code,), is_enabled=item.is_deleted is not True
    )
    return Translated(own_id, record)


def _value(row: bytes) -> tuple[wire_masters.ListRow, wire_masters.ListItem, str, str]:
    document = msgspec.json.decode(row, type=wire_masters.ListRow)
    item = document.item
    return document, item, needed(item.id, "$.item.id"), needed(item.short_code, "$.item.shortCode")


def supplier(row: bytes, _: Options) -> Translated:
    """A vendor at one address is one row; vendors with several addresses are several suppliers of one number."""
    document = msgspec.json.decode(row, type=wire_masters.Vendor)
    code = needed(document.vendor_code, "$.VendorCode")
    address = document.address_code or ""
    is_active = document.approved is None or is_yes(document.approved)
    fields: dict[str, Any] = {
        "number": code,
        "name": needed(document.vendor_name, "$.VendorName"),
        "status": "active" if is_active else "inactive",
        "country": country(document.country_code),
    }
    if document.tax_id:
        fields["tax_registrations"] = (
            {"number": document.tax_id, "country": country(document.country_code)},
        )
    if document.address1 or document.city or document.postal_code:
        fields["address"] = {
            "street": document.address1,
            "postcode": document.postal_code,
            "town": document.city,
            "country": country(document.country_code),
        }
    if address:
        fields["sites"] = (
            {"external_id": f"{code}{SEPARATOR}{address}", "code": address, "is_active": is_active},
        )
    return Translated(f"{code}{SEPARATOR}{address}", Supplier.model_validate(fields))


def budget(row: bytes, options: Options) -> Translated:
    """One period of a budget. What it is about is told by tracking fields that the connection names."""
    document = msgspec.json.decode(row, type=wire_masters.BudgetRow)
    header, detail = document.header, document.detail
    own_id = needed(detail.sync_guid or detail.id, "$.detail.id")
    name = needed(header.name, "$.header.name")
    period = (detail.fiscal_period.name if detail.fiscal_period else None) or None
    currency = needed(detail.currency_code or header.currency_code, "$.detail.currencyCode")
    amount = money(detail.amount, currency, "$.detail.amount", "half_up")
    if amount is None:
        raise Unfit("$.detail.amount", "the budget has no amount")
    left = detail.budget_amounts.available_amount if detail.budget_amounts else None
    remaining = money(left, currency, "$.detail.budgetAmounts.availableAmount", "half_up")
    held = _cost_objects(header, options)
    record = Budget(
        number=f"{name}/{needed(period, '$.detail.fiscalPeriod.name')}",
        name=header.description or name,
        legal_entity=held.get("legal_entity", ""),
        period=period or "",
        cost_centre=held.get("cost_centre"),
        account=held.get("account"),
        project=held.get("project"),
        amount=amount,
        remaining=remaining if remaining is not None else amount,
    )
    return Translated(own_id, record)


def _cost_objects(header: wire_masters.BudgetHeader, options: Options) -> dict[str, str]:
    """Return what a budget is about; only a field that equals one value names it."""
    found: dict[str, str] = {}
    for one in header.cost_objects or ():
        role = options.budget_fields.get(one.field_definition_id or "")
        value = one.code or one.value
        if role and value and one.operator in (None, "EQUAL"):
            found[role] = value
    return found
