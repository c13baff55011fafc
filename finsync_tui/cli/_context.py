"""What all commands share: their common options, the workspace they work in, and who is working."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._errors import UsageError

if TYPE_CHECKING:
    import sqlite3

    from adapters.base import Manifest
    from finsync_tui.actions import Actor
    from finsync_tui.policies.model import Ruled
    from finsync_tui.settings import Workspace
    from store.database import Store

FOUND_SOMETHING = 3
"""Exit code of a check that was asked for and found something."""


def folder_named(text: str) -> Path:
    """Return the folder that a person named; nothing at all would mean the folder they are in."""
    if not text.strip():
        raise typer.BadParameter("an empty name is no folder. Name one, or leave --workspace out.")
    return Path(text)


WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        parser=folder_named,
        metavar="DIR",
        envvar="FINSYNC_WORKSPACE",
        help="The workspace's folder; without it, the one in the user's data folder.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
LimitOption = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Print at most so many.")]
AsSeenOption = Annotated[
    str | None,
    typer.Option(
        "--as-seen",
        metavar="MARK",
        help="Only if nobody has changed it since `show --json` gave this mark (as_seen).",
        show_default=False,
    ),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the audit log.")
]
RevealOption = Annotated[
    bool,
    typer.Option(
        "--reveal",
        help="Show people's names, logins and e-mail, too: for the roles of `reveals_people_to` in the profile, with --reason; it is audited.",
    ),
]
WhyOption = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Why, where --reveal is asked for.", show_default=False),
]


def example(*lines: str) -> str:
    """Return a command's epilog: how it is used, word for word."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def text_of(file: typer.FileText) -> str:
    """Read a file a person named; bytes that are no text are their mistake, not ours."""
    try:
        return file.read()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file.name} is not UTF-8 text (byte {error.start}). Nothing was done. Save it as UTF-8 and try again."
        ) from None


def folder(given: Path | None) -> Path:
    """Return the workspace's folder: as named, or the default."""
    if given is not None:
        return given
    from finsync_tui.settings import default_folder

    return default_folder()


def workspace_of(given: Path | None) -> Workspace:
    from finsync_tui.settings import load_workspace

    return load_workspace(folder(given))


def rules_of(given: Path | None) -> Ruled | None:
    """Return the rules and extensions of the workspace's profile; None where nobody named a workspace and there is none."""
    from finsync_tui import profile
    from finsync_tui.settings import FILE_NAME

    if given is None and not (folder(None) / FILE_NAME).is_file():
        return None
    return profile.load_rules(workspace_of(given))


def manifests(workspace: Workspace) -> dict[str, Manifest]:
    """Return the manifest of each configured system as its options make it, without importing the adapter."""
    import adapters
    from finsync_tui import profile

    systems = profile.load(workspace).systems
    return {
        name: adapters.manifest(connection.adapter).for_options(connection.options)
        for name, connection in sorted(systems.items())
    }


@contextmanager
def opened(given: Path | None) -> Iterator[Store]:
    """Open the workspace's store for one command, at the engine's time."""
    from store import engine, faults

    workspace = workspace_of(given)
    with faults.worded(workspace.store_path):
        store = engine.open_in_its_time(
            workspace.store_path, group=workspace.group or None, durable=workspace.is_durable
        )
        try:
            yield store
        finally:
            store.close()


@contextmanager
def reading(given: Path | None) -> Iterator[sqlite3.Connection]:
    """Open the workspace's store to look at it only."""
    with opened(given) as store, closing(store.reader()) as db:
        yield db


def actor(given: Path | None) -> Actor:
    """Return who is at the keyboard: the account of the operating system, as the profile knows it."""
    from finsync_tui import actions, profile

    return actions.acting(profile.load(workspace_of(given)), "cli")


def reveals(given: Path | None, store: Store, subject: str, why: str | None) -> None:
    """Record that this person sees what is hidden of others. Raises NotRevealedError, or UsageError without a reason."""
    from finsync_tui import profile, revealing
    from finsync_tui.actions.acting import checked_reason

    if why is None:
        raise UsageError("--reveal needs --reason TEXT: who saw what of whom is audited. Nothing was shown.")
    revealing.reveal(store, profile.load(workspace_of(given)), actor(given), subject, checked_reason(why))
