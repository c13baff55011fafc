"""`finsync explain`: the story of one document."""

from __future__ import annotations

from typing import Annotated

import typer

from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, reading
from finsync_tui.cli._output import facts, moment, say, say_json, table


def register(app: typer.Typer) -> None:
    app.command(
        "explain", epilog=example("finsync explain PO-100234", "finsync explain coupa:100234 --json")
    )(explain)


def explain(
    document: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENT", help="An order number, an ERP number, or a key such as coupa:100234."
        ),
    ],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Tell the story of one document: payload, decisions, attempts, answers, where it stands."""
    from finsync_tui.explain import story

    with reading(workspace) as db:
        found = story(db, document)
    if json:
        say_json(found.to_json())
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
