"""`finsync mapping`: proposing, deciding, files, and what a change would do."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finsync_tui.cli._context import (
    JsonOption,
    ReasonOption,
    WorkspaceOption,
    actor,
    example,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._mapping import (
    Conditions,
    Days,
    Scope,
    TableName,
    ValidFrom,
    ValidTo,
    Where,
    changing,
    conditions_of,
    decide,
    edited,
    emergency_json,
    looking,
    standing_of,
)
from finsync_tui.cli._output import note, say, say_json
from finsync_tui.cli.mapping import app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finsync_tui.actions.mappings import Proposed
    from finsync_tui.mapping import MappingRow

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FROM=TO", help="This value means that one; may be repeated.", show_default=False
    ),
]
Removes = Annotated[
    list[str] | None,
    typer.Option(
        "--remove", metavar="FROM", help="No rule for this value; may be repeated.", show_default=False
    ),
]
Priority = Annotated[int, typer.Option("--priority", metavar="N", help="Higher wins among rules that fit.")]
Starts = Annotated[
    datetime | None,
    typer.Option(
        "--starts", formats=["%Y-%m-%d"], metavar="DATE", show_default=False,
        help="From this day on: what it takes away ends the day before, what it adds begins then.",
    ),
]  # fmt: skip
ProposalId = Annotated[int, typer.Argument(metavar="ID", help="Number of the proposal.")]


def _tell(done: Proposed, *, json: bool) -> None:
    remarks = [{"row": r.row, "severity": r.severity, "message": r.message} for r in done.remarks]
    if json:
        say_json(
            {"proposal": done.proposal, "table": done.table, "version": done.version, "remarks": remarks,
             "emergency": emergency_json(done.emergency)}
        )  # fmt: skip
        return
    for remark in done.remarks:
        note(f"row {remark.row}: {remark.message}")
    say(
        f"proposal {done.proposal} waits for a second person: finsync mapping approve {done.proposal}"
        if done.version is None
        else f"{done.table} is in force as version {done.version}"
        if done.emergency is None
        else f"{done.table} is {done.emergency.words}"
    )


@app.command(
    epilog=example(
        'finsync mapping propose cost_centre --set CC410=410 --scope DE01 --reason "opened in January"',
        "finsync mapping propose cost_centre --rebase 12",
        'finsync mapping propose cost_centre --set CC410=410 --reason "month end, all orders stuck" --emergency',
    )
)
def propose(
    name: TableName,
    sets: Sets = None,
    removes: Removes = None,
    scope: Scope = "",
    wheres: Conditions = None,
    priority: Priority = 0,
    valid_from: ValidFrom = None,
    valid_to: ValidTo = None,
    starts: Starts = None,
    version: Annotated[
        int | None,
        typer.Option(
            "--version", metavar="N", help="Go back to the rows of this version.", show_default=False
        ),
    ] = None,
    is_profile: Annotated[
        bool, typer.Option("--from-profile", help="Take what the profile's own table says now.")
    ] = False,
    rebase: Annotated[
        int | None,
        typer.Option(
            "--rebase", metavar="ID", help="Make this proposal anew on what is in force.", show_default=False
        ),
    ] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help="With --rebase: where both changed a value, the proposal wins.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the audit log.")
    ] = "",
    emergency: Annotated[
        bool,
        typer.Option(
            "--emergency",
            help="In force at once; somebody else has to approve it afterwards, or it is undone.",
        ),
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Propose a change of a table; where one person is enough, it is in force at once."""
    from finsync_tui import actions

    ways = [bool(sets or removes), version is not None, is_profile, rebase is not None]
    if sum(ways) != 1:
        raise UsageError(
            "say what to change: --set and --remove, or --version, or --from-profile, or --rebase. Nothing was done."
        )
    who = actor(workspace)
    with changing(workspace) as (store, profile):
        signer = actions.signer_of(workspace_of(workspace), profile, who, "mapping.proposed")
        layer_version = replaces = None
        rows: Sequence[MappingRow]
        base: int | None
        if rebase is not None:
            anew = actions.rebased(store, profile, who, rebase, mine=mine)
            rows, base, replaces, reason = anew.rows, anew.base_version, rebase, reason or anew.reason
            if anew.table != name:
                raise UsageError(f"proposal {rebase} is about {anew.table}, not {name}. Nothing was done.")
        elif is_profile:
            own = actions.from_profile(store, profile, who, name)
            rows, base, layer_version = own.rows, own.base_version, own.layer_version
            for where, value in own.conflicts:
                note(
                    f"{value} ({where or 'every scope'}) stays as it is in force: the profile says something else"
                )
        else:
            rows, base = _rows(
                workspace,
                name,
                sets,
                removes,
                scope,
                priority,
                (valid_from, valid_to),
                version,
                conditions_of(wheres),
            )
        done = actions.propose_mapping(
            store, profile, who, name, rows, reason, signer=signer, base_version=base, layer_version=layer_version,
            starts_on=starts.date() if starts else None, replaces=replaces, emergency=emergency,
        )  # fmt: skip
    _tell(done, json=json)


