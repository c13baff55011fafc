"""The command line. Importing it opens nothing: each command imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

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
    init,
    mapping_impact,
    outbox,
    people,
    profile,
    reconcile,
    report,
    secrets,
    status,
    store,
    supplier_merging,
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
    supplier_merging,
    systems,
    events,
    audit,
    secrets,
    people,
    profile,
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
    command = typer.main.get_command(app)
    return guarded(lambda: command.main(arguments, prog_name="finsync"))
