"""`finsync breaks`: where two systems differ, and what is done about it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from finsync_tui.cli import _export
from finsync_tui.cli._context import (
    AsSeenOption,
    JsonOption,
    LimitOption,
    ReasonOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    reading,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._outcome import meant, one_of, report, seen_by
from finsync_tui.cli._output import facts, moment, note, safe, say, say_json, table
from finsync_tui.cli._queries import Listing, amount, listed, money, one, rows
from store.canonical.currency import comparable_sql

if TYPE_CHECKING:
    import sqlite3

    from finsync_tui.actions.adoptions import Adopted
    from finsync_tui.actions.write_offs import WrittenOff
    from store.database import Store

app = typer.Typer(name="breaks", help="Where two systems differ.", no_args_is_help=True)

COLUMNS = (
    "id", "state", "definition", "kind", "class", "document_number", "document_key", "source_system", "target_system",
    "source_id", "target_id", "legal_entity", "period", "amount", "currency", "age_days", "owner", "opened_at",
    "last_seen_at", "fields", "evidence", "fix", "ended_at", "ended_by", "resolution",
)  # fmt: skip
BY_MONEY = f"abs(coalesce({comparable_sql()}, 0)) DESC, id"

Ids = Annotated[list[int] | None, typer.Argument(metavar="ID", help="Numbers of breaks.", show_default=False)]
Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the break.")]
State = Annotated[
    Literal["open", "waiting", "explained", "fixed", "written_off", "closed", "all"],
    typer.Option("--state", help="Only these; waiting: what was proposed waits for a second person."),
]
Definition = Annotated[
    str | None,
    typer.Option(
        "--definition", metavar="NAME", help="Only of this definition, e.g. orders.", show_default=False
    ),
]
Class = Annotated[
    str | None,
    typer.Option("--class", metavar="CLASS", help="Only of this class, e.g. timing.", show_default=False),
]
Kind = Annotated[
    str | None,
    typer.Option("--kind", metavar="KIND", help="Only of this kind, e.g. duplicate.", show_default=False),
]
Owner = Annotated[
    str | None,
    typer.Option("--owner", metavar="PERSON", help="Only those of this person.", show_default=False),
]
Entity = Annotated[
    str | None, typer.Option("--entity", metavar="LE", help="Only of this legal entity.", show_default=False)
]
WhyOption = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the audit log.", show_default=False),
]
ApproveOption = Annotated[bool, typer.Option("--approve", help="Approve what somebody else proposed.")]
RejectOption = Annotated[bool, typer.Option("--reject", help="Say no to it.")]
WithdrawOption = Annotated[bool, typer.Option("--withdraw", help="Take your own proposal back.")]
_FILTER = "--definition or --class"


@app.command(
    "list", epilog=example("finsync breaks list", "finsync breaks list --class manual_change --json")
)
def list_(
    state: State = "open",
    definition: Definition = None,
    class_: Class = None,
    kind: Kind = None,
    entity: Entity = None,
    owner: Owner = None,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List breaks, the most money first."""
    with reading(workspace) as db:
        found = _listed(db, state, definition, class_, kind, entity, owner, limit)
    if json:
        say_json(found.rows)
    elif found.rows:
        say(
            table(
                ["id", "definition", "kind", "class", "document", "amount", "age", "owner", "state", "differs"],
                [
                    [
                        row["id"], row["definition"], row["kind"].replace("_", " "), row["class"].replace("_", " "),
                        row["document_number"], money(row), f"{row['age_days']} d", row["owner"], row["state"],
                        _differs(row["fields"]),
                    ]
                    for row in found.rows
                ],
                right=["id", "amount", "age"],
            )
        )  # fmt: skip
    note(f"{len(found.rows):,} of {found.total:,} breaks")


