"""What an invoice charges to cost without an order: it uses the same budgets, and nobody promised it.

Net of tax, as orders promise. A prepayment spends nothing: the invoice that it is applied to does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from finsync_tui.flows.invoice import subject
from finsync_tui.flows.steps import Context
from finsync_tui.profile.invoice import InvoiceSetup
from store.canonical.payables import Invoice, InvoiceDistribution, InvoiceLine
from store.commitments import Spent


def parts(invoice: Invoice) -> Iterator[tuple[InvoiceLine, InvoiceDistribution]]:
    """Yield what no order has promised, part by part."""
    for line in invoice.lines:
        if not line.order_number and line.kind != "tax":
            for part in line.distributions:
                yield line, part


def named(setup: InvoiceSetup, segments: Mapping[str, str]) -> dict[str, str]:
    """Return who bears a part, as budgets call it, by the segments of its account combination."""
    own = {"cost_centre": setup.cost_centre_segment, "account": setup.account_segment, "project": "project"}
    return {name: segments[segment] for name, segment in own.items() if segments.get(segment)}


def spent(context: Context, invoice: Invoice) -> Iterator[Spent]:
    """Yield what was posted of it without an order, where its accounts were resolved to."""
    if invoice.kind == "prepayment":
        return
    accounts, bearers = context.data.get("accounts", {}), context.data.get("bearers", {})
    for line, part in parts(invoice):
        account = accounts.get(f"{line.number}/{part.number}")
        if account is None:
            continue
        bearer = named(subject.setup(context), bearers.get(account, {}))
        yield Spent(
            account,
            bearer.get("cost_centre"),
            bearer.get("account"),
            bearer.get("project"),
            part.period,
            part.amount,
        )
