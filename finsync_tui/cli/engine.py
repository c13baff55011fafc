"""`finsync run` and `finsync sync`: the engine without a screen."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finsync_tui import garbage
from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, workspace_of
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import facts, moment, note, safe, say, say_json, table
from store.errors import NotAllowedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finsync_tui.assembly import CycleReport
    from finsync_tui.settings import Workspace
    from finsync_tui.sync import Pulled


def register(app: typer.Typer) -> None:
    app.command("run", epilog=example("finsync run --once --json", "finsync run"))(run)
    app.command(
        "sync",
        epilog=example(
            "finsync sync coupa purchase_order",
            "finsync sync coupa purchase_order --full",
            "finsync sync concur expense_document --only 8F3A12C4D5E64F7A9B0C",
        ),
    )(sync)


def run(
    once: Annotated[bool, typer.Option("--once", help="Do one full cycle and end.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Run the engine on the profile's schedules until it is told to stop (Ctrl-C, SIGTERM).

    Told to stop, it ends within seconds: calls under way get a moment for their answers, and all that was read,
    decided and answered is kept. With --once a cycle that was cut short ends with 1.

    With --once it else ends with 1 when a read failed and a person is needed (an answer that can't be read, refused
    credentials), or when nothing at all could be read. One system's outage is daily business and is made up for by
    the next cycle, as open exceptions are.
    """
    garbage.begin()  # until the engine is open
    from finsync_tui import headless

    found = workspace_of(workspace)
    if not once:
        headless.run_forever(
            found,
            lambda names, report: _log(names, report, json=json),
            lambda: note(f"the engine works in {safe(str(found.path))}; stop it with Ctrl-C"),
        )
        note("stopped; all that was read, decided and answered is kept, and the lease is given back")
        return
    report = headless.run_once(found)
    left_alone = [_left_alone(found, system) for system in report.left_alone]
    if json:
        say_json({**_cycle(report), "errors": [*report.errors, *left_alone]})
    else:
        _tell(report)
        for each in left_alone:
            note(each)
    is_nothing_read = bool(report.errors or left_alone) and len(report.errors) == len(report.pulled)
    if is_nothing_read or any(each.needs_person for each in report.pulled):
        raise typer.Exit(1)


def sync(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="Name of the system, e.g. coupa.")],
    entity: Annotated[
        str | None,
        typer.Argument(metavar="ENTITY", help="Only this, e.g. purchase_order.", show_default=False),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Read everything again from the beginning, not only what changed."),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="ID",
            help="Read the document of this id there, wherever it stands; may be repeated.",
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Read what changed in a system now, without waiting for its schedule; ends with 1 when a read failed.

    With --full everything is read and translated again, whatever was read before: after a repair, or when something
    seems to be missing. What is as we hold it stays as it is. The watermark moves once the read has come to its end;
    until then, and when it fails, the next read goes on from where it would have gone on without it.

    With --only single documents are read: what a queue does not show any more is worked through as if it had come from there,
    if nothing here knows it. Whether it is in a target already is looked up first.
    """
    garbage.begin()  # until the engine is open
    from finsync_tui import headless

    found, ids = workspace_of(workspace), tuple(dict.fromkeys(only or ()))
    if ids and (entity is None or full):
        raise UsageError(
            "--only reads single documents of one entity: name the entity, and leave out --full."
        )
    pulled = headless.sync_now(found, system, entity, is_full=full, only=ids)
    if not pulled:
        raise NotAllowedError(_left_alone(found, system))
    if json:
        say_json([asdict(each) for each in pulled])
    else:
        say(_reads(pulled))
        for each in pulled if full else ():
            say(_full_read(each))
        if ids and not any(each.rows_read or each.error for each in pulled):
            say(f"{system} shows no {entity} of {', '.join(ids)}; nothing was changed")
        _complain(pulled)
    if any(each.error for each in pulled):
        raise typer.Exit(1)


def _full_read(read: Pulled) -> str:
    """Say what a full read did, and where the next one goes on."""
    what = f"{read.system} {read.entity.replace('_', ' ')}"
    if not read.is_full:
        return f"{what}: is shown only until it is taken over, so there is no beginning; what waits there was read, as always"
    if read.error:
        return f"{what}: broke off; what was read is kept, and the watermark stays where it was: the next read goes on from there"
    as_held = read.rows_read - read.rows_changed - read.rows_refused
    return (
        f"{what}: read from the beginning to the end: {read.rows_changed:,} new or changed, {as_held:,} unchanged, "
        f"{read.rows_refused:,} refused; the next read goes on from there"
    )


def _left_alone(workspace: Workspace, system: str) -> str:
    """Say why a system was not read."""
    from contextlib import closing

    from store import engine, systems
    from store.clock import text

    with closing(engine.open_in_its_time(workspace.store_path, group=workspace.group or None)) as store:
        known = systems.get(store.db, system)
    if known is None or known.state == "ok":
        return (
            f"no schedule reads {system}. Nothing was read; name an entity, or add a schedule to the profile."
        )
    by_itself = (
        "" if known.until is None else f"It is read again by itself from {moment(text(known.until))} on; "
    )
    return (
        f"{system} is {known.state} ({known.reason or 'no reason is known'}). Nothing was read. "
        f"{by_itself}`finsync systems resume {system} --reason TEXT` lets it be read again{' now' * bool(by_itself)}."
    )


def _cycle(report: CycleReport) -> dict[str, Any]:
    return {**asdict(report), "errors": list(report.errors)}


def _log(names: str, report: CycleReport, *, json: bool) -> None:
    """Tell of one cycle of a long run: a line each, and none when nothing happened."""
    counts = _counts(report)
    if not any(counts.values()) and not report.errors:
        return
    if json:
        say_json({**_cycle(report), "schedules": names}, one_line=True)
        return
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    say(f"{report.at:%Y-%m-%d %H:%M:%S}Z  {told}")
    _complain(report.pulled)


def _tell(report: CycleReport) -> None:
    if report.pulled:
        say(_reads(report.pulled))
        say()
    say(facts(_counts(report)))
    _complain(report.pulled)


def _counts(report: CycleReport) -> dict[str, int]:
    return {
        "rows read": report.rows_read,
        "workflows started": report.advanced.started,
        "workflows held": report.advanced.held,
        "workflows finished": report.advanced.finished,
        "sent": report.delivered.sent,
        "delivered": report.delivered.delivered,
        "failed attempts": report.delivered.failed,
        "read back": report.verified,
    }


def _reads(pulled: Sequence[Pulled]) -> str:
    numbers = ["pages", "rows", "changed", "refused"]
    return table(
        ["system", "entity", *numbers],
        [[p.system, p.entity, p.pages, p.rows_read, p.rows_changed, p.rows_refused] for p in pulled],
        right=numbers,
    )


def _complain(pulled: Sequence[Pulled]) -> None:
    for each in pulled:
        if each.error:
            note(
                f"{each.system} {each.entity}: {each.error}. What came before is kept; the next read goes on from there"
            )
    if any(each.rows_refused for each in pulled):
        note("what was refused waits with its payload: `finsync exceptions list`")
