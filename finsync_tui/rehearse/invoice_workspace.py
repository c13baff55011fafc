"""The part of the demo company's workspace that receipts and invoices need: set-up, tax, mapping rows, schedules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from finsync_tui.rehearse import invoice_catalogue as catalogue
from finsync_tui.rehearse.expense_catalogue import BALANCE_CENTRE
from finsync_tui.rehearse.expense_workspace import Rule
from finsync_tui.rehearse.planted import SOURCE
from finsync_tui.rehearse.shapes import Company, LegalEntity

FLOWS: Final = ("goods_receipt", "invoice_to_payment")
EVERY: Final = "P1D"
_DUE: Final = {
    "goods_receipt": {"route": "PT4H", "await_order": "P2D", "await_receipt": "PT8H", "verify": "P1D"},
    "invoice_to_payment": {
        "route": "PT4H",
        "check_duplicates": "P1D",
        "match": "P5D",
        "check_tax": "P1D",
        "check_approval": "P1D",
        "resolve_accounts": "P1D",
        "check_period": "P1D",
        "await_posting": "PT8H",
        "await_validation": "PT8H",
        "verify_posting": "P1D",
        "await_write_back": "PT8H",
        "await_payment": "P10D",
        "await_record": "PT8H",
        "verify": "P1D",
    },
}
"""How long each step may take before it is shown as late."""


def flows() -> dict[str, Any]:
    return {name: {"source": SOURCE, "due": dict(_DUE[name])} for name in FLOWS}


def unit(company: LegalEntity) -> dict[str, Any]:
    """Return what the ERP's connection says of a business unit that receives."""
    return {"receiving_organization": catalogue.DELIVERED_TO[company.number]}


def setup(company: LegalEntity) -> dict[str, Any]:
    """Return how a company's supplier invoices are matched and posted."""
    is_three_way = company.number in catalogue.THREE_WAY
    found: dict[str, Any] = {
        "posts_receipts": is_three_way,
        "balance_cost_centre": BALANCE_CENTRE,
        "match": {
            "level": "three_way" if is_three_way else "two_way",
            "price": {"percent": str(catalogue.PRICE_TOLERANCE)},
            "charges": {"amount": "100"},
            "goods_gone": "note",  # what goes back in the rehearsed year is credited within days
            "receipt_patience": f"P{catalogue.PATIENCE_DAYS}D",
        },
    }
    account = catalogue.FREIGHT_ACCOUNT.get(company.number)
    return found | ({"freight_account": account} if account else {})


def tax() -> dict[str, Any]:
    """Return the tax policy: by country, what does not come back in full."""
    return {
        "countries": {
            country: {
                "recovery": [
                    {"percent": percent, "accounts": [catalogue.natural_at_source(country, account)]}
                    for percent, account in rules
                ]
            }
            for country, rules in catalogue.RECOVERY.items()
        }
    }


def schedules(company: Company) -> dict[str, Any]:
    """Return when receipts, invoices and payments are read."""
    found: dict[str, Any] = {
        "payables": {"system": SOURCE, "entities": ["receipt", "invoice"], "every": EVERY},
    }
    for name in company.systems:
        found[f"{name}-payables"] = {"system": name, "entities": ["invoice", "payment"], "every": EVERY}
    return found


def tax_accounts(company: Company) -> Iterator[Rule]:
    """Yield the rows that invoices add to the table of taxes that come back."""
    for one in company.legal_entities.values():
        for number, code in catalogue.TAX_CODES.items():
            if code.account is not None and code.country == one.country:
                yield f"{one.country}/{number}", code.account, one.number, 0, "", ""


def tax_codes() -> Iterator[tuple[str, ...]]:
    """Yield the rows of the extract of tax codes; see `TAX_COLUMNS`."""
    for number, code in catalogue.TAX_CODES.items():
        recoverable = "" if code.recoverable is None else str(code.recoverable)
        is_reverse = "true" if code.is_reverse_charge else "false"
        yield number, code.country, code.description, str(code.rate), "true", recoverable, is_reverse


TAX_COLUMNS: Final = (
    "number", "country", "description", "rate_percent", "is_active", "recoverable_percent", "is_reverse_charge",
)  # fmt: skip
