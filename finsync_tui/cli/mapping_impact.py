"""`finsync mapping impact`: what a change would do. Importing this module completes the commands of the noun."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finsync_tui.cli import _impact_sheet
from finsync_tui.cli._context import JsonOption, LimitOption, WorkspaceOption, example
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._impact_sheet import ExportOption
from finsync_tui.cli._mapping import (
    Conditions,
    Scope,
    TableName,
    ValidFrom,
    ValidTo,
    amounts_json,
    amounts_text,
    conditions_of,
    edited,
    looking,
    proposal_of,
)
from finsync_tui.cli._output import note, say, say_json, table
from finsync_tui.cli._queries import amount
from finsync_tui.cli.mapping import app
from finsync_tui.cli.mapping_changes import Priority, Removes, Sets

if TYPE_CHECKING:
    from finsync_tui.impact import Impact

__all__ = ["app"]


@app.command(
    epilog=example(
        "finsync mapping impact cost_centre --set CC410=410",
        "finsync mapping impact cost_centre --proposal 12 --export impact.csv",
    )
)
def impact(
    name: TableName,
    sets: Sets = None,
    removes: Removes = None,
    scope: Scope = "",
    wheres: Conditions = None,
    priority: Priority = 0,
    valid_from: ValidFrom = None,
    valid_to: ValidTo = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="Try the rows of this file.", show_default=False),
    ] = None,
    proposal: Annotated[
        int | None,
        typer.Option("--proposal", metavar="ID", help="Try this proposed change.", show_default=False),
    ] = None,
    limit: LimitOption = 50,
    export: ExportOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show which documents a change would release, hold or charge elsewhere, and how much money; nothing is written."""
    from finsync_tui import impact_files
    from finsync_tui.impact import impact as measure
    from finsync_tui.mapping import files, standing
    from finsync_tui.mapping.standing import rows_of

    if sum([bool(sets or removes), file is not None, proposal is not None]) != 1:
        raise UsageError("say what to try: --set and --remove, or --file, or --proposal. Nothing was done.")
    with looking(workspace) as desk:
        if proposal is not None:
            rows = rows_of(proposal_of(desk.db, proposal).body)
        elif file is not None:
            rows = files.read(file)
        else:
            current = standing(desk.db, desk.profile, name)
            rows = edited(
                current.rows if current else (),
                sets or [],
                removes or [],
                scope,
                priority,
                (valid_from, valid_to),
                conditions_of(wheres),
            )
        found = measure(desk.db, desk.profile, name, rows, desk.now)
    if export is not None:
        _impact_sheet.written(impact_files.of_mapping(found, export), export)
    if json:
        say_json(_impact_json(found, limit))
    else:
        _show_impact(found, limit)


_WORDS = {
    "released": "go on",
    "still_stuck": "stay stuck",
    "newly_stuck": "would be stuck",
    "changed": "charged elsewhere",
    "decided": "ended, would be charged elsewhere today",
}


def _impact_json(found: Impact, limit: int) -> dict[str, Any]:
    return {
        "table": found.table,
        "is_complete": found.is_complete,
        "doubts": list(found.doubts),
        "totals": [
            {"outcome": t.outcome, "documents": t.document_count, "amount": amount(t.amount_minor, t.currency), "currency": t.currency}
            for t in found.totals
        ],
        "values": [
            {"scope": v.scope or None, "from": v.value, "before": v.before, "after": v.after,
             "documents": v.document_count, "amounts": amounts_json(v.amounts)}
            for v in found.values
        ],
        "documents": [
            {"document": d.document_number, "document_key": d.document_key, "flow": d.flow, "step": d.step,
             "outcome": d.outcome, "before": dict(d.before), "after": dict(d.after), "cause": d.cause or None,
             "amount": amount(d.amount_minor, d.currency), "currency": d.currency}
            for d in found.documents[:limit]
        ],
    }  # fmt: skip


def _show_impact(found: Impact, limit: int) -> None:
    if found.values:
        lines = [
            [v.scope, v.value, v.before, v.after, v.document_count, amounts_text(v.amounts)]
            for v in found.values[:limit]
        ]
        say(
            table(
                ["scope", "value", "means", "would mean", "documents", "amount"],
                lines,
                right=["documents", "amount"],
            )
        )
        say()
    if found.documents:
        rows = []
        for d in found.documents[:limit]:
            parts = [part for part in {**d.before, **d.after} if d.before.get(part) != d.after.get(part)]
            first = parts[0] if parts else ""
            rows.append(
                [d.document_number, _WORDS[d.outcome], d.before.get(first), d.after.get(first) or d.cause or None,
                 amounts_text({d.currency: d.amount_minor}) if d.currency and d.amount_minor is not None else None]
            )  # fmt: skip
        say(table(["document", "would", "account", "new account", "amount"], rows, right=["amount"]))
        say()
    totals = [
        [
            _WORDS[t.outcome],
            t.document_count,
            amounts_text({t.currency: t.amount_minor}) if t.currency else None,
        ]
        for t in found.totals
    ]
    if totals:
        say(table(["documents that", "documents", "amount"], totals, right=["documents", "amount"]))
    for doubt in found.doubts[:limit]:
        note(doubt)
    if not found.is_complete:
        note("there are more documents than are tried one by one; the largest were")
    note("nothing was written" if totals else "no document that was read would change")
