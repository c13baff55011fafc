"""`finsync policy`: which version is in force, proposing and deciding. Importing this module completes the commands of the noun."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finsync_tui.cli import _impact_sheet
from finsync_tui.cli._context import (
    JsonOption,
    ReasonOption,
    WorkspaceOption,
    actor,
    example,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._impact_sheet import ExportOption
from finsync_tui.cli._mapping import changing, decide, emergency_json, looking, who_made
from finsync_tui.cli._output import note, safe, say, say_json, table
from finsync_tui.cli.policy import app

if TYPE_CHECKING:
    import sqlite3

    from finsync_tui.cli._mapping import Desk
    from finsync_tui.governance.rules import Standing
    from store.proposals import Proposal


__all__ = ["app"]

PolicyName = Annotated[str, typer.Argument(metavar="POLICY", help="Name of the policy, e.g. orders.")]
ProposalId = Annotated[int, typer.Argument(metavar="ID", help="Number of the proposal.")]
VersionOption = Annotated[
    int | None,
    typer.Option("--version", metavar="N", help="This earlier version.", show_default=False),
]
OfProposal = Annotated[
    int | None, typer.Option("--proposal", metavar="ID", help="This proposed change.", show_default=False)
]


FileOption = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="The text of this file, as TOML.", show_default=False),
]


@app.command(epilog=example("finsync policy status", "finsync policy status --json"))
def status(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show which version of each policy is in force, who stands for it, and what waits."""
    from finsync_tui.governance.rules import standings

    with looking(workspace) as desk:
        found = list(standings(desk.db, desk.profile, desk.now.date()).values())
        waiting = _listed(desk.db, is_all=False)
        rule = desk.profile.policy_rule
    if json:
        say_json([_standing_json(one, waiting) for one in found])
        return
    if found:
        say(
            table(
                ["policy", "version", "from", "waiting", "next", "note"],
                [
                    [one.name, one.version or None, who_made(one.proposal), sum(p.name == one.name for p in waiting),
                     one.upcoming[0].effective_from if one.upcoming else None, _remark(one)]
                    for one in found
                ],
                right=["version", "waiting"],
            )
        )  # fmt: skip
    note(f"{len(found)} policies; a change takes {rule} person{'s' * (rule == 'two')}")


def _standing_json(one: Standing, waiting: Sequence[Proposal]) -> dict[str, Any]:
    return {
        "policy": one.name,
        "version": one.version or None,
        "is_signed": one.is_signed,
        "proposal": one.proposal.id if one.proposal is not None else None,
        "proposals_open": sum(p.name == one.name for p in waiting),
        "profile_differs": one.layer_differs,
        "upcoming": [{"proposal": p.id, "effective_from": p.effective_from} for p in one.upcoming],
        "problems": list(one.problems),
        "emergency": emergency_json(one.emergency),
    }


def _remark(one: Standing) -> str:
    if one.problems:
        return "; ".join(one.problems)
    if one.emergency is not None:
        return one.emergency.words
    return (
        f"the layers say something else: `finsync policy propose {one.name} --reason TEXT`"
        if one.layer_differs
        else ("" if one.body else "it has ended")
    )


