"""A report's expenses as entries, before anything is posted: v4 with taxes, v3 without. Pure.

An allocation has one journal line, on the account that Concur found for it; payer and payee are not known yet. v4
says the taxes of an expense as a whole: each allocation bears its percentage of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from adapters.concur import wire_reports
from adapters.concur.inbound_entry import PAYMENT_CODES, RECEIPTS
from adapters.concur.inbound_parts import Unfit, country, day, needed, number, number_or_none, part
from adapters.concur.options import Options
from adapters.concur.wire import is_there
from adapters.concur.wire_reports import Field

WHOLE: Final = Decimal(100)
ZERO: Final = Decimal(0)


def detail(row: wire_reports.ReportRow, options: Options) -> dict[str, Any]:
    """Return the fields of an ExpenseReport that only its detail tells."""
    if row.entries is not None:
        found = [_entry_v3(raw, f"$.entries[{index}]", options) for index, raw in enumerate(row.entries)]
        return {"entries": found}
    header = row.header or wire_reports.Header()
    expenses = enumerate(row.expenses or ())
    fields: dict[str, Any] = {
        "report_number": header.report_number,
        "employee_id": header.employee.employee_id if header.employee else None,
        "codes": _codes(header.custom_data, row.codes),
        "entries": [_entry(raw, f"$.expenses[{index}]", row.codes, options) for index, raw in expenses],
    }
    if header.ledger:
        fields["ledger"] = header.ledger
    return fields


def _entry(raw: msgspec.Raw, path: str, codes: Mapping[str, str], options: Options) -> dict[str, Any]:
    row = part(raw, wire_reports.ExpenseRow, path)
    where = f"{path}.expense"
    one = part(row.expense, wire_reports.Expense, where)
    own_id = needed(one.expense_id, f"{where}.expenseId")
    kind = one.expense_type or wire_reports.Kind()
    code = (one.payment_type.code or one.payment_type.id if one.payment_type else None) or ""
    spent, rate = one.transaction_amount, one.exchange_rate
    approved = number(
        one.approved_amount.value if one.approved_amount else None, f"{where}.approvedAmount.value"
    )
    vendor = one.vendor
    return {
        "id": own_id,
        "type_code": needed(kind.code or kind.id, f"{where}.expenseType.code"),
        "type_name": kind.name,
        "spent_on": day(one.transaction_date, f"{where}.transactionDate"),
        "description": one.business_purpose,
        "vendor": (vendor.description or vendor.name) if vendor else None,
        "country": country(one.location.country_code) if one.location else None,
        "transaction_currency": (spent.currency_code or None) if spent else None,
        "transaction_amount": number_or_none(spent.value if spent else None, f"{where}.transactionAmount"),
        "exchange_rate": number_or_none(rate.value if rate else None, f"{where}.exchangeRate"),
        "exchange_divides": rate is not None and rate.operation == "DIVIDE",
        "receipt": RECEIPTS.get((one.receipt_type.id if one.receipt_type else None) or ""),
        "approved": approved,
        "paid_by": options.payment_types.get(code) or PAYMENT_CODES.get(code) or "unknown",
        "payment_code": code or None,
        "is_personal": one.is_personal_expense is True,
        "codes": _codes(one.custom_data, codes),
        "allocations": _allocations(row, own_id, path, codes),
    }


def _allocations(
    row: wire_reports.ExpenseRow, own_id: str, path: str, codes: Mapping[str, str]
) -> list[dict[str, Any]]:
    parts = [
        part(raw, wire_reports.Allocation, f"{path}.allocations[{index}]")
        for index, raw in enumerate(row.allocations)
    ]
    weights = [
        number_or_none(one.percentage, f"{path}.allocations[{index}].percentage")
        for index, one in enumerate(parts)
    ]
    taxes = _shared_taxes(row.taxes, weights, own_id, f"{path}.taxes")
    found = []
    for index, one in enumerate(parts):
        where = f"{path}.allocations[{index}]"
        gross = number(
            one.approved_amount.value if one.approved_amount else None, f"{where}.approvedAmount.value"
        )
        own = taxes[index]
        line = {
            "account_code": (one.account_code or "").strip(),
            "payer": "",
            "payee": "",
            "gross": gross,
            "net_of_tax": gross - sum((tax["tax"] for tax in own), ZERO),
            "net_of_reclaim": gross - sum((tax["reclaim"] for tax in own), ZERO),
            "tax_ids": tuple(tax["id"] for tax in own),
        }
        found.append(
            {
                "id": one.allocation_id or f"{own_id}#{index + 1}",
                "percentage": weights[index],
                "codes": _codes(one.custom_data, codes),
                "journal": [line],
                "taxes": own,
            }
        )
    return found


def _shared_taxes(
    raws: Sequence[msgspec.Raw], weights: Sequence[Decimal | None], own_id: str, path: str
) -> list[list[dict[str, Any]]]:
    """Give each allocation its part of each tax; the last one takes what is left, so that nothing is lost.

    A tax that is not calculated yet has no amounts and is no tax.
    """
    shared: list[list[dict[str, Any]]] = [[] for _ in weights]
    for place, raw in enumerate(raws):
        where = f"{path}[{place}]"
        tax = part(raw, wire_reports.Tax, where)
        if tax.tax_posted_amount is None:
            continue
        name = needed(tax.tax_authority_id, f"{where}.taxAuthorityId")
        amounts = _shares(number(tax.tax_posted_amount, f"{where}.taxPostedAmount"), weights)
        reclaims = _shares(
            number(tax.tax_reclaim_posted_amount or ZERO, f"{where}.taxReclaimPostedAmount"), weights
        )
        for index, (amount, reclaim) in enumerate(zip(amounts, reclaims, strict=True)):
            shared[index].append(
                {
                    "id": f"{own_id}/{name}/{index + 1}",
                    "authority": tax.tax_label or tax.tax_authority_name,
                    "code": tax.tax_code or None,
                    "reclaim_code": tax.reclaim_code or None,
                    "tax": amount,
                    "reclaim": reclaim,
                }
            )
    return shared


def _shares(amount: Decimal, weights: Sequence[Decimal | None]) -> list[Decimal]:
    """Return the part of each weight, in percent; the last one is what is left.

    >>> _shares(Decimal("19.00"), [Decimal("33.34"), Decimal("66.66")])
    [Decimal('6.3346'), Decimal('12.6654')]
    """
    if not weights:
        return []
    shares = [amount * (one if one is not None else ZERO) / WHOLE for one in weights[:-1]]
    return [*shares, amount - sum(shares, ZERO)]


def _codes(fields: Sequence[Field] | None, codes: Mapping[str, str]) -> dict[str, str]:
    """Return the codes of fields by name; of a field without a list its own value, of a lost list item none."""
    found: dict[str, str] = {}
    for one in fields or ():
        value = wire_reports.as_text(one.value)
        code = codes.get(value) if one.list_item_url else value
        if one.id and code:
            found[one.id] = code
    return dict(sorted(found.items()))


# -- v3 ----------------------------------------------------------------------------------------------


def _entry_v3(raw: msgspec.Raw, path: str, options: Options) -> dict[str, Any]:
    """An item says neither vendor nor payment: those are the expense's. v3 names a way of payment by its label only."""
    row = part(raw, wire_reports.EntryRowV3, path)
    where = f"{path}.entry"
    one = part(row.entry, wire_reports.EntryV3, where)
    outer = part(row.parent, wire_reports.EntryV3, f"{path}.parent") if is_there(row.parent) else one
    own_id = needed(one.id, f"{where}.ID")
    approved = number(one.approved_amount, f"{where}.ApprovedAmount")
    label = outer.payment_type_name or ""
    allocations = [
        _allocation_v3(part_raw, approved, f"{path}.allocations[{index}]", f"{own_id}#{index + 1}")
        for index, part_raw in enumerate(row.allocations)
    ]
    return {
        "id": own_id,
        "type_code": needed(one.expense_type_code, f"{where}.ExpenseTypeCode"),
        "type_name": one.expense_type_name,
        "spent_on": day(one.transaction_date, f"{where}.TransactionDate"),
        "description": one.description,
        "vendor": outer.vendor_description or outer.vendor_list_item_name,
        "country": country(one.location_country),
        "transaction_currency": outer.transaction_currency_code or None,
        "transaction_amount": number_or_none(one.transaction_amount, f"{where}.TransactionAmount"),
        "exchange_rate": number_or_none(outer.exchange_rate, f"{where}.ExchangeRate"),
        "receipt": RECEIPTS.get(outer.tax_receipt_type or ""),
        "approved": approved,
        "paid_by": options.payment_types.get(outer.payment_type_id or "")
        or options.payment_types.get(label)
        or PAYMENT_CODES.get(label.upper(), "unknown"),
        "payment_code": label or None,
        "is_personal": one.is_personal is True,
        "codes": _codes_v3(row.entry),
        "allocations": allocations,
    }


