"""`finsync profile`: the company's configuration."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated

import typer

from finsync_tui.cli._context import FOUND_SOMETHING, JsonOption, WorkspaceOption, example, workspace_of
from finsync_tui.cli._output import note, safe, say, say_json, table

app = typer.Typer(name="profile", help="The company's configuration.", no_args_is_help=True)


@app.command(epilog=example("finsync profile check"))
def check(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Check the configuration without any network; ends with 3 when something must be corrected."""
    from finsync_tui import profile

    problems = profile.check(workspace_of(workspace))
    if json:
        say_json([asdict(problem) for problem in problems])
    elif problems:
        rows = [[p.place, p.message, p.remedy, f"{p.file}:{p.line}" if p.line else p.file] for p in problems]
        say(table(["place", "problem", "remedy", "file"], rows))
    note(f"{len(problems)} problem{'s' * (len(problems) != 1)}" if problems else "the profile is fine")
    if problems:
        raise typer.Exit(FOUND_SOMETHING)


@app.command(epilog=example("finsync profile show --json", "finsync profile show systems"))
def show(
    part: Annotated[
        str | None, typer.Argument(metavar="PART", help="Only this part, e.g. systems.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the configuration as the layers make it together."""
    import tomlkit

    from finsync_tui import profile
    from store.errors import NotFoundError

    found = profile.load(workspace_of(workspace)).model_dump(mode="json", by_alias=True, exclude_none=True)
    for connection in found[
        "systems"
    ].values():  # `profile check` refuses it; until then it is not shown around
        connection["base_url"] = re.sub(r"(?<=//)[^/@]*@", "***@", connection["base_url"])
    if part is not None:
        if part not in found:
            raise NotFoundError("part of the profile", part, f"Known: {', '.join(found)}.")
        found = {part: found[part]}
    if json:
        say_json(found)
        return
    if part is None:
        found["mappings"] = {name: f"{len(rows)} rows" for name, rows in found["mappings"].items()}
    say("\n".join(safe(line) for line in tomlkit.dumps(found).splitlines()))
