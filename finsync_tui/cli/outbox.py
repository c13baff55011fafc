"""`finsync outbox`: what is on its way to a system, and what did not get there."""

from __future__ import annotations

import json as json_
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

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
)
from finsync_tui.cli._outcome import carry_out, meant, seen_by
from finsync_tui.cli._output import facts, moment, note, safe, say, say_json, table
from finsync_tui.cli._queries import listed, money, one, row_of, rows

if TYPE_CHECKING:
    import sqlite3

    from store.database import Store

app = typer.Typer(
    name="outbox", help="What is on its way to a system, and what did not get there.", no_args_is_help=True
)

DeliveryState = Literal[
    "pending", "claimed", "held", "delivered", "verified", "refused", "buried", "cancelled"
]
Ids = Annotated[
    list[int] | None, typer.Argument(metavar="ID", help="Numbers of deliveries.", show_default=False)
]
State = Annotated[
    DeliveryState | None, typer.Option("--state", help="Only in this state.", show_default=False)
]
System = Annotated[
    str | None, typer.Option("--system", metavar="SYSTEM", help="Only to this system.", show_default=False)
]
Failure = Annotated[
    str | None,
    typer.Option(
        "--failure",
        metavar="FAILURE",
        help="Only after this class of failure: transient, rejected ...",
        show_default=False,
    ),
]
_FILTER = "--state, --system or --failure"


