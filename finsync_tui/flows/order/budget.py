"""Is there money for it? By the budgets that are known here, or, where the ERP has a funds check, by that.

Nothing is reserved by asking: the ERP reserves with the submission, and decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from finsync_tui.flows import budgets, dates, outgoing, ruled
from finsync_tui.flows.budgets import Charge
from finsync_tui.flows.order import ended, subject
from finsync_tui.flows.steps import Answer, Context, Done, Hold
from store import commitments, outbox
from store.canonical.purchasing import OrderLine


def charged_lines(context: Context) -> list[OrderLine]:
    """Return the lines that the ERP is to be charged with."""
    left_out = ended.left_out(context)
    lines = subject.order(context).lines
    return [line for line in lines if not line.is_cancelled and line.number not in left_out]


def charges(context: Context) -> Iterator[Charge]:
    """Yield what the order charges, part by part, each on its budget day."""
    lines = charged_lines(context)
    return budgets.charges(context, lines, budgets.days(context, lines, commitments.ORDER))


def check_budget(context: Context) -> Answer:
    """Say when the known budget looks too small. The ERP's own funds check decides, unless the company says otherwise."""
    if subject.company(context).funds_check == "erp":
        return Done({"budget": f"{subject.target(context)} is asked when it has the draft"}, is_skipped=True)
    order, lines = subject.order(context), charged_lines(context)
    wish = order.requisition_id
    found = budgets.shortages(
        context,
        charges(context),
        order.currency,
        on=dates.today(context),
        order=context.workflow.document_key,
        lines={line.number for line in lines},
        requisition=f"{subject.source(context)}:{wish}" if wish else None,
    )
    low = [str(one) for one in found]
    ruling = (
        ruled.settled(context, "budget_short", {"order": order}, f"order {order.number}") if low else None
    )
    if isinstance(ruling, Hold):
        return ruling
    if low and (ruling or subject.company(context).budget_control) == "absolute":
        return Hold(
            "BUDGET_EXCEEDED",
            f"order {order.number}: the budget does not suffice for {'; '.join(low)}",
            "Raise or transfer the budget, or reduce the order, then retry."
            if all(one.left is not None for one in found)
            else "Let exchange rates be read, or name the kind that counts in the profile (rate_kind), then retry.",
            subject.source(context),
            {"short": low},
        )
    if low:
        subject.note(context, "BUDGET_LOW", "; ".join(low))
    return Done({"budget": low or "not short by what is known"})


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
    funds = str((((delivery.receipt if delivery else None) or {}).get("answer") or {}).get("funds") or "")
    if funds not in ("passed", "warning", "not_applicable"):
        return Hold(
            "REJECTED",
            f"{subject.target(context)} did not say whether the funds suffice ({funds or 'no answer'})",
            "See the funds of the draft there, then retry: it is asked again.",
            subject.target(context),
        )
    if funds == "warning":
        target = subject.target(context)
        subject.note(
            context, "BUDGET_LOW", f"{target} warns that its budget does not suffice; it is advisory"
        )
    return Done({"funds": funds})
