"""`finsync explain`: the story of one document."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    RevealOption,
    WhyOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    reveals,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import facts, moment, note, say, say_json, table

if TYPE_CHECKING:
    from datetime import datetime
    from sqlite3 import Connection

    from finsync_tui.as_posted import Again
    from finsync_tui.explain import Story


def register(app: typer.Typer) -> None:
    app.command(
        "explain",
        epilog=example(
            "finsync explain PO-100234",
            "finsync explain coupa:100234 --json",
            "finsync explain PO-100234 --again",
            "finsync explain PO-100234 --html order.html",
            'finsync explain PO-100234 --reveal --reason "who approved it"',
        ),
    )(explain)


def explain(
    document: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENT", help="An order number, an ERP number, or a key such as coupa:100234."
        ),
    ],
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Ask an order, invoice or expense document again, under the versions that decided it and as of its day; ends with 3 when the answer differs.",
        ),
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write it as one page that loads nothing, with every attempt and payload folded in.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    reveal: RevealOption = False,
    reason: WhyOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Tell the story of one document: payload, decisions, attempts, answers, where it stands."""
    from finsync_tui.explain import story

    if html is not None and (again or html.suffix.lower() != ".html"):
        raise UsageError(
            "--html writes the story to a file that ends in .html, and not together with --again. Nothing was written."
        )
    with opened(workspace) as store, closing(store.reader()) as db:
        found = story(db, document, shows_people=reveal)
        if reveal:
            reveals(workspace, store, found.document_key, reason)
        if again:
            from finsync_tui import as_posted, profile

            _say_again(
                as_posted.of_document(
                    db, found.entity, found.document_key, profile.load(workspace_of(workspace))
                ),
                json=json,
            )
            return
        if html is not None:
            _write(db, found, html, store.clock.now(), actor(workspace).name, force=force, reveal=reveal)
    if json:
        say_json(found.to_json())
        return
    if html is not None:
        return
    twins = ", ".join(f"{system} {number or external_id}" for system, external_id, number in found.links)
    say(
        facts(
            {
                found.entity.replace("_", " "): found.number,
                "key": found.document_key,
                "twins": twins,
                "stands at": found.status,
            }
        )
    )
    say()
    say(
        table(
            ["at", "where", "what", "detail"],
            [[moment(line.at), line.place, line.what, line.detail] for line in found.lines],
        )
    )


def _write(
    db: Connection, found: Story, path: Path, now: datetime, by: str, *, force: bool, reveal: bool
) -> None:
    from finsync_tui import explain_page

    explain_page.write(db, found, path, now, by, replaces=force, shows_people=reveal)
    note(f"written to {path}")


def _say_again(found: Again, *, json: bool) -> None:
    if json:
        say_json(
            {
                "document_key": found.document_key,
                "on": found.on,
                "policy_version": found.policy_version,
                "mapping_version": found.mapping_version,
                "compared": [
                    {"what": one.what, "decided": one.decided, "again": one.again, "is_same": one.is_same}
                    for one in found.compared
                ],
            }
        )
    else:
        rows = [[one.what, one.decided, one.again, one.is_same] for one in found.compared]
        say(table(["what", "decided", "again", "same"], rows))
        note(f"as of {found.on}, by {found.policy_version} and {found.mapping_version}")
    if not all(one.is_same for one in found.compared):
        raise typer.Exit(FOUND_SOMETHING)
