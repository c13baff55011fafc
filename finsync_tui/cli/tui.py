"""`finsync tui`: the workbench."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from finsync_tui.cli._context import WorkspaceOption, example, workspace_of
from finsync_tui.cli._errors import UsageError


def register(app: typer.Typer) -> None:
    app.command("tui", epilog=example("finsync tui", "finsync tui --read-only"))(tui)


def tui(
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Look only: nothing can be changed from this workbench.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Open the workbench: what is stuck, why, how much money it is, and what to do about it."""
    found = workspace_of(workspace)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the workbench needs a terminal. `finsync status` and `finsync exceptions list` do without."
        )
    from finsync_tui.screens.app import run

    run(found, is_read_only=read_only)
