"""The command line. Importing it opens nothing: each command imports what it needs when it runs."""

from __future__ import annotations

import sys
from copy import copy
from typing import Annotated

import typer

from finsync_tui import garbage
from finsync_tui.cli import (
    adapters,
    audit,
    breaks,
    close_check,
    commitments,
    contract,
    demo,
    doctor,
    engine,
    events,
    exceptions,
    explain,
    findings,
    hierarchy,
    init,
    mapping_impact,
    outbox,
    people,
    policy_changes,
    profile_promote,
    reconcile,
    report,
    secrets,
    status,
    store,
    supplier_bank,
    systems,
    tui,
    web,
    workflow,
)
from finsync_tui.cli._errors import guarded

EPILOG = (
    "Each command's --help has an example. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, "
    "3 a check that was asked for found something."
)

app = typer.Typer(
    name="finsync",
    help="Keeps finance systems in step, and proves it.",
    no_args_is_help=True,
    rich_markup_mode=None,  # what comes from outside is never read as markup
    pretty_exceptions_enable=False,
)

for single in (
    demo,
    init,
    doctor,
    tui,
    web,
    engine,
    status,
    reconcile,
    close_check,
    commitments,
    hierarchy,
    report,
    explain,
):
    single.register(app)
for noun in (
    exceptions,
    breaks,
    mapping_impact,
    outbox,
    workflow,
    supplier_bank,
    systems,
    events,
    findings,
    audit,
    secrets,
    people,
    profile_promote,
    policy_changes,
    contract,
    adapters,
    store,
):
    app.add_typer(noun.app)


def _version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        print(f"finsync {version('finsync')}")
        raise typer.Exit


@app.callback(epilog=EPILOG)
def finsync(
    _version_asked: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    """Keeps finance systems in step, and proves it."""


def run(arguments: list[str] | None = None) -> int:
    """Run one command line; return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    command = typer.main.get_command(_asked(words))
    garbage.go_on()
    return guarded(lambda: command.main(arguments, prog_name="finsync"), in_json="--json" in words)


def _asked(arguments: list[str]) -> typer.Typer:
    """Return the program as far as these arguments ask for it: to build all of its hundred commands costs as much as many
    a command itself. Without the name of one first (--help, a completion, a slip) it is the whole."""
    name = arguments[0] if arguments else ""
    part = copy(app)
    part.registered_commands = [one for one in app.registered_commands if one.name == name]
    part.registered_groups = [one for one in app.registered_groups if _name_of(one) == name]
    return part if part.registered_commands or part.registered_groups else app


def _name_of(group: typer.models.TyperInfo) -> str | None:
    assert group.typer_instance is not None
    name = group.typer_instance.info.name
    return name if isinstance(name, str) else None
