"""`finsync store`: the workspace's file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    reading,
    workspace_of,
)
from finsync_tui.cli._output import facts, note, safe, say, say_json, table
from store.errors import FileInTheWayError, NotAllowedError

app = typer.Typer(name="store", help="The workspace's file.", no_args_is_help=True)


@app.command(epilog=example("finsync store info"))
def info(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Say what the file holds: size, migrations, rows by table."""
    from store import backup

    with reading(workspace) as db:
        found = backup.info(db)
    if json:
        say_json(found)
        return
    flat = {name: value for name, value in found.items() if not isinstance(value, dict | list)}
    say(facts({name.replace("_", " "): value for name, value in flat.items()}))
    for name, value in found.items():
        if isinstance(value, dict):
            say(f"\n{name.replace('_', ' ')}")
            say(table(["name", "value"], [[key, str(each)] for key, each in value.items()]))
        elif isinstance(value, list):
            say(f"\n{name.replace('_', ' ')}")
            say("\n".join(safe(str(each)) for each in value))


@app.command(epilog=example("finsync store check"))
def check(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Check the file: pages, references, audit chain, orphans; ends with 3 when something is wrong."""
    from store import backup

    problems = backup.check(workspace_of(workspace).store_path)
    if json:
        say_json([asdict(problem) for problem in problems])
    for problem in [] if json else problems:
        say(safe(" ".join(str(value) for value in asdict(problem).values())))
    note(f"{len(problems)} problem{'s' * (len(problems) != 1)}" if problems else "the file is sound")
    if problems:
        raise typer.Exit(FOUND_SOMETHING)


@app.command(epilog=example("finsync store backup finsync-2026-01-31.db"))
def backup(
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where the copy goes; it must not be there yet.")
    ],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Copy the file while the engine works; the copy is whole and checked."""
    from store import backup as store_backup

    if target.exists():
        raise FileInTheWayError(str(target))
    with opened(workspace) as store:
        store_backup.backup(store, target)
    if json:
        say_json({"backup": str(target), "bytes": target.stat().st_size})
    else:
        say(f"{safe(str(target))}  {target.stat().st_size:,} bytes")


@app.command(epilog=example("finsync store create"))
def create(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Begin anew with an empty store where the workspace's file is gone or empty; one that holds anything is left alone.

    The next engine reads everything again, and looks for what it made before in each system before it makes anything.
    """
    from store import audit, open_store
    from store.clock import SystemClock

    found = workspace_of(workspace)
    path = found.store_path
    if path.exists() and path.stat().st_size:
        raise NotAllowedError(
            f"{path} holds a store. Nothing was changed. Move it away first, if you mean to begin anew."
        )
    clock = SystemClock()
    with open_store(path, clock, group=found.group or None) as store, store.transaction() as db:
        what = audit.Entry(who=actor(workspace).name, what="store.created", subject=path.name, source="cli")
        audit.record(db, [what], clock.now())
    if json:
        say_json({"store": str(path)})
        return
    say(f"made {safe(str(path))}")
    note(
        "the next `finsync run` reads everything again and looks for what is in each system before it makes anything"
    )


@app.command(epilog=example("finsync store migrate"))
def migrate(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Bring the file to this version's schema (opening it does so too; this only does it now)."""
    from store import backup

    with reading(workspace) as db:
        found = backup.info(db)
    if json:
        say_json({"migrations": found["migrations"]})
    else:
        say("up to date: " + ", ".join(map(str, found["migrations"])))
