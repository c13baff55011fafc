"""`finsync contract`: what others hold on to, as JSON Schema: entities, events, commands, views and codes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finsync_tui.cli._context import FOUND_SOMETHING, JsonOption, WorkspaceOption, example, rules_of
from finsync_tui.cli._output import note, say, say_json, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finsync_tui.contracts import Contract, Kind
    from finsync_tui.contracts.changes import Release

app = typer.Typer(
    name="contract", help="What others hold on to: shapes, events, JSON, views, codes.", no_args_is_help=True
)

KindOption = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Only these: entity, event, command, view, codes or extension.",
        show_default=False,
    ),
]


@app.command(
    "list",
    epilog=example(
        "finsync contract list", "finsync contract list --kind view", "finsync contract list --deprecated"
    ),
)
def list_(
    kind: KindOption = None,
    deprecated: Annotated[
        bool, typer.Option("--deprecated", help="Only those of which something goes away.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the contracts with their version, owner, and what of them goes away; with the extensions of the workspace's profile."""
    from finsync_tui.contracts import EXTENSION, contract, names

    kinds = _kinds(kind)
    every = [contract(wanted, name) for wanted in kinds if wanted != EXTENSION for name in names(wanted)]
    if EXTENSION in kinds:
        every += [versions[-1] for versions in _declared(workspace).values()]
    found = [one for one in every if one.notices or not deprecated]
    if json:
        say_json([_shown(one) for one in found])
        return
    say(
        table(
            ["kind", "name", "version", "owner", "goes away", "what it is"],
            [[one.kind, one.name, one.version, one.owner, _goes_away(one), one.description] for one in found],
        )
    )
    note(f"{len(found)} contracts")


def _shown(one: Contract) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "name": one.name,
        "entity": one.name if one.kind == "entity" else one.schema.get("x-extends"),
        "contract": f"{one.name}/{one.version}",
        "version": one.version,
        "owner": one.owner,
        "description": one.description,
        "deprecated": [
            {"path": notice.path, "since": notice.since, "ends": notice.ends, "instead": notice.instead}
            for notice in one.notices
        ],
    }


def _goes_away(one: Contract) -> str | None:
    return ", ".join(f"{notice.path} from {notice.ends}" for notice in one.notices) or None


def _kinds(kind: str | None) -> list[Kind]:
    from finsync_tui.cli._errors import UsageError
    from finsync_tui.contracts import EXTENSION, KINDS

    known = (*KINDS, EXTENSION)
    found = [one for one in known if kind in (None, one)]
    if not found:
        raise UsageError(f"there are no contracts of kind {kind!r}: {', '.join(known)}. Nothing was done.")
    return found


def _declared(workspace: Path | None) -> dict[str, list[Contract]]:
    """Return the extensions that the workspace's profile declares; none where nobody named a workspace and there is none."""
    from finsync_tui.profile.extensions import contracts_of

    found = rules_of(workspace)
    return contracts_of(found.extensions.values()) if found is not None else {}


@app.command(
    epilog=example(
        "finsync contract show supplier",
        'finsync contract show "exceptions list"',
        "finsync contract show purchase_order.approved --changes",
    )
)
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Name of the contract, e.g. supplier, 'exceptions list', v_break."
        ),
    ],
    kind: KindOption = None,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="N.N", help="An earlier version of it.", show_default=False),
    ] = None,
    changes: Annotated[
        bool, typer.Option("--changes", help="What each version changed, in place of the schema.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print the JSON Schema of a contract (it is JSON either way), or what its versions changed."""
    from finsync_tui.contracts import EXTENSION, contract, names, released
    from finsync_tui.contracts.changes import changelog
    from store.canonical.event import TYPE_PREFIX
    from store.canonical.event_types import name_of
    from store.errors import NotFoundError

    wanted = name_of(name) if name.startswith(TYPE_PREFIX) else name
    of = next((one for one in _kinds(kind) if one != EXTENSION and wanted in names(one)), None)
    if of is None and EXTENSION in _kinds(kind) and wanted in (declared := _declared(workspace)):
        _show_extension(declared[wanted], version, is_changes=changes, json=json)
        return
    if of is None:
        raise NotFoundError("contract", name, "`finsync contract list` shows them.")
    if changes:
        _say_changes(changelog(of, wanted), json=json)
        return
    if version is None:
        say_json(contract(of, wanted).schema)
        return
    versions = released(of, wanted)
    if version not in versions:
        raise NotFoundError("version", f"{version} of {name}", f"There are {', '.join(versions)}.")
    say_json(versions[version])


def _say_changes(told: Sequence[Release], *, json: bool) -> None:
    if json:
        say_json([asdict(one) for one in told])
    else:
        say(table(["version", "what"], [[one.version, what] for one in told for what in one.changes]))


def _show_extension(
    versions: Sequence[Contract], version: str | None, *, is_changes: bool, json: bool
) -> None:
    from finsync_tui.contracts.changes import changelog_of
    from store.errors import NotFoundError

    schemas = {one.version: dict(one.schema) for one in versions}
    if is_changes:
        _say_changes(changelog_of(versions[-1].kind, schemas), json=json)
        return
    wanted = version or versions[-1].version
    if wanted not in schemas:
        raise NotFoundError("version", f"{wanted} of {versions[-1].name}", f"There are {', '.join(schemas)}.")
    say_json(schemas[wanted])


@app.command(epilog=example("finsync contract check", "finsync contract check --against contracts"))
def check(
    kept: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="DIR",
            help="Compare with contracts that `finsync contract export DIR` wrote before.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say what would break whoever relies on what was released; ends with 3 when anything would."""
    from finsync_tui.contracts import all_contracts
    from finsync_tui.contracts.checking import against, breaches, breaches_of

    declared = _declared(workspace)
    if kept is None:
        found = [*breaches(), *(one for versions in declared.values() for one in breaches_of(versions))]
    else:
        found = list(against(kept, [versions[-1] for versions in declared.values()]))
    going = [(one, notice) for one in all_contracts() for notice in one.notices]
    if json:
        said = [
            {"kind": one.kind, "contract": one.name, "path": notice.path, "since": notice.since,
             "ends": notice.ends, "instead": notice.instead}
            for one, notice in going
        ]  # fmt: skip
        say_json({"breaches": [asdict(one) for one in found], "deprecated": said})
    else:
        if found:
            rows = [[one.kind, one.contract, one.version, one.message] for one in found]
            say(table(["kind", "contract", "version", "what breaks"], rows))
        for one, notice in going:
            note(
                f"{one.kind} {one.name}: {notice.path} goes away, from {notice.ends} on; instead: {notice.instead}"
            )
        note(f"{len(found)} things break whoever relies on them")
    if found:
        raise typer.Exit(FOUND_SOMETHING)


@app.command(epilog=example("finsync contract export contracts"))
def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write to; made if it is not there.")
    ],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write all contracts as they hold now, to compare with after an update (`contract check --against`)."""
    from finsync_tui.contracts import checking

    count = checking.export(folder, [versions[-1] for versions in _declared(workspace).values()])
    if json:
        say_json({"folder": folder, "contracts": count})
    else:
        note(f"{count} contracts written to {folder}")
