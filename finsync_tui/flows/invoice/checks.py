"""May it be posted, where, and against what? Steps that decide before anything reaches the ERP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from finsync_tui import policy
from finsync_tui.flows import (
    accounts,
    approval_basis,
    approval_state,
    budgets,
    dates,
    routing,
    ruled,
    suppliers,
    waiting,
)
from finsync_tui.flows.invoice import allowed, evidence, matching, payees, postings, subject, to_budgets
from finsync_tui.flows.invoice.taking import is_credit
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait
from finsync_tui.policies.asked import MismatchAsked
from store import crossrefs, records, workflows
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder


def route(context: Context) -> Answer:
    """Which company is it, which ERP keeps its books, and does the ERP pay it at all?"""
    invoice = subject.invoice(context)
    charts = [d.chart for line in invoice.lines for d in line.distributions]
    number = routing.by_chart(context, charts, "invoice")
    if isinstance(number, Hold):
        return number
    setup = context.facts.profile.legal_entities[number]
    if setup.invoice is None:
        return Finish("done", {"note": f"no invoices of {number} are posted from here"})
    if invoice.payment_channel:
        return Finish("done", {"note": f"paid through {invoice.payment_channel}, not by the ERP"})
    before = _posted_before(context)
    if before is not None:
        return before
    context.data.pop("orders", None)  # whoever decides anew stands in line anew
    context.data.update(legal_entity=number, target=setup.target)
    return Done({"legal_entity": number, "target": setup.target, "accounting_on": _booked_on(context)})


def _booked_on(context: Context) -> str:
    """Decide on which day it is booked: the one that it says, else today. What has waited is not booked into the past."""
    on = subject.invoice(context).accounting_on or dates.today(context)
    context.data["accounting_on"] = on.isoformat()
    return on.isoformat()


def _posted_before(context: Context) -> Answer | None:
    """An earlier version may have been posted while this one waited: then there is nothing to post, or a difference."""
    if context.workflow.kind != "post":
        _inherit(context)
        return None
    earlier = [
        w
        for w in workflows.of_document(context.db, context.workflow.document_key, context.workflow.entity)
        if w.id < context.workflow.id
    ]
    posted = next((w for w in earlier if evidence.is_posted(w) and w.state != "aborted"), None)
    if posted is None:
        return None
    now, then = subject.invoice(context), subject.version(context, posted.document_version)
    if (now.total, now.currency, now.supplier_id, now.lines) == (
        then.total,
        then.currency,
        then.supplier_id,
        then.lines,
    ):
        return Finish(
            "done", {"note": f"version {posted.document_version} was posted; nothing of it has changed"}
        )
    return subject.stop(
        context, "VERSION_CONFLICT", f"it was changed at its source while version {posted.document_version} was being posted",
        "Void it in the procurement system and enter it again, or resolve this when the posting is right as it is.",
        subject.source(context),
    )  # fmt: skip


def _inherit(context: Context) -> None:
    """What the source was told of payments before is not told again, and what is void of it is taken back."""
    for one in workflows.of_document(context.db, context.workflow.document_key, context.workflow.entity):
        if one.id < context.workflow.id:
            for name in ("told", "told_minor", "recorded", "dispute_count"):
                if name in one.data:
                    context.data.setdefault(name, one.data[name])


def withdraw(context: Context) -> Answer:
    """The source does not stand by it any more: whatever was decided of it and not sent is given up."""
    postings.tell(context, "withdrawn", {})
    status = subject.invoice(context).status.replace("_", " ")
    return Finish("done", {"note": f"{status} at its source; looked at anew when it is approved"})


def confirm_supplier(context: Context) -> Answer:
    """Is the supplier known in the ERP, exactly once, active, with a site of this company?"""
    invoice = subject.invoice(context)
    setup = subject.company(context)
    found = suppliers.confirm(
        context, setup, invoice.supplier_id, invoice.supplier_number, invoice.supplier_name
    )
    if isinstance(found, Hold):
        return found
    context.data["payee"] = {
        "id": found.external_id,
        "number": found.supplier.number,
        "name": found.supplier.name,
        "site": found.site.code if found.site else None,
    }
    return Done({"supplier": f"{setup.target}:{found.external_id}", "proof": found.proof})


def check_duplicates(context: Context) -> Answer:
    """Has the supplier sent it before: under the same number, a near one, or another one over the same amount? Was it paid?"""
    invoice, rules = subject.invoice(context), subject.setup(context).duplicates
    source, target = subject.source(context), subject.target(context)
    context.data["alike_days"] = rules.days  # what is paid later is held against it, too
    number, payee = str(context.data["payee"]["number"]), payee_names(context)
    here = evidence.same_number_at_source(context.db, source, number, invoice, context.workflow)
    there = evidence.same_number_in_erp(context.db, target, payee, invoice, subject.mark(context))
    if (here or there) and rules.same_number != "off":
        place = f"{source} {', '.join(here)}" if here else f"{target} {', '.join(there)}"
        cause = f"{invoice.supplier_name or invoice.supplier_number} has sent number {invoice.number} before: {place}"
        if rules.same_number == "block":
            return subject.stop(
                context, "INVOICE_DUPLICATE", cause,
                "If it is the same invoice, void it in the procurement system; if not, retry after its number is corrected.",
                target if there else source, {"source": here, "erp": there},
            )  # fmt: skip
        subject.note(context, "INVOICE_DUPLICATE", cause)
    near, same = _near(context, number, payee), _same(context, number, payee)
    stopped = _possible(context, "near_number", near) or _possible(context, "same_amount", same)
    if stopped is not None:
        return stopped
    return Done({"same_number": [*here, *there], "alike": [name for name, _ in (*near, *same)]})


def payee_names(context: Context) -> tuple[str, ...]:
    """Return all that the payee goes by in the ERP."""
    payee = context.data["payee"]
    return payees.names(context.db, subject.target(context), payee["number"], payee["id"], payee["name"])


def _near(context: Context, number: str, payee: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return (name, id) of what may be the same number, typed otherwise."""
    invoice, source, target = subject.invoice(context), subject.source(context), subject.target(context)
    there = evidence.near_number_in_erp(context.db, target, payee, invoice)
    here = evidence.near_number(context.db, source, number, invoice, context.workflow)
    return [*here, *((f"{name} in {target}", f"{target}:{one}") for name, one in there)]


