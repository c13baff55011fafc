"""Was as much tax withheld from a payment as the country's rule says? Compared once an invoice is settled.

The rule says it before anything is posted (`taxing`). What the ERP kept back is what its payments say; where they don't,
what neither money nor a discount settled. The source is told what left either way: this only says that the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass

from finsync_tui.flows import payments
from finsync_tui.flows.invoice import prepayments, settled, subject
from finsync_tui.flows.steps import Answer, Context, Done
from store.canonical.money import Money
from store.canonical.tax import TaxAnswer

CLASS = "WITHHOLDING_DIFFERS"
SEEN = "withheld_seen"


@dataclass(frozen=True, slots=True)
class Gap:
    """What should have been kept back of an invoice, and what was."""

    due: Money
    kept: Money


def is_to_check(context: Context) -> bool:
    """Say whether nobody was told yet what differs by now."""
    found = _gap(context)
    return found is not None and context.data.get(SEEN) != _seen(context, found)


def check_withheld(context: Context) -> Answer:
    """Say what differs, with the amounts: by policy it stops, or is noted. A retry says that it is right as it is."""
    found, severity = _gap(context), context.facts.profile.tax.withholding_differs
    if found is None or severity == "off":
        return Done({"note": "as the rule says"}, goto="await_payment", is_skipped=True)
    target, source = subject.target(context), subject.source(context)
    is_answered = context.data.get("withheld_asked") == [*_seen(context, found), context.generation - 1]
    detail = {"due": str(found.due), "kept": str(found.kept)}
    cause = f"{found.due} are to be withheld for the supplier's tax office by the country's rule, and {target} kept back {found.kept}"
    if severity == "block" and not is_answered:
        context.data["withheld_asked"] = [*_seen(context, found), context.generation]
        return subject.stop(
            context, CLASS, cause,
            f"See in {target} how it withholds from this supplier, and whether the rule in [tax] is right. Correct the payment there, and "
            f"this goes on by itself; retry says that it is right as it is. {source} was told of what left.",
            target, detail, amount=abs(found.due - found.kept),
        )  # fmt: skip
    if not is_answered:
        subject.note(context, CLASS, cause)
    context.data[SEEN] = _seen(context, found)
    return Done(detail, goto="await_payment")


def _gap(context: Context) -> Gap | None:
    """Return what differs by more than the tolerance; None where nothing does, or nobody can say."""
    policy, link, invoice = context.facts.profile.tax, subject.link(context), subject.invoice(context)
    if policy.withholding_differs == "off" or link is None or context.workflow.kind != "post":
        return None
    nothing = Money(amount_minor=0, currency=invoice.currency)
    told = context.data.get("tax")
    due = TaxAnswer.model_validate(told).withheld if told else nothing
    made = prepayments.made(context)
    said = payments.withheld(payments.of_invoice(context.db, link.system, link.external_id), invoice.currency)
    if not due.amount_minor and not (said or nothing).amount_minor:
        return None
    rest = invoice.total - settled.paid(context) - payments.discount(made, link.external_id, invoice.currency)
    kept = rest if said is None else said
    return Gap(due, kept) if abs((due - kept).amount_minor) > policy.tolerance_minor else None


def _seen(context: Context, found: Gap) -> list[int]:
    return [found.due.amount_minor, found.kept.amount_minor]
