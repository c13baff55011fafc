"""`finsync findings`: what was noticed and handled without a person."""

from __future__ import annotations

import json as json_
from typing import Annotated, Literal

import typer

from finsync_tui.cli._context import JsonOption, LimitOption, WorkspaceOption, example, reading
from finsync_tui.cli._output import facts, moment, note, safe, say, say_json, table
from finsync_tui.cli._queries import listed, one

app = typer.Typer(
    name="findings", help="What was noticed and handled without a person.", no_args_is_help=True
)

Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the finding.")]
Class = Annotated[
    str | None,
    typer.Option("--class", metavar="CLASS", help="Only of this class, e.g. THROTTLED.", show_default=False),
]
Severity = Annotated[
    Literal["info", "warn", "block"] | None,
    typer.Option("--severity", help="Only of this severity.", show_default=False),
]
System = Annotated[
    str | None,
    typer.Option("--system", metavar="SYSTEM", help="Only those about this system.", show_default=False),
]
Document = Annotated[
    str | None,
    typer.Option(
        "--document",
        metavar="DOCUMENT",
        help="Only about this number or key of a document.",
        show_default=False,
    ),
]


@app.command(
    "list", epilog=example("finsync findings list --class THROTTLED", "finsync findings list --json")
)
def list_(
    class_: Class = None,
    severity: Severity = None,
    system: System = None,
    document: Document = None,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List findings, the newest first."""
    column = "document_key" if document and ":" in document else "document_number"
    conditions = {"class": class_, "severity": severity, "system": system, column: document}
    with reading(workspace) as db:
        found = listed(db, "v_finding", conditions, "id DESC", limit)
    if json:
        say_json(found.rows)
    elif found.rows:
        say(
            table(
                ["id", "noticed", "severity", "class", "document", "system", "what"],
                [
                    [
                        row["id"],
                        moment(row["noticed_at"]),
                        row["severity"],
                        row["class"],
                        row["document_number"],
                        row["system"],
                        row["message"],
                    ]
                    for row in found.rows
                ],
                right=["id"],
            )
        )
    note(f"{len(found.rows):,} of {found.total:,} findings")


@app.command(epilog=example("finsync findings show 12"))
def show(identifier: Id, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show one finding with what was noted about it."""
    from store.errors import NotFoundError

    with reading(workspace) as db:
        found = one(db, "v_finding", identifier)
    if found is None:
        raise NotFoundError("finding", str(identifier), "`finsync findings list` shows the numbers.")
    if json:
        say_json(found)
        return
    names = ("class", "severity", "system", "document_number", "document_key", "message")
    say(
        facts(
            {
                "finding": found["id"],
                "noticed": moment(found["noticed_at"]),
                **{name.replace("_", " "): found[name] for name in names},
            }
        )
    )
    if found["detail"]:
        lines = json_.dumps(found["detail"], indent=2, ensure_ascii=False).splitlines()
        say("\n" + "\n".join(safe(line) for line in lines))
