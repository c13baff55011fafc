"""From a financial document to lines that balance to the minor unit. Pure.

The document says who owes whom; here that becomes two sides: what charges the company, and what balances it on the
accounts of those who are owed. The document is rounded once; its entries share that sum, the parts of an entry share
the entry's, and the balancing accounts share it too, so that no split loses or makes a minor unit. What the stated
total and the entries still differ by goes to one line that is named for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from finsync_tui.flows.expense import words
from finsync_tui.profile.expense import ExpenseSetup
from store.canonical.currency import exponent
from store.canonical.expense import ExpenseAllocation, ExpenseDocument, ExpenseEntry, ExpenseJournalLine
from store.canonical.money import apportion

Role = Literal[
    "expense", "tax", "non_deductible_tax", "employee", "employee_receivable", "individual_card", "company_card",
    "company_paid", "advance", "advance_returns", "stated", "rounding",
]  # fmt: skip

_COMPANY = "COMP"
_OWED_TO: dict[str, Role] = {
    "EMPL": "employee",
    "IBIP": "employee",  # the employee pays the card, and is paid like for cash
    "IBCP": "individual_card",
    "CBCP": "company_card",
    "COPD": "company_paid",
}


@dataclass(frozen=True, slots=True)
class Account:
    """Where a part goes, before any mapping."""

    role: Role
    code: str = ""
    """As the expense tool writes it: expense, advance and stated lines have one, cards may."""
    cost_centre: str = ""
    """As the expense tool writes it; empty on the balance sheet."""
    expense_type: str = ""
    country: str = ""
    tax_code: str = ""
    reclaim_code: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """An exact amount on an account: positive is a debit."""

    account: Account
    amount: Decimal
    entry_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A whole number of minor units on an account: positive is a debit."""

    account: Account
    amount_minor: int
    entry_id: str | None
    text: str


class PostingError(ValueError):
    """The document names a party that can be owed nothing here. Its totals hold; its meaning is unknown."""

    def __init__(self, text: str, entry_id: str | None = None) -> None:
        super().__init__(text)
        self.entry_id = entry_id


def lines(document: ExpenseDocument, setup: ExpenseSetup) -> list[Line]:
    """Return the lines to be posted; they sum up to nothing. Empty for a document that moves no money."""
    currency = document.currency
    groups: list[list[Part]] = []
    owed: list[Part] = []
    for entry in document.entries:
        charged, balance = _entry_parts(document, entry, setup)
        groups.append(charged)
        owed += balance
    exact = [sum((part.amount for part in group), Decimal(0)) for group in groups]
    total = _whole(sum(exact, Decimal(0)), currency)
    found: list[Line] = []
    for group, whole in zip(groups, _shared(total, exact, currency), strict=True):
        found += _rounded(group, whole, currency)
    found += _rounded(_summed(owed), -total, currency)
    if document.total is not None and document.entries:
        found += _rounding(document.total.amount_minor - total, found)
    found += _settled(document, setup, -sum((part.amount for part in owed if _is_employee(part)), Decimal(0)))
    found += _stated(document)
    return _merged(found)


def owed_to_employee(found: Iterable[Line]) -> int:
    """Return what the employee gets, in minor units; below zero when the employee owes it."""
    return -sum(line.amount_minor for line in found if line.account.role == "employee")


def _entry_parts(
    document: ExpenseDocument, entry: ExpenseEntry, setup: ExpenseSetup
) -> tuple[list[Part], list[Part]]:
    charged: list[Part] = []
    owed: list[Part] = []
    for allocation in entry.allocations:
        for line in allocation.journal:
            charged += _charged(entry, allocation, line, setup)
            owed.append(_owed(document, entry, line, setup))
    return (_without_pairs(charged) if entry.is_personal else charged), owed


