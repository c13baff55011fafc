"""`finsync exceptions`: what waits for an analyst."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from finsync_tui.cli import _export
from finsync_tui.cli._context import (
    AsSeenOption,
    JsonOption,
    LimitOption,
    ReasonOption,
    RevealOption,
    WhyOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    reading,
    reveals,
    text_of,
    workspace_of,
)
from finsync_tui.cli._outcome import carry_out, meant, one_of, report, seen_by
from finsync_tui.cli._output import facts, grouped, moment, note, safe, say, say_json, table
from finsync_tui.cli._queries import CaseFilter, cases, money, one, rows

if TYPE_CHECKING:
    import sqlite3

    from store.cases import ExceptionCase
    from store.database import Store

app = typer.Typer(name="exceptions", help="What waits for an analyst.", no_args_is_help=True)

Ids = Annotated[
    list[int] | None, typer.Argument(metavar="ID", help="Numbers of exceptions.", show_default=False)
]
Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the exception.")]
Class = Annotated[
    list[str] | None,
    typer.Option("--class", metavar="CLASS", help="Only of this class; may be repeated.", show_default=False),
]
System = Annotated[
    str | None,
    typer.Option(
        "--system", metavar="SYSTEM", help="Only those that showed in this system.", show_default=False
    ),
]
Owner = Annotated[
    str | None,
    typer.Option("--owner", metavar="PERSON", help="Only those of this person.", show_default=False),
]
Role = Annotated[
    str | None,
    typer.Option(
        "--role",
        metavar="ROLE",
        help="Only those that this owner role has, e.g. controlling.",
        show_default=False,
    ),
]
MinAmount = Annotated[
    str | None,
    typer.Option("--min-amount", metavar="AMOUNT", help="Only from this amount on.", show_default=False),
]
State = Annotated[
    Literal["live", "open", "snoozed", "waiting", "resolved", "written_off", "ignored", "closed", "all"],
    typer.Option(
        "--state", help="live: open or snoozed; waiting: their write-off waits for a second person."
    ),
]
_FILTER = "--class or --system"


@app.command("list", epilog=example("finsync exceptions list --class PERIOD_CLOSED --min-amount 1000"))
def list_(
    class_: Class = None,
    state: State = "live",
    owner: Owner = None,
    system: System = None,
    min_amount: MinAmount = None,
    role: Role = None,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List exceptions, the most urgent first."""
    with reading(workspace) as db:
        found = cases(db, CaseFilter(class_ or (), state, owner, system, min_amount, role), limit)
    if json:
        say_json(found.rows)
    elif found.rows:
        say(
            table(
                ["id", "due", "class", "document", "amount", "system", "owner", "state", "cause"],
                [
                    [
                        row["id"],
                        moment(row["due_at"]),
                        row["class"],
                        row["document_number"],
                        money(row),
                        row["system"],
                        row["owner"],
                        row["state"],
                        row["cause"],
                    ]
                    for row in found.rows
                ],
                right=["id", "amount"],
            )
        )
    note(f"{len(found.rows):,} of {found.total:,} exceptions")


