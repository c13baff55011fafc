"""Rows to CSV or JSON. A CSV cell is never a formula, whatever a supplier calls itself."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TextIO

from finsync_tui import veil
from finsync_tui.cli._errors import UsageError
from finsync_tui.sheets import formula_safe
from store.files import write_private

COLUMNS = (
    "id", "class", "state", "due_at", "document_number", "document_key", "amount", "currency", "legal_entity",
    "system", "flow", "step", "owner", "cause", "fix", "opened_at", "snoozed_until", "seen_count", "ended_at",
    "ended_by", "resolution",
)  # fmt: skip


_WORDS = frozenset(("cause", "fix", "message"))
"""Sentences that may quote a login. A file goes where nobody asks who reads it: there they do not."""
_OTHER_FORMATS = frozenset((".csv", ".json", ".xlsx", ".xls", ".ods", ".pdf", ".html"))


def write(
    target: TextIO,
    rows: Sequence[dict[str, Any]],
    format_: Literal["csv", "json"],
    columns: Sequence[str] = COLUMNS,
) -> None:
    """Write the public columns of exceptions, or of what else is listed."""
    rows = [
        {name: veil.of_text(row[name]) if name in _WORDS and row[name] else row[name] for name in columns}
        for row in rows
    ]
    if format_ == "json":
        chosen = rows
        target.write(json.dumps(chosen, indent=2) + "\n")
        return
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([formula_safe(row[name]) for name in columns] for row in rows)


def write_file(
    path: Path,
    rows: Sequence[dict[str, Any]],
    format_: Literal["csv", "json"],
    *,
    replaces: bool,
    columns: Sequence[str] = COLUMNS,
) -> None:
    """Write a file that only its owner can read. One that is there stays, unless it is to be replaced.

    Raises UsageError when the name promises another format than what would be in it.
    """
    if path.suffix.lower() in _OTHER_FORMATS and path.suffix.lower() != f".{format_}":
        raise UsageError(
            f"{path} is named as a {path.suffix[1:]} file, and {format_} would be in it. Nothing was written. "
            "Name it otherwise, or write a workbook with `finsync report NAME --format xlsx --output FILE`."
        )
    text = io.StringIO()
    write(text, rows, format_, columns)
    write_private(path, text.getvalue().encode(), replaces=replaces)
