"""`finsync systems`: how the outside systems are, and stopping or continuing with one."""

from __future__ import annotations

from typing import Annotated

import typer

from finsync_tui.cli import _status
from finsync_tui.cli._context import (
    JsonOption,
    ReasonOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    workspace_of,
)
from finsync_tui.cli._output import moment, safe, say, say_json, span, table

app = typer.Typer(name="systems", help="How the outside systems are.", no_args_is_help=True)

System = Annotated[str, typer.Argument(metavar="SYSTEM", help="Name of the system, e.g. oracle-emea.")]


@app.command("list", epilog=example("finsync systems list"))
def list_(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the systems with their state."""
    from contextlib import closing

    from finsync_tui import profile

    configured = profile.load(workspace_of(workspace))
    with opened(workspace) as store, closing(store.reader()) as db:
        found = _status.systems(db, configured, store.clock.now())
    if json:
        say_json(found)
        return
    say(
        table(
            ["system", "state", "since", "last ok", "last read", "lag", "tried again", "reason"],
            [
                [
                    row["system"],
                    row["state"],
                    moment(row["changed_at"]),
                    moment(row["last_ok_at"]),
                    moment(row["last_read_at"]),
                    span(row["lag_s"]),
                    moment(row["until"]),
                    row["reason"],
                ]
                for row in found
            ],
        )
    )


@app.command(epilog=example('finsync systems pause oracle-emea --reason "month-end close"'))
def pause(
    system: System, *, reason: ReasonOption, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Stop reading from and writing to a system until it is resumed."""
    from finsync_tui import actions

    with opened(workspace) as store:
        actions.pause_system(store, actor(workspace), system, reason)
    _done(system, "paused", json=json)


@app.command(epilog=example('finsync systems resume oracle-emea --reason "close is done"'))
def resume(
    system: System, *, reason: ReasonOption, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Go on with a system that was paused, parked or held."""
    from finsync_tui import actions

    with opened(workspace) as store:
        actions.resume_system(store, actor(workspace), system, reason)
    _done(system, "resumed", json=json)


def _done(system: str, what: str, *, json: bool) -> None:
    if json:
        say_json({"system": system, "done": what})
    else:
        say(f"{safe(system)} {what}")
