"""`finsync profile promote`: a change set from one environment to another. Importing this module completes the commands of the noun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    ReasonOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    reading,
    workspace_of,
)
from finsync_tui.cli._outcome import one_of
from finsync_tui.cli._output import note, safe, say, say_json, table
from finsync_tui.cli.profile import app, brief

if TYPE_CHECKING:
    from finsync_tui.actions.promotions import Trial
    from finsync_tui.profile.change_set import ChangeSet
    from store.change_sets import Applied
    from store.proposals import Proposal

__all__ = ["app"]

promote = typer.Typer(
    name="promote",
    help="Move what one environment's layers say to another: made, approved, tried, applied, rolled back.",
    no_args_is_help=True,
)
app.add_typer(promote)

ChangeSetFile = Annotated[Path, typer.Argument(metavar="FILE", help="The change set.")]
Number = Annotated[int, typer.Argument(metavar="ID", help="Number of the change set here.")]


@promote.command(
    epilog=example(
        'finsync profile promote make --to ../prod --output may.json --reason "frame contract" --workspace ../test'
    )
)
def make(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The workspace that it is for.")],
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="Where the change set is written.")
    ],
    reason: ReasonOption,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write what this workspace's layers say otherwise than another's into a file, signed with your key."""
    from finsync_tui import actions, profile
    from finsync_tui.actions.promotions import make_change_set

    source, target, who = workspace_of(workspace), workspace_of(to), actor(to)
    _not_in_the_way(output, force)
    with opened(to) as store:
        signer = actions.signer_for(target, who, profile.load(target).profile_rule)
        made = make_change_set(source, target, store, who, reason, signer)
    _write(output, made.change_set, is_new=not force)
    if json:
        say_json({**_json(made.change_set), "file": str(output), "left_out": list(made.left_out)})
        return
    for layer in made.left_out:
        note(f"layer {safe(layer)} stays behind: the workspace.toml of {safe(target.name)} does not name it")
    say(f"{len(made.change_set.files)} files in {safe(str(output))}")


