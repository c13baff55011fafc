"""`finsync close-check`: can this period be closed, what is in the way, and what is to be accrued."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finsync_tui.cli import _closing
from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    LimitOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import note, say_json
from store.files import write_private
from store.wording import counted

if TYPE_CHECKING:
    from finsync_tui.closing import CloseCheck, Proposal
    from finsync_tui.profile import Profile
    from store.database import Store

ReasonChoice = Literal["in_flight", "unposted", "unconfirmed", "unexplained", "exception"]


def register(app: typer.Typer) -> None:
    app.command(
        "close-check",
        epilog=example(
            "finsync close-check",
            "finsync close-check --entity DE01 --period Jan-26",
            "finsync close-check --entity DE01 --period 2026-01 --list unposted",
            "finsync close-check --entity DE01 --period 2026-01 --accruals accruals.xlsx",
            "finsync close-check --entity DE01 --period 2026-01 --certify --certificate jan.json",
        ),
    )(close_check)


def close_check(
    entity: Annotated[
        str | None,
        typer.Option("--entity", metavar="LE", help="Number of the legal entity.", show_default=False),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period", metavar="P", help="As the ERP names it, or its month: 2026-01.", show_default=False
        ),
    ] = None,
    list_: Annotated[
        ReasonChoice | None,
        typer.Option("--list", help="Print the documents behind one of the figures.", show_default=False),
    ] = None,
    limit: LimitOption = 200,
    accruals: Annotated[
        Path | None,
        typer.Option(
            "--accruals",
            metavar="FILE",
            help="Write the accrual proposal: .csv, .xlsx or .json.",
            show_default=False,
        ),
    ] = None,
    certify: Annotated[
        bool,
        typer.Option("--certify", help="When nothing stands in the way: certify it, noted in the audit log."),
    ] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate", metavar="FILE", help="Write the certificate that holds.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there already.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say whether a period can be closed; it ends with 3 when something is in the way, or nobody knows.

    Without --entity and --period: all companies and periods at one glance.
    """
    from finsync_tui import actions, closing, profile

    if (entity is None) != (period is None):
        raise UsageError("name both --entity and --period, or neither for all of them. Nothing was done.")
    if entity is None and (list_ or accruals or certify or certificate):
        raise UsageError("name the --entity and the --period that is meant. Nothing was done.")
    setup = profile.load(workspace_of(workspace))
    with opened(workspace) as store:
        if entity is None or period is None:
            _say_board(store, setup, json=json)
            return
        found_period = closing.find_period(store.db, setup, entity, period)
        if certify:
            made = actions.certify_period(store, actor(workspace), setup, entity, found_period)
            note(f"certificate {made.id} is kept; its digest is entry {made.audit_seq} of the audit log")
        found = closing.check(store.db, setup, entity, found_period, store.clock.now())
        proposal = closing.propose(store.db, setup, entity, found_period)
        if accruals is not None:
            write_private(accruals, _accruals(accruals, proposal), replaces=force)
            note(f"{counted(len(proposal.lines), 'accrual line')} written to {accruals}")
        if certificate is not None:
            _write_certificate(certificate, found, force=force)
        rows = _closing.items(store.db, found, list_, limit)
    if json:
        say_json(_closing.to_json(found, proposal, rows if list_ else None))
    elif list_:
        _closing.say_items(rows, limit)
    else:
        _closing.say_check(found, proposal)
    if not found.is_clean or (found.state == "clean" and not found.is_compared):
        raise typer.Exit(FOUND_SOMETHING)


def _say_board(store: Store, setup: Profile, *, json: bool) -> None:
    from finsync_tui import closing

    cells = closing.board(store.db, setup, store.clock.now())
    if json:
        say_json([_closing.cell_json(one) for one in cells])
    else:
        _closing.say_board(cells)


def _accruals(path: Path, proposal: Proposal) -> bytes:
    from finsync_tui.closing import files

    match path.suffix.lower():
        case ".csv":
            return files.csv_bytes(proposal)
        case ".xlsx":
            return files.xlsx_bytes(proposal)
        case ".json":
            return files.json_bytes(proposal)
    raise UsageError(
        f"{path} says not what it is to be: name a .csv, .xlsx or .json file. Nothing was written."
    )


def _write_certificate(path: Path, found: CloseCheck, *, force: bool) -> None:
    from finsync_tui import actions

    standing = found.standing
    if standing.certificate is None or not standing.is_valid:
        why = standing.why or "there is none: add --certify when nothing stands in the way"
        raise UsageError(
            f"no certificate of {found.legal_entity} {found.period.name} holds: {why}. Nothing was written."
        )
    write_private(path, actions.certificate_bytes(standing.certificate), replaces=force)
    note(f"certificate {standing.certificate.id} written to {path}")
