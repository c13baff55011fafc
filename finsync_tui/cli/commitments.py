"""`finsync commitments`: what is promised, what of it was invoiced, and what that uses of the budgets."""

from __future__ import annotations

from typing import Annotated

import typer

from finsync_tui.cli import _commitments
from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, reading
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
        typer.Option(
            help=f"What to sum by, of {', '.join(_commitments.DIMENSIONS)}; empty: by company only."
        ),
    ] = "cost_centre",
    entity: Annotated[str | None, typer.Option(help="Only this legal entity, e.g. DE01.")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show open commitments against budgets: open = ordered - invoiced - cancelled, to the minor unit.

    Requested is what approved requisitions promise until an order takes it over in the ERP. Over is what was invoiced beyond
    an order line, which makes open that much lower. Left is the budget less what is requested and ordered, or what its source
    says where that is less. Invoices without an order promise nothing: only the budgets' source knows them.
    """

    names = [name.strip() for name in by.split(",") if name.strip()]
    unknown = [name for name in names if name not in _commitments.DIMENSIONS]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is nothing to sum by. Known: {', '.join(_commitments.DIMENSIONS)}.")
    with reading(workspace) as db:
        rows = _commitments.report(db, names, entity)
    if json:
        say_json(rows)
        return
    sums = ["requested", "ordered", "invoiced", "open", "over", "budget", "left"]
    say(
        table(
            ["company", *(name.replace("_", " ") for name in names), *sums, "used", "currency"],
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
            right=[*sums, "used"],
        )
    )
