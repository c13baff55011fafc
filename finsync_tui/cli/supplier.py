"""`finsync supplier`: which suppliers there are, which may be the same, and what is wrong with their data."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from finsync_tui.cli import _golden
from finsync_tui.cli._context import (
    FOUND_SOMETHING,
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
from finsync_tui.cli._output import note, safe, say, say_json, table

if TYPE_CHECKING:
    from finsync_tui.profile.suppliers import SupplierPolicy, Thresholds
    from store.supplier_forms import StoredForm

app = typer.Typer(
    name="supplier",
    help="Which suppliers are the same, and what is wrong with their data.",
    no_args_is_help=True,
)
Key = Annotated[str, typer.Argument(metavar="SYSTEM:ID", help="A supplier, e.g. coupa:88; or golden:17.")]
Keys = Annotated[
    list[str], typer.Argument(metavar="SYSTEM:ID...", help="Suppliers by twos, e.g. coupa:88 coupa:91.")
]


@app.command(
    "list", epilog=example("finsync supplier list harbour", "finsync supplier list --system coupa --json")
)
def list_(
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Only those whose name or number has it.")
    ] = "",
    system: Annotated[str | None, typer.Option(help="Only those of this system.")] = None,
    limit: LimitOption = 100,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List suppliers of all systems as they are compared."""
    from store import supplier_forms

    with reading(workspace) as db:
        found = supplier_forms.search(db, text, system, limit)
    if json:
        say_json([_golden.row(one) for one in found])
        return
    if found:
        columns = ["key", "number", "name", "country", "postcode", "town", "status", "kind"]
        say(table(columns, [[_golden.row(one)[name] for name in columns] for one in found]))
    note(f"{len(found)} suppliers" + ("; there may be more: --limit" if len(found) == limit else ""))


