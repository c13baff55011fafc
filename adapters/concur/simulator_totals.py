"""What a report is worth, and who owes it to whom: the figures that v3 and v4 headers show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from adapters.concur.simulator_build import leaves
from adapters.concur.simulator_money import ZERO
from adapters.concur.simulator_state import Entry, Report

APPROVAL_NAMES: Final = {
    "A_NOTF": "Not Submitted",
    "A_FILE": "Submitted",
    "A_PEND": "Submitted & Pending Approval",
    "A_PECO": "Pending Cost Object Approval",
    "A_PBDG": "Pending Budget Approval",
    "A_EXTV": "Pending External Validation",
    "A_ACCO": "Approved & In Accounting Review",
    "A_APPR": "Approved",
    "A_RESU": "Sent Back to Employee",
}
PAYMENT_NAMES: Final = {
    "P_NOTP": "Not Paid",
    "P_HOLD": "Payment on Hold",
    "P_PROC": "Processing Payment",
    "P_PAID": "Sent for Payment",
    "P_PAYC": "Payment Confirmed",
}
FAILED_NAME: Final = "Financial Posting Failed"


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures of one report."""

    total: Decimal
    claimed: Decimal
    approved: Decimal
    personal: Decimal
    due_employee: Decimal
    due_company: Decimal
    """What the employee owes the company."""
    due_card: Decimal
    company_paid: Decimal


def totals(report: Report) -> Totals:
    """Return what the entries add up to; advances reduce what the employee gets."""
    posted = leaves(report.entries)
    personal = _sum(one.posted for one in posted if one.is_personal)
    total = _sum(one.posted for one in posted)
    on_company_card = [one for one in posted if one.payment in ("company_card", "company_paid")]
    cash = _sum(one.approved for one in posted if one.payment in ("cash", "employee_card"))
    charged = _sum(one.posted for one in on_company_card if one.is_personal)
    advanced = _sum(one.amount for one in report.advances if not one.is_return)
    balance = cash - charged - advanced
    return Totals(
        total=total,
        claimed=total - personal,
        approved=_sum(one.approved for one in posted),
        personal=personal,
        due_employee=max(balance, ZERO),
        due_company=max(-balance, ZERO),
        due_card=_sum(
            one.posted if one.is_personal else one.approved
            for one in posted
            if one.payment == "company_card" or (one.payment == "individual_card" and not one.is_personal)
        ),
        company_paid=_sum(one.approved for one in posted if one.payment == "company_paid"),
    )


def approval_name(code: str) -> str:
    return APPROVAL_NAMES.get(code, code)


def payment_name(code: str) -> str:
    return PAYMENT_NAMES.get(code, FAILED_NAME)


def has_tax(entry: Entry) -> bool:
    return any(one.taxes for one in entry.allocations)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
