"""The documents that a change would touch, as a file for whoever approves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._output import note
from finsync_tui.cli._queries import amount

if TYPE_CHECKING:
    from finsync_tui import impact, policy_impact

HEADER = ("document", "document_key", "state", "outcome", "before", "after", "why", "amount", "currency")
ALL = 10_000_000
"""More documents than a store has."""
ExportOption = Annotated[
    Path | None,
    typer.Option(
        "--export",
        metavar="FILE",
        help="Write every document that would change to this file (.csv, .xlsx, .jsonl).",
        show_default=False,
    ),
]


def of_rules(found: policy_impact.Impact, file: Path) -> None:
    """Write what a change of rules would do."""
    _write(
        file,
        (
            (d.document_number, d.document_key, d.state, d.outcome, ", ".join(d.before), ", ".join(d.after), d.cause,
             amount(d.amount_minor, d.currency), d.currency)
            for d in found.documents
        ),
    )  # fmt: skip


def of_mapping(found: impact.Impact, file: Path) -> None:
    """Write what a change of a mapping table would do."""
    _write(
        file,
        (
            (d.document_number, d.document_key, d.state, d.outcome, _accounts(d.before), _accounts(d.after), d.cause,
             amount(d.amount_minor, d.currency), d.currency)
            for d in found.documents
        ),
    )  # fmt: skip


def _accounts(by_part: Mapping[str, str]) -> str:
    return ", ".join(dict.fromkeys(by_part.values()))


def _write(file: Path, rows: Iterable[Sequence[str | int | None]]) -> None:
    from finsync_tui import sheets

    found = list(rows)
    with sheets.writing(file, HEADER) as write:
        write(found)
    note(f"{len(found):,} documents were written to {file}")
