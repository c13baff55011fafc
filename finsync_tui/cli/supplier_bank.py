"""`finsync supplier bank-...`: changed bank details that wait for persons, and what they say of them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    ReasonOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    reading,
    workspace_of,
)
from finsync_tui.cli._output import note, safe, say, say_json, table
from finsync_tui.cli.supplier_merging import app

__all__ = ["app"]

ChangeId = Annotated[
    int, typer.Argument(metavar="ID", help="Number of the change: `finsync supplier bank-list`.")
]


@app.command(
    "bank-list", epilog=example("finsync supplier bank-list", "finsync supplier bank-list --all --json")
)
def bank_list(
    all_: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit with 3 when any waits for a person.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List changed bank details that are held or on their way, old and new masked."""
    with reading(workspace) as db:
        found = [
            dict(row)
            for row in db.execute(
                "SELECT * FROM v_bank_change WHERE ?1 OR (ended_at IS NULL AND plans IS NOT NULL) ORDER BY id",
                (all_,),
            )
        ]
    rows = [_shown(row) for row in found]
    if json:
        say_json(rows)
    else:
        if rows:
            columns = ["id", "supplier", "old", "new", "step", "confirmed_by", "approved_by"]
            say(
                table(
                    [name.replace("_", " ") for name in columns],
                    [[str(_text(row[name])) for name in columns] for row in rows],
                )
            )
        note(f"{len(rows)} changes of bank details")
    if check and any(row["step"] in ("await_approval", "await_entry") for row in rows):
        raise typer.Exit(FOUND_SOMETHING)


@app.command(
    "bank-show", epilog=example("finsync supplier bank-show 41", "finsync supplier bank-show 41 --json")
)
def bank_show(change: ChangeId, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show a change: whose, from which account to which, in which ERPs, what is under way, who has said what."""
    from finsync_tui.suppliers import in_flight
    from store.errors import NotFoundError

    with reading(workspace) as db:
        row = db.execute("SELECT * FROM v_bank_change WHERE id=?", (change,)).fetchone()
        if row is None:
            raise NotFoundError("bank change", str(change), "`finsync supplier bank-list` shows them.")
        shown = _shown(dict(row))
        keys = [key for key in (shown["supplier"], *shown["erp"]) if key]
        documents = {one.document_key: one for key in keys for one in in_flight.of(db, key)}
    shown["under_way"] = [
        {"entity": one.entity, "number": one.number, "amount_minor": one.amount_minor, "currency": one.currency,
         "state": one.state}
        for _, one in sorted(documents.items())
    ]  # fmt: skip
    if json:
        say_json(shown)
        return
    say(table(["what", "value"], [[name, str(_text(v))] for name, v in shown.items() if name != "under_way"]))
    for one in shown["under_way"]:
        amount = _amount(one["amount_minor"], one["currency"])
        say(f"  under way: {one['entity'].replace('_', ' ')} {safe(one['number'])}{amount} ({one['state']})")


@app.command(
    epilog=example('finsync supplier bank-confirm 41 --reason "called Ms Berg on the number of the contract"')
)
def bank_confirm(
    change: ChangeId, reason: ReasonOption = "", workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Say, signed, that the supplier itself has confirmed the change, and how you asked."""
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    who, found = actor(workspace), workspace_of(workspace)
    profile = profiles.load(found)
    signer = actions.signer_for(found, who, profile.bank_change_rule)
    with opened(workspace) as store:
        _tell(actions.confirm_bank_change(store, profile, who, change, reason, signer), json=json)


@app.command("bank-approve", epilog=example("finsync supplier bank-approve 41"))
def bank_approve(
    change: ChangeId, reason: ReasonOption = "", workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Approve, signed, what another person has confirmed; after the cooling-off time it goes to the ERP."""
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    who, found = actor(workspace), workspace_of(workspace)
    with opened(workspace) as store:
        key = actions.key_of(found, who)
        _tell(actions.approve_bank_change(store, profiles.load(found), who, change, key, reason), json=json)


@app.command(
    "bank-refuse",
    epilog=example('finsync supplier bank-refuse 41 --reason "the supplier knows nothing of it"'),
)
def bank_refuse(
    change: ChangeId, reason: ReasonOption = "", workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Refuse it, signed, also within the cooling-off time: the ERP keeps what it has, the supplier is flagged at its origin."""
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    who, found = actor(workspace), workspace_of(workspace)
    profile = profiles.load(found)
    signer = actions.signer_for(found, who, profile.bank_change_rule)
    with opened(workspace) as store:
        _tell(actions.refuse_bank_change(store, profile, who, change, reason, signer), json=json)


def _tell(done: Any, *, json: bool) -> None:
    words = {
        "confirmed": f"waits for a second person: `finsync supplier bank-approve {done.change}`",
        "approved": f"is approved; `finsync supplier bank-show {done.change}` tells how long it cools off",
        "refused": "is refused; the ERP keeps what it has",
    }
    if json:
        say_json({"change": done.change, "state": done.state, "proposal": done.proposal})
    else:
        say(f"bank change {done.change} {words[done.state]}")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    from store.columns import from_json

    plans = from_json(row.pop("plans") or "[]")
    return {
        **row,
        "old": sorted({one for plan in plans for one in plan["old"]}),
        "erp": [plan["supplier"] for plan in plans],
    }


def _amount(minor: int | None, currency: str | None) -> str:
    from store.canonical.money import Money

    return f", {Money(amount_minor=minor, currency=currency)}" if minor is not None and currency else ""


def _text(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else "" if value is None else value