@app.command(epilog=example("finsync supplier show coupa:88", "finsync supplier show golden:17 --json"))
def show(key: Key, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show a supplier: its golden record with where each field comes from, what is wrong, who may be the same and why."""
    from finsync_tui import profile
    from finsync_tui.suppliers import searching

    company = profile.load(workspace_of(workspace))
    limits = company.suppliers.thresholds
    with reading(workspace) as db:
        golden = _golden.found(db, key)
        one_supplier = _golden.as_data(db, company, golden) if golden is not None else None
        if key.startswith("golden:"):
            own = None
        else:
            own = _golden.form(db, key)
            found = searching.similar(db, own, limits.ask)
            wrong = list(_problems(db, [own], _policy(workspace)))
            links = _links(db, key)
    if own is None:
        assert one_supplier is not None, "a golden record that is not there is an error"
        if json:
            say_json({"golden": one_supplier})
        else:
            _golden.say_golden(one_supplier)
        return
    if json:
        say_json(
            {
                **_golden.row(own),
                "golden": one_supplier,
                "problems": [row for _, row in wrong],
                "links": links,
                "similar": [
                    {
                        **_golden.row(one.form),
                        "score": round(one.score, 1),
                        "band": limits.band(one.score),
                        "answer": one.answer,
                        "evidence": [{"what": r.what, "points": round(r.points, 1)} for r in one.reasons],
                    }
                    for one in found
                ],
            }
        )
        return
    say(table(["what", "value"], [[name, value] for name, value in _golden.row(own).items()]))
    if one_supplier is not None:
        _golden.say_golden(one_supplier)
    for _, row in wrong:
        say(f"\n{row['class']}: {safe(row['cause'])}\n  {row['fix']}")
    for link in links:
        say(f"\nlinked with {safe(link['key'])} {safe(link['number'] or '')} ({link['why']})")
    for one in found:
        said = f", answered: {one.answer}" if one.answer else ""
        say(
            f"\n{one.score:.0f} {limits.band(one.score)}{said}: {safe(one.form.key)} {safe(one.form.number)} {safe(one.form.name)}"
        )
        for reason in one.reasons:
            say(f"  {reason.points:+6.0f}  {safe(reason.what)}")
    note(
        f"{len(found)} may be the same; `finsync supplier same KEY KEY --reason TEXT` or `different` says so"
    )


@app.command(
    epilog=example("finsync supplier duplicates", "finsync supplier duplicates --within coupa --check --json")
)
def duplicates(
    within: Annotated[str | None, typer.Option(help="Only pairs of which both stand in this system.")] = None,
    limit: LimitOption = 100,
    check: Annotated[bool, typer.Option("--check", help="Exit with 3 when there are any.")] = False,
    waiting: Annotated[
        bool,
        typer.Option(
            "--waiting", help="Those of which one person has said that they are one: a second is asked."
        ),
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List pairs that may be one supplier and that nobody has answered, the likeliest first."""
    from store import supplier_answers

    if waiting:
        _say_waiting(workspace, within, json=json, check=check)
        return
    limits = _thresholds(workspace)
    with reading(workspace) as db:
        found = supplier_answers.waiting(db, limits.ask, limit, within=within)
        forms = {key: _golden.form(db, key) for pair in found for key in (pair.one, pair.other)}
        counts = supplier_answers.counts(db, limits.ask, limits.link)
    rows = [
        {
            "score": pair.score,
            "band": limits.band(pair.score),
            "one": pair.one,
            "one_name": forms[pair.one].name,
            "other": pair.other,
            "other_name": forms[pair.other].name,
            "evidence": [{"what": what, "points": points} for what, points in pair.evidence],
        }
        for pair in found
    ]
    if json:
        say_json({"pairs": rows, "counts": counts})
    else:
        if rows:
            columns = ["score", "band", "one", "one_name", "other", "other_name"]
            shown: list[list[Any]] = [
                [row[name] if name != "score" else f"{row[name]:.0f}" for name in columns] for row in rows
            ]
            say(table([name.replace("_", " ") for name in columns], shown, right=["score"]))
        note(
            f"{counts['open']} pairs wait for an answer, {counts['likely']} of them likely; said so far: {counts['same']} the same, "
            f"{counts['different']} different"
        )
    if check and counts["open"]:
        raise typer.Exit(FOUND_SOMETHING)


@app.command(
    epilog=example('finsync supplier same coupa:88 oracle-emea:300100 --reason "same VAT number on invoices"')
)
def same(
    keys: Keys, reason: ReasonOption = "", workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Say that two are one supplier; of many, two by two. Documents then find one by the other, and nobody is asked again.

    Where the profile asks for two persons, it counts when a second one says the same of them.
    """
    _answer(keys, "same", reason, workspace, json=json)


@app.command(
    epilog=example('finsync supplier different coupa:88 coupa:91 --reason "two companies of one family"')
)
def different(
    keys: Keys, reason: ReasonOption = "", workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Say that two are not one supplier; of many, two by two. Nobody is asked again."""
    _answer(keys, "different", reason, workspace, json=json)


@app.command(epilog=example("finsync supplier check", "finsync supplier check --system coupa --check --json"))
def check(
    system: Annotated[str | None, typer.Option(help="Only suppliers of this system.")] = None,
    is_check: Annotated[bool, typer.Option("--check", help="Exit with 3 when something is wrong.")] = False,
    limit: LimitOption = 200,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List what is missing or can't be right: tax and VAT numbers, postcodes, bank accounts."""
    from store import supplier_forms

    with reading(workspace) as db:
        wanted = (one for one in supplier_forms.every(db) if system in (None, one.system))
        found = list(_problems(db, wanted, _policy(workspace)))
    shown = found[:limit]
    if json:
        say_json([{"key": one.key, "number": one.number, "name": one.name, **row} for one, row in shown])
    else:
        if shown:
            rows = [[one.key, one.number, one.name, row["class"], row["cause"]] for one, row in shown]
            say(table(["key", "number", "name", "class", "cause"], rows))
        note(f"{len(found)} problems" + (f", {limit} shown" if len(found) > limit else ""))
    if is_check and found:
        raise typer.Exit(FOUND_SOMETHING)


@app.command(epilog=example("finsync supplier quality", "finsync supplier quality --json"))
def quality(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Count duplicates prevented, found, asked about and open, by system and by legal entity."""
    from finsync_tui import profile as profiles
    from finsync_tui.reports import supplier_figures

    profile = profiles.load(workspace_of(workspace))
    with reading(workspace) as db:
        header, *rows = supplier_figures.quality(db, profile)
    if json:
        say_json([dict(zip(map(str, header), row, strict=True)) for row in rows])
        return
    say(table([str(name) for name in header], [[str(value) for value in row] for row in rows]))


@app.command(epilog=example("finsync supplier compare", "finsync supplier compare --json"))
def compare(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Compare all suppliers anew, after other thresholds for example. Answers stay; the engine compares what changes."""
    from finsync_tui.suppliers import sweeping

    limits = _thresholds(workspace)
    with opened(workspace) as store:
        swept = sweeping.sweep(store, limits, store.clock.now())
        count = sweeping.sweep_all(store, limits, store.clock.now())
    if json:
        say_json({"changed": swept.suppliers, "pairs": count})
    else:
        say(
            f"{count} pairs may be one supplier; `finsync supplier duplicates` lists those that nobody has answered"
        )


def _say_waiting(workspace: Any, within: str | None, *, json: bool, check: bool) -> None:
    """List what waits for a second person, with who said it and why."""
    from store import supplier_answers
    from store.clock import text

    with reading(workspace) as db:
        rows = [
            {"one": one, "one_name": _name(db, one), "other": other, "other_name": _name(db, other), "by": by,
             "at": text(at), "reason": reason}
            for one, other, by, at, reason in supplier_answers.proposed(db)
            if within is None or (one.startswith(f"{within}:") and other.startswith(f"{within}:"))
        ]  # fmt: skip
    if json:
        say_json({"waiting": rows})
    else:
        if rows:
            say(table([name.replace("_", " ") for name in rows[0]], [list(row.values()) for row in rows]))
        note(
            f"{len(rows)} pairs wait for a second person: `finsync supplier same KEY KEY --reason TEXT` agrees, `different` does not"
        )
    if check and rows:
        raise typer.Exit(FOUND_SOMETHING)


def _name(db: Connection, key: str) -> str:
    from store import supplier_forms

    system, _, external_id = key.partition(":")
    form = supplier_forms.get(db, system, external_id)
    return form.name if form is not None else ""


def _answer(
    keys: list[str], said: Literal["same", "different"], reason: str, workspace: Any, *, json: bool
) -> None:
    from finsync_tui import actions
    from finsync_tui import profile as profiles
    from finsync_tui.suppliers import persons

    if len(keys) < 2 or len(keys) % 2:
        raise UsageError(
            "Name suppliers two by two: each pair is two keys, e.g. coupa:88 coupa:91. Nothing was kept."
        )
    pairs = list(zip(keys[::2], keys[1::2], strict=True))
    who, found = actor(workspace), workspace_of(workspace)
    profile = profiles.load(found)
    signer = actions.signer_for(found, who, persons.at_most(profile))
    with opened(workspace) as store:
        done = actions.answer_suppliers(store, profile, who, pairs, said, reason, signer)
    if json:
        told = {"kept": done.kept, "proposed": done.proposed}
        say_json({"answer": said, "pairs": [list(pair) for pair in pairs], **told})
        return
    if done.kept:
        what = "are one supplier" if said == "same" else "are different suppliers"
        say(f"kept: {done.kept} pair{'s' * (done.kept != 1)} {what}")
    if done.proposed:
        say(
            f"{done.proposed} pair{'s' * (done.proposed != 1)} waiting for a second person, who says the same: "
            "`finsync supplier duplicates --waiting` lists them"
        )


def _thresholds(workspace: Any) -> Thresholds:
    return _policy(workspace).thresholds


def _policy(workspace: Any) -> SupplierPolicy:
    from finsync_tui import profile

    return profile.load(workspace_of(workspace)).suppliers


def _links(db: Connection, key: str) -> list[dict[str, Any]]:
    from store import crossrefs

    return [
        {"key": f"{one.system}:{one.external_id}", "number": one.number, "why": one.why}
        for one in crossrefs.of(db, "supplier", key)
    ]


def _problems(
    db: Connection, forms: Any, policy: SupplierPolicy
) -> Iterator[tuple[StoredForm, dict[str, str]]]:
    from finsync_tui.suppliers import accounts, checks
    from store import records
    from store.canonical.supplier import Supplier, SupplierBankAccount

    for one in forms:
        held = records.get(db, Supplier, one.system, one.external_id)
        if held is None:
            continue
        ids = [account.external_id for account in accounts.of_supplier(db, one.key)]
        listed = [held.record for held in records.get_many(db, SupplierBankAccount, one.system, ids).values()]
        found = checks.problems(held.record, listed, policy)
        found += checks.countries(held.record, listed) if policy.bank.countries != "off" else []
        for problem in found:
            yield (
                one,
                {"class": problem.class_, "field": problem.field, "cause": problem.cause, "fix": problem.fix},
            )
