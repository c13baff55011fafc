"""`finsync profile`: the company's configuration."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from finsync_tui.cli._context import FOUND_SOMETHING, JsonOption, WorkspaceOption, example, workspace_of
from finsync_tui.cli._output import note, safe, say, say_json, table

BRIEF_MAX = 60

app = typer.Typer(name="profile", help="The company's configuration.", no_args_is_help=True)


@app.command(epilog=example("finsync profile check", "finsync profile check --strict --json"))
def check(
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="For a pipeline: also mapping tables and their samples, rules without a case, owners, duties that belong apart.",
        ),
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Check the configuration without any network; ends with 3 when something must be corrected."""
    from finsync_tui import profile

    found = workspace_of(workspace)
    problems = profile.check(found)
    if strict and not problems:
        from finsync_tui.strict_check import strict_problems

        problems = list(strict_problems(found, profile.load(found)))
    if json:
        say_json([asdict(problem) for problem in problems])
    elif problems:
        rows = [[p.place, p.message, p.remedy, f"{p.file}:{p.line}" if p.line else p.file] for p in problems]
        say(table(["place", "problem", "remedy", "file"], rows))
    note(f"{len(problems)} problem{'s' * (len(problems) != 1)}" if problems else "the profile is fine")
    if problems:
        raise typer.Exit(FOUND_SOMETHING)


@app.command(
    epilog=example(
        "finsync profile show --json", "finsync profile show systems", "finsync profile show policy --explain"
    )
)
def show(
    part: Annotated[
        str | None, typer.Argument(metavar="PART", help="Only this part, e.g. systems.", show_default=False)
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say of each setting which file and line it comes from.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the configuration as the layers make it together."""
    if explain:
        _explain(part, workspace, json)
        return
    import tomlkit

    from finsync_tui import profile
    from finsync_tui.profile.origins import without_credentials
    from store.errors import NotFoundError

    found = profile.load(workspace_of(workspace)).model_dump(mode="json", by_alias=True, exclude_none=True)
    for connection in found["systems"].values():
        connection["base_url"] = without_credentials(connection["base_url"])
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


def _explain(part: str | None, workspace: Path | None, json: bool) -> None:
    from finsync_tui.profile.origins import origins
    from store.errors import NotFoundError

    found = origins(workspace_of(workspace), part)
    if part is not None and not found:
        raise NotFoundError(
            "setting", part, "No layer says it: it has its default (`finsync profile show` shows that)."
        )
    rows = [
        {
            "place": one.place,
            "value": one.value,
            "file": str(one.file) if one.file is not None else None,
            "line": one.line,
        }
        for one in found
    ]
    if json:
        say_json(rows)
        return
    shown = [
        [one.place, brief(one.value), f"{one.file}:{one.line}" if one.line else str(one.file)]
        for one in found
    ]
    say(table(["setting", "value", "from"], shown))


@app.command(epilog=example("finsync profile owners", "finsync profile owners --json"))
def owners(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List who answers for each flow, system, contract, mapping table and policy, and who has those roles."""
    from finsync_tui import profile
    from finsync_tui.profile.owners_check import everything

    found = profile.load(workspace_of(workspace))
    holders: dict[str, list[str]] = {}
    for name, person in sorted(found.people.items()):
        for role in person.answers_for:
            holders.setdefault(role, []).append(name)
    rows: list[dict[str, Any]] = [
        {
            "kind": one.kind,
            "name": one.name,
            "owner": one.owner or None,
            "owner_people": holders.get(one.owner, []),
            "deputy": one.deputy or None,
            "deputy_people": holders.get(one.deputy, []),
            "is_default": one.is_default,
        }
        for one in everything(found)
    ]
    if json:
        say_json(rows)
        return
    shown = [
        [
            row["kind"], row["name"], row["owner"], ", ".join(row["owner_people"]), row["deputy"],
            ", ".join(row["deputy_people"]),
        ]
        for row in rows
    ]  # fmt: skip
    say(table(["what", "name", "owner", "people", "deputy", "people"], shown))
    missing = sum(1 for row in rows if not (row["owner"] and row["deputy"]))
    note(f"{len(rows)} things; {missing} of them without an owner or deputy")


@app.command(
    epilog=example(
        "finsync profile diff shared,regions/emea,environments/prod",
        "finsync profile diff shared,environments/test shared,environments/prod --json",
    )
)
def diff(
    one: Annotated[
        str, typer.Argument(metavar="LAYERS", help="Layers with commas between, later over earlier.")
    ],
    other: Annotated[
        str | None,
        typer.Argument(
            metavar="OTHERS", help="To compare with; without it, the workspace's.", show_default=False
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what two sets of layers say otherwise, setting by setting and row by row of mapping tables."""
    from finsync_tui.profile.origins import differences

    here = workspace_of(workspace)
    first, second = (_layers(one), _layers(other)) if other is not None else (here.layers, _layers(one))
    found = differences(here, first, second)
    if json:
        say_json([asdict(each) for each in found])
        return
    say(
        table(
            ["setting", ",".join(first), ",".join(second)],
            [[each.place, brief(each.one), brief(each.other)] for each in found],
        )
    )
    note(f"{len(found)} difference{'s' * (len(found) != 1)}")


def _layers(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def brief(value: object) -> str | None:
    """Return a value for a table: one line, and not all of a long one."""
    if value is None:
        return None
    text = " ".join(str(value).split())
    return text if len(text) <= BRIEF_MAX else f"{text[: BRIEF_MAX - 3]}..."