@app.command("list", epilog=example("finsync outbox list --state buried"))
def list_(
    state: State = None,
    system: System = None,
    document: Annotated[
        str | None,
        typer.Option(
            "--document", metavar="DOCUMENT", help="Only of this order number or key.", show_default=False
        ),
    ] = None,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List deliveries, the newest first."""
    column = "document_key" if document and ":" in document else "document_number"
    conditions = {"state": state, "system": system, column: document}
    with reading(workspace) as db:
        found = listed(db, "v_delivery", conditions, "id DESC", limit)
    if json:
        say_json(found.rows)
    elif found.rows:
        say(
            table(
                [
                    "id",
                    "system",
                    "operation",
                    "document",
                    "amount",
                    "state",
                    "attempts",
                    "next",
                    "failure",
                    "message",
                ],
                [
                    [
                        row["id"],
                        row["system"],
                        row["operation"],
                        row["document_number"],
                        money(row),
                        f"{row['state']}, edited" if row["is_edited"] else row["state"],
                        row["attempt_count"],
                        moment(row["next_at"]) if row["state"] == "pending" else None,
                        row["failure"],
                        row["message"],
                    ]
                    for row in found.rows
                ],
                right=["id", "amount", "attempts"],
            )
        )
    note(f"{len(found.rows):,} of {found.total:,} deliveries")


@app.command(epilog=example("finsync outbox show 40"))
def show(
    identifier: Annotated[int, typer.Argument(metavar="ID", help="Number of the delivery.")],
    reveal: RevealOption = False,
    reason: WhyOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show one delivery: what is sent, every attempt and answer."""
    with opened(workspace) as store, closing(store.reader()) as db:
        found = _delivery(db, identifier)
        if reveal:
            reveals(workspace, store, found["document_key"], reason)
        else:
            found = _veiled(found)
    if json:
        say_json(found)
        return
    names = (
        "system",
        "operation",
        "document_number",
        "document_key",
        "state",
        "failure",
        "message",
        "external_id",
    )
    say(
        facts(
            {
                "delivery": found["id"],
                **{name.replace("_", " "): found[name] for name in names},
                "amount": money(found),
                "decided as": money({**found, "amount": found["decided_amount"]})
                if found["is_edited"]
                else None,
                "idempotency key": found["idempotency_key"],
                "decided": moment(found["decided_at"]),
                "next attempt": moment(found["next_at"]) if found["state"] == "pending" else None,
                "outcome unknown": bool(found["is_outcome_unknown"]),
            }
        )
    )
    if found["attempts"]:
        say()
        say(
            table(
                ["attempt", "at", "sent", "outcome", "status", "message"],
                [
                    [
                        a["number"],
                        moment(a["started_at"]),
                        "as decided" if a["request"] is None else "as edited",
                        a["outcome"],
                        a["status"],
                        a["message"],
                    ]
                    for a in found["attempts"]
                ],
                right=["attempt"],
            )
        )
    for attempt in found["attempts"]:
        for call in attempt["calls"]:
            answered = f"HTTP {call['status']}" if call["status"] else "no answer"
            say(f"\nattempt {attempt['number']}: {call['method']} {safe(call['path'])}  {answered}")
            say("\n".join(safe(line) for line in call["body"].splitlines()))
    for title, name in (("sent", "body"), ("edited", "edited_body")):
        if found[name] is not None:
            say(f"\n{title}")
            say(
                "\n".join(
                    safe(line) for line in json_.dumps(found[name], indent=2, ensure_ascii=False).splitlines()
                )
            )


def _veiled(found: dict[str, Any]) -> dict[str, Any]:
    """Hide people's names in what was sent, asked and answered."""
    from finsync_tui import veil

    shown = {name: veil.of_value(found[name]) for name in ("body", "edited_body")}
    attempts = [
        {
            **one,
            "request": veil.of_value(one["request"]),
            "answer": veil.of_text(one["answer"]) if one["answer"] else one["answer"],
            "calls": [{**call, "body": veil.of_text(call["body"])} for call in one["calls"]],
        }
        for one in found["attempts"]
    ]
    return {**found, **shown, "attempts": attempts}


def _delivery(db: sqlite3.Connection, identifier: int) -> dict[str, Any]:
    import msgspec

    from store import calls, glances
    from store.errors import NotFoundError

    found = one(db, "v_delivery", identifier, shows_people=True)
    if found is None:
        raise NotFoundError("delivery", str(identifier), "`finsync outbox list` shows the numbers.")
    bodies = row_of(
        db.execute(
            "SELECT e.body, d.edited_body FROM outbox_entry e JOIN delivery d ON d.entry_id = e.id "
            "WHERE e.id = ?",
            (identifier,),
        ).fetchone()
    )
    attempts = rows(
        db,
        "SELECT number, started_at, ended_at, outcome, status, message, answer, duration_ms, edited_body AS request, calls "
        "FROM attempt WHERE entry_id = ? ORDER BY id",
        identifier,
    )
    for attempt in attempts:  # None: it sent the body as decided
        attempt["request"] = json_.loads(attempt["request"]) if attempt["request"] is not None else None
        attempt["calls"] = [msgspec.structs.asdict(one) for one in calls.unpacked(attempt["calls"])]
    read = {name: json_.loads(body) if body is not None else None for name, body in bodies.items()}
    seen = glances.of_deliveries(db, [identifier])[identifier].mark
    return {**found, **read, "as_seen": seen, "attempts": attempts}


def _selected(
    store: Store, ids: list[int] | None, state: str | None, system: str | None, failure: str | None
) -> list[int]:
    """Return the deliveries an action is for: the ids, or all that a filter names."""
    conditions = {"state": state, "system": system, "failure": failure}
    is_filtered = any(conditions.values())
    found = listed(store.db, "v_delivery", conditions, "id", None).rows if is_filtered else []
    return meant(ids or [], [row["id"] for row in found] if is_filtered else None, _FILTER)


@app.command(epilog=example('finsync outbox hold 40 --reason "the buyer is checking the price"'))
def hold(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    state: State = None,
    system: System = None,
    failure: Failure = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Keep deliveries from being sent."""
    from finsync_tui import actions

    with opened(workspace) as store:
        chosen = _selected(store, ids, state, system, failure)
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        carry_out(
            chosen,
            lambda some: actions.hold_deliveries(store, who, some, reason, seen=seen),
            "held",
            json=json,
        )


@app.command(epilog=example('finsync outbox release 40 --reason "the price is right"'))
def release(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    state: State = None,
    system: System = None,
    failure: Failure = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Let held deliveries go."""
    from finsync_tui import actions

    with opened(workspace) as store:
        chosen = _selected(store, ids, state, system, failure)
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        carry_out(
            chosen,
            lambda some: actions.release_deliveries(store, who, some, reason, seen=seen),
            "released",
            json=json,
        )


@app.command(
    epilog=example(
        'finsync outbox replay 40 --reason "the account is valid again"',
        'finsync outbox replay --state buried --system oracle-emea --reason "the ERP is back"',
    )
)
def replay(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    body: Annotated[
        typer.FileText | None,
        typer.Option(
            "--body", metavar="FILE", help="Send this JSON instead; the original stays.", show_default=False
        ),
    ] = None,
    state: State = None,
    system: System = None,
    failure: Failure = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Send dead letters again, edited or not."""
    from finsync_tui import actions

    edited = _json_text(body) if body is not None else None
    with opened(workspace) as store:
        chosen = _selected(store, ids, state, system, failure)
        if edited is not None and len(chosen) > 1:
            raise typer.BadParameter("an edited body fits one delivery only.", param_hint="--body")
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        carry_out(
            chosen,
            lambda some: actions.replay_deliveries(store, who, some, reason, edited_body=edited, seen=seen),
            "to be sent again",
            json=json,
        )


def _json_text(file: typer.FileText) -> str:
    text = text_of(file)
    try:
        json_.loads(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"it is not JSON ({error}). Nothing was sent.", param_hint="--body"
        ) from None
    return text


@app.command(epilog=example('finsync outbox cancel 40 --reason "entered by hand in the ERP"'))
def cancel(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    state: State = None,
    system: System = None,
    failure: Failure = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Give deliveries up; they are never sent."""
    from finsync_tui import actions

    with opened(workspace) as store:
        chosen = _selected(store, ids, state, system, failure)
        who, seen = actor(workspace), seen_by(as_seen, chosen)
        carry_out(
            chosen,
            lambda some: actions.cancel_deliveries(store, who, some, reason, seen=seen),
            "cancelled",
            json=json,
        )
