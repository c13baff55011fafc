"""`finsync report`: what the store holds, written for a spreadsheet or another program."""

from __future__ import annotations

import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from finsync_tui.cli._context import JsonOption, WorkspaceOption, actor, example, opened, workspace_of
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import note, say, say_json, table


def register(app: typer.Typer) -> None:
    app.command(
        "report",
        epilog=example(
            "finsync report",
            "finsync report breaks --format xlsx --output breaks.xlsx",
            "finsync report exceptions --format pdf --output exceptions.pdf",
            "finsync report accruals --entity DE01 --period Mar-26 --format csv",
            "finsync report delivery-log --from 2026-03-01 --to 2026-03-31 --format xlsx --output march.xlsx",
        ),
    )(report)


def report(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which report; without it they are listed.")
    ] = None,
    format_: Annotated[
        Literal["csv", "json", "xlsx", "pdf", "html"], typer.Option("--format", help="How it is written.")
    ] = "csv",
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where to; without it, stdout.", show_default=False),
    ] = None,
    entity: Annotated[str, typer.Option("--entity", metavar="LE", help="Only this legal entity.")] = "",
    period: Annotated[
        str,
        typer.Option(
            "--period", metavar="P", help="Only this period of the legal entity, or a month as 2026-03."
        ),
    ] = "",
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="Only from this day on, UTC.",
            show_default=False,
        ),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option(
            "--to",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="Only up to this day; without it, today.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write a report, or list the reports. What comes from outside is never a formula, and steers no terminal."""
    from finsync_tui import profile, reports

    if name is None:
        _list(json=json)
        return
    found = reports.find(name)
    format_ = "json" if json else format_
    if format_ in ("xlsx", "pdf") and output is None:
        raise UsageError(f"{format_} goes to a file: name it with --output. Nothing was written.")
    if output is not None and output.suffix.lower() != f".{format_}":
        raise UsageError(
            f"{output} does not end in .{format_}: name the file so, or choose another --format. Nothing was written."
        )
    of = workspace_of(workspace)
    with opened(workspace) as store, tempfile.TemporaryDirectory() as folder:
        whole = reports.Question(
            store.db, profile.load(of), store.clock.now(), asked_by=actor(workspace).name, workspace=of.name
        )
        question = reports.narrowed(
            found,
            whole,
            legal_entity=entity,
            period=period,
            first=first.date() if first else None,
            last=last.date() if last else None,
        )
        path = output or Path(folder) / f"report.{format_}"
        count = reports.write(found, question, path, replaces=force)
        if output is None:
            with path.open(encoding="utf-8") as file:
                sys.stdout.writelines(file)
    note(f"{count:,} rows written" + (f" to {output}" if output else ""))


def _list(*, json: bool) -> None:
    from finsync_tui import reports

    rows = [
        {
            "name": one.name,
            "title": one.title,
            "about": one.about,
            "is_of_period": one.is_of_period,
            "narrowed_by": list(one.narrowed_by),
        }
        for one in reports.REPORTS
    ]
    if json:
        say_json(rows)
        return
    say(
        table(
            ["name", "what", "can be of"],
            [[one.name, one.about, reports.can_be_of(one)] for one in reports.REPORTS],
        )
    )