@app.command(epilog=example("finsync breaks show 12"))
def show(identifier: Id, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show one break: both values, why it is what it is, its history."""
    with reading(workspace) as db:
        found = _break(db, identifier)
    if json:
        say_json(found)
        return
    heading = (
        "state", "definition", "kind", "class", "document_number", "document_key", "source_system", "target_system",
        "source_id", "target_id", "legal_entity", "period", "owner",
    )  # fmt: skip
    say(
        facts(
            {
                "break": found["id"],
                **{name.replace("_", " "): found[name] for name in heading},
                "amount at risk": money(found),
                "opened": moment(found["opened_at"]),
                "last seen": moment(found["last_seen_at"]),
                "resolution": found["resolution"],
                "what to do": found["advice"],
                "workflow": found["workflow_id"],
                "exception": found["case_id"],
                "delivery": found["entry_id"],
                "write-off proposal": found["proposal_id"],
            }
        )
    )
    if found["fields"]:
        say()
        say(table(["field", found["source_system"], found["target_system"]], found["fields"]))
    say()
    say(
        facts(
            {f"evidence: {name.replace('_', ' ')}": str(value) for name, value in found["evidence"].items()}
        )
    )
    for item in found["history"]:
        say(f"\n{moment(item['at'])} {safe(item['who'])} {safe(item['what'])}: {safe(item['text'])}")


@app.command(
    "classes", epilog=example("finsync breaks classes", "finsync breaks classes --definition invoices --json")
)
def list_classes(
    definition: Definition = None, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Count open breaks by class, with what came and went in each of the last fourteen days."""
    from contextlib import closing

    from store import break_trends
    from store.clock import text

    where: str = break_trends.OPEN
    values: list[str] = []
    if definition is not None:
        where, values = f"{where} AND definition=?", [definition]
    with opened(workspace) as store, closing(store.reader()) as db:
        found = break_trends.by_class(db, store.clock.now(), where, values)
    if json:
        say_json(
            [
                {
                    "class": one.class_, "open": one.count, "oldest_at": one.oldest_at, "came": one.came, "went": one.went,
                    "amounts": {currency: amount(minor, currency) for currency, minor in one.amounts.items()},
                }
                for one in found
            ]
        )  # fmt: skip
        return
    say(
        table(
            ["class", "open", "came", "went", "oldest", "at risk"],
            [
                [
                    one.class_.replace("_", " "), one.count, sum(one.came), sum(one.went),
                    moment(text(one.oldest_at)) if one.oldest_at else "",
                    ", ".join(f"{amount(minor, currency)} {currency}" for currency, minor in one.amounts.items()),
                ]
                for one in found
            ],
            right=["open", "came", "went"],
        )
    )  # fmt: skip
    note(f"came and went: in the last {break_trends.DAYS} days, of all breaks")


@app.command("runs", epilog=example("finsync breaks runs --definition orders"))
def list_runs(
    definition: Definition = None,
    limit: LimitOption = 20,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List what was compared when, and how it ended, newest first."""
    with reading(workspace) as db:
        found = listed(db, "v_reconcile_run", {"definition": definition}, "id DESC", limit)
    if json:
        say_json(found.rows)
    else:
        names = [
            "id",
            "started_at",
            "definition",
            "target_system",
            "mode",
            "outcome",
            "compared",
            "opened",
            "closed",
        ]
        say(
            table(
                [name.replace("_", " ") for name in names],
                [[moment(r[n]) if n == "started_at" else r[n] for n in names] for r in found.rows],
                right=["compared", "opened", "closed"],
            )
        )
    note(f"{len(found.rows):,} of {found.total:,} runs")


@app.command("totals", epilog=example("finsync breaks totals invoices"))
def list_totals(
    definition: Annotated[str, typer.Argument(metavar="DEFINITION", help="E.g. invoices.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what both sides add up to by legal entity, period and currency, as the last complete run saw it."""
    with reading(workspace) as db:
        found = rows(
            db,
            "SELECT * FROM v_control_total WHERE run_id IN (SELECT max(id) FROM v_reconcile_run"
            " WHERE definition=? AND outcome='complete' GROUP BY source_system, target_system)"
            " ORDER BY target_system, legal_entity, period, currency",
            definition,
        )
    shown = [_total(row) for row in found]
    if json:
        say_json(shown)
        return
    sums = ["source", "target", "difference"]
    say(
        table(
            ["target system", "legal entity", "period", *sums, "currency"],
            [
                [
                    r["target_system"],
                    r["legal_entity"],
                    r["period"],
                    *(r[name] for name in sums),
                    r["currency"],
                ]
                for r in shown
            ],
            right=sums,
        )
    )


def _total(row: dict[str, Any]) -> dict[str, Any]:
    sums = {
        name: amount(row.pop(f"{name}_minor"), row["currency"]) for name in ("source", "target", "difference")
    }
    return {**row, **sums}


@app.command(epilog=example("finsync breaks assign 12 13 --to maria"))
def assign(
    ids: Ids = None,
    *,
    to: Annotated[str, typer.Option("--to", metavar="PERSON", help="Who takes care of it.")],
    definition: Definition = None,
    class_: Class = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say who takes care of breaks."""
    from finsync_tui import actions

    with opened(workspace) as store:
        chosen = _selected(store, ids, definition, class_)
        outcome = actions.assign_breaks(store, actor(workspace), chosen, to, seen=seen_by(as_seen, chosen))
    report(outcome, f"assigned to {safe(to)}", json=json)


@app.command(epilog=example('finsync breaks comment 12 "Asked the ERP team who changed it"'))
def comment(
    identifier: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What colleagues should know.")],
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Add a note to a break."""
    from finsync_tui import actions

    with opened(workspace) as store:
        outcome = actions.comment_on_break(
            store, actor(workspace), identifier, text, seen=seen_by(as_seen, [identifier])
        )
    report(outcome, "noted on", json=json)


@app.command(
    epilog=example(
        'finsync breaks explain 12 --reason "freight is billed apart"',
        'finsync breaks explain 12 --reject --reason "the contract says otherwise"',
    )
)
def explain(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    reject: RejectOption = False,
    withdraw: WithdrawOption = False,
    definition: Definition = None,
    class_: Class = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say why breaks are as they should be; the same difference does not come back.

    Where a write-off takes two persons, an explanation does: an approver explains it, too. Both sign it with their own key.
    """
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    one_of(False, reject, withdraw, as_seen=as_seen)
    who, found = actor(workspace), workspace_of(workspace)
    profile = profiles.load(found)
    with opened(workspace) as store:
        if reject or withdraw:
            end = actions.reject_explanation if reject else actions.withdraw_explanation
            one_break = _single(ids)
            end(store, who, one_break, reason)
            _tell_open(one_break, json=json)
            return
        chosen = _selected(store, ids, definition, class_)
        signer = actions.write_off_signer(found, profile, who)
        outcome = actions.explain_breaks(
            store, profile, who, chosen, reason, signer, seen=seen_by(as_seen, chosen)
        )
    report(outcome, "explained", json=json)


def _single(ids: list[int] | None) -> int:
    """Return the one break that is meant."""
    if ids is None or len(ids) != 1:
        raise UsageError("--reject and --withdraw are about one break: name its id. Nothing was done.")
    return ids[0]


@app.command(epilog=example('finsync breaks reopen 12 --reason "the explanation was of another invoice"'))
def reopen(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Take back an explanation or a write-off."""
    from finsync_tui import actions

    with opened(workspace) as store:
        chosen = meant(ids or [], None, "one")
        outcome = actions.reopen_breaks(
            store, actor(workspace), chosen, reason, seen=seen_by(as_seen, chosen)
        )
    report(outcome, "open again", json=json)


@app.command(epilog=example('finsync breaks resend 12 --reason "the ERP lost it in its restore"'))
def resend(
    ids: Ids = None,
    *,
    reason: ReasonOption,
    definition: Definition = None,
    class_: Class = None,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Let the documents' processes begin anew: each looks in the target first and makes nothing twice."""
    from finsync_tui import actions

    with opened(workspace) as store:
        chosen = _selected(store, ids, definition, class_)
        outcome = actions.resend_breaks(
            store, actor(workspace), chosen, reason, seen=seen_by(as_seen, chosen)
        )
    report(outcome, "to be sent again in the engine's next cycle", json=json)


@app.command(epilog=example("finsync breaks reread 12"))
def reread(
    ids: Ids = None,
    *,
    definition: Definition = None,
    class_: Class = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Have both sides read afresh in the engine's next cycle."""
    from finsync_tui import actions

    with opened(workspace) as store:
        outcome = actions.reread_breaks(store, actor(workspace), _selected(store, ids, definition, class_))
    report(outcome, "to be read afresh in the engine's next cycle", json=json)


@app.command(
    epilog=example(
        'finsync breaks adopt 12 --reason "the ERP closed it for good"',
        "finsync breaks adopt 12 --approve",
        'finsync breaks adopt 12 --reject --reason "it is needed until June"',
    )
)
def adopt(
    identifier: Id,
    reason: WhyOption = "",
    approve: ApproveOption = False,
    reject: RejectOption = False,
    withdraw: WithdrawOption = False,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Give the source the target's value, where the profile's `[ownership]` says that the target is its master.

    The engine writes it with its next cycle and compares both sides again.
    """
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    one_of(approve, reject, withdraw, as_seen=as_seen)
    who, found = actor(workspace), workspace_of(workspace)
    profile = profiles.load(found)
    with opened(workspace) as store:
        if reject or withdraw:
            end = actions.reject_adoption if reject else actions.withdraw_adoption
            end(store, who, identifier, reason)
            _tell_open(identifier, json=json)
            return
        if approve:
            key = actions.key_of(found, who)
            done = actions.approve_adoption(store, profile, who, identifier, key, reason)
        else:
            signer = actions.signer_for(found, who, profile.adoption_rule)
            seen = seen_by(as_seen, [identifier])
            done = actions.adopt_target(store, profile, who, identifier, reason, signer, seen=seen)
    words = "is written to its source in the engine's next cycle"
    _tell(done, words, f"finsync breaks adopt {identifier} --approve", json=json)


@app.command(
    "write-off",
    epilog=example(
        'finsync breaks write-off 12 --reason "two cents, the supplier is gone"',
        "finsync breaks write-off 12 --approve",
        'finsync breaks write-off 12 --reject --reason "it can still be claimed"',
        'finsync breaks write-off 12 --withdraw --reason "it was another one"',
    ),
)
def write_off(
    identifier: Id,
    reason: WhyOption = "",
    approve: ApproveOption = False,
    reject: RejectOption = False,
    withdraw: WithdrawOption = False,
    as_seen: AsSeenOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Accept a break as a loss. Where the profile asks for two persons, the second approves it with their own key."""
    from finsync_tui import actions
    from finsync_tui import profile as profiles

    one_of(approve, reject, withdraw, as_seen=as_seen)
    who, found = actor(workspace), workspace_of(workspace)
    profile = profiles.load(found)
    with opened(workspace) as store:
        if reject or withdraw:
            end = actions.reject_write_off if reject else actions.withdraw_write_off
            end(store, who, identifier, reason)
            _tell_open(identifier, json=json)
            return
        if approve:
            done = actions.approve_write_off(
                store, profile, who, identifier, actions.key_of(found, who), reason
            )
        else:
            signer = actions.write_off_signer(found, profile, who)
            seen = seen_by(as_seen, [identifier])
            done = actions.write_off(store, profile, who, identifier, reason, signer, seen=seen)
    _tell(done, "is written off", f"finsync breaks write-off {identifier} --approve", json=json)


def _tell_open(identifier: int, *, json: bool) -> None:
    if json:
        say_json({"break": identifier, "state": "open"})
    else:
        say(f"break {identifier} stays open")


def _tell(done: WrittenOff | Adopted, words: str, command: str, *, json: bool) -> None:
    if json:
        say_json(asdict(done))
    elif done.is_in_force:
        say(f"break {done.break_id} {words}")
    else:
        say(f"break {done.break_id} waits for a second person: `{command}`")


@app.command(epilog=example("finsync breaks export --output breaks.csv"))
def export(
    state: State = "open",
    definition: Definition = None,
    class_: Class = None,
    kind: Kind = None,
    entity: Entity = None,
    owner: Owner = None,
    format_: Annotated[Literal["csv", "json"], typer.Option("--format", help="How it is written.")] = "csv",
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where to; without it, stdout.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write breaks to a file, for a spreadsheet or another program."""
    with reading(workspace) as db:
        found = _listed(db, state, definition, class_, kind, entity, owner, None)
    if format_ == "csv":
        for row in found.rows:
            row["fields"] = _differs(row["fields"])
            row["evidence"] = str(row["evidence"].get("why", ""))
    if output is None:
        _export.write(sys.stdout, found.rows, format_, COLUMNS)
    else:
        _export.write_file(output, found.rows, format_, replaces=force, columns=COLUMNS)
    note(f"{found.total:,} breaks written" + (f" to {output}" if output else ""))


def _listed(
    db: sqlite3.Connection, state: str, definition: str | None, class_: str | None, kind: str | None,
    entity: str | None, owner: str | None, limit: int | None,
) -> Listing:  # fmt: skip
    wanted = {
        "state": {"all": None, "waiting": "open"}.get(state, state),
        "definition": definition,
        "class": class_,
        "kind": kind,
        "legal_entity": entity,
        "owner": owner,
    }
    also = (
        "coalesce(write_off_maker, adoption_maker, explanation_maker) IS NOT NULL"
        if state == "waiting"
        else "1"
    )
    return listed(db, "v_break", wanted, BY_MONEY, limit, also=also)


def _break(db: sqlite3.Connection, identifier: int) -> dict[str, Any]:
    from finsync_tui.reconcile.advice import advice
    from store import glances
    from store.errors import NotFoundError

    found = one(db, "v_break", identifier)
    if found is None:
        raise NotFoundError("break", str(identifier), "`finsync breaks list --state all` shows the numbers.")
    history = rows(
        db, "SELECT at, who, what, text, run_id FROM v_break_history WHERE break_id=? ORDER BY id", identifier
    )
    return {
        **found,
        "advice": advice(found["class"], found["state"]),
        "as_seen": glances.of_breaks(db, [identifier])[identifier].mark,
        "history": history,
    }


def _selected(store: Store, ids: list[int] | None, definition: str | None, class_: str | None) -> list[int]:
    """Return the breaks an action is for: the ids, or every open one of a definition or class."""
    is_filtered = definition is not None or class_ is not None
    found = _listed(store.db, "open", definition, class_, None, None, None, None).rows if is_filtered else []
    return meant(ids or [], [row["id"] for row in found] if is_filtered else None, _FILTER)


def _differs(fields: list[list[str | None]]) -> str:
    return "; ".join(f"{name} {source or '-'} / {target or '-'}" for name, source, target in fields)
