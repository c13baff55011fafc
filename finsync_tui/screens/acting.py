"""Doing what a dialog was answered with. Imported in the writing thread, never before the first paint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from finsync_tui import actions
from finsync_tui.actions import Actor, Outcome
from finsync_tui.screens.verbs import Name
from store.clock import Clock
from store.database import Store, open_store

Deed = Callable[[Store, Actor, Sequence[int], str], Outcome]


def _retry(store: Store, actor: Actor, ids: Sequence[int], reason: str) -> Outcome:
    return actions.retry(store, actor, ids)


def _comment(store: Store, actor: Actor, ids: Sequence[int], text: str) -> Outcome:
    return actions.comment(store, actor, ids[0], text)


DEEDS: Mapping[Name, Deed] = {
    "retry": _retry,
    "resolve": actions.resolve,
    "ignore": actions.ignore,
    "assign": actions.assign,
    "comment": _comment,
    "replay": actions.replay_deliveries,
    "hold": actions.hold_deliveries,
    "release": actions.release_deliveries,
    "cancel": actions.cancel_deliveries,
}


def perform(
    path: Path, clock: Clock, actor: Actor, verb: Name, ids: Sequence[int], text: str, system: str
) -> Outcome:
    """Do it, with a store of its own: one transaction with its audit entry."""
    store = open_store(path, clock)
    try:
        if verb == "abort":
            actions.abort_workflow(store, actor, ids[0], text)
            return Outcome((ids[0],), ())
        if verb in ("pause", "resume"):
            act = actions.pause_system if verb == "pause" else actions.resume_system
            act(store, actor, system, text)
            return Outcome((0,), ())
        return DEEDS[verb](store, actor, ids, text)
    finally:
        store.close()
