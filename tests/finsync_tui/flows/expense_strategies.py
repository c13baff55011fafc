"""Arbitrary financial documents that add up, for properties of what is posted for them."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from hypothesis import strategies as st

from store.canonical.currency import exponent
from store.canonical.expense import (
    AdvanceApplication,
    ExpenseAllocation,
    ExpenseDocument,
    ExpenseEntry,
    ExpenseJournalLine,
    ExpenseTax,
)
from store.canonical.money import Money

CURRENCIES = ("EUR", "JPY", "KWD")
"""With two, no and three decimals."""
DEEP = 4
"""So many decimals more than the currency has."""
PLACES = Decimal("1e-8")
PARTIES = {
    "EMPL": "cash",
    "IBIP": "individual_card",
    "IBCP": "individual_card",
    "CBCP": "company_card",
    "COPD": "company_paid",
}
ACCOUNTS = ("6640", "6641")

currencies = st.sampled_from(CURRENCIES)


def amounts(currency: str, *, is_deep: bool = False) -> st.SearchStrategy[Decimal]:
    """Return amounts of either sign; deep ones have decimals below the minor unit."""
    places = exponent(currency) + (DEEP if is_deep else 0)
    return st.integers(-(10**9), 10**9).map(lambda units: Decimal(units).scaleb(-places))


@st.composite
def shares(draw: st.DrawFn, count: int) -> list[Decimal]:
    """Return percentages with eight decimals that make up a hundred."""
    weights = draw(st.lists(st.integers(1, 1000), min_size=count, max_size=count))
    parts = [(Decimal(100 * one) / sum(weights)).quantize(PLACES) for one in weights]
    return [*parts[:-1], 100 - sum(parts[:-1], Decimal(0))]


@st.composite
def taxes_of(draw: st.DrawFn, gross: Decimal) -> tuple[ExpenseTax, ...]:
    """Return taxes within a gross amount, of which any part can be reclaimed."""
    found = []
    for number in range(draw(st.integers(0, 3))):
        tax = (gross * draw(st.integers(0, 20)) / 100).quantize(PLACES)
        reclaim = (tax * draw(st.sampled_from((0, 50, 33, 100))) / 100).quantize(PLACES)
        found.append(ExpenseTax(id=f"T{number}", reclaim_code="VA", country="DE", tax=tax, reclaim=reclaim))
    return tuple(found)


def journal_line(
    party: str, account: str, gross: Decimal, taxes: tuple[ExpenseTax, ...]
) -> ExpenseJournalLine:
    """Return a line as the expense tool writes it: a credit names who pays it back as the payer."""
    is_credit = gross < 0
    return ExpenseJournalLine(
        account_code=account,
        payer=party if is_credit else "COMP",
        payee="COMP" if is_credit else party,
        gross=gross,
        net_of_tax=gross - sum((tax.tax for tax in taxes), Decimal(0)),
        net_of_reclaim=gross - sum((tax.reclaim for tax in taxes), Decimal(0)),
        tax_ids=tuple(tax.id for tax in taxes),
    )


@st.composite
def expenses(draw: st.DrawFn, currency: str, entry_id: str, *, is_deep: bool) -> ExpenseEntry:
    """Return a business expense, split over cost centres, with taxes; an untaxed part may go to two payees."""
    party = draw(st.sampled_from(tuple(PARTIES)))
    approved = draw(amounts(currency, is_deep=is_deep))
    count = draw(st.integers(1, 4))
    percentages = draw(shares(count))
    rest = approved
    parts = []
    for number, percentage in enumerate(percentages):
        gross = rest if number == count - 1 else _part(approved, percentage, currency, is_deep=is_deep)
        rest -= gross
        taxes = draw(taxes_of(gross)) if is_deep else ()
        account = draw(st.sampled_from(ACCOUNTS))
        lines = [journal_line(party, account, gross, taxes)]
        if not taxes and draw(st.booleans()):
            other = _part(gross, Decimal(40), currency, is_deep=is_deep)
            lines = [
                journal_line(party, account, gross - other, ()),
                journal_line("IBCP", account, other, ()),
            ]
        parts.append(
            ExpenseAllocation(
                id=f"{entry_id}.{number}",
                percentage=percentage,
                journal=tuple(lines),
                taxes=taxes,
                codes={"custom1": draw(st.sampled_from(("420", "430")))},
            )
        )
    return ExpenseEntry(
        id=entry_id, type_code="LODNG", country="DE", approved=approved, paid_by=PARTIES[party], allocations=tuple(parts)
    )  # type: ignore[arg-type]  # fmt: skip


def _part(whole: Decimal, percentage: Decimal, currency: str, *, is_deep: bool) -> Decimal:
    step = PLACES if is_deep else Decimal(1).scaleb(-exponent(currency))
    return (whole * percentage / 100).quantize(step)


@st.composite
def personal_charges(draw: st.DrawFn, currency: str, entry_id: str) -> ExpenseEntry:
    """Return a private purchase on a card of the company: a pair that cancels, maybe without any account."""
    amount = abs(draw(amounts(currency)))
    account = draw(st.sampled_from(("199999", "")))
    party = draw(st.sampled_from(("CBCP", "COPD")))
    lines = (
        ExpenseJournalLine(
            account_code=account, payer="COMP", payee=party, gross=amount, net_of_tax=amount, net_of_reclaim=amount
        ),
        ExpenseJournalLine(
            account_code=account, payer="EMPL", payee="COMP", gross=-amount, net_of_tax=-amount, net_of_reclaim=-amount
        ),
    )  # fmt: skip
    return ExpenseEntry(
        id=entry_id,
        type_code="ENTOT",
        approved=Decimal(0),
        paid_by="company_card",
        is_personal=True,
        allocations=(ExpenseAllocation(id=f"{entry_id}#1", journal=lines),),
    )


@st.composite
def reports(draw: st.DrawFn, *, is_deep: bool | None = None, has_advances: bool = True) -> ExpenseDocument:
    """Return a report that adds up within the minor unit that its stated total leaves open, if it states one."""
    deep = draw(st.booleans()) if is_deep is None else is_deep
    currency = draw(currencies)
    entries: list[ExpenseEntry] = []
    for number in range(draw(st.integers(1, 4))):
        is_personal = draw(st.integers(0, 4)) == 0
        entry = (
            draw(personal_charges(currency, f"E{number}"))
            if is_personal
            else draw(expenses(currency, f"E{number}", is_deep=deep))
        )
        entries.append(entry)
    fields: dict[str, Any] = {}
    if has_advances:
        fields["advances"] = tuple(draw(st.lists(advances(currency), max_size=3)))
        if fields["advances"]:
            back = st.none() | amounts(currency).map(lambda amount: Money.of(abs(amount), currency))
            fields["returned"] = draw(back)
    exact = sum((entry.approved for entry in entries), Decimal(0))
    return ExpenseDocument(
        number="R-1",
        kind="report",
        status="ready",
        report_id="R1",
        ledger="DEFAULT",
        employee_id="E-100",
        approver_id="E-200",
        currency=currency,
        total=draw(st.none() | st.sampled_from(_within_a_unit(exact, currency)))
        if deep
        else Money.of(exact, currency),
        entries=tuple(entries),
        **fields,
    )


def _within_a_unit(exact: Decimal, currency: str) -> tuple[Money, ...]:
    """Return every amount of whole minor units that lies at most one from `exact`."""
    scaled = exact.scaleb(exponent(currency))
    near = int(scaled.to_integral_value(ROUND_HALF_EVEN))
    fitting = [minor for minor in (near - 1, near, near + 1) if abs(minor - scaled) <= 1]
    return tuple(Money(amount_minor=minor, currency=currency) for minor in fitting)


def advances(currency: str) -> st.SearchStrategy[AdvanceApplication]:
    return st.builds(
        AdvanceApplication,
        advance_id=st.just("CA1"),
        kind=st.sampled_from(("issued_or_returned", "applied", "carried_forward")),
        amount=amounts(currency).map(lambda amount: -abs(amount)),
        clearing_account=st.just("CADV"),
    )
