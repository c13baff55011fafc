"""`finsync status`: where the workspace stands, on one page."""

from __future__ import annotations

from typing import Annotated

import typer

from finsync_tui.cli import _status
from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    WorkspaceOption,
    example,
    opened,
    workspace_of,
)
from finsync_tui.cli._output import facts, grouped, moment, note, safe, say, say_json, span, table

WATCHED = {
    "budget_failed": "orders stopped by a budget",
    "invoice_on_hold": "invoices on hold",
    "payment_unreported": "payments not reported back",
}


def register(app: typer.Typer) -> None:
    app.command("status", epilog=example("finsync status", "finsync status --check"))(status)


def status(
    check: Annotated[bool, typer.Option("--check", help="End with 3 when something needs a person.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say what is done, what is stuck and how much money that is, what is due, how the systems are."""
    from contextlib import closing

    from finsync_tui import profile

    configured = profile.load(workspace_of(workspace))
    with opened(workspace) as store, closing(store.reader()) as db:
        found = _status.read(db, configured, store.clock.now())
    if json:
        say_json(found.to_json())
    else:
        _tell(found)
    problems = found.problems()
    if check and problems:
        note("look at: " + "; ".join(problems))
        raise typer.Exit(FOUND_SOMETHING)


def _tell(found: _status.Status) -> None:
    engine = found.engine
    orders = found.orders
    say(
        facts(
            {
                "at": moment(found.at),
                "engine": _engine(engine) if engine else "not started yet",
                "orders": f"{orders['read']:,} read: {orders['done']:,} done, {orders['in_work']:,} in work, "
                f"{orders['held']:,} held, {orders['aborted']:,} aborted",
                "deliveries": ", ".join(f"{count:,} {state}" for state, count in found.deliveries.items()),
                "overdue": ", ".join(f"{count:,} {name}" for name, count in found.overdue.items()),
                "next due": moment(found.next_due_at),
            }
        )
    )
    others = {name: counts for name, counts in found.flows.items() if name != "requisition_to_pay"}
    if others:
        say()
        say(
            table(
                ["flow", "done", "in work", "held", "aborted"],
                [
                    [name.replace("_", " "), *(f"{n:,}" for n in counts.values())]
                    for name, counts in others.items()
                ],
                right=["done", "in work", "held", "aborted"],
            )
        )
    if found.unposted:
        say()
        say(
            table(
                ["approved, not posted", "age", "count", "amount", "currency"],
                [
                    [row["flow"].replace("_", " "), row["age"], f"{row['count']:,}", grouped(value), currency]
                    for row in found.unposted
                    for currency, value in (row["amounts"] or {"": None}).items()
                ],
                right=["count", "amount"],
            )
        )
    if found.watch:
        say()
        say(
            table(
                ["to watch", "reason", "company", "count", "amount", "currency"],
                [
                    [
                        WATCHED[row["figure"]],
                        row["reason"],
                        row["legal_entity"],
                        f"{row['count']:,}",
                        grouped(row["amount"]),
                        row["currency"],
                    ]
                    for row in found.watch
                ],
                right=["count", "amount"],
            )
        )
    if found.stuck:
        say()
        say(
            table(
                ["stuck", "count", "amount", "currency"],
                [
                    [row["class"], f"{row['count']:,}", grouped(row["amount"]), row["currency"]]
                    for row in found.stuck
                ],
                right=["count", "amount"],
            )
        )
    if found.systems:
        say()
        say(
            table(
                ["system", "state", "last ok", "last read", "lag", "tried again", "reason"],
                [
                    [
                        row["system"],
                        row["state"],
                        moment(row["last_ok_at"]),
                        moment(row["last_read_at"]),
                        span(row["lag_s"]),
                        moment(row["until"]),
                        _status.reason(row),
                    ]
                    for row in found.systems
                ],
            )
        )


def _engine(engine: dict[str, object]) -> str:
    clock = "virtual clock" if engine["is_virtual"] else "clock"
    doing = f", {engine['doing']}" if engine["doing"] else ""
    state = engine["state"] if engine["is_running"] else "not running"
    if engine["silent_since"]:
        state = f"{state} (no sign of life since {moment(str(engine['silent_since']))})"
    at = moment(str(engine["clock_at"]))
    holder = engine["holder"]
    by = f"; {safe(str(holder['words']))}" if isinstance(holder, dict) else ""
    return f"{state}{doing}; {engine['cycle_count']:,} cycles; {clock} {at}{by}"