def _charged(
    entry: ExpenseEntry, allocation: ExpenseAllocation, line: ExpenseJournalLine, setup: ExpenseSetup
) -> Iterator[Part]:
    taxes = [tax for tax in allocation.taxes if tax.id in line.tax_ids]
    is_split = setup.accounts.non_deductible_tax is not None
    reclaimed = sum((tax.reclaim for tax in taxes), Decimal(0))
    kept = sum((tax.tax - tax.reclaim for tax in taxes), Decimal(0)) if is_split else Decimal(0)
    account = Account(
        "expense",
        code=line.account_code,
        cost_centre=cost_centre(entry, allocation, setup),
        expense_type=entry.type_code,
        country=entry.country or "",
    )
    text = " ".join(filter(None, (entry.type_name or entry.type_code, entry.vendor, entry.description)))
    yield Part(account, line.gross - reclaimed - kept, entry.id, text)
    for tax in taxes:
        place = Account(
            "tax",
            country=tax.country or entry.country or "",
            tax_code=tax.code or "",
            reclaim_code=tax.reclaim_code or "",
        )
        yield Part(place, tax.reclaim, entry.id, f"{tax.authority or 'Tax'} {tax.code or ''}".strip())
    if kept:
        yield Part(
            Account("non_deductible_tax", cost_centre=account.cost_centre),
            kept,
            entry.id,
            "Tax that can't be reclaimed",
        )


def cost_centre(entry: ExpenseEntry, allocation: ExpenseAllocation, setup: ExpenseSetup) -> str:
    """Return the cost centre's code: the allocation's, else the entry's; never the employee's own."""
    return allocation.codes.get(setup.cost_centre_field) or entry.codes.get(setup.cost_centre_field) or ""


def _owed(
    document: ExpenseDocument, entry: ExpenseEntry, line: ExpenseJournalLine, setup: ExpenseSetup
) -> Part:
    """The other side: what the company owes the payee, or gets from the payer."""
    party = line.payee if line.payer == _COMPANY else line.payer
    role = _OWED_TO.get(party)
    if role is None:
        raise PostingError(
            f"{words.label(entry)}: nobody knows who {party!r} is that is owed {line.gross}", entry.id
        )
    if role == "employee" and entry.is_personal and setup.accounts.employee_receivable is not None:
        role = "employee_receivable"
    if role == "employee":
        account = _employee(document)
    else:
        account = Account(role, code="" if role == "employee_receivable" else entry.clearing_account or "")
    return Part(account, -line.gross, None, _OWED_TEXT.get(role, "Card"))


def _employee(document: ExpenseDocument) -> Account:
    """Where payroll pays the employee, its clearing account takes the place of the liability, if the table knows it."""
    return Account("employee", code=document.payroll_account or "")


def _is_employee(part: Part) -> bool:
    return part.account.role == "employee"


_OWED_TEXT: dict[Role, str] = {
    "employee": "Owed to the employee",
    "employee_receivable": "Personal charge",
    "company_paid": "Paid by the company",
}


def _without_pairs(charged: Iterable[Part]) -> list[Part]:
    """Take out what cancels itself on one account: a personal charge needs no account of its own."""
    kept = list(charged)
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for part in kept:
        sums[part.account.role, part.account.code] += part.amount
    return [part for part in kept if sums[part.account.role, part.account.code] != 0]


def _settled(document: ExpenseDocument, setup: ExpenseSetup, owed: Decimal) -> list[Line]:
    """What is settled with an advance reduces what the employee gets; cash that came back reduces the advance.

    The stated return may be among the applications: one that is marked as such, one of just that amount, or what is
    settled beyond what is `owed`. Only what is missing of it is added.
    """
    parts = [
        Part(
            Account("advance", code=one.clearing_account), one.amount, None, f"Cash advance {one.advance_id}"
        )
        for one in document.advances
    ]
    marked = -sum((one.amount for one in document.advances if one.kind == "issued_or_returned"), Decimal(0))
    applied = [-one.amount for one in document.advances if one.kind != "issued_or_returned"]
    rest = (document.returned.amount if document.returned is not None else Decimal(0)) - marked
    among = Decimal(0)
    if rest > 0:
        beyond = sum(applied, Decimal(0)) - max(owed, Decimal(0))
        among = rest if rest in applied else min(rest, max(beyond, Decimal(0)))
    if rest > among:
        code = document.advances[-1].clearing_account if document.advances else ""
        parts.append(Part(Account("advance", code=code), among - rest, None, "Cash advance returned"))
    returned = marked + max(rest, Decimal(0))
    total = sum((part.amount for part in parts), Decimal(0))
    cash = Account("advance_returns") if setup.accounts.advance_returns is not None else _employee(document)
    other = [
        Part(cash, returned, None, "Cash advance returned"),
        Part(_employee(document), -total - returned, None, "Cash advance settled"),
    ]
    whole = _whole(total, document.currency)
    return [*_rounded(parts, whole, document.currency), *_rounded(_summed(other), -whole, document.currency)]


