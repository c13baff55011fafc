"""`finsync commitments`: what is promised, what of it was invoiced, and what that uses of the budgets."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from finsync_tui import budgets as budget_lines
from finsync_tui import commitments as charged
from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, opened, workspace_of
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import grouped, say, say_json, table


def register(app: typer.Typer) -> None:
    app.command(
        "commitments",
        epilog=example(
            "finsync commitments", "finsync commitments --by cost_centre,period --entity DE01 --json"
        ),
    )(commitments)


def commitments(
    by: Annotated[
        str,
        typer.Option(help=f"What to sum by, of {', '.join(charged.DIMENSIONS)}; empty: by company only."),
    ] = "cost_centre",
    entity: Annotated[str | None, typer.Option(help="Only this legal entity, e.g. DE01.")] = None,
    budgets: Annotated[
        str | None,
        typer.Option(
            help="Whose budgets: a system, or extract (the file). Without it those of the file and the ERPs, and of others "
            "what these do not budget."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show open commitments against budgets: open = ordered - invoiced - cancelled, to the minor unit.

    Requested is what approved requisitions promise until an order takes it over in the ERP. Over is what was invoiced beyond
    an order line, which makes open that much lower. Ended is what was invoiced of orders and lines that have ended. Direct is
    what invoices charged without an order. Used is what the budgets bear of requested, ordered, over, ended and direct, in a
    year's row with its quarters and months. Left is the budget less that, or what its source says where that is less.
    """
    from finsync_tui import profile

    names = [name.strip() for name in by.split(",") if name.strip()]
    unknown = [name for name in names if name not in charged.DIMENSIONS]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is nothing to sum by. Known: {', '.join(charged.DIMENSIONS)}.")
    with opened(workspace) as store, closing(store.reader()) as db:
        known = profile.load(workspace_of(workspace))
        lines = budget_lines.known(db, known, store.clock.now().date(), budgets)
        calendars = budget_lines.calendars_of(db, known)
        rows = charged.report(db, names, entity, lines, calendars=calendars)
    if json:
        say_json(rows)
        return
    sums = ["requested", "ordered", "invoiced", "open", "over", "ended", "direct", "budget", "used", "left"]
    say(
        table(
            ["company", *(name.replace("_", " ") for name in names), *sums, "of it", "currency"],
            [
                [
                    row["legal_entity"],
                    *(row[name] for name in names),
                    *(grouped(row[name]) for name in sums),
                    f"{row['used_percent']} %" if row["used_percent"] else None,
                    row["currency"],
                ]
                for row in rows
            ],
            right=[*sums, "of it"],
        )
    )
