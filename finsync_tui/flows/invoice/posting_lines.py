"""From an approved invoice to the lines that the ERP shall hold. They come to its total whatever is split.

Lines of an order name the ERP's order, which knows their accounts; all others name theirs. Tax that comes back has an
account of its own; what does not goes with the cost it was charged on, and so does freight that no account is named for.
Tax that the buyer declares is owed to no supplier: what does not come back of it, and use tax, is charged to the cost and, in a
line of the same size, to the account of tax that is owed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finsync_tui.flows.invoice import subject, taxing
from finsync_tui.flows.steps import Context
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine

LOST_TAX = "Tax that does not come back"
OWED_TAX = "Tax that the buyer declares"


def made(context: Context, invoice: Invoice) -> Iterator[InvoiceLine]:
    """Yield the lines, numbered anew; each names the line that it comes from."""
    for n, line in enumerate(_lines(context, invoice), 1):
        yield line.model_copy(update={"number": str(n)})


def _lines(context: Context, invoice: Invoice) -> Iterator[InvoiceLine]:
    accounts: dict[str, str] = context.data["accounts"]
    for line in invoice.lines:
        base: dict[str, Any] = {
            "number": line.number, "description": line.description, "reference": line.number,
            "tax_code": taxing.self_assessed(context, line) if line.kind != "tax" else None,
        }  # fmt: skip
        if line.kind == "item" and line.order_number:
            yield InvoiceLine(
                amount=line.amount, quantity=line.quantity, unit_price=line.unit_price, uom=line.uom,
                order_number=context.data["orders"][line.order_number]["number"], order_line=line.order_line, **base,
            )  # fmt: skip
        elif line.kind == "tax":
            yield from _tax(context, invoice, line)
        elif line.distributions:
            for part in line.distributions:
                account = accounts[f"{line.number}/{part.number}"]
                yield InvoiceLine(kind=line.kind, amount=part.amount, account=account, **base)
        elif f"freight/{line.number}" in accounts:
            account = accounts[f"freight/{line.number}"]
            yield InvoiceLine(kind=line.kind, amount=line.amount, account=account, **base)
        else:
            shape = InvoiceLine(
                kind=line.kind, amount=line.amount, **{**base, "description": line.description or "Freight"}
            )
            yield from _spread(context, invoice, shape)
    for line, lost in taxing.owed(context):
        shape = InvoiceLine(
            number=line.number, kind="other", amount=lost, description=LOST_TAX, reference=line.number
        )
        yield from _spread(context, invoice, shape, of=line.number)
        account = accounts[f"owed/{line.number}"]
        yield shape.model_copy(update={"amount": -lost, "description": OWED_TAX, "account": account})


def _tax(context: Context, invoice: Invoice, line: InvoiceLine) -> Iterator[InvoiceLine]:
    back, lost = taxing.recovery(context, line)
    shape = InvoiceLine(
        number=line.number,
        kind="tax",
        amount=back,
        description=line.description or "Tax",
        tax_code=line.tax_code,
        reference=line.number,
    )
    if back.amount_minor:
        yield shape.model_copy(update={"account": context.data["accounts"][f"tax/{line.number}"]})
    for of, share in lost:
        changes = {"amount": share, "description": LOST_TAX, "tax_code": None}
        yield from _spread(context, invoice, shape.model_copy(update=changes), of=of)


def _spread(
    context: Context, invoice: Invoice, line: InvoiceLine, *, of: str | None = None
) -> Iterator[InvoiceLine]:
    """Charge a line where the items are charged, in proportion to them: all, or where one line is."""
    parts = [
        (account, size)
        for item in invoice.lines
        if (item.kind == "item" if of is None else item.kind != "tax" and item.number == of)
        for account, size in _borne(context, item)
    ]
    if not parts and of is not None:  # the line it is about goes with the items
        yield from _spread(context, invoice, line)
        return
    shares = line.amount.split([abs(size) for _, size in parts]) if any(size for _, size in parts) else ()
    if parts and not shares:
        shares = line.amount.split([1] * len(parts))
    sums: dict[str, Money] = {}
    for (account, _), share in zip(parts, shares, strict=True):
        sums[account] = sums[account] + share if account in sums else share
    for account, share in sums.items():
        if share.amount_minor:
            yield line.model_copy(update={"amount": share, "account": account})


def _borne(context: Context, line: InvoiceLine) -> Iterator[tuple[str, int]]:
    """Which accounts bear an item, and how much of it: its own, or those of its order."""
    if not line.order_number:
        own = context.data["accounts"].get(f"freight/{line.number}")
        if own is not None:
            yield own, line.amount.amount_minor
            return
        for part in line.distributions:
            yield context.data["accounts"][f"{line.number}/{part.number}"], part.amount.amount_minor
        return
    commitment = subject.commitment(context, context.data["orders"][line.order_number]["key"])
    found = commitment.lines if commitment is not None else ()
    ordered = next((one for one in found if one.number == line.order_line), None)
    if ordered is not None and ordered.distributions:
        shares = line.amount.share([d.amount.amount_minor for d in ordered.distributions])
        for d, share in zip(ordered.distributions, shares, strict=True):
            yield d.charge_account, share.amount_minor
