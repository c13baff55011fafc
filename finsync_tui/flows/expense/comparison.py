"""Is the financial document what the report says? Pure.

The document leaves out what the company owes nobody: private expenses that the employee has paid. Ids of the two are
the same where the report was read by v4; where they are not, the amounts are compared as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from store.canonical.expense import ExpenseDocument, ExpenseEntry, ExpenseReport
from store.canonical.money import plain

NAMED_MAX = 10
"""So many expenses are named one by one."""


def differences(report: ExpenseReport, document: ExpenseDocument) -> list[str]:
    """Name what differs between a report and its financial document; nothing: they are the same.

    A report of which only the header is known is compared by currency and total.
    """
    if report.currency != document.currency:
        return [f"the report is in {report.currency}, the document in {document.currency}"]
    found = []
    if report.approved is not None and report.approved != document.control_total:
        found.append(f"{report.approved} are approved, the document takes {document.control_total}")
    if report.entries is not None:
        found += _entries(_owed(report.entries), _owed(document.entries), document.currency)
    return found


def _owed(entries: Sequence[ExpenseEntry]) -> list[ExpenseEntry]:
    """Return the expenses that either side must show."""
    return [one for one in entries if not one.is_personal]


def _entries(ours: Sequence[ExpenseEntry], theirs: Sequence[ExpenseEntry], currency: str) -> list[str]:
    found = []
    if len(ours) != len(theirs):
        found.append(f"the report has {len(ours)} expenses, the document {len(theirs)}")
    approved = {one.id: one for one in ours}
    taken = {one.id: one for one in theirs}
    if not approved.keys() & taken.keys():
        return found + _amounts(ours, theirs, currency)
    pairs = [(one_id, approved.get(one_id), taken.get(one_id)) for one_id in {**approved, **taken}]
    named = [text for one_id, a, b in pairs if (text := _pair(one_id, a, b, currency)) is not None]
    more = [f"and {len(named) - NAMED_MAX} more expenses differ"] if len(named) > NAMED_MAX else []
    return [*found, *named[:NAMED_MAX], *more]


def _pair(one_id: str, ours: ExpenseEntry | None, theirs: ExpenseEntry | None, currency: str) -> str | None:
    shown = ours or theirs
    assert shown is not None, "an id is of one side at least"
    name = f"expense {shown.type_name or shown.type_code} ({one_id})"
    if ours is None:
        return f"{name} is in the document only"
    if theirs is None:
        return f"{name} is in the report only"
    if ours.approved == theirs.approved:
        return None
    return (
        f"{name}: {plain(ours.approved)} {currency} are approved, the document takes {plain(theirs.approved)}"
    )


def _amounts(ours: Sequence[ExpenseEntry], theirs: Sequence[ExpenseEntry], currency: str) -> list[str]:
    """Compare the amounts of expenses that can't be told by their ids."""
    approved, taken = Counter(one.approved for one in ours), Counter(one.approved for one in theirs)
    if approved == taken:
        return []
    return [
        f"approved but not in the document: {_listed(approved - taken, currency)}; "
        f"in the document but not approved: {_listed(taken - approved, currency)}"
    ]


def _listed(amounts: Counter[Decimal], currency: str) -> str:
    shown = [f"{plain(one)} {currency}" for one in sorted(amounts.elements())]
    more = [f"and {len(shown) - NAMED_MAX} more"] if len(shown) > NAMED_MAX else []
    return ", ".join([*shown[:NAMED_MAX], *more]) or "nothing"