def _rows(
    workspace: Path | None,
    name: str,
    sets: Sequence[str] | None,
    removes: Sequence[str] | None,
    scope: str,
    priority: int,
    days: Days,
    version: int | None,
    where: Where = (),
) -> tuple[Sequence[MappingRow], int | None]:
    from finsync_tui.mapping import standing
    from finsync_tui.mapping.history import rows_at
    from store.errors import NotFoundError

    with looking(workspace) as desk:
        current = standing(desk.db, desk.profile, name)
        if version is None:
            known = current.rows if current is not None else ()
            base = current.version if current is not None and current.version else None
            return edited(known, sets or [], removes or [], scope, priority, days, where), base
        found = rows_at(desk.db, name, version)
    if found is None:
        raise NotFoundError(
            f"version of {name}", str(version), f"`finsync mapping history {name}` shows them."
        )
    return found, None


@app.command("import", epilog=example('finsync mapping import cost_centre new.csv --reason "chart of 2027"'))
def import_(
    name: TableName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, or XLSX where its extra is installed.")],
    reason: ReasonOption,
    starts: Starts = None,
    base: Annotated[
        int | None,
        typer.Option(
            "--base", metavar="N", help="The version the file was exported from.", show_default="in force"
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Propose a file's rows in place of a whole table."""
    from finsync_tui import actions
    from finsync_tui.mapping import files

    rows = files.read(file)
    who = actor(workspace)
    with changing(workspace) as (store, profile):
        done = actions.propose_mapping(
            store, profile, who, name, rows, reason, signer=actions.signer_of(workspace_of(workspace), profile, who, "mapping.proposed"), base_version=base,
            starts_on=starts.date() if starts else None,
        )  # fmt: skip
    _tell(done, json=json)


@app.command(epilog=example("finsync mapping export cost_centre --format xlsx --output cost_centre.xlsx"))
def export(
    name: TableName,
    format_: Annotated[Literal["csv", "xlsx"], typer.Option("--format", help="How it is written.")] = "csv",
    version: Annotated[
        int | None, typer.Option("--version", metavar="N", help="This version.", show_default="in force")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where to; without it, stdout.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a table to a file that `finsync mapping import`, a profile and a spreadsheet read."""
    from finsync_tui.mapping import files
    from finsync_tui.mapping.history import rows_at
    from store.errors import NotFoundError

    if output is None and format_ == "xlsx":
        raise UsageError("a workbook is no text: name a file with --output. Nothing was written.")
    with looking(workspace) as desk:
        found = standing_of(desk, name)
        rows = found.rows if version is None else rows_at(desk.db, name, version)
    if rows is None:
        raise NotFoundError(
            f"version of {name}", str(version), f"`finsync mapping history {name}` shows them."
        )
    if output is None:
        typer.echo(files.csv_text(rows), nl=False)
    else:
        files.write(output, name, rows, is_workbook=format_ == "xlsx", replaces=force)
    which = version if version is not None else found.version
    note(f"{len(rows):,} rows written" + (f", version {which}" if which else ""))


@app.command(epilog=example("finsync mapping approve 12"))
def approve(
    identifier: ProposalId,
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="What is noted with it.")] = "",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Put somebody else's change into force, signed with your key."""
    from finsync_tui import actions, people
    from finsync_tui.credentials import Secrets

    who = actor(workspace)
    found = workspace_of(workspace)
    people.require(who.name, who.roles, "mapping.approved")
    with changing(workspace) as (store, profile):
        done = actions.approve_mapping(
            store,
            profile,
            who,
            identifier,
            people.signer(Secrets(found.name, found.path, found.secrets_dir), who.name),
            comment,
        )
    if json:
        say_json({"proposal": done.proposal, "table": done.table, "version": done.version})
    else:
        say(
            f"{done.table} is in force as version {done.version}; what it solves goes on with the engine's next cycle"
        )


@app.command(epilog=example('finsync mapping reject 12 --reason "410 closes in March"'))
def reject(
    identifier: ProposalId, reason: ReasonOption, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Say no to a change; it stays with what was said."""
    from finsync_tui import actions

    decide(actions.reject_mapping, "rejected", identifier, reason, workspace, json)


@app.command(epilog=example('finsync mapping withdraw 12 --reason "wrong table"'))
def withdraw(
    identifier: ProposalId, reason: ReasonOption, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Take back a change of your own."""
    from finsync_tui import actions

    decide(actions.withdraw_mapping, "withdrawn", identifier, reason, workspace, json)
