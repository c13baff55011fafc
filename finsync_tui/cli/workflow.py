"""`finsync workflow`: where each document's process stands."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from finsync_tui.cli._context import (
    JsonOption,
    LimitOption,
    ReasonOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    reading,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._outcome import report
from finsync_tui.cli._output import facts, moment, note, say, say_json, table
from finsync_tui.cli._queries import listed, money, one, rows

app = typer.Typer(name="workflow", help="Where each document's process stands.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the workflow.")]
WorkflowState = Literal["running", "waiting", "held", "done", "aborted", "superseded"]


@app.command("list", epilog=example("finsync workflow list --flow invoice_to_payment --state waiting"))
def list_(
    state: Annotated[
        WorkflowState | None, typer.Option("--state", help="Only in this state.", show_default=False)
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", metavar="STEP", help="Only at this step.", show_default=False)
    ] = None,
    document: Annotated[
        str | None,
        typer.Option(
            "--document", metavar="DOCUMENT", help="Only of this document number or key.", show_default=False
        ),
    ] = None,
    flow: Annotated[
        str | None,
        typer.Option("--flow", metavar="NAME", help="Only of this flow.", show_default=False),
    ] = None,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List workflows, the one that changed last first."""
    column = "document_key" if document and ":" in document else "document_number"
    if flow is not None:
        from finsync_tui.flows.registry import FLOWS  # no other listing needs the flows

        if flow not in FLOWS:
            raise UsageError(f"no flow is called {flow}: there are {', '.join(FLOWS)}")
    conditions = {"state": state, "step": step, column: document, "flow": flow}
    with reading(workspace) as db:
        found = listed(db, "v_workflow", conditions, "changed_at DESC, id DESC", limit)
    if json:
        say_json(found.rows)
    elif found.rows:
        say(
            table(
                ["id", "document", "kind", "state", "step", "waiting for", "due", "target", "amount"],
                [
                    [
                        row["id"],
                        row["document_number"],
                        row["kind"],
                        row["state"],
                        row["step"],
                        row["waiting_for"],
                        moment(row["due_at"]),
                        row["target"],
                        money(row),
                    ]
                    for row in found.rows
                ],
                right=["id", "amount"],
            )
        )
    note(f"{len(found.rows):,} of {found.total:,} workflows")


@app.command(epilog=example("finsync workflow show 7"))
def show(identifier: Id, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show one workflow: its steps, what it decided, its deliveries."""
    from store.errors import NotFoundError

    with reading(workspace) as db:
        found = one(db, "v_workflow", identifier)
        if found is None:
            raise NotFoundError("workflow", str(identifier), "`finsync workflow list` shows the numbers.")
        found["steps"] = rows(
            db,
            "SELECT name, state, started_at, ended_at, due_at, detail FROM workflow_step "
            "WHERE workflow_id = ? ORDER BY id",
            identifier,
        )
        found["deliveries"] = rows(
            db, "SELECT * FROM v_delivery WHERE workflow_id = ? ORDER BY id", identifier
        )
        found["exceptions"] = rows(
            db, "SELECT * FROM v_exception WHERE workflow_id = ? ORDER BY id", identifier
        )
    if json:
        say_json(found)
    else:
        _tell(found)


def _tell(found: dict[str, Any]) -> None:
    names = (
        "flow",
        "kind",
        "document_number",
        "document_key",
        "document_revision",
        "state",
        "step",
        "waiting_for",
    )
    say(
        facts(
            {
                "workflow": found["id"],
                **{name.replace("_", " "): found[name] for name in names},
                "due": moment(found["due_at"]),
                "target": found["target"],
                "legal entity": found["legal_entity"],
                "amount": money(found),
                "started": moment(found["started_at"]),
                "ended": moment(found["ended_at"]),
            }
        )
    )
    sections = {
        "steps": (
            ["at", "step", "state", "due", "decided"],
            [
                [moment(s["started_at"]), s["name"], s["state"], moment(s["due_at"]), _decided(s["detail"])]
                for s in found["steps"]
            ],
        ),
        "deliveries": (
            ["id", "system", "operation", "state", "message"],
            [[d["id"], d["system"], d["operation"], d["state"], d["message"]] for d in found["deliveries"]],
        ),
        "exceptions": (
            ["id", "class", "state", "cause"],
            [[c["id"], c["class"], c["state"], c["cause"]] for c in found["exceptions"]],
        ),
    }
    for title, (headings, lines) in sections.items():
        if lines:
            say(f"\n{title}")
            say(table(headings, lines))


def _decided(detail: dict[str, Any]) -> str:
    from finsync_tui.explain import in_words

    return in_words(detail)


@app.command(epilog=example('finsync workflow abort 7 --reason "ordered twice by mistake"'))
def abort(
    identifier: Id,
    *,
    reason: ReasonOption,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Give a workflow up. What it has done in systems is undone there, newest first, with the next cycles; `workflow show`
    lists what was undone and what stays."""
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    with opened(workspace) as store:
        rules = profiles.load(workspace_of(workspace))
        outcome = actions.abort_workflow(store, actor(workspace), identifier, reason, profile=rules)
    report(outcome, "aborted", json=json)