@promote.command(epilog=example("finsync profile promote show may.json --workspace ../prod"))
def show(file: ChangeSetFile, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show a change set: who made it and why, which files, and what it lacks to be applied in this workspace."""
    from finsync_tui import profile
    from finsync_tui.governance import change_sets as trust
    from finsync_tui.profile import change_set
    from store import proposals

    found = change_set.read(file)
    here = workspace_of(workspace)
    with reading(workspace) as db:
        lacks = trust.refusal(profile.load(here), proposals.store_id(db), found)
        lacks = lacks or trust.used_up(here, db, found)
    if json:
        say_json({**_json(found), "lacks": lacks})
        return
    say(
        f"from {safe(found.source)} to {safe(found.target_name)}, made by {safe(found.maker)} on {found.made_at:%Y-%m-%d %H:%M}"
    )
    say(f"why: {safe(found.reason)}")
    for approval in found.approvals:
        say(
            f"approved by {safe(approval.checker)} on {approval.approved_at:%Y-%m-%d %H:%M} {safe(approval.comment)}".rstrip()
        )
    say(table(["file", "change"], [[one["path"], one["change"]] for one in _files(found)]))
    note(lacks if lacks is not None else "it can be applied here")


@promote.command(epilog=example("finsync profile promote approve may.json --workspace ../prod"))
def approve(
    file: ChangeSetFile,
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="What is noted with it.")] = "",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Add your approval to somebody else's change set, signed with your key."""
    from finsync_tui import actions, people
    from finsync_tui.actions.promotions import approve_change_set
    from finsync_tui.profile import change_set

    found, here, who = change_set.read(file), workspace_of(workspace), actor(workspace)
    people.require(who.name, who.roles, "profile.change_set_approved")  # before a key is asked for
    with opened(workspace) as store:
        done = approve_change_set(here, store, who, found, actions.key_of(here, who), comment)
    _write(file, done, is_new=False)
    say_json(_json(done)) if json else say(f"approved: finsync profile promote apply {safe(str(file))}")


@promote.command(
    epilog=example(
        "finsync profile promote apply may.json --dry-run --workspace ../prod",
        "finsync profile promote apply may.json --workspace ../prod",
    )
)
def apply(
    file: ChangeSetFile,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what would change, and what keeps it from being applied."),
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write the files of an approved change set; with --dry-run it ends with 3 when that is not possible."""
    from finsync_tui.actions.promotions import apply_change_set, try_change_set
    from finsync_tui.profile import change_set

    found, here = change_set.read(file), workspace_of(workspace)
    if dry_run:
        with opened(workspace) as store:
            trial = try_change_set(here, store.db, found, store.clock.now().date())
        _tell(trial, json)
        if not trial.is_possible:
            raise typer.Exit(FOUND_SOMETHING)
        return
    who = actor(workspace)
    with opened(workspace) as store:
        waiting = try_change_set(here, store.db, found, store.clock.now().date()).waiting
        number = apply_change_set(here, store, who, found)
    if json:
        say_json({**_json(found), "change_set": number, "waiting": list(waiting)})
        return
    say(f"change set {number} is applied; an engine takes it when it starts the next time")
    _waits(waiting)


@promote.command(
    epilog=example(
        'finsync profile promote rollback 4 --reason "orders of US01 are stuck"',
        "finsync profile promote rollback 4 --approve",
        'finsync profile promote rollback 4 --reject --reason "they are stuck for another reason"',
        'finsync profile promote rollback 4 --withdraw --reason "it was another one"',
    )
)
def rollback(
    number: Number,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="TEXT", help="Why; it is kept in the audit log.", show_default=False
        ),
    ] = "",
    approve: Annotated[
        bool, typer.Option("--approve", help="Approve what somebody else proposed, and write the files.")
    ] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Say no to it.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take your own proposal back.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write the files as they were before a change set; what was changed by hand since is refused.

    Where a change set takes two persons, its rollback does: the second approves it with their own key.
    """
    from finsync_tui import actions, people, profile
    from finsync_tui.actions import rollbacks

    one_of(approve, reject, withdraw, as_seen=None)
    here, who = workspace_of(workspace), actor(workspace)
    with opened(workspace) as store:
        if reject or withdraw:
            waiting = rollbacks.waiting_rollback(store.db, number)
            end = rollbacks.reject_rollback if reject else rollbacks.withdraw_rollback
            end(store, who, number, reason)
            proposal, state = waiting and waiting.id, "applied"
        else:
            if approve:
                people.require(who.name, who.roles, rollbacks.APPROVED)  # before a key is asked for
                done = rollbacks.approve_rollback(here, store, who, number, actions.key_of(here, who), reason)
            else:
                signer = actions.signer_for(here, who, profile.load(here).profile_rule)
                done = rollbacks.roll_back_change_set(here, store, who, number, reason, signer)
            proposal, state = done.proposal, "rolled back" if done.is_done else "applied"
    if json:
        say_json({"change_set": number, "state": state, "proposal": proposal})
    elif state == "rolled back":
        say(f"change set {number} is rolled back; an engine takes it when it starts the next time")
    elif reject or withdraw:
        say(f"change set {number} stays as it is")
    else:
        say(
            f"its rollback waits for a second person (proposal {proposal}): finsync profile promote rollback {number} --approve"
        )


@promote.command("list", epilog=example("finsync profile promote list --json"))
def list_(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the change sets that were applied here, the newest first."""
    from finsync_tui.actions.rollbacks import waiting_rollback
    from store import change_sets

    with reading(workspace) as db:
        found = change_sets.listed(db)
        waiting = {one.id: waiting_rollback(db, one.id) for one in found}
    if json:
        say_json([_applied_json(one, waiting[one.id]) for one in found])
        return
    if found:
        say(
            table(
                ["id", "from", "files", "made by", "approved by", "applied by", "applied", "state", "reason"],
                [
                    [one.id, one.source, one.file_count, one.maker, one.checker, one.applied_by, one.applied_at,
                     _state(one, waiting[one.id]), one.reason]
                    for one in found
                ],
                right=["id", "files"],
            )
        )  # fmt: skip
    note(f"{len(found)} change set{'s' * (len(found) != 1)}")


def _state(one: Applied, waiting: Proposal | None) -> str:
    if one.rolled_back_at is not None:
        return f"rolled back by {one.rolled_back_by}"
    if waiting is not None:
        return f"{waiting.maker} proposes to roll it back"
    return "applied" if one.is_written else "begun: apply it again, or roll it back"


def _tell(trial: Trial, json: bool) -> None:
    if json:
        say_json(
            {
                "is_possible": trial.is_possible,
                "differences": [asdict(one) for one in trial.differences],
                "problems": [asdict(one) for one in trial.problems],
                "changed_here": list(trial.moved),
                "lacks": trial.refusal,
                "waiting": list(trial.waiting),
            }
        )
        return
    if trial.differences:
        rows = [[one.place, brief(one.one), brief(one.other)] for one in trial.differences]
        say(table(["setting", "now", "would be"], rows))
    if trial.problems:
        rows = [
            [p.place, p.message, p.remedy, f"{p.file}:{p.line}" if p.line else p.file] for p in trial.problems
        ]
        say(table(["place", "problem", "remedy", "file"], rows))
    for path in trial.moved:
        note(f"{safe(path)} changed here since it was made")
    if trial.refusal is not None:
        note(safe(trial.refusal))
    _waits(trial.waiting)
    note("it can be applied" if trial.is_possible else "it can't be applied; nothing was changed")


def _waits(waiting: Sequence[str]) -> None:
    for one in waiting:
        noun, _, name = one.partition(" ")
        how = " --from-profile" if noun == "mapping" else ""
        note(
            f"{one} is signed by two here: finsync {noun} propose {name}{how} --reason TEXT, and let another approve it"
        )


def _json(found: ChangeSet) -> dict[str, Any]:
    return {
        "digest": found.digest,
        "source": found.source,
        "target": found.target_name,
        "maker": found.maker,
        "made_at": found.made_at,
        "reason": found.reason,
        "files": _files(found),
        "approvals": [
            {"checker": one.checker, "approved_at": one.approved_at, "comment": one.comment or None}
            for one in found.approvals
        ],
    }


def _files(found: ChangeSet) -> list[dict[str, str]]:
    words = {(True, False): "added", (False, True): "removed", (False, False): "changed"}
    return [{"path": one.path, "change": words[one.before is None, one.after is None]} for one in found.files]


def _applied_json(one: Applied, waiting: Proposal | None) -> dict[str, Any]:
    return {
        "id": one.id,
        "digest": one.digest,
        "source": one.source,
        "files": list(one.before),
        "maker": one.maker,
        "checker": one.checker,
        "reason": one.reason,
        "applied_by": one.applied_by,
        "applied_at": one.applied_at,
        "is_written": one.is_written,
        "rolled_back_by": one.rolled_back_by,
        "rolled_back_at": one.rolled_back_at,
        "rolled_back_why": one.rolled_back_why,
        "rollback_proposed_by": waiting.maker if waiting is not None else None,
        "rollback_proposed_why": waiting.reason if waiting is not None else None,
    }


def _not_in_the_way(file: Path, force: bool) -> None:
    from store.errors import FileInTheWayError

    if file.exists() and not force:
        raise FileInTheWayError(str(file))


def _write(file: Path, found: ChangeSet, *, is_new: bool) -> None:
    from store import files

    files.write_private(file, (found.model_dump_json(indent=2) + "\n").encode(), replaces=not is_new)
