"""`finsync supplier`: merging doubles into the supplier that stays, seeing first what that changes, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import Annotated, Any

import typer

from finsync_tui.cli._context import (
    JsonOption,
    ReasonOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    reading,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import note, safe, say, say_json, table
from finsync_tui.cli.supplier_golden import app

__all__ = ["app"]

MergeId = Annotated[int, typer.Argument(metavar="ID", help="Number of the merge: `finsync supplier merges`.")]


@app.command(
    epilog=example(
        "finsync supplier merge coupa:88 coupa:91 --preview",
        'finsync supplier merge coupa:88 coupa:91 --reason "one VAT number, one address"',
    )
)
def merge(
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The supplier that stays, e.g. coupa:88.")],
    double: Annotated[str, typer.Argument(metavar="DOUBLE", help="The one that goes, e.g. coupa:91.")],
    reason: ReasonOption = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show what it would change, in which system.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Merge a double: it becomes inactive in its system, and documents find the supplier that stays."""
    from finsync_tui import actions
    from finsync_tui import profile as profiles
    from finsync_tui.suppliers import merging, persons

    found = workspace_of(workspace)
    profile = profiles.load(found)
    if preview:
        with reading(workspace) as db:
            plan = merging.plan(db, profile, keep, double)
            shown = _as_data(db, plan)
            unrestored = merging.unrestored(db, shown)
        if json:
            say_json(shown | {"unrestored": [{"supplier": key, "shows": what} for key, what in unrestored]})
            return
        _say_plan(shown)
        for key, what in unrestored:
            say(f"  {safe(key)}: {what}")
        return
    who = actor(workspace)
    signer = actions.signer_for(found, who, persons.at_most(profile))
    with opened(workspace) as store:
        done = actions.merge_suppliers(store, profile, who, keep, double, reason, signer)
    if json:
        say_json({"merge": done.merge, "proposal": done.proposal, "workflow": done.workflow})
    elif done.workflow is None:
        say(
            f"merge {done.merge} waits for a second person: `finsync supplier decide-merge {done.merge} --approve`"
        )
    else:
        say(
            f"merge {done.merge} is under way: `finsync workflow show {done.workflow}` tells how far it is, "
            f"`finsync supplier unmerge {done.merge}` undoes it"
        )


@app.command(
    "decide-merge",
    epilog=example(
        "finsync supplier decide-merge 4 --approve",
        'finsync supplier decide-merge 4 --reject --reason "two companies of one family"',
    ),
)
def decide_merge(
    merge_id: MergeId,
    reason: ReasonOption = "",
    approve: Annotated[bool, typer.Option("--approve", help="Approve what somebody else proposed.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Say no to it.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take your own proposal back.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Approve, reject or withdraw a merge that waits for a second person."""
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    if approve + reject + withdraw != 1:
        raise UsageError("approve, reject or withdraw: one of them. Nothing was done.")
    who, found = actor(workspace), workspace_of(workspace)
    workflow = None
    with opened(workspace) as store:
        if approve:
            key = actions.key_of(found, who)
            workflow = actions.approve_merge(store, profiles.load(found), who, merge_id, key, reason).workflow
        else:
            (actions.reject_merge if reject else actions.withdraw_merge)(store, who, merge_id, reason)
    state = "merging" if approve else "rejected" if reject else "withdrawn"
    if json:
        say_json({"merge": merge_id, "state": state, "workflow": workflow})
    else:
        say(f"merge {merge_id} is {'under way' if approve else state}")


@app.command(epilog=example('finsync supplier unmerge 4 --reason "they are two companies"'))
def unmerge(
    merge_id: MergeId, reason: ReasonOption = "", workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Undo a merge: in every system and in finsync's links it becomes exactly what it was."""
    from finsync_tui import actions

    who = actor(workspace)
    with opened(workspace) as store:
        workflow = actions.part_suppliers(store, who, merge_id, reason)
    if json:
        say_json({"merge": merge_id, "state": "parting", "workflow": workflow})
    else:
        say(f"merge {merge_id} is being undone: `finsync workflow show {workflow}` tells how far it is")


@app.command(epilog=example("finsync supplier merges", "finsync supplier merges --all --json"))
def merges(
    all_: Annotated[bool, typer.Option("--all", help="Also those that were undone or not done.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List merges: what was merged into what, by whom, and how far it is."""
    from store import supplier_merges
    from store.clock import text

    with reading(workspace) as db:
        found = supplier_merges.listed(db, is_live=not all_)
    rows = [
        {
            "id": one.id,
            "keep": one.keep_key,
            "double": one.double_key,
            "state": one.state,
            "by": one.made_by,
            "at": text(one.made_at),
            "reason": one.reason,
            "workflow": one.parting_workflow_id or one.workflow_id,
            "parted_by": one.parted_by,
            "parting_reason": one.parting_reason,
        }
        for one in found
    ]
    if json:
        say_json(rows)
        return
    columns = ["id", "keep", "double", "state", "by", "at", "reason"]
    if rows:
        say(table(columns, [[str(row[name]) for name in columns] for row in rows]))
    note(f"{len(rows)} merges" + ("" if all_ else "; --all shows those that were undone or not done, too"))


def _as_data(db: Connection, plan: Any) -> dict[str, Any]:
    from dataclasses import asdict

    from finsync_tui.suppliers import in_flight

    data = asdict(plan)
    data["under_way"] = [
        {"with": one["key"], **asdict(document)}
        for one in data["endings"]
        for document in in_flight.of(db, one["key"])
    ]
    data["left"] = [{"key": key, "why": why} for key, why in plan.left]
    return data


def _paid_to(shown: Sequence[str]) -> str:
    return ", ".join(shown) or "no account"


def _say_plan(data: Mapping[str, Any]) -> None:
    say(f"{safe(data['double'])} becomes part of {safe(data['keep'])}:")
    rows: list[list[str]] = []
    for one in data["endings"]:
        system = one["key"].partition(":")[0]
        rows.append(
            [system, f"{one['number']} {one['name']}", one["status"], f"inactive; {one['keep']} stays"]
        )
    for one in data["relinks"]:
        before = f"{one['system']}:{one['before']['external_id']}" if one["before"] else "no link"
        rows.append(
            ["finsync", f"link of {one['document_key']}", before, f"{one['system']}:{one['external_id']}"]
        )
    for one in data["left"]:
        rows.append([one["key"].partition(":")[0], one["key"], "stays as it is", one["why"]])
    rows += [
        [
            one["key"].partition(":")[0],
            f"payments of {one['key']}",
            _paid_to(one["accounts"]),
            _paid_to(one["accounts_then"]),
        ]
        for one in data["payments"]
        if one["accounts"] or one["accounts_then"]
    ]
    say(table(["where", "what", "is", "becomes"], rows))
    if any(one["is_other"] for one in data["payments"]):
        say(
            "  payments go to other bank accounts afterwards: it takes as many persons as a changed bank account"
        )
    for one in data["under_way"]:
        say(
            f"  under way with {safe(one['with'])}, kept: {one['entity']} {safe(one['number'])} ({one['state']})"
        )
    note("nothing was changed; the double becomes inactive when what is under way with it has ended")
