"""Is an invoice paid, by what the ERP shows of its payments and of itself, and does its source know?"""

from __future__ import annotations

from datetime import datetime, timedelta

from finsync_tui.flows import payments
from finsync_tui.flows.invoice import doubles, prepayments, subject
from finsync_tui.flows.steps import Context, Wait
from store.canonical.money import Money

INVOICE_LAG = timedelta(hours=1)
"""How long a payment waits to be told for the ERP's invoice to be read after it."""
PAYMENT_LAG = timedelta(days=1)
"""How long payments of an invoice that the ERP shows as paid are waited for."""


def late(context: Context) -> Wait | None:
    """The ERP's invoice as we know it is older than its payments: whether it is paid with them will be read soon.

    A discount or withheld tax settles an invoice with less than its total: only the invoice itself says so.
    """
    shown, known = subject.shown(context), paid(context)
    is_old = shown is not None and shown.paid is not None and shown.paid.amount_minor < known.amount_minor
    if not is_old or known.amount_minor >= subject.invoice(context).total.amount_minor:
        context.data.pop("invoice_by", None)
        return None
    by = datetime.fromisoformat(
        context.data.setdefault("invoice_by", (context.now + INVOICE_LAG).isoformat())
    )
    if context.now >= by:
        return None
    return Wait(f"{subject.target(context)} to show whether it is paid", by)


def is_settled(context: Context) -> bool:
    """Paid in full by what the source was told, or the ERP says that it is and has made its payments known.

    A credit note is settled when a payment has taken all of it.
    """
    told, owed = paid(context).amount_minor, subject.invoice(context).total.amount_minor
    if told >= owed if owed >= 0 else told <= owed:
        return True
    shown = subject.shown(context)
    if shown is None or shown.paid_status != "paid" or doubles.doubts(context):
        return False
    since = context.data.setdefault("paid_since", context.now.isoformat())
    if shown.paid is None:  # by what it shows, more may be on its way
        is_known = False
    else:
        made = shown.paid.amount_minor
        is_known = told >= made if owed >= 0 else told <= made
    return is_known or context.now >= datetime.fromisoformat(since) + PAYMENT_LAG


def is_flag_right(context: Context) -> bool:
    """Say whether the source was told that an invoice is paid that is; a credit note that nobody paid is left alone."""
    if subject.invoice(context).total.amount_minor <= 0 and not context.data.get("recorded"):
        return True
    return bool(context.data.get("marked_paid")) or not is_settled(context)


def look_again_at(context: Context) -> datetime | None:
    """When to look again at an invoice that is paid, though no payment says so: a prepayment may have settled it."""
    since = context.data.get("paid_since")
    return datetime.fromisoformat(since) + PAYMENT_LAG if since else None


def paid(context: Context) -> Money:
    """What is paid without a doubt."""
    link = subject.link(context)
    assert link is not None, "only a posted invoice is paid"
    in_doubt = {one.key for one in doubles.doubts(context)}
    sure = {key: one for key, one in prepayments.made(context).items() if key not in in_doubt}
    return payments.paid(sure, link.external_id, subject.invoice(context).currency)
