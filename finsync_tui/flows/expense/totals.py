"""Do the parts of a financial document add up? Pure. Nothing is posted before they do.

Source: the published documents of SAP Concur's financial integration service, all of which hold within one minor
unit: stated total = sum of the entries = sum of all journal lines; each line = net + its taxes = net + its reclaims.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from finsync_tui.flows.expense import words
from finsync_tui.flows.expense.posting import is_one_sided
from store.canonical.currency import exponent
from store.canonical.expense import ExpenseAllocation, ExpenseDocument, ExpenseEntry, ExpenseJournalLine
from store.canonical.money import DIGITS_MAX, plain

_HUNDRED = Decimal(100)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not add up, in words, and the expense at fault."""

    text: str
    entry_id: str | None = None


def problems(document: ExpenseDocument) -> list[Problem]:
    """Return what does not add up, in words; an empty list lets the document go on."""
    return too_large(document) or [
        *(Problem(text) for text in (*_total(document), *_postings(document))),
        *(Problem(text, entry.id) for entry in document.entries for text in _entry(document, entry)),
    ]


def too_large(document: ExpenseDocument) -> list[Problem]:
    """Return the amounts that no ledger holds: nothing is computed with them."""
    most = Decimal(1).scaleb(DIGITS_MAX - exponent(document.currency))
    found = [
        Problem(f"{words.label(entry)}: {amount:.3E} is no amount", entry.id)
        for entry in document.entries
        for amount in _amounts(entry)
        if abs(amount) >= most
    ]
    stated = [(f"cash advance {one.advance_id}", one.amount) for one in document.advances]
    stated += [(f"posting line {one.account_code}", one.amount) for one in document.postings]
    return found + [
        Problem(f"{where}: {amount:.3E} is no amount") for where, amount in stated if abs(amount) >= most
    ]


def _amounts(entry: ExpenseEntry) -> Iterator[Decimal]:
    yield entry.approved
    for part in entry.allocations:
        for line in part.journal:
            yield from (line.gross, line.net_of_tax, line.net_of_reclaim)
        for tax in part.taxes:
            yield from (tax.tax, tax.reclaim)


def unit(currency: str) -> Decimal:
    """Return one minor unit.

    >>> unit("EUR"), unit("JPY"), unit("KWD")
    (Decimal('0.01'), Decimal('1'), Decimal('0.001'))
    """
    return Decimal(1).scaleb(-exponent(currency))


def gross(entry: ExpenseEntry) -> Decimal:
    """Return what the journal lines of an entry sum up to."""
    return sum((line.gross for one in entry.allocations for line in one.journal), Decimal(0))


def _total(document: ExpenseDocument) -> Iterator[str]:
    if document.total is None or document.kind == "cash_advance":
        return
    if document.total.currency != document.currency:
        yield f"the total is in {document.total.currency}, the document in {document.currency}"
        return
    stated = document.total.amount
    entries = sum((entry.approved for entry in document.entries if not _is_offset(entry)), Decimal(0))
    lines = sum((gross(entry) for entry in document.entries), Decimal(0))
    for what, found in (("the expenses", entries), ("the posting lines", lines)):
        if abs(found - stated) > unit(document.currency):
            yield f"{what} sum up to {plain(found)} {document.currency}, the report says {document.total}"


def _is_offset(entry: ExpenseEntry) -> bool:
    """A personal charge on a company's card: approved for nobody, its two lines cancel."""
    return entry.is_personal and gross(entry) == 0


def _entry(document: ExpenseDocument, entry: ExpenseEntry) -> Iterator[str]:
    tolerance = unit(document.currency)
    name = words.label(entry)
    if not _is_offset(entry) and abs(gross(entry) - entry.approved) > tolerance:
        yield f"{name}: its posting lines sum up to {plain(gross(entry))}, approved are {plain(entry.approved)}"
    shares = [one.percentage for one in entry.allocations if one.percentage is not None]
    if shares and len(shares) == len(entry.allocations) and abs(sum(shares) - _HUNDRED) > Decimal("0.01"):
        yield f"{name}: its parts are {plain(sum(shares, Decimal(0)))} % and should be 100 %"
    for allocation in entry.allocations:
        for line in allocation.journal:
            yield from (f"{name}: {problem}" for problem in _line(allocation, line, tolerance))


def _line(allocation: ExpenseAllocation, line: ExpenseJournalLine, tolerance: Decimal) -> Iterator[str]:
    known = {tax.id: tax for tax in allocation.taxes}
    strangers = [tax_id for tax_id in line.tax_ids if tax_id not in known]
    if strangers:
        yield f"a posting line names tax {strangers[0]}, which its part does not have"
        return
    taxes = [known[tax_id] for tax_id in line.tax_ids]
    tax, reclaim = (sum((getattr(one, name) for one in taxes), Decimal(0)) for name in ("tax", "reclaim"))
    if abs(line.net_of_tax + tax - line.gross) > tolerance:
        yield f"net {plain(line.net_of_tax)} and taxes of {plain(tax)} are not {plain(line.gross)}"
    if abs(line.net_of_reclaim + reclaim - line.gross) > tolerance:
        yield f"net {plain(line.net_of_reclaim)} and reclaims of {plain(reclaim)} are not {plain(line.gross)}"


def _postings(document: ExpenseDocument) -> Iterator[str]:
    """A cash advance states its own debits and credits; when it states one side only, the other follows from it."""
    sums = {"debit": Decimal(0), "credit": Decimal(0)}
    for one in document.postings:
        sums[one.side] += one.amount
    if not is_one_sided(document) and abs(sums["debit"] - sums["credit"]) > unit(document.currency):
        yield f"debits of {plain(sums['debit'])} and credits of {plain(sums['credit'])} do not balance"
    if document.kind != "cash_advance" or document.total is None:
        return
    stated = max(sums.values())
    if abs(stated - document.total.amount) > unit(document.currency):
        yield f"its posting lines sum up to {plain(stated)} {document.currency}, the cash advance is {document.total}"
