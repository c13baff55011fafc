"""`finsync mapping`: which value of one system means which value of another; looking. Changing: mapping_changes.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from finsync_tui.cli._context import FOUND_SOMETHING, JsonOption, LimitOption, WorkspaceOption, example
from finsync_tui.cli._mapping import (
    ROW_HEADINGS,
    DayOption,
    Scope,
    TableName,
    amounts_json,
    amounts_text,
    conditions_of,
    day,
    emergency_json,
    looking,
    proposal_json,
    proposal_of,
    row_cells,
    row_json,
    standing_of,
    who_made,
)
from finsync_tui.cli._output import note, safe, say, say_json, table

OTHERS_SHOWN = 5
app = typer.Typer(
    name="mapping",
    help="Which value of one system means which value of another, and who says so.",
    no_args_is_help=True,
)


@app.command("list", epilog=example("finsync mapping list", "finsync mapping list --proposals"))
def list_(
    is_proposals: Annotated[
        bool, typer.Option("--proposals", help="List proposed changes in place of tables.")
    ] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="With --proposals: those that were decided, too.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the tables as they are in force, or the changes that wait for a second person."""
    from finsync_tui.mapping import standings
    from store import emergencies, proposals

    with looking(workspace) as desk:
        waiting = proposals.listed(desk.db, state=None if all_ else "open")
        if is_proposals:
            _proposals(waiting, emergencies.live(desk.db, "mapping"), json=json)
            return
        found = list(standings(desk.db, desk.profile).values())
        rule = desk.profile.mapping_rule
    counts = {one.name: sum(p.name == one.name and p.state == "open" for p in waiting) for one in found}
    if json:
        say_json(
            [
                {
                    "table": one.name,
                    "version": one.version or None,
                    "rows": len(one.rows),
                    "source": one.source,
                    "is_signed": one.is_signed,
                    "proposals_open": counts[one.name],
                    "profile_differs": one.layer_differs or bool(one.conflicts),
                    "problems": list(one.problems),
                    "emergency": emergency_json(one.emergency),
                }
                for one in found
            ]
        )
        return
    if found:
        say(
            table(
                ["table", "version", "rows", "from", "signed", "waiting", "note"],
                [
                    [one.name, one.version or None, len(one.rows), who_made(one.proposal), one.is_signed,
                     counts[one.name], one.emergency.words if one.emergency else _remark(one.problems, one.layer_differs)]
                    for one in found
                ],
                right=["version", "rows", "waiting"],
            )
        )  # fmt: skip
    note(f"{len(found)} tables; a change takes {rule} person{'s' * (rule == 'two')}")


def _remark(problems: tuple[str, ...], differs: bool) -> str:
    if problems:
        return "; ".join(problems)
    return "the profile's own table changed: propose it with --from-profile" if differs else ""


def _proposals(found: list[Any], at_once: Mapping[str, tuple[Any, Any]], *, json: bool) -> None:
    in_force = {change.id for change, _ in at_once.values()}
    if json:
        say_json([{**proposal_json(one), "is_emergency": one.id in in_force} for one in found])
        return
    if found:
        say(
            table(
                ["id", "table", "state", "from version", "maker", "made", "reason", "decided by", "became"],
                [
                    [
                        p.id,
                        p.name,
                        "in force, open" if p.id in in_force else p.state,
                        p.base_version,
                        p.maker,
                        p.made_at,
                        p.reason,
                        p.checker,
                        p.version,
                    ]
                    for p in found
                ],
                right=["id", "from version", "became"],
            )
        )
    note(f"{len(found)} proposals")


