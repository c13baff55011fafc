"""The entries of a financial document: who paid, which cost objects bear it, and what is to be posted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from adapters.concur import wire
from adapters.concur.inbound_parts import (
    codes,
    country,
    day,
    is_yes,
    needed,
    number,
    number_or_none,
    part,
)
from adapters.concur.options import Options, PaidBy
from store.canonical.expense import ExpenseEntry

PAYMENT_CODES: Final[Mapping[str, PaidBy]] = {
    "CASH": "cash",
    "IBIP": "individual_card",
    "IBCP": "individual_card",
    "CBCP": "company_card",
    "COPD": "company_paid",
}
RECEIPTS: Final[Mapping[str, str]] = {"T": "tax_receipt", "R": "receipt", "N": "none"}


def paid_by(entry: wire.FisEntry, parties: Iterable[str], options: Options) -> PaidBy:
    """Say who paid: by the payment type's key, else by who is paid in the posting lines, else by its label.

    The key is a customer's own code or missing in some documents; the label may be translated or renamed. An
    employee paid beside a card is one whose cash was set off against personal charges.
    """
    key = entry.report_entry_pat_key or ""
    found = options.payment_types.get(key) or PAYMENT_CODES.get(key)
    if found:
        return found
    named = set(parties)
    for party in ("CBCP", "COPD"):  # before the employee, who owes a personal charge on a company's card
        if party in named:
            return PAYMENT_CODES[party]
    if "EMPL" in named:
        return "cash"
    if named & {"IBCP", "IBIP"}:
        return "individual_card"
    label = (entry.report_entry_payment_type_code or "").strip()
    return options.payment_types.get(label) or PAYMENT_CODES.get(label.upper()) or "unknown"


def entries(rows: Sequence[msgspec.Raw], path: str, options: Options) -> tuple[ExpenseEntry, ...]:
    return tuple([_entry(raw, f"{path}[{index}]", options) for index, raw in enumerate(rows)])


def request_entries(rows: Sequence[msgspec.Raw], path: str, currency: str) -> tuple[ExpenseEntry, ...]:
    """What a request wants to spend: no payer yet, one line an allocation on the entry's account."""
    return tuple([_request_entry(raw, f"{path}[{index}]", currency) for index, raw in enumerate(rows)])


def _entry(raw: msgspec.Raw, path: str, options: Options) -> ExpenseEntry:
    entry = part(raw, wire.FisEntry, path)
    entry_id = needed(entry.entry_id, f"{path}.entryId")
    allocations = [
        _allocation(one, f"{path}.allocation[{index}]", f"{entry_id}#{index + 1}")
        for index, one in enumerate(entry.allocation or ())
    ]
    parties = [
        party for one in allocations for line in one["journal"] for party in (line["payer"], line["payee"])
    ]
    return ExpenseEntry.model_validate(
        {
            "id": entry_id,
            "type_code": needed(entry.expense_type_code, f"{path}.expenseTypeCode"),
            "type_name": entry.expense_type_name,
            "spent_on": day(entry.entry_date, f"{path}.entryDate"),
            "description": entry.entry_description,
            "vendor": entry.entry_vendor_description,
            "country": country(entry.entry_country_code),
            "transaction_currency": entry.entry_curr_alpha_code or None,
            "transaction_amount": number_or_none(
                entry.report_entry_transaction_amount, f"{path}.reportEntryTransactionAmount"
            ),
            "exchange_rate": number_or_none(entry.entry_exchange_rate, f"{path}.entryExchangeRate"),
            "exchange_divides": entry.entry_exchange_rate_direction == "D",
            "receipt": RECEIPTS.get(entry.entry_receipt_type or ""),
            "approved": number(entry.entry_approved_amount, f"{path}.entryApprovedAmount"),
            "paid_by": paid_by(entry, parties, options),
            "payment_code": entry.report_entry_pat_key or entry.report_entry_payment_type_code,
            "is_personal": is_yes(entry.entry_is_personal),
            "is_paid_by_tool": is_yes(entry.expense_pay_indicator),
            "clearing_account": entry.clearing_account_code or None,
            "liability_account": entry.liability_account_code or None,
            "codes": codes(raw),
            "allocations": allocations,
        }
    )