@app.command("causes", epilog=example("finsync exceptions causes --class MAPPING_MISSING"))
def list_causes(
    class_: Class = None,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List what live exceptions wait for together, the widest cause first: one missing rule may hold many documents."""
    from finsync_tui.cli._queries import amount
    from store import causes
    from store.clock import text

    classes = {name.upper() for name in class_ or ()}
    with opened(workspace) as store, closing(store.reader()) as db:
        found = [one for one in causes.waiting(db, store.clock.now()) if not classes or one.class_ in classes]
    shown = [
        {
            "class": cause.class_,
            "waits_for": dict(cause.parts),
            "count": cause.count,
            "overdue_count": cause.overdue_count,
            "oldest_at": text(cause.oldest_at),
            "amounts": {
                currency: amount(minor, currency) for currency, minor in sorted(cause.amounts.items())
            },
            "example": cause.example,
            "fix": cause.fix,
        }
        for cause in found[:limit]
    ]
    if json:
        say_json(shown)
    elif shown:
        say(
            table(
                ["documents", "late", "class", "waits for", "amounts", "oldest"],
                _cause_rows(shown),
                right=["documents", "late"],
            )
        )
    note(f"{len(shown):,} of {len(found):,} causes")


def _cause_rows(found: list[dict[str, Any]]) -> list[list[Any]]:
    return [
        [
            row["count"],
            row["overdue_count"],
            row["class"],
            ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row["waits_for"].items()),
            ", ".join(f"{grouped(value)} {currency}" for currency, value in row["amounts"].items()),
            moment(row["oldest_at"]),
        ]
        for row in found
    ]


@app.command(epilog=example("finsync exceptions show 12"))
def show(
    identifier: Id,
    reveal: RevealOption = False,
    reason: WhyOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show one exception: cause, suggested fix, payload, notes."""
    with opened(workspace) as store, closing(store.reader()) as db:
        found = _case(db, identifier, shows_people=reveal)
        if reveal:
            reveals(workspace, store, found["document_key"], reason)
    if json:
        say_json(found)
        return
    heading = ("class", "state", "document_number", "document_key", "system", "flow", "step", "legal_entity")
    say(
        facts(
            {
                "exception": found["id"],
                **{name.replace("_", " "): found[name] for name in heading},
                "amount": money(found),
                "owner": found["owner"],
                "answers for it": _answers(found),
                "opened": moment(found["opened_at"]),
                "due": moment(found["due_at"]),
                "snoozed until": moment(found["snoozed_until"]),
                "seen": found["seen_count"],
                "cause": found["cause"],
                "suggested fix": found["fix"],
                "resolution": found["resolution"],
            }
        )
    )
    for item in found["notes"]:
        say(f"\n{moment(item['at'])} {safe(item['author'])}: {safe(item['text'])}")
    if found["payload"] is not None:
        version = found["payload_version"]
        say("\npayload" + (f" (version {version} of the document, as it was read)" if version else ""))
        say(safe(found["payload"]))
    began = found["evidence"].get("answer")
    if began:
        say("\nhow the answer began")
        say(safe(str(began)))


def _answers(found: dict[str, Any]) -> str | None:
    """Say which role has an exception, and for what; None: nobody answers for it."""
    if found["owner_role"] is None:
        return None
    late = f", since {moment(found['escalated_at'])} as deputy" if found["escalated_at"] else ""
    return f"{found['owner_role']}, for {found['routed_for']}{late}"


def _case(db: sqlite3.Connection, identifier: int, *, shows_people: bool) -> dict[str, Any]:
    from finsync_tui import veil
    from store import cases as store_cases
    from store import glances
    from store.errors import NotFoundError

    found = one(db, "v_exception", identifier, shows_people=shows_people)
    if found is None:
        raise NotFoundError("exception", str(identifier), "`finsync exceptions list` shows the numbers.")
    notes = rows(db, "SELECT at, author, text FROM case_note WHERE case_id = ? ORDER BY id", identifier)
    case = store_cases.get(db, identifier)
    payload, version = (case.payload, None) if case is not None else (None, None)
    if case is not None and payload is None:
        payload, version = _as_read(db, case) or (None, None)
    text = payload.decode("utf-8", "replace") if payload else ""
    return {
        **found,
        "as_seen": glances.of_cases(db, [identifier])[identifier].mark,
        "notes": notes,
        "payload": (text if shows_people else veil.of_text(text, found["entity"])) if payload else None,
        "payload_version": version,
    }


def _as_read(db: sqlite3.Connection, case: ExceptionCase) -> tuple[bytes, int] | None:
    """Return the document's payload in the version that was stopped, or the newest one, with its version."""
    from store import records, workflows

    workflow = workflows.get(db, case.workflow_id) if case.workflow_id is not None else None
    system, _, external_id = case.document_key.partition(":")
    version = workflow.document_version if workflow is not None else None
    return records.payload(db, case.entity, system, external_id, version)


def _selected(store: Store, ids: list[int] | None, class_: list[str] | None, system: str | None) -> list[int]:
    """Return the exceptions an action is for: the ids, or every live one of a class or system."""
    is_filtered = bool(class_) or system is not None
    selected = cases(store.db, CaseFilter(class_ or (), system=system)).rows if is_filtered else []
    return meant(ids or [], [row["id"] for row in selected] if is_filtered else None, _FILTER)


@app.command(
    epilog=example(
        "finsync exceptions assign 12 13 --to maria",
        'finsync exceptions assign 12 --to maria --as-seen "$(finsync exceptions show 12 --json | jq -r .as_seen)"',
    )
)
def assign(
    ids: Ids = None,
    *,
    to: Annotated[str, typer.Option("--to", metavar="PERSON", help="Who takes care of it.")],
    class_: Class = None,
    system: System = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say who takes care of exceptions."""
    from finsync_tui import actions

    with opened(workspace) as store:
        chosen = _selected(store, ids, class_, system)
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        carry_out(
            chosen,
            lambda some: actions.assign(store, who, some, to, seen=seen),
            f"assigned to {safe(to)}",
            json=json,
        )


@app.command(epilog=example('finsync exceptions comment 12 "Asked the buyer for the right cost centre"'))
def comment(
    identifier: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What colleagues should know.")],
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Add a note to an exception."""
    from finsync_tui import actions

    with opened(workspace) as store:
        actions.comment(store, actor(workspace), identifier, text, seen=seen_by(as_seen, [identifier]))
    if json:
        say_json({"done": [identifier], "refused": []})
    else:
        say(f"noted on {identifier}")


@app.command(epilog=example("finsync exceptions snooze 12 --until 2026-02-01T08:00+01:00"))
def snooze(
    ids: Ids = None,
    *,
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="ISO 8601 with offset, or a date.")],
    class_: Class = None,
    system: System = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Put exceptions aside until a moment; they come back by themselves."""
    from finsync_tui import actions

    moment_ = _instant(until)
    with opened(workspace) as store:
        chosen = _selected(store, ids, class_, system)
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        carry_out(
            chosen,
            lambda some: actions.snooze(store, who, some, moment_, seen=seen),
            f"snoozed until {moment_:%Y-%m-%d %H:%M} UTC",
            json=json,
        )


def _instant(text: str) -> datetime:
    from store.clock import instant

    if len(text) == len("2026-01-01"):
        text += "T00:00:00Z"
    try:
        return instant(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not an instant. Write it like 2026-02-01 or 2026-02-01T08:00+01:00.",
            param_hint="--until",
        ) from None


@app.command(epilog=example('finsync exceptions ignore 12 --reason "cancelled by the buyer, nothing to do"'))
def ignore(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    class_: Class = None,
    system: System = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Close exceptions without doing anything about them."""
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    with opened(workspace) as store:
        chosen = _selected(store, ids, class_, system)
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        rules = profiles.load(workspace_of(workspace))
        carry_out(
            chosen,
            lambda some: actions.ignore(store, who, some, reason, seen=seen, profile=rules),
            "ignored",
            json=json,
        )


@app.command(epilog=example("finsync exceptions retry 12", "finsync exceptions retry --class PERIOD_CLOSED"))
def retry(
    ids: Ids = None,
    *,
    class_: Class = None,
    system: System = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Try again after the cause is gone."""
    from finsync_tui import actions

    with opened(workspace) as store:
        chosen = _selected(store, ids, class_, system)
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        carry_out(
            chosen,
            lambda some: actions.retry(store, who, some, seen=seen),
            "to be tried again in the engine's next cycle",
            json=json,
        )


@app.command(epilog=example('finsync exceptions resolve 12 --reason "entered by hand in the ERP"'))
def resolve(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    class_: Class = None,
    system: System = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Close exceptions that somebody has taken care of elsewhere."""
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    with opened(workspace) as store:
        chosen = _selected(store, ids, class_, system)
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        rules = profiles.load(workspace_of(workspace))
        carry_out(
            chosen,
            lambda some: actions.resolve(store, who, some, reason, seen=seen, profile=rules),
            "resolved",
            json=json,
        )


@app.command(
    "write-off",
    epilog=example(
        'finsync exceptions write-off 12 --reason "the supplier is gone, nothing can be posted"',
        "finsync exceptions write-off 12 --approve",
        'finsync exceptions write-off 12 --reject --reason "the buyer can still correct it"',
        'finsync exceptions write-off 12 --withdraw --reason "it was another one"',
    ),
)
def write_off(
    identifier: Id,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="TEXT", help="Why; it is kept in the audit log.", show_default=False
        ),
    ] = "",
    approve: Annotated[bool, typer.Option("--approve", help="Approve what somebody else proposed.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Say no to it.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take your own proposal back.")] = False,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Give an exception's document up, and its money with it.

    Where the profile asks for two persons, the second approves it with their own key; below [governance.write_off_below] one
    person may.
    """
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    one_of(approve, reject, withdraw, as_seen=as_seen)
    who, found = actor(workspace), workspace_of(workspace)
    profile = profiles.load(found)
    with opened(workspace) as store:
        shown = _case(store.db, identifier, shows_people=True)
        if reject or withdraw:
            end = actions.reject_exception_write_off if reject else actions.withdraw_exception_write_off
            end(store, who, identifier, reason)
            state, told = "open", "stays open"
            proposal = shown["proposal_id"]
        else:
            done = (
                actions.approve_exception_write_off(
                    store, profile, who, identifier, actions.key_of(found, who), reason
                )
                if approve
                else actions.write_off_exception(
                    store,
                    profile,
                    who,
                    identifier,
                    reason,
                    actions.write_off_signer(found, profile, who),
                    seen=seen_by(as_seen, [identifier]),
                )
            )
            proposal = done.proposal
            state = "written_off" if done.is_in_force else "waiting"
            told = (
                "is written off"
                if done.is_in_force
                else f"waits for a second person: `finsync exceptions write-off {identifier} --approve`"
            )
    if json:
        amounts = {"amount": shown["amount"], "currency": shown["currency"]}
        say_json({"exception": identifier, "state": state, "proposal": proposal, **amounts})
    else:
        say(
            f"exception {identifier} of {safe(shown['document_number'])} ({money(shown) or 'no amount'}) {told}"
        )


@app.command(
    "return",
    epilog=example(
        'finsync exceptions return 12 --reason "Cost centre 410 is closed. Choose 420 and submit again."'
    ),
)
def send_back(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    class_: Class = None,
    system: System = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Send documents back to their owner, who reads the reason; what was posted of them is taken back."""
    from finsync_tui import actions

    with opened(workspace) as store:
        chosen = _selected(store, ids, class_, system)
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        carry_out(
            chosen,
            lambda some: actions.send_back(store, who, some, reason, seen=seen),
            "to be returned in the engine's next cycle",
            json=json,
        )


@app.command(
    epilog=example('finsync exceptions edit 12 --payload corrected.json --reason "typo in the price"')
)
def edit(
    identifier: Id,
    payload: Annotated[
        typer.FileText,
        typer.Option("--payload", metavar="FILE", help="The corrected document; - reads it from stdin."),
    ],
    reason: ReasonOption,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Correct the payload of an exception; the original stays beside it."""
    from finsync_tui import actions

    text = text_of(payload)
    with opened(workspace) as store:
        outcome = actions.edit(
            store, actor(workspace), identifier, text, reason, seen=seen_by(as_seen, [identifier])
        )
    report(outcome, "edited", json=json)


@app.command(epilog=example("finsync exceptions export --format csv --output exceptions.csv"))
def export(
    class_: Class = None,
    state: State = "live",
    owner: Owner = None,
    system: System = None,
    min_amount: MinAmount = None,
    format_: Annotated[Literal["csv", "json"], typer.Option("--format", help="How it is written.")] = "csv",
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where to; without it, stdout.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write exceptions to a file, for a spreadsheet or another program."""
    with reading(workspace) as db:
        found = cases(db, CaseFilter(class_ or (), state, owner, system, min_amount))
    if output is None:
        _export.write(sys.stdout, found.rows, format_)
    else:
        _export.write_file(output, found.rows, format_, replaces=force)
    note(f"{found.total:,} exceptions written" + (f" to {output}" if output else ""))