def _same(context: Context, number: str, payee: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return (name, id) of invoices, and payments without a known one, over the same amount."""
    invoice, source, target = subject.invoice(context), subject.source(context), subject.target(context)
    days = subject.setup(context).duplicates.days
    here = evidence.same_amount(context.db, source, number, invoice, context.workflow, days)
    typed = evidence.same_amount_in_erp(context.db, source, target, payee, invoice, days)
    is_owed = invoice.total.amount_minor > 0
    paid = evidence.paid_in_erp(context.db, target, payee, invoice, days) if is_owed else []
    return [
        *here,
        *((f"{name} in {target}", f"{target}:{one}") for name, one in typed),
        *((f"payment {name} in {target}", f"{target}:payment {one}") for name, one in paid),
    ]


def _possible(context: Context, rule: str, twins: list[tuple[str, str]]) -> Hold | None:
    """Ask a person about what may be the same, or note it, as policy says; what was looked at is not asked again."""
    invoice, severity = subject.invoice(context), getattr(subject.setup(context).duplicates, rule)
    confirmed = context.data.get("not_duplicates", [])
    new = [(name, external_id) for name, external_id in twins if external_id not in confirmed]
    if not new or severity == "off":
        return None
    shown = ", ".join(name for name, _ in new)
    why = f"{invoice.number} is near the number of" if rule == "near_number" else "also"
    cause = f"{invoice.total} of {invoice.supplier_name or invoice.supplier_number} may be paid twice: {why} {shown}"
    context.data["not_duplicates"] = [*confirmed, *(external_id for _, external_id in new)]
    if severity == "block":
        return subject.stop(
            context, "PAYMENT_DUPLICATE_POSSIBLE", cause,
            "Compare the two. If it is another delivery, retry: it then goes on; if it is the same, void one.",
            subject.source(context), {"others": [list(one) for one in new]},
        )  # fmt: skip
    subject.note(context, "PAYMENT_DUPLICATE_POSSIBLE", cause)
    return None


def match(context: Context) -> Answer:
    """Does it fit what was ordered and what arrived? Goods that are late are waited for, a while."""
    invoice, setup = subject.invoice(context), subject.setup(context)
    source = subject.source(context)
    may = allowed.decide(context, invoice)
    if isinstance(may, Hold):
        return may
    ordered = evidence.ordered(
        context.db, source, invoice, context.workflow, may.of, context.data["payee"]["id"]
    )
    found = matching.mismatches(invoice, ordered, may.policy, may.of, needs_order=setup.needs_order)
    severities = [_severity(context, invoice, one) for one in found]
    undecided = next((one for one in severities if isinstance(one, Hold)), None)
    if undecided is not None:
        return undecided
    by = allowed.rules(context)
    ruled_by: dict[str, Any] = {"policy_rules": by} if by else {}
    stopping = [one for one, severity in zip(found, severities, strict=True) if severity == "block"]
    late = [one for one in stopping if one.kind == "receipt"]
    if stopping and len(late) == len(stopping):
        until = waiting.since(context, "receipt") + setup.match.receipt_patience
        if context.now < until:
            return Wait(f"goods receipt ({late[0].cause})", until)
    if stopping:
        first = stopping[0]
        return subject.stop(
            context, matching.CLASSES[first.kind], first.cause, first.fix, source,
            {"mismatches": [{"kind": one.kind, "line": one.line, "cause": one.cause} for one in stopping]}
            | ({"order": first.order} if first.order else {})
            | ruled_by,
        )  # fmt: skip
    for one, severity in zip(found, severities, strict=True):
        if severity != "off":
            subject.note(context, matching.CLASSES[one.kind], one.cause)
    missing = _orders_in_erp(context, invoice)
    if isinstance(missing, Wait | Hold):
        return missing
    waiting.over(context, "receipt", "order")
    return Done(
        {"lines": len(invoice.lines), "ordered": len(ordered), "orders": context.data["orders"], **ruled_by}
    )


def _severity(context: Context, invoice: Invoice, mismatch: matching.Mismatch) -> str | Hold:
    """Return what a mismatch does: as a rule of the company says, else as its settings do."""
    asked = MismatchAsked(kind=mismatch.kind, line=mismatch.line)
    ruling = ruled.settled(
        context, "invoice_mismatch", {"mismatch": asked, "invoice": invoice}, f"invoice {invoice.number}"
    )
    if ruling is not None:
        return ruling
    rules = subject.setup(context).match
    severities: dict[matching.Kind, str] = {
        "price": rules.price_severity,
        "quantity": rules.quantity_severity,
        "receipt": rules.quantity_severity,
        "charges": rules.charges_severity,
        "supplier": rules.supplier_severity,
    }
    return severities.get(mismatch.kind, "block")


def _orders_in_erp(context: Context, invoice: Invoice) -> Wait | Hold | None:
    """The ERP matches against its own order: it has to be there first. Its number is kept for the posting."""
    source, target = subject.source(context), subject.target(context)
    orders: dict[str, dict[str, str]] = {}
    closed: list[tuple[str, bool]] = []
    for number in dict.fromkeys(line.order_number for line in invoice.lines if line.order_number):
        held = records.find_by_number(context.db, PurchaseOrder, source, number)
        key = f"{source}:{held.external_id}" if held is not None else None
        link = crossrefs.get(context.db, PurchaseOrder.entity, key, target) if key else None
        if key is None or link is None or link.revision is None:
            until = waiting.since(context, "order") + subject.setup(context).match.receipt_patience
            if context.now < until:
                return Wait(f"order {number} in {target}", until)
            return subject.stop(
                context, "MATCH_ORDER", f"order {number} is not in {target}, so nothing can be matched there",
                "See what stops the order; when it is in the ERP, retry.", target, {"order": number},
            )  # fmt: skip
        there = records.get(context.db, PurchaseOrder, target, link.external_id)
        if there is not None and there.record.status == "cancelled":
            return subject.stop(
                context, "MATCH_ORDER", f"order {number} is cancelled in {target}, so nothing can be matched there",
                f"Dispute the invoice, or let {source} order it anew; then retry.", target, {"order": number},
            )  # fmt: skip
        gone = _cancelled_lines(invoice, number, there.record) if there is not None else []
        if gone and not is_credit(invoice):
            return subject.stop(
                context, "MATCH_ORDER", f"line {', '.join(gone)} of order {number} is cancelled in {target}, so nothing can be "
                "matched there", f"Dispute the invoice, or let {source} order it anew; then retry.", target,
                {"order": number, "lines": gone},
            )  # fmt: skip
        if there is not None and {there.record.status, held.record.status if held else ""} & {"closed"}:
            closed.append((number, there.record.status == "closed"))
        orders[number] = {"key": key, "number": link.number or "", "id": link.external_id}
    context.data["orders"] = orders
    if not is_credit(invoice):
        for number, is_there in closed:
            subject.note(
                context, "ORDER_ENDED",
                f"it came for order {number}, which is closed in {target if is_there else source}",
            )  # fmt: skip
    return None


def _cancelled_lines(invoice: Invoice, number: str, there: PurchaseOrder) -> list[str]:
    """Return the lines of an order that an invoice names and the ERP has cancelled."""
    gone = {line.number for line in there.lines if line.is_cancelled}
    named = dict.fromkeys(line.order_line for line in invoice.lines if line.order_number == number)
    return [one for one in named if one is not None and one in gone]


def check_approval(context: Context) -> Answer:
    """Do those who approved still stand, and does what they approved it on: accounts and budget?"""
    invoice, held = subject.invoice(context), subject.held(context)
    _booked_on(context)
    chain = f"invoice:{held.external_id}"
    approved = approval_state.Approved(
        f"invoice {invoice.number}", [chain], _who_asked(context), invoice.total
    )
    found = [
        *approval_state.doubts(context, approved),
        *_closed_accounts(context),
        *_budget_doubts(context, invoice, chain),
    ]
    stopped = approval_state.judge(
        context, subject.setup(context).approval, found, f"invoice {context.workflow.document_number}"
    )
    about = f"invoice {context.workflow.document_number}"
    stopped = stopped or ruled.check(context, "invoice_check", {"invoice": invoice}, about)
    if stopped is not None:
        return stopped
    return Done({"approved_by": list(policy.approved_by(context.db, held.system, [chain]))})


def _who_asked(context: Context) -> str | None:
    """Return who asked for what is invoiced: the requester of its orders. Of several, or without an order, nobody."""
    keys = [RecordKey.parse(one["key"]) for one in context.data.get("orders", {}).values()]
    held = [records.get(context.db, PurchaseOrder, key.system, key.external_id) for key in keys]
    asked = {one.record.requester for one in held if one is not None}
    return asked.pop() if len(asked) == 1 else None


def _closed_accounts(context: Context) -> Iterator[approval_state.Doubt]:
    """The ERP charges what matches an order to the order's accounts: they may have been closed since."""
    on = date.fromisoformat(context.data["accounting_on"])
    for number, order in sorted(context.data.get("orders", {}).items()):
        commitment = subject.commitment(context, order["key"])
        for line in commitment.lines if commitment is not None else ():
            for part in line.distributions:
                parts = {"cost_centre": part.cost_centre} if part.cost_centre else {}
                resolved = accounts.Resolved(part.charge_account, parts, ())
                wrong = accounts.refusal(context.db, subject.target(context), resolved, on)
                if wrong is not None:
                    yield approval_state.Doubt(
                        "account", f"order {number} line {line.number}: {wrong.cause}", wrong.fix
                    )


def _budget_doubts(context: Context, invoice: Invoice, chain: str) -> Iterator[approval_state.Doubt]:
    """Yield what the known budgets lack by now for what no order has reserved, and those that became smaller."""
    on = date.fromisoformat(context.data["accounting_on"])
    charges = list(to_budgets.charges(context, invoice))
    short = budgets.shortages(context, charges, invoice.currency, on=on)
    if short:
        more = "; the invoice takes more" if short[0].left is not None else ""
        cause = f"{short[0].label} {short[0].standing}{more}"
        yield approval_state.Doubt("budget", cause, "Raise or transfer the budget, then retry.")
    bearers = (one for one, _ in budgets.bearers(context, charges, invoice.currency, on=on))
    since = approval_basis.approved_at(context, [chain])
    yield from approval_basis.lowered(context, f"invoice {invoice.number}", bearers, since)
