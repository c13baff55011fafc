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
from finsync_tui.cli._output import facts, moment, safe, say, say_json, span, table

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
                    _status.reason(row),
                ]
                for row in found
            ],
        )
    )


@app.command(epilog=example("finsync systems show coupa"))
def show(system: System, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show how a system is used: rate limit, breaker, retries, schedules with their next run, drift of its documents."""
    from contextlib import closing

    from finsync_tui import profile, usage
    from store.clock import text
    from store.errors import UnknownNameError
    from store.wording import nearest

    configured = profile.load(workspace_of(workspace))
    if system not in configured.systems:
        raise UnknownNameError("system", system, nearest(system, configured.systems))
    with opened(workspace) as store, closing(store.reader()) as db:
        found = usage.of(db, configured, system)
    limits = found.limits
    assert limits is not None
    heading: dict[str, str | int | None] = {
        "system": system,
        "adapter": limits.adapter,
        "requests_per_second": f"{limits.requests_per_second:g}",
        "connections_max": limits.connections_max,
        "timeout_s": f"{limits.timeout_s:g}",
        "attempts_max": limits.attempts_max,
        "breaker_failures": limits.breaker_failures,
        "breaker_pause_s": int(limits.breaker_pause.total_seconds()),
        "asked_at": text(found.asked.asked_at) if found.asked else None,
        "drift_count": found.drift_count,
    }
    if json:
        schedules = [
            {
                "name": one.name,
                "runs": one.words,
                "entities": list(one.entities),
                "last_at": text(one.last_at) if one.last_at else None,
                "next_at": text(one.next_at) if one.next_at else None,
            }
            for one in found.rhythms
        ]
        drifted = [{"message": one.message, "noticed_at": text(one.noticed_at)} for one in found.drift]
        say_json({**heading, "schedules": schedules, "drift": drifted})
        return
    say(facts({name.replace("_", " "): value for name, value in heading.items()}))
    say()
    say(
        table(
            ["schedule", "runs", "last", "next", "entities"],
            [
                [
                    one.name,
                    one.words,
                    moment(text(one.last_at)) if one.last_at else None,
                    moment(text(one.next_at)) if one.next_at else "at once",
                    ", ".join(one.entities),
                ]
                for one in found.rhythms
            ],
        )
    )
    for one in found.drift:
        say(f"drift {moment(text(one.noticed_at))} {safe(one.message)}")


@app.command("run-now", epilog=example("finsync systems run-now coupa"))
def run_now(system: System, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Ask the running engine to read a system now, by its schedules. Without an engine, `finsync sync` reads it."""
    from finsync_tui import actions

    with opened(workspace) as store:
        actions.ask_read(store, actor(workspace), system)
    _done(system, "to be read by the running engine within seconds", json=json)


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
