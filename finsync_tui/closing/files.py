"""An accrual proposal as a file: CSV, XLSX or JSON. No cell is ever a formula, whatever a supplier calls itself.

With the debits stand the credits on the accruals account, one a currency, so that a file balances as it is booked; its
reversal is the same lines with the sides exchanged, on the day that each names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from finsync_tui.closing.proposal import Proposal
from finsync_tui.mapping.files import ExtraMissingError
from store.canonical.money import Money, plain
from store.columns import encode

COLUMNS: Final = (
    "legal_entity", "ledger", "period", "accrue_on", "reverse_on", "number", "side", "charge_account", "cost_centre",
    "account", "project", "amount", "currency", "description", "kind", "document_number", "document_key", "line", "party",
    "source_account", "is_bookable", "doubt",
)  # fmt: skip
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_WIDTH: Final = 18
_CONTROLS: Final = dict.fromkeys([*range(32), *range(127, 160), 0x2028, 0x2029], " ")


def rows(proposal: Proposal) -> Iterator[dict[str, str]]:
    """Yield the proposal's lines with their other side, as text."""
    base = {"legal_entity": proposal.legal_entity, "ledger": proposal.ledger, "period": proposal.period}
    for number, line in enumerate(proposal.lines, 1):
        yield {
            **base,
            "accrue_on": line.accrue_on.isoformat(),
            "reverse_on": line.reverse_on.isoformat(),
            "number": str(number),
            "side": "debit" if line.amount.amount_minor > 0 else "credit",
            "charge_account": line.charge_account or "",
            "cost_centre": line.cost_centre or "",
            "account": line.account or "",
            "project": line.project or "",
            "amount": _size(line.amount),
            "currency": line.amount.currency,
            "description": _one_line(line.text),
            "kind": line.kind,
            "document_number": _one_line(line.document_number),
            "document_key": line.document_key,
            "line": line.line,
            "party": _one_line(line.party),
            "source_account": _one_line(line.source_account),
            "is_bookable": "yes" if line.is_bookable else "no",
            "doubt": line.doubt,
        }
    if not proposal.lines:
        return
    first = proposal.lines[0]
    for number, (currency, minor) in enumerate(proposal.totals().items(), len(proposal.lines) + 1):
        if not minor:
            continue
        yield {
            **dict.fromkeys(COLUMNS, ""),
            **base,
            "accrue_on": first.accrue_on.isoformat(),
            "reverse_on": first.reverse_on.isoformat(),
            "number": str(number),
            "side": "credit" if minor > 0 else "debit",
            "charge_account": proposal.offset_account or "",
            "amount": _size(Money(amount_minor=minor, currency=currency)),
            "currency": currency,
            "description": f"accruals {proposal.legal_entity} {proposal.period}",
            "kind": "offset",
            "is_bookable": "yes" if proposal.offset_account else "no",
        }


def _size(amount: Money) -> str:
    return f"{abs(amount.amount):f}"


def csv_bytes(proposal: Proposal) -> bytes:
    """Return the proposal as CSV that a spreadsheet opens without running anything."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_safe(row[name]) for name in COLUMNS] for row in rows(proposal))
    return text.getvalue().encode()


def xlsx_bytes(proposal: Proposal) -> bytes:
    """Return the proposal as a workbook of one sheet. Every cell is text: no code loses its zeros."""
    try:
        import xlsxwriter
    except ImportError:
        raise ExtraMissingError("writing XLSX", "xlsx") from None
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("accruals")
        cell = book.add_format({"num_format": "@"})
        heading = book.add_format({"bold": True, "num_format": "@"})
        sheet.set_column(0, len(COLUMNS) - 1, _WIDTH, cell)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name, heading)
        for number, row in enumerate(rows(proposal), 1):
            for column, name in enumerate(COLUMNS):
                if row[name]:
                    sheet.write_string(number, column, row[name], cell)
    return target.getvalue()


def to_json(proposal: Proposal) -> dict[str, Any]:
    """Return the proposal as JSON values: amounts as decimal text."""
    return {
        "legal_entity": proposal.legal_entity,
        "ledger": proposal.ledger,
        "period": proposal.period,
        "offset_account": proposal.offset_account,
        "skipped": proposal.skipped,
        "totals": _amounts(proposal.totals()),
        "not_bookable": _amounts(proposal.totals(is_bookable=False)),
        "lines": list(rows(proposal)),
    }


def json_bytes(proposal: Proposal) -> bytes:
    return encode(to_json(proposal)) + b"\n"


def _amounts(totals: dict[str, int]) -> dict[str, str]:
    return {
        currency: plain(Money(amount_minor=minor, currency=currency).amount)
        for currency, minor in totals.items()
    }


def _one_line(text: str) -> str:
    """Return text from outside without what could steer a terminal or break a line."""
    return text.translate(_CONTROLS)


def _safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
