"""Is there money for it? By the budgets that are known here, or, where the ERP has a funds check, by that.

Nothing is reserved by asking: the ERP reserves with the submission, and decides.
"""

from __future__ import annotations

from finsync_tui.flows import outgoing
from finsync_tui.flows.order import subject
from finsync_tui.flows.steps import Answer, Context, Done, Hold
from store import commitments, outbox, records
from store.canonical.budget import Budget
from store.canonical.money import Money

EXTRACT = "extract"
"""The system name that records from file extracts are kept under."""


def check_budget(context: Context) -> Answer:
    """Say when the known budget looks too small. The ERP's own funds check decides, unless the company says otherwise."""
    if subject.company(context).funds_check == "erp":
        return Done({"budget": f"{subject.target(context)} is asked when it has the draft"}, is_skipped=True)
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
    wish = subject.order(context).requisition_id
    return left(
        context, centre, currency, order=context.workflow.document_key,
        requisition=f"{subject.source(context)}:{wish}" if wish else None,
    )  # fmt: skip


def left(
    context: Context, centre: str, currency: str, *, order: str = "", requisition: str | None = None
) -> Money | None:
    """Return what is left of a cost centre's budget this year, as far as it is known in that currency.

    What orders and requisitions have promised since the budget was read is taken off, all but this order's and its
    requisition's: two don't spend the same money.
    """
    legal_entity = str(context.data["legal_entity"])
    number = budget_number(legal_entity, centre, context.now.year)
    held = records.find_by_number(context.db, Budget, EXTRACT, number)
    if held is None or held.record.remaining.currency != currency:
        return None
    promised = commitments.promised_of(
        context.db, legal_entity, centre, currency, order=order, requisition=requisition
    )
    free = held.record.amount.amount_minor - promised
    return Money(amount_minor=min(held.record.remaining.amount_minor, free), currency=currency)


def check_funds(context: Context) -> Answer:
    """Ask the ERP whether its budgets would bear the draft, before anybody is asked to approve it."""
    if subject.company(context).funds_check != "erp":
        return Done({"note": "by the known budgets"}, goto="submit", is_skipped=True)
    link, target = subject.link(context), subject.target(context)
    body = {"marker": subject.marker(context)}
    entry_id = outgoing.enqueue(
        context, target, "order.check_funds", body, external_id=link.external_id if link else None
    )
    context.data["funds_entry"] = entry_id
    return Done({"entry": entry_id})


def await_funds(context: Context) -> Answer:
    """Go on when the budgets bear it, or only warn; an absolute budget that does not suffice is an exception here."""
    entry_id = int(context.data["funds_entry"])
    answer = outgoing.await_delivery(context, entry_id)
    if not isinstance(answer, Done):
        return answer
    delivery = outbox.get(context.db, entry_id)
    funds = str(
        (((delivery.receipt if delivery else None) or {}).get("answer") or {}).get("funds") or "passed"
    )
    if funds == "warning":
        target = subject.target(context)
        subject.note(
            context, "BUDGET_LOW", f"{target} warns that its budget does not suffice; it is advisory"
        )
    return Done({"funds": funds})


def budget_number(legal_entity: str, cost_centre: str, year: int) -> str:
    """Return how a budget record is called, so that it is found without a scan.

    >>> budget_number("DE01", "410", 2026)
    'DE01/410/2026'
    """
    return f"{legal_entity}/{cost_centre}/{year}"
