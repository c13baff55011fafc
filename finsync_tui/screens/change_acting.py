"""Proposing and deciding changes that two sign, as a dialog was answered. Imported in the writing thread.

Who acts, what they may do and with which key they sign is asked of the workspace as it is then, never of the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.actions import Actor
from finsync_tui.actions.mappings import Proposed, Rebase
from finsync_tui.mapping import MappingRow
from finsync_tui.people import KeyMissingError
from finsync_tui.policies.model import PolicySetup
from finsync_tui.profile import Profile
from finsync_tui.settings import Workspace
from store.clock import Clock
from store.database import Store, open_store


@dataclass(frozen=True, slots=True)
class TableChange:
    """A table as somebody would have it."""

    table: str
    rows: tuple[MappingRow, ...]
    base_version: int
    """The version that the person looked at."""
    starts_on: date | None = None
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A policy as somebody would have it: what the layers say, an earlier version, or a text."""

    policy: str
    base_version: int
    """The version that the person looked at."""
    version: int | None = None
    setup: PolicySetup | None = None
    starts_on: date | None = None


@dataclass(frozen=True, slots=True)
class _Acts:
    approve: Callable[..., Any]
    reject: Callable[..., None]
    withdraw: Callable[..., None]


_ACTS: Final[Mapping[str, _Acts]] = {
    "mapping": _Acts(actions.approve_mapping, actions.reject_mapping, actions.withdraw_mapping),
    "policy": _Acts(actions.approve_policy, actions.reject_policy, actions.withdraw_policy),
}


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


def propose_table(
    workspace: Workspace, clock: Clock, actor: Actor, *, change: TableChange, reason: str
) -> Proposed:
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


def propose_policy(
    workspace: Workspace, clock: Clock, actor: Actor, *, change: PolicyChange, reason: str
) -> int:
    """Propose a change; return its number."""
    with at_work(workspace, clock, actor) as (store, profile, who):
        signer = actions.signer_of(workspace, profile, who, "policy.proposed")
        return actions.propose_policy(
            store,
            profile,
            who,
            change.policy,
            reason,
            signer,
            version=change.version,
            setup=change.setup,
            base_version=change.base_version,
            starts_on=change.starts_on,
        )


def approve(workspace: Workspace, clock: Clock, actor: Actor, *, kind: str, number: int, comment: str) -> Any:
    """Put somebody else's change into force; return what the kind's own action does."""
    with at_work(workspace, clock, actor) as (store, profile, who):
        signer = actions.signer_of(workspace, profile, who, f"{kind}.approved")
        if signer is None:
            raise KeyMissingError(
                who.name, "the profile asks for no second person any more", "Reject it and propose it again."
            )
        return _ACTS[kind].approve(store, profile, who, number, signer, comment)


def decide(
    workspace: Workspace,
    clock: Clock,
    actor: Actor,
    *,
    kind: str,
    what: Literal["reject", "withdraw"],
    number: int,
    reason: str,
) -> None:
    """Say no to somebody's change, or take one's own back."""
    with at_work(workspace, clock, actor) as (store, _profile, who):
        act = _ACTS[kind].reject if what == "reject" else _ACTS[kind].withdraw
        act(store, who, number, reason)


def rebased(workspace: Workspace, clock: Clock, actor: Actor, *, number: int, mine: bool) -> Rebase:
    """Return an open change of a table as it would be on the version in force now."""
    with at_work(workspace, clock, actor) as (store, profile, who):
        return actions.rebased(store, profile, who, number, mine=mine)
