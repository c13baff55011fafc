"""Entries, allocations, taxes and journal lines from a plan: the arithmetic that every view of a report shares.

What a document must satisfy holds by construction: the approved amounts add up to the lines' gross amounts, and each
line is its net amount and its taxes. Percentages make amounts finer than the currency; nothing is rounded here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from adapters.concur.simulator_money import FINEST, HUNDRED, ZERO, check_decimals, shares
from adapters.concur.simulator_plan import EntryPlan, ReportPlan, Split
from adapters.concur.simulator_state import Allocation, Entry, JournalLine, TaxLine
from adapters.concur.simulator_world import World

PAYEES: Final = {
    "cash": "EMPL",
    "individual_card": "IBCP",
    "company_card": "CBCP",
    "company_paid": "COPD",
    "employee_card": "EMPL",
}
"""Whom the company owes. No published document shows the payee of an IBIP expense: the employee has paid it."""
PAYMENT_NAMES: Final = {
    "cash": ("CASH", "Cash"),
    "individual_card": ("IBCP", "Corporate Card, Individual Bill"),
    "company_card": ("CBCP", "Corporate Card, Company Bill"),
    "company_paid": ("COPD", "Company Paid"),
    "employee_card": ("IBIP", "Corporate Card, Individual Bill, Individual Payment"),
}
EXPENSE_NAMES: Final = {
    "AIRFR": "Airfare",
    "BRKFT": "Breakfast",
    "CARRT": "Car Rental",
    "CASHX": "Cash Withdrawal",
    "CELPH": "Mobile Phone",
    "DINNR": "Dinner",
    "DUESX": "Dues",
    "ENTOT": "Entertainment-Other",
    "GASXX": "Fuel",
    "LAUND": "Laundry",
    "LODNG": "Hotel",
    "OFCSP": "Office Supplies",
    "PARKG": "Parking",
    "TAXIX": "Taxi",
    "TOLLS": "Tolls",
    "TRAIN": "Train",
}
_COMPANY_OWES: Final = ("company_card", "company_paid")


def build_entries(world: World, plan: ReportPlan, currency: str, country: str) -> list[Entry]:
    """Return the entries of a report, items of itemized ones after their parents."""
    built: list[Entry] = []
    for one in plan.entries:
        parent = _entry(world, one, currency, country, None)
        built.append(parent)
        for item in one.items:
            child = _entry(world, item, currency, country, one, parent)
            built.append(child)
        if one.items:
            items = built[-len(one.items) :]
            parent.posted = sum((item.posted for item in items), ZERO)
            parent.approved = sum((item.approved for item in items), ZERO)
            parent.transaction_amount = sum((item.transaction_amount for item in items), ZERO)
    if world.settings.offsets_personal:
        _offset(world, built)
    return built


def leaves(entries: Sequence[Entry]) -> list[Entry]:
    """Return what is posted: items instead of the expenses that they itemize."""
    return [one for one in entries if not one.is_itemized]


def is_in_document(entry: Entry) -> bool:
    """Say whether a financial document shows the entry: a private charge on the employee's own card is left out."""
    return not entry.is_itemized and not (entry.is_personal and entry.payment not in _COMPANY_OWES)


def _entry(
    world: World,
    plan: EntryPlan,
    currency: str,
    country: str,
    outer: EntryPlan | None,
    parent: Entry | None = None,
) -> Entry:
    payment = outer.payment if outer else plan.payment
    check_decimals(plan.amount, currency, f"the amount of {plan.expense_type}")
    for tax in plan.taxes:
        check_decimals(tax.amount, currency, "the tax")
    if plan.transaction_currency not in (None, currency) and plan.transaction_amount is None:
        raise ValueError(f"an expense in {plan.transaction_currency} needs its transaction_amount")
    spent = plan.transaction_amount if plan.transaction_amount is not None else plan.amount
    approved = plan.amount if plan.approved_amount is None else plan.approved_amount
    rate = plan.exchange_rate or (
        (plan.amount / spent).quantize(FINEST) if spent and spent != plan.amount else Decimal(1)
    )
    entry = Entry(
        id=plan.entry_id or world.guid("entry"),
        v3_id=world.protected_id("entry"),
        key=world.count("entry key"),
        parent_id=parent.id if parent else None,
        expense_type=plan.expense_type,
        expense_name=plan.expense_name or EXPENSE_NAMES.get(plan.expense_type, plan.expense_type.title()),
        spent_on=plan.spent_on or (parent.spent_on if parent else _yesterday(world)),
        posted=plan.amount,
        approved=ZERO if plan.is_personal else approved,
        transaction_amount=spent,
        transaction_currency=plan.transaction_currency or currency,
        exchange_rate=rate,
        payment=payment,
        is_personal=plan.is_personal,
        is_billable=plan.is_billable,
        is_itemized=bool(plan.items),
        receipt_type=plan.receipt_type,
        clearing_account=plan.clearing_account or (outer.clearing_account if outer else None),
        liability_account=plan.liability_account,
        description=plan.description,
        vendor=plan.vendor or (parent.vendor if parent else None),
        city=plan.city or (parent.city if parent else None),
        country=plan.country or (parent.country if parent else country),
        codes=dict(plan.codes) or (dict(parent.codes) if parent else {}),
        allocations=[],
        modified_at=world.now(),
    )
    if not plan.items:
        entry.allocations = _allocations(world, plan, entry)
    return entry