def _allocation(raw: msgspec.Raw, path: str, name: str) -> dict[str, Any]:
    """Read an allocation; that of a personal charge has no id of its own and is named by its place."""
    allocation = part(raw, wire.FisAllocation, path)
    return {
        "id": allocation.allocation_id or name,
        "percentage": number_or_none(allocation.allocation_percentage, f"{path}.allocationPercentage"),
        "codes": codes(raw),
        "journal": [
            _line(one, f"{path}.journal[{index}]") for index, one in enumerate(allocation.journal or ())
        ],
        "taxes": [_tax(one, f"{path}.tax[{index}]") for index, one in enumerate(allocation.tax or ())],
    }


def _line(raw: msgspec.Raw, path: str) -> dict[str, Any]:
    line = part(raw, wire.FisJournal, path)
    gross = number(line.amount_gross, f"{path}.amountGross")
    is_untaxed = not line.tax_guid
    return {
        "account_code": (line.journal_account_code or "").strip(),
        "payer": line.journal_payer or "",
        "payee": line.journal_payee or "",
        "gross": gross,
        "net_of_tax": _net(line.amount_net_of_tax, gross, is_untaxed, f"{path}.amountNetOfTax"),
        "net_of_reclaim": _net(line.amount_net_of_reclaim, gross, is_untaxed, f"{path}.amountNetOfReclaim"),
        "card_reference": line.card_transaction_reference_number,
        "tax_ids": tuple(line.tax_guid or ()),
    }


def _net(stated: Decimal | None, gross: Decimal, is_untaxed: bool, path: str) -> Decimal:
    """Without taxes nothing is left to take off: a net that is not stated is the gross."""
    return gross if stated is None and is_untaxed else number(stated, path)


def _tax(raw: msgspec.Raw, path: str) -> dict[str, Any]:
    tax = part(raw, wire.FisTax, path)
    return {
        "id": needed(tax.tax_guid, f"{path}.taxGuid"),
        "authority": tax.tax_authority_label,
        "code": tax.tax_code,
        "reclaim_code": tax.tax_reclaim_code,
        "country": country(tax.location_country_code),
        "tax": number(tax.amount_tax, f"{path}.amountTax"),
        "reclaim": Decimal(0)
        if tax.amount_reclaim is None
        else number(tax.amount_reclaim, f"{path}.amountReclaim"),
    }


def _request_entry(raw: msgspec.Raw, path: str, currency: str) -> ExpenseEntry:
    entry = part(raw, wire.FisRequestEntry, path)
    allocations = []
    for index, one in enumerate(entry.allocation or ()):
        where = f"{path}.allocation[{index}]"
        allocation = part(one, wire.FisAllocation, where)
        amount = number(allocation.allocation_amount, f"{where}.allocationAmount")
        line = {
            "account_code": (entry.entry_account_code or "").strip(),
            "payer": "",
            "payee": "",
            "gross": amount,
            "net_of_tax": amount,
            "net_of_reclaim": amount,
        }
        allocations.append(
            {
                "id": needed(allocation.allocation_id, f"{where}.allocationId"),
                "percentage": number_or_none(
                    allocation.allocation_percentage, f"{where}.allocationPercentage"
                ),
                "codes": codes(one),
                "journal": [line],
            }
        )
    return ExpenseEntry.model_validate(
        {
            "id": needed(entry.entry_id, f"{path}.entryId"),
            "type_code": needed(entry.expense_type_code, f"{path}.expenseTypeCode"),
            "type_name": entry.expense_type_name,
            "spent_on": day(entry.entry_transaction_date, f"{path}.entryTransactionDate"),
            "transaction_currency": currency,
            "approved": number(entry.entry_approved_amount, f"{path}.entryApprovedAmount"),
            "paid_by": "unknown",
            "codes": codes(raw),
            "allocations": allocations,
        }
    )
