"""What an invoice charges to cost without an order: it uses the same budgets, and nobody promised it.

By what was posted: charges and tax that does not come back use the budgets of the accounts that bear them, also where these
are an order's, which promised neither. What comes back, or is owed to a tax office, is no cost. A prepayment spends nothing:
the invoice that it is applied to does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from finsync_tui.flows.calendars import Calendars
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
    """Yield what was posted of it without an order, by the accounts that it was posted on."""
    if invoice.kind == "prepayment":
        return
    places = _places(context, invoice)
    calendars = Calendars(context.db, context.facts.profile.legal_entities)
    number, on = str(context.data["legal_entity"]), date.fromisoformat(context.data["accounting_on"])
    for line in subject.posted(context).lines:
        if line.account is None or line.order_number or _is_no_cost(context, line):
            continue
        place = places(line)
        yield Spent(line.account, *place, line.amount, calendars.day(number, place[3], on))


def _is_no_cost(context: Context, line: InvoiceLine) -> bool:
    """Say whether a posted line is on the balance sheet: tax that comes back, or that the buyer owes."""
    accounts = context.data.get("accounts", {})
    kept = (
        accounts.get(f"tax/{line.reference}") if line.kind == "tax" else None,
        accounts.get(f"owed/{line.reference}"),
    )
    return line.account in kept


_Place = tuple[str | None, str | None, str | None, str | None]
"""Cost centre, account, project, and the period that its document names."""


def _places(context: Context, invoice: Invoice) -> Callable[[InvoiceLine], _Place]:
    """Return who bears a posted line: by the line of the invoice that it comes from, else by its account."""
    accounts, bearers = context.data.get("accounts", {}), context.data.get("bearers", {})
    own: dict[str, list[tuple[str, str | None]]] = {}
    by_account: dict[str, _Place] = {}
    for account, segments in bearers.items():
        bearer = named(subject.setup(context), segments)
        by_account[account] = (bearer.get("cost_centre"), bearer.get("account"), bearer.get("project"), None)
    for line, part in parts(invoice):
        account = accounts.get(f"{line.number}/{part.number}")
        if account is not None:
            own.setdefault(line.number, []).append((account, part.period))
    for order in context.data.get("orders", {}).values():
        commitment = subject.commitment(context, order["key"])
        for one in commitment.lines if commitment is not None else ():
            for d in one.distributions:
                by_account.setdefault(d.charge_account, (d.cost_centre, d.account, d.project, d.period))

    def place(line: InvoiceLine) -> _Place:
        *bearer, period = by_account.get(line.account or "", (None, None, None, None))
        left = own.get(line.reference or "", [])
        found = next((one for one in left if one[0] == line.account), None)
        if found is not None:
            left.remove(found)
            period = found[1]
        return (bearer[0], bearer[1], bearer[2], period)

    return place
