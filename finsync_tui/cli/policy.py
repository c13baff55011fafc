"""`finsync policy`: what the company's own rules decide."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    WorkspaceOption,
    example,
    rules_of,
    workspace_of,
)
from finsync_tui.cli._output import note, say, say_json, table

app = typer.Typer(
    name="policy", help="What the company's own rules decide about documents.", no_args_is_help=True
)


@app.command("list", epilog=example("finsync policy list", "finsync policy list --decisions"))
def list_(
    decisions: Annotated[
        bool, typer.Option("--decisions", help="List what can be decided by rules instead.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the rules of the profile, with who answers for them."""
    if decisions:
        _list_decisions(json)
        return
    from finsync_tui import profile

    rows = [
        {
            "policy": name,
            "rule": key,
            "decides": policy.decides,
            "then": rule.then,
            "when": " ".join(rule.when.split()),
            "why": rule.why,
            "companies": list(rule.companies),
            "priority": rule.priority,
            "valid_from": rule.valid_from,
            "valid_to": rule.valid_to,
            "is_enabled": rule.is_enabled,
            "owner": policy.owner,
            "deputy": policy.deputy,
        }
        for name, policy in sorted(profile.load_rules(workspace_of(workspace)).policies.items())
        for key, rule in sorted(policy.rules.items())
    ]
    if json:
        say_json(rows)
        return
    shown = ["policy", "rule", "decides", "then", "why", "owner", "is_enabled"]
    say(
        table(
            [*shown[:-1], "asked"],
            [[str(row[name]) for name in shown[:-1]] + [row["is_enabled"] is True] for row in rows],
        )
    )
    if not rows:
        note("no rules: write some (docs/policies.md), or name the layer `controls` in workspace.toml")


def _list_decisions(json: bool) -> None:
    from finsync_tui.policies.decisions import DECISIONS

    rows = [
        {
            "decision": one.name,
            "what": one.what,
            "says": list(one.says),
            "names": list(one.variables),
            "takes_first": one.takes_first,
        }
        for one in DECISIONS.values()
    ]
    if json:
        say_json(rows)
    else:
        say(
            table(
                ["decision", "then", "names", "what"],
                [
                    [
                        one.name,
                        " | ".join(one.says) or ("a duration | setting" if one.reads else "any text"),
                        ", ".join(one.variables),
                        one.what,
                    ]
                    for one in DECISIONS.values()
                ],
            )
        )


@app.command(
    epilog=example("finsync policy fields order_check", "finsync policy fields invoice_check --json")
)
def fields(
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="E.g. order_check.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List what a rule may name, with its kind; of a list, what each of its items has. With the extensions of the profile."""
    from finsync_tui.policies.decisions import DECISIONS, extended
    from finsync_tui.policies.kinds import leaves
    from store.errors import NotFoundError

    rules = rules_of(workspace)
    found = extended(rules.extending if rules is not None else ()).get(decision)
    if found is None:
        raise NotFoundError("decision", decision, f"Known: {', '.join(DECISIONS)}.")
    rows = [
        (name, str(field.kind), field.may_be_missing)
        for variable, kind in found.variables.items()
        for name, field in leaves(variable, kind)
    ]
    if json:
        say_json([dict(zip(("name", "kind", "may_be_missing"), row, strict=True)) for row in rows])
    else:
        say(table(["name", "kind", "may be missing"], rows))


@app.command(epilog=example("finsync policy check"))
def check(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Check that each rule fits the contracts and passes its cases; ends with 3 when something must be corrected."""
    from finsync_tui import profile

    found = profile.check_rules(workspace_of(workspace))
    if json:
        say_json([asdict(one) for one in found])
    elif found:
        rows = [[p.place, p.message, f"{p.file}:{p.line}" if p.line else p.file] for p in found]
        say(table(["place", "problem", "file"], rows))
    note(f"{len(found)} problem{'s' * (len(found) != 1)}" if found else "the policies are fine")
    if found:
        raise typer.Exit(FOUND_SOMETHING)


@app.command("test", epilog=example("finsync policy test", "finsync policy test orders"))
def run_cases(
    name: Annotated[
        str | None, typer.Argument(metavar="POLICY", help="Only this policy's cases.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Run the cases that stand beside the rules; ends with 3 when one does not pass."""
    from finsync_tui import profile
    from finsync_tui.policies import testing
    from store.errors import NotFoundError

    found = profile.load_rules(workspace_of(workspace))
    policies = found.policies
    if name is not None:
        if name not in policies:
            raise NotFoundError("policy", name, f"Known: {', '.join(sorted(policies)) or 'none'}.")
        policies = {name: policies[name]}
    outcomes = testing.run(policies, found.companies, found.extending)
    untested = testing.untested(policies)
    if json:
        say_json({"cases": [asdict(one) for one in outcomes], "untested": untested})
    else:
        rows = [
            [one.policy, one.case, ", ".join(one.said) or "nothing", one.problem or "passed"]
            for one in outcomes
        ]
        say(table(["policy", "case", "said", "outcome"], rows))
    failed = sum(1 for one in outcomes if one.problem)
    note(
        f"{len(outcomes)} cases, {failed} did not pass; rules without a case: {', '.join(untested) or 'none'}"
    )
    if failed:
        raise typer.Exit(FOUND_SOMETHING)
