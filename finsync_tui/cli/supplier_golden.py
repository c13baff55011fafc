"""`finsync supplier`: golden records and what they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from finsync_tui.cli import _golden
from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, reading
from finsync_tui.cli._output import note, safe, say, say_json, table
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


@app.command(
    epilog=example(
        "finsync supplier pair coupa:88 coupa:91", "finsync supplier pair coupa:88 oracle-emea:300100 --json"
    )
)
def pair(
    one: Key,
    other: Annotated[str, typer.Argument(metavar="SYSTEM:ID", help="The other one.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show two suppliers side by side: what differs, what speaks for and against, and what was said of pairs like them."""
    from finsync_tui.suppliers import comparing, examples, index, side_by_side
    from store import supplier_answers
    from store.clock import text
    from store.errors import NotAllowedError

    if one == other:
        raise NotAllowedError(f"{one} is one supplier already. Name two different ones.")
    with reading(workspace) as db:
        forms = [_golden.form(db, key) for key in (one, other)]
        score, reasons = comparing.explain(index.loaded(forms[0]), index.loaded(forms[1]))
        said = supplier_answers.answered(db, [supplier_answers.ordered(one, other)])
        like = examples.of(db, one, other, score, [reason.what for reason in reasons])
    fields = side_by_side.pairings(list(_golden.row(forms[0]).items()), list(_golden.row(forms[1]).items()))
    answer = next(iter(said.values()), None)
    if json:
        say_json(
            {
                "score": round(score, 1),
                "answer": answer,
                "fields": [{"field": n, "one": a, "other": b, "differs": d} for n, a, b, d in fields],
                "evidence": [{"what": r.what, "points": round(r.points, 1)} for r in reasons],
                "examples": [
                    {"one": e.one, "other": e.other, "answer": e.answer, "by": e.by, "at": text(e.at), "reason": e.reason,
                     "score": e.score, "shared": list(e.shared)}
                    for e in like
                ],
            }
        )  # fmt: skip
        return
    say(
        table(
            ["", one, other, ""],
            [[n, str(a or ""), str(b or ""), "differs" if d else ""] for n, a, b, d in fields],
        )
    )
    say(f"\n{score:.0f} of 100" + (f", answered: {answer}" if answer else ""))
    for reason in reasons:
        say(f"  {reason.points:+6.0f}  {safe(reason.what)}")
    for each in like:
        say(
            f"\nlike {safe(each.one)} and {safe(each.other)} ({each.score:.0f}): {each.answer}, {each.by}: {safe(each.reason)}"
        )
    note("`finsync supplier same KEY KEY --reason TEXT` or `different` says what they are")