def _allocation_v3(raw: msgspec.Raw, approved: Decimal, path: str, name: str) -> dict[str, Any]:
    """v3 says a percentage, as text, and no amount."""
    one = part(raw, wire_reports.AllocationV3, path)
    try:
        percentage = Decimal(wire_reports.as_text(one.percentage) or WHOLE)
    except ArithmeticError:
        raise Unfit(f"{path}.Percentage", "this is not a number") from None
    share = approved * number(percentage, f"{path}.Percentage") / WHOLE
    line = {
        "account_code": (one.account_code1 or "").strip(),
        "payer": "",
        "payee": "",
        "gross": share,
        "net_of_tax": share,
        "net_of_reclaim": share,
    }
    return {
        "id": one.id or name,
        "percentage": percentage,
        "codes": _codes_v3(raw),
        "journal": [line],
    }


def _codes_v3(raw: msgspec.Raw) -> dict[str, str]:
    """Return the codes of OrgUnit and Custom fields; of one without a list its value."""
    found: dict[str, str] = {}
    for name, value in msgspec.json.decode(raw, type=dict[str, Any]).items():
        if not name.startswith(("OrgUnit", "Custom")) or not isinstance(value, dict):
            continue
        code = value.get("Code") or value.get("Value")
        if code:
            found[name[0].lower() + name[1:]] = str(code)
    return dict(sorted(found.items()))
