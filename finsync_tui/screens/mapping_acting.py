"""Proposing and deciding changes of mapping tables, as a dialog was answered. Imported in the writing thread.

Who acts, what they may do and with which key they sign is asked of the workspace as it is then, never of the screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Literal

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.actions import Actor
from finsync_tui.actions.mappings import Approved, Proposed, Rebase
from finsync_tui.mapping import MappingRow
from finsync_tui.people import KeyMissingError
from finsync_tui.profile import Profile
from finsync_tui.settings import Workspace
from store.clock import Clock
from store.database import Store, open_store


@dataclass(frozen=True, slots=True)
class Change:
    """A table as somebody would have it."""

    table: str
    rows: tuple[MappingRow, ...]
    base_version: int
    """The version that the person looked at."""
    starts_on: date | None = None
    replaces: int | None = None


@contextmanager
def at_work(workspace: Workspace, clock: Clock, actor: Actor) -> Iterator[tuple[Store, Profile, Actor]]:
    """Open the workspace as it is now, with the person as its profile knows them."""
    profile = profiles.load(workspace)
    who = actions.known_now(profile, actor)
    store = open_store(
        workspace.store_path,
        clock,
        group=workspace.group or None,
        durable=workspace.is_durable,
        creates=False,
    )
    try:
        yield store, profile, who
    finally:
        store.close()


def propose(workspace: Workspace, clock: Clock, actor: Actor, *, change: Change, reason: str) -> Proposed:
    """Propose a change; where one person is enough, it is in force at once."""
    with at_work(workspace, clock, actor) as (store, profile, who):
        signer = actions.signer_of(workspace, profile, who, "mapping.proposed")
        return actions.propose_mapping(
            store,
            profile,
            who,
            change.table,
            change.rows,
            reason,
            signer=signer,
            base_version=change.base_version,
            starts_on=change.starts_on,
            replaces=change.replaces,
        )


def approve(workspace: Workspace, clock: Clock, actor: Actor, *, number: int, comment: str) -> Approved:
    """Put somebody else's change into force."""
    with at_work(workspace, clock, actor) as (store, profile, who):
        signer = actions.signer_of(workspace, profile, who, "mapping.approved")
        if signer is None:
            raise KeyMissingError(
                who.name, "the profile asks for no second person any more", "Reject it and propose it again."
            )
        return actions.approve_mapping(store, profile, who, number, signer, comment)


def decide(
    workspace: Workspace,
    clock: Clock,
    actor: Actor,
    *,
    what: Literal["reject", "withdraw"],
    number: int,
    reason: str,
) -> None:
    """Say no to somebody's change, or take one's own back."""
    with at_work(workspace, clock, actor) as (store, _profile, who):
        act = actions.reject_mapping if what == "reject" else actions.withdraw_mapping
        act(store, who, number, reason)


def rebased(workspace: Workspace, clock: Clock, actor: Actor, *, number: int, mine: bool) -> Rebase:
    """Return an open change as it would be on the version in force now."""
    with at_work(workspace, clock, actor) as (store, profile, who):
        return actions.rebased(store, profile, who, number, mine=mine)
