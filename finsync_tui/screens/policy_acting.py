"""Proposing and deciding changes of policies, as a dialog was answered. Imported in the writing thread.

Who acts, what they may do and with which key they sign is asked of the workspace as it is then, never of the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from finsync_tui import actions
from finsync_tui.actions import Actor
from finsync_tui.actions.policies import ApprovedPolicy
from finsync_tui.people import KeyMissingError
from finsync_tui.policies.model import PolicySetup
from finsync_tui.screens.mapping_acting import at_work
from finsync_tui.settings import Workspace
from store.clock import Clock


@dataclass(frozen=True, slots=True)
class Change:
    """A policy as somebody would have it: what the layers say, an earlier version, or a text."""

    policy: str
    base_version: int
    """The version that the person looked at."""
    version: int | None = None
    setup: PolicySetup | None = None
    starts_on: date | None = None


def propose(workspace: Workspace, clock: Clock, actor: Actor, *, change: Change, reason: str) -> int:
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


def approve(workspace: Workspace, clock: Clock, actor: Actor, *, number: int, comment: str) -> ApprovedPolicy:
    """Put somebody else's change into force."""
    with at_work(workspace, clock, actor) as (store, profile, who):
        signer = actions.signer_of(workspace, profile, who, "policy.approved")
        if signer is None:
            raise KeyMissingError(
                who.name, "the profile asks for no second person any more", "Reject it and propose it again."
            )
        return actions.approve_policy(store, profile, who, number, signer, comment)


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
        act = actions.reject_policy if what == "reject" else actions.withdraw_policy
        act(store, who, number, reason)