@app.command(epilog=example("finsync mapping show cost_centre --search 410"))
def show(
    name: TableName,
    scope: Scope = "",
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Only rows that contain this.")
    ] = "",
    limit: LimitOption = 200,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show a table's rows as they are in force, and where each came from."""
    from finsync_tui.mapping.history import origins

    with looking(workspace) as desk:
        found = standing_of(desk, name)
        rows = list(zip(found.rows, origins(desk.db, found), strict=True))
    wanted = [
        (i, row, origin)
        for i, (row, origin) in enumerate(rows, 1)
        if scope in ("", row.scope)
        and (not search or search.lower() in f"{row.source}\n{row.target}".lower())
    ]
    if json:
        say_json(
            {
                "table": name,
                "version": found.version or None,
                "source": found.source,
                "is_signed": found.is_signed,
                "proposal": proposal_json(found.proposal) if found.proposal else None,
                "profile_differs": found.layer_differs,
                "conflicts": [{"scope": s or None, "from": v} for s, v in found.conflicts],
                "problems": list(found.problems),
                "rows": [
                    {
                        "row": i,
                        **row_json(row),
                        "origin": {
                            "source": "proposal" if origin.proposal else "profile",
                            "version": origin.version or None,
                            "since": origin.since,
                            "proposal": origin.proposal.id if origin.proposal else None,
                            "maker": origin.proposal.maker if origin.proposal else None,
                            "checker": origin.proposal.checker if origin.proposal else None,
                        },
                    }
                    for i, row, origin in wanted[:limit]
                ],
            }
        )
        return
    headings = ["row", *ROW_HEADINGS, "where it comes from"]
    if wanted:
        lines = [[i, *row_cells(row), who_made(origin.proposal)] for i, row, origin in wanted[:limit]]
        say(table(headings, lines, right=["row", "priority"]))
    for problem in found.problems:
        note(f"refused: {problem}")
    if found.layer_differs:
        note(
            "the profile's own table has changed since; it waits until somebody proposes it (--from-profile)"
        )
    for where, value in found.conflicts:
        note(
            f"the profile's own table says something else for {value} in {where or 'every scope'}; this version holds"
        )
    signed = "signed by two" if found.is_signed else "not signed"
    shown = min(len(wanted), limit)
    note(f"{shown:,} of {len(found.rows):,} rows; version {found.version or 'not recorded yet'}, {signed}")


