"""On which accounts, and in which period? What matches an order is charged where the order is; the rest is coded here.

Recoverable tax goes to the account that the mapping table `tax_account` has for `COUNTRY/TAX CODE`; tax that does not come
back goes with the cost it was charged on: where the buyer declares it, against the account that `owed_tax_account` has.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from finsync_tui.flows import accounts, books, deriving, given
from finsync_tui.flows.accounts import Resolved, Unresolved
from finsync_tui.flows.invoice import subject, taxing
from finsync_tui.flows.steps import Answer, Context, Done
from finsync_tui.mapping import Table
from store.canonical.money import total
from store.canonical.payables import Invoice, InvoiceLine

TAX_TABLE = "tax_account"
OWED_TABLE = "owed_tax_account"


def resolve_accounts(context: Context) -> Answer:
    """Resolve what no order decides: lines without one, recoverable tax, freight."""
    invoice = subject.invoice(context)
    on = date.fromisoformat(context.data["accounting_on"])
    resolved: dict[str, str] = {}
    bearers: dict[str, dict[str, str]] = {}
    rules: list[dict[str, object]] = []
    ruled: dict[str, None] = {}
    for key, found in needed(context, invoice, on):
        wrong = (
            found
            if isinstance(found, Unresolved)
            else accounts.refusal(context.db, subject.target(context), found, on)
        )
        if wrong is not None or isinstance(found, Unresolved):
            assert wrong is not None
            place = subject.source(context) if isinstance(found, Unresolved) else subject.target(context)
            return subject.stop(context, wrong.class_, wrong.cause, wrong.fix, place, wrong.evidence)
        resolved[key] = found.charge_account
        bearers[found.charge_account] = dict(found.parts)
        rules += [one for one in map(accounts.told, found.matches) if one not in rules]
        ruled.update(dict.fromkeys(found.ruled))
    context.data.update(accounts=resolved, bearers=bearers, decided_by=context.facts.versions)
    by_policy = {accounts.BY_POLICY: list(ruled)} if ruled else {}
    return Done({"accounts": resolved, "rules": rules, **by_policy})


def needed(context: Context, invoice: Invoice, on: date) -> Iterator[tuple[str, Resolved | Unresolved]]:
    """Yield the account of each part that no order decides, by its name; whether the ERP would take it is another question."""
    has_items = any(line.kind == "item" for line in invoice.lines)
    freight = subject.setup(context).freight_account
    for line in invoice.lines:
        if line.kind == "tax":
            back, lost = taxing.recovery(context, line)
            if back.amount_minor:
                yield f"tax/{line.number}", _tax(context, invoice, line.tax_code, on, TAX_TABLE)
            if lost and not has_items:
                yield f"tax/{line.number}", _nowhere(line)
        elif line.kind == "item" and line.order_number:
            continue
        elif line.distributions:
            yield from _own(context, line, on)
        elif line.kind == "item":
            yield f"item/{line.number}", _nowhere(line)
        elif freight is not None:
            yield f"freight/{line.number}", balance(context, freight, on)
        elif not has_items:
            yield f"freight/{line.number}", _nowhere(line)
    for line, _ in taxing.owed(context):
        code = taxing.code_of(context, line)
        yield f"owed/{line.number}", _tax(context, invoice, code, on, OWED_TABLE)


def _own(context: Context, line: InvoiceLine, on: date) -> Iterator[tuple[str, Resolved | Unresolved]]:
    parts = total((part.amount for part in line.distributions), line.amount.currency)
    if parts != line.amount:
        yield f"item/{line.number}", Unresolved(
            "TOTALS_DIFFER", f"line {line.number} is over {line.amount}, and its accounts bear {parts}",
            "Correct the accounts of the line in the procurement system, then retry.", {"line": line.number},
        )  # fmt: skip
        return
    derive = deriving.of(context, on)
    for part in line.distributions:
        yield (
            f"{line.number}/{part.number}",
            accounts.combination(
                subject.company(context),
                context.facts.tables,
                part.segments,
                shown=part.account,
                scope=str(context.data["legal_entity"]),
                on=on,
                given=given.of_line(given.of_invoice(subject.invoice(context)), line.category),
                derive=derive,
            ),
        )


def _nowhere(line: InvoiceLine) -> Unresolved:
    return Unresolved(
        "ACCOUNT_MISSING", f"nothing says which account bears line {line.number} ({line.description or line.kind})",
        "Give the line an account, or an order, in the procurement system, then retry.", {"line": line.number},
    )  # fmt: skip


def _tax(context: Context, invoice: Invoice, code: str | None, on: date, name: str) -> Resolved | Unresolved:
    key = f"{invoice.ship_to_country or '*'}/{code or '*'}"
    table = context.facts.tables.get(name)
    scope = str(context.data["legal_entity"])
    known = given.of_invoice(invoice)
    match = table.find(key, scope=scope, on=on, given=known) if table is not None else None
    if match is None:
        return accounts.missing_rule(table or Table(name, 0, ()), key, scope, f"tax {key}", known)
    found = balance(context, match.target, on)
    return (
        found
        if isinstance(found, Unresolved)
        else Resolved(found.charge_account, found.parts, (match, *found.matches), found.ruled)
    )


def balance(context: Context, natural: str, on: date) -> Resolved | Unresolved:
    """A combination of the balance sheet: the company as its documents are coded, its own cost centre, this account."""
    setup = subject.setup(context)
    first = next((d.segments for line in subject.invoice(context).lines for d in line.distributions), ())
    return accounts.combination(
        subject.company(context),
        context.facts.tables,
        (first[0] if first else "", setup.balance_cost_centre, natural),
        shown=natural,
        scope=str(context.data["legal_entity"]),
        on=on,
        fixed={setup.account_segment: natural},
        given=given.of_invoice(subject.invoice(context)),
        derive=deriving.of(context, on),
    )


def check_period(context: Context) -> Answer:
    """Is the accounting period open, as far as the ERP's calendar is known?"""
    setup, target = subject.company(context), subject.target(context)
    on = date.fromisoformat(context.data["accounting_on"])
    period = books.period(context.db, target, setup.ledger, on, subledger="payables")
    if period is None:
        return Done({"period": "not known; the ERP decides"})
    if not period.is_open:
        return subject.stop(
            context, "PERIOD_CLOSED", f"{on.isoformat()} lies in {period.name}, which is closed in {setup.ledger}",
            f"Open {period.name} in {target}, or retry in the next period: it is then booked on that day.",
            target, {"period": period.name},
        )  # fmt: skip
    context.data["period"] = period.name
    return Done({"period": period.name})
