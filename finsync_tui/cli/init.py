"""`finsync init`: a new workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, folder
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import note, safe, say, say_json

if TYPE_CHECKING:
    from finsync_tui.profile.starting import Start
    from finsync_tui.settings import Workspace


def register(app: typer.Typer) -> None:
    app.command(
        "init",
        epilog=example(
            "finsync init --workspace ./books --start eu --address coupa=https://example.coupahost.com",
            "finsync init --workspace ./books --profile shared --profile regions/emea",
        ),
    )(init)


def init(
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile", metavar="LAYER", help="Profile layers, later over earlier.", show_default="shared"
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="NAME",
            help="Begin with a copy of this profile, as a layer of your own: eu, uk or us.",
            show_default=False,
        ),
    ] = None,
    address: Annotated[
        list[str] | None,
        typer.Option(
            "--address",
            metavar="SYSTEM=URL",
            help="With --start: where a system is; may be repeated.",
            show_default=False,
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
    from finsync_tui.profile import starting
    from finsync_tui.profile.overlay import layer_folders
    from finsync_tui.settings import create_workspace, too_open
    from store.clock import SystemClock
    from store.database import open_store

    begins, addresses = _begun(start, profile, address)
    layers = starting.LAYERS if begins is not None else tuple(profile or ("shared",))
    planned = _planned(folder(workspace), name, layers, group)
    if begins is None:
        layer_folders(planned)  # says what is wrong before anything is made
    made = create_workspace(folder(workspace), name=name, layers=layers, group=group)
    if begins is not None:
        starting.copy_into(made, begins, addresses)
    open_store(made.store_path, SystemClock(), group=group or None).close()
    if json:
        say_json(
            {
                "workspace": str(made.path),
                "name": made.name,
                "layers": list(made.layers),
                "store": str(made.store_path),
                "start": begins.name if begins is not None else None,
            }
        )
        return
    say(f"made {safe(str(made.path))}")
    if found := too_open(made):
        note(safe(found))
    if begins is not None:
        missing = [one for one in starting.systems_of(begins) if one not in addresses]
        where = f"name the base_url of {', '.join(missing)} in workspace.toml, " if missing else ""
        note(
            f"Next: {where}replace the names and ids in profiles/{starting.LAYER} by yours (docs/connect.md), then "
            "`finsync profile check --strict`."
        )
        return
    note("Next: describe your systems in workspace.toml (docs/connect.md), then `finsync profile check`.")
    if profile is None:
        for one in starting.starts():
            note(f"  or, in an empty folder: finsync init --start {one.name}   {one.about}")


def _begun(
    start: str | None, profile: list[str] | None, address: list[str] | None
) -> tuple[Start | None, dict[str, str]]:
    """Return what to begin with, and where its systems are; say what does not fit together before anything is made."""
    from finsync_tui.profile import starting

    if start is None:
        if address:
            raise UsageError("--address goes with --start. Nothing was made.")
        return None, {}
    if profile:
        raise UsageError("say --start or --profile, not both. Nothing was made.")
    found = starting.find(start)
    addresses: dict[str, str] = {}
    for text in address or ():
        system, sign, url = text.partition("=")
        if not sign or not url or system not in starting.systems_of(found):
            known = ", ".join(starting.systems_of(found))
            raise UsageError(f"{text!r} is not SYSTEM=URL of one of {known}. Nothing was made.")
        addresses[system] = url
    return found, addresses


def _planned(path: Path, name: str, layers: tuple[str, ...], group: str) -> Workspace:
    from finsync_tui.settings import Workspace, wrong_with

    place, problem = wrong_with({"name": name, "layers": list(layers), "group": group})
    if problem:
        raise UsageError(f"{place}: {problem}. Nothing was made.")
    return Workspace(path=path, name=name, layers=layers, group=group)
