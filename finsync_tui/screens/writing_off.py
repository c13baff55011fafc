"""Write-offs, explanations and adoptions, as a dialog was answered: one by one, each a transaction of its own. Imported in the writing thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from finsync_tui import actions, people
from finsync_tui import profile as profiles
from finsync_tui.actions import Actor, Outcome, Seen
from finsync_tui.screens.verbs import Name
from finsync_tui.settings import Workspace
from store import Store
from store.errors import FinsyncError

VERBS: Final[frozenset[Name]] = frozenset(
    [
        "write_off_break", "adopt_break", "approve_break", "reject_break", "withdraw_break",
        "write_off", "approve_case", "reject_case", "withdraw_case",
    ]
)  # fmt: skip
Act = Callable[[int], bool]
"""Does it to one; says whether it is in force."""


def decide(
    workspace: Workspace, store: Store, actor: Actor, verb: Name, ids: Sequence[int], words: str, seen: Seen
) -> Outcome:
    """Write off, adopt, approve or reject. A single refusal raises, several are collected."""
    act = _act(workspace, store, actor, verb, words, seen)
    is_adoption = verb == "adopt_break"
    done: list[int] = []
    refused: list[tuple[int, str]] = []
    waiting = 0
    for one in ids:
        try:
            waiting += not act(one)
        except people.RoleMissingError:
            raise
        except FinsyncError as error:
            if len(ids) == 1:
                raise
            refused.append((one, str(error)))
            continue
        done.append(one)
    return Outcome(
        tuple(done), tuple(refused), _told(len(done), waiting, "adopted" if is_adoption else "written off")
    )


def _told(done: int, waiting: int, what: str) -> str:
    if not waiting:
        return ""
    if waiting == done:
        return f"proposed to be {what}, and waits for a second person"
    return f"{done - waiting:,} {what}, {waiting:,} wait for a second person"


def _act(workspace: Workspace, store: Store, actor: Actor, verb: Name, words: str, seen: Seen) -> Act:
    profile = profiles.load(workspace)
    if verb in ("write_off_break", "write_off"):
        signer = actions.write_off_signer(workspace, profile, actor)
        if verb == "write_off":
            return lambda one: (
                actions.write_off_exception(store, profile, actor, one, words, signer, seen=seen).is_in_force
            )
        return lambda one: actions.write_off(store, profile, actor, one, words, signer, seen=seen).is_in_force
    if verb == "adopt_break":
        signer = actions.signer_for(workspace, actor, profile.adoption_rule)
        return lambda one: (
            actions.adopt_target(store, profile, actor, one, words, signer, seen=seen).is_in_force
        )
    if verb in ("approve_break", "approve_case"):
        people.require(
            actor.name,
            actor.roles,
            "break.written_off" if verb == "approve_break" else "exception.written_off",
        )
        key = actions.key_of(workspace, actor)

        def approve(one: int) -> bool:
            if verb == "approve_case":
                return actions.approve_exception_write_off(store, profile, actor, one, key, words).is_in_force
            if actions.is_adoption(store, one):
                return actions.approve_adoption(store, profile, actor, one, key, words).is_in_force
            if actions.is_explanation(store, one):
                return actions.approve_explanation(store, profile, actor, one, key, words)
            return actions.approve_write_off(store, profile, actor, one, key, words).is_in_force

        return approve

    def refuse(one: int) -> bool:
        if verb == "reject_case":
            actions.reject_exception_write_off(store, actor, one, words)
        elif verb == "withdraw_case":
            actions.withdraw_exception_write_off(store, actor, one, words)
        elif actions.is_adoption(store, one):
            end = actions.reject_adoption if verb == "reject_break" else actions.withdraw_adoption
            end(store, actor, one, words)
        elif actions.is_explanation(store, one):
            end = actions.reject_explanation if verb == "reject_break" else actions.withdraw_explanation
            end(store, actor, one, words)
        else:
            end = actions.reject_write_off if verb == "reject_break" else actions.withdraw_write_off
            end(store, actor, one, words)
        return True

    return refuse
