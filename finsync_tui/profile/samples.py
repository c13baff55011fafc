"""Sample documents of a profile: which account each has to be charged to, read from the layers' `samples/accounts.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from finsync_tui.profile.overlay import layer_folders
from finsync_tui.settings import SettingsFileError, Workspace

FILE: Final = Path("samples") / "accounts.csv"
DELIMITER: Final = "-"
_NEEDED: Final = ("company", "account", "on")
ROWS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One account as documents show it, and what it has to become."""

    file: Path
    line: int
    company: str
    account: str
    on: date
    expects: str
    """The combination in the ERP; empty: any that there are rules for."""
    given: dict[str, str] = field(default_factory=dict)
    """What rules may ask for beside the value: category, currency and so on."""


def samples(workspace: Workspace) -> Iterator[Sample]:
    """Yield the samples of all layers, in their order. Raises SettingsFileError where a file can't be read."""
    for folder in layer_folders(workspace):
        path = folder / FILE
        if path.is_file():
            yield from _read(path)


def _read(path: Path) -> Iterator[Sample]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsFileError(
            path, "samples", f"it can't be read: {error}", "Save it as CSV in UTF-8."
        ) from error
    table = csv.DictReader(lines)
    missing = [name for name in _NEEDED if name not in (table.fieldnames or ())]
    if missing:
        raise SettingsFileError(
            path,
            "samples",
            f"it has no column {missing[0]!r}",
            f"Columns: {', '.join(_NEEDED)}, and expects if you like.",
        )
    for number, row in enumerate(table, 2):
        if number > ROWS_MAX:
            raise SettingsFileError(
                path, "samples", f"it has more than {ROWS_MAX} rows", "Take a sample of them."
            )
        try:
            on = date.fromisoformat((row["on"] or "").strip())
        except ValueError:
            raise SettingsFileError(
                path, "samples", f"line {number}: {row['on']!r} is no day", "Write it as 2026-05-31."
            ) from None
        named = {*_NEEDED, "expects", None}
        given = {
            name: value.strip()
            for name, value in row.items()
            if name not in named and value and value.strip()
        }
        yield Sample(
            path, number, (row["company"] or "").strip(), (row["account"] or "").strip(), on,
            (row.get("expects") or "").strip(), given,
        )  # fmt: skip