def _yesterday(world: World) -> date:
    return date.fromordinal(world.today().toordinal() - 1)


def _allocations(world: World, plan: EntryPlan, entry: Entry) -> list[Allocation]:
    splits = plan.splits or (Split(percentage=HUNDRED, codes=plan.codes),)
    percentages = [one.percentage for one in splits]
    if sum(percentages) != HUNDRED:
        raise ValueError(f"the allocations of {plan.expense_type} make {sum(percentages)} %")
    gross = entry.posted if entry.is_personal else entry.approved
    amounts = shares(gross, percentages)
    tax_amounts = [shares(tax.amount, percentages) for tax in plan.taxes]
    reclaims = [shares(tax.reclaim, percentages) for tax in plan.taxes]
    found = []
    for place, split in enumerate(splits):
        taxes = [
            TaxLine(
                guid=world.guid("tax"),
                authority_id=world.named_guid(f"tax authority/{tax.authority}"),
                authority=tax.authority,
                code=tax.code,
                reclaim_code=tax.reclaim_code,
                country=tax.country,
                amount=tax_amounts[position][place],
                reclaim=reclaims[position][place],
            )
            for position, tax in enumerate(plan.taxes)
        ]
        account = plan.account if split.account is None else split.account
        found.append(
            Allocation(
                id=world.guid("allocation"),
                v3_id=world.protected_id("allocation"),
                percentage=split.percentage,
                is_system=not plan.splits,
                account=account,
                codes=dict(split.codes),
                amount=amounts[place],
                lines=_lines(entry, account, amounts[place], taxes),
                taxes=taxes,
            )
        )
    return found


def _lines(entry: Entry, account: str, gross: Decimal, taxes: list[TaxLine]) -> list[JournalLine]:
    payee = PAYEES[entry.payment]
    if entry.is_personal:
        place = entry.clearing_account or account
        return [
            JournalLine(place, "COMP", payee, gross, gross, gross, []),
            JournalLine(place, "EMPL", "COMP", -gross, -gross, -gross, []),
        ]
    net_of_tax = gross - sum((one.amount for one in taxes), ZERO)
    net_of_reclaim = gross - sum((one.reclaim for one in taxes), ZERO)
    sides = ("COMP", payee) if gross >= 0 else (payee, "COMP")
    guids = [one.guid for one in taxes]
    return [JournalLine(account, *sides, gross, net_of_tax, net_of_reclaim, guids)]


def _offset(world: World, entries: Sequence[Entry]) -> None:
    """Let private charges on the employee's own card eat up what cash expenses would bring the employee."""
    left = sum((e.posted for e in entries if e.is_personal and e.payment == "individual_card"), ZERO)
    for entry in entries:
        if entry.payment != "cash" or entry.is_personal or entry.is_itemized:
            continue
        for allocation in entry.allocations:
            line = allocation.lines[0]
            taken = min(left, line.gross)
            if taken <= 0:
                continue
            left -= taken
            if taken == line.gross:
                line.payee = "IBCP"
            else:
                _divide(world, allocation, line, taken)


def _divide(world: World, allocation: Allocation, line: JournalLine, taken: Decimal) -> None:
    """Put `taken` of a line on a line of its own, with its part of each tax."""
    taxes = []
    for tax in allocation.taxes:
        amount = (tax.amount * taken / line.gross).quantize(FINEST)
        reclaim = (tax.reclaim * taken / line.gross).quantize(FINEST)
        tax.amount -= amount
        tax.reclaim -= reclaim
        taxes.append(
            TaxLine(
                world.guid("tax"),
                tax.authority_id,
                tax.authority,
                tax.code,
                tax.reclaim_code,
                tax.country,
                amount,
                reclaim,
            )
        )
    net_of_tax = taken - sum((one.amount for one in taxes), ZERO)
    net_of_reclaim = taken - sum((one.reclaim for one in taxes), ZERO)
    line.gross -= taken
    line.net_of_tax -= net_of_tax
    line.net_of_reclaim -= net_of_reclaim
    guids = [one.guid for one in taxes]
    allocation.lines.append(
        JournalLine(line.account, "COMP", "IBCP", taken, net_of_tax, net_of_reclaim, guids)
    )
    allocation.taxes.extend(taxes)
