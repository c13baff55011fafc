"""What an invoice will charge to budgets when it is posted, and no order has reserved: asked before anything is posted.

As it is posted later (`posting_lines`): charges that no account is named for go to the account of freight, or with the items,
those of orders among them; so does tax that does not come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from finsync_tui.flows import accounts, budgets, deriving, given
from finsync_tui.flows.accounts import Unresolved
from finsync_tui.flows.budgets import Charge, SourcePlace
from finsync_tui.flows.invoice import accounting, spending, subject, taxing
from finsync_tui.flows.steps import Context
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceDistribution, InvoiceLine


def charges(context: Context, invoice: Invoice) -> Iterator[Charge]:
    """Yield what lines without an order charge, part by part; nothing of what no rule codes yet: that stops it later."""
    for line, part in spending.parts(invoice):
        bearer = _bearer(context, part, line.category)
        if bearer is not None:
            yield Charge.of(part.amount, bearer, part.period, source=_at_source(context, part))
    for line in invoice.lines:
        if line.kind not in ("item", "tax") and not line.order_number and not line.distributions:
            yield from _unnamed(context, invoice, line)
        elif line.kind == "tax":
            _, lost = taxing.recovery(context, line)
            for of, share in lost:
                yield from _spread(context, invoice, share, of)
    for line, owed in taxing.owed(context):
        yield from _spread(context, invoice, owed, line.number)


def _unnamed(context: Context, invoice: Invoice, line: InvoiceLine) -> Iterator[Charge]:
    """Yield a charge that no account is named for, by who will bear it."""
    setup = subject.setup(context)
    if setup.freight_account is not None:
        on = date.fromisoformat(context.data["accounting_on"])
        found = accounting.balance(context, setup.freight_account, on)
        if not isinstance(found, Unresolved):
            yield Charge.of(line.amount, spending.named(setup, found.parts), None)
        return
    yield from _spread(context, invoice, line.amount)


def _spread(context: Context, invoice: Invoice, amount: Money, of: str | None = None) -> Iterator[Charge]:
    """Yield an amount by who bears the items, in proportion to them: all, or one line."""
    borne = [
        one
        for item in invoice.lines
        if (item.kind == "item" if of is None else item.kind != "tax" and item.number == of)
        for one in _borne(context, item)
    ]
    if not borne and of is not None:  # the line it is about goes with the items
        yield from _spread(context, invoice, amount)
    if borne:
        weights = [abs(one.amount_minor) for one in borne]
        shares = amount.split(weights if any(weights) else [1] * len(borne))
        for one, share in zip(borne, shares, strict=True):
            yield one.over(share.amount_minor)


def _borne(context: Context, item: InvoiceLine) -> Iterator[Charge]:
    """Yield who bears an item, and how much of it: its own accounts, or those of its order."""
    if not item.order_number:
        for part in item.distributions:
            bearer = _bearer(context, part, item.category)
            if bearer is not None:
                yield Charge.of(part.amount, bearer, part.period, source=_at_source(context, part))
        return
    order = context.data.get("orders", {}).get(item.order_number)
    commitment = subject.commitment(context, order["key"]) if order is not None else None
    ordered = (
        one for one in (commitment.lines if commitment is not None else ()) if one.number == item.order_line
    )
    for line in ordered:
        shares = item.amount.share([d.amount.amount_minor for d in line.distributions])
        for d, share in zip(line.distributions, shares, strict=True):
            parts = {
                "cost_centre": d.cost_centre or "",
                "account": d.account or "",
                "project": d.project or "",
            }
            yield Charge.of(share, parts, d.period)


def _at_source(context: Context, part: InvoiceDistribution) -> SourcePlace:
    setup = subject.setup(context)
    names = {"cost_centre": setup.cost_centre_segment, "account": setup.account_segment}
    return budgets.source_place(subject.company(context), part, names)


def _bearer(context: Context, part: InvoiceDistribution, category: str | None) -> Mapping[str, str] | None:
    """Return who bears a part, as the ERP and its budgets call it; None while no rule says so: that stops it later."""
    on = date.fromisoformat(context.data["accounting_on"])
    found = accounts.combination(
        subject.company(context), context.facts.tables, part.segments, shown=part.account,
        scope=str(context.data["legal_entity"]), on=on, derive=deriving.of(context, on),
        given=given.of_line(given.of_invoice(subject.invoice(context)), category),
    )  # fmt: skip
    return None if isinstance(found, Unresolved) else spending.named(subject.setup(context), found.parts)