def _stated(document: ExpenseDocument) -> list[Line]:
    """A cash advance states its sides itself, mostly one of them: who is paid, or pays, stands on the other."""
    parts = [
        Part(
            Account("stated", code=one.account_code),
            one.amount if one.side == "debit" else -one.amount,
            None,
            document.title or "Cash advance",
        )
        for one in document.postings
    ]
    if is_one_sided(document):
        for one, part in zip(document.postings, list(parts), strict=True):
            party = one.payee if one.payer == _COMPANY else one.payer
            role = _OWED_TO.get(party or "")
            if role is None:
                raise PostingError(f"nobody knows who {party!r} is that stands against {one.account_code}")
            account = _employee(document) if role == "employee" else Account(role)
            parts.append(Part(account, -part.amount, None, _OWED_TEXT.get(role, "Card")))
    debits = [part for part in parts if part.amount > 0]
    credits = [part for part in parts if part.amount < 0]
    if not debits or not credits:
        return []  # less than a minor unit, on one side by its sign
    total = _whole(sum((part.amount for part in debits), Decimal(0)), document.currency)
    return [*_rounded(debits, total, document.currency), *_rounded(credits, -total, document.currency)]


def is_one_sided(document: ExpenseDocument) -> bool:
    """Say whether a cash advance states debits only, or credits only: the other side follows from who is paid."""
    return len({one.side for one in document.postings if one.amount}) == 1


def _rounding(difference: int, found: Sequence[Line]) -> list[Line]:
    if difference == 0:
        return []
    owed = [line for line in found if line.account.role in _OWED_TO.values() and line.amount_minor]
    other = max(owed, key=lambda line: abs(line.amount_minor)).account if owed else Account("employee")
    return [
        Line(Account("rounding"), difference, None, "Rounding"),
        Line(other, -difference, None, "Rounding"),
    ]


def _rounded(parts: Sequence[Part], total: int, currency: str) -> list[Line]:
    shares = _shared(total, [part.amount for part in parts], currency)
    return [
        Line(part.account, minor, part.entry_id, part.text) for part, minor in zip(parts, shares, strict=True)
    ]


def _shared(total: int, exact: Sequence[Decimal], currency: str) -> list[int]:
    return apportion(total, [one.scaleb(exponent(currency)) for one in exact])


def _summed(parts: Iterable[Part]) -> list[Part]:
    """One part for each account."""
    sums: dict[Account, Part] = {}
    for part in parts:
        before = sums.get(part.account)
        sums[part.account] = replace(before, amount=before.amount + part.amount) if before else part
    return list(sums.values())


def _whole(amount: Decimal, currency: str) -> int:
    return int(amount.scaleb(exponent(currency)).to_integral_value(ROUND_HALF_EVEN))


def _merged(found: Iterable[Line]) -> list[Line]:
    """One line for each expense and tax; one for each account that balances them. Nothing of nothing."""
    kept: list[Line] = []
    sums: dict[Account, Line] = {}
    for line in found:
        if line.account.role in ("expense", "tax", "non_deductible_tax", "stated"):
            kept.append(line)
            continue
        before = sums.get(line.account)
        minor = line.amount_minor + (before.amount_minor if before else 0)
        sums[line.account] = Line(line.account, minor, None, before.text if before else line.text)
    return [line for line in (*kept, *sums.values()) if line.amount_minor]