@app.command(
    "test",
    epilog=example(
        "finsync mapping test cost_centre CC410 --scope DE01 --on 2026-03-01",
        "finsync mapping test account 6100 --given category=IT",
    ),
)
def try_(
    name: TableName,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="As the source system writes it.")],
    scope: Scope = "",
    givens: Annotated[
        list[str] | None,
        typer.Option(
            "--given",
            metavar="NAME=VALUE",
            show_default=False,
            help="What else the document says, like category=IT or currency=EUR; may be repeated.",
        ),
    ] = None,
    on: DayOption = None,
    proposal: Annotated[
        int | None,
        typer.Option("--proposal", metavar="ID", help="Ask this proposed change.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say what a value means, which rule says so and why the others don't; ends with 3 when no rule does."""
    from finsync_tui.mapping import Table
    from finsync_tui.mapping.explaining import considered
    from finsync_tui.mapping.standing import rows_of

    given = dict(conditions_of(givens))

    with looking(workspace) as desk:
        asked = standing_of(desk, name).table
        if proposal is not None:
            asked = Table(name, 0, rows_of(proposal_of(desk.db, proposal).body), desk.profile.regions)
        moment = day(on, desk.now)
    match = asked.find(value, scope=scope, on=moment, given=given)
    others = [one for one in considered(asked, value, scope=scope, on=moment, given=given) if one.why_not]
    if json:
        rule = row_json(asked.rows[match.rule - 1]) if match else None
        target = match.target if match else None
        say_json({"table": name, "version": asked.version or None, "from": value, "to": target,
                  "row": match.rule if match else None, "rule": rule, "on": moment, "given": given,
              "is_default": match is not None and match.is_default,
              "others": [{"row": o.row, **row_json(o.rule), "why_not": o.why_not} for o in others]})  # fmt: skip
    elif match is not None:
        say(
            f"{safe(value)} -> {safe(match.target)} (row {match.rule}: {safe(asked.rows[match.rule - 1].source)})"
        )
    if not json:
        for one in others[:OTHERS_SHOWN]:
            say(
                f"  not row {one.row} ({safe(one.rule.source)} -> {safe(one.rule.target)}): {safe(one.why_not)}"
            )
        if len(others) > OTHERS_SHOWN:
            say(f"  and {len(others) - OTHERS_SHOWN:,} more rules for it; --json shows all")
    if match is None:
        note(f"no rule of {name} says what {value} means for {scope or 'every scope'} on {moment}")
        raise typer.Exit(FOUND_SOMETHING)


@app.command(epilog=example("finsync mapping gaps", "finsync mapping gaps cost_centre"))
def gaps(
    name: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="Only of this table.", show_default=False)
    ] = None,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List values that documents carry and no table has a rule for, the most expensive first."""
    from finsync_tui.gaps import gaps as find
    from finsync_tui.mapping.conditions import words

    with looking(workspace) as desk:
        found = find(desk.db, desk.profile, desk.now, name)
    if json:
        say_json(
            [
                {"table": g.table, "scope": g.scope or None, "value": g.value, "given": dict(g.given), "documents": g.document_count,
                 "amounts": amounts_json(g.amounts), "example": g.example}
                for g in found[:limit]
            ]
        )  # fmt: skip
        return
    if found:
        say(
            table(
                ["table", "scope", "value", "with", "documents", "amount", "e.g."],
                [
                    [
                        g.table,
                        g.scope,
                        g.value,
                        words((n, v) for n, v in g.given if v),
                        g.document_count,
                        amounts_text(g.amounts),
                        g.example,
                    ]
                    for g in found[:limit]
                ],
                right=["documents", "amount"],
            )
        )
    note(f"{min(len(found), limit):,} of {len(found):,} values without a rule")


@app.command(epilog=example("finsync mapping history cost_centre"))
def history(name: TableName, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List every version of a table: when it came into force, what changed, who made and approved it."""
    from finsync_tui.mapping.history import versions

    with looking(workspace) as desk:
        standing_of(desk, name)
        found = versions(desk.db, name)
    if json:
        say_json(
            [
                {"version": v.version, "recorded_at": v.recorded_at, "rows": v.row_count, "added": v.added,
                 "removed": v.removed, "proposal": proposal_json(v.proposal) if v.proposal else None}
                for v in found
            ]
        )  # fmt: skip
        return
    if found:
        lines = [
            [v.version, v.recorded_at, v.row_count, v.added, v.removed, who_made(v.proposal),
             v.proposal.reason if v.proposal else None]
            for v in found
        ]  # fmt: skip
        numbers = ["version", "rows", "added", "removed"]
        say(table(["version", "since", "rows", "added", "removed", "by", "why"], lines, right=numbers))
    note(f"{len(found)} versions of {name}" if found else f"no engine has recorded {name} yet")


@app.command(
    epilog=example(
        "finsync mapping diff cost_centre --proposal 12", "finsync mapping diff cost_centre --old 3"
    )
)
def diff(
    name: TableName,
    old: Annotated[
        int | None, typer.Option("--old", metavar="N", help="From this version.", show_default="in force")
    ] = None,
    new: Annotated[
        int | None, typer.Option("--new", metavar="N", help="To this version.", show_default="in force")
    ] = None,
    proposal: Annotated[
        int | None,
        typer.Option(
            "--proposal",
            metavar="ID",
            help="What this proposal changes in what is in force.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show which rows went and which came."""
    from finsync_tui.mapping.history import change, rows_at
    from finsync_tui.mapping.standing import rows_of
    from store.errors import NotFoundError

    with looking(workspace) as desk:
        current = standing_of(desk, name).rows

        def at(version: int | None) -> Any:
            found = rows_at(desk.db, name, version) if version is not None else current
            if found is None:
                raise NotFoundError(
                    f"version of {name}", str(version), f"`finsync mapping history {name}` shows them."
                )
            return found

        before = at(old)
        after = rows_of(proposal_of(desk.db, proposal).body) if proposal is not None else at(new)
    found = change(before, after)
    if json:
        say_json(
            {
                "table": name,
                "removed": [row_json(r) for r in found.removed],
                "added": [row_json(r) for r in found.added],
            }
        )
        return
    marked = [["-", *row_cells(r)] for r in found.removed] + [["+", *row_cells(r)] for r in found.added]
    if marked:
        say(table(["", *ROW_HEADINGS], marked, right=["priority"]))
    note(f"{len(found.removed)} rows went, {len(found.added)} came")
