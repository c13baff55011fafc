"""`finsync supplier`: golden records and what they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finsync_tui.cli import _golden
from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, reading
from finsync_tui.cli._output import note, say, say_json, table
from finsync_tui.cli.supplier import Key, app

__all__ = ["app"]


@app.command(epilog=example("finsync supplier history coupa:88", "finsync supplier history golden:17 --json"))
def history(key: Key, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show what a supplier's golden record was: each version with the fields and records that changed."""
    from store import golden_suppliers
    from store.clock import text

    with reading(workspace) as db:
        golden = _golden.found(db, key)
        versions = golden_suppliers.history(db, golden.id) if golden is not None else []
    rows: list[dict[str, Any]] = []
    before: golden_suppliers.Golden | None = None
    for one in versions:
        old: Mapping[str, Any] = before.fields if before is not None else {}
        changed = [name for name, field in one.fields.items() if old.get(name) != field]
        rows.append(
            {
                "version": one.version,
                "at": text(one.made_at),
                "changed": [*changed, *(name for name in old if name not in one.fields)],
                "fields": one.fields,
                "records": list(one.members),
            }
        )
        before = one
    if json:
        say_json({"key": golden.key if golden is not None else None, "versions": rows})
        return
    say(
        table(
            ["version", "at", "changed", "records"],
            [[r["version"], r["at"], ", ".join(r["changed"]), ", ".join(r["records"])] for r in rows],
        )
    )
    if golden is None:
        note(f"{key} has no golden record yet: the engine makes it with its next read")
