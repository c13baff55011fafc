"""`finsync reconcile`: read both sides afresh and say where they differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Final

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    WorkspaceOption,
    actor,
    example,
    reading,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import note, say, say_json, table
from store.wording import counted

if TYPE_CHECKING:
    from store.reconciliations import Run
    from store.unreadable import Unread

UNREAD_SHOWN: Final = 5
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def register(app: typer.Typer) -> None:
    app.command(
        "reconcile",
        epilog=example(
            "finsync reconcile",
            "finsync reconcile invoices --full",
            "finsync reconcile orders --json",
            "finsync reconcile invoices --window 2026-01..2026-03",
        ),
    )(reconcile)


def reconcile(
    scope: Annotated[
        str | None,
        typer.Argument(
            metavar="SCOPE", help="A definition, an entity or a flow; all without it.", show_default=False
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything, not only what changed.")] = False,
    window: Annotated[
        str | None,
        typer.Option(
            "--window",
            metavar="MONTHS",
            help="Only these months: 2026-01, or 2026-01..2026-03.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Read both sides afresh and compare them; ends with 3 when breaks are open, with 1 when a side could not be read."""
    from finsync_tui import headless

    if full and window is not None:
        raise UsageError(
            "--full reads everything and --window some months: name one of them. Nothing was done."
        )
    found = workspace_of(workspace)
    runs = headless.reconcile_now(
        found, scope, is_full=full, periods=_months(window), by=actor(workspace).name
    )
    with reading(workspace) as db:
        from store import breaks, unreadable

        names = sorted({run.definition for run in runs})
        open_count, unread = breaks.count_open(db, names), unreadable.listed(db, names)
    if json:
        say_json(
            {
                "runs": [asdict(run) for run in runs],
                "open": open_count,
                "unreadable": [one._asdict() for one in unread],
            }
        )
    else:
        say(_shown(runs))
        for run in runs:
            if run.error:
                note(f"{run.definition}: {run.error}")
        for sentence in _told(unread):
            note(sentence)
        note(
            f"{open_count:,} breaks are open. `finsync breaks list` shows them."
            if open_count
            else "no break is open"
        )
    if any(run.outcome != "complete" for run in runs):
        raise typer.Exit(1)
    if open_count:
        raise typer.Exit(FOUND_SOMETHING)


def _months(window: str | None) -> tuple[str, str] | None:
    if window is None:
        return None
    first, _, last = window.partition("..")
    last = last or first
    if not (_MONTH.fullmatch(first) and _MONTH.fullmatch(last)) or last < first:
        raise UsageError(
            f"{window!r} is no window. Write a month like 2026-01, or two like 2026-01..2026-03."
        )
    return first, last


def _told(unread: Sequence[Unread]) -> Iterator[str]:
    """Say what can't be read, a sentence for each side."""
    for (definition, system), found in groupby(unread, key=lambda one: (one.definition, one.system)):
        some = list(found)
        ids = ", ".join(one.number or one.external_id for one in some[:UNREAD_SHOWN])
        more = " ..." if len(some) > UNREAD_SHOWN else ""
        yield (
            f"{definition}: {counted(len(some), 'record')} of {system} can't be read ({ids}{more}); what was read of them before counts. "
            "`finsync exceptions list` says why."
        )


def _shown(runs: list[Run]) -> str:
    numbers = ["source rows", "target rows", "compared", "new", "known", "closed"]
    return table(
        ["definition", "source", "target", "mode", "outcome", *numbers],
        [
            [
                run.definition, run.source_system, run.target_system, run.mode, run.outcome, run.source_rows, run.target_rows,
                run.compared, run.opened, run.persisting, run.closed,
            ]
            for run in runs
        ],
        right=numbers,
    )  # fmt: skip
