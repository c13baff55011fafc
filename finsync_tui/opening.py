"""`finsync tui` without waiting for the whole command line: half of a start would be spent on commands nobody asked for.

Only the plain ways of writing the command are understood here. Everything else, help and every error among it, is left to the
command line, which says the same about the same command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from finsync_tui.settings import Workspace, default_folder, load_workspace
from store.errors import FinsyncError


@dataclass(frozen=True, slots=True)
class Opening:
    """What is to be opened, and how."""

    workspace: Workspace
    is_read_only: bool


def understood(arguments: Sequence[str]) -> Opening | None:
    """Return what `finsync tui` should open; None where the command line has to look at it."""
    if not arguments or arguments[0] != "tui" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    folder, is_read_only, rest = os.environ.get("FINSYNC_WORKSPACE", ""), False, list(arguments[1:])
    while rest:
        match rest:
            case ["--read-only", *others]:
                is_read_only, rest = True, others
            case ["--workspace", name, *others] if name and not name.startswith("-"):
                folder, rest = name, others
            case _:
                return None
    try:
        return Opening(load_workspace(Path(folder) if folder else default_folder()), is_read_only)
    except (FinsyncError, OSError):
        return None


def run(opening: Opening) -> int:
    """Open the workbench; return the exit code. What goes wrong ends as it does with every other command."""
    from finsync_tui.screens import promptness

    promptness.begin()
    from finsync_tui.screens import app

    try:
        return app.run(opening.workspace, is_read_only=opening.is_read_only)
    except BaseException as error:  # noqa: BLE001  # worded by the command line, whose loading nobody waits for now
        from finsync_tui.cli._errors import guarded

        return guarded(partial(_raise, error))


def _raise(error: BaseException) -> None:
    raise error
