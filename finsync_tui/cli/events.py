"""`finsync events`: what happened, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, reading
from finsync_tui.cli._output import moment, say, say_json, shown
from finsync_tui.cli._queries import Row, rows

if TYPE_CHECKING:
    import sqlite3

app = typer.Typer(name="events", help="What happened, in order.", no_args_is_help=True)

POLL_S = 1.0
PAGE_ROWS = 500


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
        if not follow:
            _print_all(list(_since(db, first)), json=json)
            return
        for event in following(db, first, lambda: time.sleep(POLL_S)):
            if json:
                say_json(event, one_line=True)
            else:
                say(_line(event))


def following(db: sqlite3.Connection, after: int, wait: Callable[[], None]) -> Iterator[Row]:
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


def _since(db: sqlite3.Connection, after: int) -> Iterator[Row]:
    while page := rows(db, "SELECT * FROM v_event WHERE seq > ? ORDER BY seq LIMIT ?", after, PAGE_ROWS):
        yield from page
        after = page[-1]["seq"]


def _print_all(found: list[Row], *, json: bool) -> None:
    if json:
        say_json(found)
        return
    for event in found:
        say(_line(event))


def _line(event: Row) -> str:
    return f"{event['seq']:>8}  {moment(event['time'])}  {shown(event['type'])}  {shown(event['subject'])}"
