"""What an employee reads when a report comes back: which document and field, and what to change. No codes alone.

The text goes into the expense tool's audit trail; its limit there is 1,300 characters.
"""

from __future__ import annotations

from store.canonical.expense import ExpenseDocument, ExpenseEntry, ExpenseReport
from store.canonical.money import plain

TEXT_MAX = 1300

NAME_MAX = 150
"""So much of a title, or of an expense, is told: the reason and the way out need their room."""

_NOUNS = {"report": "report", "cash_advance": "cash advance", "funds_check": "request"}
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
    "SUPPLIER_INACTIVE": "Accounting does not pay you any more. Ask accounting, then submit again.",
    "APPROVAL_LIMIT_UNKNOWN": "Submit again; somebody whose approval limit is in the report's currency has to approve it.",
    "APPROVED_BY_DELEGATE": "Submit again; your manager has to approve it, not somebody in their place.",
    "PAYLOAD_INVALID": "Ask accounting how such an expense is to be entered, then submit again.",
    "REJECTED": "Ask accounting what to change, then submit again.",
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
    name = named(document)
    where = name[0].upper() + name[1:]
    cause = _readable(cause, len(cause)).removeprefix(f"{name}: ")
    if document.title:
        where += f" {_readable(document.title, NAME_MAX)!r}"
    if entry is not None:
        where += f", expense {_readable(_described(document, entry), NAME_MAX)}"
        cause = cause.removeprefix(f"{label(entry)}: ")
    advice = _ADVICE.get(class_, "Ask accounting what to change, then submit again.")
    room = TEXT_MAX - len(f"{where}: . {advice}")
    return f"{where}: {_readable(cause, room).rstrip('.')}. {advice}"


def named(document: ExpenseDocument | ExpenseReport) -> str:
    """Return what a document is called in a sentence."""
    if isinstance(document, ExpenseReport):
        return f"report {document.report_number or document.number}"
    return f"{_NOUNS.get(document.kind, 'document')} {document.number}"


def label(entry: ExpenseEntry) -> str:
    """Return how accounting tells an expense from any other of its document."""
    return f"expense {entry.id} ({entry.type_name or entry.type_code})"


def _readable(text: str, most: int) -> str:
    """Return a text in one line without control codes, cut where it is too long."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def title(document: ExpenseDocument) -> str:
    """Return how a posting is described in the ERP: who, which report, what for."""
    name = document.employee_name or document.employee_id
    return " ".join(filter(None, (name, document.number, document.title)))


def _described(document: ExpenseDocument | ExpenseReport, entry: ExpenseEntry) -> str:
    """Say which expense it is in the words its owner knows it by."""
    day = f"of {entry.spent_on.isoformat()}" if entry.spent_on else "without a date"
    amount = (
        f"{plain(entry.transaction_amount)} {entry.transaction_currency}"
        if (entry.transaction_amount is not None and entry.transaction_currency)
        else f"{plain(entry.approved)} {document.currency}"
    )
    return f"{entry.type_name or entry.type_code} {day}, {amount}"
