"""The part of the demo company's workspace that its expenses need: connection, set-up, mapping tables, schedules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from finsync_tui.rehearse import expense_catalogue as catalogue
from finsync_tui.rehearse.expense_catalogue import SOURCE
from finsync_tui.rehearse.expense_planted import RETURNED_AT_ONCE
from finsync_tui.rehearse.expense_systems import (
    JOURNAL_CATEGORY,
    JOURNAL_SOURCE,
    POST_AS,
    SITE,
    SYSTEM_ID,
)
from finsync_tui.rehearse.shapes import Company, LegalEntity

FLOW: Final = "expense_to_reimbursement"
DUE: Final = {
    "await_acknowledgement": "PT8H",
    "route": "PT4H",
    "check_totals": "P1D",
    "check_approval": "P1D",
    "find_payee": "P1D",
    "resolve_accounts": "P1D",
    "await_posting": "PT8H",
    "await_import": "PT8H",
    "await_validation": "PT8H",
    "verify_posting": "P1D",
    "await_confirmation": "PT8H",
    "await_payment": "P10D",
    "await_payment_confirmation": "PT8H",
    "verify": "P1D",
}
"""How long each step may take before it is shown as late."""
Rule = tuple[str, str, str, int, str, str]
"""From, to, scope, priority, valid from, valid to: a row of a mapping table."""


def connection(fast: dict[str, Any], company: Company) -> dict[str, Any]:
    """Return the connection to the expense tool."""
    options = {
        "system_id": SYSTEM_ID,
        "document_types": ["expense", "cashadvance"],
        "legal_entity_field": catalogue.COMPANY_FIELD,
        "reports_per_page": 100,
        "employees_whole_every_hours": 7 * 24,
        "vendor_currencies": {one.country: one.currency for one in company.legal_entities.values()},
    }
    return {
        "adapter": "concur",
        "base_url": "http://127.0.0.1:1",
        **fast,
        "options": options,
    }


def erp_options(company: Company, system: str, ledger_ids: dict[str, int], chart_id: int) -> dict[str, Any]:
    """Return what an ERP's connection says of journals and invoices."""
    entities = company.entities_of(system)
    return {
        "ledgers": {
            one.ledger: {
                "ledger_id": ledger_ids[one.number],
                "data_access_set_id": ledger_ids[one.number] + 1,
                "currency": one.currency,
                "chart_id": chart_id,
            }
            for one in entities
        },
        "payables": {
            one.business_unit: {"currency": one.currency, "employee_site": SITE} for one in entities
        },
        "journal_sources": [JOURNAL_SOURCE],
    }


def setup(company: LegalEntity) -> dict[str, Any]:
    """Return how a company's expenses are posted."""
    accounts = {
        role: catalogue.BALANCE[role][0]
        for role in (
            "employee",
            "individual_card",
            "company_card",
            "company_paid",
            "advance_returns",
            "rounding",
        )
    }
    if company.number not in catalogue.NETS_PERSONAL:
        accounts["employee_receivable"] = catalogue.BALANCE["employee_receivable"][0]
    if company.number == "FR01":
        accounts["non_deductible_tax"] = catalogue.BALANCE["non_deductible_tax"][0]
    found: dict[str, Any] = {
        "ledgers": [catalogue.LEDGERS[company.number], ""],  # cash advances name none
        "company_field": catalogue.COMPANY_FIELD,
        "company_codes": [company.source_code],
        "company": company.source_code,
        "cost_centre_field": catalogue.CENTRE_FIELD,
        "balance_cost_centre": catalogue.BALANCE_CENTRE,
        "post_as": POST_AS[company.number],
        "is_paid_by_erp": POST_AS[company.number] == "invoice",
        "journal_source": JOURNAL_SOURCE,
        "journal_category": JOURNAL_CATEGORY,
        "accounts": accounts,
    }
    if company.number in RETURNED_AT_ONCE:
        found["returned_at_once"] = list(RETURNED_AT_ONCE[company.number])
    return found


def schedules(company: Company, every: str) -> dict[str, Any]:
    """Return when what expenses need is read."""
    found: dict[str, Any] = {
        "expenses": {"system": SOURCE, "entities": ["expense_document"], "every": every},
        "expense-reports": {"system": SOURCE, "entities": ["expense_report"], "every": "P2D"},
        "employees": {"system": SOURCE, "entities": ["employee"], "every": "P7D"},
    }
    for name in company.systems:
        found[f"{name}-people"] = {"system": name, "entities": ["employee"], "every": "P7D"}
    return found


def account_rules(company: Company) -> Iterator[Rule]:
    """Yield the rows that expenses add to the account table."""
    for code in catalogue.accounts():
        if code.target is not None:
            yield (
                code.source,
                "=" if code.source == code.target else code.target,
                code.legal_entity,
                0,
                "",
                "",
            )
    for one in company.legal_entities:
        yield (catalogue.ADVANCE_CODE, catalogue.BALANCE["advance"][0], one, 0, "", "")
        yield (catalogue.CARD_CODE, catalogue.CARD_ACCOUNT[0], one, 0, "", "")


def centre_rules(company: Company) -> Iterator[Rule]:
    """Yield the rows that expenses add to the cost centre table."""
    for one in company.legal_entities:
        yield (catalogue.BALANCE_CENTRE, "=", one, 0, "", "")


def expense_accounts(company: Company) -> Iterator[Rule]:
    """Yield the table of expense types that have an account of their own, by country."""
    countries = {one.country: one.number for one in company.legal_entities.values()}
    for (country, code), target in catalogue.OWN_ACCOUNTS.items():
        yield (f"{country}/{code}", target, countries[country], 0, "", "")


def tax_accounts(company: Company) -> Iterator[Rule]:
    """Yield the table of taxes that can be reclaimed, by country."""
    for one in company.legal_entities.values():
        for key, (target, _) in catalogue.TAX_ACCOUNTS.items():
            if key.startswith(one.country):
                yield (key, target, one.number, 0, "", "")
