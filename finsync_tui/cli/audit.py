"""`finsync audit`: who did what, and the proof that nobody changed it since."""

from __future__ import annotations

from typing import Annotated

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    LimitOption,
    WorkspaceOption,
    example,
    reading,
)
from finsync_tui.cli._output import moment, note, say, say_json, table
from finsync_tui.cli._queries import listed

app = typer.Typer(name="audit", help="Who did what, and that nobody changed it since.", no_args_is_help=True)


@app.command(epilog=example("finsync audit verify"))
def verify(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Check every link of the audit chain; ends with 3 when one does not hold."""
    from store import audit

    with reading(workspace) as db:
        found = audit.verify(db)
    if json:
        say_json(
            {
                "is_intact": found.is_intact,
                "count": found.count,
                "first_bad_seq": found.first_bad_seq,
                "reason": found.reason,
                "head": found.head.hex() if isinstance(found.head, bytes) else found.head,
            }
        )
    elif found.is_intact:
        say(f"intact: {found.count:,} entries")
    else:
        say(f"BROKEN at entry {found.first_bad_seq}: {found.reason}")
        note("Keep this file as it is and compare it with a backup made before.")
    if not found.is_intact:
        raise typer.Exit(FOUND_SOMETHING)


@app.command(epilog=example("finsync audit log --subject coupa:100234"))
def log(
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", metavar="SUBJECT", help="Only about this, e.g. a document's key.", show_default=False
        ),
    ] = None,
    who: Annotated[
        str | None,
        typer.Option("--who", metavar="PERSON", help="Only by this person or part.", show_default=False),
    ] = None,
    what: Annotated[
        str | None, typer.Option("--what", metavar="ACT", help="Only this kind of act.", show_default=False)
    ] = None,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List audit entries, the newest first."""
    from json import loads

    with reading(workspace) as db:
        found = listed(db, "v_audit", {"subject": subject, "who": who, "what": what}, "seq DESC", limit)
    if json:
        say_json([{**row, "body": loads(row["body"])} for row in found.rows])
    elif found.rows:
        say(
            table(
                ["seq", "at", "who", "what", "subject", "why"],
                [
                    [r["seq"], moment(r["at"]), r["who"], r["what"], r["subject"], r["why"]]
                    for r in found.rows
                ],
                right=["seq"],
            )
        )
    note(f"{len(found.rows):,} of {found.total:,} entries")
