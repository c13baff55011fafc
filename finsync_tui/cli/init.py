"""`finsync init`: a new workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, folder
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import note, safe, say, say_json

if TYPE_CHECKING:
    from finsync_tui.settings import Workspace


def register(app: typer.Typer) -> None:
    app.command(
        "init", epilog=example("finsync init --workspace ./books --profile shared --profile regions/emea")
    )(init)


def init(
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile", metavar="LAYER", help="Profile layers, later over earlier.", show_default="shared"
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="What the workspace is called; the keyring uses it too."),
    ] = "finsync",
    group: Annotated[
        str,
        typer.Option(
            "--group",
            metavar="GROUP",
            help="Unix group that shares the workspace; without it, only you.",
            show_default=False,
        ),
    ] = "",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Make a workspace: folder, workspace.toml and an empty store. One that is there is never overwritten."""
    from finsync_tui.profile.overlay import layer_folders
    from finsync_tui.settings import create_workspace, too_open
    from store.clock import SystemClock
    from store.database import open_store

    layers = tuple(profile or ("shared",))
    layer_folders(
        _planned(folder(workspace), name, layers, group)
    )  # says what is wrong before anything is made
    made = create_workspace(folder(workspace), name=name, layers=layers, group=group)
    open_store(made.store_path, SystemClock(), group=group or None).close()
    if json:
        say_json(
            {
                "workspace": str(made.path),
                "name": made.name,
                "layers": list(made.layers),
                "store": str(made.store_path),
            }
        )
        return
    say(f"made {safe(str(made.path))}")
    if found := too_open(made):
        note(safe(found))
    note("Next: describe your systems in workspace.toml (docs/connect.md), then `finsync profile check`.")


def _planned(path: Path, name: str, layers: tuple[str, ...], group: str) -> Workspace:
    from finsync_tui.settings import Workspace, wrong_with

    place, problem = wrong_with({"name": name, "layers": list(layers), "group": group})
    if problem:
        raise UsageError(f"{place}: {problem}. Nothing was made.")
    return Workspace(path=path, name=name, layers=layers, group=group)
