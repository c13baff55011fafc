"""Have the goods of a posted invoice gone since: sent back, or their receipt voided?

Until it is paid, policy has the ERP hold it as a disputed one (`disputes`), or notes it; after that it is a finding.
"""

from __future__ import annotations

from finsync_tui.flows.invoice import allowed, evidence, matching, subject, taking
from finsync_tui.flows.steps import Answer, Context, Finish
from store.canonical.money import plain

CLASS = "MATCH_RECEIPT"


def gone(context: Context) -> str | None:
    """Say which goods are not there any more; None: all are, or nobody waited for them.

    Of several invoices of one order line it is the later ones that have none.
    """
    invoice, may = subject.invoice(context), allowed.decided(context)
    rules = may.policy
    is_exempt = invoice.kind == "prepayment" or taking.is_credit(invoice)
    if (
        rules.level != "three_way"
        or rules.quantity_severity != "block"
        or rules.goods_gone == "off"
        or is_exempt
    ):
        return None
    payee = str(context.data["payee"]["id"])
    known = evidence.ordered(
        context.db, subject.source(context), invoice, context.workflow, may.of, payee, only_before=True
    )
    for (number, place), ordered in known.items():
        own = [
            line
            for line in invoice.lines
            if line.kind == "item" and (line.order_number, line.order_line or "") == (number, place)
        ]
        in_all = ordered.invoiced + taking.taken(own, ordered.line, is_credit=False)
        short = in_all - ordered.received
        if short > 0 and not matching.within(short, ordered.received, may.of(number, place).quantity):
            return f"of order {number} line {place} {plain(in_all)} are invoiced and only {plain(ordered.received)} received by now"
    return None


def is_gone(context: Context) -> bool:
    """Say whether the ERP shall hold the invoice for it."""
    if context.workflow.kind != "post" or subject.setup(context).match.goods_gone != "hold":
        return False
    return gone(context) is not None


def note(context: Context) -> None:
    """Keep it as a finding, once for each state of the goods."""
    why = gone(context) if context.workflow.kind == "post" else None
    if why is not None and why != context.data.get("goods_noted"):
        subject.note(context, CLASS, f"invoice {context.workflow.document_number} was posted, and {why}")
    context.data["goods_noted"] = why


def check_goods(context: Context) -> Answer:
    """Something went back after the end: nothing can be held any more, and somebody has to ask for a credit note."""
    note(context)
    return Finish("done", {"note": context.data["goods_noted"] or "its goods are there"})
