"""The documents that a change would touch, as a file for whoever approves it: one row each, the most expensive first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from finsync_tui import impact, policy_impact, sheets
from store.canonical.currency import exponent

HEADER: Final = (
    "document",
    "document_key",
    "state",
    "outcome",
    "before",
    "after",
    "why",
    "amount",
    "currency",
)
ALL: Final = 10_000_000
"""More documents than a store has."""


def of_rules(found: policy_impact.Impact, file: Path) -> int:
    """Write what a change of rules would do; return how many documents that are. Raises SheetError."""
    return _write(
        file,
        (
            (d.document_number, d.document_key, d.state, d.outcome, ", ".join(d.before), ", ".join(d.after), d.cause,
             _amount(d.amount_minor, d.currency), d.currency)
            for d in found.documents
        ),
    )  # fmt: skip


def of_mapping(found: impact.Impact, file: Path) -> int:
    """Write what a change of a mapping table would do to documents on their way. Raises SheetError."""
    return _write(
        file,
        (
            (d.document_number, d.document_key, d.state, d.outcome, _accounts(d.before), _accounts(d.after), d.cause,
             _amount(d.amount_minor, d.currency), d.currency)
            for d in found.documents
        ),
    )  # fmt: skip


def _accounts(by_part: Mapping[str, str]) -> str:
    return ", ".join(dict.fromkeys(by_part.values()))


def _amount(minor: int | None, currency: str | None) -> str | None:
    return None if minor is None or currency is None else f"{Decimal(minor).scaleb(-exponent(currency)):f}"


def _write(file: Path, rows: Iterable[tuple[str | None, ...]]) -> int:
    found = list(rows)
    with sheets.writing(file, HEADER) as write:
        write(found)
    return len(found)
