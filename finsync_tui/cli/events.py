"""`finsync events`: what happened, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, reading
from finsync_tui.cli._output import moment, say, say_json, shown

if TYPE_CHECKING:
    import sqlite3

app = typer.Typer(name="events", help="What happened, in order.", no_args_is_help=True)

POLL_S = 1.0
PAGE_ROWS = 500

CloudEvent = dict[str, Any]
"""An event as CloudEvents 1.0 has it, and its place `seq` in the log."""


@app.callback()
def events() -> None:
    """What happened, in order."""


@app.command(epilog=example("finsync events tail --limit 20", "finsync events tail --follow --json"))
def tail(
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new ones until Ctrl-C.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Begin with so many of the newest.")
    ] = 20,
    after: Annotated[
        int | None, typer.Option("--after", metavar="SEQ", help="Begin after this event.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print events as CloudEvents, the newest last; with --json and --follow, one JSON object a line."""
    with reading(workspace) as db:
        first = after if after is not None else _start(db, limit)
        if json and not follow:
            say_json(list(_since(db, first)))
            return
        found = following(db, first, lambda: time.sleep(POLL_S)) if follow else _since(db, first)
        for event in found:
            if json:
                say_json(event, one_line=True)
            else:
                say(_line(event))


def following(db: sqlite3.Connection, after: int, wait: Callable[[], None]) -> Iterator[CloudEvent]:
    """Yield events after `after` as they come; `wait` is called whenever there is none."""
    while True:
        for event in _since(db, after):
            after = event["seq"]
            yield event
        wait()


def _start(db: sqlite3.Connection, limit: int) -> int:
    """Return the sequence number after which the newest `limit` events follow."""
    found = db.execute("SELECT seq FROM v_event ORDER BY seq DESC LIMIT 1 OFFSET ?", (limit,)).fetchone()
    return found["seq"] if found else 0


def _since(db: sqlite3.Connection, after: int) -> Iterator[CloudEvent]:
    from finsync_tui import veil
    from store.events import tail as page_after

    while page := page_after(db, after, PAGE_ROWS):
        for stored in page:
            told = stored.event.to_cloudevent()
            yield {"seq": stored.seq, **told, "data": veil.of_value(told["data"])}
        after = page[-1].seq


def _line(event: CloudEvent) -> str:
    return f"{event['seq']:>8}  {moment(event['time'])}  {shown(event['type'])}  {shown(event['subject'])}"
