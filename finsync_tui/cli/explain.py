"""`finsync explain`: the story of one document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._context import FOUND_SOMETHING, JsonOption, WorkspaceOption, example, reading
from finsync_tui.cli._output import facts, moment, note, say, say_json, table

if TYPE_CHECKING:
    from finsync_tui.as_posted import Again


def register(app: typer.Typer) -> None:
    app.command(
        "explain",
        epilog=example(
            "finsync explain PO-100234",
            "finsync explain coupa:100234 --json",
            "finsync explain PO-100234 --again",
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
            help="Ask an order again, under the versions that decided it and as of its day; ends with 3 when the answer differs.",
        ),
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Tell the story of one document: payload, decisions, attempts, answers, where it stands."""
    from finsync_tui.explain import story

    with reading(workspace) as db:
        found = story(db, document)
        if again:
            from finsync_tui import as_posted

            _say_again(as_posted.of_order(db, found.document_key), json=json)
            return
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
