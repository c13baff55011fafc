"""`finsync adapters`: which systems can be connected, and whether the connected ones answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._context import FOUND_SOMETHING, JsonOption, WorkspaceOption, example, workspace_of
from finsync_tui.cli._output import say, say_json, table

if TYPE_CHECKING:
    from finsync_tui.settings import Workspace

app = typer.Typer(
    name="adapters", help="Which systems can be connected, and whether they answer.", no_args_is_help=True
)


@app.command("list", epilog=example("finsync adapters list"))
def list_(json: JsonOption = False) -> None:
    """List the installed adapters and what each can read and write."""
    import adapters

    manifests = [adapters.manifest(name) for name in adapters.names()]
    if json:
        say_json([manifest.model_dump(mode="json") for manifest in manifests])
        return
    lines = []
    for manifest in manifests:
        reads = [c.entity for c in manifest.capabilities if "read" in c.directions]
        writes = [operation for c in manifest.capabilities for operation in c.operations]
        lines.append([manifest.name, manifest.title, ", ".join(reads), ", ".join(writes)])
    say(table(["adapter", "system", "reads", "writes"], lines))


@app.command(epilog=example("finsync adapters check", "finsync adapters check oracle-emea"))
def check(
    system: Annotated[
        str | None, typer.Argument(metavar="SYSTEM", help="Only this system.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Ask each connected system for a sign of life; ends with 3 when one does not answer as it should."""
    if not all(tell_health(workspace_of(workspace), system, json=json).values()):
        raise typer.Exit(FOUND_SOMETHING)


def tell_health(workspace: Workspace, system: str | None, *, json: bool) -> dict[str, bool]:
    """Print what the systems answer; return which of them are well."""
    from finsync_tui import headless

    found = headless.check_systems(workspace, [system] if system else ())
    if json:
        say_json([{"system": name, **asdict(health)} for name, health in found.items()])
    else:
        say(
            table(
                ["system", "state", "ms", "message"],
                [
                    [name, "ok" if health.is_ok else "not ok", _whole(health.latency_ms), health.message]
                    for name, health in found.items()
                ],
                right=["ms"],
            )
        )
    return {name: health.is_ok for name, health in found.items()}


def _whole(latency_ms: float | None) -> int | None:
    return None if latency_ms is None else round(latency_ms)