@app.command(epilog=example("finsync policy proposals", "finsync policy proposals --all --json"))
def proposals(
    all_: Annotated[bool, typer.Option("--all", help="Those that were decided, too.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the changes that wait for a second person."""
    from store import emergencies

    with looking(workspace) as desk:
        found = _listed(desk.db, is_all=all_)
        in_force = {change.id for change, _ in emergencies.live(desk.db, "policy").values()}
    if json:
        say_json([{**_proposal_json(one), "is_emergency": one.id in in_force} for one in found])
        return
    if found:
        shown = [
            "id",
            "policy",
            "state",
            "from version",
            "maker",
            "made",
            "starts",
            "reason",
            "decided by",
            "became",
        ]
        say(
            table(
                shown,
                [
                    [p.id, p.name, "in force, open" if p.id in in_force else p.state, p.base_version, p.maker, p.made_at, p.effective_from, p.reason, p.checker,
                     p.version]
                    for p in found
                ],
                right=["id", "from version", "became"],
            )
        )  # fmt: skip
    note(f"{len(found)} proposals")


def _listed(db: sqlite3.Connection, *, is_all: bool) -> list[Proposal]:
    from store import proposals

    return proposals.listed(db, state=None if is_all else "open", kind="policy")


def _proposal_json(one: Proposal) -> dict[str, Any]:
    return {
        "id": one.id,
        "policy": one.name,
        "state": one.state,
        "base_version": one.base_version,
        "maker": one.maker,
        "made_at": one.made_at,
        "reason": one.reason,
        "effective_from": one.effective_from,
        "checker": one.checker,
        "decided_at": one.decided_at,
        "decision": one.decision or None,
        "version": one.version,
    }


@app.command(epilog=example("finsync policy history orders"))
def history(name: PolicyName, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the versions of a policy that were in force or signed, newest first."""
    from finsync_tui.governance.history import lines

    with looking(workspace) as desk:
        found = lines(desk.db, name)
    if not found:
        _unknown(name)
    rows = [
        {
            "version": one.version,
            "recorded_at": one.recorded_at,
            "changes": len(one.changed),
            "again_of": one.again_of,
            "proposal": one.proposal.id if one.proposal is not None else None,
            "from": who_made(one.proposal)
            if one.again_of is None
            else f"version {one.again_of}, recorded again",
        }
        for one in found
    ]
    if json:
        say_json(rows)
    else:
        say(
            table(
                ["version", "recorded", "changes", "from"],
                [[row["version"], row["recorded_at"], row["changes"], row["from"]] for row in rows],
                right=["version", "changes"],
            )
        )


@app.command(epilog=example("finsync policy diff orders", "finsync policy diff orders --proposal 3"))
def diff(
    name: PolicyName,
    version: VersionOption = None,
    proposal: OfProposal = None,
    file: FileOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what the layers, an earlier version, a proposal or a file say otherwise than what is in force."""
    from finsync_tui.policies.difference import differences

    with looking(workspace) as desk:
        current, other = _two(desk, name, version, proposal, file)
    found = differences(current.body, other)
    if json:
        say_json([{"place": one.place, "in_force": one.before, "other": one.after} for one in found])
    elif found:
        say(table(["part", "in force", "would be"], [[one.place, one.before, one.after] for one in found]))
    note(f"{len(found)} differences" if found else "it says the same as what is in force")


@app.command(
    epilog=example(
        "finsync policy impact orders", "finsync policy impact orders --proposal 3 --export impact.csv"
    )
)
def impact(
    name: PolicyName,
    version: VersionOption = None,
    proposal: OfProposal = None,
    file: FileOption = None,
    on: Annotated[
        datetime | None,
        typer.Option(
            "--on",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Ask as of this day.",
            show_default="today, or the first day of the proposal",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="Show so many documents.", min=1)] = 20,
    export: ExportOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Ask all stored documents again, under the rules in force and under the layers' (or a version's, a proposal's, a
    file's); nothing is written."""
    from finsync_tui import impact_files
    from finsync_tui.policies.ruling import PoliciesError
    from finsync_tui.policy_impact import EXAMPLES_MAX
    from finsync_tui.policy_impact import impact as measure

    with looking(workspace) as desk:
        _, other = _two(desk, name, version, proposal, file)
        day = on.date() if on else _first_day(desk.db, proposal)
        try:
            examples = impact_files.ALL if export is not None else max(limit, EXAMPLES_MAX)
            found = measure(desk.db, desk.profile, name, other, desk.now, day, examples)
        except PoliciesError as error:
            from finsync_tui.actions.policies import PolicyInvalidError

            first = error.found[0]
            raise PolicyInvalidError(name, first.place, first.message, len(error.found) - 1) from None
    from finsync_tui.cli._policy_impact import as_json, show

    if export is not None:
        _impact_sheet.written(impact_files.of_rules(found, export), export)
    if json:
        say_json(as_json(found, limit))
    else:
        show(found, limit)


def _first_day(db: sqlite3.Connection, proposal: int | None) -> date | None:
    """Return the day from which a proposal would hold; None: once it is approved."""
    from store import proposals

    found = proposals.get(db, proposal) if proposal is not None else None
    return date.fromisoformat(found.effective_from) if found is not None and found.effective_from else None


def _two(
    desk: Desk, name: str, version: int | None, proposal: int | None, file: Path | None
) -> tuple[Standing, str]:
    """Return a policy as it is in force, and the other body that is meant: the layers', a version's, a proposal's or a file's."""
    from finsync_tui.governance.rules import KIND, Standing, body_at, body_of, standings
    from store import proposals
    from store.errors import NotFoundError

    if sum(one is not None for one in (version, proposal, file)) > 1:
        raise UsageError("say --version, --proposal or --file: one of them. Nothing was done.")
    known = standings(desk.db, desk.profile, desk.now.date())
    if file is not None:
        from finsync_tui.policies.files import read_file

        return known.get(name, Standing(name, "", "")), body_of(read_file(file))
    found = proposals.get(desk.db, proposal) if proposal is not None else None
    if proposal is not None:
        if found is None or found.kind != KIND or found.name != name:
            raise NotFoundError(
                f"proposal of {name}", str(proposal), "`finsync policy proposals` shows them."
            )
        return known.get(name, Standing(name, "", "")), found.body
    if name not in known:
        _unknown(name)
    current = known[name]
    if version is None:
        return current, current.layer_body
    recorded = body_at(desk.db, desk.profile, name, version)
    if recorded is None:
        raise NotFoundError(
            f"version of {name}", str(version), f"`finsync policy history {name}` shows them."
        )
    return current, recorded


@app.command(epilog=example("finsync policy show orders", "finsync policy show orders --version 3"))
def show(
    name: PolicyName,
    version: VersionOption = None,
    proposal: OfProposal = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print the rules in force, an earlier version or a proposal, as the text that `propose --file` takes."""
    from finsync_tui.governance.rules import setup_of
    from finsync_tui.policies.files import written

    with looking(workspace) as desk:
        current, other = _two(desk, name, version, proposal, None)
    setup = setup_of(other if version is not None or proposal is not None else current.body)
    if json:
        say_json(
            {"policy": name, "rules": setup.model_dump(mode="json", exclude_defaults=True) if setup else None}
        )
    elif setup is None:
        note(f"{name} has no rules any more")
    else:
        say("\n".join(safe(line) for line in written(setup).splitlines()))


def _unknown(name: str) -> None:
    from store.errors import NotFoundError

    raise NotFoundError("policy", name, "`finsync policy status` shows them.")


@app.command(
    epilog=example(
        'finsync policy propose orders --reason "frame contract from May on" --starts 2026-05-01',
        'finsync policy propose orders --version 3 --reason "the new rule stops too much"',
        'finsync policy propose orders --file orders.toml --reason "frame contract"',
        'finsync policy propose orders --version 3 --reason "no order passes" --emergency',
    )
)
def propose(
    name: PolicyName,
    reason: ReasonOption,
    version: VersionOption = None,
    file: FileOption = None,
    starts: Annotated[
        datetime | None,
        typer.Option(
            "--starts",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            show_default=False,
            help="In force from this day on; without it, once it is approved.",
        ),
    ] = None,
    emergency: Annotated[
        bool,
        typer.Option(
            "--emergency",
            help="In force at once; somebody else has to approve it afterwards, or it is undone.",
        ),
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Propose what the layers, an earlier version or a file say of a policy, signed with your key."""
    from finsync_tui import actions
    from finsync_tui.policies.files import read_file

    if version is not None and file is not None:
        raise UsageError("say --version or --file, not both. Nothing was done.")
    setup = read_file(file) if file is not None else None
    who, found = actor(workspace), workspace_of(workspace)
    with changing(workspace) as (store, profile):
        signer = actions.signer_for(found, who, profile.policy_rule)
        if emergency:
            if starts is not None:
                raise UsageError(
                    "an emergency change is in force at once: leave --starts out. Nothing was done."
                )
            known = actions.put_policy_in_force(
                store, profile, who, name, reason, signer, version=version, setup=setup
            )
            told = {
                "proposal": known.proposal,
                "policy": name,
                "version": known.version,
                "emergency": emergency_json(known),
            }
            say_json(told) if json else say(f"{name} is {known.words}")
            return
        number = actions.propose_policy(
            store, profile, who, name, reason, signer, version=version, setup=setup,
            starts_on=starts.date() if starts else None,
        )  # fmt: skip
    if json:
        say_json({"proposal": number, "policy": name})
    else:
        say(f"proposal {number} waits for a second person: finsync policy approve {number}")


@app.command(epilog=example("finsync policy approve 3"))
def approve(
    identifier: ProposalId,
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="What is noted with it.")] = "",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Put somebody else's change into force, signed with your key."""
    from finsync_tui import actions, people

    who, found = actor(workspace), workspace_of(workspace)
    people.require(who.name, who.roles, "policy.approved")
    with changing(workspace) as (store, profile):
        done = actions.approve_policy(store, profile, who, identifier, actions.key_of(found, who), comment)
    if json:
        say_json(
            {"proposal": done.proposal, "policy": done.policy, "version": done.version,
             "effective_from": done.effective_from, "replaces": list(done.replaces)}
        )  # fmt: skip
    else:
        when = f"from {done.effective_from} on" if done.effective_from else "now"
        say(f"{done.policy} is in force as version {done.version} {when}")
        for one in done.replaces:
            note(
                f"proposal {one}, which waited for its day, never comes into force: this one takes its place"
            )


@app.command(epilog=example('finsync policy reject 3 --reason "it would stop half of our orders"'))
def reject(
    identifier: ProposalId, reason: ReasonOption, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Say no to a change; it stays with what was said."""
    from finsync_tui import actions

    decide(actions.reject_policy, "rejected", identifier, reason, workspace, json)


@app.command(epilog=example('finsync policy withdraw 3 --reason "wrong amount"'))
def withdraw(
    identifier: ProposalId, reason: ReasonOption, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Take back a change of your own."""
    from finsync_tui import actions

    decide(actions.withdraw_policy, "withdrawn", identifier, reason, workspace, json)
