"""From a financial document to lines that balance to the minor unit. Pure.

The document says who owes whom; here that becomes two sides. Every entry makes a group of parts that charge the
company and a group that balances them; each group is rounded as a whole, so that no split loses or makes a minor
unit. What the stated total and the entries still differ by goes to one line that is named for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal

from finsync_tui.profile.expense import ExpenseSetup
from store.canonical.expense import ExpenseAllocation, ExpenseDocument, ExpenseEntry, ExpenseJournalLine
from store.canonical.money import exponent

Role = Literal[
    "expense", "tax", "non_deductible_tax", "employee", "employee_receivable", "individual_card", "company_card",
    "company_paid", "advance", "advance_returns", "stated", "rounding",
]  # fmt: skip

_COMPANY = "COMP"
_OWED_TO: dict[str, Role] = {
    "EMPL": "employee",
    "IBCP": "individual_card",
    "IBIP": "individual_card",
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


def lines(document: ExpenseDocument, setup: ExpenseSetup) -> list[Line]:
    """Return the lines to be posted; they sum up to nothing. Empty for a document that moves no money."""
    found: list[Line] = []
    rounded_total = 0
    for entry in document.entries:
        charged, owed = _entry_parts(entry, setup)
        total = _whole(sum((part.amount for part in charged), Decimal(0)), document.currency)
        rounded_total += total
        found += _rounded(charged, total, document.currency)
        found += _rounded(owed, -total, document.currency)
    if document.total is not None and document.entries:
        found += _rounding(document.total.amount_minor - rounded_total, found)
    for pair in _advances(document, setup):
        total = _whole(pair[0].amount, document.currency)
        found += [
            *_rounded(pair[:1], total, document.currency),
            *_rounded(pair[1:], -total, document.currency),
        ]
    found += _stated(document)
    return _merged(found)


def apportion(total: int, exact: Sequence[Decimal]) -> list[int]:
    """Round parts so that they sum up to `total`: each down, then one unit more where most was cut off.

    >>> apportion(10, [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")])
    [4, 3, 3]
    >>> apportion(-1, [Decimal("-0.5"), Decimal("-0.5")])
    [0, -1]
    """
    if not exact:
        return []
    parts = [int(one.to_integral_value(ROUND_FLOOR)) for one in exact]
    by_cut = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    whole, rest = divmod(total - sum(parts), len(parts))
    for i in by_cut[:rest]:
        parts[i] += 1
    return [part + whole for part in parts]


def _entry_parts(entry: ExpenseEntry, setup: ExpenseSetup) -> tuple[list[Part], list[Part]]:
    charged: list[Part] = []
    owed: list[Part] = []
    for allocation in entry.allocations:
        for line in allocation.journal:
            charged += _charged(entry, allocation, line, setup)
            owed.append(_owed(entry, line, setup))
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
            "tax", country=tax.country or entry.country or "", tax_code=tax.reclaim_code or tax.code or ""
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


def _owed(entry: ExpenseEntry, line: ExpenseJournalLine, setup: ExpenseSetup) -> Part:
    """The other side: what the company owes the payee, or gets from the payer."""
    party = line.payee if line.payer == _COMPANY else line.payer
    role = _OWED_TO.get(party)
    if role is None:
        raise PostingError(f"expense {entry.id}: nobody knows who {party!r} is that is owed {line.gross}")
    if role == "employee" and entry.is_personal and setup.accounts.employee_receivable is not None:
        role = "employee_receivable"
    is_card = role in ("individual_card", "company_card", "company_paid")
    code = (entry.clearing_account or "") if is_card else ""
    return Part(Account(role, code=code), -line.gross, entry.id, _OWED_TEXT.get(role, "Card"))


_OWED_TEXT: dict[Role, str] = {
    "employee": "Owed to the employee",
    "employee_receivable": "Personal charge",
    "company_paid": "Paid by the company",
}


def _without_pairs(charged: Iterable[Part]) -> list[Part]:
    """Take out what cancels itself on one account: a personal charge needs no account of its own."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    kept = list(charged)
    for part in kept:
        sums[part.account.code] += part.amount
    return [part for part in kept if sums[part.account.code] != 0]


def _advances(document: ExpenseDocument, setup: ExpenseSetup) -> Iterator[list[Part]]:
    """What is settled with an advance reduces what the employee gets; cash that came back reduces the advance."""
    returned = Decimal(0)
    returns_role: Role = "advance_returns" if setup.accounts.advance_returns is not None else "employee"
    code = ""
    for one in document.advances:
        code = one.clearing_account or code
        is_return = one.kind == "issued_or_returned"
        returned += abs(one.amount) if is_return else Decimal(0)
        yield [
            Part(
                Account("advance", code=one.clearing_account),
                -abs(one.amount),
                None,
                f"Cash advance {one.advance_id}",
            ),
            Part(
                Account(returns_role if is_return else "employee"),
                abs(one.amount),
                None,
                "Cash advance settled",
            ),
        ]
    # The stated return may be one of the applications already: only what is missing is added.
    missing = (document.returned.amount if document.returned else Decimal(0)) - returned
    if missing > 0:
        yield [
            Part(Account("advance", code=code), -missing, None, "Cash advance returned"),
            Part(Account(returns_role), missing, None, "Cash advance returned"),
        ]


def _stated(document: ExpenseDocument) -> list[Line]:
    """A cash advance states its sides itself; both are rounded to the same sum."""
    found: list[Line] = []
    for side, sign in (("debit", 1), ("credit", -1)):
        parts = [
            Part(Account("stated", code=one.account_code), sign * one.amount, None, document.title)
            for one in document.postings
            if one.side == side
        ]
        exact = sum((one.amount for one in document.postings if one.side == "debit"), Decimal(0))
        found += _rounded(parts, sign * _whole(exact, document.currency), document.currency)
    return found


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
    scale = exponent(currency)
    whole = apportion(total, [part.amount.scaleb(scale) for part in parts])
    return [
        Line(part.account, minor, part.entry_id, part.text) for part, minor in zip(parts, whole, strict=True)
    ]


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
