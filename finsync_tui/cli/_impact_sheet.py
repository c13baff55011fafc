"""The option that writes an impact to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finsync_tui.cli._output import note

ExportOption = Annotated[
    Path | None,
    typer.Option(
        "--export",
        metavar="FILE",
        help="Write every document that would change to this file (.csv, .xlsx, .jsonl).",
        show_default=False,
    ),
]


def written(count: int, file: Path) -> None:
    """Say how many documents are in the file."""
    note(f"{count:,} documents were written to {file}")
