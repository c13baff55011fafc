"""`finsync hierarchy`: who leads whom, as HR had it when it was read last."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finsync_tui.cli._context import FOUND_SOMETHING, JsonOption, WorkspaceOption, example, opened
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import say, say_json, table

if TYPE_CHECKING:
    import sqlite3

    from store.canonical.hierarchy import Hierarchy


def register(app: typer.Typer) -> None:
    app.command(
        "hierarchy",
        epilog=example("finsync hierarchy", "finsync hierarchy SUP-17", "finsync hierarchy --check --json"),
    )(hierarchy)


def hierarchy(
    organisation: Annotated[
        str | None,
        typer.Argument(metavar="ORGANISATION", help="Only what is below this one.", show_default=False),
    ] = None,
    system: Annotated[str, typer.Option(help="Which HR system's.")] = "workday",
    check: Annotated[
        bool, typer.Option("--check", help="Only what is not as it should be; ends with 3 when there is any.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show organisations with who leads them and how many sit in them; nothing is asked of the system.

    With --check: organisations below each other, vacant ones, managers who sit elsewhere than the organisation that they lead
    is placed, people for whom nobody can decide.
    """
    with opened(workspace) as store, closing(store.reader()) as db:
        found = _read(db, system)
    if check:
        _tell_irregularities(found, json=json)
        return
    if organisation is not None and organisation not in found.organisations:
        raise UsageError(
            f"{system} has shown no organisation {organisation!r}. `finsync hierarchy` lists all."
        )
    rows = _rows(found, organisation)
    if json:
        say_json(rows)
        return
    say(
        table(
            ["organisation", "name", "led by", "members"],
            [
                [
                    "  " * row["depth"] + row["organisation"],
                    row["name"],
                    ", ".join(row["managers"]) or "vacant",
                    row["members"],
                ]
                for row in rows
            ],
            right=["members"],
        )
    )


def _read(db: sqlite3.Connection, system: str) -> Hierarchy:
    from store import records
    from store.canonical.hierarchy import Hierarchy
    from store.canonical.organisation import Organisation
    from store.canonical.people import Employee

    people = records.get_many(db, Employee, system, list(records.external_ids(db, "employee", system)))
    units = records.get_many(db, Organisation, system, list(records.external_ids(db, "organisation", system)))
    return Hierarchy([one.record for one in people.values()], [one.record for one in units.values()])


def _rows(found: Hierarchy, organisation: str | None) -> list[dict[str, Any]]:
    """Return organisations from the top down, each once; those below each other hang from no top and come last."""
    tops = found.below(None) if organisation is None else [found.organisations[organisation]]
    waiting = [(0, one.number) for one in reversed(tops)]
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    rest = iter(sorted(found.organisations) if organisation is None else ())
    while True:
        if not waiting:
            left = next((name for name in rest if name not in seen), None)
            if left is None:
                return rows
            waiting = [(0, left)]
        depth, name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        unit = found.organisations[name]
        rows.append(
            {
                "organisation": name,
                "name": unit.name,
                "parent": unit.parent,
                "depth": depth,
                "managers": found.managers(name),
                "members": len(found.members(name)),
                "is_active": unit.is_active,
            }
        )
        waiting += [(depth + 1, one.number) for one in reversed(found.below(name))]


def _tell_irregularities(found: Hierarchy, *, json: bool) -> None:
    irregular = found.irregularities()
    if json:
        say_json([{"kind": one.kind, "subject": one.subject, "message": one.detail} for one in irregular])
    else:
        say(table(["kind", "of", "what"], [[one.kind, one.subject, one.detail] for one in irregular]))
    if irregular:
        raise typer.Exit(FOUND_SOMETHING)
