"""Deciding about suppliers: merges and changed bank details, each signed where the profile asks for two persons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import Final

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.actions import Actor, Outcome, Seen
from finsync_tui.screens import supplier_pairs
from finsync_tui.screens.verbs import Name
from finsync_tui.settings import Workspace
from store import Store, glances
from store.errors import NotAllowedError
from store.supplier_answers import Answer

PAIR_GONE: Final = "one of the two has changed; look again"
VERBS: Final[frozenset[Name]] = frozenset(
    (
        "merge_suppliers", "approve_merge", "reject_merge", "withdraw_merge", "part_suppliers", "confirm_bank",
        "approve_bank", "refuse_bank",
    )
)  # fmt: skip


def decide(
    workspace: Workspace, store: Store, actor: Actor, verb: Name, number: int, words: str, keep: str
) -> Outcome:
    """Do it; a refusal raises. `keep`: the record that stays, where a pair is merged."""
    told = ""
    match verb:
        case "merge_suppliers":
            told = _merged(workspace, store, actor, number, words, keep)
        case "approve_merge":
            key = actions.key_of(workspace, actor)
            actions.approve_merge(store, profiles.load(workspace), actor, number, key, words)
        case "reject_merge":
            actions.reject_merge(store, actor, number, words)
        case "withdraw_merge":
            actions.withdraw_merge(store, actor, number, words)
        case "part_suppliers":
            actions.part_suppliers(store, actor, number, words)
        case "confirm_bank":
            profile = profiles.load(workspace)
            signer = actions.signer_for(workspace, actor, profile.bank_change_rule)
            done = actions.confirm_bank_change(store, profile, actor, number, words, signer)
            told = (
                "approved: it cools off now"
                if done.state == "approved"
                else "confirmed: a second person approves it"
            )
        case "approve_bank":
            key = actions.key_of(workspace, actor)
            actions.approve_bank_change(store, profiles.load(workspace), actor, number, key, words)
        case "refuse_bank":
            profile = profiles.load(workspace)
            signer = actions.signer_for(workspace, actor, profile.bank_change_rule)
            actions.refuse_bank_change(store, profile, actor, number, words, signer)
        case _:
            raise AssertionError(f"{verb} decides nothing about suppliers")
    return Outcome((number,), (), told=told)


def answer(
    workspace: Workspace | None,
    store: Store,
    actor: Actor,
    ids: Sequence[int],
    said: Answer,
    reason: str,
    seen: Seen,
) -> Outcome:
    """Keep one answer for all of these pairs: all in one transaction, or none. A pair that is gone has no answer, nor one of which
    somebody else has spoken since it was looked at."""
    pairs = supplier_pairs.keys_of(store.db, ids)
    refused = {one: PAIR_GONE for one in ids if one not in pairs} | _overtaken(store.db, pairs, seen)
    ids_kept = [one for one in ids if one not in refused]
    told = ""
    if ids_kept:
        from finsync_tui.suppliers import persons

        def check(db: Connection) -> None:
            if _overtaken(db, ids_kept, seen):
                raise NotAllowedError(
                    "some of them have changed at this moment. Nothing was kept. Look again."
                )

        profile = profiles.load(workspace) if workspace is not None else profiles.Profile(systems={})
        rule = persons.at_most(profile)
        signer = actions.signer_for(workspace, actor, rule) if workspace is not None else None
        named = [pairs[one] for one in ids_kept]
        done = actions.answer_suppliers(store, profile, actor, named, said, reason, signer, check)
        told = "proposed: a second person says the same (=) of them" if done.proposed else ""
    return Outcome(tuple(ids_kept), tuple(refused.items()), told=told)


def _overtaken(db: Connection, ids: Iterable[int], seen: Seen) -> dict[int, str]:
    """Return which pairs stand otherwise than when the person looked: somebody else has spoken of them, or the engine linked them."""
    now = glances.of_pairs(db, [one for one in ids if one in seen])
    return {
        one: f"it has changed since you looked: it is {stands.state} now, it was {seen[one].state}; look at it again"
        for one, stands in now.items()
        if stands != seen[one]
    }


def _merged(workspace: Workspace, store: Store, actor: Actor, pair_id: int, words: str, keep: str) -> str:
    pair = supplier_pairs.keys_of(store.db, [pair_id]).get(pair_id)
    if pair is None or keep not in pair:
        raise NotAllowedError("one of the two suppliers has changed. Nothing was changed. Look again.")
    double = pair[1] if keep == pair[0] else pair[0]
    from finsync_tui.suppliers import persons

    profile = profiles.load(workspace)
    signer = actions.signer_for(workspace, actor, persons.at_most(profile))
    done = actions.merge_suppliers(store, profile, actor, keep, double, words, signer)
    return "proposed: a second person approves it (; then l)" if done.workflow is None else ""
