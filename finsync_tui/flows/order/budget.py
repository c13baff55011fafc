"""Is there money for it, by the budgets that are known here?"""

from __future__ import annotations

from finsync_tui.flows.order import subject
from finsync_tui.flows.steps import Answer, Context, Done, Hold
from store import commitments, records
from store.canonical.budget import Budget
from store.canonical.money import Money

EXTRACT = "extract"
"""The system name that records from file extracts are kept under."""


def check_budget(context: Context) -> Answer:
    """Say when the known budget looks too small. The ERP's own funds check decides, unless the company says otherwise."""
    order = subject.order(context)
    wanted: dict[str, int] = {}
    for line, distribution in subject.distributions(order):
        parts = context.data["accounts"][f"{line.number}/{distribution.number}"]
        centre = parts.get("cost_centre", "")
        wanted[centre] = wanted.get(centre, 0) + distribution.amount.amount_minor
    low = []
    for centre, amount_minor in sorted(wanted.items()):
        left = _left(context, centre, order.currency)
        if left is not None and amount_minor > left.amount_minor:
            takes = Money(amount_minor=amount_minor, currency=order.currency)
            low.append(f"{centre}: the order takes {takes}, {left} are left")
    if low and subject.company(context).budget_control == "absolute":
        return Hold(
            "BUDGET_EXCEEDED",
            f"order {order.number}: the budget does not suffice for cost centre {'; '.join(low)}",
            "Raise or transfer the budget, or reduce the order, then retry.",
            subject.source(context),
            {"short": low},
        )
    if low:
        subject.note(context, "BUDGET_LOW", "; ".join(low))
    return Done({"budget": low or "not short by what is known"})


def _left(context: Context, centre: str, currency: str) -> Money | None:
    """Return what is left of a cost centre's budget this year, as far as it is known in that currency.

    What other orders have promised since the budget was read is taken off: two orders don't spend the same money.
    """
    legal_entity = str(context.data["legal_entity"])
    number = budget_number(legal_entity, centre, context.now.year)
    held = records.find_by_number(context.db, Budget, EXTRACT, number)
    if held is None or held.record.remaining.currency != currency:
        return None
    promised = commitments.ordered_of(
        context.db, legal_entity, centre, currency, without=context.workflow.document_key
    )
    free = held.record.amount.amount_minor - promised
    return Money(amount_minor=min(held.record.remaining.amount_minor, free), currency=currency)


def budget_number(legal_entity: str, cost_centre: str, year: int) -> str:
    """Return how a budget record is called, so that it is found without a scan.

    >>> budget_number("DE01", "410", 2026)
    'DE01/410/2026'
    """
    return f"{legal_entity}/{cost_centre}/{year}"
