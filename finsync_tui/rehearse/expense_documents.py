"""Financial documents as the judge reads them, and the damage that is done to some. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from adapters.concur.simulator_money import encode
from adapters.simulation import Document

_BIG: Final = 100
"""By how much a stated total is wrong."""
_APPLIED: Final = 2
"""Kind of an application that reduces what the employee gets; 1 is cash that came back."""


def read(body: str) -> Document:
    """Return a document's body with exact numbers."""
    found: Document = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    return found


def charged(body: Mapping[str, Any]) -> Decimal:
    """Return what a document charges the company, as it states it; a cash advance is what was handed out."""
    if "cashAdvanceData" in body:
        return sum((Decimal(one["amount"]) for one in body["journalData"]), Decimal(0))
    return Decimal(body["report"]["totalApprovedAmount"])


def owed(body: Mapping[str, Any], *, is_netted: bool) -> Decimal:
    """Return what the employee is owed for it: cash, less advances, less private charges where those are set off."""
    if "cashAdvanceData" in body:
        return charged(body)
    found = Decimal(0)
    for entry in body["expenseEntry"]:
        if entry["entryIsPersonal"] == "Y":
            private = sum(
                Decimal(line["amountGross"])
                for allocation in entry["allocation"]
                for line in allocation["journal"]
                if line["journalPayer"] == "EMPL"
            )
            found += private if is_netted else 0
        elif entry["reportEntryPaymentTypeCode"] == "CASH":
            found += Decimal(entry["entryApprovedAmount"])
    for one in body["cashAdvanceApplication"]:
        if one["cashAdvanceTransactionType"] == _APPLIED:
            found += Decimal(one["cashAdvanceApplicationAmount"])
    return found


# -- damage --------------------------------------------------------------------------------------------


def damaged(body: str, defect: str) -> str:
    """Return the body with that defect in it."""
    document = read(body)
    DEFECTS[defect](document)
    return encode(document).decode()


def _with_wrong_total(document: Document) -> None:
    document["report"]["totalApprovedAmount"] += _BIG


def _with_wrong_line(document: Document) -> None:
    document["expenseEntry"][0]["allocation"][0]["journal"][0]["amountGross"] += 7


def _without_employee(document: Document) -> None:
    document["employee"]["employeeId"] = None


def _with_word_amount(document: Document) -> None:
    document["expenseEntry"][0]["entryApprovedAmount"] = "twelve"


DEFECTS: Final[Mapping[str, Callable[[Document], None]]] = {
    "total_is_wrong": _with_wrong_total,
    "line_is_wrong": _with_wrong_line,
    "employee_missing": _without_employee,
    "amount_is_a_word": _with_word_amount,
}
