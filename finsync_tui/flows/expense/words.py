"""What an employee reads when a report comes back: which document and field, and what to change. No codes alone.

The text goes into the expense tool's audit trail; its limit there is 1,300 characters.
"""

from __future__ import annotations

from store.canonical.expense import ExpenseDocument, ExpenseEntry, ExpenseReport
from store.canonical.money import plain

TEXT_MAX = 1300

_ADVICE = {
    "MAPPING_MISSING": "Choose another expense type or cost centre if it was a slip; otherwise accounting has to set it up before you submit again.",
    "ACCOUNT_MISSING": "Choose an expense type that your company uses, or ask accounting to give this one an account, then submit again.",
    "ACCOUNT_INVALID": "Choose another expense type or cost centre for it, then submit again.",
    "COST_CENTRE_INACTIVE": "Choose a cost centre that is still open, then submit again.",
    "COST_CENTRE_MISSING": "Choose a cost centre on each expense, then submit again.",
    "TOTALS_DIFFER": "Open the expense, check its amounts, taxes and split, save it, then submit again.",
    "PERIOD_CLOSED": "The month is closed in accounting. Submit again; it will be booked in the open month.",
    "APPROVER_SELF": "Nobody may approve their own report. Submit again; your manager has to approve it.",
    "APPROVER_MISSING": "Submit again, so that your manager approves it.",
    "APPROVER_STALE": "Whoever approved it may not do so any more. Check your approver in your profile, then submit again.",
    "APPROVAL_LIMIT": "Submit again; somebody with a higher approval limit has to approve it.",
    "EMPLOYEE_UNKNOWN": "Accounting does not know you as a payee yet. Ask accounting, then submit again.",
    "BUDGET_EXCEEDED": "Ask whoever answers for the cost centre, or ask for less, then submit again.",
    "DOCUMENT_UNSUPPORTED": "It has to be booked in another way. Ask accounting.",
    "TEST_DOCUMENT": "Test reports are never booked. Nothing to do.",
}


def message(
    document: ExpenseDocument | ExpenseReport, class_: str, cause: str, entry_id: str | None = None
) -> str:
    """Return the reason and the way out, in one text that stands by itself."""
    entry = next((one for one in document.entries or () if one.id == entry_id), None)
    number = document.number
    if isinstance(document, ExpenseReport):
        number = document.report_number or number
    where = f"Report {number} {document.title!r}" if document.title else f"Report {number}"
    if entry is not None:
        where += f", expense {_named(document, entry)}"
    advice = _ADVICE.get(class_, "Ask accounting what to change, then submit again.")
    text = f"{where}: {cause.rstrip('.')}. {advice}"
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"


def title(document: ExpenseDocument) -> str:
    """Return how a posting is described in the ERP: who, which report, what for."""
    name = document.employee_name or document.employee_id
    return " ".join(filter(None, (name, document.number, document.title)))


def _named(document: ExpenseDocument | ExpenseReport, entry: ExpenseEntry) -> str:
    """Say which expense it is in the words its owner knows it by."""
    day = f"of {entry.spent_on.isoformat()}" if entry.spent_on else "without a date"
    amount = (
        f"{plain(entry.transaction_amount)} {entry.transaction_currency}"
        if (entry.transaction_amount is not None and entry.transaction_currency)
        else f"{plain(entry.approved)} {document.currency}"
    )
    return f"{entry.type_name or entry.type_code} {day}, {amount}"
